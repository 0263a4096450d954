package demo

import (
	"fmt"

	"loa/central/registry"
	"loa/seeds"
)

// standIn is two communes, for as long as the seeds have no rows.
func standIn() *seeds.Province {
	p := &seeds.Province{Areas: []registry.Area{
		{Code: "12", Kind: registry.Province, NameVi: "Lai Châu", NameEn: "Lai Chau"},
		{Code: "03388", Parent: "12", Kind: registry.Commune, NameVi: "Đoàn Kết", NameEn: "Doan Ket"},
		{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Bum Tở", NameEn: "Bum To"},
	}}
	for _, commune := range []struct{ id, code, name string }{{"doan-ket", "03388", "Đoàn Kết"}, {"bum-to", "03433", "Bum Tở"}} {
		for i := range 5 {
			p.Clusters = append(p.Clusters, seeds.Cluster{Cluster: registry.Cluster{
				ID: fmt.Sprintf("%s-%02d", commune.id, i+1), Name: fmt.Sprintf("%s %d", commune.name, i+1), Area: commune.code, Languages: []string{"vi"},
			}})
		}
	}
	for _, v := range []struct {
		id, name, area string
		role           registry.RoleName
	}{
		{"pham-thu-ha", "Phạm Thu Hà", "12", registry.Administrator},
		{"lo-van-an", "Lò Văn An", "12", registry.Administrator},
		{"nguyen-minh-duc", "Nguyễn Minh Đức", "12", registry.Broadcaster},
		{"vang-a-su", "Vàng A Sử", "03433", registry.Officer},
		{"lu-thi-may", "Lù Thị Mây", "03388", registry.Officer},
		{"hoang-van-tho", "Hoàng Văn Thọ", "12", registry.Technician},
	} {
		p.People = append(p.People, seeds.Person{
			Person: registry.Person{ID: v.id, Name: v.name}, Roles: []registry.Role{{Person: v.id, Name: v.role, Area: v.area}},
		})
	}
	return p
}
