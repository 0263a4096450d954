package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"loa/controller/protocol"
	"loa/controller/store"
)

// carryOut does what Step asked for. It never waits for the network, the disk's
// writing, or playout.
func (c *Controller) carryOut(ctx context.Context, effect Effect) error {
	switch e := effect.(type) {
	case Commit, Drop, Prune:
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
	case Reconnect:
		if c.link != nil {
			c.link.Reset(errors.New("central answers no hello"))
		}
	case Fetch:
		if c.link != nil {
			c.link.Fetch(e.Audio)
		}
	case Answered:
		c.answers <- struct{}{} // has room: nobody asks twice
	case Note:
		c.Log.Warn(e.Text, e.Attrs...)
	}
	return nil
}

// write stores in order, away from the loop: a card that stalls for a second
// must not hold up a stop.
func (c *Controller) write(ctx context.Context) error {
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case effect := <-c.writes:
			switch e := effect.(type) {
			case Commit:
				receipts, failed := c.commit(e)
				c.events.put(Committed{e.Serial, receipts, failed})
			case Drop:
				err = c.Store.DropAudio(func(hash string) bool { return !slices.Contains(e.Hashes, hash) })
			case question:
				close(e)
			case Prune:
				err = c.Store.Prune(e.Before)
			}
		}
		if err != nil {
			c.Log.Warn("tidy the store", "error", err)
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
			return nil, err
		}
		w.Tx.Receipts = append(w.Tx.Receipts, store.SealedReceipt{Sequence: r.Sequence, Envelope: sealed})
	}
	if err := c.Store.Commit(w.Tx); err != nil {
		return nil, err
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
