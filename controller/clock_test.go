package controller_test

import (
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
)

// timeless is a board without an RTC: its clock says 1970.
func timeless(t *testing.T) *board {
	b := enrolled(t)
	b.id.TrustClock = false
	b.now = time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC)
	b.boot()
	b.feed(controller.Up{})
	return b
}

// right is the world at the time that it really is.
var right = world{noon}

func TestUntrustedClock(t *testing.T) {
	t.Run("an alert waits for the signed time", func(t *testing.T) {
		b := timeless(t)
		b.receive(right.alert("7f3c"), right.alert("7f3c"))
		b.wantSound("horn", "")
		b.receive(right.time("boot-1")) // of the boot before
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused wrong-audience")
		b.receive(right.time(b.id.Boot))
		b.wantSound("horn", "alert/live/7f3c/1#1")
		b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused wrong-audience")
	})
	t.Run("an alert that has expired meanwhile", func(t *testing.T) {
		b := timeless(t)
		b.receive(right.alert("7f3c"))
		b.receive(world{noon.Add(3 * time.Hour)}.time(b.id.Boot))
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused expired")
	})
	t.Run("cancel and stop need no clock", func(t *testing.T) {
		b := timeless(t)
		right := world{noon.AddDate(0, 0, 30)} // it was off for a month
		b.receive(right.alert("7f3c"), right.alert("second"), right.cancel("7f3c"), right.stop("s", protocol.Target{Alert: "second", Mode: protocol.Live}))
		b.wantFates([]protocol.Fate{protocol.FateAccepted}[0:1], "accepted root", "accepted keyset", "accepted placement", "accepted alert/live/7f3c", "accepted stop/s")
		b.receive(right.time(b.id.Boot))
		b.wantSound("horn", "")
		b.pass(time.Hour)
		b.receive(world{right.now.Add(time.Hour)}.time(b.id.Boot)) // now it is certain
		b.receive(right.alert("7f3c"), right.alert("second"))      // on their way until now
		b.wantSound("horn", "")
	})
	t.Run("routine waits", func(t *testing.T) {
		b, news := withNews(t)
		b.id.TrustClock = false
		b.boot(audio("news").SHA256)
		b.pass(time.Hour)
		b.wantSound("horn", "")
		b.wantFates(sound)
		b.receive(world{noon.Add(2 * time.Minute)}.time(b.id.Boot))
		b.wantSound("horn", news)
	})
	t.Run("an accepted alert goes on without the time", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"))
		b.id.TrustClock = false
		b.now = time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC)
		b.boot()
		b.wantSound("horn", "alert/live/7f3c/1#1")
		b.pass(30 * time.Second)
		b.finish("horn")
		b.pass(20 * time.Second)
		b.wantSound("horn", "alert/live/7f3c/1#2")
		b.finish("horn")
		b.pass(time.Hour)
		b.wantSound("horn", "")
	})
	t.Run("an accepted alert that has certainly expired", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"))
		b.id.TrustClock = false
		b.now, b.disk.Floor = time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC), noon.Add(2*time.Hour)
		b.boot()
		b.pass(time.Hour)
		b.wantSound("horn", "")
	})
	t.Run("the floor refuses an older time", func(t *testing.T) {
		b := timeless(t)
		b.receive(right.time(b.id.Boot))
		b.pass(time.Hour)
		b.receive(world{noon.Add(time.Hour)}.time(b.id.Boot))
		b.boot()
		b.feed(controller.Up{})
		b.receive(right.time(b.id.Boot))
		b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused stale")
	})
	t.Run("an RTC that lost its battery", func(t *testing.T) {
		b, _ := withNews(t)
		b.receive(b.world().time(b.id.Boot))
		b.pass(12 * time.Hour)
		b.receive(b.world().cancel("7f3c"))
		b.now = noon.Add(11 * time.Hour)
		b.boot(audio("news").SHA256)
		b.feed(controller.Up{})
		hellos := asks[controller.SendHello](b)
		if c := hellos[len(hellos)-1].Hello.Clock; c != protocol.ClockUntrusted {
			t.Errorf("a clock that is behind the floor is %s", c)
		}
	})
	t.Run("a clock that was ahead of its time", func(t *testing.T) {
		b, news := withNews(t)
		b.id.TrustClock = false
		b.now = noon.AddDate(50, 0, 0)
		b.boot()
		b.pass(time.Hour)
		b.receive(world{noon.Add(time.Hour)}.time(b.id.Boot))
		b.wantFates(sound, "missed "+news)
	})
	t.Run("a time that is played back changes nothing", func(t *testing.T) {
		b := timeless(t)
		now := right.time(b.id.Boot)
		b.receive(now)
		b.pass(30 * time.Second)
		b.receive(now)
		if at := asks[controller.SendState](b)[len(asks[controller.SendState](b))-1].State.At; at.Before(noon) {
			t.Errorf("the state is told at %v", at)
		}
		b.receive(right.alert("7f3c"))
		if at := b.last(protocol.FateAccepted).At; !at.Equal(noon.Add(30 * time.Second)) {
			t.Errorf("accepted at %v", at)
		}
	})
}

