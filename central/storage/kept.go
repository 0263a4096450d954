package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// kept holds in memory what every request and every message of a board asks for
// and what seldom changes. It must be right although the command line changes the
// same file from another process: triggers count the changes of each group of
// tables in the table changes, and what was read is good for as long as the count
// stands. So a question costs one short look at that table, and is answered by
// what was committed before it was asked.
//
// (PRAGMA data_version would tell as cheaply that something in the file changed,
// but something always does: receipts, pictures.)
type kept struct {
	db    *sql.DB // one connection, which no slow query takes
	count *sql.Stmt

	mu     sync.Mutex
	counts counts
	values [groups]map[any]any
}

// group is a group of tables.
type group int

const (
	areas group = iota
	clusters
	devices
	groups
)

// counts are how often each group was changed.
type counts [groups]int64

const countChanges = `SELECT
	(SELECT n FROM changes WHERE what = 'areas'), (SELECT n FROM changes WHERE what = 'clusters'), (SELECT n FROM changes WHERE what = 'devices')`

func openKept(path string) (*kept, error) {
	db, err := sql.Open("sqlite", dsn(path, "query_only(1)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	stmt, err := db.Prepare(countChanges)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare to count changes: %w", err), db.Close())
	}
	return &kept{db: db, count: stmt}, nil
}

func (k *kept) close() error { return errors.Join(k.count.Close(), k.db.Close()) }

// newer drops what is no longer good by these counts. The caller holds mu.
func (k *kept) newer(c counts) {
	for g := range groups {
		if c[g] > k.counts[g] || k.values[g] == nil {
			k.counts[g] = c[g]
			k.values[g] = map[any]any{}
		}
	}
}

// remembered answers from memory, or by read, whose answer is kept when it found
// something: who asks for what is not there cannot fill the memory. Nobody
// changes what it returns.
func remembered[T any](ctx context.Context, db *DB, of group, key any, read func(q querier) (value T, found bool, err error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	// The driver watches a context that can end with a goroutine of its own, which
	// takes longer than the look.
	k := db.kept
	var c counts
	if err := k.count.QueryRowContext(context.WithoutCancel(ctx)).Scan(&c[areas], &c[clusters], &c[devices]); err != nil {
		return none, fmt.Errorf("count changes: %w", err)
	}
	k.mu.Lock()
	k.newer(c)
	value, ok := k.values[of][key]
	k.mu.Unlock()
	if ok {
		return value.(T), nil
	}
	// What is read after counting is as new as the counts, or newer: it is kept
	// for no longer than it is right.
	fresh, found, err := read(db.reader)
	if err != nil || !found {
		return fresh, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.newer(c)
	if k.counts[of] == c[of] {
		k.values[of][key] = fresh
	}
	return fresh, nil
}

// rememberedList is remembered for a list; an empty one is not kept.
func rememberedList[T any](ctx context.Context, db *DB, of group, key any, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	return remembered(ctx, db, of, key, func(q querier) ([]T, bool, error) {
		all, err := list(ctx, q, scan, query, args...)
		return all, len(all) > 0, err
	})
}
