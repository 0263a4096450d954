package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"loa/central/fleet"
	"loa/central/registry"
	"loa/controller/protocol"
)

type area struct {
	Code   string        `json:"code" maxLength:"16" doc:"As in 12, 03388 or 03388.01."`
	Parent string        `json:"parent,omitempty" maxLength:"16" doc:"Code; none for a province."`
	Kind   registry.Kind `json:"kind" enum:"province,city,commune,ward,special_zone,village"`
	NameVi string        `json:"nameVi"`
	NameEn string        `json:"nameEn,omitempty"`
	From   registry.Date `json:"from,omitempty" maxLength:"10" doc:"First day in force."`
	Until  registry.Date `json:"until,omitempty" maxLength:"10" doc:"First day no longer in force."`
}

// Cluster is a pole or cabinet: one board with its loudspeakers.
type Cluster struct {
	ID         string   `json:"id" maxLength:"40" doc:"As in muong-te-01; it never changes."`
	Name       string   `json:"name"`
	Area       string   `json:"area" maxLength:"16" doc:"Code of the village or commune where it stands."`
	Also       []string `json:"also,omitempty" maxItems:"20" maxLength:"16" doc:"More codes that it answers to: old ones during a merger."`
	Languages  []string `json:"languages" maxItems:"16" maxLength:"35" doc:"BCP 47, in the order of choice."`
	Neighbours []string `json:"neighbours,omitempty" maxItems:"32" maxLength:"40" doc:"Ids of clusters that are heard here."`
	Latitude   float64  `json:"latitude,omitempty" doc:"Decimal degrees, WGS 84; left out with the longitude when not known."`
	Longitude  float64  `json:"longitude,omitempty"`
}

// station is a commune's broadcasting unit.
type station struct {
	Area string `json:"area" maxLength:"16" doc:"Code of the commune; it has one station."`
	Name string `json:"name"`
}

// clusterNow is a cluster with its live picture.
type clusterNow struct {
	Cluster
	Online    bool                `json:"online"`
	Since     *time.Time          `json:"since,omitempty" doc:"When online last changed."`
	Seen      *time.Time          `json:"seen,omitempty" doc:"When anything was last heard."`
	State     *protocol.State     `json:"state,omitempty"`
	Telemetry *protocol.Telemetry `json:"telemetry,omitempty"`
}

func viewNow(c registry.Cluster, p fleet.Picture) clusterNow {
	v := clusterNow{
		Cluster: Cluster(c), Online: p.Online, Since: moment(p.Since), Seen: moment(p.Seen), State: p.State, Telemetry: p.Telemetry,
	}
	if p.State != nil {
		// A board may say null for nothing.
		said := *p.State
		said.OnAir, said.Faults = append([]protocol.OnAir{}, said.OnAir...), append([]protocol.FaultNote{}, said.Faults...)
		v.State = &said
	}
	return v
}

type ClusterID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) places() {
	a.group = "Places"
	route(a, "putAreas", "PUT", "/areas", "Add areas, or replace those whose code is known", a.putAreas)
	route(a, "listAreas", "GET", "/areas", "All areas", a.getAreas)
	route(a, "putStations", "PUT", "/stations", "Add stations, or replace those of communes that have one", a.putStations)
	route(a, "listStations", "GET", "/stations", "All stations", a.getStations)
	route(a, "addCluster", "POST", "/clusters", "Add a cluster", a.addCluster)
	route(a, "changeCluster", "PUT", "/clusters/{id}", "Change a cluster; its board learns it from a new signed placement", a.changeCluster)
	route(a, "listClusters", "GET", "/clusters", "Clusters that the person may look at, with their live pictures", a.clusters)
	route(a, "getCluster", "GET", "/clusters/{id}", "One cluster with its live picture", a.clusterByID)
	route(a, "listBoards", "GET", "/clusters/{id}/boards", "Boards that a cluster has and had, the earliest first", a.boards)
	route(a, "revokeBoard", "POST", "/clusters/{id}/boards/{board}/revoke", "Take a board out of service for ever", a.revokeBoard)
}

func (a *api) putAreas(ctx context.Context, in *struct {
	Body []area `maxItems:"5000"`
}) (*body[none], error) {
	areas := list(in.Body, func(v area) registry.Area { return registry.Area(v) })
	if err := a.mayPut(ctx, areas); err != nil {
		return nil, err
	}
	return answer(none{}), a.Registry.PutAreas(ctx, asks(ctx), areas...)
}

// mayPut asks for every area itself where it is known, and for what it lies in:
// whoever moves an area takes rights in it from some and gives them to others.
// What lies in nothing that is known, as the next province, takes an
// administrator.
func (a *api) mayPut(ctx context.Context, areas []registry.Area) error {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePlacements); err != nil {
		return err
	}
	known, err := a.Registry.Areas(ctx)
	if err != nil {
		return err
	}
	parent := make(map[string]string, len(known))
	for _, k := range known {
		parent[k.Code] = k.Parent
	}
	needed := map[string]bool{}
	for _, v := range areas {
		old, ok := parent[v.Code]
		if ok {
			needed[v.Code] = true
		}
		if ok && old != "" && v.Parent != old {
			needed[old] = true
		}
		if _, ok := parent[v.Parent]; ok && v.Parent != old {
			needed[v.Parent] = true
		}
	}
	if len(needed) == 0 {
		return nil
	}
	return a.Registry.Allow(ctx, asks(ctx), registry.ManagePlacements, sortedKeys(needed)...)
}

