package playout

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"loa/firmware"
)

// Verdict says what the board's sensors make of a cue.
type Verdict string

// The verdicts of Judge.
const (
	Heard   Verdict = "heard"
	Silent  Verdict = "silent"
	Unknown Verdict = "unknown"
)

// Why a sensor's word is no verdict, for errors.Is.
var (
	ErrTooLittleSent     = errors.New("too little was sent to judge by")
	ErrTooLittleMeasured = errors.New("too little was measured")
	ErrNoRest            = fmt.Errorf("%w: not what there is when nothing is sent", ErrTooLittleMeasured)
	ErrUnlike            = errors.New("what was measured does not follow what was sent")
)

// Reading is what one sensor measured while a cue was sent.
type Reading struct {
	Sensor   string
	Quantity firmware.Quantity
	Noise    float64   // readings up to here may stand for nothing
	Values   []float64 // one for every step of what was sent, NaN where nothing was measured
	Follows  []float64 // by step, what the sensor is to follow in place of what was sent; nil: that
	Err      error     // why there are none
}

// Figure is what became of a reading.
type Figure struct {
	Sensor   string
	Quantity firmware.Quantity
	Verdict  Verdict
	// Level is the mean while the cue was loud, Rest the mean while the
	// amplifier had power and nothing was sent (0 also where that is not known);
	// in the quantity's unit.
	Level, Rest float64
	Correlation float64 // of what was measured with what was sent, -1 to 1
	Err         error   // why the verdict is Unknown
}

const (
	// A step is loud from a quarter of the loudest around it on (-12 dB), and
	// quiet up to a thirtieth of the loudest of all (-30 dB). What does not
	// reach -30 dB of full scale is too soft for sensors.
	loudShare  = 0.25
	quietShare = 0.03
	leastLoud  = 0.03

	leastSteps = 10  // loud ones that a verdict takes: one second
	leastShare = 0.4 // of the loud ones, that Heard takes: it speaks for the whole cue
	leastRest  = 2   // quiet ones that make a rest
	stretch    = 100 // steps that must not be silent together: ten seconds

	// By chance alone n steps correlate by 1/sqrt(n) or so. Four times that,
	// and at least a half, is no chance, also when the best of some lags counts.
	leastCorrelation = 0.5
	noChance         = 4.0

	// A sensor may be some steps behind, and a device's word on when a sample
	// leaves it some milliseconds ahead.
	earliest, latest = -1, 5
)

// Judge says whether a cue was heard, by what was sent (the RMS of each step,
// full scale being 1; a few steps before the cue belong to it) and what sensors
// measured in the same steps. It is the only place that says so.
//
// Without a sensor that says so, nothing was heard. Where sensors disagree,
// Silent wins: a microphone also hears the next pole, which plays the same; a
// current flows also into a horn that lies on the ground; and a technician who
// comes in vain costs less than a village that was not warned.
func Judge(sent []float64, readings []Reading) (Verdict, []Figure) {
	all := Unknown
	var figures []Figure
	for _, r := range readings {
		f := judgeOne(sent, r)
		figures = append(figures, f)
		switch {
		case f.Verdict == Silent:
			all = Silent
		case f.Verdict == Heard && all == Unknown:
			all = Heard
		}
	}
	return all, figures
}

func judgeOne(sent []float64, r Reading) Figure {
	f := Figure{Sensor: r.Sensor, Quantity: r.Quantity, Verdict: Unknown, Err: r.Err}
	if r.Err != nil {
		return f
	}
	if r.Follows != nil {
		sent = r.Follows
	}
	loud, quiet := split(sent)
	if len(loud) < leastSteps {
		f.Err = ErrTooLittleSent
		return f
	}
	m := align(expected(sent, r.Quantity), r.Values)
	level, measured := mean(m.measured, loud)
	if measured < leastSteps {
		f.Err = ErrTooLittleMeasured
		return f
	}
	rest, rested := mean(m.measured, quiet)
	f.Level, f.Correlation = level, m.correlation
	if rested >= leastRest {
		f.Rest = rest
		f.Verdict, f.Err = m.decide(loud, level, rest, r.Noise)
	} else {
		// The rest is between nothing and the least that was measured. What holds
		// at both ends holds.
		f.Verdict, f.Err = m.decide(loud, level, 0, r.Noise)
		if v, _ := m.decide(loud, level, m.least(), r.Noise); v != f.Verdict {
			f.Verdict, f.Err = Unknown, ErrNoRest
		}
	}
	if f.Verdict == Heard && float64(measured) < leastShare*float64(len(loud)) {
		f.Verdict, f.Err = Unknown, ErrTooLittleMeasured
	}
	return f
}

// decide gives the verdict of a sensor that reads rest when nothing is sent, and
// why it is Unknown.
func (m *match) decide(loud []int, level, rest, noise float64) (Verdict, error) {
	follows := m.correlation >= leastCorrelation
	switch {
	case follows && level-rest <= noise,
		follows && m.fellSilent(loud, rest),
		!follows && m.wasFlat(loud, rest, noise):
		return Silent, nil
	case !follows:
		return Unknown, ErrUnlike
	case m.correlation < noChance/math.Sqrt(float64(m.steps)):
		return Unknown, ErrTooLittleSent
	}
	return Heard, nil
}

