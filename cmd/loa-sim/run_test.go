package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"loa/central"
	"loa/controller/protocol"
)

// demo is a small province with the folder that serve --demo makes, and the
// simulation of its clusters.
type demo struct {
	*province
	dir     string // of central's data
	end     func() // ends central
	command runCommand
}

func newDemo(t *testing.T, clusters ...string) *demo {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	p, err := newProvince(ctx, dir, slog.New(slog.DiscardHandler))
	end := sync.OnceFunc(func() {
		stop()
		if p != nil {
			<-p.done
		}
	})
	t.Cleanup(end)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range clusters {
		if err := p.register(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	// Beside central's data: a folder with a demo in it is for serve --demo alone.
	folder := t.TempDir()
	addresses, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{province: p, dir: dir, end: end}
	d.command = runCommand{
		Server: p.api, Authority: filepath.Join(dir, "authority.pem"), Demo: filepath.Join(folder, "demo"), Data: filepath.Join(t.TempDir(), "sim"),
	}
	files := map[string][]byte{tokenFile: []byte(p.tokens[admin] + "\n"), filepath.Join("..", addressFile): addresses}
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

// fates are what central knows of the last repetition of an order, by cluster.
type fates map[string]struct {
	Cluster string           `json:"cluster"`
	Fate    protocol.Fate    `json:"fate"`
	Verdict protocol.Verdict `json:"verdict"`
}

func (d *demo) fates(t *testing.T, order draft) fates {
	t.Helper()
	var all []struct {
		Cluster string           `json:"cluster"`
		Fate    protocol.Fate    `json:"fate"`
		Verdict protocol.Verdict `json:"verdict"`
	}
	if err := d.call(t.Context(), officer, "GET", "/orders/"+order.Envelope.Hash()+"/fates", nil, &all); err != nil {
		t.Fatal(err)
	}
	found := fates{}
	for _, f := range all {
		found[f.Cluster] = f
	}
	return found
}

// raise raises an alert of short repetitions.
func (d *demo) raise(t *testing.T) draft {
	t.Helper()
	w := wish()
	w["siren"], w["pause"], w["repetitions"] = protocol.Siren{Blasts: 1, Seconds: 1, Gap: 0}, 1, 50
	var raised draft
	if err := d.call(t.Context(), officer, "POST", "/alerts", w, &raised); err != nil {
		t.Fatal(err)
	}
	if err := d.sign(t.Context(), officer, raised, officer); err != nil {
		t.Fatal(err)
	}
	return raised
}

// since is how long a cluster was heard after a moment, by its record.
func (d *demo) since(t *testing.T, id string, after time.Time) (heard time.Duration) {
	t.Helper()
	answer, err := ask(t.Context(), d.command.Data, "GET", "/clusters/"+id+"/record", nil)
	if err != nil {
		t.Fatal(err)
	}
	var r record
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatal(err)
	}
	step := time.Duration(r.Step * float64(time.Second))
	for _, s := range r.Sound {
		for i, level := range s.Levels {
			if s.At.Add(time.Duration(i)*step).After(after) && level > -40 && level <= 0 {
				heard += step
			}
		}
	}
	return heard
}

// What is broken behind a board shows in what its sensors make of an alert, and
// what is before it does not stop the alert.
func TestRunWithFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("an alert sounds in real time")
	}
	const whole, dead, cut, alone, deaf, gone = "muong-te-001", "muong-te-002", "muong-te-003", "muong-te-004", "muong-te-005", "muong-te-006"
	all := []string{whole, dead, cut, alone, deaf, gone}
	d := newDemo(t, all...)
	d.start(t)
	d.wait(t, "all online", func() bool {
		return !slices.ContainsFunc(all, func(id string) bool { return !d.online(t, id) })
	})
	d.spoil(t, dead, amplifierDead)
	d.spoil(t, cut, hornsCut)
	d.spoil(t, deaf, soundCardLost)
	raised := d.raise(t)
	d.wait(t, "the relay of a cluster that will be alone", func() bool { return d.look(t, alone).Relay && d.look(t, gone).Relay })
	d.spoil(t, alone, networkCut)
	d.spoil(t, gone, unplugged)
	went := time.Now()
	if d.look(t, gone).Relay {
		t.Error("the relay of an unplugged board is closed")
	}
	d.wait(t, "verdicts", func() bool {
		f := d.fates(t, raised)
		return f[whole].Verdict != "" && f[dead].Verdict != "" && f[cut].Verdict != "" && f[deaf].Fate == protocol.FateFailed
	})
	f := d.fates(t, raised)
	if f[whole].Verdict != protocol.VerdictHeard || f[dead].Verdict != protocol.VerdictSilent || f[cut].Verdict != protocol.VerdictSilent {
		t.Errorf("whole %s, amplifier dead %s, horns cut %s", f[whole].Verdict, f[dead].Verdict, f[cut].Verdict)
	}
	for id, want := range map[string]bool{whole: true, dead: false, cut: false, alone: true, deaf: false, gone: false} {
		if heard := d.since(t, id, went.Add(time.Second)); heard > 0 != want {
			t.Errorf("%s was heard for %v", id, heard)
		}
	}
	if d.online(t, alone) || d.online(t, gone) {
		t.Error("a cluster without a network, or without power, is online")
	}

	// Back again, they go on with what is still valid.
	for _, id := range all[1:] {
		d.spoil(t, id, none)
	}
	back := time.Now()
	d.wait(t, "all heard again", func() bool {
		return !slices.ContainsFunc(all, func(id string) bool { return d.since(t, id, back.Add(time.Second)) == 0 || !d.online(t, id) })
	})
}

