package boardtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"loa/firmware"
)

func inputReports(t *testing.T, b firmware.Board, p Probe) {
	in := b.Inputs[0]
	ctx, cancel := context.WithCancel(t.Context())
	presses := make(chan firmware.Press, 16)
	ended := make(chan error, 1)
	begin := time.Now()
	go func() { ended <- in.Watch(ctx, func(x firmware.Press) { presses <- x }) }()
	if in.Use() == "" {
		t.Error("the input has no use")
	}
	if got := <-presses; got.Input != in.Name() || got.Active || got.At.Before(begin) {
		t.Errorf("Watch of an open contact began with %+v", got)
	}

	for _, active := range []bool{true, false, true} {
		// Long enough for any debouncing to see a steady contact.
		time.Sleep(200 * time.Millisecond)
		begin = time.Now()
		p.Press(active)
		p.Press(active) // no edge
		got := <-presses
		if got.Input != in.Name() || got.Active != active {
			t.Errorf("Press(%t) reported %+v", active, got)
		}
		if late := got.At.Sub(begin); late < 0 || late > p.Slack {
			t.Errorf("Press(%t) is dated %v after it was made", active, late)
		}
	}
	time.Sleep(200 * time.Millisecond)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch = %v, want context.Canceled", err)
	}
	if n := len(presses); n > 0 {
		t.Errorf("%d presses too many", n)
	}
	// The next one begins with where the contact is by now.
	ctx, cancel = context.WithCancel(t.Context())
	go func() { ended <- in.Watch(ctx, func(x firmware.Press) { presses <- x }) }()
	if got := <-presses; !got.Active {
		t.Errorf("Watch of a made contact began with %+v", got)
	}
	cancel()
	<-ended
}

func closeEndsWatch(t *testing.T, b firmware.Board, p Probe) {
	in := b.Inputs[0]
	ended := make(chan error, 1)
	go func() { ended <- in.Watch(t.Context(), func(firmware.Press) {}) }()
	time.Sleep(50 * time.Millisecond)
	for range 2 {
		if err := in.Close(); err != nil {
			t.Errorf("close input: %v", err)
		}
	}
	if err := <-ended; !errors.Is(err, firmware.ErrClosed) {
		t.Errorf("Watch = %v, want ErrClosed", err)
	}
	if err := in.Watch(t.Context(), func(firmware.Press) {}); !errors.Is(err, firmware.ErrClosed) {
		t.Errorf("Watch after Close = %v, want ErrClosed", err)
	}
}
