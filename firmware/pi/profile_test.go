package pi_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"loa/firmware/pi"
)

// header is the drawing of a Raspberry Pi's header, row by row from the end of
// the board: odd pins stand left, even ones right.
const header = `
3V3  5V
2    5V
3    GND
4    14
GND  15
17   18
27   GND
22   23
3V3  24
10   GND
9    25
11   8
GND  7
0    1
5    GND
6    12
13   GND
19   16
26   20
GND  21`

// drawn returns the pin of every line in the drawing, and the pins without one.
func drawn(t *testing.T) (pins map[int]int, without []int) {
	t.Helper()
	pins = map[int]int{}
	for i, what := range strings.Fields(header) {
		var gpio int
		if n, _ := fmt.Sscanf(what, "%d", &gpio); n == 1 && what != "3V3" && what != "5V" {
			pins[gpio] = i + 1
		} else {
			without = append(without, i+1)
		}
	}
	if len(pins) != 28 || len(without) != 12 {
		t.Fatalf("the drawing has %d lines and %d other pins", len(pins), len(without))
	}
	return pins, without
}

func TestProfilesAreValid(t *testing.T) {
	pins, _ := drawn(t)
	chips := map[string]string{
		"raspberry-pi-3": "pinctrl-bcm2835", "raspberry-pi-4": "pinctrl-bcm2711", "raspberry-pi-5": "pinctrl-rp1",
		"raspberry-pi-zero-2-w": "pinctrl-bcm2835", "generic": "",
	}
	seen := map[string]bool{}
	for _, p := range pi.Profiles() {
		chip, known := chips[p.Name]
		if !known || seen[p.Name] || p.Chip != chip {
			t.Errorf("profile %s with chip %q: known %v, twice %v", p.Name, p.Chip, known, seen[p.Name])
		}
		seen[p.Name] = true
		if found, ok := pi.FindProfile(p.Name); !ok || found.Chip != p.Chip {
			t.Errorf("profile %s is not found by its name", p.Name)
		}
		if p.Name == pi.Generic {
			if p.Model+p.Chip+p.I2C+p.Watchdog != "" || len(p.Header)+len(p.Cards) > 0 {
				t.Errorf("the generic profile claims to know something: %+v", p)
			}
			continue
		}
		if p.I2C != "/dev/i2c-1" || p.Watchdog != "/dev/watchdog" || !strings.HasPrefix(p.Model, "Raspberry Pi ") {
			t.Errorf("%s: I2C %q, watchdog %q, model %q", p.Name, p.I2C, p.Watchdog, p.Model)
		}
		checkHeader(t, p, pins)
		checkCards(t, p)
		for _, other := range pi.Profiles() {
			if other.Name != p.Name && other.Fits(p.Model+" Model B Rev 1.0") {
				t.Errorf("a machine of %s fits %s too", p.Name, other.Name)
			}
		}
	}
	if len(seen) != len(chips) {
		t.Errorf("%d profiles, want %d", len(seen), len(chips))
	}
}

func checkHeader(t *testing.T, p pi.Profile, pins map[int]int) {
	t.Helper()
	reserved := map[int]pi.Reserve{
		0: pi.ReserveHatID, 1: pi.ReserveHatID, 2: pi.ReserveI2C, 3: pi.ReserveI2C, 14: pi.ReserveSerial, 15: pi.ReserveSerial,
		18: pi.ReserveI2S, 19: pi.ReserveI2S, 20: pi.ReserveI2S, 21: pi.ReserveI2S,
	}
	seen := map[int]bool{}
	for _, l := range p.Header {
		if pins[l.GPIO] != l.Pin || seen[l.GPIO] {
			t.Errorf("%s: %v, which is drawn at pin %d; twice: %v", p.Name, l, pins[l.GPIO], seen[l.GPIO])
		}
		if l.PulledUp != (l.GPIO <= 8) || l.Soldered != (l.GPIO <= 3) || l.Reserve != reserved[l.GPIO] {
			t.Errorf("%s: %v is pulled up: %v, soldered: %v, reserved for %q", p.Name, l, l.PulledUp, l.Soldered, l.Reserve)
		}
		seen[l.GPIO] = true
	}
	if len(seen) != len(pins) {
		t.Errorf("%s has %d lines, want %d", p.Name, len(seen), len(pins))
	}
}

