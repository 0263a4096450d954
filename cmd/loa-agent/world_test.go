package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"loa/central/broker"
	"loa/controller/protocol"
)

// program is the built binary.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "loa-agent-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "loa-agent")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

const cluster = "muong-te-03"

// now is when the tests' documents were made.
var now = time.Now().UTC().Truncate(time.Second)

// private is the key of a name, always the same one.
func private(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("loa test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicOf(key ed25519.PrivateKey) protocol.Key {
	return protocol.NewKey(key.Public().(ed25519.PublicKey))
}

func persons(ids ...string) []protocol.Person {
	var all []protocol.Person
	for _, id := range ids {
		all = append(all, protocol.Person{ID: id, Name: id, Keys: []protocol.Key{publicOf(private(id))}})
	}
	return all
}

func sealed(t *testing.T, kind protocol.Kind, document any, names ...string) protocol.Envelope {
	t.Helper()
	e, err := protocol.Draft(kind, protocol.Live, document)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		e.Sign(private(name))
	}
	return e
}

func aRoot() protocol.Root {
	return protocol.Root{
		Version: protocol.Version, Revision: 1, Issued: now, Expires: now.AddDate(5, 0, 0), Scopes: []string{"12"},
		Owners: persons("owner1", "owner2", "owner3"), Threshold: 2,
		Administrators: persons("admin1", "admin2"), AdminThreshold: 2, WideAlert: 2,
	}
}

func aKeySet() protocol.KeySet {
	return protocol.KeySet{
		Version: protocol.Version, Revision: 1, Issued: now, Expires: now.AddDate(1, 0, 0), Persons: persons("captain"),
		Rules: []protocol.Rule{{Kind: protocol.KindAlert, Mode: protocol.Live, Scope: "03388", Persons: []string{"captain"}, Threshold: 1}},
	}
}

func aPlacement(board protocol.Key) protocol.Placement {
	return protocol.Placement{
		Version: protocol.Version, Revision: 1, Issued: now, Cluster: cluster, Board: board,
		Areas: []string{"12", "03388"}, Languages: []string{"vi"},
	}
}

func anAuthority(t *testing.T) *broker.Authority {
	t.Helper()
	a, err := broker.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// anAnswer is what a central answers to a board with that key.
func anAnswer(t *testing.T, board protocol.Key) protocol.Enrolment {
	t.Helper()
	return answerOf(t, anAuthority(t), board)
}

func answerOf(t *testing.T, authority *broker.Authority, board protocol.Key) protocol.Enrolment {
	t.Helper()
	certificate, _, err := authority.IssueCluster(cluster, ed25519.PublicKey(board.Public))
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Enrolment{
		Version: protocol.Version, Cluster: cluster, Certificate: certificate, Authority: authority.CAPEM(),
		Broker: "127.0.0.1:1", Audio: "https://127.0.0.1:1", // nobody listens there
		Root:      sealed(t, protocol.KindRoot, aRoot(), "owner1", "owner2"),
		KeySet:    sealed(t, protocol.KindKeySet, aKeySet(), "admin1", "admin2"),
		Placement: sealed(t, protocol.KindPlacement, aPlacement(board), "admin1", "admin2"),
	}
}

func write(t *testing.T, path string, v any) string {
	t.Helper()
	data, ok := v.([]byte)
	if !ok {
		var err error
		if data, err = protocol.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// aBoard is a data folder after init, and its key.
func aBoard(t *testing.T) (data string, key ed25519.PrivateKey) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "board")
	must(t, (&initCommand{Data: data, Out: filepath.Join(t.TempDir(), "request")}).Run())
	key, err := readKey(data)
	must(t, err)
	return data, key
}

// enrolled is a data folder after enrol.
func enrolled(t *testing.T) (data string, e protocol.Enrolment) {
	t.Helper()
	data, key := aBoard(t)
	e = anAnswer(t, publicOf(key))
	must(t, (&enrolCommand{Data: data, Answer: write(t, filepath.Join(t.TempDir(), "answer"), e)}).Run())
	return data, e
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

func (w *watched) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); !strings.Contains(w.String(), text); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("no %q in %s", text, w.String())
		}
	}
}
