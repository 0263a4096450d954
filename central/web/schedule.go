package web

import (
	"context"
	"net/http"
	"time"

	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

type ProgrammeID struct {
	ID string `path:"id" maxLength:"64"`
}

type programmeAnswer struct {
	ETag string `header:"ETag"`
	Body planner.Programme
}

func (a *api) schedule() {
	route(a, "POST", "/programmes", "Make a programme", a.addProgramme)
	route(a, "GET", "/programmes", "All programmes", a.programmes)
	route(a, "GET", "/programmes/{id}", "One programme", a.programmeByID)
	route(a, "PUT", "/programmes/{id}", "Change a programme", a.changeProgramme)
	route(a, "DELETE", "/programmes/{id}", "Take a programme out of every plan", a.removeProgramme)
	route(a, "GET", "/clusters/{id}/plan", "The plan in force", a.plan)
	route(a, "GET", "/clusters/{id}/day", "A day of a cluster, worked out by the code that its board runs", a.day)
}

// mayProgramme: whoever edits programmes in the area, with bulletins that exist.
func (a *api) mayProgramme(ctx context.Context, p planner.Programme) error {
	if err := a.Registry.Allow(ctx, asks(ctx), registry.EditProgrammes, p.Area); err != nil {
		return err
	}
	for _, id := range p.Bulletins {
		if _, err := a.Library.Bulletin(ctx, id); err != nil {
			return newProblem(http.StatusUnprocessableEntity, "invalid", "bulletin "+id+" is not known").at("bulletins", id)
		}
	}
	return nil
}

func (a *api) addProgramme(ctx context.Context, in *body[planner.Programme]) (*programmeAnswer, error) {
	if err := in.Body.Validate(); err != nil {
		return nil, err
	}
	if err := a.mayProgramme(ctx, in.Body); err != nil {
		return nil, err
	}
	p, err := a.Planner.Create(ctx, asks(ctx), in.Body)
	if err != nil {
		return nil, err
	}
	a.Planned()
	return &programmeAnswer{etag(p.Revision), p}, nil
}

func (a *api) programmes(ctx context.Context, _ *none) (*body[[]planner.Programme], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadContent); err != nil {
		return nil, err
	}
	all, err := a.Planner.Programmes(ctx)
	return answer(list(all, func(p planner.Programme) planner.Programme { return p })), err
}

func (a *api) programmeByID(ctx context.Context, in *ProgrammeID) (*programmeAnswer, error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadContent); err != nil {
		return nil, err
	}
	p, err := a.Planner.Programme(ctx, in.ID)
	return &programmeAnswer{etag(p.Revision), p}, err
}

func (a *api) changeProgramme(ctx context.Context, in *struct {
	ProgrammeID
	IfMatch string `header:"If-Match"`
	Body    planner.Programme
}) (*programmeAnswer, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	was, err := a.Planner.Programme(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Registry.Allow(ctx, asks(ctx), registry.EditProgrammes, was.Area); err != nil {
		return nil, err
	}
	p := in.Body
	p.ID, p.Revision = in.ID, revision
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := a.mayProgramme(ctx, p); err != nil {
		return nil, err
	}
	if p, err = a.Planner.Change(ctx, asks(ctx), p); err != nil {
		return nil, err
	}
	a.Planned()
	return &programmeAnswer{etag(p.Revision), p}, nil
}

func (a *api) removeProgramme(ctx context.Context, in *ProgrammeID) (*body[none], error) {
	p, err := a.Planner.Programme(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Registry.Allow(ctx, asks(ctx), registry.EditProgrammes, p.Area); err != nil {
		return nil, err
	}
	if err := a.Planner.Remove(ctx, asks(ctx), in.ID); err != nil {
		return nil, err
	}
	a.Planned()
	return answer(none{}), nil
}

// planOf is the plan that a cluster was last sent.
func (a *api) planOf(ctx context.Context, id string) (protocol.Plan, error) {
	if _, err := a.readable(ctx, id); err != nil {
		return protocol.Plan{}, err
	}
	found, err := a.Orders.List(ctx, orders.Query{Kinds: []protocol.Kind{protocol.KindPlan}, Cluster: id, State: orders.Sealed, Newest: true, Limit: 1})
	if err != nil {
		return protocol.Plan{}, err
	}
	if len(found) == 0 {
		return protocol.Plan{}, newProblem(http.StatusNotFound, "not-found", "no plan was sent to "+id+" yet")
	}
	d, err := a.Orders.Draft(ctx, found[0].Hash)
	if err != nil {
		return protocol.Plan{}, err
	}
	return protocol.Decode[protocol.Plan](d.Envelope.Payload)
}

func (a *api) plan(ctx context.Context, in *ClusterID) (*body[protocol.Plan], error) {
	p, err := a.planOf(ctx, in.ID)
	return answer(p), err
}

type day struct {
	Slots   []planner.Slot    `json:"slots"`
	Skipped []planner.Skipped `json:"skipped"`
}

func (a *api) day(ctx context.Context, in *struct {
	ClusterID
	Date string `query:"date" required:"true" format:"date" doc:"As in 2026-11-21, in the province's zone."`
}) (*body[day], error) {
	p, err := a.planOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return nil, err
	}
	from, err := time.ParseInLocation(time.DateOnly, in.Date, zone)
	if err != nil {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "date is not a day like 2026-11-21").at("date", in.Date)
	}
	slots, skipped, err := planner.Preview(p, from, from.AddDate(0, 0, 1))
	return answer(day{
		list(slots, func(s planner.Slot) planner.Slot { return s }), list(skipped, func(s planner.Skipped) planner.Skipped { return s }),
	}), err
}
