package orders_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"loa/central/orders"
	"loa/controller/protocol"
)

func TestReceipts(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	b := w.net.boards["muong-te-01"]
	start := time.Now().UTC()
	b.tell(protocol.Receipt{Order: d.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: d.Subject, Fate: protocol.FateStarted, Occurrence: d.Subject})
	b.tell(protocol.Receipt{
		Order: d.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: d.Subject, Fate: protocol.FateFinished, Occurrence: d.Subject,
		Evidence: &protocol.Evidence{Output: "main", RelayClosed: &start, Samples: 48000, Verdict: protocol.VerdictHeard, Sources: []string{"flood"}},
	})
	told := slices.Clone(b.told)
	w.answer()
	for _, r := range told { // the board sends until it is acknowledged
		must(t, w.Receipt(t.Context(), b.cluster, r))
	}
	rows, err := w.Receipts(t.Context(), orders.ReceiptQuery{Cluster: b.cluster, Order: d.Hash})
	must(t, err)
	if len(rows) != 3 || rows[2].Receipt.Evidence == nil || rows[2].Receipt.Evidence.Samples != 48000 {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	if _, _, err := protocol.OpenReceipt(rows[2].Envelope, publicOf("board of muong-te-01")); err != nil {
		t.Errorf("what is kept does not verify: %v", err)
	}
	after, err := w.Receipts(t.Context(), orders.ReceiptQuery{Cluster: b.cluster, After: rows[1].ID, Limit: 1})
	must(t, err)
	if len(after) != 1 || after[0].ID != rows[2].ID {
		t.Errorf("after %d: %+v", rows[1].ID, after)
	}
	c := w.status(d.Hash).Counts
	if c.Targets != 2 || c.Accepted != 2 || c.Finished != 1 || c.Heard != 1 || c.Started != 0 {
		t.Errorf("counts %+v", c)
	}
	fates, err := w.Fates(t.Context(), d.Hash)
	must(t, err)
	if len(fates) != 2 || fates[0].Cluster != "muong-te-01" || fates[0].Fate != protocol.FateFinished || fates[0].Handling != orders.Accepted || fates[1].Fate != "" {
		t.Errorf("fates %+v", fates)
	}

	w.net.clear()
	must(t, w.Acknowledge(t.Context()))
	if b.acked != 3 || w.net.count(b.cluster, protocol.LaneAck) != 1 {
		t.Errorf("acknowledged through %d with %d messages", b.acked, w.net.count(b.cluster, protocol.LaneAck))
	}
	w.net.clear()
	must(t, w.Acknowledge(t.Context()))
	if len(w.net.sent) != 0 {
		t.Error("acknowledged again for nothing")
	}
}

func TestReceiptsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.net.boards["muong-te-01"].online = false
	w.sign(d, "lan")
	b := w.net.boards["muong-te-01"]
	accepted := protocol.Receipt{
		Version: protocol.Version, Cluster: b.cluster, Epoch: b.epoch, Sequence: 1, At: time.Now().UTC(), Clock: protocol.ClockTrusted,
		Order: d.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: d.Subject, Fate: protocol.FateAccepted,
	}
	forged, err := protocol.SealReceipt(accepted, keyOf("mallory"))
	must(t, err)
	borrowed := forged
	borrowed.Signatures = slices.Clone(forged.Signatures)
	borrowed.Signatures[0].KeyID = publicOf("board of muong-te-01").ID
	changed := bytes.Replace(b.seal(accepted), []byte(`"payload":"ey`), []byte(`"payload":"eX`), 1)
	unnumbered := accepted
	unnumbered.Sequence = 0
	for _, tc := range []struct {
		name    string
		cluster string
		data    []byte
		want    protocol.Reason
	}{
		{"another key", b.cluster, encoded(t, forged), protocol.ReasonUnknownKey},
		{"another key under the board's name", b.cluster, encoded(t, borrowed), protocol.ReasonBadSignature},
		{"another cluster's", "muong-te-02", b.seal(accepted), protocol.ReasonUnknownKey},
		{"a changed byte", b.cluster, changed, protocol.ReasonMalformed},
		{"no number", b.cluster, b.seal(unnumbered), protocol.ReasonInvalid},
		{"not a receipt", b.cluster, encoded(t, d.Envelope), protocol.ReasonUnknownType},
		{"10 MB", b.cluster, make([]byte, 10<<20), protocol.ReasonTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refusedAs(t, w.Receipt(t.Context(), tc.cluster, tc.data), tc.want)
		})
	}
	// A board that signs well but writes another's name.
	posing := accepted
	posing.Cluster = "muong-te-02"
	refusedAs(t, w.Receipt(t.Context(), b.cluster, b.seal(posing)), protocol.ReasonWrongAudience)
	is(t, w.Receipt(t.Context(), "nobody-01", b.seal(accepted)), orders.ErrNotReady)

	if c := w.status(d.Hash).Counts; c.Accepted != 0 || c.Waiting != 2 {
		t.Errorf("counts %+v", c)
	}
	for _, cluster := range []string{b.cluster, "muong-te-02"} {
		faults, err := w.Faults(t.Context(), cluster, 10)
		must(t, err)
		if len(faults) == 0 || faults[0].Reason != protocol.ReasonUnknownKey || faults[0].Lane != protocol.LaneReceipt {
			t.Errorf("%s: faults %+v", cluster, faults)
		}
	}
}

