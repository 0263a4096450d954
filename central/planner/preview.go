package planner

import (
	"fmt"
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

// Preview plays a day of a plan through the very code that the board runs, as if
// every item filled its slot.
func Preview(p protocol.Plan, from, until time.Time) (slots []Slot, skipped []Skipped, err error) {
	calendar, err := schedule.NewCalendar(&p, from, until)
	if err != nil {
		return nil, nil, fmt.Errorf("work out plan: %w", err)
	}
	const output = "main"
	state := schedule.State{
		Outputs: []string{output}, Calendar: calendar, Marks: map[string]schedule.Mark{}, Playing: map[string]string{}, Trusted: true,
	}
	open := -1 // the slot that sounds
	for now := from; now.Before(until); {
		d := schedule.Decide(state, now)
		for _, m := range d.Missed {
			state.Marks[m.Occurrence.ID] = schedule.Mark{Fate: protocol.FateMissed, At: now}
			skipped = append(skipped, Skipped{m.Occurrence.Item.ID, m.Occurrence.ID, m.Occurrence.Start, m.Reason})
		}
		state.Settled = now
		air := d.OnAir[output]
		if open >= 0 && (air == nil || air.ID != slots[open].Occurrence) {
			was := slots[open].Occurrence
			slots[open].Until = now
			fate := protocol.FateFinished
			if air != nil && now.Before(calendar.Find(was).End) {
				fate = protocol.FateCut
			}
			state.Marks[was] = schedule.Mark{Fate: fate, At: now}
			delete(state.Playing, output)
			open = -1
		}
		if air != nil && open < 0 {
			state.Marks[air.ID] = schedule.Mark{Fate: protocol.FateStarted, At: now}
			state.Playing[output] = air.ID
			slots = append(slots, Slot{air.Occurrence.Item.ID, air.ID, air.Occurrence.Item.Class, now, air.Until})
			open = len(slots) - 1
		}
		next := d.Next
		if air != nil && !air.Until.IsZero() && (next.IsZero() || air.Until.Before(next)) {
			next = air.Until
		}
		if next.IsZero() || !next.After(now) {
			break
		}
		now = next
	}
	if open >= 0 && slots[open].Until.After(until) {
		slots[open].Until = until
	}
	return slots, skipped, nil
}
