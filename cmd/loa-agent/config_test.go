package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const goodConfig = `# a board with two outputs and the commune's button
data: /var/lib/loa
clock: rtc
outputs:
  - name: main
    relays:
      - {name: mains, kind: gpio, chip: pinctrl-rp1, line: 17, active: high}
      - {name: amplifier, kind: gpio, chip: pinctrl-rp1, line: GPIO27, active: low}
    speaker: {kind: alsa, card: "USB", ultrasonic: true, buffer: 200ms}
    warmUp: 800ms
    tail: '500ms'
    longestOn: 2h
  - name: shed
    relays: [{name: shed-mains, kind: sim, trace: /tmp/edges}]
    speaker:
      kind: sim
    sensors:
      - {name: coil, kind: sim, quantity: current}
      - {name: ear, kind: sim, quantity: sound}
    warmUp: 0s
    tail: 0s
    longestOn: 1h30m
inputs:
  - {name: button, chip: pinctrl-rp1, line: "0022", active: low, debounce: 50ms}
`

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "board.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfig(t *testing.T) {
	c, err := readConfig(writeConfig(t, goodConfig))
	if err != nil {
		t.Fatal(err)
	}
	first, second := c.Outputs[0], c.Outputs[1]
	switch {
	case c.Data != "/var/lib/loa" || c.Clock != clockRTC || len(c.Outputs) != 2:
	case first.Relays[0].Line != "17" || first.Relays[1].Line != "GPIO27" || first.Relays[1].Active != levelLow:
	case first.Speaker != speaker{Kind: kindALSA, Card: "USB", Ultrasonic: true, Buffer: duration(200 * time.Millisecond)}:
	case first.WarmUp != duration(800*time.Millisecond) || first.Tail != duration(500*time.Millisecond) || first.LongestOn != duration(2*time.Hour):
	case second.Relays[0] != relay{Name: "shed-mains", Kind: kindSim, Trace: "/tmp/edges"}:
	case second.LongestOn != duration(90*time.Minute):
	case len(first.Sensors) != 0 || len(second.Sensors) != 2 || second.Sensors[1] != (sensor{Name: "ear", Kind: kindSim, Quantity: "sound"}):
	case len(c.Inputs) != 1 || c.Inputs[0] != input{Name: "button", Chip: "pinctrl-rp1", Line: "0022", Active: levelLow, Debounce: duration(50 * time.Millisecond)}:
	default:
		return
	}
	t.Errorf("read as %+v", c)
}

