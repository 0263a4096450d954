package sim

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"loa/firmware"
)

// RelayOptions say where a relay's edges go besides its contact.
type RelayOptions struct {
	Recorder  *Recorder  // may be nil
	Amplifier *Amplifier // that it powers; may be nil

	// TracePath names a file to which every edge is appended as one line of
	// JSON, {"relay":"mains","closed":true,"monotonic_ns":1234}, where
	// monotonic_ns is CLOCK_MONOTONIC: every process on the machine reads the
	// same one. Relays may share a file. Empty: none.
	TracePath string
}

// Relay is a contact in memory, open at first.
type Relay struct {
	name  string
	rec   *Recorder
	power *Amplifier

	mu      sync.Mutex
	trace   *os.File
	contact bool // true is closed
	done    bool
	fault   error
	stuck   bool
}

// NewRelay makes an open relay. It fails when its trace file cannot be opened.
func NewRelay(name string, o RelayOptions) (*Relay, error) {
	r := &Relay{name: name, rec: o.Recorder, power: o.Amplifier}
	if o.TracePath != "" {
		f, err := os.OpenFile(o.TracePath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, fmt.Errorf("open trace of relay %s: %w", name, err)
		}
		r.trace = f
	}
	r.power.joinRelay(r)
	return r, nil
}

// Set moves the contact; see firmware.Relay.
func (r *Relay) Set(closed bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return fmt.Errorf("set relay %s: %w", r.name, firmware.ErrClosed)
	}
	return r.drive(closed)
}

// Close opens the contact. After an error it can be tried again.
func (r *Relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = true
	if err := r.drive(false); err != nil {
		return err
	}
	r.power.leave(r)
	if r.trace == nil {
		return nil
	}
	f := r.trace
	r.trace = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("close trace of relay %s: %w", r.name, err)
	}
	return nil
}

// Fail makes every later Set and Close return err and leaves the contact where
// it is, as a line that cannot be driven does. Nil heals it.
func (r *Relay) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = err
}

// Stick holds the contact where it is while Set and Close report success, as a
// welded contact does. A contact let go moves at the next Set that asks for it.
func (r *Relay) Stick(stuck bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck = stuck
}

// Closed tells where the contact really is.
func (r *Relay) Closed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.contact
}

func (r *Relay) drive(closed bool) error {
	if r.fault != nil {
		return fmt.Errorf("set relay %s: %w", r.name, r.fault)
	}
	if r.stuck || r.contact == closed {
		return nil
	}
	r.contact = closed
	now := time.Now()
	r.rec.edge(Edge{Relay: r.name, Closed: closed, At: now})
	r.power.contact(r, closed, now)
	if r.trace == nil {
		return nil
	}
	if err := appendTrace(r.trace, r.name, closed); err != nil {
		return fmt.Errorf("trace relay %s: %w", r.name, err)
	}
	return nil
}

// appendTrace writes one line in one write, so that relays sharing a file do
// not mix theirs.
func appendTrace(f *os.File, relay string, closed bool) error {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return fmt.Errorf("read CLOCK_MONOTONIC: %w", err)
	}
	line, err := json.Marshal(struct {
		Relay       string `json:"relay"`
		Closed      bool   `json:"closed"`
		MonotonicNS int64  `json:"monotonic_ns"`
	}{relay, closed, ts.Nano()})
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return err
}
