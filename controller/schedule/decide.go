package schedule

import (
	"fmt"
	"time"

	"loa/controller/protocol"
)

// Mark is what became of an occurrence.
type Mark struct {
	Fate     protocol.Fate
	Position time.Duration // how much of it was heard
	At       time.Time     // of FateStarted: when it first began
	Keep     time.Time     // until when the mark is of use; for whoever keeps it
}

// State is what a board has accepted and what became of it. Decide does not
// change it.
type State struct {
	Outputs  []string
	Calendar *Calendar // nil without a plan
	Alerts   []Alert
	Marks    map[string]Mark   // by occurrence ID
	Playing  map[string]string // output -> occurrence ID that is on air or starting now
	Trusted  bool              // the time is known; without it items wait, and alerts finish their repetitions
	// Waits says why an occurrence cannot begin or go on yet, as while its audio is
	// on its way; "" is that it can. last is set once Late is used up: what could
	// not be had until then will not be waited for if it can be left out. Nil is
	// that nothing waits.
	Waits func(o *Occurrence, last bool) string
	// Settled spares Decide from looking at the whole past again: what was missed
	// until then is not named any more. Zero looks back to Calendar.From. A caller
	// that has kept what a decision with Trusted named may set it to the time of
	// that decision.
	Settled time.Time
}

// OnAir is what an output plays.
type OnAir struct {
	ID         string // of the occurrence, or of the alert's repetition
	Class      Class
	Drill      bool
	Occurrence *Occurrence   // or
	Alert      *Alert        // one of both
	From       time.Duration // where in the item to begin: it was cut there
	Until      time.Time     // silent at the latest; zero: when the repetition ends
}

// Missed is an occurrence that did not sound, or not to its end, and no longer
// can.
type Missed struct {
	Occurrence *Occurrence
	Reason     string
}

// Decision is what should be on air.
type Decision struct {
	OnAir  map[string]*OnAir // by output; nil is silence
	Missed []Missed          // sorted by start
	Next   time.Time         // the decision cannot change before it, unless the state does; zero: nothing to come
}

// Decide says what each output plays now.
//
// An item begins only until its start plus Late plus Grace, and never twice. One
// that was cut goes on where it was cut until its end plus Late. An alert between
// two repetitions keeps items off the air; another alert may use the gap.
func Decide(s State, now time.Time) Decision {
	d := &decider{State: s, now: now}
	d.alerts()
	if s.Calendar != nil && s.Trusted {
		d.items()
	}
	decision := Decision{OnAir: make(map[string]*OnAir, len(s.Outputs))}
	holders := make(map[string]*candidate, len(s.Outputs))
	for _, output := range s.Outputs {
		best := d.best(output)
		holders[output] = best
		decision.OnAir[output] = nil
		if best != nil && !best.pausing {
			decision.OnAir[output] = best.onAir()
		}
	}
	for _, o := range d.over {
		decision.Missed = append(decision.Missed, Missed{o, d.reason(o, holders)})
	}
	decision.Next = d.next
	return decision
}

// decider gathers what could be on air at one moment.
type decider struct {
	State
	now      time.Time
	next     time.Time
	sounding []candidate // alerts
	pauses   *candidate  // the best alert that is between two repetitions
	due      []candidate // occurrences
	over     []*Occurrence
}

// ask notes a moment at which the answer can change.
func (d *decider) ask(t time.Time) {
	if t.After(d.now) && (d.next.IsZero() || t.Before(d.next)) {
		d.next = t
	}
}

func (d *decider) alerts() {
	for i := range d.Alerts {
		a := &d.Alerts[i]
		if a.over(d.Trusted, d.now) {
			continue
		}
		until := a.until(d.Trusted)
		c := candidate{
			class: Emergency, drill: a.Mode == protocol.Drill, level: a.Level, issued: a.Issued, name: a.Subject,
			alert: a, until: until,
		}
		d.ask(until)
		if end, pausing := a.pausing(d.now); pausing {
			d.ask(end)
			c.pausing = true
			if d.pauses == nil || compare(&c, d.pauses) < 0 {
				d.pauses = &c
			}
			continue
		}
		d.sounding = append(d.sounding, c)
	}
}

func (d *decider) items() {
	c := d.Calendar
	d.ask(c.Until)
	// What is still to be decided started at most c.longest ago; what was missed
	// since Settled, at most c.longest before that.
	since := later(c.From, d.Settled.Add(-c.longest))
	since = earlier(since, d.now.Add(-c.longest))
	next := c.search(d.now.Add(1))
	for i := c.search(since); i < next; i++ {
		d.item(&c.all[i])
	}
	if next < len(c.all) {
		d.ask(c.all[next].Start)
	}
}

