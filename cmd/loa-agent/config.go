package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// config is a board's file. Every relay and speaker is chosen for itself: a
// simulated relay beside a real sound card is a legal board.
type config struct {
	Data    string   `yaml:"data"`  // folder of the key, the enrolment and the store
	Clock   string   `yaml:"clock"` // "central": only central's signed time is right; "rtc": so is the system's
	Outputs []output `yaml:"outputs"`
	Inputs  []input  `yaml:"inputs"`
}

type output struct {
	Name      string   `yaml:"name"`
	Relays    []relay  `yaml:"relays"` // in the order of closing
	Speaker   speaker  `yaml:"speaker"`
	WarmUp    duration `yaml:"warmUp"`
	Tail      duration `yaml:"tail"`
	LongestOn duration `yaml:"longestOn"`
}

type relay struct {
	Name   string `yaml:"name"`
	Kind   string `yaml:"kind"`   // "gpio" or "sim"
	Chip   string `yaml:"chip"`   // gpio: the chip's label, as in pinctrl-rp1
	Line   string `yaml:"line"`   // gpio: name or number on the chip
	Active string `yaml:"active"` // gpio: the level that closes the contact, "high" or "low"
	Trace  string `yaml:"trace"`  // sim: a file that gets every edge
}

type speaker struct {
	Kind string `yaml:"kind"` // "alsa" or "sim"
	Card string `yaml:"card"` // alsa: the card's id; empty is what the ALSA configuration names
	PCM  string `yaml:"pcm"`  // sim: a file that gets the samples
}

type input struct {
	Name     string   `yaml:"name"`
	Chip     string   `yaml:"chip"`
	Line     string   `yaml:"line"`
	Active   string   `yaml:"active"` // "high" or "low"
	Debounce duration `yaml:"debounce"`
}

// duration is written as in 800ms or 2h.
type duration time.Duration

func (d *duration) UnmarshalYAML(data []byte) error {
	v, err := time.ParseDuration(strings.Trim(strings.TrimSpace(string(data)), `"'`))
	if err != nil {
		return fmt.Errorf("%s is not a time like 800ms or 2h", data)
	}
	*d = duration(v)
	return nil
}

// readConfig reads a file and names all its faults at once.
func readConfig(path string) (config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return config{}, fmt.Errorf("read config: %w", err)
	}
	var c config
	var tree any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return config{}, fmt.Errorf("read config %s: %w", path, err)
	}
	faults := unknownKeys(tree, reflect.TypeFor[config](), "")
	if err := yaml.Unmarshal(data, &c); err != nil {
		faults = append(faults, err.Error())
	} else {
		faults = append(faults, c.faults()...)
	}
	if len(faults) > 0 {
		return config{}, fmt.Errorf("config %s has %d faults:\n  %s", path, len(faults), strings.Join(faults, "\n  "))
	}
	return c, nil
}

// unknownKeys walks the file beside the type it is read into. The YAML library
// stops at the first unknown key; a technician wants all of them.
func unknownKeys(v any, t reflect.Type, at string) []string {
	var faults []string
	switch v := v.(type) {
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return []string{at + ": is not a group of keys"}
		}
		for _, key := range sortedKeys(v) {
			f, ok := fieldOf(t, key)
			if !ok {
				faults = append(faults, join(at, key)+": is not a known key")
				continue
			}
			faults = append(faults, unknownKeys(v[key], f.Type, join(at, key))...)
		}
	case []any:
		if t.Kind() != reflect.Slice {
			return []string{at + ": is not a list"}
		}
		for i, e := range v {
			faults = append(faults, unknownKeys(e, t.Elem(), fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	return faults
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if f.Tag.Get("yaml") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func join(at, key string) string { return strings.TrimPrefix(at+"."+key, ".") }

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// limits of an output's times.
const (
	longestWarmUp = 10 * time.Second
	longestOn     = 24 * time.Hour
)

func (c config) faults() []string {
	var f []string
	bad := func(at, format string, args ...any) { f = append(f, at+": "+fmt.Sprintf(format, args...)) }
	if c.Data == "" {
		bad("data", "is required: the folder of the board's key and store")
	}
	if c.Clock != "central" && c.Clock != "rtc" {
		bad("clock", "%q is neither central nor rtc", c.Clock)
	}
	if len(c.Outputs) == 0 {
		bad("outputs", "at least one is required")
	}
	names, lines, cards := map[string]bool{}, map[string]string{}, 0
	unique := func(at, name string) {
		if name == "" || names[name] {
			bad(at+".name", "%q is empty or stands twice", name)
		}
		names[name] = true
	}
	claim := func(at, chip, line, active string) {
		if chip == "" || line == "" {
			bad(at, "chip and line are required")
		} else if other, taken := lines[chip+" "+line]; taken {
			bad(at+".line", "%s of %s is used by %s already", line, chip, other)
		}
		lines[chip+" "+line] = at
		if active != "high" && active != "low" {
			bad(at+".active", "%q is neither high nor low", active)
		}
	}
	between := func(at string, d duration, least, most time.Duration) {
		if time.Duration(d) < least || time.Duration(d) > most {
			bad(at, "%v, from %v to %v", time.Duration(d), least, most)
		}
	}
	for i, o := range c.Outputs {
		at := fmt.Sprintf("outputs[%d]", i)
		unique(at, o.Name)
		if len(o.Relays) == 0 {
			bad(at+".relays", "at least one is required: without a relay the amplifier is never off")
		}
		for j, r := range o.Relays {
			at := fmt.Sprintf("%s.relays[%d]", at, j)
			unique(at, r.Name)
			switch r.Kind {
			case "gpio":
				claim(at, r.Chip, r.Line, r.Active)
			case "sim":
			default:
				bad(at+".kind", "%q is neither gpio nor sim", r.Kind)
			}
		}
		switch o.Speaker.Kind {
		case "alsa":
			cards++
		case "sim":
		default:
			bad(at+".speaker.kind", "%q is neither alsa nor sim", o.Speaker.Kind)
		}
		between(at+".warmUp", o.WarmUp, 0, longestWarmUp)
		between(at+".tail", o.Tail, 0, longestWarmUp)
		between(at+".longestOn", o.LongestOn, time.Second, longestOn)
	}
	if cards > 1 {
		bad("outputs", "%d have an alsa speaker, a board has one sound device", cards)
	}
	for i, in := range c.Inputs {
		at := fmt.Sprintf("inputs[%d]", i)
		unique(at, in.Name)
		claim(at, in.Chip, in.Line, in.Active)
		between(at+".debounce", in.Debounce, 0, 5*time.Second)
	}
	return f
}

var errNotEnrolled = errors.New("this board is not enrolled: run loa-agent init, have the request answered by loa-central enrol, then run loa-agent enrol")
