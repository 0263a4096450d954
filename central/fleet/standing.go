package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loa/central/registry"
	"loa/controller/protocol"
)

// Standing is a cluster as it stands now.
type Standing struct {
	Cluster  registry.Cluster
	Picture  Picture
	Enrolled bool      // a board is in service
	Causes   []Silence // why it is silent, or will be; see Causes
}

// Silence is what explains most; nil where nothing is wrong.
func (s Standing) Silence() *Silence {
	if len(s.Causes) == 0 {
		return nil
	}
	return &s.Causes[0]
}

// Standings lists clusters by id, also those that were never seen.
func (f *Fleet) Standings(ctx context.Context, q Filter) ([]Standing, error) {
	known, err := f.known(ctx, q)
	if err != nil {
		return nil, err
	}
	boards, err := f.Registry.InService(ctx)
	if err != nil {
		return nil, err
	}
	all := f.seen(known)
	now := time.Now()
	list := make([]Standing, 0, len(known))
	for i, c := range known {
		_, enrolled := boards[c.ID]
		if s := all[i].standing(c, enrolled, now); q.takes(s.Picture) {
			list = append(list, s)
		}
	}
	return list, nil
}

// Standing is that of one cluster; registry.ErrNotFound for an unknown one.
func (f *Fleet) Standing(ctx context.Context, cluster string) (Standing, error) {
	c, err := f.Registry.Cluster(ctx, cluster)
	if err != nil {
		return Standing{}, err
	}
	boards, err := f.Registry.InService(ctx)
	if err != nil {
		return Standing{}, err
	}
	_, enrolled := boards[cluster]
	return f.seen([]registry.Cluster{c})[0].standing(c, enrolled, time.Now()), nil
}

// seen is what is known of one cluster. What it points to does not change.
type seen struct {
	picture Picture
	judged  *Judged // nil: none
}

// seen copies what is known of clusters, in their order. Boards' messages wait for
// mu, so nothing is worked out under it.
func (f *Fleet) seen(clusters []registry.Cluster) []seen {
	all := make([]seen, len(clusters))
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, c := range clusters {
		all[i].picture = f.pictures[c.ID]
		if j, ok := f.judged[c.ID]; ok {
			all[i].judged = &j
		}
	}
	return all
}

// standing puts together what is known.
func (k seen) standing(c registry.Cluster, enrolled bool, now time.Time) Standing {
	s := Standing{Cluster: c, Picture: k.picture, Enrolled: enrolled}
	s.Picture.Cluster = c.ID
	facts := Facts{Enrolled: enrolled, Picture: s.Picture, Judged: k.judged}
	s.Causes = Causes(facts, now)
	return s
}

// Alarm is one cause for which a cluster is silent, or will be.
type Alarm struct {
	Cluster registry.Cluster
	Silence
}

// Alarms lists every open cause of every cluster, the newest first.
func (f *Fleet) Alarms(ctx context.Context, q Filter) ([]Alarm, error) {
	standings, err := f.Standings(ctx, q)
	if err != nil {
		return nil, err
	}
	alarms := []Alarm{}
	for _, s := range standings {
		for _, c := range s.Causes {
			alarms = append(alarms, Alarm{s.Cluster, c})
		}
	}
	slices.SortStableFunc(alarms, func(a, b Alarm) int {
		return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.Cluster.ID, b.Cluster.ID))
	})
	return alarms, nil
}

func (f *Fleet) known(ctx context.Context, q Filter) (known []registry.Cluster, err error) {
	if q.IDs != nil {
		return f.named(ctx, q.IDs)
	}
	if len(q.Areas) > 0 {
		known, err = f.Registry.ClustersIn(ctx, q.Areas...)
	} else {
		known, err = f.Registry.Clusters(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	return known, nil
}

func (f *Fleet) named(ctx context.Context, ids []string) (known []registry.Cluster, err error) {
	for _, id := range slices.Sorted(slices.Values(ids)) {
		c, err := f.Registry.Cluster(ctx, id)
		if errors.Is(err, registry.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		known = append(known, c)
	}
	return known, nil
}

// Sounding lists the clusters whose pictures say that an order sounds there.
func (f *Fleet) Sounding(order string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []string
	for id, p := range f.pictures {
		if p.Online && p.State != nil && slices.ContainsFunc(p.State.OnAir, func(on protocol.OnAir) bool { return on.Order == order }) {
			found = append(found, id)
		}
	}
	return found
}
