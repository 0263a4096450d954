package playout

import (
	"math"
	"time"

	"loa/firmware"
)

const (
	stepSamples = int64(firmware.SampleRate * firmware.SensorStep / time.Second)
	// mostSent is how many steps are remembered: what is older no sensor
	// remembers either.
	mostSent = int64(firmware.SensorMemory / firmware.SensorStep)
)

// sent remembers how loud what left the speaker was, in steps that sensors can
// be asked for, since the relays closed.
type sent struct {
	begun  time.Time // where step 0 begins
	first  int64     // number of the step of energy[0]
	energy []float32 // sum of the squares of a step's samples, full scale being 1
}

// begin forgets what was before.
func (s *sent) begin(at time.Time) { s.begun, s.first, s.energy = at, 0, s.energy[:0] }

// at is when a step begins.
func (s *sent) at(step int64) time.Time {
	return s.begun.Add(time.Duration(step) * firmware.SensorStep)
}

// step is the number of the step that begins at t or next after it.
func (s *sent) step(t time.Time) int64 {
	d := t.Sub(s.begun)
	return int64((d + firmware.SensorStep - 1) / firmware.SensorStep)
}

// add takes samples that leave the speaker from a moment on.
func (s *sent) add(from time.Time, pcm []int16) {
	if s.begun.IsZero() || from.Before(s.begun) {
		return
	}
	at := samplesOf(from.Sub(s.begun))
	for len(pcm) > 0 {
		n := min(int64(len(pcm)), stepSamples-at%stepSamples)
		var sum float64
		for _, v := range pcm[:n] {
			sum += float64(v) * float64(v)
		}
		*s.of(at / stepSamples) += float32(sum / (math.MaxInt16 * math.MaxInt16))
		pcm, at = pcm[n:], at+n
	}
}

// of makes room for a step that is not older than the last.
func (s *sent) of(step int64) *float32 {
	if step-s.first >= 2*mostSent { // nothing was sent for an hour and more
		s.first, s.energy = step, s.energy[:0]
	}
	for int64(len(s.energy)) <= step-s.first {
		s.energy = append(s.energy, 0)
	}
	if over := int64(len(s.energy)) - mostSent; over >= mostSent/60 { // not at every step
		s.energy = append(s.energy[:0], s.energy[over:]...)
		s.first += over
	}
	return &s.energy[max(0, step-s.first)]
}

// levels is the RMS of n steps, full scale being 1.
func (s *sent) levels(from int64, n int64) []float64 {
	all := make([]float64, max(0, n))
	for i := range all {
		if k := from + int64(i) - s.first; k >= 0 && k < int64(len(s.energy)) {
			all[i] = math.Sqrt(float64(s.energy[k]) / float64(stepSamples))
		}
	}
	return all
}
