package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"loa/controller/protocol"
)

// program is the built binary.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	// What stands in the environment of who runs the tests is not for them.
	for _, name := range []string{"LOA_SERVER", "LOA_CA", tokenVariable} {
		os.Unsetenv(name)
	}
	dir, err := os.MkdirTemp("", "loa-central-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "loa-central")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// call runs the program to its end.
func call(t *testing.T, stdin string, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, program, args...)
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &o, &e
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return data
}

// keys makes a key for each name and returns the path without ending.
func keys(t *testing.T, names ...string) func(name string) string {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range names {
		must(t, (&newKeyCommand{Out: path(name)}).Run())
	}
	return path
}

func draftOf(t *testing.T, kind protocol.Kind, mode protocol.Mode, document any) protocol.Envelope {
	t.Helper()
	e, err := protocol.Draft(kind, mode, document)
	must(t, err)
	return e
}

// watched is what a program writes, while it runs.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// serving runs a server on a data folder until the test ends, or stop is called.
func serving(t *testing.T, data string) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var out watched
	ended := make(chan error, 1)
	go func() {
		c := serveCommand{Data: data, API: "127.0.0.1:0", Broker: "127.0.0.1:0", Audio: "127.0.0.1:0", Host: []string{"127.0.0.1"}}
		ended <- c.Run(ctx, slog.New(slog.NewTextHandler(&out, nil)))
	}()
	limit := time.After(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); !strings.Contains(out.String(), "msg=ready"); {
		select {
		case <-tick.C:
		case err := <-ended:
			t.Fatalf("the server ended with %v: %s", err, out.String())
		case <-limit:
			t.Fatalf("the server is not ready: %s", out.String())
		}
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	t.Cleanup(stop)
	var at struct {
		API string `json:"api"`
	}
	must(t, json.Unmarshal(read(t, filepath.Join(data, "addresses.json")), &at))
	return at.API, stop
}

// served is a data folder in which a server has run.
func served(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	_, stop := serving(t, data)
	stop()
	return data
}
