package orders_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/orders"
	"loa/controller/protocol"
)

func TestCommuneAlertGoesOutOnceToItsArea(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	if d.Targets != 2 || len(w.net.sent) != 0 {
		t.Fatalf("a draft for %d boards sent %d messages", d.Targets, len(w.net.sent))
	}
	s := w.sign(d, "lan")
	if s.State != orders.Sealed || !slices.Equal(s.Persons, []string{"lan"}) {
		t.Fatalf("status %+v", s)
	}
	if len(w.net.sent) != 1 || w.net.count("03433", protocol.LaneAlert) != 1 {
		t.Fatalf("sent %+v", w.net.sent)
	}
	e, _, _, err := protocol.DecodeEnvelope(w.net.sent[0].data)
	must(t, err)
	if !bytes.Equal(e.Payload, d.Envelope.Payload) || e.Hash() != d.Hash {
		t.Error("what was sent is not what was shown")
	}
	w.answer()
	if c := w.status(d.Hash).Counts; c.Targets != 2 || c.Sent != 2 || c.Accepted != 2 || c.Waiting != 0 {
		t.Errorf("counts %+v", c)
	}
	if got := w.net.boards["doan-ket-01"].sounds; len(got) != 0 {
		t.Errorf("another commune's board took %v", got)
	}
}

func TestWideAlertNeedsTwoPersons(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "chi", alertFor(protocol.Live, "12")))
	s := w.sign(d, "chi")
	if s.State != orders.Gathering || s.Lacks == nil || s.Lacks.Reason != protocol.ReasonThreshold {
		t.Fatalf("one person: %+v", s)
	}
	// Another key of the same person is no other person.
	if s = w.sign(d, "chi's phone"); s.State != orders.Gathering || len(s.Signed) != 2 {
		t.Fatalf("one person's two keys: %+v", s)
	}
	if len(w.net.sent) != 0 {
		t.Fatalf("sent before enough signed: %+v", w.net.sent)
	}
	if s = w.sign(d, "binh"); s.State != orders.Sealed || !slices.Equal(s.Persons, []string{"binh", "chi"}) {
		t.Fatalf("two persons: %+v", s)
	}
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 3 {
		t.Errorf("counts %+v", c)
	}
	// A signature more changes nothing.
	n := len(w.net.sent)
	if s = w.sign(d, "phuc"); s.State != orders.Sealed || len(s.Signed) != 3 || len(w.net.sent) != n {
		t.Errorf("after the seal: %+v", s)
	}
}

func TestTwoCommunesAreAsWideAsTheProvince(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433", "03388")))
	_, err := w.AddSignature(t.Context(), d.Hash, signature(d, "lan"))
	refusedAs(t, err, protocol.ReasonNotAuthorised)
	if s := w.sign(d, "binh", "phuc"); s.State != orders.Sealed {
		t.Errorf("status %+v", s)
	}
}

func TestSignaturesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	drill := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Drill, "03433")))
	flipped := signature(d, "lan")
	flipped.Sig[3] ^= 1
	borrowed := signature(d, "lan")
	borrowed.KeyID = publicOf("hai").ID
	for _, tc := range []struct {
		name string
		sig  protocol.Signature
		want protocol.Reason
	}{
		{"a changed byte", flipped, protocol.ReasonBadSignature},
		{"another person's name", borrowed, protocol.ReasonBadSignature},
		{"a stranger", signature(d, "mallory"), protocol.ReasonUnknownKey},
		{"central itself", signature(d, "central"), protocol.ReasonNotAuthorised},
		{"another commune's officer", signature(d, "nam"), protocol.ReasonNotAuthorised},
		{"made for the drill", signature(drill, "lan"), protocol.ReasonBadSignature},
		{"no key", protocol.Signature{Sig: flipped.Sig}, protocol.ReasonMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := w.AddSignature(t.Context(), d.Hash, tc.sig)
			refusedAs(t, err, tc.want)
		})
	}
	if s := w.status(d.Hash); s.State != orders.Gathering || len(s.Signed) != 0 {
		t.Errorf("refused signatures left their mark: %+v", s)
	}
	_, err := w.AddSignature(t.Context(), strings.Repeat("0", 64), signature(d, "lan"))
	is(t, err, orders.ErrNotFound)
	if len(w.net.sent) != 0 {
		t.Errorf("sent %+v", w.net.sent)
	}
}

