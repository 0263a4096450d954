package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"loa/central/fleet"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

// entry is one thing that a cluster was told, did, suffered, or ought to have
// done.
type entry struct {
	At         time.Time          `json:"at"`
	Kind       string             `json:"kind" enum:"order,run,self-test,offline,online,fault,recovered,due"`
	Order      string             `json:"order,omitempty" doc:"Hash."`
	OrderKind  protocol.Kind      `json:"orderKind,omitempty"`
	Mode       protocol.Mode      `json:"mode,omitempty"`
	Subject    string             `json:"subject,omitempty"`
	Title      string             `json:"title,omitempty" doc:"Of the bulletin or programme; of an alert its hazard."`
	Occurrence string             `json:"occurrence,omitempty"`
	Output     string             `json:"output,omitempty"`
	Fate       string             `json:"fate,omitempty" doc:"Of an order where its delivery stands (waiting, held, accepted, not-durable, refused, superseded, lapsed); of a run what became of it (started, cut, finished, stopped, expired, missed, failed, pressed)."`
	Verdict    protocol.Verdict   `json:"verdict,omitempty" doc:"heard, silent, unknown."`
	Reason     string             `json:"reason,omitempty" doc:"Of a refusal or a fate; of what was due: offline, unknown."`
	Part       string             `json:"part,omitempty" doc:"Of the board that a fault is about."`
	Detail     string             `json:"detail,omitempty"`
	Evidence   *protocol.Evidence `json:"evidence,omitempty"`
	Started    *time.Time         `json:"started,omitempty"`
	Until      *time.Time         `json:"until,omitempty"`
}

type timeline struct {
	Entries []entry `json:"entries"`
}

