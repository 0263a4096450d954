package registry_test

import (
	"crypto/ecdh"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/registry"
)

// faulty fails unless exactly these fields are named.
func faulty(t *testing.T, err error, fields ...string) {
	t.Helper()
	var f registry.Faults
	if err != nil && !errors.As(err, &f) {
		t.Fatalf("not Faults: %v", err)
	}
	var got []string
	for _, one := range f {
		if one.Problem == "" {
			t.Errorf("%s: no problem said", one.Field)
		}
		got = append(got, one.Field)
	}
	if !slices.Equal(got, fields) {
		t.Errorf("faults in %v, want %v: %v", got, fields, err)
	}
}

func TestMay(t *testing.T) {
	var (
		province = registry.Path{"12"}
		commune  = registry.Path{"03388", "12"}
		village  = registry.Path{"03388.01", "03388", "12"}
		beside   = registry.Path{"03433", "12"}
		abroad   = registry.Path{"02647", "15"}
		// Looks like the commune's village but hangs elsewhere: the parents decide.
		stranger = registry.Path{"03388.99", "03433", "12"}
	)
	as := func(name registry.RoleName, area string) []registry.Role {
		return []registry.Role{{Person: "p", Name: name, Area: area}}
	}
	tests := []struct {
		name   string
		roles  []registry.Role
		action registry.Action
		areas  []registry.Path
		want   bool
	}{
		{"a broadcaster approves below", as(registry.Broadcaster, "12"), registry.ApproveBulletins, []registry.Path{village, beside}, true},
		{"a broadcaster approves in another province", as(registry.Broadcaster, "12"), registry.ApproveBulletins, []registry.Path{abroad}, false},
		{"a broadcaster approves here and abroad", as(registry.Broadcaster, "12"), registry.ApproveBulletins, []registry.Path{commune, abroad}, false},
		{"a broadcaster raises an alert", as(registry.Broadcaster, "12"), registry.RaiseAlerts, []registry.Path{commune}, true},
		{"a broadcaster raises an alert abroad", as(registry.Broadcaster, "12"), registry.RaiseAlerts, []registry.Path{abroad}, false},
		{"a technician raises an alert", as(registry.Technician, "12"), registry.RaiseAlerts, []registry.Path{commune}, false},
		{"a broadcaster of a village in its commune", as(registry.Broadcaster, "03388.01"), registry.EditProgrammes, []registry.Path{commune}, false},
		{"an officer raises at home", as(registry.Officer, "03388"), registry.RaiseAlerts, []registry.Path{commune}, true},
		{"an officer raises in a village", as(registry.Officer, "03388"), registry.RaiseAlerts, []registry.Path{village}, true},
		{"an officer cancels at home", as(registry.Officer, "03388"), registry.CancelAlerts, []registry.Path{commune}, true},
		{"an officer stops at home", as(registry.Officer, "03388"), registry.StopSound, []registry.Path{village}, true},
		{"an officer schedules at home", as(registry.Officer, "03388"), registry.EditProgrammes, []registry.Path{commune}, true},
		{"an officer raises beside", as(registry.Officer, "03388"), registry.RaiseAlerts, []registry.Path{beside}, false},
		{"an officer raises above", as(registry.Officer, "03388"), registry.RaiseAlerts, []registry.Path{province}, false},
		{"an officer, a code that only looks like home", as(registry.Officer, "03388"), registry.RaiseAlerts, []registry.Path{stranger}, false},
		{"an officer makes people", as(registry.Officer, "03388"), registry.ManagePeople, []registry.Path{commune}, false},
		{"a technician sees the fleet", as(registry.Technician, "12"), registry.ReadFleet, []registry.Path{commune}, true},
		{"a technician enrols", as(registry.Technician, "12"), registry.EnrolDevices, []registry.Path{commune}, true},
		{"a technician approves", as(registry.Technician, "12"), registry.ApproveBulletins, []registry.Path{commune}, false},
		{"a technician stops", as(registry.Technician, "12"), registry.StopSound, []registry.Path{commune}, false},
		{"an administrator keeps keys", as(registry.Administrator, "12"), registry.ManageKeys, []registry.Path{commune}, true},
		{"an administrator places", as(registry.Administrator, "12"), registry.ManagePlacements, []registry.Path{village}, true},
		{"an administrator reads all", as(registry.Administrator, "12"), registry.ReadAudit, []registry.Path{province}, true},
		{"an administrator raises", as(registry.Administrator, "12"), registry.RaiseAlerts, []registry.Path{commune}, false},
		{"an administrator approves", as(registry.Administrator, "12"), registry.ApproveBulletins, []registry.Path{commune}, false},
		{"two roles, each in its place", append(as(registry.Officer, "03388"), as(registry.Officer, "03433")...), registry.RaiseAlerts, []registry.Path{village, beside}, true},
		{"two roles do not mix", append(as(registry.Technician, "12"), as(registry.Officer, "03388")...), registry.RaiseAlerts, []registry.Path{beside}, false},
		{"an unknown role", as("root", "12"), registry.ReadContent, []registry.Path{commune}, false},
		{"an unknown action", as(registry.Administrator, "12"), "fly", []registry.Path{commune}, false},
		{"no role", nil, registry.ReadContent, []registry.Path{commune}, false},
		{"no area", as(registry.Administrator, "12"), registry.ReadContent, nil, false},
		{"an empty path", as(registry.Administrator, "12"), registry.ReadContent, []registry.Path{{}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := registry.May(tt.roles, tt.action, tt.areas...); got != tt.want {
				t.Errorf("May is %v", got)
			}
		})
	}
	if !registry.MayAnywhere(as(registry.Officer, "03388"), registry.EditBulletins) || registry.MayAnywhere(as(registry.Technician, "12"), registry.EditBulletins) {
		t.Error("MayAnywhere: officers upload, technicians do not")
	}
}

