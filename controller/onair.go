package controller

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/firmware"
)

// decide asks what each output plays now, and converges towards it.
func (t *step) decide() {
	s := t.s
	if s.known.Placement == nil {
		return
	}
	t.extendCalendar()
	d := schedule.Decide(s.view(), t.now)
	for _, m := range d.Missed {
		t.missed(m.Occurrence, m.Reason)
	}
	for _, output := range s.Outputs {
		want, is := d.OnAir[output], s.playing[output]
		switch {
		case want == nil && is.ID == "":
		case want == nil:
			t.withdraw(output)
			t.do(Play{Output: output})
		case want.ID != is.ID:
			t.withdraw(output)
			t.start(output, want)
		}
	}
	s.settled = t.now
	t.wakeAt(d.Next)
}

// withdraw takes what an output was to sound. What playout has tells its own
// end; what had not begun may begin later.
func (t *step) withdraw(output string) {
	s := t.s
	p, ok := s.playing[output]
	delete(s.playing, output)
	if ok && !p.committed && p.Occurrence != nil && s.marks[p.ID].Fate == protocol.FateStarted && !s.sounds(p.ID) {
		t.mark(p.Occurrence, protocol.FateCut, p.From)
	}
}

// extendCalendar works the plan out for the hours ahead, in time.
func (t *step) extendCalendar() {
	s := t.s
	if s.plan == nil || !s.clock.Trusted {
		return
	}
	if s.calendar != nil && t.now.Add(calendarAhead/2).Before(s.calendar.Until) && !t.now.Before(s.calendar.From) {
		return
	}
	calendar, err := schedule.NewCalendar(s.plan.doc, t.now.Add(-calendarAhead), t.now.Add(calendarAhead))
	if err != nil {
		t.fault("plan", err.Error())
		return
	}
	t.fault("plan", "")
	s.calendar = calendar
}

// view is the state as schedule sees it.
func (s *State) view() schedule.State {
	v := schedule.State{
		Outputs: s.Outputs, Calendar: s.calendar, Marks: s.marks,
		Playing: map[string]string{}, Trusted: s.clock.Trusted, Settled: s.settled,
	}
	for output, p := range s.playing {
		v.Playing[output] = p.ID
	}
	for _, subject := range sorted(s.alerts) {
		if a := s.alerts[subject]; !s.ended(subject) {
			v.Alerts = append(v.Alerts, a.view(subject))
		}
	}
	for _, p := range s.presses {
		v.Alerts = append(v.Alerts, p.view())
	}
	return v
}

func (a alert) view(subject string) schedule.Alert {
	return schedule.Alert{
		Subject: subject, Order: a.order.Hash, Sequence: a.doc.Sequence, Mode: a.order.Mode, Level: a.doc.Level,
		Issued: a.doc.Issued, Expires: a.doc.Expires, Repetitions: a.doc.Repetitions, Pause: seconds(a.doc.Pause),
		Done: a.done, LastEnd: a.lastEnd,
	}
}

