package pi

import (
	"context"
	"fmt"
	"sync"

	"loa/firmware"
)

// LateInput is an input whose line need not be there when the board is opened,
// or all the time: each Watch asks for it if it has none.
type LateInput struct {
	o    InputOptions
	open func(InputOptions) (*Input, error)

	mu   sync.Mutex
	done bool
	in   *Input
}

// NewLateInput takes no line yet.
func NewLateInput(o InputOptions, open func(InputOptions) (*Input, error)) *LateInput {
	return &LateInput{o: o, open: open}
}

// Name is the input's name.
func (l *LateInput) Name() string { return l.o.Name }

// Use is what its contact tells.
func (l *LateInput) Use() firmware.Use { return l.o.Use }

// Watch asks for the line, if need be, and reports its contact; see
// firmware.Input.
func (l *LateInput) Watch(ctx context.Context, edge func(firmware.Press)) error {
	in, err := l.take()
	if err != nil {
		return err
	}
	err = in.Watch(ctx, edge)
	if ctx.Err() == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.done && l.in == in { // its line is lost: the next Watch asks anew
			_ = in.Close()
			l.in = nil
		}
	}
	return err
}

func (l *LateInput) take() (*Input, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return nil, fmt.Errorf("watch input %s: %w", l.o.Name, firmware.ErrClosed)
	}
	if l.in != nil {
		return l.in, nil
	}
	in, err := l.open(l.o)
	if err != nil {
		return nil, err
	}
	l.in = in
	return in, nil
}

// Close ends Watch and gives the line back.
func (l *LateInput) Close() error {
	l.mu.Lock()
	l.done = true
	in := l.in
	l.mu.Unlock()
	if in == nil {
		return nil
	}
	return in.Close()
}
