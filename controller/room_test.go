package controller_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/protocol"
)

// flood gives many orders in one message: Step looks at each, and the board
// stores them together.
func (b *board) flood(n int, order func(i int) protocol.Envelope) {
	b.t.Helper()
	r := protocol.Resync{Version: protocol.Version, Boot: b.id.Boot}
	for i := range n {
		r.Orders = append(r.Orders, order(i))
	}
	b.feed(controller.Received{Lane: protocol.LaneResync, Payload: bytesOf(r)})
}

// ends are the alerts that the board tells as ended.
func (b *board) ends() []string {
	b.pass(10 * time.Minute)
	hellos := asks[controller.SendHello](b)
	return hellos[len(hellos)-1].Hello.Cancelled
}

// One officer's key cannot fill the board for others.
func TestOneKeyCannotFillTheBoard(t *testing.T) {
	t.Run("with cancels of nothing", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("first"))
		b.flood(600, func(i int) protocol.Envelope { return b.world().cancel(fmt.Sprint("none-", i)) })
		b.pass(time.Minute)
		b.flood(600, func(i int) protocol.Envelope { return b.world().cancel(fmt.Sprint("later-", i)) })
		b.receive(b.world().cancel("newest"), b.world().alert("7f3c"))
		b.wantSound("horn", "alert/live/7f3c/1#1")
		b.receive(b.world().cancel("7f3c"))
		b.wantSound("horn", "alert/live/first/1#1")
		b.receive(b.world().cancel("first"))
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateRefused})
		kept, ends := len(b.kept), b.ends()
		if kept > 600 || !slices.Contains(ends, "alert/live/newest") || !slices.Contains(ends, "alert/live/7f3c") || slices.Contains(ends, "alert/live/none-0") {
			t.Errorf("%d records, %d ended", kept, len(ends))
		}
	})
	t.Run("with drills", func(t *testing.T) {
		b := enrolled(t)
		b.flood(501, func(i int) protocol.Envelope { return b.world().drill(fmt.Sprint("drill-", i)) })
		if r := b.last(protocol.FateRefused); r.Reason != protocol.ReasonTooLarge || r.Detail != ": the board holds 500 drills already" && r.Detail != "the board holds 500 drills already" {
			t.Errorf("told %+v", r)
		}
		e := b.world().cancel("drill-3")
		e.PayloadType = protocol.PayloadType(protocol.KindCancel, protocol.Drill)
		e.Signatures = nil
		e.Sign(private("officer"))
		b.receive(e, b.world().drill("one-more"), b.world().alert("7f3c"))
		b.wantSound("horn", "alert/live/7f3c/1#1")
		b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused too-large")
	})
	t.Run("with live alerts", func(t *testing.T) {
		b := enrolled(t)
		b.flood(1001, func(i int) protocol.Envelope {
			return b.world().alert(fmt.Sprint("alert-", i), func(a *protocol.Alert) { a.Level = 1 })
		})
		if r := b.last(protocol.FateRefused); r.Detail != "the board holds 1000 alerts already" {
			t.Errorf("told %+v", r)
		}
		b.receive(b.world().alert("alert-7", func(a *protocol.Alert) { a.Sequence, a.Level = 2, 5 }))
		b.wantSound("horn", "alert/live/alert-7/2#1")
		b.receive(b.world().cancel("alert-7"))
		if b.sounds("horn") == "alert/live/alert-7/2#1" {
			t.Error("what sounds cannot be cancelled")
		}
	})
	t.Run("with stops", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("first"), b.world().alert("7f3c"))
		b.receive(b.world().stop("counts", protocol.Target{Alert: "first", Mode: protocol.Live}))
		b.pass(time.Second) // it is the oldest
		b.flood(2000, func(i int) protocol.Envelope {
			return b.world().stop(fmt.Sprint("s-", i), protocol.Target{Alert: fmt.Sprint("none-", i), Mode: protocol.Live})
		})
		b.receive(b.world().stop("last", protocol.Target{Alert: "7f3c", Mode: protocol.Live}))
		b.wantSound("horn", "")
		b.boot()
		b.wantSound("horn", "")
		if len(b.kept) > 2100 {
			t.Errorf("%d records", len(b.kept))
		}
	})
}

// The fault that some refusals are not told ends with the flood.
func TestFloodOfRefusalsEnds(t *testing.T) {
	b := enrolled(t)
	for i := range 100 {
		b.feed(controller.Received{Lane: protocol.LaneOrder, Payload: fmt.Appendf(nil, "nonsense %d", i)})
	}
	if b.faults()["orders"] == "" {
		t.Error("no fault")
	}
	b.pass(2 * time.Minute)
	if f := b.faults(); f["orders"] != "" {
		t.Errorf("faults %v", f)
	}
}
