package seeds_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"loa/central/library"
	"loa/central/planner"
	"loa/central/registry"
	"loa/central/storage"
	"loa/seeds"
)

// ground is a server's rooms over a real database.
type ground struct {
	seeds.Rooms
	db *storage.DB
}

func fresh(t *testing.T) ground {
	t.Helper()
	dir := t.TempDir()
	db, err := storage.Open(filepath.Join(dir, "central.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	shelf, err := library.NewShelf(library.ShelfOptions{Dir: dir, AtOnce: 2})
	must(t, err)
	t.Cleanup(func() { must(t, shelf.Close()) })
	return ground{seeds.Rooms{
		Registry: registry.New(db.Registry()),
		Library:  library.New(db.Library(), shelf, slog.New(slog.DiscardHandler)),
		Planner:  planner.New(db.Planner()),
	}, db}
}

// rows is how long the audit chain is: every change makes it longer.
func (g ground) rows(t *testing.T) int64 {
	t.Helper()
	head, err := g.db.VerifyAudit(t.Context())
	must(t, err)
	return head.Rows
}

// TestSowTwice: the second time changes nothing, and nobody's work is lost.
func TestSowTwice(t *testing.T) {
	ctx := t.Context()
	g, d := fresh(t), demo(t)
	// ffmpeg takes its time, and does the same for all of them.
	d.Bulletins = slices.DeleteFunc(d.Bulletins, func(b seeds.Bulletin) bool { return b.ID != "tiem-chung" && b.ID != "thue-dat" })
	must(t, seeds.Sow(ctx, g.Rooms, d))

	areas, err := g.Registry.Areas(ctx)
	must(t, err)
	clusters, err := g.Registry.Clusters(ctx)
	must(t, err)
	stations, err := g.Registry.Stations(ctx)
	must(t, err)
	people, err := g.Registry.Persons(ctx)
	must(t, err)
	roles, err := g.Registry.Roles(ctx, "")
	must(t, err)
	bulletins, err := g.Library.Bulletins(ctx, library.Filter{})
	must(t, err)
	programmes, err := g.Planner.Programmes(ctx)
	must(t, err)
	got := []int{len(areas), len(clusters), len(stations), len(people), len(roles), len(bulletins), len(programmes)}
	if want := []int{191, 190, 38, 44, 44, len(d.Bulletins), len(d.Programmes)}; !slices.Equal(got, want) {
		t.Errorf("areas, clusters, stations, people, roles, bulletins, programmes: %d, want %d", got, want)
	}
	for _, b := range bulletins {
		if b.State != library.Draft || !b.ValidFrom.Before(time.Now()) || !b.ValidUntil.After(time.Now().AddDate(0, 0, 7)) {
			t.Errorf("%s is %s, valid from %s until %s", b.ID, b.State, b.ValidFrom, b.ValidUntil)
		}
		if a, err := g.Library.Audio(ctx, b.Audio["vi"]); err != nil || a.Duration < 20*time.Second {
			t.Errorf("audio of %s: %+v, %v", b.ID, a, err)
		}
	}

	// What people do with it.
	cluster, err := g.Registry.Cluster(ctx, "muong-te-03")
	must(t, err)
	cluster.Name, cluster.Latitude = "Nhà văn hóa mới", 22.5
	must(t, g.Registry.UpdateCluster(ctx, "lo-van-an", cluster))
	renamed := areas[slices.IndexFunc(areas, func(a registry.Area) bool { return a.Code == "03445.02" })]
	renamed.NameVi = "Bản Giẳng Mới"
	must(t, g.Registry.PutAreas(ctx, "lo-van-an", renamed))
	must(t, g.Registry.PutStations(ctx, "lo-van-an", registry.Station{Area: "03445", Name: "Đài Mường Tè"}))
	taken := registry.Role{Person: "dao-van-hai", Name: registry.Officer, Area: "03445"}
	must(t, g.Registry.TakeRole(ctx, "lo-van-an", taken))
	_, err = g.Library.Withdraw(ctx, "nguyen-minh-duc", "thue-dat")
	must(t, err)
	edited, err := g.Library.Bulletin(ctx, "tiem-chung")
	must(t, err)
	edited.Title = "Lịch tiêm mới"
	_, err = g.Library.Edit(ctx, "nguyen-minh-duc", edited)
	must(t, err)
	moved, err := g.Planner.Programme(ctx, "muong-te-sang")
	must(t, err)
	moved.Start = "2026-01-01T06:00:00"
	_, err = g.Planner.Change(ctx, "dao-van-hai", moved)
	must(t, err)

	before := g.rows(t)
	must(t, seeds.Sow(ctx, g.Rooms, d))
	if after := g.rows(t); after != before {
		t.Errorf("the second time made %d changes", after-before)
	}
	if c, err := g.Registry.Cluster(ctx, "muong-te-03"); err != nil || c.Name != cluster.Name || c.Latitude != 22.5 || c.Longitude != cluster.Longitude {
		t.Errorf("cluster %+v, %v", c, err)
	}
	if roles, err := g.Registry.Roles(ctx, "dao-van-hai"); err != nil || len(roles) != 0 {
		t.Errorf("roles that were taken: %v, %v", roles, err)
	}
	if b, err := g.Library.Bulletin(ctx, "thue-dat"); err != nil || b.State != library.Withdrawn {
		t.Errorf("bulletin %+v, %v", b, err)
	}
}

// cut stands for a server that dies at the nth role.
type cut struct {
	registry.Store
	left *int
}

var errCut = errors.New("cut off")

func (c cut) AddRole(ctx context.Context, by string, r registry.Role, grants func([]registry.Role) bool) error {
	if *c.left--; *c.left < 0 {
		return errCut
	}
	return c.Store.AddRole(ctx, by, r, grants)
}

func TestSowGoesOn(t *testing.T) {
	ctx := t.Context()
	g, d := fresh(t), demo(t)
	d.Bulletins, d.Programmes = nil, nil
	left := 7
	dying := g.Rooms
	dying.Registry = registry.New(cut{g.db.Registry(), &left})
	if err := seeds.Sow(ctx, dying, d); !errors.Is(err, errCut) {
		t.Fatalf("cut off: %v", err)
	}
	if people, err := g.Registry.Persons(ctx); err != nil || len(people) != 8 {
		t.Fatalf("%d people, %v", len(people), err)
	}
	must(t, seeds.Sow(ctx, g.Rooms, d))
	roles, err := g.Registry.Roles(ctx, "")
	must(t, err)
	if len(roles) != 44 {
		t.Errorf("%d roles, want 44", len(roles))
	}
}

func TestSowRefuses(t *testing.T) {
	ctx := t.Context()
	for _, test := range []struct {
		name string
		p    seeds.Province
	}{
		{"a cluster of no area", seeds.Province{Clusters: []seeds.Cluster{{Cluster: registry.Cluster{ID: "xa-01", Name: "Xa", Area: "03999", Languages: []string{"vi"}}}}}},
		{"a text that nobody can speak", seeds.Province{Bulletins: []seeds.Bulletin{{Bulletin: library.Bulletin{
			ID: "chao", Title: "Chào", Class: library.Routine, Areas: []string{"12"}, Text: map[string]string{"hmn": "Nyob zoo"}}, Days: 1}}}},
		{"a programme without bulletins", seeds.Province{Programmes: []planner.Programme{{ID: "sang", Title: "Sáng", Area: "12"}}}},
	} {
		g := fresh(t)
		if err := seeds.Sow(ctx, g.Rooms, test.p); err == nil {
			t.Errorf("%s was sown", test.name)
		}
		if n := g.rows(t); n != 0 {
			t.Errorf("%s left %d rows", test.name, n)
		}
	}
}

// TestBulletinsFitTheirProgrammes: what is spoken is as long as an item of the
// news is, and a programme's slot holds its chime and all its bulletins.
func TestBulletinsFitTheirProgrammes(t *testing.T) {
	d := demo(t)
	spoken := map[string]time.Duration{}
	for _, b := range d.Bulletins {
		sound, err := seeds.Speak(t.Context(), b.Text["vi"], "vi")
		must(t, err)
		wave, err := io.ReadAll(sound)
		must(t, errors.Join(err, sound.Close()))
		const header, perSecond = 44, 2 * 22050
		spoken[b.ID] = time.Duration(len(wave)-header) * time.Second / perSecond
		if spoken[b.ID] < 20*time.Second || spoken[b.ID] > time.Minute {
			t.Errorf("%s lasts %s", b.ID, spoken[b.ID])
		}
	}
	for _, p := range d.Programmes {
		length := 5 * time.Second // the chime, and to spare
		for _, id := range p.Bulletins {
			length += spoken[id] + time.Second
		}
		if slot := time.Duration(p.Seconds) * time.Second; length > slot {
			t.Errorf("%s lasts %s, its slot %s", p.ID, length, slot)
		}
	}
}

func TestSpeakEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if sound, err := seeds.Speak(ctx, "Kính thưa bà con.", "vi"); err == nil {
		sound.Close()
		t.Error("spoke all the same")
	}
}
