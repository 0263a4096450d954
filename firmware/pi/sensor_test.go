package pi_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"

	"loa/firmware"
	"loa/firmware/boardtest"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

const shunt = 0.01 // Ω

// coil is a good set of options, for 6 A.
func coil() pi.CurrentOptions {
	return pi.CurrentOptions{Name: "coil", Bus: "/dev/i2c-1", Address: 0x40, Shunt: shunt, MaxCurrent: 6}
}

// grid is the mains behind a module that swings about 1.65 V, 0.4 V of it for
// 230 V.
func grid() pi.VoltageOptions {
	return pi.VoltageOptions{Name: "grid", Quantity: firmware.Mains, Bus: "1", Address: 0x48, Input: "A0", Range: 4.096,
		Scale: 575, Max: 400, Noise: 5, AC: true, Bias: 1.65}
}

// horn is the level behind an amplifier and a detector.
func horn() pi.VoltageOptions {
	return pi.VoltageOptions{Name: "horn", Quantity: firmware.Line, Bus: "1", Address: 0x49, Input: "A1", Range: 2.048,
		Scale: 100, Max: 180, Noise: 0.5}
}

type maker = func(i2c.Bus) (*pi.Sensor, error)

func ina219(o pi.CurrentOptions) maker {
	return func(b i2c.Bus) (*pi.Sensor, error) { return pi.NewINA219(b, o) }
}

func ina226(o pi.CurrentOptions) maker {
	return func(b i2c.Bus) (*pi.Sensor, error) { return pi.NewINA226(b, o) }
}

func ads1115(o pi.VoltageOptions) maker {
	return func(b i2c.Bus) (*pi.Sensor, error) { return pi.NewADS1115(b, o) }
}

func TestSensorContract(t *testing.T) {
	boardtest.RunBubble(t, func(t *testing.T) (firmware.Board, boardtest.Probe) {
		relays := []string{"mains", "amplifier"}
		b, err := sim.New(sim.Options{Outputs: []sim.Output{{Name: "street", Relays: relays}}})
		if err != nil {
			t.Fatal(err)
		}
		a := &cabinet{board: b, relays: len(relays)}
		wires := newBus()
		wires.chips[0x40] = newINA219(a.shunt)
		wires.chips[0x41] = newINA226(a.shunt)
		wires.chips[0x49] = newADS1115(nil, a.horn)
		second := coil()
		second.Name, second.Address = "second coil", 0x41
		for _, on := range []maker{ina219(coil()), ina226(second), ads1115(horn())} {
			s, err := on(wires)
			if err != nil {
				t.Fatal(err)
			}
			b.Outputs[0].Sensors = append(b.Outputs[0].Sensors, s)
		}
		return b.Board, boardtest.Probe{
			Edges: func() (edges []boardtest.Edge) {
				for _, e := range b.Recorder.Edges() {
					edges = append(edges, boardtest.Edge{Relay: slices.Index(relays, e.Relay), Closed: e.Closed})
				}
				return edges
			},
			Heard: func() (pcm []int16) {
				for _, block := range b.Recorder.PCM() {
					pcm = append(pcm, block.Samples...)
				}
				return pcm
			},
			Ahead:      sim.DefaultBuffer,
			FailSensor: func(_ int, err error) { wires.fail(err) },
			HangSensor: func(_ int, hung bool) { wires.hang(hung) },
		}
	})
}

// cabinet is what a simulated board's amplifier makes of its relays and samples,
// at the pins of the chips.
type cabinet struct {
	board   *sim.Board
	relays  int
	blocks  []sim.Block
	playing bool
}

func (a *cabinet) shunt(from, to time.Time) float64 {
	const idle, full = 0.12, 5.0 // A
	powered, square, _ := a.over(from, to)
	return shunt * powered * (idle*(1+0.02*math.Sin(float64(from.UnixMicro()%1e9))) + full*square)
}

func (a *cabinet) horn(from, to time.Time) float64 {
	powered, _, level := a.over(from, to)
	return powered * level
}

