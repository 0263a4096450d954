package orders

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"loa/central/registry"
	"loa/controller/protocol"
)

// Root is the root in force; ErrNotReady before the first.
func (o *Orders) Root() (protocol.Root, error) {
	root := o.trust.known().Root
	if root == nil {
		return protocol.Root{}, fmt.Errorf("%w: there is no root", ErrNotReady)
	}
	return *root, nil
}

// Placement drafts the placement of a cluster from the registry, with the key
// of the board that is enrolled there, for the root's administrators to sign.
// ErrNotReady without a board in service.
func (o *Orders) Placement(ctx context.Context, by, cluster string) (Draft, error) {
	board, err := o.board(ctx, cluster)
	if err != nil {
		return Draft{}, err
	}
	return o.place(ctx, by, cluster, board)
}

// Enrol reads a board's request (an Envelope as `loa-agent init` wrote it),
// verifies that the board holds the key it names, and drafts the placement
// that puts that key into a cluster. The registry is not changed.
func (o *Orders) Enrol(ctx context.Context, by, cluster string, request []byte) (protocol.EnrolRequest, Draft, error) {
	r, err := protocol.OpenEnrolRequest(request)
	if err != nil {
		return r, Draft{}, err
	}
	d, err := o.place(ctx, by, cluster, r.Board)
	return r, d, err
}

func (o *Orders) place(ctx context.Context, by, cluster string, board protocol.Key) (Draft, error) {
	c, err := o.Registry.Cluster(ctx, cluster)
	if err != nil {
		return Draft{}, err
	}
	areas, err := o.Registry.AreaCodes(ctx, cluster)
	if err != nil {
		return Draft{}, err
	}
	revision, err := o.next(ctx, "placement", cluster)
	if err != nil {
		return Draft{}, err
	}
	return o.DraftDocument(ctx, by, protocol.KindPlacement, protocol.Live, protocol.Placement{
		Version: protocol.Version, Revision: revision, Issued: present(), Cluster: cluster, Board: board,
		Areas: areas, Languages: c.Languages, Neighbours: append([]string{}, c.Neighbours...),
	})
}

// board is the key of the board in service in a cluster; ErrNotReady for none.
func (o *Orders) board(ctx context.Context, cluster string) (protocol.Key, error) {
	devices, err := o.Registry.Devices(ctx, cluster)
	if err != nil {
		return protocol.Key{}, fmt.Errorf("look up the board of cluster %s: %w", cluster, err)
	}
	for _, d := range devices {
		if d.RevokedAt.IsZero() && d.Cluster == cluster {
			return boardKey(d), nil
		}
	}
	return protocol.Key{}, fmt.Errorf("%w: cluster %s has no board in service", ErrNotReady, cluster)
}

func boardKey(d registry.Device) protocol.Key {
	return protocol.NewKey(ed25519.PublicKey(d.Public))
}

// Trust is what a new board is given: the root, key set and placement in force,
// sealed. ErrNotReady names what is not signed yet.
func (o *Orders) Trust(ctx context.Context, cluster string) (root, keySet, placement protocol.Envelope, err error) {
	for _, want := range []struct {
		kind    protocol.Kind
		cluster string
		to      *protocol.Envelope
	}{{protocol.KindRoot, "", &root}, {protocol.KindKeySet, "", &keySet}, {protocol.KindPlacement, cluster, &placement}} {
		found, err := o.Store.Orders(ctx, Query{Kinds: []protocol.Kind{want.kind}, Cluster: want.cluster, State: Sealed, Newest: true})
		if err != nil {
			return root, keySet, placement, fmt.Errorf("read %s: %w", want.kind, err)
		}
		if len(found) == 0 {
			return root, keySet, placement, fmt.Errorf("%w: the %s is not signed yet", ErrNotReady, want.kind)
		}
		*want.to = found[0].envelope()
	}
	return root, keySet, placement, nil
}
