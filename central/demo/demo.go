package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

// Options are the rooms that a demo is set up in; all are required.
type Options struct {
	Dir      string // of the demo's keys; it is there
	Registry *registry.Registry
	Library  *library.Library
	Planner  *planner.Planner
	Orders   *orders.Orders
	Planned  func()            // something changed that plans are made of
	Say      func(step string) // what was just done, for a person who waits
	Log      *slog.Logger
}

// Demo sets a demo up, and acts for its people.
type Demo struct {
	Options
	signing sync.Mutex // one key set is made at a time
}

// New returns the demo over its rooms; it does nothing yet.
func New(o Options) *Demo { return &Demo{Options: o} }

// Service is the person for whom the demo works: the audit chain names it, and
// the simulation speaks to the server as it.
const Service = "demo"

// rootPrefix begins the names of a demo's owners and administrators, so that a
// root tells whose it is.
const rootPrefix = "demo-"

// Rooted reports whether a root is a demo's: its private keys lie in a folder.
func Rooted(root protocol.Root) bool {
	return slices.ContainsFunc(root.Owners, func(p protocol.Person) bool { return strings.HasPrefix(p.ID, rootPrefix) })
}

// SetUp makes everything that boards and people need at once: areas, clusters
// and people, the root, the key set, and the token of the simulation. What an
// earlier start did stays.
func (d *Demo) SetUp(ctx context.Context) error {
	if err := d.sow(ctx); err != nil {
		return fmt.Errorf("sow areas, clusters and people: %w", err)
	}
	if err := d.serve(ctx); err != nil {
		return fmt.Errorf("add the demo's own person: %w", err)
	}
	if err := d.approver(ctx); err != nil {
		return fmt.Errorf("give the demo's broadcaster a key: %w", err)
	}
	if err := d.root(ctx); err != nil {
		return fmt.Errorf("make root: %w", err)
	}
	if err := d.keySet(ctx); err != nil {
		return fmt.Errorf("make key set: %w", err)
	}
	return nil
}

// Run does what takes longer, while the server serves.
func (d *Demo) Run(ctx context.Context) error { return nil }

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

// serve adds the person for whom the demo works, and writes the token with
// which the simulation enrols its boards.
func (d *Demo) serve(ctx context.Context) error {
	err := d.Registry.AddPerson(ctx, Service, registry.Person{ID: Service, Name: "Bản dùng thử"})
	if err != nil && !errors.Is(err, registry.ErrExists) {
		return err
	}
	for _, role := range []registry.RoleName{registry.Administrator, registry.Technician} {
		if err := d.Registry.GrantRole(ctx, Service, registry.Role{Person: Service, Name: role, Area: province}); err != nil {
			return err
		}
	}
	return d.token(ctx)
}

// approver puts the broadcaster's key into the registry, for the province's
// first broadcaster.
func (d *Demo) approver(ctx context.Context) error {
	roles, err := d.Registry.Roles(ctx, "")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(roles, func(r registry.Role) bool { return r.Name == registry.Broadcaster && r.Area == province })
	if i < 0 {
		return errors.New("the province has no broadcaster")
	}
	key, err := d.public(broadcaster)
	if err != nil {
		return err
	}
	_, err = d.Registry.AddKey(ctx, Service, roles[i].Person, key.ID, registry.Scheme(key.Scheme), key.Public)
	if errors.Is(err, registry.ErrExists) {
		return nil
	}
	return err
}

const tokenLife = 366 * 24 * time.Hour

// token sees that the token in the folder opens the API.
func (d *Demo) token(ctx context.Context) error {
	path := filepath.Join(d.Dir, tokenFile)
	if text, err := os.ReadFile(path); err == nil {
		if p, err := d.Registry.PersonByToken(ctx, string(text)); err == nil && p.ID == Service {
			return nil
		}
	}
	// What was made before and never written down is of no use.
	before, err := d.Registry.Tokens(ctx, Service)
	if err != nil {
		return err
	}
	for _, t := range before {
		if err := d.Registry.RevokeToken(ctx, Service, t.ID); err != nil {
			return err
		}
	}
	text, _, err := d.Registry.NewToken(ctx, Service, Service, "simulation", tokenLife)
	if err != nil {
		return err
	}
	if err := writeFile(path, []byte(text+"\n")); err != nil {
		return fmt.Errorf("write token: %w", err)
	}
	return nil
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
	_, err = d.Orders.SetRoot(ctx, Service, data)
	return err
}

// keySet has both administrators sign the next key set, where the registry has
// moved on from the one in force.
func (d *Demo) keySet(ctx context.Context) error {
	d.signing.Lock()
	defer d.signing.Unlock()
	changed, err := d.Orders.KeySetDue(ctx)
	if err != nil || !changed {
		return err
	}
	draft, err := d.Orders.KeySet(ctx, Service)
	if err != nil {
		return err
	}
	return d.sign(ctx, draft, administrators...)
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

// Confirm puts the keys that a person proposed into force: the demo's
// administrators confirm whatever is proposed.
func (d *Demo) Confirm(ctx context.Context, person string) error { return d.keySet(ctx) }
