package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/firmware"
	"loa/firmware/pi"
)

// profiled is a whole config of a board, with these relays, speaker and inputs.
func profiled(board, relays, speaker, inputs string) string {
	return "board: " + board + `
data: /var/lib/loa
clock: central
outputs:
  - name: main
    relays: [` + relays + `]
    speaker: ` + speaker + `
    warmUp: 800ms
    tail: 500ms
    longestOn: 2h
inputs: [` + inputs + `]
`
}

const (
	usbCard   = "{kind: alsa, card: Device}"
	hatCard   = "{kind: alsa, card: sndrpihifiberry}"
	amplifier = "{name: amplifier, kind: gpio, line: GPIO17, active: high}"
)

// faultsOf returns what is wrong with a config, one line each.
func faultsOf(t *testing.T, text string) []string {
	t.Helper()
	_, err := parseConfig([]byte(text))
	if err == nil {
		return nil
	}
	lines := strings.Split(err.Error(), "\n  ")
	return lines[1:]
}

func TestWiring(t *testing.T) {
	relay := func(keys string) string { return "{name: amplifier, kind: gpio, " + keys + "}" }
	input := func(keys string) string { return "{name: button, " + keys + "}" }
	second := func(keys string) string { return amplifier + ", {name: second, kind: gpio, " + keys + "}" }
	for name, tt := range map[string]struct {
		relays, speaker, inputs string   // empty are the usual ones
		want                    []string // nil for no fault
	}{
		"by GPIO":                      {},
		"by pin":                       {relays: relay("line: pin 11, active: high")},
		"with the profile's chip":      {relays: relay("chip: pinctrl-bcm2711, line: GPIO17, active: high")},
		"a button":                     {inputs: input("line: pin 13, active: low, debounce: 50ms")},
		"a button that says so":        {inputs: input("use: emergency-button, line: pin 13, active: low")},
		"two buttons":                  {inputs: input("use: emergency-button, line: pin 13, active: low") + ", {name: b, use: emergency-button, line: GPIO22, active: high}"},
		"a second relay":               {relays: second("line: GPIO27, active: high")},
		"I2S without a card for it":    {relays: relay("line: GPIO18, active: high")},
		"I2C without what needs it":    {relays: relay("line: GPIO2, active: low")},
		"a card that nobody knows":     {speaker: "{kind: alsa, card: CODEC}", relays: relay("line: GPIO18, active: high")},
		"a card that needs I2S only":   {speaker: "{kind: alsa, card: MAX98357A}", relays: relay("line: GPIO2, active: low")},
		"a hat and other lines":        {speaker: hatCard, relays: relay("line: GPIO22, active: high")},
		"a button on the I2C bus":      {inputs: input("line: GPIO3, active: low")},
		"high on a line pulled down":   {relays: relay("line: GPIO9, active: high")},
		"low on a line pulled up":      {relays: relay("line: GPIO8, active: low")},
		"low on down, with resistor":   {relays: relay("line: GPIO9, active: low, externalPull: up")},
		"high on up, with resistor":    {relays: relay("line: GPIO8, active: high, externalPull: down")},
		"a resistor that also helps":   {relays: relay("line: GPIO17, active: high, externalPull: down")},
		"an input against the pull":    {inputs: input("line: GPIO17, active: low"), relays: relay("line: GPIO22, active: high")},
		"a simulated relay":            {relays: "{name: amplifier, kind: sim}", speaker: "{kind: sim}"},
		"a simulated relay, real card": {relays: "{name: amplifier, kind: sim}"},

		"no line":         {relays: relay("active: high"), want: []string{"outputs[0].relays[0].line: is required: GPIO17 or pin 11"}},
		"a bare number":   {relays: relay("line: 17, active: high"), want: []string{`outputs[0].relays[0].line: "17" may be a GPIO or a pin: write GPIO17 or pin 11`}},
		"no such GPIO":    {relays: relay("line: GPIO28, active: high"), want: []string{"outputs[0].relays[0].line: GPIO28 is not on the header"}},
		"no such pin":     {relays: relay("line: pin 41, active: high"), want: []string{"outputs[0].relays[0].line: pin 41 of the header is no line: it is power, ground, or not there"}},
		"ground":          {inputs: input("line: pin 6, active: low"), want: []string{"inputs[0].line: pin 6 of the header is no line: it is power, ground, or not there"}},
		"a kernel's name": {relays: relay("line: SDA1, active: low"), want: []string{`outputs[0].relays[0].line: "SDA1" is not a line: write GPIO17 or pin 11`}},
		"another chip": {relays: relay("chip: pinctrl-rp1, line: GPIO17, active: high"), inputs: input("chip: gpiochip0, line: GPIO22, active: low"), want: []string{
			`outputs[0].relays[0].chip: "pinctrl-rp1" contradicts board raspberry-pi-4, whose chip is pinctrl-bcm2711; it can be left out`,
			`inputs[0].chip: "gpiochip0" contradicts board raspberry-pi-4, whose chip is pinctrl-bcm2711; it can be left out`}},
		"twice":        {relays: second("line: GPIO17, active: high"), want: []string{"outputs[0].relays[1].line: GPIO17 (pin 11) is used by outputs[0].relays[0] already"}},
		"twice by pin": {relays: second("line: pin 11, active: high"), want: []string{"outputs[0].relays[1].line: GPIO17 (pin 11) is used by outputs[0].relays[0] already"}},
		"a button on a relay's line": {inputs: input("line: pin 11, active: low"), want: []string{
			"inputs[0].line: GPIO17 (pin 11) is used by outputs[0].relays[0] already"}},
		"the memory of hats": {relays: relay("line: GPIO0, active: low"), inputs: input("line: pin 28, active: low"), want: []string{
			"outputs[0].relays[0].line: GPIO0 (pin 27) is reserved: the firmware asks add-on boards there what they are",
			"inputs[0].line: GPIO1 (pin 28) is reserved: the firmware asks add-on boards there what they are"}},
		"the console": {relays: relay("line: GPIO14, active: high"), inputs: input("line: pin 10, active: low"), want: []string{
			"outputs[0].relays[0].line: GPIO14 (pin 8) is reserved: it is the serial console's, which drives it while the board starts",
			"inputs[0].line: GPIO15 (pin 10) is reserved: it is the serial console's, which drives it while the board starts"}},
		"I2S beside a hat": {speaker: hatCard, relays: relay("line: GPIO18, active: high"), inputs: input("line: pin 40, active: low"), want: []string{
			"outputs[0].relays[0].line: GPIO18 (pin 12) is reserved: outputs[0].speaker needs it for i2s",
			"inputs[0].line: GPIO21 (pin 40) is reserved: outputs[0].speaker needs it for i2s"}},
		"I2C beside a hat": {speaker: hatCard, inputs: input("line: pin 3, active: low"), want: []string{
			"inputs[0].line: GPIO2 (pin 3) is reserved: outputs[0].speaker needs it for i2c"}},
		"I2C beside a sensor": {speaker: usbCard + "\n    sensors: [{name: coil, kind: ina219, address: 0x40, shunt: 0.1, maxCurrent: 2}]", inputs: input("line: GPIO3, active: low"), want: []string{
			"inputs[0].line: GPIO3 (pin 5) is reserved: outputs[0].sensors[0] needs it for i2c"}},
		"low on a line pulled down": {relays: relay("line: GPIO17, active: low"), want: []string{
			"outputs[0].relays[0].active: is low: GPIO17 (pin 11) is pulled down from power-on, which closes the contact until the agent runs; use another line, or fit a resistor (10 kΩ or less) that pulls it up and say externalPull: up"}},
		"high on a line pulled up": {relays: relay("line: pin 29, active: high"), want: []string{
			"outputs[0].relays[0].active: is high: GPIO5 (pin 29) is pulled up from power-on, which closes the contact until the agent runs; use another line, or fit a resistor (10 kΩ or less) that pulls it down and say externalPull: down"}},
		"a resistor that closes": {relays: relay("line: GPIO17, active: high, externalPull: up"), want: []string{
			"outputs[0].relays[0].externalPull: up closes the contact of a relay that is active high whenever the agent does not run"}},
		"a resistor of a colour": {relays: relay("line: GPIO17, active: low, externalPull: brown"), want: []string{
			`outputs[0].relays[0].externalPull: "brown" is neither up nor down`}},
		"high on a soldered pull": {relays: relay("line: GPIO2, active: high, externalPull: down"), want: []string{
			"outputs[0].relays[0].active: is high: the board itself pulls GPIO2 (pin 3) up, which closes the contact until the agent runs, and no resistor in the wiring is stronger; use another line"}},
		"an input on a soldered pull": {inputs: input("line: GPIO2, active: high"), want: []string{
			"inputs[0].active: is high: the board itself pulls GPIO2 (pin 3) up, which the contact would have to pull low; use the other level, or another line"}},
		"no level": {relays: relay("line: GPIO17"), want: []string{"outputs[0].relays[0].active: is required: high or low"}},
		"no card": {speaker: "{kind: alsa}", want: []string{
			"outputs[0].speaker.card: is required on board raspberry-pi-4: its id in /proc/asound/cards, as Headphones, Device, sndrpihifiberry, IQaudIODAC, sndrpijustboomd, BossDAC, MAX98357A"}},
		"inputs of other uses": {
			inputs: "{name: a, use: mains-present, line: GPIO22, active: low}, {name: b, use: cabinet-door, line: GPIO23, active: low}, " +
				"{name: c, use: amplifier-fault, line: GPIO24, active: low}, {name: d, use: siren, line: GPIO25, active: low}, {name: e, line: GPIO26, active: low}",
			want: []string{
				`inputs[3].use: "siren" is none of emergency-button, mains-present, cabinet-door, amplifier-fault`,
				"inputs[4].use: is required where there are several inputs: emergency-button, mains-present, cabinet-door, amplifier-fault"}},
		"an only input of another use": {inputs: input("use: cabinet-door, line: GPIO22, active: low")},
	} {
		text := profiled("raspberry-pi-4", cmp.Or(tt.relays, amplifier), cmp.Or(tt.speaker, usbCard), tt.inputs)
		if got := faultsOf(t, text); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// The kernel's name of a line differs from kernel to kernel, so it is asked for
// by its number.
func TestWiringNamesChipAndNumber(t *testing.T) {
	for _, tt := range []struct{ board, chip, line, wantChip, wantLine string }{
		{"raspberry-pi-3", "", "GPIO17", "pinctrl-bcm2835", "17"},
		{"raspberry-pi-4", "", "pin 11", "pinctrl-bcm2711", "17"},
		{"raspberry-pi-5", "", "pin 13", "pinctrl-rp1", "27"},
		{"raspberry-pi-zero-2-w", "pinctrl-bcm2835", "GPIO4", "pinctrl-bcm2835", "4"},
		{"generic", "gpio-sim.0", "GPIO17", "gpio-sim.0", "GPIO17"},
		{"", "pinctrl-rp1", "17", "pinctrl-rp1", "17"},
		{"", "expander", "pin 11", "expander", "pin 11"},
	} {
		c := config{Board: tt.board}
		relay := c.relayOptions(relay{Name: "a", Kind: kindGPIO, Chip: tt.chip, Line: tt.line, Active: levelLow})
		if want := (pi.RelayOptions{Name: "a", Chip: tt.wantChip, Line: tt.wantLine, ActiveLow: true}); relay != want {
			t.Errorf("board %s: relay on %s is opened as %+v", tt.board, tt.line, relay)
		}
		input := c.inputOptions(input{Name: "b", Chip: tt.chip, Line: tt.line, Active: levelHigh, Debounce: 5})
		if want := (pi.InputOptions{Name: "b", Chip: tt.wantChip, Line: tt.wantLine, Debounce: 5, Use: firmware.EmergencyButton}); input != want {
			t.Errorf("board %s: input on %s is opened as %+v", tt.board, tt.line, input)
		}
		door := c.inputOptions(inputOf("cabinet-door", tt.chip, tt.line))
		if want := (pi.InputOptions{Name: "d", Chip: tt.wantChip, Line: tt.wantLine, Opens: true, Use: firmware.CabinetDoor}); door != want {
			t.Errorf("board %s: a door on %s is opened as %+v", tt.board, tt.line, door)
		}
	}
}

// A generic board is as one without a profile: nothing is known of its lines.
func TestWiringOfAGenericBoard(t *testing.T) {
	for name, tt := range map[string]struct {
		relays string
		want   []string
	}{
		"all named":   {"{name: a, kind: gpio, chip: c, line: 14, active: low}, {name: b, kind: gpio, chip: c, line: GPIO14, active: high}", nil},
		"a resistor":  {"{name: a, kind: gpio, chip: c, line: 14, active: low, externalPull: up}", nil},
		"two chips":   {"{name: a, kind: gpio, chip: c, line: 14, active: low}, {name: b, kind: gpio, chip: d, line: 14, active: high}", nil},
		"no chip":     {amplifier, []string{"outputs[0].relays[0].chip: is required: the GPIO chip's label"}},
		"zeros":       {"{name: a, kind: gpio, chip: c, line: 4, active: low}, {name: b, kind: gpio, chip: c, line: '004', active: high}", []string{`outputs[0].relays[1].line: "004" of "c" is used by outputs[0].relays[0] already`}},
		"a closing R": {"{name: a, kind: gpio, chip: c, line: 4, active: low, externalPull: down}", []string{"outputs[0].relays[0].externalPull: down closes the contact of a relay that is active low whenever the agent does not run"}},
	} {
		for _, board := range []string{"generic", "null"} {
			if got := faultsOf(t, profiled(board, tt.relays, "{kind: alsa}", "")); !slices.Equal(got, tt.want) {
				t.Errorf("%s, board %s: %s\nwant\n%s", name, board, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		}
	}
}

// Of a board that is not known only that is said, and what holds for all.
func TestWiringOfAnUnknownBoard(t *testing.T) {
	const known = " is not known; known are raspberry-pi-3, raspberry-pi-4, raspberry-pi-5, raspberry-pi-zero-2-w, generic"
	for _, board := range []string{"raspberry-pi-2", "Raspberry-Pi-4", "raspberry-pi", "4"} {
		want := []string{`board: "` + board + `"` + known, "outputs[0].relays[1].active: is required: high or low"}
		text := profiled(board, amplifier+", {name: b, kind: gpio, line: pin 7}", "{kind: alsa}", "")
		if got := faultsOf(t, text); !slices.Equal(got, want) {
			t.Errorf("%s", strings.Join(got, "\n"))
		}
	}
}

func TestWiringOfABoardThatCannotBeRead(t *testing.T) {
	want := []string{"board: is a list, should be a word"}
	if got := faultsOf(t, profiled("[raspberry-pi-4]", amplifier, "{kind: alsa}", "")); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestEveryProfileCanBeWired(t *testing.T) {
	for _, p := range pi.Profiles() {
		if p.Name == pi.Generic {
			continue
		}
		if got := faultsOf(t, profiled(p.Name, amplifier, usbCard, "{name: button, line: pin 13, active: low}")); got != nil {
			t.Errorf("%s: %s", p.Name, strings.Join(got, "\n"))
		}
	}
}

func TestBoardFitsMachine(t *testing.T) {
	const (
		simulated = "{name: amplifier, kind: sim}"
		quiet     = "{kind: sim}"
		absent    = "-"
	)
	for _, tt := range []struct{ board, relays, speaker, model, want string }{
		{"raspberry-pi-4", amplifier, usbCard, "Raspberry Pi 4 Model B Rev 1.4\x00", ""},
		{"raspberry-pi-zero-2-w", amplifier, usbCard, "Raspberry Pi Zero 2 W Rev 1.0\x00", ""},
		{"raspberry-pi-4", simulated, quiet, "Raspberry Pi 4 Model B Rev 1.4", ""},
		{"raspberry-pi-4", simulated, quiet, absent, ""},
		{"generic", "{name: a, kind: gpio, chip: c, line: 4, active: low}", usbCard, absent, ""},
		{"generic", "{name: a, kind: gpio, chip: c, line: 4, active: low}", usbCard, "Raspberry Pi 5 Model B Rev 1.0\x00", ""},
		{"null", simulated, usbCard, absent, ""},

		{"raspberry-pi-4", amplifier, usbCard, "Raspberry Pi 5 Model B Rev 1.0\x00",
			`the config says board raspberry-pi-4, but this machine is a "Raspberry Pi 5 Model B Rev 1.0", which is board raspberry-pi-5`},
		{"raspberry-pi-4", amplifier, usbCard, "Raspberry Pi 400 Rev 1.0\x00", `but this machine is a "Raspberry Pi 400 Rev 1.0", which is board generic`},
		{"raspberry-pi-3", simulated, quiet, "Raspberry Pi Zero 2 W Rev 1.0\x00", "which is board raspberry-pi-zero-2-w"},
		{"raspberry-pi-3", amplifier, usbCard, "", `this machine is a ""`},
		{"raspberry-pi-3", amplifier, usbCard, "\x1b[2J\n", `this machine is a "\x1b[2J"`},
		{"raspberry-pi-3", amplifier, usbCard, strings.Repeat("Raspberry Pi 3 ", 20), "has more than 256 bytes"},
		{"raspberry-pi-4", amplifier, usbCard, absent, "the config says board raspberry-pi-4, but this machine does not say that it is one: open "},
		{"raspberry-pi-4", amplifier, quiet, absent, "does not say that it is one"},
		{"raspberry-pi-4", simulated, usbCard, absent, "does not say that it is one"},
	} {
		c, err := parseConfig([]byte(profiled(tt.board, tt.relays, tt.speaker, "")))
		if err != nil {
			t.Fatal(err)
		}
		model := filepath.Join(t.TempDir(), "model")
		if tt.model != absent {
			if err := os.WriteFile(model, []byte(tt.model), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err = c.fits(model)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("board %s on %q: %v, want %q", tt.board, tt.model, err, tt.want)
		}
	}
}

func inputOf(use, chip, line string) input {
	return input{Name: "d", Use: use, Chip: chip, Line: line, Active: levelHigh, Contact: contactOpen}
}

// On the wrong machine no part is opened.
func TestOpenBoardOnTheWrongMachine(t *testing.T) {
	dir := t.TempDir()
	trace, model := filepath.Join(dir, "edges"), filepath.Join(dir, "model")
	if err := os.WriteFile(model, []byte("Raspberry Pi 5 Model B Rev 1.0\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(board string) error {
		c, err := parseConfig([]byte(profiled(board, "{name: amplifier, kind: sim, trace: "+trace+"}", "{kind: sim}", "")))
		if err != nil {
			t.Fatal(err)
		}
		b, err := openBoardOn(model, c)
		if err == nil {
			err = b.Close()
		}
		return err
	}
	if err := open("raspberry-pi-4"); err == nil || !strings.Contains(err.Error(), "board raspberry-pi-5") {
		t.Errorf("a Pi 4's config on a Pi 5: %v", err)
	}
	if _, err := os.Stat(trace); err == nil {
		t.Error("the relay was opened")
	}
	if err := open("raspberry-pi-5"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(trace); err != nil {
		t.Errorf("the relay was not opened: %v", err)
	}
}

// What the README shows is a config without faults.
func TestReadmeShowsAConfig(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("it shows none")
	}
	if c, err := parseConfig([]byte(text)); err != nil || c.Board == "" {
		t.Errorf("board %q: %v", c.Board, err)
	}
}
