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
	Link       *link.Options // nil: no network
	TrustClock bool          // the board's clock is right: an RTC that was set
	Log        *slog.Logger
}

// Controller is the agent of one board.
type Controller struct {
	Options
	state   State
	events  *queue
	player  *playout.Player
	link    *link.Link
	writes  chan Commit
	next    int64 // the next receipt's number; only write touches it
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
	for _, out := range o.Board.Outputs {
		id.Outputs = append(id.Outputs, out.Name)
	}
	c := &Controller{Options: o, events: newQueue(), writes: make(chan Commit, 1024), next: snap.NextSequence, started: time.Now()}
	if c.state, err = Restore(id, snap, audio, c.started); err != nil {
		return nil, err
	}
	if damage := o.Store.Damaged(); damage != "" {
		c.state.faults["store"] = damage
	}
	c.player = playout.New(o.Board.Outputs, o.Store, o.Log, func(e playout.Event) { c.events.put(Played{e}) })
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
	for _, in := range c.Board.Inputs {
		run("input "+in.Name(), func(ctx context.Context) error {
			return in.Watch(ctx, func(p firmware.Press) { c.events.put(Pressed{p}) })
		})
	}
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
	wake := time.AfterFunc(0, func() {})
	defer func() { wake.Stop() }()
	for {
		e, err := c.events.take(ctx)
		if err != nil {
			return
		}
		var effects []Effect
		c.state, effects = Step(c.state, e, c.now())
		for _, effect := range effects {
			if w, ok := effect.(Wake); ok {
				wake.Stop()
				wake = time.AfterFunc(w.In, func() { c.events.put(Tick{}) })
				continue
			}
			if err := c.carryOut(ctx, effect); err != nil {
				c.Log.Warn("effect", "kind", fmt.Sprintf("%T", effect), "error", err)
			}
		}
	}
}

// now is the board's clock: it runs evenly, whoever sets the system's clock.
func (c *Controller) now() time.Time { return c.started.Add(time.Since(c.started)) }

// carryOut never waits for the network, the disk, or playout.
func (c *Controller) carryOut(ctx context.Context, effect Effect) error {
	switch e := effect.(type) {
	case Commit:
		select {
		case c.writes <- e:
		case <-ctx.Done():
		}
	case Play:
		return c.player.Set(e.Output, e.Cue)
	case SendReceipts:
		return c.sendReceipts(e)
	case SendUnstored:
		return c.sendUnstored(e.Receipt)
	case SendHello:
		return c.publish(protocol.LaneHello, e.Hello)
	case SendState:
		return c.publish(protocol.LaneState, e.State)
	case SendTelemetry:
		e.Telemetry.DiskFree, _ = c.Store.Free()
		return c.publish(protocol.LaneTelemetry, e.Telemetry)
	case Subscribe:
		if c.link != nil {
			c.link.Areas(e.Areas)
		}
	case Fetch:
		if c.link != nil {
			c.link.Fetch(e.Audio)
		}
	case Keep:
		return c.Store.DropAudio(func(hash string) bool { return e.Hashes[hash] })
	case Note:
		c.Log.Warn(e.Text, e.Attrs...)
	}
	return nil
}

// write commits in order, away from the loop: a card that stalls for a second
// must not hold up a stop.
func (c *Controller) write(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-c.writes:
			receipts, err := c.commit(w)
			c.events.put(Committed{w.Serial, receipts, err})
		}
	}
}

// commit numbers and signs the receipts, and stores them with the rest.
func (c *Controller) commit(w Commit) ([]protocol.Receipt, error) {
	numbered := make([]protocol.Receipt, len(w.Receipts))
	for i, r := range w.Receipts {
		r.Sequence = c.next + int64(i)
		numbered[i] = r
		sealed, err := c.seal(r)
		if err != nil {
			return w.Receipts, err
		}
		w.Tx.Receipts = append(w.Tx.Receipts, store.SealedReceipt{Sequence: r.Sequence, Envelope: sealed})
	}
	if err := c.Store.Commit(w.Tx); err != nil {
		return w.Receipts, err
	}
	c.next += int64(len(numbered))
	return numbered, nil
}

func (c *Controller) seal(r protocol.Receipt) ([]byte, error) {
	e, err := protocol.SealReceipt(r, c.Key)
	if err != nil {
		return nil, fmt.Errorf("sign receipt: %w", err)
	}
	return protocol.Encode(e)
}

func (c *Controller) sendReceipts(e SendReceipts) error {
	if c.link == nil {
		return nil
	}
	stored, err := c.Store.Receipts(e.From, int(e.Through-e.From)+1)
	if err != nil {
		return fmt.Errorf("read receipts: %w", err)
	}
	for _, r := range stored {
		if err := c.link.Publish(protocol.LaneReceipt, r.Envelope); err != nil {
			return fmt.Errorf("send receipt %d: %w", r.Sequence, err)
		}
	}
	return nil
}

func (c *Controller) sendUnstored(r protocol.Receipt) error {
	sealed, err := c.seal(r)
	if err != nil || c.link == nil {
		return err
	}
	return c.link.Publish(protocol.LaneReceipt, sealed)
}

func (c *Controller) publish(lane protocol.Lane, message any) error {
	if c.link == nil {
		return nil
	}
	data, err := protocol.Encode(message)
	if err != nil {
		return err
	}
	return c.link.Publish(lane, data)
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
