package playout_test

import (
	"context"
	"errors"
	"math"
	"math/cmplx"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
	"loa/firmware"
	"loa/firmware/sim"
)

func selfTest() *playout.Cue { return cue("self-test", schedule.SelfTest) }

// wire is a sensor of what the speaker sends to the amplifier.
type wire struct {
	*sim.Board
	volts float64 // at full scale
}

func (wire) Name() string                { return "wire" }
func (wire) Quantity() firmware.Quantity { return firmware.Line }
func (wire) Noise() float64              { return 0.005 }
func (wire) Close() error                { return nil }

func (w wire) Envelope(_ context.Context, from time.Time, n int) ([]float64, error) {
	energy := make([]float64, n)
	for _, b := range w.Recorder.PCM() {
		for i, v := range b.Samples {
			if k := int(b.Start.Add(time.Duration(i)*time.Second/firmware.SampleRate).Sub(from) / firmware.SensorStep); k >= 0 && k < n {
				energy[k] += float64(v) * float64(v)
			}
		}
	}
	for i, e := range energy {
		energy[i] = 0.001*float64(i%3) + w.volts*math.Sqrt(e/4800)/math.MaxInt16
	}
	return energy, nil
}

// wired is a board with a wire, whose card reaches high where ultrasonic says so.
func wired(ultrasonic bool, volts float64) func(*sim.Board) {
	return func(b *sim.Board) {
		b.Outputs[0].Ultrasonic = ultrasonic
		b.Outputs[0].Sensors = append(b.Outputs[0].Sensors, wire{b, volts})
	}
}

// A self-test tells what is behind the board, and only what a sensor says.
func TestSelfTest(t *testing.T) {
	bare := func(b *sim.Board) { b.Outputs[0].Sensors = nil }
	none := func(*sim.Board) {}
	for _, tt := range []struct {
		name   string
		change func(*sim.Board)
		do     func(*stage)
		want   playout.Verdict
		by     map[string]playout.Verdict
		whyEar error
	}{
		{"a healthy amplifier", none, nil, playout.Heard, map[string]playout.Verdict{coil: playout.Heard, ear: playout.Unknown}, playout.ErrNotAsked},
		{"a dead amplifier", none, func(s *stage) { s.Amplifier(horn).Break(sim.AmplifierDead) }, playout.Silent, map[string]playout.Verdict{coil: playout.Silent, ear: playout.Unknown}, playout.ErrNotAsked},
		{"an amplifier that dies", none, func(s *stage) {
			go func() { time.Sleep(testBegins + warmUp/2); s.Amplifier(horn).Break(sim.AmplifierDead) }()
		}, playout.Silent, map[string]playout.Verdict{coil: playout.Silent}, nil},
		{"a contact that does not close", none, func(s *stage) { s.Relay("amp").Stick(true) }, playout.Silent, map[string]playout.Verdict{coil: playout.Silent}, nil},
		{"horns cut off are not seen without a tone", none, func(s *stage) { s.Amplifier(horn).Break(sim.HornsCut) }, playout.Heard, nil, nil},
		{"a coil out of order", none, func(s *stage) { s.Sensor(coil).Fail(errors.New("no line")) }, playout.Unknown, map[string]playout.Verdict{coil: playout.Unknown}, nil},
		{"no sensor", bare, nil, playout.Unknown, map[string]playout.Verdict{}, nil},
		{"no sensor, dead", bare, func(s *stage) { s.Amplifier(horn).Break(sim.AmplifierDead) }, playout.Unknown, map[string]playout.Verdict{}, nil},
		{"a wire without a tone", wired(false, 10), nil, playout.Heard, map[string]playout.Verdict{coil: playout.Heard, "wire": playout.Unknown}, nil},
		{"a wire with a tone", wired(true, 10), nil, playout.Heard, map[string]playout.Verdict{coil: playout.Heard, "wire": playout.Heard, ear: playout.Unknown}, playout.ErrNotAsked},
		{"a wire that carries nothing", wired(true, 0), nil, playout.Silent, map[string]playout.Verdict{coil: playout.Heard, "wire": playout.Silent}, nil},
		{"no relay, so no rest", func(b *sim.Board) {
			for _, r := range b.Outputs[0].Relays {
				_ = r.Set(true)
			}
			b.Outputs[0].Relays = nil
		}, nil, playout.Unknown, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			performOn(t, nil, time.Hour, tt.change, func(s *stage) {
				s.Recorder.RecordPCM(true)
				if tt.do != nil {
					tt.do(s)
				}
				s.set(selfTest())
				s.pass(time.Minute)
				e := s.one(playout.Finished)
				got := figures(e)
				if e.Evidence.Verdict != tt.want {
					t.Errorf("%s, want %s\n%+v", e.Evidence.Verdict, tt.want, got)
				}
				for name, want := range tt.by {
					if got[name].Verdict != want {
						t.Errorf("%s says %s, want %s: %+v", name, got[name].Verdict, want, got[name])
					}
				}
				if tt.by != nil && len(tt.by) == 0 && len(got) != 0 {
					t.Errorf("figures of no sensor: %+v", got)
				}
				if tt.whyEar != nil && !errors.Is(got[ear].Err, tt.whyEar) {
					t.Errorf("the ear: %v", got[ear].Err)
				}
			})
		})
	}
}

