package fleet_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loa/central/fleet"
	"loa/central/orders"
	"loa/central/registry"
	"loa/central/storage"
	"loa/controller/protocol"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type world struct {
	*fleet.Fleet
	db  *storage.DB
	reg *registry.Registry
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := storage.Open(filepath.Join(t.TempDir(), "loa.db"))
	must(t, err)
	t.Cleanup(func() { db.Close() })
	w := &world{db: db, reg: registry.New(db.Registry())}
	ctx := t.Context()
	must(t, w.reg.PutAreas(ctx, "test",
		registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
		registry.Area{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"},
		registry.Area{Code: "03388", Parent: "12", Kind: registry.Ward, NameVi: "Đoàn Kết"}))
	must(t, w.reg.AddClusters(ctx, "test",
		registry.Cluster{ID: "doan-ket-01", Name: "x", Area: "03388", Languages: []string{"vi"}},
		registry.Cluster{ID: "muong-te-01", Name: "x", Area: "03433", Languages: []string{"vi"}},
		registry.Cluster{ID: "muong-te-02", Name: "x", Area: "03433", Languages: []string{"vi"}}))
	w.start(t)
	return w
}

func (w *world) start(t *testing.T) {
	t.Helper()
	var err error
	w.Fleet, err = fleet.New(fleet.Options{Store: w.db.Fleet(), Registry: w.reg, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
}

// enrol hangs boards up.
func (w *world) enrol(t *testing.T, clusters ...string) {
	t.Helper()
	for i, c := range clusters {
		seed := sha256.Sum256([]byte(c))
		_, err := w.reg.Enrol(t.Context(), "test", c, ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey), fmt.Sprintf("a%d", i))
		must(t, err)
	}
}

// keep stores a receipt, as orders does.
func (w *world) keep(t *testing.T, r protocol.Receipt) {
	t.Helper()
	_, err := w.db.Orders().AddReceipts(t.Context(), []orders.ReceiptRow{{
		Receipt: r, Hash: fmt.Sprint(r.Epoch, r.Sequence), Envelope: []byte("{}"), ReceivedAt: r.At,
	}})
	must(t, err)
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	data, err := protocol.Encode(v)
	must(t, err)
	return data
}

func state(cluster string, online bool, onAir ...protocol.OnAir) protocol.State {
	return protocol.State{
		Version: protocol.Version, Cluster: cluster, Online: online, At: time.Date(2026, 11, 21, 5, 30, 0, 0, time.UTC), Boot: "b",
		Clock: protocol.ClockTrusted, OnAir: onAir, Faults: []protocol.FaultNote{},
	}
}

func (w *world) ids(t *testing.T, q fleet.Filter) string {
	t.Helper()
	all, err := w.Clusters(t.Context(), q)
	must(t, err)
	var ids []string
	for _, p := range all {
		ids = append(ids, p.Cluster)
	}
	return strings.Join(ids, " ")
}

func TestPictureFollowsStateAndWill(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if got := w.ids(t, fleet.Filter{Offline: true}); got != "doan-ket-01 muong-te-01 muong-te-02" {
		t.Fatalf("before anything: %s", got)
	}
	playing := protocol.OnAir{Output: "main", Class: "routine", Mode: protocol.Live, Subject: "i1@2026-11-21T05:30:00"}
	up := state("muong-te-01", true, playing)
	up.Faults = []protocol.FaultNote{{Part: "rtc", Detail: "battery is low"}}
	must(t, w.State(ctx, "muong-te-01", encoded(t, up)))
	must(t, w.State(ctx, "doan-ket-01", encoded(t, state("doan-ket-01", true))))
	p, err := w.Picture(ctx, "muong-te-01")
	must(t, err)
	if !p.Online || p.Since.IsZero() || time.Since(p.Seen) > time.Minute || p.State == nil || len(p.State.OnAir) != 1 {
		t.Fatalf("picture %+v", p)
	}
	for _, tc := range []struct {
		filter fleet.Filter
		want   string
	}{
		{fleet.Filter{}, "doan-ket-01 muong-te-01 muong-te-02"},
		{fleet.Filter{Areas: []string{"03433"}}, "muong-te-01 muong-te-02"},
		{fleet.Filter{Areas: []string{"12"}, Offline: true}, "muong-te-02"},
		{fleet.Filter{Faulty: true}, "muong-te-01"},
		{fleet.Filter{OnAir: true}, "muong-te-01"},
		{fleet.Filter{Areas: []string{"03388"}, OnAir: true}, ""},
	} {
		if got := w.ids(t, tc.filter); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.filter, got, tc.want)
		}
	}
	// The last will was written before all this: it only says that the board is gone.
	must(t, w.State(ctx, "muong-te-01", encoded(t, state("muong-te-01", false))))
	gone, err := w.Picture(ctx, "muong-te-01")
	must(t, err)
	if gone.Online || len(gone.State.OnAir) != 1 || gone.Since.Before(p.Since) {
		t.Errorf("picture %+v", gone)
	}
	if got := w.ids(t, fleet.Filter{OnAir: true}); got != "" {
		t.Errorf("on air while away: %s", got)
	}
	w.Gone("doan-ket-01")
	if got := w.ids(t, fleet.Filter{Offline: true}); got != "doan-ket-01 muong-te-01 muong-te-02" {
		t.Errorf("offline: %s", got)
	}
	_, err = w.Picture(ctx, "nobody-01")
	if !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestPictureOutlivesARestart(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	must(t, w.State(ctx, "muong-te-01", encoded(t, state("muong-te-01", true))))
	must(t, w.Telemetry(ctx, "muong-te-01", encoded(t, protocol.Telemetry{Version: protocol.Version, Cluster: "muong-te-01", Uptime: 77})))
	must(t, w.Save(ctx))
	before, err := w.Picture(ctx, "muong-te-01")
	must(t, err)
	w.start(t)
	after, err := w.Picture(ctx, "muong-te-01")
	must(t, err)
	if after.Online || after.State == nil || after.Telemetry == nil || after.Telemetry.Uptime != 77 || after.Seen.UnixMilli() != before.Seen.UnixMilli() {
		t.Errorf("picture %+v", after)
	}
}

func TestWhatBoardsTellIsJudged(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	long := state("muong-te-01", true, protocol.OnAir{Subject: strings.Repeat("x", 1000)})
	old := state("muong-te-01", true)
	old.Version = 1
	many := state("muong-te-01", true, make([]protocol.OnAir, 100)...)
	for name, data := range map[string][]byte{
		"another cluster's": encoded(t, state("muong-te-02", true)),
		"another version":   encoded(t, old),
		"not JSON":          []byte("online"),
		"two cases":         []byte(`{"version":20261121,"cluster":"muong-te-01","Cluster":"muong-te-02","online":true}`),
		"a long text":       encoded(t, long),
		"many outputs":      encoded(t, many),
		"10 MB":             make([]byte, 10<<20),
	} {
		if err := w.State(ctx, "muong-te-01", data); err == nil {
			t.Errorf("%s: taken as a state", name)
		}
		if err := w.Telemetry(ctx, "muong-te-01", data); err == nil && name != "a long text" && name != "many outputs" {
			t.Errorf("%s: taken as telemetry", name)
		}
	}
	p, err := w.Picture(ctx, "muong-te-01")
	must(t, err)
	if p.State != nil || p.Online {
		t.Errorf("picture %+v", p)
	}
	must(t, w.State(ctx, "muong-te-01", nil)) // a retained message that was removed
}

func TestOnAirIsWhatAStopNames(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	item := protocol.OnAir{Output: "main", Subject: "i1@2026-11-21T05:30:00"}
	drill := protocol.OnAir{Output: "main", Mode: protocol.Drill, Subject: "alert/drill/7f3c"}
	second := protocol.OnAir{Output: "second", Mode: protocol.Drill, Subject: "alert/drill/7f3c"}
	must(t, w.State(ctx, "muong-te-01", encoded(t, state("muong-te-01", true, drill, second))))
	must(t, w.State(ctx, "muong-te-02", encoded(t, state("muong-te-02", true, item))))
	must(t, w.State(ctx, "doan-ket-01", encoded(t, state("doan-ket-01", true))))
	w.Gone("muong-te-02") // it plays on, for all that is known
	got, err := w.OnAir(ctx, "12")
	must(t, err)
	want := map[string][]protocol.Target{
		"muong-te-01": {{Alert: "7f3c", Mode: protocol.Drill}},
		"muong-te-02": {{Occurrence: item.Subject}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got, err = w.OnAir(ctx, "03388"); err != nil || len(got) != 0 {
		t.Errorf("another commune: %v, %v", got, err)
	}
	if got, err = w.OnAir(ctx); err != nil || len(got) != 0 {
		t.Errorf("nowhere: %v, %v", got, err)
	}
}

// Runs are written along with the receipts that tell them.
func TestRuns(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	store := w.db.Orders()
	at := time.Date(2026, 11, 21, 5, 30, 0, 0, time.UTC)
	hash := strings.Repeat("a", 64)
	tell := func(sequence int64, fate protocol.Fate, occurrence, output string) {
		t.Helper()
		r := protocol.Receipt{
			Version: protocol.Version, Cluster: "muong-te-01", Epoch: "e", Sequence: sequence, At: at.Add(time.Duration(sequence) * time.Second),
			Clock: protocol.ClockTrusted, Order: hash, Kind: protocol.KindPlan, Mode: protocol.Live, Subject: "i1", Occurrence: occurrence, Fate: fate,
		}
		if output != "" {
			r.Evidence = &protocol.Evidence{Output: output, Samples: 48000 * sequence, Verdict: protocol.VerdictHeard, Sources: []string{}}
		}
		row := orders.ReceiptRow{Receipt: r, Hash: string(fate) + occurrence, Envelope: []byte("{}"), ReceivedAt: at}
		_, err := store.AddReceipts(ctx, []orders.ReceiptRow{row})
		must(t, err)
	}
	tell(1, protocol.FateAccepted, "", "")
	tell(2, protocol.FateStarted, "i1@2026-11-21T05:30:00", "")
	tell(3, protocol.FateCut, "i1@2026-11-21T05:30:00", "main")
	tell(5, protocol.FateFinished, "i1@2026-11-21T05:30:00", "main")
	tell(4, protocol.FateStarted, "i1@2026-11-21T05:30:00", "") // came late
	tell(6, protocol.FateMissed, "i2@2026-11-21T05:40:00", "")
	tell(7, protocol.FatePressed, "button1", "")
	tell(8, protocol.FatePressed, "button1", "")

	runs, err := w.Runs(ctx, fleet.RunQuery{Cluster: "muong-te-01"})
	must(t, err)
	var got []string
	for _, r := range runs {
		got = append(got, r.Occurrence+" "+r.Output+" "+string(r.Fate))
	}
	want := []string{
		"button1@8  pressed", "button1@7  pressed", "i2@2026-11-21T05:40:00  missed", "i1@2026-11-21T05:30:00 main finished",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	finished := runs[3]
	if finished.Evidence == nil || finished.Evidence.Samples != 48000*5 || !finished.Started.Equal(at.Add(2*time.Second)) || !finished.At.Equal(at.Add(5*time.Second)) {
		t.Errorf("run %+v", finished)
	}
	if runs, err = w.Runs(ctx, fleet.RunQuery{From: at.Add(6 * time.Second), Until: at.Add(7 * time.Second)}); err != nil || len(runs) != 1 {
		t.Errorf("a second: %+v, %v", runs, err)
	}
	if runs, err = w.Runs(ctx, fleet.RunQuery{Order: hash, Limit: 2}); err != nil || len(runs) != 2 {
		t.Errorf("two: %+v, %v", runs, err)
	}
}
