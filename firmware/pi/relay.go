package pi

import (
	"errors"
	"fmt"
	"sync"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
)

// OutLine is what a relay uses of a line, as of Out. It is an output when the
// relay gets it, and again with the first level after it was closed.
type OutLine interface {
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

// Relay drives one contact. Its line is an output from the first instant on, at
// the level that opens the contact, and is never read by way of its direction.
type Relay struct {
	name      string
	activeLow bool
	free      func()

	mu   sync.Mutex
	line OutLine
	at   contact
	done bool
}

// OpenRelay claims a line and opens its contact.
func OpenRelay(o RelayOptions) (*Relay, error) {
	chip, line, err := claimLine("relay "+o.Name, o.Chip, o.Line)
	if err != nil {
		return nil, fmt.Errorf("open relay %s: %w", o.Name, err)
	}
	out, err := requestOut(chip.Path(), o.Chip, line.Number(), "loa relay "+o.Name, gpio.Level(o.ActiveLow))
	if err != nil {
		freeLine(line)
		return nil, fmt.Errorf("open relay %s: %w", o.Name, err)
	}
	r, err := NewRelay(o.Name, out, o.ActiveLow)
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
	r.free()
	return nil
}

func (r *Relay) open() error {
	if err := r.drive(gpio.Level(r.activeLow), open); err != nil {
		return fmt.Errorf("drive line to open: %w", err)
	}
	return nil
}

func (r *Relay) close() error {
	if err := r.drive(gpio.Level(!r.activeLow), closed); err != nil {
		return fmt.Errorf("drive line to closed: %w", err)
	}
	return nil
}

// drive brings the line to a level. After an error it gives the line back, so
// that the wiring can open the contact; the next command asks for it anew.
func (r *Relay) drive(level gpio.Level, at contact) error {
	if err := r.line.Out(level); err != nil {
		r.line.Close()
		r.at = unknown
		return err
	}
	r.at = at
	return nil
}
