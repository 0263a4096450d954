package pi

import (
	"errors"
	"fmt"
	"sync"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
)

// OutLine is what a relay uses of a periph line. Read and Func are left out on
// purpose: on an output of gpioioctl either of them turns it into an input.
type OutLine interface {
	In(pull gpio.Pull, edge gpio.Edge) error
	Out(level gpio.Level) error
	Close()
}

// RelayOptions name a relay's line.
type RelayOptions struct {
	Name      string // in errors
	Chip      string // its label, as in pinctrl-rp1
	Line      string // name on that chip, or number
	ActiveLow bool   // the contact closes on a low level
}

type contact int

const (
	unknown contact = iota
	open
	closed
)

// Relay drives one contact.
//
// gpioioctl's first Out makes the line an output at low before it sets the
// level. So a line that closes on high is driven low from the beginning, while
// one that closes on low stays an input with pull-up, which is open, until the
// first command closes it: the low of that moment is what was asked for.
type Relay struct {
	name      string
	activeLow bool
	free      func()

	mu      sync.Mutex
	line    OutLine
	driving bool // the line is an output
	at      contact
	done    bool
}

// OpenRelay claims a line and opens its contact.
func OpenRelay(o RelayOptions) (*Relay, error) {
	line, err := claimLine("relay "+o.Name, o.Chip, o.Line)
	if err != nil {
		return nil, fmt.Errorf("open relay %s: %w", o.Name, err)
	}
	r, err := NewRelay(o.Name, line, o.ActiveLow)
	if err != nil {
		freeLine(line)
		return nil, err
	}
	r.free = func() { freeLine(line) }
	return r, nil
}

// NewRelay opens the contact on a line that the caller found. The line is the
// relay's from now on.
func NewRelay(name string, line OutLine, activeLow bool) (*Relay, error) {
	r := &Relay{name: name, line: line, activeLow: activeLow, free: func() {}}
	if err := r.open(); err != nil {
		return nil, fmt.Errorf("open relay %s: %w", name, err)
	}
	return r, nil
}

// Set drives the contact; see firmware.Relay. After an error the contact was
// opened as far as the line allows.
func (r *Relay) Set(close bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return fmt.Errorf("set relay %s: %w", r.name, firmware.ErrClosed)
	}
	want, drive := open, r.open
	if close {
		want, drive = closed, r.close
	}
	if r.at == want {
		return nil
	}
	if err := drive(); err != nil {
		return fmt.Errorf("set relay %s: %w", r.name, errors.Join(err, r.open()))
	}
	return nil
}

// Close opens the contact and then gives the line back. After an error it can
// be tried again. What the line does once it is given back is the driver's and
// the wiring's business: a resistor has to pull it to the open side.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done && r.at == open {
		return nil
	}
	r.done = true
	// Driven even where it is open already: nothing is owed to belief here.
	if err := r.open(); err != nil {
		if again := r.open(); again != nil {
			return fmt.Errorf("close relay %s: %w", r.name, errors.Join(err, again))
		}
	}
	r.line.Close()
	r.driving = false
	r.free()
	return nil
}

// open brings the line to the level, or the state, that opens the contact.
func (r *Relay) open() error {
	drive := func() error { return r.line.Out(gpio.Level(r.activeLow)) }
	if r.activeLow && !r.driving {
		drive = func() error { return r.line.In(gpio.PullUp, gpio.NoEdge) }
	}
	if err := r.try(drive, open); err != nil {
		return fmt.Errorf("drive line to open: %w", err)
	}
	r.driving = r.driving || !r.activeLow
	return nil
}

func (r *Relay) close() error {
	drive := func() error { return r.line.Out(gpio.Level(!r.activeLow)) }
	if err := r.try(drive, closed); err != nil {
		return fmt.Errorf("drive line to closed: %w", err)
	}
	r.driving = true
	return nil
}

// try drives the line. After an error it gives the line back, to be asked for
// anew the next time: periph may take it for an output that it never got.
func (r *Relay) try(drive func() error, at contact) error {
	if err := drive(); err != nil {
		r.line.Close()
		r.driving, r.at = false, unknown
		return err
	}
	r.at = at
	return nil
}
