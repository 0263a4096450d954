package playout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
	"loa/firmware"
	"loa/firmware/sim"
)

// figures are what sensors were said to tell, by name.
func figures(e playout.Event) map[string]playout.Figure {
	all := map[string]playout.Figure{}
	for _, f := range e.Evidence.Sensors {
		all[f.Sensor] = f
	}
	return all
}

// The verdict of a whole cue stands on what really happened behind the board.
func TestProofOfSound(t *testing.T) {
	lib := library{}
	spoken := audio(lib.add(speech(t)))
	condition := func(c sim.Condition) func(*stage) { return func(s *stage) { s.Amplifier(horn).Break(c) } }
	for _, tt := range []struct {
		name      string
		parts     []playout.Part
		do        func(*stage)
		want      playout.Verdict
		coil, ear playout.Verdict
	}{
		{"a bulletin with its chime", []playout.Part{builtIn("chime"), spoken}, nil, playout.Heard, playout.Heard, playout.Heard},
		{"the chime alone", []playout.Part{builtIn("chime")}, nil, playout.Heard, playout.Heard, playout.Heard},
		{"a phrase", []playout.Part{builtIn("phrase:flood")}, nil, playout.Heard, playout.Heard, playout.Heard},
		{"one long blast", []playout.Part{siren(10 * time.Second)}, nil, playout.Heard, playout.Heard, playout.Heard},
		{"half a second", []playout.Part{siren(500 * time.Millisecond)}, nil, playout.Unknown, playout.Unknown, playout.Unknown},
		{"half a second, dead", []playout.Part{siren(500 * time.Millisecond)}, condition(sim.AmplifierDead), playout.Unknown, playout.Unknown, playout.Unknown},
		{"a pause", []playout.Part{{Pause: 5 * time.Second}}, nil, playout.Unknown, playout.Unknown, playout.Unknown},

		{"a dead amplifier", []playout.Part{spoken}, condition(sim.AmplifierDead), playout.Silent, playout.Silent, playout.Silent},
		{"horns cut off", []playout.Part{spoken}, condition(sim.HornsCut), playout.Silent, playout.Silent, playout.Silent},
		{"a dead amplifier, one blast", []playout.Part{siren(10 * time.Second)}, condition(sim.AmplifierDead), playout.Silent, playout.Silent, playout.Silent},
		{"a contact that is stuck", []playout.Part{spoken}, func(s *stage) { s.Relay("amp").Stick(true) }, playout.Silent, playout.Silent, playout.Silent},
		{"it was mended before", []playout.Part{spoken}, func(s *stage) {
			s.Amplifier(horn).Break(sim.HornsCut)
			s.pass(time.Minute)
			s.Amplifier(horn).Break(sim.Healthy)
		}, playout.Heard, playout.Heard, playout.Heard},

		{"a coil out of order", []playout.Part{spoken}, func(s *stage) { s.Sensor(coil).Fail(errors.New("no line")) }, playout.Heard, playout.Unknown, playout.Heard},
		{"an ear that answers nothing", []playout.Part{spoken}, func(s *stage) { s.Sensor(ear).Hang(true) }, playout.Heard, playout.Heard, playout.Unknown},
		{"horns cut, an ear out of order", []playout.Part{spoken}, func(s *stage) {
			s.Amplifier(horn).Break(sim.HornsCut)
			s.Sensor(ear).Fail(errors.New("no line"))
		}, playout.Silent, playout.Silent, playout.Unknown},
		{"both out of order", []playout.Part{spoken}, func(s *stage) {
			s.Sensor(coil).Fail(errors.New("no line"))
			s.Sensor(ear).Hang(true)
		}, playout.Unknown, playout.Unknown, playout.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			perform(t, lib, time.Hour, func(s *stage) {
				s.Recorder.RecordPCM(false)
				if tt.do != nil {
					tt.do(s)
				}
				s.set(cue("a", schedule.Emergency, tt.parts...))
				s.pass(time.Minute)
				e := s.one(playout.Finished)
				got := figures(e)
				if e.Evidence.Verdict != tt.want || got[coil].Verdict != tt.coil || got[ear].Verdict != tt.ear {
					t.Errorf("%s, coil %s, ear %s; want %s, %s, %s\n%+v", e.Evidence.Verdict, got[coil].Verdict, got[ear].Verdict, tt.want, tt.coil, tt.ear, got)
				}
			})
		})
	}
}

