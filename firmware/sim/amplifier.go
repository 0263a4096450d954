package sim

import (
	"math"
	"slices"
	"sync"
	"time"

	"loa/firmware"
)

// Condition is how an amplifier and its horns are.
type Condition int

const (
	Healthy       Condition = iota
	AmplifierDead           // it takes no current, whatever the relays do
	HornsCut                // it works on an open line
)

// Amplifier is what stands between a board and the people who listen: the
// samples that leave the speaker leave the horns while the relays have power on
// it and nothing is broken. It keeps the last hour of that, by which its sensors
// know what they tell.
type Amplifier struct {
	begun time.Time

	mu        sync.Mutex
	wired     bool // it has, or had, relays
	relays    map[*Relay]bool
	speaker   *Speaker
	condition Condition
	lives     []life            // in the order of time; the last one goes on
	heard     map[int64]*minute // by number since begun
}

// life is a time in which nothing changed. It ends where the next one begins.
type life struct {
	from    time.Time
	powered bool // it takes current
	sounds  bool // and its horns give sound
}

const (
	stepSamples = int(firmware.SampleRate * firmware.SensorStep / time.Second)
	minuteSteps = int64(time.Minute / firmware.SensorStep)
)

// minute holds the energy of what left the horns, one value a step: the sum of
// the squares of the samples, full scale being 1.
type minute [minuteSteps]float32

// NewAmplifier makes a healthy one without power. Relays and a speaker join it
// by their options; one whose board has no relay always has power.
func NewAmplifier() *Amplifier {
	return &Amplifier{begun: time.Now(), relays: map[*Relay]bool{}, heard: map[int64]*minute{}}
}

// Break changes the condition from now on; Healthy mends it.
func (a *Amplifier) Break(c Condition) {
	a.settle()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.condition = c
	a.change(time.Now())
}

// joinRelay takes a relay in, whose contact is open. A nil amplifier is none.
func (a *Amplifier) joinRelay(r *Relay) { a.contact(r, false, time.Now()) }

func (a *Amplifier) joinSpeaker(s *Speaker) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.speaker = s
	a.change(time.Now())
}

// leave forgets a relay that nobody drives any more, unless its contact is stuck
// where power goes through.
func (a *Amplifier) leave(r *Relay) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.relays[r] {
		delete(a.relays, r)
	}
	a.change(time.Now())
}

// contact notes where a relay's contact is.
func (a *Amplifier) contact(r *Relay, closed bool, at time.Time) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wired = true
	a.relays[r] = closed
	a.change(at)
}

// change begins a new life where something is different now.
func (a *Amplifier) change(at time.Time) {
	powered := !a.wired || len(a.relays) > 0
	for _, closed := range a.relays {
		powered = powered && closed
	}
	powered = powered && a.condition != AmplifierDead
	next := life{at, powered, powered && a.condition != HornsCut}
	if n := len(a.lives); n > 0 {
		if last := a.lives[n-1]; last.powered == next.powered && last.sounds == next.sounds {
			return
		}
	}
	a.lives = append(a.lives, next)
	a.forget(at)
}

// forget drops what is older than a sensor can be asked for.
func (a *Amplifier) forget(now time.Time) {
	old := now.Add(-firmware.SensorMemory - time.Minute)
	gone := 0
	for gone+1 < len(a.lives) && a.lives[gone+1].from.Before(old) {
		gone++
	}
	if gone > 0 {
		a.lives = slices.Delete(a.lives, 0, gone)
	}
	if most := int(firmware.SensorMemory/time.Minute) + 2; len(a.heard) > most {
		first, _ := a.step(old)
		for number := range a.heard {
			if (number+1)*minuteSteps <= first {
				delete(a.heard, number)
			}
		}
	}
}

// sound takes samples that left the speaker from start on.
func (a *Amplifier) sound(start time.Time, pcm []int16) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	const look = firmware.SampleRate / 1000 // samples: relays are looked at every millisecond
	for at := 0; at < len(pcm); at += look {
		t := start.Add(duration(at))
		if !a.at(t).sounds {
			continue
		}
		var energy float64
		for _, v := range pcm[at:min(at+look, len(pcm))] {
			energy += float64(v) * float64(v)
		}
		if energy > 0 {
			a.add(t, energy/(math.MaxInt16*math.MaxInt16))
		}
	}
}

