package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"loa/firmware"
	"loa/firmware/pi"
)

// wiring is what a board's lines are judged by: its profile, and who uses what.
type wiring struct {
	profile pi.Profile
	known   bool                  // the board is; of another nothing can be said
	taken   map[pi.Reserve]string // reserved lines that are in use, to the path of what uses them
	lines   map[string]string     // lines, to the path that uses them
}

func newWiring(c config) wiring {
	w := wiring{taken: map[pi.Reserve]string{}, lines: map[string]string{}}
	w.profile, w.known = c.profile()
	for i, o := range c.Outputs {
		at := fmt.Sprintf("outputs[%d]", i)
		if o.Speaker.Kind == kindALSA {
			card, _ := w.profile.Card(o.Speaker.Card)
			for _, r := range card.Takes {
				w.taken[r] = at + ".speaker"
			}
		}
		w.take(at+".sensors", o.Sensors)
	}
	w.take("mains", c.Mains)
	return w
}

// take notes the reserved lines that sensors need.
func (w *wiring) take(at string, sensors []sensor) {
	for i, s := range sensors {
		at := fmt.Sprintf("%s[%d]", at, i)
		if s.onI2C() {
			w.taken[pi.ReserveI2C] = at
		}
		if s.Kind == kindMicrophone {
			card, _ := w.profile.Card(s.Card)
			for _, r := range card.Takes {
				w.taken[r] = at
			}
		}
	}
}

// profile is what the file says the board is.
func (c config) profile() (pi.Profile, bool) {
	if c.Board == "" {
		return pi.FindProfile(pi.Generic)
	}
	return pi.FindProfile(c.Board)
}

// wire is a line as its chip calls it, whatever the file calls it.
func (c config) wire(chip, line string) (string, string) {
	p, _ := c.profile()
	if l, err := p.Line(line); err == nil {
		return p.Chip, strconv.Itoa(l.GPIO)
	}
	return chip, line
}

func (c config) relayOptions(r relay) pi.RelayOptions {
	chip, line := c.wire(r.Chip, r.Line)
	return pi.RelayOptions{Name: r.Name, Chip: chip, Line: line, ActiveLow: r.Active == levelLow}
}

func (c config) feedbackOptions(r relay) pi.InputOptions {
	chip, line := c.wire(r.Feedback.Chip, r.Feedback.Line)
	return pi.InputOptions{Name: r.Name, Chip: chip, Line: line, ActiveLow: r.Feedback.Active == levelLow, Opens: r.Feedback.Contact == contactOpen}
}

func (c config) inputOptions(in input) pi.InputOptions {
	chip, line := c.wire(in.Chip, in.Line)
	use := firmware.Use(in.Use)
	if use == "" {
		use = firmware.EmergencyButton
	}
	return pi.InputOptions{Name: in.Name, Use: use, Chip: chip, Line: line, ActiveLow: in.Active == levelLow, Opens: in.Contact == contactOpen, Debounce: time.Duration(in.Debounce)}
}

func (j *judge) board(name string) {
	if j.wiring.known {
		return
	}
	var known []string
	for _, p := range pi.Profiles() {
		known = append(known, p.Name)
	}
	j.add("board", "%.40q is not known; known are %s", name, strings.Join(known, ", "))
}

// relay judges the line of a relay by what it does while no program holds it,
// as between power-on and the agent's start: then the contact must be open.
func (j *judge) relay(at string, r relay) {
	line, found := j.line(at, r.Chip, r.Line, r.Active)
	if r.ExternalPull != "" {
		j.oneOf(at+".externalPull", r.ExternalPull, pullUp, pullDown)
	}
	if r.Feedback != nil {
		f := r.Feedback
		j.input(at+".feedback", input{Chip: f.Chip, Line: f.Line, Active: f.Active, Contact: f.Contact})
	}
	closing, opening := pullUp, pullDown
	switch r.Active {
	case levelHigh:
	case levelLow:
		closing, opening = pullDown, pullUp
	default:
		return
	}
	pulled := pullDown
	if line.PulledUp {
		pulled = pullUp
	}
	switch {
	case r.ExternalPull == closing:
		j.add(at+".externalPull", "%s closes the contact of a relay that is active %s whenever the agent does not run", closing, r.Active)
	case !found || pulled == opening:
	case line.Soldered:
		j.add(at+".active", "is %s: the board itself pulls %v %s, which closes the contact until the agent runs, and no resistor in the wiring is stronger; use another line", r.Active, line, pulled)
	case r.ExternalPull == "":
		j.add(at+".active", "is %s: %v is pulled %s from power-on, which closes the contact until the agent runs; use another line, or fit a resistor (10 kΩ or less) that pulls it %s and say externalPull: %s", r.Active, line, pulled, opening, opening)
	}
}

