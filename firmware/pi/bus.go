package pi

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"

	_ "periph.io/x/host/v3/gpioioctl" // which sysfs depends on: without it no driver starts
	_ "periph.io/x/host/v3/sysfs"     // the kernel's I2C buses
)

// busName is a bus as the kernel names it, or its number.
var busName = regexp.MustCompile(`^(?:/dev/i2c-)?(0|[1-9][0-9]{0,2})$`)

// BusPath is the device of a bus that is named as a person does.
func BusPath(name string) (device string, ok bool) {
	m := busName.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	return "/dev/i2c-" + m[1], true
}

// chips holds the chips that this process uses, by bus and address: two sensors
// on one chip would set it up against each other.
var chips = struct {
	sync.Mutex
	by map[chipPlace]string
}{by: map[chipPlace]string{}}

type chipPlace struct {
	bus     string
	address uint16
}

// openBus opens a bus for one chip on it, and notes who uses that. What it
// returns gives both back.
func openBus(user, name string, address uint16) (i2c.Bus, func() error, error) {
	device, ok := BusPath(name)
	if !ok {
		return nil, nil, fmt.Errorf("I2C bus %q: give a name as /dev/i2c-1, or its number", name)
	}
	place := chipPlace{bus: device, address: address}
	if _, err := driverreg.Init(); err != nil {
		return nil, nil, fmt.Errorf("start I2C driver: %w", err)
	}
	var buses []string
	for _, b := range i2creg.All() {
		buses = append(buses, b.Name)
	}
	if len(buses) == 0 {
		return nil, nil, fmt.Errorf("open I2C bus %s: this machine shows no I2C bus: is it switched on (on a Raspberry Pi dtparam=i2c_arm=on), and is the module i2c-dev loaded?", place.bus)
	}
	chips.Lock()
	defer chips.Unlock()
	if other := chips.by[place]; other != "" {
		return nil, nil, fmt.Errorf("the chip at 0x%02x on %s is already used by %s", address, place.bus, other)
	}
	b, err := i2creg.Open(place.bus)
	if err != nil {
		return nil, nil, fmt.Errorf("open I2C bus %s: %w (there are %s; on a Raspberry Pi the group i2c may open them)", place.bus, err, strings.Join(buses, ", "))
	}
	chips.by[place] = user
	return b, func() error {
		chips.Lock()
		defer chips.Unlock()
		delete(chips.by, place)
		if err := b.Close(); err != nil {
			return fmt.Errorf("close I2C bus %s: %w", place.bus, err)
		}
		return nil
	}, nil
}

// chip is a converter with registers of 16 bits, high byte first, that a pointer
// selects. The three chips of this package differ in nothing else. It is used by one goroutine at a time.
type chip struct {
	kind   string // in errors
	bus    i2c.Bus
	at     uint16
	expect []register // that tell it from another chip
	set    register   // how it is to measure
	kept   uint16     // the bits of it that read as they were written
	result byte       // where it puts what it measured

	least, most int16   // readings at or beyond these are the converter's ends
	perBit      float64 // of what is measured, in its unit

	out [3]byte // kept, as a chip is asked some hundred times a second
	in  [2]byte
}

type register struct {
	at    byte
	value uint16
}

func (c *chip) String() string { return fmt.Sprintf("%s at 0x%02x on %s", c.kind, c.at, c.bus) }

// setUp looks whether the chip is the one, and tells it how to measure.
func (c *chip) setUp() error {
	for _, r := range c.expect {
		got, err := c.read(r.at)
		if err != nil {
			return err
		}
		if got != r.value {
			return fmt.Errorf("is this the chip? Its register 0x%02x reads 0x%04x, a %s has 0x%04x there", r.at, got, c.kind, r.value)
		}
	}
	c.out = [3]byte{c.set.at, byte(c.set.value >> 8), byte(c.set.value)}
	if err := c.bus.Tx(c.at, c.out[:], nil); err != nil {
		return fmt.Errorf("write register 0x%02x: %w", c.set.at, err)
	}
	return c.check()
}

// errReset is a chip that does not measure as it was told to.
var errReset = errors.New("it is not set up as it was: was it without power?")

// check looks whether the chip still measures as it was told to.
func (c *chip) check() error {
	got, err := c.read(c.set.at)
	if err != nil {
		return err
	}
	if (got^c.set.value)&c.kept != 0 {
		return fmt.Errorf("%w (register 0x%02x reads 0x%04x, was set to 0x%04x)", errReset, c.set.at, got, c.set.value)
	}
	return nil
}

func (c *chip) read(at byte) (uint16, error) {
	c.out[0] = at
	if err := c.bus.Tx(c.at, c.out[:1], c.in[:]); err != nil {
		return 0, fmt.Errorf("read register 0x%02x: %w", at, err)
	}
	return uint16(c.in[0])<<8 | uint16(c.in[1]), nil
}
