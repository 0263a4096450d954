package controller_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
)

// sound is the fates of what sounded.
var sound = []protocol.Fate{
	protocol.FateStarted, protocol.FateCut, protocol.FateFinished, protocol.FateStopped, protocol.FateExpired,
	protocol.FateFailed, protocol.FateMissed,
}

// withNews is a board that plays news a minute after noon.
func withNews(t *testing.T, outputs ...string) (b *board, news string) {
	b = enrolled(t, outputs...)
	bulletin := b.world().bulletin("news")
	start := noon.Add(time.Minute)
	b.receive(bulletin, b.world().plan(1, item("news", start, bulletin)))
	b.have("news")
	return b, occurrence("news", start)
}

func TestBulletinSounds(t *testing.T) {
	b, news := withNews(t)
	b.pass(59 * time.Second)
	b.wantSound("horn", "")
	b.pass(time.Second)
	b.wantSound("horn", news)
	b.pass(5 * time.Minute)
	b.finish("horn")
	b.pass(24 * time.Hour)
	b.wantFates(sound, "started "+news, "finished "+news)
	e := b.last(protocol.FateFinished).Evidence
	if e == nil || e.Output != "horn" || e.Position != 300 || !slices.Contains(e.Sources, "audio:"+audio("news").SHA256) {
		t.Errorf("evidence %+v", e)
	}
}

// A programme is as soft as its plan says; what cuts in is not.
func TestGain(t *testing.T) {
	b := enrolled(t)
	bulletin := b.world().bulletin("news")
	b.receive(bulletin, b.world().plan(1, item("news", noon.Add(time.Minute), bulletin, func(it *protocol.Item) { it.Gain = -12.5 })))
	b.have("news")
	b.pass(2 * time.Minute)
	if c := b.on["horn"]; c == nil || c.Gain != -12.5 {
		t.Fatalf("the programme's cue is %+v", c)
	}
	b.receive(b.world().alert("7f3c"))
	if c := b.on["horn"]; c.Gain != 0 {
		t.Errorf("the alert's cue is %+v", c.Cue)
	}
	b.receive(b.world().cancel("7f3c"))
	if c := b.on["horn"]; c.Gain != -12.5 || c.From == 0 {
		t.Errorf("it goes on as %+v", c.Cue)
	}
}

// The order of things: nothing is said or sounded before it is durable.
func TestCommitComesFirst(t *testing.T) {
	b := enrolled(t)
	b.hold = true
	before := len(b.receipts)
	sent := len(asks[controller.SendReceipts](b))
	b.receive(b.world().alert("7f3c"))
	if b.sounds("horn") != "" || len(b.receipts) != before || len(asks[controller.SendReceipts](b)) != sent {
		t.Fatalf("something happened before the commit:\n%s", b.story())
	}
	if len(b.asked) != 1 || len(b.asked[0].Tx.Orders) != 1 || len(b.asked[0].Receipts) != 2 {
		t.Fatalf("asked for %+v", b.asked)
	}
	b.answer()
	b.wantSound("horn", "alert/live/7f3c/1#1")
	b.wantFates([]protocol.Fate{protocol.FateAccepted, protocol.FateStarted}[1:], "started alert/live/7f3c/1#1")
	if got := asks[controller.SendReceipts](b); len(got) != sent+1 || got[sent].Through != b.disk.NextSequence-1 {
		t.Errorf("receipts were not sent once: %v", got)
	}
}

