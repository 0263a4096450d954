package pi

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Profile is what a kind of board brings with it, whatever is wired to it. The
// profiles themselves are in profiles.go.
type Profile struct {
	Name     string       // as a config names it
	Model    string       // how /proc/device-tree/model begins there
	Chip     string       // label of the GPIO chip behind the header
	Header   []HeaderLine // its lines; none where nothing is known of them
	I2C      string       // device of the bus on the header
	Watchdog string       // device
	Cards    []SoundCard  // usual ones, not all that would work
}

// HeaderLine is a line of a board's header. Which names the kernel gives to
// lines differs from kernel to kernel, their numbers never do.
type HeaderLine struct {
	GPIO int // its number on the chip, and in GPIO17
	Pin  int // of the header, from 1

	// PulledUp says which way the chip pulls it from power-on until a program
	// asks for it: up, otherwise down. It is some 50 kΩ, which a resistor of
	// 10 kΩ in the wiring overrules.
	PulledUp bool
	// Soldered says that a resistor on the board pulls instead, too strong to be
	// overruled.
	Soldered bool

	Reserve Reserve // who else may use it; empty for nobody
}

// Reserve says what a line is there for, beside being a line.
type Reserve string

// What lines are reserved for.
const (
	ReserveHatID  Reserve = "hat-id" // the firmware reads an add-on board's memory here, whatever is wired
	ReserveSerial Reserve = "serial" // the console, which drives its line high while the board starts
	ReserveI2C    Reserve = "i2c"    // free where nothing is measured, and no card is set, by I2C
	ReserveI2S    Reserve = "i2s"    // free where no card takes its samples from the header
)

// SoundCard is one that is often found on a board.
type SoundCard struct {
	ID    string    // as in /proc/asound/cards
	Takes []Reserve // lines of the header that it needs
}

// FindProfile looks a profile up by its name.
func FindProfile(name string) (Profile, bool) {
	for _, p := range profiles {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// Profiles returns all profiles.
func Profiles() []Profile { return slices.Clone(profiles) }

// Fits tells whether a machine's /proc/device-tree/model is one of this profile:
// a "Raspberry Pi 400" is no "Raspberry Pi 4".
func (p Profile) Fits(model string) bool {
	rest, ok := strings.CutPrefix(model, p.Model)
	return ok && p.Model != "" && (rest == "" || rest[0] == ' ')
}

// Card finds a usual sound card by its id.
func (p Profile) Card(id string) (SoundCard, bool) {
	for _, c := range p.Cards {
		if c.ID == id {
			return c, true
		}
	}
	return SoundCard{}, false
}

var (
	gpioName = regexp.MustCompile(`^GPIO(0|[1-9][0-9]?)$`)
	pinName  = regexp.MustCompile(`^pin ([1-9][0-9]?)$`)
	digits   = regexp.MustCompile(`^[0-9]+$`)
)

// Line finds a line of the header as a person writes it: GPIO17 or pin 11. A
// bare number is refused, since it may be either.
func (p Profile) Line(text string) (HeaderLine, error) {
	if m := gpioName.FindStringSubmatch(text); m != nil {
		for _, l := range p.Header {
			if strconv.Itoa(l.GPIO) == m[1] {
				return l, nil
			}
		}
		return HeaderLine{}, fmt.Errorf("%s is not on the header", text)
	}
	if m := pinName.FindStringSubmatch(text); m != nil {
		for _, l := range p.Header {
			if strconv.Itoa(l.Pin) == m[1] {
				return l, nil
			}
		}
		return HeaderLine{}, fmt.Errorf("%s of the header is no line: it is power, ground, or not there", text)
	}
	if digits.MatchString(text) {
		return HeaderLine{}, fmt.Errorf("%.40q may be a GPIO or a pin: write GPIO17 or pin 11", text)
	}
	return HeaderLine{}, fmt.Errorf("%.40q is not a line: write GPIO17 or pin 11", text)
}

// String is the line under both its names.
func (l HeaderLine) String() string { return fmt.Sprintf("GPIO%d (pin %d)", l.GPIO, l.Pin) }