func TestTheSameNumberWithAnotherReceipt(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	b.tell(protocol.Receipt{Fate: protocol.FatePressed, Occurrence: "button1"})
	first := b.told[0]
	b.next = 1
	b.tell(protocol.Receipt{Fate: protocol.FatePressed, Occurrence: "button2"})
	second := b.told[1]
	b.told = nil
	must(t, w.Receipt(t.Context(), b.cluster, first))
	refusedAs(t, w.Receipt(t.Context(), b.cluster, second), protocol.ReasonConflict)
	rows, err := w.Receipts(t.Context(), orders.ReceiptQuery{Cluster: b.cluster})
	must(t, err)
	if len(rows) != 1 || rows[0].Receipt.Occurrence != "button1" {
		t.Errorf("rows %+v", rows)
	}
	faults, err := w.Faults(t.Context(), b.cluster, 10)
	must(t, err)
	if len(faults) != 1 || faults[0].Reason != protocol.ReasonConflict {
		t.Errorf("faults %+v", faults)
	}
}

func TestAcknowledgementStopsAtAGap(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	for range 4 {
		b.tell(protocol.Receipt{Fate: protocol.FatePressed, Occurrence: "button1"})
	}
	told := b.drain()
	for _, i := range []int{0, 3, 2} {
		must(t, w.Receipt(t.Context(), b.cluster, told[i]))
	}
	must(t, w.Acknowledge(t.Context()))
	if b.acked != 1 {
		t.Fatalf("acknowledged through %d with 2 missing", b.acked)
	}
	// Missing ones are asked for a while, then given up with a note.
	store := w.db.Orders()
	from, to, err := store.SkipGap(t.Context(), b.cluster, b.epoch, time.Now().Add(-time.Minute))
	must(t, err)
	if from != 0 || to != 0 {
		t.Fatalf("gave up %d to %d at once", from, to)
	}
	from, to, err = store.SkipGap(t.Context(), b.cluster, b.epoch, time.Now().Add(time.Second))
	must(t, err)
	if from != 2 || to != 2 {
		t.Fatalf("gave up %d to %d", from, to)
	}
	w.hello(b)
	if b.acked != 4 {
		t.Errorf("acknowledged through %d", b.acked)
	}
	must(t, w.Receipt(t.Context(), b.cluster, told[1])) // late, but welcome
}

