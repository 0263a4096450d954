package storage_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"loa/central/registry"
	"loa/central/storage"
)

// seen is what a store says of everything that it may keep in memory.
func seen(t *testing.T, s registry.Store) string {
	t.Helper()
	ctx := t.Context()
	var b strings.Builder
	say := func(v any, err error) { fmt.Fprintln(&b, v, err) }
	say(s.Areas(ctx))
	say(s.Path(ctx, "03388.01"))
	say(s.Path(ctx, "99999"))
	say(s.Cluster(ctx, "dk-1"))
	say(s.Cluster(ctx, "dk-9"))
	say(s.Clusters(ctx))
	say(s.ClustersIn(ctx, []string{"03388"}))
	say(s.ClustersIn(ctx, []string{"12"}))
	say(s.Devices(ctx, "dk-1"))
	say(s.Devices(ctx, "dk-9"))
	say(s.Devices(ctx, ""))
	say(s.InService(ctx))
	return b.String()
}

// What one process changes every other sees with its next question, in every way
// of asking.
func TestAnotherProcessIsSeenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loa.db")
	mine, other := open(t, path).Registry(), open(t, path).Registry()
	ctx := t.Context()
	must(t, mine.PutAreas(ctx, "an", lai))
	must(t, mine.AddClusters(ctx, "an", []registry.Cluster{{ID: "dk-1", Name: "Cụm 1", Area: "03388.01", Languages: []string{"vi"}}}))
	renamed, moved := lai[2], lai[3]
	renamed.NameVi = "Đoàn Kết mới"
	moved.NameVi = "Bản Một"
	first := device("dk-1", 1, "a1")
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"an area renamed", func() error { return other.PutAreas(ctx, "an", []registry.Area{renamed, moved}) }},
		{"an area added", func() error {
			return other.PutAreas(ctx, "an", []registry.Area{{Code: "03388.09", Parent: "03388", Kind: registry.Village, NameVi: "Bản chín"}})
		}},
		{"a cluster added", func() error {
			return other.AddClusters(ctx, "an", []registry.Cluster{{ID: "dk-9", Name: "x", Area: "03433", Languages: []string{"vi"}}})
		}},
		{"a cluster moved", func() error {
			return other.UpdateCluster(ctx, "an", registry.Cluster{ID: "dk-9", Name: "x", Area: "03388", Languages: []string{"vi"}})
		}},
		{"a cluster that answers to more", func() error {
			return other.UpdateCluster(ctx, "an", registry.Cluster{ID: "dk-9", Name: "x", Area: "03433", Also: []string{"03388"}, Languages: []string{"vi"}})
		}},
		{"a board enrolled", func() error { return other.AddDevice(ctx, "an", first) }},
		{"a certificate renewed", func() error {
			renewed := first
			renewed.CertSerial = "a2"
			return other.AddDevice(ctx, "an", renewed)
		}},
		{"a board revoked", func() error { return other.RevokeDevice(ctx, "an", first.ID, at) }},
		{"behind everybody's back", func() error {
			raw(t, path, `UPDATE areas SET parent = '15' WHERE code = '03433'`, `DELETE FROM devices`, `DELETE FROM cluster_also`)
			return nil
		}},
	} {
		before := seen(t, mine) // so that all of it is in memory
		if again := seen(t, mine); again != before {
			t.Fatalf("before %s the same question has two answers:\n%s\n%s", step.name, before, again)
		}
		must(t, step.do())
		after := seen(t, mine)
		if after == before {
			t.Errorf("%s: not seen", step.name)
		}
		if want := seen(t, open(t, path).Registry()); after != want {
			t.Errorf("%s: got\n%s\nwant\n%s", step.name, after, want)
		}
	}
}

