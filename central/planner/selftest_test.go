package planner_test

import (
	"fmt"
	"testing"
	"time"

	"loa/central/planner"
	"loa/controller/protocol"
)

// Every cluster has its self-test, at night, at a time of its own that stays the
// same.
func TestSelfTestsAreSpreadOverTheNight(t *testing.T) {
	compiled := func(id string, now time.Time) *protocol.SelfTest {
		plan, _ := planner.Compile(planner.Cluster{ID: id, Areas: []string{"03388"}}, nil, nil, now)
		if plan.SelfTest == nil {
			t.Fatalf("%s has none", id)
		}
		return plan.SelfTest
	}
	const clusters = 2000
	minutes, latest := map[string]int{}, 0
	for i := range clusters {
		id := fmt.Sprintf("muong-te-%04d", i)
		test := compiled(id, at(t, "2026-11-21 12:00"))
		if test.Start < "01:00:00" || test.Start >= "04:00:00" || test.Late != 3600 {
			t.Fatalf("%s at %+v", id, test)
		}
		if again := compiled(id, at(t, "2026-12-30 06:00")); *again != *test {
			t.Fatalf("%s moved from %+v to %+v", id, test, again)
		}
		minutes[test.Start[:5]]++
		latest = max(latest, minutes[test.Start[:5]])
	}
	if len(minutes) < 170 || latest > 5*clusters/180 {
		t.Errorf("%d of 180 minutes, up to %d in one", len(minutes), latest)
	}
}

// A self-test keeps out of the way of what its cluster plays at night; where the
// whole night is taken, it has its time all the same, and waits on the board.
func TestSelfTestKeepsAsideOfProgrammes(t *testing.T) {
	seconds := func(n int) func(*planner.Programme) { return func(p *planner.Programme) { p.Seconds = n } }
	own := planOf(t).SelfTest.Start
	begins, err := time.Parse(protocol.TimeOfDay, own)
	if err != nil {
		t.Fatal(err)
	}
	clock := func(d time.Duration) string { return begins.Add(d).Format("15:04") }
	for _, test := range []struct {
		name       string
		programmes []planner.Programme
		moves      bool
	}{
		{"a quiet night", []planner.Programme{daily("a", "05:30"), daily("b", "17:00")}, false},
		{"a programme at its time", []planner.Programme{daily("a", clock(0))}, true},
		{"a programme that ends into it", []planner.Programme{daily("a", clock(-10*time.Minute), seconds(600))}, true},
		{"a programme over midnight", []planner.Programme{daily("a", "22:00", seconds(8*3600))}, false},
		{"a programme on Mondays", []planner.Programme{daily("a", clock(0), func(p *planner.Programme) { p.Rule = "FREQ=WEEKLY;BYDAY=MO" })}, true},
		{"a programme well before it", []planner.Programme{daily("a", clock(-15*time.Minute), seconds(600))}, false},
		{"a programme well behind it", []planner.Programme{daily("a", clock(5*time.Minute), seconds(60))}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, test.programmes...)
			start := plan.SelfTest.Start
			if (start != own) != test.moves {
				t.Fatalf("at %s, alone it is at %s", start, own)
			}
			if start < "01:00:00" || start >= "04:00:00" {
				t.Errorf("moved to %s", start)
			}
			if !test.moves {
				return
			}
			// Nothing sounds around it on any day of the week.
			slots, _, err := planner.Preview(plan, at(t, "2026-11-22 00:00"), at(t, "2026-11-29 00:00"))
			if err != nil || len(slots) == 0 {
				t.Fatal(len(slots), err)
			}
			for _, s := range slots {
				zone := at(t, "2026-11-22 00:00").Location()
				if s.From.In(zone).Format(protocol.TimeOfDay) <= start && s.Until.In(zone).Format(protocol.TimeOfDay) >= start {
					t.Errorf("%s sounds from %s until %s, the test is at %s", s.Item, s.From, s.Until, start)
				}
			}
		})
	}
}

// What people hear is what a preview shows and what a cluster is asked about.
func TestSelfTestIsNoProgramme(t *testing.T) {
	plan := planOf(t, daily("a", "05:30"))
	slots, skipped, err := planner.Preview(plan, at(t, "2026-11-22 00:00"), at(t, "2026-11-23 00:00"))
	if err != nil || len(slots) != 1 || len(skipped) != 0 {
		t.Errorf("%+v, %+v, %v", slots, skipped, err)
	}
	due, err := planner.Planned(plan, at(t, "2026-11-22 00:00"), at(t, "2026-11-23 00:00"))
	if err != nil || len(due) != 1 {
		t.Errorf("%+v, %v", due, err)
	}
	if plan.SelfTest == nil {
		t.Error("the plan lost its self-test")
	}
	if err := daily(protocol.SelfTestID, "05:30").Validate(); err == nil {
		t.Error("a programme may be called as the self-test is")
	}
}
