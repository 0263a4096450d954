package main

import (
	"context"
	"errors"
	"time"

	"loa/firmware"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

// openBoard opens every part that the config names. After an error nothing
// stays open. A sound device that is lost later ends the agent.
func openBoard(ctx context.Context, c config, end context.CancelCauseFunc) (firmware.Board, error) {
	var b firmware.Board
	fail := func(err error) (firmware.Board, error) { return firmware.Board{}, errors.Join(err, b.Close()) }
	for _, o := range c.Outputs {
		b.Outputs = append(b.Outputs, firmware.Output{
			Name: o.Name, WarmUp: time.Duration(o.WarmUp), Tail: time.Duration(o.Tail), LongestOn: time.Duration(o.LongestOn),
		})
		out := &b.Outputs[len(b.Outputs)-1]
		for _, r := range o.Relays {
			opened, err := openRelay(r)
			if err != nil {
				return fail(err)
			}
			out.Relays = append(out.Relays, opened)
		}
		opened, err := openSpeaker(ctx, o.Name, o.Speaker, end)
		if err != nil {
			return fail(err)
		}
		out.Speaker = opened
	}
	for _, in := range c.Inputs {
		opened, err := pi.OpenInput(pi.InputOptions{
			Name: in.Name, Chip: in.Chip, Line: in.Line, ActiveLow: in.Active == levelLow, Debounce: time.Duration(in.Debounce),
		})
		if err != nil {
			return fail(err)
		}
		b.Inputs = append(b.Inputs, opened)
	}
	return b, nil
}

func openRelay(r relay) (firmware.Relay, error) {
	if r.Kind == kindSim {
		return sim.NewRelay(r.Name, sim.RelayOptions{TracePath: r.Trace})
	}
	return pi.OpenRelay(pi.RelayOptions{Name: r.Name, Chip: r.Chip, Line: r.Line, ActiveLow: r.Active == levelLow})
}

func openSpeaker(ctx context.Context, name string, s speaker, end context.CancelCauseFunc) (firmware.Speaker, error) {
	if s.Kind == kindSim {
		return sim.NewSpeaker(name, sim.SpeakerOptions{PCMPath: s.PCM})
	}
	opened, err := pi.OpenSpeaker(ctx, pi.SpeakerOptions{Card: s.Card})
	if err != nil {
		return nil, err
	}
	return newMortal(ctx, opened, end), nil
}
