package protocol

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Scheme is how a key signs.
type Scheme string

const (
	// Ed25519 signs the PAE itself (RFC 8032). Public is 32 bytes.
	Ed25519 Scheme = "ed25519"
	// WebAuthnES256 signs an assertion whose challenge is SHA-256 of the PAE.
	// Public is the uncompressed P-256 point, 65 bytes.
	WebAuthnES256 Scheme = "webauthn-es256"
)

// Key is one public key of a person, a board, or central.
type Key struct {
	ID     string `json:"id"`
	Scheme Scheme `json:"scheme"`
	Public []byte `json:"public"`
	// RPID and Origins say where an authenticator's key may be used.
	RPID    string   `json:"rpId,omitempty"`
	Origins []string `json:"origins,omitempty"`
	// Retired keys sign nothing new; what was accepted stands. So it is with a
	// key that is no longer listed.
	Retired bool `json:"retired,omitzero"`
	// Revoked keys are void: what they signed is void too. A revoked key stays
	// listed: a board that missed the revision that revoked it learns of it
	// from a later one.
	Revoked bool `json:"revoked,omitzero"`
}

// KeyID names a key by its content: the first 16 bytes of
// SHA-256(scheme ":" public), in lower-case hex. Nobody can choose it.
func KeyID(scheme Scheme, public []byte) string {
	h := sha256.New()
	h.Write([]byte(scheme))
	h.Write([]byte{':'})
	h.Write(public)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// NewKey makes the Key of an Ed25519 public key.
func NewKey(public ed25519.PublicKey) Key {
	return Key{ID: KeyID(Ed25519, public), Scheme: Ed25519, Public: slices.Clone(public)}
}

// Sign adds an Ed25519 signature, in place of one by the same key.
func (e *Envelope) Sign(private ed25519.PrivateKey) {
	id := KeyID(Ed25519, private.Public().(ed25519.PublicKey))
	s := Signature{KeyID: id, Sig: ed25519.Sign(private, e.PAE())}
	e.AddSignature(s)
}

// AddSignature adds s, in place of one by the same key.
func (e *Envelope) AddSignature(s Signature) {
	e.Signatures = slices.DeleteFunc(slices.Clone(e.Signatures), func(have Signature) bool { return have.KeyID == s.KeyID })
	e.Signatures = append(e.Signatures, s)
}

// Verify checks one signature over pae. A key that was retired or revoked
// verifies like any other: who may still order is not decided here.
func (k Key) Verify(pae []byte, s Signature) error {
	switch k.Scheme {
	case Ed25519:
		if s.WebAuthn != nil {
			return errors.New("an ed25519 signature carries no assertion")
		}
		if len(k.Public) != ed25519.PublicKeySize || len(s.Sig) != ed25519.SignatureSize ||
			!ed25519.Verify(k.Public, pae, s.Sig) {
			return errors.New("ed25519 signature does not verify")
		}
		return nil
	case WebAuthnES256:
		return k.verifyAssertion(pae, s)
	}
	return fmt.Errorf("scheme %q is not known", k.Scheme)
}

// clientData is what a browser says of an assertion. Unknown names are allowed
// by the WebAuthn standard and ignored.
type clientData struct {
	Type        string `json:"type"`
	Challenge   string `json:"challenge"`
	Origin      string `json:"origin"`
	CrossOrigin bool   `json:"crossOrigin,omitempty"`
}

// Flags of the authenticator data (WebAuthn, section 6.1).
const (
	userPresent  = 0x01
	userVerified = 0x04
	attested     = 0x40 // attested credential data follow
	extended     = 0x80 // extension data follow
)

func (k Key) verifyAssertion(pae []byte, s Signature) error {
	if s.WebAuthn == nil {
		return errors.New("assertion is missing")
	}
	client, err := Decode[clientData](s.WebAuthn.ClientDataJSON)
	if err != nil {
		return fmt.Errorf("read client data: %w", err)
	}
	challenge := sha256.Sum256(pae)
	auth := s.WebAuthn.AuthenticatorData
	rp := sha256.Sum256([]byte(k.RPID))
	switch {
	case client.Type != "webauthn.get":
		return fmt.Errorf("client data is of type %q", client.Type)
	case client.Challenge != base64.RawURLEncoding.EncodeToString(challenge[:]):
		return errors.New("challenge is not the hash of what is signed")
	case client.CrossOrigin || !slices.Contains(k.Origins, client.Origin):
		return fmt.Errorf("origin %q is not allowed for this key", client.Origin)
	case len(auth) < 37:
		return fmt.Errorf("authenticator data has %d bytes, at least 37", len(auth))
	case len(auth) > 37 && auth[32]&(attested|extended) == 0:
		return fmt.Errorf("authenticator data has %d bytes, its flags say 37", len(auth))
	case k.RPID == "" || !slices.Equal(auth[:32], rp[:]):
		return errors.New("relying party is not this key's")
	case auth[32]&userPresent == 0:
		return errors.New("user was not present")
	case auth[32]&userVerified == 0:
		return errors.New("user was not verified")
	}
	public, err := p256(k.Public)
	if err != nil {
		return err
	}
	clientHash := sha256.Sum256(s.WebAuthn.ClientDataJSON)
	signed := sha256.Sum256(append(slices.Clone(auth), clientHash[:]...))
	if !ecdsa.VerifyASN1(public, signed[:], s.Sig) {
		return errors.New("webauthn-es256 signature does not verify")
	}
	return nil
}

func p256(point []byte) (*ecdsa.PublicKey, error) {
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("read P-256 point: %w", err)
	}
	return public, nil
}

