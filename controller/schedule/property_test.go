package schedule_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// The same examples every time; -rapid.seed and -rapid.checks look further.
func init() {
	if err := flag.Set("rapid.seed", "20261121"); err != nil {
		panic(err)
	}
}

// world is a board's day, drawn at random and then lived from decision to
// decision as a controller would.
type world struct {
	schedule.State
	now    time.Time
	starts map[string]int
}

var outputs = []string{"1", "2"}

func drawWorld(t *rapid.T, midnight time.Time) *world {
	seconds := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
	var items []protocol.Item
	for i := range rapid.IntRange(0, 6).Draw(t, "items") {
		it := item(fmt.Sprintf("item%d", i), midnight.Add(time.Duration(seconds("start", 60))*time.Minute).Format(protocol.LocalTime), "")
		it.Rule = rapid.SampledFrom([]string{"", "FREQ=DAILY;BYMINUTE=0,20,40", "FREQ=HOURLY"}).Draw(t, "rule")
		it.Class = rapid.SampledFrom([]string{"routine", "priority"}).Draw(t, "class")
		it.Order = seconds("order", 2)
		it.Output = rapid.SampledFrom([]string{"", "", "1", "2"}).Draw(t, "output")
		it.Seconds, it.Late = 1+seconds("length", 1200), seconds("late", 900)
		items = append(items, it)
	}
	p := plan(hanoi, items...)
	if rapid.Bool().Draw(t, "self-test") {
		start := time.Duration(seconds("tested", 3600)) * time.Second
		p.SelfTest = &protocol.SelfTest{Start: time.Time{}.Add(start).Format(protocol.TimeOfDay), Late: seconds("late", 900)}
	}
	c, err := schedule.NewCalendar(p, midnight, midnight.Add(3*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		State: schedule.State{
			Outputs: outputs, Calendar: c, Marks: map[string]schedule.Mark{}, Playing: map[string]string{}, Trusted: true,
		},
		now: midnight.Add(-time.Minute), starts: map[string]int{},
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "alerts") {
		issued := midnight.Add(time.Duration(seconds("issued", 3600)) * time.Second)
		w.Alerts = append(w.Alerts, schedule.Alert{
			Subject: fmt.Sprintf("alert/live/%d", i), Sequence: 1, Level: seconds("level", 5),
			Mode:   rapid.SampledFrom([]protocol.Mode{protocol.Live, protocol.Drill}).Draw(t, "mode"),
			Issued: issued, Expires: issued.Add(time.Duration(1+seconds("life", 3600)) * time.Second),
			Repetitions: 1 + seconds("repetitions", 4), Pause: time.Duration(seconds("pause", 60)) * time.Second,
		})
	}
	return w
}

// accepted is the state without the alerts that are not raised yet.
func (w *world) accepted() schedule.State {
	s := w.State
	s.Alerts = nil
	for _, a := range w.Alerts {
		if !a.Issued.After(w.now) {
			s.Alerts = append(s.Alerts, a)
		}
	}
	return s
}

// apply does with a decision what a controller does, at once.
func (w *world) apply(t *rapid.T, d schedule.Decision, heard map[string]time.Time) {
	for _, m := range d.Missed {
		if _, marked := w.Marks[m.Occurrence.ID]; marked && w.Marks[m.Occurrence.ID].Fate != protocol.FateCut {
			t.Fatalf("%s: %s was missed although it is %s", w.now, m.Occurrence.ID, w.Marks[m.Occurrence.ID].Fate)
		}
		w.Marks[m.Occurrence.ID] = schedule.Mark{Fate: protocol.FateMissed}
	}
	was := map[string]bool{}
	for _, id := range w.Playing {
		was[id] = true
	}
	now := map[string]bool{}
	playing := map[string]string{}
	for output, on := range d.OnAir {
		if on == nil || on.Occurrence == nil {
			continue
		}
		playing[output], now[on.ID] = on.ID, true
		if !was[on.ID] {
			mark, marked := w.Marks[on.ID]
			if marked && (mark.Fate != protocol.FateCut || on.Class == schedule.SelfTest) {
				t.Fatalf("%s: %s started although it is %s", w.now, on.ID, mark.Fate)
			}
			if !marked {
				w.starts[on.ID]++
			}
			if on.From != mark.Position {
				t.Fatalf("%s: %s started at %s, was heard to %s", w.now, on.ID, on.From, mark.Position)
			}
			w.Marks[on.ID] = schedule.Mark{Fate: protocol.FateStarted, At: w.now, Position: mark.Position}
			was[on.ID], heard[on.ID] = true, w.now
		}
	}
	for id := range was {
		if mark := w.Marks[id]; !now[id] && mark.Fate == protocol.FateStarted {
			mark.Fate, mark.Position = protocol.FateCut, mark.Position+w.now.Sub(heard[id])
			if o := w.Calendar.Find(id); mark.Position >= o.End.Sub(o.Start) || !w.now.Before(o.End.Add(time.Duration(o.Item.Late)*time.Second)) {
				mark.Fate = protocol.FateFinished
			}
			w.Marks[id] = mark
		}
	}
	w.Playing = playing
}

// shape is a decision without what may differ while it stands: pointers.
func shape(d schedule.Decision) string {
	text := ""
	for _, output := range outputs {
		if on := d.OnAir[output]; on != nil {
			text += fmt.Sprintf("%s: %s from %s until %s; ", output, on.ID, on.From, on.Until)
		}
	}
	for _, m := range d.Missed {
		text += "missed " + m.Occurrence.ID + "; "
	}
	return text
}

func TestADay(t *testing.T) {
	midnight := at(t, "2026-11-21 00:00")
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, midnight)
		heard := map[string]time.Time{}
		calendar := slices.Clone(w.Calendar.All())
		for range 400 {
			s := w.accepted()
			before := clone(s)
			d := schedule.Decide(s, w.now)
			if diff := cmp.Diff(before, s, cmpopts.IgnoreFields(schedule.State{}, "Calendar")); diff != "" {
				t.Fatalf("Decide changed its input:\n%s", diff)
			}
			w.judge(t, s, d)
			w.apply(t, d, heard)

			// What is decided is carried out, and then stands until Next.
			s = w.accepted()
			settled := schedule.Decide(s, w.now)
			if len(settled.Missed) > 0 {
				t.Fatalf("%s: missed again: %s", w.now, shape(settled))
			}
			if a, b := schedule.Decide(s, w.now), settled; shape(a) != shape(b) || !a.Next.Equal(b.Next) {
				t.Fatalf("%s: two answers to one question: %s / %s", w.now, shape(a), shape(b))
			}
			next := settled.Next
			if !next.IsZero() && !next.After(w.now) {
				t.Fatalf("next %s is not after now, %s", next, w.now)
			}
			end := next
			if next.IsZero() {
				end = w.now.Add(10 * time.Hour)
			}
			for _, moment := range []time.Time{
				end.Add(-time.Nanosecond), w.now.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(w.now))-1).Draw(t, "moment"))),
			} {
				if got := schedule.Decide(s, moment); shape(got) != shape(settled) || !got.Next.Equal(next) {
					t.Fatalf("decided at %s, to stand until %s:\n%s\nbut at %s:\n%s until %s", w.now, next, shape(settled), moment, shape(got), got.Next)
				}
			}
			w.step(t, next)
			if next.IsZero() {
				break
			}
		}
		if diff := cmp.Diff(calendar, w.Calendar.All()); diff != "" {
			t.Fatalf("Decide changed the calendar:\n%s", diff)
		}
		for id, n := range w.starts {
			if n > 1 {
				t.Fatalf("%s started %d times", id, n)
			}
		}
		if !w.now.Before(w.Calendar.Until) {
			for _, o := range w.Calendar.All() {
				if mark, ok := w.Marks[o.ID]; !ok && w.now.After(o.End.Add(time.Hour)) {
					t.Fatalf("at the day's end nothing became of %s: %+v", o.ID, mark)
				}
			}
		}
	})
}

