package controller_test

import (
	"testing"
	"time"

	"loa/controller/protocol"
)

func TestRevokedKey(t *testing.T) {
	t.Run("an alert on air", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"))
		b.receive(b.world().keySet(2, "officer"))
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateStopped, protocol.FateRefused}, "refused revoked", "stopped alert/live/7f3c/1#1")
		b.pass(time.Minute)
		b.wantSound("horn", "")
	})
	t.Run("an alert of two, of whom one suffices", func(t *testing.T) {
		b := enrolled(t)
		e := b.world().alert("7f3c")
		e.Sign(private("captain"))
		b.receive(e)
		b.receive(b.world().keySet(2, "officer"))
		b.wantSound("horn", "alert/live/7f3c/1#1")
	})
	t.Run("a bulletin on air", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(2 * time.Minute)
		b.receive(b.world().keySet(2, "officer"))
		b.wantSound("horn", "")
		b.wantFates(sound, "started "+news, "stopped "+news)
		b.pass(time.Hour)
		b.wantFates(sound, "started "+news, "stopped "+news)
	})
	t.Run("a bulletin that is cut", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(2 * time.Minute)
		b.receive(sign(protocol.KindAlert, protocol.Live, b.world().alertDocument("7f3c"), "captain"))
		b.receive(b.world().keySet(2, "officer"))
		b.receive(b.world().cancel("7f3c"))
		b.pass(time.Hour)
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateFinished, protocol.FateFailed, protocol.FateMissed}, "missed "+news)
	})
	t.Run("a button", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live), b.world().keySet(2, "officer"))
		b.press()
		b.wantSound("horn", "")
	})
	t.Run("a press that sounds", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live))
		b.press()
		press := b.sounds("horn")
		b.receive(b.world().keySet(2, "officer"))
		b.wantSound("horn", "")
		b.wantFates(sound, "started "+press, "stopped "+press)
	})
	t.Run("the plan", func(t *testing.T) {
		b, _ := withNews(t)
		b.pass(2 * time.Minute)
		b.receive(b.world().keySet(2, "central"))
		b.wantSound("horn", "")
	})
}

// A board that is moved to another commune sounds nothing of the old one.
func TestBoardIsMoved(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().alert("7f3c"), b.world().local(protocol.Live))
	b.receive(b.world().placementIn(2, "03390"))
	b.wantSound("horn", "")
	b.wantFates([]protocol.Fate{protocol.FateStopped, protocol.FateRefused}, "refused wrong-audience", "refused wrong-audience", "stopped alert/live/7f3c/1#1")
	b.press()
	b.wantSound("horn", "")
}

// The next root can take the key set from administrators who lost their keys.
// Until there is a new one nothing sounds; then what was accepted goes on.
func TestRootVoidsKeySet(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().alert("7f3c"))
	b.receive(b.world().rootOf(2, "admin1", "admin2", "admin4"))
	b.wantSound("horn", "")
	if r := b.last(protocol.FateRefused); r.Reason != protocol.ReasonRevoked || r.Cluster != clusterID {
		t.Errorf("told %+v", r)
	}
	b.receive(b.world().alert("second"))
	b.boot()
	b.pass(time.Minute)
	b.wantSound("horn", "")
	signedBy := func(e protocol.Envelope, names ...string) protocol.Envelope {
		e.Signatures = nil
		for _, name := range names {
			e.Sign(private(name))
		}
		return e
	}
	b.receive(signedBy(b.world().keySet(1), "admin1", "admin4"), signedBy(b.world().placement(), "admin1", "admin4"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
}

// What fell with a key that was revoked may come again from somebody else.
func TestVoidAlertComesAgain(t *testing.T) {
	b := enrolled(t)
	a := b.world().alertDocument("7f3c")
	b.receive(sign(protocol.KindAlert, protocol.Live, a, "officer"), b.world().keySet(2, "officer"))
	b.wantSound("horn", "")
	b.receive(sign(protocol.KindAlert, protocol.Live, a, "captain"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
}

// Whoever held a key until it was revoked may have used up the numbers.
func TestVoidForgetsTheNumber(t *testing.T) {
	b := enrolled(t)
	const last = 1<<53 - 1
	bulletin := b.world().bulletin("news", func(b *protocol.Bulletin) { b.Revision = last })
	b.receive(b.world().local(protocol.Live, func(l *protocol.Local) { l.Revision = last }))
	b.receive(b.world().bulletin("news"), bulletin, b.world().plan(last))
	b.receive(b.world().keySet(2, "officer", "central"))
	byCaptain := func(e protocol.Envelope) protocol.Envelope {
		e.Signatures = nil
		e.Sign(private("captain"))
		return e
	}
	second := b.world().bulletin("news", func(b *protocol.Bulletin) { b.Revision = 2 })
	n := len(b.receipts)
	b.receive(b.world().ruledBy(3, "captain"))
	b.receive(byCaptain(b.world().local(protocol.Live)), byCaptain(second), byCaptain(b.world().plan(1)))
	if got := b.receipts[n:]; len(got) != 4 || got[1].Fate != protocol.FateAccepted || got[2].Fate != protocol.FateAccepted || got[3].Fate != protocol.FateAccepted {
		t.Errorf("told\n%s", b.story())
	}
}

// A key set that was void said who may order: what was accepted by its word
// alone does not come back with the next.
func TestNothingRestsOnAVoidKeySet(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().ruledBy(7, "thief"))
	b.receive(sign(protocol.KindAlert, protocol.Live, b.world().alertDocument("7f3c"), "thief"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
	b.receive(b.world().rootOf(2, "admin1", "admin4", "admin5"))
	b.wantSound("horn", "")
	b.boot()
	for _, e := range []protocol.Envelope{b.world().keySet(1), b.world().placement()} {
		e.Signatures = nil
		e.Sign(private("admin1"))
		e.Sign(private("admin4"))
		b.receive(e)
	}
	b.pass(time.Minute)
	b.wantSound("horn", "")
	b.receive(b.world().alert("7f3c"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
}
