package schedule

import (
	"cmp"
	"time"
)

// priorities says who plays: of two that could, the first line that tells them
// apart decides, and a negative answer is for a. This table is the only place
// where it is said.
var priorities = [...]struct {
	rule    string
	compare func(a, b *candidate) int
}{
	{"emergency over priority over routine over the self-test", func(a, b *candidate) int { return cmp.Compare(b.class, a.class) }},
	{"live over drill", func(a, b *candidate) int { return cmp.Compare(bit(a.drill), bit(b.drill)) }},
	{"alerts: the higher risk level", func(a, b *candidate) int { return cmp.Compare(b.level, a.level) }},
	{"alerts: the newer", func(a, b *candidate) int { return b.issued.Compare(a.issued) }},
	{"items: what is on air goes on, then what was cut", func(a, b *candidate) int { return cmp.Compare(b.begun, a.begun) }},
	{"items: the order that the commune decided", func(a, b *candidate) int { return cmp.Compare(a.order, b.order) }},
	{"items: the earlier start", func(a, b *candidate) int { return a.start.Compare(b.start) }},
	{"the name, so that every board decides alike", func(a, b *candidate) int { return cmp.Compare(a.name, b.name) }},
}

// candidate is an alert or an occurrence that could be on air now. What does
// not apply to it is zero.
type candidate struct {
	class  Class
	drill  bool
	level  int
	issued time.Time
	begun  begun
	order  int
	start  time.Time
	name   string // subject or occurrence ID

	alert      *Alert
	occurrence *Occurrence
	from       time.Duration
	until      time.Time
	pausing    bool // an alert between two repetitions
}

type begun int

const (
	notYet begun = iota
	wasCut
	onAir
)

// compare is negative when a plays rather than b.
func compare(a, b *candidate) int {
	for i := range priorities {
		if c := priorities[i].compare(a, b); c != 0 {
			return c
		}
	}
	return 0
}
