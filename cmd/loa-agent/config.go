package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
	"loa/firmware"
	"loa/firmware/pi"
)

// config is a board's file. Every relay and speaker is chosen for itself: a
// simulated relay beside a real sound card is a legal board.
type config struct {
	Board string `yaml:"board"` // what it is, as in pi.Profiles; none is generic
	Data  string `yaml:"data"`  // folder of the key, the enrolment and the store
	Clock string `yaml:"clock"` // "central": only central's signed time is right; "rtc": so is the system's
	// Watchdog is the device that resets the board when the agent hangs, or
	// "none"; where it is left out, what the board brings with it.
	Watchdog string `yaml:"watchdog"`

	Outputs []output `yaml:"outputs"`
	Inputs  []input  `yaml:"inputs"`
	Mains   []sensor `yaml:"mains"` // what measures the supply; without one it is relied on
}

type output struct {
	Name      string   `yaml:"name"`
	Relays    []relay  `yaml:"relays"` // in the order of closing
	Speaker   speaker  `yaml:"speaker"`
	Sensors   []sensor `yaml:"sensors"`
	WarmUp    duration `yaml:"warmUp"`
	Tail      duration `yaml:"tail"`
	LongestOn duration `yaml:"longestOn"`
}

type relay struct {
	Name   string `yaml:"name"`
	Kind   string `yaml:"kind"`   // "gpio" or "sim"
	Chip   string `yaml:"chip"`   // gpio: the chip's label, as in pinctrl-rp1; known where the board is
	Line   string `yaml:"line"`   // gpio: GPIO17 or pin 11; on a generic board name or number on the chip
	Active string `yaml:"active"` // gpio: the level that closes the contact, "high" or "low"

	// ExternalPull says which way a resistor in the wiring holds a gpio line
	// while no program does, "up" or "down". Empty is no resistor.
	ExternalPull string `yaml:"externalPull"`

	// Feedback is a line that tells where a gpio relay's contact is.
	Feedback *feedback `yaml:"feedback"`

	Trace string `yaml:"trace"` // sim: a file that gets every edge
}

// feedback is an auxiliary contact, which moves with the relay's.
type feedback struct {
	Chip   string `yaml:"chip"` // as the relay's
	Line   string `yaml:"line"`
	Active string `yaml:"active"` // the level while the relay's contact is closed
	// Contact says whether the auxiliary one "closes" with the relay's, as when it is
	// left out, or "opens".
	Contact string `yaml:"contact"`
}

type speaker struct {
	Kind string `yaml:"kind"` // "alsa" or "sim"
	Card string `yaml:"card"` // alsa: the card's id; empty is what the ALSA configuration names
	PCM  string `yaml:"pcm"`  // sim: a file that gets the samples
	// Buffer is how much the card holds; none is 40ms. Longer is for a machine that
	// is too slow for it, and every sound begins as much later.
	Buffer duration `yaml:"buffer"`
	// Ultrasonic says that card and amplifier carry 18.5 kHz: the self-test then
	// sends a soft tone, which sensors of the line are to see.
	Ultrasonic bool `yaml:"ultrasonic"`
}

type input struct {
	Name     string   `yaml:"name"`
	Use      string   `yaml:"use"`  // what its contact tells while active; an only input is the emergency button
	Chip     string   `yaml:"chip"` // as a relay's
	Line     string   `yaml:"line"`
	Active   string   `yaml:"active"`  // the level of that, "high" or "low"
	Contact  string   `yaml:"contact"` // "opens" to tell it; otherwise it "closes"
	Debounce duration `yaml:"debounce"`
}

// duration is written as in 800ms or 2h.
type duration time.Duration

// Words of a config.
const (
	clockCentral = "central"
	clockRTC     = "rtc"
	kindGPIO     = "gpio"
	kindALSA     = "alsa"
	kindSim      = "sim"
	levelHigh    = "high"
	levelLow     = "low"
	contactClose = "closes"
	contactOpen  = "opens"
	pullUp       = "up"
	pullDown     = "down"

	useButton    = string(firmware.EmergencyButton)
	useMains     = string(firmware.MainsPresent)
	useDoor      = string(firmware.CabinetDoor)
	useAmplifier = string(firmware.AmplifierFault)
)

// Limits of a board's times.
const (
	longestWarmUp   = 10 * time.Second // and tail
	longestOn       = 24 * time.Hour
	longestDebounce = 5 * time.Second
)

// mostSensors of one output are more than any cabinet has.
const mostSensors = 8

// faults are what is wrong with a file, each under the path of its key.
type faults []struct{ at, what string }

