package schedule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// tested is a plan with a self-test at 05:30 that may begin ten minutes late.
func tested(items ...protocol.Item) *protocol.Plan {
	p := plan(hanoi, items...)
	p.SelfTest = &protocol.SelfTest{Start: "05:30:00", Late: 600}
	return p
}

func TestSelfTestIsEveryDay(t *testing.T) {
	c := calendar(t, tested(), at(t, "2026-11-21 05:30:30"), at(t, "2026-11-24 05:30"))
	var got []string
	for _, o := range c.All() {
		got = append(got, o.ID)
		if o.Class != schedule.SelfTest || o.Item.Output != "" || len(o.Item.Parts) != 0 || o.End.Sub(o.Start) != schedule.SelfTestSlot {
			t.Errorf("%s: %s of %v on %q with %v", o.ID, o.Class, o.End.Sub(o.Start), o.Item.Output, o.Item.Parts)
		}
	}
	if want := []string{"self-test@2026-11-21T05:30:00", "self-test@2026-11-22T05:30:00", "self-test@2026-11-23T05:30:00"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	late := tested()
	late.Issued = at(t, "2026-11-22 05:30:01")
	if all := calendar(t, late, at(t, "2026-11-21 00:00"), at(t, "2026-11-24 00:00")).All(); len(all) != 1 || all[0].ID != "self-test@2026-11-23T05:30:00" {
		t.Errorf("a plan of the second day has %v", all)
	}
	for name, p := range map[string]*protocol.Plan{
		"selfTest.start": {Zone: hanoi, SelfTest: &protocol.SelfTest{Start: "noon"}},
		"selfTest.late":  {Zone: hanoi, SelfTest: &protocol.SelfTest{Start: "02:40:00", Late: -1}},
		"items[0].class": plan(hanoi, routine("a", "05:30:00", func(it *protocol.Item) { it.Class = "self-test" })),
	} {
		if _, err := schedule.NewCalendar(p, at(t, "2026-11-21 00:00"), at(t, "2026-11-22 00:00")); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("want an error of %s: %v", name, err)
		}
	}
}

// The self-test comes behind everything, and is tried once.
func TestSelfTestGivesWay(t *testing.T) {
	const T = "self-test@2026-11-21T05:30:00"
	a, b := routine("a", "05:30:00"), routine("b", "05:38:00", late(0))
	on := func(fate protocol.Fate, clock string) schedule.Mark {
		return schedule.Mark{Fate: fate, At: at(t, "2026-11-21 "+clock)}
	}
	for _, test := range []struct {
		name    string
		now     string
		items   []protocol.Item
		alerts  []schedule.Alert
		marks   map[string]schedule.Mark
		playing string // on both outputs
		want    string // on "1"
		also    string // on "2"; "" is the same, "-" is silence
		missed  string // reason
		next    string
	}{
		{name: "alone", now: "05:30", want: T, next: "05:30:05"},
		{name: "goes on until its slot is over", now: "05:30:59", marks: map[string]schedule.Mark{T: on(protocol.FateStarted, "05:30")}, playing: T, want: T, next: "05:31"},
		{name: "is never longer", now: "05:31", marks: map[string]schedule.Mark{T: on(protocol.FateStarted, "05:30")}, playing: T},
		{name: "waits for a programme", now: "05:30", items: []protocol.Item{a}, want: "a@2026-11-21T05:30:00"},
		{name: "uses the output that has none", now: "05:30", items: []protocol.Item{routine("a", "05:30:00", output("1"))}, want: "a@2026-11-21T05:30:00", also: T},
		{name: "begins when the programme is over", now: "05:35", items: []protocol.Item{a}, marks: map[string]schedule.Mark{"a@2026-11-21T05:30:00": on(protocol.FateFinished, "05:30")}, want: T},
		{name: "waits in an alert's pause", now: "05:30", alerts: []schedule.Alert{alert(t, "x", "05:29", done(t, 1, "05:29:50"))}, next: "05:30:05"},
		{name: "is cut by a programme", now: "05:38", items: []protocol.Item{b}, marks: map[string]schedule.Mark{T: on(protocol.FateStarted, "05:37:50")}, playing: T, want: "b@2026-11-21T05:38:00"},
		{name: "is cut by a drill", now: "05:30:10", alerts: []schedule.Alert{alert(t, "x", "05:30:10", drill)}, marks: map[string]schedule.Mark{T: on(protocol.FateStarted, "05:30")}, playing: T, want: "alert/live/x/1#1"},
		{name: "is cut by what goes on", now: "05:32", items: []protocol.Item{routine("a", "05:20:00", late(600))},
			marks:   map[string]schedule.Mark{T: on(protocol.FateStarted, "05:31:50"), "a@2026-11-21T05:20:00": {Fate: protocol.FateCut, Position: time.Minute}},
			playing: T, want: "a@2026-11-21T05:20:00"},
		{name: "does not go on when it was cut", now: "05:32", marks: map[string]schedule.Mark{T: {Fate: protocol.FateCut, Position: 2 * time.Second}}},
		{name: "does not begin twice", now: "05:32", marks: map[string]schedule.Mark{T: on(protocol.FateFinished, "05:30")}},
		{name: "may still begin", now: "05:40:04", want: T},
		{name: "is missed", now: "05:40:05", missed: "did not begin: the board was not running"},
		{name: "is missed for a programme", now: "05:40:05", items: []protocol.Item{routine("a", "05:30:00", func(it *protocol.Item) { it.Seconds = 3600 })},
			marks: map[string]schedule.Mark{"a@2026-11-21T05:30:00": on(protocol.FateStarted, "05:30")}, playing: "a@2026-11-21T05:30:00",
			want: "a@2026-11-21T05:30:00", missed: "did not begin: output 1 was held by a@2026-11-21T05:30:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := schedule.State{
				Outputs: []string{"1", "2"}, Alerts: test.alerts, Marks: test.marks, Trusted: true,
				Calendar: calendar(t, tested(test.items...), at(t, "2026-11-21 00:00"), at(t, "2026-11-22 00:00")),
				Playing:  map[string]string{},
			}
			if test.playing != "" {
				s.Playing["1"], s.Playing["2"] = test.playing, test.playing
			}
			d := schedule.Decide(s, at(t, "2026-11-21 "+test.now))
			also := map[string]string{"": test.want, "-": ""}[test.also]
			if test.also != "" && test.also != "-" {
				also = test.also
			}
			for output, want := range map[string]string{"1": test.want, "2": also} {
				got := ""
				if d.OnAir[output] != nil {
					got = d.OnAir[output].ID
				}
				if got != want {
					t.Errorf("output %s plays %q, want %q", output, got, want)
				}
			}
			missed := ""
			for _, m := range d.Missed {
				missed += m.Reason
			}
			if (test.missed == "") != (missed == "") || !strings.HasPrefix(missed, test.missed) {
				t.Errorf("missed: %q, want %q", missed, test.missed)
			}
			if test.next != "" && !d.Next.Equal(at(t, "2026-11-21 "+test.next)) {
				t.Error(fmt.Sprint("next ", d.Next, ", want ", test.next))
			}
		})
	}
}
