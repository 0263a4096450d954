package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"loa/controller/protocol"
)

// recurrence is a start and a rule of RFC 5545, in wall time: all its times are
// as if in UTC, and days are counted from 1 January 1970.
//
// The library reads the rule and judges its numbers. Which days it means is
// worked out here, because the library can only be asked from the start on, and
// looks for a day that never comes (30 February) until the year 9999; here a
// rule is asked about the days of a window, and work is counted.
type recurrence struct {
	start    time.Time
	once     bool
	freq     rrule.Frequency
	interval int
	count    int
	until    time.Time // zero: none
	untilUTC bool      // until is a moment, not a wall time
	months   []int
	monthDay []int
	yearDay  []int
	weekDay  []rrule.Weekday
	position []int
	week     int // the day a week starts with, 0 is Monday
	hours    []int
	minutes  []int
	seconds  []int
}

const (
	maxRule  = 500  // bytes
	maxTimes = 1440 // how often a rule may happen in a day
)

var properties = map[string]bool{
	"FREQ": true, "INTERVAL": true, "COUNT": true, "UNTIL": true, "WKST": true, "BYSETPOS": true,
	"BYMONTH": true, "BYMONTHDAY": true, "BYYEARDAY": true, "BYDAY": true,
	"BYHOUR": true, "BYMINUTE": true, "BYSECOND": true,
}

func parseRecurrence(start, rule string) (*recurrence, error) {
	t, err := time.Parse(protocol.LocalTime, start)
	if err != nil {
		return nil, fmt.Errorf("start: %q is not a local time like %s", start, protocol.LocalTime)
	}
	if y := t.Year(); y < 1970 || y > 2999 {
		return nil, fmt.Errorf("start: the year %d, from 1970 to 2999", y)
	}
	r := &recurrence{start: t, once: rule == ""}
	if r.once {
		return r, nil
	}
	if err := r.parse(rule); err != nil {
		return nil, fmt.Errorf("rule: %w", err)
	}
	return r, nil
}

func (r *recurrence) parse(rule string) error {
	if len(rule) > maxRule {
		return fmt.Errorf("%d bytes, at most %d", len(rule), maxRule)
	}
	has := map[string]string{}
	for _, property := range strings.Split(rule, ";") {
		name, value, _ := strings.Cut(property, "=")
		if !properties[name] {
			return fmt.Errorf("%q is not one of FREQ, INTERVAL, COUNT, UNTIL, WKST, BYSETPOS, BYMONTH, BYMONTHDAY, BYYEARDAY, BYDAY, BYHOUR, BYMINUTE, BYSECOND", name)
		}
		if _, twice := has[name]; twice {
			return fmt.Errorf("%s stands twice", name)
		}
		has[name] = value
	}
	o, err := rrule.StrToROption(rule)
	if err != nil {
		return err
	}
	r.hours, r.minutes, r.seconds = set(o.Byhour), set(o.Byminute), set(o.Bysecond)
	if n := max(1, len(r.hours)) * max(1, len(r.minutes)) * max(1, len(r.seconds)); n > maxTimes {
		return fmt.Errorf("%d times a day, at most %d", n, maxTimes)
	}
	o.Byhour, o.Byminute, o.Bysecond = r.hours, r.minutes, r.seconds // the library would work with every repetition
	if _, err := rrule.NewRRule(*o); err != nil {
		return err
	}
	_, counted := has["COUNT"]
	_, until := has["UNTIL"]
	_, every := has["INTERVAL"]
	switch {
	case o.Freq > rrule.HOURLY:
		return fmt.Errorf("FREQ=%s is too often: at most HOURLY", o.Freq)
	case every && (o.Interval < 1 || o.Interval > 10_000):
		return fmt.Errorf("INTERVAL=%d, from 1 to 10000", o.Interval)
	case counted && (o.Count < 1 || o.Count > 1_000_000):
		return fmt.Errorf("COUNT=%d, from 1 to a million", o.Count)
	case counted && until:
		return errors.New("COUNT and UNTIL exclude each other")
	case o.Wkst.N() != 0:
		return errors.New("WKST is a day without a number")
	case len(o.Byyearday) > 0 && o.Freq != rrule.YEARLY && o.Freq != rrule.HOURLY:
		return fmt.Errorf("BYYEARDAY does not go with FREQ=%s", o.Freq)
	case len(o.Bymonthday) > 0 && o.Freq == rrule.WEEKLY:
		return errors.New("BYMONTHDAY does not go with FREQ=WEEKLY")
	case len(o.Bysetpos) > 0 && o.Freq == rrule.HOURLY:
		return errors.New("BYSETPOS does not go with FREQ=HOURLY")
	case len(o.Bysetpos) > 0 && len(has) == 2+bit(every)+bit(counted)+bit(until):
		return errors.New("BYSETPOS needs another BY... to choose from")
	}
	for _, d := range o.Byweekday {
		most := 5
		if o.Freq == rrule.YEARLY && len(o.Bymonth) == 0 {
			most = 53
		}
		switch {
		case d.N() != 0 && o.Freq > rrule.MONTHLY:
			return fmt.Errorf("BYDAY=%s: a number goes only with FREQ=MONTHLY or YEARLY", d)
		case d.N() > most || d.N() < -most:
			return fmt.Errorf("BYDAY=%s: the number is at most %d here", d, most)
		}
	}
	if until {
		if err := r.parseUntil(has["UNTIL"]); err != nil {
			return err
		}
	}
	r.freq, r.interval, r.count, r.week = o.Freq, max(1, o.Interval), o.Count, o.Wkst.Day()
	r.months, r.monthDay, r.yearDay, r.weekDay, r.position = o.Bymonth, o.Bymonthday, o.Byyearday, o.Byweekday, o.Bysetpos
	r.fill()
	return nil
}

