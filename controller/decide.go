package controller

import (
	"fmt"
	"strings"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// calendarAhead is how far a plan is worked out at a time, both ways.
const calendarAhead = 36 * time.Hour

// decide asks what each output plays now, and converges towards it.
func (t *step) decide() {
	s := t.s
	if s.known.KeySet == nil || s.known.Placement == nil {
		for _, output := range s.Outputs {
			t.silence(output)
		}
		return
	}
	t.extendCalendar()
	d := schedule.Decide(s.view(t), t.now)
	for _, m := range d.Missed {
		t.missed(m.Occurrence, m.Reason)
	}
	for _, output := range s.Outputs {
		want, is := d.OnAir[output], s.on(output)
		switch {
		case want == nil && is == nil:
		case want == nil:
			t.silence(output)
		case is != nil && want.ID == is.ID:
		case is != nil && t.fallen(is):
			t.silence(output)
			t.start(output, want)
		default: // the one sounds until the other is ready
			t.withdraw(output)
			t.start(output, want)
		}
	}
	if s.clock.Trusted && s.calendar != nil {
		s.settled = later(s.settled, t.now)
	}
	t.wakeAt(d.Next)
	t.hasten()
}

// on is what an output is to sound, or nil.
func (s *State) on(output string) *cue {
	token, ok := s.playing[output]
	if !ok {
		return nil
	}
	c := s.cues[token]
	return &c
}

// fallen reports whether what is on air may sound no longer, rather than that
// something else comes first.
func (t *step) fallen(c *cue) bool {
	if c.Occurrence != nil {
		fate := t.s.marks[c.ID].Fate
		return fate != protocol.FateStarted && fate != protocol.FateCut
	}
	return !t.s.stands(*c)
}

func (t *step) silence(output string) {
	if _, ok := t.s.playing[output]; ok {
		t.withdraw(output)
		t.do(Play{Output: output})
	}
}

// withdraw takes what an output was to sound. What playout has told of, it will
// tell the end of; of the rest this is the end.
func (t *step) withdraw(output string) {
	s := t.s
	token, ok := s.playing[output]
	if !ok {
		return
	}
	delete(s.playing, output)
	c := s.cues[token]
	if c.ended == "" && (!c.given || !c.told || c.failing != "") {
		t.cutShort(c, c.From, nil, nil)
	}
	t.complete(c)
}

// extendCalendar works the plan out for the hours ahead, in time.
func (t *step) extendCalendar() {
	s := t.s
	if s.plan == nil || !s.clock.Trusted || t.now.Sub(s.calendarAt).Abs() < calendarAhead/2 {
		return
	}
	calendar, err := t.workOut(s.plan.doc)
	if err != nil {
		t.fault("plan", err.Error())
	} else {
		t.fault("plan", "")
		s.calendar = calendar
	}
	s.calendarAt = t.now
}

func (t *step) workOut(p *protocol.Plan) (*schedule.Calendar, error) {
	return schedule.NewCalendar(p, t.now.Add(-calendarAhead), t.now.Add(calendarAhead))
}

// view is the state as schedule sees it.
func (s *State) view(t *step) schedule.State {
	v := schedule.State{
		Outputs: s.Outputs, Calendar: s.calendar, Marks: s.marks,
		Playing: map[string]string{}, Trusted: s.clock.Trusted, Settled: s.settled,
		Waits: t.waits,
	}
	for output, token := range s.playing {
		v.Playing[output] = s.cues[token].ID
	}
	for _, subject := range sorted(s.alerts) {
		// What has certainly expired does not sound either where the time is not
		// known; all closings of relays pass here.
		if a := s.alerts[subject]; !s.ended(subject) && a.order.Stands(s.known, t.clock()) == nil {
			v.Alerts = append(v.Alerts, a.view(subject))
		}
	}
	for _, p := range s.presses {
		v.Alerts = append(v.Alerts, t.viewPress(p))
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

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// start gathers 'starting' for the next commit; with that it begins.
func (t *step) start(output string, want *schedule.OnAir) {
	s := t.s
	s.made++
	c := cue{
		OnAir: *want, token: fmt.Sprintf("%s~%d", want.ID, s.made), output: output,
		since: t.now, asked: t.board, ends: t.onBoard(want.Until),
	}
	if want.Alert != nil {
		c.order, c.subject = want.Alert.Order, want.Alert.Subject
	} else {
		c.order, c.subject = s.plan.order.Hash, want.ID
		t.mark(want.Occurrence, protocol.FateStarted, want.From)
	}
	s.cues[c.token], s.playing[output] = c, c.token
	t.tell(t.receiptOf(c, protocol.FateStarted))
	t.tx.starts = append(t.tx.starts, c.token)
}

// hasten begins an emergency whose start a hanging store holds up.
func (t *step) hasten() {
	for _, output := range t.s.Outputs {
		c := t.s.on(output)
		if c == nil || c.given || c.Class != schedule.Emergency {
			continue
		}
		if t.due(c.asked.Add(commitHaste)) {
			t.fault("store", fmt.Sprintf("took no order for %v", commitHaste))
			t.begin(c.token)
		}
	}
}

// begin gives playout the cue whose start is durable, if it is still wanted:
// between the commit and now it may have been stopped, cut, or voided.
func (t *step) begin(token string) {
	s := t.s
	c, ok := s.cues[token]
	if !ok || c.given || s.playing[c.output] != token {
		return
	}
	d := schedule.Decide(s.view(t), t.now)
	if want := d.OnAir[c.output]; want == nil || want.ID != c.ID {
		return
	}
	script, err := t.script(c)
	if err != nil {
		t.over(c, protocol.FateFailed, err.Error(), c.From, nil)
		return
	}
	c.given, c.bulletins, c.skipped = true, script.bulletins, script.skipped
	s.cues[token] = c
	t.do(Play{c.output, playoutCue(c, script.parts)})
}

// mark notes what became of an occurrence of the plan.
func (t *step) mark(o *schedule.Occurrence, fate protocol.Fate, position time.Duration) {
	m := schedule.Mark{
		Fate: fate, Position: position, At: t.now,
		Keep: o.End.Add(seconds(float64(o.Item.Late)) + keepMarks),
	}
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

// receiptOf begins a receipt on what an output plays.
func (t *step) receiptOf(c cue, fate protocol.Fate) protocol.Receipt {
	r := t.s.receipt(fate, t.now)
	r.Order, r.Subject, r.Occurrence, r.Mode = c.order, c.subject, c.ID, modeOf(c.Drill)
	switch {
	case c.Occurrence != nil:
		r.Kind = protocol.KindPlan
	case strings.HasPrefix(c.subject, pressPrefix):
		r.Kind = protocol.KindLocal
	default:
		r.Kind = protocol.KindAlert
	}
	return r
}
