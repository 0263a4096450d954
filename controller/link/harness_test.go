package link_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"loa/controller/link"
	"loa/controller/protocol"
)

const (
	cluster    = "muong-te-03"
	brokerAddr = "central.test:8883"
	audioAddr  = "central.test:8443"
	will       = `{"online":false}`
	always     = 1 << 30
)

// network joins dialers and listeners inside a bubble.
type network struct {
	mu     sync.Mutex
	ports  map[string]*port
	lost   bool // nothing arrives, and nobody is told
	slow   int  // bytes a second towards the board, 0 for no limit
	cables []*cable
	dialed []time.Time
}

func newNetwork() *network { return &network{ports: map[string]*port{}} }

// port is a listener.
type port struct {
	n     *network
	addr  string
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (n *network) listen(addr string) *port {
	p := &port{n: n, addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[addr] = p
	return p
}

func (p *port) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *port) Close() error {
	p.once.Do(func() {
		p.n.mu.Lock()
		defer p.n.mu.Unlock()
		if p.n.ports[p.addr] == p {
			delete(p.n.ports, p.addr)
		}
		close(p.done)
	})
	return nil
}

func (p *port) Addr() net.Addr { return addr(p.addr) }

type addr string

func (a addr) Network() string { return "pipe" }
func (a addr) String() string  { return string(a) }

// dial is Options.Dial.
func (n *network) dial(ctx context.Context, to string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, time.Now())
	p, lost := n.ports[to], n.lost
	n.mu.Unlock()
	if lost {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if p == nil {
		return nil, errors.New("connection refused")
	}
	client, near := net.Pipe()
	far, server := net.Pipe()
	c := &cable{n: n, near: near, far: far}
	go c.carry(far, near, nil)
	go c.carry(near, far, &n.slow)
	n.mu.Lock()
	n.cables = append(n.cables, c)
	n.mu.Unlock()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, errors.New("connection refused")
	}
}

// cable is one connection.
type cable struct {
	n         *network
	near, far net.Conn
	dead      atomic.Bool // swallows what it is given
}

func (c *cable) carry(to, from net.Conn, rate *int) {
	defer func() {
		if c.dead.Load() {
			return // a partition closes nothing
		}
		to.Close()
		from.Close()
	}()
	buf := make([]byte, 2048)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if rate != nil {
			c.n.mu.Lock()
			r := *rate
			c.n.mu.Unlock()
			if r > 0 {
				time.Sleep(time.Duration(n) * time.Second / time.Duration(r))
			}
		}
		if c.dead.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// partition loses every connection without a word, and every new one.
func (n *network) partition(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lost = on
	for _, c := range n.cables {
		c.dead.Store(true)
	}
	n.cables = nil
}

// limit makes the board's link slow.
func (n *network) limit(bytesPerSecond int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slow = bytesPerSecond
}

func (n *network) dials() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.dialed)
}

// authority mints certificates. It is made inside the bubble, whose clock
// starts in 2000.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{cert, key, pool}
}

func (a *authority) mint(t *testing.T, name string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) server(t *testing.T) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.mint(t, "central.test")}, ClientCAs: a.pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

func (a *authority) board(t *testing.T) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.mint(t, cluster)}, RootCAs: a.pool}
}

// broker is mochi, with its rights and what it took.
type broker struct {
	mochi.HookBase
	*mochi.Server
	mu      sync.Mutex
	refuse  map[string]int // how often a topic is still refused to who subscribes
	taken   []packets.Packet
	granted []string
}

func (*broker) ID() string { return "test" }
func (*broker) Provides(b byte) bool {
	return slices.Contains([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPublished, mochi.OnSubscribed, mochi.OnWillSent}, b)
}
func (*broker) OnConnectAuthenticate(cl *mochi.Client, _ packets.Packet) bool {
	return cl.ID == cluster
}

func (b *broker) OnACLCheck(_ *mochi.Client, topic string, write bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if write || b.refuse[topic] == 0 {
		return true
	}
	b.refuse[topic]--
	return false
}

func (b *broker) OnPublished(cl *mochi.Client, p packets.Packet) {
	if cl.ID == cluster {
		b.note(p)
	}
}

