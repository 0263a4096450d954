package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"loa/central/orders"
	"loa/controller/protocol"
)

// The receipts of the orders' store.

type epochOf struct{ cluster, epoch string }

func (s orderStore) AddReceipts(ctx context.Context, rows []orders.ReceiptRow) ([]orders.Outcome, error) {
	outcomes := make([]orders.Outcome, len(rows))
	err := s.db.write(ctx, func(t *tx) error {
		touched := map[epochOf]bool{}
		for i, r := range rows {
			var err error
			if outcomes[i], err = t.addReceipt(r); err != nil {
				return err
			}
			if outcomes[i] == orders.Stored && r.Receipt.Sequence > 0 {
				touched[epochOf{r.Receipt.Cluster, r.Receipt.Epoch}] = true
			}
		}
		for e := range touched {
			if err := t.advance(e); err != nil {
				return err
			}
		}
		return nil
	})
	return outcomes, err
}

func (t *tx) addReceipt(row orders.ReceiptRow) (orders.Outcome, error) {
	r := row.Receipt
	// Each way has an index of its own, which is used only when its condition
	// stands here.
	query, args := `SELECT hash FROM receipts WHERE cluster = ? AND epoch = ? AND sequence = ? AND sequence > 0`, []any{r.Cluster, r.Epoch, r.Sequence}
	if r.Sequence == 0 {
		query, args = `SELECT hash FROM receipts WHERE cluster = ? AND hash = ? AND sequence = 0`, []any{r.Cluster, row.Hash}
	}
	before, err := one(t.ctx, t, sql.ErrNoRows, scanText, query, args...)
	switch {
	case err == nil && before == row.Hash:
		return orders.Duplicate, nil
	case err == nil:
		return orders.Differs, nil
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	if _, err := t.exec(`INSERT INTO receipts (cluster, epoch, sequence, hash, order_hash, envelope, received_at) VALUES (?,?,?,?,?,?,?)`,
		r.Cluster, r.Epoch, r.Sequence, row.Hash, r.Order, row.Envelope, millis(row.ReceivedAt)); err != nil {
		return 0, err
	}
	switch r.Fate {
	case protocol.FateAccepted, protocol.FateNotDurable, protocol.FateRefused:
		err = t.handled(r)
	default:
		if err = t.fated(r); err == nil {
			err = t.ran(r)
		}
	}
	return orders.Stored, err
}

// handled closes a delivery. Receipts may come in any order: within an epoch
// the one with the highest number tells.
func (t *tx) handled(r protocol.Receipt) error {
	to := orders.Accepted
	where, args := `true`, []any(nil)
	switch r.Fate {
	case protocol.FateNotDurable:
		to = orders.NotDurable
		where = `handling <> 'accepted'`
	case protocol.FateRefused:
		to = orders.Refused
		// What was accepted stays so when a copy of it comes again and is stale
		// by then; only a revoked key undoes it.
		where = `(handling NOT IN ('accepted', 'not-durable') OR epoch <> ? OR ? = ?)`
		args = []any{r.Epoch, r.Reason, protocol.ReasonRevoked}
	}
	if _, err := t.exec(`UPDATE outbox SET handling = ?, epoch = ?, handled_sequence = ?, reason = ?, detail = ?, at = ?
		WHERE order_hash = ? AND cluster = ? AND (epoch <> ? OR handled_sequence < ? OR ? = 0) AND `+where,
		append([]any{to, r.Epoch, r.Sequence, r.Reason, r.Detail, millis(r.At), r.Order, r.Cluster, r.Epoch, r.Sequence, r.Sequence}, args...)...); err != nil {
		return err
	}
	if r.Fate == protocol.FateAccepted && r.Kind == protocol.KindPlan {
		return t.forgetPlans(r)
	}
	if r.Fate == protocol.FateRefused || r.Kind != protocol.KindRoot && r.Kind != protocol.KindKeySet && r.Kind != protocol.KindPlacement {
		return nil
	}
	// With a new trust the board may take what it refused for want of it.
	_, err := t.exec(`UPDATE outbox SET handling = 'waiting', next_at = ? WHERE cluster = ? AND handling = 'refused' AND reason IN (?,?,?,?,?)`,
		t.at.UnixMilli(), r.Cluster, protocol.ReasonUnknownKey, protocol.ReasonNotAuthorised, protocol.ReasonThreshold,
		protocol.ReasonNotEnrolled, protocol.ReasonWrongAudience)
	return err
}

// forgetPlans removes the plans that came before one that its cluster accepted:
// what ran by them is kept, and their hashes are in the audit chain.
func (t *tx) forgetPlans(r protocol.Receipt) error {
	const old = `(SELECT o.hash FROM orders o JOIN orders n ON n.kind = o.kind AND n.cluster = o.cluster AND n.revision > o.revision
		WHERE o.kind = 'plan' AND o.cluster = ? AND o.state = 'sealed' AND n.hash = ?)`
	for _, statement := range []string{
		`DELETE FROM outbox WHERE order_hash IN ` + old,
		`DELETE FROM order_signatures WHERE order_hash IN ` + old,
		`DELETE FROM orders WHERE hash IN ` + old,
	} {
		if _, err := t.exec(statement, r.Cluster, r.Order); err != nil {
			return err
		}
	}
	return nil
}

// fated notes what became of an order's sound on a cluster. A plan has many
// occurrences: what became of each is in runs.
func (t *tx) fated(r protocol.Receipt) error {
	if r.Kind == protocol.KindPlan {
		return nil
	}
	if err := t.sounded(r); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE outbox SET fate = ?, reason = ?, detail = ?, at = ?, fate_sequence = ?,
			handled_sequence = iif(epoch = ?, handled_sequence, 0), epoch = ?
		WHERE order_hash = ? AND cluster = ? AND (epoch <> ? OR fate_sequence < ?)`,
		r.Fate, r.Reason, r.Detail, millis(r.At), r.Sequence,
		r.Epoch, r.Epoch, r.Order, r.Cluster, r.Epoch, r.Sequence)
	return err
}

// mostOutputs bounds what a board that went wrong can make of a delivery: outputs
// beyond them count as one.
const mostOutputs = 32

// sounded notes what the sensors of an output made of an order. What was heard
// once was heard, whatever a later repetition comes to; but one output does not
// answer for another, whose people heard nothing.
func (t *tx) sounded(r protocol.Receipt) error {
	if r.Evidence == nil || r.Evidence.Verdict == "" {
		return nil
	}
	outputs, err := one(t.ctx, t, sql.ErrNoRows, func(rows *sql.Rows) (outputs map[string]protocol.Verdict, err error) {
		err = rows.Scan(fromJSON{&outputs})
		return outputs, err
	}, `SELECT verdicts FROM outbox WHERE order_hash = ? AND cluster = ?`, r.Order, r.Cluster)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	output := r.Evidence.Output
	if _, known := outputs[output]; !known && len(outputs) >= mostOutputs {
		output = ""
	}
	if rank(r.Evidence.Verdict) <= rank(outputs[output]) {
		return nil
	}
	outputs[output] = r.Evidence.Verdict
	_, err = t.exec(`UPDATE outbox SET verdicts = ?, verdict = ? WHERE order_hash = ? AND cluster = ?`,
		asJSON(outputs), together(outputs), r.Order, r.Cluster)
	return err
}

// rank orders what the repetitions on one output came to.
func rank(v protocol.Verdict) int {
	switch v {
	case protocol.VerdictHeard:
		return 3
	case protocol.VerdictSilent:
		return 2
	case "":
		return 0
	}
	return 1
}

// together is the verdict of a cluster by those of its outputs.
func together(outputs map[string]protocol.Verdict) protocol.Verdict {
	all := protocol.Verdict("")
	for _, v := range outputs {
		switch {
		case v == protocol.VerdictSilent:
			return v
		case rank(v) > rank(all):
			all = v
		}
	}
	return all
}

// advance moves on through which receipt of an epoch all are here.
func (t *tx) advance(e epochOf) error {
	if _, err := t.exec(`INSERT INTO receipt_epochs (cluster, epoch, through) VALUES (?,?,0) ON CONFLICT DO NOTHING`, e.cluster, e.epoch); err != nil {
		return err
	}
	var through int64
	if err := t.QueryRowContext(t.ctx, `SELECT through FROM receipt_epochs WHERE cluster = ? AND epoch = ?`, e.cluster, e.epoch).Scan(&through); err != nil {
		return err
	}
	gap := false
	for {
		next, err := list(t.ctx, t, func(rows *sql.Rows) (n int64, err error) {
			err = rows.Scan(&n)
			return n, err
		}, `SELECT sequence FROM receipts WHERE cluster = ? AND epoch = ? AND sequence > ? AND sequence > 0 ORDER BY sequence LIMIT 1000`, e.cluster, e.epoch, through)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(next, func(n int64) bool {
			if n != through+1 {
				return true
			}
			through = n
			return false
		})
		if gap = i >= 0; gap || len(next) < 1000 {
			break
		}
	}
	// A gap is as old as its first sign.
	_, err := t.exec(`UPDATE receipt_epochs SET gap_since = iif(?, iif(through = ?, ifnull(gap_since, ?), ?), NULL), through = ? WHERE cluster = ? AND epoch = ?`,
		gap, through, t.at.UnixMilli(), t.at.UnixMilli(), through, e.cluster, e.epoch)
	return err
}

func (s orderStore) Through(ctx context.Context, cluster, epoch string) (int64, error) {
	n, err := one(ctx, s.db.reader, sql.ErrNoRows, func(rows *sql.Rows) (n int64, err error) {
		err = rows.Scan(&n)
		return n, err
	}, `SELECT through FROM receipt_epochs WHERE cluster = ? AND epoch = ?`, cluster, epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

func (s orderStore) SkipGap(ctx context.Context, cluster, epoch string, before time.Time) (from, to int64, err error) {
	through, err := one(ctx, s.db.reader, sql.ErrNoRows, func(rows *sql.Rows) (n int64, err error) {
		err = rows.Scan(&n)
		return n, err
	}, `SELECT through FROM receipt_epochs WHERE cluster = ? AND epoch = ? AND gap_since < ?`, cluster, epoch, before.UnixMilli())
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	err = s.db.write(ctx, func(t *tx) error {
		if err := t.QueryRowContext(ctx, `SELECT min(sequence) - 1 FROM receipts WHERE cluster = ? AND epoch = ? AND sequence > ? AND sequence > 0`,
			cluster, epoch, through).Scan(&to); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE receipt_epochs SET through = ?, gap_since = NULL WHERE cluster = ? AND epoch = ?`, to, cluster, epoch); err != nil {
			return err
		}
		return t.advance(epochOf{cluster, epoch})
	})
	return through + 1, to, err
}

func (s orderStore) Receipts(ctx context.Context, q orders.ReceiptQuery) ([]orders.ReceiptRow, error) {
	return list(ctx, s.db.reader, func(rows *sql.Rows) (r orders.ReceiptRow, err error) {
		if err = rows.Scan(&r.ID, &r.Hash, &r.Envelope, when{&r.ReceivedAt}); err != nil {
			return r, err
		}
		e, _, _, err := protocol.DecodeEnvelope(r.Envelope)
		if err != nil {
			return r, err
		}
		r.Receipt, err = protocol.Decode[protocol.Receipt](e.Payload)
		return r, err
	}, `SELECT id, hash, envelope, received_at FROM receipts
		WHERE (?1 = '' OR cluster = ?1) AND (?2 = '' OR order_hash = ?2) AND id > ?3 ORDER BY id LIMIT ?4`,
		q.Cluster, q.Order, q.After, cmp.Or(q.Limit, 1000))
}