func (p press) view() schedule.Alert {
	longest := seconds(float64(p.doc.Seconds))
	return schedule.Alert{
		Subject: p.subject, Order: p.order.Hash, Sequence: 1, Mode: p.mode, Level: p.doc.Level,
		Issued: p.at, Expires: p.at.Add(longest), Repetitions: p.doc.Repetitions, Pause: seconds(p.doc.Pause),
		Done: p.done, LastEnd: p.lastEnd, Longest: longest,
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// start commits 'starting', and only then begins.
func (t *step) start(output string, want *schedule.OnAir) {
	s := t.s
	p := playing{OnAir: *want, since: t.now}
	r := s.receipt(protocol.FateStarted, t.now)
	r.Occurrence = want.ID
	if want.Alert != nil {
		p.order, p.subject = want.Alert.Order, want.Alert.Subject
		r.Kind, r.Mode = protocol.KindAlert, want.Alert.Mode
		if strings.HasPrefix(p.subject, "local/") {
			r.Kind = protocol.KindLocal
		}
	} else {
		p.order, p.subject = s.plan.order.Hash, want.ID
		r.Kind, r.Mode = protocol.KindPlan, protocol.Live
		t.mark(want.Occurrence, protocol.FateStarted, want.From)
	}
	r.Order, r.Subject = p.order, p.subject
	s.playing[output] = p
	t.tell(r)
	t.tx.starts = append(t.tx.starts, output)
}

// begin gives playout the cue whose start is durable, if it is still wanted:
// between the commit and now it may have been stopped, cut, or voided.
func (t *step) begin(output string) {
	s := t.s
	p, ok := s.playing[output]
	if !ok || p.committed {
		return
	}
	d := schedule.Decide(s.view(), t.now)
	if want := d.OnAir[output]; want == nil || want.ID != p.ID {
		return
	}
	cue, err := t.cue(p)
	if err != nil {
		delete(s.playing, output)
		t.failed(p, err.Error(), nil)
		return
	}
	p.committed = true
	s.playing[output] = p
	s.sounding[cueKey{output, p.ID}] = p
	t.do(Play{output, cue})
}

// mark notes what became of an occurrence of the plan.
func (t *step) mark(o *schedule.Occurrence, fate protocol.Fate, position time.Duration) {
	at := t.now
	if was := t.s.marks[o.ID]; was.Fate == protocol.FateCut && fate == protocol.FateStarted {
		at = was.At
	}
	m := schedule.Mark{Fate: fate, Position: position, At: at, Keep: o.End.Add(seconds(float64(o.Item.Late)) + keepMarks)}
	t.s.marks[o.ID] = m
	t.tx.mark(o.ID, m)
}

func (t *step) missed(o *schedule.Occurrence, reason string) {
	t.mark(o, protocol.FateMissed, t.s.marks[o.ID].Position)
	r := t.s.receipt(protocol.FateMissed, t.now)
	r.Order, r.Kind, r.Mode = t.s.plan.order.Hash, protocol.KindPlan, protocol.Live
	r.Subject, r.Occurrence, r.Detail = o.ID, o.ID, reason
	t.tell(r)
}

// failed tells that something did not sound. Of a plan's item that is final; an
// alert is tried again.
func (t *step) failed(p playing, detail string, evidence *protocol.Evidence) {
	if p.Occurrence != nil {
		t.mark(p.Occurrence, protocol.FateFailed, p.From)
	}
	t.outcome(p, protocol.FateFailed, detail, evidence)
}

// outcome tells what became of what an output played.
func (t *step) outcome(p playing, fate protocol.Fate, detail string, evidence *protocol.Evidence) {
	r := t.s.receipt(fate, t.now)
	r.Order, r.Subject, r.Occurrence, r.Detail, r.Evidence = p.order, p.subject, p.ID, detail, evidence
	r.Kind, r.Mode = protocol.KindPlan, modeOf(p.Drill)
	if p.Alert != nil {
		r.Kind = protocol.KindAlert
		if strings.HasPrefix(p.subject, "local/") {
			r.Kind = protocol.KindLocal
		}
	}
	t.tell(r)
}

// played takes what playout tells of a cue, which may no longer be what is
// wanted on its output.
func (t *step) played(e playout.Event) {
	s := t.s
	if e.Kind == playout.Opened {
		t.opened(e)
		return
	}
	key := cueKey{e.Output, e.Cue}
	p, ok := s.sounding[key]
	if !ok {
		return
	}
	switch e.Kind {
	case playout.Sounding, playout.Started:
		if e.Source != "" && !slices.Contains(p.sources, e.Source) {
			p.sources = append(slices.Clip(p.sources), e.Source)
		}
		s.sounding[key] = p
	case playout.SourceSkipped:
		p.skipped = append(slices.Clip(p.skipped), e.Source+": "+e.Err.Error())
		s.sounding[key] = p
	case playout.Finished:
		t.finished(e, p)
	case playout.Cut:
		t.cut(e, p)
	case playout.Failed:
		t.playFailed(e, p)
	}
}

// opened takes the end of power: the next sound begins with a warm-up again.
func (t *step) opened(e playout.Event) {
	detail := ""
	if e.Err != nil {
		detail = e.Err.Error()
	}
	t.fault("relay "+e.Output, detail)
}

func (t *step) finished(e playout.Event, p playing) {
	s := t.s
	delete(s.sounding, cueKey{e.Output, p.ID})
	t.fault("sound "+e.Output, "")
	if s.playing[e.Output].ID == p.ID {
		delete(s.playing, e.Output)
	}
	t.outcome(p, protocol.FateFinished, "", t.evidence(e, p))
	if p.Occurrence != nil {
		t.mark(p.Occurrence, protocol.FateFinished, e.Position)
		return
	}
	if !s.sounds(p.ID) {
		t.repeated(p, s.clock.at(e.At))
	}
}

// sounds reports whether any output sounds, or is about to, what id names.
func (s *State) sounds(id string) bool {
	for _, p := range s.playing {
		if p.ID == id {
			return true
		}
	}
	return false
}

// repeated counts a repetition of an alert that sounded to its end.
func (t *step) repeated(p playing, at time.Time) {
	s := t.s
	if a, ok := s.alerts[p.subject]; ok && a.order.Hash == p.order {
		a.done, a.lastEnd = a.done+1, at
		s.alerts[p.subject] = a
		t.progress(p.subject)
	}
	for i, pr := range s.presses {
		if pr.subject == p.subject {
			s.presses[i].done, s.presses[i].lastEnd = pr.done+1, at
		}
	}
}

// cut tells why something ended early.
func (t *step) cut(e playout.Event, p playing) {
	s := t.s
	delete(s.sounding, cueKey{e.Output, p.ID})
	evidence := t.evidence(e, p)
	if s.playing[e.Output].ID == p.ID {
		delete(s.playing, e.Output)
	}
	switch {
	case p.Occurrence != nil && s.marks[p.ID].Fate == protocol.FateStopped:
		t.outcome(p, protocol.FateStopped, "", evidence)
	case p.Alert != nil && (s.ended(p.subject) || !s.stands(p)):
		t.outcome(p, protocol.FateStopped, "", evidence)
	case !p.Until.IsZero() && !t.now.Before(p.Until):
		if p.Occurrence != nil {
			t.mark(p.Occurrence, protocol.FateExpired, e.Position)
		}
		t.outcome(p, protocol.FateExpired, "its time was over", evidence)
	case p.Occurrence != nil:
		t.mark(p.Occurrence, protocol.FateCut, e.Position)
		t.outcome(p, protocol.FateCut, "", evidence)
	default:
		t.outcome(p, protocol.FateCut, "", evidence)
	}
}

// stands reports whether the alert or press that p repeats is still held.
func (s *State) stands(p playing) bool {
	if a, ok := s.alerts[p.subject]; ok {
		return a.order.Hash == p.order
	}
	return slices.ContainsFunc(s.presses, func(pr press) bool { return pr.subject == p.subject })
}

// playFailed takes a failure. An emergency goes on in playout, which tries
// again by itself until it is told otherwise; it is told once per kind of
// failure, so that a dead sound card does not fill the journal.
func (t *step) playFailed(e playout.Event, p playing) {
	s := t.s
	detail := e.Err.Error()
	t.fault("sound "+e.Output, detail)
	if p.Class == schedule.Emergency && s.playing[e.Output].ID == p.ID && !final(e.Err) {
		if p.failure != detail {
			p.failure = detail
			t.outcome(p, protocol.FateFailed, detail, t.evidence(e, p))
		}
		s.sounding[cueKey{e.Output, p.ID}] = p
		return
	}
	delete(s.sounding, cueKey{e.Output, p.ID})
	if s.playing[e.Output].ID == p.ID {
		delete(s.playing, e.Output)
	}
	t.failed(p, detail, t.evidence(e, p))
	if p.Alert != nil {
		t.repeated(p, s.clock.at(e.At))
	}
}

// final reports whether playout gave a cue up, an emergency too.
func final(err error) bool {
	return errors.Is(err, playout.ErrExpired) || errors.Is(err, playout.ErrLongestOn)
}

func (t *step) evidence(e playout.Event, p playing) *protocol.Evidence {
	at := func(board time.Time) *time.Time {
		if board.IsZero() {
			return nil
		}
		known := t.s.clock.at(board).UTC().Round(0)
		return &known
	}
	return &protocol.Evidence{
		Output:      e.Output,
		RelayClosed: at(e.Evidence.RelayClosed), FirstSample: at(e.Evidence.FirstSample),
		LastSample: at(e.Evidence.LastSample), RelayOpened: at(e.Evidence.RelayOpened),
		Samples: e.Evidence.Samples, RMS: e.Evidence.RMS, Peak: e.Evidence.Peak,
		Position: e.Position.Seconds(), Sources: append([]string{}, p.sources...), Skipped: p.skipped,
		Verdict: protocol.VerdictUnknown,
	}
}

// pressed plays the local order of a button. Live comes before drill.
func (t *step) pressed(e firmware.Press) {
	s := t.s
	if !e.Active {
		return
	}
	r := s.receipt(protocol.FatePressed, t.now)
	r.Kind, r.Mode, r.Occurrence = protocol.KindLocal, protocol.Live, e.Input
	l, detail := s.localFor(e.Input, t.now)
	r.Detail = detail
	if l.order == nil {
		t.tell(r)
		return
	}
	r.Order, r.Subject, r.Mode = l.order.Hash, l.order.Subject, l.order.Mode
	t.tell(r)
	for _, p := range s.presses {
		if p.order.Hash == l.order.Hash && t.now.Before(p.at.Add(seconds(float64(p.doc.Seconds)))) && p.done < p.doc.Repetitions {
			return
		}
	}
	s.presses = append(s.presses, press{
		held: l, mode: l.order.Mode, at: t.now,
		subject: fmt.Sprintf("%s@%s", l.order.Subject, t.now.UTC().Format(protocol.LocalTime)),
	})
}

// localFor finds the order of a button, judged again: expiry only counts with a
// time that is known.
func (s *State) localFor(input string, now time.Time) (held[protocol.Local], string) {
	for _, mode := range []protocol.Mode{protocol.Live, protocol.Drill} {
		l, ok := s.locals["local/"+string(mode)+"/"+input]
		switch {
		case !ok:
		case l.order.Void(s.known):
			return held[protocol.Local]{}, "its order stands on a revoked key"
		case s.clock.Trusted && !now.Before(l.doc.Expires), !l.doc.Expires.After(s.clock.Floor):
			return held[protocol.Local]{}, "its order has expired"
		default:
			return l, ""
		}
	}
	return held[protocol.Local]{}, "no order for this button"
}
