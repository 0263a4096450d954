package central_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"log/slog"
	"net"
	"testing"
	"time"

	"loa/central"
	"loa/central/registry"
	"loa/controller/protocol"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func optionsOf(t *testing.T) central.Options {
	return central.Options{
		Data: t.TempDir(), API: "127.0.0.1:0", Broker: "127.0.0.1:0", Audio: "127.0.0.1:0",
		Hosts: []string{"127.0.0.1"}, Version: "test", Log: slog.New(slog.DiscardHandler),
	}
}

// A port that is taken is an error, and gives back what was bound before it.
func TestNewGivesBackWhatItBound(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, free.Close())
	o := optionsOf(t)
	o.Broker, o.API = free.Addr().String(), taken.Addr().String()
	if _, err := central.New(o); err == nil {
		t.Fatal("a taken port was bound")
	}
	again, err := net.Listen("tcp", o.Broker)
	if err != nil {
		t.Fatalf("the broker's port is still bound: %v", err)
	}
	must(t, again.Close())
}

// What a revoked board says, and its last will, is not believed; it is gone at
// once.
func TestARevokedBoardIsNotBelieved(t *testing.T) {
	c, err := central.New(optionsOf(t))
	must(t, err)
	defer c.Close()
	ctx := t.Context()
	must(t, c.Registry().PutAreas(ctx, "test",
		registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
		registry.Area{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"}))
	must(t, c.Registry().AddClusters(ctx, "test", registry.Cluster{ID: "muong-te-01", Name: "x", Area: "03433", Languages: []string{"vi"}}))
	seed := sha256.Sum256([]byte("board"))
	device, err := c.Registry().Enrol(ctx, "test", "muong-te-01", ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey), "abc")
	must(t, err)
	say := func(boot string) (online bool, told string) {
		payload, err := protocol.Encode(protocol.State{
			Version: protocol.Version, Cluster: "muong-te-01", Online: true, Boot: boot, Clock: protocol.ClockTrusted, At: time.Now(),
		})
		must(t, err)
		c.Deliver("muong-te-01", protocol.LaneState, payload)
		p, err := c.Fleet().Picture(ctx, "muong-te-01")
		must(t, err)
		return p.Online, p.State.Boot
	}
	if online, boot := say("first"); !online || boot != "first" {
		t.Fatalf("in service: online %v, boot %s", online, boot)
	}
	must(t, c.Registry().RevokeDevice(ctx, "test", device.ID))
	c.Revoked("muong-te-01")
	if online, boot := say("second"); online || boot != "first" {
		t.Errorf("revoked: online %v, boot %s", online, boot)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l := central.Limit(bound, 2)
	accepted := make(chan net.Conn, 4)
	ended := make(chan error)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	for range 3 {
		c, err := net.Dial("tcp", bound.Addr().String())
		must(t, err)
		defer c.Close()
	}
	first := <-accepted
	<-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection at once")
	case <-time.After(50 * time.Millisecond): // it can only pass wrongly
	}
	must(t, first.Close())
	first.Close() // again gives nothing back
	<-accepted
	must(t, l.Close())
	if err := <-ended; err == nil {
		t.Error("accepts after Close")
	}
}

// A province may do without the nightly self-tests.
func TestSelfTestsInPlans(t *testing.T) {
	for without, want := range map[bool]bool{false: true, true: false} {
		o := optionsOf(t)
		o.NoSelfTests = without
		c, err := central.New(o)
		must(t, err)
		if got := c.Plan("muong-te-01").SelfTest != nil; got != want {
			t.Errorf("NoSelfTests %t: a plan with a self-test is %t", without, got)
		}
		must(t, c.Close())
	}
}