func (r *recurrence) parseUntil(value string) (err error) {
	r.untilUTC = strings.HasSuffix(value, "Z")
	layout := rrule.LocalDateTimeFormat
	if r.untilUTC {
		layout = rrule.DateTimeFormat
	}
	if r.until, err = time.Parse(layout, value); err != nil {
		return fmt.Errorf("UNTIL=%s is not a date and time like 20271231T235959", value)
	}
	return nil
}

// fill takes from the start what the rule leaves out.
func (r *recurrence) fill() {
	if len(r.monthDay)+len(r.yearDay)+len(r.weekDay) == 0 {
		switch r.freq {
		case rrule.YEARLY:
			if len(r.months) == 0 {
				r.months = []int{int(r.start.Month())}
			}
			r.monthDay = []int{r.start.Day()}
		case rrule.MONTHLY:
			r.monthDay = []int{r.start.Day()}
		case rrule.WEEKLY:
			days := []rrule.Weekday{rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA}
			r.weekDay = []rrule.Weekday{days[r.start.Weekday()]}
		}
	}
	if len(r.hours) == 0 && r.freq != rrule.HOURLY {
		r.hours = []int{r.start.Hour()}
	}
	if len(r.minutes) == 0 {
		r.minutes = []int{r.start.Minute()}
	}
	if len(r.seconds) == 0 {
		r.seconds = []int{r.start.Second()}
	}
}

// ended reports whether the rule's UNTIL has passed.
func (r *recurrence) ended(start, wall time.Time) bool {
	switch {
	case r.until.IsZero():
		return false
	case r.untilUTC:
		return start.After(r.until)
	}
	return wall.After(r.until)
}

// between calls yield with the wall times within [first, last], in order. Every
// day that is looked at, and every time that is found, is taken from work; when
// none is left it is an error.
func (r *recurrence) between(first, last time.Time, work *int, yield func(wall time.Time) error) error {
	if r.once {
		if r.start.Before(first) || r.start.After(last) {
			return nil
		}
		return yield(r.start)
	}
	from := dayOf(r.start)
	if r.count == 0 {
		from = max(from, dayOf(first))
	}
	until := dayOf(last)
	found := 0
	var days []int
	var times []time.Duration
	for period := r.period(from); period <= until; {
		next := r.after(period)
		days = days[:0]
		if r.inPhase(period) {
			low, high := period, next
			if len(r.position) == 0 { // otherwise the whole period is needed to choose from
				low, high = max(period, from), min(next, until+1)
			}
			for d := low; d < high; d++ {
				if r.matches(d) {
					days = append(days, d)
				}
			}
			*work -= high - low
		}
		*work--
		if *work < 0 {
			return errTooMuchWork
		}
		if len(days) > 0 {
			times = r.times(days[0], times[:0])
			for _, n := range r.chosen(len(days) * len(times)) {
				*work--
				wall := time.Unix(int64(days[n/len(times)])*86400, 0).UTC().Add(times[n%len(times)])
				if wall.Before(r.start) {
					continue
				}
				found++
				if (r.count > 0 && found > r.count) || wall.After(last) {
					return nil
				}
				if wall.Before(first) {
					continue
				}
				if err := yield(wall); err != nil {
					return err
				}
			}
		}
		period = next
	}
	return nil
}

