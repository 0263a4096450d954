package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

// Programme is bulletins at a time, once or again and again, for an area and
// all that lies in it.
type Programme struct {
	ProgrammeFields
	ByName string `json:"byName,omitempty" readOnly:"true" doc:"What who changed it last is called."`
}

// ProgrammeFields is a programme as planner has it.
type ProgrammeFields struct {
	ID        string   `json:"id" maxLength:"48"`
	Revision  int64    `json:"revision" readOnly:"true"`
	Title     string   `json:"title"`
	Area      string   `json:"area" maxLength:"16" doc:"Code."`
	Class     string   `json:"class" enum:"routine,priority"`
	Order     int      `json:"order" required:"false" minimum:"-1000000" maximum:"1000000" doc:"Between programmes of one class at one time the lower plays first; for priority bulletins the commune user decides it (TT 39)."`
	Start     string   `json:"start" maxLength:"19" doc:"Local time in the province, as in 2026-11-21T05:30:00."`
	Rule      string   `json:"rule,omitempty" maxLength:"500" doc:"RFC 5545 recurrence, as in FREQ=DAILY; empty is once."`
	Except    []string `json:"except,omitempty" maxItems:"400" maxLength:"19" doc:"Starts that are left out, local time."`
	Seconds   int      `json:"seconds" doc:"The slot: the longest that it may sound."`
	Late      int      `json:"late" required:"false" doc:"Seconds after its time at which it may still begin or go on."`
	Bulletins []string `json:"bulletins" maxItems:"50" maxLength:"64" doc:"Ids, in the order in which they play."`
	NoChime   bool     `json:"noChime,omitempty"`
	Gain      float64  `json:"gain,omitempty" minimum:"-40" maximum:"0" doc:"How much softer it sounds than it was made, in dB."`
	By        string   `json:"by" readOnly:"true" doc:"Who changed it last."`
}

// scheduled is a programme that was just kept.
type scheduled struct {
	Programme
	Conflicts []planner.Overlap `json:"conflicts" doc:"Programmes with which it overlaps within the next 14 days."`
}

type ProgrammeID struct {
	ID string `path:"id" maxLength:"64"`
}

type programmeAnswer struct {
	ETag string `header:"ETag"`
	Body Programme
}

type scheduledAnswer struct {
	ETag string `header:"ETag"`
	Body scheduled
}

func (a *api) schedule() {
	a.group = "Schedule"
	route(a, "addProgramme", "POST", "/programmes", "Make a programme", a.addProgramme)
	route(a, "findConflicts", "POST", "/programmes/conflicts", "What a programme would overlap with; nothing is kept", a.findConflicts)
	route(a, "listProgrammes", "GET", "/programmes", "Programmes that concern the person", a.programmes)
	route(a, "getProgramme", "GET", "/programmes/{id}", "One programme", a.programmeByID)
	route(a, "changeProgramme", "PUT", "/programmes/{id}", "Change a programme", a.changeProgramme)
	route(a, "removeProgramme", "DELETE", "/programmes/{id}", "Take a programme out of every plan", a.removeProgramme)
	route(a, "getSchedule", "GET", "/schedule", "Every time that programmes have, as the boards work it out", a.occurrences)
	route(a, "getPlan", "GET", "/clusters/{id}/plan", "The plan in force", a.plan)
	route(a, "getDay", "GET", "/clusters/{id}/day", "A day of a cluster, worked out by the code that its board runs", a.day)
}

// mayProgramme: whoever edits programmes in the area, with bulletins that exist.
func (a *api) mayProgramme(ctx context.Context, p planner.Programme) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := a.allow(ctx, registry.EditProgrammes, "area", p.Area); err != nil {
		return err
	}
	var unknown *problem
	for _, id := range p.Bulletins {
		_, err := a.Library.Bulletin(ctx, id)
		if err != nil && !errors.Is(err, library.ErrNotFound) {
			return err
		}
		if err != nil && unknown == nil {
			unknown = newProblem(http.StatusUnprocessableEntity, "bulletin %q is not known", id)
		}
		if err != nil {
			unknown.at("bulletins", id+" is not known")
		}
	}
	if unknown != nil {
		return unknown
	}
	return nil
}

// conflictAhead is how far overlaps are looked for.
const conflictAhead = 14 * 24 * time.Hour

