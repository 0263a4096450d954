package storage

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"

	"loa/central/orders"
	"loa/controller/protocol"
)

// What people look at of the orders' store: alerts, and what was sealed for one
// cluster.

func (s orderStore) Alerts(ctx context.Context, q orders.AlertQuery) ([]orders.Record, map[string]bool, error) {
	const isCancelled = `(EXISTS (SELECT 1 FROM orders c WHERE c.subject = orders.subject AND c.kind = 'cancel' AND c.state = 'sealed')
		OR EXISTS (SELECT 1 FROM floors f WHERE f.subject = orders.subject AND f.cancelled))`
	where, args := []string{`kind = 'alert'`, `NOT EXISTS (SELECT 1 FROM orders n WHERE n.subject = orders.subject AND n.kind = 'alert'
		AND (n.state, n.revision, n.drafted_at, n.hash) > (orders.state, orders.revision, orders.drafted_at, orders.hash))`}, []any{}
	and := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if q.Subject != "" {
		and(`subject = ?`, q.Subject)
	}
	if len(q.Areas) > 0 {
		and(`hash IN (SELECT order_hash FROM order_areas WHERE area IN (SELECT value FROM json_each(?)))`, asJSON(q.Areas))
	}
	if q.Active {
		and(`until > ? AND NOT `+isCancelled, q.At.UnixMilli())
	}
	if q.Ended {
		and(`(until <= ? OR `+isCancelled+`)`, q.At.UnixMilli())
	}
	query := `SELECT ` + orderColumns + ` FROM orders WHERE ` + strings.Join(where, " AND ") + ` ORDER BY drafted_at DESC, hash`
	if q.Limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, q.Limit)
	}
	all, err := list(ctx, s.db.reader, scanOrder, query, args...)
	if err != nil {
		return nil, nil, err
	}
	if err := s.signatures(ctx, all); err != nil {
		return nil, nil, err
	}
	subjects := make([]string, len(all))
	for i, r := range all {
		subjects[i] = r.Subject
	}
	ended, err := list(ctx, s.db.reader, scanText, `SELECT DISTINCT subject FROM orders
		WHERE kind = 'cancel' AND state = 'sealed' AND subject IN (SELECT value FROM json_each(?))`, asJSON(subjects))
	cancelled := map[string]bool{}
	for _, subject := range ended {
		cancelled[subject] = true
	}
	return all, cancelled, err
}

func (s orderStore) Sealed(ctx context.Context, q orders.SealedQuery) ([]orders.SealedFor, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (f orders.SealedFor, err error) {
		r, d := &f.Record, &f.ClusterFate
		err = rows.Scan(&r.Hash, &r.Kind, &r.Mode, &r.Subject, &r.Revision, &r.Payload, when{&r.SealedAt}, when{&r.Until},
			&d.Cluster, &d.Handling, &d.Attempts, when{&d.SentAt}, &d.Fate, &d.Verdict, &d.Reason, &d.Detail, when{&d.At})
		r.State = orders.Sealed
		return f, err
	}, `SELECT o.hash, o.kind, o.mode, o.subject, o.revision, o.payload, o.sealed_at, o.until,
			b.cluster, b.handling, b.attempts, b.sent_at, b.fate, b.verdict, b.reason, b.detail, b.at
		FROM outbox b JOIN orders o ON o.hash = b.order_hash
		WHERE b.cluster = ?1 AND (?5 = '[]' OR o.kind IN (SELECT value FROM json_each(?5))) AND (?2 IS NULL OR o.sealed_at >= ?2) AND (?3 IS NULL OR o.sealed_at < ?3)
		ORDER BY o.sealed_at DESC, o.hash LIMIT ?4`,
		q.Cluster, millis(q.From), millis(q.Until), cmp.Or(q.Limit, 1000), asJSON(append([]protocol.Kind{}, q.Kinds...)))
}