// over gives whether there was power, and the mean square and the mean amount of
// the samples.
func (a *cabinet) over(from, to time.Time) (powered, square, level float64) {
	closed := 0
	for _, e := range a.board.Recorder.Edges() {
		if e.At.After(to) {
			break
		}
		if closed--; e.Closed {
			closed += 2
		}
	}
	if closed == a.relays {
		powered = 1
	}
	if playing := a.board.Speaker("street").Buffered() > 0; playing || a.playing {
		a.blocks, a.playing = a.board.Recorder.PCM(), playing
	}
	for _, b := range a.blocks {
		first := max(0, samples(from.Sub(b.Start)))
		end := min(len(b.Samples), samples(to.Sub(b.Start)))
		for i := first; i < end; i++ {
			v := float64(b.Samples[i]) / 32768
			square, level = square+v*v, level+math.Abs(v)
		}
	}
	n := float64(samples(to.Sub(from)))
	return powered, square / n, level / n
}

// started has a sensor on a bus of its own, with a chip at its address.
func started(t *testing.T, on maker, at uint16, c *tiChip) (*pi.Sensor, *bus) {
	t.Helper()
	wires := newBus()
	wires.chips[at] = c
	s, err := on(wires)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close sensor: %v", err)
		}
	})
	return s, wires
}

// last gives the last n steps that are over.
func last(t *testing.T, s *pi.Sensor, n int) []float64 {
	t.Helper()
	v, err := s.Envelope(t.Context(), time.Now().Add(-time.Duration(n)*firmware.SensorStep-50*time.Millisecond), n)
	if err != nil || len(v) != n {
		t.Fatalf("Envelope = %v, %v", v, err)
	}
	return v
}

func TestSensorMeasures(t *testing.T) {
	wide, narrow := coil(), coil()
	wide.MaxCurrent, narrow.MaxCurrent = 20, 3
	difference, raw := grid(), grid()
	difference.Input, difference.Bias = "A0-A1", 0
	raw.Input, raw.Range, raw.Bias, raw.Max = "A2-A3", 0.512, 0, 180
	rms := func(v float64) float64 { return v * (1 + 0.01*0.01/4) }
	for _, tt := range []struct {
		name string
		make maker
		at   uint16
		chip *tiChip
		want float64
		off  float64
	}{
		{"INA219 at 6 A of 80 mV", ina219(coil()), 0x40, newINA219(steady(5 * shunt)), rms(5), 0.05},
		{"INA219 at 20 A of 320 mV", ina219(wide), 0x40, newINA219(steady(18 * shunt)), rms(18), 0.18},
		{"INA219 at 3 A of 40 mV", ina219(narrow), 0x40, newINA219(steady(0.1 * shunt)), 0.1, 0.002},
		{"INA226", ina226(coil()), 0x40, newINA226(steady(5 * shunt)), rms(5), 0.05},
		{"INA226 at little", ina226(coil()), 0x40, newINA226(steady(0.02 * shunt)), 0.02, 0.0005},
		{"INA226 at nothing", ina226(coil()), 0x40, newINA226(steady(0)), 0, 0},
		{"INA226 a little below nothing", ina226(coil()), 0x40, newINA226(steady(-0.001 * shunt)), 0.001, 0.0005},
		{"mains of 230 V", ads1115(grid()), 0x48, newADS1115(mains(0.4, 1.65)), 230, 2.5},
		{"mains of 92 V", ads1115(grid()), 0x48, newADS1115(mains(0.16, 1.65)), 92, 1},
		{"no mains", ads1115(grid()), 0x48, newADS1115(steady(1.65)), 0, 8},
		{"mains by a difference", ads1115(difference), 0x48, newADS1115(mains(0.4, 1.65), steady(1.65)), 230, 8},
		{"mains by a difference about nothing", ads1115(raw), 0x48, newADS1115(nil, nil, mains(0.15, 0), steady(0)), 0.15 * 575, 1},
		{"level behind a detector", ads1115(horn()), 0x49, newADS1115(nil, steady(1.2)), rms(120), 0.3},
	} {
		for i, in := range tt.chip.inputs {
			if in == nil {
				tt.chip.inputs[i] = steady(0)
			}
		}
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.chip.power()
				s, _ := started(t, tt.make, tt.at, tt.chip)
				time.Sleep(1050 * time.Millisecond)
				for _, v := range last(t, s, 9) {
					if !(math.Abs(v-tt.want) <= tt.off) {
						t.Errorf("it reads %.4f, want %.4f within %.4f", v, tt.want, tt.off)
					}
				}
			})
		})
	}
}

