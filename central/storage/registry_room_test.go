package storage_test

import (
	"errors"
	"strings"
	"testing"

	"loa/central/registry"
)

// The room over the real store: what it finds out by looking things up.

func room(t *testing.T) *registry.Registry {
	reg := registry.New(fresh(t).Registry())
	must(t, reg.PutAreas(t.Context(), "an", lai...))
	return reg
}

func fields(t *testing.T, err error) string {
	t.Helper()
	var f registry.Faults
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want Faults", err)
	}
	var all []string
	for _, one := range f {
		all = append(all, one.Field)
	}
	return strings.Join(all, " ")
}

func TestRoomNamesWhatIsNotKnown(t *testing.T) {
	reg := room(t)
	err := reg.AddClusters(t.Context(), "an", registry.Cluster{
		ID: "X", Name: "Cụm", Area: "77777", Also: []string{"03390", "88888"}, Languages: []string{"vi"}, Neighbours: []string{"no-such"},
	})
	if got := fields(t, err); got != "id area also[1] neighbours[0]" {
		t.Errorf("cluster: %v", err)
	}
	err = reg.AddClusters(t.Context(), "an",
		registry.Cluster{ID: "one", Name: "Cụm", Area: "03388", Languages: []string{"vi"}, Neighbours: []string{"two"}},
		registry.Cluster{ID: "two", Name: "", Area: "03388", Languages: []string{"vi"}, Neighbours: []string{"one"}})
	if got := fields(t, err); got != "clusters[1].name" {
		t.Errorf("clusters: %v", err)
	}
	err = reg.PutAreas(t.Context(), "an",
		registry.Area{Code: "02650", Parent: "98", Kind: registry.Commune, NameVi: "x"},
		registry.Area{Code: "02651", Parent: "97", Kind: registry.Commune, NameVi: "x"},
		registry.Area{Code: "97", Kind: registry.City, NameVi: "x"},
		registry.Area{Code: "97", Kind: registry.City, NameVi: "y"})
	if got := fields(t, err); got != "areas[0].parent areas[3].code" {
		t.Errorf("areas: %v", err)
	}
	err = reg.UpdateCluster(t.Context(), "an", registry.Cluster{ID: "one", Name: "Cụm", Area: "03388", Languages: []string{"vi"}})
	is(t, err, registry.ErrNotFound)
	if _, err := reg.Path(t.Context(), "97"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a part of a refused call was kept: %v", err)
	}
}

func TestRoomTellsEveryCodeOfACluster(t *testing.T) {
	reg := room(t)
	must(t, reg.AddClusters(t.Context(), "an", registry.Cluster{
		ID: "dk-1", Name: "Cụm", Area: "03388.01", Also: []string{"03390", "12"}, Languages: []string{"vi"}}))
	got, err := reg.AreaCodes(t.Context(), "dk-1")
	same(t, got, []string{"03388.01", "03388", "12", "03390"}, err)
	_, err = reg.AreaCodes(t.Context(), "no-such")
	is(t, err, registry.ErrNotFound)
}

func TestRoomEnrols(t *testing.T) {
	reg := room(t)
	must(t, reg.AddClusters(t.Context(), "an", registry.Cluster{ID: "dk-1", Name: "Cụm", Area: "03388", Languages: []string{"vi"}}))
	d, err := reg.Enrol(t.Context(), "an", "dk-1", publicKey(1), "5f3a")
	must(t, err)
	got, err := reg.Device(t.Context(), registry.KeyID(registry.Ed25519, publicKey(1)))
	same(t, got, d, err)
	_, err = reg.Enrol(t.Context(), "an", "dk-1", publicKey(2)[:31], "0f")
	if got := fields(t, err); got != "public certSerial" {
		t.Errorf("%v", err)
	}
	must(t, reg.RevokeDevice(t.Context(), "an", d.ID))
	_, err = reg.Enrol(t.Context(), "an", "dk-1", publicKey(2), "5f3b")
	must(t, err)
}

func TestRoomAllows(t *testing.T) {
	reg := room(t)
	for _, p := range []string{"admin-12", "admin-03388", "officer-03388", "newcomer"} {
		must(t, reg.AddPerson(t.Context(), "cli", registry.Person{ID: p, Name: p}))
	}
	for _, r := range []registry.Role{
		{Person: "admin-12", Name: registry.Administrator, Area: "12"},
		{Person: "admin-03388", Name: registry.Administrator, Area: "03388"},
		{Person: "officer-03388", Name: registry.Officer, Area: "03388"},
	} {
		must(t, reg.GrantRole(t.Context(), "cli", r))
	}
	ctx := t.Context()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"an officer, a village of the commune": {reg.Allow(ctx, "officer-03388", registry.RaiseAlerts, "03388.02"), true},
		"an officer, the province":             {reg.Allow(ctx, "officer-03388", registry.RaiseAlerts, "12"), false},
		"an officer, own commune and another":  {reg.Allow(ctx, "officer-03388", registry.RaiseAlerts, "03388", "03433"), false},
		"an officer, nowhere":                  {reg.Allow(ctx, "officer-03388", registry.RaiseAlerts), false},
		"an officer, uploads":                  {reg.AllowAnywhere(ctx, "officer-03388", registry.EditBulletins), true},
		"nobody":                               {reg.Allow(ctx, "", registry.ReadContent, "12"), false},
		"nobody, anywhere":                     {reg.AllowAnywhere(ctx, "", registry.ReadContent), false},
		"the province over the commune's":      {reg.AllowOver(ctx, "admin-12", registry.ManageKeys, "admin-03388"), true},
		"the commune over the province's":      {reg.AllowOver(ctx, "admin-03388", registry.ManagePeople, "admin-12"), false},
		"the commune over its officer":         {reg.AllowOver(ctx, "admin-03388", registry.ManagePeople, "officer-03388"), true},
		"the commune over who has no role":     {reg.AllowOver(ctx, "admin-03388", registry.ManagePeople, "newcomer"), false},
		"the province over who has no role":    {reg.AllowOver(ctx, "admin-12", registry.ManageKeys, "newcomer"), true},
		"an officer over who has no role":      {reg.AllowOver(ctx, "officer-03388", registry.ManagePeople, "newcomer"), false},
	} {
		var denied *registry.Denied
		if (tt.err == nil) != tt.want || (tt.err != nil && !errors.As(tt.err, &denied)) {
			t.Errorf("%s: %v", name, tt.err)
		}
	}
	is(t, reg.Allow(ctx, "admin-12", registry.ReadContent, "99"), registry.ErrNotFound)
}
