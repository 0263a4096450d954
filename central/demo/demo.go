package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/seeds"
)

// Options are the rooms that a demo is set up in; all but Province are required.
type Options struct {
	Dir      string // of the demo's keys; it is there
	Registry *registry.Registry
	Library  *library.Library
	Planner  *planner.Planner
	Orders   *orders.Orders
	Planned  func()            // something changed that plans are made of
	Say      func(step string) // what was just done, for a person who waits
	Log      *slog.Logger

	Province *seeds.Province // nil: that of the seeds
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

// SetUp makes what boards and people need before anything else: areas, clusters
// and people, the root, the key set, and the token of the simulation. What an
// earlier start did stays, and what people took away since stays away.
func (d *Demo) SetUp(ctx context.Context) error {
	p, err := d.province()
	if err != nil {
		return fmt.Errorf("read seeds: %w", err)
	}
	done, err := d.complete()
	if err != nil {
		return fmt.Errorf("see how far the set-up is: %w", err)
	}
	code, err := codeOf(p)
	if err != nil {
		return err
	}
	if !done {
		if err := d.sow(ctx, p); err != nil {
			return err
		}
		if err := d.approver(ctx, code); err != nil {
			return fmt.Errorf("give the demo's broadcaster a key: %w", err)
		}
	}
	if err := d.serve(ctx, code); err != nil {
		return fmt.Errorf("add the demo's own person: %w", err)
	}
	if err := d.root(ctx); err != nil {
		return fmt.Errorf("make root: %w", err)
	}
	if err := d.keySet(ctx); err != nil {
		return fmt.Errorf("make key set: %w", err)
	}
	return nil
}

// Run does what takes longer, while the server serves: it has the bulletins
// spoken and approved, the welcome first; and it signs a key set whenever the
// registry has moved on, because nobody else in a demo can. A set-up that ctx
// ends goes on at the next start. What fails is logged: it costs the demo what
// it was about, not the server.
func (d *Demo) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		if err := d.speak(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("set up demo", "error", err)
			d.Say("the set-up is not complete: " + err.Error())
		}
	})
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		if err := errors.Join(d.keySet(ctx), d.dropLink(ctx)); err != nil && ctx.Err() == nil {
			d.Log.Error("mind demo", "error", err)
		}
	}
}

// lookEvery is how often Run looks whether there is something to sign.
const lookEvery = 2 * time.Second

func (d *Demo) speak(ctx context.Context) error {
	p, err := d.province()
	if err != nil {
		return fmt.Errorf("read seeds: %w", err)
	}
	done, err := d.complete()
	if err != nil {
		return fmt.Errorf("see how far the set-up is: %w", err)
	}
	if done {
		return d.greet(ctx)
	}
	if err := d.welcome(ctx, p); err != nil {
		return fmt.Errorf("welcome: %w", err)
	}
	if err := d.programmes(ctx, p); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.Dir, completeFile), nil); err != nil {
		return fmt.Errorf("note that the set-up is complete: %w", err)
	}
	d.Say("the set-up is complete")
	return nil
}

// serve adds the person for whom the demo works, and writes the token with
// which the simulation enrols its boards.
func (d *Demo) serve(ctx context.Context, province string) error {
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

// approver puts the broadcaster's key into the registry, for the first
// broadcaster of the province.
func (d *Demo) approver(ctx context.Context, province string) error {
	person, err := d.broadcaster(ctx, province)
	if err != nil {
		return err
	}
	key, err := d.public(broadcasterKey)
	if err != nil {
		return err
	}
	_, err = d.Registry.AddKey(ctx, Service, person, key.ID, registry.Scheme(key.Scheme), key.Public)
	if errors.Is(err, registry.ErrExists) {
		return nil
	}
	return err
}

// broadcaster is whose word approves the demo's own bulletins.
func (d *Demo) broadcaster(ctx context.Context, province string) (person string, err error) {
	roles, err := d.Registry.Roles(ctx, "")
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(roles, func(r registry.Role) bool { return r.Name == registry.Broadcaster && r.Area == province })
	if i < 0 {
		return "", errors.New("the province has no broadcaster")
	}
	return roles[i].Person, nil
}
