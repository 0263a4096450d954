package schedule_test

import (
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// routine, priority and alert make what a board may have; all times are in
// Hanoi on 21 November 2026.
func routine(id, clock string, change ...func(*protocol.Item)) protocol.Item {
	it := item(id, "2026-11-21T"+clock, "")
	for _, c := range change {
		c(&it)
	}
	return it
}

func priority(id, clock string, change ...func(*protocol.Item)) protocol.Item {
	it := routine(id, clock, change...)
	it.Class = "priority"
	return it
}

func order(n int) func(*protocol.Item)     { return func(it *protocol.Item) { it.Order = n } }
func late(n int) func(*protocol.Item)      { return func(it *protocol.Item) { it.Late = n } }
func output(o string) func(*protocol.Item) { return func(it *protocol.Item) { it.Output = o } }

func alert(t testing.TB, id, issued string, change ...func(*schedule.Alert)) schedule.Alert {
	a := schedule.Alert{
		Subject: "alert/live/" + id, Sequence: 1, Mode: protocol.Live, Level: 3, Repetitions: 3, Pause: 30 * time.Second,
		Issued: at(t, "2026-11-21 "+issued), Expires: at(t, "2026-11-21 12:00"),
	}
	for _, c := range change {
		c(&a)
	}
	return a
}

func drill(a *schedule.Alert) { a.Mode = protocol.Drill; a.Level = 5 }
func level(n int) func(*schedule.Alert) {
	return func(a *schedule.Alert) { a.Level = n }
}
func done(t testing.TB, n int, end string) func(*schedule.Alert) {
	return func(a *schedule.Alert) { a.Done, a.LastEnd = n, at(t, "2026-11-21 "+end) }
}

func TestWhoPlays(t *testing.T) {
	started := func(clock string) schedule.Mark {
		return schedule.Mark{Fate: protocol.FateStarted, At: at(t, "2026-11-21 "+clock)}
	}
	cut := func(position time.Duration) schedule.Mark {
		return schedule.Mark{Fate: protocol.FateCut, Position: position}
	}
	fate := func(f protocol.Fate) schedule.Mark { return schedule.Mark{Fate: f} }
	const A, B, P, Q = "a@2026-11-21T05:30:00", "b@2026-11-21T05:35:00", "p@2026-11-21T05:32:00", "q@2026-11-21T05:32:00"
	a, b := routine("a", "05:30:00"), routine("b", "05:35:00")
	p, q := priority("p", "05:32:00", order(2)), priority("q", "05:32:00", order(1))
	press := func(al *schedule.Alert) {
		al.Subject, al.Longest = "local/live/button@x", 2*time.Minute
	}
	for _, test := range []struct {
		name    string
		now     string
		items   []protocol.Item
		alerts  []schedule.Alert
		marks   map[string]schedule.Mark
		playing string // on "1", and on "2" too unless the item has an output
		blind   bool   // the time is not trusted
		want    string // on "1"
		also    string // on "2"; "" is the same, "-" is silence
		from    time.Duration
		until   string // of what is on "1"
		next    string // "" is not looked at
	}{
		{name: "nothing is due", now: "05:00", items: []protocol.Item{a}, next: "05:30"},
		{name: "its time has come", now: "05:30", items: []protocol.Item{a}, want: A, until: "05:40", next: "05:30:05"},
		{name: "just before its time", now: "05:29:59", items: []protocol.Item{a}, next: "05:30"},
		{name: "late, as it may be: to its end and so much more", now: "05:34:59", items: []protocol.Item{a}, want: A, until: "05:45"},
		{name: "at its last moment", now: "05:35:04", items: []protocol.Item{a}, want: A, until: "05:45", next: "05:35:05"},
		{name: "too late", now: "05:35:05", items: []protocol.Item{a}},
		{name: "no Late, but Grace", now: "05:30:04", items: []protocol.Item{routine("a", "05:30:00", late(0))}, want: A, until: "05:40"},
		{name: "no Late, and Grace is over", now: "05:30:05", items: []protocol.Item{routine("a", "05:30:00", late(0))}},
		{name: "shorter than Grace, and late", now: "05:30:02", items: []protocol.Item{routine("a", "05:30:00", func(it *protocol.Item) { it.Seconds = 1 })}, want: A, until: "05:35:01"},
		{name: "it goes on", now: "05:39:59", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: started("05:30")}, playing: A, want: A, until: "05:40", next: "05:40"},
		{name: "its slot is over", now: "05:40", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: started("05:30")}, playing: A},
		{name: "begun late, it has so much longer", now: "05:44", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: started("05:33")}, playing: A, want: A, until: "05:45"},
		{name: "its mark is on the way to the disk", now: "05:36", items: []protocol.Item{a}, playing: A, want: A, until: "05:45"},
		{name: "started before a power cut: never again", now: "05:31", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: started("05:30")}},
		{name: "finished", now: "05:31", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: fate(protocol.FateFinished)}},
		{name: "stopped, although the state still has it playing", now: "05:31", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: fate(protocol.FateStopped)}, playing: A},
		{name: "failed", now: "05:31", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: fate(protocol.FateFailed)}},
		{name: "expired", now: "05:31", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: fate(protocol.FateExpired)}},
		{name: "missed", now: "05:31", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: fate(protocol.FateMissed)}},
		{name: "cut, it goes on where it was cut", now: "05:44:59", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: cut(100 * time.Second)}, want: A, from: 100 * time.Second, until: "05:45", next: "05:45"},
		{name: "cut, and too late to go on", now: "05:45", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: cut(100 * time.Second)}},
		{name: "gone on after a cut", now: "05:42", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: {Fate: protocol.FateStarted, Position: time.Minute}}, playing: A, want: A, from: time.Minute, until: "05:45"},

		{name: "priority cuts routine", now: "05:32", items: []protocol.Item{a, p}, marks: map[string]schedule.Mark{A: started("05:30")}, playing: A, want: P},
		{name: "routine does not cut routine", now: "05:35", items: []protocol.Item{a, b}, marks: map[string]schedule.Mark{A: started("05:30")}, playing: A, want: A, next: "05:35:05"},
		{name: "the waiting one follows", now: "05:40", items: []protocol.Item{a, routine("b", "05:35:00", late(300))}, marks: map[string]schedule.Mark{A: started("05:30")}, playing: A, want: B, until: "05:50"},
		{name: "what was cut goes first", now: "05:36", items: []protocol.Item{a, routine("b", "05:35:00", order(-1))}, marks: map[string]schedule.Mark{A: cut(time.Minute)}, want: A, from: time.Minute},
		{name: "what is on air is not cut by what was cut", now: "05:37", items: []protocol.Item{a, b}, marks: map[string]schedule.Mark{A: cut(time.Minute), B: started("05:35")}, playing: B, want: B},
		{name: "the commune's order decides between priorities", now: "05:32", items: []protocol.Item{p, q}, want: Q},
		{name: "but not over one on air", now: "05:32:30", items: []protocol.Item{p, q}, marks: map[string]schedule.Mark{P: started("05:32")}, playing: P, want: P},
		{name: "the earlier start", now: "05:34", items: []protocol.Item{routine("z", "05:30:00", late(600)), b, routine("y", "05:31:00", late(600))}, want: "z@2026-11-21T05:30:00"},
		{name: "the name decides the rest", now: "05:35", items: []protocol.Item{routine("c", "05:35:00"), b}, want: B},

		{name: "an output of its own", now: "05:30", items: []protocol.Item{routine("a", "05:30:00", output("2"))}, also: A},
		{name: "beside what is on another output", now: "05:32", items: []protocol.Item{a, priority("p", "05:32:00", output("2"))}, marks: map[string]schedule.Mark{A: started("05:30")}, playing: A, want: A, also: P},
		{name: "an output that the board has not", now: "05:30", items: []protocol.Item{routine("a", "05:30:00", output("3"))}},

		{name: "an alert cuts priority", now: "05:33", items: []protocol.Item{p}, marks: map[string]schedule.Mark{P: started("05:32")}, playing: P, alerts: []schedule.Alert{alert(t, "x", "05:33")}, want: "alert/live/x/1#1", until: "12:00"},
		{name: "a drill cuts routine", now: "05:33", items: []protocol.Item{a}, alerts: []schedule.Alert{alert(t, "x", "05:33", drill)}, want: "alert/live/x/1#1"},
		{name: "a live alert goes over a drill of a higher level", now: "05:33", alerts: []schedule.Alert{alert(t, "d", "05:33", drill), alert(t, "x", "05:32", level(1))}, want: "alert/live/x/1#1"},
		{name: "the higher risk level", now: "05:33", alerts: []schedule.Alert{alert(t, "x", "05:33", level(2)), alert(t, "y", "05:32", level(4))}, want: "alert/live/y/1#1"},
		{name: "the newer", now: "05:33", alerts: []schedule.Alert{alert(t, "x", "05:32"), alert(t, "y", "05:33")}, want: "alert/live/y/1#1"},
		{name: "the name decides the rest here too", now: "05:33", alerts: []schedule.Alert{alert(t, "y", "05:33"), alert(t, "x", "05:33")}, want: "alert/live/x/1#1"},
		{name: "a pause is no gap for routine", now: "05:33", items: []protocol.Item{a}, alerts: []schedule.Alert{alert(t, "x", "05:30", done(t, 1, "05:32:45"))}, next: "05:33:15"},
		{name: "the pause is over", now: "05:33:15", items: []protocol.Item{a}, alerts: []schedule.Alert{alert(t, "x", "05:30", done(t, 1, "05:32:45"))}, want: "alert/live/x/1#2"},
		{name: "another alert uses a pause", now: "05:33", alerts: []schedule.Alert{alert(t, "x", "05:30", done(t, 1, "05:32:45")), alert(t, "y", "05:20", level(1))}, want: "alert/live/y/1#1"},
		{name: "a drill does not use a live alert's pause", now: "05:33", alerts: []schedule.Alert{alert(t, "d", "05:33", drill), alert(t, "x", "05:30", done(t, 1, "05:32:45"))}, next: "05:33:15"},
		{name: "a live alert uses a drill's pause", now: "05:33", alerts: []schedule.Alert{alert(t, "d", "05:30", drill, done(t, 1, "05:32:45")), alert(t, "x", "05:30", level(1))}, want: "alert/live/x/1#1"},
		{name: "its repetitions are done", now: "05:33", items: []protocol.Item{a}, alerts: []schedule.Alert{alert(t, "x", "05:30", done(t, 3, "05:33"))}, want: A},
		{name: "expired", now: "12:00", alerts: []schedule.Alert{alert(t, "x", "05:30")}},
		{name: "about to expire", now: "11:59:59", alerts: []schedule.Alert{alert(t, "x", "05:30")}, want: "alert/live/x/1#1", until: "12:00", next: "12:00"},
		{name: "a clock set back does not lengthen a pause", now: "05:32", alerts: []schedule.Alert{alert(t, "x", "05:30", done(t, 1, "11:00"))}, want: "alert/live/x/1#2"},
		{name: "a press sounds at most its length", now: "05:31:59", alerts: []schedule.Alert{alert(t, "x", "05:30", press)}, want: "local/live/button@x/1#1", until: "05:32", next: "05:32"},
		{name: "a press is over", now: "05:32", alerts: []schedule.Alert{alert(t, "x", "05:30", press)}},

		{name: "without the time items wait", now: "05:30", items: []protocol.Item{a}, blind: true},
		{name: "without the time an item on air ends", now: "05:31", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: started("05:30")}, playing: A, blind: true},
		{name: "without the time an alert finishes its repetitions", now: "12:30", alerts: []schedule.Alert{alert(t, "x", "05:30")}, blind: true, want: "alert/live/x/1#1"},
		{name: "without the time a press sounds at most its length", now: "12:30", alerts: []schedule.Alert{alert(t, "x", "12:29", press)}, blind: true, want: "local/live/button@x/1#1", until: "12:31"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := schedule.State{
				Outputs: []string{"1", "2"}, Alerts: test.alerts, Marks: test.marks, Trusted: !test.blind,
				Calendar: calendar(t, plan(hanoi, test.items...), at(t, "2026-11-21 00:00"), at(t, "2026-11-22 00:00")),
				Playing:  map[string]string{"1": test.playing, "2": test.playing},
			}
			d := schedule.Decide(s, at(t, "2026-11-21 "+test.now))
			if test.also == "" {
				test.also = test.want
			}
			for output, want := range map[string]string{"1": test.want, "2": strings.TrimPrefix(test.also, "-")} {
				on, listed := d.OnAir[output]
				if !listed {
					t.Fatalf("output %s is not in the decision", output)
				}
				if on == nil && want != "" || on != nil && on.ID != want {
					t.Errorf("output %s plays %+v, want %q", output, on, want)
				}
			}
			if on := d.OnAir["1"]; on != nil {
				if on.From != test.from {
					t.Errorf("from %s, want %s", on.From, test.from)
				}
				if test.until != "" && !on.Until.Equal(at(t, "2026-11-21 "+test.until)) {
					t.Errorf("until %s, want %s", on.Until, test.until)
				}
				if (on.Alert == nil) == (on.Occurrence == nil) || (on.Class == schedule.Emergency) != (on.Alert != nil) {
					t.Errorf("%+v is not exactly one of alert and occurrence", on)
				}
				if on.Alert != nil && on.Drill != (on.Alert.Mode == protocol.Drill) {
					t.Errorf("drill is %t for %+v", on.Drill, on.Alert)
				}
			}
			if test.next != "" && !d.Next.Equal(at(t, "2026-11-21 "+test.next)) {
				t.Errorf("next is %s, want %s", d.Next.In(zone(t, hanoi)), test.next)
			}
		})
	}
}

