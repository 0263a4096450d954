package web

import (
	"context"
	"slices"

	"loa/central/fleet"
	"loa/central/registry"
	"loa/controller/protocol"
)

type area struct {
	Code   string        `json:"code"`
	Parent string        `json:"parent,omitempty"`
	Kind   registry.Kind `json:"kind"`
	NameVi string        `json:"nameVi"`
	NameEn string        `json:"nameEn,omitempty"`
	From   registry.Date `json:"from,omitempty"`
	Until  registry.Date `json:"until,omitempty"`
}

type Cluster struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Area       string   `json:"area"`
	Also       []string `json:"also,omitempty"`
	Languages  []string `json:"languages"`
	Neighbours []string `json:"neighbours,omitempty"`
}

// clusterNow is a cluster with its live picture.
type clusterNow struct {
	Cluster
	Online    bool                `json:"online"`
	Since     any                 `json:"since,omitempty"`
	Seen      any                 `json:"seen,omitempty"`
	State     *protocol.State     `json:"state,omitempty"`
	Telemetry *protocol.Telemetry `json:"telemetry,omitempty"`
}

func viewNow(c registry.Cluster, p fleet.Picture) clusterNow {
	v := clusterNow{Cluster: Cluster(c), Online: p.Online, State: p.State, Telemetry: p.Telemetry}
	if t := moment(p.Since); t != nil {
		v.Since = t
	}
	if t := moment(p.Seen); t != nil {
		v.Seen = t
	}
	return v
}

type ClusterID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) places() {
	route(a, "PUT", "/areas", "Add areas, or replace those whose code is known", a.putAreas)
	route(a, "GET", "/areas", "All areas", a.getAreas)
	route(a, "POST", "/clusters", "Add a cluster", a.addCluster)
	route(a, "PUT", "/clusters/{id}", "Change a cluster; its board learns it from a new signed placement", a.changeCluster)
	route(a, "GET", "/clusters", "Clusters with their live pictures", a.clusters)
	route(a, "GET", "/clusters/{id}", "One cluster with its live picture", a.clusterByID)
}

func (a *api) putAreas(ctx context.Context, in *body[[]area]) (*body[none], error) {
	areas := list(in.Body, func(v area) registry.Area { return registry.Area(v) })
	for _, v := range areas {
		if err := a.mayPut(ctx, v, areas); err != nil {
			return nil, err
		}
	}
	return answer(none{}), a.Registry.PutAreas(ctx, asks(ctx), areas...)
}

// mayPut asks for the area itself where it is known, otherwise for what it lies
// in. A province is added by whoever administers one, or the first one.
func (a *api) mayPut(ctx context.Context, v registry.Area, all []registry.Area) error {
	code := v.Code
	for range 3 {
		if _, err := a.Registry.Path(ctx, code); err == nil {
			return a.Registry.Allow(ctx, asks(ctx), registry.ManagePlacements, code)
		}
		i := slices.IndexFunc(all, func(o registry.Area) bool { return o.Code == code })
		if i < 0 || all[i].Parent == "" {
			break
		}
		code = all[i].Parent
	}
	return a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePlacements)
}

func (a *api) getAreas(ctx context.Context, _ *none) (*body[[]area], error) {
	areas, err := a.Registry.Areas(ctx)
	return answer(list(areas, func(v registry.Area) area { return area(v) })), err
}

func (a *api) addCluster(ctx context.Context, in *body[Cluster]) (*body[Cluster], error) {
	c := registry.Cluster(in.Body)
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := a.Registry.Allow(ctx, asks(ctx), registry.ManagePlacements, c.Area); err != nil {
		return nil, err
	}
	if err := a.Registry.AddClusters(ctx, asks(ctx), c); err != nil {
		return nil, err
	}
	a.Planned()
	return answer(in.Body), nil
}

func (a *api) changeCluster(ctx context.Context, in *struct {
	ClusterID
	Body Cluster
}) (*body[Cluster], error) {
	was, err := a.Registry.Cluster(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c := registry.Cluster(in.Body)
	c.ID = in.ID
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := a.Registry.Allow(ctx, asks(ctx), registry.ManagePlacements, was.Area, c.Area); err != nil {
		return nil, err
	}
	if err := a.Registry.UpdateCluster(ctx, asks(ctx), c); err != nil {
		return nil, err
	}
	a.Planned()
	return answer(Cluster(c)), nil
}

func (a *api) clusters(ctx context.Context, in *struct {
	Area    string `query:"area" maxLength:"16" doc:"Only those that answer to this area's code."`
	Offline bool   `query:"offline"`
	Faulty  bool   `query:"faulty"`
	OnAir   bool   `query:"onAir"`
}) (*body[[]clusterNow], error) {
	filter := fleet.Filter{Offline: in.Offline, Faulty: in.Faulty, OnAir: in.OnAir}
	may := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadFleet)
	if in.Area != "" {
		filter.Areas = []string{in.Area}
		may = a.Registry.Allow(ctx, asks(ctx), registry.ReadFleet, in.Area)
	}
	if may != nil {
		return nil, may
	}
	known, err := a.Registry.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]registry.Cluster, len(known))
	for _, c := range known {
		byID[c.ID] = c
	}
	pictures, err := a.Fleet.Clusters(ctx, filter)
	return answer(list(pictures, func(p fleet.Picture) clusterNow { return viewNow(byID[p.Cluster], p) })), err
}

func (a *api) clusterByID(ctx context.Context, in *ClusterID) (*body[clusterNow], error) {
	c, err := a.readable(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.Fleet.Picture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return answer(viewNow(c, p)), nil
}

// readable is a cluster that the person may look at.
func (a *api) readable(ctx context.Context, id string) (registry.Cluster, error) {
	c, err := a.Registry.Cluster(ctx, id)
	if err != nil {
		return registry.Cluster{}, err
	}
	return c, a.Registry.Allow(ctx, asks(ctx), registry.ReadFleet, c.Area)
}
