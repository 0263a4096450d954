package pi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"

	"loa/firmware"
)

// Sensor measures one quantity by a chip on an I2C bus, all the time.
//
// What the chip tells is not believed when it cannot be: at the ends of its
// converter, beyond what the options allow, below nothing, while it is not set
// up as it was, or when it no longer moves. The steps of such a time are NaN,
// and Envelope tells why while it lasts, as it does while the bus fails. The
// sensor goes on trying, sets the chip up again, and recovers by itself.
type Sensor struct {
	name     string
	quantity firmware.Quantity
	noise    float64
	unit     string // in errors
	chip     chip
	most     float64 // more is no measurement
	negative string  // a hint for who reads that it is below nothing
	ac       bool
	bias     float64 // in the quantity's unit
	still    time.Duration
	pace     time.Duration // between two readings

	quit  chan struct{}
	ended chan struct{}
	free  func() error

	now reading // of the goroutine that measures

	mu      sync.Mutex
	done    bool
	freed   error // of free
	history history
	health  health
	tried   time.Time // when the bus last answered, if only with an error
}

// reading is the cell of the history that is going on.
type reading struct {
	cell        int64
	n           int
	sum, square float64
	bad         error // why a sample of it does not count
	worthless   bool  // so it does not count as a whole

	lost  bool      // the chip is to be set up again
	pause time.Time // the bus is left alone until then
	last  int16     // the last sample
	moved time.Time // when it was another one before
}

const (
	defaultStill = 10 * time.Second
	// patience is how long the bus may take for an answer. The kernel gives up
	// sooner than that on most.
	patience = time.Second
	// leave is how long Close waits for the bus.
	leave = 200 * time.Millisecond

	// leastSwing is how many samples a cell takes to tell what an alternating
	// voltage swings about.
	leastSwing = 4
)

