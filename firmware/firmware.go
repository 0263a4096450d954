// Package firmware says what a board is: the relays that power the amplifiers,
// the speaker that takes samples, the sensors that tell what came of it, the
// inputs that a person can press. It hides from the controller how a line is
// driven, how a sound card is reached, and how something is measured.
//
// It is the one place where an interface is declared by its provider and not
// by its consumer, because "off is safe" needs one home: whatever implements
// these interfaces leaves every relay open after Close, after an error, and
// before the first command. Package boardtest holds that contract as tests.
package firmware

import (
	"context"
	"errors"
	"time"
)

// SampleRate is the rate of all sound on a board, in samples per second. Sound
// is mono, signed 16-bit.
const SampleRate = 48000

// ErrClosed is returned by a part of the board that was closed.
var ErrClosed = errors.New("board is closed")

// Relay switches the mains of one amplifier.
type Relay interface {
	// Set closes the contact (the amplifier gets power) or opens it, and
	// returns when the line is driven. Setting what is already set is no edge.
	Set(closed bool) error
	// Close opens the contact and gives the line back. It can be called twice,
	// and after an error it tries again. Set returns ErrClosed from then on.
	Close() error
}

// Speaker takes samples for one sound device, in real time.
type Speaker interface {
	// Write queues samples and blocks until the device's buffer took all of
	// them, ctx ends, or the device is lost. A lost device is an error of this
	// or of the next Write; a later Write tries to open it again, and one of no
	// samples asks whether there is a device. When Write returns early some of the
	// samples are queued: who gives up also calls Discard. After Close, and when
	// Close comes in between, it returns ErrClosed.
	Write(ctx context.Context, pcm []int16) error
	// Drain blocks until the last queued sample has left the device. It ends
	// early for the same reasons as Write.
	Drain(ctx context.Context) error
	// Buffered is how many queued samples have not left the device yet.
	Buffered() int
	// Discard drops what is queued, as far as the device gives it back.
	Discard()
	// Close ends the device. It can be called twice.
	Close() error
}

// SensorStep is how long each reading of a sensor's envelope is.
const SensorStep = 100 * time.Millisecond

// SensorMemory is how far back a sensor can be asked.
const SensorMemory = time.Hour

// Quantity is what a sensor measures.
type Quantity string

const (
	Current Quantity = "current" // what the amplifier takes, in amperes
	Sound   Quantity = "sound"   // pressure at the horns, in pascals
	Line    Quantity = "line"    // what goes into the amplifier, or out of it, in volts
	// Mains is the cabinet's supply, in volts. It follows nothing that was sent
	// and is no evidence of it: its sensor does not stand among an Output's.
	Mains Quantity = "mains"
)

// Sensor tells what an output really did: whether the amplifier took current,
// whether there was sound before its horns. It measures all the time and knows
// nothing of what was sent.
type Sensor interface {
	Name() string
	Quantity() Quantity
	// Noise is the largest reading, in the quantity's unit, that a healthy
	// sensor may give of nothing at all.
	Noise() float64
	// Envelope returns n readings: number i is the RMS over the SensorStep that
	// begins at from + i*SensorStep, by the clock that relays and speaker keep.
	// None is negative or infinite. NaN is a step that was not measured: one
	// before the board was opened, further back than SensorMemory, or not over
	// yet. What is past reads the same whenever it is asked for. The error says
	// that the sensor is out of order, or why ctx ended; after Close, and when
	// Close comes in between, it is ErrClosed.
	Envelope(ctx context.Context, from time.Time, n int) ([]float64, error)
	// Close ends the sensor. It can be called twice.
	Close() error
}

// Use is what the contact of an input tells while it is active.
type Use string

const (
	EmergencyButton Use = "emergency-button" // a person presses it
	MainsPresent    Use = "mains-present"    // the cabinet has its supply
	CabinetDoor     Use = "cabinet-door"     // the door stands open
	AmplifierFault  Use = "amplifier-fault"  // the amplifier tells of a fault of its own
)

// Press is where the contact of an input went.
type Press struct {
	Input  string    // its name in the board's config
	Active bool      // true when the contact is made
	At     time.Time // when the edge was seen
}

// Input is a contact that a person or the cabinet makes: the emergency button.
type Input interface {
	Name() string
	Use() Use
	// Watch calls edge with where the contact is when it begins, and for every
	// change from then on, until ctx ends, the line is lost, or Close ends it with
	// ErrClosed. A line that cannot be read tells nothing.
	Watch(ctx context.Context, edge func(Press)) error
	Close() error
}

// Monitor is a part that knows by itself whether it is in order, also while
// nothing is asked of it: a sound card that was pulled out, a contact that sticks.
type Monitor interface {
	// Name names the part in a fault: "sound card main".
	Name() string
	// Watch calls tell at every change, until ctx ends: with what is wrong, or with
	// "" when nothing is any more. A part that was in order from the beginning
	// need not tell.
	Watch(ctx context.Context, tell func(what string))
}

// Watchdog starts a board or a program anew that does not feed it in time.
type Watchdog interface {
	Feed() error
	// Close ends it without a bite. It can be called twice.
	Close() error
}

// Output is one amplifier with its loudspeakers: a sound device, the relays that
// power it, and the sensors that watch it.
type Output struct {
	Name    string
	Relays  []Relay // in the order of closing; opened in reverse
	Speaker Speaker
	Sensors []Sensor // none is legal: nobody knows then what was heard

	WarmUp    time.Duration // from the last relay's closing to the first sample
	Tail      time.Duration // from the last sample to the first relay's opening
	LongestOn time.Duration // the relays open after this long, whatever is on air

	// Ultrasonic says that card and amplifier carry a tone above 18 kHz, by which
	// a self-test tries the line as well.
	Ultrasonic bool
}

// Board is all that a cluster's cabinet holds.
type Board struct {
	Outputs   []Output
	Inputs    []Input
	Mains     []Sensor   // of the quantity Mains; none is legal: nothing is known of the supply then
	Monitors  []Monitor  // of parts above; who closes those ends these
	Watchdogs []Watchdog // all of them are fed together, or none
}

// Close opens every relay first, then ends sound, sensors and inputs, and the
// watchdogs last. It goes on after an error and returns all of them.
func (b Board) Close() error {
	var errs []error
	for _, o := range b.Outputs {
		for i := len(o.Relays) - 1; i >= 0; i-- {
			errs = append(errs, o.Relays[i].Close())
		}
	}
	for _, o := range b.Outputs {
		if o.Speaker != nil {
			errs = append(errs, o.Speaker.Close())
		}
		for _, s := range o.Sensors {
			errs = append(errs, s.Close())
		}
	}
	for _, s := range b.Mains {
		errs = append(errs, s.Close())
	}
	for _, in := range b.Inputs {
		errs = append(errs, in.Close())
	}
	for _, w := range b.Watchdogs {
		errs = append(errs, w.Close())
	}
	return errors.Join(errs...)
}