// A step holds what was measured in it, whatever the axis it is asked on.
func TestSensorKeepsAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		level := func(at time.Time) float64 { return 1 + float64(at.Sub(begun)/(10*time.Second)%4) }
		s, _ := started(t, ads1115(horn()), 0x49, newADS1115(nil, func(from, to time.Time) float64 { return steady(level(from)/10)(from, to) }))
		time.Sleep(firmware.SensorMemory + 20*time.Minute + 7*time.Millisecond)
		now := time.Now()
		n := int(firmware.SensorMemory/firmware.SensorStep) + 20
		from := now.Add(-firmware.SensorMemory - time.Second)
		v, err := s.Envelope(t.Context(), from, n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range v {
			at := from.Add(time.Duration(i) * firmware.SensorStep)
			known := !at.Before(now.Add(-firmware.SensorMemory)) && at.Before(now.Add(-firmware.SensorStep-60*time.Millisecond))
			future := at.Add(firmware.SensorStep).After(now)
			switch {
			case known && math.IsNaN(v[i]), (future || i < 10) && !math.IsNaN(v[i]):
				t.Fatalf("step %d, %v from now, reads %v", i, at.Sub(now), v[i])
			case known && level(at) == level(at.Add(150*time.Millisecond)) && math.Abs(v[i]-10*level(at)) > 0.15*level(at):
				t.Fatalf("step %d, %v from now, reads %v, want %v", i, at.Sub(now), v[i], 10*level(at))
			}
		}
		again, err := s.Envelope(t.Context(), from, n)
		if err != nil || !slices.EqualFunc(v, again, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
			t.Errorf("the same hour reads otherwise the second time: %v", err)
		}
		before, err := s.Envelope(t.Context(), begun.Add(-time.Hour), 3)
		if err != nil || slices.ContainsFunc(before, func(v float64) bool { return !math.IsNaN(v) }) {
			t.Errorf("before it was there it read %v, %v", before, err)
		}
		if _, err := s.Envelope(t.Context(), now, 1_000_000); err == nil {
			t.Error("a million steps were not refused")
		}
		if _, err := s.Envelope(t.Context(), now, -1); err == nil {
			t.Error("less than no steps were not refused")
		}
	})
}

