package central

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

// replanEvery keeps every board's plan reaching weeks ahead.
const replanEvery = 6 * time.Hour

// planned notes that something changed which plans are made of.
func (c *Central) planned() {
	select {
	case c.replan <- struct{}{}:
	default:
	}
}

// plan compiles every cluster's plan when something changed, and now and then.
func (c *Central) plan(ctx context.Context) error {
	every := time.NewTicker(replanEvery)
	defer every.Stop()
	for {
		if err := c.planAll(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("compile plans", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		case <-c.replan:
		}
	}
}

// planAll compiles and sends. A plan that says nothing new is not sent again.
func (c *Central) planAll(ctx context.Context) error {
	clusters, err := c.registry.Clusters(ctx)
	if err != nil {
		return fmt.Errorf("list clusters: %w", err)
	}
	programmes, err := c.planner.Programmes(ctx)
	if err != nil {
		return fmt.Errorf("list programmes: %w", err)
	}
	bulletins, err := c.approved(ctx, programmes)
	if err != nil {
		return err
	}
	var errs []error
	for _, cluster := range clusters {
		if err := c.planOne(ctx, cluster, programmes, bulletins); err != nil && !errors.Is(err, orders.ErrNotReady) {
			errs = append(errs, fmt.Errorf("plan of %s: %w", cluster.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (c *Central) planOne(ctx context.Context, cluster registry.Cluster, programmes []planner.Programme, bulletins map[string]planner.Approved) error {
	codes, err := c.registry.AreaCodes(ctx, cluster.ID)
	if err != nil {
		return err
	}
	plan, notes := c.compile(planner.Cluster{ID: cluster.ID, Areas: codes, Languages: cluster.Languages}, programmes, bulletins)
	for _, n := range notes {
		c.Log.Info("plan", "cluster", cluster.ID, "note", n)
	}
	_, err = c.orders.SendPlan(ctx, plan)
	return err
}

func (c *Central) compile(cluster planner.Cluster, programmes []planner.Programme, bulletins map[string]planner.Approved) (protocol.Plan, []string) {
	plan, notes := planner.Compile(cluster, programmes, bulletins, time.Now())
	if c.NoSelfTests {
		plan.SelfTest = nil
	}
	return plan, notes
}

// approved are the bulletins that programmes name and persons signed, as the
// signed documents say, which is what boards will judge by.
func (c *Central) approved(ctx context.Context, programmes []planner.Programme) (map[string]planner.Approved, error) {
	found := map[string]planner.Approved{}
	for _, p := range programmes {
		for _, id := range p.Bulletins {
			if _, seen := found[id]; seen {
				continue
			}
			a, err := c.approvedBulletin(ctx, id)
			if err != nil {
				return nil, fmt.Errorf("read bulletin %s: %w", id, err)
			}
			found[id] = a
		}
	}
	return found, nil
}

// approvedBulletin has no Order where nobody approved it.
func (c *Central) approvedBulletin(ctx context.Context, id string) (planner.Approved, error) {
	b, err := c.library.Bulletin(ctx, id)
	if errors.Is(err, library.ErrNotFound) {
		return planner.Approved{ID: id}, nil
	}
	if err != nil {
		return planner.Approved{}, err
	}
	hash, ok := b.OnSchedule()
	if !ok {
		return planner.Approved{ID: id}, nil
	}
	draft, err := c.orders.Draft(ctx, hash)
	if err != nil {
		return planner.Approved{}, err
	}
	signed, err := protocol.Decode[protocol.Bulletin](draft.Envelope.Payload)
	if err != nil {
		return planner.Approved{}, err
	}
	a := planner.Approved{ID: id, Order: hash, Class: signed.Class, Areas: signed.Areas, From: signed.NotBefore, Until: signed.NotAfter}
	for _, spoken := range signed.Audio {
		a.Languages = append(a.Languages, spoken.Language)
	}
	return a, nil
}
