package main

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loa/controller/protocol"
)

func TestKeyNew(t *testing.T) {
	out := filepath.Join(t.TempDir(), "captain")
	must(t, (&newKeyCommand{Out: out}).Run())
	for path, want := range map[string]os.FileMode{out + ".key": 0o600, out + ".pub": 0o644} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s is %v", path, info.Mode())
		}
	}
	private, err := readKey(out + ".key")
	must(t, err)
	public, err := protocol.Decode[protocol.Key](read(t, out+".pub"))
	if err != nil || public.ID != protocol.NewKey(private.Public().(ed25519.PublicKey)).ID {
		t.Errorf("the public half is %v, %v", public, err)
	}
}

func TestKeyNewOverwritesNothing(t *testing.T) {
	for _, there := range []string{".key", ".pub"} {
		out := filepath.Join(t.TempDir(), "captain")
		write(t, out+there, []byte("mine"))
		err := (&newKeyCommand{Out: out}).Run()
		if err == nil || !strings.Contains(err.Error(), out+there) || !strings.Contains(err.Error(), "file exists") {
			t.Errorf("%s: %v", there, err)
		}
		if string(read(t, out+there)) != "mine" {
			t.Errorf("%s was overwritten", there)
		}
		if made, _ := filepath.Glob(out + "*"); len(made) != 1 {
			t.Errorf("%s: half a pair is left: %v", there, made)
		}
	}
	if err := (&newKeyCommand{Out: filepath.Join(t.TempDir(), "none", "captain")}).Run(); err == nil {
		t.Error("a key was made in a folder that is not there")
	}
}

// aRoot writes a root for the owners of path, 2 of 3.
func aRoot(t *testing.T, path func(string) string, change func(*newRootCommand)) (string, error) {
	t.Helper()
	pub := func(name string) string { return name + "=" + path(name+".pub") }
	c := &newRootCommand{
		Scope: []string{"12"}, Owner: []string{pub("owner-a"), pub("owner-b"), pub("owner-c")}, Threshold: 2,
		Admin: []string{pub("admin-a"), pub("admin-b")}, AdminThreshold: 2, WideAlert: 2, Revision: 1, Years: 10,
		Out: filepath.Join(t.TempDir(), "root.json"),
	}
	if change != nil {
		change(c)
	}
	return c.Out, c.Run()
}

// What key root writes and its owners sign, a new board takes.
func TestRootOpens(t *testing.T) {
	path := keys(t, "owner-a", "owner-b", "owner-c", "admin-a", "admin-b")
	root, err := aRoot(t, path, nil)
	must(t, err)
	sign := func(names ...string) error {
		c := &signFileCommand{signing: signing{Yes: true}, File: root}
		for _, name := range names {
			c.Key = append(c.Key, path(name+".key"))
		}
		return c.Run(t.Context())
	}
	open := func() error {
		_, err := protocol.Open(read(t, root), protocol.Known{Enrolling: true}, protocol.Clock{})
		return err
	}
	before, err := readEnvelope(root)
	must(t, err)
	if got := protocol.ReasonOf(open()); got == "" {
		t.Error("an unsigned root was taken")
	}
	must(t, sign("owner-a"))
	if got := protocol.ReasonOf(open()); got != protocol.ReasonThreshold {
		t.Errorf("with one owner: %q", got)
	}
	must(t, sign("owner-a", "owner-c")) // again, and the second
	must(t, open())
	after, err := readEnvelope(root)
	must(t, err)
	if len(after.Signatures) != 2 || !bytes.Equal(before.Payload, after.Payload) {
		t.Errorf("%d signatures, payload %s", len(after.Signatures), after.Payload)
	}
}

func TestRootThatNoBoardWouldTake(t *testing.T) {
	path := keys(t, "owner-a", "owner-b", "owner-c", "admin-a", "admin-b")
	garbage := write(t, filepath.Join(t.TempDir(), "garbage.pub"), []byte("hello"))
	for name, tt := range map[string]struct {
		change func(*newRootCommand)
		want   string
	}{
		"threshold of one":     {func(c *newRootCommand) { c.Threshold = 1 }, "threshold: 1 of 3 owners"},
		"threshold too high":   {func(c *newRootCommand) { c.Threshold = 4 }, "threshold: 4 of 3 owners"},
		"one owner":            {func(c *newRootCommand) { c.Owner = c.Owner[:1] }, "threshold: 2 of 1 owners"},
		"one admin":            {func(c *newRootCommand) { c.Admin = c.Admin[:1] }, "adminThreshold: 2 of 1 administrators"},
		"owner twice":          {func(c *newRootCommand) { c.Owner[1] = c.Owner[0] }, "owners"},
		"scope of no province": {func(c *newRootCommand) { c.Scope = []string{"Lai Châu"} }, "scopes"},
		"revision zero":        {func(c *newRootCommand) { c.Revision = 0 }, "revision"},
		"wide alert of one":    {func(c *newRootCommand) { c.WideAlert = 1 }, "wideAlert: 1"},
		"owner without a file": {func(c *newRootCommand) { c.Owner[0] = "owner-a" }, `"owner-a" is not PERSON=FILE.pub`},
		"file without a name":  {func(c *newRootCommand) { c.Owner[0] = "=" + garbage }, "is not PERSON=FILE.pub"},
		"no such file":         {func(c *newRootCommand) { c.Owner[0] = "owner-a=/none.pub" }, "/none.pub: no such file"},
		"no key":               {func(c *newRootCommand) { c.Owner[0] = "owner-a=" + garbage }, "read public key " + garbage},
		"a private key":        {func(c *newRootCommand) { c.Owner[0] = "owner-a=" + path("owner-a.key") }, "read public key " + path("owner-a.key")},
	} {
		out, err := aRoot(t, path, tt.change)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}
