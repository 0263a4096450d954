package planner

import (
	"fmt"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// Slot is one stretch of a cluster's day as its board will play it.
type Slot struct {
	Item       string    `json:"item"`
	Occurrence string    `json:"occurrence"`
	Class      string    `json:"class"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"` // at the latest: a bulletin may be shorter than its slot
}

// Skipped is an occurrence that will not sound.
type Skipped struct {
	Item       string    `json:"item"`
	Occurrence string    `json:"occurrence"`
	At         time.Time `json:"at"`
	Reason     string    `json:"reason"`
}

// Preview plays a stretch of a plan, as a day, through the very code that the
// board runs: a board with one output, no alerts, and every item as long as its
// slot. What began before from and still sounds then is the first slot. The
// self-test is not in it: nobody hears it, and it takes nothing from what they do.
func Preview(p protocol.Plan, from, until time.Time) (slots []Slot, skipped []Skipped, err error) {
	p.SelfTest = nil
	// An item may be a day long and go on six hours late.
	early := from.Add(-30 * time.Hour)
	calendar, err := schedule.NewCalendar(&p, early, until)
	if err != nil {
		return nil, nil, fmt.Errorf("work out plan: %w", err)
	}
	const output = "main"
	state := schedule.State{
		Outputs: []string{output}, Calendar: calendar, Marks: map[string]schedule.Mark{}, Playing: map[string]string{}, Trusted: true,
	}
	var on *schedule.OnAir // what sounds
	var since, end time.Time
	for now := early; now.Before(until); {
		if on != nil && !now.Before(end) {
			slots = append(slots, slot(on, since, now))
			state.Marks[on.ID] = schedule.Mark{Fate: protocol.FateFinished, At: now}
			on = nil
			delete(state.Playing, output)
		}
		d := schedule.Decide(state, now)
		for _, m := range d.Missed {
			state.Marks[m.Occurrence.ID] = schedule.Mark{Fate: protocol.FateMissed, At: now}
			if !m.Occurrence.Start.Before(from) {
				skipped = append(skipped, Skipped{m.Occurrence.Item.ID, m.Occurrence.ID, m.Occurrence.Start, m.Reason})
			}
		}
		state.Settled = now
		want := d.OnAir[output]
		if on != nil && (want == nil || want.ID != on.ID) {
			slots = append(slots, slot(on, since, now))
			state.Marks[on.ID] = schedule.Mark{Fate: protocol.FateCut, Position: on.From + now.Sub(since), At: now}
			on = nil
			delete(state.Playing, output)
		}
		if on == nil && want != nil {
			on, since = want, now
			length := want.Occurrence.End.Sub(want.Occurrence.Start)
			end = now.Add(length - want.From)
			if want.Until.Before(end) {
				end = want.Until
			}
			state.Marks[on.ID] = schedule.Mark{Fate: protocol.FateStarted, Position: on.From, At: now}
			state.Playing[output] = on.ID
		}
		next := d.Next
		if on != nil && (next.IsZero() || end.Before(next)) {
			next = end
		}
		if next.IsZero() {
			next = until
		}
		now = next
	}
	if on != nil {
		slots = append(slots, slot(on, since, end))
	}
	return slices.DeleteFunc(slots, func(s Slot) bool { return !s.Until.After(from) }), skipped, nil
}

func slot(on *schedule.OnAir, from, until time.Time) Slot {
	return Slot{Item: on.Occurrence.Item.ID, Occurrence: on.ID, Class: on.Class.String(), From: from, Until: until}
}
