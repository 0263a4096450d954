package protocol_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/controller/protocol"
)

var update = flag.Bool("update", false, "write test data that does not exist yet; what exists is never changed")

// keep is the content of a file of test data, which is written once and stays
// for ever. want makes it.
func keep(t testing.TB, path string, want func() []byte) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		return data
	}
	if !*update || !os.IsNotExist(err) {
		t.Fatalf("%v (make it with go test -update)", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	data = want()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return data
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEd25519VectorsOfRFC8032(t *testing.T) {
	data, err := os.ReadFile("testdata/rfc8032.json")
	if err != nil {
		t.Fatal(err)
	}
	file, err := protocol.Decode[struct {
		Vectors []struct {
			Public    string `json:"public"`
			Message   string `json:"message"`
			Signature string `json:"signature"`
		} `json:"vectors"`
	}](data)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range file.Vectors {
		message, sig := unhex(t, v.Message), unhex(t, v.Signature)
		key := protocol.NewKey(unhex(t, v.Public))
		s := protocol.Signature{KeyID: key.ID, Sig: sig}
		if err := key.Verify(message, s); err != nil {
			t.Errorf("vector %d: %v", i, err)
		}
		if err := key.Verify(append(bytes.Clone(message), 0), s); err == nil {
			t.Errorf("vector %d verifies a longer message", i)
		}
		// S + L is the same point, and must not be a second signature.
		order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
		little := slices.Clone(sig[32:])
		slices.Reverse(little)
		little = new(big.Int).Add(new(big.Int).SetBytes(little), order).FillBytes(make([]byte, 32))
		slices.Reverse(little)
		s.Sig = append(slices.Clone(sig[:32]), little...)
		if err := key.Verify(message, s); err == nil {
			t.Errorf("vector %d verifies with a second form of its signature", i)
		}
	}
	if len(file.Vectors) != 4 {
		t.Errorf("%d vectors, want 4", len(file.Vectors))
	}
}

func TestKeyIDNamesSchemeAndKey(t *testing.T) {
	public := private("officer").Public().(ed25519.PublicKey)
	sum := sha256.Sum256(append([]byte("ed25519:"), public...))
	if got, want := protocol.KeyID(protocol.Ed25519, public), hex.EncodeToString(sum[:16]); got != want {
		t.Errorf("id is %s, want %s", got, want)
	}
	if protocol.KeyID(protocol.WebAuthnES256, public) == protocol.KeyID(protocol.Ed25519, public) {
		t.Error("two schemes give one id")
	}
}

// smallOrder are keys with which anybody can sign: every point whose order
// divides 8, and second ways to write some of them.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func TestKeysOfSmallOrderAreRefused(t *testing.T) {
	forged := 0
	for _, text := range smallOrder {
		public := unhex(t, text)
		// The danger is real: nobody's signature (R the identity, S zero) verifies
		// for one message in eight at least.
		nobody := make([]byte, 64)
		nobody[0] = 1
		for i := range 200 {
			if protocol.NewKey(public).Verify([]byte{byte(i)}, protocol.Signature{Sig: nobody}) == nil {
				forged++
				break
			}
		}
		ks := aKeySet()
		ks.Revision++
		ks.Persons[0].Keys = []protocol.Key{protocol.NewKey(public)}
		_, err := newWorld(t).open(sealed(protocol.KindKeySet, protocol.Live, ks, "admin1", "admin2"))
		if protocol.ReasonOf(err) != protocol.ReasonInvalid {
			t.Errorf("a key set with key %s: %v", text, err)
		}
	}
	if forged < 8 {
		t.Errorf("nobody's signature verifies under %d of these keys only: are they right?", forged)
	}
}

// assertionVector is a WebAuthn assertion as an authenticator with a known key
// makes it, kept as data so that other programs can be tried on it.
type assertionVector struct {
	Note              string       `json:"note"`
	PAE               []byte       `json:"pae"` // base64, as all that follow
	Key               protocol.Key `json:"key"`
	KeyID             string       `json:"keyid"`
	AuthenticatorData []byte       `json:"authenticatorData"`
	ClientDataJSON    []byte       `json:"clientDataJSON"`
	Sig               []byte       `json:"sig"`
}

func aVector() []byte {
	e, err := protocol.Draft(protocol.KindAlert, protocol.Live, anAlert())
	if err != nil {
		panic(err)
	}
	s := honestAssertion(e.PAE()).sign("keeper")
	return append(encode(assertionVector{
		Note: "ECDSA P-256, deterministic by RFC 6979; private scalar SHA-256(\"loa test passkey keeper\")",
		PAE:  e.PAE(), Key: passkey("keeper"), KeyID: s.KeyID,
		AuthenticatorData: s.WebAuthn.AuthenticatorData, ClientDataJSON: s.WebAuthn.ClientDataJSON, Sig: s.Sig,
	}), '\n')
}

func TestWebAuthnVector(t *testing.T) {
	data := keep(t, "testdata/webauthn-es256.json", aVector)
	v, err := protocol.Decode[assertionVector](data)
	if err != nil {
		t.Fatal(err)
	}
	s := protocol.Signature{KeyID: v.KeyID, Sig: v.Sig, WebAuthn: &protocol.Assertion{AuthenticatorData: v.AuthenticatorData, ClientDataJSON: v.ClientDataJSON}}
	if err := v.Key.Verify(v.PAE, s); err != nil {
		t.Fatal(err)
	}
	// One changed byte anywhere is enough.
	for name, part := range map[string][]byte{"pae": v.PAE, "authenticator data": v.AuthenticatorData, "client data": v.ClientDataJSON, "signature": v.Sig} {
		for i := range part {
			part[i] ^= 1
			if err := v.Key.Verify(v.PAE, s); err == nil {
				t.Errorf("byte %d of the %s does not count", i, name)
			}
			part[i] ^= 1
		}
	}
}

func TestWebAuthnAssertions(t *testing.T) {
	pae := []byte("DSSEv1 4 test 2 {}")
	extensions := []byte{0xa0}
	for _, c := range []struct {
		name  string
		spoil func(*assertion)
		err   string // a part of it, "" for none
	}{
		{"honest", func(*assertion) {}, ""},
		{"with extension data", func(a *assertion) { a.Flags |= 0x80; a.Tail = extensions }, ""},
		{"with members that the standard may add", func(a *assertion) { a.Extra = `,"other_keys_can_be_added_here":"do not compare"` }, ""},
		{"with a backed-up key", func(a *assertion) { a.Flags |= 0x18 }, ""},
		{"another challenge", func(a *assertion) { a.Challenge = honestAssertion([]byte("other")).Challenge }, "challenge"},
		{"a challenge with padding", func(a *assertion) { a.Challenge += "=" }, "challenge"},
		{"a challenge in the other alphabet", func(a *assertion) {
			raw, _ := base64.RawURLEncoding.DecodeString(a.Challenge)
			a.Challenge = base64.StdEncoding.EncodeToString(raw)
		}, "challenge"},
		{"the PAE itself as challenge", func(a *assertion) { a.Challenge = base64.RawURLEncoding.EncodeToString(pae) }, "challenge"},
		{"no challenge", func(a *assertion) { a.Challenge = "" }, "challenge"},
		{"another origin", func(a *assertion) { a.Origin = "https://evil.example" }, "origin"},
		{"an origin that begins alike", func(a *assertion) { a.Origin = origin + ".evil.example" }, "origin"},
		{"the origin without TLS", func(a *assertion) { a.Origin = strings.Replace(origin, "https", "http", 1) }, "origin"},
		{"from within another site's frame", func(a *assertion) { a.CrossOrigin = true }, "origin"},
		{"another relying party", func(a *assertion) { a.RPID = "evil.example" }, "relying party"},
		{"no user", func(a *assertion) { a.Flags = 0x04 }, "not present"},
		{"a user who was not verified", func(a *assertion) { a.Flags = 0x01 }, "not verified"},
		{"a registration", func(a *assertion) { a.Type = "webauthn.create" }, "type"},
		{"a payment", func(a *assertion) { a.Type = "payment.get" }, "type"},
		{"bytes behind the authenticator data", func(a *assertion) { a.Tail = extensions }, "flags"},
		{"a member twice", func(a *assertion) { a.Extra = `,"challenge":"AA"` }, "challenge"},
		{"a member in another case", func(a *assertion) { a.Extra = `,"Challenge":"AA"` }, "only by case"},
		{"data behind the client data", func(a *assertion) { a.Extra = `}{"a":1` }, "after the end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := honestAssertion(pae)
			c.spoil(&a)
			err := passkey("keeper").Verify(pae, a.sign("keeper"))
			switch {
			case c.err == "" && err != nil:
				t.Error(err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want one that says %q", err, c.err)
			}
		})
	}
}

func TestWebAuthnForms(t *testing.T) {
	pae := []byte("DSSEv1 4 test 2 {}")
	honest := honestAssertion(pae).sign("keeper")
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(honest.Sig, &rs); err != nil {
		t.Fatal(err)
	}
	der := func(r, s *big.Int) []byte {
		out, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	n := elliptic.P256().Params().N
	long := slices.Concat([]byte{0x30, 0x81, honest.Sig[1]}, honest.Sig[2:])
	for _, c := range []struct {
		name     string
		key      func(*protocol.Key)
		sig      func(*protocol.Signature)
		verifies bool
	}{
		{name: "honest", verifies: true},
		// The other square root: the same person's word, counted once as ever.
		{name: "s negated", sig: func(s *protocol.Signature) { s.Sig = der(rs.R, new(big.Int).Sub(n, rs.S)) }, verifies: true},
		{name: "r and s swapped", sig: func(s *protocol.Signature) { s.Sig = der(rs.S, rs.R) }},
		{name: "s beyond the order", sig: func(s *protocol.Signature) { s.Sig = der(rs.R, new(big.Int).Add(n, rs.S)) }},
		{name: "zeros", sig: func(s *protocol.Signature) { s.Sig = der(new(big.Int), new(big.Int)) }},
		{name: "a length written the long way", sig: func(s *protocol.Signature) { s.Sig = long }},
		{name: "a byte behind", sig: func(s *protocol.Signature) { s.Sig = append(slices.Clone(s.Sig), 0) }},
		{name: "raw r and s", sig: func(s *protocol.Signature) {
			s.Sig = append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
		}},
		{name: "authenticator data cut short", sig: func(s *protocol.Signature) { s.WebAuthn.AuthenticatorData = s.WebAuthn.AuthenticatorData[:36] }},
		{name: "no authenticator data", sig: func(s *protocol.Signature) { s.WebAuthn.AuthenticatorData = nil }},
		{name: "client data cut short", sig: func(s *protocol.Signature) { s.WebAuthn.ClientDataJSON = s.WebAuthn.ClientDataJSON[:20] }},
		{name: "client data null", sig: func(s *protocol.Signature) { s.WebAuthn.ClientDataJSON = []byte("null") }},
		{name: "no client data", sig: func(s *protocol.Signature) { s.WebAuthn.ClientDataJSON = nil }},
		{name: "no assertion", sig: func(s *protocol.Signature) { s.WebAuthn = nil }},
		{name: "another authenticator's key", key: func(k *protocol.Key) { *k = passkey("other") }},
		{name: "a key of no relying party", key: func(k *protocol.Key) { k.RPID = "" }},
		{name: "a key of no origin", key: func(k *protocol.Key) { k.Origins = nil }},
		{name: "a compressed point", key: func(k *protocol.Key) { k.Public = append([]byte{2}, k.Public[1:33]...) }},
		{name: "the point at infinity", key: func(k *protocol.Key) { k.Public = []byte{0} }},
		{name: "an unknown scheme", key: func(k *protocol.Key) { k.Scheme = "webauthn-rs256" }},
		{name: "ed25519 over the same bytes", key: func(k *protocol.Key) { *k = public("keeper") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, s := passkey("keeper"), honest
			assertion := *honest.WebAuthn
			s.WebAuthn = &assertion
			if c.key != nil {
				c.key(&k)
			}
			if c.sig != nil {
				c.sig(&s)
			}
			if err := k.Verify(pae, s); (err == nil) != c.verifies {
				t.Errorf("verifies: %v", err)
			}
		})
	}
}
