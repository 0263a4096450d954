package planner_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"loa/central/planner"
	"loa/controller/protocol"
)

func TestOccurrences(t *testing.T) {
	for _, test := range []struct {
		name        string
		programmes  []planner.Programme
		from, until string
		want        []string // id start-end
	}{
		{"nothing", nil, "2026-11-23 00:00", "2026-11-24 00:00", nil},
		{"three days, two programmes, by start",
			[]planner.Programme{daily("b", "17:00"), daily("a", "05:30")}, "2026-11-23 00:00", "2026-11-26 00:00",
			[]string{"a 23 05:30-05:40", "b 23 17:00-17:10", "a 24 05:30-05:40", "b 24 17:00-17:10", "a 25 05:30-05:40", "b 25 17:00-17:10"}},
		{"over midnight it stands once", []planner.Programme{daily("a", "23:55")}, "2026-11-23 00:00", "2026-11-25 00:00",
			[]string{"a 22 23:55-00:05", "a 23 23:55-00:05", "a 24 23:55-00:05"}},
		{"what begins with the end of the stretch is not in it", []planner.Programme{daily("a", "00:00")}, "2026-11-23 00:00", "2026-11-24 00:00",
			[]string{"a 23 00:00-00:10"}},
		{"what ended as it began is not in it", []planner.Programme{daily("a", "23:50")}, "2026-11-23 00:00", "2026-11-23 23:50", nil},
		{"once", []planner.Programme{daily("a", "05:30", func(p *planner.Programme) { p.Rule = "" })}, "2026-11-20 00:00", "2026-11-27 00:00",
			[]string{"a 21 05:30-05:40"}},
		{"left out", []planner.Programme{daily("a", "05:30", func(p *planner.Programme) { p.Except = []string{"2026-11-24T05:30:00"} })}, "2026-11-23 00:00", "2026-11-26 00:00",
			[]string{"a 23 05:30-05:40", "a 25 05:30-05:40"}},
		{"half a day", []planner.Programme{daily("a", "05:30")}, "2026-11-23 12:00", "2026-11-24 06:00", []string{"a 24 05:30-05:40"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := planner.Occurrences(test.programmes, at(t, test.from), at(t, test.until))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range found {
				got = append(got, fmt.Sprintf("%s %s-%s", o.Programme.ID, o.Start.Format("02 15:04"), o.End.Format("15:04")))
				if o.ID != o.Programme.ID+"@"+o.Start.Format(protocol.LocalTime) {
					t.Errorf("a board calls it %s", o.ID)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A province has more programmes than one board's calendar holds.
func TestOccurrencesAreBounded(t *testing.T) {
	var programmes []planner.Programme
	for i := range 3000 {
		programmes = append(programmes, daily(fmt.Sprintf("p-%d", i), "05:30"))
	}
	found, err := planner.Occurrences(programmes, at(t, "2026-11-23 00:00"), at(t, "2026-11-29 00:00"))
	if err != nil || len(found) != 18_000 {
		t.Errorf("6 days: %d, %v", len(found), err)
	}
	if _, err = planner.Occurrences(programmes, at(t, "2026-11-23 00:00"), at(t, "2026-11-30 00:00")); !errors.Is(err, planner.ErrTooMany) {
		t.Errorf("7 days: %v", err)
	}
}

func TestPlanned(t *testing.T) {
	plan := planOf(t, daily("a", "05:30", late(120)))
	found, err := planner.Planned(plan, at(t, "2026-11-22 05:30"), at(t, "2026-11-24 05:30"))
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	d := found[0]
	if d.ID != "a@2026-11-22T05:30:00" || !d.Start.Equal(at(t, "2026-11-22 05:30")) || !d.End.Equal(at(t, "2026-11-22 05:40")) || d.Latest.Before(at(t, "2026-11-22 05:42")) {
		t.Errorf("%+v", d)
	}
	if found, err = planner.Planned(plan, at(t, "2026-11-22 05:30"), at(t, "2026-11-22 05:30")); err != nil || len(found) != 0 {
		t.Errorf("no time at all: %+v, %v", found, err)
	}
}
