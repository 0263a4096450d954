package sim_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loa/firmware"
	"loa/firmware/sim"
)

// watched is a board with one output and both kinds of sensors.
func watched(t *testing.T, o sim.Output) *sim.Board {
	t.Helper()
	o.Name, o.Sensors = "main", map[string]firmware.Quantity{"coil": firmware.Current, "ear": firmware.Sound}
	if o.Relays == nil {
		o.Relays = []string{"mains"}
	}
	return newBoard(t, sim.Options{Outputs: []sim.Output{o}})
}

// tone is a square wave of that amplitude, full scale being 1: its RMS.
func tone(amplitude float64, long time.Duration) []int16 {
	pcm := make([]int16, samples(long))
	for i := range pcm {
		pcm[i] = int16(amplitude * math.MaxInt16)
		if i/24%2 == 1 {
			pcm[i] = -pcm[i]
		}
	}
	return pcm
}

func play(t *testing.T, b *sim.Board, pcm []int16) {
	t.Helper()
	if err := errors.Join(b.Speaker("main").Write(t.Context(), pcm), b.Speaker("main").Drain(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// mean of what a sensor reads of n steps.
func mean(t *testing.T, b *sim.Board, sensor string, from time.Time, n int) float64 {
	t.Helper()
	readings, err := b.Sensor(sensor).Envelope(t.Context(), from, n)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, v := range readings {
		sum += v
	}
	return sum / float64(n)
}

// What sensors read rests on contacts, samples and the amplifier's condition
// alone.
func TestSensorsTellWhatHappened(t *testing.T) {
	type reading struct{ low, high float64 }
	var (
		noCurrent = reading{0, 0.003}
		idle      = reading{0.12, 0.123}
		driven    = reading{0.12 + 5.9*0.25, 0.123 + 5.9*0.25} // half of full scale
		quiet     = reading{0, 0.04}
		sound     = reading{9.99, 10.1}
	)
	set := func(closed bool) func(*testing.T, *sim.Board) {
		return func(t *testing.T, b *sim.Board) {
			if err := b.Relay("mains").Set(closed); err != nil {
				t.Error(err)
			}
		}
	}
	for _, tt := range []struct {
		name      string
		do        []func(*testing.T, *sim.Board)
		amplitude float64
		coil, ear reading
	}{
		{"powered, sound", []func(*testing.T, *sim.Board){set(true)}, 0.5, driven, sound},
		{"powered, silence", []func(*testing.T, *sim.Board){set(true)}, 0, idle, quiet},
		{"no power", nil, 0.5, noCurrent, quiet},
		{"power that ended", []func(*testing.T, *sim.Board){set(true), set(false)}, 0.5, noCurrent, quiet},
		{"amplifier dead", []func(*testing.T, *sim.Board){set(true), condition(sim.AmplifierDead)}, 0.5, noCurrent, quiet},
		{"horns cut", []func(*testing.T, *sim.Board){set(true), condition(sim.HornsCut)}, 0.5, idle, quiet},
		{"mended", []func(*testing.T, *sim.Board){condition(sim.AmplifierDead), set(true), condition(sim.Healthy)}, 0.5, driven, sound},
		{"contact stuck open", []func(*testing.T, *sim.Board){stick, set(true)}, 0.5, noCurrent, quiet},
		{"contact stuck closed", []func(*testing.T, *sim.Board){set(true), stick, set(false)}, 0.5, driven, sound},
		{"contact stuck closed, then closed down", []func(*testing.T, *sim.Board){set(true), stick, closeRelay}, 0.5, driven, sound},
		{"relay that cannot be driven", []func(*testing.T, *sim.Board){func(_ *testing.T, b *sim.Board) {
			b.Relay("mains").Fail(errors.New("no line"))
			if b.Relay("mains").Set(true) == nil {
				t.Error("it was driven")
			}
			b.Relay("mains").Fail(nil)
		}}, 0.5, noCurrent, quiet},
		{"speaker lost", []func(*testing.T, *sim.Board){set(true), func(_ *testing.T, b *sim.Board) { b.Speaker("main").Lose() }}, 0.5, idle, quiet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched(t, sim.Output{})
				for _, do := range tt.do {
					do(t, b)
					time.Sleep(time.Second)
				}
				from := time.Now()
				if err := b.Speaker("main").Write(t.Context(), tone(tt.amplitude, time.Second)); err != nil && !errors.Is(err, sim.ErrSpeakerLost) {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				for sensor, want := range map[string]reading{"coil": tt.coil, "ear": tt.ear} {
					if got := mean(t, b, sensor, from, 10); got < want.low || got > want.high {
						t.Errorf("%s reads %.4f, want %.4f to %.4f", sensor, got, want.low, want.high)
					}
				}
			})
		})
	}
}

func condition(c sim.Condition) func(*testing.T, *sim.Board) {
	return func(_ *testing.T, b *sim.Board) { b.Amplifier("main").Break(c) }
}

func stick(_ *testing.T, b *sim.Board) { b.Relay("mains").Stick(true) }

func closeRelay(t *testing.T, b *sim.Board) {
	if err := b.Relay("mains").Close(); err != nil {
		t.Error(err)
	}
}

// Samples that nobody asked after while they left are judged by how things were
// when they left.
func TestWhatBrokeLaterHadSounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched(t, sim.Output{Buffer: 4 * time.Second})
		if err := b.Relay("mains").Set(true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		from := time.Now()
		if err := b.Speaker("main").Write(t.Context(), tone(0.5, 3*time.Second)); err != nil { // all queued
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		b.Amplifier("main").Break(sim.HornsCut)
		time.Sleep(time.Second)
		b.Amplifier("main").Break(sim.AmplifierDead)
		time.Sleep(2 * time.Second)
		for i, want := range []struct{ coil, ear float64 }{{0.12 + 5.9/4, 10}, {0.12, 0}, {0, 0}} {
			at := from.Add(time.Duration(i)*time.Second + 100*time.Millisecond)
			if coil, ear := mean(t, b, "coil", at, 8), mean(t, b, "ear", at, 8); math.Abs(coil-want.coil) > 0.01 || math.Abs(ear-want.ear) > 0.1 {
				t.Errorf("second %d: %.3f A and %.3f Pa, want %.3f A and %.3f Pa", i, coil, ear, want.coil, want.ear)
			}
		}
		heard := b.Amplifier("main").Heard()
		if len(heard) != 1 || len(heard[0].Levels) != 10 || heard[0].Start.Sub(from).Abs() > firmware.SensorStep || math.Abs(heard[0].Levels[5]-0.5) > 0.01 {
			t.Errorf("heard %v from %v, want a second at 0.5 from the beginning", heard, from)
		}
	})
}