// step moves on: to the next decision, to an alert that is raised before it, or
// to the end of a repetition. Sometimes the board is off for a while.
func (w *world) step(t *rapid.T, next time.Time) {
	was := w.now
	if next.IsZero() {
		next = w.now.Add(time.Hour)
	}
	for _, a := range w.Alerts {
		if a.Issued.After(was) && a.Issued.Before(next) {
			next = a.Issued
		}
	}
	d := schedule.Decide(w.accepted(), w.now)
	if on := d.OnAir["1"]; on != nil && on.Alert != nil {
		if end := w.now.Add(40 * time.Second); end.Before(next) {
			next = end
			for i := range w.Alerts {
				if w.Alerts[i].Subject == on.Alert.Subject {
					w.Alerts[i].Done++
					w.Alerts[i].LastEnd = end
				}
			}
		}
	}
	w.now = next
	if rapid.IntRange(0, 30).Draw(t, "power") == 0 {
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "off")) * time.Second)
		w.Playing = map[string]string{}
	}
}

// judge holds a decision against what must be so.
func (w *world) judge(t *rapid.T, s schedule.State, d schedule.Decision) {
	var highest *schedule.Alert
	for i := range s.Alerts {
		a := &s.Alerts[i]
		if a.Done < a.Repetitions && w.now.Before(a.Expires) {
			highest = a
		}
	}
	for _, output := range s.Outputs {
		on := d.OnAir[output]
		class := schedule.Class(0)
		if on != nil {
			class = on.Class
			if !on.Until.IsZero() && !w.now.Before(on.Until) {
				t.Fatalf("%s: %s is on air beyond %s", w.now, on.ID, on.Until)
			}
		}
		if highest != nil && class != schedule.Emergency && on != nil {
			t.Fatalf("%s: output %s plays %s while %s is due", w.now, output, on.ID, highest.Subject)
		}
		if on == nil || on.Occurrence == nil {
			continue
		}
		if before := w.Playing[output]; on.Class == schedule.SelfTest && before != "" && before != on.ID && w.now.Before(w.Calendar.Find(before).End) {
			t.Fatalf("%s: the self-test took output %s from %s", w.now, output, before)
		}
		for _, o := range w.Calendar.All() {
			_, marked := w.Marks[o.ID]
			due := !marked && !o.Start.After(w.now) && w.now.Before(o.Start.Add(time.Duration(o.Item.Late)*time.Second))
			if due && (o.Item.Output == "" || o.Item.Output == output) && o.Class > class {
				t.Fatalf("%s: output %s plays %s while %s of a higher class is due", w.now, output, on.ID, o.ID)
			}
		}
	}
}

func clone(s schedule.State) schedule.State {
	c := s
	c.Outputs = append([]string{}, s.Outputs...)
	c.Alerts = append([]schedule.Alert(nil), s.Alerts...)
	c.Marks = map[string]schedule.Mark{}
	for k, v := range s.Marks {
		c.Marks[k] = v
	}
	c.Playing = map[string]string{}
	for k, v := range s.Playing {
		c.Playing[k] = v
	}
	return c
}
