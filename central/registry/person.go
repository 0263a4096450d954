package registry

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Person is somebody who works with the system.
type Person struct {
	ID   string // as in lo-van-an
	Name string
}

// Validate returns all faults of p as Faults, or nil.
func (p Person) Validate() error {
	var f Faults
	if !slug.MatchString(p.ID) {
		f.addf("id", "%q is not an id: %s", p.ID, slugForm)
	}
	checkName(&f, "name", p.Name, true)
	return f.err()
}

// Scheme is how a key signs.
type Scheme string

const (
	Ed25519       Scheme = "ed25519"        // public: the 32 raw bytes
	WebauthnES256 Scheme = "webauthn-es256" // public: the uncompressed P-256 point, 65 bytes
)

// KeyID names a public key: the first 16 bytes of SHA-256 over the scheme, a
// colon and the raw public bytes, in lower-case hex.
func KeyID(scheme Scheme, public []byte) string {
	sum := sha256.Sum256(append([]byte(string(scheme)+":"), public...))
	return hex.EncodeToString(sum[:16])
}

// Key is a person's public key. What was signed by a key before it was retired
// stands; what a revoked key ever signed is void.
type Key struct {
	ID        string
	Person    string
	Scheme    Scheme
	Public    []byte
	AddedAt   time.Time
	RetiredAt time.Time // zero: not retired
	RevokedAt time.Time // zero: not revoked
}

// InUse reports whether the key may still sign.
func (k Key) InUse() bool { return k.RetiredAt.IsZero() && k.RevokedAt.IsZero() }

// Validate returns all faults of k as Faults, or nil.
func (k Key) Validate() error {
	var f Faults
	if !slug.MatchString(k.Person) {
		f.addf("person", "%q is not a person's id", k.Person)
	}
	form := ""
	switch k.Scheme {
	case Ed25519:
		if len(k.Public) != ed25519.PublicKeySize {
			form = "an ed25519 key has 32 bytes"
		}
	case WebauthnES256:
		if _, err := ecdh.P256().NewPublicKey(k.Public); err != nil || len(k.Public) != 65 {
			form = "a webauthn-es256 key is an uncompressed P-256 point of 65 bytes"
		}
	default:
		f.addf("scheme", "%q is neither ed25519 nor webauthn-es256", k.Scheme)
		return f.err()
	}
	if form != "" {
		f.addf("public", "%s, got %d bytes", form, len(k.Public))
	} else if id := KeyID(k.Scheme, k.Public); k.ID != id {
		f.addf("id", "%q is not the key's id, which is %s", k.ID, id)
	}
	return f.err()
}
