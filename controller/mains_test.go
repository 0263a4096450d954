package controller_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/firmware"
	"loa/firmware/sim"
)

const (
	high   = "sensor grid measures mains of about 260 V, not 90 to 240 V"
	missed = "did not begin: the mains are not fit for it: " + high
)

// What Step makes of an unfit supply.
func TestSupply(t *testing.T) {
	bad := controller.Supply{Unfit: high, Fault: high}
	t.Run("routine waits, and begins within its lateness", func(t *testing.T) {
		b, news := withNews(t)
		b.feed(bad)
		b.pass(3 * time.Minute)
		b.wantSound("horn", "")
		b.feed(controller.Supply{})
		b.wantSound("horn", news)
		if f := b.faults(); len(f) != 0 {
			t.Errorf("faults %v with a good supply", f)
		}
	})
	t.Run("routine is missed, with the reason", func(t *testing.T) {
		b, news := withNews(t)
		b.feed(bad)
		b.pass(10 * time.Minute)
		b.feed(controller.Supply{})
		b.pass(10 * time.Minute)
		b.wantFates(sound, "missed "+news)
		if r := b.last(protocol.FateMissed); r.Detail != missed {
			t.Errorf("told as %q", r.Detail)
		}
	})
	t.Run("it is a fault in health", func(t *testing.T) {
		b := enrolled(t)
		b.feed(bad)
		if f := b.faults(); f["mains"] != high {
			t.Errorf("faults %v", f)
		}
		b.feed(controller.Supply{Unfit: "not measured yet"})
		if f := b.faults(); len(f) != 0 {
			t.Errorf("faults %v of what is only not measured yet", f)
		}
	})
	t.Run("an alert sounds", func(t *testing.T) {
		b := enrolled(t)
		b.feed(bad)
		b.receive(b.world().alert("7f3c"))
		b.wantSound("horn", "alert/live/7f3c/1#1")
	})
	t.Run("the button sounds", func(t *testing.T) {
		b := enrolled(t)
		b.receive(b.world().local(protocol.Live))
		b.feed(bad)
		b.press()
		b.wantSound("horn", "local/live/button@2026-11-21T10:00:00/1#1")
	})
	t.Run("what playout ends is failed with the reason, once, and no fault of the sound", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(2 * time.Minute)
		b.feed(bad)
		b.happens("horn", playout.Event{Kind: playout.Failed, Err: errors.Join(playout.ErrMains, errors.New(high))})
		b.feed(controller.Supply{})
		b.pass(time.Hour)
		b.wantFates(sound, "started "+news, "failed "+news)
		if r := b.last(protocol.FateFailed); !strings.Contains(r.Detail, "260 V") {
			t.Errorf("told as %q", r.Detail)
		}
		if f := b.faults(); len(f) != 0 {
			t.Errorf("faults %v", f)
		}
	})
	t.Run("an item that was cut waits to go on", func(t *testing.T) {
		b, news := withNews(t)
		b.pass(2 * time.Minute)
		b.receive(b.world().alert("7f3c"))
		b.feed(bad)
		b.receive(b.world().cancel("7f3c"))
		b.pass(time.Minute)
		b.wantSound("horn", "")
		b.feed(controller.Supply{})
		b.wantSound("horn", news)
	})
}

// grid is a board with a measured supply.
func grid(o *sim.Options) { o.Mains = []string{"grid"} }

// routine orders an item some time from now, and names it.
func (c *cabinet) routine(in time.Duration) (start time.Time, news string) {
	c.t.Helper()
	words := c.speech()
	now := world{time.Now()}
	bulletin := now.bulletin("news", func(b *protocol.Bulletin) { b.Audio[0].Audio = words })
	start = time.Now().Add(in).Truncate(time.Second)
	c.central.order(bulletin, now.plan(1, item("news", start, bulletin, func(it *protocol.Item) { it.Late = 60 })))
	c.tells(10*time.Second, "accepted plan")
	return start, occurrence("news", start)
}