// input judges the line of an input, which the chip pulls to where the contact
// does not.
func (j *judge) input(at string, in input) {
	line, found := j.line(at, in.Chip, in.Line, in.Active)
	if in.Contact != "" {
		j.oneOf(at+".contact", in.Contact, contactClose, contactOpen)
	}
	fits := levelLow // of a contact that pulls the line low
	if in.Contact == contactOpen {
		fits = levelHigh
	}
	if found && line.Soldered && (in.Active == levelHigh || in.Active == levelLow) && in.Active != fits {
		j.add(at+".active", "is %s: the board itself pulls %v up, which the contact would have to pull low; use the other level, or another line", in.Active, line)
	}
}

// line judges what a part is wired to. Only of a board whose header is known is
// anything known of the line.
func (j *judge) line(at, chip, line, active string) (found pi.HeaderLine, ok bool) {
	if len(j.wiring.profile.Header) > 0 {
		found, ok = j.headerLine(at, chip, line)
	} else {
		j.namedLine(at, chip, line)
	}
	j.oneOf(at+".active", active, levelHigh, levelLow)
	return found, ok
}

func (j *judge) namedLine(at, chip, line string) {
	if chip == "" && j.wiring.known {
		j.add(at+".chip", "is required: the GPIO chip's label")
	}
	if line == "" {
		j.add(at+".line", "is required: its name or number on the chip")
	}
	if chip == "" || line == "" {
		return
	}
	same := line
	if n, err := strconv.Atoi(line); err == nil {
		same = strconv.Itoa(n) // 017 is 17
	}
	if other := j.claim(chip+" "+same, at); other != "" {
		j.add(at+".line", "%.40q of %.40q is used by %s already", line, chip, other)
	}
}

func (j *judge) headerLine(at, chip, line string) (found pi.HeaderLine, ok bool) {
	p := j.wiring.profile
	if chip != "" && chip != p.Chip {
		j.add(at+".chip", "%.40q contradicts board %s, whose chip is %s; it can be left out", chip, p.Name, p.Chip)
	}
	if line == "" {
		j.add(at+".line", "is required: GPIO17 or pin 11")
		return found, false
	}
	found, err := p.Line(line)
	if err != nil {
		j.add(at+".line", "%v", err)
		return found, false
	}
	switch user := j.wiring.taken[found.Reserve]; {
	case found.Reserve == pi.ReserveHatID:
		j.add(at+".line", "%v is reserved: the firmware asks add-on boards there what they are", found)
	case found.Reserve == pi.ReserveSerial:
		j.add(at+".line", "%v is reserved: it is the serial console's, which drives it while the board starts", found)
	case found.Reserve != "" && user != "":
		j.add(at+".line", "%v is reserved: %s needs it for %s", found, user, found.Reserve)
	}
	if other := j.claim(found.String(), at); other != "" {
		j.add(at+".line", "%v is used by %s already", found, other)
	}
	return found, true
}

// claim notes who uses a line, or returns who does already.
func (j *judge) claim(line, at string) (other string) {
	if other = j.wiring.lines[line]; other == "" {
		j.wiring.lines[line] = at
	}
	return other
}

// card must be named where the board is known to have others, as a screen's.
func (j *judge) card(at, id string) {
	if id != "" || len(j.wiring.profile.Cards) == 0 {
		return
	}
	var usual []string
	for _, c := range j.wiring.profile.Cards {
		usual = append(usual, c.ID)
	}
	j.add(at, "is required on board %s: its id in /proc/asound/cards, as %s", j.wiring.profile.Name, strings.Join(usual, ", "))
}

// fits judges whether this machine is the board that the file says: on another
// one the same line may be another chip's, or be pulled the other way. Linux
// names the machine in the model file. A board of simulated parts runs anywhere.
func (c config) fits(modelFile string) error {
	p, _ := c.profile()
	if p.Model == "" {
		return nil
	}
	data, err := readFile(modelFile, longestModel)
	if err != nil {
		if c.simulated() {
			return nil
		}
		return fmt.Errorf("the config says board %s, but this machine does not say that it is one: %w", p.Name, err)
	}
	model := strings.TrimRight(string(data), "\x00\n")
	if p.Fits(model) {
		return nil
	}
	hint := pi.Generic
	for _, other := range pi.Profiles() {
		if other.Fits(model) {
			hint = other.Name
		}
	}
	return fmt.Errorf("the config says board %s, but this machine is a %.80q, which is board %s", p.Name, model, hint)
}

// longestModel is far more than any board's name, in bytes.
const longestModel = 256

// simulated tells whether no part but an input is real.
func (c config) simulated() bool {
	real := func(s sensor) bool { return s.Kind != kindSim }
	if slices.ContainsFunc(c.Mains, real) {
		return false
	}
	for _, o := range c.Outputs {
		if slices.ContainsFunc(o.Sensors, real) {
			return false
		}
		if o.Speaker.Kind != kindSim {
			return false
		}
		for _, r := range o.Relays {
			if r.Kind != kindSim {
				return false
			}
		}
	}
	return true
}
