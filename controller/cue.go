package controller

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/schedule"
)

// playoutCue is how playout takes a cue.
func playoutCue(c cue, parts []playout.Part) *playout.Cue {
	made := &playout.Cue{ID: c.token, Class: c.Class, Drill: c.Drill, Parts: parts, From: c.From, Until: c.ends}
	if c.Occurrence != nil {
		made.Gain = c.Occurrence.Item.Gain
	}
	return made
}

// script is what a cue sounds.
type script struct {
	parts     []playout.Part
	bulletins []string // documents that it stands on
	skipped   []string // parts that cannot sound, and why
	late      string   // of these, one that may sound yet: it is not on the board
	spoken    bool     // more than built-in sounds is left
}

// script is what a cue sounds now.
func (t *step) script(c cue) (script, error) {
	s := t.s
	if c.Occurrence != nil {
		it := s.itemScript(c.Occurrence.Item, t.now)
		if len(it.skipped) > 0 && !it.spoken {
			return script{}, errors.New(it.skipped[0])
		}
		return it, nil
	}
	if a, ok := s.alerts[c.subject]; ok {
		return script{parts: s.announcement(a.doc.Announcement)}, nil
	}
	for _, p := range s.presses {
		if p.subject == c.subject {
			return script{parts: s.announcement(p.doc.Announcement)}, nil
		}
	}
	return script{}, errors.New("its order is not on the board any more")
}

// errLate says that a document or audio is not on the board, and may come.
var errLate = errors.New("is not on the board yet")

// itemScript is what is left of a plan's item. What the plan names must be what
// persons approved; a part of which nothing may sound is left out.
func (s *State) itemScript(it *protocol.Item, now time.Time) (left script) {
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
				if why == nil || errors.Is(err, errLate) {
					why = err
				}
				continue
			}
			part.Sources = append(part.Sources, playout.Source{Audio: audio.SHA256})
			left.bulletins = append(left.bulletins, src.Bulletin)
			left.spoken = true
		}
		if len(part.Sources) > 0 {
			left.parts = append(left.parts, part)
			continue
		}
		left.skipped = append(left.skipped, fmt.Sprintf("part %d: %v", i+1, why))
		if errors.Is(why, errLate) {
			left.late = left.skipped[len(left.skipped)-1]
		}
	}
	return left
}

// waits says why an occurrence is not to begin yet: the mains are not fit for it,
// or something of it is still on its way. At the last moment it begins with what
// there is of it, if that is more than a chime.
func (t *step) waits(o *schedule.Occurrence, last bool) string {
	if t.s.unfit != "" {
		return fmt.Sprintf("%v: %s", playout.ErrMains, t.s.unfit)
	}
	it := t.s.itemScript(o.Item, t.now)
	if last && it.spoken {
		return ""
	}
	return it.late
}

func (s *State) approved(it *protocol.Item, src protocol.Source, now time.Time) (protocol.Audio, error) {
	b, ok := s.bulletins[src.Bulletin]
	if !ok {
		return protocol.Audio{}, fmt.Errorf("bulletin document %.12s %w", src.Bulletin, errLate)
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
		return protocol.Audio{}, fmt.Errorf("audio of bulletin %s %w", b.doc.ID, errLate)
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
