package sim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"loa/firmware"
	"loa/firmware/sim"
)

func TestRelaysAndSoundShareOneClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t, sim.Options{Outputs: []sim.Output{{Name: "street", Relays: []string{"mains"}}}})
		relay, speaker := b.Outputs[0].Relays[0], b.Outputs[0].Speaker
		begin := time.Now()

		check(t, relay.Set(true))
		time.Sleep(3 * time.Second) // warm-up
		check(t, speaker.Write(t.Context(), ramp(samples(time.Second))))
		check(t, speaker.Drain(t.Context()))
		time.Sleep(time.Second) // tail
		check(t, relay.Set(false))

		edges, pcm := b.Recorder.Edges(), b.Recorder.PCM()
		if len(edges) != 2 || len(pcm) != 1 {
			t.Fatalf("%d edges and %d blocks, want 2 and 1", len(edges), len(pcm))
		}
		for what, want := range map[string]struct{ at, after time.Duration }{
			"relay closes":  {edges[0].At.Sub(begin), 0},
			"first sample":  {pcm[0].Start.Sub(begin), 3 * time.Second},
			"end of sample": {pcm[0].End().Sub(begin), 4 * time.Second},
			"relay opens":   {edges[1].At.Sub(begin), 5 * time.Second},
		} {
			if want.at != want.after {
				t.Errorf("%s after %v, want %v", what, want.at, want.after)
			}
		}
	})
}

func TestRecorderHearsWhatSounded(t *testing.T) {
	const ms = time.Millisecond
	type heard struct {
		start, long time.Duration
	}
	tests := []struct {
		name string
		play func(t *testing.T, s *sim.Speaker, r *sim.Recorder)
		want []heard
	}{
		{"nothing", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) { time.Sleep(time.Second) }, nil},
		{"only what has left so far", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(30 * ms)
		}, []heard{{0, 30 * ms}}},
		{"writes that follow at once are one block", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			for part := range slices.Chunk(ramp(samples(500*ms)), samples(20*ms)) {
				check(t, s.Write(t.Context(), part))
			}
			check(t, s.Drain(t.Context()))
		}, []heard{{0, 500 * ms}}},
		{"a write in the last moment is still one block", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(50*ms))))
			time.Sleep(50 * ms)
			check(t, s.Write(t.Context(), ramp(samples(50*ms))))
			check(t, s.Drain(t.Context()))
		}, []heard{{0, 100 * ms}}},
		{"a writer that is late leaves a gap", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(50*ms))))
			time.Sleep(51 * ms)
			check(t, s.Write(t.Context(), ramp(samples(50*ms))))
			check(t, s.Drain(t.Context()))
		}, []heard{{0, 50 * ms}, {51 * ms, 50 * ms}}},
		{"not what was discarded", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(40 * ms)
			s.Discard()
			time.Sleep(100 * ms)
		}, []heard{{0, 40 * ms}}},
		{"not what was queued on Close", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(40 * ms)
			check(t, s.Close())
			time.Sleep(100 * ms)
		}, []heard{{0, 40 * ms}}},
		{"not what a lost device had queued", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(40 * ms)
			s.Lose()
			time.Sleep(100 * ms)
			s.Restore()
			time.Sleep(100 * ms)
		}, []heard{{0, 40 * ms}}},
		{"a hung device goes on where it stopped", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(40 * ms)
			s.Hang()
			time.Sleep(time.Second)
			s.Restore()
			check(t, s.Drain(t.Context()))
		}, []heard{{0, 40 * ms}, {1040 * ms, 60 * ms}}},
		{"looking at it does not slow it", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			for range 9000 {
				time.Sleep(11 * time.Microsecond) // no whole number of samples
				s.Buffered()
			}
			time.Sleep(ms)
		}, []heard{{0, 100 * ms}}},
		{"three days after it was queued", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(72 * time.Hour)
		}, []heard{{0, 100 * ms}}},
		{"not while the recording is off", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(40 * ms)
			r.RecordPCM(false)
			check(t, s.Drain(t.Context()))
		}, []heard{{0, 40 * ms}}},
		{"not what was cleared", func(t *testing.T, s *sim.Speaker, r *sim.Recorder) {
			check(t, s.Write(t.Context(), ramp(samples(100*ms))))
			time.Sleep(40 * ms)
			r.Clear()
			check(t, s.Drain(t.Context()))
		}, []heard{{40 * ms, 60 * ms}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &sim.Recorder{}
				s, err := sim.NewSpeaker("street", sim.SpeakerOptions{Recorder: r})
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				tt.play(t, s, r)
				var got []heard
				for _, b := range r.PCM() {
					got = append(got, heard{b.Start.Sub(begin), b.End().Sub(b.Start)})
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("heard %v, want %v", got, tt.want)
				}
				check(t, s.Close())
			})
		})
	}
}

func TestBufferIsWhatWriteLeaves(t *testing.T) {
	for _, buffer := range []time.Duration{0, 5 * time.Millisecond, 250 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			s, err := sim.NewSpeaker("street", sim.SpeakerOptions{Buffer: buffer})
			if err != nil {
				t.Fatal(err)
			}
			check(t, s.Write(t.Context(), ramp(samples(2*time.Second))))
			want := samples(sim.DefaultBuffer)
			if buffer > 0 {
				want = samples(buffer)
			}
			if got := s.Buffered(); got != want {
				t.Errorf("buffer of %v: %d samples are left after Write, want %d", buffer, got, want)
			}
		})
	}
}

func TestHungSpeakerTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := sim.NewSpeaker("street", sim.SpeakerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.Hang()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if err := s.Write(ctx, ramp(10)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("Write = %v after %v, want context.DeadlineExceeded after a minute", err, time.Since(begin))
		}
	})
}