func (c *cabinet) fault(limit time.Duration, part, want string) {
	c.t.Helper()
	c.within(limit, part+": "+want, func() bool { return c.central.faults()[part] == want })
}

func TestMains(t *testing.T) {
	t.Run("routine at 260 V does not sound and is missed with the reason", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			start, news := c.routine(time.Minute)
			c.board.Grid("grid").Set(260)
			c.fault(3*time.Second, "mains", high)
			c.tells(10*time.Minute, "missed "+news)
			if got := c.central.detail(news, protocol.FateMissed); got != missed {
				t.Errorf("told as %q", got)
			}
			if got := c.edges(start.Add(-time.Hour)); len(got) != 0 {
				t.Errorf("relay edges %v", got)
			}
		})
	})
	t.Run("an alert at 60 V sounds, routine does not", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			_, news := c.routine(time.Minute)
			c.board.Grid("grid").Set(60)
			time.Sleep(5 * time.Second)
			raised := time.Now()
			c.central.alert(world{raised}.alert("7f3c"))
			c.tells(time.Second, "started alert/live/7f3c/1#1")
			time.Sleep(3 * time.Second)
			if got := c.edges(raised); len(got) != 1 {
				t.Errorf("relay edges %v", got)
			}
			c.tells(5*time.Minute, "finished alert/live/7f3c/1#2")
			c.tells(10*time.Minute, "missed "+news)
		})
	})
	t.Run("a supply that fails ends routine on air, and not an alert", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			start, news := c.routine(time.Minute)
			time.Sleep(time.Until(start) + 3*time.Second)
			failed := time.Now()
			c.board.Grid("grid").Set(260)
			c.tells(3*time.Second, "failed "+news)
			if got := c.edges(failed); len(got) != 1 || got[0] > 2*time.Second {
				t.Errorf("relay edges %v after the supply failed", got)
			}
			if got := c.central.detail(news, protocol.FateFailed); !strings.Contains(got, high) {
				t.Errorf("told as %q", got)
			}
			if f := c.central.faults(); f["sound horn"] != "" {
				t.Errorf("faults %v: the sound path is whole", f)
			}
			c.board.Grid("grid").Set(230)
			c.fault(15*time.Second, "mains", "")
			c.central.alert(world{time.Now()}.alert("7f3c"))
			c.tells(time.Second, "started alert/live/7f3c/1#1")
			c.board.Grid("grid").Set(60)
			c.tells(time.Minute, "finished alert/live/7f3c/1#1")
		})
	})
	t.Run("within its lateness routine waits for ten good seconds", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			c.board.Grid("grid").Set(260)
			start, news := c.routine(time.Minute)
			time.Sleep(time.Until(start) + 20*time.Second)
			c.board.Grid("grid").Set(230)
			good := time.Now()
			c.tells(20*time.Second, "started "+news)
			if got := c.edges(good); len(got) == 0 || got[0] < 10*time.Second || got[0] > 13*time.Second {
				t.Errorf("relay edges %v after the supply was good", got)
			}
		})
	})
	t.Run("a supply that flaps powers no routine and is told once", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			_, news := c.routine(time.Minute)
			c.board.Grid("grid").Set(253)
			c.fault(3*time.Second, "mains", "sensor grid measures mains of about 260 V, not 90 to 240 V")
			told := c.central.reports()
			for i := range 100 {
				time.Sleep(time.Duration(1+i%8) * time.Second)
				c.board.Grid("grid").Set([]float64{230, 254, 238, 257}[i%4])
			}
			c.tells(time.Minute, "missed "+news)
			if n := c.central.reports() - told; n > 0 {
				t.Errorf("its state was told %d times more", n)
			}
			if n := len(c.board.Recorder.Edges()); n > 0 {
				t.Errorf("%d relay edges", n)
			}
		})
	})
	t.Run("a supply that jumps is told every ten seconds at most", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			told := c.central.reports()
			for i := range 50 {
				c.board.Grid("grid").Set([]float64{0, 260, 30}[i%3])
				time.Sleep(2 * time.Second)
			}
			if n := c.central.reports() - told; n < 3 || n > 11 {
				t.Errorf("its state was told %d times in 100 s", n)
			}
		})
	})
	t.Run("one short dip is none", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			time.Sleep(15 * time.Second)
			told := c.central.reports()
			c.board.Grid("grid").Set(0)
			time.Sleep(300 * time.Millisecond)
			c.board.Grid("grid").Set(230)
			time.Sleep(time.Minute)
			if n := c.central.reports() - told; n > 0 {
				t.Errorf("its state was told %d times more", n)
			}
		})
	})
	t.Run("the bounds themselves are good", func(t *testing.T) {
		liveOn(t, grid, func(c *cabinet) {
			for _, volts := range []float64{90, 240} {
				c.board.Grid("grid").Set(volts)
				time.Sleep(time.Minute)
				if f := c.central.faults(); f["mains"] != "" {
					t.Errorf("at %v V: %v", volts, f)
				}
			}
			for volts, want := range map[float64]string{89: "about 80 V", 241: "about 250 V"} {
				c.board.Grid("grid").Set(volts)
				c.within(20*time.Second, want, func() bool { return strings.Contains(c.central.faults()["mains"], want) })
			}
		})
	})
	for name, broken := range map[string]struct {
		how  func(*sim.Grid)
		want string
	}{
		"a sensor out of order":          {func(g *sim.Grid) { g.Fail(errors.New("no answer")) }, "sensor grid of the mains is out of order"},
		"a sensor that measures nothing": {func(g *sim.Grid) { g.Set(math.NaN()) }, "sensor grid of the mains measures nothing"},
	} {
		t.Run(name+" powers no routine, and alerts", func(t *testing.T) {
			liveOn(t, grid, func(c *cabinet) {
				_, news := c.routine(time.Minute)
				broken.how(c.board.Grid("grid"))
				c.fault(3*time.Second, "mains", broken.want)
				c.tells(3*time.Minute, "missed "+news)
				c.central.alert(world{time.Now()}.alert("7f3c"))
				c.tells(time.Second, "started alert/live/7f3c/1#1")
			})
		})
	}
	t.Run("of two phases both must be good", func(t *testing.T) {
		liveOn(t, func(o *sim.Options) { o.Mains = []string{"L1", "L2"} }, func(c *cabinet) {
			c.board.Grid("L2").Set(0)
			c.fault(3*time.Second, "mains", "sensor L2 measures mains of about 0 V, not 90 to 240 V")
			c.board.Grid("L2").Set(230)
			c.fault(13*time.Second, "mains", "")
		})
	})
	t.Run("without sensors nothing is known, and routine sounds", func(t *testing.T) {
		live(t, func(c *cabinet) {
			_, news := c.routine(2 * time.Second)
			c.tells(20*time.Second, "started "+news)
		})
	})
}