// All faults of a file are named at once, each under its own key, and no key
// twice.
func TestConfigNamesAllFaultsAtOnce(t *testing.T) {
	_, err := readConfig(writeConfig(t, `
date: /var/lib/loa
clock: sundial
colour: red
outputs:
  - name: main
    volume: 11
    relays:
      - {name: a, kind: gpio, chip: c, line: 17, active: high, pull: up}
      - {name: b, kind: gpio, chip: c, line: 17, active: sideways}
      - {name: b, kind: magnet}
    speaker: {kind: alsa, wattage: 50, buffer: 2s}
    sensors: {kind: sim}
    warmUp: 800
    tail: 11s
  - name: second
    relays: []
    speaker: {kind: alsa, ultrasonic: loud}
    sensors:
      - {name: coil, kind: ina219, quantity: current, bus: 1, shunt: .nan}
      - {name: ear, kind: sim, quantity: smell}
      - {name: ear, quantity: sound}
    warmUp: 1s
    tail: [1s]
    longestOn: {hours: 2}
  - nothing
inputs:
  - {name: main, chip: c, line: 17, active: low, debounce: soon}
  - {active: low}
  - {name: x, chip: c, line: 18, active: low, debounce: 1m}
`))
	if err == nil {
		t.Fatal("no fault was found")
	}
	want := []string{
		`date: is not a known key`,
		`colour: is not a known key`,
		`outputs[0].volume: is not a known key`,
		`outputs[0].relays[0].pull: is not a known key`,
		`outputs[0].speaker.wattage: is not a known key`,
		`outputs[0].sensors: is a group of keys, should be a list`,
		`outputs[0].warmUp: "800" is not a time like 800ms or 2h`,
		`outputs[1].speaker.ultrasonic: "loud" is neither true nor false`,
		`outputs[1].sensors[0].shunt: ".nan" is not a number like 0.01`,
		`outputs[1].tail: is a list, should be a time like 800ms or 2h`,
		`outputs[1].longestOn: is a group of keys, should be a time like 800ms or 2h`,
		`outputs[2]: "nothing" is not a group of keys`,
		`inputs[0].debounce: "soon" is not a time like 800ms or 2h`,

		`data: is required: the folder of the board's key and store`,
		`clock: "sundial" is neither central nor rtc`,
		`outputs[0].relays[1].line: "17" of "c" is used by outputs[0].relays[0] already`,
		`outputs[0].relays[1].active: "sideways" is neither high nor low`,
		`outputs[0].relays[2].name: "b" stands twice`,
		`outputs[0].relays[2].kind: "magnet" is neither gpio nor sim`,
		`outputs[0].speaker.buffer: is 2s, must be from 40ms to 500ms`,
		`outputs[0].tail: is 11s, must be from 0s to 10s`,
		`outputs[0].longestOn: is 0s, must be from 1s to 24h0m0s`,
		`outputs[1].relays: at least one is required: without a relay the amplifier is never off`,
		`outputs[1].sensors[0].address: is 0x00, an INA219 has one from 0x40 to 0x4f`,
		`outputs[1].sensors[0].maxCurrent: is 0, must be from 0.001 to 1000 A`,
		`outputs[1].sensors[1].quantity: "smell" is neither current nor sound`,
		`outputs[1].sensors[1].kind: a simulated sensor stands only beside simulated relays and a simulated speaker; speaker is not`,
		`outputs[1].sensors[2].name: "ear" stands twice`,
		`outputs[1].sensors[2].kind: is required: ina219, ina226, ads1115, microphone, sim`,
		`outputs[1].speaker.card: outputs[0] may play to the same card: where there are several, each names its own`,
		`inputs[0].name: "main" stands twice`,
		`inputs[0].use: is required where there are several inputs: emergency-button, mains-present, cabinet-door, amplifier-fault`,
		`inputs[0].line: "17" of "c" is used by outputs[0].relays[0] already`,
		`inputs[1].name: is required`,
		`inputs[1].use: is required where there are several inputs: emergency-button, mains-present, cabinet-door, amplifier-fault`,
		`inputs[1].chip: is required: the GPIO chip's label`,
		`inputs[1].line: is required: its name or number on the chip`,
		`inputs[2].use: is required where there are several inputs: emergency-button, mains-present, cabinet-door, amplifier-fault`,
		`inputs[2].debounce: is 1m0s, must be from 0s to 5s`,
	}
	got := strings.Split(err.Error(), "\n  ")
	if !strings.HasSuffix(got[0], "board.yaml: 39 faults") {
		t.Errorf("begins with %q", got[0])
	}
	for i, line := range got[1:] {
		if i >= len(want) || line != want[i] {
			t.Errorf("fault %d is %q", i, line)
		}
	}
	if len(got)-1 != len(want) {
		t.Errorf("%d faults, want %d", len(got)-1, len(want))
	}
}

