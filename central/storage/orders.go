package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"loa/central/orders"
	"loa/controller/protocol"
)

// Orders is the store of orders, their outbox, and receipts.
func (db *DB) Orders() orders.Store { return orderStore{db} }

type orderStore struct{ db *DB }

func (s orderStore) AddDraft(ctx context.Context, r orders.Record) error {
	return s.db.write(ctx, func(t *tx) error {
		added, err := t.putOrder(r, `DO NOTHING`)
		if err != nil || added == 0 {
			return err
		}
		return t.audit(r.By, "order.draft", r.Hash, map[string]any{"subject": r.Subject, "revision": r.Revision, "mode": r.Mode})
	})
}

// putOrder adds an order with its audience; conflict says what to do when it is
// there. It returns how many rows changed.
func (t *tx) putOrder(r orders.Record, conflict string) (int64, error) {
	changed, err := t.exec(`INSERT INTO orders (hash, kind, mode, subject, revision, cluster, areas, wide, payload_type, payload,
			state, drafted_by, drafted_at, sealed_at, until, persons, envelope)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (hash) `+conflict,
		r.Hash, r.Kind, r.Mode, r.Subject, r.Revision, r.Cluster, asJSON(r.Areas), r.Wide, r.PayloadType, r.Payload,
		r.State, r.By, millis(r.DraftedAt), millis(r.SealedAt), millis(r.Until), asJSON(r.Persons), r.Envelope)
	if err != nil || changed == 0 || len(r.Areas) == 0 {
		return changed, err
	}
	_, err = t.exec(`INSERT OR IGNORE INTO order_areas (order_hash, area) SELECT ?, value FROM json_each(?)`, r.Hash, asJSON(r.Areas))
	return changed, err
}

func (t *tx) putSignature(hash string, s orders.Signed) error {
	_, err := t.exec(`INSERT INTO order_signatures (order_hash, key_id, person, at, signature) VALUES (?,?,?,?,?)
		ON CONFLICT (order_hash, key_id) DO UPDATE SET person = excluded.person, at = excluded.at, signature = excluded.signature`,
		hash, s.KeyID, s.Person, millis(s.At), asJSON(s.Signature))
	return err
}

func (s orderStore) AddSignature(ctx context.Context, hash string, sig orders.Signed) error {
	return s.db.write(ctx, func(t *tx) error {
		var found int
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM orders WHERE hash = ? AND state = ?`, hash, orders.Gathering).Scan(&found); err != nil {
			return err
		}
		if found == 0 {
			return orders.ErrNotFound
		}
		if err := t.putSignature(hash, sig); err != nil {
			return err
		}
		return t.audit(sig.Person, "order.sign", hash, map[string]string{"key": sig.KeyID})
	})
}

func (s orderStore) Seal(ctx context.Context, by string, r orders.Record, out []orders.Delivery) error {
	err := s.db.write(ctx, func(t *tx) error {
		changed, err := t.putOrder(r, `DO UPDATE SET state = excluded.state, sealed_at = excluded.sealed_at, wide = excluded.wide,
			persons = excluded.persons, envelope = excluded.envelope WHERE orders.state = 'gathering'`)
		if err != nil || changed == 0 {
			return err
		}
		for _, sig := range r.Signatures {
			if err := t.putSignature(r.Hash, sig); err != nil {
				return err
			}
		}
		if err := t.audit(by, "order.seal", r.Hash, map[string]any{
			"subject": r.Subject, "revision": r.Revision, "mode": r.Mode, "persons": r.Persons, "clusters": len(out),
		}); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO outbox (order_hash, cluster, handling, attempts, sent_at, next_at)
			SELECT ?, value ->> 0, 'waiting', value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`, r.Hash, deliveryRows(out)); err != nil {
			return err
		}
		return t.supersede(r)
	})
	if unique, _ := breaks(err); unique {
		return orders.ErrConflict
	}
	return err
}

// deliveryRows is a JSON list of [cluster, attempts, sent, next], so that ten
// thousand rows are one statement.
func deliveryRows(out []orders.Delivery) string {
	rows := make([][]any, len(out))
	for i, d := range out {
		sent := any(nil)
		if !d.SentAt.IsZero() {
			sent = d.SentAt.UnixMilli()
		}
		rows[i] = []any{d.Cluster, d.Attempts, sent, d.NextAt.UnixMilli()}
	}
	return asJSON(rows)
}

