package pi

import (
	"time"

	"periph.io/x/conn/v3/i2c"

	"loa/firmware"
)

// CurrentOptions describe a sensor of the current that an amplifier takes, by an
// INA219 or INA226 across a shunt in the amplifier's supply.
type CurrentOptions struct {
	Name    string
	Bus     string // /dev/i2c-1, or 1; OpenINA219 and OpenINA226 need it
	Address uint16 // 0x40 to 0x4f

	Shunt      float64 // Ω
	MaxCurrent float64 // A; more is no measurement
	// Noise is the most, in A, that it may read of nothing; 0 is what the chip's
	// offset makes of the shunt.
	Noise float64
	// Still is how long the very same reading may repeat while a current flows;
	// 0 is ten seconds.
	Still time.Duration
}

// The chips average over 4.3 and 4.4 ms and are read a little more slowly than
// that, so that each reading is a new one.
const inaPace = 5 * time.Millisecond

// From the data sheets of Texas Instruments: INA219 (SBOS448), INA226 (SBOS547).
// Both have the configuration in register 0 and the shunt's voltage in register
// 1; the current is computed here, so nothing depends on the register that
// calibrates. Mode 5 is "shunt voltage, continuous".
const (
	inaConfig = 0x00
	inaShunt  = 0x01
	inaMode   = 5

	ina219PerBit  = 10e-6   // V
	ina219Average = 11 << 3 // SADC: 12 bits, 8 samples of 532 µs
	ina219Range   = 40e-3   // V, doubled by each step of PG
	ina219PG      = 11      // its first bit
	ina219Offset  = 120e-6  // V: 100 µV, and what is rounded

	ina226PerBit  = 2.5e-6 // V
	ina226Range   = 32767 * ina226PerBit
	ina226Fixed   = 0x4000 // reads as set
	ina226Average = 1 << 9 // AVG: 4 samples
	ina226Time    = 4 << 3 // VSHCT: 1.1 ms
	ina226Offset  = 20e-6  // V: 10 µV, and the noise of four samples
)

// OpenINA219 opens the bus and measures by an INA219 on it.
func OpenINA219(o CurrentOptions) (*Sensor, error) { return o.open(NewINA219) }

// NewINA219 measures by an INA219 on a bus that stays the caller's.
func NewINA219(bus i2c.Bus, o CurrentOptions) (*Sensor, error) {
	c := chip{kind: "INA219", bus: bus, at: o.Address, kept: 0x3fff, perBit: ina219PerBit / o.Shunt}
	// The smallest range in which the largest current is not at its end.
	gain, within := 0, ina219Range
	for gain < 3 && o.MaxCurrent*o.Shunt >= within {
		gain, within = gain+1, 2*within
	}
	c.most = int16(4000 << gain)
	c.least = -c.most
	c.set.value = uint16(gain<<ina219PG | ina219Average | inaMode)
	return o.make(c, within, ina219PerBit, ina219Offset)
}

// OpenINA226 opens the bus and measures by an INA226 on it.
func OpenINA226(o CurrentOptions) (*Sensor, error) { return o.open(NewINA226) }

// NewINA226 measures by an INA226 on a bus that stays the caller's.
func NewINA226(bus i2c.Bus, o CurrentOptions) (*Sensor, error) {
	c := chip{kind: "INA226", bus: bus, at: o.Address, kept: 0x0fff, perBit: ina226PerBit / o.Shunt, least: -32768, most: 32767}
	c.expect = []register{{0xfe, 0x5449}, {0xff, 0x2260}} // "TI", and the die
	c.set.value = ina226Fixed | ina226Average | ina226Time | inaMode
	return o.make(c, ina226Range, ina226PerBit, ina226Offset)
}

func (o CurrentOptions) open(on func(i2c.Bus, CurrentOptions) (*Sensor, error)) (*Sensor, error) {
	// On no bus at all, which tells what is wrong with the options alone.
	if _, err := on(nil, o); err != nil {
		return nil, err
	}
	return openSensor(o.Name, o.Bus, o.Address, func(bus i2c.Bus) (*Sensor, error) { return on(bus, o) })
}

// make has a sensor on a chip that measures up to within volts.
func (o CurrentOptions) make(c chip, within, perBit, offset float64) (*Sensor, error) {
	c.set.at, c.result = inaConfig, inaShunt
	var f sensorFaults
	f.name(o.Name)
	f.still(o.Still)
	if o.Address < 0x40 || o.Address > 0x4f {
		f.addf("address 0x%02x, an %s has one from 0x40 to 0x4f", o.Address, c.kind)
	}
	shunt := f.number("shunt", o.Shunt, 1e-6, 1e3, "Ω")
	current := f.number("max current", o.MaxCurrent, 1e-3, 1e3, "A")
	if shunt && current {
		switch drop := o.MaxCurrent * o.Shunt; {
		case drop >= within:
			f.addf("max current %g A on a shunt of %g Ω makes %.4g mV, an %s measures less than %.4g mV", o.MaxCurrent, o.Shunt, 1e3*drop, c.kind, 1e3*within)
		case drop < 100*perBit:
			f.addf("max current %g A on a shunt of %g Ω makes %.4g mV, too little for an %s: it takes %.4g mV", o.MaxCurrent, o.Shunt, 1e3*drop, c.kind, 1e5*perBit)
		}
	}
	switch {
	case o.Noise != 0:
		f.noise(o.Noise, o.MaxCurrent, "A")
	case shunt && current:
		o.Noise = offset / o.Shunt
	}
	if err := f.join("make sensor " + o.Name); err != nil || c.bus == nil {
		return nil, err
	}
	return startSensor(&Sensor{
		name: o.Name, quantity: firmware.Current, noise: o.Noise, unit: "A",
		chip: c, most: o.MaxCurrent, still: o.Still, pace: inaPace,
		negative: "is the shunt wired the other way round?",
	})
}
