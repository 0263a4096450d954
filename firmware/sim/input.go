package sim

import (
	"context"
	"fmt"
	"sync"
	"time"

	"loa/firmware"
)

// Input is a contact that a test presses. Presses made while nobody watches
// are kept for the next Watch.
type Input struct {
	name string

	mu      sync.Mutex
	active  bool
	waiting []firmware.Press
	done    bool
	changed chan struct{} // closed and replaced when Watch must look again
}

// NewInput makes an input whose contact is open.
func NewInput(name string) *Input {
	return &Input{name: name, changed: make(chan struct{})}
}

// Name is the input's name.
func (in *Input) Name() string { return in.name }

// Press makes the contact (true) or opens it (false). Pressing what is already
// pressed is no edge, and a closed input notices nothing.
func (in *Input) Press(active bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.done || in.active == active {
		return
	}
	in.active = active
	in.waiting = append(in.waiting, firmware.Press{Input: in.name, Active: active, At: time.Now()})
	in.wake()
}

// Watch hands out presses; see firmware.Input.
func (in *Input) Watch(ctx context.Context, edge func(firmware.Press)) error {
	for {
		in.mu.Lock()
		done, presses, changed := in.done, in.waiting, in.changed
		if !done && ctx.Err() == nil {
			in.waiting = nil
		}
		in.mu.Unlock()
		if done {
			return fmt.Errorf("watch input %s: %w", in.name, firmware.ErrClosed)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("watch input %s: %w", in.name, err)
		}
		for _, p := range presses {
			edge(p)
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Close ends Watch.
func (in *Input) Close() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.done {
		in.done = true
		in.wake()
	}
	return nil
}

func (in *Input) wake() {
	close(in.changed)
	in.changed = make(chan struct{})
}