func TestSensorTrouble(t *testing.T) {
	remote := errors.New("remote I/O error")
	force := func(v int16) func(*bus, *tiChip) { return func(_ *bus, c *tiChip) { c.forced = &v } }
	wave := func(i int, w func(from, to time.Time) float64) func(*bus, *tiChip) {
		return func(_ *bus, c *tiChip) { c.inputs[i] = w }
	}
	jump := func(low, high float64) func(from, to time.Time) float64 {
		return func(from, _ time.Time) float64 {
			if from.UnixMilli()%80 >= 20 {
				return low + 1e-4*float64(from.UnixMilli()%7)
			}
			return high
		}
	}
	patient := coil()
	patient.Still = 30 * time.Second
	difference := grid()
	difference.Input, difference.Bias = "A0-A1", 0
	loose := steady(0) // an input that floats
	for _, tt := range []struct {
		name  string
		make  maker
		at    uint16
		chip  func() *tiChip
		do    func(*bus, *tiChip)
		wait  time.Duration
		fault string // empty: there is none
		is    error
	}{
		{"INA219, the bus fails", ina219(coil()), 0x40, func() *tiChip { return newINA219(steady(3 * shunt)) },
			func(b *bus, _ *tiChip) { b.fault = remote }, 500 * time.Millisecond, "INA219 at 0x40 on /dev/i2c-7: read register 0x01: remote I/O error", remote},
		{"ADS1115, the bus fails", ads1115(grid()), 0x48, func() *tiChip { return newADS1115(mains(0.4, 1.65)) },
			func(b *bus, _ *tiChip) { b.fault = remote }, 500 * time.Millisecond, "ADS1115 at 0x48 on /dev/i2c-7: ", remote},
		{"INA226, pulled off", ina226(coil()), 0x40, func() *tiChip { return newINA226(steady(3 * shunt)) },
			func(b *bus, _ *tiChip) { delete(b.chips, 0x40) }, 500 * time.Millisecond, "remote I/O error", nil},
		{"INA219, saturated", ina219(coil()), 0x40, func() *tiChip { return newINA219(steady(3 * shunt)) },
			wave(0, steady(30*shunt)), 500 * time.Millisecond, "saturated", nil},
		{"INA226, saturated", ina226(coil()), 0x40, func() *tiChip { return newINA226(steady(3 * shunt)) },
			wave(0, steady(30*shunt)), 500 * time.Millisecond, "saturated", nil},
		{"INA226, all ones", ina226(coil()), 0x40, func() *tiChip { return newINA226(steady(3 * shunt)) },
			force(math.MinInt16), 500 * time.Millisecond, "saturated", nil},
		{"ADS1115, saturated", ads1115(grid()), 0x48, func() *tiChip { return newADS1115(mains(0.4, 1.65)) },
			wave(0, steady(5)), 500 * time.Millisecond, "saturated", nil},
		{"INA226, more than can be", ina226(coil()), 0x40, func() *tiChip { return newINA226(steady(3 * shunt)) },
			wave(0, steady(7*shunt)), 500 * time.Millisecond, "at most 6 A is possible", nil},
		{"INA219, less than nothing", ina219(coil()), 0x40, func() *tiChip { return newINA219(steady(3 * shunt)) },
			wave(0, steady(-3*shunt)), 500 * time.Millisecond, "wired the other way round", nil},
		{"ADS1115, less than nothing", ads1115(func() pi.VoltageOptions { o := horn(); o.Input = "A0-A1"; return o }()), 0x49,
			func() *tiChip { return newADS1115(steady(1.2), steady(0.1)) },
			wave(0, loose), 500 * time.Millisecond, "wired the other way round", nil},
		{"ADS1115, a level that cannot be", ads1115(horn()), 0x49, func() *tiChip { return newADS1115(loose, steady(1.2)) },
			wave(1, steady(1.9)), 500 * time.Millisecond, "at most 180 is possible", nil},
		{"ADS1115, mains that cannot be", ads1115(grid()), 0x48, func() *tiChip { return newADS1115(mains(0.4, 1.65)) },
			wave(0, mains(0.8, 1.65)), 500 * time.Millisecond, "at most 400 is possible", nil},
		{"ADS1115, a module without power", ads1115(grid()), 0x48, func() *tiChip { return newADS1115(mains(0.4, 1.65)) },
			wave(0, loose), 500 * time.Millisecond, "has what is before it no power", nil},
		{"INA226, jumping", ina226(coil()), 0x40, func() *tiChip { return newINA226(steady(3 * shunt)) },
			wave(0, jump(3*shunt, -7*shunt)), time.Second, "out of range", nil},
		{"INA226, stuck", ina226(coil()), 0x40, func() *tiChip { return newINA226(steady(3 * shunt)) },
			force(12000), 11 * time.Second, "stuck: it has read 3 A for more than 10s", nil},
		{"INA226, stuck for less than its bound", ina226(patient), 0x40, func() *tiChip { return newINA226(steady(3 * shunt)) },
			force(12000), 20 * time.Second, "", nil},
		{"INA219, still at nothing", ina219(coil()), 0x40, func() *tiChip { return newINA219(steady(3 * shunt)) },
			force(0), time.Minute, "", nil},
		{"ADS1115, mains stuck", ads1115(grid()), 0x48, func() *tiChip { return newADS1115(mains(0.4, 1.65)) },
			force(13200), 11 * time.Second, "stuck", nil},
		{"ADS1115, no mains on a difference", ads1115(difference), 0x48, func() *tiChip { return newADS1115(mains(0.15, 0), steady(0)) },
			force(1), time.Minute, "", nil},
		{"ADS1115, a difference stuck", ads1115(difference), 0x48, func() *tiChip { return newADS1115(mains(0.15, 0), steady(0)) },
			force(1000), 11 * time.Second, "stuck", nil},
		{"INA219, without power for a moment", ina219(coil()), 0x40, func() *tiChip { return newINA219(steady(3 * shunt)) },
			func(_ *bus, c *tiChip) { c.power() }, 500 * time.Millisecond, "", nil},
		{"ADS1115, without power for a moment", ads1115(grid()), 0x48, func() *tiChip { return newADS1115(mains(0.4, 1.65)) },
			func(_ *bus, c *tiChip) { c.power() }, 500 * time.Millisecond, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := tt.chip()
				s, wires := started(t, tt.make, tt.at, c)
				var w overheard
				w.watch(t, s.Monitor())
				good := c.inputs
				time.Sleep(time.Second)
				before := last(t, s, 3)
				if slices.ContainsFunc(before, math.IsNaN) {
					t.Fatalf("in order it reads %v", before)
				}
				at := time.Now()
				wires.alter(func() { tt.do(wires, c) })
				time.Sleep(tt.wait)
				_, err := s.Envelope(t.Context(), at, 1)
				switch {
				case tt.fault == "" && err != nil:
					t.Errorf("Envelope = %v", err)
				case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault) || !strings.HasPrefix(err.Error(), "read sensor ")):
					t.Errorf("Envelope = %v, want an error with %q", err, tt.fault)
				case tt.is != nil && !errors.Is(err, tt.is):
					t.Errorf("Envelope = %v, want %v", err, tt.is)
				}
				time.Sleep(600 * time.Millisecond)
				heal := time.Now()
				wires.alter(func() { wires.fault, wires.chips[tt.at], c.forced, c.inputs = nil, c, nil, good })
				time.Sleep(time.Second)
				if now := last(t, s, 3); slices.ContainsFunc(now, func(v float64) bool { return !(math.Abs(v-before[0]) < 0.1*before[0]) }) {
					t.Errorf("a second after it was mended it reads %v, before %v", now, before)
				}
				if tt.fault == "" {
					w.want(t)
				} else {
					w.want(t, tt.fault, "")
				}
				if tt.fault == "" || tt.wait > time.Second {
					return
				}
				// What was not measured then never was.
				v, err := s.Envelope(t.Context(), at.Add(2*firmware.SensorStep), int(heal.Sub(at)/firmware.SensorStep)-2)
				if err != nil || slices.ContainsFunc(v, func(v float64) bool { return !math.IsNaN(v) }) {
					t.Errorf("while it was out of order it read %v, %v", v, err)
				}
			})
		})
	}
}

