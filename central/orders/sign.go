package orders

import (
	"context"

	"loa/controller/protocol"
)

// AddSignature adds one signature to an order that gathers. One that does not
// verify, or by a key whose person has no say in it, is refused with a
// *protocol.Refusal and leaves the order as it was. When enough persons have
// signed (in the judgement of protocol.Open on every board that is meant) the
// order is sealed and put into the outbox in one transaction, and sent. A
// signature to an order that is sealed already changes nothing.
func (o *Orders) AddSignature(ctx context.Context, hash string, s protocol.Signature) (Status, error) {
	return Status{}, nil
}

// Submit takes a whole envelope with its signatures, drafted here or not. With
// too few signatures it is kept as a draft that gathers.
func (o *Orders) Submit(ctx context.Context, by string, envelope []byte) (Status, error) {
	return Status{}, nil
}

// SetRoot takes a root that its owners signed offline: the first one, or the
// step that follows the one in force.
func (o *Orders) SetRoot(ctx context.Context, by string, envelope []byte) (Status, error) {
	return Status{}, nil
}

// SendPlan gives a cluster its next plan, signed by central's own key. Version,
// revision and issued are filled in; the revision jumps past what the board
// has. A plan that says the same as the one in force is not sent again.
// ErrNotReady without a signed placement of the cluster.
func (o *Orders) SendPlan(ctx context.Context, plan protocol.Plan) (Status, error) {
	return Status{}, nil
}