// An output without a relay always has power.
func TestAmplifierWithoutARelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched(t, sim.Output{Relays: []string{}})
		time.Sleep(time.Second)
		play(t, b, tone(0.5, time.Second))
		if heard := b.Amplifier("main").Heard(); len(heard) != 1 {
			t.Errorf("heard %v", heard)
		}
	})
}

// A board that boots again has the same amplifier behind it, which remembers.
func TestAmplifierOutlivesItsBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		amplifier, recorder := sim.NewAmplifier(), &sim.Recorder{}
		for range 2 {
			b, err := sim.New(sim.Options{Recorder: recorder, Outputs: []sim.Output{{
				Name: "main", Relays: []string{"mains"}, Amplifier: amplifier, Sensors: map[string]firmware.Quantity{"coil": firmware.Current},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Relay("mains").Set(true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			play(t, b, tone(0.5, time.Second))
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			off := time.Now()
			time.Sleep(time.Minute)
			again, err := sim.NewSensor("again", firmware.Current, amplifier)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.Envelope(t.Context(), off.Add(firmware.SensorStep), 1); err != nil || got[0] > again.Noise() {
				t.Errorf("of a board that was closed: %v, %v", got, err)
			}
		}
		if heard, edges := amplifier.Heard(), recorder.Edges(); len(heard) != 2 || len(edges) != 4 {
			t.Errorf("%d stretches of sound and %d edges, want 2 and 4", len(heard), len(edges))
		}
	})
}

// What is kept is of the last hour, however long a board runs.
func TestNothingIsKeptForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched(t, sim.Output{})
		b.Recorder.RecordPCM(false)
		b.Recorder.Keep(time.Hour)
		kept := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		second := tone(0.5, time.Second)
		hours := func(n int) {
			for range n * 120 {
				if err := b.Relay("mains").Set(true); err != nil {
					t.Fatal(err)
				}
				play(t, b, second)
				if err := b.Relay("mains").Set(false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(29 * time.Second)
			}
		}
		hours(2)
		before := kept()
		hours(24)
		if after := kept(); after > before+100<<10 {
			t.Errorf("%d bytes after two hours, %d after a day", before, after)
		}
		if n := len(b.Recorder.Edges()); n < 200 || n > 250 {
			t.Errorf("%d edges are kept of an hour with 240", n)
		}
		if n := len(b.Amplifier("main").Heard()); n < 115 || n > 125 {
			t.Errorf("%d stretches are kept of an hour with 120", n)
		}
	})
}

func TestNoSensor(t *testing.T) {
	for _, tt := range []struct {
		quantity firmware.Quantity
		of       *sim.Amplifier
		want     string
	}{
		{"smell", sim.NewAmplifier(), `"smell" is not measured`},
		{firmware.Current, nil, "has no amplifier"},
	} {
		if _, err := sim.NewSensor("nose", tt.quantity, tt.of); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("sensor of %q: %v", tt.quantity, err)
		}
	}
	s, err := sim.NewSensor("ear", firmware.Sound, sim.NewAmplifier())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{-1, 1 << 30} {
		if _, err := s.Envelope(context.Background(), time.Now(), n); err == nil {
			t.Errorf("%d readings were given", n)
		}
	}
	board, err := sim.New(sim.Options{Outputs: []sim.Output{
		{Name: "a", Sensors: map[string]firmware.Quantity{"ear": firmware.Sound}},
		{Name: "b", Sensors: map[string]firmware.Quantity{"ear": firmware.Sound}},
	}})
	if err == nil || !strings.Contains(err.Error(), `two sensors are named "ear"`) {
		t.Errorf("a board with two ears of one name: %v, %v", board, err)
	}
}
