package storage_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loa/central/registry"
)

func TestRegistryStore(t *testing.T) {
	registryContract(t, func(t *testing.T) registry.Store { return fresh(t).Registry() })
}

var at = time.Date(2026, 3, 1, 5, 30, 0, 0, time.UTC)

// lai is a corner of Lai Châu, with a commune that was merged away.
var lai = []registry.Area{
	{Code: "12", Kind: registry.Province, NameVi: "Lai Châu", NameEn: "Lai Chau"},
	{Code: "15", Kind: registry.Province, NameVi: "Lào Cai"},
	{Code: "03388", Parent: "12", Kind: registry.Ward, NameVi: "Đoàn Kết", From: "2025-07-01"},
	{Code: "03388.01", Parent: "03388", Kind: registry.Village, NameVi: "Bản một"},
	{Code: "03388.02", Parent: "03388", Kind: registry.Village, NameVi: "Bản hai"},
	{Code: "03390", Parent: "12", Kind: registry.Commune, NameVi: "Cũ", Until: "2025-07-01"},
	{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"},
	{Code: "02647", Parent: "15", Kind: registry.Ward, NameVi: "Lào Cai"},
}

func publicKey(seed uint64) []byte {
	var s [32]byte
	binary.BigEndian.PutUint64(s[:], seed)
	return ed25519.NewKeyFromSeed(s[:]).Public().(ed25519.PublicKey)
}

func device(cluster string, seed uint64, serial string) registry.Device {
	p := publicKey(seed)
	return registry.Device{ID: registry.KeyID(registry.Ed25519, p), Cluster: cluster, Public: p, CertSerial: serial, EnrolledAt: at}
}

// registryContract is what every store of the registry does.
func registryContract(t *testing.T, open func(t *testing.T) registry.Store) {
	seeded := func(t *testing.T) registry.Store {
		s := open(t)
		must(t, s.PutAreas(t.Context(), "an", lai))
		must(t, s.AddClusters(t.Context(), "an", []registry.Cluster{
			{ID: "dk-1", Name: "Cụm 1", Area: "03388.01", Also: []string{"03390"}, Languages: []string{"vi", "hmn"}, Neighbours: []string{"dk-2"}},
			{ID: "dk-2", Name: "Cụm 2", Area: "03388.02", Also: []string{}, Languages: []string{"vi"}, Neighbours: []string{"dk-1"}},
			{ID: "mt-1", Name: "Cụm 3", Area: "03433", Also: []string{"02647"}, Languages: []string{"vi"}, Neighbours: []string{}},
		}))
		must(t, s.AddPerson(t.Context(), "an", registry.Person{ID: "lo-van-an", Name: "Lò Văn An"}))
		return s
	}
	ids := func(clusters []registry.Cluster) string {
		var all []string
		for _, c := range clusters {
			all = append(all, c.ID)
		}
		return strings.Join(all, " ")
	}

	t.Run("areas are added and replaced by code", func(t *testing.T) {
		s := seeded(t)
		renamed := lai[3]
		renamed.NameVi = "Bản Một"
		must(t, s.PutAreas(t.Context(), "an", []registry.Area{renamed}))
		want := slices.Clone(lai)
		want[3] = renamed
		slices.SortFunc(want, func(a, b registry.Area) int { return strings.Compare(a.Code, b.Code) })
		got, err := s.Areas(t.Context())
		same(t, got, want, err)
	})
	t.Run("an area may come before its parent in one call, never without it", func(t *testing.T) {
		s := open(t)
		back := slices.Clone(lai)
		slices.Reverse(back)
		must(t, s.PutAreas(t.Context(), "an", back))
		if err := s.PutAreas(t.Context(), "an", []registry.Area{{Code: "99999", Parent: "99", Kind: registry.Commune}}); err == nil {
			t.Error("an area without its parent was kept")
		}
	})
	t.Run("a path leads up to the province", func(t *testing.T) {
		s := seeded(t)
		got, err := s.Path(t.Context(), "03388.01")
		same(t, got, registry.Path{"03388.01", "03388", "12"}, err)
		_, err = s.Path(t.Context(), "03388.77")
		is(t, err, registry.ErrNotFound)
	})
	t.Run("clusters come back as they went in", func(t *testing.T) {
		s := seeded(t)
		want := registry.Cluster{ID: "dk-1", Name: "Cụm một", Area: "03388", Also: []string{"03433", "03390"}, Languages: []string{"hmn", "vi"}, Neighbours: []string{"mt-1", "dk-2"}}
		must(t, s.UpdateCluster(t.Context(), "an", want))
		got, err := s.Cluster(t.Context(), "dk-1")
		same(t, got, want, err)
		all, err := s.Clusters(t.Context())
		same(t, ids(all), "dk-1 dk-2 mt-1", err)
	})
	t.Run("clusters are refused whole", func(t *testing.T) {
		s := seeded(t)
		fine := registry.Cluster{ID: "aa-1", Name: "x", Area: "03388"}
		is(t, s.AddClusters(t.Context(), "an", []registry.Cluster{fine, {ID: "dk-1", Name: "x", Area: "03388"}}), registry.ErrExists)
		is(t, s.AddClusters(t.Context(), "an", []registry.Cluster{fine, {ID: "aa-2", Name: "x", Area: "77777"}}), registry.ErrNotFound)
		is(t, s.UpdateCluster(t.Context(), "an", fine), registry.ErrNotFound)
		_, err := s.Cluster(t.Context(), "aa-1")
		is(t, err, registry.ErrNotFound)
	})
	t.Run("clusters are found by every code they answer to", func(t *testing.T) {
		s := seeded(t)
		for codes, want := range map[string]string{
			"12":             "dk-1 dk-2 mt-1",
			"03388":          "dk-1 dk-2",
			"03388.02":       "dk-2",
			"03390":          "dk-1", // the old code
			"02647":          "mt-1",
			"15":             "", // an old code stands as it is, its province does not come along
			"03388.01 03433": "dk-1 mt-1",
			"12 03388":       "dk-1 dk-2 mt-1",
			"99":             "",
			"":               "",
		} {
			got, err := s.ClustersIn(t.Context(), strings.Fields(codes))
			same(t, ids(got), want, err)
		}
	})
	t.Run("finding clusters agrees with AreaCodes", func(t *testing.T) {
		s := seeded(t)
		r := rand.New(rand.NewPCG(1, 2))
		all, err := s.Clusters(t.Context())
		must(t, err)
		for range 50 {
			var codes []string
			for _, a := range lai {
				if r.IntN(3) == 0 {
					codes = append(codes, a.Code)
				}
			}
			var want []registry.Cluster
			for _, c := range all {
				path, err := s.Path(t.Context(), c.Area)
				must(t, err)
				if slices.ContainsFunc(registry.AreaCodes(c, path), func(code string) bool { return slices.Contains(codes, code) }) {
					want = append(want, c)
				}
			}
			got, err := s.ClustersIn(t.Context(), codes)
			same(t, ids(got), ids(want), err)
		}
	})
	t.Run("one board per cluster", func(t *testing.T) {
		s := seeded(t)
		first, second := device("dk-1", 1, "a1"), device("dk-1", 2, "a2")
		must(t, s.AddDevice(t.Context(), "an", first))
		is(t, s.AddDevice(t.Context(), "an", second), registry.ErrInUse)
		moved := first
		moved.Cluster, moved.CertSerial = "dk-2", "a3"
		is(t, s.AddDevice(t.Context(), "an", moved), registry.ErrExists)
		is(t, s.AddDevice(t.Context(), "an", device("dk-2", 3, "a1")), registry.ErrExists) // its serial
		is(t, s.AddDevice(t.Context(), "an", device("no-such", 4, "a4")), registry.ErrNotFound)

		renewed := first
		renewed.CertSerial, renewed.EnrolledAt = "b1", at.Add(time.Hour)
		must(t, s.AddDevice(t.Context(), "an", renewed))
		got, err := s.Device(t.Context(), first.ID)
		same(t, got, renewed, err)

		must(t, s.RevokeDevice(t.Context(), "an", first.ID, at.Add(2*time.Hour)))
		must(t, s.RevokeDevice(t.Context(), "an", first.ID, at.Add(9*time.Hour)))
		is(t, s.AddDevice(t.Context(), "an", renewed), registry.ErrExists) // never again
		second.EnrolledAt = at.Add(3 * time.Hour)
		must(t, s.AddDevice(t.Context(), "an", second))
		renewed.RevokedAt = at.Add(2 * time.Hour)
		all, err := s.Devices(t.Context(), "dk-1")
		same(t, all, []registry.Device{renewed, second}, err)
		all, err = s.Devices(t.Context(), "dk-2")
		same(t, all, []registry.Device{}, err)
		all, err = s.Devices(t.Context(), "")
		same(t, len(all), 2, err)
		is(t, s.RevokeDevice(t.Context(), "an", "none", at), registry.ErrNotFound)
		_, err = s.Device(t.Context(), "none")
		is(t, err, registry.ErrNotFound)
	})
	t.Run("persons and keys", func(t *testing.T) {
		s := seeded(t)
		is(t, s.AddPerson(t.Context(), "an", registry.Person{ID: "lo-van-an", Name: "Other"}), registry.ErrExists)
		got, err := s.Persons(t.Context())
		same(t, got, []registry.Person{{ID: "lo-van-an", Name: "Lò Văn An"}}, err)
		_, err = s.Person(t.Context(), "nobody")
		is(t, err, registry.ErrNotFound)

		k := registry.Key{ID: registry.KeyID(registry.Ed25519, publicKey(7)), Person: "lo-van-an", Scheme: registry.Ed25519, Public: publicKey(7), AddedAt: at}
		must(t, s.AddKey(t.Context(), "an", k))
		is(t, s.AddKey(t.Context(), "an", k), registry.ErrExists)
		stray := k
		stray.ID, stray.Person = "other", "nobody"
		is(t, s.AddKey(t.Context(), "an", stray), registry.ErrNotFound)

		must(t, s.RetireKey(t.Context(), "an", k.ID, at.Add(time.Hour)))
		must(t, s.RetireKey(t.Context(), "an", k.ID, at.Add(5*time.Hour)))
		must(t, s.RevokeKey(t.Context(), "an", k.ID, at.Add(2*time.Hour)))
		k.RetiredAt, k.RevokedAt = at.Add(time.Hour), at.Add(2*time.Hour)
		keys, err := s.Keys(t.Context(), "lo-van-an")
		same(t, keys, []registry.Key{k}, err)
		keys, err = s.Keys(t.Context(), "")
		same(t, keys, []registry.Key{k}, err)
		keys, err = s.Keys(t.Context(), "nobody")
		same(t, keys, []registry.Key{}, err)
		is(t, s.RevokeKey(t.Context(), "an", "none", at), registry.ErrNotFound)
	})
	t.Run("roles", func(t *testing.T) {
		s := seeded(t)
		officer := registry.Role{Person: "lo-van-an", Name: registry.Officer, Area: "03388"}
		technician := registry.Role{Person: "lo-van-an", Name: registry.Technician, Area: "12"}
		for _, r := range []registry.Role{technician, officer, officer} {
			must(t, s.AddRole(t.Context(), "an", r, anybody))
		}
		got, err := s.Roles(t.Context(), "lo-van-an")
		same(t, got, []registry.Role{officer, technician}, err)
		is(t, s.AddRole(t.Context(), "an", registry.Role{Person: "nobody", Name: registry.Officer, Area: "12"}, anybody), registry.ErrNotFound)
		is(t, s.AddRole(t.Context(), "an", registry.Role{Person: "lo-van-an", Name: registry.Officer, Area: "99"}, anybody), registry.ErrNotFound)
		must(t, s.RemoveRole(t.Context(), "an", officer))
		is(t, s.RemoveRole(t.Context(), "an", officer), registry.ErrNotFound)
		got, err = s.Roles(t.Context(), "")
		same(t, got, []registry.Role{technician}, err)
	})
	t.Run("tokens", func(t *testing.T) {
		s := seeded(t)
		k := registry.Token{ID: "0123456789abcdef", Person: "lo-van-an", Label: "điện thoại", SHA256: [32]byte{1, 2, 31: 9}, CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
		must(t, s.AddToken(t.Context(), "an", k))
		is(t, s.AddToken(t.Context(), "an", k), registry.ErrExists)
		stray := k
		stray.ID, stray.Person = "f", "nobody"
		is(t, s.AddToken(t.Context(), "an", stray), registry.ErrNotFound)
		must(t, s.RevokeToken(t.Context(), "an", k.ID, at.Add(time.Minute)))
		k.RevokedAt = at.Add(time.Minute)
		got, err := s.Token(t.Context(), k.ID)
		same(t, got, k, err)
		all, err := s.Tokens(t.Context(), "lo-van-an")
		same(t, all, []registry.Token{k}, err)
		_, err = s.Token(t.Context(), "none")
		is(t, err, registry.ErrNotFound)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func same[T any](t *testing.T, got, want T, err error) {
	t.Helper()
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want -, got +:\n%s", d)
	}
}

// The audit chain is read by many: what opens a door is not in it.
func TestNoSecretInTheAuditChain(t *testing.T) {
	db := fresh(t)
	reg := registry.New(db.Registry())
	must(t, reg.AddPerson(t.Context(), "an", registry.Person{ID: "lo-van-an", Name: "Lò Văn An"}))
	text, token, err := reg.NewToken(t.Context(), "an", "lo-van-an", "phone", time.Hour)
	must(t, err)
	rows, err := db.Audit(t.Context(), 0, 100)
	same(t, len(rows), 2, err)
	for _, r := range rows {
		all := fmt.Sprint(r)
		if strings.Contains(all, text[len(text)-64:]) || strings.Contains(all, fmt.Sprintf("%x", token.SHA256)) || strings.Contains(all, fmt.Sprint(token.SHA256)) {
			t.Errorf("row %d holds the token or its hash", r.Seq)
		}
	}
}

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := fresh(t)
		defer db.Close() // its goroutines end with the bubble
		reg := registry.New(db.Registry())
		must(t, reg.AddPerson(t.Context(), "an", registry.Person{ID: "lo-van-an", Name: "Lò Văn An"}))
		text, token, err := reg.NewToken(t.Context(), "an", "lo-van-an", "phone", time.Hour)
		must(t, err)
		other, _, err := reg.NewToken(t.Context(), "an", "lo-van-an", "desk", 2*time.Hour)
		must(t, err)

		got, err := reg.PersonByToken(t.Context(), text)
		same(t, got.ID, "lo-van-an", err)
		flip := func(i int) string {
			b := []byte(text)
			b[i] ^= 1
			return string(b)
		}
		for name, bad := range map[string]string{
			"empty": "", "a changed secret": flip(len(text) - 1), "a changed id": flip(5), "cut": text[:len(text)-2],
			"another's secret": text[:20] + other[20:], "the hash": text[:21] + fmt.Sprintf("%x", token.SHA256),
			"upper case": strings.ToUpper(text), "two": text + " " + other,
		} {
			if _, err := reg.PersonByToken(t.Context(), bad); !errors.Is(err, registry.ErrToken) {
				t.Errorf("%s: got %v", name, err)
			}
		}

		time.Sleep(time.Hour - time.Millisecond)
		if _, err := reg.PersonByToken(t.Context(), text); err != nil {
			t.Errorf("just before its end: %v", err)
		}
		time.Sleep(time.Millisecond)
		_, err = reg.PersonByToken(t.Context(), text)
		is(t, err, registry.ErrToken)

		all, err := reg.Tokens(t.Context(), "lo-van-an")
		same(t, len(all), 2, err)
		if _, err := reg.PersonByToken(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			must(t, reg.RevokeToken(t.Context(), "an", k.ID))
		}
		_, err = reg.PersonByToken(t.Context(), other)
		is(t, err, registry.ErrToken)
	})
}
