package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loa/firmware"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

// sensor is one of an output, or of the mains. Which keys it has depends on its
// kind; package pi says what their values may be.
type sensor struct {
	Name     string   `yaml:"name"`
	Kind     string   `yaml:"kind"`
	Quantity string   `yaml:"quantity"` // required of sim and ads1115, elsewhere it is known
	Noise    float64  `yaml:"noise"`    // in the quantity's unit: the most that it reads of nothing
	Bus      string   `yaml:"bus"`      // I2C: its device, as /dev/i2c-1; known where the board is
	Address  address  `yaml:"address"`  // I2C: as 0x40
	Still    duration `yaml:"still"`    // I2C: how long the very same reading may repeat

	Shunt      float64 `yaml:"shunt"`      // ina219, ina226: Ω
	MaxCurrent float64 `yaml:"maxCurrent"` // A

	Channel string  `yaml:"channel"` // ads1115: A0 to A3, or a difference as A0-A1
	Range   float64 `yaml:"range"`   // V, of the chip
	Scale   float64 `yaml:"scale"`   // of the quantity's unit, for 1 V at the input
	Max     float64 `yaml:"max"`     // in the quantity's unit
	AC      bool    `yaml:"ac"`      // it measures what swings
	Bias    float64 `yaml:"bias"`    // V, that it swings about

	Card      string  `yaml:"card"`      // microphone: the card's id
	Device    int     `yaml:"device"`    // of the card
	FullScale float64 `yaml:"fullScale"` // Pa, that the largest sample stands for
}

// address is a chip's on its bus, written as in 0x40.
type address uint16

// Kinds of sensors, beside kindSim.
const (
	kindINA219     = "ina219"
	kindINA226     = "ina226"
	kindADS1115    = "ads1115"
	kindMicrophone = "microphone"
)

// sensorKeys are what each kind has beside name, kind and quantity.
var sensorKeys = map[string][]string{
	kindSim:        {},
	kindINA219:     {"noise", "bus", "address", "still", "shunt", "maxCurrent"},
	kindINA226:     {"noise", "bus", "address", "still", "shunt", "maxCurrent"},
	kindADS1115:    {"noise", "bus", "address", "still", "channel", "range", "scale", "max", "ac", "bias"},
	kindMicrophone: {"noise", "card", "device", "fullScale"},
}

