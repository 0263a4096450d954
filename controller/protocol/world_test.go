package protocol_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"loa/controller/protocol"
)

// now is when the tests' world is looked at.
var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

const (
	rpID   = "loa.laichau.example"
	origin = "https://loa.laichau.example"
)

// private is the Ed25519 key of a name, always the same one.
func private(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("loa test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(name string) protocol.Key {
	return protocol.NewKey(private(name).Public().(ed25519.PublicKey))
}

// authenticator is the passkey of a name, always the same one.
func authenticator(name string) *ecdsa.PrivateKey {
	seed := sha256.Sum256([]byte("loa test passkey " + name))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		panic(err)
	}
	return key
}

func passkey(name string) protocol.Key {
	point, err := authenticator(name).PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return protocol.Key{
		ID: protocol.KeyID(protocol.WebAuthnES256, point), Scheme: protocol.WebAuthnES256, Public: point,
		RPID: rpID, Origins: []string{origin},
	}
}

// assertion is what an authenticator answers; the tests spoil its parts.
type assertion struct {
	Type, Challenge, Origin, RPID string
	CrossOrigin                   bool
	Flags                         byte
	Tail                          []byte // behind the 37 bytes of authenticator data
	Extra                         string // members more in the client data
}

func honestAssertion(pae []byte) assertion {
	challenge := sha256.Sum256(pae)
	return assertion{
		Type: "webauthn.get", Challenge: base64.RawURLEncoding.EncodeToString(challenge[:]),
		Origin: origin, RPID: rpID, Flags: 0x05,
	}
}

// sign has the authenticator of a name sign the assertion, whatever it says.
func (a assertion) sign(name string) protocol.Signature {
	client := fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":%v%s}`,
		a.Type, a.Challenge, a.Origin, a.CrossOrigin, a.Extra)
	rp := sha256.Sum256([]byte(a.RPID))
	auth := append(rp[:], a.Flags, 0, 0, 0, 7)
	auth = append(auth, a.Tail...)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, auth...), hash[:]...))
	// Without a source of randomness the signature is that of RFC 6979.
	sig, err := authenticator(name).Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return protocol.Signature{
		KeyID: passkey(name).ID, Sig: sig,
		WebAuthn: &protocol.Assertion{AuthenticatorData: auth, ClientDataJSON: client},
	}
}

// signAs adds the signature of each name; "passkey:x" is x's authenticator.
func signAs(e *protocol.Envelope, names ...string) {
	for _, name := range names {
		if who, ok := cutPasskey(name); ok {
			e.AddSignature(honestAssertion(e.PAE()).sign(who))
			continue
		}
		e.Sign(private(name))
	}
}

func cutPasskey(name string) (string, bool) {
	const prefix = "passkey:"
	if len(name) > len(prefix) && name[:len(prefix)] == prefix {
		return name[len(prefix):], true
	}
	return name, false
}

func encode(v any) []byte {
	data, err := protocol.Encode(v)
	if err != nil {
		panic(err)
	}
	return data
}

// sealed is a document signed by names.
func sealed(kind protocol.Kind, mode protocol.Mode, document any, names ...string) []byte {
	return sealedRaw(protocol.PayloadType(kind, mode), encode(document), names...)
}

// sealedRaw signs any bytes.
func sealedRaw(payloadType string, payload []byte, names ...string) []byte {
	e := protocol.Envelope{PayloadType: payloadType, Payload: payload, Signatures: []protocol.Signature{}}
	signAs(&e, names...)
	return encode(e)
}

func person(id string, keys ...protocol.Key) protocol.Person {
	if len(keys) == 0 {
		keys = []protocol.Key{public(id)}
	}
	return protocol.Person{ID: id, Name: "Name of " + id, Keys: keys}
}

func persons(ids ...string) []protocol.Person {
	var all []protocol.Person
	for _, id := range ids {
		all = append(all, person(id))
	}
	return all
}

func aRoot() protocol.Root {
	return protocol.Root{
		Version: protocol.Version, Revision: 1, Issued: now.AddDate(0, -6, 0), Expires: now.AddDate(5, 0, 0),
		Scopes: []string{"12"},
		Owners: persons("owner1", "owner2", "owner3"), Threshold: 2,
		Administrators: persons("admin1", "admin2", "admin3"), AdminThreshold: 2,
		WideAlert: 2,
	}
}