func (a *api) getAreas(ctx context.Context, _ *none) (*body[[]area], error) {
	areas, err := a.Registry.Areas(ctx)
	return answer(list(areas, func(v registry.Area) area { return area(v) })), err
}

func (a *api) putStations(ctx context.Context, in *struct {
	Body []station `maxItems:"5000"`
}) (*body[none], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePlacements); err != nil {
		return nil, err
	}
	var codes []string
	for _, v := range in.Body {
		// What is no code is a fault that the registry names.
		if registry.LevelOf(v.Area) != 0 {
			codes = append(codes, v.Area)
		}
	}
	if len(codes) > 0 {
		if err := a.allow(ctx, registry.ManagePlacements, "stations", codes...); err != nil {
			return nil, err
		}
	}
	stations := list(in.Body, func(v station) registry.Station { return registry.Station(v) })
	return answer(none{}), a.Registry.PutStations(ctx, asks(ctx), stations...)
}

func (a *api) getStations(ctx context.Context, _ *none) (*body[[]station], error) {
	stations, err := a.Registry.Stations(ctx)
	return answer(list(stations, func(v registry.Station) station { return station(v) })), err
}

func (a *api) addCluster(ctx context.Context, in *body[Cluster]) (*body[Cluster], error) {
	c := registry.Cluster(in.Body)
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := a.allow(ctx, registry.ManagePlacements, "area", c.Area); err != nil {
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
	if err := a.Registry.Allow(ctx, asks(ctx), registry.ManagePlacements, was.Area); err != nil {
		return nil, err
	}
	c := registry.Cluster(in.Body)
	if err := sameID(&c.ID, in.ID); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := a.allow(ctx, registry.ManagePlacements, "area", c.Area); err != nil {
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
	if in.Area != "" {
		filter.Areas = []string{in.Area}
		if err := a.reads(ctx, registry.ReadFleet, in.Area); err != nil {
			return nil, err
		}
	}
	readable, err := a.readableClusters(ctx)
	if err != nil {
		return nil, err
	}
	pictures, err := a.Fleet.Clusters(ctx, filter)
	if err != nil {
		return nil, err
	}
	found := []clusterNow{}
	for _, p := range pictures {
		if c, ok := readable[p.Cluster]; ok {
			found = append(found, viewNow(c, p))
		}
	}
	return answer(found), nil
}

// readableClusters are the clusters that the person may look at, by id.
func (a *api) readableClusters(ctx context.Context) (map[string]registry.Cluster, error) {
	codes, _, err := a.Registry.Concerning(ctx, asks(ctx), registry.ReadFleet)
	if err != nil {
		return nil, err
	}
	concerns := make(map[string]bool, len(codes))
	for _, code := range codes {
		concerns[code] = true
	}
	all, err := a.Registry.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	readable := map[string]registry.Cluster{}
	for _, c := range all {
		if concerns[c.Area] {
			readable[c.ID] = c
		}
	}
	return readable, nil
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
	return c, a.reads(ctx, registry.ReadFleet, c.Area)
}

// sameID takes an id out of the path; one in the body must not say another.
func sameID(inBody *string, inPath string) error {
	if *inBody != "" && *inBody != inPath {
		return newProblem(http.StatusUnprocessableEntity, "an id never changes: the path says %s", clip(inPath)).at("id", "is not that of the path")
	}
	*inBody = inPath
	return nil
}

type board struct {
	ID       string     `json:"id" doc:"Of its key."`
	Public   []byte     `json:"public"`
	Serial   string     `json:"serial" doc:"Of its certificate, in hex."`
	Enrolled time.Time  `json:"enrolled"`
	Revoked  *time.Time `json:"revoked,omitempty"`
}

func (a *api) boards(ctx context.Context, in *ClusterID) (*body[[]board], error) {
	if _, err := a.readable(ctx, in.ID); err != nil {
		return nil, err
	}
	found, err := a.Registry.Devices(ctx, in.ID)
	return answer(list(found, func(d registry.Device) board {
		return board{d.ID, d.Public, d.CertSerial, d.EnrolledAt.UTC(), moment(d.RevokedAt)}
	})), err
}

// revokeBoard is for a board that was lost, stolen or replaced: what it says is
// no longer believed, and another one may take its place.
func (a *api) revokeBoard(ctx context.Context, in *struct {
	ClusterID
	Board string `path:"board" maxLength:"64"`
}) (*body[none], error) {
	if err := a.mayEnrol(ctx, in.ID); err != nil {
		return nil, err
	}
	boards, err := a.Registry.Devices(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(boards, func(d registry.Device) bool { return d.ID == in.Board }) {
		return nil, newProblem(http.StatusNotFound, "board %s is not a board of %s", in.Board, in.ID)
	}
	if err := a.Registry.RevokeDevice(ctx, asks(ctx), in.Board); err != nil {
		return nil, err
	}
	if a.Revoked != nil {
		a.Revoked(in.ID)
	}
	return answer(none{}), nil
}
