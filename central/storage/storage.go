package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"
)

// readers is how many queries run beside each other and the one writer.
const readers = 4

// DB is the open database. It can be used from many goroutines.
type DB struct {
	path   string
	writer *sql.DB // one connection: writes wait for each other in Go, not in SQLite
	reader *sql.DB
	kept   *kept
}

// Open opens the database file, makes it when there is none (its folder must
// exist), and brings its schema up to date. A file of a newer program is
// refused with an error that is ErrNewer.
func Open(path string) (*DB, error) {
	if err := create(path); err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	db := &DB{path: path}
	var err error
	if db.writer, err = sql.Open("sqlite", dsn(path, "synchronous(FULL)", "journal_mode(WAL)")+"&_txlock=immediate"); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db.writer.SetMaxOpenConns(1)
	if err := migrate(context.Background(), db.writer, path); err != nil {
		return nil, errors.Join(err, db.writer.Close())
	}
	if db.reader, err = sql.Open("sqlite", dsn(path, "query_only(1)")); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), db.writer.Close())
	}
	db.reader.SetMaxOpenConns(readers)
	db.reader.SetMaxIdleConns(readers)
	if db.kept, err = openKept(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), db.reader.Close(), db.writer.Close())
	}
	return db, nil
}

// create makes an empty file that only its owner can read: it will hold hashes
// of tokens. SQLite gives the same rights to the files that it puts beside it.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// dsn is the driver's address of a file, with the pragmas that every new
// connection starts with.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)", "foreign_keys(1)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// Close ends all connections, and leaves one file with everything in it.
func (db *DB) Close() error {
	return errors.Join(db.kept.close(), db.reader.Close(), db.writer.Close())
}

// Check reads the whole database and returns what is wrong with it: damage, a
// broken reference, a broken audit chain, or a setting that would lose
// acknowledged data in a power cut.
func (db *DB) Check(ctx context.Context) error {
	for _, p := range []struct{ pragma, want, why string }{
		{"integrity_check", "ok", "the file is damaged: restore a backup"},
		{"synchronous", "2", "it must be FULL, or a power cut loses what was acknowledged"},
		{"journal_mode", "wal", "it must be WAL"},
		{"foreign_keys", "1", "it must be on"},
	} {
		var got string
		if err := db.writer.QueryRowContext(ctx, "PRAGMA "+p.pragma).Scan(&got); err != nil {
			return fmt.Errorf("check database: %w", err)
		}
		if got != p.want {
			return fmt.Errorf("check database %s: %s is %q: %s", db.path, p.pragma, got, p.why)
		}
	}
	var table string
	err := db.writer.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table)
	if err == nil {
		return fmt.Errorf("check database %s: a row of %s refers to nothing", db.path, table)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("check database: %w", err)
	}
	_, err = db.VerifyAudit(ctx)
	return err
}

// tx is one write transaction.
type tx struct {
	*sql.Tx
	ctx context.Context
	at  time.Time
}

// write runs fn in the one write transaction: everything that fn did is durable
// when write returns nil, and nothing of it is left when it returns an error.
func (db *DB) write(ctx context.Context, fn func(*tx) error) error {
	t, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer t.Rollback() // does nothing after a commit
	if err := fn(&tx{Tx: t, ctx: ctx, at: time.Now()}); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	res, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// querier is a reader or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list runs a query and scans every row of it; none is an empty list, not nil.
func list[T any](ctx context.Context, q querier, scan func(row *sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// one is list for a query that names one row; missing is returned when there is
// none.
func one[T any](ctx context.Context, q querier, missing error, scan func(row *sql.Rows) (T, error), query string, args ...any) (T, error) {
	all, err := list(ctx, q, scan, query, args...)
	if err == nil && len(all) == 0 {
		err = missing
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}