func TestNotDurable(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	b := w.net.boards["muong-te-01"]
	b.online = false
	w.sign(d, "lan")
	r := protocol.Receipt{
		Version: protocol.Version, Cluster: b.cluster, Epoch: b.epoch, At: time.Now().UTC(), Clock: protocol.ClockTrusted,
		Order: d.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: d.Subject, Fate: protocol.FateNotDurable,
	}
	must(t, w.Receipt(t.Context(), b.cluster, b.seal(r)))
	must(t, w.Receipt(t.Context(), b.cluster, b.seal(r)))
	if c := w.status(d.Hash).Counts; c.NotDurable != 1 || c.Accepted != 1 {
		t.Errorf("counts %+v", c)
	}
	// Its store works again.
	r.Fate, r.Sequence = protocol.FateAccepted, 1
	must(t, w.Receipt(t.Context(), b.cluster, b.seal(r)))
	if c := w.status(d.Hash).Counts; c.NotDurable != 0 || c.Accepted != 1 {
		t.Errorf("counts %+v", c)
	}
}

func TestWhatWasAcceptedStaysAccepted(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	w.answer()
	b := w.net.boards["muong-te-01"]
	b.tell(protocol.Receipt{Order: d.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Fate: protocol.FateRefused, Reason: protocol.ReasonStale})
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 2 || c.Refused != 0 {
		t.Errorf("a late copy: %+v", c)
	}
	b.tell(protocol.Receipt{Order: d.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Fate: protocol.FateRefused, Reason: protocol.ReasonRevoked})
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 1 || c.Refused != 1 {
		t.Errorf("a revoked key: %+v", c)
	}
}

func TestUnansweredIsSentAgain(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	d := w.draft(w.Bulletin(t.Context(), "lan", bulletin("b1", "03433")))
	w.sign(d, "lan")
	b.drain() // the receipt is lost on its way
	w.answer()
	w.net.clear()
	now := time.Now()
	must(t, w.ResendDue(t.Context(), now))
	if len(w.net.sent) != 0 {
		t.Fatalf("sent again at once: %+v", w.net.sent)
	}
	due := now.Add(orders.LongestWait)
	must(t, w.ResendDue(t.Context(), due))
	if len(w.net.sent) != 1 || w.net.count(b.cluster, protocol.LaneOrder) != 1 {
		t.Fatalf("sent %+v", w.net.sent)
	}
	must(t, w.ResendDue(t.Context(), due))
	if len(w.net.sent) != 1 {
		t.Fatalf("sent twice at one time: %+v", w.net.sent)
	}
	// A board has it and says nothing to a copy; its hello does.
	w.hello(b)
	if c := w.status(d.Hash).Counts; c.Held != 1 || c.Waiting != 0 {
		t.Errorf("counts %+v", c)
	}
	w.net.clear()
	must(t, w.ResendDue(t.Context(), due.Add(orders.LongestWait)))
	if len(w.net.sent) != 0 {
		t.Errorf("sent what is held: %+v", w.net.sent)
	}
}

func TestOutboxSurvivesAndWaitsForHello(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	b.online = false
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	w.answer()
	w.restart()
	w.Settle()
	if c := w.status(d.Hash).Counts; c.Waiting != 1 || c.Accepted != 1 || c.Sent != 1 {
		t.Fatalf("after a restart: %+v", c)
	}
	w.net.clear()
	must(t, w.ResendDue(t.Context(), time.Now().Add(orders.LongestWait)))
	if len(w.net.sent) != 0 {
		t.Fatalf("sent to a board that is away: %+v", w.net.sent)
	}
	// It is there again, but has not said yet what it knows.
	b.online = true
	must(t, w.ResendDue(t.Context(), time.Now().Add(3*orders.LongestWait)))
	if len(w.net.sent) != 0 {
		t.Fatalf("sent before the hello: %+v", w.net.sent)
	}
	w.hello(b)
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 2 || !slices.Equal(b.sounds, []string{d.Subject}) {
		t.Errorf("counts %+v, board took %v", c, b.sounds)
	}
}