// Learning the time cuts no press, and lets none sound longer.
func TestTimeIsLearnedDuringPress(t *testing.T) {
	b := timeless(t)
	b.receive(right.time(b.id.Boot), right.local(protocol.Live, func(l *protocol.Local) { l.Repetitions = 1000 }))
	b.now = time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC)
	b.boot()
	b.feed(controller.Up{})
	b.press()
	press := b.sounds("horn")
	if press == "" {
		t.Fatal("the button plays nothing without the time")
	}
	b.pass(time.Minute)
	b.receive(world{noon.Add(time.Hour)}.time(b.id.Boot))
	b.wantSound("horn", press)
	b.pass(3*time.Minute + 59*time.Second)
	b.wantSound("horn", press)
	b.pass(time.Second)
	b.wantSound("horn", "")
}

// A press after the time was learned counts its seconds like any other.
func TestPressWithLearnedTime(t *testing.T) {
	b := timeless(t)
	b.receive(right.time(b.id.Boot), right.local(protocol.Live, func(l *protocol.Local) { l.Repetitions = 1000 }))
	b.press()
	b.wantSound("horn", "local/live/button@2026-11-21T10:00:00/1#1")
	b.pass(5*time.Minute - time.Second)
	b.wantSound("horn", "local/live/button@2026-11-21T10:00:00/1#1")
	b.pass(time.Second)
	b.wantSound("horn", "")
}

// The end that playout is given is one of the board's clock.
func TestUntilIsOnTheBoardsClock(t *testing.T) {
	b := timeless(t)
	b.receive(right.time(b.id.Boot), right.alert("7f3c"))
	if until, want := b.on["horn"].Until, b.now.Add(2*time.Hour); !until.Equal(want) {
		t.Errorf("silent by %v, want %v", until, want)
	}
	b.pass(30 * time.Second)
	b.happens("horn", playout.Event{Kind: playout.Finished, Evidence: playout.Evidence{RelayClosed: b.now.Add(-25 * time.Second)}})
	if at := b.last(protocol.FateFinished).Evidence.RelayClosed; at == nil || !at.Equal(noon.Add(5*time.Second)) {
		t.Errorf("relay closed at %v", at)
	}
}

// faults are those that were told last.
func (b *board) faults() map[string]string {
	all := map[string]string{}
	if told := asks[controller.SendState](b); len(told) > 0 {
		for _, f := range told[len(told)-1].State.Faults {
			all[f.Part] = f.Detail
		}
	}
	return all
}

