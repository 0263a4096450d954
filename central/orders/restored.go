package orders

import (
	"context"
	"fmt"
	"slices"
	"time"

	"loa/controller/protocol"
)

// A central that was restored from a backup may hold an alert whose cancel it
// has lost. Boards have not: so an alert that was sealed before this process
// started is sent to nobody until settleTime after the start, while boards
// connect and say hello, and not at all once a board that it was for has said
// that it was cancelled. One board that lies can do that too, to alerts from
// before the start only: it is recorded as a Fault for a person to see, who may
// raise the alert anew.

// settleTime is what most boards need to find a server that came back.
const settleTime = 10 * time.Second

// unsettled reports whether it is too early to send an order again.
func (o *Orders) unsettled(r Record, now time.Time) bool {
	return r.Kind == protocol.KindAlert && r.SealedAt.Before(o.started) && now.Before(o.settled)
}

// saysCancelled are the alerts that a board keeps as cancelled and central
// would still send: those for the board that were sealed before the start, and
// of which no cancel is here.
func (o *Orders) saysCancelled(ctx context.Context, h protocol.Hello, now time.Time) ([]Floor, error) {
	p, ok := o.trust.placement(h.Cluster)
	if !ok || len(h.Cancelled) == 0 {
		return nil, nil
	}
	said, err := o.Store.Orders(ctx, Query{
		Kinds: []protocol.Kind{protocol.KindAlert, protocol.KindCancel}, State: Sealed, Areas: p.doc.Areas, ValidAt: now,
	})
	if err != nil {
		return nil, fmt.Errorf("read alerts for %s: %w", h.Cluster, err)
	}
	known := map[string]bool{}
	for _, r := range said {
		known[r.Subject] = known[r.Subject] || r.Kind == protocol.KindCancel || !r.SealedAt.Before(o.started)
	}
	var floors []Floor
	for subject, explained := range known {
		if !explained && slices.Contains(h.Cancelled, subject) {
			floors = append(floors, Floor{Subject: subject, Cancelled: true})
		}
	}
	return floors, nil
}

// over are the subjects of alerts that boards say were cancelled.
func (o *Orders) over(ctx context.Context) (map[string]bool, error) {
	subjects, err := o.Store.SaidCancelled(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which alerts boards say are over: %w", err)
	}
	over := map[string]bool{}
	for _, s := range subjects {
		over[s] = true
	}
	return over, nil
}
