package sim_test

import (
	"slices"
	"testing"
	"time"

	"loa/firmware"
	"loa/firmware/boardtest"
	"loa/firmware/sim"
)

func TestContract(t *testing.T) {
	boardtest.RunBubble(t, open)
}

// open makes a simulated board and its probe.
func open(t *testing.T) (firmware.Board, boardtest.Probe) {
	relays := [][]string{{"mains", "amplifier", "horn"}, {"spare"}}
	b := newBoard(t, sim.Options{
		Outputs: []sim.Output{
			{Name: "street", Relays: relays[0], Sensors: map[string]firmware.Quantity{"ear": firmware.Sound, "coil": firmware.Current}},
			{Name: "market", Relays: relays[1]},
		},
		Inputs: map[string]firmware.Use{"button": firmware.EmergencyButton},
	})
	place := map[string]boardtest.Edge{}
	for i, names := range relays {
		for j, name := range names {
			place[name] = boardtest.Edge{Output: i, Relay: j}
		}
	}
	speaker := b.Speaker("street")
	return b.Board, boardtest.Probe{
		Edges: func() (edges []boardtest.Edge) {
			for _, e := range b.Recorder.Edges() {
				at := place[e.Relay]
				at.Closed = e.Closed
				edges = append(edges, at)
			}
			return edges
		},
		Heard: func() (pcm []int16) {
			for _, block := range b.Recorder.PCM() {
				if block.Speaker == "street" {
					pcm = append(pcm, block.Samples...)
				}
			}
			return slices.Clip(pcm)
		},
		Ahead:          sim.DefaultBuffer,
		FailRelay:      func(o, r int, err error) { b.Relay(relays[o][r]).Fail(err) },
		LoseSpeaker:    speaker.Lose,
		HangSpeaker:    speaker.Hang,
		RestoreSpeaker: speaker.Restore,
		FailSensor:     func(n int, err error) { b.Sensor(b.Outputs[0].Sensors[n].Name()).Fail(err) },
		HangSensor:     func(n int, hung bool) { b.Sensor(b.Outputs[0].Sensors[n].Name()).Hang(hung) },
		Press:          b.Input("button").Press,
	}
}

func newBoard(t *testing.T, o sim.Options) *sim.Board {
	t.Helper()
	b, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close board: %v", err)
		}
	})
	return b
}

func samples(d time.Duration) int { return int(d * firmware.SampleRate / time.Second) }
