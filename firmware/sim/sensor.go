package sim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"loa/firmware"
)

// What the simulated cabinet holds: a class D amplifier of 60 W on 24 V, and
// horns that give 120 dB at one metre, among trees in which there is some wind.
const (
	idleCurrent = 0.12 // A
	fullCurrent = 5.9  // A, over idle, by mean square: a full sine is half of it
	fullSound   = 20.0 // Pa, of RMS 1
	wind        = 0.04 // Pa, at most

	currentRipple = 0.003 // A, at most, that a current sensor reads of nothing
)

// Sensor measures one quantity of an amplifier. It tells what its sensor would
// have told: from the contacts, the samples that left the speaker, and the
// condition of what is behind them.
type Sensor struct {
	name     string
	quantity firmware.Quantity
	of       *Amplifier
	seed     uint64

	mu      sync.Mutex
	done    bool
	fault   error
	hung    bool
	changed chan struct{} // closed and replaced when a blocked call must look again
}

// NewSensor makes a sensor of firmware.Current or firmware.Sound.
func NewSensor(name string, q firmware.Quantity, of *Amplifier) (*Sensor, error) {
	if q != firmware.Current && q != firmware.Sound {
		return nil, fmt.Errorf("make sensor %s: %q is not measured here", name, q)
	}
	if of == nil {
		return nil, fmt.Errorf("make sensor %s: it has no amplifier", name)
	}
	s := &Sensor{name: name, quantity: q, of: of, changed: make(chan struct{})}
	for _, c := range name {
		s.seed = s.seed*31 + uint64(c)
	}
	return s, nil
}

// Name is the sensor's name.
func (s *Sensor) Name() string { return s.name }

// Quantity is what it measures.
func (s *Sensor) Quantity() firmware.Quantity { return s.quantity }

// Noise is the most that it reads of nothing.
func (s *Sensor) Noise() float64 {
	if s.quantity == firmware.Current {
		return 3 * currentRipple
	}
	return 2 * wind
}

// Envelope tells what happened; see firmware.Sensor.
func (s *Sensor) Envelope(ctx context.Context, from time.Time, n int) ([]float64, error) {
	for {
		s.mu.Lock()
		done, fault, hung, changed := s.done, s.fault, s.hung, s.changed
		s.mu.Unlock()
		switch {
		case done:
			return nil, s.wrap(firmware.ErrClosed)
		case ctx.Err() != nil:
			return nil, s.wrap(ctx.Err())
		case n < 0 || n > mostReadings:
			return nil, s.wrap(fmt.Errorf("%d readings, at most %d", n, mostReadings))
		case fault != nil:
			return nil, s.wrap(fault)
		case !hung:
			return s.envelope(from, n), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// mostReadings is more than any sensor remembers.
const mostReadings = 2 * int(firmware.SensorMemory/firmware.SensorStep)

func (s *Sensor) envelope(from time.Time, n int) []float64 {
	readings := make([]float64, n)
	first := uint64(from.Sub(s.of.begun) / firmware.SensorStep)
	s.of.measure(from, n, func(i int, known bool, m measured) {
		if !known {
			readings[i] = math.NaN()
			return
		}
		// The same step has the same noise whenever it is asked for.
		noise := rand.New(rand.NewPCG(s.seed, first+uint64(i))).Float64()
		if s.quantity == firmware.Current {
			readings[i] = m.powered*idleCurrent + m.square*fullCurrent + noise*currentRipple
		} else {
			readings[i] = math.Sqrt(m.square*fullSound*fullSound + noise*wind*wind)
		}
	})
	return readings
}

// Close ends the sensor.
func (s *Sensor) Close() error {
	s.alter(func() { s.done = true })
	return nil
}

// Fail makes every later Envelope return err, as a sensor out of order does. Nil
// heals it.
func (s *Sensor) Fail(err error) { s.alter(func() { s.fault = err }) }

// Hang makes Envelope block until its context ends, or until it is let go.
func (s *Sensor) Hang(hung bool) { s.alter(func() { s.hung = hung }) }

func (s *Sensor) alter(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Sensor) wrap(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("read sensor %s: no answer: %w", s.name, err)
	}
	return fmt.Errorf("read sensor %s: %w", s.name, err)
}
