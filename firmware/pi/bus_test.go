package pi_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"
)

// bus is an I2C bus with chips that answer as those of Texas Instruments do.
type bus struct {
	mu    sync.Mutex
	chips map[uint16]*tiChip
	fault error
	hung  chan struct{} // not nil: nothing is answered until it is closed
	calls int
}

func newBus() *bus { return &bus{chips: map[uint16]*tiChip{}} }

func (b *bus) String() string                  { return "/dev/i2c-7" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }

func (b *bus) Tx(address uint16, w, r []byte) error {
	b.mu.Lock()
	hung := b.hung
	b.mu.Unlock()
	if hung != nil {
		<-hung
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	c := b.chips[address]
	switch {
	case b.fault != nil:
		return b.fault
	case c == nil:
		return errors.New("remote I/O error")
	}
	return c.tx(w, r)
}

func (b *bus) fail(err error) { b.alter(func() { b.fault = err }) }

func (b *bus) hang(hung bool) {
	b.alter(func() {
		if hung {
			b.hung = make(chan struct{})
		} else {
			close(b.hung)
			b.hung = nil
		}
	})
}

func (b *bus) alter(what func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	what()
}

// tiChip is one of the three chips: a pointer, some registers, and conversions
// that follow each other from the moment of the set-up on.
type tiChip struct {
	config    byte
	fixed     map[byte]uint16
	atPower   uint16 // what the configuration is when it gets power
	converts  func(config uint16) (every time.Duration, input func(from, to time.Time) float64)
	resultReg byte
	// input is what is at the chip's pins over a time, in V: one for a shunt,
	// four for the ADS1115.
	inputs [4]func(from, to time.Time) float64

	pointer byte
	set     uint16
	begun   time.Time // of the conversions; zero: none were made
	result  int16
	forced  *int16 // what it reads whatever there is
}

func (c *tiChip) power() {
	c.set, c.begun, c.result, c.pointer = c.atPower, time.Now(), 0, 0
}

func (c *tiChip) tx(w, r []byte) error {
	switch len(w) {
	case 0:
	case 3:
		if w[0] != c.config {
			return fmt.Errorf("register 0x%02x is not for writing", w[0])
		}
		c.set, c.begun = uint16(w[1])<<8|uint16(w[2]), time.Now()
		fallthrough
	case 1:
		c.pointer = w[0]
	default:
		return fmt.Errorf("%d bytes", len(w))
	}
	if len(r) == 0 {
		return nil
	}
	if len(r) != 2 {
		return fmt.Errorf("%d bytes asked for", len(r))
	}
	v, ok := c.fixed[c.pointer]
	switch {
	case c.pointer == c.config:
		v = c.set
	case c.pointer == c.resultReg:
		v = uint16(c.convert())
	case !ok:
		return fmt.Errorf("there is no register 0x%02x", c.pointer)
	}
	r[0], r[1] = byte(v>>8), byte(v)
	return nil
}

// convert gives the last conversion that is over.
func (c *tiChip) convert() int16 {
	if c.forced != nil {
		return *c.forced
	}
	every, input := c.converts(c.set)
	if every == 0 {
		return c.result
	}
	if n := time.Since(c.begun) / every; n > 0 {
		end := c.begun.Add(n * every)
		c.result = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(input(end.Add(-every), end)))))
	}
	return c.result
}

// newINA219 is one with volts across its shunt.
func newINA219(volts func(from, to time.Time) float64) *tiChip {
	c := &tiChip{config: 0, resultReg: 1, atPower: 0x399f, inputs: [4]func(from, to time.Time) float64{volts}}
	times := map[uint16]time.Duration{3: 532, 8: 532, 9: 1060, 10: 2130, 11: 4260, 12: 8510, 13: 17020, 14: 34050, 15: 68100}
	c.converts = func(set uint16) (time.Duration, func(from, to time.Time) float64) {
		end := float64(int(4000) << (set >> 11 & 3))
		every := times[set>>3&15] * time.Microsecond
		if set&7 == 7 {
			every += times[set>>7&15] * time.Microsecond
		} else if set&7 != 5 {
			every = 0
		}
		return every, func(from, to time.Time) float64 {
			return max(-end, min(end, c.inputs[0](from, to)/10e-6))
		}
	}
	c.power()
	return c
}

