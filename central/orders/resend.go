package orders

import (
	"context"
	"fmt"
	"sync"
	"time"

	"loa/controller/protocol"
)

const (
	ackEvery    = 200 * time.Millisecond
	resendEvery = time.Second
	resendBatch = 500
)

// resend sends what had no receipt in its time, to the boards that are there
// and have said hello to this process: before that a central that was restored
// from a backup does not know what is old to them. For the others it only moves
// the time on: their hello will ask.
func (o *Orders) resend(ctx context.Context, now time.Time) error {
	for {
		due, err := o.Store.Due(ctx, now, resendBatch)
		if err != nil {
			return fmt.Errorf("read what is due: %w", err)
		}
		if len(due) > 0 {
			if err := o.sendDue(ctx, due, now); err != nil {
				return err
			}
			if err := o.Store.Sent(ctx, due); err != nil {
				return fmt.Errorf("note what was sent: %w", err)
			}
		}
		if len(due) < resendBatch {
			return nil
		}
	}
}

// sendDue sends deliveries where that may be, and sets when they are next due.
func (o *Orders) sendDue(ctx context.Context, due []Delivery, now time.Time) error {
	over, err := o.over(ctx)
	if err != nil {
		return err
	}
	read := map[string]Record{}
	for i, d := range due {
		online := o.Publisher.Online(d.Cluster) && o.greeted.has(d.Cluster)
		if !online {
			due[i] = d.sent(now, false, 0)
			continue
		}
		r, ok := read[d.Order]
		if !ok {
			if r, err = o.Store.Order(ctx, d.Order); err != nil {
				return fmt.Errorf("read order %s: %w", d.Order, err)
			}
			read[d.Order] = r
		}
		switch {
		case o.unsettled(r, now):
			due[i].NextAt = o.settled
		case r.Kind == protocol.KindAlert && over[r.Subject]:
			due[i] = d.sent(now, false, 0) // for ever, until it lapses
		default:
			due[i] = d.sent(now, true, len(r.Envelope))
			o.note(d.Kind, d.Order)
			o.toCluster(d.Cluster, laneOf(d.Kind), r.Envelope)
		}
	}
	return nil
}

// greeted are the clusters whose hello was answered since the start.
type greeted struct {
	mu  sync.Mutex
	set map[string]bool
}

func (g *greeted) add(cluster string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.set == nil {
		g.set = map[string]bool{}
	}
	g.set[cluster] = true
}

func (g *greeted) has(cluster string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.set[cluster]
}
