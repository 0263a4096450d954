package main

import (
	"slices"
	"testing"
	"time"

	"loa/firmware"
)

// The sensors of a simulated output watch its own relays and speaker.
func TestSensorsWatchTheirOutput(t *testing.T) {
	relays := func(name string) []relay { return []relay{{Name: name, Kind: kindSim}} }
	sensors := func(name string) []sensor {
		return []sensor{{Name: name, Kind: kindSim, Quantity: string(firmware.Current)}}
	}
	board, err := openBoard(config{Outputs: []output{
		{Name: "street", Relays: relays("a"), Speaker: speaker{Kind: kindSim}, Sensors: sensors("street-coil")},
		{Name: "market", Relays: relays("b"), Speaker: speaker{Kind: kindSim}, Sensors: sensors("market-coil")},
		{Name: "shed", Relays: relays("c"), Speaker: speaker{Kind: kindSim}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := board.Close(); err != nil {
			t.Error(err)
		}
	}()
	street, market := board.Outputs[0], board.Outputs[1]
	begun := time.Now()
	if err := street.Relays[0].Set(true); err != nil {
		t.Fatal(err)
	}
	if err := street.Speaker.Write(t.Context(), slices.Repeat([]int16{20000}, firmware.SampleRate/2)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(firmware.SensorStep)
	loudest := func(s firmware.Sensor) float64 {
		readings, err := s.Envelope(t.Context(), begun, 5)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Max(readings)
	}
	if loudest(street.Sensors[0]) < 1 || loudest(market.Sensors[0]) > market.Sensors[0].Noise() || len(board.Outputs[2].Sensors) > 0 {
		t.Errorf("the street's sensor reads %.3f A, the market's %.3f A", loudest(street.Sensors[0]), loudest(market.Sensors[0]))
	}
}
