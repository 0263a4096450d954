package broker_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"loa/central/broker"
	"loa/controller/protocol"
)

// soon bounds every wait: it is reached only when a test fails.
const soon = 10 * time.Second

// delivery is one call of Deliver.
type delivery struct {
	cluster string
	lane    protocol.Lane
	payload string
}

// central is a broker that runs, with the authority it trusts.
type central struct {
	*broker.Broker
	authority *broker.Authority
	delivered chan delivery
	stop      func()

	mu      sync.Mutex
	areas   map[string][]string // by cluster
	revoked map[string]bool     // by serial
}

// start runs a broker on a free port, or on a given listener.
func start(t testing.TB, change func(*broker.Options)) *central {
	t.Helper()
	authority, err := broker.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &central{
		authority: authority,
		delivered: make(chan delivery, 10_000),
		areas:     map[string][]string{},
		revoked:   map[string]bool{},
	}
	config, err := authority.ServerTLS([]string{"127.0.0.1", "central"}, func(cluster string, cert *x509.Certificate) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.revoked[broker.Serial(cert)] {
			return errors.New("certificate is revoked")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	opts := broker.Options{
		Addr: "127.0.0.1:0",
		TLS:  config,
		AreasOf: func(cluster string) []string {
			c.mu.Lock()
			defer c.mu.Unlock()
			return slices.Clone(c.areas[cluster])
		},
		Deliver: func(cluster string, lane protocol.Lane, payload []byte) {
			c.delivered <- delivery{cluster, lane, string(payload)}
		},
		Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&opts)
	}
	if c.Broker, err = broker.New(opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

// place says which areas a cluster answers to.
func (c *central) place(cluster string, areas ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.areas[cluster] = areas
}

func (c *central) revoke(serial string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revoked[serial] = true
}

// next is the next delivery.
func (c *central) next(t *testing.T) delivery {
	t.Helper()
	select {
	case d := <-c.delivered:
		return d
	case <-time.After(soon):
		t.Fatal("nothing was delivered")
	}
	return delivery{}
}

// nothing fails the test when something was delivered before a message that
// goes through the same hands now.
func (c *central) nothing(t *testing.T) {
	t.Helper()
	probe := c.board(t, "probe-of-nothing")
	probe.connect(t)
	defer probe.Disconnect(0)
	probe.publish(t, protocol.ClusterTopic("probe-of-nothing", protocol.LaneTelemetry), 1, false, "probe")
	if d := c.next(t); d.payload != "probe" {
		t.Errorf("delivered %+v, want nothing", d)
	}
}

// board is an MQTT client with a cluster's certificate.
type board struct {
	paho.Client
	cluster  string
	serial   string
	identity tls.Certificate
	got      chan string // topic, space, payload
	lost     chan struct{}
}

type setup struct {
	*paho.ClientOptions
	tls *tls.Config
}

// board prepares a client that may still be changed; connect it afterwards.
func (c *central) board(t testing.TB, cluster string, change ...func(*setup)) *board {
	t.Helper()
	b := &board{cluster: cluster, got: make(chan string, 1000), lost: make(chan struct{})}
	b.identity, b.serial = identity(t, c.authority, cluster)
	return b.prepare(c, change...)
}

// again is the same board with a new client.
func (b *board) again(c *central, change ...func(*setup)) *board {
	n := &board{cluster: b.cluster, serial: b.serial, identity: b.identity,
		got: make(chan string, 1000), lost: make(chan struct{})}
	return n.prepare(c, change...)
}

func (b *board) prepare(c *central, change ...func(*setup)) *board {
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(c.authority.CAPEM()))
	o := paho.NewClientOptions().
		AddBroker("ssl://" + c.Addr().String()).
		SetClientID(b.cluster).
		SetUsername(b.cluster).
		SetProtocolVersion(4).
		SetKeepAlive(time.Minute).
		SetConnectTimeout(soon).
		SetWriteTimeout(soon).
		SetAutoReconnect(false).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { b.got <- m.Topic() + " " + string(m.Payload()) }).
		SetConnectionLostHandler(func(paho.Client, error) { close(b.lost) })
	s := &setup{o, &tls.Config{RootCAs: trusted, Certificates: []tls.Certificate{b.identity}}}
	for _, f := range change {
		f(s)
	}
	o.SetTLSConfig(s.tls)
	b.Client = paho.NewClient(o)
	return b
}

// identity makes a board's key and has it certified.
func identity(t testing.TB, a *broker.Authority, cluster string) (tls.Certificate, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate, serial, err := a.IssueCluster(cluster, public)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(certificate))
	return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: private}, serial
}

func (b *board) try() error {
	token := b.Connect()
	if !token.WaitTimeout(soon) {
		return errors.New("no answer to CONNECT")
	}
	return token.Error()
}

func (b *board) connect(t testing.TB) {
	t.Helper()
	if err := b.try(); err != nil {
		t.Fatalf("connect %s: %v", b.cluster, err)
	}
	t.Cleanup(func() { b.Disconnect(0) })
}

// subscribe returns the code of SUBACK.
func (b *board) subscribe(t testing.TB, filter string) byte {
	t.Helper()
	token := b.Subscribe(filter, 1, nil).(*paho.SubscribeToken)
	if !token.WaitTimeout(soon) {
		t.Fatalf("no SUBACK for %s", filter)
	}
	for _, code := range token.Result() { // one; for a shared one the client names it differently
		return code
	}
	t.Fatalf("no code for %s: %v", filter, token.Error())
	return 0
}

// listen subscribes to all that a board may read.
func (b *board) listen(t testing.TB, areas ...string) {
	t.Helper()
	for _, lane := range protocol.Downward {
		if code := b.subscribe(t, protocol.ClusterTopic(b.cluster, lane)); code > 1 {
			t.Fatalf("lane %s: SUBACK %#x", lane, code)
		}
	}
	for _, a := range areas {
		if code := b.subscribe(t, protocol.AreaTopic(a)); code > 1 {
			t.Fatalf("area %s: SUBACK %#x", a, code)
		}
	}
}

func (b *board) publish(t testing.TB, topic string, qos byte, retain bool, payload string) {
	t.Helper()
	if token := b.Publish(topic, qos, retain, payload); !token.WaitTimeout(soon) || token.Error() != nil {
		t.Fatalf("publish to %s: %v", topic, token.Error())
	}
}

// receive is the next message down.
func (b *board) receive(t testing.TB) string {
	t.Helper()
	select {
	case m := <-b.got:
		return m
	case <-b.lost:
		t.Fatal("connection was lost")
	case <-time.After(soon):
		t.Fatal("nothing arrived")
	}
	return ""
}

func (b *board) isLost(t testing.TB) {
	t.Helper()
	select {
	case <-b.lost:
	case <-time.After(soon):
		t.Fatal("connection still stands")
	}
}

// breakable gives the test the connection, to break it as a mast that fails
// does.
func breakable(conns chan<- net.Conn) func(*setup) {
	return func(s *setup) {
		s.SetCustomOpenConnectionFn(func(uri *url.URL, _ paho.ClientOptions) (net.Conn, error) {
			raw, err := net.Dial("tcp", uri.Host)
			if err != nil {
				return nil, err
			}
			config := s.tls.Clone()
			config.ServerName = "127.0.0.1"
			conn := tls.Client(raw, config)
			if err := conn.Handshake(); err != nil {
				return nil, err
			}
			conns <- raw
			return conn, nil
		})
	}
}

// lane cuts a received message to lane and payload.
func lane(message string) string { return message[strings.LastIndex(message, "/")+1:] }