func TestArea(t *testing.T) {
	ok := []registry.Area{
		{Code: "01", Kind: registry.City, NameVi: "Hà Nội", NameEn: "Hanoi"},
		{Code: "12", Kind: registry.Province, NameVi: "Lai Châu", From: "2004-01-01", Until: "2030-01-01"},
		{Code: "00004", Parent: "01", Kind: registry.Ward, NameVi: "Ba Đình"},
		{Code: "03388", Parent: "12", Kind: registry.SpecialZone, NameVi: "x"},
		{Code: "03388.01", Parent: "03388", Kind: registry.Village, NameVi: "Bản một"},
	}
	for _, a := range ok {
		faulty(t, a.Validate())
	}
	tests := []struct {
		area   registry.Area
		fields []string
	}{
		{registry.Area{}, []string{"kind", "code", "nameVi"}},
		{registry.Area{Code: "1", Kind: registry.Province, NameVi: "x"}, []string{"code"}},
		{registry.Area{Code: "12", Parent: "01", Kind: registry.Province, NameVi: "x"}, []string{"parent"}},
		{registry.Area{Code: "12", Parent: "01", Kind: registry.Commune, NameVi: "x"}, []string{"code"}},
		{registry.Area{Code: "03388", Parent: "03389", Kind: registry.Ward, NameVi: "x"}, []string{"parent"}},
		{registry.Area{Code: "03388.01", Parent: "03389", Kind: registry.Village, NameVi: "x"}, []string{"parent"}},
		{registry.Area{Code: "03388.1", Parent: "03388", Kind: registry.Village, NameVi: "x"}, []string{"code"}},
		{registry.Area{Code: "١٢", Kind: registry.Province, NameVi: "x"}, []string{"code"}}, // digits, but not ours
		{registry.Area{Code: "12\n", Kind: registry.Province, NameVi: "x"}, []string{"code"}},
		{registry.Area{Code: "12", Kind: "district", NameVi: "x"}, []string{"kind"}},
		{registry.Area{Code: "12", Kind: registry.Province, NameVi: "a\u202eb", NameEn: "a\x00"}, []string{"nameVi", "nameEn"}},
		{registry.Area{Code: "12", Kind: registry.Province, NameVi: strings.Repeat("â", 121)}, []string{"nameVi"}},
		{registry.Area{Code: "12", Kind: registry.Province, NameVi: "x", From: "2025-02-30", Until: "soon"}, []string{"from", "until"}},
		{registry.Area{Code: "12", Kind: registry.Province, NameVi: "x", From: "2025-07-01", Until: "2025-07-01"}, []string{"until"}},
	}
	for _, tt := range tests {
		t.Run(tt.area.Code, func(t *testing.T) { faulty(t, tt.area.Validate(), tt.fields...) })
	}
}

