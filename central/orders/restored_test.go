package orders_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/orders"
	"loa/controller/protocol"
)

// restart starts central anew on what it has.
func (w *world) restart() {
	w.t.Helper()
	// What is kept of a time are whole milliseconds: the start comes after it.
	for began := time.Now().UnixMilli(); time.Now().UnixMilli() == began; {
	}
	must(w.t, w.db.Close())
	w.open()
	w.net.clear()
}

// Central was restored from a backup: it has the alert and not its cancel. A
// board that lost its store says hello first, one that knows of the cancel
// later.
func TestARestoredCentralSoundsNothingThatWasCancelled(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	knows, blank := w.net.boards["muong-te-01"], w.net.boards["muong-te-02"]
	d := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	w.answer()
	a := knows.known.Alerts[d.Subject]
	a.Cancelled, a.CancelHash = true, strings.Repeat("c", 64) // by a cancel that was lost
	knows.known.Alerts[d.Subject] = a
	blank.known.Alerts, blank.epoch, blank.known.Epoch = map[string]protocol.KnownAlert{}, "second", "second"
	blank.sounds = nil

	w.restart()
	w.hello(blank)
	must(t, w.ResendDue(ctx, time.Now().Add(5*time.Second)))
	if len(blank.sounds) != 0 {
		t.Fatalf("sounded %v before boards could say what is over", blank.sounds)
	}
	w.hello(knows)
	w.Settle()
	for range 2 {
		must(t, w.ResendDue(ctx, time.Now().Add(orders.LongestWait)))
		w.hello(blank)
		if len(blank.sounds) != 0 {
			t.Fatalf("sounded %v, which was cancelled", blank.sounds)
		}
	}
	update := w.draft(w.UpdateAlert(ctx, "lan", alertID(d), alertFor(protocol.Live)))
	_, err := w.AddSignature(ctx, update.Hash, signature(update, "lan"))
	refusedAs(t, err, protocol.ReasonCancelled)
	w.hello(knows)
	faults, err := w.Faults(ctx, knows.cluster, 10)
	must(t, err)
	if len(faults) != 1 || faults[0].Reason != protocol.ReasonCancelled || !strings.Contains(faults[0].Detail, d.Subject) {
		t.Errorf("faults %+v", faults)
	}
	// It stays so when nobody is there to say it again.
	w.restart()
	w.Settle()
	w.hello(blank)
	if len(blank.sounds) != 0 {
		t.Errorf("sounded %v after another start", blank.sounds)
	}
}

// Without a word of a cancel the alert goes out once boards had their time.
func TestAnAlertFromBeforeTheStartIsOnlyLate(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	b.online = false
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	w.restart()
	b.online = true
	w.hello(b)
	now := time.Now()
	must(t, w.ResendDue(t.Context(), now.Add(9*time.Second)))
	if len(b.sounds) != 0 {
		t.Fatalf("sounded %v at once", b.sounds)
	}
	must(t, w.ResendDue(t.Context(), now.Add(11*time.Second)))
	if !slices.Equal(b.sounds, []string{d.Subject}) {
		t.Errorf("sounded %v, refused %v", b.sounds, b.refused)
	}
}

// One board that lies ends nothing that was raised since the start, nor what is
// not for it, and what a known cancel explains is no news.
func TestALyingBoardSilencesNoNewAlert(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	liar, other, elsewhere := w.net.boards["muong-te-01"], w.net.boards["muong-te-02"], w.net.boards["doan-ket-01"]
	other.online = false
	theirs := w.draft(w.Alert(ctx, "nam", alertFor(protocol.Live, "03388")))
	elsewhere.online = false
	w.sign(theirs, "nam")
	over := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(over, "lan")
	w.sign(w.draft(w.Cancel(ctx, "lan", protocol.Live, alertID(over))), "lan")
	w.restart()
	fresh := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(fresh, "lan")
	for _, d := range []orders.Draft{theirs, fresh} {
		a := liar.known.Alerts[d.Subject]
		a.Cancelled = true
		liar.known.Alerts[d.Subject] = a
	}
	w.hello(liar)
	other.online, elsewhere.online = true, true
	w.Settle()
	w.hello(other)
	w.hello(elsewhere)
	if !slices.Contains(other.sounds, fresh.Subject) || !slices.Contains(elsewhere.sounds, theirs.Subject) {
		t.Errorf("took %v and %v", other.sounds, elsewhere.sounds)
	}
	if faults, err := w.Faults(ctx, "", 10); err != nil || len(faults) != 0 {
		t.Errorf("faults %+v, %v", faults, err)
	}
}

// Many hellos of one board that lies do not creep on with shared numbers; its
// own plan's are its own.
func TestALyingBoardUsesUpNoNumbers(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	lost := strings.Repeat("a", 64)
	for i := range int64(5) {
		b.known.Held["keyset"] = protocol.Held{Revision: (i + 1) * 900, Hash: lost}
		b.known.Held["alert/live/7f3c"] = protocol.Held{Revision: 3, Hash: lost}
		w.hello(b)
	}
	if d := w.draft(w.KeySet(ctx, "test")); d.Revision > 1002 {
		t.Errorf("the next key set is %d", d.Revision)
	}
	if n, err := w.db.Orders().HighestRevision(ctx, "alert/live/7f3c", ""); err != nil || n != 0 {
		t.Errorf("a floor of %d for an alert, %v", n, err)
	}
	b.known.Held["placement"] = protocol.Held{Revision: 50_000, Hash: lost}
	w.hello(b)
	if d := w.draft(w.Placement(ctx, "test", b.cluster)); d.Revision != 50_001 {
		t.Errorf("the next placement is %d, the board has 50000", d.Revision)
	}
}