// aKeySet is a province, 12, with two communes. The officer has two keys in
// use, one retired and one revoked; the passkey's person has an authenticator
// and a key file.
func aKeySet() protocol.KeySet {
	retired, revoked := public("officer-retired"), public("officer-revoked")
	retired.Retired, revoked.Revoked = true, true
	central := person("central")
	central.Service = true
	live, drill := protocol.Live, protocol.Drill
	return protocol.KeySet{
		Version: protocol.Version, Revision: 5, Issued: now.AddDate(0, -1, 0), Expires: now.AddDate(1, 0, 0),
		Persons: append(persons("officer2", "captain", "village", "broadcaster", "wide1", "wide2", "wide3", "drillmaster"),
			person("officer", public("officer"), public("officer-b"), retired, revoked),
			person("keeper", passkey("keeper"), public("keeper")),
			central,
		),
		Rules: []protocol.Rule{
			{Kind: protocol.KindBulletin, Mode: live, Scope: "12", Persons: []string{"broadcaster"}, Threshold: 1},
			{Kind: protocol.KindBulletin, Mode: live, Scope: "03388", Persons: []string{"officer"}, Threshold: 1},
			{Kind: protocol.KindAlert, Mode: live, Scope: "12", Persons: []string{"wide1", "wide2", "wide3"}, Threshold: 2},
			{Kind: protocol.KindAlert, Mode: live, Scope: "03388", Persons: []string{"officer", "captain"}, Threshold: 1},
			{Kind: protocol.KindAlert, Mode: live, Scope: "03390", Persons: []string{"officer2"}, Threshold: 1},
			{Kind: protocol.KindAlert, Mode: live, Scope: "03388.01", Persons: []string{"village"}, Threshold: 1},
			{Kind: protocol.KindAlert, Mode: drill, Scope: "12", Persons: []string{"wide1", "wide2"}, Threshold: 1},
			{Kind: protocol.KindAlert, Mode: drill, Scope: "03388", Persons: []string{"officer", "drillmaster"}, Threshold: 1},
			{Kind: protocol.KindLocal, Mode: live, Scope: "03388", Persons: []string{"keeper"}, Threshold: 1, Scheme: protocol.WebAuthnES256},
			{Kind: protocol.KindLocal, Mode: drill, Scope: "03388", Persons: []string{"officer"}, Threshold: 1},
			{Kind: protocol.KindPlan, Mode: live, Scope: "12", Persons: []string{"central"}, Threshold: 1},
			{Kind: protocol.KindTime, Mode: live, Scope: "12", Persons: []string{"central"}, Threshold: 1},
			{Kind: protocol.KindAck, Mode: live, Scope: "12", Persons: []string{"central"}, Threshold: 1},
		},
	}
}

func aPlacement() protocol.Placement {
	return protocol.Placement{
		Version: protocol.Version, Revision: 1, Issued: now.AddDate(0, -1, 0),
		Cluster: "muong-te-03", Board: public("board"),
		Areas: []string{"12", "03388", "03388.01"}, Languages: []string{"vi", "hmn"}, Neighbours: []string{"muong-te-04"},
	}
}

func anAudio(name string) protocol.Audio {
	return protocol.Audio{SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(name))), Bytes: 183_197, Samples: 60 * 48000}
}

func anAnnouncement() protocol.Announcement {
	audio := anAudio("flood vi")
	return protocol.Announcement{
		Hazard: "flood", Level: 3, Siren: protocol.Siren{Blasts: 5, Seconds: 30, Gap: 5}, Phrase: "flood",
		Messages: []protocol.Message{
			{Language: "vi", Text: "Nước sông Đà lên nhanh.\nBà con lên chỗ cao ngay.", Audio: &audio},
			{Language: "hmn", Text: "Dej nce ceev heev."},
		},
		Repetitions: 10, Pause: 20,
	}
}

func anAlert(audience ...string) protocol.Alert {
	if len(audience) == 0 {
		audience = []string{"03388"}
	}
	return protocol.Alert{
		Version: protocol.Version, ID: "7f3c", Sequence: 1, Audience: audience,
		Issued: now.Add(-time.Minute), Expires: now.Add(2 * time.Hour), Announcement: anAnnouncement(),
	}
}

func aBulletin() protocol.Bulletin {
	return protocol.Bulletin{
		Version: protocol.Version, ID: "b-2026-118", Revision: 1, Issued: now.Add(-time.Hour),
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0), Title: "Tiêm phòng cho trâu bò", Class: "routine",
		Areas: []string{"03388"},
		Audio: []protocol.SpokenVersion{{Language: "vi", Audio: anAudio("cattle vi")}, {Language: "hmn", Audio: anAudio("cattle hmn")}},
	}
}

func aPlan() protocol.Plan {
	return protocol.Plan{
		Version: protocol.Version, Cluster: "muong-te-03", Revision: 9, Issued: now.Add(-time.Minute),
		From: now, Until: now.AddDate(0, 0, 30), Zone: "Asia/Ho_Chi_Minh",
		Items: []protocol.Item{{
			ID: "news-am", Class: "routine", Order: 2, Start: "2026-11-22T05:30:00", Rule: "FREQ=DAILY",
			Except: []string{"2026-12-24T05:30:00"}, Seconds: 1800, Late: 300,
			Parts: []protocol.Part{
				{Sources: []protocol.Source{{BuiltIn: protocol.Chime}}},
				{Sources: []protocol.Source{
					{Bulletin: anAudio("a bulletin's hash").SHA256, Language: "hmn"},
					{Bulletin: anAudio("a bulletin's hash").SHA256, Language: "vi"},
				}},
			},
		}},
	}
}

