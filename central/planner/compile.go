package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// Cluster is what a plan is made for.
type Cluster struct {
	ID        string
	Areas     []string // every code that it answers to
	Languages []string // in the order of choice
}

// Approved is a bulletin that persons signed, and may be named by a plan.
type Approved struct {
	ID        string
	Order     string // hash of the signed document
	Class     string
	Areas     []string // codes
	Languages []string // that it has audio in
	From      time.Time
	Until     time.Time
}

// planAhead is how far a plan reaches: a board that loses its network plays for
// 30 days, and the plan before the loss may be days old.
const planAhead = 45 * 24 * time.Hour

// Compile makes the plan of one cluster, without revision and time of issue,
// which orders fills in. The same input gives the same bytes but for From and
// Until, which are whole days; orders sends a plan only when it says something
// new or reaches a good deal further. Notes name what was left out, and why; a programme that is over is
// left out without a word.
func Compile(c Cluster, programmes []Programme, bulletins map[string]Approved, now time.Time) (plan protocol.Plan, notes []string) {
	day := now.UTC().Truncate(24 * time.Hour)
	plan = protocol.Plan{
		Version: protocol.Version, Cluster: c.ID, From: day.Add(-24 * time.Hour), Until: day.Add(planAhead), Zone: Zone, Items: []protocol.Item{},
	}
	sorted := slices.Clone(programmes)
	slices.SortFunc(sorted, func(a, b Programme) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range sorted {
		if !slices.Contains(c.Areas, p.Area) {
			continue
		}
		if len(plan.Items) == protocol.MaxItems {
			notes = append(notes, fmt.Sprintf("programme %s is left out: a plan has at most %d", p.ID, protocol.MaxItems))
			continue
		}
		item := p.item()
		if !p.NoChime {
			item.Parts = append(item.Parts, protocol.Part{Sources: []protocol.Source{{BuiltIn: protocol.Chime}}})
		}
		at, err := p.next(item, bulletins, now, plan.Until)
		if err != nil {
			// One programme must not cost the cluster its whole plan.
			notes = append(notes, fmt.Sprintf("programme %s is left out: %v", p.ID, err))
			continue
		}
		if at.IsZero() {
			continue
		}
		said := 0
		for _, id := range p.Bulletins {
			sources, why := c.sources(p, bulletins[id], at)
			if why != "" {
				notes = append(notes, fmt.Sprintf("programme %s: bulletin %s is left out: %s", p.ID, id, why))
				continue
			}
			item.Parts = append(item.Parts, protocol.Part{Sources: sources})
			said++
		}
		if said == 0 {
			notes = append(notes, fmt.Sprintf("programme %s is left out: nothing of it may sound", p.ID))
			continue
		}
		plan.Items = append(plan.Items, item)
	}
	plan.SelfTest = selfTest(plan)
	return plan, notes
}

const timeOfDay = "2006-01-02 15:04"

func (b Approved) valid(at time.Time) bool { return !at.Before(b.From) && at.Before(b.Until) }

// next is the start that a programme's item is made for: the first that is not
// over at which one of its bulletins is valid, or else the first. A board fails
// an item of which a part may not sound, so what is valid only later joins when
// the plan is made anew. Zero: the programme is over.
func (p Programme) next(item protocol.Item, bulletins map[string]Approved, now, until time.Time) (time.Time, error) {
	var first time.Time
	// The coming week mostly answers, at a fraction of the work.
	for _, end := range []time.Time{now.Add(8 * 24 * time.Hour), until} {
		calendar, err := schedule.NewCalendar(&protocol.Plan{Zone: Zone, From: now, Until: end, Items: []protocol.Item{item}}, now, end)
		if err != nil {
			return first, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "items[0]."))
		}
		for i, o := range calendar.All() {
			if i == 0 {
				first = o.Start
			}
			if slices.ContainsFunc(p.Bulletins, func(id string) bool { return bulletins[id].valid(o.Start) }) {
				return o.Start, nil
			}
		}
	}
	return first, nil
}

// sources are a bulletin's languages in the cluster's order; a bulletin that
// speaks none of them speaks in those that it has, Vietnamese first.
func (c Cluster) sources(p Programme, b Approved, at time.Time) (sources []protocol.Source, why string) {
	switch {
	case b.Order == "":
		return nil, "it is not approved"
	case b.Class != p.Class:
		return nil, fmt.Sprintf("it was approved as %s", b.Class)
	case !slices.ContainsFunc(b.Areas, func(a string) bool { return slices.Contains(c.Areas, a) }):
		return nil, "it was not approved for this area"
	case !b.valid(at):
		return nil, fmt.Sprintf("it is valid from %s until %s, which %s is not", b.From.In(at.Location()).Format(timeOfDay), b.Until.In(at.Location()).Format(timeOfDay), at.Format(timeOfDay))
	}
	languages := slices.DeleteFunc(slices.Clone(c.Languages), func(l string) bool { return !slices.Contains(b.Languages, l) })
	if slices.Contains(b.Languages, "vi") && !slices.Contains(languages, "vi") {
		languages = append(languages, "vi")
	}
	if len(languages) == 0 {
		languages = slices.Sorted(slices.Values(b.Languages))
	}
	for _, l := range languages {
		sources = append(sources, protocol.Source{Bulletin: b.Order, Language: l})
	}
	return sources, ""
}