func TestAlertCutsBulletin(t *testing.T) {
	b, news := withNews(t)
	b.pass(3 * time.Minute) // two of them are news
	b.receive(b.world().alert("7f3c"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
	if c := b.on["horn"]; c.Drill || c.Parts[0].Sources[0].Siren.Blasts != 2 {
		t.Errorf("the alert's cue is %+v", c.Cue)
	}
	b.pass(30 * time.Second)
	b.receive(b.world().cancel("7f3c"))
	b.wantSound("horn", news)
	if from := b.on["horn"].From; from != 2*time.Minute {
		t.Errorf("goes on at %v", from)
	}
	b.pass(time.Minute)
	b.finish("horn")
	b.wantFates(sound, "started "+news, "started alert/live/7f3c/1#1", "cut "+news, "started "+news, "stopped alert/live/7f3c/1#1", "finished "+news)
	b.pass(48 * time.Hour)
	b.wantFates([]protocol.Fate{protocol.FateExpired, protocol.FateMissed})
}

// An alert that ends while its bulletin still fades out waits for the position.
func TestResumeWaitsForThePosition(t *testing.T) {
	b, news := withNews(t)
	b.pass(3 * time.Minute)
	was := b.on["horn"]
	b.deaf = true
	b.receive(b.world().alert("7f3c"), b.world().cancel("7f3c"))
	b.wantSound("horn", "")
	b.deaf = false
	b.tell("horn", was, playout.Event{Kind: playout.Cut, Position: 2*time.Minute + 50*time.Millisecond})
	b.feed()
	b.wantSound("horn", news)
	if from := b.on["horn"].From; from != 2*time.Minute+50*time.Millisecond {
		t.Errorf("goes on at %v", from)
	}
}

// A bulletin that was given to the player and had not begun goes on all the same.
func TestCutBeforeItBegan(t *testing.T) {
	b, news := withNews(t)
	b.deaf = true
	b.pass(time.Minute)
	b.wantSound("horn", news)
	b.receive(b.world().alert("7f3c"))
	b.deaf = false
	b.receive(b.world().cancel("7f3c"))
	b.wantSound("horn", news)
	b.pass(time.Minute)
	b.finish("horn")
	if got := b.last(protocol.FateFinished).Occurrence; got != news {
		t.Errorf("finished %s:\n%s", got, b.story())
	}
}

func TestRepetitions(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().alert("7f3c"))
	b.pass(25 * time.Second)
	b.finish("horn")
	b.wantSound("horn", "")
	b.pass(19 * time.Second)
	b.wantSound("horn", "")
	b.pass(time.Second)
	b.wantSound("horn", "alert/live/7f3c/1#2")
	b.pass(25 * time.Second)
	b.finish("horn")
	b.pass(24 * time.Hour)
	b.wantFates(sound, "started alert/live/7f3c/1#1", "finished alert/live/7f3c/1#1", "started alert/live/7f3c/1#2", "finished alert/live/7f3c/1#2")
}

// A repetition counts once, when all outputs have ended.
func TestRepetitionOnTwoOutputs(t *testing.T) {
	b := enrolled(t, "north", "south")
	b.receive(b.world().alert("7f3c"))
	b.pass(25 * time.Second)
	b.finish("north")
	b.wantSound("north", "")
	b.wantSound("south", "alert/live/7f3c/1#1")
	b.pass(2 * time.Second)
	b.finish("south")
	b.pass(20 * time.Second)
	b.wantSound("north", "alert/live/7f3c/1#2")
	b.wantSound("south", "alert/live/7f3c/1#2")
	b.finish("south")
	b.finish("north")
	b.pass(time.Hour)
	b.wantSound("north", "")
	b.wantSound("south", "")
	if n := len(b.fates(protocol.FateFinished)); n != 4 {
		t.Errorf("%d finished, want 4:\n%s", n, b.story())
	}
}

// One dead loudspeaker silences no other.
func TestAlertWithOneDeadOutput(t *testing.T) {
	b := enrolled(t, "north", "south")
	b.receive(b.world().alert("7f3c"))
	dead := playout.Event{Kind: playout.Failed, Err: errors.Join(playout.ErrSpeaker, errors.New("no such device"))}
	for range 5 { // the player tries again by itself
		b.happens("south", dead)
		b.pass(time.Second)
	}
	b.wantFates([]protocol.Fate{protocol.FateFailed}, "failed alert/live/7f3c/1#1")
	b.pass(20 * time.Second)
	b.finish("north")
	b.pass(20 * time.Second)
	b.wantSound("north", "alert/live/7f3c/1#2")
	b.wantSound("south", "alert/live/7f3c/1#2")
	b.finish("south") // it came back
	b.finish("north")
	b.pass(time.Hour)
	b.wantFates([]protocol.Fate{protocol.FateExpired})
}

// An item on two outputs is over when both have ended, not when the first has.
func TestItemOnTwoOutputs(t *testing.T) {
	b, news := withNews(t, "north", "south")
	b.pass(2 * time.Minute)
	b.finish("north")
	b.wantSound("south", news)
	b.pass(100 * time.Millisecond)
	b.finish("south")
	b.pass(time.Hour)
	b.wantFates([]protocol.Fate{protocol.FateFinished, protocol.FateCut}, "finished "+news, "finished "+news)
}

func TestDrill(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().drill("7f3c"))
	if c := b.on["horn"]; c == nil || !c.Drill {
		t.Fatalf("the drill's cue is %+v", c)
	}
	if r := b.last(protocol.FateStarted); r.Mode != protocol.Drill || r.Kind != protocol.KindAlert {
		t.Errorf("told as %s %s", r.Mode, r.Kind)
	}
	// The live alert of the same id is another one, and comes first.
	b.receive(b.world().alert("7f3c"))
	b.wantSound("horn", "alert/live/7f3c/1#1")
	if b.on["horn"].Drill {
		t.Errorf("a live alert is told as a drill")
	}
}

