package controller_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"loa/controller/protocol"
)

const (
	brokerAddr = "central.test:8883"
	audioAddr  = "central.test:8443"
)

// network joins the board to central's listeners inside a bubble.
type network struct {
	mu    sync.Mutex
	ports map[string]*port
	away  bool
	open  []net.Conn
}

// port is a listener.
type port struct {
	addr  string
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *port) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *port) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *port) Addr() net.Addr { return p }

func (p *port) Network() string { return "pipe" }
func (p *port) String() string  { return p.addr }

func (n *network) listen(addr string) *port {
	p := &port{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports[addr] = p
	return p
}

// dial is what the link uses.
func (n *network) dial(ctx context.Context, addr string) (net.Conn, error) {
	n.mu.Lock()
	p, away := n.ports[addr], n.away
	n.mu.Unlock()
	if away || p == nil {
		return nil, errors.New("connection refused")
	}
	client, near := net.Pipe()
	far, server := net.Pipe()
	go carry(far, near)
	go carry(near, far)
	select {
	case p.conns <- server:
	case <-p.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open = append(n.open, client)
	return client, nil
}

// carry takes bytes from one end to the other, and holds some on the way as a
// real connection does: with none, two ends that write at once wait for ever.
func carry(to, from net.Conn) {
	onTheWay := make(chan []byte, 256)
	go func() {
		defer close(onTheWay)
		for {
			buf := make([]byte, 2048)
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			onTheWay <- buf[:n]
		}
	}()
	for data := range onTheWay {
		if _, err := to.Write(data); err != nil {
			from.Close() // ends the reading
		}
	}
	to.Close()
}

// leave ends every connection and takes no new one until comeBack.
func (n *network) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away = true
	for _, c := range n.open {
		c.Close()
	}
	n.open = nil
}

func (n *network) comeBack() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away = false
}

// authority mints certificates. It is made inside the bubble, whose clock
// starts in 2000.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	a := &authority{pool: x509.NewCertPool()}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = a.sign(t, template, template, a.key)
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) sign(t *testing.T, template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (a *authority) mint(t *testing.T, name string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, a.cert, key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func (a *authority) server(t *testing.T) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.mint(t, "central.test")}, ClientCAs: a.pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

func (a *authority) board(t *testing.T) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.mint(t, clusterID)}, RootCAs: a.pool}
}

// broker is mochi; what the board publishes is given to heard.
type broker struct {
	mochi.HookBase
	*mochi.Server
	t     *testing.T
	heard func(t *testing.T, lane protocol.Lane, payload []byte)
}

func (*broker) ID() string { return "test" }
func (*broker) Provides(b byte) bool {
	return bytes.Contains([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnPublished}, []byte{b})
}
func (*broker) OnConnectAuthenticate(cl *mochi.Client, _ packets.Packet) bool {
	return cl.ID == clusterID
}
func (*broker) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func (b *broker) OnPublished(cl *mochi.Client, p packets.Packet) {
	if _, lane, ok := protocol.ParseClusterTopic(p.TopicName); ok && cl.ID == clusterID {
		b.heard(b.t, lane, p.Payload)
	}
}

func (b *broker) send(topic string, payload []byte) {
	if err := b.Publish(topic, payload, false, 1); err != nil {
		b.t.Errorf("publish %s: %v", topic, err)
	}
}

// newCentral runs until the test ends.
func newCentral(t *testing.T) *central {
	t.Helper()
	c := &central{
		network: &network{ports: map[string]*port{}}, authority: newAuthority(t),
		files: map[string][]byte{}, receipts: map[int64]protocol.Receipt{},
	}
	c.broker = &broker{t: t, heard: c.heard, Server: mochi.New(&mochi.Options{
		InlineClient: true, SysTopicResendInterval: 3600, Logger: slog.New(slog.DiscardHandler),
	})}
	if err := c.broker.AddHook(c.broker, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.broker.AddListener(listeners.NewNet("pipe", tls.NewListener(c.listen(brokerAddr), c.authority.server(t)))); err != nil {
		t.Fatal(err)
	}
	if err := c.broker.Serve(); err != nil {
		t.Fatal(err)
	}
	files := &http.Server{
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.mu.Lock()
			data, ok := c.files[path.Base(r.URL.Path)]
			c.mu.Unlock()
			if !ok {
				http.NotFound(w, r)
				return
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		}),
	}
	serving := make(chan struct{})
	go func() {
		defer close(serving)
		_ = files.Serve(tls.NewListener(c.listen(audioAddr), c.authority.server(t))) // ends with Close
	}()
	t.Cleanup(func() {
		c.leave()
		files.Close()
		<-serving
		c.broker.Close()
	})
	return c
}
