package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loa/controller/protocol"
)

// Status is how an order stands.
type Status struct {
	Hash      string
	Kind      protocol.Kind
	Mode      protocol.Mode
	Subject   string
	Revision  int64
	Cluster   string   // of a plan or placement
	Areas     []string // audience
	State     State
	By        string // who drafted it
	DraftedAt time.Time
	SealedAt  time.Time // zero while it gathers
	Until     time.Time // zero: never
	Signed    []Signed
	Persons   []string // counted, once sealed
	// Lacks says why it is not sealed yet (threshold, not-authorised) or never
	// will be (expired, stale, conflict, cancelled); nil once it is.
	Lacks  *protocol.Refusal
	Counts Counts
}

func (r Record) status() Status {
	return Status{
		Hash: r.Hash, Kind: r.Kind, Mode: r.Mode, Subject: r.Subject, Revision: r.Revision, Cluster: r.Cluster,
		Areas: r.Areas, State: r.State, By: r.By, DraftedAt: r.DraftedAt, SealedAt: r.SealedAt, Until: r.Until,
		Signed: r.Signatures, Persons: r.Persons,
	}
}

// status adds what the boards make of it.
func (o *Orders) status(ctx context.Context, r Record) (Status, error) {
	s := r.status()
	var err error
	if r.State == Sealed {
		if s.Counts, err = o.Store.Counts(ctx, r.Hash); err != nil {
			return s, fmt.Errorf("count what became of %s: %w", r.Subject, err)
		}
		return s, nil
	}
	v, err := o.judge(ctx, r.envelope(), time.Now())
	s.Lacks = v.lacks
	s.Counts.Targets = len(v.clusters)
	if errors.As(err, &s.Lacks) {
		return s, nil
	}
	return s, err
}

// Status is ErrNotFound for an unknown hash.
func (o *Orders) Status(ctx context.Context, hash string) (Status, error) {
	r, err := o.order(ctx, hash)
	if err != nil {
		return Status{}, err
	}
	return o.status(ctx, r)
}

// List gives the orders that q chooses, the last drafted first, without what
// became of them.
func (o *Orders) List(ctx context.Context, q Query) ([]Status, error) {
	all, err := o.Store.Orders(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	list := make([]Status, len(all))
	for i, r := range all {
		list[i] = r.status()
	}
	return list, nil
}

// Fates lists what became of an order on every cluster it is for, by cluster.
func (o *Orders) Fates(ctx context.Context, hash string) ([]ClusterFate, error) {
	if _, err := o.order(ctx, hash); err != nil {
		return nil, err
	}
	return o.Store.Fates(ctx, hash)
}

// Sealed lists what was sealed for a cluster, the last first, and what became of
// it there.
func (o *Orders) Sealed(ctx context.Context, q SealedQuery) ([]SealedFor, error) {
	return o.Store.Sealed(ctx, q)
}

// Receipts lists receipts in the order in which they came.
func (o *Orders) Receipts(ctx context.Context, q ReceiptQuery) ([]ReceiptRow, error) {
	return o.Store.Receipts(ctx, q)
}

// Faults lists what boards sent that cannot be right, the last first; of all
// clusters for "".
func (o *Orders) Faults(ctx context.Context, cluster string, limit int) ([]Fault, error) {
	return o.Store.Faults(ctx, cluster, limit)
}

// Greeting is the last hello of a cluster; ErrNotFound.
func (o *Orders) Greeting(ctx context.Context, cluster string) (Greeting, error) {
	g, err := o.Store.Greeting(ctx, cluster)
	if err != nil {
		return g, fmt.Errorf("hello of cluster %q: %w", cluster, err)
	}
	return g, nil
}
