package orders

import (
	"context"

	"loa/controller/protocol"
)

// Root is the root in force; ErrNotReady before the first.
func (o *Orders) Root() (protocol.Root, error) { return protocol.Root{}, nil }

// KeySet drafts the next key set from the registry's persons, roles and keys,
// for the root's administrators to sign; ErrNotReady without a root. Rules:
//
//   - bulletins: broadcasters and officers, one of them, per area of their role
//   - alerts, live: officers of a commune or village, one of them; beyond one
//     commune as many as the root says of the province's administrators,
//     broadcasters and officers
//   - drills: the same persons, one of them
//   - local orders, live and drill: officers of a commune or village, one
//   - plans, times, acknowledgements: central
func (o *Orders) KeySet(ctx context.Context, by string) (Draft, error) { return Draft{}, nil }

// Placement drafts the placement of a cluster from the registry, with the key
// of the board that is enrolled there, for the root's administrators to sign.
// ErrNotReady without a board in service.
func (o *Orders) Placement(ctx context.Context, by, cluster string) (Draft, error) {
	return Draft{}, nil
}

// Enrol reads a board's request (an Envelope as `loa-agent init` wrote it),
// verifies that the board holds the key it names, and drafts the placement
// that puts that key into a cluster. The registry is not changed.
func (o *Orders) Enrol(ctx context.Context, by, cluster string, request []byte) (protocol.EnrolRequest, Draft, error) {
	return protocol.EnrolRequest{}, Draft{}, nil
}

// Trust is what a new board is given: the root, key set and placement in force,
// sealed. ErrNotReady names what is not signed yet.
func (o *Orders) Trust(ctx context.Context, cluster string) (root, keySet, placement protocol.Envelope, err error) {
	return root, keySet, placement, nil
}

// PublicKey is central's own key, as it stands in the key set.
func (o *Orders) PublicKey() protocol.Key { return protocol.Key{} }