func TestAnOrderLapses(t *testing.T) {
	w := newWorld(t)
	w.net.boards["muong-te-01"].online = false
	wish := alertFor(protocol.Live, "03433")
	d := w.draft(w.Alert(t.Context(), "lan", wish))
	w.sign(d, "lan")
	w.answer()
	must(t, w.ResendDue(t.Context(), time.Now().Add(2*time.Hour)))
	if c := w.status(d.Hash).Counts; c.Lapsed != 1 || c.Waiting != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestNewerSupersedesOlder(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	b.online = false
	first := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.sign(first, "lan")
	second := w.draft(w.UpdateAlert(t.Context(), "lan", alertID(first), alertFor(protocol.Live)))
	w.sign(second, "lan")
	if c := w.status(first.Hash).Counts; c.Superseded != 2 {
		t.Errorf("update: %+v", c)
	}
	cancel := w.draft(w.Cancel(t.Context(), "lan", protocol.Live, alertID(first)))
	w.sign(cancel, "lan")
	if c := w.status(second.Hash).Counts; c.Superseded != 2 {
		t.Errorf("cancel: %+v", c)
	}
	b.online = true
	w.hello(b)
	if !slices.Equal(b.order, []protocol.Kind{protocol.KindCancel}) || len(b.refused) > 0 {
		t.Errorf("the board took %v and refused %v", b.order, b.refused)
	}
}

// A board that lost its store gets everything, what ends before what begins.
func TestResyncOrder(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	approved := w.draft(w.Bulletin(ctx, "lan", bulletin("b1", "03433")))
	w.sign(approved, "lan")
	_, err := w.SendPlan(ctx, planFor(b.cluster, approved.Hash))
	must(t, err)
	local := w.draft(w.Local(ctx, "lan", orders.LocalWish{Mode: protocol.Live, Input: "button1", Audience: []string{"03433"}, Lifetime: time.Hour, Seconds: 60, Announcement: flood()}))
	w.sign(local, "lan")
	over := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(over, "lan")
	going := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(going, "lan")
	w.sign(w.draft(w.Cancel(ctx, "lan", protocol.Live, alertID(over))), "lan")
	w.sign(w.draft(w.Stop(ctx, "lan", []string{"03433"}, []protocol.Target{{Occurrence: "i1@2026-11-21T05:30:00"}})), "lan")
	elsewhere := w.draft(w.Alert(ctx, "nam", alertFor(protocol.Live, "03388")))
	w.sign(elsewhere, "nam")
	oldKeys := protocol.Held{Revision: 1, Hash: b.known.Held["keyset"].Hash}
	oldKeySet, placement, placed := b.known.KeySet, b.known.Placement, b.known.Held["placement"]
	_, err = w.Submit(ctx, "admin-a", signedRoot(t, rootOf(2), "owner-a", "owner-c"))
	must(t, err)
	_, err = w.Submit(ctx, "admin-a", signedRoot(t, rootOf(3), "owner-a", "owner-c"))
	must(t, err)
	w.enact(w.draft(w.KeySet(ctx, "test")))
	w.answer()

	b.epoch = "second"
	b.reset()
	root := rootOf(1)
	b.known.Root, b.known.KeySet, b.known.Placement = &root, oldKeySet, placement
	b.known.Held = map[string]protocol.Held{"root": {Revision: 1, Hash: strings.Repeat("1", 64)}, "keyset": oldKeys, "placement": placed}
	w.net.clear()
	w.hello(b)
	want := []protocol.Kind{
		protocol.KindRoot, protocol.KindRoot, protocol.KindKeySet, protocol.KindCancel, protocol.KindStop,
		protocol.KindAlert, protocol.KindLocal, protocol.KindBulletin, protocol.KindPlan,
	}
	got := slices.Clone(b.order)
	if len(got) > 4 {
		slices.Sort(got[3:5]) // these two come in either order
	}
	if !slices.Equal(got, want) || slices.Contains(b.sounds, elsewhere.Subject) || len(b.refused) > 0 {
		t.Errorf("the board took %v, want %v; refused %v", b.order, want, b.refused)
	}
	lanes := []protocol.Lane{}
	for _, m := range w.net.sent {
		lanes = append(lanes, m.lane)
	}
	if !slices.Equal(lanes, []protocol.Lane{protocol.LaneTime, protocol.LaneAck, protocol.LaneResync}) {
		t.Errorf("lanes %v", lanes)
	}
	faults, err := w.Faults(ctx, b.cluster, 10)
	must(t, err)
	if len(faults) != 1 || !strings.Contains(faults[0].Detail, "store is new") {
		t.Errorf("faults %+v", faults)
	}
	w.answer()
	if c := w.status(going.Hash).Counts; c.Accepted != 2 || c.Waiting != 0 {
		t.Errorf("counts %+v", c)
	}
	// It lacks nothing now.
	w.net.clear()
	w.hello(b)
	if w.net.count(b.cluster, protocol.LaneResync) != 0 {
		t.Error("sent again what the board has")
	}
}

func TestResyncComesInBatches(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	b.online = false
	for i := range 30 {
		wish := alertFor(protocol.Drill, "03433")
		wish.Messages = nil
		for _, lang := range []string{"vi", "hmn", "tai", "en"} {
			wish.Messages = append(wish.Messages, protocol.Message{Language: lang, Text: strings.Repeat("x", 4000)})
		}
		wish.Hazard = fmt.Sprint("h", i)
		w.sign(w.draft(w.Alert(t.Context(), "lan", wish)), "lan")
	}
	b.online = true
	w.net.clear()
	w.hello(b)
	if n := w.net.count(b.cluster, protocol.LaneResync); n < 10 || n > 20 {
		t.Errorf("%d batches", n)
	}
	for _, m := range w.net.sent {
		if len(m.data) > 64<<10 {
			t.Errorf("a batch of %d bytes", len(m.data))
		}
	}
	if len(b.sounds) != 30 {
		t.Errorf("the board took %d", len(b.sounds))
	}
}

// Central was restored from a backup: the boards know more than it does.
func TestHelloOfABoardThatKnowsMore(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	approved := w.draft(w.Bulletin(ctx, "lan", bulletin("b1", "03433")))
	w.sign(approved, "lan")
	_, err := w.SendPlan(ctx, planFor(b.cluster, approved.Hash))
	must(t, err)
	w.answer()
	lost := strings.Repeat("a", 64)
	b.known.Held["plan"] = protocol.Held{Revision: 7, Hash: lost}
	b.known.Held["keyset"] = protocol.Held{Revision: 5, Hash: lost}
	b.known.Held["bulletin/b1"] = protocol.Held{Revision: 4, Hash: lost}
	b.known.Held["local/live/button1"] = protocol.Held{Revision: 2_000_000, Hash: lost} // a lie
	w.net.clear()
	w.hello(b)
	if b.known.Held["plan"].Revision != 8 {
		t.Errorf("the board has plan %d", b.known.Held["plan"].Revision)
	}
	if len(b.refused) != 0 {
		t.Errorf("the board refused %v", b.refused)
	}
	for subject, d := range map[string]orders.Draft{
		"keyset":      w.draft(w.KeySet(ctx, "test")),
		"bulletin/b1": w.draft(w.Bulletin(ctx, "lan", bulletin("b1", "03433"))),
	} {
		if want := b.known.Held[subject].Revision + 1; d.Revision != want {
			t.Errorf("next %s is %d, want %d", subject, d.Revision, want)
		}
	}
	local := w.draft(w.Local(ctx, "lan", orders.LocalWish{Mode: protocol.Live, Input: "button1", Audience: []string{"03433"}, Lifetime: time.Hour, Seconds: 60, Announcement: flood()}))
	if local.Revision != 1 {
		t.Errorf("a lying board moved the number on to %d", local.Revision)
	}
	faults, err := w.Faults(ctx, b.cluster, 10)
	must(t, err)
	if len(faults) != 3 {
		t.Errorf("faults %+v", faults)
	}
	w.hello(b)
	if again, err := w.Faults(ctx, b.cluster, 10); err != nil || len(again) != 3 {
		t.Errorf("told again: %+v, %v", again, err)
	}
}

func TestHellosThatAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	change := func(f func(*protocol.Hello)) []byte {
		h := b.hello()
		f(&h)
		return encoded(t, h)
	}
	for _, tc := range []struct {
		name string
		data []byte
		want protocol.Reason
	}{
		{"another cluster's", change(func(h *protocol.Hello) { h.Cluster = "muong-te-02" }), protocol.ReasonWrongAudience},
		{"another version", change(func(h *protocol.Hello) { h.Version = 1 }), protocol.ReasonUnknownVersion},
		{"no epoch", change(func(h *protocol.Hello) { h.Epoch = "" }), protocol.ReasonInvalid},
		{"no boot", change(func(h *protocol.Hello) { h.Boot = "" }), protocol.ReasonInvalid},
		{"a clock of its own", change(func(h *protocol.Hello) { h.Clock = "sundial" }), protocol.ReasonInvalid},
		{"next", change(func(h *protocol.Hello) { h.Next = 0 }), protocol.ReasonInvalid},
		{"a subject of 1 MB", change(func(h *protocol.Hello) { h.Held[strings.Repeat("x", 300)] = protocol.Held{} }), protocol.ReasonInvalid},
		{"a name in two cases", []byte(`{"version":20261121,"Version":1}`), protocol.ReasonMalformed},
		{"too large", make([]byte, 2<<20), protocol.ReasonTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refusedAs(t, w.Hello(t.Context(), b.cluster, tc.data), tc.want)
		})
	}
	if len(w.net.sent) != 0 {
		t.Errorf("answered %+v", w.net.sent)
	}
	_, err := w.Greeting(t.Context(), "nobody-01")
	is(t, err, orders.ErrNotFound)
	b.known.Boot = "another"
	w.hello(b)
	g, err := w.Greeting(t.Context(), b.cluster)
	must(t, err)
	if g.Hello.Boot != "another" || g.At.IsZero() {
		t.Errorf("greeting %+v", g)
	}
}