func TestConfigThatIsNone(t *testing.T) {
	one := func(from, to string) string {
		if !strings.Contains(goodConfig, from) {
			t.Fatalf("%q does not stand in the config", from)
		}
		return strings.Replace(goodConfig, from, to, 1)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"empty":          {"", "data: is required"},
		"only a comment": {"# nothing\n", "outputs: at least one is required"},
		"not YAML":       {"outputs: [", "is not YAML: [1:10]"},
		"tabs":           {"outputs:\n\t- name: main\n", "is not YAML: [2:1]"},
		"a text":         {"hello", `"hello" is not a group of keys`},
		"a list":         {"- a\n", "is a list, should be a group of keys"},
		"bytes":          {"\x00\xff\x1b[2J", "is not a group of keys"},
		"two documents":  {goodConfig + "---\n" + goodConfig, "holds 2 documents"},
		"a key twice":    {goodConfig + "clock: central\n", `mapping key "clock" already defined`},
		"no outputs":     {one("outputs:", "exits:"), "exits: is not a known key\n  outputs: at least one"},
		"a sensor beside a real relay": {one("{name: shed-mains, kind: sim, trace: /tmp/edges}", "{name: shed-mains, kind: gpio, chip: c, line: 3, active: low}"),
			"outputs[1].sensors[1].kind: a simulated sensor stands only beside simulated relays and a simulated speaker; relays[0] is not"},
		"a sensor beside a real sound card": {strings.Replace(one("      kind: sim\n", "      kind: alsa\n"), `{kind: alsa, card: "USB", ultrasonic: true, buffer: 200ms}`, "{kind: sim}", 1),
			"outputs[1].sensors[0].kind: a simulated sensor stands only beside simulated relays and a simulated speaker; speaker is not"},
		"many sensors":        {one("    warmUp: 0s\n", strings.Repeat("      - {name: x, kind: sim, quantity: sound}\n", 7)+"    warmUp: 0s\n"), "outputs[1].sensors: 9, at most 8"},
		"other case":          {one("warmUp", "warmup"), "outputs[0].warmup: is not a known key"},
		"no time on":          {one("longestOn: 2h", "longestOn: 0s"), "outputs[0].longestOn: is 0s"},
		"a long warm-up":      {one("800ms", "10m"), "outputs[0].warmUp: is 10m0s, must be from 0s to 10s"},
		"too long on":         {one("longestOn: 2h", "longestOn: 25h"), "outputs[0].longestOn: is 25h0m0s"},
		"negative":            {one("800ms", "-800ms"), "outputs[0].warmUp: is -800ms"},
		"a time without end":  {one("800ms", ".inf"), `outputs[0].warmUp: ".inf" is not a time`},
		"a null":              {one("kind: alsa", "kind: null"), "outputs[0].speaker.kind: is required: alsa or sim"},
		"an anchor":           {one("clock: rtc", "clock: &c rtc"), "clock: anchors, aliases and tags"},
		"a tag":               {one("clock: rtc", "clock: !!str rtc"), "clock: anchors, aliases and tags"},
		"a merge":             {"x: &x {a: 1}\n<<: *x\n", "has a key that is not a plain word"},
		"too large":           {strings.Repeat("#", mostConfig+1), "has more than 262144 bytes"},
		"too many words":      {strings.Repeat("[", mostConfig), "more than 4000 words and signs"},
		"deep":                {strings.Repeat("{a: ", 900), "is not YAML"},
		"a name of two lines": {one("name: shed", `name: "a\nb"`), `outputs[1].name: "a\nb" is not a name`},
	} {
		_, err := readConfig(writeConfig(t, tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %.300v, want %q", name, err, tt.want)
		} else if len(err.Error()) > 2000 {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
	}
	if _, err := readConfig(filepath.Join(t.TempDir(), "none.yaml")); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("no file: %v", err)
	}
}

// A bomb: each alias ten times the one before.
func TestConfigTakesNoBomb(t *testing.T) {
	bomb := "a0: &a0 [x]\n"
	for i := 1; i < 10; i++ {
		at := string(rune('0' + i))
		bomb += "a" + at + ": &a" + at + " [" + strings.TrimSuffix(strings.Repeat("*a"+string(rune('0'+i-1))+", ", 10), ", ") + "]\n"
	}
	_, err := readConfig(writeConfig(t, bomb+"data: *a9\n"))
	if err == nil || !strings.Contains(err.Error(), "a9: is not a known key") || !strings.Contains(err.Error(), "data: anchors, aliases and tags") {
		t.Errorf("got %.300v", err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(goodConfig)
	f.Add("outputs:\n- &a {name: *a}\n")
	f.Add("? [a]\n: {b: c}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseConfig([]byte(text)); err == nil && len(c.judge()) > 0 {
			t.Errorf("taken with faults: %v", c.judge())
		}
	})
}