// What central says of the time is its word alone: a false one must not make
// the board deaf once the right one comes.
func TestFalseTime(t *testing.T) {
	for name, wrong := range map[string]world{"in 2526": {noon.AddDate(500, 0, 0)}, "in a month": {noon.AddDate(0, 1, 0)}} {
		t.Run("once, "+name, func(t *testing.T) {
			b := timeless(t)
			b.receive(right.alert("7f3c"), right.cancel("ended"), wrong.time(b.id.Boot))
			b.wantSound("horn", "")
			b.receive(right.time(b.id.Boot), right.alert("7f3c"), right.alert("ended"))
			b.wantSound("horn", "alert/live/7f3c/1#1")
			b.boot()
			b.receive(right.time(b.id.Boot))
			if r := b.last(protocol.FateRefused); r.Reason == protocol.ReasonStale {
				t.Errorf("the right time is refused: %s", r.Detail)
			}
		})
		t.Run("while an alert sounds, "+name, func(t *testing.T) {
			b := timeless(t)
			b.receive(right.time(b.id.Boot), right.alert("7f3c"), right.local(protocol.Live), wrong.time(b.id.Boot))
			b.wantSound("horn", "")
			b.receive(right.time(b.id.Boot))
			b.wantSound("horn", "alert/live/7f3c/1#1")
			b.wantFates([]protocol.Fate{protocol.FateRefused})
		})
	}
	t.Run("for good, then the next boot", func(t *testing.T) {
		b := timeless(t)
		for i := range 3 {
			b.receive(world{noon.AddDate(500, 0, 0).Add(time.Duration(i) * 5 * time.Second)}.time(b.id.Boot))
			b.receive(world{noon.AddDate(2, 0, 0).Add(time.Duration(i) * 5 * time.Second)}.time(b.id.Boot))
			b.receive(world{noon.AddDate(2, 0, 0).Add(time.Duration(i)*5*time.Second + time.Second)}.time(b.id.Boot))
		}
		b.boot()
		b.feed(controller.Up{})
		b.receive(right.time(b.id.Boot), right.alert("7f3c"))
		b.wantSound("horn", "alert/live/7f3c/1#1")
	})
	t.Run("what two agree on is certain", func(t *testing.T) {
		b := timeless(t)
		b.receive(right.time(b.id.Boot), world{noon.Add(2 * time.Second)}.time(b.id.Boot))
		b.receive(world{noon.Add(-time.Hour)}.time(b.id.Boot))
		b.wantFates([]protocol.Fate{protocol.FateRefused}, "refused stale")
	})
}

func TestOwnClock(t *testing.T) {
	t.Run("counts for more than central's", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"), world{noon.AddDate(0, 0, 1)}.time(b.id.Boot))
		b.wantSound("horn", "alert/live/7f3c/1#1")
		if b.faults()["clock"] == "" {
			t.Errorf("faults %v", b.faults())
		}
		b.receive(world{noon.Add(9 * time.Minute)}.time(b.id.Boot))
		b.wantSound("horn", "alert/live/7f3c/1#1")
		if b.faults()["clock"] != "" {
			t.Errorf("faults %v, they agree", b.faults())
		}
	})
	t.Run("is not certain either", func(t *testing.T) {
		b := enrolled(t)
		b.now = noon.AddDate(1, 0, 0) // the technician set the wrong year
		b.boot()
		b.feed(controller.Up{})
		b.pass(time.Hour)
		b.now = noon
		b.boot()
		b.receive(right.alert("7f3c"))
		b.wantSound("horn", "alert/live/7f3c/1#1")
	})
}

// Trust that ends soon is told in time, and mutes nothing when it has ended.
func TestEndOfTrustAlarms(t *testing.T) {
	b := enrolled(t) // the key set ends in a year, the root in five
	b.now = noon.AddDate(1, 0, -61)
	b.feed(controller.Tick{})
	if f := b.faults(); len(f) != 0 {
		t.Errorf("faults %v too early", f)
	}
	b.pass(25 * time.Hour)
	if f := b.faults(); f["keyset"] == "" || f["root"] != "" {
		t.Errorf("faults %v", f)
	}
	b.now = noon.AddDate(5, 0, 1)
	b.feed(controller.Tick{})
	if f := b.faults(); !contains(f["keyset"], "expired") || !contains(f["root"], "expired") {
		t.Errorf("faults %v", f)
	}
	b.receive(b.world().alert("7f3c"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
	b.receive(b.world().keySet(2))
	if f := b.faults(); f["keyset"] != "" || f["root"] == "" {
		t.Errorf("faults %v, the key set was renewed", f)
	}
}
