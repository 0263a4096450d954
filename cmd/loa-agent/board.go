package main

import (
	"errors"
	"time"

	"loa/firmware"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

// openBoard opens every part that the config names, if this machine is the
// board that it is written for. After an error nothing stays open. A sound card, a
// sensor or an input that is not there is a fault and no error: only without a
// relay is it no board.
func openBoard(c config) (firmware.Board, error) {
	return openBoardOn("/proc/device-tree/model", c)
}

// openBoardOn is openBoard on a machine that a file names.
func openBoardOn(modelFile string, c config) (firmware.Board, error) {
	var b firmware.Board
	if err := c.fits(modelFile); err != nil {
		return b, err
	}
	fail := func(err error) (firmware.Board, error) { return firmware.Board{}, errors.Join(err, b.Close()) }
	for _, o := range c.Outputs {
		b.Outputs = append(b.Outputs, firmware.Output{
			Name: o.Name, WarmUp: time.Duration(o.WarmUp), Tail: time.Duration(o.Tail), LongestOn: time.Duration(o.LongestOn),
			Ultrasonic: o.Speaker.Ultrasonic,
		})
		out := &b.Outputs[len(b.Outputs)-1]
		var simulated *sim.Amplifier // what the simulated parts work on
		if len(o.Sensors) > 0 {
			simulated = sim.NewAmplifier()
		}
		for _, r := range o.Relays {
			opened, err := c.openRelay(r, simulated)
			if err != nil {
				return fail(err)
			}
			out.Relays = append(out.Relays, opened)
		}
		if o.Speaker.Kind == kindSim {
			opened, err := sim.NewSpeaker(o.Name, sim.SpeakerOptions{PCMPath: o.Speaker.PCM, Amplifier: simulated})
			if err != nil {
				return fail(err)
			}
			out.Speaker = opened
		} else {
			opened := startSound(o.Name, o.Speaker)
			out.Speaker, b.Monitors = opened, append(b.Monitors, opened)
		}
		for _, s := range o.Sensors {
			opened, err := c.openSensor(s, "", simulated)
			if err != nil {
				return fail(err)
			}
			out.Sensors = append(out.Sensors, opened)
		}
	}
	for _, s := range c.Mains {
		opened, err := c.openSensor(s, firmware.Mains, nil)
		if err != nil {
			return fail(err)
		}
		b.Mains = append(b.Mains, opened)
	}
	for _, in := range c.Inputs {
		b.Inputs = append(b.Inputs, pi.NewLateInput(c.inputOptions(in), pi.OpenInput))
	}
	b.Monitors = append(b.Monitors, monitors(b)...)
	return b, nil
}

// monitors are those of relays and sensors that know whether they are in order.
func monitors(b firmware.Board) (all []firmware.Monitor) {
	add := func(part any) {
		if m, ok := part.(interface{ Monitor() firmware.Monitor }); ok {
			all = append(all, m.Monitor())
		}
	}
	for _, o := range b.Outputs {
		for _, r := range o.Relays {
			add(r)
		}
		for _, s := range o.Sensors {
			add(s)
		}
	}
	for _, s := range b.Mains {
		add(s)
	}
	return all
}

func (c config) openRelay(r relay, simulated *sim.Amplifier) (firmware.Relay, error) {
	if r.Kind == kindSim {
		return sim.NewRelay(r.Name, sim.RelayOptions{TracePath: r.Trace, Amplifier: simulated})
	}
	opened, err := pi.OpenRelay(c.relayOptions(r))
	if err != nil || r.Feedback == nil {
		return opened, err
	}
	return pi.CheckRelay(r.Name, opened, pi.NewLateInput(c.feedbackOptions(r), pi.OpenInput)), nil
}
