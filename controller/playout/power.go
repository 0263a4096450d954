package playout

import (
	"errors"
	"fmt"
	"time"

	"loa/firmware"
)

// power switches the relays of one output. It is the only code that does.
type power struct {
	relays []firmware.Relay

	on     bool      // every relay was closed, in order
	safe   bool      // every relay is known to be open
	since  time.Time // when the first relay was told to close
	closed time.Time // when the last one had closed
}

// close closes the relays in order. After an error the caller opens them.
func (p *power) close() error {
	p.safe, p.since, p.closed = false, time.Now(), time.Time{}
	for i, r := range p.relays {
		if err := r.Set(true); err != nil {
			return fmt.Errorf("%w: close relay %d: %w", ErrRelay, i+1, err)
		}
	}
	p.on, p.closed = true, time.Now()
	return nil
}

// open opens the relays in reverse order, all of them whatever happens.
func (p *power) open() error {
	var errs []error
	for i := len(p.relays) - 1; i >= 0; i-- {
		if err := p.relays[i].Set(false); err != nil {
			errs = append(errs, fmt.Errorf("%w: open relay %d: %w", ErrRelay, i+1, err))
		}
	}
	p.on, p.safe = false, len(errs) == 0
	return errors.Join(errs...)
}