// Without a sensor nobody knows what was heard, and no start is told with a
// verdict.
func TestNoProofWithoutASensor(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(10*time.Second)))
		s.pass(time.Minute)
		for _, e := range s.all(playout.Closed, playout.Started, playout.Sounding, playout.Opened) {
			if e.Evidence.Verdict != "" || e.Evidence.Sensors != nil {
				t.Errorf("%s with the verdict %q", e.Kind, e.Evidence.Verdict)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		board, err := sim.New(sim.Options{Outputs: []sim.Output{{Name: horn, Relays: []string{"mains"}, Tail: tail, LongestOn: time.Hour}}})
		if err != nil {
			t.Fatal(err)
		}
		var ends []playout.Event
		p := playout.New(board.Outputs, nil, slog.New(slog.DiscardHandler), func(e playout.Event) {
			if e.Kind == playout.Finished {
				ends = append(ends, e)
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		if err := p.Set(horn, cue("a", schedule.Emergency, siren(10*time.Second))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if len(ends) != 1 || ends[0].Evidence.Verdict != playout.Unknown || ends[0].Evidence.Sensors != nil {
			t.Errorf("ended as %+v", ends)
		}
	})
}

// What breaks in the middle of a long cue is told, and each cue is judged by
// itself: also those that follow each other without the relays' opening.
func TestProofOfEachCue(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		blasts := playout.Part{Sources: []playout.Source{{Siren: playout.Siren{Blasts: 3, Length: 12 * time.Second, Gap: 4 * time.Second}}}}
		s.Recorder.RecordPCM(false)
		for i, at := range []struct {
			breaks sim.Condition
			want   playout.Verdict
		}{{sim.Healthy, playout.Heard}, {sim.HornsCut, playout.Silent}, {sim.Healthy, playout.Heard}, {sim.AmplifierDead, playout.Silent}} {
			s.set(cue(fmt.Sprint("cue ", i), schedule.Emergency, blasts))
			s.pass(22 * time.Second)
			if at.breaks != sim.Healthy {
				s.Amplifier(horn).Break(at.breaks)
			}
			for len(s.all(playout.Finished)) == i {
				s.pass(10 * time.Millisecond)
			}
			e := s.all(playout.Finished)[i]
			if e.Evidence.Verdict != at.want {
				t.Errorf("cue %d: %s, want %s: %+v", i, e.Evidence.Verdict, at.want, figures(e))
			}
			s.Amplifier(horn).Break(sim.Healthy)
		}
		if n := len(s.Recorder.Edges()); n != 2 {
			t.Errorf("the relays moved between the cues: %s", s.edges())
		}
	})
}

// A cue that is cut is judged as far as it came, and what cuts in waits for no
// sensor longer than once.
func TestProofOfACut(t *testing.T) {
	for _, hung := range []bool{false, true} {
		perform(t, nil, time.Hour, func(s *stage) {
			s.Sensor(ear).Hang(hung)
			s.set(cue("bulletin", schedule.Routine, siren(time.Minute)))
			s.pass(warmUp + 10*time.Second)
			s.set(cue("alert", schedule.Emergency, siren(2*time.Second)))
			s.pass(10 * time.Second)
			cut, done := s.one(playout.Cut), s.one(playout.Finished)
			if cut.Evidence.Verdict != playout.Heard || done.Evidence.Verdict != playout.Heard {
				t.Errorf("cut %+v, finished %+v", cut.Evidence, done.Evidence)
			}
			if f := figures(done)[ear]; hung != (f.Err != nil) {
				t.Errorf("the ear: %+v", f)
			}
			if late := done.Evidence.FirstSample.Sub(cut.Evidence.LastSample); !hung && late > sample || hung && late > 200*time.Millisecond {
				t.Errorf("the alert begins %v after what it cut", late)
			}
		})
	}
}

// A hung sensor is asked once, not at every end of a cue.
func TestHungSensorIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board, err := sim.New(sim.Options{Outputs: []sim.Output{{Name: horn, Relays: []string{"mains"}, Tail: time.Minute, LongestOn: time.Hour}}})
		if err != nil {
			t.Fatal(err)
		}
		stuck := &stubborn{release: make(chan struct{})}
		board.Outputs[0].Sensors = []firmware.Sensor{stuck}
		var ends []playout.Event
		var at []time.Time
		p := playout.New(board.Outputs, nil, slog.New(slog.DiscardHandler), func(e playout.Event) {
			if e.Kind == playout.Finished {
				ends, at = append(ends, e), append(at, time.Now())
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		for i := range 5 {
			if err := p.Set(horn, cue(fmt.Sprint(i), schedule.Emergency, siren(2*time.Second))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			if i == 3 {
				close(stuck.release) // it answers at last, and is asked again
				time.Sleep(time.Second)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if stuck.asked != 2 || len(ends) != 5 {
			t.Errorf("asked %d times in %d cues, want 2 in 5", stuck.asked, len(ends))
		}
		for i, e := range ends {
			late, most := at[i].Sub(e.Evidence.LastSample), time.Duration(0)
			if i == 0 {
				most = 200 * time.Millisecond
			}
			if late > most || e.Evidence.Verdict != playout.Unknown {
				t.Errorf("cue %d is told of %v after its end, as %+v", i, late, e.Evidence)
			}
		}
	})
}

// stubborn is a sensor that heeds no context, and that panics in the end.
type stubborn struct {
	asked   int
	release chan struct{}
}

func (s *stubborn) Name() string                { return "stubborn" }
func (s *stubborn) Quantity() firmware.Quantity { return firmware.Current }
func (s *stubborn) Noise() float64              { return 0 }
func (s *stubborn) Close() error                { return nil }
func (s *stubborn) Envelope(context.Context, time.Time, int) ([]float64, error) {
	s.asked++
	<-s.release
	panic("nil map")
}

// Relays that must be open by a moment are, whatever sensors do.
func TestProofKeepsTheEndOfValidity(t *testing.T) {
	for _, hung := range []bool{false, true} {
		perform(t, nil, time.Hour, func(s *stage) {
			s.Sensor(ear).Hang(hung)
			c := cue("a", schedule.Emergency, siren(time.Minute))
			c.Until = s.start.Add(10 * time.Second)
			s.set(c)
			s.pass(time.Minute)
			cut, opened := s.one(playout.Cut), s.one(playout.Opened)
			if cut.Evidence.Verdict != playout.Heard {
				t.Errorf("cut with %+v", cut.Evidence)
			}
			if opened.At.After(c.Until) || s.Recorder.Edges()[2].At.After(c.Until) {
				t.Errorf("the relays opened %v after the end: %s", opened.At.Sub(c.Until), s.edges())
			}
			s.wantKinds("closed, started, sounding, cut, opened")
		})
	}
}

// What was sent is remembered for an hour, in its place, however long relays
// are on.
func TestSentIsRememberedForAnHour(t *testing.T) {
	begun := time.Now()
	remember, levels, kept := playout.Remember(begun)
	loud := slices.Repeat([]int16{math.MaxInt16 / 2}, samples(20*time.Millisecond))
	var at time.Duration
	for ; at < 3*time.Hour; at += 500 * time.Millisecond { // a click, 480 ms of nothing
		remember(begun.Add(at), loud)
		if n := kept(); n > 37_000 {
			t.Fatalf("%d steps are kept after %v", n, at)
		}
	}
	for i, got := range levels(begun.Add(at-10*time.Second), 100) {
		want := 0.0
		if i%5 == 0 {
			want = math.Sqrt(0.2) / 2 // a fifth of the step
		}
		if math.Abs(got-want) > 0.001 {
			t.Errorf("step %d of the last ten seconds: %.3f, want %.3f", i, got, want)
		}
	}
	// A block that lies across the border of two steps is in both.
	at += 10*time.Second + 90*time.Millisecond
	remember(begun.Add(at), loud)
	if got := levels(begun.Add(at-90*time.Millisecond), 2); math.Abs(got[0]-got[1]) > 0.01 || math.Abs(got[0]-math.Sqrt(0.1)/2) > 0.001 {
		t.Errorf("across a border: %.3f", got)
	}
	// A day of silence leaves no gap behind that would have to be kept.
	at += 24*time.Hour + 10*time.Millisecond
	remember(begun.Add(at), loud)
	if n := kept(); n != 1 {
		t.Errorf("%d steps are kept after a day of silence", n)
	}
	// What was not sent since the relays closed is nothing.
	remember(begun.Add(-time.Second), loud)
	if got := levels(begun.Add(-time.Second), 3); slices.Max(got) > 0 {
		t.Errorf("before the relays closed: %.3f", got)
	}
}

// When the program ends, relays open and nobody asks sensors.
func TestNoProofAtTheProgramsEnd(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.Sensor(coil).Hang(true)
		s.set(cue("a", schedule.Routine, siren(time.Minute)))
		s.pass(10 * time.Second)
		begun := time.Now()
		if err := s.end(); err != nil || time.Since(begun) > 0 {
			t.Errorf("ended with %v after %v", err, time.Since(begun))
		}
	})
}

// A speaker that hung or was lost is judged by what left it.
func TestProofOfAFailure(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(time.Minute)))
		s.pass(20 * time.Second)
		s.Speaker(horn).Lose()
		s.pass(10 * time.Second)
		e := s.one(playout.Failed)
		if e.Evidence.Verdict != playout.Heard || !strings.Contains(fmt.Sprint(e.Err), "lost") {
			t.Errorf("failed with %v, %+v", e.Err, e.Evidence)
		}
	})
}