// What a board refused for want of trust is offered again once it has it.
func TestRefusedForWantOfTrust(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	w.addKey("lan", "lan's new phone")
	b.online = false
	w.enact(w.draft(w.KeySet(ctx, "test")))
	w.answer()
	b.online = true
	d := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan's new phone")
	w.answer()
	if c := w.status(d.Hash).Counts; c.Refused != 1 {
		t.Fatalf("counts %+v", c)
	}
	due := time.Now().Add(orders.LongestWait)
	must(t, w.ResendDue(t.Context(), due)) // the key set
	w.answer()
	must(t, w.ResendDue(t.Context(), due)) // the alert, without a hello
	w.answer()
	if c := w.status(d.Hash).Counts; c.Accepted != 2 {
		t.Errorf("counts %+v; the board refused %v", c, b.refused)
	}
}

// A revoked key's orders are void: they are not sent to boards that come later.
func TestRevokedKeyIsNotSentOn(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	b.online = false
	d := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	must(t, w.reg.RevokeKey(ctx, "test", publicOf("lan").ID))
	w.enact(w.draft(w.KeySet(ctx, "test")))
	w.answer()
	b.online = true
	w.hello(b)
	if slices.Contains(b.sounds, d.Subject) || len(b.refused) != 0 || b.known.KeySet.Revision != 2 {
		t.Errorf("the board took %v, refused %v", b.sounds, b.refused)
	}
	late := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	_, err := w.AddSignature(ctx, late.Hash, signature(late, "lan"))
	refusedAs(t, err, protocol.ReasonRevoked)
}

