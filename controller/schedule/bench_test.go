package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// month is 30 days of 50 daily programmes, half of which are over and marked.
func month(b *testing.B) (schedule.State, time.Time) {
	from := at(b, "2026-11-21 00:00")
	now := from.AddDate(0, 0, 15).Add(12*time.Hour + time.Minute)
	var items []protocol.Item
	for i := range 50 {
		start := from.Add(5*time.Hour + time.Duration(i)*20*time.Minute)
		it := item(fmt.Sprintf("programme-%02d", i), start.Format(protocol.LocalTime), "FREQ=DAILY")
		it.Order = i % 3
		items = append(items, it)
	}
	s := schedule.State{
		Outputs: []string{"1", "2"}, Trusted: true, Settled: now.Add(-time.Minute),
		Calendar: calendar(b, plan(hanoi, items...), from, from.AddDate(0, 0, 30)),
		Marks:    map[string]schedule.Mark{}, Playing: map[string]string{},
	}
	if n := len(s.Calendar.All()); n != 1500 {
		b.Fatalf("%d occurrences, want 1500", n)
	}
	for _, o := range s.Calendar.All() {
		if o.End.Before(now) {
			s.Marks[o.ID] = schedule.Mark{Fate: protocol.FateFinished}
		} else if o.Start.Before(now) {
			s.Marks[o.ID] = schedule.Mark{Fate: protocol.FateStarted, At: o.Start}
			s.Playing["1"], s.Playing["2"] = o.ID, o.ID
		}
	}
	return s, now
}

// BenchmarkDecide is one decision in the middle of a month, beside the naive
// way of looking at every occurrence of it.
func BenchmarkDecide(b *testing.B) {
	s, now := month(b)
	alerted := s
	alerted.Alerts = []schedule.Alert{alert(b, "x", "05:30"), alert(b, "y", "05:30", level(4))}
	for i := range alerted.Alerts {
		alerted.Alerts[i].Expires = now.Add(time.Hour)
	}
	unsettled := s
	unsettled.Settled = time.Time{}
	for _, bench := range []struct {
		name   string
		decide func() string
	}{
		{"items", func() string { return id(schedule.Decide(s, now).OnAir["1"]) }},
		{"alerts", func() string { return id(schedule.Decide(alerted, now).OnAir["1"]) }},
		{"after-boot", func() string { return id(schedule.Decide(unsettled, now).OnAir["1"]) }},
		{"naive", func() string { return naive(s, now)["1"] }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if bench.decide() == "" {
					b.Fatal("nothing is on air")
				}
			}
		})
	}
	if got, want := naive(s, now)["1"], id(schedule.Decide(s, now).OnAir["1"]); got != want {
		b.Fatalf("the naive way plays %s, Decide %s", got, want)
	}
}

func BenchmarkNewCalendar(b *testing.B) {
	s, _ := month(b)
	var items []protocol.Item
	for _, o := range s.Calendar.All()[:50] {
		items = append(items, *o.Item)
	}
	p := plan(hanoi, items...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schedule.NewCalendar(p, s.Calendar.From, s.Calendar.Until); err != nil {
			b.Fatal(err)
		}
	}
}

func id(on *schedule.OnAir) string {
	if on == nil {
		return ""
	}
	return on.ID
}

// naive looks at every occurrence, for every output: what is on air, or else
// the first that may begin. It knows no alerts, cuts or missed ones.
func naive(s schedule.State, now time.Time) map[string]string {
	on := map[string]string{}
	for _, output := range s.Outputs {
		best := -1
		all := s.Calendar.All()
		for i, o := range all {
			mark, marked := s.Marks[o.ID]
			playing := s.Playing[output] == o.ID && mark.Fate == protocol.FateStarted && now.Before(o.End)
			begins := !marked && !now.Before(o.Start) && now.Before(o.Start.Add(time.Duration(o.Item.Late)*time.Second))
			if !playing && !begins {
				continue
			}
			if best < 0 || playing || o.Class > all[best].Class || (o.Class == all[best].Class && o.Item.Order < all[best].Item.Order) {
				best = i
			}
		}
		if best >= 0 {
			on[output] = all[best].ID
		}
	}
	return on
}
