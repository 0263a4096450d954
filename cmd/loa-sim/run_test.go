package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
)

// demo is a small province with the folder that serve --demo makes, and the
// simulation of its clusters.
type demo struct {
	*province
	dir     string // of central's data
	command runCommand
}

func newDemo(t *testing.T, clusters ...string) *demo {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	p, err := newProvince(ctx, dir, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		stop()
		if p != nil {
			<-p.done
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range clusters {
		if err := p.register(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	d := &demo{province: p, dir: dir}
	d.command = runCommand{
		Server: p.api, Authority: filepath.Join(dir, "authority.pem"), Demo: filepath.Join(dir, "demo"), Data: filepath.Join(t.TempDir(), "sim"),
	}
	files := map[string][]byte{tokenFile: []byte(p.tokens[admin] + "\n")}
	for _, person := range []string{admin, secondAdmin} {
		if files[person+keyEnding], err = protocol.EncodeKeyFile(p.keys[person]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(d.command.Demo, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(d.command.Demo, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// start runs the simulation; end ends it and gives its error.
func (d *demo) start(t *testing.T) (end func() error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.command.Run(ctx, slog.New(slog.NewTextHandler(t.Output(), nil))) }()
	ended := false
	end = func() error {
		if ended {
			return nil
		}
		ended = true
		stop()
		return <-done
	}
	t.Cleanup(func() { _ = end() })
	d.wait(t, "control.json", func() bool {
		select {
		case err := <-done:
			t.Fatalf("the simulation ended: %v", err)
		default:
		}
		_, err := os.Stat(filepath.Join(d.command.Data, controlFile))
		return err == nil
	})
	return end
}

func (d *demo) wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := until(t.Context(), what, readyWithin, func() (bool, error) { return holds(), nil }); err != nil {
		t.Fatal(err)
	}
}

// look asks the control for one cluster.
func (d *demo) look(t *testing.T, id string) (v view) {
	t.Helper()
	answer, err := ask(t.Context(), d.command.Data, "GET", "/clusters/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// online is what central says of a cluster.
func (d *demo) online(t *testing.T, id string) bool {
	t.Helper()
	var c struct {
		Online bool `json:"online"`
	}
	if err := d.call(t.Context(), admin, "GET", "/clusters/"+id, nil, &c); err != nil {
		t.Fatal(err)
	}
	return c.Online
}

func (d *demo) spoil(t *testing.T, id string, f fault) {
	t.Helper()
	if err := (&faultCommand{Data: d.command.Data, Cluster: id, Kind: string(f)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	d := newDemo(t, "muong-te-001", "muong-te-002", "muong-te-003")
	d.command.Except = []string{"muong-te-003"}
	end := d.start(t)
	d.wait(t, "both online", func() bool { return d.online(t, "muong-te-001") && d.online(t, "muong-te-002") })
	if d.online(t, "muong-te-003") {
		t.Error("the cluster that was excepted runs")
	}

	d.spoil(t, "muong-te-001", unplugged)
	d.wait(t, "the last will of an unplugged board", func() bool { return !d.online(t, "muong-te-001") })
	d.spoil(t, "muong-te-002", networkCut)
	d.wait(t, "the last will of a board without a network", func() bool { return !d.online(t, "muong-te-002") })
	if v := d.look(t, "muong-te-002"); v.Connected || v.Fault != networkCut {
		t.Errorf("a cluster without a network: %+v", v)
	}
	d.spoil(t, "muong-te-002", none)
	d.wait(t, "the network mended", func() bool { return d.online(t, "muong-te-002") })

	begun := time.Now()
	if err := end(); err != nil || time.Since(begun) > 2*time.Second {
		t.Errorf("ended with %v after %v", err, time.Since(begun))
	}
	// A second run goes on with the same boards, and what was broken is broken.
	end = d.start(t)
	d.wait(t, "online again", func() bool { return d.online(t, "muong-te-002") })
	if v := d.look(t, "muong-te-001"); v.Fault != unplugged || v.Connected {
		t.Errorf("after a second start: %+v", v)
	}
	d.spoil(t, "muong-te-001", none)
	d.wait(t, "plugged in again", func() bool { return d.online(t, "muong-te-001") })
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	d := newDemo(t, "muong-te-001")
	for _, tt := range []struct {
		name string
		edit func(*runCommand)
		want string
	}{
		{"an exception that is none", func(c *runCommand) { c.Except = []string{"nowhere-1"} }, "--except nowhere-1: the server knows no such cluster"},
		{"no demo", func(c *runCommand) { c.Demo = t.TempDir() }, "read the demo's keys"},
		{"no authority", func(c *runCommand) { c.Authority = filepath.Join(c.Demo, tokenFile) }, "it is not PEM"},
	} {
		c := d.command
		c.Data = t.TempDir()
		tt.edit(&c)
		if err := c.Run(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