// conflicts are the overlaps of one programme, kept or not, with the others.
func (a *api) conflicts(ctx context.Context, p planner.Programme) ([]planner.Overlap, error) {
	all, err := a.Planner.Programmes(ctx)
	if err != nil {
		return nil, err
	}
	all = append(slices.DeleteFunc(all, func(o planner.Programme) bool { return o.ID == p.ID }), p)
	paths := map[string]registry.Path{}
	for _, o := range all {
		if paths[o.Area] != nil {
			continue
		}
		if paths[o.Area], err = a.Registry.Path(ctx, o.Area); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	found, err := planner.Conflicts(all, paths, now, now.Add(conflictAhead))
	return slices.DeleteFunc(found, func(o planner.Overlap) bool { return o.First != p.ID && o.Second != p.ID }), err
}

func (a *api) findConflicts(ctx context.Context, in *body[Programme]) (*body[[]planner.Overlap], error) {
	p := planner.Programme(in.Body.ProgrammeFields)
	if err := a.mayProgramme(ctx, p); err != nil {
		return nil, err
	}
	found, err := a.conflicts(ctx, p)
	return answer(found), err
}

// keep has a programme kept, and names what it overlaps with.
func (a *api) keep(ctx context.Context, p planner.Programme, keep func(context.Context, string, planner.Programme) (planner.Programme, error)) (*scheduledAnswer, error) {
	found, err := a.conflicts(ctx, p)
	if err != nil {
		return nil, err
	}
	if p, err = keep(ctx, asks(ctx), p); err != nil {
		return nil, err
	}
	a.Planned()
	return &scheduledAnswer{etag(p.Revision), scheduled{Programme{ProgrammeFields(p), ""}, found}}, nil
}

func (a *api) addProgramme(ctx context.Context, in *body[Programme]) (*scheduledAnswer, error) {
	p := planner.Programme(in.Body.ProgrammeFields)
	if err := a.mayProgramme(ctx, p); err != nil {
		return nil, err
	}
	return a.keep(ctx, p, a.Planner.Create)
}

func (a *api) changeProgramme(ctx context.Context, in *struct {
	ProgrammeID
	IfMatch string `header:"If-Match" doc:"The ETag of what was read."`
	Body    Programme
}) (*scheduledAnswer, error) {
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
	p := planner.Programme(in.Body.ProgrammeFields)
	if err := sameID(&p.ID, in.ID); err != nil {
		return nil, err
	}
	p.Revision = revision
	if err := a.mayProgramme(ctx, p); err != nil {
		return nil, err
	}
	kept, err := a.keep(ctx, p, a.Planner.Change)
	if err == nil {
		a.left("programmes", in.ID, []string{was.Area}, []string{p.Area})
	}
	return kept, err
}

func (a *api) programmes(ctx context.Context, _ *none) (*body[[]Programme], error) {
	codes, all, err := a.Registry.Concerning(ctx, asks(ctx), registry.ReadContent)
	if err != nil {
		return nil, err
	}
	concerns := map[string]bool{}
	for _, code := range codes {
		concerns[code] = true
	}
	kept, err := a.Planner.Programmes(ctx)
	if err != nil {
		return nil, err
	}
	introduced, err := a.introduced(ctx)
	if err != nil {
		return nil, err
	}
	found := []Programme{}
	for _, p := range kept {
		if all || concerns[p.Area] {
			found = append(found, Programme{ProgrammeFields(p), introduced(p.By).Name})
		}
	}
	return answer(found), nil
}

func (a *api) programmeByID(ctx context.Context, in *ProgrammeID) (*programmeAnswer, error) {
	p, err := a.Planner.Programme(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.reads(ctx, registry.ReadContent, p.Area); err != nil {
		return nil, err
	}
	introduced, err := a.introduced(ctx)
	return &programmeAnswer{etag(p.Revision), Programme{ProgrammeFields(p), introduced(p.By).Name}}, err
}

func (a *api) removeProgramme(ctx context.Context, in *struct {
	ProgrammeID
	IfMatch string `header:"If-Match" doc:"The ETag of what was read."`
}) (*body[none], error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	p, err := a.Planner.Programme(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Registry.Allow(ctx, asks(ctx), registry.EditProgrammes, p.Area); err != nil {
		return nil, err
	}
	if err := a.Planner.Remove(ctx, asks(ctx), in.ID, revision); err != nil {
		return nil, err
	}
	a.left("programmes", in.ID, []string{p.Area}, nil)
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
		return protocol.Plan{}, newProblem(http.StatusNotFound, "no plan was sent to %s yet", id)
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

type slot struct {
	planner.Slot
	Title string `json:"title,omitempty" doc:"Of the programme, as it is called now."`
}

type skipped struct {
	planner.Skipped
	Title string `json:"title,omitempty" doc:"Of the programme, as it is called now."`
}

type day struct {
	Slots   []slot    `json:"slots"`
	Skipped []skipped `json:"skipped"`
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
		return nil, newProblem(http.StatusUnprocessableEntity, "date is not a day like 2026-11-21").at("date", "is not a day")
	}
	slots, missed, err := planner.Preview(p, from, from.AddDate(0, 0, 1))
	titles := a.titles(ctx)
	return answer(day{
		list(slots, func(s planner.Slot) slot { return slot{s, titles(s.Item)} }),
		list(missed, func(s planner.Skipped) skipped { return skipped{s, titles(s.Item)} }),
	}), err
}
