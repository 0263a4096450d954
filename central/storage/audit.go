package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// ErrAudit says that the audit chain does not hold.
var ErrAudit = errors.New("audit chain is broken")

// AuditRow is one thing that was done. Hash covers the row and the hash before
// it, so no row can be changed, removed or slipped in without changing every
// hash after it. Rows cut off the end leave a chain that holds: keep a Hash
// elsewhere (AuditHead) to notice that.
type AuditRow struct {
	Seq      int64 // 1, 2, 3 ... without gaps
	At       time.Time
	Person   string // who: a person's id, or the service's name
	Action   string // as in bulletin.approve
	Subject  string // what it was done to
	Detail   string // JSON
	Previous [32]byte
	Hash     [32]byte
}

// sum is SHA-256 over every field, each text led by its length so that no two
// rows have the same bytes.
func (r AuditRow) sum() [32]byte {
	b := []byte("loa audit 1\n")
	b = binary.BigEndian.AppendUint64(b, uint64(r.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMilli()))
	for _, s := range []string{r.Person, r.Action, r.Subject, r.Detail} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return sha256.Sum256(append(b, r.Previous[:]...))
}

const auditColumns = `seq, at, person, action, subject, detail, previous, hash`

func scanAudit(rows *sql.Rows) (r AuditRow, err error) {
	var previous, hash []byte
	err = rows.Scan(&r.Seq, when{&r.At}, &r.Person, &r.Action, &r.Subject, &r.Detail, &previous, &hash)
	copy(r.Previous[:], previous)
	copy(r.Hash[:], hash)
	return r, err
}

// audit adds the row that says who did what in this transaction. detail becomes
// JSON; it must hold no secret.
func (t *tx) audit(person, action, subject string, detail any) error {
	if person == "" {
		return errors.New("write audit row: it names nobody")
	}
	last, err := one(t.ctx, t, sql.ErrNoRows, scanAudit, `SELECT `+auditColumns+` FROM audit ORDER BY seq DESC LIMIT 1`)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read audit chain: %w", err)
	}
	r := AuditRow{
		Seq: last.Seq + 1, At: t.at, Person: person, Action: action, Subject: subject,
		Detail: asJSON(detail), Previous: last.Hash,
	}
	r.Hash = r.sum()
	if _, err := t.exec(`INSERT INTO audit (`+auditColumns+`) VALUES (?,?,?,?,?,?,?,?)`,
		r.Seq, millis(r.At), r.Person, r.Action, r.Subject, r.Detail, r.Previous[:], r.Hash[:]); err != nil {
		return fmt.Errorf("write audit row: %w", err)
	}
	return nil
}

// Audit lists up to limit rows that follow row after (0: from the first).
func (db *DB) Audit(ctx context.Context, after int64, limit int) ([]AuditRow, error) {
	return list(ctx, db.reader, scanAudit, `SELECT `+auditColumns+` FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
}

// AuditHead is where a chain ends: how many rows, and the hash of the last.
type AuditHead struct {
	Rows int64
	Hash [32]byte
}

func (h AuditHead) String() string {
	return fmt.Sprintf("%d %s", h.Rows, hex.EncodeToString(h.Hash[:]))
}

// VerifyAudit reads the whole chain and returns its head; an error that is
// ErrAudit names the first row that does not hold.
func (db *DB) VerifyAudit(ctx context.Context) (AuditHead, error) {
	var head AuditHead
	for {
		rows, err := db.Audit(ctx, head.Rows, 1000)
		if err != nil {
			return head, fmt.Errorf("read audit chain: %w", err)
		}
		if len(rows) == 0 {
			return head, nil
		}
		for _, r := range rows {
			switch {
			case r.Seq != head.Rows+1:
				return head, fmt.Errorf("%w: row %d is missing", ErrAudit, head.Rows+1)
			case r.Previous != head.Hash:
				return head, fmt.Errorf("%w: row %d does not follow row %d", ErrAudit, r.Seq, head.Rows)
			case r.Hash != r.sum():
				return head, fmt.Errorf("%w: row %d was changed", ErrAudit, r.Seq)
			}
			head = AuditHead{Rows: r.Seq, Hash: r.Hash}
		}
	}
}
