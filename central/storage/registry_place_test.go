package storage_test

import (
	"testing"

	"loa/central/registry"
)

func TestStationsAreKept(t *testing.T) {
	reg := room(t)
	none, err := reg.Stations(t.Context())
	same(t, none, []registry.Station{}, err)
	must(t, reg.PutStations(t.Context(), "an"))
	must(t, reg.PutStations(t.Context(), "an", registry.Station{Area: "03433", Name: "Đài Mường Tè"}, registry.Station{Area: "03388", Name: "Đài Đoàn Kết"}))
	must(t, reg.PutStations(t.Context(), "an", registry.Station{Area: "03433", Name: "Đài truyền thanh xã Mường Tè"}))
	want := []registry.Station{{Area: "03388", Name: "Đài Đoàn Kết"}, {Area: "03433", Name: "Đài truyền thanh xã Mường Tè"}}
	got, err := reg.Stations(t.Context())
	same(t, got, want, err)

	err = reg.PutStations(t.Context(), "an",
		registry.Station{Area: "03433", Name: "Đài khác"},
		registry.Station{Area: "12", Name: "Đài tỉnh"},
		registry.Station{Area: "77777", Name: "Đài xa"},
		registry.Station{Area: "03433", Name: ""})
	if got := fields(t, err); got != "stations[1].area stations[2].area stations[3].name stations[3].area" {
		t.Errorf("stations: %v", err)
	}
	got, err = reg.Stations(t.Context())
	same(t, got, want, err)
}

func TestStationsOfNoCommuneAreRefused(t *testing.T) {
	s := fresh(t).Registry()
	must(t, s.PutAreas(t.Context(), "an", lai))
	is(t, s.PutStations(t.Context(), "an", []registry.Station{{Area: "03388", Name: "x"}, {Area: "77777", Name: "x"}}), registry.ErrNotFound)
	got, err := s.Stations(t.Context())
	same(t, got, []registry.Station{}, err)
}

func TestWhereClustersStandIsKept(t *testing.T) {
	s := fresh(t).Registry()
	must(t, s.PutAreas(t.Context(), "an", lai))
	c := registry.Cluster{ID: "dk-1", Name: "Cụm", Area: "03388", Also: []string{}, Languages: []string{"vi"}, Neighbours: []string{}}
	must(t, s.AddClusters(t.Context(), "an", []registry.Cluster{c}))
	got, err := s.Cluster(t.Context(), "dk-1")
	same(t, got, c, err)
	c.Latitude, c.Longitude = 22.4035, 103.447
	must(t, s.UpdateCluster(t.Context(), "an", c))
	got, err = s.Cluster(t.Context(), "dk-1")
	same(t, got, c, err)
	all, err := s.ClustersIn(t.Context(), []string{"12"})
	same(t, all, []registry.Cluster{c}, err)
}
