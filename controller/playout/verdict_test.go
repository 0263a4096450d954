package playout_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/firmware"
)

// before is what playout puts before a cue: half a second of nothing.
const before = 5

// steady is a cue of one level, as a blast of the siren is.
func steady(level float64, long time.Duration) []float64 {
	return append(make([]float64, before), slices.Repeat([]float64{level}, int(long/firmware.SensorStep))...)
}

// spoken is a cue like speech: words of half a second with short and long
// pauses between them.
func spoken(level float64, long time.Duration) []float64 {
	rnd := rand.New(rand.NewPCG(7, 7))
	sent := make([]float64, before)
	for n := before + int(long/firmware.SensorStep); len(sent) < n; {
		for range 3 + rnd.IntN(4) {
			sent = append(sent, level*(0.3+rnd.Float64()))
		}
		for range rnd.IntN(6) {
			sent = append(sent, level*0.01*rnd.Float64())
		}
	}
	return sent[:before+int(long/firmware.SensorStep)]
}

// struck is a cue like the chime: it dies away.
func struck(level float64, long time.Duration) []float64 {
	sent := make([]float64, before)
	for i := range int(long / firmware.SensorStep) {
		sent = append(sent, level*math.Exp(-float64(i)/12))
	}
	return sent
}

// meter is a current sensor with what is behind it.
type meter struct {
	rest, gain float64 // A, and A by mean square
	linear     bool    // the amplifier's current goes with the amplitude
	late       int     // steps
	noise      float64
	from, to   int // steps in which it works; to 0 is to the end
}

func (m meter) reading(sent []float64) playout.Reading {
	rnd := rand.New(rand.NewPCG(11, 3))
	r := playout.Reading{Sensor: "coil", Quantity: firmware.Current, Noise: 0.01}
	for i := range sent {
		v := m.rest
		if k := i - m.late; k >= max(0, m.from) && k < len(sent) && (m.to == 0 || k < m.to) {
			if m.linear {
				v += m.gain * sent[k]
			} else {
				v += m.gain * sent[k] * sent[k]
			}
		}
		r.Values = append(r.Values, v+m.noise*rnd.Float64())
	}
	return r
}

