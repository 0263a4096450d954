package web_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"loa/central/fleet"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/central/storage"
	"loa/central/web"
	"loa/controller/protocol"
)

// large is a server with so many clusters in 100 communes, all of them there,
// and a token of a technician of the province.
func large(b *testing.B, clusters int) (server *httptest.Server, f *fleet.Fleet, token string) {
	b.Helper()
	ctx := context.Background()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	db, err := storage.Open(filepath.Join(dir, "central.db"))
	must(err)
	b.Cleanup(func() { db.Close() })
	store, log := db.Registry(), slog.New(slog.DiscardHandler)
	areas := []registry.Area{{Code: province, Kind: registry.Province, NameVi: "Lai Châu"}}
	for i := range 100 {
		areas = append(areas, registry.Area{Code: fmt.Sprintf("%05d", 10_000+i), Parent: province, Kind: registry.Commune, NameVi: fmt.Sprintf("Xã %d", i)})
	}
	must(store.PutAreas(ctx, "bench", areas))
	all := make([]registry.Cluster, clusters)
	for i := range all {
		all[i] = registry.Cluster{ID: fmt.Sprintf("cum-%05d", i), Name: fmt.Sprintf("Cụm loa bản số %d", i), Area: areas[1+i%100].Code, Languages: []string{"vi", "hmn"}}
	}
	must(store.AddClusters(ctx, "bench", all))
	reg := registry.New(store)
	f, err = fleet.New(fleet.Options{Store: db.Fleet(), Registry: reg, Log: log})
	must(err)
	for i, c := range all {
		public := keyOf(c.ID).Public().(ed25519.PublicKey)
		must(store.AddDevice(ctx, "bench", registry.Device{ID: registry.KeyID(registry.Ed25519, public), Cluster: c.ID, Public: public, CertSerial: fmt.Sprintf("%x", i+1), EnrolledAt: time.Now()}))
		must(f.State(ctx, c.ID, stateOf(c.ID, i)))
	}
	must(reg.AddPerson(ctx, "bench", registry.Person{ID: "tho", Name: "Thợ"}))
	must(reg.GrantRole(ctx, "bench", registry.Role{Person: "tho", Name: registry.Technician, Area: province}))
	token, _, err = reg.NewToken(ctx, "bench", "tho", "bench", time.Hour)
	must(err)
	shelf, err := library.NewShelf(library.ShelfOptions{Dir: filepath.Join(dir, "library")})
	must(err)
	b.Cleanup(func() { shelf.Close() })
	placed, err := orders.New(orders.Options{Store: db.Orders(), Registry: reg, Publisher: quiet{}, Key: keyOf("central"), Log: log})
	must(err)
	server = httptest.NewServer(web.New(web.Options{
		Registry: reg, Library: library.New(db.Library(), shelf, log), Planner: planner.New(db.Planner()), Orders: placed, Fleet: f, Files: shelf,
		Planned: func() {}, Sessions: db.Sessions(web.SessionIdle), Version: "bench", Log: log,
	}))
	b.Cleanup(server.Close)
	return server, f, token
}

// stateOf is one of a sounding, a faulty, or most often a quiet board.
func stateOf(cluster string, i int) []byte {
	s := protocol.State{Version: protocol.Version, Cluster: cluster, Online: i%50 != 0, At: time.Now(), Boot: "b", Clock: protocol.ClockTrusted}
	switch i % 10 {
	case 1:
		s.OnAir = []protocol.OnAir{{Output: "main", Class: "routine", Mode: protocol.Live, Subject: "sang@2026-11-21T05:30:00", Since: time.Now()}}
	case 2:
		s.Faults = []protocol.FaultNote{{Part: "sound main", Detail: "the sound card was lost"}}
	}
	data, err := protocol.Encode(s)
	if err != nil {
		panic(err)
	}
	return data
}

// The list of 10,000 clusters over HTTP, with a new connection's worth of work
// but for the connection. The baseline is the full list.
func BenchmarkClusters(b *testing.B) {
	server, _, token := large(b, 10_000)
	for _, c := range []struct{ name, path, encoding string }{
		{"brief", "/clusters/brief", "identity"}, {"brief-gzip", "/clusters/brief", "gzip"}, {"full", "/clusters", "identity"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				req, err := http.NewRequest("GET", server.URL+"/api/v1"+c.path, nil)
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+token)
				req.Header.Set("Accept-Encoding", c.encoding)
				resp, err := server.Client().Do(req)
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || n < 10_000 {
					b.Fatal(resp.StatusCode, n, err)
				}
				b.ReportMetric(float64(n), "body-B")
			}
		})
	}
}
