package storage_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"loa/central/registry"
)

// corner has a province with two communes and a village, and another province.
func corner(t *testing.T, roles ...registry.Role) *registry.Registry {
	t.Helper()
	r, ctx := registry.New(fresh(t).Registry()), t.Context()
	must(t, r.PutAreas(ctx, "test",
		registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
		registry.Area{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"},
		registry.Area{Code: "03433.01", Parent: "03433", Kind: registry.Village, NameVi: "Bản một"},
		registry.Area{Code: "03388", Parent: "12", Kind: registry.Ward, NameVi: "Đoàn Kết"},
		registry.Area{Code: "15", Kind: registry.Province, NameVi: "Lào Cai"},
	))
	must(t, r.AddPerson(ctx, "test", registry.Person{ID: "lan", Name: "Lan"}))
	for _, role := range roles {
		role.Person = "lan"
		must(t, r.GrantRole(ctx, "test", role))
	}
	return r
}

func TestWhatConcernsAPerson(t *testing.T) {
	role := func(name registry.RoleName, area string) registry.Role { return registry.Role{Name: name, Area: area} }
	for _, c := range []struct {
		name  string
		roles []registry.Role
		want  []string // nil: denied
		all   bool
	}{
		{"no role", nil, nil, false},
		{"a role that does not read content", []registry.Role{role(registry.Technician, "12")}, nil, false},
		{"a village, and what it lies in", []registry.Role{role(registry.Officer, "03433.01")}, []string{"03433", "03433.01", "12"}, false},
		{"a commune, its villages, its province", []registry.Role{role(registry.Officer, "03433")}, []string{"03433", "03433.01", "12"}, false},
		{"two communes", []registry.Role{role(registry.Officer, "03433"), role(registry.Officer, "03388")}, []string{"03388", "03433", "03433.01", "12"}, false},
		{"a province", []registry.Role{role(registry.Broadcaster, "12")}, []string{"03388", "03433", "03433.01", "12"}, false},
		{"both provinces", []registry.Role{role(registry.Broadcaster, "12"), role(registry.Administrator, "15")}, []string{"03388", "03433", "03433.01", "12", "15"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, ctx := corner(t, c.roles...), t.Context()
			got, all, err := r.Concerning(ctx, "lan", registry.ReadContent)
			var denied *registry.Denied
			if errors.As(err, &denied) != (c.want == nil) || !slices.Equal(got, c.want) || all != c.all {
				t.Errorf("%v, all %v, %v; want %v", got, all, err, c.want)
			}
			for _, code := range []string{"12", "03433", "03433.01", "03388", "15"} {
				err := r.AllowRead(ctx, "lan", registry.ReadContent, code)
				if errors.As(err, &denied) == slices.Contains(c.want, code) {
					t.Errorf("%s: %v", code, err)
				}
			}
			if err := r.AllowRead(ctx, "lan", registry.ReadContent, "99999"); !errors.As(err, &denied) {
				t.Errorf("an unknown area: %v", err)
			}
			if err := r.AllowRead(ctx, "lan", registry.ReadContent, "99999", "15", "12"); (err == nil) != (c.want != nil) {
				t.Errorf("one of three: %v", err)
			}
			if err := r.AllowRead(ctx, "", registry.ReadContent, "12"); !errors.As(err, &denied) {
				t.Errorf("nobody: %v", err)
			}
		})
	}
}

func TestDenialsStandInTheChain(t *testing.T) {
	db := fresh(t)
	r, ctx := registry.New(db.Registry()), t.Context()
	must(t, r.NoteDenied(ctx, "lan", "POST /alerts", strings.Repeat("ă", 1000)))
	rows, err := db.Audit(ctx, 0, 10)
	must(t, err)
	if len(rows) != 1 || rows[0].Person != "lan" || rows[0].Action != "denied" || rows[0].Subject != "POST /alerts" || len(rows[0].Detail) > 600 || strings.Contains(rows[0].Detail, "\ufffd") {
		t.Errorf("%+v", rows)
	}
	if err := r.NoteDenied(ctx, "", "POST /alerts", "x"); err == nil {
		t.Error("nobody was denied something")
	}
	_, err = db.VerifyAudit(ctx)
	must(t, err)
}
