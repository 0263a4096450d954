package controller

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
)

// Beats of the agent's own timers.
const (
	helloEvery    = 10 * time.Minute // with a trusted clock
	helloAgain    = 5 * time.Second  // until the first answer
	beatEvery     = 5 * time.Minute  // telemetry
	resendAfter   = 30 * time.Second // receipts that were sent and not acknowledged
	retryAfter    = 5 * time.Second  // a commit that the store could not take
	receiptBatch  = 200              // receipts on their way at a time
	longestWake   = time.Minute      // a full look at the state, whatever happens
	maxWaiting    = 64               // envelopes that wait for the time
	maxRefused    = 256              // refused hashes that are remembered
	keepStopped   = 48 * time.Hour   // stops and cancels of what was never seen
	keepMarks     = 48 * time.Hour   // an occurrence's mark behind its end
	maxHeldOrders = 4096             // of one kind
)

// Step takes one event into the state. now is the board's clock. It is pure:
// the given state is not changed, and the same arguments give the same result.
func Step(s State, e Event, now time.Time) (State, []Effect) {
	s = s.clone()
	step := &step{s: &s, board: now, now: s.clock.at(now)}
	step.take(e)
	step.expire()
	step.decide()
	step.flush()
	step.converge()
	return s, step.effects
}

// step is one run of Step: the state under change, and what came of it.
type step struct {
	s     *State
	board time.Time // the board's clock
	now   time.Time // the time as known

	tx      transaction
	effects []Effect
	wake    time.Time // the time as known; zero is none
}

func (t *step) do(e ...Effect) { t.effects = append(t.effects, e...) }

// wakeAt asks for a Tick at a time as known, at the latest.
func (t *step) wakeAt(at time.Time) {
	if !at.IsZero() && (t.wake.IsZero() || at.Before(t.wake)) {
		t.wake = at
	}
}

func (t *step) take(e Event) {
	switch e := e.(type) {
	case Tick:
	case Enrolled:
		t.enrol(e.Enrolment)
	case Received:
		t.receive(e)
	case Up:
		t.s.up, t.s.sent, t.s.told.helloed = true, t.s.acked, false
		t.s.told.state, t.s.told.hello, t.s.told.resend = protocol.State{}, time.Time{}, t.board.Add(resendAfter)
	case Down:
		t.s.up = false
	case Unheard:
		detail := ""
		if len(e.Areas) > 0 {
			detail = "the broker refuses the alerts of " + strings.Join(e.Areas, ", ")
		}
		t.fault("areas", detail)
	case Committed:
		t.committed(e)
	case Fetched:
		t.fetched(e)
	case Played:
		t.played(e.Event)
	case Pressed:
		t.pressed(e.Press)
	}
}

func (t *step) fetched(e Fetched) {
	if e.Err != nil {
		t.fault("audio", "download "+e.Audio.SHA256+": "+e.Err.Error())
		return
	}
	t.s.audio[e.Audio.SHA256] = true
	t.fault("audio", "")
}

// fault notes what is wrong with a part of the board; "" is all well.
func (t *step) fault(part, detail string) {
	switch {
	case detail == "":
		delete(t.s.faults, part)
	case t.s.faults[part] != detail:
		t.s.faults[part] = detail
		t.do(Note{"fault", []any{"part", part, "detail", detail}})
	}
}

// converge publishes and asks for what the state calls for now.
func (t *step) converge() {
	s := t.s
	if areas := s.areas(); !slices.Equal(areas, s.told.areas) {
		s.told.areas = areas
		t.do(Subscribe{areas})
	}
	if wanted, names := s.wanted(t.now); !slices.Equal(names, s.told.fetch) {
		s.told.fetch = names
		t.do(Fetch{wanted})
	}
	if s.up {
		t.publish()
	}
	t.wakeAt(t.now.Add(longestWake))
	if at := s.clock.board(t.wake); !at.Equal(s.told.wake) || !s.told.wake.After(t.board) {
		s.told.wake = at
		t.do(Wake{max(at.Sub(t.board), time.Millisecond)})
	}
}

// publish says over the network what has changed or is due. Timers of the
// network run on the board's own clock: they need no right time.
func (t *step) publish() {
	s := t.s
	due := func(at time.Time) bool {
		if t.board.Before(at) {
			t.wakeAt(s.clock.at(at))
			return false
		}
		return true
	}
	every := helloEvery
	if !s.told.helloed {
		every = helloAgain
	}
	if s.told.hello.IsZero() || due(s.told.hello.Add(every)) {
		s.told.hello = t.board
		t.do(SendHello{s.hello()})
		t.wakeAt(s.clock.at(t.board.Add(every)))
	}
	if state := s.report(t.now); !sameState(state, s.told.state) {
		s.told.state = state
		t.do(SendState{state})
	}
	if s.told.beat.IsZero() || due(s.told.beat.Add(beatEvery)) {
		s.told.beat = t.board
		t.do(SendTelemetry{s.telemetry(t.now, t.board)})
		t.wakeAt(s.clock.at(t.board.Add(beatEvery)))
	}
	if s.sent > s.acked && due(s.told.resend) {
		s.sent = s.acked
	}
	if last := min(s.next-1, s.acked+receiptBatch); s.sent < last {
		s.told.resend = t.board.Add(resendAfter)
		t.do(SendReceipts{s.sent + 1, last})
		s.sent = last
	}
	if s.sent > s.acked {
		t.wakeAt(s.clock.at(s.told.resend))
	}
}

func sameState(a, b protocol.State) bool {
	a.At, b.At = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}
