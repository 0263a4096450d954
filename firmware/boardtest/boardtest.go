// Package boardtest is the contract of a board as tests: what every
// implementation of the interfaces in package firmware must do, above all that
// off is safe. It hides the cases; an implementation brings a way to open a
// board and a Probe that looks at it from outside.
package boardtest

import (
	"testing"
	"testing/synctest"
	"time"

	"loa/firmware"
)

// Edge is one movement of a contact: the relay's place in the board, and where
// the contact went.
type Edge struct {
	Output, Relay int
	Closed        bool
}

// Probe looks at a board from outside and breaks it. A nil function is a fault
// that this board cannot be given; the cases that need it are skipped.
type Probe struct {
	// Edges returns every movement of every contact since the board was opened.
	// Required.
	Edges func() []Edge

	// Heard returns what has left the speaker of the first output since the
	// board was opened, with or without the silence between. Required.
	Heard func() []int16

	// Ahead is how much sound the first output's speaker may take before Write
	// blocks, all of its buffers together.
	Ahead time.Duration
	// Linger is how much of it can no longer be taken back by Discard.
	Linger time.Duration
	// Slack is what the machine may add to any time; 0 inside a bubble.
	Slack time.Duration

	// FailRelay makes a relay impossible to drive; nil heals it.
	FailRelay func(output, relay int, err error)
	// LoseSpeaker takes the first output's device away, HangSpeaker makes it
	// take no samples, RestoreSpeaker ends both.
	LoseSpeaker    func()
	HangSpeaker    func()
	RestoreSpeaker func()
	// FailSensor makes a sensor of the first output answer with an error, nil
	// heals it; HangSensor makes it answer nothing.
	FailSensor func(sensor int, err error)
	HangSensor func(sensor int, hung bool)
	// Press moves the contact of the first input.
	Press func(active bool)
}

// Open makes a fresh board with at least one output that has a speaker and at
// least two relays. The contract closes it.
type Open func(t *testing.T) (firmware.Board, Probe)

// Run holds a board against the contract on the wall clock, one subtest a case.
func Run(t *testing.T, open Open) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.hold(t, open) })
	}
}

// RunBubble does the same with each case in a synctest bubble of its own, where
// time costs nothing: for boards that need no real device.
func RunBubble(t *testing.T, open Open) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.hold(t, open) })
		})
	}
}

type testcase struct {
	name   string
	needs  func(Probe) bool // nil: nothing beyond what is required
	sensed bool             // it needs a sensor
	run    func(t *testing.T, b firmware.Board, p Probe)
}

func (c testcase) hold(t *testing.T, open Open) {
	b, p := open(t)
	if len(b.Outputs) == 0 || len(b.Outputs[0].Relays) < 2 || b.Outputs[0].Speaker == nil || p.Edges == nil || p.Heard == nil {
		t.Fatal("the contract needs an output with two relays and a speaker, and a probe with Edges and Heard")
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Errorf("close board at the end: %v", err)
		}
	}()
	if c.needs != nil && !c.needs(p) {
		t.Skip("this board cannot be given the fault")
	}
	if c.sensed && len(b.Outputs[0].Sensors) == 0 {
		t.Skip("this board has no sensor")
	}
	c.run(t, b, p)
}

var cases = []testcase{
	{name: "nothing moves before the first command", run: untouched},
	{name: "Set moves once", run: setMovesOnce},
	{name: "Set is no edge after Close", run: setAfterClose},
	{name: "Close opens in reverse order", run: closeReverses},
	{name: "Close can be called twice", run: closeTwice},
	{name: "a relay that cannot be driven is reported", needs: func(p Probe) bool { return p.FailRelay != nil }, run: relayFault},
	{name: "Close goes on after an error", needs: func(p Probe) bool { return p.FailRelay != nil }, run: closeGoesOn},

	{name: "what is written is heard, whole and in order", run: heardWhole},
	{name: "Write blocks in real time", run: writePaces},
	{name: "Write wants a live context", run: writeCancelledBefore},
	{name: "a cancelled Write returns at once", run: writeCancelled},
	{name: "Drain waits for the last sample", run: drainWaits},
	{name: "a cancelled Drain returns at once", run: drainCancelled},
	{name: "Discard drops what is queued", run: discardDrops},
	{name: "sound after Close is refused", run: soundAfterClose},
	{name: "Close ends a blocked Write", run: closeEndsWrite},
	{name: "a lost speaker is reported and comes back", needs: func(p Probe) bool { return p.LoseSpeaker != nil && p.RestoreSpeaker != nil }, run: speakerLost},
	{name: "a hung speaker holds nobody past their context", needs: func(p Probe) bool { return p.HangSpeaker != nil && p.RestoreSpeaker != nil }, run: speakerHung},

	{name: "nothing is measured with a relay open", sensed: true, run: openRelayReadsNothing},
	{name: "sound is measured, louder as more", sensed: true, run: soundIsMeasured},
	{name: "readings are in time", sensed: true, run: readingsAreInTime},
	{name: "readings are finite, the same again, and none of what is not known", sensed: true, run: readingsAreWhole},
	{name: "a sensor wants a live context", sensed: true, run: sensorCancelled},
	{name: "a sensor after Close is refused", sensed: true, run: sensorAfterClose},
	{name: "a sensor out of order says so", sensed: true, needs: func(p Probe) bool { return p.FailSensor != nil }, run: sensorFault},
	{name: "a hung sensor holds nobody past their context", sensed: true, needs: func(p Probe) bool { return p.HangSensor != nil }, run: sensorHung},

	{name: "an input reports each change once", needs: func(p Probe) bool { return p.Press != nil }, run: inputReports},
	{name: "Close ends Watch", needs: func(p Probe) bool { return p.Press != nil }, run: closeEndsWatch},
}
