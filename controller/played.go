package controller

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/schedule"
)

// played takes what playout tells of a cue, which may no longer be what is
// wanted on its output.
func (t *step) played(e playout.Event) {
	s := t.s
	if e.Kind == playout.Opened {
		detail := ""
		if e.Err != nil {
			detail = e.Err.Error()
		}
		t.fault("relay "+e.Output, detail)
		return
	}
	c, ok := s.cues[e.Cue]
	if !ok || c.ended != "" {
		return
	}
	c.told = true
	switch e.Kind {
	case playout.Sounding, playout.Started:
		c.failing = ""
		if e.Source != "" && !slices.Contains(c.sources, e.Source) {
			c.sources = append(slices.Clip(c.sources), e.Source)
		}
	case playout.SourceSkipped:
		c.skipped = append(slices.Clip(c.skipped), e.Source+": "+e.Err.Error())
		// A file that is gone or was damaged is fetched again.
		if hash, ok := strings.CutPrefix(e.Source, "audio:"); ok && s.audio[hash] {
			s.audio[hash], s.changed = false, true
		}
	case playout.Finished:
		t.fault("sound "+e.Output, "")
		t.over(c, protocol.FateFinished, "", e.Position, t.evidence(e, c))
		return
	case playout.Cut:
		t.cutShort(c, e.Position, e.Err, t.evidence(e, c))
		t.complete(c)
		return
	case playout.Failed:
		if errors.Is(e.Err, playout.ErrExpired) {
			t.over(c, protocol.FateExpired, "its time was over", e.Position, t.evidence(e, c))
			return
		}
		if !errors.Is(e.Err, playout.ErrMains) { // a fault of its own
			t.fault("sound "+e.Output, e.Err.Error())
		}
		if !t.triesAgain(e, c) {
			t.over(c, protocol.FateFailed, e.Err.Error(), e.Position, t.evidence(e, c))
			return
		}
		// It is told once per kind of failure, so that a dead sound card does
		// not fill the journal.
		if c.failing != e.Err.Error() {
			r := t.receiptOf(c, protocol.FateFailed)
			r.Detail, r.Evidence = e.Err.Error(), t.evidence(e, c)
			t.tell(r)
		}
		c.failing = e.Err.Error()
		s.cues[c.token] = c
		t.complete(c)
		return
	}
	s.cues[c.token] = c
}

// triesAgain reports whether playout goes on with an emergency by itself.
func (t *step) triesAgain(e playout.Event, c cue) bool {
	return c.Class == schedule.Emergency && t.s.playing[c.output] == c.token &&
		(errors.Is(e.Err, playout.ErrRelay) || errors.Is(e.Err, playout.ErrSpeaker))
}

// cutShort tells why something ended early, or before it began.
func (t *step) cutShort(c cue, position time.Duration, why error, evidence *protocol.Evidence) {
	s := t.s
	fate, detail := protocol.FateCut, ""
	switch {
	case c.Occurrence != nil && t.fallen(&c), c.Alert != nil && !s.stands(c):
		fate = protocol.FateStopped
		if a, ok := s.alerts[c.subject]; ok && a.order.Hash != c.order && !s.ended(c.subject) {
			fate, detail = protocol.FateCut, "an update took its place"
		}
	case errors.Is(why, playout.ErrExpired), !c.ends.IsZero() && !t.board.Before(c.ends):
		fate, detail = protocol.FateExpired, "its time was over"
	}
	t.close(c, fate, detail, position, evidence)
}

// over ends a cue for one output, and with its last output for good.
func (t *step) over(c cue, fate protocol.Fate, detail string, position time.Duration, evidence *protocol.Evidence) {
	t.close(c, fate, detail, position, evidence)
	t.complete(c)
}

func (t *step) close(c cue, fate protocol.Fate, detail string, position time.Duration, evidence *protocol.Evidence) {
	r := t.receiptOf(c, fate)
	r.Detail, r.Evidence = detail, evidence
	t.tell(r)
	c.ended, c.position = fate, position
	t.s.cues[c.token] = c
}