func TestJudgeOneSensor(t *testing.T) {
	const idle, ripple = 0.12, 0.003
	healthy := meter{rest: idle, gain: 5.9, noise: ripple}
	dead := meter{noise: ripple}
	cut := meter{rest: idle, noise: ripple}
	with := func(m meter, edit func(*meter)) meter { edit(&m); return m }
	minute := spoken(0.1, time.Minute)
	for _, tt := range []struct {
		name  string
		sent  []float64
		meter meter
		want  playout.Verdict
		err   error
	}{
		// Should be heard.
		{"speech", minute, healthy, playout.Heard, nil},
		{"soft speech", spoken(0.06, time.Minute), healthy, playout.Heard, nil},
		{"one blast without a gap", steady(0.7, 30*time.Second), healthy, playout.Heard, nil},
		{"the chime alone", struck(0.4, 2950*time.Millisecond), healthy, playout.Heard, nil},
		{"an amplifier whose current goes with the amplitude", minute, with(healthy, func(m *meter) { m.linear, m.gain = true, 2 }), playout.Heard, nil},
		{"a sensor half a second behind", minute, with(healthy, func(m *meter) { m.late = 5 }), playout.Heard, nil},
		{"a device that was ahead of its word", minute, with(healthy, func(m *meter) { m.late = -1 }), playout.Heard, nil},
		{"a coarse sensor", minute, with(healthy, func(m *meter) { m.noise = 0.05 }), playout.Heard, nil},
		{"one horn of four", minute, with(healthy, func(m *meter) { m.gain = 1.5 }), playout.Heard, nil},
		{"a siren and speech", slices.Concat(steady(0.7, 20*time.Second), spoken(0.1, 30*time.Second)), healthy, playout.Heard, nil},
		{"the same, where current goes with the amplitude", slices.Concat(steady(0.7, 20*time.Second), spoken(0.1, 30*time.Second)),
			with(healthy, func(m *meter) { m.linear, m.gain = true, 2 }), playout.Heard, nil},
		{"an hour", spoken(0.1, time.Hour), healthy, playout.Heard, nil},

		// Should be silent.
		{"no current at all", minute, dead, playout.Silent, nil},
		{"no current, a blast", steady(0.7, 30*time.Second), dead, playout.Silent, nil},
		{"no current, the chime alone", struck(0.4, 2950*time.Millisecond), dead, playout.Silent, nil},
		{"idle current only", minute, cut, playout.Silent, nil},
		{"idle current only, a blast", steady(0.7, 30*time.Second), cut, playout.Silent, nil},
		{"a high idle current", minute, meter{rest: 2, noise: ripple}, playout.Silent, nil},
		{"it died after ten seconds", minute, with(healthy, func(m *meter) { m.to = 100 }), playout.Silent, nil},
		{"it came after half a minute", minute, with(healthy, func(m *meter) { m.from = 300 }), playout.Silent, nil},
		{"it died between siren and speech", slices.Concat(steady(0.7, 20*time.Second), spoken(0.1, 30*time.Second)),
			with(healthy, func(m *meter) { m.to = 205 }), playout.Silent, nil},
		{"ten seconds of an hour were missing", spoken(0.1, time.Hour), with(healthy, func(m *meter) { m.to = 36005 - 100 }), playout.Silent, nil},

		// Should be left open.
		{"nothing sent", make([]float64, 100), healthy, playout.Unknown, playout.ErrTooLittleSent},
		{"no steps", nil, healthy, playout.Unknown, playout.ErrTooLittleSent},
		{"half a second", steady(0.7, 500*time.Millisecond), healthy, playout.Unknown, playout.ErrTooLittleSent},
		{"one second", steady(0.7, time.Second), healthy, playout.Unknown, playout.ErrTooLittleSent},
		{"too soft for any sensor", spoken(0.01, time.Minute), healthy, playout.Unknown, playout.ErrTooLittleSent},
		{"too soft, and dead", spoken(0.01, time.Minute), dead, playout.Unknown, playout.ErrTooLittleSent},
		{"a sensor five seconds behind", minute, with(healthy, func(m *meter) { m.late = 50 }), playout.Unknown, playout.ErrUnlike},
		{"a current of its own", minute, meter{rest: idle, gain: 0, noise: 3}, playout.Unknown, playout.ErrUnlike},
	} {
		verdict, figures := playout.Judge(tt.sent, []playout.Reading{tt.meter.reading(tt.sent)})
		if len(figures) != 1 || verdict != tt.want || figures[0].Verdict != tt.want || !errors.Is(figures[0].Err, tt.err) {
			t.Errorf("%s: %s, want %s (%v): %+v", tt.name, verdict, tt.want, tt.err, figures)
		}
	}
}

// A sensor that did not measure all of it, or told something else.
func TestJudgeBrokenReadings(t *testing.T) {
	sent := spoken(0.1, time.Minute)
	healthy := meter{rest: 0.12, gain: 5.9, noise: 0.003}.reading(sent)
	edit := func(f func(*playout.Reading)) playout.Reading {
		r := healthy
		r.Values = slices.Clone(healthy.Values)
		f(&r)
		return r
	}
	boom := errors.New("no answer on the bus")
	for _, tt := range []struct {
		name    string
		reading playout.Reading
		want    playout.Verdict
		err     error
	}{
		{"whole", healthy, playout.Heard, nil},
		{"half is missing", edit(func(r *playout.Reading) {
			for i := range 300 {
				r.Values[i] = math.NaN()
			}
		}), playout.Heard, nil},
		{"every other is missing", edit(func(r *playout.Reading) {
			for i := range r.Values {
				if i%2 == 0 {
					r.Values[i] = math.NaN()
				}
			}
		}), playout.Heard, nil},
		{"all is missing", edit(func(r *playout.Reading) {
			for i := range r.Values {
				r.Values[i] = math.NaN()
			}
		}), playout.Unknown, playout.ErrTooLittleMeasured},
		{"it is short", edit(func(r *playout.Reading) { r.Values = r.Values[:8] }), playout.Unknown, playout.ErrTooLittleMeasured},
		{"it is empty", edit(func(r *playout.Reading) { r.Values = nil }), playout.Unknown, playout.ErrTooLittleMeasured},
		{"it failed", playout.Reading{Sensor: "coil", Err: boom}, playout.Unknown, boom},
		{"upside down", edit(func(r *playout.Reading) {
			for i, v := range r.Values {
				r.Values[i] = 3 - v
			}
		}), playout.Unknown, playout.ErrUnlike},
		{"all the same", edit(func(r *playout.Reading) {
			for i := range r.Values {
				r.Values[i] = 0.5
			}
		}), playout.Silent, nil},
		{"backwards", edit(func(r *playout.Reading) { slices.Reverse(r.Values) }), playout.Unknown, playout.ErrUnlike},
	} {
		verdict, figures := playout.Judge(sent, []playout.Reading{tt.reading})
		f := figures[0]
		if verdict != tt.want || !errors.Is(f.Err, tt.err) {
			t.Errorf("%s: %s, want %s (%v): %+v", tt.name, verdict, tt.want, tt.err, f)
		}
		for _, v := range []float64{f.Level, f.Rest, f.Correlation} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: a figure is no number: %+v", tt.name, f)
			}
		}
	}
}

