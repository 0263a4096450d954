package controller

import (
	"errors"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/store"
)

// convergeAudio asks for the audio that is ordered, and drops what nothing
// names any more: after a while, because the next plan may name it again.
func (t *step) convergeAudio() {
	s := t.s
	if s.changed {
		s.changed = false
		wanted, names := s.wanted(t.now)
		if !slices.Equal(names, s.told.fetch) {
			for _, hash := range s.told.fetch {
				if !s.audio[hash] {
					s.audio[hash] = false // a part of it may be here
				}
			}
			s.told.fetch = names
			t.do(Fetch{wanted})
		}
		if len(names) == 0 {
			t.fault("audio", "")
		}
		switch {
		case len(s.unnamed()) == 0:
			s.told.drop = time.Time{}
		case s.told.drop.IsZero():
			s.told.drop = t.board.Add(dropAfter)
		}
	}
	if s.told.drop.IsZero() || !t.due(s.told.drop) {
		return
	}
	s.told.drop = time.Time{}
	if hashes := s.unnamed(); len(hashes) > 0 {
		for _, hash := range hashes {
			delete(s.audio, hash)
		}
		t.do(Drop{hashes})
	}
}

func (t *step) fetched(e Fetched) {
	s := t.s
	if e.Err == nil {
		s.audio[e.Audio.SHA256], s.changed = true, true
		t.fault("audio", "")
		return
	}
	t.fault("audio", "download "+e.Audio.SHA256+": "+e.Err.Error())
	if errors.Is(e.Err, store.ErrCannotWrite) && !s.told.drop.IsZero() {
		s.told.drop = t.board // the disk is full: now
	}
}

// wanted is the audio that is ordered and not on the board, in the order of
// need: alerts, buttons, then the plan's bulletins. The second result names it.
func (s *State) wanted(now time.Time) ([]protocol.Audio, []string) {
	wanted, names := []protocol.Audio{}, []string{}
	seen := map[string]bool{}
	add := func(a protocol.Audio) {
		if !s.audio[a.SHA256] && !seen[a.SHA256] {
			seen[a.SHA256] = true
			wanted, names = append(wanted, a), append(names, a.SHA256)
		}
	}
	announced := func(a protocol.Announcement) {
		for _, m := range s.spoken(a.Messages) {
			if m.Audio != nil {
				add(*m.Audio)
			}
		}
	}
	for _, subject := range sorted(s.alerts) {
		if a := s.alerts[subject]; !s.ended(subject) && a.done < a.doc.Repetitions && now.Before(a.doc.Expires) {
			announced(a.doc.Announcement)
		}
	}
	for _, subject := range sorted(s.locals) {
		announced(s.locals[subject].doc.Announcement)
	}
	if s.plan == nil {
		return wanted, names
	}
	for _, it := range s.plan.doc.Items {
		for _, p := range it.Parts {
			for _, src := range p.Sources {
				if b, ok := s.bulletins[src.Bulletin]; ok {
					if a, ok := b.doc.Spoken(src.Language); ok {
						add(a)
					}
				}
			}
		}
	}
	return wanted, names
}

// spoken are the messages in the board's languages, in its order; all of them
// when it has none of these languages.
func (s *State) spoken(messages []protocol.Message) []protocol.Message {
	if s.known.Placement == nil {
		return messages
	}
	var chosen []protocol.Message
	for _, lang := range s.known.Placement.Languages {
		for _, m := range messages {
			if m.Language == lang {
				chosen = append(chosen, m)
			}
		}
	}
	if len(chosen) == 0 {
		return messages
	}
	return chosen
}

// unnamed lists the audio that no document on the board names. Without a plan
// the board is waiting for its documents, and audio costs somebody's data.
func (s *State) unnamed() []string {
	if s.plan == nil {
		return nil
	}
	named := map[string]bool{}
	announced := func(a protocol.Announcement) {
		for _, m := range a.Messages {
			if m.Audio != nil {
				named[m.Audio.SHA256] = true
			}
		}
	}
	for _, a := range s.alerts {
		announced(a.doc.Announcement)
	}
	for _, l := range s.locals {
		announced(l.doc.Announcement)
	}
	for _, p := range s.presses {
		announced(p.doc.Announcement)
	}
	for _, b := range s.bulletins {
		for _, a := range b.doc.Audio {
			named[a.SHA256] = true
		}
	}
	var unnamed []string
	for _, hash := range sorted(s.audio) {
		if !named[hash] {
			unnamed = append(unnamed, hash)
		}
	}
	return unnamed
}