func TestAStrangerDoesNotRideAlong(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	e := d.Envelope
	e.Sign(keyOf("lan"))
	e.Sign(keyOf("mallory"))
	_, err := w.Submit(t.Context(), "lan", encoded(t, e))
	refusedAs(t, err, protocol.ReasonUnknownKey)
	if s := w.status(d.Hash); s.State != orders.Gathering || len(s.Signed) != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestSubmitTakesWholeEnvelopes(t *testing.T) {
	w := newWorld(t)
	now := time.Now().UTC().Truncate(time.Second)
	a := protocol.Alert{Version: protocol.Version, ID: "from-a-file", Sequence: 1, Audience: []string{"12"}, Issued: now, Expires: now.Add(time.Hour), Announcement: flood()}
	e, err := protocol.Draft(protocol.KindAlert, protocol.Live, a)
	must(t, err)
	e.Sign(keyOf("binh"))
	s, err := w.Submit(t.Context(), "binh", encoded(t, e))
	must(t, err)
	if s.State != orders.Gathering || s.By != "binh" || len(s.Signed) != 1 {
		t.Fatalf("one of two: %+v", s)
	}
	e.Sign(keyOf("chi"))
	if s, err = w.Submit(t.Context(), "chi", encoded(t, e)); err != nil || s.State != orders.Sealed {
		t.Fatalf("two of two: %+v, %v", s, err)
	}
	// Again is no error and sends nothing.
	n := len(w.net.sent)
	if s, err = w.Submit(t.Context(), "chi", encoded(t, e)); err != nil || s.State != orders.Sealed || len(w.net.sent) != n {
		t.Fatalf("again: %+v, %v", s, err)
	}
	// The same sequence with other words.
	a.Repetitions = 9
	other, err := protocol.Draft(protocol.KindAlert, protocol.Live, a)
	must(t, err)
	other.Sign(keyOf("binh"))
	other.Sign(keyOf("chi"))
	_, err = w.Submit(t.Context(), "chi", encoded(t, other))
	refusedAs(t, err, protocol.ReasonConflict)
}

func TestSubmitRefuses(t *testing.T) {
	w := newWorld(t)
	now := time.Now().UTC().Truncate(time.Second)
	seal := func(kind protocol.Kind, document any, keys ...string) []byte {
		e, err := protocol.Draft(kind, protocol.Live, document)
		must(t, err)
		for _, k := range keys {
			e.Sign(keyOf(k))
		}
		return encoded(t, e)
	}
	old := protocol.Alert{Version: protocol.Version, ID: "old", Sequence: 1, Audience: []string{"03433"}, Issued: now.Add(-2 * time.Hour), Expires: now.Add(-time.Hour), Announcement: flood()}
	nowhere := old
	nowhere.Audience, nowhere.Issued, nowhere.Expires = []string{"99"}, now, now.Add(time.Hour)
	for _, tc := range []struct {
		name string
		data []byte
		want protocol.Reason
	}{
		{"not JSON", []byte("{"), protocol.ReasonMalformed},
		{"10 MB", bytes.Repeat([]byte(" "), 10<<20), protocol.ReasonTooLarge},
		{"expired", seal(protocol.KindAlert, old, "lan"), protocol.ReasonExpired},
		{"an area that is not known", seal(protocol.KindAlert, nowhere, "lan"), protocol.ReasonInvalid},
		{"a plan of a person", seal(protocol.KindPlan, planFor("muong-te-01"), "lan"), protocol.ReasonUnknownType},
		{"an acknowledgement", seal(protocol.KindAck, protocol.Ack{Version: protocol.Version}, "central"), protocol.ReasonUnknownType},
		{"a root of one owner", signedRoot(t, rootOf(2), "owner-a"), protocol.ReasonThreshold},
		{"a root out of step", signedRoot(t, rootOf(3), "owner-a", "owner-b"), protocol.ReasonConflict},
		{"nobody signed", seal(protocol.KindPlacement, protocol.Placement{Version: protocol.Version}), protocol.ReasonInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := w.Submit(t.Context(), "lan", tc.data)
			refusedAs(t, err, tc.want)
		})
	}
	if len(w.net.sent) != 0 {
		t.Errorf("sent %+v", w.net.sent)
	}
}

