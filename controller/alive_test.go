package controller_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loa/controller"
	"loa/controller/store"
	"loa/firmware"
	"loa/firmware/sim"
)

// dog is a watchdog that notes when it was fed.
type dog struct {
	mu   sync.Mutex
	fed  []time.Time
	sick error
}

func (d *dog) Feed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fed = append(d.fed, time.Now())
	return d.sick
}

func (d *dog) Close() error { return nil }

// since counts the meals after a moment, and tells the longest wait for one.
func (d *dog) since(begun time.Time) (meals int, longest time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := begun
	for _, at := range d.fed {
		if at.Before(begun) {
			continue
		}
		meals, longest, last = meals+1, max(longest, at.Sub(last)), at
	}
	return meals, max(longest, time.Since(last))
}

// logbook is a log that hangs when it is told one thing, as where nobody reads
// what a service prints.
type logbook struct {
	mu    sync.Mutex
	lines []string
	stuck string
	until chan struct{}
}

func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	l.mu.Lock()
	l.lines = append(l.lines, line)
	stuck := l.stuck != "" && strings.HasPrefix(line, l.stuck)
	l.mu.Unlock()
	if stuck {
		<-l.until
	}
	return nil
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }

func (l *logbook) count(start string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.HasPrefix(line, start) {
			n++
		}
	}
	return n
}

// contact is a relay that hangs, or fails.
type contact struct {
	until chan struct{}
	err   error
}

func (c *contact) Close() error { return nil }

func (c *contact) Set(bool) error {
	if c.until != nil {
		<-c.until
	}
	return c.err
}

// guarded is an agent without a network, and its two watchdogs.
type guarded struct {
	dogs    [2]*dog
	log     *logbook
	board   firmware.Board
	noStore bool          // takes nothing
	until   chan struct{} // closed: what hangs goes on
	end     func()
}

func guard(t *testing.T, change func(g *guarded)) *guarded {
	t.Helper()
	board, err := sim.New(sim.Options{Outputs: []sim.Output{
		{Name: "horn", Relays: []string{"amp"}, LongestOn: time.Hour},
		{Name: "yard", Relays: []string{"lamp"}, LongestOn: time.Hour},
	}})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	until := make(chan struct{})
	g := &guarded{dogs: [2]*dog{{}, {}}, until: until, log: &logbook{until: until}}
	g.board = board.Board
	g.board.Watchdogs = []firmware.Watchdog{g.dogs[0], g.dogs[1]}
	change(g)
	enrolment := world{time.Now()}.enrolment()
	agent, err := controller.New(controller.Options{
		Agent: "test", Key: private("board"), Board: g.board, Store: kept, Enrolment: &enrolment, TrustClock: true,
		Log: slog.New(g.log),
	})
	if err != nil {
		t.Fatal(err)
	}
	if g.noStore {
		if err := kept.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- agent.Run(ctx) }()
	g.end = func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Logf("Run: %v", err)
		}
		_ = errors.Join(g.board.Close(), kept.Close())
		time.Sleep(2 * time.Minute) // what was ended takes some of the bubble's time to go
	}
	return g
}

func TestWatchdogsAreFedWhileAllIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, func(*guarded) {})
		begun := time.Now()
		time.Sleep(10 * time.Minute)
		for i, d := range g.dogs {
			if n, longest := d.since(begun); n < 290 || longest > 3*time.Second {
				t.Errorf("watchdog %d: %d meals, %v between two", i, n, longest)
			}
		}
		g.end()
		ended := time.Now()
		time.Sleep(time.Minute)
		if n, _ := g.dogs[0].since(ended); n > 0 {
			t.Errorf("%d meals after the end", n)
		}
	})
}

// What fails is not dead: starting anew would not mend it, and a board that does
// so for ever warns nobody.
func TestWatchdogsAreFedWhatFails(t *testing.T) {
	for name, change := range map[string]func(*guarded){
		"a store that takes nothing": func(g *guarded) { g.noStore = true },
		"a relay that cannot be driven": func(g *guarded) {
			g.board.Outputs[1].Relays = []firmware.Relay{&contact{err: errors.New("no such line")}}
		},
		"the other watchdog": func(g *guarded) { g.dogs[0].sick = errors.New("no such device") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := guard(t, change)
				begun := time.Now()
				time.Sleep(5 * time.Minute)
				if n, longest := g.dogs[1].since(begun); n < 140 || longest > 3*time.Second {
					t.Errorf("%d meals, %v between two", n, longest)
				}
				if n := g.log.count("feed watchdog"); n > 1 {
					t.Errorf("the log was told %d times", n)
				}
				g.end()
			})
		})
	}
}

func TestWatchdogsBiteWhatHangs(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*guarded)
		silent string
	}{
		"the loop": {func(g *guarded) {
			g.log.stuck = "fault part=gate"
			g.board.Monitors = append(g.board.Monitors, gate{})
		}, "loop"},
		"the store": {func(g *guarded) {
			g.noStore = true // so that who writes to it has something for the log
			g.log.stuck = "tidy the store"
		}, "store"},
		"an output": {func(g *guarded) {
			g.board.Outputs[1].Relays = []firmware.Relay{&contact{until: g.until}}
		}, "sound"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := guard(t, tt.change)
				time.Sleep(time.Minute)
				hung := time.Now()
				time.Sleep(5 * time.Minute)
				for i, d := range g.dogs {
					if n, _ := d.since(hung); n > 0 {
						t.Errorf("watchdog %d: %d meals", i, n)
					}
				}
				if n := g.log.count("the watchdogs are not fed silent=" + tt.silent + " after=8s"); n != 1 || g.log.count("the watchdogs are not") != 1 {
					t.Errorf("the log: %q", g.log.lines)
				}
				close(g.until)
				mended := time.Now()
				time.Sleep(time.Minute)
				if n, longest := g.dogs[0].since(mended); n < 25 || longest > 3*time.Second {
					t.Errorf("mended: %d meals, %v between two", n, longest)
				}
				if g.log.count("the watchdogs are fed again") != 1 {
					t.Errorf("the log: %q", g.log.lines)
				}
				g.end()
			})
		})
	}
}

// gate is a part that breaks after a while.
type gate struct{}

func (gate) Name() string { return "gate" }

func (gate) Watch(ctx context.Context, tell func(string)) {
	select {
	case <-ctx.Done():
	case <-time.After(30 * time.Second):
		tell("it is open")
	}
}