// What was heard is said of the whole cue: little of it does not tell, and what a
// sensor reads at rest must be known where it matters.
func TestJudgeIsNotSureOfLittle(t *testing.T) {
	const idle, ripple = 0.12, 0.003
	healthy := meter{rest: idle, gain: 5.9, noise: ripple}
	linear := meter{rest: idle, gain: 2, linear: true, noise: ripple}
	minute := spoken(0.1, time.Minute)
	only := func(from, to int) func([]float64) {
		return func(values []float64) {
			for i := range values {
				if i < from || i >= to {
					values[i] = math.NaN()
				}
			}
		}
	}
	// Music without a pause, and a blast, behind another cue: nothing is quiet.
	music := make([]float64, 600)
	for i := range music {
		music[i] = 0.1 * (1 + 0.7*math.Sin(float64(i)/3))
	}
	blast := steady(0.7, 30*time.Second)[before:]
	for _, tt := range []struct {
		name  string
		sent  []float64
		meter meter
		edit  func([]float64)
		want  playout.Verdict
		err   error
	}{
		{"all of it", minute, healthy, nil, playout.Heard, nil},
		{"the first half", minute, healthy, only(0, 300), playout.Heard, nil},
		{"the first ten seconds of a minute", minute, healthy, only(0, 105), playout.Unknown, playout.ErrTooLittleMeasured},
		{"the last ten seconds", minute, healthy, only(505, 605), playout.Unknown, playout.ErrTooLittleMeasured},
		{"two seconds of an hour", spoken(0.1, time.Hour), healthy, only(0, 25), playout.Unknown, playout.ErrTooLittleMeasured},
		{"a quarter, a step here and there", minute, healthy, func(values []float64) {
			for i := range values {
				if i%4 != 0 {
					values[i] = math.NaN()
				}
			}
		}, playout.Unknown, playout.ErrTooLittleMeasured},
		{"ten seconds of silence are enough", minute, meter{rest: idle, noise: ripple}, only(0, 105), playout.Silent, nil},

		{"music, no rest", music, healthy, nil, playout.Heard, nil},
		{"music, no rest, by the amplitude", music, linear, nil, playout.Heard, nil},
		{"music, no rest, no current at all", music, meter{noise: ripple}, nil, playout.Silent, nil},
		{"music, no rest, idle current only", music, meter{rest: idle, noise: ripple}, nil, playout.Unknown, playout.ErrNoRest},
		{"music, no rest, it died after forty seconds", music, meter{rest: 2, gain: 5.9, noise: ripple, to: 400}, nil, playout.Unknown, playout.ErrNoRest},
		{"a blast, no rest", blast, healthy, nil, playout.Unknown, playout.ErrNoRest},
		{"a blast, no rest, no current at all", blast, meter{noise: ripple}, nil, playout.Silent, nil},
		{"a blast, no rest, idle current only", blast, meter{rest: idle, noise: ripple}, nil, playout.Unknown, playout.ErrNoRest},
	} {
		r := tt.meter.reading(tt.sent)
		if tt.edit != nil {
			tt.edit(r.Values)
		}
		verdict, figures := playout.Judge(tt.sent, []playout.Reading{r})
		if f := figures[0]; verdict != tt.want || f.Verdict != tt.want || !errors.Is(f.Err, tt.err) {
			t.Errorf("%s: %s, want %s (%v): %+v", tt.name, verdict, tt.want, tt.err, f)
		}
	}
	// Another quantity may decide.
	ear := playout.Reading{Sensor: "ear", Quantity: firmware.Sound, Noise: 0.08}
	for _, v := range music {
		ear.Values = append(ear.Values, 20*v)
	}
	idling := meter{rest: idle, noise: ripple}.reading(music)
	if verdict, figures := playout.Judge(music, []playout.Reading{idling, ear}); verdict != playout.Heard {
		t.Errorf("%s: %+v", verdict, figures)
	}
}

