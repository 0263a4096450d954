package planner

import (
	"fmt"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// Occurrence is a programme at one time, in the province's zone.
type Occurrence struct {
	Programme Programme
	ID        string // as boards name it
	Start     time.Time
	End       time.Time // the slot's
}

// Occurrences lists by start every time that programmes have between from and
// until, what began before and goes on included, as the boards would work it
// out. Which of several sounds where they overlap is Conflicts' and Preview's.
func Occurrences(programmes []Programme, from, until time.Time) ([]Occurrence, error) {
	byID := map[string]Programme{}
	plan := protocol.Plan{Zone: Zone, From: from, Until: until}
	for _, p := range programmes {
		byID[p.ID] = p
		plan.Items = append(plan.Items, p.item())
	}
	calendar, err := schedule.NewCalendar(&plan, from, until)
	if err != nil {
		return nil, fmt.Errorf("work out programmes: %w", err)
	}
	all := []Occurrence{}
	for _, o := range calendar.All() {
		if o.End.After(from) {
			all = append(all, Occurrence{byID[o.Item.ID], o.ID, o.Start, o.End})
		}
	}
	return all, nil
}

// item is what a plan says of a programme, without what sounds.
func (p Programme) item() protocol.Item {
	return protocol.Item{
		ID: p.ID, Class: p.Class, Order: p.Order, Start: p.Start, Rule: p.Rule, Except: p.Except, Seconds: p.Seconds, Late: p.Late,
	}
}