var errTooMuchWork = errors.New("takes too much work, together with the rules before it: give it a later start")

// chosen is which of n times of a period are meant: all, or those at BYSETPOS.
func (r *recurrence) chosen(n int) []int {
	var all []int
	if len(r.position) == 0 {
		all = make([]int, n)
		for i := range all {
			all[i] = i
		}
		return all
	}
	for _, p := range r.position {
		if p < 0 {
			p += n + 1
		}
		if p >= 1 && p <= n {
			all = append(all, p-1)
		}
	}
	return set(all)
}

// times is when on a day, in order.
func (r *recurrence) times(day int, times []time.Duration) []time.Duration {
	hour := func(h int) {
		for _, m := range r.minutes {
			for _, s := range r.seconds {
				times = append(times, time.Duration(h*3600+m*60+s)*time.Second)
			}
		}
	}
	if r.freq != rrule.HOURLY {
		for _, h := range r.hours {
			hour(h)
		}
		return times
	}
	since := (day-dayOf(r.start))*24 - r.start.Hour()
	for h := range 24 {
		if mod(since+h, r.interval) == 0 && (len(r.hours) == 0 || slices.Contains(r.hours, h)) {
			hour(h)
		}
	}
	return times
}

// matches reports whether the rule's days of month, year and week allow a day.
func (r *recurrence) matches(day int) bool {
	t := time.Unix(int64(day)*86400, 0).UTC()
	year, month, monthDay := t.Date()
	inMonth := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	yearDay := t.YearDay()
	inYear := 365
	if time.Date(year, 3, 0, 0, 0, 0, 0, time.UTC).Day() == 29 {
		inYear = 366
	}
	weekDay := int(t.Weekday()+6) % 7
	either := func(list []int, n, of int) bool {
		return len(list) == 0 || slices.Contains(list, n) || slices.Contains(list, n-of-1)
	}
	onWeekDay := func(d rrule.Weekday) bool {
		if d.Day() != weekDay {
			return false
		}
		n, of := monthDay, inMonth
		if r.freq == rrule.YEARLY && len(r.months) == 0 {
			n, of = yearDay, inYear
		}
		switch {
		case d.N() > 0:
			return (n-1)/7+1 == d.N()
		case d.N() < 0:
			return (of-n)/7+1 == -d.N()
		}
		return true
	}
	return (len(r.months) == 0 || slices.Contains(r.months, int(month))) &&
		either(r.monthDay, monthDay, inMonth) && either(r.yearDay, yearDay, inYear) &&
		(len(r.weekDay) == 0 || slices.ContainsFunc(r.weekDay, onWeekDay))
}

// period is the first day of the day's year, month, week or day, by FREQ.
func (r *recurrence) period(day int) int {
	year, month, _ := time.Unix(int64(day)*86400, 0).UTC().Date()
	switch r.freq {
	case rrule.YEARLY:
		return dayOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
	case rrule.MONTHLY:
		return dayOf(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC))
	case rrule.WEEKLY:
		return day - mod(day+3-r.week, 7) // day 0 was a Thursday
	}
	return day
}

// after is the first day of the period behind the one that starts at day.
func (r *recurrence) after(day int) int {
	switch r.freq {
	case rrule.YEARLY:
		return r.period(day + 366)
	case rrule.MONTHLY:
		return r.period(day + 31)
	case rrule.WEEKLY:
		return day + 7
	}
	return day + 1
}

// inPhase reports whether INTERVAL counts the period that starts at day.
func (r *recurrence) inPhase(day int) bool {
	year, month, _ := time.Unix(int64(day)*86400, 0).UTC().Date()
	var n int
	switch r.freq {
	case rrule.YEARLY:
		n = year - r.start.Year()
	case rrule.MONTHLY:
		n = (year-r.start.Year())*12 + int(month-r.start.Month())
	case rrule.WEEKLY:
		n = (day - r.period(dayOf(r.start))) / 7
	case rrule.DAILY:
		n = day - dayOf(r.start)
	default:
		return true // hours are counted in times
	}
	return mod(n, r.interval) == 0
}

func dayOf(wall time.Time) int {
	s := wall.Unix()
	return int((s - ((s%86400)+86400)%86400) / 86400)
}

func mod(n, m int) int { return ((n % m) + m) % m }

// set is a list in order, without what stands twice.
func set(list []int) []int {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