func checkCards(t *testing.T, p pi.Profile) {
	t.Helper()
	// The kernel cuts ids to 15 letters.
	id := regexp.MustCompile(`^[A-Za-z0-9_]{1,15}$`)
	seen := map[string]bool{}
	for _, c := range p.Cards {
		if !id.MatchString(c.ID) || seen[c.ID] {
			t.Errorf("%s: card %q, twice: %v", p.Name, c.ID, seen[c.ID])
		}
		seen[c.ID] = true
		for _, r := range c.Takes {
			if !slices.ContainsFunc(p.Header, func(l pi.HeaderLine) bool { return l.Reserve == r }) {
				t.Errorf("%s: card %s takes %q, which no line is reserved for", p.Name, c.ID, r)
			}
		}
	}
	if jack := p.Name == "raspberry-pi-3" || p.Name == "raspberry-pi-4"; seen["Headphones"] != jack || !seen["Device"] {
		t.Errorf("%s has the cards %v", p.Name, p.Cards)
	}
}

func TestProfileLine(t *testing.T) {
	p, _ := pi.FindProfile("raspberry-pi-4")
	pins, without := drawn(t)
	for gpio, pin := range pins {
		for _, text := range []string{fmt.Sprintf("GPIO%d", gpio), fmt.Sprintf("pin %d", pin)} {
			if l, err := p.Line(text); err != nil || l.GPIO != gpio || l.Pin != pin {
				t.Errorf("%s is %v, %v", text, l, err)
			}
		}
	}
	for _, pin := range without {
		if l, err := p.Line(fmt.Sprintf("pin %d", pin)); err == nil || !strings.Contains(err.Error(), "is no line") {
			t.Errorf("pin %d is %v, %v", pin, l, err)
		}
	}
	for text, want := range map[string]string{
		"GPIO28": "not on the header", "GPIO99": "not on the header", "pin 41": "no line", "pin 99": "no line",
		"17": "may be a GPIO or a pin", "11": "may be a GPIO or a pin", "007": "may be a GPIO or a pin",
		"": "not a line", "GPIO": "not a line", "GPIO017": "not a line", "GPIO-1": "not a line", "GPIO100": "not a line", "gpio17": "not a line",
		"GPIO 17": "not a line", "GPIO17 ": "not a line", "GPIO17\n": "not a line", "pin 0": "not a line", "pin 011": "not a line", "pin11": "not a line",
		"pin  11": "not a line", "Pin 11": "not a line", "ID_SD": "not a line", "GPIO١٧": "not a line",
	} {
		if l, err := p.Line(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %v, %v, want %q", text, l, err, want)
		}
	}
	generic, _ := pi.FindProfile(pi.Generic)
	if l, err := generic.Line("GPIO17"); err == nil {
		t.Errorf("GPIO17 of a generic board is %v", l)
	}
}

func TestProfileFits(t *testing.T) {
	for model, want := range map[string]string{
		"Raspberry Pi 3 Model B Rev 1.2": "raspberry-pi-3", "Raspberry Pi 3 Model B Plus Rev 1.3": "raspberry-pi-3", "Raspberry Pi 3 Model A Plus Rev 1.0": "raspberry-pi-3",
		"Raspberry Pi 4 Model B Rev 1.4": "raspberry-pi-4", "Raspberry Pi 4 Model B": "raspberry-pi-4",
		"Raspberry Pi 5 Model B Rev 1.0": "raspberry-pi-5", "Raspberry Pi 5": "raspberry-pi-5",
		"Raspberry Pi Zero 2 W Rev 1.0": "raspberry-pi-zero-2-w", "Raspberry Pi Zero 2 Rev 1.0": "raspberry-pi-zero-2-w",
		"Raspberry Pi 400 Rev 1.0": "", "Raspberry Pi 500 Rev 1.0": "", "Raspberry Pi Zero W Rev 1.1": "", "Raspberry Pi Model B Rev 2": "", "Raspberry Pi 2 Model B Rev 1.1": "",
		"Raspberry Pi Compute Module 4 Rev 1.0": "", "Orange Pi 5": "", "not a Raspberry Pi 4": "", "raspberry pi 4": "", "linux,dummy-virt": "", "": "",
	} {
		fits := ""
		for _, p := range pi.Profiles() {
			if p.Fits(model) {
				fits += p.Name
			}
		}
		if fits != want {
			t.Errorf("%q fits %q, want %q", model, fits, want)
		}
	}
}