func TestUpdateReplaces(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().alert("7f3c"))
	b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Sequence = 2 }))
	b.wantSound("horn", "alert/live/7f3c/2#1")
	b.wantFates([]protocol.Fate{protocol.FateCut, protocol.FateStopped}, "cut alert/live/7f3c/1#1")
}

func TestStop(t *testing.T) {
	target := func(occurrence string) protocol.Target { return protocol.Target{Occurrence: occurrence} }
	alert := protocol.Target{Alert: "7f3c", Mode: protocol.Live}
	t.Run("an item on air", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(2 * time.Minute)
		b.hold = true
		b.receive(b.world().stop("s", target(news)))
		b.wantSound("horn", "") // before it is stored
		b.hold = false
		b.answer()
		b.pass(time.Hour)
		b.wantFates(sound, "started "+news, "stopped "+news)
	})
	t.Run("an item whose start is being stored", func(t *testing.T) {
		b, news := withNews(t)
		b.hold = true
		b.pass(time.Minute)
		b.receive(b.world().stop("s", target(news)))
		b.hold = false
		b.answer()
		b.pass(time.Hour)
		if slices.Contains(b.plays, "horn: "+news) {
			t.Errorf("it sounded: %q", b.plays)
		}
		b.wantFates(sound, "started "+news, "stopped "+news)
	})
	t.Run("an item that is still to come", func(t *testing.T) {
		b, news := withNews(t)
		b.receive(b.world().stop("s", target(news)))
		b.pass(time.Hour)
		b.wantFates(sound)
	})
	t.Run("an item five days ahead", func(t *testing.T) {
		b := enrolled(t)
		bulletin := b.world().bulletin("news")
		b.receive(bulletin, b.world().plan(1, item("news", noon.AddDate(0, 0, 5), bulletin)))
		b.have("news")
		b.receive(b.world().stop("s", target(occurrence("news", noon.AddDate(0, 0, 5)))))
		b.pass(6 * 24 * time.Hour)
		b.wantFates(sound)
	})
	t.Run("an alert on air", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().alert("7f3c"))
		b.receive(b.world().stop("s", alert))
		b.wantSound("horn", "")
		b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Sequence = 2 }))
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateStopped, protocol.FateRefused}, "stopped alert/live/7f3c/1#1", "refused cancelled")
	})
	t.Run("an alert whose start is being stored", func(t *testing.T) {
		b := enrolled(t)
		b.hold = true
		b.receive(b.world().alert("7f3c"), b.world().stop("s", alert))
		b.hold = false
		b.answer()
		b.pass(time.Hour)
		if slices.ContainsFunc(b.plays, func(p string) bool { return p != "horn: silence" }) {
			t.Errorf("it sounded: %q", b.plays)
		}
	})
	t.Run("a press", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live))
		b.press()
		press := b.sounds("horn")
		b.receive(b.world().stop("s", target("local/live/button@"+noon.Format(protocol.LocalTime))))
		b.wantSound("horn", "")
		b.wantFates(sound, "started "+press, "stopped "+press)
		b.press()
		b.wantSound("horn", press) // a new press is a new wish
	})
}

// A start that waits for its commit while something higher arrives must not be
// taken for the start of that.
func TestStartsAreNotMixedUp(t *testing.T) {
	b, _ := withNews(t)
	b.hold = true
	b.pass(time.Minute) // news is starting
	b.receive(b.world().alert("7f3c"))
	b.answer() // of news alone
	b.wantSound("horn", "")
	b.answer()
	b.wantSound("horn", "alert/live/7f3c/1#1")
}