func (b *broker) OnWillSent(_ *mochi.Client, p packets.Packet) { b.note(p) }

func (b *broker) note(p packets.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = append(b.taken, p)
}

func (b *broker) OnSubscribed(_ *mochi.Client, p packets.Packet, codes []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, f := range p.Filters {
		if codes[i] < 0x80 {
			b.granted = append(b.granted, f.Filter)
		}
	}
}

func (b *broker) setRefused(times int, topics ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = map[string]int{}
	for _, topic := range topics {
		b.refuse[topic] = times
	}
}

// took is what arrived on a lane, in order.
func (b *broker) took(lane protocol.Lane) (out []packets.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.taken {
		if p.TopicName == protocol.ClusterTopic(cluster, lane) {
			out = append(out, p)
		}
	}
	return out
}

// state is the retained state.
func (b *broker) state() string {
	p, ok := b.Topics.Retained.Get(protocol.ClusterTopic(cluster, protocol.LaneState))
	if !ok {
		return ""
	}
	return string(p.Payload)
}

func (b *broker) send(t *testing.T, topic string, payload []byte) {
	t.Helper()
	if err := b.Publish(topic, payload, false, 1); err != nil {
		t.Fatal(err)
	}
}

func startBroker(t *testing.T, n *network, config *tls.Config) *broker {
	t.Helper()
	b := &broker{refuse: map[string]int{}}
	b.Server = mochi.New(&mochi.Options{InlineClient: true, SysTopicResendInterval: 3600, Logger: slog.New(slog.DiscardHandler)})
	if err := b.AddHook(b, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.AddListener(listeners.NewNet("pipe", tls.NewListener(n.listen(brokerAddr), config))); err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(); err != nil {
		t.Fatal(err)
	}
	return b
}

// events is what a Link delivered.
type events struct {
	mu  sync.Mutex
	all []any
}

func (e *events) deliver(v any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, v)
}

// since lists what was delivered from an index on.
func (e *events) since(i int) []any {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all[i:])
}

func (e *events) count() int { return len(e.since(0)) }

// of picks the events of one type.
func of[T any](all []any) (out []T) {
	for _, v := range all {
		if v, ok := v.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// within waits, in the bubble's time, until ok, and returns how long it took.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(began)
}

// board is a Link that runs, in a world of its own.
type board struct {
	*link.Link
	*network
	authority *authority
	events    events
	stop      func()
}

func build(t *testing.T, change func(*link.Options), audio link.AudioStore) *board {
	t.Helper()
	// After all other cleanups: what they closed takes some of the bubble's
	// time, which ends with the test.
	t.Cleanup(func() { time.Sleep(time.Minute) })
	b := &board{network: newNetwork(), authority: newAuthority(t)}
	o := link.Options{
		Cluster: cluster, Broker: brokerAddr, Audio: "https://" + audioAddr, TLS: b.authority.board(t),
		Agent: "test", Will: []byte(will), Dial: b.dial,
	}
	if change != nil {
		change(&o)
	}
	b.Link = link.New(o, audio, b.events.deliver)
	return b
}

func (b *board) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(b.stop)
	go func() { done <- b.Run(ctx) }()
}

// start is a board, and a broker that it finds at once.
func start(t *testing.T, areas []string, refused ...string) (*board, *broker) {
	t.Helper()
	b := build(t, nil, noAudio{})
	broker := startBroker(t, b.network, b.authority.server(t))
	t.Cleanup(func() { broker.Close() })
	broker.setRefused(always, refused...)
	b.Areas(areas)
	b.run(t)
	return b, broker
}

func (b *board) up(t *testing.T, limit time.Duration, since int) time.Duration {
	t.Helper()
	return within(t, limit, "Up", func() bool { return len(of[link.Up](b.events.since(since))) > 0 })
}

// noAudio is for tests that download nothing.
type noAudio struct{}

func (noAudio) HasAudio(string) bool { return false }
func (noAudio) Receive(protocol.Audio, func(int64) (io.ReadCloser, error)) error {
	return errors.New("no audio here")
}

func says(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