// A server that ends and comes back finds its clusters again.
func TestRunOutlivesTheServer(t *testing.T) {
	d := newDemo(t, "muong-te-001", "muong-te-002")
	d.start(t)
	both := func() bool { return d.online(t, "muong-te-001") && d.online(t, "muong-te-002") }
	d.wait(t, "both online", both)
	at, err := readAddresses(d.command.Demo)
	if err != nil {
		t.Fatal(err)
	}
	d.end()
	d.wait(t, "both without a server", func() bool { return !d.look(t, "muong-te-001").Connected && !d.look(t, "muong-te-002").Connected })
	again, err := central.New(central.Options{
		Data: d.dir, API: strings.TrimPrefix(at.API, "https://"), Broker: at.Broker, Audio: strings.TrimPrefix(at.Audio, "https://"),
		Hosts: []string{"127.0.0.1"}, Version: "sim", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- again.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	d.wait(t, "both online again", both)
}

func TestControlRefuses(t *testing.T) {
	d := newDemo(t, "muong-te-001")
	d.start(t)
	said, err := os.ReadFile(filepath.Join(d.command.Data, controlFile))
	if err != nil {
		t.Fatal(err)
	}
	var at controlAddress
	if err := json.Unmarshal(said, &at); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, method, path, body string
		edit                     func(*http.Request)
		want                     int
	}{
		{"all", "GET", "/clusters", "", nil, 200},
		{"one", "GET", "/clusters/muong-te-001", "", nil, 200},
		{"its record", "GET", "/clusters/muong-te-001/record", "", nil, 200},
		{"a fault", "PUT", "/clusters/muong-te-001/fault", `{"kind":"horns-cut"}`, nil, 200},
		{"another", "GET", "/clusters/muong-te-002", "", nil, 404},
		{"no path", "GET", "/", "", nil, 404},
		{"no fault", "PUT", "/clusters/muong-te-001/fault", `{"kind":"haunted"}`, nil, 422},
		{"no JSON", "PUT", "/clusters/muong-te-001/fault", `unplugged`, nil, 400},
		{"too much", "PUT", "/clusters/muong-te-001/fault", `{"kind":"` + strings.Repeat("x", 2000) + `"}`, nil, 400},
		{"a read fault", "GET", "/clusters/muong-te-001/fault", "", nil, 405},
		{"a page of the web", "PUT", "/clusters/muong-te-001/fault", `{"kind":"unplugged"}`, func(r *http.Request) {
			r.Header.Set("Origin", "https://example.org")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}, 403},
		{"a name that was bound to this machine", "GET", "/clusters", "", func(r *http.Request) { r.Host = "example.org:80" }, 403},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, at.Address+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		if tt.edit != nil {
			tt.edit(r)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, resp.StatusCode, tt.want)
		}
	}
	if v := d.look(t, "muong-te-001"); v.Fault != hornsCut {
		t.Errorf("the fault is %s", v.Fault)
	}
}

func TestTwoSimulationsOnOneFolder(t *testing.T) {
	d := newDemo(t, "muong-te-001")
	d.start(t)
	if err := d.command.Run(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "another simulation is running on it") {
		t.Errorf("a second one: %v", err)
	}
	if err := (&faultCommand{Data: t.TempDir(), Cluster: "muong-te-001", Kind: "unplugged"}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "is loa-sim run at work on this folder?") {
		t.Errorf("a fault where nothing runs: %v", err)
	}
	if err := (&faultCommand{Data: d.command.Data, Cluster: "muong-te-009", Kind: "unplugged"}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), `no cluster "muong-te-009"`) {
		t.Errorf("a fault of nobody: %v", err)
	}
}

// Boards and server belong together: neither goes on with a new other.
func TestRunBeginsAnew(t *testing.T) {
	d, other := newDemo(t, "muong-te-001"), newDemo(t, "muong-te-001")
	end := d.start(t)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	c := d.command
	c.Data = t.TempDir()
	if err := c.Run(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "the server knows another board there") {
		t.Errorf("with the boards' folder lost: %v", err)
	}
	c = other.command
	c.Data = d.command.Data
	if err := c.Run(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "enrolled with another server") {
		t.Errorf("with another server: %v", err)
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
