package controller

import (
	"fmt"
	"time"

	"loa/controller/protocol"
)

// clock is what the board knows of the time. The events carry the board's own
// clock, which runs evenly and may be wrong; Offset is what central's signed
// time, or nothing, adds to it.
type clock struct {
	Offset  time.Duration
	Trusted bool
	Own     bool      // trusted from the start: an RTC that was set
	Agreed  bool      // a signed time agreed with what was known before it
	Floor   time.Time // persisted: it is certainly later
	Issued  time.Time // the newest of root, key set and placement, which persons dated
	Signed  time.Time // the newest signed time of this boot; zero is none
}

// at turns the board's clock into the time as known.
func (c clock) at(board time.Time) time.Time { return board.Add(c.Offset) }

func (c clock) word() string {
	if c.Trusted {
		return protocol.ClockTrusted
	}
	return protocol.ClockUntrusted
}

const (
	// agreement is how far two clocks that are both right may differ.
	agreement = 10 * time.Minute
	// floorMargin lets the board's and central's clocks differ a little: a floor
	// of the very moment would refuse the next signed time of a clock that was
	// set back by a second.
	floorMargin = time.Minute
	// longestLeap is how far the floor follows the time at once.
	longestLeap = 400 * 24 * time.Hour
)

// agrees reports whether a signed time is the one that the board knows already.
func (c clock) agrees(signed, board time.Time) bool {
	return c.Trusted && signed.Sub(c.at(board)).Abs() <= agreement
}

// learn takes a time that central signed for this boot.
func (c clock) learn(signed, board time.Time) clock {
	c.Agreed = c.agrees(signed, board)
	c.Offset, c.Trusted, c.Signed = signed.Sub(board), true, signed
	return c.raise(signed)
}

// raise lifts the floor to shortly before t, where that is certain. Below the
// floor every time is refused for good, so one false word, of central or of an
// RTC, must not lift it: two have to agree. Nor does a time that leaps beyond
// all that persons have dated, whoever says it: a floor that stays behind
// refuses less, and one that is ahead makes the board deaf.
func (c clock) raise(t time.Time) clock {
	if c.Agreed && t.Sub(later(c.Floor, c.Issued)) <= longestLeap {
		c.Floor = later(c.Floor, t.Add(-floorMargin))
	}
	return c
}

// sure reports whether the time is known so well that what is over by it may be
// forgotten.
func (c clock) sure() bool { return c.Trusted && (c.Own || c.Agreed) }

// known turns a moment of the board's clock into the time as known; zero stays
// zero. Going by the difference keeps it right when somebody sets the system's
// clock: the differences are monotonic.
func (t *step) known(board time.Time) time.Time {
	if board.IsZero() {
		return board
	}
	return t.now.Add(board.Sub(t.board))
}

// onBoard is the inverse of known. Its result can be compared with time.Now
// whatever the system's clock says meanwhile.
func (t *step) onBoard(known time.Time) time.Time {
	if known.IsZero() {
		return known
	}
	return t.board.Add(known.Sub(t.now))
}

// learn takes central's time, and judges again what waited for it. Central's
// last word counts, so that a false one does harm only until the next; an RTC
// that was set counts for more, and that they differ is a fault. A time that is
// as known and no newer than the last one was held up, or is played back.
func (t *step) learn(d *protocol.SignedTime) {
	s := t.s
	agrees := s.clock.agrees(d.Time, t.board)
	if agrees && !s.clock.Signed.IsZero() && !d.Time.After(s.clock.Signed) {
		return
	}
	s.told.answered, s.told.unanswered = true, 0
	if s.clock.Own && !agrees {
		t.fault("clock", fmt.Sprintf("the board's clock and central's differ by more than %v; the board goes by its own", agreement))
		return
	}
	t.fault("clock", "")
	s.clock.Issued = s.issued()
	s.clock = s.clock.learn(d.Time, t.board)
	t.now = s.clock.at(t.board)
	if s.clock.Agreed {
		t.tx.floor = s.clock.Floor
	}
	if s.settled.After(t.now) {
		s.settled = t.now
	}
	if !agrees {
		t.keepEndings()
	}
	waiting := s.waiting
	s.waiting = nil
	for _, w := range waiting {
		t.judge(w.data)
	}
}

// issued is when the newest document of trust was made.
func (s *State) issued() time.Time {
	var newest time.Time
	if s.known.Root != nil {
		newest = s.known.Root.Issued
	}
	if s.known.KeySet != nil {
		newest = later(newest, s.known.KeySet.Issued)
	}
	if s.known.Placement != nil {
		newest = later(newest, s.known.Placement.Issued)
	}
	return newest
}

// keepEndings keeps cancels and stops that were dated by an unknown clock for
// their whole time from now on: the alert that one of them ends may be still on
// its way.
func (t *step) keepEndings() {
	s := t.s
	for subject, k := range s.known.Alerts {
		if k.Cancelled {
			k.Keep = later(k.Keep, t.now.Add(keepEnding))
			s.known.Alerts[subject] = k
		}
	}
	for hash, k := range s.stops {
		k.until = later(k.until, t.now.Add(keepEnding))
		s.stops[hash] = k
	}
	for id, m := range s.marks {
		if m.Fate == protocol.FateStopped {
			m.Keep = later(m.Keep, t.now.Add(keepEnding))
			s.marks[id] = m
		}
	}
}
