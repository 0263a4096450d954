package sim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"loa/firmware"
)

// Output describes one output of a simulated board.
type Output struct {
	Name   string
	Relays []string      // names, in the order of closing; none is legal
	Buffer time.Duration // of its speaker; 0 is DefaultBuffer

	WarmUp    time.Duration
	Tail      time.Duration
	LongestOn time.Duration

	PCMPath string // see SpeakerOptions

	Sensors   map[string]firmware.Quantity // by name
	Amplifier *Amplifier                   // nil: one of the board's own
}

// Options describe a simulated board. Names are unique within their kind.
type Options struct {
	Outputs   []Output
	Inputs    map[string]firmware.Use // by name
	Mains     []string                // names of the supplies that are measured
	TracePath string                  // of all relays; see RelayOptions
	Recorder  *Recorder               // nil: one of the board's own
}

// Board is a firmware.Board whose parts can be looked at and broken by name.
type Board struct {
	firmware.Board
	Recorder *Recorder

	relays     map[string]*Relay
	speakers   map[string]*Speaker
	amplifiers map[string]*Amplifier // by output
	sensors    map[string]*Sensor
	inputs     map[string]*Input
	grids      map[string]*Grid
}

// New makes a board: every relay open, every queue empty.
func New(o Options) (*Board, error) {
	b := &Board{
		Recorder:   o.Recorder,
		relays:     map[string]*Relay{},
		speakers:   map[string]*Speaker{},
		amplifiers: map[string]*Amplifier{},
		sensors:    map[string]*Sensor{},
		inputs:     map[string]*Input{},
		grids:      map[string]*Grid{},
	}
	if b.Recorder == nil {
		b.Recorder = &Recorder{}
	}
	for _, out := range o.Outputs {
		if err := b.addOutput(out, o.TracePath); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Inputs)) {
		in := NewInput(name, o.Inputs[name])
		b.inputs[name] = in
		b.Inputs = append(b.Inputs, in)
	}
	for _, name := range o.Mains {
		if b.grids[name] != nil {
			return nil, errors.Join(fmt.Errorf("two supplies are named %q", name), b.Close())
		}
		s := NewGrid(name)
		b.grids[name] = s
		b.Mains = append(b.Mains, s)
	}
	return b, nil
}

func (b *Board) addOutput(o Output, trace string) error {
	if b.speakers[o.Name] != nil {
		return fmt.Errorf("two outputs are named %q", o.Name)
	}
	amplifier := o.Amplifier
	if amplifier == nil {
		amplifier = NewAmplifier()
	}
	b.amplifiers[o.Name] = amplifier
	speaker, err := NewSpeaker(o.Name, SpeakerOptions{Recorder: b.Recorder, Amplifier: amplifier, Buffer: o.Buffer, PCMPath: o.PCMPath})
	if err != nil {
		return err
	}
	b.speakers[o.Name] = speaker
	out := firmware.Output{Name: o.Name, Speaker: speaker, WarmUp: o.WarmUp, Tail: o.Tail, LongestOn: o.LongestOn}
	// The output joins the board even when a relay fails below, so that New's
	// Close reaches what was made.
	defer func() { b.Outputs = append(b.Outputs, out) }()
	for _, name := range o.Relays {
		if b.relays[name] != nil {
			return fmt.Errorf("two relays are named %q", name)
		}
		r, err := NewRelay(name, RelayOptions{Recorder: b.Recorder, Amplifier: amplifier, TracePath: trace})
		if err != nil {
			return err
		}
		b.relays[name] = r
		out.Relays = append(out.Relays, r)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Sensors)) {
		if b.sensors[name] != nil {
			return fmt.Errorf("two sensors are named %q", name)
		}
		s, err := NewSensor(name, o.Sensors[name], amplifier)
		if err != nil {
			return err
		}
		b.sensors[name] = s
		out.Sensors = append(out.Sensors, s)
	}
	return nil
}

// Relay returns the relay of that name, or nil.
func (b *Board) Relay(name string) *Relay { return b.relays[name] }

// Speaker returns the speaker of the output of that name, or nil.
func (b *Board) Speaker(output string) *Speaker { return b.speakers[output] }

// Amplifier returns the amplifier of the output of that name, or nil.
func (b *Board) Amplifier(output string) *Amplifier { return b.amplifiers[output] }

// Sensor returns the sensor of that name, or nil.
func (b *Board) Sensor(name string) *Sensor { return b.sensors[name] }

// Input returns the input of that name, or nil.
func (b *Board) Input(name string) *Input { return b.inputs[name] }

// Grid returns the supply of that name, or nil.
func (b *Board) Grid(name string) *Grid { return b.grids[name] }
