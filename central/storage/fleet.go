package storage

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"loa/central/fleet"
	"loa/controller/protocol"
)

// Fleet is the store of the live picture, and of what ran.
func (db *DB) Fleet() fleet.Store { return fleetStore{db} }

type fleetStore struct{ db *DB }

func (s fleetStore) SavePictures(ctx context.Context, all []fleet.Picture) error {
	return s.db.write(ctx, func(t *tx) error {
		for _, p := range all {
			if _, err := t.exec(`INSERT INTO pictures (cluster, online_since, seen, state, telemetry) VALUES (?,?,?,?,?)
				ON CONFLICT (cluster) DO UPDATE SET online_since = excluded.online_since, seen = excluded.seen,
					state = excluded.state, telemetry = excluded.telemetry`,
				p.Cluster, millis(p.Since), millis(p.Seen), orNull(p.State), orNull(p.Telemetry)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s fleetStore) Pictures(ctx context.Context) ([]fleet.Picture, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (p fleet.Picture, err error) {
		err = rows.Scan(&p.Cluster, when{&p.Since}, when{&p.Seen}, fromNull[protocol.State]{&p.State}, fromNull[protocol.Telemetry]{&p.Telemetry})
		return p, err
	}, `SELECT cluster, online_since, seen, state, telemetry FROM pictures ORDER BY cluster`)
}

func (s fleetStore) Runs(ctx context.Context, q fleet.RunQuery) ([]fleet.Run, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (r fleet.Run, err error) {
		err = rows.Scan(&r.Cluster, &r.Output, &r.Order, &r.Kind, &r.Mode, &r.Subject, &r.Occurrence, &r.Fate, &r.Reason, &r.Detail,
			when{&r.Started}, when{&r.At}, &r.Clock, fromNull[protocol.Evidence]{&r.Evidence})
		return r, err
	}, `SELECT cluster, output, order_hash, kind, mode, subject, occurrence, fate, reason, detail, started, at, clock, evidence FROM runs
		WHERE (?1 = '' OR cluster = ?1) AND (?2 = '' OR order_hash = ?2) AND (?3 IS NULL OR at >= ?3) AND (?4 IS NULL OR at < ?4)
		ORDER BY at DESC, cluster, occurrence, output LIMIT ?5`,
		q.Cluster, q.Order, millis(q.From), millis(q.Until), cmp.Or(q.Limit, 1000))
}

// ran keeps what a receipt tells of one occurrence. A start names no output
// yet; the first receipt with one takes its place.
func (t *tx) ran(r protocol.Receipt) error {
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
