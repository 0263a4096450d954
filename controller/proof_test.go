package controller_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/firmware"
	"loa/firmware/sim"
)

// What sensors make of a cue stands in the receipt of its end, whatever end that
// is: of a bulletin, and of each repetition of an alert.
func TestVerdictInReceipts(t *testing.T) {
	silent := playout.Evidence{Verdict: playout.Silent, Sensors: []playout.Figure{
		{Sensor: "coil", Quantity: firmware.Current, Verdict: playout.Silent, Level: 0.1234567, Rest: 0.12, Correlation: -0.01},
		{Sensor: "ear", Quantity: firmware.Sound, Verdict: playout.Unknown, Err: errors.New("read sensor ear: no answer" + strings.Repeat("ồ", 500))},
	}}
	heard := playout.Evidence{Verdict: playout.Heard, Sensors: []playout.Figure{{Sensor: "coil", Quantity: firmware.Current, Verdict: playout.Heard, Level: 1}}}
	b, news := withNews(t)
	b.pass(3 * time.Minute)
	b.receive(b.world().alert("7f3c"))
	b.happens("horn", playout.Event{Kind: playout.Finished, Evidence: silent})
	first := b.last(protocol.FateFinished)
	b.pass(time.Minute)
	b.happens("horn", playout.Event{Kind: playout.Failed, Err: playout.ErrSpeaker, Evidence: heard})
	failed := b.last(protocol.FateFailed)
	b.happens("horn", playout.Event{Kind: playout.Finished, Evidence: playout.Evidence{Verdict: playout.Unknown}})
	second := b.last(protocol.FateFinished)

	if first.Occurrence != "alert/live/7f3c/1#1" || first.Evidence.Verdict != protocol.VerdictSilent {
		t.Errorf("the first repetition: %+v", first)
	}
	want := []protocol.Sensed{{Name: "coil", Quantity: "current", Verdict: protocol.VerdictSilent, Level: 0.1235, Rest: 0.12, Correlation: -0.01}}
	if got := first.Evidence.Sensors; len(got) != 2 || !reflect.DeepEqual(got[:1], want) {
		t.Errorf("sensors of the first repetition: %+v", got)
	} else if ear := got[1]; ear.Verdict != protocol.VerdictUnknown || !strings.HasPrefix(ear.Detail, "read sensor ear: no answer") || len(ear.Detail) > 200 {
		t.Errorf("the sensor out of order: %+v", ear)
	}
	if failed.Evidence.Verdict != protocol.VerdictHeard || len(failed.Evidence.Sensors) != 1 {
		t.Errorf("the attempt that failed: %+v", failed.Evidence)
	}
	if second.Occurrence != "alert/live/7f3c/1#2" || second.Evidence.Verdict != protocol.VerdictUnknown || second.Evidence.Sensors != nil {
		t.Errorf("the second repetition: %+v, %+v", second, second.Evidence)
	}
	if i := slices.IndexFunc(b.receipts, func(r protocol.Receipt) bool { return r.Fate == protocol.FateCut && r.Occurrence == news }); i < 0 || b.receipts[i].Evidence.Verdict != protocol.VerdictUnknown {
		t.Error("the bulletin that was cut is told with no evidence, or with a verdict that nobody gave")
	}
}

// The whole way, from samples over sensors to what central is told: it is heard,
// and, with the horns cut off in a pause of the alert, silent.
func TestRunWithSensors(t *testing.T) {
	live(t, func(c *cabinet) {
		c.central.alert(world{time.Now()}.alert("7f3c"))
		c.tells(time.Minute, "finished alert/live/7f3c/1#1")
		c.board.Amplifier("horn").Break(sim.HornsCut)
		c.tells(5*time.Minute, "finished alert/live/7f3c/1#2")
		for occurrence, want := range map[string]protocol.Verdict{"alert/live/7f3c/1#1": protocol.VerdictHeard, "alert/live/7f3c/1#2": protocol.VerdictSilent} {
			e := c.central.evidence(occurrence, protocol.FateFinished)
			if e == nil || e.Verdict != want || len(e.Sensors) != 2 {
				t.Errorf("%s: %+v, want %s by two sensors", occurrence, e, want)
			}
		}
	})
}