// check notes what is wrong with a key.
func (k Key) check(f *Faults, field string) {
	switch k.Scheme {
	case Ed25519:
		if len(k.Public) != ed25519.PublicKeySize {
			f.addf(field+".public", "%d bytes, an ed25519 key has %d", len(k.Public), ed25519.PublicKeySize)
		} else if weak(k.Public) {
			f.addf(field+".public", "is a point with which anybody can sign")
		}
		if k.RPID != "" || len(k.Origins) > 0 {
			f.addf(field, "an ed25519 key has no rpId and no origins")
		}
	case WebAuthnES256:
		if _, err := p256(k.Public); err != nil {
			f.addf(field+".public", "%v", err)
		}
		if k.RPID == "" || len(k.Origins) == 0 {
			f.addf(field, "a webauthn key needs rpId and origins")
		}
	default:
		f.addf(field+".scheme", "%q is not known", k.Scheme)
	}
	if k.ID != KeyID(k.Scheme, k.Public) {
		f.addf(field+".id", "is not the hash of the key")
	}
}

// weakY are the y coordinates, little endian, of the points of small order on
// Curve25519's Edwards form, but for 0, 1 and -1: what such a "key" signed,
// anybody could have signed.
var weakY = [][]byte{
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
}

// weak reports whether an Ed25519 public key is a point of small order, or is
// written in a second way (y of 2^255-19 or more), which would give one key two
// ids.
func weak(public []byte) bool {
	y := slices.Clone(public)
	y[31] &= 0x7f // the sign of x
	high := y[31] == 0x7f
	for _, b := range y[1:31] {
		high = high && b == 0xff
	}
	if high && y[0] >= 0xec { // -1, or 2^255-19 and more
		return true
	}
	low := y[0] <= 1 // 0 or 1
	for _, b := range y[1:] {
		low = low && b == 0
	}
	return low || slices.ContainsFunc(weakY, func(w []byte) bool { return slices.Equal(w, y) })
}

// Person is somebody, or a service, with keys.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Service marks a program. It is counted for plans, time and
	// acknowledgements only, whatever a rule says.
	Service bool  `json:"service,omitzero"`
	Keys    []Key `json:"keys"`
}

// signers are the persons whose valid keys signed the order, with the schemes
// they used. A signature that does not verify refuses the whole envelope. One
// by an unknown key, or by a key out of use, is not counted. A retired key is
// still in use where the order was accepted before.
func (o *Order) signers(persons []Person) (map[string][]Scheme, error) {
	pae := o.Envelope.PAE()
	found := map[string][]Scheme{}
	var problem *Refusal
	for i, s := range o.Envelope.Signatures {
		field := fmt.Sprintf("signatures[%d]", i)
		p, k, ok := findKey(persons, s.KeyID)
		if !ok {
			problem = refuse(ReasonUnknownKey, field, "key %s is not known", s.KeyID)
			continue
		}
		if err := k.Verify(pae, s); err != nil {
			return nil, refuse(ReasonBadSignature, field, "%v", err)
		}
		if k.Revoked || (k.Retired && !o.accepted) {
			problem = refuse(ReasonRevoked, field, "key %s of %s is no longer in use", k.ID, p.ID)
			continue
		}
		found[p.ID] = append(found[p.ID], k.Scheme)
	}
	if len(found) == 0 {
		if problem != nil {
			return nil, problem
		}
		return nil, refuse(ReasonThreshold, "signatures", "nobody signed")
	}
	return found, nil
}

func findKey(persons []Person, id string) (Person, Key, bool) {
	for i := range persons {
		for j := range persons[i].Keys {
			if persons[i].Keys[j].ID == id {
				return persons[i], persons[i].Keys[j], true
			}
		}
	}
	return Person{}, Key{}, false
}

func names(signed map[string][]Scheme) []string {
	out := make([]string, 0, len(signed))
	for p := range signed {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// checkPersons notes persons whose id or name is not fit to be shown, who stand
// twice, or who share a key. A person may have no key.
func checkPersons(f *Faults, field string, persons []Person) {
	ids, keys := map[string]bool{}, map[string]bool{}
	for i, p := range persons {
		at := fmt.Sprintf("%s[%d]", field, i)
		checkLine(f, at+".id", p.ID, 64)
		if ids[p.ID] {
			f.addf(at+".id", "%q stands twice", p.ID)
		}
		if p.Name != "" {
			checkLine(f, at+".name", p.Name, 200)
		}
		if len(p.Keys) > 100 {
			f.addf(at+".keys", "%d, at most 100", len(p.Keys))
		}
		ids[p.ID] = true
		for j, k := range p.Keys {
			at := fmt.Sprintf("%s.keys[%d]", at, j)
			k.check(f, at)
			if keys[k.ID] {
				f.addf(at, "key %s stands twice", k.ID)
			}
			keys[k.ID] = true
		}
	}
}

// time limits shared by the documents.
const (
	skew      = 10 * time.Minute // how far ahead of the board's clock an order may be issued
	alertLife = 24 * time.Hour
	localLife = 366 * 24 * time.Hour
	planLife  = 400 * 24 * time.Hour
)
