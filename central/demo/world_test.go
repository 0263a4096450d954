package demo_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"loa/central/demo"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/central/storage"
	"loa/controller/protocol"
	"loa/seeds"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if made.dir != "" {
		_ = os.RemoveAll(made.dir)
	}
	os.Exit(code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// small is a province of two communes. One bulletin is named by a programme, one
// by none.
func small() *seeds.Province {
	const year = 366
	bulletin := func(id, text string) seeds.Bulletin {
		return seeds.Bulletin{Days: year, Bulletin: library.Bulletin{
			ID: id, Title: "Bản tin " + id, Text: map[string]string{"vi": text}, Class: library.Routine, Areas: []string{"12"}, Author: "phat",
		}}
	}
	cluster := func(id, area string, fault seeds.Fault) seeds.Cluster {
		return seeds.Cluster{Fault: fault, Cluster: registry.Cluster{ID: id, Name: id, Area: area, Languages: []string{"vi"}}}
	}
	person := func(id string, name registry.RoleName, area string) seeds.Person {
		return seeds.Person{Person: registry.Person{ID: id, Name: id}, Roles: []registry.Role{{Person: id, Name: name, Area: area}}}
	}
	return &seeds.Province{
		Areas: []registry.Area{
			{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
			{Code: "03388", Parent: "12", Kind: registry.Ward, NameVi: "Đoàn Kết"},
			{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Bum Tở"},
			{Code: "03433.01", Parent: "03433", Kind: registry.Village, NameVi: "Bản một"},
		},
		Stations: []registry.Station{{Area: "03388", Name: "Đài Đoàn Kết"}, {Area: "03433", Name: "Đài Bum Tở"}},
		Clusters: []seeds.Cluster{cluster("bum-to-01", "03433", seeds.Unplugged), cluster("bum-to-02", "03433.01", seeds.None), cluster("doan-ket-01", "03388", seeds.None)},
		People: []seeds.Person{
			person("quan", registry.Administrator, "12"), person("phat", registry.Broadcaster, "12"),
			person("lan", registry.Officer, "03388"), person("tho", registry.Technician, "12"),
		},
		Bulletins: []seeds.Bulletin{bulletin("tin-mot", "Chào buổi sáng."), bulletin("tin-hai", "Chào buổi chiều.")},
		Programmes: []planner.Programme{{
			ID: "sang", Title: "Buổi sáng", Area: "12", Class: "routine", Order: 1, Start: "2026-01-01T05:30:00", Rule: "FREQ=DAILY",
			Seconds: 60, Late: 60, Bulletins: []string{"tin-mot"}, By: "phat",
		}},
	}
}

// world is a server's data folder, with the rooms that a start opens over it.
type world struct {
	*demo.Demo
	t        testing.TB
	dir      string
	cut      *cut
	db       *storage.DB
	registry *registry.Registry
	library  *library.Library
	planner  *planner.Planner
	orders   *orders.Orders
	close    func()
	said     chan string
	planned  chan struct{}
}

// start opens the rooms over a folder, as a server's start does. Of what is
// written only so much is kept as the cut says; nil: everything.
func start(t testing.TB, dir string, c *cut) *world {
	t.Helper()
	w := &world{t: t, dir: dir, cut: c, said: make(chan string, 100), planned: make(chan struct{}, 100)}
	must(t, os.MkdirAll(w.folder(), 0o700))
	var err error
	w.db, err = storage.Open(filepath.Join(dir, "central.db"))
	must(t, err)
	shelf, err := library.NewShelf(library.ShelfOptions{Dir: filepath.Join(dir, "library"), Free: 1})
	must(t, err)
	w.close = sync.OnceFunc(func() { must(t, errors.Join(shelf.Close(), w.db.Close())) })
	t.Cleanup(w.close)
	log := slog.New(slog.DiscardHandler)
	w.registry = registry.New(cutRegistry{w.db.Registry(), c})
	w.library = library.New(cutLibrary{w.db.Library(), c}, shelf, log)
	w.planner = planner.New(cutPlanner{w.db.Planner(), c})
	seed := sha256.Sum256([]byte("central"))
	w.orders, err = orders.New(orders.Options{
		Store: cutOrders{w.db.Orders(), c}, Registry: w.registry, Publisher: nobody{}, Key: ed25519.NewKeyFromSeed(seed[:]), Log: log,
	})
	must(t, err)
	w.Demo = demo.New(demo.Options{
		Dir: w.folder(), Registry: w.registry, Library: w.library, Planner: w.planner, Orders: w.orders,
		Planned: func() { w.planned <- struct{}{} }, Say: func(step string) { w.said <- step }, Log: log, Province: small(),
	})
	return w
}

func (w *world) folder() string { return filepath.Join(w.dir, "demo") }

// setUp does everything that a start does, and ends.
func (w *world) setUp() {
	w.t.Helper()
	must(w.t, w.SetUp(w.t.Context()))
	must(w.t, w.Invite(w.t.Context(), linked))
	must(w.t, w.Speak(w.t.Context()))
}

// made is the folder of a demo that is set up: speaking takes its time.
var made struct {
	sync.Once
	dir string
}

// whole starts on a copy of a folder in which everything is set up.
func whole(t testing.TB) *world {
	t.Helper()
	made.Do(func() {
		dir, err := os.MkdirTemp("", "loa-demo-")
		must(t, err)
		made.dir = dir
		w := start(t, dir, nil)
		w.setUp()
		w.isWhole()
		w.close()
	})
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(made.dir)))
	return start(t, dir, nil)
}

func linked(invitation string) string { return "http://127.0.0.1:1/welcome#" + invitation }

// nobody is a broker to which no board is connected.
type nobody struct{}

func (nobody) ToCluster(string, protocol.Lane, []byte) error { return nil }
func (nobody) ToArea(string, []byte) error                   { return nil }
func (nobody) Online(string) bool                            { return false }

var errCut = errors.New("cut off")

// cut lets so many writes through and no more, like a process that is killed:
// the next one is not done, or is done and nobody learns of it.
type cut struct {
	left   int
	learnt bool // the last write that is done returns
}

func (c *cut) write(do func() error) error {
	switch {
	case c == nil:
		return do()
	case c.left <= 0:
		return errCut
	}
	c.left--
	if err := do(); err != nil || c.left > 0 || c.learnt {
		return err
	}
	return errCut
}

type cutRegistry struct {
	registry.Store
	*cut
}

func (s cutRegistry) PutAreas(ctx context.Context, by string, v []registry.Area) error {
	return s.write(func() error { return s.Store.PutAreas(ctx, by, v) })
}

func (s cutRegistry) PutStations(ctx context.Context, by string, v []registry.Station) error {
	return s.write(func() error { return s.Store.PutStations(ctx, by, v) })
}

func (s cutRegistry) AddClusters(ctx context.Context, by string, v []registry.Cluster) error {
	return s.write(func() error { return s.Store.AddClusters(ctx, by, v) })
}

func (s cutRegistry) AddPerson(ctx context.Context, by string, v registry.Person) error {
	return s.write(func() error { return s.Store.AddPerson(ctx, by, v) })
}

func (s cutRegistry) AddRole(ctx context.Context, by string, v registry.Role, grants func([]registry.Role) bool) error {
	return s.write(func() error { return s.Store.AddRole(ctx, by, v, grants) })
}

func (s cutRegistry) AddKey(ctx context.Context, by string, v registry.Key) error {
	return s.write(func() error { return s.Store.AddKey(ctx, by, v) })
}

func (s cutRegistry) AddToken(ctx context.Context, by string, v registry.Token) error {
	return s.write(func() error { return s.Store.AddToken(ctx, by, v) })
}

func (s cutRegistry) RevokeToken(ctx context.Context, by, id string, at time.Time) error {
	return s.write(func() error { return s.Store.RevokeToken(ctx, by, id, at) })
}

func (s cutRegistry) AddInvitation(ctx context.Context, by string, v registry.Invitation) error {
	return s.write(func() error { return s.Store.AddInvitation(ctx, by, v) })
}

type cutLibrary struct {
	library.Store
	*cut
}

func (s cutLibrary) AddAudio(ctx context.Context, by string, v library.Audio) error {
	return s.write(func() error { return s.Store.AddAudio(ctx, by, v) })
}

func (s cutLibrary) AddBulletin(ctx context.Context, by string, v library.Bulletin) error {
	return s.write(func() error { return s.Store.AddBulletin(ctx, by, v) })
}

func (s cutLibrary) ChangeBulletin(ctx context.Context, by, action, id string, change func(*library.Bulletin) error) (b library.Bulletin, err error) {
	err = s.write(func() (err error) {
		b, err = s.Store.ChangeBulletin(ctx, by, action, id, change)
		return err
	})
	return b, err
}

type cutPlanner struct {
	planner.Store
	*cut
}

func (s cutPlanner) AddProgramme(ctx context.Context, by string, v planner.Programme) error {
	return s.write(func() error { return s.Store.AddProgramme(ctx, by, v) })
}

func (s cutPlanner) PutProgramme(ctx context.Context, by string, v planner.Programme) error {
	return s.write(func() error { return s.Store.PutProgramme(ctx, by, v) })
}

type cutOrders struct {
	orders.Store
	*cut
}

func (s cutOrders) AddDraft(ctx context.Context, r orders.Record) error {
	return s.write(func() error { return s.Store.AddDraft(ctx, r) })
}

func (s cutOrders) AddSignature(ctx context.Context, hash string, v orders.Signed) error {
	return s.write(func() error { return s.Store.AddSignature(ctx, hash, v) })
}

func (s cutOrders) Seal(ctx context.Context, by string, r orders.Record, d []orders.Delivery) error {
	return s.write(func() error { return s.Store.Seal(ctx, by, r, d) })
}

// publicKey is the public half of a key that the same name always has.
func publicKey(name string) protocol.Key {
	seed := sha256.Sum256([]byte(name))
	return protocol.NewKey(ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
}
