package demo

import (
	"context"
	"errors"
	"fmt"

	"loa/central/registry"
)

// province is the one that the demo's boards and people are in.
const province = "12"

// sow fills the registry.
func (d *Demo) sow(ctx context.Context) error {
	if err := d.Registry.PutAreas(ctx, Service,
		registry.Area{Code: province, Kind: registry.Province, NameVi: "Lai Châu", NameEn: "Lai Chau"},
		registry.Area{Code: "03388", Parent: province, Kind: registry.Commune, NameVi: "Đoàn Kết", NameEn: "Doan Ket"},
		registry.Area{Code: "03433", Parent: province, Kind: registry.Commune, NameVi: "Bum Tở", NameEn: "Bum To"},
	); err != nil {
		return err
	}
	for _, commune := range []struct{ id, code, name string }{{"doan-ket", "03388", "Đoàn Kết"}, {"bum-to", "03433", "Bum Tở"}} {
		for i := range 5 {
			err := d.Registry.AddClusters(ctx, Service, registry.Cluster{
				ID: fmt.Sprintf("%s-%02d", commune.id, i+1), Name: fmt.Sprintf("%s %d", commune.name, i+1), Area: commune.code, Languages: []string{"vi"},
			})
			if err != nil && !errors.Is(err, registry.ErrExists) {
				return err
			}
		}
	}
	for _, p := range []struct {
		id, name, area string
		role           registry.RoleName
	}{
		{"pham-thu-ha", "Phạm Thu Hà", province, registry.Administrator},
		{"lo-van-an", "Lò Văn An", province, registry.Administrator},
		{"nguyen-minh-duc", "Nguyễn Minh Đức", province, registry.Broadcaster},
		{"vang-a-su", "Vàng A Sử", "03433", registry.Officer},
		{"lu-thi-may", "Lù Thị Mây", "03388", registry.Officer},
		{"hoang-van-tho", "Hoàng Văn Thọ", province, registry.Technician},
	} {
		err := d.Registry.AddPerson(ctx, Service, registry.Person{ID: p.id, Name: p.name})
		if err != nil && !errors.Is(err, registry.ErrExists) {
			return err
		}
		if err := d.Registry.GrantRole(ctx, Service, registry.Role{Person: p.id, Name: p.role, Area: p.area}); err != nil {
			return err
		}
	}
	return nil
}
