package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

// rootPrefix begins the names of a demo's owners and administrators, so that a
// root tells whose it is.
const rootPrefix = "demo-"

// Rooted reports whether a root is a demo's: its private keys lie in a folder.
func Rooted(root protocol.Root) bool {
	return slices.ContainsFunc(root.Owners, func(p protocol.Person) bool { return strings.HasPrefix(p.ID, rootPrefix) })
}

// root sets the root, signed by two of its three owners.
func (d *Demo) root(ctx context.Context) error {
	switch _, err := d.Orders.Root(); {
	case err == nil:
		return nil
	case !errors.Is(err, orders.ErrNotReady):
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	root := protocol.Root{
		Version: protocol.Version, Revision: 1, Issued: now, Expires: now.AddDate(10, 0, 0),
		Threshold: 2, AdminThreshold: 2, WideAlert: 2,
	}
	var err error
	if root.Scopes, err = d.provinces(ctx); err != nil {
		return err
	}
	if root.Owners, err = d.persons(owners); err != nil {
		return err
	}
	if root.Administrators, err = d.persons(administrators); err != nil {
		return err
	}
	e, err := protocol.Draft(protocol.KindRoot, protocol.Live, root)
	if err != nil {
		return err
	}
	for _, name := range owners[:root.Threshold] {
		signature, err := d.signature(e, name)
		if err != nil {
			return err
		}
		e.AddSignature(signature)
	}
	data, err := protocol.Encode(e)
	if err != nil {
		return err
	}
	if _, err := d.Orders.SetRoot(ctx, Service, data); err != nil {
		return err
	}
	d.Say("the root, signed by two of its three owners")
	return nil
}

// provinces of the registry, by code.
func (d *Demo) provinces(ctx context.Context) ([]string, error) {
	areas, err := d.Registry.Areas(ctx)
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, a := range areas {
		if a.Kind == registry.Province {
			codes = append(codes, a.Code)
		}
	}
	return codes, nil
}

// keySet has both administrators sign the next key set, where the registry has
// moved on from the one in force. Where it moves on once more meanwhile, they
// begin again.
func (d *Demo) keySet(ctx context.Context) error {
	d.signing.Lock()
	defer d.signing.Unlock()
	for {
		due, err := d.Orders.KeySetDue(ctx)
		if err != nil || !due {
			return err
		}
		draft, err := d.Orders.KeySet(ctx, Service)
		if err != nil {
			return err
		}
		switch err := d.sign(ctx, draft, administrators...); {
		case errors.Is(err, orders.ErrConflict):
		case err != nil:
			return err
		default:
			d.Say("a key set, signed by two administrators")
		}
	}
}

// sign gives a draft the signatures that it needs.
func (d *Demo) sign(ctx context.Context, draft orders.Draft, names ...string) error {
	var st orders.Status
	for _, name := range names {
		signature, err := d.signature(draft.Envelope, name)
		if err != nil {
			return err
		}
		if st, err = d.Orders.AddSignature(ctx, draft.Hash, signature); err != nil {
			return fmt.Errorf("sign %s: %w", draft.Subject, err)
		}
	}
	if st.State != orders.Sealed {
		return fmt.Errorf("sign %s: it is %s after %d signatures", draft.Subject, st.State, len(names))
	}
	return nil
}

// Confirm puts the keys of a person that were just confirmed into force, without
// waiting for Run to see them.
func (d *Demo) Confirm(ctx context.Context, _ string) error { return d.keySet(ctx) }
