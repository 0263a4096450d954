package controller

import (
	"time"

	"loa/controller/protocol"
)

// clock is what the board knows of the time. The events carry the board's own
// clock, which runs evenly and may be wrong; Offset is what central's signed
// time, or nothing, adds to it.
type clock struct {
	Offset  time.Duration
	Trusted bool
	Floor   time.Time // persisted: it is certainly later
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

// learn takes a time that central signed for this boot.
func (c clock) learn(signed, board time.Time) clock {
	c.Offset, c.Trusted, c.Signed = signed.Sub(board), true, signed
	return c.raise(signed)
}

// floorMargin lets the board's and central's clocks differ a little: a floor of
// the very moment would refuse the next signed time of a clock that was set
// back by a second.
const floorMargin = time.Minute

// raise lifts the floor to shortly before t.
func (c clock) raise(t time.Time) clock {
	c.Floor = later(c.Floor, t.Add(-floorMargin))
	return c
}

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

// learn takes central's time, and judges again what waited for it. A time that
// is no newer than the last one was held up, or is played back.
func (t *step) learn(d *protocol.SignedTime) {
	s := t.s
	if !s.clock.Signed.IsZero() && !d.Time.After(s.clock.Signed) {
		return
	}
	s.told.answered = true
	first := !s.clock.Trusted
	s.clock = s.clock.learn(d.Time, t.board)
	t.now = s.clock.at(t.board)
	t.tx.floor = s.clock.Floor
	if s.settled.After(t.now) {
		s.settled = t.now
	}
	if first {
		t.keepEndings()
	}
	waiting := s.waiting
	s.waiting = nil
	for _, w := range waiting {
		t.judge(w.data)
	}
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
