package playout

import (
	"errors"
	"fmt"
	"math"
	"time"

	"loa/controller/schedule"
	"loa/firmware"
)

// A self-test gives the amplifier power and sounds nothing: what it takes by
// itself tells that it lives. An output whose card and amplifier reach so high
// then sounds a soft tone that nobody hears and a sensor of the line does.
const (
	// testRest is how long the relays are open before, so that sensors tell what
	// they read without power.
	testRest = 3 * time.Second
	testIdle = 4 * time.Second
	testTone = 3 * time.Second

	toneHz   = 18_500.0
	tonePeak = 0.0316 // of full scale: -30 dB
	toneEdge = 500 * time.Millisecond
	toneName = "tone"
)

// Why a sensor says nothing of a self-test, for errors.Is.
var (
	ErrNoTone   = errors.New("no tone was sounded that it could follow")
	ErrNotAsked = errors.New("a soft tone proves nothing to it, so it was not asked")
	ErrIdleLow  = errors.New("the amplifier takes too little by itself for it to tell")
)

// testParts is what a self-test sounds, whatever its cue says.
func testParts(ultrasonic bool) []Part {
	parts := []Part{{Pause: testIdle}}
	if ultrasonic {
		parts = append(parts, Part{Sources: []Source{{BuiltIn: toneName}}})
	}
	return parts
}

// newTone rises and falls so slowly that nothing of it can be heard.
func newTone() sound {
	n, edge := samplesOf(testTone), samplesOf(toneEdge)
	return &formula{n: n, sample: func(i int64) int16 {
		level := 1.0
		if near := min(i, n-1-i); near < edge {
			level = (1 - math.Cos(math.Pi*float64(near)/float64(edge))) / 2
		}
		turns := math.Mod(toneHz*float64(i)/firmware.SampleRate, 1)
		return int16(math.Round(level * tonePeak * math.MaxInt16 * math.Sin(2*math.Pi*turns)))
	}}
}

// restUntil is when the coming cue may begin, zero for now: a self-test needs
// relays that were open for a while.
func (o *output) restUntil() time.Time {
	if o.coming == nil || o.coming.cue.Class != schedule.SelfTest {
		return time.Time{}
	}
	rested := o.opened.Add(testRest)
	switch {
	case o.power.on: // the tail of what was before
		rested = o.offAt
	case !time.Now().Before(rested):
		return time.Time{}
	}
	return rested
}

// proveTest adds to the end of a self-test what the sensors make of it: a
// current follows the relays, a line the tone.
func (o *output) proveTest(e *Event) {
	s := &o.air.sent
	from := -int64(testRest / firmware.SensorStep)
	n := s.step(e.Evidence.LastSample) - from
	settled := s.step(o.power.closed.Add(inrush))
	power, tone := make([]float64, n), s.levels(from, n)
	loudest := 0.0
	for i := range tone {
		if step := from + int64(i); step >= 0 {
			power[i] = 1
		}
		loudest = max(loudest, tone[i])
	}
	for i := range tone {
		tone[i] /= max(loudest, math.SmallestNonzeroFloat32)
	}

	var asked []*watcher
	for _, w := range o.sensors {
		if w.follows(o.Ultrasonic) == nil {
			asked = append(asked, w)
		}
	}
	answers := ask(asked, s.at(from), int(n))
	var readings []Reading
	for _, w := range o.sensors {
		if why := w.follows(o.Ultrasonic); why != nil {
			readings = append(readings, w.reading(nil, why))
			continue
		}
		r := answers[0]
		answers = answers[1:]
		r.Follows = tone
		known := func(step int64) bool { return step >= settled }
		if r.Quantity == firmware.Current {
			r.Follows = power
			known = func(step int64) bool {
				open := len(o.power.relays) > 0 && !s.at(step).Before(o.opened) && !s.at(step+1).After(o.power.since)
				return open || step >= settled
			}
		}
		for i := range r.Values {
			if !known(from + int64(i)) {
				r.Values[i] = math.NaN()
			}
		}
		readings = append(readings, r)
	}
	e.Evidence.Verdict, e.Evidence.Sensors = Judge(nil, readings)
}

// follows says why a sensor has nothing to follow in a self-test; nil: it has.
func (w *watcher) follows(ultrasonic bool) error {
	switch q := w.Quantity(); {
	case q == firmware.Current && w.idle > 0 && w.idle <= w.Noise():
		return fmt.Errorf("self-test: %w", ErrIdleLow)
	case q == firmware.Current, q == firmware.Line && ultrasonic:
		return nil
	case q == firmware.Line:
		return fmt.Errorf("self-test: %w", ErrNoTone)
	}
	return fmt.Errorf("self-test: %w", ErrNotAsked)
}
