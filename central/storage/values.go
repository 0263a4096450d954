package storage

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Times are kept as milliseconds since 1970 UTC; the zero time is NULL. Lists
// and maps that no query looks into are kept as JSON.

func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// The years 1 to 9999, which JSON can tell: a board may claim any time.
const firstMilli, lastMilli = -62_135_596_800_000, 253_402_300_799_999

// when scans what millis wrote.
type when struct{ to *time.Time }

func (w when) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*w.to = time.Time{}
	case int64:
		*w.to = time.UnixMilli(min(max(v, firstMilli), lastMilli)).UTC()
	default:
		return fmt.Errorf("scan time: got %T", v)
	}
	return nil
}

// asJSON is v as text for a column. v is data of our own types, which always
// encode.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode column: %v", err))
	}
	return string(b)
}

// fromJSON scans what asJSON wrote.
type fromJSON struct{ to any }

func (j fromJSON) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("scan JSON: got %T", v)
	}
	return json.Unmarshal([]byte(s), j.to)
}

// breaks reports whether err is SQLite's refusal of a row that exists already
// (unique) or that refers to nothing (foreign).
func breaks(err error) (unique, foreign bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false, false
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return true, false
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return false, true
	}
	return false, false
}