func TestJudgeSeveralSensors(t *testing.T) {
	sent := spoken(0.1, time.Minute)
	heard := meter{rest: 0.12, gain: 5.9, noise: 0.003}.reading(sent)
	silent := meter{rest: 0.12, noise: 0.003}.reading(sent)
	unknown := playout.Reading{Sensor: "ear", Err: errors.New("no answer")}
	for _, tt := range []struct {
		name string
		of   []playout.Reading
		want playout.Verdict
	}{
		{"none", nil, playout.Unknown},
		{"one that heard", []playout.Reading{heard}, playout.Heard},
		{"one that knows nothing", []playout.Reading{unknown}, playout.Unknown},
		{"two that heard", []playout.Reading{heard, heard}, playout.Heard},
		{"one that heard beside one that knows nothing", []playout.Reading{unknown, heard}, playout.Heard},
		{"one that heard nothing beside one that knows nothing", []playout.Reading{silent, unknown}, playout.Silent},
		{"one against another", []playout.Reading{heard, silent}, playout.Silent},
		{"one against two", []playout.Reading{silent, heard, heard}, playout.Silent},
	} {
		verdict, figures := playout.Judge(sent, tt.of)
		if verdict != tt.want || len(figures) != len(tt.of) {
			t.Errorf("%s: %s of %d figures, want %s of %d", tt.name, verdict, len(figures), tt.want, len(tt.of))
		}
	}
}

// What is measured by a microphone goes with the amplitude, and there is wind.
func TestJudgeSound(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	sent := spoken(0.1, time.Minute)
	for _, tt := range []struct {
		name       string
		gain, wind float64 // Pa
		want       playout.Verdict
	}{
		{"calm", 20, 0.04, playout.Heard},
		{"rain", 20, 1, playout.Heard},
		{"a storm above everything", 20, 60, playout.Unknown},
		{"calm, horns cut", 0, 0.04, playout.Silent},
	} {
		r := playout.Reading{Sensor: "ear", Quantity: firmware.Sound, Noise: 0.08}
		for _, v := range sent {
			r.Values = append(r.Values, math.Hypot(tt.gain*v, tt.wind*rnd.Float64()))
		}
		if verdict, figures := playout.Judge(sent, []playout.Reading{r}); verdict != tt.want {
			t.Errorf("%s: %s, want %s: %+v", tt.name, verdict, tt.want, figures)
		}
	}
}

// Chance makes nothing heard: sensors that read anything at all, beside cues of
// any length, a thousand times.
func TestJudgeIsNotFooledByChance(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 9))
	wrong := 0
	for i := range 1000 {
		sent := spoken(0.1, time.Duration(2+rnd.IntN(30))*time.Second)
		if i%2 == 0 {
			sent = steady(0.5, time.Duration(2+rnd.IntN(30))*time.Second)
		}
		r := playout.Reading{Sensor: "ear", Quantity: firmware.Sound, Noise: 0.01}
		for range sent {
			r.Values = append(r.Values, rnd.Float64())
		}
		if verdict, _ := playout.Judge(sent, []playout.Reading{r}); verdict == playout.Heard {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("noise was heard as a cue in %d of 1000", wrong)
	}
}
