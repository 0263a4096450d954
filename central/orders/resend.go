package orders

import (
	"context"
	"fmt"
	"time"
)

const (
	ackEvery    = 200 * time.Millisecond
	resendEvery = time.Second
	resendBatch = 500
)

// resend sends what had no receipt in its time, to the boards that are there.
// For the others it only moves the time on: their hello will ask.
func (o *Orders) resend(ctx context.Context, now time.Time) error {
	for {
		due, err := o.Store.Due(ctx, now, resendBatch)
		if err != nil {
			return fmt.Errorf("read what is due: %w", err)
		}
		envelopes := map[string][]byte{}
		for i, d := range due {
			online := o.Publisher.Online(d.Cluster)
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
