package controller_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/store"
)

func TestPowerCut(t *testing.T) {
	t.Run("a routine item never starts twice", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(2 * time.Minute)
		for range 3 {
			b.boot(audio("news").SHA256)
			b.pass(time.Second)
			b.wantSound("horn", "")
			b.wantFates(sound, "started "+news, "failed "+news)
		}
		if r := b.last(protocol.FateFailed); !contains(r.Detail, "lost power") || r.Cluster != clusterID || r.Order == "" {
			t.Errorf("told as %+v", r)
		}
	})
	t.Run("between the commit of a start and its sound", func(t *testing.T) {
		b, news := withNews(t)
		b.hold = true
		b.pass(time.Minute)
		b.commit() // it is on the disk, and nobody was told
		b.hold = false
		b.boot(audio("news").SHA256)
		b.pass(time.Minute)
		b.wantSound("horn", "")
		b.wantFates(sound, "started "+news, "failed "+news)
	})
	t.Run("before the commit of a start", func(t *testing.T) {
		b, news := withNews(t)
		b.hold = true
		b.pass(time.Minute)
		b.hold = false
		b.boot(audio("news").SHA256)
		b.wantSound("horn", news)
	})
	t.Run("an item that was cut goes on", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(3 * time.Minute)
		b.receive(b.world().alert("7f3c"))
		b.boot(audio("news").SHA256)
		b.receive(b.world().cancel("7f3c"))
		b.wantSound("horn", news)
		if from := b.on["horn"].From; from != 2*time.Minute {
			t.Errorf("goes on at %v", from)
		}
	})
	t.Run("a repetition of an alert starts again whole", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"))
		b.pass(25 * time.Second)
		b.finish("horn")
		b.pass(30 * time.Second)
		b.wantSound("horn", "alert/live/7f3c/1#2")
		b.boot()
		b.wantSound("horn", "alert/live/7f3c/1#2")
		if from := b.on["horn"].From; from != 0 {
			t.Errorf("starts at %v", from)
		}
		b.finish("horn")
		b.boot()
		b.pass(time.Minute)
		b.wantSound("horn", "")
	})
	t.Run("an alert that has expired meanwhile", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"))
		b.now = b.now.Add(3 * time.Hour)
		b.boot()
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateExpired}, "expired alert/live/7f3c")
	})
	t.Run("a cancel is final", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"), b.world().cancel("7f3c"))
		b.boot()
		b.wantSound("horn", "")
	})
	t.Run("a stop is final", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(2 * time.Minute)
		b.receive(b.world().stop("s", protocol.Target{Occurrence: news}))
		b.boot(audio("news").SHA256)
		b.pass(time.Minute)
		b.wantSound("horn", "")
	})
	t.Run("receipts that were not acknowledged are sent", func(t *testing.T) {
		b := enrolled(t)
		b.boot()
		n := len(asks[controller.SendReceipts](b))
		b.feed(controller.Up{})
		if got := asks[controller.SendReceipts](b)[n:]; len(got) != 1 || got[0] != (controller.SendReceipts{From: 1, Through: 3}) {
			t.Errorf("sent %v", got)
		}
	})
}

// A record that cannot be read costs that order, not the board.
func TestRecordIsUnreadable(t *testing.T) {
	b, _ := withNews(t)
	for key, r := range b.kept {
		if contains(key, "plan") {
			r.Envelope = r.Envelope[:len(r.Envelope)/2]
			b.kept[key] = r
		}
	}
	n := len(b.kept)
	b.boot()
	b.feed(controller.Up{})
	if len(b.kept) != n {
		t.Errorf("the record is gone: another program could have read it")
	}
	states := asks[controller.SendState](b)
	if f := states[len(states)-1].State.Faults; len(f) != 1 || f[0].Part != "records" {
		t.Errorf("faults %v", f)
	}
	b.receive(b.world().alert("7f3c"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
}

// An alert whose cancel cannot be read stays ended, and the cancel may come
// again.
func TestCancelIsUnreadable(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().alert("7f3c"), b.world().cancel("7f3c"))
	for key, r := range b.kept {
		if contains(key, "cancel") {
			r.Envelope = []byte("{")
			b.kept[key] = r
		}
	}
	b.boot()
	b.pass(time.Minute)
	b.wantSound("horn", "")
	b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Sequence = 2 }), b.world().cancel("7f3c"))
	b.boot()
	b.feed(controller.Up{})
	b.wantSound("horn", "")
	if f := b.faults(); len(f) != 0 {
		t.Errorf("faults %v, it came again", f)
	}
}

