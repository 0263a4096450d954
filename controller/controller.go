package controller

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"loa/controller/link"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
)

// Options are what the agent of one board needs. All are required but Enrolment
// and Link, without which a board refuses everything and stays silent.
type Options struct {
	Agent      string             // the program's version
	Key        ed25519.PrivateKey // the board's own
	Board      firmware.Board
	Store      *store.Store
	Enrolment  *protocol.Enrolment
	Link       *link.Options    // nil: no network
	TrustClock bool             // the board's clock is right: an RTC that was set
	Decoded    *playout.Decoded // shared by the agents of one process; nil: it decodes for itself
	Log        *slog.Logger
}

// Controller is the agent of one board.
type Controller struct {
	Options
	state   State
	events  *queue
	player  *playout.Player
	mains   *mains
	link    *link.Link
	writes  chan Effect
	answers chan struct{} // of the loop; see guard
	next    int64         // the next receipt's number; only write touches it
	started time.Time
}

// New reads the board's state from its store. Nothing sounds before Run.
func New(o Options) (*Controller, error) {
	snap, err := o.Store.Load()
	if err != nil {
		return nil, fmt.Errorf("load the store: %w", err)
	}
	audio, err := o.Store.Audio()
	if err != nil {
		return nil, fmt.Errorf("list stored audio: %w", err)
	}
	id := Identity{
		Agent: o.Agent, Key: protocol.NewKey(o.Key.Public().(ed25519.PublicKey)).ID,
		Epoch: o.Store.Epoch(), Boot: rand.Text(), TrustClock: o.TrustClock,
	}
	if o.Enrolment != nil {
		id.Cluster = o.Enrolment.Cluster
	}
	for _, out := range o.Board.Outputs {
		id.Outputs = append(id.Outputs, out.Name)
	}
	c := &Controller{Options: o, events: newQueue(), writes: make(chan Effect, 16), answers: make(chan struct{}, 1), next: snap.NextSequence, started: time.Now()}
	c.state = Restore(id, snap, audio, c.started)
	if damage := o.Store.Damaged(); damage != "" {
		c.events.put(Fault{"database", damage})
	}
	c.player = playout.New(o.Board.Outputs, o.Store, o.Log, func(e playout.Event) { c.events.put(Played{e}) })
	c.player.Share(o.Decoded)
	if c.mains = newMains(o.Board); c.mains != nil {
		c.supply(c.mains.answer)
	}
	if o.Link != nil {
		options := *o.Link
		if options.Will, err = protocol.Encode(c.state.will(options.Cluster)); err != nil {
			return nil, err
		}
		c.link = link.New(options, o.Store, c.network)
	}
	return c, nil
}

// Run carries orders out until ctx ends, and then leaves every relay open. Its
// error is what ended it early: a part that cannot go on.
func (c *Controller) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var parts sync.WaitGroup
	run := func(name string, f func(context.Context) error) {
		parts.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	run("player", c.player.Run)
	run("store", c.write)
	if c.link != nil {
		run("link", c.link.Run)
	}
	if c.mains != nil {
		parts.Go(func() { c.mains.watch(ctx, c.supply) })
	}
	for _, in := range c.Board.Inputs {
		parts.Go(func() { c.watch(ctx, in) })
	}
	for _, m := range c.Board.Monitors {
		parts.Go(func() { m.Watch(ctx, func(what string) { c.events.put(Fault{m.Name(), what}) }) })
	}
	parts.Go(func() { c.guard(ctx) })
	if c.Enrolment != nil {
		c.events.put(Enrolled{*c.Enrolment})
	}
	c.events.put(Tick{})
	c.loop(ctx)
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// loop owns the state: one event at a time through Step, then its effects.
func (c *Controller) loop(ctx context.Context) {
	wake := time.AfterFunc(longestWake, func() { c.events.put(Tick{}) })
	defer wake.Stop()
	for {
		e, err := c.events.take(ctx)
		if err != nil {
			return
		}
		var effects []Effect
		c.state, effects = Step(c.state, e, c.now())
		for _, effect := range effects {
			if w, ok := effect.(Wake); ok {
				wake.Reset(w.In)
			} else if err := c.carryOut(ctx, effect); err != nil {
				c.Log.Warn("effect", "kind", fmt.Sprintf("%T", effect), "error", err)
			}
		}
	}
}

// now is the board's clock: it runs evenly, whoever sets the system's clock.
func (c *Controller) now() time.Time { return c.started.Add(time.Since(c.started)) }

// supply passes on whether the mains may power routine: first to who switches
// power.
func (c *Controller) supply(s Supply) {
	c.player.Supply(s.Unfit)
	c.events.put(s)
}

// network turns what the link tells into events.
func (c *Controller) network(message any) {
	switch m := message.(type) {
	case link.Incoming:
		c.events.put(Received{m.Lane, m.Payload})
	case link.Up:
		c.events.put(Up{})
	case link.Down:
		c.events.put(Down{})
	case link.Refused:
		c.events.put(Unheard{m.Areas})
	case link.Fetched:
		c.events.put(Fetched{m.Audio, m.Err})
	}
}