// The contacts of a cabinet tell of faults, and never sound anything.
func TestContacts(t *testing.T) {
	uses := func(o *sim.Options) {
		o.Inputs = map[string]firmware.Use{"grid": firmware.MainsPresent, "door": firmware.CabinetDoor, "amp": firmware.AmplifierFault}
	}
	t.Run("mains", func(t *testing.T) {
		liveOn(t, uses, func(c *cabinet) {
			start, news := c.routine(30 * time.Second)
			c.fault(3*time.Second, "mains", "contact grid is open") // as it was at the start
			time.Sleep(time.Until(start) + 10*time.Second)
			c.board.Input("grid").Press(true)
			c.tells(12*time.Second, "started "+news)
			c.fault(time.Second, "mains", "")
			open := time.Now()
			c.board.Input("grid").Press(false)
			c.tells(time.Second, "failed "+news)
			if got := c.edges(open); len(got) != 1 || got[0] > 100*time.Millisecond {
				t.Errorf("relay edges %v after the contact opened", got)
			}
			c.board.Input("grid").Lose(errors.New("chip is gone"))
			c.fault(15*time.Second, "mains", "contact grid cannot be read")
			c.fault(15*time.Second, "input grid", "its line was lost: watch input grid: chip is gone")
			c.board.Input("grid").Lose(nil)
			c.fault(15*time.Second, "input grid", "")
			c.fault(15*time.Second, "mains", "contact grid is open")
		})
	})
	t.Run("door and amplifier", func(t *testing.T) {
		liveOn(t, uses, func(c *cabinet) {
			c.central.order(world{time.Now()}.local(protocol.Live))
			for input, want := range map[string]string{"door": "cabinet door is open", "amp": "the amplifier tells of a fault"} {
				c.board.Input(input).Press(true)
				c.fault(time.Second, "input "+input, want)
				c.board.Input(input).Press(false)
				c.fault(time.Second, "input "+input, "")
			}
			if slices.ContainsFunc(c.central.told(), func(s string) bool { return strings.HasPrefix(s, "pressed") }) {
				t.Errorf("told %q: nobody pressed a button", c.central.told())
			}
			if n := len(c.board.Recorder.Edges()); n > 0 {
				t.Errorf("%d relay edges", n)
			}
		})
	})
}