var errDisk = errors.Join(store.ErrCannotWrite, errors.New("read-only file system"))

func TestStoreFails(t *testing.T) {
	t.Run("an emergency sounds from memory and says so once", func(t *testing.T) {
		b := enrolled(t)
		b.broken = errDisk
		b.receive(b.world().alert("7f3c"), b.world().alert("7f3c"))
		b.wantSound("horn", "alert/live/7f3c/1#1")
		b.pass(25 * time.Second)
		b.finish("horn")
		b.pass(20 * time.Second)
		b.wantSound("horn", "alert/live/7f3c/1#2")
		b.finish("horn")
		b.pass(time.Hour)
		b.wantSound("horn", "")
		said := asks[controller.SendUnstored](b)
		if len(said) != 1 || said[0].Receipt.Fate != protocol.FateNotDurable || said[0].Receipt.Sequence != 0 || said[0].Receipt.Subject != "alert/live/7f3c" {
			t.Errorf("said %+v", said)
		}
		starts := 0
		for _, p := range b.plays {
			if contains(p, "#1") {
				starts++
			}
		}
		if starts != 1 {
			t.Errorf("the first repetition started %d times: %q", starts, b.plays)
		}
	})
	t.Run("nothing is lost when it comes back", func(t *testing.T) {
		b := enrolled(t)
		b.broken = errDisk
		b.receive(b.world().alert("7f3c"))
		b.pass(25 * time.Second)
		b.finish("horn")
		b.broken = nil
		b.pass(10 * time.Second)
		b.wantFates(nil, "accepted root", "accepted keyset", "accepted placement", "accepted alert/live/7f3c",
			"started alert/live/7f3c/1#1", "finished alert/live/7f3c/1#1")
		b.boot() // and what was accepted is durable by now
		b.pass(20 * time.Second)
		b.wantSound("horn", "alert/live/7f3c/1#2")
	})
	t.Run("a routine item stays off and is told", func(t *testing.T) {
		b, news := withNews(t)
		b.broken = errDisk
		b.pass(2 * time.Minute)
		b.wantSound("horn", "")
		b.broken = nil
		b.pass(time.Minute)
		b.wantSound("horn", "")
		b.wantFates(sound, "started "+news, "failed "+news)
		if r := b.last(protocol.FateFailed); r.Detail != "its start could not be stored" {
			t.Errorf("told as %q", r.Detail)
		}
	})
	t.Run("it is tried again, but not all the time", func(t *testing.T) {
		b := enrolled(t)
		b.broken = errDisk
		b.receive(b.world().alert("7f3c"))
		n := b.attempts
		b.pass(10 * time.Minute)
		if tried := b.attempts - n; tried < 60 || tried > 130 {
			t.Errorf("tried %d times in ten minutes", tried)
		}
	})
	t.Run("what it did not take goes before what came since", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(time.Minute)
		b.hold, b.broken = true, errDisk
		b.happens("horn", playout.Event{Kind: playout.Finished}) // being stored
		b.receive(b.world().stop("s", protocol.Target{Occurrence: news}))
		b.hold = false
		b.answer()
		b.broken = nil
		b.pass(time.Minute)
		if m := b.disk.Marks[news]; m.Fate != protocol.FateStopped {
			t.Errorf("the mark is %s: an older one overtook", m.Fate)
		}
		b.wantFates(nil, "accepted root", "accepted keyset", "accepted placement", "accepted bulletin/news", "accepted plan",
			"started "+news, "finished "+news, "accepted stop/s")
	})
	t.Run("a store that hangs holds up no emergency", func(t *testing.T) {
		b, news := withNews(t)
		b.hold = true
		b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Repetitions = 1 }))
		b.pass(3 * time.Second)
		b.wantSound("horn", "alert/live/7f3c/1#1")
		b.finish("horn")
		b.pass(2 * time.Minute)
		if slices.Contains(b.plays, "horn: "+news) {
			t.Errorf("a routine item sounded that is not stored")
		}
		b.hold = false
		b.answer()
		if n := len(b.fates(protocol.FateFinished)); n != 1 {
			t.Errorf("the alert finished %d times:\n%s", n, b.story())
		}
	})
}