func TestExpiredAlertIsToldOnce(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Repetitions = 1000 }))
	b.pass(25 * time.Second)
	b.finish("horn")
	b.pass(20 * time.Second)
	b.pass(2*time.Hour - 46*time.Second)
	b.wantSound("horn", "alert/live/7f3c/1#2")
	b.happens("horn", playout.Event{Kind: playout.Cut, Err: playout.ErrExpired}) // a moment before its time
	b.wantSound("horn", "")
	b.pass(time.Minute)
	want := []string{"expired alert/live/7f3c/1#2", "expired alert/live/7f3c"}
	b.wantFates([]protocol.Fate{protocol.FateExpired}, want...)
	b.boot()
	b.pass(time.Hour)
	b.wantFates([]protocol.Fate{protocol.FateExpired}, want...)
	b.pass(72 * time.Hour)
	if len(b.kept) != 3 {
		t.Errorf("the board keeps %d records, want root, key set and placement", len(b.kept))
	}
}

func TestMissedProgramme(t *testing.T) {
	for _, c := range []struct {
		name   string
		during func(*board, string)
		reason string
	}{
		{"the board was off", func(b *board, _ string) { b.now = b.now.Add(time.Hour); b.boot(audio("news").SHA256) }, "did not begin: the board was not running or did not know the time"},
		{"an alert held the output", func(b *board, _ string) {
			b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Siren.Blasts = 20 }))
			b.pass(time.Hour)
		}, "did not begin: output horn was held by alert/live/7f3c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, news := withNews(t)
			c.during(b, news)
			b.pass(time.Hour)
			b.wantFates([]protocol.Fate{protocol.FateMissed}, "missed "+news)
			if r := b.last(protocol.FateMissed); r.Detail != c.reason {
				t.Errorf("told as %q", r.Detail)
			}
			b.boot(audio("news").SHA256)
			b.pass(time.Hour)
			b.wantFates([]protocol.Fate{protocol.FateMissed}, "missed "+news)
		})
	}
}

// What the plan names must be what persons approved, and be on the board.
func TestItemMustBeApproved(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*protocol.Bulletin)
		reason string // "" is that it sounds
		fate   protocol.Fate
	}{
		{"as approved", func(*protocol.Bulletin) {}, "", ""},
		{"of another class", func(b *protocol.Bulletin) { b.Class = "priority" }, "bulletin news was approved as priority, the plan says routine", protocol.FateFailed},
		{"not valid yet", func(b *protocol.Bulletin) { b.NotBefore = noon.Add(time.Hour) }, "bulletin news is not valid before 2026-11-21T11:00:00Z", protocol.FateFailed},
		{"of another language", func(b *protocol.Bulletin) { b.Audio[0].Language = "hmn" }, "bulletin news has no vi", protocol.FateFailed},
		{"with audio that is not here", func(b *protocol.Bulletin) { b.Audio[0].Audio = audio("other") }, "audio of bulletin news is not on the board yet", protocol.FateMissed},
		{"expired", func(b *protocol.Bulletin) { b.NotAfter = noon.Add(30 * time.Second) }, "is not on the board", protocol.FateMissed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := enrolled(t)
			bulletin := b.world().bulletin("news", c.change)
			b.receive(bulletin, b.world().plan(1, item("news", noon.Add(time.Minute), bulletin)))
			b.have("news")
			b.pass(time.Minute)
			sounds := b.sounds("horn") != ""
			if sounds != (c.reason == "") {
				t.Fatalf("sounds: %v; it happened:\n%s", sounds, b.story())
			}
			if c.reason == "" {
				return
			}
			b.pass(time.Hour)
			if r := b.last(c.fate); !contains(r.Detail, c.reason) {
				t.Errorf("told as %q, want %q", r.Detail, c.reason)
			}
			b.wantFates([]protocol.Fate{protocol.FateFailed, protocol.FateMissed, protocol.FateFinished}, string(c.fate)+" "+occurrence("news", noon.Add(time.Minute)))
		})
	}
	t.Run("of another commune", func(t *testing.T) {
		b := enrolled(t)
		bulletin := b.world().bulletin("news", func(b *protocol.Bulletin) { b.Areas = []string{"03390"} })
		b.receive(bulletin, b.world().plan(1, item("news", noon.Add(time.Minute), bulletin)))
		b.have("news")
		b.pass(time.Hour)
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateRefused, protocol.FateStarted, protocol.FateMissed}, "refused wrong-audience", "missed "+occurrence("news", noon.Add(time.Minute)))
	})
}