func TestDraftNamesTheField(t *testing.T) {
	w := newWorld(t)
	bad := alertFor(protocol.Live, "03433")
	bad.Repetitions = 0
	_, err := w.Alert(t.Context(), "lan", bad)
	refusedAs(t, err, protocol.ReasonInvalid)
	if !strings.Contains(err.Error(), "repetitions") {
		t.Errorf("error %v", err)
	}
	b := bulletin("b1", "99999")
	_, err = w.Bulletin(t.Context(), "phuc", b)
	refusedAs(t, err, protocol.ReasonInvalid)
}

func TestBulletinNeedsAnApproverForEveryArea(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Bulletin(t.Context(), "lan", bulletin("b1", "03433", "03388")))
	if s := w.sign(d, "lan"); s.State != orders.Gathering || s.Lacks.Reason != protocol.ReasonNotAuthorised {
		t.Fatalf("one commune's officer: %+v", s)
	}
	if s := w.sign(d, "nam"); s.State != orders.Sealed {
		t.Fatalf("both communes' officers: %+v", s)
	}
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 3 {
		t.Errorf("counts %+v", c)
	}
	for cluster := range w.net.boards {
		if w.net.count(cluster, protocol.LaneOrder) != 1 {
			t.Errorf("%s got %d", cluster, w.net.count(cluster, protocol.LaneOrder))
		}
	}
	// The next approval has the next revision.
	if d = w.draft(w.Bulletin(t.Context(), "phuc", bulletin("b1", "12"))); d.Revision != 2 {
		t.Errorf("revision %d", d.Revision)
	}
}

func TestABulletinMayComeBeforeItsBoards(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Bulletin(t.Context(), "phuc", bulletin("early", "03390")))
	if d.Targets != 0 {
		t.Fatalf("%d boards in a commune without any", d.Targets)
	}
	_, err := w.AddSignature(t.Context(), d.Hash, signature(d, "lan"))
	refusedAs(t, err, protocol.ReasonNotAuthorised)
	if s := w.sign(d, "phuc"); s.State != orders.Sealed {
		t.Errorf("status %+v", s)
	}
}

func TestUpdateAndCancel(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	id := alertID(d)
	_, err := w.UpdateAlert(t.Context(), "lan", id, alertFor(protocol.Live))
	is(t, err, orders.ErrNotFound)
	_, err = w.Cancel(t.Context(), "lan", protocol.Live, id)
	is(t, err, orders.ErrNotFound)
	w.sign(d, "lan")
	_, err = w.Cancel(t.Context(), "lan", protocol.Drill, id)
	is(t, err, orders.ErrNotFound)

	u := w.draft(w.UpdateAlert(t.Context(), "lan", id, alertFor(protocol.Live)))
	if u.Revision != 2 || u.Subject != d.Subject {
		t.Fatalf("update %+v", u)
	}
	w.sign(u, "hai")
	c := w.draft(w.Cancel(t.Context(), "lan", protocol.Live, id))
	// The province's officer may end it too; the other commune's may not.
	_, err = w.AddSignature(t.Context(), c.Hash, signature(c, "nam"))
	refusedAs(t, err, protocol.ReasonNotAuthorised)
	if s := w.sign(c, "binh"); s.State != orders.Sealed {
		t.Fatalf("cancel %+v", s)
	}
	w.answer()
	if n := w.net.count("03433", protocol.LaneAlert); n != 3 {
		t.Errorf("%d messages to the area", n)
	}
	late := w.draft(w.UpdateAlert(t.Context(), "lan", id, alertFor(protocol.Live)))
	_, err = w.AddSignature(t.Context(), late.Hash, signature(late, "lan"))
	refusedAs(t, err, protocol.ReasonCancelled)
	if s := w.status(late.Hash); s.Lacks == nil || s.State != orders.Gathering {
		t.Errorf("status %+v", s)
	}
}

