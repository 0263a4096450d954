package storage_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"loa/central/registry"
	"loa/central/storage"
)

func open(t *testing.T, path string) *storage.DB {
	t.Helper()
	db, err := storage.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func fresh(t *testing.T) *storage.DB { return open(t, filepath.Join(t.TempDir(), "loa.db")) }

// raw changes a database behind the program's back.
func raw(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// older makes the database of a program that knew schemas up to a version.
func older(t *testing.T, path string, version int64) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	steps, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = steps.UpTo(t.Context(), version)
	must(t, err)
}

// counted is the number that a query gives.
func counted(t *testing.T, path, query string) (n int64) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestOpenMakesADatabaseThatChecksOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dữ liệu? 100%.db") // nothing in a name is special
	db := open(t, path)
	if err := db.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the database: %v", info.Mode())
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Run("a newer schema", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "loa.db")
		db, err := storage.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		raw(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		_, err = storage.Open(path)
		if !errors.Is(err, storage.ErrNewer) || !strings.Contains(err.Error(), "has schema 9999") {
			t.Fatalf("got %v, want ErrNewer that names the schema", err)
		}
	})
	t.Run("a file that is no database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "loa.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("got %v, want an error that names the file", err)
		}
	})
	t.Run("a folder that is not there", func(t *testing.T) {
		if _, err := storage.Open(filepath.Join(t.TempDir(), "no", "loa.db")); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestCheckFindsABrokenReference(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loa.db")
	db := open(t, path)
	raw(t, path, `INSERT INTO roles (person, name, area) VALUES ('nobody', 'officer', '03388')`)
	if err := db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "roles") {
		t.Fatalf("got %v, want an error that names roles", err)
	}
}

func TestAuditChain(t *testing.T) {
	const free = `DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; `
	tests := []struct {
		name, tamper, want string
	}{
		{"untouched", ``, ``},
		{"a changed person", `UPDATE audit SET person = 'innocent' WHERE seq = 3`, "row 3 was changed"},
		{"a changed time", `UPDATE audit SET at = at + 1 WHERE seq = 2`, "row 2 was changed"},
		{"text moved between fields", `UPDATE audit SET person = person || substr(action, 1, 1), action = substr(action, 2) WHERE seq = 4`, "row 4 was changed"},
		{"a row removed", `DELETE FROM audit WHERE seq = 2`, "row 2 is missing"},
		{"the first row removed", `DELETE FROM audit WHERE seq = 1`, "row 1 is missing"},
		{"two rows changed places", `UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 100`, "row 2 does not follow"},
		{"a hash changed", `UPDATE audit SET hash = zeroblob(32) WHERE seq = 5`, "row 5 was changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "loa.db")
			db := open(t, path)
			s := db.Registry()
			for i := range 5 {
				if err := s.AddPerson(t.Context(), "an", registry.Person{ID: fmt.Sprintf("person-%d", i), Name: "x"}); err != nil {
					t.Fatal(err)
				}
			}
			if tt.tamper != "" {
				raw(t, path, free+tt.tamper)
			}
			head, err := db.VerifyAudit(t.Context())
			if tt.want == "" {
				if err != nil || head.Rows != 5 {
					t.Fatalf("got %v, %v", head, err)
				}
				return
			}
			if !errors.Is(err, storage.ErrAudit) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if db.Check(t.Context()) == nil {
				t.Error("Check did not see it")
			}
		})
	}
}

func TestAuditRowsCannotBeChangedByAccident(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loa.db")
	s := open(t, path).Registry()
	if err := s.AddPerson(t.Context(), "an", registry.Person{ID: "person", Name: "x"}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{`UPDATE audit SET person = 'x'`, `DELETE FROM audit`} {
		if _, err := db.Exec(s); err == nil {
			t.Errorf("%s went through", s)
		}
	}
}

func TestAWriteThatNamesNobodyIsRefusedWhole(t *testing.T) {
	db := fresh(t)
	if err := db.Registry().AddPerson(t.Context(), "", registry.Person{ID: "person", Name: "x"}); err == nil {
		t.Fatal("went through")
	}
	if _, err := db.Registry().Person(t.Context(), "person"); !errors.Is(err, registry.ErrNotFound) {
		t.Fatalf("the row is there without its audit row: %v", err)
	}
}

// A process that is killed between two writes keeps every one it acknowledged.
// What a power cut adds to that, synchronous=FULL answers for: Check asserts it.
func TestKilledProcessKeepsWhatItAcknowledged(t *testing.T) {
	if path := os.Getenv("LOA_WRITE_UNTIL_KILLED"); path != "" {
		writeUntilKilled(path)
	}
	path := filepath.Join(t.TempDir(), "loa.db")
	acknowledged := -1
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcessKeepsWhatItAcknowledged$")
		cmd.Env = append(os.Environ(), "LOA_WRITE_UNTIL_KILLED="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		first := acknowledged + 1
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "person-%d", &acknowledged); err != nil {
				t.Errorf("writer says %q", lines.Text())
			}
			if acknowledged == first+50 {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
	}
	db := open(t, path)
	if err := db.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	persons, err := db.Registry().Persons(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := db.VerifyAudit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if acknowledged < 150 || len(persons) < acknowledged+1 || head.Rows != int64(len(persons)) {
		t.Fatalf("acknowledged %d, kept %d, audit rows %d", acknowledged+1, len(persons), head.Rows)
	}
}

func writeUntilKilled(path string) {
	db, err := storage.Open(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	ctx := context.Background()
	persons, err := db.Registry().Persons(ctx)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for i := len(persons); ; i++ {
		id := fmt.Sprintf("person-%d", i)
		if err := db.Registry().AddPerson(ctx, "an", registry.Person{ID: id, Name: "x"}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(id)
	}
}
