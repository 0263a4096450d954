package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loa/central"
)

func serveOnce(t *testing.T, c serveCommand) error {
	t.Helper()
	for _, address := range []*string{&c.API, &c.Broker, &c.Audio} {
		if *address == "" {
			*address = "127.0.0.1:0"
		}
	}
	c.Host = []string{"127.0.0.1"}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // one that does start ends without an error
	defer stop()
	return c.Run(ctx, slog.New(slog.DiscardHandler))
}

func TestServeSaysWhatIsInItsWay(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	port := taken.Addr().String()

	newer := t.TempDir()
	write(t, filepath.Join(newer, "central.db"), read(t, "testdata/newer.db"))
	folder := func(spoil func(data string)) string {
		data := served(t)
		spoil(data)
		return data
	}
	open := folder(func(data string) { must(t, os.Chmod(filepath.Join(data, "central.key"), 0o640)) })
	damaged := folder(func(data string) { write(t, filepath.Join(data, "central.key"), []byte("hello")) })
	authority := folder(func(data string) { must(t, os.Chmod(filepath.Join(data, "authority", "authority.pem"), 0o604)) })
	file := write(t, filepath.Join(t.TempDir(), "file"), nil)

	for name, tt := range map[string]struct {
		serve serveCommand
		want  []string
	}{
		"API port taken":       {serveCommand{Data: t.TempDir(), API: port}, []string{"serve the API", port, "address already in use"}},
		"broker port taken":    {serveCommand{Data: t.TempDir(), Broker: port}, []string{port, "address already in use"}},
		"audio port taken":     {serveCommand{Data: t.TempDir(), Audio: port}, []string{"serve audio", port, "address already in use"}},
		"no port":              {serveCommand{Data: t.TempDir(), API: "nowhere"}, []string{"serve the API", "nowhere"}},
		"folder of a newer":    {serveCommand{Data: newer}, []string{"database is newer than this program", "schema 9999", "start the newer program"}},
		"key read by others":   {serveCommand{Data: open}, []string{filepath.Join(open, "central.key"), "can be read by others (-rw-r-----)", "chmod 600"}},
		"key damaged":          {serveCommand{Data: damaged}, []string{filepath.Join(damaged, "central.key"), "it holds no private key", "restore it from a backup"}},
		"authority by others":  {serveCommand{Data: authority}, []string{"authority.pem can be read by others", "chmod 600"}},
		"a file for a folder":  {serveCommand{Data: file}, []string{"make data folder", file}},
		"a folder of no right": {serveCommand{Data: "/proc/loa"}, []string{"make data folder", "/proc/loa"}},
	} {
		err := serveOnce(t, tt.serve)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	if left := read(t, filepath.Join(damaged, "central.key")); string(left) != "hello" {
		t.Error("a damaged key was replaced")
	}
}

// testdata/older.db is of schema 5, from before people signed in and places were
// kept, with a person, her role and her token (of the secret below); newer.db is
// of a schema that no program knows.
const olderToken = "loa_0123456789abcdef_da925a30e31f7fdaa7044e3e5ba4ae17670de82d677b0e7adf5700428a137a36"

// A folder of an older program is brought up to date by serve, and everything in
// it goes on.
func TestServeOnAFolderOfAnOlderProgram(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	must(t, os.Mkdir(data, 0o700))
	write(t, filepath.Join(data, "central.db"), read(t, "testdata/older.db"))
	for range 2 { // and a second start finds nothing to do
		printed, logged, stop := started(t, data)
		if strings.Contains(printed+logged, "link") {
			t.Errorf("somebody is there, and it says %q, %q", printed, logged)
		}
		people, done, err := central.OpenRegistry(data)
		must(t, err)
		if p, err := people.PersonByToken(t.Context(), olderToken); err != nil || p.Name != "Lò Văn An" {
			t.Errorf("her token: %+v, %v", p, err)
		}
		if path, err := people.Path(t.Context(), "03433"); err != nil || len(path) != 2 {
			t.Errorf("areas: %v, %v", path, err)
		}
		// What came with newer schemas works on what was there.
		if _, _, err := people.Invite(t.Context(), commandLine, []string{"lo-van-an"}, time.Hour); err != nil {
			t.Error(err)
		}
		must(t, done())
		stop()
		must(t, (&verifyCommand{Data: data}).Run(t.Context()))
	}
}

// A folder of a newer program is refused with one sentence that says what to do,
// and is left as it was.
func TestServeOnAFolderOfANewerProgram(t *testing.T) {
	data := t.TempDir()
	newer := read(t, "testdata/newer.db")
	write(t, filepath.Join(data, "central.db"), newer)
	for range 2 {
		code, out, errs := call(t, "", "serve", "--data", data, "--api", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--audio", "127.0.0.1:0")
		if code != 1 || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "loa-central: ") || !strings.Contains(errs, "database is newer than this program: ") ||
			!strings.Contains(errs, "has schema 9999, this program knows ") || !strings.Contains(errs, "start the newer program, or restore a backup from before it") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
	const header = 100 // says how SQLite opened it last
	if !bytes.Equal(newer[header:], read(t, filepath.Join(data, "central.db"))[header:]) {
		t.Error("the database was changed")
	}
}

// The second server on a folder is refused; the commands beside the first are
// not; and nothing of the first stands in the way of the next.
func TestOneServerAFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	_, stop := serving(t, data)
	key := read(t, filepath.Join(data, "central.key"))
	err := serveOnce(t, serveCommand{Data: data})
	if err == nil || !strings.Contains(err.Error(), "lock data folder "+data+": another server is running on it; end that one first") {
		t.Errorf("a second server: %v", err)
	}
	code, _, errs := call(t, "", "serve", "--data", data, "--api", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--audio", "127.0.0.1:0")
	if code != 1 || !strings.Contains(errs, "another server is running on it") {
		t.Errorf("a second process: exit %d: %s", code, errs)
	}

	must(t, (&areasCommand{Data: data, File: areasFile(t, goodAreas)}).Run(t.Context()))
	must(t, (&tokenCommand{Data: data, Person: "admin-a", Name: "Admin A", Administrator: "12", Days: 1}).Run(t.Context()))
	must(t, (&verifyCommand{Data: data}).Run(t.Context()))

	stop()
	_, stop = serving(t, data)
	stop()
	if !bytes.Equal(key, read(t, filepath.Join(data, "central.key"))) {
		t.Error("the second start made another key")
	}
	for path, want := range map[string]os.FileMode{data: 0o700, filepath.Join(data, "central.key"): 0o600, filepath.Join(data, "central.db"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s is %v, %v", path, info.Mode(), err)
		}
	}
}

func TestToken(t *testing.T) {
	data := served(t)
	must(t, (&areasCommand{Data: data, File: areasFile(t, goodAreas)}).Run(t.Context()))
	for name, tt := range map[string]struct {
		c    tokenCommand
		want string
	}{
		"a new person without a name": {tokenCommand{Person: "admin-a", Days: 1}, "admin-a is not known yet; give --name too"},
		"an unknown area":             {tokenCommand{Person: "admin-a", Name: "A", Administrator: "99", Days: 1}, `area "99" is not known; add areas first, with loa-central areas`},
		"an id that is none":          {tokenCommand{Person: "Ông Nguyễn", Name: "A", Days: 1}, "id"},
		"no days":                     {tokenCommand{Person: "admin-b", Name: "B"}, "life"},
		"too many days":               {tokenCommand{Person: "admin-c", Name: "C", Days: 100_000}, "life"},
	} {
		tt.c.Data = data
		if err := tt.c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	people, done, err := central.OpenRegistry(data)
	must(t, err)
	defer done()
	if _, err := people.Person(t.Context(), "admin-a"); err == nil {
		t.Error("a person of a refused command was added")
	}

	code, first, errs := call(t, "", "token", "--data", data, "--person", "admin-a", "--name", "Admin A", "--administrator", "12")
	if code != 0 || !strings.HasPrefix(first, "loa_") || strings.Count(first, "\n") != 1 || errs != "" {
		t.Fatalf("exit %d: %q %s", code, first, errs)
	}
	// Known now: no name is needed, and the first token still opens.
	_, second, _ := call(t, "", "token", "--data", data, "--person", "admin-a")
	for _, token := range []string{first, second} {
		if p, err := people.PersonByToken(t.Context(), token); err != nil || p.ID != "admin-a" {
			t.Errorf("%v, %v", p, err)
		}
	}
}

func TestVerify(t *testing.T) {
	grown := func() string {
		data := served(t)
		must(t, (&areasCommand{Data: data, File: areasFile(t, goodAreas)}).Run(t.Context()))
		must(t, (&tokenCommand{Data: data, Person: "admin-a", Name: "Nguyen Van A", Days: 1}).Run(t.Context()))
		return data
	}
	whole := grown()
	code, out, errs := call(t, "", "verify", "--data", whole)
	if code != 0 || !strings.HasPrefix(out, whole+" is whole; its audit chain has ") || !strings.Contains(out, " rows and ends with ") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	before := read(t, filepath.Join(whole, "central.db"))
	if _, again, _ := call(t, "", "verify", "--data", whole); again != out {
		t.Errorf("again: %s", again)
	}
	if !bytes.Equal(before, read(t, filepath.Join(whole, "central.db"))) {
		t.Error("a check changed the database")
	}

	for name, tt := range map[string]struct {
		spoil func(data string)
		want  string
	}{
		"a row of the audit chain changed": {func(data string) {
			path := filepath.Join(data, "central.db")
			write(t, path, bytes.ReplaceAll(read(t, path), []byte("Nguyen Van A"), []byte("Nguyen Van B")))
		}, "audit chain is broken: row "},
		"a row that its index does not know": {func(data string) {
			path := filepath.Join(data, "central.db")
			db := read(t, path)
			if !bytes.Contains(db, []byte("03388.0103388village")) {
				t.Fatal("the row is not found")
			}
			write(t, path, bytes.Replace(db, []byte("03388.0103388village"), []byte("03388.0203388village"), 1))
		}, "the file is damaged: restore a backup"},
		"damage": {func(data string) {
			path := filepath.Join(data, "central.db")
			db := read(t, path)
			copy(db[len(db)/2:], bytes.Repeat([]byte{0xff}, len(db)/3))
			write(t, path, db)
		}, ""},
		"no database":     {func(data string) { must(t, os.Remove(filepath.Join(data, "central.db"))) }, "is no data folder"},
		"no database yet": {func(data string) { write(t, filepath.Join(data, "central.db"), []byte("hello")) }, ""},
		"no key":          {func(data string) { must(t, os.Remove(filepath.Join(data, "central.key"))) }, "read central's key"},
		"key of others":   {func(data string) { must(t, os.Chmod(filepath.Join(data, "central.key"), 0o644)) }, "can be read by others"},
	} {
		data := grown()
		tt.spoil(data)
		if err := (&verifyCommand{Data: data}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
