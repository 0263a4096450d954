package controller

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"loa/firmware"
)

// The supply that routine and priority may be powered from. TT 39/2020 asks for
// 90 to 240 V; an emergency sounds from whatever there is, as from the standby
// supply.
const (
	leastVolts = 90
	mostVolts  = 240

	// steadySupply is how long the supply must be good before it is relied on, at the
	// beginning and after it was not; and how long what was told of it stands.
	steadySupply = 10 * time.Second
	mainsEvery   = time.Second
	// mainsSettle is how long a sensor or a contact may take to tell anything at all.
	mainsSettle = 3 * time.Second
	mainsAsk    = 200 * time.Millisecond

	// A reading is over when its sensor has put it together, so the last second is
	// asked for with one step between.
	mainsSteps = int(time.Second / firmware.SensorStep)
	leastSteps = mainsSteps / 2
	roundVolts = 10
)

var unmeasured = Supply{Unfit: fmt.Sprintf("the mains have not been good for %v yet", steadySupply)}

// mains watches what a board knows of its supply, and keeps the one answer to
// whether routine and priority may be powered from it, and why not. On any doubt
// they may not.
type mains struct {
	sensors []firmware.Sensor

	mu       sync.Mutex
	contacts map[string]string // what is wrong with each, by input; of one that told nothing, untold
	changed  chan struct{}

	begun  time.Time
	answer Supply
	told   time.Time          // when answer became what it is
	good   time.Time          // since when nothing speaks against the supply; zero: something does
	volts  map[string]float64 // as told, by sensor
}

const untold = "?"

// newMains is nil for a board that knows nothing of its supply: it is relied on.
func newMains(b firmware.Board) *mains {
	m := &mains{
		sensors: b.Mains, contacts: map[string]string{}, changed: make(chan struct{}, 1),
		answer: unmeasured, volts: map[string]float64{},
	}
	for _, in := range b.Inputs {
		if in.Use() == firmware.MainsPresent {
			m.contacts[in.Name()] = untold
		}
	}
	if len(m.sensors) == 0 && len(m.contacts) == 0 {
		return nil
	}
	return m
}

// contact takes what is wrong with the contact of an input, "" for nothing.
func (m *mains) contact(input, wrong string) {
	m.mu.Lock()
	m.contacts[input] = wrong
	m.mu.Unlock()
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// watch gives every new answer to tell, until ctx ends.
func (m *mains) watch(ctx context.Context, tell func(Supply)) {
	tick := time.NewTicker(mainsEvery)
	defer tick.Stop()
	m.begun = time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-m.changed:
		}
		was := m.answer
		wrong := m.look(ctx)
		if m.judge(time.Now(), wrong); m.answer != was {
			tell(m.answer)
		}
	}
}

// judge makes the answer of what speaks against the supply now. What was told
// stands for a while, so that a supply that jumps does not fill the network.
func (m *mains) judge(now time.Time, wrong string) {
	switch {
	case wrong == "":
		if m.good.IsZero() {
			m.good = now
		}
		if now.Sub(m.good) >= steadySupply {
			m.answer = Supply{}
		}
		return
	case wrong == untold && m.answer == unmeasured && now.Sub(m.begun) < mainsSettle:
	case m.answer.Fault == "", now.Sub(m.told) >= steadySupply:
		if wrong == untold {
			wrong = "a contact of the supply tells nothing"
		}
		m.answer, m.told = Supply{wrong, wrong}, now
	}
	m.good = time.Time{}
}

// look says what speaks against the supply, "" for nothing. All sensors and
// contacts must find it good: they may be of several phases.
func (m *mains) look(ctx context.Context) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, input := range sorted(m.contacts) {
		if wrong := m.contacts[input]; wrong != "" {
			return wrong
		}
	}
	for _, s := range m.sensors {
		if wrong := m.measure(ctx, s); wrong != "" {
			return wrong
		}
	}
	return ""
}

// measure says what a sensor has against the supply of the last second.
func (m *mains) measure(ctx context.Context, s firmware.Sensor) string {
	ctx, cancel := context.WithTimeout(ctx, mainsAsk)
	defer cancel()
	from := time.Now().Add(-time.Duration(mainsSteps+1) * firmware.SensorStep)
	readings, err := s.Envelope(ctx, from, mainsSteps)
	if err != nil {
		// Why stands among the faults of the sensor itself.
		return "sensor " + s.Name() + " of the mains is out of order"
	}
	readings = slices.DeleteFunc(slices.Clone(readings), math.IsNaN)
	if len(readings) < leastSteps {
		if time.Since(m.begun) < mainsSettle {
			return untold
		}
		return "sensor " + s.Name() + " of the mains measures nothing"
	}
	slices.Sort(readings)
	volts := math.Round(readings[len(readings)/2])
	if volts >= leastVolts && volts <= mostVolts {
		return ""
	}
	return fmt.Sprintf("sensor %s measures mains of about %.0f V, not %d to %d V", s.Name(), m.about(s.Name(), volts), leastVolts, mostVolts)
}

// about is a voltage that a person reads, rounded away from what is good. It moves
// only when the supply does.
func (m *mains) about(sensor string, volts float64) float64 {
	round := math.Floor
	if volts > mostVolts {
		round = math.Ceil
	}
	if told, ok := m.volts[sensor]; !ok || math.Abs(volts-told) > roundVolts {
		m.volts[sensor] = round(volts/roundVolts) * roundVolts
	}
	return m.volts[sensor]
}
