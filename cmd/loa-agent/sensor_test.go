package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/firmware"
	"loa/firmware/pi"
)

// measured is a whole config of a simulated relay and speaker, with these sensors
// and mains.
func measured(board, sensors, mains string) string {
	return profiled(board, "{name: amplifier, kind: sim}", "{kind: sim}\n    sensors: ["+sensors+"]", "") + "mains: [" + mains + "]\n"
}

const (
	coil = "{name: coil, kind: ina226, address: 0x40, shunt: 0.01, maxCurrent: 6}"
	grid = "{name: grid, kind: ads1115, address: 0x48, channel: A0, range: 4.096, scale: 575, max: 400, noise: 5, ac: true, bias: 1.65}"
	mic  = "{name: ear, kind: microphone, card: Microphone, fullScale: 9, noise: 0.2}"
)

func TestSensorsOfAConfig(t *testing.T) {
	with := func(one string, keys ...string) string {
		for i := 0; i < len(keys); i += 2 {
			if !strings.Contains(one, keys[i]) {
				t.Fatalf("%q does not stand in %s", keys[i], one)
			}
			one = strings.Replace(one, keys[i], keys[i+1], 1)
		}
		return one
	}
	const at = "outputs[0].sensors[0]"
	for name, tt := range map[string]struct {
		board, sensors, mains string
		want                  []string
	}{
		"an INA226":               {sensors: coil},
		"an INA219":               {sensors: with(coil, "ina226", "ina219")},
		"a microphone":            {sensors: mic},
		"a level":                 {sensors: with(grid, "kind:", "quantity: line, kind:")},
		"mains":                   {mains: grid},
		"all together":            {sensors: coil + ", " + mic, mains: grid},
		"simulated ones":          {sensors: "{name: coil, kind: sim, quantity: current}", mains: "{name: grid, kind: sim}"},
		"a quantity that is said": {sensors: with(coil, "kind:", "quantity: current, kind:"), mains: with(grid, "kind:", "quantity: mains, kind:")},
		"with a bus":              {board: "generic", sensors: with(coil, "kind:", "bus: /dev/i2c-3, kind:")},
		"a bus by its number":     {board: "generic", sensors: with(coil, "kind:", "bus: 3, kind:")},
		"the profile's bus":       {sensors: with(coil, "kind:", "bus: 1, kind:")},
		"one address, two buses":  {board: "generic", sensors: with(coil, "kind:", "bus: 1, kind:"), mains: with(grid, "0x48", "0x48, bus: 2")},
		"figures of every kind":   {sensors: with(coil, "0.01", "1.0e-2", "maxCurrent: 6", "maxCurrent: 6.50, noise: 5e-2, still: 30s")},

		"nothing but its kind": {sensors: "{kind: ina226}", want: []string{
			at + ".name: is required",
			at + ".address: is 0x00, an INA226 has one from 0x40 to 0x4f",
			at + ".shunt: is 0, must be from 1e-06 to 1000 Ω",
			at + ".maxCurrent: is 0, must be from 0.001 to 1000 A"}},
		"nothing but that it is a level": {sensors: "{kind: ads1115, name: a}", want: []string{
			at + ".quantity: is required: line or current",
			at + ".address: is 0x00, an ADS1115 has one from 0x48 to 0x4b",
			at + `.channel: is "", must be one of A0, A0-A1, A0-A3, A1, A1-A3, A2, A2-A3, A3`,
			at + ".range: is 0 V, must be one of [6.144 4.096 2.048 1.024 0.512 0.256]",
			at + ".scale: is 0, must be from 1e-06 to 1e+06 for 1 V",
			at + ".max: is 0, must be from 1e-06 to 1e+06",
			at + ".noise: is 0, must be more than 0 and less than what is measured at most, 0"}},
		"nothing but that it hears": {sensors: "{kind: microphone, name: a}", want: []string{
			at + `.card: is "" is neither a card's id nor its number`,
			at + ".fullScale: is 0, must be from 0.01 to 1000 Pa"}},
		"no kind":            {sensors: "{name: a}", mains: "{name: b}", want: []string{at + ".kind: is required: ina219, ina226, ads1115, microphone, sim", "mains[0].kind: is required: ads1115, sim"}},
		"an unknown kind":    {sensors: "{name: a, kind: ina3221}", mains: with(coil, "coil", "b"), want: []string{at + `.kind: "ina3221" is none of ina219, ina226, ads1115, microphone, sim`, `mains[0].kind: "ina226" is none of ads1115, sim`}},
		"keys of other ones": {sensors: "{name: a, kind: sim, quantity: sound, shunt: 1, bus: 1, card: x}", want: []string{at + ".bus: is not of a sensor of kind sim", at + ".card: is not of a sensor of kind sim", at + ".shunt: is not of a sensor of kind sim"}},
		"a quantity that contradicts": {sensors: with(coil, "kind:", "quantity: sound, kind:") + ", " + with(mic, "kind:", "quantity: line, kind:"), mains: with(grid, "kind:", "quantity: line, kind:"), want: []string{
			at + `.quantity: "sound" contradicts its kind, which measures current; it can be left out`,
			`outputs[0].sensors[1].quantity: "line" contradicts its kind, which measures sound; it can be left out`,
			`mains[0].quantity: "line" contradicts its kind, which measures mains; it can be left out`}},
		"mains of an output": {sensors: with(grid, "kind:", "quantity: mains, kind:"), want: []string{at + `.quantity: "mains" is neither line nor current`}},

		"no bus":                {board: "generic", sensors: coil, mains: grid, want: []string{at + ".bus: is required: the I2C bus's device, as /dev/i2c-1", "mains[0].bus: is required: the I2C bus's device, as /dev/i2c-1"}},
		"a bus that is none":    {board: "generic", sensors: with(coil, "kind:", "bus: /dev/spi0, kind:"), want: []string{at + `.bus: "/dev/spi0" is not an I2C bus: write it as /dev/i2c-1`}},
		"another bus":           {sensors: with(coil, "kind:", "bus: 0, kind:"), want: []string{at + ".bus: /dev/i2c-0 contradicts board raspberry-pi-4, whose bus on the header is /dev/i2c-1; it can be left out"}},
		"an address twice":      {sensors: coil + ", " + with(coil, "coil", "b"), want: []string{"outputs[0].sensors[1].address: 0x40 on /dev/i2c-1 is used by outputs[0].sensors[0] already, and a chip measures one thing"}},
		"a chip for two things": {sensors: with(grid, "grid", "line", "A0", "A1", "kind:", "quantity: line, kind:"), mains: grid, want: []string{"mains[0].address: 0x48 on /dev/i2c-1 is used by outputs[0].sensors[0] already, and a chip measures one thing"}},
		"a microphone twice":    {sensors: mic + ", " + with(mic, "ear", "b"), want: []string{`outputs[0].sensors[1].card: device 0 of card "Microphone" is used by outputs[0].sensors[0] already`}},
		"a name twice":          {sensors: coil, mains: with(grid, "grid", "coil"), want: []string{`mains[0].name: "coil" stands twice`}},

		"an address of another chip":         {sensors: with(coil, "0x40", "0x48") + ", " + with(mic, "ear", "b"), mains: with(grid, "0x48", "0x50"), want: []string{"mains[0].address: is 0x50, an ADS1115 has one from 0x48 to 0x4b"}},
		"more than it can":                   {sensors: with(coil, "maxCurrent: 6", "maxCurrent: 9"), want: []string{at + ".maxCurrent: is 9 A on a shunt of 0.01 Ω makes 90 mV, an INA226 measures less than 81.92 mV"}},
		"a bias that is none":                {mains: with(grid, "bias: 1.65", "bias: 5"), want: []string{"mains[0].bias: is 5 V, it must lie within the range of 4.096 V"}},
		"a stillness that is none":           {sensors: with(coil, "shunt", "still: 1ms, shunt"), want: []string{at + ".still: is 1ms, must be from 1s to 1h"}},
		"a simulated supply of a real board": {sensors: coil, mains: "{name: grid, kind: sim}", want: []string{"mains[0].kind: a simulated supply stands only on a board that is simulated as a whole"}},
		"too many":                           {mains: strings.Repeat(grid+", ", 8) + grid, want: []string{"mains: 9, at most 8"}},
	} {
		board := tt.board
		if board == "" {
			board = "raspberry-pi-4"
		}
		if got := faultsOf(t, measured(board, tt.sensors, tt.mains)); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// A figure is read as a person means it, or not at all.
func TestFiguresOfAConfig(t *testing.T) {
	for text, want := range map[string]float64{"0.01": 0.01, "5": 5, "1e-2": 0.01, "2.50": 2.5, `"0.1"`: 0.1, "1e+1": 10} {
		c, err := parseConfig([]byte(measured("raspberry-pi-4", strings.Replace(coil, "ina226", "ina219, noise: "+text, 1), "")))
		if want < 6 && (err != nil || c.Outputs[0].Sensors[0].Noise != want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{".nan", "NaN", ".inf", "-.inf", "Infinity", "1e999", "-1e999", "017", "0o17", "0x10", "0b1", "1_000", "'1,5'", "+1", ".5", "5.", "1e", "--1", "'1 '", "½", "1 Ω", "[1]", "{a: 1}", "true", "~~"} {
		got := faultsOf(t, measured("raspberry-pi-4", strings.Replace(coil, "0.01", text, 1), ""))
		if len(got) != 1 || !strings.HasPrefix(got[0], "outputs[0].sensors[0].shunt: ") || !strings.Contains(got[0], "number") {
			t.Errorf("shunt %s: %q", text, got)
		}
	}
	for _, text := range []string{"64", "0X40", "040", "x40", "0x", "0xffffff", "-0x40", "0x4G", "[64]"} {
		got := faultsOf(t, measured("raspberry-pi-4", strings.Replace(coil, "0x40", text, 1), ""))
		if len(got) != 1 || !strings.HasPrefix(got[0], "outputs[0].sensors[0].address: ") || !strings.Contains(got[0], "address") {
			t.Errorf("address %s: %q", text, got)
		}
	}
	for _, text := range []string{"1.0", "1e1", "01", "0x1", "99999999999999999999", "one"} {
		got := faultsOf(t, measured("raspberry-pi-4", strings.Replace(mic, "card:", "device: "+text+", card:", 1), ""))
		if len(got) != 1 || !strings.HasPrefix(got[0], "outputs[0].sensors[0].device: ") || !strings.Contains(got[0], "whole number") {
			t.Errorf("device %s: %q", text, got)
		}
	}
	for _, text := range []string{"yes", "True", "1", "[true]"} {
		got := faultsOf(t, measured("raspberry-pi-4", "", strings.Replace(grid, "true", text, 1)))
		if len(got) == 0 || !strings.HasPrefix(got[0], "mains[0].ac: ") {
			t.Errorf("ac %s: %q", text, got)
		}
	}
}

// The lines of a feedback and of inputs are claimed as those of relays are.
func TestLinesThatAreUsedTwice(t *testing.T) {
	relays := func(feedback string) string {
		return "{name: a, kind: gpio, line: GPIO17, active: high, feedback: {" + feedback + "}}, {name: b, kind: gpio, line: GPIO27, active: high}"
	}
	for name, tt := range map[string]struct {
		relays, inputs string
		want           []string
	}{
		"a feedback":               {relays: relays("line: GPIO23, active: low")},
		"a feedback by its pin":    {relays: relays("line: pin 16, active: high")},
		"the relay's own line":     {relays: relays("line: pin 11, active: low"), want: []string{"outputs[0].relays[0].feedback.line: GPIO17 (pin 11) is used by outputs[0].relays[0] already"}},
		"another relay's line":     {relays: relays("line: GPIO27, active: low"), want: []string{"outputs[0].relays[1].line: GPIO27 (pin 13) is used by outputs[0].relays[0].feedback already"}},
		"an input's line":          {relays: relays("line: GPIO22, active: low"), inputs: "{name: c, use: mains-present, line: GPIO22, active: low}", want: []string{"inputs[0].line: GPIO22 (pin 15) is used by outputs[0].relays[0].feedback already"}},
		"two inputs on one line":   {relays: relays("line: GPIO23, active: low"), inputs: "{name: c, use: mains-present, line: GPIO22, active: low}, {name: d, use: cabinet-door, line: pin 15, active: low}", want: []string{"inputs[1].line: GPIO22 (pin 15) is used by inputs[0] already"}},
		"no such line":             {relays: relays("line: GPIO40, active: low"), want: []string{"outputs[0].relays[0].feedback.line: GPIO40 is not on the header"}},
		"no line and no level":     {relays: relays(""), want: []string{"outputs[0].relays[0].feedback.line: is required: GPIO17 or pin 11", "outputs[0].relays[0].feedback.active: is required: high or low"}},
		"another chip":             {relays: relays("chip: x, line: GPIO23, active: low"), want: []string{`outputs[0].relays[0].feedback.chip: "x" contradicts board raspberry-pi-4, whose chip is pinctrl-bcm2711; it can be left out`}},
		"against a soldered pull":  {relays: relays("line: GPIO2, active: high"), want: []string{"outputs[0].relays[0].feedback.active: is high: the board itself pulls GPIO2 (pin 3) up, which the contact would have to pull low; use the other level, or another line"}},
		"one that opens":           {relays: relays("line: GPIO2, active: high, contact: opens")},
		"one that opens, soldered": {relays: relays("line: GPIO2, active: low, contact: opens"), want: []string{"outputs[0].relays[0].feedback.active: is low: the board itself pulls GPIO2 (pin 3) up, which the contact would have to pull low; use the other level, or another line"}},
		"a door that opens":        {relays: relays("line: GPIO23, active: low"), inputs: "{name: d, use: cabinet-door, line: GPIO22, active: high, contact: opens}"},
		"a contact that is none":   {relays: relays("line: GPIO23, active: low"), inputs: "{name: d, use: cabinet-door, line: GPIO22, active: high, contact: sticks}", want: []string{`inputs[0].contact: "sticks" is neither closes nor opens`}},
		"a button that opens":      {relays: relays("line: GPIO23, active: low"), inputs: "{name: d, line: GPIO22, active: high, contact: opens}", want: []string{"inputs[0].contact: opens is not for an emergency-button: a broken wire would press it"}},
		"a word":                   {relays: strings.Replace(relays(""), "{}", "GPIO23", 1), want: []string{`outputs[0].relays[0].feedback: "GPIO23" is not a group of keys`}},
		"an unknown key":           {relays: relays("line: GPIO23, active: low, pull: up"), want: []string{"outputs[0].relays[0].feedback.pull: is not a known key"}},
		"one of a simulated relay": {relays: "{name: a, kind: sim, feedback: {line: GPIO23, active: low}}", want: []string{"outputs[0].relays[0].feedback: is not of a relay of kind sim"}},
		"a sensor's bus":           {relays: relays("line: GPIO3, active: low"), inputs: "", want: nil},
	} {
		if got := faultsOf(t, profiled("raspberry-pi-4", tt.relays, usbCard, tt.inputs)); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
	text := profiled("raspberry-pi-4", relays("line: GPIO3, active: low"), usbCard, "") + "mains: [" + grid + "]\n"
	if got := faultsOf(t, text); !slices.Equal(got, []string{"outputs[0].relays[0].feedback.line: GPIO3 (pin 5) is reserved: mains[0] needs it for i2c"}) {
		t.Errorf("a feedback on the bus of a sensor:\n%s", strings.Join(got, "\n"))
	}
}

// The configs that are shown are without faults, and between them have all that a
// board can.
func TestConfigsThatAreShown(t *testing.T) {
	boards := map[string]bool{}
	for _, folder := range []string{"testdata/board-*.yaml", "../../firmware/image/examples/*.yaml"} {
		files, err := filepath.Glob(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parseConfig(data)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if !strings.Contains(filepath.Base(file), c.Board) {
				t.Errorf("%s is of a %s", file, c.Board)
			}
			if strings.HasPrefix(file, "testdata") {
				boards[c.Board] = true
				if len(c.Mains) == 0 || len(c.Outputs[0].Sensors) == 0 || c.Outputs[0].Relays[0].Feedback == nil || len(c.Inputs) < 2 {
					t.Errorf("%s does not have all that a board can", file)
				}
			}
		}
	}
	for _, p := range pi.Profiles() {
		if !boards[p.Name] {
			t.Errorf("no config of a %s is shown", p.Name)
		}
	}
}

// Sensors and inputs that are not there are faults, and the rest of the board
// works.
func TestBoardWithoutItsSensors(t *testing.T) {
	bus := "bus: /dev/i2c-987, kind:"
	sensors := strings.Replace(coil, "kind:", bus, 1) + ", " + mic
	text := strings.Replace(measured("generic", sensors, strings.Replace(grid, "kind:", bus, 1)), "inputs: []",
		"inputs: [{name: door, use: cabinet-door, chip: no-such-chip, line: 1, active: low}]", 1)
	c, err := parseConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	b, err := openBoardOn(filepath.Join(t.TempDir(), "model"), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	if took := time.Since(begun); took > time.Second {
		t.Errorf("it opened in %v", took)
	}
	if err := b.Outputs[0].Relays[0].Set(true); err != nil {
		t.Error(err)
	}
	told := make(chan string, 9)
	for _, m := range b.Monitors {
		go m.Watch(t.Context(), func(what string) { told <- m.Name() + ": " + what })
	}
	got := []string{<-told, <-told, <-told}
	slices.Sort(got)
	for i, want := range []string{"microphone ear: listen to card Microphone: ", "sensor coil: open sensor coil: open I2C bus ", "sensor grid: open sensor grid: open I2C bus "} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("told %q, want %q", got[i], want)
		}
	}
	for _, s := range []firmware.Sensor{b.Outputs[0].Sensors[0], b.Mains[0]} {
		if _, err := s.Envelope(t.Context(), time.Now(), 1); err == nil || !strings.HasPrefix(err.Error(), "read sensor "+s.Name()+": open sensor ") {
			t.Errorf("Envelope of %s: %v", s.Name(), err)
		}
	}
	if b.Mains[0].Quantity() != firmware.Mains || b.Inputs[0].Use() != firmware.CabinetDoor {
		t.Errorf("the supply's sensor measures %s, the door's contact is for %s", b.Mains[0].Quantity(), b.Inputs[0].Use())
	}
	if err := b.Inputs[0].Watch(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "GPIO chip") {
		t.Errorf("Watch of an absent line: %v", err)
	}
}