func TestNext(t *testing.T) {
	s := schedule.State{Outputs: []string{"1"}, Trusted: true}
	if d := schedule.Decide(s, at(t, "2026-11-21 05:00")); !d.Next.IsZero() || d.OnAir["1"] != nil {
		t.Errorf("a board without orders decides %+v", d)
	}
	s.Calendar = calendar(t, plan(hanoi), at(t, "2026-11-21 00:00"), at(t, "2026-11-22 00:00"))
	if d := schedule.Decide(s, at(t, "2026-11-21 05:00")); !d.Next.Equal(s.Calendar.Until) {
		t.Errorf("next is %s, want the calendar's end", d.Next)
	}
	if d := schedule.Decide(s, at(t, "2026-11-22 05:00")); !d.Next.IsZero() {
		t.Errorf("behind the calendar's end next is %s", d.Next)
	}
}

func TestMissed(t *testing.T) {
	const A, P = "a@2026-11-21T05:30:00", "p@2026-11-21T05:32:00"
	a, p := routine("a", "05:30:00"), priority("p", "05:32:00", late(0))
	for _, test := range []struct {
		name    string
		now     string
		items   []protocol.Item
		alerts  []schedule.Alert
		marks   map[string]schedule.Mark
		playing string
		from    string // of the calendar
		settled string
		blind   bool
		want    []string // ID: and a part of the reason
	}{
		{name: "may still begin", now: "05:35:04", items: []protocol.Item{a}},
		{name: "the board was off", now: "05:35:05", items: []protocol.Item{a}, want: []string{A + ": did not begin: the board was not running"}},
		{name: "long ago, and not decided since", now: "23:00", items: []protocol.Item{a}, want: []string{A + ": did not begin: the board"}},
		{name: "long ago, and decided then", now: "23:00", items: []protocol.Item{a}, settled: "05:35:05"},
		{name: "since it was settled", now: "05:35:05", items: []protocol.Item{a}, settled: "05:35:04", want: []string{A + ": did not begin"}},
		{name: "it has its mark", now: "05:35:05", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: {Fate: protocol.FateFinished}}},
		{name: "held by an alert", now: "05:35:05", items: []protocol.Item{a}, alerts: []schedule.Alert{alert(t, "x", "05:29")}, want: []string{A + ": did not begin: output 1 was held by alert/live/x"}},
		{name: "held by an alert in its pause", now: "05:35:05", items: []protocol.Item{a}, alerts: []schedule.Alert{alert(t, "x", "05:29", done(t, 1, "05:34:55"))}, want: []string{A + ": did not begin: output 1 was held by alert/live/x"}},
		{name: "an alert that came later did not hold it", now: "06:00", items: []protocol.Item{a}, alerts: []schedule.Alert{alert(t, "x", "05:50")}, want: []string{A + ": did not begin: the board"}},
		{name: "held by a priority item", now: "05:35:05", items: []protocol.Item{a, p}, marks: map[string]schedule.Mark{P: {Fate: protocol.FateStarted}}, playing: P, want: []string{A + ": did not begin: output 1 was held by " + P}},
		{name: "cut, and could not go on", now: "05:45", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: {Fate: protocol.FateCut, Position: 90 * time.Second}}, alerts: []schedule.Alert{alert(t, "x", "05:32")}, want: []string{A + ": was cut after 1m30s and did not go on: output 1 was held by alert/live/x"}},
		{name: "cut, and may still go on", now: "05:44:59", items: []protocol.Item{a}, marks: map[string]schedule.Mark{A: {Fate: protocol.FateCut}}},
		{name: "an output that the board has not", now: "05:35:05", items: []protocol.Item{routine("a", "05:30:00", output("3"))}, want: []string{A + ": did not begin: this board has no output 3"}},
		{name: "before the calendar's window", now: "05:35:05", items: []protocol.Item{a}, from: "05:31"},
		{name: "the time is not known", now: "05:35:05", items: []protocol.Item{a}, blind: true},
		{name: "two, by start", now: "06:00", items: []protocol.Item{p, a}, want: []string{A + ": did", P + ": did"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.from == "" {
				test.from = "00:00"
			}
			s := schedule.State{
				Outputs: []string{"1"}, Alerts: test.alerts, Marks: test.marks, Trusted: !test.blind,
				Calendar: calendar(t, plan(hanoi, test.items...), at(t, "2026-11-21 "+test.from), at(t, "2026-11-22 00:00")),
				Playing:  map[string]string{"1": test.playing},
			}
			if test.settled != "" {
				s.Settled = at(t, "2026-11-21 "+test.settled)
			}
			missed := schedule.Decide(s, at(t, "2026-11-21 "+test.now)).Missed
			if len(missed) != len(test.want) {
				t.Fatalf("missed %v, want %q", missed, test.want)
			}
			for i, m := range missed {
				if got := m.Occurrence.ID + ": " + m.Reason; !strings.HasPrefix(got, test.want[i]) {
					t.Errorf("missed %q, want %q...", got, test.want[i])
				}
			}
		})
	}
}

// An item that had to begin on one output alone does not join in on the other
// when that becomes free: it would be heard from its middle.
func TestNoJoiningIn(t *testing.T) {
	s := schedule.State{
		Outputs: []string{"1", "2"}, Trusted: true,
		Calendar: calendar(t, plan(hanoi, routine("a", "05:30:00")), at(t, "2026-11-21 00:00"), at(t, "2026-11-22 00:00")),
		Marks:    map[string]schedule.Mark{"a@2026-11-21T05:30:00": {Fate: protocol.FateStarted}},
		Playing:  map[string]string{"1": "a@2026-11-21T05:30:00"},
	}
	d := schedule.Decide(s, at(t, "2026-11-21 05:33"))
	if d.OnAir["1"] == nil || d.OnAir["2"] != nil {
		t.Errorf("outputs play %v and %v, want the first alone", d.OnAir["1"], d.OnAir["2"])
	}
}
