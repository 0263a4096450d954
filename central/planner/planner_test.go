package planner_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
	"loa/controller/schedule"
)

// at is a wall time of the province, as in "2026-11-21 05:30".
func at(t testing.TB, wall string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation(planner.Zone)
	if err != nil {
		t.Fatal(err)
	}
	w, err := time.ParseInLocation("2006-01-02 15:04", wall, zone)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// daily is ten minutes of routine in a commune, every day from 21 November 2026.
func daily(id, clock string, change ...func(*planner.Programme)) planner.Programme {
	p := planner.Programme{
		ID: id, Revision: 1, Title: "Bản tin sáng", Area: "03388", Class: "routine", Start: "2026-11-21T" + clock + ":00",
		Rule: "FREQ=DAILY", Seconds: 600, Late: 300, Bulletins: []string{"lu-quet"}, By: "lo-van-an",
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func TestValidateNamesEveryFault(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*planner.Programme)
		fields []string
	}{
		{"nothing wrong", func(p *planner.Programme) {}, nil},
		{"once", func(p *planner.Programme) { p.Rule = "" }, nil},
		{"everything", func(p *planner.Programme) { *p = planner.Programme{Late: -1} },
			[]string{"id", "title", "area", "class", "start", "seconds", "late", "bulletins"}},
		{"id", func(p *planner.Programme) { p.ID = "tin sáng" }, []string{"id"}},
		{"title turned round", func(p *planner.Programme) { p.Title = "a\u202eb" }, []string{"title"}},
		{"area", func(p *planner.Programme) { p.Area = "3388" }, []string{"area"}},
		{"an emergency", func(p *planner.Programme) { p.Class = "emergency" }, []string{"class"}},
		{"start", func(p *planner.Programme) { p.Start = "05:30" }, []string{"start"}},
		{"a slip in the year, once", func(p *planner.Programme) { p.Start, p.Rule = "0226-11-21T05:30:00", "" }, []string{"start"}},
		{"rule", func(p *planner.Programme) { p.Rule = "FREQ=SECONDLY" }, []string{"rule"}},
		{"exceptions", func(p *planner.Programme) { p.Except = []string{"2026-11-21T05:30:00", "22/11"} }, []string{"except[1]"}},
		{"too many exceptions", func(p *planner.Programme) { p.Except = slices.Repeat([]string{"2026-11-21T05:30:00"}, 401) }, []string{"except"}},
		{"slot", func(p *planner.Programme) { p.Seconds = 24*3600 + 1 }, []string{"seconds"}},
		{"late", func(p *planner.Programme) { p.Late = 6*3600 + 1 }, []string{"late"}},
		{"as loud as it was made, or softer", func(p *planner.Programme) { p.Gain = -40 }, nil},
		{"louder than it was made", func(p *planner.Programme) { p.Gain = 0.1 }, []string{"gain"}},
		{"so soft that nobody hears it", func(p *planner.Programme) { p.Gain = -41 }, []string{"gain"}},
		{"no number", func(p *planner.Programme) { p.Gain = math.NaN() }, []string{"gain"}},
		{"too many bulletins", func(p *planner.Programme) { p.Bulletins = make([]string, 51) }, []string{"bulletins"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := daily("tin-sang", "05:30", test.change).Validate()
			var f registry.Faults
			if err != nil && !errors.As(err, &f) {
				t.Fatalf("not Faults: %v", err)
			}
			var fields []string
			for _, one := range f {
				fields = append(fields, one.Field)
				if strings.HasPrefix(one.Problem, one.Field) {
					t.Errorf("%q names its field twice", one)
				}
			}
			if !slices.Equal(fields, test.fields) {
				t.Errorf("faults in %v, want %v: %v", fields, test.fields, err)
			}
		})
	}
}

var hash = strings.Repeat("ab", 32)

func TestCompile(t *testing.T) {
	now := at(t, "2026-11-21 12:00")
	cluster := planner.Cluster{ID: "muong-te-03", Areas: []string{"03388.01", "03388", "12"}, Languages: []string{"hmn", "tai"}}
	approved := func(change ...func(*planner.Approved)) map[string]planner.Approved {
		a := planner.Approved{
			ID: "lu-quet", Order: hash, Class: "routine", Areas: []string{"12"}, Languages: []string{"vi", "tai"},
			From: at(t, "2026-11-01 00:00"), Until: at(t, "2027-06-01 00:00"),
		}
		for _, c := range change {
			c(&a)
		}
		later := a
		later.ID, later.Order, later.From = "sau", strings.Repeat("cd", 32), at(t, "2026-12-01 00:00")
		return map[string]planner.Approved{"lu-quet": a, "sau": later}
	}
	said := func(bulletin string, languages ...string) protocol.Part {
		var p protocol.Part
		for _, l := range languages {
			p.Sources = append(p.Sources, protocol.Source{Bulletin: bulletin, Language: l})
		}
		return p
	}
	chime := protocol.Part{Sources: []protocol.Source{{BuiltIn: protocol.Chime}}}
	usual := []protocol.Part{chime, said(hash, "tai", "vi")}
	for _, test := range []struct {
		name      string
		programme planner.Programme
		approved  map[string]planner.Approved
		parts     []protocol.Part // nil: the programme is not in the plan
		notes     []string        // what they must say, in order
	}{
		{"its languages in the village's order, Vietnamese last", daily("p", "05:30"), approved(), usual, nil},
		{"only languages that nobody chose", daily("p", "05:30"), approved(func(a *planner.Approved) { a.Languages = []string{"muo", "khb"} }),
			[]protocol.Part{chime, said(hash, "khb", "muo")}, nil},
		{"no chime", daily("p", "05:30", func(p *planner.Programme) { p.NoChime = true }), approved(), usual[1:], nil},
		{"of the province", daily("p", "05:30", func(p *planner.Programme) { p.Area = "12" }), approved(), usual, nil},
		{"of another commune", daily("p", "05:30", func(p *planner.Programme) { p.Area = "03389" }), approved(), nil, nil},
		{"never approved", daily("p", "05:30", func(p *planner.Programme) { p.Bulletins = []string{"moi"} }), approved(), nil,
			[]string{"programme p: bulletin moi is left out: it is not approved", "programme p is left out"}},
		{"approved as priority", daily("p", "05:30"), approved(func(a *planner.Approved) { a.Class = "priority" }), nil,
			[]string{"approved as priority", "programme p is left out"}},
		{"approved for another commune", daily("p", "05:30"), approved(func(a *planner.Approved) { a.Areas = []string{"03389"} }), nil,
			[]string{"not approved for this area", "programme p is left out"}},
		{"no longer valid", daily("p", "05:30"), approved(func(a *planner.Approved) { a.Until = at(t, "2026-11-22 05:30") }), nil,
			[]string{"valid from 2026-11-01 00:00 until 2026-11-22 05:30, which 2026-11-22 05:30 is not", "programme p is left out"}},
		{"valid for its next time", daily("p", "05:30"), approved(func(a *planner.Approved) { a.Until = at(t, "2026-11-22 05:31") }), usual, nil},
		{"valid only later, and alone", daily("p", "05:30", func(p *planner.Programme) { p.Bulletins = []string{"sau"} }), approved(),
			[]protocol.Part{chime, said(strings.Repeat("cd", 32), "tai", "vi")}, nil},
		{"valid only later, beside one that is: it must not silence it", daily("p", "05:30", func(p *planner.Programme) { p.Bulletins = []string{"sau", "lu-quet"} }), approved(), usual,
			[]string{"programme p: bulletin sau is left out: it is valid from 2026-12-01"}},
		{"on air", daily("p", "11:55", func(p *planner.Programme) { p.Rule = "" }), approved(), usual, nil},
		{"over", daily("p", "11:45", func(p *planner.Programme) { p.Rule = "" }), approved(), nil, nil},
		{"broken, in some way that was kept", daily("p", "05:30", func(p *planner.Programme) { p.Rule = "FREQ=MINUTELY" }), approved(), nil,
			[]string{"programme p is left out: rule: FREQ=MINUTELY is too often"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			other := daily("other", "18:00", func(p *planner.Programme) { p.Area = "12" })
			other.Bulletins = []string{"khac"}
			test.approved["khac"] = planner.Approved{
				ID: "khac", Order: hash, Class: "routine", Areas: []string{"12"}, Languages: []string{"vi"},
				From: at(t, "2026-11-01 00:00"), Until: at(t, "2027-06-01 00:00"),
			}
			plan, notes := planner.Compile(cluster, []planner.Programme{test.programme, other}, test.approved, now)
			if len(plan.Items) == 0 || plan.Items[0].ID != "other" {
				t.Fatalf("the programme beside it is not in the plan: %+v", plan.Items)
			}
			var parts []protocol.Part
			if len(plan.Items) == 2 {
				it := plan.Items[1]
				parts = it.Parts
				p := test.programme
				want := protocol.Item{ID: p.ID, Class: p.Class, Order: p.Order, Start: p.Start, Rule: p.Rule, Except: p.Except, Seconds: p.Seconds, Late: p.Late, Parts: it.Parts}
				if d := cmp.Diff(want, it); d != "" {
					t.Errorf("want -, got +:\n%s", d)
				}
			}
			if d := cmp.Diff(test.parts, parts); d != "" {
				t.Errorf("want -, got +:\n%s", d)
			}
			if len(notes) != len(test.notes) {
				t.Fatalf("notes %q, want %q", notes, test.notes)
			}
			for i, n := range notes {
				if !strings.Contains(n, test.notes[i]) {
					t.Errorf("note %q, want %q", n, test.notes[i])
				}
			}
			if plan.Until.Sub(now) < 35*24*time.Hour || plan.From.After(now) {
				t.Errorf("the plan is from %s until %s", plan.From, plan.Until)
			}
			plan.Revision, plan.Issued = 1, now
			mustOpen(t, plan)
		})
	}
}

// mustOpen asserts that a board would read the plan.
func mustOpen(t *testing.T, p protocol.Plan) {
	t.Helper()
	if _, err := schedule.NewCalendar(&p, p.From, p.Until); err != nil {
		t.Errorf("a board refuses the plan: %v", err)
	}
	if len(p.Items) > protocol.MaxItems {
		t.Errorf("%d items", len(p.Items))
	}
}

// The same input gives the same bytes, in whatever order it comes.
// How soft a programme is stands in its item.
func TestCompileKeepsTheGain(t *testing.T) {
	plan := planOf(t, daily("loud", "05:30"), daily("soft", "17:00", func(p *planner.Programme) { p.Gain = -12 }))
	if len(plan.Items) != 2 || plan.Items[0].Gain != 0 || plan.Items[1].Gain != -12 {
		t.Errorf("%+v", plan.Items)
	}
}

func TestCompileIsDeterministic(t *testing.T) {
	now := at(t, "2026-11-21 12:00")
	cluster := planner.Cluster{ID: "muong-te-03", Areas: []string{"03388"}, Languages: []string{"vi"}}
	bulletins := map[string]planner.Approved{}
	var programmes []planner.Programme
	for i := range 20 {
		id := fmt.Sprintf("b-%02d", i)
		bulletins[id] = planner.Approved{ID: id, Order: hash, Class: "routine", Areas: []string{"03388"}, Languages: []string{"vi"}, From: now.AddDate(-1, 0, 0), Until: now.AddDate(1, 0, 0)}
		programmes = append(programmes, daily("p-"+id, "05:30", func(p *planner.Programme) { p.Bulletins = []string{id} }))
	}
	compile := func(now time.Time) string {
		plan, notes := planner.Compile(cluster, programmes, bulletins, now)
		if len(plan.Items) != 20 || len(notes) != 0 {
			t.Fatalf("%d items, notes %q", len(plan.Items), notes)
		}
		b, err := protocol.Encode(plan)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := compile(now)
	slices.Reverse(programmes)
	if compile(now.Add(6*time.Hour)) != first {
		t.Error("the plan changed although it says nothing new")
	}
	if compile(now.AddDate(0, 0, 1)) == first {
		t.Error("the plan does not move on with the days")
	}
}

// More programmes than a plan may hold must not cost the cluster its plan.
func TestCompileTooMany(t *testing.T) {
	now := at(t, "2026-11-21 12:00")
	bulletins := map[string]planner.Approved{"lu-quet": {Order: hash, Class: "routine", Areas: []string{"03388"}, Languages: []string{"vi"}, From: now, Until: now.AddDate(1, 0, 0)}}
	var programmes []planner.Programme
	for i := range protocol.MaxItems + 1 {
		programmes = append(programmes, daily(fmt.Sprintf("p-%04d", i), "05:30", func(p *planner.Programme) { p.Rule = "FREQ=YEARLY" }, func(p *planner.Programme) { p.Start = "2025-12-01T05:30:00" }))
	}
	plan, notes := planner.Compile(planner.Cluster{ID: "muong-te-03", Areas: []string{"03388"}}, programmes, bulletins, now)
	if len(plan.Items) != protocol.MaxItems || len(notes) != 1 || !strings.Contains(notes[0], "p-2000 is left out") {
		t.Errorf("%d items, notes %q", len(plan.Items), notes)
	}
}

func planOf(t *testing.T, programmes ...planner.Programme) protocol.Plan {
	t.Helper()
	classes := map[string]planner.Approved{}
	for i, p := range programmes {
		programmes[i].Bulletins = []string{p.Class}
		classes[p.Class] = planner.Approved{Order: hash, Class: p.Class, Areas: []string{"03388"}, Languages: []string{"vi"}, From: at(t, "2026-01-01 00:00"), Until: at(t, "2027-12-01 00:00")}
	}
	plan, notes := planner.Compile(planner.Cluster{ID: "muong-te-03", Areas: []string{"03388"}, Languages: []string{"vi"}}, programmes, classes, at(t, "2026-11-21 00:00"))
	if len(notes) > 0 {
		t.Fatalf("notes %q", notes)
	}
	return plan
}

func priority(p *planner.Programme)       { p.Class = "priority" }
func late(n int) func(*planner.Programme) { return func(p *planner.Programme) { p.Late = n } }
func order(n int) func(*planner.Programme) {
	return func(p *planner.Programme) { p.Order = n }
}

func TestPreview(t *testing.T) {
	for _, test := range []struct {
		name       string
		programmes []planner.Programme
		want       []string // item from-until, on 22 November
		skipped    []string // item: a part of the reason
	}{
		{"a quiet day", []planner.Programme{daily("a", "05:30"), daily("b", "17:00")}, []string{"a 05:30-05:40", "b 17:00-17:10"}, nil},
		{"nothing", nil, nil, nil},
		{"the second waits", []planner.Programme{daily("a", "05:30"), daily("b", "05:36")}, []string{"a 05:30-05:40", "b 05:40-05:50"}, nil},
		{"the second cannot wait so long", []planner.Programme{daily("a", "05:30"), daily("b", "05:32", late(60))}, []string{"a 05:30-05:40"}, []string{"b: did not begin: output main was held by a@"}},
		{"priority cuts in, and routine goes on to its end", []planner.Programme{daily("a", "05:30", late(600)), daily("p", "05:33", priority)}, []string{"a 05:30-05:33", "p 05:33-05:43", "a 05:43-05:50"}, nil},
		{"what is left of it must end", []planner.Programme{daily("a", "05:30", late(300)), daily("p", "05:33", priority)}, []string{"a 05:30-05:33", "p 05:33-05:43", "a 05:43-05:45"}, nil},
		{"it cannot go on", []planner.Programme{daily("a", "05:30", late(0)), daily("p", "05:33", priority)}, []string{"a 05:30-05:33", "p 05:33-05:43"}, []string{"a: was cut after 3m0s and did not go on: output main was held by p@"}},
		{"the commune's order", []planner.Programme{daily("p", "05:30", priority, order(2), late(600)), daily("q", "05:30", priority, order(1))}, []string{"q 05:30-05:40", "p 05:40-05:50"}, nil},
		{"from the day before", []planner.Programme{daily("a", "23:55")}, []string{"a 23:55-00:05", "a 23:55-00:05"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			slots, skipped, err := planner.Preview(planOf(t, test.programmes...), at(t, "2026-11-22 00:00"), at(t, "2026-11-23 00:00"))
			if err != nil {
				t.Fatal(err)
			}
			zone := at(t, "2026-11-22 00:00").Location()
			var got []string
			for _, s := range slots {
				got = append(got, fmt.Sprintf("%s %s-%s", s.Item, s.From.In(zone).Format("15:04"), s.Until.In(zone).Format("15:04")))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("slots %q, want %q", got, test.want)
			}
			if len(skipped) != len(test.skipped) {
				t.Fatalf("skipped %+v, want %q", skipped, test.skipped)
			}
			for i, s := range skipped {
				if got := s.Item + ": " + s.Reason; !strings.HasPrefix(got, test.skipped[i]) {
					t.Errorf("skipped %q, want %q", got, test.skipped[i])
				}
			}
		})
	}
}

func TestConflicts(t *testing.T) {
	paths := map[string]registry.Path{
		"12": {"12"}, "03388": {"03388", "12"}, "03389": {"03389", "12"}, "03388.01": {"03388.01", "03388", "12"}, "03388.02": {"03388.02", "03388", "12"},
	}
	area := func(code string) func(*planner.Programme) { return func(p *planner.Programme) { p.Area = code } }
	for _, test := range []struct {
		name       string
		programmes []planner.Programme
		want       []planner.Overlap
	}{
		{"one behind the other", []planner.Programme{daily("a", "05:30"), daily("b", "05:40")}, nil},
		{"neighbours", []planner.Programme{daily("a", "05:30"), daily("b", "05:30", area("03389"))}, nil},
		{"two villages", []planner.Programme{daily("a", "05:30", area("03388.01")), daily("b", "05:30", area("03388.02"))}, nil},
		{"on other days", []planner.Programme{
			daily("a", "05:30", func(p *planner.Programme) { p.Rule = "FREQ=WEEKLY;BYDAY=MO" }), daily("b", "05:30", func(p *planner.Programme) { p.Rule = "FREQ=WEEKLY;BYDAY=TU" }),
		}, nil},
		{"the province's and a village's", []planner.Programme{daily("a", "05:36", area("12")), daily("b", "05:30", area("03388.01"))}, []planner.Overlap{
			{First: "b", Second: "a", At: at(t, "2026-11-21 05:36"), Times: 7, Outcome: "b plays, a waits until 2026-11-21 05:40"}}},
		{"no time to wait", []planner.Programme{daily("a", "05:30"), daily("b", "05:33", late(60))}, []planner.Overlap{
			{First: "a", Second: "b", At: at(t, "2026-11-21 05:33"), Times: 7, Outcome: "a plays, b is missed"}}},
		{"priority cuts in", []planner.Programme{daily("a", "05:30"), daily("p", "05:33", priority)}, []planner.Overlap{
			{First: "p", Second: "a", At: at(t, "2026-11-21 05:33"), Times: 7, Outcome: "p cuts in, a goes on at 2026-11-21 05:43"}}},
		{"priority cuts in for good", []planner.Programme{daily("a", "05:30", late(0)), daily("p", "05:33", priority)}, []planner.Overlap{
			{First: "p", Second: "a", At: at(t, "2026-11-21 05:33"), Times: 7, Outcome: "p cuts in, and a does not go on"}}},
		{"two priorities that nobody ordered", []planner.Programme{daily("p", "05:30", priority, late(600)), daily("q", "05:30", priority, late(600))}, []planner.Overlap{
			{First: "p", Second: "q", At: at(t, "2026-11-21 05:30"), Times: 7, Undecided: true, Outcome: "p plays, q waits until 2026-11-21 05:40"}}},
		{"two priorities that the commune ordered", []planner.Programme{daily("p", "05:30", priority, order(2), late(600)), daily("q", "05:30", priority, order(1))}, []planner.Overlap{
			{First: "q", Second: "p", At: at(t, "2026-11-21 05:30"), Times: 7, Outcome: "q plays, p waits until 2026-11-21 05:40"}}},
		{"with itself: that is not another", []planner.Programme{daily("a", "05:30", func(p *planner.Programme) { p.Rule = "FREQ=DAILY;BYMINUTE=30,35" })}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := planner.Conflicts(test.programmes, paths, at(t, "2026-11-21 00:00"), at(t, "2026-11-28 00:00"))
			if err != nil {
				t.Fatal(err)
			}
			if test.want == nil {
				test.want = []planner.Overlap{}
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("want -, got +:\n%s", d)
			}
		})
	}
}
