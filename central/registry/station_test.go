package registry_test

import (
	"math"
	"strings"
	"testing"

	"loa/central/registry"
)

func TestStationNamesItsFaults(t *testing.T) {
	for _, test := range []struct {
		name, area string
		want       []string
	}{
		{"Đài truyền thanh xã Mường Tè", "03445", nil},
		{"Đài tỉnh", "12", []string{"area"}},
		{"Đài bản", "03445.01", []string{"area"}},
		{"Đài", "", []string{"area"}},
		{" ", "03445", []string{"name"}},
		{"Đài\u202e", "x", []string{"area", "name"}},
		{strings.Repeat("đ", 121), "03445", []string{"name"}},
	} {
		faulty(t, registry.Station{Area: test.area, Name: test.name}.Validate(), test.want...)
	}
}

func TestClusterStandsInTheCountry(t *testing.T) {
	for _, test := range []struct {
		latitude, longitude float64
		want                []string
	}{
		{0, 0, nil}, // not known
		{22.4840, 102.6290, nil},
		{8, 102, nil},
		{24, 110, nil},
		{24.001, 110, []string{"latitude"}},
		{7.999, 102, []string{"latitude"}},
		{22, 110.001, []string{"longitude"}},
		{102.6290, 22.4840, []string{"latitude", "longitude"}}, // the wrong way round
		{0, 102.6290, []string{"latitude"}},
		{22.4840, 0, []string{"longitude"}},
		{-22.4840, 102.6290, []string{"latitude"}},
		{math.NaN(), math.Inf(1), []string{"latitude", "longitude"}},
	} {
		c := registry.Cluster{ID: "muong-te-01", Name: "Cụm", Area: "03445", Languages: []string{"vi"}, Latitude: test.latitude, Longitude: test.longitude}
		faulty(t, c.Validate(), test.want...)
	}
}