// supersede closes deliveries that an order makes pointless on the clusters
// that it is for.
func (t *tx) supersede(r orders.Record) error {
	pointless, args := "", []any(nil)
	switch {
	case r.Kind == protocol.KindCancel:
		pointless = `SELECT hash FROM orders WHERE subject = ? AND kind = 'alert' AND (wide = 0 OR ?)`
		args = []any{r.Subject, r.Wide}
	case r.Revision > 0 && r.Kind != protocol.KindRoot:
		pointless = `SELECT hash FROM orders WHERE subject = ? AND cluster = ? AND state = 'sealed' AND revision < ?`
		args = []any{r.Subject, r.Cluster, r.Revision}
	default:
		return nil
	}
	_, err := t.exec(`UPDATE outbox SET handling = 'superseded' WHERE handling IN ('waiting', 'held')
		AND order_hash IN (`+pointless+`) AND cluster IN (SELECT cluster FROM outbox WHERE order_hash = ?)`, append(args, r.Hash)...)
	return err
}

const orderColumns = `hash, kind, mode, subject, revision, cluster, areas, wide, payload_type, payload,
	state, drafted_by, drafted_at, sealed_at, until, persons, envelope`

func scanOrder(rows *sql.Rows) (r orders.Record, err error) {
	err = rows.Scan(&r.Hash, &r.Kind, &r.Mode, &r.Subject, &r.Revision, &r.Cluster, fromJSON{&r.Areas}, &r.Wide, &r.PayloadType, &r.Payload,
		&r.State, &r.By, when{&r.DraftedAt}, when{&r.SealedAt}, when{&r.Until}, fromJSON{&r.Persons}, &r.Envelope)
	return r, err
}

func (s orderStore) Order(ctx context.Context, hash string) (orders.Record, error) {
	r, err := one(ctx, s.db.reader, orders.ErrNotFound, scanOrder, `SELECT `+orderColumns+` FROM orders WHERE hash = ?`, hash)
	if err != nil {
		return r, err
	}
	all := []orders.Record{r}
	err = s.signatures(ctx, all)
	return all[0], err
}

func (s orderStore) Orders(ctx context.Context, q orders.Query) ([]orders.Record, error) {
	where, args := []string{"true"}, []any{}
	and := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if len(q.Kinds) > 0 {
		and(`kind IN (SELECT value FROM json_each(?))`, asJSON(q.Kinds))
	}
	if q.State != "" {
		and(`state = ?`, q.State)
	}
	if q.Subject != "" {
		and(`subject = ?`, q.Subject)
	}
	if q.Cluster != "" {
		and(`cluster = ?`, q.Cluster)
	}
	if len(q.Areas) > 0 {
		and(`(hash IN (SELECT order_hash FROM order_areas WHERE area IN (SELECT value FROM json_each(?)))
			OR cluster = '' AND areas IN ('null', '[]'))`, asJSON(q.Areas))
	}
	if !q.ValidAt.IsZero() {
		and(`(until IS NULL OR until > ?)`, millis(q.ValidAt))
	}
	if q.Newest {
		and(`NOT EXISTS (SELECT 1 FROM orders n WHERE n.subject = orders.subject AND n.cluster = orders.cluster
			AND n.state = 'sealed' AND n.revision > orders.revision)`)
	}
	if q.Hashes != nil {
		and(`hash IN (SELECT value FROM json_each(?))`, asJSON(q.Hashes))
	}
	query := `SELECT ` + orderColumns + ` FROM orders WHERE ` + strings.Join(where, " AND ") + ` ORDER BY drafted_at DESC, hash`
	if q.Limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, q.Limit)
	}
	all, err := list(ctx, s.db.reader, scanOrder, query, args...)
	if err != nil {
		return nil, err
	}
	return all, s.signatures(ctx, all)
}

// signatures fills in who signed each order, in the order in which they did.
func (s orderStore) signatures(ctx context.Context, all []orders.Record) error {
	if len(all) == 0 {
		return nil
	}
	at := map[string]int{}
	hashes := make([]string, len(all))
	for i, r := range all {
		at[r.Hash], hashes[i] = i, r.Hash
	}
	_, err := list(ctx, s.db.reader, func(rows *sql.Rows) (none struct{}, err error) {
		var hash string
		var sig orders.Signed
		err = rows.Scan(&hash, &sig.Person, when{&sig.At}, fromJSON{&sig.Signature})
		all[at[hash]].Signatures = append(all[at[hash]].Signatures, sig)
		return none, err
	}, `SELECT order_hash, person, at, signature FROM order_signatures
		WHERE order_hash IN (SELECT value FROM json_each(?)) ORDER BY at, rowid`, asJSON(hashes))
	return err
}

