package pi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"loa/firmware"
)

// lookAgain is how long a sensor that could not be opened is left alone.
const lookAgain = 30 * time.Second

// LateSensor is a sensor that need not be there when the board is opened: one
// that is absent, or whose bus is, costs its word and not the board. It is tried
// again until it is there.
type LateSensor struct {
	name     string
	quantity firmware.Quantity
	noise    float64
	open     func() (*Sensor, error)

	fault  fault
	cancel context.CancelFunc
	ended  chan struct{}

	mu     sync.Mutex
	done   bool
	sensor *Sensor
	why    error // there is no sensor
}

var errOpening = errors.New("it is being opened")

// OpenLate begins to open a sensor. Its name, quantity and noise are as those of
// the sensor that open gives; a noise of 0 is not known until then.
func OpenLate(name string, q firmware.Quantity, noise float64, open func() (*Sensor, error)) *LateSensor {
	ctx, cancel := context.WithCancel(context.Background())
	l := &LateSensor{
		name: name, quantity: q, noise: noise, open: open,
		cancel: cancel, ended: make(chan struct{}), why: errOpening,
	}
	go l.keep(ctx)
	return l
}

// keep opens the sensor, and then passes on its faults.
func (l *LateSensor) keep(ctx context.Context) {
	defer close(l.ended)
	for ctx.Err() == nil {
		s, err := l.open()
		l.mu.Lock()
		l.sensor, l.why = s, err
		l.mu.Unlock()
		if err == nil {
			l.fault.set("")
			s.Monitor().Watch(ctx, l.fault.set)
			return
		}
		l.fault.set(err.Error())
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
	}
}

// Name is the sensor's name.
func (l *LateSensor) Name() string { return l.name }

// Quantity is what it measures.
func (l *LateSensor) Quantity() firmware.Quantity { return l.quantity }

// Noise is the most that it reads of nothing.
func (l *LateSensor) Noise() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sensor != nil {
		return l.sensor.Noise()
	}
	return l.noise
}

// Envelope tells what was measured, or why there is no sensor; see
// firmware.Sensor.
func (l *LateSensor) Envelope(ctx context.Context, from time.Time, n int) ([]float64, error) {
	l.mu.Lock()
	done, s, why := l.done, l.sensor, l.why
	l.mu.Unlock()
	switch {
	case done:
		why = firmware.ErrClosed
	case ctx.Err() != nil:
		why = ctx.Err()
	case s != nil:
		return s.Envelope(ctx, from, n)
	}
	return nil, fmt.Errorf("read sensor %s: %w", l.name, why)
}

// Close ends the sensor. One that is just being opened ends when its bus answers.
func (l *LateSensor) Close() error {
	l.mu.Lock()
	l.done = true
	l.mu.Unlock()
	l.cancel()
	timeout := time.NewTimer(leave)
	defer timeout.Stop()
	select {
	case <-l.ended:
	case <-timeout.C:
		go func() {
			<-l.ended
			_ = l.end()
		}()
		return fmt.Errorf("close sensor %s: the bus does not answer", l.name)
	}
	return l.end()
}

func (l *LateSensor) end() error {
	l.mu.Lock()
	s := l.sensor
	l.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.Close()
}

// Monitor tells of the sensor's faults, and of its absence.
func (l *LateSensor) Monitor() firmware.Monitor {
	return monitor{"sensor " + l.name, l.fault.watch}
}

// monitor is a firmware.Monitor of a part whose own Name is another one.
type monitor struct {
	name  string
	watch func(context.Context, func(string))
}

func (m monitor) Name() string { return m.name }

func (m monitor) Watch(ctx context.Context, tell func(string)) { m.watch(ctx, tell) }

// askSensor is how often a sensor's health is looked at.
const askSensor = 500 * time.Millisecond

// Monitor tells of the sensor's faults. Of one fault it tells the first figure:
// what a broken chip reads changes all the time.
func (s *Sensor) Monitor() firmware.Monitor { return monitor{"sensor " + s.name, s.watch} }

func (s *Sensor) watch(ctx context.Context, tell func(string)) {
	tick := time.NewTicker(askSensor)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if what := s.wrong(); faultKind(what) != faultKind(told) {
			tell(what)
			told = what
		}
	}
}

// faultKind is a fault without the figures that follow.
func faultKind(what string) string {
	kind, _, _ := strings.Cut(what, ": it ")
	return kind
}

// wrong is what is wrong with the sensor now, "" for nothing.
func (s *Sensor) wrong() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.done:
		return ""
	case time.Since(s.tried) > patience:
		return fmt.Sprintf("%s: the bus does not answer", &s.chip)
	case s.health.fault != nil:
		return fmt.Sprintf("%s: %v", &s.chip, s.health.fault)
	}
	return ""
}
