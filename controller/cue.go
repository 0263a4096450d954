package controller

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"loa/controller/playout"
	"loa/controller/protocol"
)

// playoutCue is how playout takes a cue.
func playoutCue(c cue, parts []playout.Part) *playout.Cue {
	return &playout.Cue{ID: c.token, Class: c.Class, Drill: c.Drill, Parts: parts, From: c.From, Until: c.ends}
}

// parts are what a cue sounds, and the bulletins that it stands on.
func (t *step) parts(c cue) (parts []playout.Part, bulletins []string, err error) {
	s := t.s
	if c.Occurrence != nil {
		return s.itemParts(c.Occurrence.Item, t.now)
	}
	if a, ok := s.alerts[c.subject]; ok {
		return s.announcement(a.doc.Announcement), nil, nil
	}
	for _, p := range s.presses {
		if p.subject == c.subject {
			return s.announcement(p.doc.Announcement), nil, nil
		}
	}
	return nil, nil, errors.New("its order is not on the board any more")
}

// itemParts are the parts of a plan's item. What the plan names must be what
// persons approved; a part of which nothing may sound fails the item.
func (s *State) itemParts(it *protocol.Item, now time.Time) (parts []playout.Part, bulletins []string, err error) {
	for i, p := range it.Parts {
		var part playout.Part
		var why error
		for _, src := range p.Sources {
			if src.BuiltIn != "" {
				part.Sources = append(part.Sources, playout.Source{BuiltIn: src.BuiltIn})
				continue
			}
			audio, err := s.approved(it, src, now)
			if err != nil {
				why = err
				continue
			}
			part.Sources = append(part.Sources, playout.Source{Audio: audio.SHA256})
			bulletins = append(bulletins, src.Bulletin)
		}
		if len(part.Sources) == 0 {
			return nil, nil, fmt.Errorf("part %d: %w", i+1, why)
		}
		parts = append(parts, part)
	}
	return parts, bulletins, nil
}

func (s *State) approved(it *protocol.Item, src protocol.Source, now time.Time) (protocol.Audio, error) {
	b, ok := s.bulletins[src.Bulletin]
	if !ok {
		return protocol.Audio{}, fmt.Errorf("bulletin document %.12s is not on the board", src.Bulletin)
	}
	if b.order.Void(s.known) {
		return protocol.Audio{}, fmt.Errorf("bulletin %s stands on a revoked key", b.doc.ID)
	}
	if err := b.doc.Permits(it.Class, s.known.Placement.Areas, now); err != nil {
		return protocol.Audio{}, err
	}
	audio, ok := b.doc.Spoken(src.Language)
	if !ok {
		return protocol.Audio{}, fmt.Errorf("bulletin %s has no %s", b.doc.ID, src.Language)
	}
	if !s.audio[audio.SHA256] {
		return protocol.Audio{}, fmt.Errorf("audio of bulletin %s is not on the board yet", b.doc.ID)
	}
	return audio, nil
}

// announcement is one repetition: the siren, then the message in each of the
// board's languages. Where audio is not on the board yet, the built-in phrase
// stands in; each repetition looks anew.
func (s *State) announcement(a protocol.Announcement) []playout.Part {
	var parts []playout.Part
	if a.Siren.Blasts > 0 && a.Siren.Seconds > 0 {
		parts = append(parts, playout.Part{
			Sources: []playout.Source{{Siren: playout.Siren{Blasts: a.Siren.Blasts, Length: seconds(a.Siren.Seconds), Gap: seconds(a.Siren.Gap)}}},
			Pause:   500 * time.Millisecond,
		})
	}
	phrase := playout.Source{BuiltIn: phraseOf(a.Phrase)}
	spoken := false
	for _, m := range s.spoken(a.Messages) {
		var part playout.Part
		if m.Audio != nil && s.audio[m.Audio.SHA256] {
			part.Sources = append(part.Sources, playout.Source{Audio: m.Audio.SHA256})
		} else if spoken {
			continue
		}
		spoken = true
		part.Sources = append(part.Sources, phrase)
		part.Pause = 500 * time.Millisecond
		parts = append(parts, part)
	}
	return parts
}

// phraseOf is the built-in phrase of a name; a name that this program does not
// know yet gives the general one, which is better than silence.
func phraseOf(name string) string {
	full := "phrase:" + strings.TrimPrefix(name, "phrase:")
	if !playout.HasBuiltIn(full) {
		return "phrase:general"
	}
	return full
}
