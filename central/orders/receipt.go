package orders

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"loa/controller/protocol"
)

// maxReceipt is far more than a receipt with its evidence has, in bytes.
const maxReceipt = 256 << 10

// Receipt takes one receipt. It is durable when Receipt returns nil, and is
// acknowledged soon after. What is not the board's own, or differs from what it
// said before under the same number, is recorded as a Fault and an error.
func (o *Orders) Receipt(ctx context.Context, cluster string, payload []byte) error {
	row, err := o.read(ctx, cluster, payload)
	if err != nil {
		return o.fault(ctx, cluster, protocol.LaneReceipt, err)
	}
	outcome, err := o.intake.add(ctx, o.Store, row)
	if err != nil {
		return fmt.Errorf("store receipt of %s: %w", cluster, err)
	}
	if row.Receipt.Sequence > 0 {
		o.acks.due(cluster, row.Receipt.Epoch)
	}
	if outcome == Stored {
		o.note(row.Receipt.Kind, row.Receipt.Order)
		if o.Told != nil {
			o.Told(row.Receipt)
		}
	}
	if outcome == Differs {
		return o.fault(ctx, cluster, protocol.LaneReceipt, &protocol.Refusal{
			Reason: protocol.ReasonConflict, Field: "sequence",
			Detail: fmt.Sprintf("%d of epoch %s was another receipt before", row.Receipt.Sequence, row.Receipt.Epoch),
		})
	}
	return nil
}

// read verifies a receipt against the key of the board that must have sent it.
func (o *Orders) read(ctx context.Context, cluster string, payload []byte) (ReceiptRow, error) {
	if len(payload) > maxReceipt {
		return ReceiptRow{}, &protocol.Refusal{Reason: protocol.ReasonTooLarge, Field: "envelope", Detail: fmt.Sprintf("%d bytes, at most %d", len(payload), maxReceipt)}
	}
	key, err := o.board(ctx, cluster)
	if err != nil {
		return ReceiptRow{}, err
	}
	r, e, err := protocol.OpenReceipt(payload, key)
	if err != nil {
		return ReceiptRow{}, err
	}
	if r.Cluster != cluster {
		return ReceiptRow{}, &protocol.Refusal{Reason: protocol.ReasonWrongAudience, Field: "cluster", Detail: fmt.Sprintf("%q, it came from %s", r.Cluster, cluster)}
	}
	return ReceiptRow{Receipt: r, Hash: e.Hash(), Envelope: payload, ReceivedAt: time.Now()}, nil
}

// fault records what a board sent that cannot be right, and returns why. Errors
// that are no refusal are passed on: they are not the board's.
func (o *Orders) fault(ctx context.Context, cluster string, lane protocol.Lane, why error) error {
	var refusal *protocol.Refusal
	if !errors.As(why, &refusal) {
		return why
	}
	o.Log.Warn("a board sent what cannot be right", "cluster", cluster, "lane", lane, "error", why)
	if !o.intake.mayNote(cluster, time.Now()) {
		return why
	}
	detail := refusal.Detail
	if refusal.Field != "" {
		detail = refusal.Field + ": " + detail
	}
	if err := o.Store.AddFault(ctx, Fault{Cluster: cluster, At: time.Now(), Lane: lane, Reason: refusal.Reason, Detail: clip(detail)}); err != nil {
		return errors.Join(why, fmt.Errorf("record fault: %w", err))
	}
	return why
}

// clip keeps a text that a board could have written short.
func clip(s string) string {
	if len(s) > 500 {
		return s[:500]
	}
	return s
}

// intake puts receipts that come at the same time into one transaction: after
// an alert they come by the thousand, and the next order must not wait behind
// each of them.
type intake struct {
	mu      sync.Mutex
	busy    bool
	waiting []*arrival
	noted   map[string]time.Time // when a fault of a cluster was last recorded
}

type arrival struct {
	row     ReceiptRow
	outcome Outcome
	err     error
	done    chan struct{}
}

// maxBatch is how many receipts one transaction takes.
const maxBatch = 500

func (in *intake) add(ctx context.Context, s Store, row ReceiptRow) (Outcome, error) {
	a := &arrival{row: row, done: make(chan struct{})}
	in.mu.Lock()
	in.waiting = append(in.waiting, a)
	if !in.busy {
		in.busy = true
		go in.drain(context.WithoutCancel(ctx), s)
	}
	in.mu.Unlock()
	select {
	case <-a.done:
		return a.outcome, a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (in *intake) drain(ctx context.Context, s Store) {
	for {
		in.mu.Lock()
		batch := in.waiting[:min(len(in.waiting), maxBatch)]
		in.waiting = in.waiting[len(batch):]
		in.busy = len(batch) > 0
		in.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		keep(ctx, s, batch)
		for _, a := range batch {
			close(a.done)
		}
	}
}

// keep stores a batch; when it cannot, each by itself, so that one receipt that
// the store will not take does not hold up the rest.
func keep(ctx context.Context, s Store, batch []*arrival) {
	rows := make([]ReceiptRow, len(batch))
	for i, a := range batch {
		rows[i] = a.row
	}
	outcomes, err := s.AddReceipts(ctx, rows)
	if err != nil && len(batch) > 1 {
		for i := range batch {
			keep(ctx, s, batch[i:i+1])
		}
		return
	}
	for i, a := range batch {
		if a.err = err; err == nil {
			a.outcome = outcomes[i]
		}
	}
}

// mayNote allows one recorded fault a second for each cluster, so that a board
// gone wild cannot keep the store busy.
func (in *intake) mayNote(cluster string, now time.Time) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.noted == nil {
		in.noted = map[string]time.Time{}
	}
	if now.Sub(in.noted[cluster]) < time.Second {
		return false
	}
	in.noted[cluster] = now
	return true
}

// acks are the acknowledgements that are due, by cluster: many receipts that
// came together are answered by one.
type acks struct {
	mu    sync.Mutex
	epoch map[string]string
}

func (a *acks) due(cluster, epoch string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.epoch == nil {
		a.epoch = map[string]string{}
	}
	a.epoch[cluster] = epoch
}

func (a *acks) take() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.epoch
	a.epoch = nil
	return all
}

// acknowledge answers the receipts that came since the last time.
func (o *Orders) acknowledge(ctx context.Context) error {
	var errs []error
	for cluster, epoch := range o.acks.take() {
		if err := o.ack(ctx, cluster, epoch); err != nil {
			o.acks.due(cluster, epoch)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// ack tells a board through which receipt all are here.
func (o *Orders) ack(ctx context.Context, cluster, epoch string) error {
	through, err := o.Store.Through(ctx, cluster, epoch)
	if err != nil {
		return fmt.Errorf("read through which receipt of %s all are here: %w", cluster, err)
	}
	return o.say(cluster, protocol.LaneAck, protocol.KindAck, protocol.Ack{
		Version: protocol.Version, Cluster: cluster, Epoch: epoch, Sequence: through,
	})
}

// say sends what central signs by itself and does not keep.
func (o *Orders) say(cluster string, lane protocol.Lane, kind protocol.Kind, document any) error {
	e, err := protocol.SealService(kind, document, o.Key)
	if err != nil {
		return err
	}
	data, err := protocol.Encode(e)
	if err != nil {
		return err
	}
	o.toCluster(cluster, lane, data)
	return nil
}