// set is what of these keys the file gives a value.
func (s sensor) set() (keys []string) {
	for key, is := range map[string]bool{
		"noise": s.Noise != 0, "bus": s.Bus != "", "address": s.Address != 0, "still": s.Still != 0,
		"shunt": s.Shunt != 0, "maxCurrent": s.MaxCurrent != 0,
		"channel": s.Channel != "", "range": s.Range != 0, "scale": s.Scale != 0, "max": s.Max != 0, "ac": s.AC, "bias": s.Bias != 0,
		"card": s.Card != "", "device": s.Device != 0, "fullScale": s.FullScale != 0,
	} {
		if is {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// onI2C tells whether it is a chip on an I2C bus.
func (s sensor) onI2C() bool { return slices.Contains(sensorKeys[s.Kind], "address") }

// sensors judges those of an output. One must watch what is there: a simulated
// one beside a real relay or sound card would tell of a sound that it only
// imagines.
func (j *judge) sensors(at string, o output) {
	if len(o.Sensors) > mostSensors {
		j.add(at+".sensors", "%d, at most %d", len(o.Sensors), mostSensors)
		return
	}
	foreign := "" // a part that is not simulated
	if o.Speaker.Kind != kindSim {
		foreign = "speaker"
	}
	for i, r := range o.Relays {
		if r.Kind != kindSim {
			foreign = fmt.Sprintf("relays[%d]", i)
		}
	}
	for i, s := range o.Sensors {
		at := fmt.Sprintf("%s.sensors[%d]", at, i)
		j.name(at, s.Name)
		if !j.sensorKind(at, s, kindINA219, kindINA226, kindADS1115, kindMicrophone, kindSim) {
			continue
		}
		switch s.Kind {
		case kindSim:
			j.oneOf(at+".quantity", s.Quantity, string(firmware.Current), string(firmware.Sound))
			if foreign != "" {
				j.add(at+".kind", "a simulated sensor stands only beside simulated relays and a simulated speaker; %s is not", foreign)
			}
		case kindADS1115:
			j.oneOf(at+".quantity", s.Quantity, string(firmware.Line), string(firmware.Current))
		case kindMicrophone:
			j.known(at+".quantity", s.Quantity, firmware.Sound)
		default:
			j.known(at+".quantity", s.Quantity, firmware.Current)
		}
		j.sensor(at, s)
	}
}

// mains judges what measures the supply: a simulated one only of a board that is
// simulated as a whole.
func (j *judge) mains(c config) {
	if len(c.Mains) > mostSensors {
		j.add("mains", "%d, at most %d", len(c.Mains), mostSensors)
		return
	}
	for i, s := range c.Mains {
		at := fmt.Sprintf("mains[%d]", i)
		j.name(at, s.Name)
		if !j.sensorKind(at, s, kindADS1115, kindSim) {
			continue
		}
		j.known(at+".quantity", s.Quantity, firmware.Mains)
		if s.Kind == kindSim && !c.simulated() {
			j.add(at+".kind", "a simulated supply stands only on a board that is simulated as a whole")
		}
		j.sensor(at, s)
	}
}

// sensorKind judges the kind, and keys that are of another one.
func (j *judge) sensorKind(at string, s sensor, kinds ...string) bool {
	switch {
	case s.Kind == "":
		j.add(at+".kind", "is required: %s", strings.Join(kinds, ", "))
		return false
	case !slices.Contains(kinds, s.Kind):
		j.add(at+".kind", "%.40q is none of %s", s.Kind, strings.Join(kinds, ", "))
		return false
	}
	for _, key := range s.set() {
		if !slices.Contains(sensorKeys[s.Kind], key) {
			j.add(at+"."+key, "is not of a sensor of kind %s", s.Kind)
		}
	}
	return true
}

// known is a quantity that the kind has anyway.
func (j *judge) known(at, got string, q firmware.Quantity) {
	if got != "" && got != string(q) {
		j.add(at, "%.40q contradicts its kind, which measures %s; it can be left out", got, q)
	}
}

// sensor judges what is wired, and what package pi says of the options.
func (j *judge) sensor(at string, s sensor) {
	switch {
	case s.onI2C():
		j.bus(at, s)
	case s.Kind == kindMicrophone:
		j.microphone(at, s)
	}
	for _, err := range j.options(s) {
		text, path := err.Error(), at
		for _, o := range optionKeys {
			if rest, ok := strings.CutPrefix(text, o.option+" "); ok {
				text, path = "is "+rest, at+"."+o.key
				break
			}
		}
		j.add(path, "%s", text)
	}
}

// optionKeys are the keys of what package pi calls otherwise, the longer ones
// first.
var optionKeys = []struct{ option, key string }{
	{"max current", "maxCurrent"}, {"full scale", "fullScale"}, {"input", "channel"},
	{"address", "address"}, {"still", "still"}, {"shunt", "shunt"}, {"noise", "noise"}, {"range", "range"},
	{"scale", "scale"}, {"max", "max"}, {"bias", "bias"}, {"card", "card"}, {"device", "device"},
}

// options are the faults that package pi finds without a bus.
func (j *judge) options(s sensor) []error {
	if s.Name == "" {
		s.Name = "?" // that it has none is said already
	}
	var err error
	switch s.Kind {
	case kindINA219:
		_, err = pi.NewINA219(nil, s.current(""))
	case kindINA226:
		_, err = pi.NewINA226(nil, s.current(""))
	case kindADS1115:
		if s.Quantity == "" {
			s.Quantity = "?"
		}
		_, err = pi.NewADS1115(nil, s.voltage("", ""))
	case kindMicrophone:
		err = s.microphone().Check()
	}
	if err == nil {
		return nil
	}
	if all, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		return all.Unwrap()
	}
	return []error{err}
}

// bus judges where a chip is. It measures one thing only: two sensors would set
// it up against each other.
func (j *judge) bus(at string, s sensor) {
	known := j.wiring.profile.I2C
	bus := known
	switch {
	case s.Bus == "" && known == "" && j.wiring.known:
		j.add(at+".bus", "is required: the I2C bus's device, as /dev/i2c-1")
		return
	case s.Bus != "":
		var ok bool
		if bus, ok = pi.BusPath(s.Bus); !ok {
			j.add(at+".bus", "%.40q is not an I2C bus: write it as /dev/i2c-1", s.Bus)
			return
		}
		if known != "" && bus != known {
			j.add(at+".bus", "%s contradicts board %s, whose bus on the header is %s; it can be left out", bus, j.wiring.profile.Name, known)
		}
	}
	if s.Address == 0 {
		return
	}
	if other := j.claim(fmt.Sprintf("%s 0x%02x", bus, uint16(s.Address)), at); other != "" {
		j.add(at+".address", "0x%02x on %s is used by %s already, and a chip measures one thing", uint16(s.Address), bus, other)
	}
}

// microphone judges which card hears.
func (j *judge) microphone(at string, s sensor) {
	if s.Card == "" {
		return
	}
	if other := j.claim(fmt.Sprintf("input %s %d", s.Card, s.Device), at); other != "" {
		j.add(at+".card", "device %d of card %.40q is used by %s already", s.Device, s.Card, other)
	}
}

func (s sensor) current(bus string) pi.CurrentOptions {
	return pi.CurrentOptions{Name: s.Name, Bus: bus, Address: uint16(s.Address), Shunt: s.Shunt, MaxCurrent: s.MaxCurrent,
		Noise: s.Noise, Still: time.Duration(s.Still)}
}

func (s sensor) voltage(bus string, q firmware.Quantity) pi.VoltageOptions {
	if s.Quantity != "" {
		q = firmware.Quantity(s.Quantity)
	}
	return pi.VoltageOptions{Name: s.Name, Quantity: q, Bus: bus, Address: uint16(s.Address), Input: s.Channel, Range: s.Range,
		Scale: s.Scale, Max: s.Max, Noise: s.Noise, AC: s.AC, Bias: s.Bias, Still: time.Duration(s.Still)}
}

func (s sensor) microphone() pi.MicrophoneOptions {
	return pi.MicrophoneOptions{Name: s.Name, Card: s.Card, Device: s.Device, FullScale: s.FullScale, Noise: s.Noise}
}

// openSensor opens one of an output, or of the mains. A real one that cannot be
// had is a fault that its monitor tells, and no error here.
func (c config) openSensor(s sensor, q firmware.Quantity, simulated *sim.Amplifier) (firmware.Sensor, error) {
	bus := c.bus(s)
	switch s.Kind {
	case kindSim:
		if q == firmware.Mains {
			return sim.NewGrid(s.Name), nil
		}
		return sim.NewSensor(s.Name, firmware.Quantity(s.Quantity), simulated)
	case kindMicrophone:
		return pi.OpenMicrophone(s.microphone())
	case kindADS1115:
		o := s.voltage(bus, q)
		return pi.OpenLate(o.Name, o.Quantity, o.Noise, func() (*pi.Sensor, error) { return pi.OpenADS1115(o) }), nil
	}
	o, open := s.current(bus), pi.OpenINA219
	if s.Kind == kindINA226 {
		open = pi.OpenINA226
	}
	return pi.OpenLate(o.Name, firmware.Current, o.Noise, func() (*pi.Sensor, error) { return open(o) }), nil
}

// bus is the device of a sensor's bus.
func (c config) bus(s sensor) string {
	if s.Bus != "" {
		return s.Bus
	}
	p, _ := c.profile()
	return p.I2C
}
