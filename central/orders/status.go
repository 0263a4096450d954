package orders

import (
	"context"
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
	// Lacks says why it is not sealed yet: threshold, not-authorised, ...; nil
	// once it is.
	Lacks  *protocol.Refusal
	Counts Counts
}

// Status is ErrNotFound for an unknown hash.
func (o *Orders) Status(ctx context.Context, hash string) (Status, error) { return Status{}, nil }

// List gives the orders that q chooses, the last drafted first, without what
// became of them.
func (o *Orders) List(ctx context.Context, q Query) ([]Status, error) { return nil, nil }

// Draft gives back the bytes of an order, also when it is sealed; ErrNotFound.
func (o *Orders) Draft(ctx context.Context, hash string) (Draft, error) { return Draft{}, nil }

// Fates lists what became of an order on every cluster it is for, by cluster.
func (o *Orders) Fates(ctx context.Context, hash string) ([]ClusterFate, error) { return nil, nil }

// Receipts lists receipts in the order in which they came.
func (o *Orders) Receipts(ctx context.Context, q ReceiptQuery) ([]ReceiptRow, error) { return nil, nil }

// Faults lists what boards sent that cannot be right, the last first; of all
// clusters for "".
func (o *Orders) Faults(ctx context.Context, cluster string, limit int) ([]Fault, error) {
	return nil, nil
}

// Greeting is the last hello of a cluster; ErrNotFound.
func (o *Orders) Greeting(ctx context.Context, cluster string) (Greeting, error) {
	return Greeting{}, nil
}
