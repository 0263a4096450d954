// Package broker is central's MQTT side. It hides the MQTT server, TLS, and the
// rights on topics: a connection speaks for the one cluster that its
// certificate names, reads exactly its own downward lanes and its areas' alert
// lanes, and writes exactly its own upward ones.
//
// The MQTT server inside (github.com/mochi-mqtt/server) frames packets and
// answers pings. What it is known to lose with is not used: sessions are clean
// and one per cluster, messages go down at QoS 0 straight from here to the
// connection, nothing is kept or expires. A message that did not arrive is sent
// again because its receipt is missing, never because of MQTT.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"

	"loa/controller/protocol"
)

// ErrOffline says that nobody took the message: the cluster is not connected,
// or it has not subscribed to this lane yet.
var ErrOffline = errors.New("cluster is offline")

// ErrBusy says that a connected cluster has too much waiting for it. The
// message was not taken; try again later.
var ErrBusy = errors.New("cluster has too much waiting")

// Limits of one server.
const (
	maxConnections = 15_000           // a process has 20,000 open files
	greeting       = 10 * time.Second // for the TLS handshake, and again for CONNECT
	minKeepalive   = 1                // seconds, as in CONNECT
	maxKeepalive   = 600              // seconds
	deliverers     = 64               // goroutines that call Deliver: receipts that come together share a transaction
	writeBuffer    = 16 << 10         // bytes in the kernel: what is in there no alert can pass
	topicOverhead  = 256              // bytes of an MQTT packet around its payload
)

// Keys of the log.
const (
	logCluster = "cluster"
	logRemote  = "remote"
	logError   = "error"
	logTopic   = "topic"
	logLane    = "lane"
)

// Options of New. All but Addr or Listener, one of them, are required.
type Options struct {
	// Addr is the host:port to listen on.
	Addr string
	// Listener, when set, is used in place of Addr: bound already, without TLS.
	// Run closes it.
	Listener net.Listener
	// TLS is what Authority.ServerTLS made.
	TLS *tls.Config
	// AreasOf lists the area codes whose alerts a cluster may read. It is asked
	// whenever the cluster subscribes.
	AreasOf func(cluster string) []string
	// Deliver takes every message from a cluster, its last will included, on an
	// upward lane. It is called from several goroutines, but never twice at once
	// for one cluster, and receipts of one cluster come in their order. While it
	// blocks, receipts wait on their boards; of hellos, states and telemetry
	// only the latest of each cluster is kept. A
	// message is not acknowledged by being delivered: what is lost when central
	// stops is sent again by the board.
	Deliver func(cluster string, lane protocol.Lane, payload []byte)
	Log     *slog.Logger
}

// Broker serves boards over MQTT 3.1.1. All methods may be called from any
// goroutine, from within Deliver too, and none of them waits for a board.
type Broker struct {
	opts     Options
	log      *slog.Logger
	listener net.Listener
	server   *mqtt.Server
	gate     *gate
	inbox    *inbox

	mu       sync.RWMutex
	stopping bool
	sessions map[string]*session          // by cluster
	areas    map[string]map[*session]bool // by area, who reads its alerts
	lines    map[*line]struct{}           // every connection, greeted or not
	wait     sync.WaitGroup               // one for each of lines
}

// New binds the address, so that a port in use is an error now. Clients are
// answered once Run is called.
func New(opts Options) (*Broker, error) {
	switch {
	case opts.TLS == nil:
		return nil, errors.New("new broker: TLS is missing")
	case opts.AreasOf == nil:
		return nil, errors.New("new broker: AreasOf is missing")
	case opts.Deliver == nil:
		return nil, errors.New("new broker: Deliver is missing")
	case opts.Log == nil:
		return nil, errors.New("new broker: Log is missing")
	case opts.Listener == nil && opts.Addr == "":
		return nil, errors.New("new broker: Addr is missing")
	}
	b := &Broker{
		opts:     opts,
		log:      opts.Log,
		listener: opts.Listener,
		gate:     newGate(),
		inbox:    newInbox(opts.Deliver),
		sessions: map[string]*session{},
		areas:    map[string]map[*session]bool{},
		lines:    map[*line]struct{}{},
	}
	b.server = mqtt.New(&mqtt.Options{
		// Its own log prints whole packets.
		Logger: slog.New(slog.DiscardHandler),
		Capabilities: &mqtt.Capabilities{
			MaximumClients:             maxConnections,
			MaximumClientWritesPending: 1, // what goes down does not use its queue
			MaximumPacketSize:          protocol.MaxMessage + topicOverhead,
			ReceiveMaximum:             16,
			MaximumInflight:            16,
			MinimumProtocolVersion:     4,
			MaximumQos:                 2, // it answers a will above it with a code that clients take for success: rights refuses 2
			RetainAvailable:            1, // or it refuses a retained will
		},
	})
	if err := b.server.AddHook(&rights{broker: b}, nil); err != nil {
		return nil, fmt.Errorf("add rights to broker: %w", err)
	}
	if b.listener == nil {
		var err error
		if b.listener, err = net.Listen("tcp", opts.Addr); err != nil {
			return nil, fmt.Errorf("listen for boards: %w", err)
		}
	}
	return b, nil
}

// Addr is where boards connect.
func (b *Broker) Addr() net.Addr { return b.listener.Addr() }

// Close gives the address back, where Run was never called; after Run it does
// nothing.
func (b *Broker) Close() error {
	if err := b.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close listener of boards: %w", err)
	}
	return nil
}