// One sample that fails costs nothing, one that cannot be costs its step.
func TestSensorForgivesAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newINA226(steady(3 * shunt))
		s, wires := started(t, ina226(coil()), 0x40, c)
		time.Sleep(time.Second + time.Millisecond)
		wires.fail(errors.New("arbitration lost"))
		time.Sleep(5 * time.Millisecond)
		wires.fail(nil)
		time.Sleep(300 * time.Millisecond)
		if v := last(t, s, 5); slices.ContainsFunc(v, math.IsNaN) {
			t.Errorf("with one sample less it reads %v", v)
		}
		at := time.Now()
		high := int16(32767)
		wires.alter(func() { c.forced = &high })
		time.Sleep(5 * time.Millisecond)
		wires.alter(func() { c.forced = nil })
		time.Sleep(500 * time.Millisecond)
		v, err := s.Envelope(t.Context(), at.Add(-2*firmware.SensorStep-50*time.Millisecond), 6)
		if err != nil {
			t.Fatal(err)
		}
		lost := 0
		for _, v := range v {
			if math.IsNaN(v) {
				lost++
			} else if math.Abs(v-3) > 0.05 {
				t.Errorf("it reads %v", v)
			}
		}
		if lost < 1 || lost > 2 {
			t.Errorf("a wrong sample cost %d steps: %v", lost, v)
		}
	})
}

// A step of which half is known is known, one of which less is known is not.
func TestSensorKnowsAStepByHalf(t *testing.T) {
	for _, tt := range []struct {
		gap   time.Duration
		known bool
	}{{40 * time.Millisecond, true}, {60 * time.Millisecond, false}} {
		synctest.Test(t, func(t *testing.T) {
			s, wires := started(t, ina226(coil()), 0x40, newINA226(steady(3*shunt)))
			time.Sleep(time.Second)
			at := time.Now()
			time.Sleep(27 * time.Millisecond)
			wires.fail(errors.New("arbitration lost"))
			time.Sleep(tt.gap)
			wires.fail(nil)
			time.Sleep(500 * time.Millisecond)
			v, err := s.Envelope(t.Context(), at, 1)
			if err != nil || math.IsNaN(v[0]) == tt.known {
				t.Errorf("with a gap of %v it reads %v, %v", tt.gap, v, err)
			}
		})
	}
}