func TestStop(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Stop(t.Context(), "lan", []string{"03433"}, []protocol.Target{{Occurrence: "i1@2026-11-21T05:30:00"}}))
	if s := w.sign(d, "lan"); s.State != orders.Sealed || w.net.count("03433", protocol.LaneAlert) != 1 {
		t.Fatalf("status %+v, sent %+v", s, w.net.sent)
	}
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 2 {
		t.Errorf("counts %+v", c)
	}
	_, err := w.Stop(t.Context(), "lan", []string{"03433"}, nil)
	refusedAs(t, err, protocol.ReasonInvalid)
}

func TestLocal(t *testing.T) {
	w := newWorld(t)
	wish := orders.LocalWish{Mode: protocol.Live, Input: "button1", Audience: []string{"03433"}, Lifetime: 90 * 24 * time.Hour, Seconds: 120, Announcement: flood()}
	first := w.draft(w.Local(t.Context(), "lan", wish))
	w.sign(first, "lan")
	// Another commune's button has the same name; numbers are shared.
	wish.Audience = []string{"03388"}
	other := w.draft(w.Local(t.Context(), "nam", wish))
	if s := w.sign(other, "nam"); s.State != orders.Sealed || other.Revision != 2 {
		t.Fatalf("other commune: %+v", s)
	}
	w.answer()
	if w.status(first.Hash).Counts.Accepted != 2 || w.status(other.Hash).Counts.Accepted != 1 {
		t.Error("not all took their button's order")
	}
}

func TestRootSteps(t *testing.T) {
	w := newWorld(t)
	next := rootOf(2)
	next.WideAlert = 3
	_, err := w.Submit(t.Context(), "admin-a", signedRoot(t, next, "owner-b", "owner-c"))
	must(t, err)
	root, err := w.Root()
	must(t, err)
	if root.Revision != 2 || root.WideAlert != 3 {
		t.Fatalf("root %+v", root)
	}
	w.answer()
	for c, b := range w.net.boards {
		if b.known.Root.Revision != 2 {
			t.Errorf("%s has root %d", c, b.known.Root.Revision)
		}
	}
	// The key set follows what the root says now.
	d := w.draft(w.KeySet(t.Context(), "test"))
	ks, err := protocol.Decode[protocol.KeySet](d.Envelope.Payload)
	must(t, err)
	for _, r := range ks.Rules {
		if r.Kind == protocol.KindAlert && r.Mode == protocol.Live && r.Scope == "12" && r.Threshold != 3 {
			t.Errorf("rule %+v", r)
		}
	}
}

func TestTheFirstRootIsSetByHand(t *testing.T) {
	w := newWorld(t)
	w.path += ".empty"
	w.open()
	_, err := w.Submit(t.Context(), "mallory", signedRoot(t, rootOf(1), "owner-a", "owner-b"))
	is(t, err, orders.ErrNotReady)
	_, err = w.KeySet(t.Context(), "test")
	is(t, err, orders.ErrNotReady)
	_, err = w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433"))
	is(t, err, orders.ErrNotReady)
	_, _, _, err = w.Trust(t.Context(), "muong-te-01")
	is(t, err, orders.ErrNotReady)
	w.setRoot(1)
}

func TestPlanIsCentralsOwn(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Bulletin(t.Context(), "phuc", bulletin("b1", "12")))
	w.sign(d, "phuc")
	w.net.clear()
	plan := planFor("muong-te-01", d.Hash)
	s, err := w.SendPlan(t.Context(), plan)
	must(t, err)
	if s.State != orders.Sealed || s.Revision != 1 || w.net.count("muong-te-01", protocol.LaneOrder) != 1 {
		t.Fatalf("status %+v", s)
	}
	// The same again is not sent.
	again, err := w.SendPlan(t.Context(), plan)
	must(t, err)
	if again.Hash != s.Hash || len(w.net.sent) != 1 {
		t.Fatalf("sent again: %+v", again)
	}
	plan.Items[0].Seconds = 30
	if s, err = w.SendPlan(t.Context(), plan); err != nil || s.Revision != 2 {
		t.Fatalf("changed: %+v, %v", s, err)
	}
	w.answer()
	_, err = w.SendPlan(t.Context(), planFor("nobody-01", d.Hash))
	is(t, err, orders.ErrNotReady)
	plan.Zone = "Nowhere/At_All"
	_, err = w.SendPlan(t.Context(), plan)
	refusedAs(t, err, protocol.ReasonInvalid)
}
