package planner

import (
	"errors"
	"fmt"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// ErrTooMany says that a stretch has more occurrences than are listed at once.
var ErrTooMany = errors.New("too many occurrences")

// mostOccurrences is how many are listed at once.
const mostOccurrences = 20_000

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
	all := []Occurrence{}
	err := daily(plan, from, until, func(o schedule.Occurrence) error {
		if len(all) == mostOccurrences {
			return fmt.Errorf("%w: more than %d", ErrTooMany, mostOccurrences)
		}
		if o.End.After(from) {
			all = append(all, Occurrence{byID[o.Item.ID], o.ID, o.Start, o.End})
		}
		return nil
	})
	return all, err
}

// item is what a plan says of a programme, without what sounds.
func (p Programme) item() protocol.Item {
	return protocol.Item{
		ID: p.ID, Class: p.Class, Order: p.Order, Start: p.Start, Rule: p.Rule, Except: p.Except, Seconds: p.Seconds, Late: p.Late, Gain: p.Gain,
	}
}

// Due is an occurrence of a plan.
type Due struct {
	ID     string
	Start  time.Time
	End    time.Time // the slot's
	Latest time.Time // by when its fate is settled
}

// Planned lists by start the programmes that a plan has between from and until,
// as the board works them out.
func Planned(p protocol.Plan, from, until time.Time) ([]Due, error) {
	p.SelfTest = nil
	var all []Due
	err := daily(p, from, until, func(o schedule.Occurrence) error {
		if len(all) == mostOccurrences {
			return fmt.Errorf("%w: more than %d", ErrTooMany, mostOccurrences)
		}
		if !o.Start.Before(from) {
			late := time.Duration(o.Item.Late)*time.Second + schedule.Grace
			all = append(all, Due{o.ID, o.Start, o.End, o.End.Add(late)})
		}
		return nil
	})
	return all, err
}

// daily works a stretch out day by day: one calendar has only so many
// occurrences.
func daily(p protocol.Plan, from, until time.Time, take func(schedule.Occurrence) error) error {
	for begin := from; begin.Before(until); {
		end := begin.Add(24 * time.Hour)
		if end.After(until) {
			end = until
		}
		calendar, err := schedule.NewCalendar(&p, begin, end)
		if err != nil {
			return fmt.Errorf("work out programmes: %w", err)
		}
		all := calendar.All()
		if begin.After(from) {
			all = calendar.Between(begin, end) // the rest was there the day before
		}
		for _, o := range all {
			if err := take(o); err != nil {
				return err
			}
		}
		begin = end
	}
	return nil
}
