package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"loa/central/registry"
)

// allow asks for areas that a request names in a field: one that is unknown is
// that field's fault.
func (a *api) allow(ctx context.Context, action registry.Action, field string, codes ...string) error {
	err := a.Registry.Allow(ctx, asks(ctx), action, codes...)
	if errors.Is(err, registry.ErrNotFound) {
		return newProblem(http.StatusUnprocessableEntity, "%s: %s", field, clip(err.Error())).at(field, err.Error())
	}
	return err
}

// reads asks whether at least one of these areas concerns the person; what is
// for no area concerns whoever may read at all.
func (a *api) reads(ctx context.Context, action registry.Action, codes ...string) error {
	if len(codes) == 0 {
		return a.Registry.AllowAnywhere(ctx, asks(ctx), action)
	}
	return a.Registry.AllowRead(ctx, asks(ctx), action, codes...)
}

// scope lists the areas that concern the person, for a query: nil for all.
func (a *api) scope(ctx context.Context, action registry.Action) ([]string, error) {
	codes, all, err := a.Registry.Concerning(ctx, asks(ctx), action)
	if all {
		codes = nil
	}
	return codes, err
}

// mostDenials is how many denials of one person a minute go into the audit
// chain: every row waits for the disk, and alerts wait behind it. The log has
// all of them.
const mostDenials = 30

// denials counts what a person was denied in the minute that began at since.
type denials struct {
	mu    sync.Mutex
	since time.Time
	count map[string]int
}

func (d *denials) worth(person string, now time.Time) bool {
	return d.atMost(mostDenials, person, now)
}

func (d *denials) atMost(most int, person string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.since) >= time.Minute {
		d.since, d.count = now, map[string]int{}
	}
	d.count[person]++
	return d.count[person] <= most
}

// denied notes that the person was denied an operation. Hanging up does not
// leave it out.
func (a *api) denied(ctx context.Context, operation, why string) {
	person := asks(ctx)
	a.Log.Warn("denied", "person", person, "operation", operation, "why", why)
	if person == "" || !a.denials.worth(person, time.Now()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := a.Registry.NoteDenied(ctx, person, operation, why); err != nil {
		a.Log.Error("note a denial", "error", err)
	}
}
