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
}

// at turns the board's clock into the time as known.
func (c clock) at(board time.Time) time.Time { return board.Add(c.Offset) }

// board turns a time as known into the board's clock; zero stays zero.
func (c clock) board(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-c.Offset)
}

func (c clock) word() string {
	if c.Trusted {
		return protocol.ClockTrusted
	}
	return protocol.ClockUntrusted
}

// learn takes a time that central signed for this boot.
func (c clock) learn(signed, board time.Time) clock {
	c.Offset = signed.Sub(board)
	c.Trusted = true
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