func TestStuckContact(t *testing.T) {
	b := newBoard(t, sim.Options{Outputs: []sim.Output{{Name: "street", Relays: []string{"mains"}}}})
	r := b.Relay("mains")
	check(t, r.Set(true))
	r.Stick(true)
	check(t, r.Set(false)) // reported as done
	if !r.Closed() || len(b.Recorder.Edges()) != 1 {
		t.Errorf("a stuck contact moved: closed %t, edges %v", r.Closed(), b.Recorder.Edges())
	}
	r.Stick(false)
	check(t, r.Set(false))
	if r.Closed() || len(b.Recorder.Edges()) != 2 {
		t.Errorf("a contact let go did not move: closed %t, edges %v", r.Closed(), b.Recorder.Edges())
	}
}

// The trace is read by other processes: its form and its clock are fixed.
func TestTraceFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "edges.jsonl")
	b := newBoard(t, sim.Options{
		TracePath: path,
		Outputs:   []sim.Output{{Name: "street", Relays: []string{"mains", "amplifier"}}},
	})
	before := monotonic(t)
	check(t, b.Relay("mains").Set(true))
	check(t, b.Relay("amplifier").Set(true))
	check(t, b.Relay("amplifier").Set(true))
	check(t, b.Close())
	after := monotonic(t)

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"relay":"mains","closed":true,"monotonic_ns":`) {
		t.Errorf("first line of the trace is not as promised:\n%s", text)
	}
	var moves []string
	last := before
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var e struct {
			Relay       string `json:"relay"`
			Closed      bool   `json:"closed"`
			MonotonicNS int64  `json:"monotonic_ns"`
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		moves = append(moves, map[bool]string{true: "+", false: "-"}[e.Closed]+e.Relay)
		if e.MonotonicNS < last || e.MonotonicNS > after {
			t.Errorf("%s is dated %d, want %d to %d", e.Relay, e.MonotonicNS, last, after)
		}
		last = e.MonotonicNS
	}
	if want := []string{"+mains", "+amplifier", "-amplifier", "-mains"}; !slices.Equal(moves, want) {
		t.Errorf("trace holds %v, want %v", moves, want)
	}
}

func TestPCMFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "street.pcm")
	pcm := ramp(samples(300 * time.Millisecond))
	synctest.Test(t, func(t *testing.T) {
		s, err := sim.NewSpeaker("street", sim.SpeakerOptions{PCMPath: path})
		if err != nil {
			t.Fatal(err)
		}
		check(t, s.Write(t.Context(), pcm))
		check(t, s.Drain(t.Context()))
		check(t, s.Write(t.Context(), ramp(100))) // dropped by Close
		check(t, s.Close())
	})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]int16, len(raw)/2)
	if _, err := binary.Decode(raw, binary.LittleEndian, got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, pcm) {
		t.Errorf("the file holds %d samples that differ from the %d written", len(got), len(pcm))
	}
}

func TestNewRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no such folder", "file")
	for name, o := range map[string]sim.Options{
		"two outputs of one name":  {Outputs: []sim.Output{{Name: "a"}, {Name: "a"}}},
		"two relays of one name":   {Outputs: []sim.Output{{Name: "a", Relays: []string{"x"}}, {Name: "b", Relays: []string{"x"}}}},
		"two supplies of one name": {Mains: []string{"a", "a"}},
		"a trace in no folder":     {TracePath: missing, Outputs: []sim.Output{{Name: "a", Relays: []string{"x"}}}},
		"PCM in no folder":         {Outputs: []sim.Output{{Name: "a", PCMPath: missing}}},
	} {
		if _, err := sim.New(o); err == nil {
			t.Errorf("%s: New returned nil", name)
		}
	}
}

func TestPressesWaitForWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := sim.NewInput("button", firmware.EmergencyButton)
		in.Press(true)
		in.Press(false)
		got := make(chan firmware.Press)
		ended := make(chan error)
		go func() { ended <- in.Watch(t.Context(), func(p firmware.Press) { got <- p }) }()
		for _, want := range []bool{false, true, false} { // it begins with where the contact was
			if p := <-got; p.Active != want {
				t.Errorf("press = %+v, want active %t", p, want)
			}
		}
		check(t, in.Close())
		if err := <-ended; !errors.Is(err, firmware.ErrClosed) {
			t.Errorf("Watch = %v, want ErrClosed", err)
		}
	})
}

func ramp(n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(i%30000 + 1)
	}
	return pcm
}

func monotonic(t *testing.T) int64 {
	t.Helper()
	var ts unix.Timespec
	check(t, unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts))
	return ts.Nano()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sleepy is a context whose end is noticed late, as on a busy machine.
type sleepy struct {
	context.Context
	end time.Time
}

func (s sleepy) Done() <-chan struct{} { return nil }

func (s sleepy) Err() error {
	if time.Now().Before(s.end) {
		return nil
	}
	return context.DeadlineExceeded
}

// A caller that sleeps through its deadline is told of no error when the device
// took everything; of one when it did not.
func TestSpeakerIsNotToBlameForALateCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t, sim.Options{Outputs: []sim.Output{{Name: "main"}}})
		s := b.Speaker("main")
		late := func() sleepy { return sleepy{t.Context(), time.Now().Add(10 * time.Millisecond)} }
		if err := s.Write(late(), make([]int16, samples(sim.DefaultBuffer+20*time.Millisecond))); err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := s.Drain(late()); err != nil {
			t.Errorf("Drain: %v", err)
		}
		if err := s.Write(late(), make([]int16, samples(time.Second))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write of more than there is room for: %v", err)
		}
		if err := s.Write(sleepy{t.Context(), time.Now()}, make([]int16, 10)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write after its deadline: %v", err)
		}
	})
}
