package pi_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"

	"loa/firmware/pi"
)

// The caller can go on without a sensor that it did not get.
func TestSensorWithoutItsChip(t *testing.T) {
	other := newINA226(steady(0))
	other.fixed = map[byte]uint16{0xfe: 0x5449, 0xff: 0x2270}
	deaf := newADS1115()
	deaf.config = 3 // and the configuration reads as something else
	deaf.fixed = map[byte]uint16{1: 0x8583}
	for _, tt := range []struct {
		name string
		make maker
		at   uint16
		chip *tiChip
		want string
	}{
		{"no INA219", ina219(coil()), 0x41, newINA219(steady(0)), "open sensor coil: INA219 at 0x40 on /dev/i2c-7: "},
		{"no INA226", ina226(coil()), 0x41, newINA226(steady(0)), "open sensor coil: INA226 at 0x40 on /dev/i2c-7: "},
		{"no ADS1115", ads1115(grid()), 0x49, newADS1115(), "open sensor grid: ADS1115 at 0x48 on /dev/i2c-7: "},
		{"another chip", ina226(coil()), 0x40, other, "its register 0xff reads 0x2270"},
		{"a chip that keeps nothing", ads1115(grid()), 0x48, deaf, "0x48 on /dev/i2c-7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wires := newBus()
			wires.chips[tt.at] = tt.chip
			s, err := tt.make(wires)
			if s != nil || err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tt.want)) {
				t.Errorf("make = %v, %v; want an error with %q", s, err, tt.want)
			}
		})
	}
}

func TestSensorOptions(t *testing.T) {
	current := func(alter func(*pi.CurrentOptions)) pi.CurrentOptions { o := coil(); alter(&o); return o }
	voltage := func(alter func(*pi.VoltageOptions)) pi.VoltageOptions { o := grid(); alter(&o); return o }
	nan, inf := math.NaN(), math.Inf(1)
	for _, tt := range []struct {
		name string
		make maker
		want []string // none: it is good
	}{
		{"good INA219", ina219(coil()), nil},
		{"good INA226", ina226(coil()), nil},
		{"good ADS1115", ads1115(grid()), nil},
		{"good noise", ina226(current(func(o *pi.CurrentOptions) { o.Noise = 0.1 })), nil},
		{"nothing", ina219(pi.CurrentOptions{}), []string{"it has no name", "address 0x00", "shunt 0,", "max current 0,"}},
		{"nothing of a voltage", ads1115(pi.VoltageOptions{}), []string{"it has no name", "no quantity", "address 0x00", `input ""`, "range 0 V", "scale 0,", "max 0,", "noise 0,"}},
		{"address too low", ina226(current(func(o *pi.CurrentOptions) { o.Address = 0x3f })), []string{"address 0x3f"}},
		{"address too high", ina226(current(func(o *pi.CurrentOptions) { o.Address = 0x50 })), []string{"address 0x50"}},
		{"address of another chip", ads1115(voltage(func(o *pi.VoltageOptions) { o.Address = 0x4c })), []string{"address 0x4c"}},
		{"no number", ina226(current(func(o *pi.CurrentOptions) { o.Shunt, o.MaxCurrent, o.Noise = nan, inf, nan })), []string{"shunt NaN", "max current +Inf", "noise NaN"}},
		{"negative", ina226(current(func(o *pi.CurrentOptions) { o.Shunt, o.Noise = -1, -1 })), []string{"shunt -1", "noise -1"}},
		{"more than the INA226 measures", ina226(current(func(o *pi.CurrentOptions) { o.MaxCurrent = 8.2 })), []string{"makes 82 mV, an INA226 measures less than 81.92 mV"}},
		{"which the INA219 measures", ina219(current(func(o *pi.CurrentOptions) { o.MaxCurrent = 8.2 })), nil},
		{"more than the INA219 measures", ina219(current(func(o *pi.CurrentOptions) { o.MaxCurrent = 32 })), []string{"makes 320 mV"}},
		{"too little for it", ina226(current(func(o *pi.CurrentOptions) { o.Shunt = 1e-6 })), []string{"too little for an INA226"}},
		{"noise over all", ina226(current(func(o *pi.CurrentOptions) { o.Noise = 6 })), []string{"noise 6"}},
		{"stuck at once", ina226(current(func(o *pi.CurrentOptions) { o.Still = time.Millisecond })), []string{"still 1ms"}},
		{"an input that is none", ads1115(voltage(func(o *pi.VoltageOptions) { o.Input = "A1-A2" })), []string{`input "A1-A2"`}},
		{"a range that is none", ads1115(voltage(func(o *pi.VoltageOptions) { o.Range = 5 })), []string{"range 5 V"}},
		{"a bias without AC", ads1115(voltage(func(o *pi.VoltageOptions) { o.AC = false })), []string{"bias 1.65 V, but only an AC sensor"}},
		{"AC about nothing on one input", ads1115(voltage(func(o *pi.VoltageOptions) { o.Bias = 0 })), []string{"nothing below ground"}},
		{"a bias beyond the range", ads1115(voltage(func(o *pi.VoltageOptions) { o.Bias = 4.1 })), []string{"bias 4.1 V, it must lie"}},
		{"more than fits below the bias", ads1115(voltage(func(o *pi.VoltageOptions) { o.Max = 700 })), []string{"max 700, but with this scale, range and bias the input ends at 670"}},
		{"no scale", ads1115(voltage(func(o *pi.VoltageOptions) { o.Scale = inf })), []string{"scale +Inf"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// On no bus the options alone are judged.
			_, err := tt.make(nil)
			if len(tt.want) == 0 && err != nil {
				t.Errorf("refused: %v", err)
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			if err != nil && len(strings.Split(err.Error(), "\n")) != len(tt.want) {
				t.Errorf("%v\nwant %d faults", err, len(tt.want))
			}
		})
	}
}

// Whatever I2C this machine has, a bus of this number is not on it.
func TestOpenSensorNamesWhatIsMissing(t *testing.T) {
	for _, open := range []func(bus string) error{
		func(bus string) error { o := coil(); o.Bus = bus; _, err := pi.OpenINA219(o); return err },
		func(bus string) error { o := coil(); o.Bus = bus; _, err := pi.OpenINA226(o); return err },
		func(bus string) error { o := grid(); o.Bus = bus; _, err := pi.OpenADS1115(o); return err },
	} {
		for bus, want := range map[string]string{
			"/dev/i2c-987":  "open I2C bus /dev/i2c-987: ",
			"987":           "open I2C bus /dev/i2c-987: ",
			"":              `I2C bus "": give a name`,
			"/dev/i2c-":     "give a name",
			"/dev/i2c-1/..": "give a name",
			"-1":            "give a name",
			"01":            "give a name",
			"spi0":          "give a name",
		} {
			if err := open(bus); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "open sensor ") {
				t.Errorf("open on bus %q = %v, want %q", bus, err, want)
			}
		}
	}
	if _, err := pi.OpenINA226(pi.CurrentOptions{Name: "coil", Bus: "987"}); err == nil || !strings.Contains(err.Error(), "shunt 0") {
		t.Errorf("bad options on a bus that is not there: %v, want the options' faults", err)
	}
}