const (
	testBegins = 3 * time.Second // the relays are open for that long first
	testIdle   = 4 * time.Second
	testTone   = 3 * time.Second
)

// Nothing of a self-test can be heard: samples of zero, or a soft tone above
// what people hear, between one closing and one opening of the relays.
func TestSelfTestIsUnheard(t *testing.T) {
	t.Run("without a tone", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			s.pass(time.Minute)
			s.start = time.Now()
			s.set(selfTest())
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 5.1s, mains off 5.1s") // warm-up, four seconds, tail
			pcm := s.heard()
			if len(pcm) != samples(testIdle) {
				t.Errorf("%d samples, want %d", len(pcm), samples(testIdle))
			}
			for i, v := range pcm {
				if v != 0 {
					t.Fatalf("sample %d is %d", i, v)
				}
			}
		})
	})
	t.Run("with a tone", func(t *testing.T) {
		performOn(t, nil, time.Hour, wired(true, 10), func(s *stage) {
			s.set(selfTest())
			s.pass(time.Minute)
			pcm := s.heard()
			if len(pcm) != samples(testIdle+testTone) {
				t.Fatalf("%d samples", len(pcm))
			}
			for i, v := range pcm[:samples(testIdle)] {
				if v != 0 {
					t.Fatalf("sample %d is %d", i, v)
				}
			}
			unheard(t, pcm)
			tone := pcm[samples(testIdle):]
			middle := tone[samples(time.Second):samples(2*time.Second)]
			if level := rms(middle) + 3.01; math.Abs(level+30) > 0.1 {
				t.Errorf("the tone has %.2f dB", level)
			}
			if edge := rms(tone[:480]); edge > -80 {
				t.Errorf("it begins with %.1f dB", edge)
			}
		})
	})
	t.Run("cut in its tone", func(t *testing.T) {
		performOn(t, nil, time.Hour, wired(true, 10), func(s *stage) {
			s.set(selfTest())
			s.pass(testBegins + warmUp + testIdle + 1500*time.Millisecond)
			s.set(nil)
			s.pass(time.Minute)
			unheard(t, s.heard())
			if e := s.one(playout.Cut); e.Evidence.Verdict != playout.Heard {
				t.Errorf("%s: %+v", e.Evidence.Verdict, figures(e))
			}
		})
	})
}

// unheard fails where samples have more than -80 dB below 18 kHz, in any stretch
// of 85 ms.
func unheard(t *testing.T, pcm []int16) {
	t.Helper()
	const n = 4096
	for from := 0; from+n <= len(pcm); from += n / 2 {
		window := make([]complex128, n)
		for i := range window { // Hann, whose side lobes are far below
			window[i] = complex(float64(pcm[from+i])/math.MaxInt16*(1-math.Cos(2*math.Pi*float64(i)/n)), 0)
		}
		sum := 0.0
		for i, line := range spectrum(window) {
			if i > 0 && i < 18_000*n/firmware.SampleRate {
				sum += 2 * real(line*cmplx.Conj(line)) / n / n / 1.5
			}
		}
		if level := 10 * math.Log10(sum+1e-20); level > -80 {
			t.Fatalf("%.1f dB below 18 kHz at %v", level, time.Duration(from)*time.Second/firmware.SampleRate)
		}
	}
}

