package playout

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"loa/controller/schedule"
	"loa/firmware"
)

// retryAfter is how long an emergency waits before its second, third, ...
// attempt; the last goes on for ever.
var retryAfter = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second}

// output is one amplifier with what it is to sound. Its goroutine (run) either
// waits (await) or plays one cue (play).
type output struct {
	firmware.Output
	lib     Library
	shared  *Decoded
	log     *slog.Logger
	events  func(Event)
	sensors []*watcher

	mu      sync.Mutex
	want    *Cue
	wishes  int           // grows with every change of want
	changed chan struct{} // holds a token when want may have changed
	probed  chan struct{} // run's goroutine takes what is sent; see Probe

	// All below belongs to run's goroutine.
	seen    int   // of wishes: the one that coming answers
	coming  *feed // what will sound next, being prepared
	silence bool  // nothing is wanted

	power  power
	air    air
	cue    Cue       // on air, or the last that was
	turn   int       // of wishes: the one that cue answers
	began  time.Time // when the relays were first on for it
	offAt  time.Time // while relays are on and no cue is on air: when they open
	opened time.Time // when they were last opened

	failures int       // of cue, in a row
	retryAt  time.Time // zero: not again
}

func (o *output) set(cue *Cue) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cue == nil && o.want == nil {
		return
	}
	if cue != nil && o.want != nil && cue.ID == o.want.ID {
		return
	}
	o.want = nil
	if cue != nil {
		c := *cue
		c.From = max(0, c.From)
		if c.Class == schedule.SelfTest {
			c.Parts = testParts(o.Ultrasonic)
		}
		o.want = &c
	}
	o.wishes++
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// supply says why the mains power emergencies only; "" is that they power all.
func (o *output) supply(unfit string) {
	if unfit == "" {
		o.power.unfit.Store(nil)
	} else {
		o.power.unfit.Store(&unfit)
	}
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

func (o *output) run(ctx context.Context) error {
	defer func() {
		// Reached by a panic too.
		if o.coming != nil {
			o.coming.cancel()
		}
		if !o.power.safe {
			_ = o.power.open()
		}
	}()
	if err := o.power.open(); err != nil {
		o.log.Error("open relays", "err", err)
	}
	o.opened = time.Now()
	for {
		f := o.await(ctx)
		if f == nil {
			break
		}
		o.play(ctx, f)
	}
	if o.power.safe {
		return nil
	}
	return o.open(nil)
}

// track notes what is wanted now and begins to prepare it.
func (o *output) track(ctx context.Context) {
	o.mu.Lock()
	want, turn := o.want, o.wishes
	o.mu.Unlock()
	if turn == o.seen {
		return
	}
	if o.coming != nil {
		o.coming.cancel()
		o.coming = nil
	}
	o.seen, o.silence = turn, want == nil
	o.failures, o.retryAt = 0, time.Time{}
	if want != nil {
		o.coming = newFeed(ctx, o.lib, o.shared, *want, turn)
	}
}

// isReady tells whether the coming cue can sound, or is known not to.
func (o *output) isReady() bool {
	select {
	case <-o.ready():
		return true
	default:
		return false
	}
}

func (o *output) ready() <-chan struct{} {
	if o.coming == nil {
		return nil
	}
	return o.coming.ready
}

// isReplaced tells that the cue on air has to end.
func (o *output) isReplaced() bool { return o.silence || o.isReady() }

// await waits for a cue that is ready and returns its feed, nil at ctx's end.
// Meanwhile it ends the tail, opens relays that could not be opened, and lets a
// failed emergency try again.
func (o *output) await(ctx context.Context) *feed {
	for {
		o.track(ctx)
		if ctx.Err() != nil {
			return nil
		}
		rested := o.restUntil()
		if o.isReady() && rested.IsZero() {
			f := o.coming
			o.coming = nil
			return f
		}
		ready := o.ready()
		if !rested.IsZero() {
			ready = nil
		}
		var off, stuck, retry <-chan time.Time
		if o.power.on && o.power.permit(o.cue.Class) != nil {
			off = at(time.Now())
		} else if o.power.on {
			off = at(o.offAt)
		} else if !o.power.safe {
			stuck = time.After(time.Second)
		}
		if o.coming == nil {
			retry = at(o.retryAt)
		}
		select {
		case <-ctx.Done():
		case <-o.changed:
		case <-o.probed:
		case <-ready:
		case <-at(rested):
		case <-off:
			_ = o.open(nil) // told by the event
		case <-stuck:
			if o.power.open() == nil {
				o.opened = time.Now()
				o.emit(o.event(Opened))
			}
		case <-retry:
			o.retryAt = time.Time{}
			o.coming = newFeed(ctx, o.lib, o.shared, o.cue, o.seen)
		}
	}
}

// at is a channel that delivers once t is reached: never when t is zero.
func at(t time.Time) <-chan time.Time {
	if t.IsZero() {
		return nil
	}
	return time.After(time.Until(t))
}

// open opens the relays, and then tells of the cue's end (before may be nil)
// and of their opening.
func (o *output) open(before func(now time.Time)) error {
	e := o.event(Opened)
	opens := !o.power.safe
	e.Err = o.power.open()
	e.At = time.Now()
	if before != nil {
		before(e.At)
	}
	if opens {
		e.Evidence.RelayOpened = e.At
		o.emit(e)
	}
	o.opened = e.At // not sooner: what is told of a self-test asks since when they were open
	return e.Err
}

// event begins an event of the cue on air.
func (o *output) event(kind EventKind) Event {
	e := Event{
		Output: o.Name, Cue: o.cue.ID, Kind: kind, At: time.Now(),
		Position: o.air.position(),
		Evidence: Evidence{
			FirstSample: o.air.first,
			Samples:     o.air.heard.samples,
			RMS:         o.air.heard.rms(),
			Peak:        decibels(float64(o.air.heard.peak)),
		},
	}
	if !o.power.safe {
		e.Evidence.RelayClosed = o.power.closed
	}
	return e
}

func (o *output) emit(e Event) {
	level := slog.LevelInfo
	if e.Kind == Failed || e.Kind == SourceSkipped || e.Err != nil {
		level = slog.LevelWarn
	}
	attrs := []any{"cue", e.Cue, "position", e.Position}
	if e.Source != "" {
		attrs = append(attrs, "source", e.Source)
	}
	if e.Err != nil {
		attrs = append(attrs, "err", e.Err)
	}
	o.log.Log(context.Background(), level, e.Kind.String(), attrs...)
	o.events(e)
}
