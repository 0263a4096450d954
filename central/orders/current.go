package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"loa/central/registry"
	"loa/controller/protocol"
)

// current refuses a key set or placement that the registry has moved on from
// since it was drafted, as by revoking a key that it still lists: sealed now it
// would undo that. The error is an ErrConflict.
func (o *Orders) current(ctx context.Context, r Record) error {
	_, document, err := describe(r.envelope())
	if err != nil {
		return err
	}
	changed := ""
	switch d := document.(type) {
	case protocol.KeySet:
		changed, err = o.keySetChanged(ctx, d)
	case protocol.Placement:
		changed, err = o.placementChanged(ctx, d)
	}
	if err != nil {
		return fmt.Errorf("compare %s with the registry: %w", r.Subject, err)
	}
	if changed != "" {
		return fmt.Errorf("%w: %s changed since this %s was drafted; draft it again", ErrConflict, changed, r.Subject)
	}
	return nil
}

func (o *Orders) keySetChanged(ctx context.Context, d protocol.KeySet) (string, error) {
	m, err := o.makeKeySet(ctx, o.trust.known().Root)
	if err != nil {
		return "", err
	}
	if same, err := alike(m.set.Persons, d.Persons); err != nil || !same {
		return "persons or their keys", err
	}
	if same, err := alike(m.set.Rules, d.Rules); err != nil || !same {
		return "roles", err
	}
	return "", nil
}

// placementChanged allows a board that is not in the registry yet: it is put
// there once its placement is sealed.
func (o *Orders) placementChanged(ctx context.Context, d protocol.Placement) (string, error) {
	c, err := o.Registry.Cluster(ctx, d.Cluster)
	if errors.Is(err, registry.ErrNotFound) {
		return "the cluster", nil
	}
	if err != nil {
		return "", err
	}
	areas, err := o.Registry.AreaCodes(ctx, d.Cluster)
	if err != nil {
		return "", err
	}
	devices, err := o.Registry.Devices(ctx, "")
	if err != nil {
		return "", err
	}
	switch {
	case !slices.Equal(areas, d.Areas):
		return "the cluster's areas", nil
	case !slices.Equal(c.Languages, d.Languages):
		return "the cluster's languages", nil
	case !slices.Equal(c.Neighbours, d.Neighbours):
		return "the cluster's neighbours", nil
	case slices.ContainsFunc(devices, func(b registry.Device) bool {
		return b.ID == d.Board.ID && (!b.RevokedAt.IsZero() || b.Cluster != d.Cluster)
	}):
		return "the board's place", nil
	}
	return "", nil
}

// alike reports whether two values read the same in a document.
func alike[T any](a, b T) (bool, error) {
	x, err := protocol.Encode(a)
	if err != nil {
		return false, err
	}
	y, err := protocol.Encode(b)
	return string(x) == string(y), err
}