func (f *faults) add(at, format string, args ...any) {
	*f = append(*f, struct{ at, what string }{at, fmt.Sprintf(format, args...)})
}

// has tells whether a fault was found at a path, or above it.
func (f faults) has(at string) bool {
	for _, one := range f {
		if rest, ok := strings.CutPrefix(at, one.at); ok && (one.at == "" || rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// judge says what the values of a config have against being a board.
func (c config) judge() faults {
	j := judge{names: map[string]bool{}, wiring: newWiring(c)}
	j.board(c.Board)
	if c.Data == "" {
		j.add("data", "is required: the folder of the board's key and store")
	}
	j.oneOf("clock", c.Clock, clockCentral, clockRTC)
	j.watchdog(c.Watchdog)
	if len(c.Outputs) == 0 {
		j.add("outputs", "at least one is required")
	}
	for i, o := range c.Outputs {
		at := fmt.Sprintf("outputs[%d]", i)
		j.output(at, o)
		for k, other := range c.Outputs[:i] {
			mine, its := o.Speaker, other.Speaker
			if mine.Kind == kindALSA && its.Kind == kindALSA && (mine.Card == "" || its.Card == "" || mine.Card == its.Card) {
				j.add(at+".speaker.card", "outputs[%d] may play to the same card: where there are several, each names its own", k)
			}
		}
	}
	for i, in := range c.Inputs {
		at := fmt.Sprintf("inputs[%d]", i)
		j.name(at, in.Name)
		j.use(at+".use", in.Use, len(c.Inputs) == 1)
		if in.Contact == contactOpen && (in.Use == "" || in.Use == useButton) {
			j.add(at+".contact", "opens is not for an %s: a broken wire would press it", useButton)
		}
		j.input(at, in)
		j.between(at+".debounce", in.Debounce, 0, longestDebounce)
	}
	j.mains(c)
	return j.faults
}

// judge gathers faults, and what may be used once only.
type judge struct {
	faults
	names  map[string]bool
	wiring wiring
}

func (j *judge) output(at string, o output) {
	j.name(at, o.Name)
	if len(o.Relays) == 0 {
		j.add(at+".relays", "at least one is required: without a relay the amplifier is never off")
	}
	for i, r := range o.Relays {
		at := fmt.Sprintf("%s.relays[%d]", at, i)
		j.name(at, r.Name)
		j.oneOf(at+".kind", r.Kind, kindGPIO, kindSim)
		switch {
		case r.Kind == kindGPIO:
			j.relay(at, r)
		case r.Kind == kindSim && r.Feedback != nil:
			j.add(at+".feedback", "is not of a relay of kind %s", kindSim)
		}
	}
	j.oneOf(at+".speaker.kind", o.Speaker.Kind, kindALSA, kindSim)
	if o.Speaker.Kind == kindALSA {
		j.card(at+".speaker.card", o.Speaker.Card)
		if o.Speaker.Buffer != 0 {
			j.between(at+".speaker.buffer", o.Speaker.Buffer, pi.LeastBuffer, pi.MostBuffer)
		}
	}
	j.sensors(at, o)
	j.between(at+".warmUp", o.WarmUp, 0, longestWarmUp)
	j.between(at+".tail", o.Tail, 0, longestWarmUp)
	j.between(at+".longestOn", o.LongestOn, time.Second, longestOn)
}

func (j *judge) oneOf(at, got, a, b string) {
	switch got {
	case a, b:
	case "":
		j.add(at, "is required: %s or %s", a, b)
	default:
		j.add(at, "%.40q is neither %s nor %s", got, a, b)
	}
}

// name is one that orders and receipts use, so no two parts share it.
func (j *judge) name(at, name string) {
	switch {
	case name == "":
		j.add(at+".name", "is required")
	case !protocol.ValidID(name):
		j.add(at+".name", "%.70q is not a name: letters, digits, and . _ : -, at most 64", name)
	case j.names[name]:
		j.add(at+".name", "%.40q stands twice", name)
	}
	j.names[name] = true
}

// use is what an input tells. A contact of the door must not sound the siren.
func (j *judge) use(at, use string, only bool) {
	switch all := strings.Join([]string{useButton, useMains, useDoor, useAmplifier}, ", "); {
	case slices.Contains(strings.Split(all, ", "), use):
	case use != "":
		j.add(at, "%.40q is none of %s", use, all)
	case !only:
		j.add(at, "is required where there are several inputs: %s", all)
	}
}

func (j *judge) between(at string, d duration, least, most time.Duration) {
	if got := time.Duration(d); got < least || got > most {
		j.add(at, "is %v, must be from %v to %v", got, least, most)
	}
}
