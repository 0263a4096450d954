package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // a board's image may lack the zone files, and a plan names a zone

	"loa/controller/protocol"
)

// Grace is how long after its start and Late an item may still begin: a board
// that is asked a moment after the start must not miss it, nor one that has just
// ended what stood before it.
const Grace = 5 * time.Second

// MaxOccurrences is the most that one calendar holds.
const MaxOccurrences = 20_000

// maxWork bounds the days that all rules of a plan together may look at, so
// that no plan can keep a board from hearing an alert.
const maxWork = 2_000_000

// Occurrence is one item of a plan at one time.
type Occurrence struct {
	ID    string
	Item  *protocol.Item
	Start time.Time // in the plan's zone
	End   time.Time // Start plus the item's Seconds
	Class Class
}

// OccurrenceID names an item at a start, which must be in the plan's zone, as in
// news-am@2026-11-21T05:30:00. An item never has two starts of one name.
func OccurrenceID(item string, start time.Time) string {
	b := make([]byte, 0, len(item)+1+len(protocol.LocalTime))
	b = append(b, item...)
	b = append(b, '@')
	return string(start.AppendFormat(b, protocol.LocalTime))
}

// Late is until when an occurrence that was cut may go on, or that began late
// may sound.
func (o *Occurrence) late() time.Time { return o.End.Add(o.lateness()) }

// begins is until when an occurrence may begin.
func (o *Occurrence) begins() time.Time { return o.Start.Add(o.lateness() + Grace) }

func (o *Occurrence) lateness() time.Duration {
	return time.Duration(o.Item.Late) * time.Second
}

// Calendar is a plan's occurrences within a window, sorted by start, then ID. It
// does not change once it is made.
type Calendar struct {
	// From and Until are the window: what was asked for, within the plan's own
	// validity. Occurrences start before Until; those that started before From
	// are in it while they might still sound at From.
	From, Until time.Time

	all     []Occurrence
	longest time.Duration // from an occurrence's start to when nothing of it is left to decide
}

