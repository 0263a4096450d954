package pi

import (
	"context"
	"errors"
	"sync"
	"time"

	"loa/firmware"
)

// follow is how long a contact may take to go where it was told to.
const follow = 250 * time.Millisecond

// CheckedRelay is a relay with an auxiliary contact that closes with its own, on
// a line that is only read. What that tells is a fault in health and never an
// error of Set: a broken wire of it must not silence a warning.
type CheckedRelay struct {
	firmware.Relay
	name  string
	aux   firmware.Input
	fault fault

	mu   sync.Mutex
	want contact // as it was set; unknown after an error
	is   contact // as the auxiliary contact says
	late *time.Timer
}

// CheckRelay takes a relay that is open, and the input of its auxiliary contact,
// which is active while the relay's contact is closed. Both are the checked
// relay's from now on.
func CheckRelay(name string, r firmware.Relay, aux firmware.Input) *CheckedRelay {
	return &CheckedRelay{Relay: r, name: name, aux: aux, want: open}
}

// Set drives the contact; see firmware.Relay.
func (r *CheckedRelay) Set(close bool) error {
	err := r.Relay.Set(close)
	want := open
	switch {
	case err != nil:
		want = unknown
	case close:
		want = closed
	}
	r.note(func() bool {
		moved := r.want != want
		r.want = want
		return moved
	})
	return err
}

// Close opens the contact, and gives both lines back.
func (r *CheckedRelay) Close() error { return errors.Join(r.Relay.Close(), r.aux.Close()) }

// Monitor tells of a contact that does not follow.
func (r *CheckedRelay) Monitor() firmware.Monitor { return monitor{"relay " + r.name, r.watch} }

func (r *CheckedRelay) watch(ctx context.Context, tell func(string)) {
	var reading sync.WaitGroup
	reading.Go(func() { r.read(ctx) })
	r.fault.watch(ctx, tell)
	reading.Wait()
}

// read follows the auxiliary contact, as far as its line can be read.
func (r *CheckedRelay) read(ctx context.Context) {
	for {
		err := r.aux.Watch(ctx, func(p firmware.Press) {
			at := open
			if p.Active {
				at = closed
			}
			r.saw(at)
		})
		if ctx.Err() != nil {
			return
		}
		r.saw(unknown)
		r.fault.set("its feedback cannot be read: " + err.Error())
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookAgain):
		}
	}
}

func (r *CheckedRelay) saw(at contact) {
	r.note(func() bool {
		r.is = at
		return true
	})
}

// note changes what is known, and gives the contact time where that differs from
// what is wanted.
func (r *CheckedRelay) note(change func() (moved bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !change() {
		return
	}
	if r.late != nil {
		r.late.Stop()
	}
	switch {
	case r.is == unknown:
	case r.want == unknown, r.want == r.is:
		r.fault.set("")
	default:
		want, is := r.want, r.is
		r.late = time.AfterFunc(follow, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.want != want || r.is != is {
				return
			}
			if want == closed {
				r.fault.set("its contact did not close")
			} else {
				r.fault.set("its contact is still closed after it was opened")
			}
		})
	}
}