func (a *Amplifier) add(t time.Time, energy float64) {
	step, _ := a.step(t)
	if step < 0 {
		return
	}
	m := a.heard[step/minuteSteps]
	if m == nil {
		m = new(minute)
		a.heard[step/minuteSteps] = m
		a.forget(t)
	}
	m[step%minuteSteps] += float32(energy)
}

// step is the number of the step in which t lies, and how far into it.
func (a *Amplifier) step(t time.Time) (number int64, into float64) {
	d := t.Sub(a.begun)
	number = int64(d / firmware.SensorStep)
	if d < 0 {
		return -1, 0
	}
	return number, float64(d%firmware.SensorStep) / float64(firmware.SensorStep)
}

// energy of a step that was numbered by step.
func (a *Amplifier) energy(step int64) float64 {
	if m := a.heard[step/minuteSteps]; m != nil && step >= 0 {
		return float64(m[step%minuteSteps])
	}
	return 0
}

// at is the life in which t lies.
func (a *Amplifier) at(t time.Time) life {
	for i := len(a.lives) - 1; i >= 0; i-- {
		if !t.Before(a.lives[i].from) {
			return a.lives[i]
		}
	}
	return life{}
}

// settle lets the speaker hand in what has sounded.
func (a *Amplifier) settle() {
	a.mu.Lock()
	s := a.speaker
	a.mu.Unlock()
	if s != nil {
		s.Buffered()
	}
}

// measured is what happened in one step: the share of it in which current was
// taken, and the mean square of what left the horns.
type measured struct {
	powered float64
	square  float64
}

// measure tells of n steps from a moment on; known is false for a step that
// sensors do not tell of.
func (a *Amplifier) measure(from time.Time, n int, each func(i int, known bool, m measured)) {
	a.settle()
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	old := now.Add(-firmware.SensorMemory)
	at := 0 // of lives: the one in which the step begins
	for i := range n {
		start := from.Add(time.Duration(i) * firmware.SensorStep)
		end := start.Add(firmware.SensorStep)
		if start.Before(a.begun) || start.Before(old) || end.After(now) {
			each(i, false, measured{})
			continue
		}
		var m measured
		for at+1 < len(a.lives) && !a.lives[at+1].from.After(start) {
			at++
		}
		for k := at; k < len(a.lives) && a.lives[k].from.Before(end); k++ {
			if !a.lives[k].powered {
				continue
			}
			begin, stop := a.lives[k].from, end
			if begin.Before(start) {
				begin = start
			}
			if k+1 < len(a.lives) && a.lives[k+1].from.Before(end) {
				stop = a.lives[k+1].from
			}
			m.powered += float64(stop.Sub(begin)) / float64(firmware.SensorStep)
		}
		// A step lies across two of those in which energy is kept.
		step, into := a.step(start)
		m.square = ((1-into)*a.energy(step) + into*a.energy(step+1)) / float64(stepSamples)
		each(i, true, m)
	}
}

// Stretch is a time in which sound left the horns without a silent step.
type Stretch struct {
	Start  time.Time
	Levels []float64 // RMS of each firmware.SensorStep, full scale being 1
}

// inaudible is the mean square of a step that is no sound: -60 dB.
const inaudible = 1e-6

// Heard returns what left the horns in the last hour, in the order of time.
func (a *Amplifier) Heard() []Stretch {
	a.settle()
	a.mu.Lock()
	defer a.mu.Unlock()
	first, _ := a.step(time.Now().Add(-firmware.SensorMemory))
	var numbers []int64
	for number := range a.heard {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	var all []Stretch
	next := int64(-1) // the step that goes on with the last stretch
	for _, number := range numbers {
		for i, energy := range a.heard[number] {
			step := number*minuteSteps + int64(i)
			square := float64(energy) / float64(stepSamples)
			if step < first || square < inaudible {
				continue
			}
			if step != next {
				all = append(all, Stretch{Start: a.begun.Add(time.Duration(step) * firmware.SensorStep)})
			}
			last := &all[len(all)-1]
			last.Levels = append(last.Levels, math.Sqrt(square))
			next = step + 1
		}
	}
	return all
}
