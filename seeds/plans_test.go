package seeds_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/planner"
	"loa/central/registry"
)

// monday is some week's beginning, at midnight in Lai Châu.
var monday = time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)

func paths(areas []registry.Area) map[string]registry.Path {
	all := map[string]registry.Path{}
	for _, a := range areas { // parents come first
		all[a.Code] = append(registry.Path{a.Code}, all[a.Parent]...)
	}
	return all
}

// TestPlansCompile: every cluster gets all that is meant for it, without a note.
func TestPlansCompile(t *testing.T) {
	d := demo(t)
	approved := map[string]planner.Approved{}
	for _, b := range d.Bulletins {
		approved[b.ID] = planner.Approved{
			ID: b.ID, Order: strings.Repeat("0", 64), Class: string(b.Class), Areas: b.Areas, Languages: []string{"vi"},
			From: monday, Until: monday.AddDate(0, 0, b.Days),
		}
	}
	inDemo := paths(d.Areas)
	for i, c := range d.Clusters {
		codes := registry.AreaCodes(c.Cluster, inDemo[c.Area])
		now := monday.Add(time.Duration(i%7) * 27 * time.Hour)
		plan, notes := planner.Compile(planner.Cluster{ID: c.ID, Areas: codes, Languages: c.Languages}, d.Programmes, approved, now)
		if len(notes) > 0 {
			t.Errorf("%s: %q", c.ID, notes)
		}
		want := 0
		for _, p := range d.Programmes {
			if slices.Contains(codes, p.Area) {
				want++
			}
		}
		if len(plan.Items) != want || want < 5 {
			t.Errorf("%s: %d of %d programmes are in its plan", c.ID, len(plan.Items), want)
		}
		if i%5 > 0 {
			continue // all clusters of a commune play the same
		}
		for day := range 7 {
			from := monday.AddDate(0, 0, i%7+1+day)
			slots, skipped, err := planner.Preview(plan, from, from.AddDate(0, 0, 1))
			must(t, err)
			if len(skipped) > 0 {
				t.Errorf("%s skips %+v", c.ID, skipped)
			}
			for _, s := range slots {
				sessions(t, c.ID, s)
			}
			if len(slots) < 5 {
				t.Errorf("%s plays only %d times on day %d", c.ID, len(slots), day)
			}
		}
	}
}

// sessions checks that a programme lies in one of the two hours of a day.
func sessions(t *testing.T, cluster string, s planner.Slot) {
	t.Helper()
	zone, err := time.LoadLocation(planner.Zone)
	must(t, err)
	from, until := s.From.In(zone).Format("15:04:05"), s.Until.In(zone).Format("15:04:05")
	if !(from >= "05:30:00" && until <= "06:30:00") && !(from >= "17:00:00" && until <= "18:00:00") {
		t.Errorf("%s plays %s from %s until %s", cluster, s.Item, from, until)
	}
}

// TestNothingIsUndecided: no two programmes want the same loudspeakers.
func TestNothingIsUndecided(t *testing.T) {
	d := demo(t)
	overlaps, err := planner.Conflicts(d.Programmes, paths(d.Areas), monday, monday.AddDate(0, 0, 14))
	must(t, err)
	for _, o := range overlaps {
		t.Errorf("%+v", o)
	}
}

// TestSomethingWaits: who tries the demo has a bulletin to approve.
func TestSomethingWaits(t *testing.T) {
	d := demo(t)
	named := map[string]bool{}
	for _, p := range d.Programmes {
		for _, id := range p.Bulletins {
			named[id] = true
		}
	}
	waiting := 0
	for _, b := range d.Bulletins {
		if !named[b.ID] {
			waiting++
		}
	}
	if waiting < 1 || waiting > 3 {
		t.Errorf("%d bulletins are in no programme", waiting)
	}
}
