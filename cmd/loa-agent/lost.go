package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loa/firmware"
	"loa/firmware/pi"
)

const (
	// lookEvery is how often an idle device is looked at, so that the loss of a
	// sound card is not first noticed by the next alert.
	lookEvery = 2 * time.Second
	// lastWord is how long the agent goes on without its sound device: long
	// enough to commit the receipt that says so, and to send it.
	lastWord = time.Second
)

// mortal is a speaker whose device, once lost, stays lost until the program
// starts anew (see pi.ErrDeviceLost). It ends the agent with that cause; the
// service manager starts it again, and what is still valid sounds then.
type mortal struct {
	firmware.Speaker
	end context.CancelCauseFunc
}

// newMortal watches over s until ctx ends.
func newMortal(ctx context.Context, s firmware.Speaker, end context.CancelCauseFunc) firmware.Speaker {
	m := mortal{s, end}
	go m.watch(ctx)
	return m
}

// Write is that of the device.
func (m mortal) Write(ctx context.Context, pcm []int16) error {
	return m.judge(m.Speaker.Write(ctx, pcm))
}

// Drain is that of the device.
func (m mortal) Drain(ctx context.Context) error { return m.judge(m.Speaker.Drain(ctx)) }

func (m mortal) judge(err error) error {
	if errors.Is(err, pi.ErrDeviceLost) {
		cause := fmt.Errorf("%w; only a new process can open it again, so this one ends", err)
		time.AfterFunc(lastWord, func() { m.end(cause) })
	}
	return err
}

func (m mortal) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// No samples: this only asks how the device is.
		if err := m.Write(ctx, nil); err != nil {
			return
		}
	}
}
