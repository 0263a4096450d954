package pi_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
	"loa/firmware/boardtest"
	"loa/firmware/pi"
)

// How much a busy machine may add to any time that is asserted. What it adds on
// a quiet one is in the log.
const slack = 2 * time.Second

func TestSpeakerPlaysWhatIsWritten(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := openSpeaker(t)

	if _, err := pi.OpenSpeaker(t.Context(), pi.SpeakerOptions{}); err == nil {
		t.Error("a second speaker at the same time was opened")
	}

	pcm := signal(1, 3*time.Second)
	begin := time.Now()
	for part := range slices.Chunk(pcm, samples(20*time.Millisecond)) {
		must(t, s.Write(t.Context(), part))
	}
	wrote := time.Since(begin)
	must(t, s.Drain(t.Context()))
	drained := time.Now()

	at := c.find(pcm)
	if at < 0 {
		t.Fatalf("the samples written are not in the %d that were played", len(c.heard()))
	}
	first, last := c.when(at), c.when(at+len(pcm)-1)
	t.Logf("3 s written in %v; first sample out after %v; Drain returned %v after the last sample was out",
		wrote.Round(time.Millisecond), first.Sub(begin).Round(time.Millisecond), drained.Sub(last).Round(time.Millisecond))

	// Written to played: the speaker's buffers, and the pipe that stands for a card's.
	if most := 60*time.Millisecond + pipeTime + slack; first.Sub(begin) > most {
		t.Errorf("the first sample was out after %v, want %v at most", first.Sub(begin), most)
	}
	// Where the test's card itself is late, Drain seems early by as much.
	if early, stalled := last.Sub(drained), c.stalled(drained.Add(-200*time.Millisecond), at+len(pcm)-1); early > 30*time.Millisecond+stalled {
		t.Errorf("Drain returned %v before the last sample was out, and the card was late by %v only", early, stalled)
	}
	if late := drained.Sub(last); late > slack {
		t.Errorf("Drain returned %v after the last sample was out, want %v at most", late, slack)
	}
}

