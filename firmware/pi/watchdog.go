package pi

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"loa/firmware"
)

// Times of a machine's watchdog.
const (
	// bitesAfter is how long it waits for food: the most that a Raspberry Pi's
	// can.
	bitesAfter = 15 * time.Second
	// bitesSoonest is what a watchdog that cannot be set must wait at least:
	// whoever feeds it may take longer than this, and every start of the agent
	// would be a reset.
	bitesSoonest = 12 * time.Second
)

// Watchdog is the machine's own: it resets a machine that does not feed it, also
// one whose kernel hangs. It outlives the program: one that dies leaves it
// running, fed for the last time by the kernel, and the next one has until then to
// open it again.
type Watchdog struct {
	path string

	mu sync.Mutex
	fd int // -1 once closed
}

// OpenWatchdog starts a watchdog, as /dev/watchdog.
func OpenWatchdog(path string) (*Watchdog, error) {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open watchdog %s: %w", path, hinted(err))
	}
	w := &Watchdog{path: path, fd: fd}
	if err := w.set(); err != nil {
		return nil, errors.Join(fmt.Errorf("open watchdog %s: %w", path, err), w.Close())
	}
	return w, nil
}

// hinted adds what a technician can do about it.
func hinted(err error) error {
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: another program feeds it, as systemd does where RuntimeWatchdogSec is set", err)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w: this machine has none, or its driver is not loaded", err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: this user may not write to it", err)
	}
	return err
}

// set tells the watchdog how long to wait, and sees what it made of it.
func (w *Watchdog) set() error {
	err := unix.IoctlSetPointerInt(w.fd, unix.WDIOC_SETTIMEOUT, int(bitesAfter/time.Second))
	switch {
	case errors.Is(err, unix.ENOTTY):
		return fmt.Errorf("it is no watchdog: %w", err)
	case err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EINVAL):
		return fmt.Errorf("set its time: %w", err)
	}
	seconds, err := unix.IoctlGetInt(w.fd, unix.WDIOC_GETTIMEOUT)
	if err != nil {
		return fmt.Errorf("ask for its time: %w", err)
	}
	if got := time.Duration(seconds) * time.Second; got < bitesSoonest {
		return fmt.Errorf("it waits %v and cannot wait longer; at least %v are needed", got, bitesSoonest)
	}
	return nil
}

// Feed is food for bitesAfter.
func (w *Watchdog) Feed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd < 0 {
		return fmt.Errorf("feed watchdog %s: %w", w.path, firmware.ErrClosed)
	}
	if err := unix.IoctlWatchdogKeepalive(w.fd); err != nil {
		return fmt.Errorf("feed watchdog %s: %w", w.path, err)
	}
	return nil
}

// Close stops the watchdog, unless the kernel was built to let none be stopped.
// It can be called twice.
func (w *Watchdog) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd < 0 {
		return nil
	}
	_, err := unix.Write(w.fd, []byte("V")) // for "I mean it"
	err = errors.Join(err, unix.Close(w.fd))
	w.fd = -1
	if err != nil {
		return fmt.Errorf("close watchdog %s: %w", w.path, err)
	}
	return nil
}
