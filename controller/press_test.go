package controller_test

import (
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/firmware"
)

func TestPress(t *testing.T) {
	press := "local/live/button@2026-11-21T10:00:00/1#1"
	t.Run("plays its order", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live))
		b.press()
		b.wantSound("horn", press)
		b.press() // it sounds already
		b.pass(25 * time.Second)
		b.finish("horn")
		b.wantFates([]protocol.Fate{protocol.FatePressed, protocol.FateStarted, protocol.FateFinished},
			"pressed button", "started "+press, "pressed button", "finished "+press)
		if r := b.last(protocol.FateFinished); r.Kind != protocol.KindLocal || r.Mode != protocol.Live || r.Order == "" {
			t.Errorf("told as %+v", r)
		}
	})
	t.Run("at most its seconds", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live, func(l *protocol.Local) { l.Seconds, l.Repetitions = 60, 1000 }))
		b.press()
		if until := b.on["horn"].Until; !until.Equal(noon.Add(time.Minute)) {
			t.Errorf("silent by %v", until)
		}
		b.pass(25 * time.Second)
		b.finish("horn")
		b.pass(25 * time.Second)
		b.wantSound("horn", "local/live/button@2026-11-21T10:00:00/1#2")
		b.pass(10 * time.Second)
		b.wantSound("horn", "")
		b.pass(time.Hour)
		b.wantSound("horn", "")
		b.press()
		b.wantSound("horn", "local/live/button@2026-11-21T11:01:00/1#1")
	})
	t.Run("on two outputs", func(t *testing.T) {
		b := enrolled(t, "north", "south")
		b.receive(b.world().local(protocol.Live))
		b.press()
		b.finish("north")
		b.pass(time.Second)
		b.finish("south")
		b.pass(20 * time.Second)
		b.wantSound("north", "local/live/button@2026-11-21T10:00:00/1#2")
		b.happens("north", playout.Event{Kind: playout.Failed, Err: playout.ErrLongestOn})
		b.finish("south")
		b.pass(time.Hour)
		b.wantSound("north", "")
	})
	t.Run("without an order it is only told", func(t *testing.T) {
		b := enrolled(t)
		b.press()
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FatePressed}, "pressed button")
		if r := b.last(protocol.FatePressed); r.Detail != "no order for this button" {
			t.Errorf("told as %q", r.Detail)
		}
	})
	t.Run("a line that comes back with the button down is no press", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live, func(l *protocol.Local) { l.Seconds, l.Repetitions = 10, 1 }))
		down := controller.Pressed{Press: firmware.Press{Input: "button", Active: true, At: b.now}}
		b.feed(down)
		b.wantSound("horn", press)
		b.pass(time.Minute)
		b.wantSound("horn", "")
		b.feed(controller.Fault{Part: "input button", Detail: "its line was lost"}, down)
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FatePressed}, "pressed button")
		if f := b.faults(); len(f) != 0 {
			t.Errorf("faults %v, the line came back", f)
		}
		b.press() // let go and pressed anew, but for the first edge
		b.press()
		b.wantFates([]protocol.Fate{protocol.FatePressed}, "pressed button", "pressed button")
	})
	t.Run("an expired order", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live, func(l *protocol.Local) { l.Expires = noon.Add(time.Hour) }))
		b.pass(time.Hour)
		b.press()
		b.wantSound("horn", "")
		if f := b.faults(); !contains(f["local/live/button"], "expired") {
			t.Errorf("faults %v", f)
		}
		b.receive(b.world().local(protocol.Live, func(l *protocol.Local) { l.Revision = 2 }))
		if f := b.faults(); len(f) != 0 {
			t.Errorf("faults %v after a new one", f)
		}
	})
	t.Run("a drill order is a drill, and gives way", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Drill))
		b.press()
		if c := b.on["horn"]; c == nil || !c.Drill {
			t.Fatalf("sounds %+v", c)
		}
		b.receive(b.world().local(protocol.Live))
		b.press()
		b.wantSound("horn", press)
	})
}