func (a *api) timeline(ctx context.Context, in *struct {
	ClusterID
	From  time.Time `query:"from" doc:"Not before this."`
	Until time.Time `query:"until" doc:"Before this."`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[timeline], error) {
	if _, err := a.readable(ctx, in.ID); err != nil {
		return nil, err
	}
	sealed, err := a.Orders.Sealed(ctx, orders.SealedQuery{Cluster: in.ID, From: in.From, Until: in.Until, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	runs, err := a.Fleet.Runs(ctx, fleet.RunQuery{Cluster: in.ID, From: in.From, Until: in.Until, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	history, err := a.Fleet.History(ctx, fleet.HistoryQuery{Cluster: in.ID, From: in.From, Until: in.Until, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	titles := a.titles(ctx)
	all := make([]entry, 0, len(sealed)+len(runs)+len(history))
	for _, o := range sealed {
		all = append(all, ofOrder(o))
	}
	for _, r := range runs {
		all = append(all, ofRun(r, titles))
	}
	for _, e := range history {
		all = append(all, entry{At: e.At.UTC(), Kind: string(e.Kind), Part: e.Part, Detail: e.Detail})
	}
	due, err := a.due(ctx, in.ID, in.From, in.Until, time.Now())
	if err != nil {
		return nil, err
	}
	for _, d := range due {
		d.Title = titles(programmeOf(d.Occurrence))
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Kind, b.Kind))
	})
	return answer(timeline{all[:min(len(all), in.Limit)]}), nil
}

func ofOrder(o orders.SealedFor) entry {
	return entry{
		At: o.SealedAt.UTC(), Kind: "order", Order: o.Hash, OrderKind: o.Kind, Mode: o.Mode, Subject: o.Subject, Title: titleOf(o.Record),
		Fate: string(o.Handling), Verdict: o.Verdict, Reason: string(o.Reason), Detail: o.Detail, Until: moment(o.Record.Until),
	}
}

// titleOf is what a person calls an order.
func titleOf(r orders.Record) string {
	switch r.Kind {
	case protocol.KindBulletin:
		d, _ := protocol.Decode[protocol.Bulletin](r.Payload)
		return d.Title
	case protocol.KindAlert:
		d, _ := protocol.Decode[protocol.Alert](r.Payload)
		return d.Hazard
	case protocol.KindLocal:
		d, _ := protocol.Decode[protocol.Local](r.Payload)
		return d.Hazard
	}
	return ""
}

func ofRun(r fleet.Run, titles func(programme string) string) entry {
	e := entry{
		At: r.At.UTC(), Kind: "run", Order: r.Order, OrderKind: r.Kind, Mode: r.Mode, Subject: r.Subject, Occurrence: r.Occurrence,
		Output: r.Output, Fate: string(r.Fate), Reason: string(r.Reason), Detail: r.Detail, Evidence: r.Evidence, Started: moment(r.Started),
	}
	if r.Evidence != nil {
		e.Verdict = r.Evidence.Verdict
	}
	switch {
	case protocol.IsSelfTest(r.Occurrence):
		e.Kind = "self-test"
	case r.Kind == protocol.KindPlan:
		e.Title = titles(programmeOf(r.Occurrence))
	}
	return e
}

// programmeOf is the programme of an occurrence, as in news-am@2026-11-21T05:30:00.
func programmeOf(occurrence string) string {
	id, _, _ := strings.Cut(occurrence, "@")
	return id
}

// titles finds what programmes are called, "" for one that is no more.
func (a *api) titles(ctx context.Context) func(programme string) string {
	known := map[string]string{}
	return func(id string) string {
		title, ok := known[id]
		if ok {
			return title
		}
		p, err := a.Planner.Programme(ctx, id)
		if err != nil && !errors.Is(err, planner.ErrNotFound) {
			a.Log.Warn("look up a programme's title", "programme", id, "error", err)
		}
		known[id] = p.Title
		return p.Title
	}
}

// occurrence is a programme at one time.
type occurrence struct {
	Occurrence string    `json:"occurrence" doc:"As boards name it."`
	Programme  string    `json:"programme" doc:"Id."`
	Title      string    `json:"title"`
	Class      string    `json:"class" enum:"routine,priority"`
	Area       string    `json:"area" doc:"Code."`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end" doc:"Of the slot."`
	Order      int       `json:"order"`
	Late       int       `json:"late" doc:"Seconds after its time at which it may still begin or go on."`
	Bulletins  []string  `json:"bulletins" doc:"Ids."`
}

type week struct {
	Occurrences []occurrence `json:"occurrences"`
}

func (a *api) occurrences(ctx context.Context, in *struct {
	Area string `query:"area" maxLength:"16" doc:"Only programmes that reach this area or lie in it."`
	From string `query:"from" required:"true" format:"date" doc:"As in 2026-11-21, in the province's zone."`
	Days int    `query:"days" minimum:"1" maximum:"42" default:"7"`
}) (*body[week], error) {
	from, err := dayIn(in.From)
	if err != nil {
		return nil, err
	}
	if in.Area != "" {
		if err := a.reads(ctx, registry.ReadContent, in.Area); err != nil {
			return nil, err
		}
	}
	concerns, err := a.concerns(ctx, registry.ReadContent)
	if err != nil {
		return nil, err
	}
	programmes, err := a.Planner.Programmes(ctx)
	if err != nil {
		return nil, err
	}
	var meant []planner.Programme
	for _, p := range programmes {
		if !concerns[p.Area] {
			continue
		}
		reaches := in.Area == ""
		if !reaches {
			if reaches, err = a.meet(ctx, p.Area, in.Area); err != nil {
				return nil, err
			}
		}
		if reaches {
			meant = append(meant, p)
		}
	}
	found, err := planner.Occurrences(meant, from, from.AddDate(0, 0, in.Days))
	if errors.Is(err, planner.ErrTooMany) {
		return nil, newProblem(http.StatusUnprocessableEntity, "%s: ask for fewer days or a smaller area", err).at("days", "too many")
	}
	return answer(week{list(found, func(o planner.Occurrence) occurrence {
		p := o.Programme
		return occurrence{o.ID, p.ID, p.Title, p.Class, p.Area, o.Start, o.End, p.Order, p.Late, p.Bulletins}
	})}), err
}

// meet reports whether one of two areas lies in the other.
func (a *api) meet(ctx context.Context, one, other string) (bool, error) {
	for _, pair := range [][2]string{{one, other}, {other, one}} {
		path, err := a.Registry.Path(ctx, pair[0])
		if errors.Is(err, registry.ErrNotFound) {
			continue
		}
		if err != nil || slices.Contains(path, pair[1]) {
			return err == nil, err
		}
	}
	return false, nil
}

// dayIn is the beginning of a day in the province's zone.
func dayIn(date string) (time.Time, error) {
	zone, err := time.LoadLocation(planner.Zone)
	if err != nil {
		return time.Time{}, err
	}
	from, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		return from, newProblem(http.StatusUnprocessableEntity, "from is not a day like 2026-11-21").at("from", "is not a day")
	}
	return from, nil
}
