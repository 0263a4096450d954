package storage_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"loa/central/orders"
	"loa/controller/protocol"
)

// What was heard before the schema told outputs apart goes on to count, for the
// outputs that told it.
func TestVerdictsOfAnOlderSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loa.db")
	older(t, path, 10)
	hash := strings.Repeat("a", 64)
	ran := func(occurrence, output, verdict string) string {
		return fmt.Sprintf(`INSERT INTO runs VALUES ('muong-te-01', '%s', 'x%s', '%s', 'alert', 'live', 'x', 'e', 1, 'finished', '', '', NULL, 0, 'trusted', '{"verdict":"%s"}')`,
			hash, occurrence, output, verdict)
	}
	raw(t, path,
		`INSERT INTO outbox (order_hash, cluster, handling, attempts, next_at, epoch, fate, verdict) VALUES ('`+hash+`', 'muong-te-01', 'accepted', 1, 0, 'e', 'finished', 'heard')`,
		ran("#1", "main", "heard"), ran("#2", "main", "silent"))
	db := open(t, path)
	var sequence int64
	tell := func(output string, verdict protocol.Verdict) {
		t.Helper()
		sequence++
		r := protocol.Receipt{
			Version: protocol.Version, Cluster: "muong-te-01", Epoch: "e", Sequence: sequence, At: at, Clock: protocol.ClockTrusted,
			Order: hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: "x", Occurrence: fmt.Sprint("x#", 2+sequence),
			Fate: protocol.FateFinished, Evidence: &protocol.Evidence{Output: output, Sources: []string{}, Verdict: verdict},
		}
		_, err := db.Orders().AddReceipts(t.Context(), []orders.ReceiptRow{{Receipt: r, Hash: r.Occurrence, Envelope: []byte("{}"), ReceivedAt: at}})
		must(t, err)
	}
	stands := func(when string, want protocol.Verdict) {
		t.Helper()
		fates, err := db.Orders().Fates(t.Context(), hash)
		must(t, err)
		if len(fates) != 1 || fates[0].Verdict != want {
			t.Errorf("%s: %+v, want %s", when, fates, want)
		}
	}
	stands("migrated", protocol.VerdictHeard)
	tell("main", protocol.VerdictSilent)
	stands("the same output", protocol.VerdictHeard)
	tell("valley", protocol.VerdictSilent)
	stands("another output", protocol.VerdictSilent)
}
