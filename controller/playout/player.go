package playout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"loa/firmware"
)

// Player sounds cues on the outputs of one board.
type Player struct {
	outputs []*output
}

// New makes a player for a board's outputs, whose names are unique. events is
// called on an output's goroutine, in order; it must not wait for the player,
// but may call Set.
func New(board []firmware.Output, lib Library, log *slog.Logger, events func(Event)) *Player {
	wave()
	wailPhases()
	p := &Player{}
	for _, o := range board {
		made := &output{
			Output:  o,
			lib:     lib,
			log:     log.With("output", o.Name),
			events:  events,
			changed: make(chan struct{}, 1),
			probed:  make(chan struct{}),
			power:   power{relays: o.Relays},
			air:     air{speaker: o.Speaker},
		}
		for _, s := range o.Sensors {
			made.sensors = append(made.sensors, &watcher{Sensor: s})
		}
		p.outputs = append(p.outputs, made)
	}
	return p
}

// Share lets this player decode together with others; before Run.
func (p *Player) Share(d *Decoded) {
	for _, o := range p.outputs {
		o.shared = d
	}
}

// Run plays until ctx ends. When it returns, every relay is open; the error
// names those that could not be driven. It is called once.
func (p *Player) Run(ctx context.Context) error {
	errs := make([]error, len(p.outputs))
	var outputs sync.WaitGroup
	for i, o := range p.outputs {
		outputs.Go(func() {
			if err := o.run(ctx); err != nil {
				errs[i] = fmt.Errorf("output %s: %w", o.Name, err)
			}
		})
	}
	outputs.Wait()
	return errors.Join(errs...)
}

// Supply says why the mains are not fit to power routine and priority, "" where
// they are, as at first. What is on air without being an emergency ends then with
// ErrMains, and so does what comes.
func (p *Player) Supply(unfit string) {
	for _, o := range p.outputs {
		o.supply(unfit)
	}
}

// Set says what an output is to sound from now on; nil is silence. It returns
// at once. Setting the cue that is wanted already (by its ID) changes nothing,
// also when that cue has finished or failed; anything else replaces it. The
// cue's Parts must not be changed afterwards. An error tells of an output that is not
// there, or a cue without an ID.
func (p *Player) Set(name string, cue *Cue) error {
	if cue != nil && cue.ID == "" {
		return errors.New("set cue: it has no ID")
	}
	for _, o := range p.outputs {
		if o.Name == name {
			o.set(cue)
			return nil
		}
	}
	return fmt.Errorf("set cue: there is no output %q", name)
}

// Probe returns when every output's goroutine has answered: none of them hangs,
// in its relays, its speaker or anywhere else. Whether they sound is another
// question. The error says which output had not answered when ctx ended.
func (p *Player) Probe(ctx context.Context) error {
	for _, o := range p.outputs {
		select {
		case o.probed <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("output %s: %w", o.Name, ctx.Err())
		}
	}
	return nil
}