// wired is a bus as periph gives it, which can be opened and closed.
type wired struct {
	*bus
	open *int
}

func (w wired) String() string { return "I2C764" }
func (w wired) Close() error   { *w.open--; return nil }

func TestOpenSensorTakesItsChipAlone(t *testing.T) {
	open, wires := 0, newBus()
	wires.chips[0x40], wires.chips[0x41] = newINA226(steady(0)), newINA219(steady(0))
	if err := i2creg.Register("/dev/i2c-764", nil, 764, func() (i2c.BusCloser, error) {
		open++
		return wired{wires, &open}, nil
	}); err != nil {
		t.Fatal(err)
	}
	defer i2creg.Unregister("/dev/i2c-764")
	o := coil()
	o.Bus = "764"
	first, err := pi.OpenINA226(o)
	if err != nil {
		t.Fatal(err)
	}
	same := o
	same.Name, same.Bus = "another", "/dev/i2c-764"
	if _, err := pi.OpenINA226(same); err == nil || !strings.Contains(err.Error(), "open sensor another: the chip at 0x40 on /dev/i2c-764 is already used by sensor coil") {
		t.Errorf("two sensors on one chip: %v", err)
	}
	absent := o
	absent.Address = 0x45
	if _, err := pi.OpenINA226(absent); err == nil || !strings.Contains(err.Error(), "INA226 at 0x45 on /dev/i2c-764: ") {
		t.Errorf("a chip that is not there: %v", err)
	}
	beside := o
	beside.Address = 0x41
	second, err := pi.OpenINA219(beside)
	if err != nil {
		t.Fatalf("a chip beside it: %v", err)
	}
	if open != 2 {
		t.Errorf("the bus is open %d times, want once for each sensor", open)
	}
	for _, s := range []*pi.Sensor{first, second, first} {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if open != 0 {
		t.Errorf("after Close the bus is open %d times", open)
	}
	again, err := pi.OpenINA226(same)
	if err != nil {
		t.Fatalf("open what was closed: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