func newINA226(volts func(from, to time.Time) float64) *tiChip {
	c := &tiChip{config: 0, resultReg: 1, atPower: 0x4127, fixed: map[byte]uint16{0xfe: 0x5449, 0xff: 0x2260}, inputs: [4]func(from, to time.Time) float64{volts}}
	times := []time.Duration{140, 204, 332, 588, 1100, 2116, 4156, 8244}
	average := []time.Duration{1, 4, 16, 64, 128, 256, 512, 1024}
	c.converts = func(set uint16) (time.Duration, func(from, to time.Time) float64) {
		every := times[set>>3&7]
		if set&7 == 7 {
			every += times[set>>6&7]
		} else if set&7 != 5 {
			every = 0
		}
		return every * average[set>>9&7] * time.Microsecond, func(from, to time.Time) float64 { return c.inputs[0](from, to) / 2.5e-6 }
	}
	c.power()
	return c
}

func newADS1115(inputs ...func(from, to time.Time) float64) *tiChip {
	c := &tiChip{config: 1, resultReg: 0, atPower: 0x8583}
	for i := range c.inputs {
		c.inputs[i] = func(time.Time, time.Time) float64 { return 0 }
		if i < len(inputs) {
			c.inputs[i] = inputs[i]
		}
	}
	rates := []time.Duration{8, 16, 32, 64, 128, 250, 475, 860}
	ranges := []float64{6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256}
	c.converts = func(set uint16) (time.Duration, func(from, to time.Time) float64) {
		every := time.Second / rates[set>>5&7]
		if set&0x100 != 0 { // one at a time, and none was asked for
			every = 0
		}
		return every, func(from, to time.Time) float64 {
			at := func(i int) float64 { return max(-0.3, c.inputs[i](from, to)) } // its diodes
			var v float64
			switch mux := set >> 12 & 7; mux {
			case 0:
				v = at(0) - at(1)
			case 1, 2, 3:
				v = at(int(mux)-1) - at(3)
			default:
				v = max(0, at(int(mux)-4))
			}
			return v / ranges[set>>9&7] * 32768
		}
	}
	c.power()
	return c
}

// steady is a voltage that hardly changes: it wavers by a hundredth, as all do.
func steady(v float64) func(from, to time.Time) float64 {
	return func(from, _ time.Time) float64 {
		return v * (1 + 0.01*math.Sin(float64(from.UnixMicro()%1e9)/700))
	}
}

// mains is a sine of 50 Hz about a bias.
func mains(rms, bias float64) func(from, to time.Time) float64 {
	return func(from, to time.Time) float64 {
		var sum float64
		const points = 16
		for i := range points {
			at := from.Add(to.Sub(from) * time.Duration(2*i+1) / (2 * points))
			sum += bias + rms*math.Sqrt2*math.Sin(2*math.Pi*50*float64(at.UnixNano()%1e9)/1e9)
		}
		return sum / points
	}
}

// The models are held against the data sheets' own examples.
func TestTheChipsOfTheTests(t *testing.T) {
	for _, tt := range []struct {
		name string
		chip *tiChip
		set  []byte
		read byte
		want uint16
	}{
		{"INA219, 320 mV of 320", newINA219(func(time.Time, time.Time) float64 { return 0.32 }), []byte{0, 0x39, 0x9f}, 1, 0x7d00},
		{"INA219, -160 mV of 160", newINA219(func(time.Time, time.Time) float64 { return -0.3 }), []byte{0, 0x31, 0x9f}, 1, 0xc180},
		{"INA226, 80 mV", newINA226(func(time.Time, time.Time) float64 { return 0.08 }), []byte{0, 0x41, 0x27}, 1, 0x7d00},
		{"ADS1115, its end", newADS1115(func(time.Time, time.Time) float64 { return 5 }), []byte{1, 0xc2, 0xe3}, 0, 0x7fff},
		{"ADS1115, 1.024 V of 2.048", newADS1115(func(time.Time, time.Time) float64 { return 1.024 }), []byte{1, 0xc4, 0xe3}, 0, 0x4000},
		{"ADS1115, never set up", newADS1115(func(time.Time, time.Time) float64 { return 5 }), []byte{0}, 0, 0},
	} {
		if err := tt.chip.tx(tt.set, nil); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		tt.chip.begun = tt.chip.begun.Add(-time.Second)
		var r [2]byte
		if err := tt.chip.tx([]byte{tt.read}, r[:]); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := uint16(r[0])<<8 | uint16(r[1]); got != tt.want {
			t.Errorf("%s reads 0x%04x, want 0x%04x", tt.name, got, tt.want)
		}
	}
}