// complete settles an item, or a repetition of an alert, that has ended on all
// outputs. One whose sound path is dead is not waited for. Until then the cues
// that ended stay where they are, so that nothing starts a second time.
func (t *step) complete(c cue) {
	s := t.s
	var ended []cue
	for _, token := range sorted(s.cues) {
		switch other := s.cues[token]; {
		case other.ID != c.ID:
		case other.ended != "":
			ended = append(ended, other)
		case other.failing == "":
			return
		}
	}
	if len(ended) == 0 {
		return
	}
	fates, position, wanted := map[protocol.Fate]bool{}, time.Duration(0), false
	for _, c := range ended {
		fates[c.ended] = true
		if c.ended == protocol.FateCut {
			position = max(position, c.position)
		}
		wanted = wanted || s.playing[c.output] == c.token
	}
	if wanted && c.Alert != nil && fates[protocol.FateExpired] {
		return // playout ends it a moment before Decide does, which would start it again
	}
	for _, c := range ended {
		if s.playing[c.output] == c.token {
			delete(s.playing, c.output)
		}
		delete(s.cues, c.token)
	}
	switch {
	case c.Occurrence != nil && t.fallen(&c): // it has its fate
	case c.Occurrence != nil:
		for _, fate := range []protocol.Fate{protocol.FateCut, protocol.FateFinished, protocol.FateExpired, protocol.FateFailed} {
			if fates[fate] {
				t.mark(c.Occurrence, fate, position)
				return
			}
		}
	case fates[protocol.FateFinished] && !fates[protocol.FateCut], wanted && fates[protocol.FateFailed]:
		t.repeated(c)
	}
}

// repeated counts a repetition of an alert or press.
func (t *step) repeated(c cue) {
	s := t.s
	if a, ok := s.alerts[c.subject]; ok && a.order.Hash == c.order && a.done < a.doc.Repetitions {
		a.done, a.lastEnd = a.done+1, t.now.Round(0)
		s.alerts[c.subject] = a
		t.progress(c.subject)
	}
	for i, p := range s.presses {
		if p.subject == c.subject {
			s.presses[i].done, s.presses[i].lastEnd = p.done+1, t.board
		}
	}
}

// stands reports whether the alert or press that c repeats is still held.
func (s *State) stands(c cue) bool {
	if a, ok := s.alerts[c.subject]; ok {
		return a.order.Hash == c.order && !s.ended(c.subject)
	}
	return slices.ContainsFunc(s.presses, func(p press) bool { return p.subject == c.subject })
}

func (t *step) evidence(e playout.Event, c cue) *protocol.Evidence {
	at := func(board time.Time) *time.Time {
		if board.IsZero() {
			return nil
		}
		known := t.known(board).UTC().Round(0)
		return &known
	}
	return &protocol.Evidence{
		Output:      e.Output,
		RelayClosed: at(e.Evidence.RelayClosed), FirstSample: at(e.Evidence.FirstSample),
		LastSample: at(e.Evidence.LastSample), RelayOpened: at(e.Evidence.RelayOpened),
		Samples: e.Evidence.Samples, RMS: e.Evidence.RMS, Peak: e.Evidence.Peak,
		Position: e.Position.Seconds(), Sources: append([]string{}, c.sources...), Skipped: c.skipped,
		Verdict: verdict(e.Evidence.Verdict), Sensors: sensed(e.Evidence.Sensors),
	}
}

// verdict is playout's in the contract's words.
func verdict(v playout.Verdict) protocol.Verdict {
	switch v {
	case playout.Heard:
		return protocol.VerdictHeard
	case playout.Silent:
		return protocol.VerdictSilent
	}
	return protocol.VerdictUnknown
}

// mostSensors and mostDetail are what a receipt has room for.
const (
	mostSensors = 16
	mostDetail  = 200 // bytes
)

// sensed is what sensors told, in figures that a person can read.
func sensed(figures []playout.Figure) []protocol.Sensed {
	var all []protocol.Sensed
	for _, f := range figures[:min(len(figures), mostSensors)] {
		s := protocol.Sensed{
			Name: f.Sensor, Quantity: string(f.Quantity), Verdict: verdict(f.Verdict),
			Level: rounded(f.Level), Rest: rounded(f.Rest), Correlation: rounded(f.Correlation),
		}
		if f.Err != nil {
			s.Detail = strings.ToValidUTF8(f.Err.Error()[:min(len(f.Err.Error()), mostDetail)], "")
		}
		all = append(all, s)
	}
	return all
}

// rounded is a figure to four places; a board's sums are no finer.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }
