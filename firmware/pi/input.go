package pi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
)

// DefaultDebounce is how long a contact must be steady to count.
const DefaultDebounce = 30 * time.Millisecond

const (
	// inputPoll bounds how long Watch needs to notice that its context ended.
	// gpioioctl can be woken, but not safely from another goroutine.
	inputPoll = 100 * time.Millisecond
	// lostAfter is how many waits in a row must fail at once, instead of timing
	// out, until the line counts as lost: periph tells the two by nothing else.
	lostAfter = 10
	// noisiest is how many edges in a row are waited out before the level
	// counts although it never was steady.
	noisiest = 50
)

// InLine is what an input uses of a periph line.
type InLine interface {
	In(pull gpio.Pull, edge gpio.Edge) error
	Read() gpio.Level
	WaitForEdge(timeout time.Duration) bool
	Close()
}

// InputOptions name an input's line.
type InputOptions struct {
	Name      string
	Chip      string        // its label, as in pinctrl-rp1
	Line      string        // name on that chip, or number
	ActiveLow bool          // the contact pulls the line low; otherwise high
	Debounce  time.Duration // 0 is DefaultDebounce
	Use       firmware.Use
	// Opens says that the contact is made while there is nothing to tell, and opens
	// to tell it, as that of a door does which is held by the door.
	Opens bool
}

// Input is a contact between a line and ground, or supply.
type Input struct {
	o    InputOptions
	line InLine
	free func()

	watch  chan struct{} // filled by Watch; Close waits for its place
	active bool          // last reported; Watch's
	once   sync.Once
	done   chan struct{}
}

// OpenInput claims a line and pulls it to where its open contact leaves it: to its
// inactive side, if the contact does not open to tell.
func OpenInput(o InputOptions) (*Input, error) {
	_, line, err := claimLine("input "+o.Name, o.Chip, o.Line)
	if err != nil {
		return nil, fmt.Errorf("open input %s: %w", o.Name, err)
	}
	in, err := NewInput(line, o)
	if err != nil {
		freeLine(line)
		return nil, err
	}
	in.free = func() { freeLine(line) }
	return in, nil
}

// NewInput is OpenInput on a line that the caller found. The line is the
// input's from now on.
func NewInput(line InLine, o InputOptions) (*Input, error) {
	if o.Debounce <= 0 {
		o.Debounce = DefaultDebounce
	}
	// The chip pulls the line to where the contact does not.
	pull := gpio.PullDown
	if o.ActiveLow != o.Opens {
		pull = gpio.PullUp
	}
	if err := line.In(pull, gpio.BothEdges); err != nil {
		line.Close()
		return nil, fmt.Errorf("open input %s: %w", o.Name, err)
	}
	return &Input{o: o, line: line, free: func() {}, watch: make(chan struct{}, 1), done: make(chan struct{})}, nil
}

// Name is the input's name.
func (in *Input) Name() string { return in.o.Name }

// Use is what its contact tells.
func (in *Input) Use() firmware.Use { return in.o.Use }

// Watch reports a contact that has been steady for the debounce time, dated at
// its first edge; see firmware.Input. Only one Watch can run at a time.
func (in *Input) Watch(ctx context.Context, edge func(firmware.Press)) error {
	select {
	case in.watch <- struct{}{}:
		defer func() { <-in.watch }()
	default:
		return in.wrap(errors.New("it is watched already"))
	}
	failures, told := 0, false
	for first := true; ; first = false {
		select {
		case <-in.done:
			return in.wrap(firmware.ErrClosed)
		case <-ctx.Done():
			return in.wrap(ctx.Err())
		default:
		}
		moved, failed := false, false
		if !first {
			moved, failed = in.wait(inputPoll)
		}
		at := time.Now()
		if !failed && !moved && told && in.level() == in.active {
			failures = 0
			continue
		}
		for n, again := 0, !failed; n < noisiest && again; n++ {
			again, failed = in.wait(in.o.Debounce)
		}
		// A line that fails is not believed: periph reads it as low, which may
		// be a press.
		if failed {
			if failures++; failures == lostAfter {
				return in.wrap(errors.New("line is lost"))
			}
			continue
		}
		failures = 0
		if active := in.level(); active != in.active || !told {
			in.active, told = active, true
			edge(firmware.Press{Input: in.o.Name, Active: active, At: at})
		}
	}
}

// wait waits for an edge. A wait that ends without one before its time has
// failed.
func (in *Input) wait(most time.Duration) (moved, failed bool) {
	begin := time.Now()
	moved = in.line.WaitForEdge(most)
	return moved, !moved && time.Since(begin) < most/2
}

func (in *Input) level() bool { return (in.line.Read() == gpio.High) != in.o.ActiveLow }

// Close ends Watch and gives the line back.
func (in *Input) Close() error {
	in.once.Do(func() {
		close(in.done)
		in.watch <- struct{}{}
		defer func() { <-in.watch }()
		in.line.Close()
		in.free()
	})
	return nil
}

func (in *Input) wrap(err error) error { return fmt.Errorf("watch input %s: %w", in.o.Name, err) }
