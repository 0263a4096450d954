package boardtest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"loa/firmware"
)

// A sensor's case looks at the first output: there its sensors are.

const step = firmware.SensorStep

// notice is how long a sensor may take to see that its chip or its bus failed,
// or that it answers again; patience, that it does not answer at all.
const (
	notice   = 500 * time.Millisecond
	patience = 2 * time.Second
)

func openRelayReadsNothing(t *testing.T, b firmware.Board, p Probe) {
	o := b.Outputs[0]
	begin := time.Now()
	time.Sleep(time.Second)
	write(t, o.Speaker, noise(20, 2*time.Second))
	drain(t, o.Speaker)
	time.Sleep(2 * step)
	for _, s := range o.Sensors {
		for i, v := range read(t, s, begin, 25) {
			if v > s.Noise() {
				t.Errorf("sensor %s, with the relays open: %.3f of %s in step %d, at most %.3f is nothing", s.Name(), v, s.Quantity(), i, s.Noise())
			}
		}
	}
	// One closed relay of several is no power either.
	set(t, o.Relays[0], true)
	begin = time.Now()
	time.Sleep(time.Second)
	set(t, o.Relays[0], false)
	for _, s := range o.Sensors {
		for i, v := range read(t, s, begin, 8) {
			if v > s.Noise() {
				t.Errorf("sensor %s, with one relay of several closed: %.3f in step %d, at most %.3f is nothing", s.Name(), v, i, s.Noise())
			}
		}
	}
}

func soundIsMeasured(t *testing.T, b firmware.Board, p Probe) {
	o := b.Outputs[0]
	powered(t, o, true)
	time.Sleep(time.Second)
	quiet := time.Now()
	time.Sleep(time.Second)
	write(t, o.Speaker, quieter(noise(21, 2*time.Second), 4))
	soft := time.Now().Add(-time.Second) // within: the buffer is shorter
	write(t, o.Speaker, noise(22, 2*time.Second))
	loud := time.Now().Add(-time.Second)
	drain(t, o.Speaker)
	end := time.Now().Add(step + p.Slack)
	time.Sleep(time.Second + p.Slack)
	powered(t, o, false)
	off := time.Now().Add(step + p.Slack)
	time.Sleep(time.Second + p.Slack)
	for _, s := range o.Sensors {
		mean := func(from time.Time) float64 {
			var sum float64
			for _, v := range read(t, s, from, 5) {
				sum += v
			}
			return sum / 5
		}
		rest, low, high, after, open := mean(quiet), mean(soft), mean(loud), mean(end), mean(off)
		if low <= rest+s.Noise() || high <= low+s.Noise() {
			t.Errorf("sensor %s: %.3f at rest, %.3f of a soft and %.3f of a loud sound, want each above the other by more than %.3f", s.Name(), rest, low, high, s.Noise())
		}
		if math.Abs(after-rest) > s.Noise() {
			t.Errorf("sensor %s: %.3f before the sound and %.3f after it", s.Name(), rest, after)
		}
		if open > s.Noise() {
			t.Errorf("sensor %s: %.3f after the relays opened, at most %.3f is nothing", s.Name(), open, s.Noise())
		}
	}
}

func readingsAreInTime(t *testing.T, b firmware.Board, p Probe) {
	o := b.Outputs[0]
	powered(t, o, true)
	time.Sleep(2 * time.Second)
	begin := time.Now()
	write(t, o.Speaker, noise(23, time.Second))
	drain(t, o.Speaker)
	end := time.Now()
	time.Sleep(time.Second + step + p.Slack) // a step is known when the next one is over
	for _, s := range o.Sensors {
		rest := slices.Max(read(t, s, begin.Add(-time.Second), 8))
		// Seen on an axis that begins anywhere within a step.
		for _, phase := range []time.Duration{0, step / 3, step - 1} {
			from := begin.Add(-time.Second - phase)
			first, last := time.Time{}, time.Time{}
			for i, v := range read(t, s, from, 30) {
				if v <= rest+s.Noise() {
					continue
				}
				at := from.Add(time.Duration(i) * step)
				if first.IsZero() {
					first = at
				}
				last = at.Add(step)
			}
			off := func(got, want time.Time) bool { return got.Sub(want).Abs() > step+step/10+p.Slack }
			if off(first, begin) || off(last, end) {
				t.Errorf("sensor %s: a sound from 0 to %v was measured from %v to %v", s.Name(), end.Sub(begin), first.Sub(begin), last.Sub(begin))
			}
		}
	}
}

