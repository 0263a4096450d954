package storage

import (
	"context"
	"database/sql"
	"time"
)

// touched is how exactly it is known when a session was last used: to know it
// better, every request would wait for the disk.
const touched = time.Hour

// Sessions are what browsers are known by, for central/web, which decides what
// is in them. One that nobody used for the idle time has ended.
func (db *DB) Sessions(idle time.Duration) SessionStore { return SessionStore{db, idle} }

// SessionStore has the methods that a session manager wants, with and without a
// context.
type SessionStore struct {
	db   *DB
	idle time.Duration
}

type session struct {
	data []byte
	seen time.Time
}

func scanSession(r *sql.Rows) (s session, err error) {
	err = r.Scan(&s.data, when{&s.seen})
	return s, err
}

// FindCtx notes that the session is used, about every hour. It does so only for
// one that is there: what ends meanwhile does not come back.
func (s SessionStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	now := time.Now()
	all, err := list(ctx, s.db.reader, scanSession, `SELECT data, seen_at FROM sessions WHERE token = ? AND expires_at > ? AND seen_at > ?`,
		token, millis(now), millis(now.Add(-s.idle)))
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	if now.Sub(all[0].seen) > touched {
		err = s.db.write(ctx, func(t *tx) error {
			_, err := t.exec(`UPDATE sessions SET seen_at = ? WHERE token = ?`, millis(now), token)
			return err
		})
	}
	return all[0].data, true, err
}

// CommitCtx also removes what has ended, so that the table does not grow.
func (s SessionStore) CommitCtx(ctx context.Context, token string, data []byte, until time.Time) error {
	return s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM sessions WHERE expires_at <= ? OR seen_at <= ?`, millis(t.at), millis(t.at.Add(-s.idle))); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO sessions (token, data, expires_at, seen_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at, seen_at = excluded.seen_at`,
			token, data, millis(until), millis(t.at))
		return err
	})
}

// DeleteCtx is no error for a session that is not there.
func (s SessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.db.write(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM sessions WHERE token = ?`, token)
		return err
	})
}

func (s SessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s SessionStore) Commit(token string, data []byte, until time.Time) error {
	return s.CommitCtx(context.Background(), token, data, until)
}

func (s SessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