// Run serves until ctx ends, then hangs up on everybody and returns once no
// more call of Deliver can come. Boards that are cut off by this send no last
// will. An error is one of the listener.
func (b *Broker) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range deliverers {
		workers.Go(b.inbox.run)
	}
	unhook := context.AfterFunc(ctx, func() { b.listener.Close() })
	defer unhook()

	err := b.accept(ctx)

	b.listener.Close()
	b.hangUp()
	b.wait.Wait()
	b.inbox.close()
	workers.Wait()
	return err
}

// accept hands out connections until ctx ends. Running out of files is no
// reason to stop listening.
func (b *Broker) accept(ctx context.Context) error {
	pause := time.Duration(0)
	for {
		conn, err := b.listener.Accept()
		switch {
		case err == nil:
			pause = 0
			b.take(conn)
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept boards: %w", err)
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			b.log.Error("accept connection", logError, err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
			}
		}
	}
}

// take starts a connection's own goroutine, or hangs up at once.
func (b *Broker) take(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		if err := tcp.SetWriteBuffer(writeBuffer); err != nil {
			b.log.Warn("set write buffer", logRemote, conn.RemoteAddr().String(), logError, err)
		}
	}
	l := &line{Conn: conn}
	b.mu.Lock()
	full := b.stopping || len(b.lines) >= maxConnections
	if !full {
		b.lines[l] = struct{}{}
		b.wait.Add(1)
	}
	b.mu.Unlock()
	if full {
		conn.Close()
		return
	}
	go func() {
		defer b.wait.Done()
		b.serve(l)
		l.Close()
		b.mu.Lock()
		delete(b.lines, l)
		b.mu.Unlock()
	}()
}

// serve greets one connection and runs it to its end.
func (b *Broker) serve(l *line) {
	source := sourceOf(l.RemoteAddr())
	if !b.gate.enter(source, time.Now()) {
		return
	}
	conn := tls.Server(l, b.opts.TLS)
	ctx, cancel := context.WithTimeout(context.Background(), greeting)
	err := conn.HandshakeContext(ctx)
	cancel()
	var cluster string
	if err == nil {
		cluster, err = ClusterOf(conn.ConnectionState())
	}
	if noteworthy := b.gate.leave(source, time.Now(), err == nil); err != nil {
		if noteworthy {
			b.log.Warn("refuse connection", logRemote, l.RemoteAddr().String(), logError, err)
		}
		l.sayWhy()
		return
	}
	s := newSession(b, cluster, l, conn)
	_ = l.SetReadDeadline(time.Now().Add(greeting)) // the server sets its own after CONNECT
	// It returns when the connection has ended, mostly with an error of a
	// radio link: nothing to act on.
	err = b.server.EstablishConnection("boards", s)
	b.leave(s, err)
}

// hangUp closes every connection, and lets no new one in.
func (b *Broker) hangUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopping = true
	for l := range b.lines {
		l.Close()
	}
	for _, s := range b.sessions {
		s.end()
	}
}

// ToCluster sends payload on one of the cluster's downward lanes. Alerts pass
// everything that still waits. nil means that it is on its way to a board that
// listens, not that it arrived. The payload must not be changed afterwards.
func (b *Broker) ToCluster(cluster string, lane protocol.Lane, payload []byte) error {
	if !downward(lane) {
		return fmt.Errorf("send to %s: %q is not a downward lane", cluster, lane)
	}
	if err := checkSize(payload); err != nil {
		return fmt.Errorf("send to %s: %w", cluster, err)
	}
	b.mu.RLock()
	s := b.sessions[cluster]
	b.mu.RUnlock()
	if s == nil {
		return fmt.Errorf("send to %s: %w", cluster, ErrOffline)
	}
	topic := protocol.ClusterTopic(cluster, lane)
	if err := s.send(message{topic, payload}, lane == protocol.LaneAlert); err != nil {
		return fmt.Errorf("send to %s: lane %s: %w", cluster, lane, err)
	}
	return nil
}

// ToArea sends payload on an area's alert lane, to every connected cluster that
// subscribed to it. That nobody did is no error. The payload must not be
// changed afterwards.
func (b *Broker) ToArea(area string, payload []byte) error {
	if !protocol.ValidArea(area) {
		return fmt.Errorf("send to area: %q is not an area's code", area)
	}
	if err := checkSize(payload); err != nil {
		return fmt.Errorf("send to area %s: %w", area, err)
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	m := message{protocol.AreaTopic(area), payload}
	for s := range b.areas[area] {
		// What it misses here it asks for when it says hello again.
		if err := s.send(m, true); err != nil {
			b.log.Warn("send area's alert", logCluster, s.cluster, logTopic, m.topic, logError, err)
		}
	}
	return nil
}

func checkSize(payload []byte) error {
	if len(payload) == 0 || len(payload) > protocol.MaxMessage {
		return fmt.Errorf("message has %d bytes, from 1 to %d", len(payload), protocol.MaxMessage)
	}
	return nil
}

// Online reports whether the cluster is connected now.
func (b *Broker) Online(cluster string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.sessions[cluster] != nil
}

// Disconnect hangs up on a cluster, as when its certificate was revoked: call
// it once Admit refuses the certificate.
func (b *Broker) Disconnect(cluster string) {
	b.mu.RLock()
	s := b.sessions[cluster]
	b.mu.RUnlock()
	if s != nil {
		s.end()
	}
}
