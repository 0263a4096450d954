package playout

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"loa/controller/schedule"
	"loa/firmware"
)

const (
	// askLimit is how long sensors may take to answer. Nothing else waits
	// longer for their sake.
	askLimit = 200 * time.Millisecond
	// lead is how long before a cue sensors are looked at, to know their rest.
	lead = 500 * time.Millisecond
	// inrush is how long after the relays' closing what an amplifier takes
	// tells nothing.
	inrush = 200 * time.Millisecond
)

// errNoAnswer says that a sensor was asked in vain. It is not asked again until
// it has answered.
var errNoAnswer = errors.New("no answer")

// watcher is a sensor, and whether it owes an answer.
type watcher struct {
	firmware.Sensor
	asked atomic.Bool
	idle  float64 // what it read of power alone before a cue that was heard; 0: not known
}

// prove adds to the end of a cue what the sensors make of it.
func (o *output) prove(e *Event) {
	e.Evidence.Verdict = Unknown
	if len(o.sensors) == 0 || e.Evidence.FirstSample.IsZero() {
		return
	}
	if o.cue.Class == schedule.SelfTest {
		o.proveTest(e)
		return
	}
	s := &o.air.sent
	begin := e.Evidence.FirstSample.Add(-lead)
	if settled := o.power.closed.Add(inrush); begin.Before(settled) {
		begin = settled
	}
	from := max(s.step(begin), s.first)
	n := s.step(e.Evidence.LastSample) - from
	e.Evidence.Verdict, e.Evidence.Sensors = Judge(s.levels(from, n), ask(o.sensors, s.at(from), int(max(0, n))))
	for i, f := range e.Evidence.Sensors {
		if f.Verdict == Heard {
			o.sensors[i].idle = f.Rest
		}
	}
}

// ask reads sensors side by side, and answers in their order.
func ask(sensors []*watcher, from time.Time, n int) []Reading {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	answers := make([]chan Reading, len(sensors))
	for i, w := range sensors {
		if !w.asked.CompareAndSwap(false, true) {
			continue
		}
		answers[i] = make(chan Reading, 1)
		go func() {
			defer w.asked.Store(false)
			answers[i] <- w.read(ctx, from, n)
		}()
	}
	readings := make([]Reading, len(sensors))
	for i, w := range sensors {
		readings[i] = w.reading(nil, errNoAnswer)
		if answers[i] == nil {
			continue
		}
		select {
		case readings[i] = <-answers[i]:
		case <-ctx.Done():
			// One that answered in time is not passed over for another's sake.
			select {
			case readings[i] = <-answers[i]:
			default:
			}
		}
	}
	return readings
}

// read asks one sensor. What goes wrong in it must cost its word, not the
// loudspeaker's next warning.
func (w *watcher) read(ctx context.Context, from time.Time, n int) (r Reading) {
	defer func() {
		if p := recover(); p != nil {
			r = w.reading(nil, fmt.Errorf("read sensor %s: %v", w.Name(), p))
		}
	}()
	values, err := w.Envelope(ctx, from, n)
	if err == nil && len(values) != n {
		err = fmt.Errorf("read sensor %s: %d readings, asked for %d", w.Name(), len(values), n)
	}
	return w.reading(values, err)
}

func (w *watcher) reading(values []float64, err error) Reading {
	if err != nil {
		values = nil
	}
	return Reading{Sensor: w.Name(), Quantity: w.Quantity(), Noise: w.Noise(), Values: values, Err: err}
}
