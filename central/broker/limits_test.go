package broker_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loa/central/broker"
	"loa/controller/protocol"
)

// pipes is a listener whose connections stay in the process, so that time in
// these tests is the bubble's. A pipe holds no bytes: a client that does not
// read blocks the broker at once.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { c, _ := net.Pipe(); return c.LocalAddr() }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// raw speaks MQTT 3.1.1 by hand: it does only what a test makes it do.
type raw struct {
	*tls.Conn
	r      *bufio.Reader
	broken bool // a packet could not be written
}

func (c *central) raw(t *testing.T, p *pipes, cluster string, id tls.Certificate) *raw {
	t.Helper()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(c.authority.CAPEM()))
	conn := tls.Client(p.dial(), &tls.Config{RootCAs: trusted, ServerName: "central", Certificates: []tls.Certificate{id}})
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return &raw{Conn: conn, r: bufio.NewReader(conn)}
}

func field(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

func (r *raw) packet(head byte, parts ...[]byte) {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	out := []byte{head}
	for n := len(body); ; {
		b := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			out = append(out, b|0x80)
			continue
		}
		out = append(out, b)
		break
	}
	if _, err := r.Write(append(out, body...)); err != nil {
		r.broken = true
	}
}

func (r *raw) read() (head byte, body []byte, err error) {
	if head, err = r.r.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(r.r) // the same code as MQTT's remaining length
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r.r, body)
	return head, body, err
}

// hello connects, with a last will and a keepalive in seconds, and subscribes.
func (r *raw) hello(t *testing.T, cluster string, keepalive uint16, topics ...string) {
	t.Helper()
	r.packet(0x10, field("MQTT"), []byte{4, 0x80 | 0x20 | 0x08 | 0x04 | 0x02}, binary.BigEndian.AppendUint16(nil, keepalive),
		field(cluster), field(protocol.ClusterTopic(cluster, protocol.LaneState)), field("gone"), field(cluster))
	if head, body, err := r.read(); err != nil || head != 0x20 || body[1] != 0 {
		t.Fatalf("CONNACK %#x %v %v", head, body, err)
	}
	if len(topics) == 0 {
		return
	}
	parts := [][]byte{{0, 1}}
	for _, topic := range topics {
		parts = append(parts, field(topic), []byte{1})
	}
	r.packet(0x82, parts...)
	if head, body, err := r.read(); err != nil || head != 0x90 {
		t.Fatalf("SUBACK %#x %v %v", head, body, err)
	}
}

// arrived is the payload of the next message.
func (r *raw) arrived(t *testing.T) string {
	t.Helper()
	head, body, err := r.read()
	if err != nil || head&0xf0 != 0x30 {
		t.Fatalf("PUBLISH %#x %v", head, err)
	}
	if head != 0x30 {
		t.Errorf("PUBLISH with flags %#x, want QoS 0 and no retain", head&0x0f)
	}
	return string(body[2+binary.BigEndian.Uint16(body):])
}

// bubble runs a test on a broker behind pipes, in the bubble's time.
func bubble(t *testing.T, change func(*broker.Options), test func(t *testing.T, c *central, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		c := start(t, func(o *broker.Options) {
			o.Listener = p
			if change != nil {
				change(o)
			}
		})
		test(t, c, p)
		c.stop()
	})
}

// hungUp waits until the other side has closed, and says how long it took.
func hungUp(conn net.Conn) time.Duration {
	began := time.Now()
	_, _ = io.Copy(io.Discard, conn)
	return time.Since(began)
}

func TestSilentClientsAreHungUpOn(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		if took := hungUp(p.dial()); took != 10*time.Second {
			t.Errorf("without a handshake: after %v, want 10s", took)
		}
		id, _ := identity(t, c.authority, "muong-te-03")
		if took := hungUp(c.raw(t, p, "muong-te-03", id)); took != 10*time.Second {
			t.Errorf("without CONNECT: after %v, want 10s", took)
		}
		r := c.raw(t, p, "muong-te-03", id)
		r.hello(t, "muong-te-03", 60)
		if took := hungUp(r); took != 90*time.Second {
			t.Errorf("without a ping: after %v, want 90s", took)
		}
		if d := <-c.delivered; d.payload != "gone" {
			t.Errorf("delivered %+v, want the last will", d)
		}
		synctest.Wait()
		if c.Online("muong-te-03") {
			t.Error("still online")
		}
	})
}

