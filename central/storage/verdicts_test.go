package storage_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loa/central/orders"
	"loa/controller/protocol"
)

// What was heard before the schema told outputs apart goes on to count, for the
// outputs that told it.
func TestVerdictsOfAnOlderSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loa.db")
	db := open(t, path)
	hash := strings.Repeat("a", 64)
	alert := orders.Record{
		Hash: hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: "alert/live/x", Revision: 1, State: orders.Sealed,
		By: "an", DraftedAt: at, SealedAt: at, Until: at.Add(time.Hour), Areas: []string{"03388"},
		PayloadType: "application/x", Payload: []byte("{}"), Envelope: []byte("{}"),
	}
	var sequence int64
	tell := func(repetition, output string, verdict protocol.Verdict) {
		t.Helper()
		sequence++
		r := protocol.Receipt{
			Version: protocol.Version, Cluster: "muong-te-01", Epoch: "e", Sequence: sequence, At: at, Clock: protocol.ClockTrusted,
			Order: hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: alert.Subject, Occurrence: alert.Subject + repetition,
			Fate: protocol.FateFinished, Evidence: &protocol.Evidence{Output: output, Sources: []string{}, Verdict: verdict},
		}
		_, err := db.Orders().AddReceipts(t.Context(), []orders.ReceiptRow{{Receipt: r, Hash: repetition + output, Envelope: []byte("{}"), ReceivedAt: at}})
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
	must(t, db.Orders().Seal(t.Context(), "an", alert, []orders.Delivery{{Cluster: "muong-te-01", Order: hash, Kind: alert.Kind, NextAt: at}}))
	tell("#1", "main", protocol.VerdictHeard)
	tell("#2", "main", protocol.VerdictSilent)
	stands("before", protocol.VerdictHeard)

	must(t, db.Close())
	raw(t, path, `ALTER TABLE outbox DROP COLUMN verdicts`, `DELETE FROM goose_db_version WHERE version_id >= 11`)
	db = open(t, path)
	stands("migrated", protocol.VerdictHeard)
	tell("#3", "main", protocol.VerdictSilent)
	stands("the same output", protocol.VerdictHeard)
	tell("#3", "valley", protocol.VerdictSilent)
	stands("another output", protocol.VerdictSilent)
}
