package controller

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
)

// Beats of the agent's own timers, and limits of what it holds.
const (
	helloEvery    = 10 * time.Minute // once central has answered
	helloAgain    = 5 * time.Second  // until then; each wait is twice the last
	helloSlow     = time.Minute      // but no longer than this
	patience      = 3 * time.Minute  // without an answer; then the session is made anew
	beatEvery     = 5 * time.Minute  // telemetry
	resendAfter   = 30 * time.Second // receipts that were sent and not acknowledged
	retryAfter    = 5 * time.Second  // a commit that the store could not take
	commitHaste   = 2 * time.Second  // an emergency waits no longer for a store that hangs
	receiptBatch  = 200              // receipts on their way at a time
	longestWake   = time.Minute      // a full look at the state, whatever happens
	maxWaiting    = 64               // envelopes that wait for the time
	maxRefused    = 256              // refusals that are remembered
	maxRefusals   = 60               // that are told in a minute
	keepEnding    = 48 * time.Hour   // stops, and cancels of what was never seen
	keepMarks     = 48 * time.Hour   // an occurrence's mark behind its end
	keepReceipts  = 45 * 24 * time.Hour
	pruneEvery    = 24 * time.Hour
	dropAfter     = time.Hour // audio that no document names any more
	maxHeldOrders = 2000      // bulletins, and stops; a hello names all of them
	maxUnsaved    = 4096      // receipts that the store cannot take
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

// wakeAt asks for a Tick at a time as known, at the latest. What has come
// already was looked at in this very Step.
func (t *step) wakeAt(at time.Time) {
	if at.After(t.now) && (t.wake.IsZero() || at.Before(t.wake)) {
		t.wake = at
	}
}

// due reports whether a moment of the board's clock has come, and sees to it
// that its coming is noticed.
func (t *step) due(board time.Time) bool {
	if t.board.Before(board) {
		t.wakeAt(t.known(board))
		return false
	}
	return true
}

func (t *step) take(e Event) {
	switch e := e.(type) {
	case Tick:
	case Enrolled:
		t.enrol(e.Enrolment)
	case Received:
		t.receive(e)
	case Up:
		t.s.up, t.s.sent = true, t.s.acked
		t.s.told.hello, t.s.told.hellos, t.s.told.answered = time.Time{}, 0, false
		t.s.told.unanswered = 0
		t.s.told.state = protocol.State{}
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
	case Supply:
		t.s.unfit = e.Unfit
		t.fault("mains", e.Fault)
	case Asked:
		t.do(Answered{})
	case Fault:
		t.fault(e.Part, e.Detail)
	}
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
	t.convergeAudio()
	if s.clock.sure() && t.due(s.told.prune) {
		s.told.prune = t.board.Add(pruneEvery)
		t.do(Prune{t.now.Add(-keepReceipts)})
	}
	if s.up {
		t.publish()
	}
	t.wakeAt(t.now.Add(longestWake))
	t.do(Wake{t.wake.Sub(t.now)})
}

// publish says over the network what has changed or is due. Timers of the
// network run on the board's own clock: they need no right time.
func (t *step) publish() {
	s := t.s
	if t.due(s.told.hello) {
		wait := helloEvery
		if !s.told.answered {
			wait = min(helloAgain<<min(s.told.hellos, 10), helloSlow)
		}
		// A session can look well and carry nothing, as behind a proxy that lost
		// its other end.
		if s.told.unanswered >= 2 && t.board.Sub(s.told.asked) >= patience {
			s.told.unanswered = 0
			t.do(Reconnect{})
		}
		if s.told.unanswered == 0 {
			s.told.asked = t.board
		}
		s.told.hello, s.told.hellos = t.board.Add(wait), s.told.hellos+1
		s.told.unanswered++
		t.wakeAt(t.known(s.told.hello))
		t.do(SendHello{s.hello()})
	}
	if state := s.report(t.now); !sameState(state, s.told.state) {
		s.told.state = state
		t.do(SendState{state})
	}
	if t.due(s.told.beat) {
		s.told.beat = t.board.Add(beatEvery)
		t.wakeAt(t.known(s.told.beat))
		t.do(SendTelemetry{s.telemetry(t.now, t.board)})
	}
	t.sendUnstored()
	if s.sent > s.acked && t.due(s.told.resend) {
		s.sent = s.acked
	}
	if last := min(s.next-1, s.acked+receiptBatch); s.sent < last {
		s.told.resend = t.board.Add(resendAfter)
		t.do(SendReceipts{s.sent + 1, last})
		s.sent = last
	}
	if s.sent > s.acked {
		t.wakeAt(t.known(s.told.resend))
	}
}

func sameState(a, b protocol.State) bool {
	a.At, b.At = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}
