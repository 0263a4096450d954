package pi_test

import (
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// line behaves as lines were seen to behave on gpio-sim: as an output like Out,
// which gets its direction and its level at once; as an input like one of
// gpioioctl, which turns an output into an input by reading it.
type line struct {
	t *testing.T

	mu     sync.Mutex
	level  gpio.Level // outside
	output bool
	fault  error            // of every request and every level
	refuse error            // of what was done nevertheless
	moves  func(gpio.Level) // called for each change of the level outside
	edges  chan struct{}
	gone   chan struct{} // closed: waits fail at once
	closed int
}

func newLine(t *testing.T, level gpio.Level) *line {
	return &line{t: t, level: level, moves: func(gpio.Level) {}, edges: make(chan struct{}, 100), gone: make(chan struct{})}
}

func (l *line) In(pull gpio.Pull, _ gpio.Edge) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.output = false
	if l.fault != nil {
		return l.fault
	}
	switch pull {
	case gpio.PullUp:
		l.move(gpio.High)
	case gpio.PullDown:
		l.move(gpio.Low)
	}
	return nil
}

func (l *line) Out(level gpio.Level) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return l.fault
	}
	l.output = true
	l.move(level)
	return l.refuse
}

func (l *line) Read() gpio.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.output {
		l.t.Error("an output was read: gpioioctl turns it into an input")
	}
	return l.level
}

func (l *line) WaitForEdge(timeout time.Duration) bool {
	select {
	case <-l.gone:
		return false
	default:
	}
	select {
	case <-l.gone:
		return false
	case <-l.edges:
		return true
	case <-time.After(timeout):
		return false
	}
}

func (l *line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.output = false
	l.closed++
}

// die makes the line what an unbound chip leaves of it.
func (l *line) die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.level = gpio.Low // which periph reads when it cannot read
	close(l.gone)
}

// drive moves an input from outside.
func (l *line) drive(level gpio.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.level != level {
		l.move(level)
		l.edges <- struct{}{}
	}
}

func (l *line) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = err
}

func (l *line) move(level gpio.Level) {
	if l.level != level {
		l.level = level
		l.moves(level)
	}
}