// spectrum is the Fourier transform of 2^k values.
func spectrum(x []complex128) []complex128 {
	n := len(x)
	if n == 1 {
		return x
	}
	var halves [2][]complex128
	for i, v := range x {
		halves[i%2] = append(halves[i%2], v)
	}
	even, odd := spectrum(halves[0]), spectrum(halves[1])
	all := make([]complex128, n)
	for i := range n / 2 {
		turned := odd[i] * cmplx.Exp(complex(0, -2*math.Pi*float64(i)/float64(n)))
		all[i], all[i+n/2] = even[i]+turned, even[i]-turned
	}
	return all
}

// An alert in the middle of a self-test sounds at once, and the self-test does
// not come back.
func TestAlertCutsASelfTest(t *testing.T) {
	for _, at := range []time.Duration{0, time.Second, testBegins + warmUp/2, testBegins + warmUp + 2*time.Second} {
		perform(t, nil, time.Hour, func(s *stage) {
			s.set(selfTest())
			s.pass(at)
			raised := time.Now()
			s.set(cue("alert", schedule.Emergency, siren(2*time.Second)))
			s.pass(time.Minute)
			done := s.one(playout.Finished)
			if late := done.Evidence.FirstSample.Sub(raised); done.Cue != "alert" || late > warmUp+fade+reaction+sample {
				t.Errorf("after %v the alert sounds %v late\n%s", at, late, s.story())
			}
			if n := len(s.Recorder.Edges()); n != 4 {
				t.Errorf("after %v the relays moved between: %s", at, s.edges())
			}
		})
	}
}

// Behind a programme the self-test lets the tail end and the relays rest: what
// it compares is power with no power.
func TestSelfTestRestsFirst(t *testing.T) {
	for name, condition := range map[playout.Verdict]sim.Condition{playout.Heard: sim.Healthy, playout.Silent: sim.AmplifierDead} {
		perform(t, nil, time.Hour, func(s *stage) {
			s.set(cue("news", schedule.Routine, siren(2*time.Second)))
			for len(s.all(playout.Finished)) == 0 {
				s.pass(10 * time.Millisecond)
			}
			s.Amplifier(horn).Break(condition)
			s.set(selfTest())
			s.pass(time.Minute)
			e := s.all(playout.Finished)[1]
			opened := s.all(playout.Opened)[0].At
			if rest := e.Evidence.RelayClosed.Sub(opened); rest < testBegins || rest > testBegins+time.Second {
				t.Errorf("the relays were open for %v", rest)
			}
			if e.Evidence.Verdict != name {
				t.Errorf("%s, want %s: %+v", e.Evidence.Verdict, name, figures(e))
			}
		})
	}
}

// An amplifier that takes less by itself than its sensor can tell is not called
// dead every night: playbacks that were heard showed how little that is.
func TestSelfTestOfASmallAmplifier(t *testing.T) {
	performOn(t, nil, time.Hour, func(b *sim.Board) { b.Outputs[0].Sensors = []firmware.Sensor{deaf{b.Sensor(coil)}} }, func(s *stage) {
		test := func(id string) playout.Verdict {
			s.set(cue(id, schedule.SelfTest))
			s.pass(time.Minute)
			return s.all(playout.Finished)[len(s.all(playout.Finished))-1].Evidence.Verdict
		}
		if got := test("before"); got != playout.Silent {
			t.Errorf("nothing is known of it yet: %s", got)
		}
		s.set(cue("news", schedule.Routine, siren(20*time.Second)))
		s.pass(time.Minute)
		if e := s.all(playout.Finished)[1]; e.Evidence.Verdict != playout.Heard {
			t.Fatalf("the news: %s", e.Evidence.Verdict)
		}
		if got := test("after"); got != playout.Unknown {
			t.Errorf("it is called %s", got)
		}
		if err := s.all(playout.Finished)[2].Evidence.Sensors[0].Err; !errors.Is(err, playout.ErrIdleLow) {
			t.Errorf("because of %v", err)
		}
	})
}

// deaf cannot tell an idle current from none.
type deaf struct{ *sim.Sensor }

func (deaf) Noise() float64 { return 0.2 }

// A dead sound path fails a self-test as anything else, and it is not tried
// again.
func TestSelfTestFails(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.Speaker(horn).Lose()
		s.set(selfTest())
		s.pass(time.Minute)
		if e := s.one(playout.Failed); !errors.Is(e.Err, playout.ErrSpeaker) || e.Evidence.Verdict == playout.Heard {
			t.Errorf("%v, %s", e.Err, e.Evidence.Verdict)
		}
		if s.Relay("mains").Closed() || s.Relay("amp").Closed() {
			t.Errorf("a relay is on: %s", s.edges())
		}
	})
}