func TestCluster(t *testing.T) {
	faulty(t, registry.Cluster{ID: "muong-te-01", Name: "Cụm loa 1", Area: "03388.01", Also: []string{"03390"}, Languages: []string{"vi", "hmn", "vi-VN"}, Neighbours: []string{"muong-te-02"}}.Validate())
	faulty(t, registry.Cluster{}.Validate(), "id", "name", "area", "languages")
	faulty(t, registry.Cluster{
		ID: "Muong_Te", Name: "x", Area: "12", Also: []string{"03390", "03390", "x"},
		Languages: []string{"vi", "tiếng Việt"}, Neighbours: []string{"ok-1", "a/#"},
	}.Validate(), "id", "area", "also[1]", "also[2]", "languages[1]", "neighbours[1]")
	faulty(t, registry.Cluster{ID: "aa-1", Name: "x", Area: "03388", Also: []string{"03388"}, Languages: []string{"vi"}, Neighbours: []string{"aa-1"}}.Validate(), "also[0]", "neighbours[0]")
	for _, id := range []string{"ab", "-ab", "ab-", strings.Repeat("a", 41), "a b", "a/+", "cụm-1", "abc\n"} {
		faulty(t, registry.Cluster{ID: id, Name: "x", Area: "03388", Languages: []string{"vi"}}.Validate(), "id")
	}
}

func TestKeys(t *testing.T) {
	raw := make([]byte, 32)
	raw[31] = 1
	key := registry.Key{ID: registry.KeyID(registry.Ed25519, raw), Person: "lo-van-an", Scheme: registry.Ed25519, Public: raw}
	// printf 'ed25519:\0...\0\1' | sha256sum | head -c 32
	if key.ID != "02fb0a58604a15451e8de1f56312853b" {
		t.Errorf("key id %s", key.ID)
	}
	faulty(t, key.Validate())

	var scalar [32]byte
	scalar[31] = 7
	private, err := ecdh.P256().NewPrivateKey(scalar[:])
	if err != nil {
		t.Fatal(err)
	}
	point := private.PublicKey().Bytes()
	web := registry.Key{ID: registry.KeyID(registry.WebauthnES256, point), Person: "lo-van-an", Scheme: registry.WebauthnES256, Public: point}
	faulty(t, web.Validate())

	change := func(k registry.Key, f func(*registry.Key)) registry.Key {
		k.Public = slices.Clone(k.Public)
		f(&k)
		return k
	}
	for name, tt := range map[string]struct {
		key    registry.Key
		fields []string
	}{
		"nothing":                {registry.Key{}, []string{"person", "scheme"}},
		"another's id":           {change(key, func(k *registry.Key) { k.Public[0] = 9 }), []string{"id"}},
		"id in upper case":       {change(key, func(k *registry.Key) { k.ID = strings.ToUpper(k.ID) }), []string{"id"}},
		"id of the other scheme": {change(web, func(k *registry.Key) { k.ID = registry.KeyID(registry.Ed25519, k.Public) }), []string{"id"}},
		"short":                  {change(key, func(k *registry.Key) { k.Public = k.Public[:31] }), []string{"public"}},
		"rsa":                    {change(key, func(k *registry.Key) { k.Scheme = "rsa" }), []string{"scheme"}},
		"not on the curve":       {change(web, func(k *registry.Key) { k.Public[64] ^= 1 }), []string{"public"}},
		"compressed point":       {change(web, func(k *registry.Key) { k.Public = append([]byte{2}, k.Public[1:33]...) }), []string{"public"}},
	} {
		t.Run(name, func(t *testing.T) { faulty(t, tt.key.Validate(), tt.fields...) })
	}

	now := time.Now()
	for _, k := range []registry.Key{{RetiredAt: now}, {RevokedAt: now}} {
		if k.InUse() {
			t.Error("an ended key is in use")
		}
	}
}

func TestDevice(t *testing.T) {
	raw := make([]byte, 32)
	d := registry.Device{ID: registry.KeyID(registry.Ed25519, raw), Cluster: "aa-1", Public: raw, CertSerial: "5f3a", EnrolledAt: time.Now()}
	faulty(t, d.Validate())
	faulty(t, registry.Device{}.Validate(), "cluster", "public", "certSerial", "enrolledAt")
	d.ID, d.CertSerial = "other", "5F"
	faulty(t, d.Validate(), "id", "certSerial")
}

func TestPersonAndRole(t *testing.T) {
	faulty(t, registry.Person{ID: "lo-van-an", Name: "Lò Văn An"}.Validate())
	faulty(t, registry.Person{ID: "Lò", Name: " "}.Validate(), "id", "name")
	faulty(t, registry.Role{Person: "lo-van-an", Name: registry.Officer, Area: "03388"}.Validate())
	faulty(t, registry.Role{Name: "king", Area: "vn"}.Validate(), "person", "name", "area")
}
