package orders

import (
	"context"
	"fmt"
	"sync"
	"time"
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
		envelopes := map[string][]byte{}
		for i, d := range due {
			online := o.Publisher.Online(d.Cluster) && o.greeted.has(d.Cluster)
			due[i] = d.sent(now, online)
			if !online {
				continue
			}
			if envelopes[d.Order] == nil {
				r, err := o.Store.Order(ctx, d.Order)
				if err != nil {
					return fmt.Errorf("read order %s: %w", d.Order, err)
				}
				envelopes[d.Order] = r.Envelope
			}
			o.toCluster(d.Cluster, laneOf(d.Kind), envelopes[d.Order])
		}
		if len(due) > 0 {
			if err := o.Store.Sent(ctx, due); err != nil {
				return fmt.Errorf("note what was sent: %w", err)
			}
		}
		if len(due) < resendBatch {
			return nil
		}
	}
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
