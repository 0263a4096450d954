package orders

import (
	"context"
	"time"
)

// ResendDue and Acknowledge are what Run does on its timers.
func (o *Orders) ResendDue(ctx context.Context, now time.Time) error { return o.resend(ctx, now) }
func (o *Orders) Acknowledge(ctx context.Context) error              { return o.acknowledge(ctx) }

// Settle ends the time after the start in which boards tell what was cancelled.
func (o *Orders) Settle() { o.settled = o.started }

// LongestWait is a time after which everything that waits is due.
const LongestWait = 2*longestWait + time.Second
