package broker_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"loa/central/broker"
	"loa/controller/protocol"
)

func TestLastWill(t *testing.T) {
	c := start(t, nil)
	state := protocol.ClusterTopic("muong-te-03", protocol.LaneState)
	will := func(s *setup) { s.SetWill(state, "gone", 1, true) }

	conns := make(chan net.Conn, 1)
	b := c.board(t, "muong-te-03", will, breakable(conns))
	b.connect(t)
	b.publish(t, state, 1, true, "here")
	if d := c.next(t); d.payload != "here" {
		t.Errorf("delivered %+v", d)
	}
	(<-conns).Close()
	if got, want := c.next(t), (delivery{"muong-te-03", protocol.LaneState, "gone"}); got != want {
		t.Errorf("delivered %+v, want %+v", got, want)
	}

	polite := b.again(c, will)
	polite.connect(t)
	polite.Disconnect(100)
	c.nothing(t)
}

// A board that comes back before central saw it go must be heard at once, and
// must not be told dead by its own old connection. Many times, because the MQTT
// server inside can lose a new session while it ends the old one.
func TestTakeover(t *testing.T) {
	c := start(t, nil)
	c.place("muong-te-03", "03388")
	state := protocol.ClusterTopic("muong-te-03", protocol.LaneState)
	will := func(s *setup) { s.SetWill(state, "gone", 1, true) }
	before := c.board(t, "muong-te-03", will)
	before.connect(t)
	before.listen(t, "03388")
	for i := range 30 {
		b := before.again(c, will)
		b.connect(t)
		b.listen(t, "03388")
		before.isLost(t)
		want := fmt.Sprint("here ", i)
		b.publish(t, state, 1, true, want)
		if d := c.next(t); d.payload != want {
			t.Fatalf("delivered %+v, want %q", d, want)
		}
		if err := c.ToArea("03388", []byte("alert")); err != nil {
			t.Fatal(err)
		}
		if err := c.ToCluster("muong-te-03", protocol.LaneOrder, []byte("order")); err != nil {
			t.Fatal(err)
		}
		b.receive(t)
		b.receive(t)
		before = b
	}
}

func TestStopIsNoDeath(t *testing.T) {
	c := start(t, nil)
	var all []*board
	for i := range 50 {
		name := fmt.Sprintf("cluster-%02d", i)
		b := c.board(t, name, func(s *setup) {
			s.SetWill(protocol.ClusterTopic(name, protocol.LaneState), "gone", 1, true)
		})
		b.connect(t)
		all = append(all, b)
	}
	c.stop()
	for _, b := range all {
		b.isLost(t)
		if c.Online(b.cluster) {
			t.Errorf("%s is online after the end", b.cluster)
		}
	}
	select {
	case d := <-c.delivered:
		t.Errorf("delivered %+v: central went, not the board", d)
	default:
	}
	if err := all[0].again(c).try(); err == nil {
		t.Error("connected to a broker that stopped")
	}
}

// While central cannot take receipts, their board waits and nobody else does.
func TestSlowDelivery(t *testing.T) {
	release := make(chan struct{})
	var c *central
	c = start(t, func(o *broker.Options) {
		o.Deliver = func(cluster string, lane protocol.Lane, payload []byte) {
			if cluster == "muong-te-03" {
				<-release
			}
			c.delivered <- delivery{cluster, lane, string(payload)}
		}
	})
	slow := c.board(t, "muong-te-03", func(s *setup) { s.SetWriteTimeout(0) })
	slow.connect(t)
	const sent = 200
	var acknowledged sync.WaitGroup
	var mu sync.Mutex
	acks := 0
	for i := range sent {
		token := slow.Publish(protocol.ClusterTopic("muong-te-03", protocol.LaneReceipt), 1, false, fmt.Sprint(i))
		acknowledged.Go(func() {
			if token.WaitTimeout(soon) && token.Error() == nil {
				mu.Lock()
				acks++
				mu.Unlock()
			}
		})
	}

	quick := c.board(t, "muong-te-04")
	quick.connect(t)
	for i := range 100 {
		quick.publish(t, protocol.ClusterTopic("muong-te-04", protocol.LaneReceipt), 1, false, fmt.Sprint(i))
		if d := c.next(t); d.cluster != "muong-te-04" || d.payload != fmt.Sprint(i) {
			t.Fatalf("delivered %+v, want receipt %d of muong-te-04", d, i)
		}
	}
	mu.Lock()
	if acks > 40 {
		t.Errorf("%d receipts were acknowledged while none could be taken", acks)
	}
	mu.Unlock()

	close(release)
	for i := range sent {
		if d := c.next(t); d.payload != fmt.Sprint(i) {
			t.Fatalf("delivered %+v, want receipt %d: order matters", d, i)
		}
	}
	acknowledged.Wait()
	if acks != sent {
		t.Errorf("%d of %d receipts were acknowledged", acks, sent)
	}
}

// Of states only the latest is worth waiting for.
func TestLatestStateWins(t *testing.T) {
	release := make(chan struct{})
	var c *central
	c = start(t, func(o *broker.Options) {
		o.Deliver = func(cluster string, lane protocol.Lane, payload []byte) {
			<-release
			c.delivered <- delivery{cluster, lane, string(payload)}
		}
	})
	b := c.board(t, "muong-te-03")
	b.connect(t)
	for _, l := range []protocol.Lane{protocol.LaneTelemetry, protocol.LaneState} {
		for i := range 500 { // far more than any queue holds, and every one is acknowledged
			b.publish(t, protocol.ClusterTopic("muong-te-03", l), 1, false, fmt.Sprint(i))
		}
	}
	b.publish(t, protocol.ClusterTopic("muong-te-03", protocol.LaneHello), 1, false, "hello")
	close(release)
	got := map[protocol.Lane][]string{}
	for len(got[protocol.LaneHello]) == 0 || !last(got[protocol.LaneState], "499") || !last(got[protocol.LaneTelemetry], "499") {
		d := c.next(t)
		got[d.lane] = append(got[d.lane], d.payload)
	}
	if n := len(got[protocol.LaneState]) + len(got[protocol.LaneTelemetry]); n > 4 {
		t.Errorf("%d old states and telemetry were delivered", n)
	}
}

func last(all []string, want string) bool { return len(all) > 0 && all[len(all)-1] == want }

func TestManyBoards(t *testing.T) {
	const boards = 1000
	c := start(t, nil)
	all := make([]*board, boards)
	var wait sync.WaitGroup
	slots := make(chan struct{}, 32)
	for i := range all {
		name := fmt.Sprintf("cluster-%04d", i)
		c.place(name, "12")
		all[i] = c.board(t, name)
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := all[i].try(); err != nil {
				t.Errorf("connect %s: %v", name, err)
				return
			}
			if code := all[i].subscribe(t, protocol.AreaTopic("12")); code > 1 {
				t.Errorf("subscribe %s: SUBACK %#x", name, code)
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	began := time.Now()
	if err := c.ToArea("12", []byte("alert")); err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		if got := b.receive(t); got != protocol.AreaTopic("12")+" alert" {
			t.Fatalf("%s received %q", b.cluster, got)
		}
	}
	t.Logf("one alert to %d boards in %v", boards, time.Since(began).Round(time.Millisecond))
	for _, b := range all {
		wait.Go(func() { b.Disconnect(0) })
	}
	wait.Wait()
}
