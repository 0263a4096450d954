package controller_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/protocol"
)

// What must be refused: one receipt with its reason, nothing sounds, nothing is
// kept, and the same bytes again say nothing.
func TestRefused(t *testing.T) {
	spoil := func(e protocol.Envelope, part string) []byte {
		return bytes.Replace(bytesOf(e), []byte(part), []byte("x"+part[1:]), 1)
	}
	flood := func(w world, change ...func(*protocol.Alert)) protocol.Envelope { return w.alert("7f3c", change...) }
	for _, c := range []struct {
		name   string
		data   func(w world) []byte
		reason protocol.Reason
	}{
		{"no JSON", func(world) []byte { return []byte("hello") }, protocol.ReasonMalformed},
		{"10 MB", func(world) []byte { return bytes.Repeat([]byte("a"), 10<<20) }, protocol.ReasonTooLarge},
		{"a changed byte", func(w world) []byte {
			e := flood(w)
			e.Payload = bytes.Replace(e.Payload, []byte("7f3c"), []byte("7f3d"), 1)
			return bytesOf(e)
		}, protocol.ReasonBadSignature},
		{"a drill sent as live", func(w world) []byte {
			e := w.drill("7f3c")
			e.PayloadType = protocol.PayloadType(protocol.KindAlert, protocol.Live)
			return bytesOf(e)
		}, protocol.ReasonBadSignature},
		{"a stranger's key", func(w world) []byte {
			return bytesOf(sign(protocol.KindAlert, protocol.Live, w.alertDocument("7f3c"), "nobody"))
		}, protocol.ReasonUnknownKey},
		{"who may not order", func(w world) []byte {
			return bytesOf(sign(protocol.KindAlert, protocol.Live, w.alertDocument("7f3c"), "central"))
		}, protocol.ReasonNotAuthorised},
		{"one person for a province", func(w world) []byte {
			d := w.alertDocument("7f3c", func(a *protocol.Alert) { a.Audience = []string{province} })
			return bytesOf(sign(protocol.KindAlert, protocol.Live, d, "wide1"))
		}, protocol.ReasonThreshold},
		{"another commune's", func(w world) []byte {
			return bytesOf(flood(w, func(a *protocol.Alert) { a.Audience = []string{"03390"} }))
		}, protocol.ReasonWrongAudience},
		{"expired", func(w world) []byte {
			return bytesOf(flood(w, func(a *protocol.Alert) { a.Issued, a.Expires = w.now.Add(-3*time.Hour), w.now.Add(-time.Hour) }))
		}, protocol.ReasonExpired},
		{"from the future", func(w world) []byte {
			return bytesOf(flood(w, func(a *protocol.Alert) { a.Issued, a.Expires = w.now.Add(time.Hour), w.now.Add(2*time.Hour) }))
		}, protocol.ReasonNotYet},
		{"a plan of another cluster", func(w world) []byte {
			return bytesOf(sign(protocol.KindPlan, protocol.Live, protocol.Plan{
				Version: protocol.Version, Cluster: "thu-lum-01", Revision: 1, Issued: w.now, From: w.now, Until: w.now.Add(time.Hour), Zone: "UTC",
			}, "central"))
		}, protocol.ReasonWrongAudience},
		{"a time for another boot", func(w world) []byte { return bytesOf(w.time("boot-0")) }, protocol.ReasonWrongAudience},
		{"a duplicate name", func(w world) []byte { return spoil(flood(w), `"payload"`) }, protocol.ReasonMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := enrolled(t)
			kept := len(b.kept)
			for range 3 {
				b.feed(controller.Received{Lane: protocol.LaneAlert, Payload: c.data(b.world())})
			}
			b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused "+string(c.reason))
			r := b.last(protocol.FateRefused)
			if r.Detail == "" || len(r.Order) != 64 {
				t.Errorf("the receipt says too little: %+v", r)
			}
			b.wantSound("horn", "")
			if len(b.kept) != kept {
				t.Errorf("something was kept: %v", b.kept)
			}
		})
	}
}

