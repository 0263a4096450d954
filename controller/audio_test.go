package controller_test

import (
	"slices"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/store"
)

// wanted is the audio that was asked for last.
func (b *board) wanted() []protocol.Audio {
	all := asks[controller.Fetch](b)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1].Audio
}

func TestFetchInOrderOfNeed(t *testing.T) {
	b := enrolled(t)
	say := func(name string) func(a *protocol.Announcement) {
		words := audio(name)
		return func(a *protocol.Announcement) { a.Messages[0].Audio = &words }
	}
	bulletin, unplanned := b.world().bulletin("news"), b.world().bulletin("unplanned")
	b.receive(bulletin, unplanned, b.world().plan(1, item("news", noon.Add(time.Hour), bulletin)))
	b.receive(b.world().local(protocol.Live, func(l *protocol.Local) { say("button")(&l.Announcement) }))
	b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { say("flood")(&a.Announcement) }))
	if got, want := b.wanted(), []protocol.Audio{audio("flood"), audio("button"), audio("news")}; !slices.Equal(got, want) {
		t.Errorf("wanted %v", got)
	}
	b.have("flood", "button", "news")
	if got := b.wanted(); len(got) != 0 {
		t.Errorf("still wanted %v", got)
	}
}

// Audio that no document names is dropped, and nothing else is.
func TestDrop(t *testing.T) {
	b := enrolled(t)
	first, second := b.world().bulletin("first"), b.world().bulletin("second", func(b *protocol.Bulletin) { b.NotAfter = noon.Add(24 * time.Hour) })
	words := audio("words")
	b.receive(first, second, b.world().plan(1, item("a", noon.Add(time.Hour), first), item("b", noon.Add(2*time.Hour), second)))
	b.receive(b.world().local(protocol.Live, func(l *protocol.Local) { l.Messages[0].Audio = &words }))
	b.have("first", "second", "words", "stray")
	drops := func() []controller.Drop { return asks[controller.Drop](b) }
	if len(drops()) != 0 {
		t.Errorf("dropped at once: %v", drops())
	}
	b.pass(2 * time.Hour)
	if got := drops(); len(got) != 1 || !slices.Equal(got[0].Hashes, []string{audio("stray").SHA256}) {
		t.Fatalf("dropped %v", got)
	}
	b.pass(24 * time.Hour)
	if got := drops(); len(got) != 2 || !slices.Equal(got[1].Hashes, []string{audio("second").SHA256}) {
		t.Fatalf("dropped %v, the second bulletin has expired", got)
	}
	b.have("stray")
	b.feed(controller.Fetched{Audio: audio("first"), Err: store.ErrCannotWrite})
	if got := drops(); len(got) != 3 {
		t.Errorf("dropped %v, with the disk full", got)
	}
}

func TestNothingIsDroppedWithoutAPlan(t *testing.T) {
	b := enrolled(t)
	b.have("of a plan that was lost")
	b.pass(24 * time.Hour)
	if got := asks[controller.Drop](b); len(got) != 0 {
		t.Errorf("dropped %v", got)
	}
}

// A file that the player finds gone or damaged is fetched again.
func TestDamagedAudioIsFetchedAgain(t *testing.T) {
	b, _ := withNews(t)
	b.pass(time.Minute)
	b.happens("horn", playout.Event{Kind: playout.SourceSkipped, Source: "audio:" + audio("news").SHA256, Err: store.ErrWrongHash})
	if got := b.wanted(); !slices.Contains(got, audio("news")) {
		t.Errorf("wanted %v", got)
	}
}