func TestEverythingIsInTheAuditChain(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "chi", alertFor(protocol.Live, "12")))
	w.sign(d, "chi", "binh")
	rows, err := w.db.Audit(t.Context(), 0, 1000)
	must(t, err)
	var did []string
	for _, r := range rows {
		if r.Subject == d.Hash {
			did = append(did, r.Person+" "+r.Action)
		}
	}
	if !slices.Equal(did, []string{"chi order.draft", "chi order.sign", "binh order.seal"}) {
		t.Errorf("audit %q", did)
	}
	_, err = w.db.VerifyAudit(t.Context())
	must(t, err)
}

// Receipts of many boards at once share transactions, and Run acknowledges.
func TestManyReceiptsAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- w.Run(ctx) }()
	var all sync.WaitGroup
	for _, b := range w.net.boards {
		for range 40 {
			b.tell(protocol.Receipt{Fate: protocol.FatePressed, Occurrence: "button1"})
		}
		for _, r := range b.drain() {
			all.Go(func() {
				if err := w.Receipt(ctx, b.cluster, r); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	stop()
	must(t, <-ran)
	must(t, w.Acknowledge(t.Context()))
	for _, b := range w.net.boards {
		if b.acked != 40 {
			t.Errorf("%s was acknowledged through %d", b.cluster, b.acked)
		}
	}
}

// On a slow link a copy must not queue behind the first one still on its way.
func TestWhatIsLargeIsSentAgainLater(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	wish := alertFor(protocol.Drill, "03433")
	for _, lang := range []string{"hmn", "tai", "en"} {
		wish.Messages = append(wish.Messages, protocol.Message{Language: lang, Text: strings.Repeat("x", 4000)})
	}
	began := time.Now()
	d := w.draft(w.Alert(t.Context(), "lan", wish))
	w.sign(d, "lan")
	r, err := w.db.Orders().Order(t.Context(), d.Hash)
	must(t, err)
	waiting, err := w.db.Orders().Waiting(t.Context(), b.cluster)
	must(t, err)
	least := time.Duration(len(r.Envelope)) * time.Second / 4096
	if len(waiting) != 1 || least < 3*time.Second || waiting[0].NextAt.Sub(began) < least {
		t.Errorf("%d bytes, which take %v at 4 KB/s: %+v", len(r.Envelope), least, waiting)
	}
}

// Days that pass are no reason for a new plan; a week is, and so are new words.
func TestAPlanIsSentWhenItSaysSomethingNew(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	approved := w.draft(w.Bulletin(ctx, "lan", bulletin("b1", "03433")))
	w.sign(approved, "lan")
	first := planFor(b.cluster, approved.Hash)
	first.Until = first.From.AddDate(0, 0, 45)
	later := func(days int, p protocol.Plan) protocol.Plan {
		p.From, p.Until = p.From.AddDate(0, 0, days), p.Until.AddDate(0, 0, days)
		return p
	}
	for _, step := range []struct {
		what string
		plan protocol.Plan
		want int64
	}{
		{"the first", first, 1}, {"the same", first, 1}, {"a day later", later(1, first), 1}, {"a week later", later(7, first), 1},
		{"eight days later", later(8, first), 2}, {"other items", later(8, planFor(b.cluster)), 3},
	} {
		s, err := w.SendPlan(ctx, step.plan)
		must(t, err)
		if s.Revision != step.want {
			t.Errorf("%s: plan %d, want %d", step.what, s.Revision, step.want)
		}
	}
}

// An old plan is kept until the board has accepted a newer one.
func TestOldPlansAreForgotten(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	plans := func() (revisions []int64) {
		all, err := w.List(ctx, orders.Query{Kinds: []protocol.Kind{protocol.KindPlan}, Cluster: b.cluster})
		must(t, err)
		for _, s := range all {
			revisions = append(revisions, s.Revision)
		}
		slices.Sort(revisions)
		return revisions
	}
	_, err := w.SendPlan(ctx, planFor("muong-te-02"))
	must(t, err)
	var held protocol.Held
	for i := range 3 {
		p := planFor(b.cluster)
		p.Until = p.Until.AddDate(0, 0, -i)
		_, err := w.SendPlan(ctx, p)
		must(t, err)
		if i == 0 {
			held = b.known.Held["plan"]
		}
	}
	if got := plans(); !slices.Equal(got, []int64{1, 2, 3}) {
		t.Fatalf("before a receipt: %v", got)
	}
	w.answer()
	if got := plans(); !slices.Equal(got, []int64{3}) {
		t.Errorf("after the receipts: %v", got)
	}
	if others, err := w.List(ctx, orders.Query{Kinds: []protocol.Kind{protocol.KindPlan}, Cluster: "muong-te-02"}); err != nil || len(others) != 1 {
		t.Errorf("another cluster's: %+v, %v", others, err)
	}
	// A board that fell back to an old one is given the newest, with no fuss.
	b.known.Held["plan"] = held
	w.hello(b)
	faults, err := w.Faults(ctx, b.cluster, 10)
	must(t, err)
	if b.known.Held["plan"].Revision != 3 || len(faults) != 0 {
		t.Errorf("the board has plan %d, faults %+v", b.known.Held["plan"].Revision, faults)
	}
}