// openSensor has a sensor on a bus of its own.
func openSensor(name, bus string, address uint16, on func(i2c.Bus) (*Sensor, error)) (*Sensor, error) {
	b, free, err := openBus("sensor "+name, bus, address)
	if err != nil {
		return nil, fmt.Errorf("open sensor %s: %w", name, err)
	}
	s, err := on(onlyBus{b})
	if err != nil {
		return nil, errors.Join(err, free())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = free
	return s, nil
}

// onlyBus names a bus as the profile does; periph calls it I2C1.
type onlyBus struct{ i2c.Bus }

func (b onlyBus) String() string {
	return "/dev/" + strings.Replace(strings.ToLower(b.Bus.String()), "i2c", "i2c-", 1)
}

// startSensor sets the chip up and begins to measure.
func startSensor(s *Sensor) (*Sensor, error) {
	if s.still == 0 {
		s.still = defaultStill
	}
	if err := s.chip.setUp(); err != nil {
		return nil, fmt.Errorf("open sensor %s: %s: %w", s.name, &s.chip, err)
	}
	s.quit, s.ended, s.free = make(chan struct{}), make(chan struct{}), func() error { return nil }
	begun := time.Now()
	s.history, s.tried = newHistory(begun), begun
	s.settle(begun)
	go s.measure()
	return s, nil
}

// Name is the sensor's name.
func (s *Sensor) Name() string { return s.name }

// Quantity is what it measures.
func (s *Sensor) Quantity() firmware.Quantity { return s.quantity }

// Noise is the most that it reads of nothing.
func (s *Sensor) Noise() float64 { return s.noise }

// Envelope tells what was measured; see firmware.Sensor. It never waits for the
// bus.
func (s *Sensor) Envelope(ctx context.Context, from time.Time, n int) ([]float64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	fail := func(err error) error { return fmt.Errorf("read sensor %s: %w", s.name, err) }
	switch most := 2 * int(firmware.SensorMemory/firmware.SensorStep); {
	case s.done:
		return nil, fail(firmware.ErrClosed)
	case ctx.Err() != nil:
		return nil, fail(ctx.Err())
	case n < 0 || n > most:
		return nil, fail(fmt.Errorf("%d readings, at most %d", n, most))
	case now.Sub(s.tried) > patience:
		return nil, fail(fmt.Errorf("%s: the bus has not answered for %v", &s.chip, now.Sub(s.tried).Round(time.Second)))
	case s.health.fault != nil:
		return nil, fail(fmt.Errorf("%s: %w", &s.chip, s.health.fault))
	}
	return s.history.read(now, from, n), nil
}

// Close ends the sensor. A bus that hangs is given back when it answers.
func (s *Sensor) Close() error {
	s.mu.Lock()
	if !s.done {
		s.done = true
		close(s.quit)
	}
	s.mu.Unlock()
	timeout := time.NewTimer(leave)
	defer timeout.Stop()
	select {
	case <-s.ended:
	case <-timeout.C:
		return fmt.Errorf("close sensor %s: %s: the bus does not answer", s.name, &s.chip)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.freed != nil {
		return fmt.Errorf("close sensor %s: %w", s.name, s.freed)
	}
	return nil
}

func (s *Sensor) measure() {
	defer close(s.ended)
	tick := time.NewTicker(s.pace)
	defer tick.Stop()
	for {
		select {
		case <-s.quit:
			s.mu.Lock()
			defer s.mu.Unlock()
			s.freed = s.free()
			return
		case <-tick.C:
			s.look()
		}
	}
}

// settle lets the chip finish with what it began to measure before it was set
// up.
func (s *Sensor) settle(now time.Time) {
	s.now.pause, s.now.moved = now.Add(3*s.pace), now
}

// look takes one sample, if it is time for one.
func (s *Sensor) look() {
	now := time.Now()
	if now.Before(s.now.pause) {
		return
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tried = time.Now()
	}()
	// What is read now was measured just before.
	if at := s.history.cell(now.Add(-s.pace)); at != s.now.cell {
		s.finish()
		s.now = reading{cell: at, lost: s.now.lost, pause: s.now.pause, last: s.now.last, moved: s.now.moved}
	}
	if s.now.lost {
		if err := s.chip.setUp(); err != nil {
			s.retry(now, err)
			return
		}
		s.now.lost = false
		s.settle(now)
		return
	}
	raw, err := s.chip.read(s.chip.result)
	if err != nil {
		s.retry(now, err)
		return
	}
	if err := s.take(now, int16(raw)); err != nil {
		s.now.bad, s.now.worthless = err, true
	}
}

// retry notes that the chip does not answer. One that has not for a while is
// left alone between: others are on the bus too.
func (s *Sensor) retry(now time.Time, err error) {
	s.now.bad = err
	if s.unwell() {
		s.now.pause = now.Add(firmware.SensorStep)
	}
}

func (s *Sensor) unwell() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health.fault != nil
}

// take counts a sample, or says why it does not.
func (s *Sensor) take(now time.Time, raw int16) error {
	if raw != s.now.last {
		s.now.last, s.now.moved = raw, now
	}
	v := float64(raw) * s.chip.perBit
	switch quiet := now.Sub(s.now.moved); {
	case raw <= s.chip.least || raw >= s.chip.most:
		return fmt.Errorf("saturated: it reads %d, where its range ends", raw)
	// Of nothing a converter may well read the very same for hours; what gives
	// an alternating voltage its bias is not that quiet.
	case quiet > s.still && (math.Abs(v) > s.noise || s.bias != 0):
		return fmt.Errorf("stuck: it has read %s for more than %v without the least change", s.amount(v), s.still)
	case !s.ac && v > s.most:
		return fmt.Errorf("out of range: it reads %s, at most %s is possible", s.amount(v), s.amount(s.most))
	case !s.ac && v < -s.noise:
		return fmt.Errorf("out of range: it reads %s, less than nothing: %s", s.amount(v), s.negative)
	}
	s.now.n++
	s.now.sum += v
	s.now.square += v * v
	return nil
}

func (s *Sensor) amount(v float64) string {
	return strings.TrimSpace(fmt.Sprintf("%.4g %s", v, s.unit))
}

// finish puts the cell that is over into the history.
func (s *Sensor) finish() {
	r := &s.now
	// What a chip measured counts when it still is set up as it was.
	if r.n > 0 {
		if err := s.chip.check(); err != nil {
			r.bad, r.n = err, 0
			r.lost = errors.Is(err, errReset)
		}
	}
	square := blank
	if r.n > 0 {
		square = r.square / float64(r.n)
	}
	if s.ac && r.n > 0 {
		square = s.swing()
	}
	if r.worthless {
		square = nonsense
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history.put(r.cell, square)
	switch {
	case r.bad != nil:
		s.health.worse(r.bad)
	case r.n > 0:
		s.health.better()
	}
}

// swing is the mean square of an alternating voltage about its mean.
func (s *Sensor) swing() float64 {
	r := &s.now
	if r.n < leastSwing {
		return blank
	}
	mean := r.sum / float64(r.n)
	square := max(0, r.square/float64(r.n)-mean*mean)
	switch rms := math.Sqrt(square); {
	case s.bias != 0 && math.Abs(mean-s.bias) > math.Abs(s.bias)/2:
		r.bad = fmt.Errorf("out of range: the input lies at %s and not about %s: has what is before it no power?", s.amount(mean), s.amount(s.bias))
		r.worthless = true
	case rms > s.most:
		r.bad = fmt.Errorf("out of range: it reads %s, at most %s is possible", s.amount(rms), s.amount(s.most))
		r.worthless = true
	}
	return square
}

// health says whether a sensor is out of order. A cell that failed counts
// against it twice as much as a good one for it, so that readings that jump in
// and out of what is possible are told, and a single one is not.
type health struct {
	score int
	fault error // why it is out of order; nil: it is not
}

const unhealthy = 2 * stepCells

func (h *health) worse(err error) {
	if h.score = min(h.score+2, unhealthy); h.score == unhealthy || h.fault != nil {
		h.fault = err
	}
}

func (h *health) better() {
	if h.score = max(0, h.score-1); h.score == 0 {
		h.fault = nil
	}
}

// sensorFaults are what is wrong with a sensor's options.
type sensorFaults []error

func (f *sensorFaults) addf(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

func (f *sensorFaults) name(name string) {
	if name == "" {
		f.addf("it has no name")
	}
}

func (f *sensorFaults) still(d time.Duration) {
	if d != 0 && (d < time.Second || d > time.Hour) {
		f.addf("still %v, must be from 1s to 1h", d)
	}
}

// number judges one and says whether it can be reckoned with.
func (f *sensorFaults) number(what string, v, least, most float64, unit string) bool {
	if v >= least && v <= most {
		return true
	}
	*f = append(*f, errors.New(strings.TrimSpace(fmt.Sprintf("%s %g, must be from %g to %g %s", what, v, least, most, unit))))
	return false
}

func (f *sensorFaults) noise(noise, most float64, unit string) {
	if !(noise > 0 && !(noise >= most)) || math.IsInf(noise, 0) {
		*f = append(*f, errors.New(strings.TrimSpace(fmt.Sprintf("noise %g, must be more than 0 and less than what is measured at most, %g %s", noise, most, unit))))
	}
}

func (f sensorFaults) join(what string) error {
	if len(f) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", what, errors.Join(f...))
}