// Whatever the supply does: routine begins only on one that was good for ten
// seconds, and is off soon after it was not.
func TestMainsWhateverHappens(t *testing.T) {
	const notice = 2200 * time.Millisecond // a second for the median to see it, one for the next look
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			liveOn(t, grid, func(c *cabinet) {
				words := c.speech()
				now := world{time.Now()}
				bulletin := now.bulletin("news", func(b *protocol.Bulletin) { b.Audio[0].Audio = words })
				var items []protocol.Item
				for i := range 15 {
					start := time.Now().Add(time.Duration(i+1) * 20 * time.Second).Truncate(time.Second)
					items = append(items, item(fmt.Sprint("news", i), start, bulletin, func(it *protocol.Item) { it.Seconds, it.Late = 20, 60 }))
				}
				c.central.order(bulletin, now.plan(1, items...))
				c.tells(10*time.Second, "accepted plan")
				r := rand.New(rand.NewPCG(seed, 0))
				type change struct {
					at   time.Time
					good bool
				}
				changes := []change{{time.Now().Add(-time.Hour), true}} // it was good all along
				for range 40 {
					volts := []float64{0, 60, 89, 241, 300}[r.IntN(5)]
					good := r.IntN(2) == 0
					if good {
						volts = 90 + 150*r.Float64()
					}
					c.board.Grid("grid").Set(volts)
					if good != changes[len(changes)-1].good {
						changes = append(changes, change{time.Now(), good})
					}
					wait := time.Duration(r.IntN(3000)) * time.Millisecond
					if r.IntN(4) == 0 {
						wait += 25 * time.Second
					}
					time.Sleep(wait)
				}
				begun := 0
				var closed time.Time
				for _, e := range c.board.Recorder.Edges() {
					if e.Closed {
						begun, closed = begun+1, e.At
						for i, x := range changes {
							bad := time.Now()
							if i+1 < len(changes) {
								bad = changes[i+1].at
							}
							// Of a dip of less than half a second the median knows nothing.
							if !x.good && bad.Sub(x.at) > 1500*time.Millisecond && x.at.Before(e.At.Add(-notice)) && bad.After(e.At.Add(-8*time.Second)) {
								t.Errorf("it closed %v after a supply that was bad until %v before", e.At.Sub(x.at), e.At.Sub(bad))
							}
						}
						continue
					}
					for i, x := range changes {
						good := time.Now()
						if i+1 < len(changes) {
							good = changes[i+1].at
						}
						from := x.at
						if closed.After(from) {
							from = closed
						}
						until := e.At
						if good.Before(until) {
							until = good
						}
						if !x.good && until.Sub(from) > notice {
							t.Errorf("it was on for %v of a bad supply", until.Sub(from))
						}
					}
				}
				if begun == 0 {
					t.Error("nothing ever sounded")
				}
			})
		})
	}
}
