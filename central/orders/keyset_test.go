package orders_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

func (w *world) keySet() (protocol.KeySet, []string) {
	w.t.Helper()
	d := w.draft(w.KeySet(w.t.Context(), "test"))
	ks, err := protocol.Decode[protocol.KeySet](d.Envelope.Payload)
	must(w.t, err)
	return ks, d.Notes
}

func ruleFor(ks protocol.KeySet, kind protocol.Kind, mode protocol.Mode, scope string) protocol.Rule {
	for _, r := range ks.Rules {
		if r.Kind == kind && r.Mode == mode && r.Scope == scope {
			return r
		}
	}
	return protocol.Rule{}
}

func TestKeySetRules(t *testing.T) {
	w := newWorld(t)
	ks, notes := w.keySet()
	if len(notes) != 0 {
		t.Errorf("notes %q", notes)
	}
	for _, tc := range []struct {
		kind      protocol.Kind
		mode      protocol.Mode
		scope     string
		persons   string
		threshold int
	}{
		{protocol.KindBulletin, protocol.Live, "12", "binh phuc", 1},
		{protocol.KindBulletin, protocol.Live, "03433", "hai lan", 1},
		{protocol.KindAlert, protocol.Live, "12", "binh chi phuc", 2},
		{protocol.KindAlert, protocol.Drill, "12", "binh chi phuc", 1},
		{protocol.KindAlert, protocol.Live, "03433", "hai lan", 1},
		{protocol.KindAlert, protocol.Drill, "03388", "nam", 1},
		{protocol.KindLocal, protocol.Live, "03433", "hai lan", 1},
		{protocol.KindLocal, protocol.Live, "12", "", 0},
		{protocol.KindPlan, protocol.Live, "12", "central", 1},
		{protocol.KindTime, protocol.Live, "12", "central", 1},
		{protocol.KindAck, protocol.Live, "12", "central", 1},
	} {
		r := ruleFor(ks, tc.kind, tc.mode, tc.scope)
		if strings.Join(r.Persons, " ") != tc.persons || r.Threshold != tc.threshold {
			t.Errorf("%s %s in %s: %+v, want %q, %d", tc.kind, tc.mode, tc.scope, r, tc.persons, tc.threshold)
		}
	}
}

// An officer of two communes could wake both alone, which no board would allow.
func TestKeySetKeepsWideAlertsWide(t *testing.T) {
	w := newWorld(t)
	must(t, w.reg.GrantRole(t.Context(), "test", registry.Role{Person: "lan", Name: registry.Officer, Area: "03388"}))
	must(t, w.reg.AddPerson(t.Context(), "test", registry.Person{ID: "keyless", Name: "Chưa có khoá"}))
	must(t, w.reg.GrantRole(t.Context(), "test", registry.Role{Person: "keyless", Name: registry.Officer, Area: "03433"}))
	ks, notes := w.keySet()
	if r := ruleFor(ks, protocol.KindAlert, protocol.Live, "03388"); !slices.Equal(r.Persons, []string{"lan", "nam"}) {
		t.Errorf("the first commune: %+v", r)
	}
	if r := ruleFor(ks, protocol.KindAlert, protocol.Live, "03433"); !slices.Equal(r.Persons, []string{"hai"}) {
		t.Errorf("the second commune: %+v", r)
	}
	if r := ruleFor(ks, protocol.KindBulletin, protocol.Live, "03433"); !slices.Equal(r.Persons, []string{"hai", "lan"}) {
		t.Errorf("bulletins: %+v", r)
	}
	if len(notes) != 2 || !strings.Contains(strings.Join(notes, "\n"), "keyless") || !strings.Contains(strings.Join(notes, "\n"), "lan may not raise live alerts in 03433") {
		t.Errorf("notes %q", notes)
	}
}

func TestKeySetSaysWhoIsMissing(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"binh", "chi", "chi's phone"} {
		must(t, w.reg.RetireKey(t.Context(), "test", publicOf(key).ID))
	}
	ks, notes := w.keySet()
	if r := ruleFor(ks, protocol.KindAlert, protocol.Live, "12"); r.Threshold != 0 {
		t.Errorf("rule %+v of fewer persons than the root asks for", r)
	}
	if !slices.ContainsFunc(notes, func(n string) bool {
		return strings.Contains(n, "nobody can raise a live alert beyond one commune in 12")
	}) {
		t.Errorf("notes %q", notes)
	}
}

func TestAuthenticatorsNeedAName(t *testing.T) {
	w := newWorld(t)
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	must(t, err)
	public := private.PublicKey().Bytes()
	id := protocol.KeyID(protocol.WebAuthnES256, public)
	_, err = w.reg.AddKey(t.Context(), "test", "phuc", id, registry.WebauthnES256, public)
	must(t, err)
	if _, notes := w.keySet(); len(notes) != 1 || !strings.Contains(notes[0], id) {
		t.Errorf("notes %q", notes)
	}
	w.RPID, w.Origins = "loa.example.vn", []string{"https://loa.example.vn"}
	ks, notes := w.keySet()
	for _, p := range ks.Persons {
		for _, k := range p.Keys {
			if k.ID == id && k.RPID == w.RPID && slices.Equal(k.Origins, w.Origins) && len(notes) == 0 {
				return
			}
		}
	}
	t.Errorf("the key is not in the key set; notes %q", notes)
}