func readingsAreWhole(t *testing.T, b firmware.Board, p Probe) {
	o := b.Outputs[0]
	powered(t, o, true)
	write(t, o.Speaker, noise(24, time.Second))
	drain(t, o.Speaker)
	time.Sleep(time.Second)
	names := map[string]bool{}
	for _, s := range o.Sensors {
		if s.Name() == "" || names[s.Name()] || s.Quantity() == "" || !(s.Noise() > 0) || math.IsInf(s.Noise(), 0) {
			t.Errorf("sensor %q of %q has the noise %v; it needs a name of its own, a quantity, and a noise", s.Name(), s.Quantity(), s.Noise())
		}
		names[s.Name()] = true
		if got := read(t, s, time.Now(), 0); len(got) != 0 {
			t.Errorf("sensor %s gives %d readings, none were asked for", s.Name(), len(got))
		}
		now := time.Now()
		from := now.Add(-firmware.SensorMemory - time.Second)
		n := int(firmware.SensorMemory/step) + 30
		readings := envelope(t, s, from, n)
		for i, v := range readings {
			at := from.Add(time.Duration(i) * step)
			future := at.Add(step).After(now.Add(p.Slack + step))
			ancient := at.Before(now.Add(-firmware.SensorMemory))
			switch {
			case math.IsInf(v, 0) || v < 0:
				t.Fatalf("sensor %s reads %v", s.Name(), v)
			case (future || ancient) && !math.IsNaN(v):
				t.Fatalf("sensor %s tells %.3f of %v from now", s.Name(), v, at.Sub(now))
			}
		}
		// Of the last second and a half everything is known, and reads the same again.
		recent := now.Add(-1500 * time.Millisecond)
		once, again := read(t, s, recent, 14), read(t, s, recent, 14)
		if !slices.Equal(once, again) {
			t.Errorf("sensor %s reads the same time as %.3f and as %.3f", s.Name(), once, again)
		}
	}
}

func sensorCancelled(t *testing.T, b firmware.Board, p Probe) {
	for _, s := range b.Outputs[0].Sensors {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Envelope(ctx, time.Now(), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("sensor %s asked with a cancelled context: %v, want context.Canceled", s.Name(), err)
		}
	}
}

func sensorAfterClose(t *testing.T, b firmware.Board, p Probe) {
	o := b.Outputs[0]
	for range 2 {
		if err := o.Sensors[0].Close(); err != nil {
			t.Errorf("close sensor: %v", err)
		}
	}
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	for _, s := range o.Sensors {
		if _, err := s.Envelope(t.Context(), time.Now(), 1); !errors.Is(err, firmware.ErrClosed) {
			t.Errorf("sensor %s after Close: %v, want ErrClosed", s.Name(), err)
		}
	}
}

func sensorFault(t *testing.T, b firmware.Board, p Probe) {
	o := b.Outputs[0]
	time.Sleep(time.Second)
	boom := errors.New("no answer on the bus")
	from := time.Now().Add(-500 * time.Millisecond)
	p.FailSensor(0, boom)
	time.Sleep(notice)
	if got, err := o.Sensors[0].Envelope(t.Context(), from, 3); !errors.Is(err, boom) || len(got) > 0 {
		t.Errorf("a sensor out of order gives %v, %v", got, err)
	}
	p.FailSensor(0, nil)
	time.Sleep(notice)
	read(t, o.Sensors[0], from, 3)
}

func sensorHung(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Sensors[0]
	p.HangSensor(0, true)
	time.Sleep(patience)
	const after = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	begin := time.Now()
	_, err := s.Envelope(ctx, begin, 3)
	if took := time.Since(begin); err == nil || took > after+p.Slack {
		t.Errorf("a hung sensor: %v after %v, want an error after %v at most", err, took, after)
	}
	p.HangSensor(0, false)
	time.Sleep(notice)
	begin = time.Now()
	time.Sleep(time.Second)
	read(t, s, begin, 3)
}

// powered closes or opens all relays of an output.
func powered(t *testing.T, o firmware.Output, on bool) {
	t.Helper()
	for _, r := range o.Relays {
		set(t, r, on)
	}
}

func envelope(t *testing.T, s firmware.Sensor, from time.Time, n int) []float64 {
	t.Helper()
	readings, err := s.Envelope(t.Context(), from, n)
	if err != nil || len(readings) != n {
		t.Fatalf("sensor %s: %d readings of %d, %v", s.Name(), len(readings), n, err)
	}
	return readings
}

// read wants every reading to be there.
func read(t *testing.T, s firmware.Sensor, from time.Time, n int) []float64 {
	t.Helper()
	readings := envelope(t, s, from, n)
	if slices.ContainsFunc(readings, math.IsNaN) {
		t.Fatalf("sensor %s does not know all of %v", s.Name(), readings)
	}
	return readings
}

func quieter(pcm []int16, by int16) []int16 {
	for i := range pcm {
		pcm[i] /= by
	}
	return pcm
}
