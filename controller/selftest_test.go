package controller_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/firmware"
	"loa/firmware/sim"
)

// The self-test of a plan is an occurrence as any other: it is told when it
// starts and how it ended, with its evidence. What is on air is what people hear,
// so it is not among that.
func TestSelfTest(t *testing.T) {
	b := enrolled(t)
	start := noon.Add(time.Minute)
	test := occurrence(protocol.SelfTestID, start)
	b.receive(b.world().tested(1, start))
	b.pass(time.Minute)
	b.wantSound("horn", test)
	if c := b.on["horn"]; c.Class != schedule.SelfTest || len(c.Parts) != 0 || !c.Until.Equal(start.Add(schedule.SelfTestSlot)) {
		t.Errorf("the cue is %+v", c.Cue)
	}
	for _, told := range asks[controller.SendState](b) {
		if len(told.State.OnAir) != 0 {
			t.Errorf("on air: %+v", told.State.OnAir)
		}
	}
	b.happens("horn", playout.Event{Kind: playout.Finished, Evidence: playout.Evidence{Verdict: playout.Silent}})
	b.pass(23 * time.Hour)
	b.wantFates(sound, "started "+test, "finished "+test)
	if r := b.last(protocol.FateFinished); r.Kind != protocol.KindPlan || r.Evidence == nil || r.Evidence.Verdict != protocol.VerdictSilent {
		t.Errorf("receipt %+v, %+v", r, r.Evidence)
	}
	b.pass(time.Hour)
	b.wantSound("horn", occurrence(protocol.SelfTestID, start.AddDate(0, 0, 1)))
}

// It waits, is cut by whatever comes, and is tried once a day.
func TestSelfTestGivesWay(t *testing.T) {
	start := noon.Add(time.Minute)
	test, news, early := occurrence(protocol.SelfTestID, start), occurrence("news", start), occurrence("news", start.Add(-time.Hour))
	for _, c := range []struct {
		name   string
		late   time.Duration // of the programme, behind the self-test
		happen func(b *board)
		want   []string
	}{
		{"it waits for a programme", 0, func(b *board) { b.pass(5 * time.Minute); b.finish("horn"); b.pass(8 * time.Second); b.finish("horn") },
			[]string{"started " + news, "finished " + news, "started " + test, "finished " + test}},
		{"it is missed behind a long one", -time.Hour, func(b *board) { b.pass(11 * time.Minute); b.finish("horn") },
			[]string{"started " + early, "missed " + test, "finished " + early}},
		{"a programme cuts it", 10 * time.Second, func(b *board) { b.pass(15 * time.Second); b.finish("horn") },
			[]string{"started " + test, "started " + occurrence("news", start.Add(10*time.Second)), "cut " + test, "finished " + occurrence("news", start.Add(10*time.Second))}},
		{"an alert cuts it", time.Hour, func(b *board) {
			b.pass(5 * time.Second)
			b.receive(b.world().alert("7f3c"))
			b.wantSound("horn", "alert/live/7f3c/1#1")
			b.receive(b.world().cancel("7f3c"))
		}, []string{"started " + test, "started alert/live/7f3c/1#1", "cut " + test, "stopped alert/live/7f3c/1#1"}},
		{"the board starts anew in it", time.Hour, func(b *board) { b.pass(5 * time.Second); b.boot("news") },
			[]string{"started " + test, "failed " + test}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := enrolled(t)
			bulletin := b.world().bulletin("news")
			b.receive(bulletin, b.world().tested(1, start, item("news", start.Add(c.late), bulletin, func(it *protocol.Item) {
				if c.late < 0 {
					it.Seconds, it.Late = 3*3600, 2*3600
				}
			})))
			b.have("news")
			b.pass(time.Minute)
			c.happen(b)
			b.pass(20 * time.Minute)
			got := b.fates(sound...)
			if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) {
				t.Errorf("told %q, want %q", got, c.want)
			}
			started := slices.DeleteFunc(b.fates(protocol.FateStarted), func(f string) bool { return !strings.HasSuffix(f, test) })
			if len(started) > 1 {
				t.Errorf("started %d times:\n%s", len(started), b.story())
			}
		})
	}
}

// The whole way with the simulated amplifier: healthy, dead, without a sensor,
// and with an alert in the middle.
func TestRunSelfTest(t *testing.T) {
	for _, c := range []struct {
		name    string
		wiring  func(*sim.Options)
		breaks  sim.Condition
		verdict protocol.Verdict
	}{
		{"healthy", func(*sim.Options) {}, sim.Healthy, protocol.VerdictHeard},
		{"dead", func(*sim.Options) {}, sim.AmplifierDead, protocol.VerdictSilent},
		{"no sensor", func(o *sim.Options) { o.Outputs[0].Sensors = nil }, sim.AmplifierDead, protocol.VerdictUnknown},
		{"an ear alone", func(o *sim.Options) { o.Outputs[0].Sensors = map[string]firmware.Quantity{"ear": firmware.Sound} }, sim.AmplifierDead, protocol.VerdictUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			liveOn(t, c.wiring, func(cab *cabinet) {
				cab.board.Amplifier("horn").Break(c.breaks)
				start := time.Now().Add(time.Minute).Truncate(time.Second)
				cab.central.order(world{time.Now()}.tested(1, start))
				test := occurrence(protocol.SelfTestID, start)
				cab.tells(2*time.Minute, "finished "+test)
				if e := cab.central.evidence(test, protocol.FateFinished); e == nil || e.Verdict != c.verdict {
					t.Errorf("%+v, want %s", e, c.verdict)
				}
				for _, block := range cab.board.Recorder.PCM() {
					if slices.ContainsFunc(block.Samples, func(v int16) bool { return v != 0 }) {
						t.Error("something could be heard")
					}
				}
				time.Sleep(tail + time.Second)
				if edges := cab.edges(start); len(edges) != 2 {
					t.Errorf("relay edges %v", edges)
				}
			})
		})
	}
	t.Run("cut by an alert", func(t *testing.T) {
		live(t, func(c *cabinet) {
			start := time.Now().Add(time.Minute).Truncate(time.Second)
			test := occurrence(protocol.SelfTestID, start)
			c.central.order(world{time.Now()}.tested(1, start))
			c.tells(2*time.Minute, "started "+test)
			time.Sleep(time.Until(start) + 2*time.Second)
			raised := time.Now()
			c.central.alert(world{raised}.alert("7f3c"))
			c.tells(time.Minute, "finished alert/live/7f3c/1#1")
			if !slices.Contains(c.central.told(), "cut "+test) {
				t.Errorf("told %q", c.central.told())
			}
			first := c.central.evidence("alert/live/7f3c/1#1", protocol.FateFinished).FirstSample
			if late := first.Sub(raised); late > 200*time.Millisecond { // the amplifier is warm
				t.Errorf("the alert sounds %v late", late)
			}
		})
	})
}