// A board behind a slow link, which reads half a kilobyte a second, is alive,
// though one message takes longer than its keepalive and nothing is read from
// it meanwhile. One that reads nothing is not.
func TestSlowAndStuckReaders(t *testing.T) {
	var release chan struct{}
	slowly := func(o *broker.Options) {
		release = make(chan struct{}) // the bubble's own
		o.Deliver = func(string, protocol.Lane, []byte) { <-release }
	}
	bubble(t, slowly, func(t *testing.T, c *central, p *pipes) {
		id, _ := identity(t, c.authority, "muong-te-03")
		topic := protocol.ClusterTopic("muong-te-03", protocol.LaneOrder)

		slow := c.raw(t, p, "muong-te-03", id)
		slow.hello(t, "muong-te-03", 10, topic)
		go func() {
			for !slow.broken { // until the broker has no more room for them
				slow.packet(0x30, field(protocol.ClusterTopic("muong-te-03", protocol.LaneReceipt)), []byte("receipt"))
			}
		}()
		synctest.Wait()
		large := make([]byte, 100<<10)
		if err := c.ToCluster("muong-te-03", protocol.LaneOrder, large); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var n int
		for buf := make([]byte, 512); n < len(large); time.Sleep(time.Second) {
			k, err := slow.Read(buf)
			if err != nil {
				t.Fatalf("cut off after %d bytes and %v: %v", n, time.Since(began), err)
			}
			n += k
		}
		slow.Close()
		synctest.Wait()

		stuck := c.raw(t, p, "muong-te-03", id)
		stuck.hello(t, "muong-te-03", 600, topic)
		if err := c.ToCluster("muong-te-03", protocol.LaneOrder, large); err != nil {
			t.Fatal(err)
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if c.Online("muong-te-03") {
			t.Error("a client that reads nothing is still online after a minute")
		}
		close(release)
	})
}

func TestAlertsPassEverything(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		c.place("muong-te-03", "03388")
		id, _ := identity(t, c.authority, "muong-te-03")
		r := c.raw(t, p, "muong-te-03", id)
		order := protocol.ClusterTopic("muong-te-03", protocol.LaneOrder)
		r.hello(t, "muong-te-03", 60, order, protocol.ClusterTopic("muong-te-03", protocol.LaneAlert), protocol.AreaTopic("03388"))
		send := func(payload string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", payload, err)
			}
			synctest.Wait()
		}
		for _, o := range []string{"order 1", "order 2", "order 3"} { // the first is being written
			send(o, c.ToCluster("muong-te-03", protocol.LaneOrder, []byte(o)))
		}
		send("alert 1", c.ToArea("03388", []byte("alert 1")))
		send("alert 2", c.ToCluster("muong-te-03", protocol.LaneAlert, []byte("alert 2")))
		for _, want := range []string{"order 1", "alert 1", "alert 2", "order 2", "order 3"} {
			if got := r.arrived(t); got != want {
				t.Errorf("arrived %q, want %q", got, want)
			}
		}
	})
}

func TestTooMuchWaits(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		id, _ := identity(t, c.authority, "muong-te-03")
		r := c.raw(t, p, "muong-te-03", id)
		r.hello(t, "muong-te-03", 60, protocol.ClusterTopic("muong-te-03", protocol.LaneOrder),
			protocol.ClusterTopic("muong-te-03", protocol.LaneAlert))
		fill := func(lane protocol.Lane, payload []byte) (taken int, err error) {
			for ; taken < 1000; taken++ {
				if err := c.ToCluster("muong-te-03", lane, payload); err != nil {
					return taken, err
				}
				synctest.Wait()
			}
			return taken, nil
		}
		if n, err := fill(protocol.LaneOrder, make([]byte, protocol.MaxMessage)); n != 3 || !errors.Is(err, broker.ErrBusy) {
			t.Errorf("%d large messages taken, then %v; want 3, then ErrBusy", n, err)
		}
		if n, err := fill(protocol.LaneAlert, []byte("alert")); n != 64 || !errors.Is(err, broker.ErrBusy) {
			t.Errorf("%d alerts taken, then %v; want 64, then ErrBusy", n, err)
		}
		synctest.Wait()
		if c.Online("muong-te-03") {
			t.Error("a client that lets alerts pile up is still online")
		}
	})
}

// Takeover of a connection that is stuck in the middle of a message.
func TestTakeoverOfStuckSession(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		id, _ := identity(t, c.authority, "muong-te-03")
		topic := protocol.ClusterTopic("muong-te-03", protocol.LaneOrder)
		stuck := c.raw(t, p, "muong-te-03", id)
		stuck.hello(t, "muong-te-03", 600, topic)
		if err := c.ToCluster("muong-te-03", protocol.LaneOrder, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		again := c.raw(t, p, "muong-te-03", id)
		again.hello(t, "muong-te-03", 600, topic)
		if took := time.Since(began); took > 0 {
			t.Errorf("waited %v for the old connection", took)
		}
		if err := c.ToCluster("muong-te-03", protocol.LaneOrder, []byte("order")); err != nil {
			t.Fatal(err)
		}
		if got := again.arrived(t); got != "order" {
			t.Errorf("arrived %q", got)
		}
	})
}