// Whoever is given a list may sort it or cut it.
func TestWhatIsKeptIsNobodysToChange(t *testing.T) {
	s := fresh(t).Registry()
	must(t, s.PutAreas(t.Context(), "an", lai))
	must(t, s.AddClusters(t.Context(), "an", []registry.Cluster{{ID: "dk-1", Name: "x", Area: "03388", Languages: []string{"vi"}}, {ID: "dk-2", Name: "x", Area: "03388", Languages: []string{"vi"}}}))
	must(t, s.AddDevice(t.Context(), "an", device("dk-1", 1, "a1")))
	want := seen(t, s)
	all, _ := s.Areas(t.Context())
	all[0] = registry.Area{}
	path, _ := s.Path(t.Context(), "03388.01")
	path[0] = "x"
	clusters, _ := s.Clusters(t.Context())
	clusters[0] = registry.Cluster{}
	some, _ := s.ClustersIn(t.Context(), []string{"12"})
	some[0] = registry.Cluster{}
	boards, _ := s.Devices(t.Context(), "dk-1")
	boards[0] = registry.Device{}
	if got := seen(t, s); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Many readers beside a real other process that writes: nobody ever sees an
// older name than one that was committed before the question.
func TestNobodySeesWhatIsOver(t *testing.T) {
	if path := os.Getenv("LOA_RENAME_UNTIL_TOLD"); path != "" {
		renameUntilTold(path)
	}
	path := filepath.Join(t.TempDir(), "loa.db")
	s := open(t, path).Registry()
	must(t, s.PutAreas(t.Context(), "an", lai[:1]))
	cmd := exec.Command(os.Args[0], "-test.run=^TestNobodySeesWhatIsOver$")
	cmd.Env = append(os.Environ(), "LOA_RENAME_UNTIL_TOLD="+path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var mu sync.Mutex
	committed := -1
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				least := committed
				mu.Unlock()
				all, err := s.Areas(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if n, err := strconv.Atoi(all[0].NameVi); least >= 0 && (err != nil || n < least) {
					t.Errorf("name %s was read after %d was committed", all[0].NameVi, least)
					return
				}
			}
		})
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Errorf("writer says %q", lines.Text())
			break
		}
		mu.Lock()
		committed = n
		mu.Unlock()
	}
	close(done)
	readers.Wait()
	must(t, cmd.Wait())
	if committed != 149 {
		t.Errorf("the writer came to %d", committed)
	}
}

func renameUntilTold(path string) {
	db, err := storage.Open(path)
	for i := 0; i < 150 && err == nil; i++ {
		area := lai[0]
		area.NameVi = strconv.Itoa(i)
		if err = db.Registry().PutAreas(context.Background(), "an", []registry.Area{area}); err == nil {
			fmt.Println(i)
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A board's message asks for its cluster and its board. The baseline is the same
// question to the database.
func BenchmarkAskForABoard(b *testing.B) {
	path := filepath.Join(b.TempDir(), "loa.db")
	db, err := storage.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	s := db.Registry()
	ctx := b.Context()
	if err := s.PutAreas(ctx, "an", lai); err != nil {
		b.Fatal(err)
	}
	if err := s.AddClusters(ctx, "an", []registry.Cluster{{ID: "dk-1", Name: "x", Area: "03388", Languages: []string{"vi"}}}); err != nil {
		b.Fatal(err)
	}
	if err := s.AddDevice(ctx, "an", device("dk-1", 1, "a1")); err != nil {
		b.Fatal(err)
	}
	b.Run("kept", func(b *testing.B) {
		for b.Loop() {
			if all, err := s.Devices(ctx, "dk-1"); err != nil || len(all) != 1 {
				b.Fatal(all, err)
			}
		}
	})
	b.Run("query", func(b *testing.B) {
		direct, err := sql.Open("sqlite", "file:"+path)
		if err != nil {
			b.Fatal(err)
		}
		defer direct.Close()
		for b.Loop() {
			var id, cluster, serial string
			var public []byte
			var enrolled int64
			if err := direct.QueryRowContext(ctx, `SELECT id, cluster, public, cert_serial, enrolled_at FROM devices WHERE ? IN ('', cluster) ORDER BY enrolled_at, id`, "dk-1").
				Scan(&id, &cluster, &public, &serial, &enrolled); err != nil {
				b.Fatal(err)
			}
		}
	})
}