func TestOneAdministratorIsNotEnough(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.KeySet(t.Context(), "test"))
	if s := w.sign(d, "admin-b"); s.State != orders.Gathering || s.Lacks.Reason != protocol.ReasonThreshold {
		t.Errorf("status %+v", s)
	}
	_, err := w.AddSignature(t.Context(), d.Hash, signature(d, "chi"))
	refusedAs(t, err, protocol.ReasonUnknownKey)
	if s := w.sign(d, "admin-a"); s.State != orders.Sealed || !slices.Equal(s.Persons, []string{"admin-a", "admin-b"}) {
		t.Errorf("status %+v", s)
	}
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 3 {
		t.Errorf("counts %+v", c)
	}
	// Two drafts of one revision: the first sealed wins.
	first := w.draft(w.KeySet(t.Context(), "test"))
	ks, err := protocol.Decode[protocol.KeySet](first.Envelope.Payload)
	must(t, err)
	ks.Expires = ks.Expires.AddDate(0, -1, 0)
	second := w.draft(w.DraftDocument(t.Context(), "test", protocol.KindKeySet, protocol.Live, ks))
	w.enact(first)
	w.sign(second, "admin-a")
	_, err = w.AddSignature(t.Context(), second.Hash, signature(second, "admin-b"))
	refusedAs(t, err, protocol.ReasonConflict)
}

func TestPlacementFollowsTheRegistry(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	c, err := w.reg.Cluster(ctx, "doan-ket-01")
	must(t, err)
	c.Area, c.Neighbours = "03433", []string{"muong-te-02"}
	must(t, w.reg.UpdateCluster(ctx, "test", c))
	d := w.draft(w.Placement(ctx, "test", "doan-ket-01"))
	w.enact(d)
	w.answer()
	b := w.net.boards["doan-ket-01"]
	if p := b.known.Placement; p.Revision != 2 || !slices.Equal(p.Areas, []string{"03433", "12"}) || !slices.Equal(p.Neighbours, c.Neighbours) {
		t.Fatalf("the board has %+v", p)
	}
	// The next alert finds it where it stands now.
	a := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	if a.Targets != 3 {
		t.Errorf("an alert for %d boards", a.Targets)
	}
	w.sign(a, "lan")
	if !slices.Contains(b.sounds, a.Subject) {
		t.Error("the board did not take it")
	}
	if left := w.draft(w.Alert(ctx, "nam", alertFor(protocol.Live, "03388"))); left.Targets != 0 {
		t.Errorf("an alert for %d boards where none stands any more", left.Targets)
	}
	// A board's key cannot be placed by somebody who has it not.
	_, _, err = w.Enrol(ctx, "test", "muong-te-01", encoded(t, d.Envelope))
	refusedAs(t, err, protocol.ReasonUnknownType)
	must(t, w.reg.AddClusters(ctx, "test", registry.Cluster{ID: "empty-01", Name: "x", Area: "03390", Languages: []string{"vi"}}))
	_, err = w.Placement(ctx, "test", "empty-01")
	is(t, err, orders.ErrNotReady)
}

// A board is replaced: another key under the same cluster.
func TestReplacedBoard(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	old := w.net.boards["muong-te-01"]
	old.online = false
	devices, err := w.reg.Devices(ctx, "muong-te-01")
	must(t, err)
	must(t, w.reg.RevokeDevice(ctx, "test", devices[0].ID))
	_, err = w.Placement(ctx, "test", "muong-te-01")
	is(t, err, orders.ErrNotReady)
	old.tell(protocol.Receipt{Fate: protocol.FatePressed, Occurrence: "button1"})
	is(t, w.Receipt(ctx, "muong-te-01", old.drain()[0]), orders.ErrNotReady)

	key := keyOf("new board")
	e, err := protocol.SealEnrolRequest(protocol.EnrolRequest{Version: protocol.Version, Board: publicOf("new board"), Issued: time.Now()}, key)
	must(t, err)
	request, d, err := w.Enrol(ctx, "test", "muong-te-01", encoded(t, e))
	must(t, err)
	_, err = w.reg.Enrol(ctx, "test", "muong-te-01", request.Board.Public, "abcdef")
	must(t, err)
	w.enact(d)
	_, _, placement, err := w.Trust(ctx, "muong-te-01")
	must(t, err)
	p, err := protocol.Decode[protocol.Placement](placement.Payload)
	must(t, err)
	if p.Revision != 2 || p.Board.ID != publicOf("new board").ID {
		t.Errorf("placement %+v", p)
	}
}