// item judges an occurrence whose start has come.
func (d *decider) item(o *Occurrence) {
	mark, marked := d.Marks[o.ID]
	playing := d.playing(o)
	punctual := earlier(o.Start.Add(Grace), o.End) // what begins later uses its Late
	c := candidate{class: o.Class, order: o.Item.Order, start: o.Start, name: o.ID, occurrence: o, until: o.End}
	switch {
	case playing && (mark.Fate == protocol.FateStarted || mark.Fate == protocol.FateCut):
		if mark.Position > 0 || mark.Fate == protocol.FateCut || !mark.At.Before(punctual) {
			c.until = o.late()
		}
		c.begun, c.from = onAir, mark.Position
	case !marked:
		begins := o.begins()
		if playing { // and its mark is being kept
			c.begun = onAir
		} else if !d.now.Before(begins) {
			d.missed(o, begins)
			return
		}
		d.ask(begins)
		d.ask(punctual)
		if !d.now.Before(punctual) {
			c.until = o.late()
		}
	case mark.Fate == protocol.FateCut && o.Class == SelfTest:
		return // half of one proves nothing; there is another tomorrow
	case mark.Fate == protocol.FateCut:
		if !d.now.Before(o.late()) {
			d.missed(o, o.late())
			return
		}
		c.begun, c.from, c.until = wasCut, mark.Position, o.late()
	default:
		return // it has had its fate
	}
	if !d.now.Before(c.until) {
		return
	}
	if !playing && d.waits(o, c.begun) != "" {
		return
	}
	d.ask(c.until)
	d.due = append(d.due, c)
}

// waits says why an occurrence cannot begin yet, or go on where it was cut.
func (d *decider) waits(o *Occurrence, begun begun) string {
	if d.Waits == nil {
		return ""
	}
	latest := o.begins().Add(-Grace)
	if begun == wasCut {
		latest = o.late().Add(-Grace)
	}
	d.ask(latest)
	return d.Waits(o, !d.now.Before(latest))
}

// missed notes an occurrence whose time ended.
func (d *decider) missed(o *Occurrence, ended time.Time) {
	if !o.Start.Before(d.Calendar.From) && ended.After(d.Settled) {
		d.over = append(d.over, o)
	}
}

func (d *decider) playing(o *Occurrence) bool {
	for _, output := range d.Outputs {
		if d.Playing[output] == o.ID {
			return true
		}
	}
	return false
}

// best is what an output plays or is held by, or nil.
func (d *decider) best(output string) *candidate {
	best := d.pauses
	for i := range d.sounding {
		c := &d.sounding[i]
		// Another alert may use a pause, but a drill would be taken for a part of
		// the live alert.
		fills := best != nil && best.pausing && (best.drill || !c.drill)
		if best == nil || fills || (!best.pausing && compare(c, best) < 0) {
			best = c
		}
	}
	if best != nil {
		return best
	}
	for i := range d.due {
		c := &d.due[i]
		if want := c.occurrence.Item.Output; want != "" && want != output {
			continue
		}
		// What is on air on one output does not join in on another: it would be
		// heard from its middle, or start twice.
		if c.begun == onAir && d.Playing[output] != c.name {
			continue
		}
		if best == nil || compare(c, best) < 0 {
			best = c
		}
	}
	return best
}

func (c *candidate) onAir() *OnAir {
	on := &OnAir{
		ID: c.name, Class: c.class, Drill: c.drill, Occurrence: c.occurrence,
		From: c.from, Until: c.until,
	}
	if c.alert != nil {
		alert := *c.alert // the caller's may change
		on.Alert, on.ID = &alert, alert.RepetitionID()
	}
	return on
}

// reason says why an occurrence was missed, as far as it can be seen now: what
// holds its output and held it already when its time ended.
func (d *decider) reason(o *Occurrence, holders map[string]*candidate) string {
	ended, what := o.begins(), "did not begin"
	if mark, ok := d.Marks[o.ID]; ok {
		ended, what = o.late(), fmt.Sprintf("was cut after %s and did not go on", mark.Position.Round(time.Second))
	}
	known := o.Item.Output == ""
	for _, output := range d.Outputs {
		if o.Item.Output != "" && o.Item.Output != output {
			continue
		}
		known = true
		c := holders[output]
		if c == nil {
			continue
		}
		if c.alert != nil && !c.alert.Issued.After(ended) {
			return fmt.Sprintf("%s: output %s was held by %s", what, output, c.alert.Subject)
		}
		if c.occurrence != nil && c.begun == onAir && !c.start.After(ended) {
			return fmt.Sprintf("%s: output %s was held by %s", what, output, c.name)
		}
	}
	if d.Waits != nil && known && d.now.Sub(ended) < Grace { // it was looked at until now
		if why := d.Waits(o, true); why != "" {
			return what + ": " + why
		}
	}
	if !known {
		return fmt.Sprintf("%s: this board has no output %s", what, o.Item.Output)
	}
	return what + ": the board was not running or did not know the time"
}