func aLocal() protocol.Local {
	return protocol.Local{
		Version: protocol.Version, Input: "button", Audience: []string{"03388"}, Revision: 1,
		Issued: now.Add(-time.Hour), Expires: now.AddDate(0, 6, 0), Seconds: 300, Announcement: anAnnouncement(),
	}
}

func aCancel() protocol.Cancel {
	return protocol.Cancel{Version: protocol.Version, Alert: "7f3c", Audience: []string{"12"}, Issued: now}
}

func aStop(targets ...protocol.Target) protocol.Stop {
	if len(targets) == 0 {
		targets = []protocol.Target{{Occurrence: "news-am@2026-11-22T05:30:00"}}
	}
	return protocol.Stop{Version: protocol.Version, ID: "s-1", Audience: []string{"03388"}, Issued: now, Targets: targets}
}

func aTime() protocol.SignedTime {
	return protocol.SignedTime{Version: protocol.Version, Cluster: "muong-te-03", Boot: "boot-1", Time: now}
}

func anAck() protocol.Ack {
	return protocol.Ack{Version: protocol.Version, Cluster: "muong-te-03", Epoch: "epoch-1", Sequence: 41}
}

// world is a board in the tests' province and what it knows.
type world struct {
	protocol.Known
	protocol.Clock
}

// newWorld is a board that has its root, key set and placement, and the time.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		Known: protocol.Known{
			BoardKey: public("board").ID, Epoch: "epoch-1", Boot: "boot-1", Enrolling: true,
			Held: map[string]protocol.Held{}, Alerts: map[string]protocol.KnownAlert{}, Stops: map[string]bool{},
		},
		Clock: protocol.Clock{Now: now, Trusted: true, Floor: now.AddDate(0, 0, -1)},
	}
	w.must(t, sealed(protocol.KindRoot, protocol.Live, aRoot(), "owner1", "owner2"))
	w.Enrolling = false
	w.must(t, sealed(protocol.KindKeySet, protocol.Live, aKeySet(), "admin1", "admin2"))
	w.must(t, sealed(protocol.KindPlacement, protocol.Live, aPlacement(), "admin2", "admin3"))
	return w
}

func (w *world) open(data []byte) (*protocol.Order, error) {
	return protocol.Open(data, w.Known, w.Clock)
}

// must opens an order and has the board know it.
func (w *world) must(t testing.TB, data []byte) *protocol.Order {
	t.Helper()
	o, err := w.open(data)
	if err != nil {
		t.Fatalf("open %.300s: %v", data, err)
	}
	w.accept(o)
	return o
}

// accept is what a board remembers of an order that it accepted.
func (w *world) accept(o *protocol.Order) {
	w.Held[o.Subject] = protocol.Held{Revision: o.Revision, Hash: o.Hash}
	end := func(subject, hash string) {
		k := w.Alerts[subject]
		k.Cancelled, k.CancelWide, k.CancelHash = true, k.CancelWide || o.Wide, hash
		w.Alerts[subject] = k
	}
	switch d := o.Document.(type) {
	case *protocol.Root:
		w.Root = d
	case *protocol.KeySet:
		w.KeySet = d
	case *protocol.Placement:
		w.Placement = d
	case *protocol.Alert:
		w.Alerts[o.Subject] = w.Alerts[o.Subject].Seen(d, o.Hash)
	case *protocol.Cancel:
		end(o.Subject, o.Hash)
	case *protocol.Stop:
		w.Stops[o.Hash] = true
		for _, target := range d.Targets {
			if target.Alert != "" {
				end(protocol.AlertSubject(target.Mode, target.Alert), "")
			}
		}
	}
}

func aReceipt() protocol.Receipt {
	closed, opened := now.Add(-40*time.Second), now.Add(-time.Second)
	first, last := closed.Add(800*time.Millisecond), opened.Add(-500*time.Millisecond)
	return protocol.Receipt{
		Version: protocol.Version, Cluster: "muong-te-03", Epoch: "epoch-1", Sequence: 42, At: now, Clock: protocol.ClockTrusted,
		Order: anAudio("an order's hash").SHA256, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: "alert/live/7f3c",
		Occurrence: "alert/live/7f3c#1", Fate: protocol.FateFinished,
		Evidence: &protocol.Evidence{
			Output: "horn", RelayClosed: &closed, FirstSample: &first, LastSample: &last, RelayOpened: &opened,
			Samples: 1_800_000, RMS: -19.5, Peak: -3.25, Position: 37.5, Sources: []string{"siren", "phrase:flood"},
			Verdict: protocol.VerdictUnknown,
		},
	}
}

func anEnrolRequest() protocol.EnrolRequest {
	return protocol.EnrolRequest{Version: protocol.Version, Board: public("board"), Host: "loa-board", Issued: now}
}
