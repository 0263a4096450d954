package controller_test

import (
	"fmt"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/protocol"
)

// busy is a board with a plan of 50 programmes, each several times a day, and
// an hour of their marks.
func busy(b *testing.B) *board {
	w := enrolled(b)
	var items []protocol.Item
	for i := range 50 {
		bulletin := w.world().bulletin(fmt.Sprintf("news-%d", i))
		w.receive(bulletin)
		w.have(fmt.Sprintf("news-%d", i))
		items = append(items, item(fmt.Sprintf("item-%d", i), noon.Add(time.Duration(i)*time.Minute), bulletin, func(it *protocol.Item) {
			it.Rule, it.Seconds, it.Late = "FREQ=HOURLY;INTERVAL=4", 50, 5
		}))
	}
	w.receive(w.world().plan(1, items...))
	w.receive(w.world().time(w.id.Boot))
	w.pass(time.Hour)
	return w
}

// BenchmarkStep takes an alert into a busy board, up to the commit that is
// asked for, and from its completion to the cue. BenchmarkOpen is its baseline:
// the gate alone, which nobody can save.
func BenchmarkStep(b *testing.B) {
	w := busy(b)
	b.Run("alert", func(b *testing.B) {
		e := controller.Received{Lane: protocol.LaneAlert, Payload: bytesOf(w.world().alert("7f3c"))}
		b.ReportAllocs()
		for b.Loop() {
			next, effects := controller.Step(w.s, e, w.now)
			commit := find[controller.Commit](effects)
			for i := range commit.Receipts {
				commit.Receipts[i].Sequence = w.disk.NextSequence + int64(i)
			}
			_, effects = controller.Step(next, controller.Committed{Serial: commit.Serial, Receipts: commit.Receipts}, w.now)
			if find[controller.Play](effects).Cue == nil {
				b.Fatal("the alert does not sound")
			}
		}
	})
	b.Run("tick", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			controller.Step(w.s, controller.Tick{}, w.now)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	w := world{noon}
	k := protocol.Known{
		BoardKey: public("board").ID, Epoch: epoch, Boot: "boot-1", Enrolling: true,
		Held: map[string]protocol.Held{}, Alerts: map[string]protocol.KnownAlert{}, Stops: map[string]bool{},
	}
	clock := protocol.Clock{Now: noon, Trusted: true}
	open := func(e protocol.Envelope) *protocol.Order {
		o, err := protocol.Open(bytesOf(e), k, clock)
		if err != nil {
			b.Fatal(err)
		}
		return o
	}
	k.Root = open(w.root()).Document.(*protocol.Root)
	k.KeySet = open(w.keySet(1)).Document.(*protocol.KeySet)
	k.Placement = open(w.placement()).Document.(*protocol.Placement)
	data := bytesOf(w.alert("7f3c"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := protocol.Open(data, k, clock); err != nil {
			b.Fatal(err)
		}
	}
}

// find is the first effect of a type.
func find[T controller.Effect](effects []controller.Effect) (found T) {
	for _, e := range effects {
		if e, ok := e.(T); ok {
			return e
		}
	}
	return found
}
