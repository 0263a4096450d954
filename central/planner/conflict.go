package planner

import (
	"fmt"
	"slices"
	"time"

	"loa/central/registry"
	"loa/controller/protocol"
	"loa/controller/schedule"
)

// Overlap is two programmes that want the same loudspeakers at the same time.
type Overlap struct {
	First  string    `json:"first"`  // id of the programme that plays, or whose playing is cut last
	Second string    `json:"second"` // id of the one that waits, is cut, or is missed
	At     time.Time `json:"at"`     // when it first happens
	Times  int       `json:"times"`  // how often within the window
	// Undecided says that both are priority and of one order, so that the
	// commune user has to decide it (TT 39).
	Undecided bool   `json:"undecided"`
	Outcome   string `json:"outcome"` // of the first time, for a person
}

// Conflicts names the programmes that overlap between from and until where
// somebody can hear both, most to be seen before one of them is saved. paths has
// the path of every programme's area: two programmes meet when the area of one
// contains the other's. Sorted by time.
func Conflicts(programmes []Programme, paths map[string]registry.Path, from, until time.Time) ([]Overlap, error) {
	byID := map[string]*Programme{}
	plan := protocol.Plan{Zone: Zone, From: from, Until: until}
	for i, p := range programmes {
		byID[p.ID] = &programmes[i]
		plan.Items = append(plan.Items, p.item())
	}
	calendar, err := schedule.NewCalendar(&plan, from, until)
	if err != nil {
		return nil, fmt.Errorf("work out programmes: %w", err)
	}
	found := []Overlap{}
	at := map[[2]string]int{} // index into found
	var sounding []*schedule.Occurrence
	all := calendar.All()
	for i := range all {
		b := &all[i]
		sounding = slices.DeleteFunc(sounding, func(a *schedule.Occurrence) bool { return !a.End.After(b.Start) })
		for _, a := range sounding {
			if a.Item.ID == b.Item.ID || !meet(byID[a.Item.ID].Area, byID[b.Item.ID].Area, paths) {
				continue
			}
			pair := [2]string{min(a.Item.ID, b.Item.ID), max(a.Item.ID, b.Item.ID)}
			if n, known := at[pair]; known {
				found[n].Times++
				continue
			}
			at[pair] = len(found)
			found = append(found, overlap(a, b))
		}
		sounding = append(sounding, b)
	}
	return found, nil
}

// meet reports whether a cluster can answer to both areas.
func meet(a, b string, paths map[string]registry.Path) bool {
	return a == b || slices.Contains(paths[a], b) || slices.Contains(paths[b], a)
}

// overlap says what comes of two occurrences, of which a does not start after b,
// by asking the board's own code about just these two.
func overlap(a, b *schedule.Occurrence) Overlap {
	items := []protocol.Item{*a.Item, *b.Item}
	for i, o := range []*schedule.Occurrence{a, b} {
		items[i].Start, items[i].Rule, items[i].Except = o.Start.Format(protocol.LocalTime), "", nil
	}
	from, until := a.Start, b.End.Add(a.End.Sub(a.Start)+time.Duration(a.Item.Late+b.Item.Late)*time.Second)
	o := Overlap{First: a.Item.ID, Second: b.Item.ID, At: b.Start, Times: 1}
	o.Undecided = a.Class == schedule.Priority && b.Class == schedule.Priority && a.Item.Order == b.Item.Order
	slots, skipped, err := Preview(protocol.Plan{Zone: Zone, From: from, Until: until, Items: items}, from, until)
	if err != nil || len(slots) == 0 {
		return o // these two are in a calendar already
	}
	// Who has the air when both want it.
	for _, s := range slots {
		if !s.From.After(b.Start) && s.Until.After(b.Start) && s.Item == b.Item.ID {
			o.First, o.Second = b.Item.ID, a.Item.ID
		}
	}
	heard := 0
	last := Slot{}
	for _, s := range slots {
		if s.Item == o.Second {
			heard++
			last = s
		}
	}
	lost := slices.ContainsFunc(skipped, func(s Skipped) bool { return s.Item == o.Second })
	zone := b.Start.Location()
	switch {
	case heard == 0:
		o.Outcome = fmt.Sprintf("%s plays, %s is missed", o.First, o.Second)
	case lost:
		o.Outcome = fmt.Sprintf("%s cuts in, and %s does not go on", o.First, o.Second)
	case heard > 1:
		o.Outcome = fmt.Sprintf("%s cuts in, %s goes on at %s", o.First, o.Second, last.From.In(zone).Format(timeOfDay))
	default:
		o.Outcome = fmt.Sprintf("%s plays, %s waits until %s", o.First, o.Second, last.From.In(zone).Format(timeOfDay))
	}
	return o
}
