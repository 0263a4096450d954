package playout

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"loa/controller/schedule"
	"loa/firmware"
)

// power switches the relays of one output. It is the only code that does.
type power struct {
	relays []firmware.Relay
	unfit  atomic.Pointer[string] // why the supply powers emergencies only; nil: it powers all

	on     bool      // every relay was closed, in order
	safe   bool      // every relay is known to be open
	since  time.Time // when the first relay was told to close
	closed time.Time // when the last one had closed
}

// permit says why the relays may not be on for a cue of a class, if so.
func (p *power) permit(c schedule.Class) error {
	if why := p.unfit.Load(); why != nil && c != schedule.Emergency {
		return fmt.Errorf("%w: %s", ErrMains, *why)
	}
	return nil
}

// close closes the relays in order, if they may be for a cue of this class. After
// an error the caller opens them.
func (p *power) close(c schedule.Class) error {
	if err := p.permit(c); err != nil {
		return err
	}
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
