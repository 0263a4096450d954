package storage

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"loa/central/fleet"
	"loa/controller/protocol"
)

// Fleet is the store of the live picture, and of what ran.
func (db *DB) Fleet() fleet.Store { return fleetStore{db} }

type fleetStore struct{ db *DB }

func (s fleetStore) SavePictures(ctx context.Context, all []fleet.Picture, happened []fleet.Event) error {
	return s.db.write(ctx, func(t *tx) error {
		for _, p := range all {
			if _, err := t.exec(`INSERT INTO pictures (cluster, online, online_since, seen, state, telemetry, fault_since, untrusted_since)
				VALUES (?,?,?,?,?,?,?,?)
				ON CONFLICT (cluster) DO UPDATE SET online = excluded.online, online_since = excluded.online_since, seen = excluded.seen,
					state = excluded.state, telemetry = excluded.telemetry, fault_since = excluded.fault_since,
					untrusted_since = excluded.untrusted_since`,
				p.Cluster, p.Online, millis(p.Since), millis(p.Seen), orNull(p.State), orNull(p.Telemetry),
				asJSON(toMillis(p.FaultSince)), millis(p.UntrustedSince)); err != nil {
				return err
			}
		}
		touched := map[string]bool{}
		for _, e := range happened {
			if _, err := t.exec(`INSERT INTO history (cluster, at, kind, part, detail) VALUES (?,?,?,?,?)`,
				e.Cluster, zeroMillis(e.At), e.Kind, e.Part, e.Detail); err != nil {
				return err
			}
			touched[e.Cluster] = true
		}
		for cluster := range touched {
			if _, err := t.exec(`DELETE FROM history WHERE cluster = ?1 AND id <= (
				SELECT id FROM history WHERE cluster = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`, cluster, fleet.KeepEvents); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s fleetStore) Pictures(ctx context.Context) ([]fleet.Picture, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (p fleet.Picture, err error) {
		var since map[string]int64
		err = rows.Scan(&p.Cluster, &p.Online, when{&p.Since}, when{&p.Seen}, fromNull[protocol.State]{&p.State},
			fromNull[protocol.Telemetry]{&p.Telemetry}, fromJSON{&since}, when{&p.UntrustedSince})
		p.FaultSince = fromMillis(since)
		return p, err
	}, `SELECT cluster, online, online_since, seen, state, telemetry, fault_since, untrusted_since FROM pictures ORDER BY cluster`)
}

func toMillis(times map[string]time.Time) map[string]int64 {
	all := make(map[string]int64, len(times))
	for name, t := range times {
		all[name] = t.UnixMilli()
	}
	return all
}

func fromMillis(times map[string]int64) map[string]time.Time {
	all := make(map[string]time.Time, len(times))
	for name, ms := range times {
		all[name] = time.UnixMilli(ms).UTC()
	}
	return all
}

func (s fleetStore) History(ctx context.Context, q fleet.HistoryQuery) ([]fleet.Event, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (e fleet.Event, err error) {
		err = rows.Scan(&e.ID, &e.Cluster, when{&e.At}, &e.Kind, &e.Part, &e.Detail)
		return e, err
	}, `SELECT id, cluster, at, kind, part, detail FROM history
		WHERE cluster = ?1 AND (?2 IS NULL OR at >= ?2) AND (?3 IS NULL OR at < ?3) ORDER BY id DESC LIMIT ?4`,
		q.Cluster, millis(q.From), millis(q.Until), cmp.Or(q.Limit, 1000))
}

func (s fleetStore) ForgetHistory(ctx context.Context, before time.Time) error {
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM history WHERE at < ?`, before.UnixMilli())
		return err
	})
}

const judgedColumns = `cluster, epoch, sequence, at, order_hash, occurrence, output, kind, mode, subject, verdict, detail`

func scanJudged(rows *sql.Rows) (j fleet.Judged, err error) {
	err = rows.Scan(&j.Cluster, &j.Epoch, &j.Sequence, when{&j.At}, &j.Order, &j.Occurrence, &j.Output, &j.Kind, &j.Mode, &j.Subject, &j.Verdict, &j.Detail)
	return j, err
}

func (s fleetStore) Judged(ctx context.Context) ([]fleet.Judged, error) {
	return list(ctx, s.db.reader, scanJudged, `SELECT `+judgedColumns+` FROM verdicts ORDER BY cluster`)
}

// judged keeps what sensors made of a run, when it is a cluster's latest.
func (t *tx) judged(r protocol.Receipt) error {
	j, ok := fleet.JudgedBy(r)
	if !ok {
		return nil
	}
	before, err := list(t.ctx, t, scanJudged, `SELECT `+judgedColumns+` FROM verdicts WHERE cluster = ?`, j.Cluster)
	if err != nil || len(before) > 0 && !j.Follows(before[0]) {
		return err
	}
	_, err = t.exec(`INSERT OR REPLACE INTO verdicts (`+judgedColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`,
		j.Cluster, j.Epoch, j.Sequence, zeroMillis(j.At), j.Order, j.Occurrence, j.Output, j.Kind, j.Mode, j.Subject, j.Verdict, j.Detail)
	return err
}

func (s fleetStore) Runs(ctx context.Context, q fleet.RunQuery) ([]fleet.Run, error) {
	// A condition that can be switched off by its argument uses no index, and in
	// a year millions of rows are here.
	where, args := []string{"true"}, []any{}
	and := func(condition string, value any) {
		where, args = append(where, condition), append(args, value)
	}
	if q.Cluster != "" {
		and(`cluster = ?`, q.Cluster)
	}
	if q.Order != "" {
		and(`order_hash = ?`, q.Order)
	}
	if q.Heard {
		and(`occurrence NOT LIKE ?`, protocol.SelfTestID+"@%")
	}
	if !q.From.IsZero() {
		and(`at >= ?`, q.From.UnixMilli())
	}
	if !q.Until.IsZero() {
		and(`at < ?`, q.Until.UnixMilli())
	}
	return list(ctx, s.db.reader, func(rows *sql.Rows) (r fleet.Run, err error) {
		err = rows.Scan(&r.Cluster, &r.Output, &r.Order, &r.Kind, &r.Mode, &r.Subject, &r.Occurrence, &r.Fate, &r.Reason, &r.Detail,
			when{&r.Started}, when{&r.At}, &r.Clock, fromNull[protocol.Evidence]{&r.Evidence})
		return r, err
	}, `SELECT cluster, output, order_hash, kind, mode, subject, occurrence, fate, reason, detail, started, at, clock, evidence FROM runs
		WHERE `+strings.Join(where, " AND ")+` ORDER BY at DESC, cluster, occurrence, output LIMIT ?`, append(args, cmp.Or(q.Limit, 1000))...)
}

// ran keeps what a receipt tells of one occurrence. A start names no output
// yet; the first receipt with one takes its place.
func (t *tx) ran(r protocol.Receipt) error {
	if err := t.judged(r); err != nil {
		return err
	}
	occurrence := cmp.Or(r.Occurrence, r.Subject)
	if occurrence == "" {
		return nil
	}
	if r.Fate == protocol.FatePressed {
		occurrence = fmt.Sprintf("%s@%d", occurrence, r.Sequence) // every press counts
	}
	output, started := "", sql.NullInt64{}
	if r.Evidence != nil {
		output = r.Evidence.Output
	}
	if r.Fate == protocol.FateStarted {
		started = millis(r.At)
	}
	same := []any{r.Cluster, r.Order, occurrence}
	if output == "" {
		// A start that comes behind its own end tells nothing new.
		var later bool
		if err := t.QueryRowContext(t.ctx, `SELECT EXISTS (SELECT 1 FROM runs WHERE cluster = ? AND order_hash = ? AND occurrence = ?
			AND epoch = ? AND sequence > ?)`, append(same, r.Epoch, r.Sequence)...).Scan(&later); err != nil || later {
			return err
		}
	} else {
		if !started.Valid {
			if err := t.QueryRowContext(t.ctx, `SELECT max(started) FROM runs WHERE cluster = ? AND order_hash = ? AND occurrence = ?`,
				same...).Scan(&started); err != nil {
				return err
			}
		}
		if _, err := t.exec(`DELETE FROM runs WHERE cluster = ? AND order_hash = ? AND occurrence = ? AND output = '' AND sequence < ?`,
			append(same, r.Sequence)...); err != nil {
			return err
		}
	}
	_, err := t.exec(`INSERT INTO runs (cluster, order_hash, occurrence, output, kind, mode, subject, epoch, sequence, fate, reason, detail, started, at, clock, evidence)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (cluster, order_hash, occurrence, output) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence,
			fate = excluded.fate, reason = excluded.reason, detail = excluded.detail, started = ifnull(runs.started, excluded.started),
			at = excluded.at, clock = excluded.clock, evidence = ifnull(excluded.evidence, runs.evidence)
		WHERE runs.epoch <> excluded.epoch OR runs.sequence < excluded.sequence`,
		r.Cluster, r.Order, occurrence, output, r.Kind, r.Mode, r.Subject, r.Epoch, r.Sequence, r.Fate, r.Reason, r.Detail,
		started, zeroMillis(r.At), r.Clock, orNull(r.Evidence))
	return err
}

// orNull is a value as JSON for a column, NULL for nil.
func orNull[T any](v *T) any {
	if v == nil {
		return nil
	}
	return asJSON(v)
}

// fromNull scans what orNull wrote.
type fromNull[T any] struct{ to **T }

func (n fromNull[T]) Scan(v any) error {
	*n.to = nil
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), n.to)
	}
	return fmt.Errorf("scan JSON: got %T", v)
}