func (s orderStore) HaveSealed(ctx context.Context, hashes []string) ([]string, error) {
	return list(ctx, s.db.reader, scanText, `SELECT hash FROM orders
		WHERE state = 'sealed' AND hash IN (SELECT value FROM json_each(?)) ORDER BY hash`, asJSON(hashes))
}

func (s orderStore) HighestRevision(ctx context.Context, subject, cluster string) (int64, error) {
	return one(ctx, s.db.reader, nil, func(rows *sql.Rows) (n int64, err error) {
		err = rows.Scan(&n)
		return n, err
	}, `SELECT max(ifnull((SELECT max(revision) FROM orders WHERE subject = ?1 AND cluster = ?2 AND state = 'sealed'), 0),
		ifnull((SELECT revision FROM floors WHERE subject = ?1 AND cluster = ?2), 0))`, subject, cluster)
}

func (s orderStore) KeepGreeting(ctx context.Context, g orders.Greeting, floors []orders.Floor) (before orders.Greeting, raised []orders.Floor, err error) {
	err = s.db.write(ctx, func(t *tx) error {
		var err error
		before, err = one(ctx, t, sql.ErrNoRows, scanGreeting, `SELECT hello, at FROM greetings WHERE cluster = ?`, g.Hello.Cluster)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := t.exec(`INSERT INTO greetings (cluster, hello, at) VALUES (?,?,?)
			ON CONFLICT (cluster) DO UPDATE SET hello = excluded.hello, at = excluded.at`,
			g.Hello.Cluster, asJSON(g.Hello), millis(g.At)); err != nil {
			return err
		}
		for _, f := range floors {
			changed, err := t.exec(`INSERT INTO floors (subject, cluster, revision, cancelled) VALUES (?,?,?,?)
				ON CONFLICT (subject, cluster) DO UPDATE SET revision = max(revision, excluded.revision), cancelled = max(cancelled, excluded.cancelled)
				WHERE revision < excluded.revision OR cancelled < excluded.cancelled`,
				f.Subject, f.Cluster, f.Revision, f.Cancelled)
			if err != nil {
				return err
			}
			if changed > 0 {
				raised = append(raised, f)
			}
		}
		return nil
	})
	return before, raised, err
}

func (s orderStore) SaidCancelled(ctx context.Context) ([]string, error) {
	return list(ctx, s.db.reader, scanText, `SELECT subject FROM floors WHERE cancelled ORDER BY subject`)
}

func scanGreeting(rows *sql.Rows) (g orders.Greeting, err error) {
	err = rows.Scan(fromJSON{&g.Hello}, when{&g.At})
	return g, err
}

func (s orderStore) Greeting(ctx context.Context, cluster string) (orders.Greeting, error) {
	return one(ctx, s.db.reader, orders.ErrNotFound, scanGreeting, `SELECT hello, at FROM greetings WHERE cluster = ?`, cluster)
}

// keepFaults is how many faults of a cluster are kept.
const keepFaults = 100

func (s orderStore) AddFault(ctx context.Context, f orders.Fault) error {
	return s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO faults (cluster, at, lane, reason, detail) VALUES (?,?,?,?,?)`,
			f.Cluster, millis(f.At), f.Lane, f.Reason, f.Detail); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM faults WHERE cluster = ?1 AND id <= (
			SELECT id FROM faults WHERE cluster = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`, f.Cluster, keepFaults)
		return err
	})
}

func (s orderStore) Faults(ctx context.Context, cluster string, limit int) ([]orders.Fault, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (f orders.Fault, err error) {
		err = rows.Scan(&f.ID, &f.Cluster, when{&f.At}, &f.Lane, &f.Reason, &f.Detail)
		return f, err
	}, `SELECT id, cluster, at, lane, reason, detail FROM faults WHERE ?1 = '' OR cluster = ?1 ORDER BY id DESC LIMIT ?2`, cluster, limit)
}

// zeroMillis is a time that must not be NULL.
func zeroMillis(t time.Time) int64 { return millis(t).Int64 }