// split gives the numbers of the steps that were loud for their ten seconds, as
// speech is after a siren too, and of those that were quiet with their
// neighbours: a sensor's steps are not quite the player's.
func split(sent []float64) (loud, quiet []int) {
	var loudest float64
	for from := 0; from < len(sent); from += stretch {
		part := sent[from:min(from+stretch, len(sent))]
		usual := slices.Sorted(slices.Values(part))[len(part)*95/100]
		loudest = max(loudest, usual)
		for i, v := range part {
			if v >= max(leastLoud, loudShare*usual) {
				loud = append(loud, from+i)
			}
		}
	}
	soft := func(i int) bool { return i < 0 || i >= len(sent) || sent[i] <= quietShare*loudest }
	for i := range sent {
		if soft(i) && soft(i-1) && soft(i+1) {
			quiet = append(quiet, i)
		}
	}
	return loud, quiet
}

// expected is what a sensor would follow: a current goes with a sound's power, a
// pressure with its amplitude. An amplifier whose current goes with the
// amplitude is like enough to that.
func expected(sent []float64, q firmware.Quantity) []float64 {
	if q != firmware.Current {
		return sent
	}
	power := make([]float64, len(sent))
	for i, v := range sent {
		power[i] = v * v
	}
	return power
}

// match is what was measured, shifted to where it follows best what was expected.
type match struct {
	expected, measured []float64 // by step; NaN where nothing was measured
	correlation        float64   // Pearson's; 0 where one of them has no shape
	slope              float64   // of what was measured by what was expected
	steps              int       // that were measured
}

func align(expected, measured []float64) match {
	best := match{correlation: math.Inf(-1)}
	for lag := earliest; lag <= latest; lag++ {
		m := match{expected: expected, measured: shift(measured, lag, len(expected))}
		if m.correlate(); m.correlation > best.correlation {
			best = m
		}
	}
	return best
}

func shift(measured []float64, lag, n int) []float64 {
	moved := make([]float64, n)
	for i := range moved {
		moved[i] = math.NaN()
		if j := i + lag; j >= 0 && j < len(measured) {
			moved[i] = measured[j]
		}
	}
	return moved
}

func (m *match) correlate() {
	var sumE, sumM float64
	for i, v := range m.measured {
		if !math.IsNaN(v) {
			sumE, sumM, m.steps = sumE+m.expected[i], sumM+v, m.steps+1
		}
	}
	var both, ee, mm float64
	for i, v := range m.measured {
		if !math.IsNaN(v) {
			de, dm := m.expected[i]-sumE/float64(m.steps), v-sumM/float64(m.steps)
			both, ee, mm = both+de*dm, ee+de*de, mm+dm*dm
		}
	}
	if ee > 0 && mm > 0 {
		m.correlation, m.slope = both/math.Sqrt(ee*mm), both/ee
	}
}

// least is the lowest that was measured.
func (m *match) least() float64 {
	low := math.Inf(1)
	for _, v := range m.measured {
		if !math.IsNaN(v) {
			low = min(low, v)
		}
	}
	return low
}

// mean of the steps that are known.
func mean(values []float64, steps []int) (m float64, n int) {
	for _, i := range steps {
		if !math.IsNaN(values[i]) {
			m, n = m+values[i], n+1
		}
	}
	if n == 0 {
		return 0, 0
	}
	return m / float64(n), n
}

// stretches gives the loud steps of every ten seconds, and of all.
func (m *match) stretches(loud []int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		for from := 0; from < len(m.measured); from += stretch / 2 {
			first, _ := slices.BinarySearch(loud, from)
			end, _ := slices.BinarySearch(loud, from+stretch)
			if !yield(loud[first:end]) {
				return
			}
		}
		yield(loud)
	}
}

// fellSilent reports whether some stretch of a cue that was followed as a whole
// rose by less than a fifth of what it should have.
func (m *match) fellSilent(loud []int, rest float64) bool {
	for steps := range m.stretches(loud) {
		level, n := mean(m.measured, steps)
		should, _ := mean(m.expected, steps)
		if n >= leastSteps && level-rest <= should*m.slope/5 {
			return true
		}
	}
	return false
}

// wasFlat reports whether some stretch of a cue left a sensor where it rests.
func (m *match) wasFlat(loud []int, rest, noise float64) bool {
	for steps := range m.stretches(loud) {
		level, n := mean(m.measured, steps)
		if n < leastSteps || level-rest > noise {
			continue
		}
		var apart float64
		for _, i := range steps {
			if v := m.measured[i]; !math.IsNaN(v) {
				apart = max(apart, math.Abs(v-level))
			}
		}
		if apart <= noise {
			return true
		}
	}
	return false
}
