package pi

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"

	"loa/firmware"
)

// VoltageOptions describe a sensor on one input of an ADS1115: the mains behind
// a transformer, or the line level of an amplifier. The chip measures up to some
// 400 Hz, so a line level needs a detector before it if all of it is to count.
type VoltageOptions struct {
	Name     string
	Quantity firmware.Quantity
	Bus      string // /dev/i2c-1, or 1; OpenADS1115 needs it
	Address  uint16 // 0x48 to 0x4b

	Input string  // A0 to A3, or the difference A0-A1, A0-A3, A1-A3 or A2-A3
	Range float64 // V, of the chip: 6.144, 4.096, 2.048, 1.024, 0.512 or 0.256
	Scale float64 // of the quantity's unit, for 1 V at the input
	Max   float64 // in the quantity's unit; more is no measurement
	Noise float64 // in the quantity's unit: the most that it may read of nothing

	// AC measures what swings and leaves out what it swings about. Without it
	// the input is measured as it is, and it is never negative.
	AC bool
	// Bias is what the input of an AC sensor swings about, in V. An input that is
	// far from it belongs to a sensor without power. A single input needs one,
	// because the chip measures nothing below ground.
	Bias float64
	// Still is how long the very same reading may repeat, of a sensor with a bias
	// always and of another while there is something to measure; 0 is ten seconds.
	Still time.Duration
}

// From the data sheet of Texas Instruments: ADS1115 (SBAS444). Bit 15 of the
// configuration starts a single conversion and reads otherwise; mode 0 is
// continuous; the last two bits set switch the comparator off.
const (
	adsResult = 0x00
	adsConfig = 0x01

	adsInputs = 12     // the first bit of MUX
	adsGain   = 9      // of PGA
	adsRate   = 7 << 5 // DR: 860 samples a second
	adsQuiet  = 3
	adsKept   = 0x7fff

	// The chip has a new reading every 1.16 ms. Five in a period of the mains
	// give its RMS, and leave the processor and the bus to others.
	adsPace = 4 * time.Millisecond
)

var adsMux = map[string]uint16{
	"A0-A1": 0, "A0-A3": 1, "A1-A3": 2, "A2-A3": 3,
	"A0": 4, "A1": 5, "A2": 6, "A3": 7,
}

var adsRanges = []float64{6.144, 4.096, 2.048, 1.024, 0.512, 0.256}

// OpenADS1115 opens the bus and measures by an ADS1115 on it.
func OpenADS1115(o VoltageOptions) (*Sensor, error) {
	// On no bus at all, which tells what is wrong with the options alone.
	if _, err := NewADS1115(nil, o); err != nil {
		return nil, err
	}
	return openSensor(o.Name, o.Bus, o.Address, func(bus i2c.Bus) (*Sensor, error) { return NewADS1115(bus, o) })
}

// NewADS1115 measures by an ADS1115 on a bus that stays the caller's.
func NewADS1115(bus i2c.Bus, o VoltageOptions) (*Sensor, error) {
	var f sensorFaults
	f.name(o.Name)
	f.still(o.Still)
	if o.Quantity == "" {
		f.addf("it has no quantity")
	}
	if o.Address < 0x48 || o.Address > 0x4b {
		f.addf("address 0x%02x, an ADS1115 has one from 0x48 to 0x4b", o.Address)
	}
	mux, known := adsMux[o.Input]
	if !known {
		f.addf("input %q, must be one of %s", o.Input, strings.Join(slices.Sorted(maps.Keys(adsMux)), ", "))
	}
	gain := slices.Index(adsRanges, o.Range)
	if gain < 0 {
		f.addf("range %g V, must be one of %v", o.Range, adsRanges)
	}
	scale := f.number("scale", o.Scale, 1e-6, 1e6, "for 1 V")
	most := f.number("max", o.Max, 1e-6, 1e6, "")
	f.noise(o.Noise, o.Max, "")
	// What the input can have at all, above and below what it swings about.
	swing := o.Range
	switch {
	case !o.AC && o.Bias != 0:
		f.addf("bias %g V, but only an AC sensor swings about something", o.Bias)
	case !o.AC:
	case math.IsNaN(o.Bias) || math.Abs(o.Bias) >= o.Range && gain >= 0:
		f.addf("bias %g V, it must lie within the range of %g V", o.Bias, o.Range)
	case known && !strings.Contains(o.Input, "-") && o.Bias <= 0:
		f.addf("bias %g V, an AC sensor on a single input needs more: the chip measures nothing below ground", o.Bias)
	case known && !strings.Contains(o.Input, "-"):
		swing = min(o.Range-o.Bias, o.Bias) / math.Sqrt2
	default:
		swing = (o.Range - math.Abs(o.Bias)) / math.Sqrt2
	}
	if scale && most && gain >= 0 && o.Max >= swing*o.Scale {
		f.addf("max %g, but with this scale, range and bias the input ends at %.4g", o.Max, swing*o.Scale)
	}
	if err := f.join("make sensor " + o.Name); err != nil || bus == nil {
		return nil, err
	}
	c := chip{kind: "ADS1115", bus: bus, at: o.Address, kept: adsKept, result: adsResult,
		set:   register{adsConfig, mux<<adsInputs | uint16(gain)<<adsGain | adsRate | adsQuiet},
		least: math.MinInt16, most: math.MaxInt16, perBit: o.Scale * o.Range / 32768}
	return startSensor(&Sensor{
		name: o.Name, quantity: o.Quantity, noise: o.Noise, chip: c, most: o.Max,
		ac: o.AC, bias: o.Bias * o.Scale, still: o.Still, pace: adsPace,
		negative: "is the input wired the other way round?",
	})
}
