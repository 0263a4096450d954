package sim

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"loa/firmware"
)

// goodVolts is what a supply gives until a test says otherwise.
const goodVolts = 230

// Grid is the cabinet's mains, and the sensor that measures it.
type Grid struct {
	name  string
	begun time.Time

	mu    sync.Mutex
	volts []voltage // in the order of time; the last one goes on
	fault error
	done  bool
}

type voltage struct {
	from  time.Time
	volts float64
}

// NewGrid makes one of 230 V.
func NewGrid(name string) *Grid {
	now := time.Now()
	return &Grid{name: name, begun: now, volts: []voltage{{now, goodVolts}}}
}

// Name is the sensor's name.
func (s *Grid) Name() string { return s.name }

// Quantity is what it measures.
func (s *Grid) Quantity() firmware.Quantity { return firmware.Mains }

// Noise is the most that it reads of nothing.
func (s *Grid) Noise() float64 { return 2 }

// Set changes the voltage from now on. NaN is one that cannot be measured.
func (s *Grid) Set(volts float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.volts = append(s.volts, voltage{time.Now(), volts})
}

// Fail makes every later Envelope return err, as a sensor out of order does. Nil
// heals it.
func (s *Grid) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// Envelope tells what the voltage was; see firmware.Sensor.
func (s *Grid) Envelope(ctx context.Context, from time.Time, n int) ([]float64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.done:
		return nil, fmt.Errorf("read sensor %s: %w", s.name, firmware.ErrClosed)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("read sensor %s: %w", s.name, ctx.Err())
	case n < 0 || n > mostReadings:
		return nil, fmt.Errorf("read sensor %s: %d readings, at most %d", s.name, n, mostReadings)
	case s.fault != nil:
		return nil, fmt.Errorf("read sensor %s: %w", s.name, s.fault)
	}
	now := time.Now()
	readings := make([]float64, n)
	for i := range readings {
		begin := from.Add(time.Duration(i) * firmware.SensorStep)
		end := begin.Add(firmware.SensorStep)
		readings[i] = math.NaN()
		if !begin.Before(s.begun) && !end.After(now) && now.Sub(begin) <= firmware.SensorMemory {
			readings[i] = s.rms(begin, end)
		}
	}
	return readings, nil
}

func (s *Grid) rms(begin, end time.Time) float64 {
	var sum float64
	until := end
	for i := len(s.volts) - 1; i >= 0 && until.After(begin); i-- {
		v := s.volts[i]
		if from := later(v.from, begin); from.Before(until) {
			sum += v.volts * v.volts * until.Sub(from).Seconds()
			until = from
		}
	}
	return math.Sqrt(sum / end.Sub(begin).Seconds())
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Close ends the sensor.
func (s *Grid) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	return nil
}
