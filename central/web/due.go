package web

import (
	"context"
	"slices"
	"time"

	"loa/central/fleet"
	"loa/central/orders"
	"loa/central/planner"
	"loa/controller/protocol"
)

// Limits of what is looked for that ought to have sounded.
const (
	dueBack  = 14 * 24 * time.Hour
	dueGrace = 2 * time.Minute // for a receipt to come
	dueRuns  = 5000
)

// due is what a cluster ought to have played within a stretch, of which nothing
// is known: by every plan that was in force, from when it was made until the
// next was.
func (a *api) due(ctx context.Context, cluster string, from, until, now time.Time) ([]entry, error) {
	if back := now.Add(-dueBack); from.Before(back) {
		from = back
	}
	if until.IsZero() || until.After(now) {
		until = now
	}
	sealed, err := a.Orders.Sealed(ctx, orders.SealedQuery{Cluster: cluster, Kinds: []protocol.Kind{protocol.KindPlan}})
	if err != nil || len(sealed) == 0 || !from.Before(until) {
		return nil, err
	}
	known, err := a.ran(ctx, cluster, from)
	if err != nil {
		return nil, err
	}
	away, err := a.awayOf(ctx, cluster)
	if err != nil {
		return nil, err
	}
	var due []entry
	end := until
	for _, s := range sealed { // the last first
		p, err := protocol.Decode[protocol.Plan](s.Payload)
		if err != nil {
			return nil, err
		}
		begin := p.Issued
		if begin.Before(from) {
			begin = from
		}
		found, err := planner.Planned(p, begin, end)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			if known[o.ID] || now.Before(o.Latest.Add(dueGrace)) {
				continue
			}
			e := entry{
				At: o.Start.UTC(), Kind: "due", Order: s.Hash, OrderKind: protocol.KindPlan, Mode: protocol.Live, Subject: s.Subject,
				Occurrence: o.ID, Reason: "unknown", Until: moment(o.End),
			}
			if away(o.Start) || away(o.End) {
				e.Reason = "offline"
			}
			due = append(due, e)
		}
		if p.Issued.Before(end) {
			end = p.Issued
		}
	}
	return due, nil
}

// ran are the occurrences that a cluster told something of.
func (a *api) ran(ctx context.Context, cluster string, from time.Time) (map[string]bool, error) {
	runs, err := a.Fleet.Runs(ctx, fleet.RunQuery{Cluster: cluster, From: from, Limit: dueRuns})
	known := make(map[string]bool, len(runs))
	for _, r := range runs {
		known[r.Occurrence] = true
	}
	return known, err
}

// awayOf tells when a cluster was away, as far as its history goes back.
func (a *api) awayOf(ctx context.Context, cluster string) (func(time.Time) bool, error) {
	history, err := a.Fleet.History(ctx, fleet.HistoryQuery{Cluster: cluster})
	if err != nil {
		return nil, err
	}
	now, err := a.Fleet.Picture(ctx, cluster)
	if err != nil {
		return nil, err
	}
	history = slices.DeleteFunc(history, func(e fleet.Event) bool { return e.Kind != fleet.WentOffline && e.Kind != fleet.CameOnline })
	return func(t time.Time) bool {
		for i, e := range history { // the last first
			if !e.At.After(t) {
				return e.Kind == fleet.WentOffline
			}
			if i == len(history)-1 {
				return e.Kind == fleet.CameOnline // until then it was away
			}
		}
		return !now.Online
	}, nil
}