// NewCalendar works out the occurrences of p between from and until. The error
// names the field, as in "items[3].rule: ...". A rule that never occurs is no
// error.
//
// Starts and rules are wall times in the plan's zone. A wall time that a change
// of the clocks leaves out happens as much later as the clocks jump (02:30
// becomes 03:30); one that stands twice happens the first time.
func NewCalendar(p *protocol.Plan, from, until time.Time) (*Calendar, error) {
	zone, err := loadZone(p.Zone)
	if err != nil {
		return nil, err
	}
	c := &Calendar{From: later(from, p.From), Until: earlier(until, p.Until), longest: Grace}
	work := maxWork
	if p.SelfTest != nil {
		if err := c.add(selfTest(p.SelfTest), SelfTest, zone, &work); err != nil {
			return nil, fmt.Errorf("selfTest.%w", err)
		}
		// A board that gets its plan at night does not catch up with what was due
		// before there was one.
		c.all = slices.DeleteFunc(c.all, func(o Occurrence) bool { return o.Start.Before(p.Issued) })
	}
	for i := range p.Items {
		it := &p.Items[i]
		class, ok := ParseClass(it.Class)
		if !ok || class == Emergency || class == SelfTest {
			return nil, fmt.Errorf("items[%d].class: %q is neither routine nor priority", i, it.Class)
		}
		if err := c.add(it, class, zone, &work); err != nil {
			return nil, fmt.Errorf("items[%d].%w", i, err)
		}
	}
	slices.SortFunc(c.all, func(a, b Occurrence) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	// A jump of the clocks can put two wall times of an item on one moment.
	c.all = slices.CompactFunc(c.all, func(a, b Occurrence) bool { return a.ID == b.ID })
	return c, nil
}

// SelfTestSlot is how long after its start a self-test is over: the longest
// warm-up of an amplifier, and what playout sounds of nothing behind it.
const SelfTestSlot = time.Minute

// selfTest is the item that a plan's self-test is the occurrences of: every day,
// on every output, without parts.
func selfTest(st *protocol.SelfTest) *protocol.Item {
	return &protocol.Item{
		ID: protocol.SelfTestID, Class: SelfTest.String(), Start: "2000-01-01T" + st.Start, Rule: "FREQ=DAILY",
		Seconds: int(SelfTestSlot / time.Second), Late: st.Late,
	}
}

// CheckRule judges a start (protocol.LocalTime), a recurrence rule ("" is once)
// and a zone, as NewCalendar would. The error names start, rule or zone.
func CheckRule(start, rule, zone string) error {
	if _, err := loadZone(zone); err != nil {
		return err
	}
	_, err := parseRecurrence(start, rule)
	return err
}

func (c *Calendar) add(it *protocol.Item, class Class, zone *time.Location, work *int) error {
	if it.Seconds < 1 {
		return fmt.Errorf("seconds: %d, at least 1", it.Seconds)
	}
	if it.Late < 0 {
		return fmt.Errorf("late: %d, at least 0", it.Late)
	}
	r, err := parseRecurrence(it.Start, it.Rule)
	if err != nil {
		return err
	}
	var except []time.Time
	for _, e := range it.Except {
		t, err := time.Parse(protocol.LocalTime, e)
		if err != nil {
			return fmt.Errorf("except: %q is not a local time like %s", e, protocol.LocalTime)
		}
		except = append(except, t)
	}
	length := time.Duration(it.Seconds) * time.Second
	span := max(length, Grace) + time.Duration(it.Late)*time.Second
	c.longest = max(c.longest, span)

	// The rule is asked in wall time. A zone is at most 14 hours from UTC and
	// jumps at most a day, so a margin of two days on both sides is enough; what
	// falls outside the window is dropped by its true time.
	const margin = 48 * time.Hour
	first, last := c.From.Add(-span).UTC().Add(-margin), c.Until.UTC().Add(margin)
	err = r.between(first, last, work, func(wall time.Time) error {
		if slices.ContainsFunc(except, wall.Equal) {
			return nil
		}
		start := atWall(wall, zone)
		if r.ended(start, wall) || !start.Before(c.Until) || !start.Add(span).After(c.From) {
			return nil
		}
		if len(c.all) == MaxOccurrences {
			return fmt.Errorf("the plan has more than %d occurrences between %s and %s", MaxOccurrences,
				c.From.Format(time.RFC3339), c.Until.Format(time.RFC3339))
		}
		c.all = append(c.all, Occurrence{ID: OccurrenceID(it.ID, start), Item: it, Start: start, End: start.Add(length), Class: class})
		return nil
	})
	if err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	return nil
}

// All lists every occurrence. The caller must not change it.
func (c *Calendar) All() []Occurrence { return c.all }

// Between lists the occurrences that start within [from, until).
func (c *Calendar) Between(from, until time.Time) []Occurrence {
	i := c.search(from)
	return c.all[i:max(i, c.search(until))]
}

// Find is the occurrence of an ID, or nil.
func (c *Calendar) Find(id string) *Occurrence {
	for i := range c.all {
		if c.all[i].ID == id {
			return &c.all[i]
		}
	}
	return nil
}

// search is the index of the first occurrence that does not start before t.
func (c *Calendar) search(t time.Time) int {
	i, _ := slices.BinarySearchFunc(c.all, t, func(o Occurrence, t time.Time) int { return o.Start.Compare(t) })
	return i
}

// zones keeps what was read of the zone files; there are some 600 names.
var zones sync.Map

func loadZone(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, errors.New("zone: is not an IANA name like Asia/Ho_Chi_Minh")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	zones.Store(name, zone)
	return zone, nil
}

// atWall is the moment at which clocks of a zone show a wall time, which is
// given as if it were UTC. time.Date leaves open what it does with a wall time
// that does not exist or stands twice; this does what RFC 5545 says.
func atWall(wall time.Time, zone *time.Location) time.Time {
	offset := func(t time.Time) time.Duration {
		_, s := t.In(zone).Zone()
		return time.Duration(s) * time.Second
	}
	const aside = 26 * time.Hour // beyond any zone's distance from UTC, on either side of a jump
	before, after := offset(wall.Add(-aside)), offset(wall.Add(aside))
	early, late := wall.Add(-before), wall.Add(-after)
	if before != after && offset(early) != before && offset(late) == after {
		return late.In(zone) // behind the change: only the new offset shows this time
	}
	return early.In(zone)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