func TestConflict(t *testing.T) {
	b := enrolled(t)
	bulletin := b.world().bulletin("news")
	b.receive(bulletin, b.world().plan(1, item("a", noon.Add(time.Minute), bulletin)), b.world().plan(1, item("b", noon.Add(time.Minute), bulletin)))
	b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused conflict")
	b.have("news")
	b.pass(time.Minute)
	b.wantSound("horn", occurrence("a", noon.Add(time.Minute)))
}

func TestDuplicateSaysNothing(t *testing.T) {
	b := enrolled(t)
	a := b.world().alert("7f3c")
	b.receive(a)
	n, attempts := len(b.receipts), b.attempts
	b.receive(a, a)
	if len(b.receipts) != n || b.attempts != attempts {
		t.Errorf("a duplicate was told:\n%s", b.story())
	}
	b.receive(b.world().cancel("7f3c"))
	n = len(b.receipts)
	b.receive(b.world().cancel("7f3c"))
	if len(b.receipts) != n {
		t.Errorf("a duplicate was told:\n%s", b.story())
	}
}

func TestCancelOvertakesAlert(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().cancel("7f3c"), b.world().alert("7f3c"))
	b.wantSound("horn", "")
	b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused cancelled")
	b.boot()
	b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Sequence = 2 }))
	b.wantSound("horn", "")
}

// A board that lacks trust refuses everything, and takes none from the network.
func TestNotEnrolled(t *testing.T) {
	b := blank(t)
	b.feed(controller.Up{})
	b.receive(b.world().root(), b.world().keySet(1), b.world().placement(), b.world().alert("7f3c"))
	b.wantSound("horn", "")
	b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused not-enrolled", "refused not-enrolled", "refused not-enrolled", "refused not-enrolled")
	b.feed(controller.Enrolled{Enrolment: b.world().enrolment()})
	b.wantFates([]protocol.Fate{protocol.FateAccepted}, "accepted root", "accepted keyset", "accepted placement")
	if got := asks[controller.Subscribe](b); len(got) != 1 || len(got[0].Areas) != 2 {
		t.Errorf("subscribed to %v", got)
	}
	n := len(b.receipts)
	b.boot()
	b.feed(controller.Enrolled{Enrolment: b.world().enrolment()})
	if len(b.receipts) != n {
		t.Errorf("the enrolment is told at every start:\n%s", b.story())
	}
}

func TestResync(t *testing.T) {
	b := enrolled(t)
	r := protocol.Resync{Version: protocol.Version, Boot: b.id.Boot, Orders: []protocol.Envelope{
		b.world().cancel("old"), b.world().alert("old"), b.world().alert("7f3c"), b.world().local(protocol.Live),
	}}
	b.feed(controller.Received{Lane: protocol.LaneResync, Payload: bytesOf(r)})
	b.wantSound("horn", "alert/live/7f3c/1#1")
	for _, broken := range []string{"", "{}", `{"version":99,"boot":"b","orders":[]}`} {
		b.feed(controller.Received{Lane: protocol.LaneResync, Payload: []byte(broken)})
	}
	b.wantSound("horn", "alert/live/7f3c/1#1")
}

// Anybody who reaches the broker can have orders refused: that fills nothing.
func TestRefusalsAreLimited(t *testing.T) {
	b := enrolled(t)
	n := len(b.receipts)
	for i := range 500 {
		b.feed(controller.Received{Lane: protocol.LaneAlert, Payload: fmt.Appendf(nil, "nonsense %d", i)})
	}
	if told := len(b.receipts) - n; told < 20 || told > 100 {
		t.Errorf("%d of 500 are told", told)
	}
	b.receive(b.world().alert("7f3c"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
	b.pass(2 * time.Minute)
	n = len(b.receipts)
	b.feed(controller.Received{Lane: protocol.LaneAlert, Payload: []byte("later")})
	if len(b.receipts) != n+1 {
		t.Errorf("refusals are not told any more")
	}
	if f := b.faults(); len(f) != 0 {
		t.Errorf("faults %v when it is over", f)
	}
}