// Small pieces, with the writer now and then a little late, must not be torn.
func TestSpeakerJoinsSmallPieces(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := openSpeaker(t)
	time.Sleep(300 * time.Millisecond) // the device is idle
	pcm := signal(2, time.Second)
	for i, part := range slices.Collect(slices.Chunk(pcm, samples(5*time.Millisecond))) {
		must(t, s.Write(t.Context(), part))
		if i < 6 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	must(t, s.Drain(t.Context()))
	if c.find(pcm) < 0 {
		t.Error("the samples written were not played as one run")
	}

	// Less than is held back at the beginning comes out all the same, drained
	// or not.
	click := signal(3, 3*time.Millisecond)
	must(t, s.Write(t.Context(), click))
	if c.find(click) < 0 {
		t.Error("3 ms of sound were never played")
	}
}

// An alert that cuts in waits for nothing but what the device holds.
func TestSpeakerDiscardsAllButTheDevicesBuffer(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := openSpeaker(t)
	must(t, s.Write(t.Context(), signal(12, 500*time.Millisecond)))
	c.hold(true) // so that the figures below stand still
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := s.Write(ctx, signal(11, time.Minute)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Write = %v, want context.DeadlineExceeded", err)
	}
	before := s.Buffered()
	s.Discard()
	after := s.Buffered()
	t.Logf("%d samples were buffered, %d after Discard", before, after)
	if most := samples(60 * time.Millisecond); after > most || before <= most {
		t.Errorf("%d samples were buffered, %d after Discard, want more than %d and then less", before, after, most)
	}
}

func TestSpeakerReportsALostDevice(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := openSpeaker(t)
	lost := make(chan time.Time, 1)
	time.AfterFunc(500*time.Millisecond, func() {
		c.unplug()
		lost <- time.Now()
	})
	err := s.Write(t.Context(), signal(4, time.Minute))
	if !errors.Is(err, pi.ErrDeviceLost) {
		t.Fatalf("Write = %v, want ErrDeviceLost", err)
	}
	took := time.Since(<-lost)
	t.Logf("reported after %v: %v", took.Round(time.Millisecond), err)
	if took > slack {
		t.Errorf("the loss was reported after %v", took)
	}

	begin := time.Now()
	if err := s.Write(t.Context(), signal(5, time.Millisecond)); !errors.Is(err, pi.ErrDeviceLost) {
		t.Errorf("the next Write = %v, want ErrDeviceLost", err)
	}
	if err := s.Drain(t.Context()); !errors.Is(err, pi.ErrDeviceLost) {
		t.Errorf("Drain = %v, want ErrDeviceLost", err)
	}
	if n := s.Buffered(); n != 0 {
		t.Errorf("%d samples are buffered by a lost device", n)
	}
	s.Discard()
	must(t, s.Close())
	if _, err := pi.OpenSpeaker(t.Context(), pi.SpeakerOptions{}); !errors.Is(err, pi.ErrDeviceLost) {
		t.Errorf("OpenSpeaker = %v, want ErrDeviceLost", err)
	}
	if took := time.Since(begin); took > slack {
		t.Errorf("calls on a lost device took %v", took)
	}
}

func TestSpeakerReportsAHungDevice(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := openSpeaker(t)
	must(t, s.Write(t.Context(), signal(6, 500*time.Millisecond)))
	c.hold(true)
	for name, call := range map[string]func() error{
		"Write": func() error { return s.Write(t.Context(), signal(7, time.Minute)) },
		"Drain": func() error {
			return errors.Join(s.Write(t.Context(), signal(8, 10*time.Millisecond)), s.Drain(t.Context()))
		},
	} {
		begin := time.Now()
		err := call()
		took := time.Since(begin)
		t.Logf("%s after %v: %v", name, took.Round(time.Millisecond), err)
		if !errors.Is(err, pi.ErrDeviceLost) || took < time.Second || took > time.Second+slack {
			t.Errorf("%s on a hung device = %v after %v, want ErrDeviceLost after a second", name, err, took)
		}
	}

	c.hold(false)
	pcm := signal(9, 500*time.Millisecond)
	must(t, s.Write(t.Context(), pcm))
	must(t, s.Drain(t.Context()))
	if c.find(pcm) < 0 {
		t.Error("the device was not used again after it woke up")
	}
}

// The FIFO is ALSA's default here: to play to it would be to play to another
// card than the one that was named.
func TestSpeakerPlaysToNoOtherCard(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	if _, err := pi.OpenSpeaker(t.Context(), pi.SpeakerOptions{Card: `0" } pcm.x { type "null`}); err == nil || !strings.Contains(err.Error(), "card") {
		t.Errorf("a card that is no name = %v", err)
	}
	s, err := pi.OpenSpeaker(t.Context(), pi.SpeakerOptions{Card: "NoSuchCard"})
	if err == nil {
		err = errors.Join(s.Write(t.Context(), signal(10, 500*time.Millisecond)), s.Close())
		t.Fatalf("a speaker was opened on a card that is not there; Write = %v", err)
	}
	t.Log(err)
	if !errors.Is(err, pi.ErrDeviceLost) {
		t.Errorf("OpenSpeaker = %v, want ErrDeviceLost", err)
	}
	if n := len(c.heard()); n > 0 {
		t.Errorf("%d samples went to another card", n)
	}
	if _, err := pi.OpenSpeaker(t.Context(), pi.SpeakerOptions{}); err == nil {
		t.Error("another card was opened afterwards")
	}
}

// The contract of every board, with lines that behave as gpioioctl's do and
// sound through the real libasound.
func TestContract(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	boardtest.Run(t, func(t *testing.T) (firmware.Board, boardtest.Probe) {
		var edges []boardtest.Edge
		lines := []*line{newLine(t, gpio.Low), newLine(t, gpio.High)}
		out := firmware.Output{Name: "street", Speaker: openSpeaker(t)}
		for i, l := range lines {
			activeLow := i == 1
			l.moves = func(level gpio.Level) {
				edges = append(edges, boardtest.Edge{Relay: i, Closed: (level == gpio.High) != activeLow})
			}
			r, err := pi.NewRelay("relay", l, activeLow)
			if err != nil {
				t.Fatal(err)
			}
			out.Relays = append(out.Relays, r)
		}
		button := newLine(t, gpio.High)
		in, err := pi.NewInput(button, pi.InputOptions{Name: "button", ActiveLow: true, Use: firmware.EmergencyButton})
		if err != nil {
			t.Fatal(err)
		}
		from := len(c.heard())
		return firmware.Board{Outputs: []firmware.Output{out}, Inputs: []firmware.Input{in}}, boardtest.Probe{
			Edges:          func() []boardtest.Edge { return slices.Clone(edges) },
			Heard:          func() []int16 { return c.heard()[from:] },
			Ahead:          360*time.Millisecond + pipeTime,
			Linger:         60*time.Millisecond + pipeTime,
			Slack:          slack,
			FailRelay:      func(_, relay int, err error) { lines[relay].fail(err) },
			HangSpeaker:    func() { c.hold(true) },
			RestoreSpeaker: func() { c.hold(false) },
			Press:          func(active bool) { button.drive(gpio.Level(!active)) },
		}
	})
}

func openSpeaker(t *testing.T) *pi.Speaker {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := pi.OpenSpeaker(ctx, pi.SpeakerOptions{})
	if err != nil {
		t.Fatalf("the real libasound is needed here (package libasound2): %v", err)
	}
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// signal is a sound without zeros that is like no other seed's.
func signal(seed uint64, long time.Duration) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	pcm := make([]int16, samples(long))
	for i := range pcm {
		pcm[i] = int16(1+r.IntN(32767)) - int16(r.IntN(2))*32767
		if pcm[i] == 0 {
			pcm[i] = -32768
		}
	}
	return pcm
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
