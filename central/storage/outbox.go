package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"loa/central/orders"
	"loa/controller/protocol"
)

// The outbox of the orders' store.

func scanDelivery(rows *sql.Rows) (d orders.Delivery, err error) {
	err = rows.Scan(&d.Cluster, &d.Order, &d.Kind, &d.Attempts, when{&d.SentAt}, when{&d.NextAt})
	return d, err
}

const deliveryColumns = `b.cluster, b.order_hash, o.kind, b.attempts, b.sent_at, b.next_at`

func (s orderStore) Due(ctx context.Context, now time.Time, limit int) ([]orders.Delivery, error) {
	var over int
	err := s.db.reader.QueryRowContext(ctx, `SELECT count(*) FROM outbox b JOIN orders o ON o.hash = b.order_hash
		WHERE b.handling = 'waiting' AND b.next_at <= ?1 AND o.until <= ?1`, now.UnixMilli()).Scan(&over)
	if err != nil {
		return nil, err
	}
	if over > 0 {
		err := s.db.write(ctx, func(t *tx) error {
			_, err := t.exec(`UPDATE outbox SET handling = 'lapsed' WHERE handling = 'waiting' AND next_at <= ?1
				AND order_hash IN (SELECT hash FROM orders WHERE until <= ?1)`, now.UnixMilli())
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list(ctx, s.db.reader, scanDelivery, `SELECT `+deliveryColumns+` FROM outbox b JOIN orders o ON o.hash = b.order_hash
		WHERE b.handling = 'waiting' AND b.next_at <= ? ORDER BY o.kind IN ('alert', 'cancel', 'stop') DESC, b.next_at LIMIT ?`, now.UnixMilli(), limit)
}

func (s orderStore) Waiting(ctx context.Context, cluster string) ([]orders.Delivery, error) {
	return list(ctx, s.db.reader, scanDelivery, `SELECT `+deliveryColumns+` FROM outbox b JOIN orders o ON o.hash = b.order_hash
		WHERE b.cluster = ? AND b.handling = 'waiting' ORDER BY b.order_hash`, cluster)
}

func (s orderStore) Sent(ctx context.Context, out []orders.Delivery) error {
	return s.db.write(ctx, func(t *tx) error {
		for _, d := range out {
			if _, err := t.exec(`UPDATE outbox SET attempts = ?, sent_at = ?, next_at = ? WHERE order_hash = ? AND cluster = ? AND handling = 'waiting'`,
				d.Attempts, millis(d.SentAt), zeroMillis(d.NextAt), d.Order, d.Cluster); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s orderStore) Reopen(ctx context.Context, epoch string, out []orders.Delivery) error {
	return s.db.write(ctx, func(t *tx) error {
		for _, d := range out {
			if _, err := t.exec(`INSERT INTO outbox (order_hash, cluster, handling, attempts, sent_at, next_at) VALUES (?,?,'waiting',?,?,?)
				ON CONFLICT (order_hash, cluster) DO UPDATE SET handling = 'waiting', attempts = attempts + excluded.attempts,
					sent_at = ifnull(excluded.sent_at, sent_at), next_at = excluded.next_at
				WHERE handling IN ('waiting', 'held', 'lapsed') OR epoch <> ?`,
				d.Order, d.Cluster, d.Attempts, millis(d.SentAt), zeroMillis(d.NextAt), epoch); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s orderStore) Hold(ctx context.Context, cluster string, hashes []string) error {
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE outbox SET handling = 'held' WHERE cluster = ? AND handling = 'waiting'
			AND order_hash IN (SELECT value FROM json_each(?))`, cluster, asJSON(hashes))
		return err
	})
}

func (s orderStore) Fates(ctx context.Context, order string) ([]orders.ClusterFate, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (f orders.ClusterFate, err error) {
		err = rows.Scan(&f.Cluster, &f.Handling, &f.Attempts, when{&f.SentAt}, &f.Fate, &f.Verdict, &f.Reason, &f.Detail, when{&f.At})
		return f, err
	}, `SELECT cluster, handling, attempts, sent_at, fate, verdict, reason, detail, at FROM outbox WHERE order_hash = ? ORDER BY cluster`, order)
}

func (s orderStore) Counts(ctx context.Context, order string) (orders.Counts, error) {
	var c orders.Counts
	_, err := list(ctx, s.db.reader, func(rows *sql.Rows) (none struct{}, err error) {
		var handling orders.Handling
		var fate protocol.Fate
		var verdict protocol.Verdict
		var sent bool
		var n int
		if err := rows.Scan(&handling, &fate, &verdict, &sent, &n); err != nil {
			return none, err
		}
		count(&c, handling, fate, verdict, sent, n)
		return none, nil
	}, `SELECT handling, fate, verdict, attempts > 0, count(*) FROM outbox WHERE order_hash = ? GROUP BY 1, 2, 3, 4`, order)
	return c, err
}

// What tells deliveries apart, in the order of its numbers in the query below.
var (
	handlings = []orders.Handling{orders.Waiting, orders.Held, orders.Accepted, orders.NotDurable, orders.Refused, orders.Superseded, orders.Lapsed}
	fates     = []protocol.Fate{"", protocol.FateStarted, protocol.FateFailed, protocol.FateMissed, protocol.FateFinished}
	verdicts  = []protocol.Verdict{"", protocol.VerdictHeard, protocol.VerdictSilent, protocol.VerdictUnknown}
)

// deliveredKey is one number for what tells a delivery apart: SQLite groups ten
// thousand rows by four texts in three times the time.
var deliveredKey = fmt.Sprintf(`(attempts > 0) + 2 * (%s + %d * (%s + %d * (%s)))`,
	numbered("handling", handlings), len(handlings), numbered("fate", fates), len(fates), numbered("verdict", verdicts))

// numbered is the number of a column's value; what is not known is taken for the
// last.
func numbered[T ~string](column string, values []T) string {
	when := "CASE " + column
	for i, v := range values[:len(values)-1] {
		when += fmt.Sprintf(" WHEN '%s' THEN %d", v, i)
	}
	return when + fmt.Sprintf(" ELSE %d END", len(values)-1)
}

func (s orderStore) Delivered(ctx context.Context, order string, clusters []string) (map[orders.Delivered]int, error) {
	groups := map[orders.Delivered]int{}
	where, args := `order_hash = ?`, []any{order}
	if clusters != nil {
		where, args = where+` AND cluster IN (SELECT value FROM json_each(?))`, append(args, asJSON(clusters))
	}
	_, err := list(ctx, s.db.reader, func(rows *sql.Rows) (none struct{}, err error) {
		var key, n int
		err = rows.Scan(&key, &n)
		d := orders.Delivered{Sent: key%2 == 1}
		key /= 2
		d.Handling, key = handlings[key%len(handlings)], key/len(handlings)
		d.Fate, key = fates[key%len(fates)], key/len(fates)
		d.Verdict = verdicts[key]
		groups[d] += n
		return none, err
	}, `SELECT `+deliveredKey+`, count(*) FROM outbox WHERE `+where+` GROUP BY 1`, args...)
	return groups, err
}

func (s orderStore) Over(ctx context.Context, after, until time.Time) ([]string, error) {
	return list(ctx, s.db.reader, scanText, `SELECT hash FROM orders WHERE kind = 'alert' AND until > ? AND until <= ? ORDER BY until`,
		after.UnixMilli(), until.UnixMilli())
}

func count(c *orders.Counts, handling orders.Handling, fate protocol.Fate, verdict protocol.Verdict, sent bool, n int) {
	c.Targets += n
	if sent {
		c.Sent += n
	}
	switch handling {
	case orders.Waiting:
		c.Waiting += n
	case orders.Held:
		c.Held += n
	case orders.Accepted:
		c.Accepted += n
	case orders.NotDurable:
		c.Accepted += n
		c.NotDurable += n
	case orders.Refused:
		c.Refused += n
	case orders.Superseded:
		c.Superseded += n
	case orders.Lapsed:
		c.Lapsed += n
	}
	switch fate {
	case protocol.FateStarted:
		c.Started += n
	case protocol.FateFinished, protocol.FateStopped, protocol.FateCut:
		c.Finished += n
	case protocol.FateMissed, protocol.FateExpired, protocol.FateFailed:
		c.Missed += n
	}
	switch verdict {
	case protocol.VerdictHeard:
		c.Heard += n
	case protocol.VerdictSilent:
		c.Silent += n
	}
}