// A step may begin anywhere: it takes of what is at its ends as much as lies in
// it.
func TestSensorMeasuresOnAnyAxis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Second)
		s, _ := started(t, ads1115(horn()), 0x49, newADS1115(nil, func(from, _ time.Time) float64 {
			if from.Before(end) {
				return 1
			}
			return 0
		}))
		time.Sleep(2 * time.Second)
		for _, before := range []time.Duration{0, 5, 25, 45, 50, 75, 95, 100} {
			v, err := s.Envelope(t.Context(), end.Add(-before*time.Millisecond), 1)
			if want := 100 * math.Sqrt(float64(before)/100); err != nil || math.Abs(v[0]-want) > 0.2 {
				t.Errorf("a step with %d ms of sound reads %v, %v, want %.1f", before, v, err, want)
			}
		}
	})
}

// What is read is new each time, and little of what there is is passed over.
func TestSensorReadsAsFastAsItsChip(t *testing.T) {
	for _, tt := range []struct {
		name string
		make maker
		at   uint16
		chip *tiChip
		over time.Duration // of what is measured, at least
	}{
		{"INA219", ina219(coil()), 0x40, newINA219(steady(0)), 800 * time.Millisecond},
		{"INA226", ina226(coil()), 0x40, newINA226(steady(0)), 800 * time.Millisecond},
		{"ADS1115", ads1115(horn()), 0x49, newADS1115(), 250 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			tt.chip.power()
			_, wires := started(t, tt.make, tt.at, tt.chip)
			time.Sleep(time.Second)
			wires.alter(func() { wires.calls = 0 })
			time.Sleep(time.Second)
			wires.mu.Lock()
			defer wires.mu.Unlock()
			every, _ := tt.chip.converts(tt.chip.set)
			readings := time.Duration(wires.calls - 50) // and the set-up, each 20 ms
			if every*readings > time.Second || every*readings < tt.over {
				t.Errorf("%s is read %d times a second, and measures every %v", tt.name, readings, every)
			}
		})
	}
}

// A chip that lost power may say anything until it is set up again: none of it
// counts, not even what was read before that was seen.
func TestSensorDoesNotBelieveAChipThatWasReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newADS1115(nil, steady(1.2))
		s, wires := started(t, ads1115(horn()), 0x49, c)
		for range 20 {
			time.Sleep(333 * time.Millisecond)
			wires.alter(c.power)
		}
		time.Sleep(200 * time.Millisecond)
		v, err := s.Envelope(t.Context(), time.Now().Add(-6*time.Second), 58)
		if err != nil {
			t.Fatal(err)
		}
		known := 0
		for _, v := range v {
			if math.IsNaN(v) {
				continue
			}
			if known++; math.Abs(v-120) > 1.5 {
				t.Errorf("it reads %v, want 120 or nothing", v)
			}
		}
		if known < 20 {
			t.Errorf("only %d steps are known", known)
		}
	})
}

// While a chip does not answer, the bus is left to others.
func TestSensorLeavesADeadBusAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, wires := started(t, ina226(coil()), 0x40, newINA226(steady(3*shunt)))
		wires.fail(errors.New("no acknowledgement"))
		time.Sleep(time.Second)
		wires.alter(func() { wires.calls = 0 })
		time.Sleep(10 * time.Second)
		var calls int
		wires.alter(func() { calls = wires.calls })
		if calls < 50 || calls > 110 {
			t.Errorf("a dead bus was asked %d times in ten seconds, want about 100", calls)
		}
	})
}

func TestSensorOnAHungBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wires := newBus()
		wires.chips[0x40] = newINA226(steady(3 * shunt))
		s, err := pi.NewINA226(wires, coil())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		wires.hang(true)
		time.Sleep(3 * time.Second)
		begun := time.Now()
		if _, err := s.Envelope(t.Context(), begun, 1); err == nil || !strings.Contains(err.Error(), "INA226 at 0x40 on /dev/i2c-7: the bus has not answered for 3s") || time.Since(begun) > 0 {
			t.Errorf("Envelope = %v after %v", err, time.Since(begun))
		}
		if err := s.Close(); err == nil || !strings.Contains(err.Error(), "does not answer") || time.Since(begun) > time.Second {
			t.Errorf("Close = %v after %v", err, time.Since(begun))
		}
		if _, err := s.Envelope(t.Context(), begun, 1); !errors.Is(err, firmware.ErrClosed) {
			t.Errorf("Envelope after Close = %v", err)
		}
		wires.hang(false)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Errorf("Close when it answered = %v", err)
		}
	})
}

func TestSensorWantsALiveContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := started(t, ina226(coil()), 0x40, newINA226(steady(0)))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Envelope(ctx, time.Now(), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("Envelope = %v", err)
		}
	})
}
