package schedule_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
	"pgregory.net/rapid"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

const hanoi = "Asia/Ho_Chi_Minh"

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// at is a wall time in Hanoi, as in "2026-11-21 05:30" or with seconds.
func at(t testing.TB, wall string) time.Time {
	t.Helper()
	return in(t, hanoi, wall)
}

func in(t testing.TB, name, wall string) time.Time {
	t.Helper()
	layout := "2006-01-02 15:04:05"[:len(wall)]
	w, err := time.ParseInLocation(layout, wall, zone(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// item is a programme of ten minutes that may begin five minutes late.
func item(id, start, rule string) protocol.Item {
	return protocol.Item{
		ID: id, Class: "routine", Start: start, Rule: rule, Seconds: 600, Late: 300,
		Parts: []protocol.Part{{Sources: []protocol.Source{{BuiltIn: "chime"}}}},
	}
}

func plan(zone string, items ...protocol.Item) *protocol.Plan {
	return &protocol.Plan{
		Version: protocol.Version, Cluster: "muong-te-03", Revision: 1, Zone: zone, Items: items,
		From:  time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func calendar(t testing.TB, p *protocol.Plan, from, until time.Time) *schedule.Calendar {
	t.Helper()
	c, err := schedule.NewCalendar(p, from, until)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every rule stands with times at which it should and should not happen.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		name, start, rule string
		zone              string // "" is Hanoi
		except            []string
		from, until       string // the window; "" is 21 November to 21 December 2026
		should, shouldNot []string
	}{
		{
			name: "once", start: "2026-11-21T05:30:00",
			should:    []string{"2026-11-21T05:30:00"},
			shouldNot: []string{"2026-11-22T05:30:00"},
		},
		{
			name: "every day", start: "2026-11-22T05:30:00", rule: "FREQ=DAILY",
			should:    []string{"2026-11-22T05:30:00", "2026-12-20T05:30:00"},
			shouldNot: []string{"2026-11-21T05:30:00", "2026-12-21T05:30:00", "2026-11-22T17:30:00"},
		},
		{
			name: "every day since years", start: "2019-01-01T05:30:00", rule: "FREQ=DAILY",
			should:    []string{"2026-11-21T05:30:00", "2026-12-20T05:30:00"},
			shouldNot: []string{"2026-12-21T05:30:00"},
		},
		{
			name: "every other day keeps its phase", start: "2026-11-20T05:30:00", rule: "FREQ=DAILY;INTERVAL=2",
			should:    []string{"2026-11-22T05:30:00", "2026-11-24T05:30:00"},
			shouldNot: []string{"2026-11-21T05:30:00", "2026-11-23T05:30:00"},
		},
		{
			name: "working days, twice", start: "2026-11-02T05:30:00", rule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=5,17",
			should:    []string{"2026-11-23T05:30:00", "2026-11-23T17:30:00", "2026-11-27T17:30:00"},
			shouldNot: []string{"2026-11-21T05:30:00", "2026-11-22T17:30:00", "2026-11-23T06:30:00"},
		},
		{
			name: "every other week counts from Monday", start: "2026-11-22T09:00:00", rule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO",
			should:    []string{"2026-11-22T09:00:00", "2026-11-30T09:00:00", "2026-12-06T09:00:00"},
			shouldNot: []string{"2026-11-23T09:00:00", "2026-11-29T09:00:00"},
		},
		{
			name: "every other week counts from Sunday", start: "2026-11-22T09:00:00", rule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
			should:    []string{"2026-11-22T09:00:00", "2026-11-23T09:00:00", "2026-12-06T09:00:00"},
			shouldNot: []string{"2026-11-29T09:00:00", "2026-11-30T09:00:00"},
		},
		{
			name: "first Monday and last Friday", start: "2026-01-01T08:00:00", rule: "FREQ=MONTHLY;BYDAY=1MO,-1FR",
			should:    []string{"2026-11-27T08:00:00", "2026-12-07T08:00:00"},
			shouldNot: []string{"2026-11-23T08:00:00", "2026-12-14T08:00:00", "2026-12-18T08:00:00"},
		},
		{
			name: "last working day", start: "2026-01-01T08:00:00", rule: "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
			should:    []string{"2026-11-30T08:00:00"},
			shouldNot: []string{"2026-11-27T08:00:00", "2026-12-18T08:00:00"},
		},
		{
			name: "the 31st skips short months", start: "2026-01-31T08:00:00", rule: "FREQ=MONTHLY",
			from: "2026-11-01 00:00", until: "2027-02-01 00:00",
			should:    []string{"2026-12-31T08:00:00", "2027-01-31T08:00:00"},
			shouldNot: []string{"2026-11-30T08:00:00", "2026-12-01T08:00:00"},
		},
		{
			name: "the last day of every month", start: "2026-01-31T08:00:00", rule: "FREQ=MONTHLY;BYMONTHDAY=-1",
			should: []string{"2026-11-30T08:00:00"}, shouldNot: []string{"2026-12-01T08:00:00"},
		},
		{
			name: "National Day", start: "2020-09-02T07:00:00", rule: "FREQ=YEARLY",
			from: "2026-08-01 00:00", until: "2028-08-01 00:00",
			should:    []string{"2026-09-02T07:00:00", "2027-09-02T07:00:00"},
			shouldNot: []string{"2026-10-02T07:00:00"},
		},
		{
			name: "29 February", start: "2020-02-29T07:00:00", rule: "FREQ=YEARLY",
			from: "2026-01-01 00:00", until: "2029-01-01 00:00",
			should: []string{"2028-02-29T07:00:00"}, shouldNot: []string{"2027-02-28T07:00:00", "2027-03-01T07:00:00"},
		},
		{
			name: "every third hour", start: "2026-11-20T05:00:00", rule: "FREQ=HOURLY;INTERVAL=3;BYHOUR=5,6,7,8,9,10,11",
			should:    []string{"2026-11-21T05:00:00", "2026-11-21T08:00:00", "2026-11-21T11:00:00"},
			shouldNot: []string{"2026-11-21T06:00:00", "2026-11-21T14:00:00", "2026-11-21T02:00:00"},
		},
		{
			name: "a count is from the start, not from the window", start: "2026-11-19T05:30:00", rule: "FREQ=DAILY;COUNT=5",
			should: []string{"2026-11-21T05:30:00", "2026-11-23T05:30:00"}, shouldNot: []string{"2026-11-24T05:30:00"},
		},
		{
			name: "what is left out still counts", start: "2026-11-21T05:30:00", rule: "FREQ=DAILY;COUNT=3", except: []string{"2026-11-22T05:30:00"},
			should:    []string{"2026-11-21T05:30:00", "2026-11-23T05:30:00"},
			shouldNot: []string{"2026-11-22T05:30:00", "2026-11-24T05:30:00"},
		},
		{
			name: "until, as wall time, is included", start: "2026-11-21T05:30:00", rule: "FREQ=DAILY;UNTIL=20261123T053000",
			should: []string{"2026-11-23T05:30:00"}, shouldNot: []string{"2026-11-24T05:30:00"},
		},
		{
			name: "until, as UTC, is included", start: "2026-11-21T05:30:00", rule: "FREQ=DAILY;UNTIL=20261122T223000Z",
			should: []string{"2026-11-23T05:30:00"}, shouldNot: []string{"2026-11-24T05:30:00"},
		},
		{
			name: "what may still sound at the window's start is in it", start: "2026-11-20T23:46:00",
			should: []string{"2026-11-20T23:46:00"},
		},
		{
			name: "what is over at the window's start is not", start: "2026-11-20T23:45:00",
			shouldNot: []string{"2026-11-20T23:45:00"},
		},
		{
			name: "clocks jump over 02:30: it happens at 03:30", zone: "Europe/Berlin", start: "2027-03-27T02:30:00", rule: "FREQ=DAILY",
			from: "2027-03-27 00:00", until: "2027-03-30 00:00",
			should:    []string{"2027-03-27T02:30:00", "2027-03-28T03:30:00", "2027-03-29T02:30:00"},
			shouldNot: []string{"2027-03-28T02:30:00", "2027-03-28T01:30:00", "2027-03-29T03:30:00"},
		},
		{
			name: "clocks jump onto another start: once", zone: "Europe/Berlin", start: "2027-03-28T02:00:00", rule: "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30",
			from: "2027-03-28 00:00", until: "2027-03-29 00:00",
			should:    []string{"2027-03-28T03:00:00", "2027-03-28T03:30:00"},
			shouldNot: []string{"2027-03-28T02:00:00", "2027-03-28T04:00:00"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.zone == "" {
				test.zone = hanoi
			}
			if test.from == "" {
				test.from, test.until = "2026-11-21 00:00", "2026-12-21 00:00"
			}
			it := item("x", test.start, test.rule)
			it.Except = test.except
			c := calendar(t, plan(test.zone, it), in(t, test.zone, test.from), in(t, test.zone, test.until))
			got := map[string]bool{}
			for _, o := range c.All() {
				if id := schedule.OccurrenceID("x", o.Start); o.ID != id || got[id] {
					t.Errorf("occurrence %s at %s stands twice or has a wrong ID", o.ID, o.Start)
				}
				if o.End.Sub(o.Start) != 10*time.Minute {
					t.Errorf("%s ends %s", o.ID, o.End)
				}
				got[o.ID] = true
			}
			for _, s := range test.should {
				if !got["x@"+s] {
					t.Errorf("%s is missing in %v", s, got)
				}
			}
			for _, s := range test.shouldNot {
				if got["x@"+s] {
					t.Errorf("%s should not happen", s)
				}
			}
		})
	}
}

// A wall time that stands twice happens once, the first time.
func TestClocksSetBack(t *testing.T) {
	c := calendar(t, plan("Europe/Berlin", item("x", "2026-10-24T02:30:00", "FREQ=DAILY")),
		in(t, "Europe/Berlin", "2026-10-24 00:00"), in(t, "Europe/Berlin", "2026-10-27 00:00"))
	want := []string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}
	if len(c.All()) != len(want) {
		t.Fatalf("%d occurrences, want %d", len(c.All()), len(want))
	}
	for i, o := range c.All() {
		if got := o.Start.UTC().Format(time.RFC3339); got != want[i] {
			t.Errorf("occurrence %d at %s, want %s", i, got, want[i])
		}
	}
}

func TestCheckRuleNamesWhatIsWrong(t *testing.T) {
	const start = "2026-11-21T05:30:00"
	for _, test := range []struct{ start, rule, zone, want string }{
		{start, "FREQ=DAILY", "", "zone: "},
		{start, "FREQ=DAILY", "Local", "zone: "},
		{start, "FREQ=DAILY", "Asia/Atlantis", "zone: "},
		{"2026-11-21", "", hanoi, "start: "},
		{"2026-02-30T05:30:00", "", hanoi, "start: "},
		{"0001-01-01T00:00:00", "", hanoi, "start: the year"},
		{start, "daily", hanoi, `rule: "daily" is not one of`},
		{start, "freq=DAILY", hanoi, `rule: "freq" is not one of`},
		{start, "FREQ=daily", hanoi, "rule: undefined frequency"},
		{start, "INTERVAL=2", hanoi, "rule: RRULE property FREQ is required"},
		{start, "FREQ=SECONDLY", hanoi, "rule: FREQ=SECONDLY is too often"},
		{start, "FREQ=MINUTELY;INTERVAL=1440", hanoi, "rule: FREQ=MINUTELY is too often"},
		{start, "FREQ=DAILY;FREQ=WEEKLY", hanoi, "rule: FREQ stands twice"},
		{start, "FREQ=DAILY;INTERVAL=0", hanoi, "rule: INTERVAL=0"},
		{start, "FREQ=DAILY;INTERVAL=9223372036854775807", hanoi, "rule: INTERVAL="},
		{start, "FREQ=DAILY;COUNT=0", hanoi, "rule: COUNT=0"},
		{start, "FREQ=DAILY;COUNT=-1", hanoi, "rule: COUNT=-1"},
		{start, "FREQ=DAILY;COUNT=2;UNTIL=20261231T000000", hanoi, "rule: COUNT and UNTIL"},
		{start, "FREQ=DAILY;UNTIL=20261231", hanoi, "rule: UNTIL=20261231 is not a date and time"},
		{start, "FREQ=DAILY;DTSTART=20200101T000000", hanoi, `rule: "DTSTART" is not one of`},
		{start, "FREQ=DAILY\nRRULE:FREQ=DAILY", hanoi, "rule: "},
		{start, "FREQ=YEARLY;BYEASTER=0", hanoi, `rule: "BYEASTER" is not one of`},
		{start, "FREQ=YEARLY;BYWEEKNO=5", hanoi, `rule: "BYWEEKNO" is not one of`},
		{start, "FREQ=DAILY;BYHOUR=24", hanoi, "rule: byhour must be"},
		{start, "FREQ=DAILY;BYHOUR=", hanoi, "rule: BYHOUR option has no value"},
		{start, "FREQ=DAILY;BYMONTHDAY=0", hanoi, "rule: bymonthday must be"},
		{start, "FREQ=MONTHLY;BYDAY=53MO", hanoi, "rule: BYDAY=+53MO: the number is at most 5"},
		{start, "FREQ=WEEKLY;BYDAY=1MO", hanoi, "rule: BYDAY=+1MO: a number goes only"},
		{start, "FREQ=WEEKLY;BYDAY=XX", hanoi, "rule: undefined weekday"},
		{start, "FREQ=WEEKLY;BYMONTHDAY=1", hanoi, "rule: BYMONTHDAY does not go"},
		{start, "FREQ=MONTHLY;BYYEARDAY=1", hanoi, "rule: BYYEARDAY does not go"},
		{start, "FREQ=MONTHLY;BYSETPOS=1", hanoi, "rule: BYSETPOS needs another"},
		{start, "FREQ=DAILY;BYMINUTE=" + zeroTo(59) + ";BYSECOND=" + zeroTo(59), hanoi, "rule: 3600 times a day"},
	} {
		err := schedule.CheckRule(test.start, test.rule, test.zone)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("CheckRule(%q, %q, %q) = %v, want %s...", test.start, test.rule, test.zone, err, test.want)
		}
	}
	for _, rule := range []string{"", "FREQ=DAILY", "FREQ=YEARLY;BYDAY=-53MO", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=DAILY;BYHOUR=5,5,17"} {
		if err := schedule.CheckRule(start, rule, hanoi); err != nil {
			t.Errorf("CheckRule(%q) = %v", rule, err)
		}
	}
}

// zeroTo is 0,1,2 up to n.
func zeroTo(n int) string {
	all := "0"
	for i := range n {
		all += "," + strconv.Itoa(i+1)
	}
	return all
}

func TestCalendarNamesTheItem(t *testing.T) {
	good := item("good", "2026-11-21T05:30:00", "FREQ=DAILY")
	for _, test := range []struct {
		change func(*protocol.Item)
		want   string
	}{
		{func(it *protocol.Item) { it.Rule = "FREQ=MINUTELY" }, "items[1].rule: FREQ=MINUTELY is too often"},
		{func(it *protocol.Item) { it.Start = "soon" }, `items[1].start: "soon"`},
		{func(it *protocol.Item) { it.Except = []string{"2026-11-21"} }, `items[1].except: "2026-11-21"`},
		{func(it *protocol.Item) { it.Class = "emergency" }, `items[1].class: "emergency"`},
		{func(it *protocol.Item) { it.Seconds = 0 }, "items[1].seconds: 0"},
		{func(it *protocol.Item) { it.Late = -1 }, "items[1].late: -1"},
		{func(it *protocol.Item) { it.Rule = "FREQ=DAILY;BYHOUR=" + zeroTo(23) + ";BYMINUTE=" + zeroTo(59) }, "items[1].rule: the plan has more than 20000 occurrences"},
	} {
		bad := good
		bad.ID = "bad"
		test.change(&bad)
		_, err := schedule.NewCalendar(plan(hanoi, good, bad), at(t, "2026-11-21 00:00"), at(t, "2026-12-21 00:00"))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("NewCalendar = %v, want %s...", err, test.want)
		}
	}
	if _, err := schedule.NewCalendar(plan("Mars/Olympus"), at(t, "2026-11-21 00:00"), at(t, "2026-11-22 00:00")); err == nil || !strings.HasPrefix(err.Error(), "zone: ") {
		t.Errorf("NewCalendar of an unknown zone = %v", err)
	}
}

// A rule that never occurs costs no more than its window, and a plan of costly
// rules is refused after a bounded work.
func TestWorkIsBounded(t *testing.T) {
	from, until := at(t, "2026-11-21 00:00"), at(t, "2026-12-26 00:00")
	var never []protocol.Item
	for range protocol.MaxItems {
		never = append(never, item("never", "2026-01-01T05:30:00", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"),
			item("never", "2026-01-01T05:30:00", "FREQ=HOURLY;INTERVAL=2;BYHOUR=4"))
	}
	if c := calendar(t, plan(hanoi, never...), from, until); len(c.All()) != 0 {
		t.Errorf("%d occurrences of rules that never occur", len(c.All()))
	}
	var costly []protocol.Item
	for range protocol.MaxItems {
		costly = append(costly, item("costly", "1970-01-01T05:30:00", "FREQ=DAILY;COUNT=1000000"))
	}
	_, err := schedule.NewCalendar(plan(hanoi, costly...), from, until)
	if err == nil || !strings.Contains(err.Error(), "too much work") {
		t.Errorf("NewCalendar of costly rules = %v", err)
	}
}

func TestCalendarStaysWithinThePlan(t *testing.T) {
	p := plan(hanoi, item("x", "2026-11-01T05:30:00", "FREQ=DAILY"))
	p.From, p.Until = at(t, "2026-11-21 05:35"), at(t, "2026-11-23 05:30")
	c := calendar(t, p, at(t, "2026-11-01 00:00"), at(t, "2026-12-01 00:00"))
	if !c.From.Equal(p.From) || !c.Until.Equal(p.Until) {
		t.Errorf("window %s to %s", c.From, c.Until)
	}
	var got []string
	for _, o := range c.All() {
		got = append(got, o.ID)
	}
	// The first is on air while the plan begins: a new plan must not cut it.
	if want := "x@2026-11-21T05:30:00 x@2026-11-22T05:30:00"; strings.Join(got, " ") != want {
		t.Errorf("occurrences %v, want %s", got, want)
	}
	if n := len(c.Between(at(t, "2026-11-21 05:30"), at(t, "2026-11-22 05:30"))); n != 1 {
		t.Errorf("%d start between two starts, want the first alone", n)
	}
	if o := c.Find("x@2026-11-22T05:30:00"); o == nil || !o.Start.Equal(at(t, "2026-11-22 05:30")) {
		t.Errorf("Find = %v", o)
	}
	if o := c.Find("x@2026-11-23T05:30:00"); o != nil {
		t.Errorf("Find beyond the plan = %v", o)
	}
}

// The days of a rule are worked out here; the library's own walk over the rule
// is the reference.
func TestRulesAgreeWithTheLibrary(t *testing.T) {
	days := []rrule.Weekday{rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU}
	rapid.Check(t, func(t *rapid.T) {
		some := func(name string, g *rapid.Generator[int]) []int {
			return rapid.SliceOfNDistinct(g, 0, 3, rapid.ID[int]).Draw(t, name)
		}
		o := rrule.ROption{
			Freq:     rapid.SampledFrom([]rrule.Frequency{rrule.YEARLY, rrule.MONTHLY, rrule.WEEKLY, rrule.DAILY, rrule.HOURLY}).Draw(t, "freq"),
			Dtstart:  time.Unix(rapid.Int64Range(1.6e9, 1.8e9).Draw(t, "start"), 0).UTC(),
			Interval: rapid.IntRange(1, 4).Draw(t, "interval"),
			Wkst:     rapid.SampledFrom(days).Draw(t, "wkst"),
		}
		// Few at once: of a rule that never occurs the library is not sure before
		// the year 9999.
		by := rapid.SampledFrom([]string{"", "month", "monthday", "yearday", "day", "month monthday", "month day", "monthday day"}).Draw(t, "by")
		if strings.HasPrefix(by, "month ") || by == "month" {
			o.Bymonth = some("month", rapid.IntRange(1, 12))
		}
		from := o.Dtstart.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "days")) * 24 * time.Hour)
		until := from.Add(400 * 24 * time.Hour)
		if o.Freq != rrule.WEEKLY && strings.Contains(by, "monthday") {
			o.Bymonthday = some("monthday", rapid.OneOf(rapid.IntRange(1, 31), rapid.IntRange(-31, -1)))
		}
		if o.Freq == rrule.YEARLY && by == "yearday" {
			o.Byyearday = some("yearday", rapid.OneOf(rapid.IntRange(1, 366), rapid.IntRange(-366, -1)))
		}
		// The library takes days with and without a number together for days that
		// are both; RFC 5545 means either. So not both at once.
		numbered := o.Freq <= rrule.MONTHLY && rapid.Bool().Draw(t, "numbered")
		var weekdays []int
		if by == "day" || strings.HasSuffix(by, " day") {
			weekdays = some("day", rapid.IntRange(0, 6))
		}
		for _, d := range weekdays {
			day := days[d]
			if numbered {
				n := rapid.IntRange(1, 5).Draw(t, "n")
				if rapid.Bool().Draw(t, "last") {
					n = -n
				}
				day = day.Nth(n)
			}
			o.Byweekday = append(o.Byweekday, day)
		}
		if o.Freq == rrule.HOURLY {
			from = o.Dtstart.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "days")) * 24 * time.Hour)
			until = from.Add(40 * 24 * time.Hour)
		} else {
			o.Byhour = some("hour", rapid.IntRange(0, 23))
			// The library's first week begins at the start instead of at WKST.
			if len(o.Byhour) > 1 && o.Freq != rrule.WEEKLY || len(o.Byweekday) > 0 && o.Freq <= rrule.MONTHLY {
				o.Bysetpos = some("position", rapid.OneOf(rapid.IntRange(1, 3), rapid.IntRange(-3, -1)))
			}
		}
		switch rapid.IntRange(0, 2).Draw(t, "end") {
		case 1:
			o.Count = rapid.IntRange(1, 500).Draw(t, "count")
		case 2:
			o.Until = o.Dtstart.Add(time.Duration(rapid.IntRange(0, 3400).Draw(t, "until")) * 24 * time.Hour)
		}
		rule := o.RRuleString()
		library, err := rrule.NewRRule(o)
		if err != nil {
			t.Fatal(err)
		}
		it := item("x", o.Dtstart.Format(protocol.LocalTime), rule)
		it.Seconds, it.Late = 1, 0
		c, err := schedule.NewCalendar(plan("UTC", it), from, until)
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		var got []string
		for _, o := range c.Between(from, until) {
			got = append(got, o.Start.Format(protocol.LocalTime))
		}
		// A bound of its own: without an end the library searches to the year 9999.
		if o.Until.IsZero() {
			bounded := o
			bounded.Until = until
			if library, err = rrule.NewRRule(bounded); err != nil {
				t.Fatal(err)
			}
		}
		var want []string
		for _, w := range library.Between(from, until.Add(-time.Second), true) {
			want = append(want, w.Format(protocol.LocalTime))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("%s from %s, within %s and %s:\n got %v\nwant %v", rule, it.Start, from, until, got, want)
		}
	})
}

func FuzzCheckRule(f *testing.F) {
	for _, rule := range []string{"", "FREQ=DAILY", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;UNTIL=20261231T000000Z;WKST=SU;BYSETPOS=-1;BYDAY=MO"} {
		f.Add("2026-11-21T05:30:00", rule)
	}
	from := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, start, rule string) {
		if schedule.CheckRule(start, rule, hanoi) != nil {
			return
		}
		c, err := schedule.NewCalendar(plan(hanoi, item("x", start, rule)), from, from.AddDate(0, 0, 35))
		if err != nil {
			return
		}
		for i, o := range c.All() {
			if !o.Start.Before(c.Until) || (i > 0 && !c.All()[i-1].Start.Before(o.Start)) {
				t.Fatalf("%q %q: occurrence %d at %s", start, rule, i, o.Start)
			}
		}
	})
}