// Two boards with one key throw each other out; central does not join in for ever.
func TestConnectsOfOneCluster(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		id, _ := identity(t, c.authority, "muong-te-03")
		connect := func() bool {
			r := c.raw(t, p, "muong-te-03", id)
			defer r.Close()
			r.packet(0x10, field("MQTT"), []byte{4, 0x80 | 0x02}, []byte{0, 60}, field("muong-te-03"), field("muong-te-03"))
			head, body, err := r.read()
			return err == nil && head == 0x20 && body[1] == 0
		}
		n := 0
		for connect() {
			n++
		}
		if n != 60 {
			t.Errorf("%d connects in no time, want 60", n)
		}
		time.Sleep(2 * time.Second)
		if !connect() {
			t.Error("refused after a pause")
		}
	})
}

func TestFailedHandshakesOfOneSource(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		id, _ := identity(t, c.authority, "muong-te-03")
		for range 100 {
			conn := p.dial()
			go conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			hungUp(conn)
		}
		// A board behind the same address still gets in.
		c.raw(t, p, "muong-te-03", id).hello(t, "muong-te-03", 60)
		// But few at once are greeted, until some time has passed.
		for range 4 {
			p.dial()
		}
		synctest.Wait()
		refused := p.dial()
		if n, err := refused.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read %d bytes, %v: want to be hung up on", n, err)
		}
		time.Sleep(time.Second)
		c.raw(t, p, "muong-te-03", id).hello(t, "muong-te-03", 60)
	})
}

func TestHandshakesOfOneSourceAtOnce(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		for range 256 {
			p.dial()
		}
		synctest.Wait()
		refused := p.dial()
		if took := hungUp(refused); took != 0 {
			t.Errorf("one too many was held for %v", took)
		}
	})
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	if _, err := broker.New(broker.Options{}); err == nil {
		t.Error("New without options")
	}
	c := start(t, nil)
	_, err := broker.New(broker.Options{Addr: c.Addr().String()})
	if err == nil {
		t.Error("New without TLS")
	}
}

// buffered notes what its kernel would be told.
type buffered struct {
	net.Conn
	set chan<- int
}

func (b buffered) SetWriteBuffer(bytes int) error { b.set <- bytes; return nil }

// What the kernel holds no alert can pass: it must not be megabytes.
func TestLittleWaitsInTheKernel(t *testing.T) {
	bubble(t, nil, func(t *testing.T, c *central, p *pipes) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		set := make(chan int, 1)
		p.conns <- buffered{theirs, set}
		synctest.Wait()
		select {
		case n := <-set:
			if n > 16<<10 {
				t.Errorf("a buffer of %d bytes", n)
			}
		default:
			t.Error("the kernel buffers as it likes")
		}
	})
}

// While one hello is being answered newer ones come: only the latest matters.
func TestANewerHelloReplacesOneThatWaits(t *testing.T) {
	var enter, release chan string
	slowly := func(o *broker.Options) {
		enter, release = make(chan string, 10), make(chan string) // the bubble's own
		o.Deliver = func(_ string, _ protocol.Lane, payload []byte) { enter <- string(payload); <-release }
	}
	bubble(t, slowly, func(t *testing.T, c *central, p *pipes) {
		id, _ := identity(t, c.authority, "muong-te-03")
		r := c.raw(t, p, "muong-te-03", id)
		r.hello(t, "muong-te-03", 60)
		for _, payload := range []string{"first", "second", "third"} {
			r.packet(0x30, field(protocol.ClusterTopic("muong-te-03", protocol.LaneHello)), []byte(payload))
			synctest.Wait()
		}
		close(release)
		synctest.Wait()
		r.Close()
		synctest.Wait()
		close(enter)
		var got []string
		for payload := range enter {
			got = append(got, payload)
		}
		if want := []string{"first", "third", "gone"}; !slices.Equal(got, want) {
			t.Errorf("delivered %q, want %q", got, want)
		}
	})
}

// As many as come in together are handed on together, but of one cluster one
// at a time.
func TestManyAreDeliveredAtOnce(t *testing.T) {
	const boards = 20
	var mu sync.Mutex
	var now, most int
	busy := map[string]bool{}
	var release chan struct{}
	slowly := func(o *broker.Options) {
		release = make(chan struct{})
		o.Deliver = func(cluster string, _ protocol.Lane, _ []byte) {
			mu.Lock()
			if busy[cluster] {
				t.Errorf("two at once of %s", cluster)
			}
			busy[cluster] = true
			now++
			most = max(most, now)
			mu.Unlock()
			<-release
			mu.Lock()
			busy[cluster] = false
			now--
			mu.Unlock()
		}
	}
	bubble(t, slowly, func(t *testing.T, c *central, p *pipes) {
		for i := range boards {
			name := fmt.Sprintf("muong-te-%02d", i)
			id, _ := identity(t, c.authority, name)
			r := c.raw(t, p, name, id)
			r.hello(t, name, 60)
			for range 3 {
				r.packet(0x30, field(protocol.ClusterTopic(name, protocol.LaneReceipt)), []byte("receipt"))
			}
		}
		synctest.Wait()
		if most != boards {
			t.Errorf("%d at once, of %d boards", most, boards)
		}
		close(release)
	})
}
