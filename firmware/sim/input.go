package sim

import (
	"context"
	"fmt"
	"sync"
	"time"

	"loa/firmware"
)

// Input is a contact that a test presses. Presses made while nobody watches
// are kept for the next Watch, which begins with where the contact was before
// them.
type Input struct {
	name string
	use  firmware.Use

	mu      sync.Mutex
	active  bool
	told    bool // where the contact was last, as far as a Watch told
	waiting []firmware.Press
	lost    error
	done    bool
	changed chan struct{} // closed and replaced when Watch must look again
}

// NewInput makes an input whose contact is open.
func NewInput(name string, use firmware.Use) *Input {
	return &Input{name: name, use: use, changed: make(chan struct{})}
}

// Name is the input's name.
func (in *Input) Name() string { return in.name }

// Use is what its contact tells.
func (in *Input) Use() firmware.Use { return in.use }

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
	for first := true; ; first = false {
		in.mu.Lock()
		done, lost, presses, changed := in.done, in.lost, in.waiting, in.changed
		if !done && lost == nil && ctx.Err() == nil {
			in.waiting = nil
			if first {
				presses = append([]firmware.Press{{Input: in.name, Active: in.told, At: time.Now()}}, presses...)
			}
			in.told = in.active
		}
		in.mu.Unlock()
		if done {
			return fmt.Errorf("watch input %s: %w", in.name, firmware.ErrClosed)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("watch input %s: %w", in.name, err)
		}
		if lost != nil {
			return fmt.Errorf("watch input %s: %w", in.name, lost)
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

// Lose ends Watch with err, and every one after it, as a line does whose chip is
// gone. Nil heals it.
func (in *Input) Lose(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lost = err
	in.wake()
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