// An item whose audio is late begins when it is there, as late as it may.
func TestItemWaitsForItsAudio(t *testing.T) {
	start := noon.Add(time.Minute)
	news := occurrence("news", start)
	chime := protocol.Part{Sources: []protocol.Source{{BuiltIn: protocol.Chime}}}
	said := func(e protocol.Envelope) protocol.Part {
		return protocol.Part{Sources: []protocol.Source{{Bulletin: e.Hash(), Language: "vi"}}}
	}
	planned := func(parts ...protocol.Part) (*board, protocol.Envelope) {
		b := enrolled(t)
		return b, b.world().plan(1, item("news", start, protocol.Envelope{}, func(it *protocol.Item) { it.Parts = parts }))
	}
	first, second := world{noon}.bulletin("first"), world{noon}.bulletin("second")
	t.Run("audio in time", func(t *testing.T) {
		b, plan := planned(chime, said(first))
		b.receive(first, plan)
		b.pass(5 * time.Minute)
		b.wantSound("horn", "")
		b.have("first")
		b.wantSound("horn", news)
	})
	t.Run("a document in time", func(t *testing.T) {
		b, plan := planned(said(first))
		b.have("first")
		b.receive(plan)
		b.pass(5 * time.Minute)
		b.wantSound("horn", "")
		b.receive(first)
		b.wantSound("horn", news)
	})
	t.Run("too late", func(t *testing.T) {
		b, plan := planned(chime, said(first))
		b.receive(first, plan)
		b.pass(7 * time.Minute)
		b.have("first")
		b.pass(time.Hour)
		b.wantFates(sound, "missed "+news)
		if r := b.last(protocol.FateMissed); r.Detail != "did not begin: part 2: audio of bulletin first is not on the board yet" {
			t.Errorf("told as %q", r.Detail)
		}
	})
	t.Run("one part is too late", func(t *testing.T) {
		b, plan := planned(said(first), said(second))
		b.receive(first, second, plan)
		b.have("second")
		b.pass(5 * time.Minute)
		b.wantSound("horn", "")
		b.pass(time.Minute)
		b.wantSound("horn", news)
		if c := b.on["horn"]; len(c.Parts) != 1 || c.Parts[0].Sources[0].Audio != audio("second").SHA256 {
			t.Errorf("sounds %+v", c.Parts)
		}
		b.finish("horn")
		if e := b.last(protocol.FateFinished).Evidence; e == nil || len(e.Skipped) != 1 || !contains(e.Skipped[0], "part 1: audio of bulletin first") {
			t.Errorf("evidence %+v", e)
		}
	})
	t.Run("one part may not sound", func(t *testing.T) {
		b := enrolled(t)
		other := b.world().bulletin("second", func(b *protocol.Bulletin) { b.Class = "priority" })
		plan := b.world().plan(1, item("news", start, first, func(it *protocol.Item) { it.Parts = append(it.Parts, said(other), chime) }))
		b.receive(first, other, plan)
		b.have("first", "second")
		b.pass(time.Minute)
		b.wantSound("horn", news)
		if c := b.on["horn"]; len(c.Parts) != 2 {
			t.Errorf("sounds %+v", c.Parts)
		}
	})
	t.Run("nothing but chimes may sound", func(t *testing.T) {
		b := enrolled(t)
		other := b.world().bulletin("second", func(b *protocol.Bulletin) { b.Class = "priority" })
		b.receive(other, b.world().plan(1, item("news", start, other, func(it *protocol.Item) { it.Parts = append(it.Parts, chime) })))
		b.have("second")
		b.pass(time.Minute)
		b.wantSound("horn", "")
		b.wantFates([]protocol.Fate{protocol.FateFailed}, "failed "+news)
	})
	t.Run("a chime alone", func(t *testing.T) {
		b, plan := planned(chime)
		b.receive(plan)
		b.pass(time.Minute)
		b.wantSound("horn", news)
	})
}

// An alert sounds before its audio has arrived, and says it once it has.
func TestAlertAudioArrives(t *testing.T) {
	b := enrolled(t)
	words := audio("words")
	b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Messages[0].Audio = &words }))
	if got := asks[controller.Fetch](b); len(got) == 0 || !slices.Contains(got[len(got)-1].Audio, words) {
		t.Fatalf("the audio is not asked for: %v", got)
	}
	spoken := func() playout.Source { return b.on["horn"].Parts[1].Sources[0] }
	if s := spoken(); s.BuiltIn != "phrase:flood" {
		t.Errorf("says %v before the audio is there", s)
	}
	b.have("words")
	b.pass(30 * time.Second)
	b.finish("horn")
	b.pass(20 * time.Second)
	if s := spoken(); s.Audio != words.SHA256 {
		t.Errorf("says %v when the audio is there", s)
	}
}
