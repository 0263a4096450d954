package link

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"loa/controller/protocol"
)

const (
	keepAlive = 30 * time.Second
	// ownPing is when this package pings beside the library, which sends none
	// while an earlier one is unanswered, as during a long message; the broker
	// hangs up after one and a half keep-alives.
	ownPing    = 37 * time.Second
	pingLook   = 4 * time.Second
	writeWait  = 10 * time.Second // for the library to take a packet
	ackWait    = 60 * time.Second // for the broker to acknowledge one
	askAgain   = 5 * time.Minute  // for areas that were refused
	mostQueued = 512              // messages given by Publish
	mostOpen   = 16               // messages not acknowledged by the broker
)

type message struct {
	lane    protocol.Lane
	payload []byte
}

// session is one connection, from CONNECT on. It is never used again: a client
// of this library that was disconnected can panic.
type session struct {
	ctx    context.Context
	end    context.CancelCauseFunc
	client mqtt.Client
	queue  chan message
	areas  map[string]bool // whose topics the broker granted
}

// hold makes one session and keeps it until it or ctx ends. It returns how long
// the session was up, and why it ended.
func (l *Link) hold(ctx context.Context) (lasted time.Duration, err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	slow := time.AfterFunc(setup, func() { end(fmt.Errorf("no session after %v", setup)) })
	defer slow.Stop()

	conn, err := l.dialBroker(ctx, end)
	if err != nil {
		return 0, because(ctx, err)
	}
	s := &session{ctx: ctx, end: end, queue: make(chan message, mostQueued), areas: map[string]bool{}}
	s.client = mqtt.NewClient(l.options(s, conn))
	// The connection is cut before the client is, so that no DISCONNECT leaves:
	// it would tell the broker to forget the will, and a board that stopped
	// would look as if it were on line.
	defer s.client.Disconnect(250)
	defer conn.Close()
	defer end(nil)

	if err := s.wait("connect", s.client.Connect()); err != nil {
		return 0, err
	}
	if err := s.subscribeOwn(l.o.Cluster); err != nil {
		return 0, err
	}
	if err := l.converge(s); err != nil {
		return 0, err
	}
	slow.Stop()

	up := time.Now()
	l.log.Info("session with the broker", "broker", l.o.Broker)
	l.setSession(s)
	defer l.setSession(nil)
	l.deliver(Up{})
	go s.publish(l.o.Cluster)
	err = l.attend(s, conn)
	return time.Since(up), err
}

// attend follows changes of the areas and keeps the connection alive.
func (l *Link) attend(s *session, conn *wire) error {
	look := time.NewTicker(pingLook)
	defer look.Stop()
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		var err error
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-look.C:
			if conn.quiet() >= ownPing {
				err = conn.ping()
			}
		case <-l.changed:
			err = l.converge(s)
		case <-again.C:
			err = l.converge(s)
		}
		if err != nil {
			return because(s.ctx, err)
		}
	}
}

func (l *Link) setSession(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session = s
}

// options sets every option of the library whose default loses or blocks.
func (l *Link) options(s *session, conn net.Conn) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions()
	o.AddBroker("tcp://" + l.o.Broker) // dialled already, see below
	o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return conn, nil })
	o.SetClientID(l.o.Cluster).SetUsername(l.o.Cluster)
	o.SetProtocolVersion(4)    // 3.1.1; by default it tries 3.1 after any failure
	o.SetCleanSession(true)    // orders live in central's outbox, not in a broker's queue
	o.SetOrderMatters(true)    // handlers only enqueue
	o.SetAutoReconnect(false)  // Run does
	o.SetConnectRetry(false)   //
	o.SetResumeSubs(false)     //
	o.SetConnectTimeout(setup) //
	o.SetWriteTimeout(writeWait)
	o.SetKeepAlive(keepAlive)
	o.SetPingTimeout(24 * time.Hour) // lively judges silence
	o.SetBinaryWill(protocol.ClusterTopic(l.o.Cluster, protocol.LaneState), l.o.Will, 1, true)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { l.receive(m.Topic(), m.Payload()) })
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.end(fmt.Errorf("session ended: %w", err)) })
	return o
}

// receive hands on a message.
func (l *Link) receive(topic string, payload []byte) {
	lane, ok := l.laneOf(topic)
	switch {
	case !ok:
		l.log.Error("message on a topic that is not this cluster's, dropped", "topic", topic)
	case len(payload) > protocol.MaxMessage:
		l.log.Error("message too large, dropped", "topic", topic, "bytes", len(payload), "most", protocol.MaxMessage)
	default:
		l.deliver(Incoming{Lane: lane, Payload: payload, At: time.Now()})
	}
}

func (l *Link) laneOf(topic string) (protocol.Lane, bool) {
	if _, ok := protocol.ParseAreaTopic(topic); ok {
		return protocol.LaneAlert, true
	}
	cluster, lane, ok := protocol.ParseClusterTopic(topic)
	return lane, ok && cluster == l.o.Cluster && slices.Contains(protocol.Downward, lane)
}

// subscribeOwn asks for the cluster's own lanes, without which a session is
// worth nothing.
func (s *session) subscribeOwn(cluster string) error {
	var topics []string
	for _, lane := range protocol.Downward {
		topics = append(topics, protocol.ClusterTopic(cluster, lane))
	}
	granted, err := s.subscribe(topics...)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		if !granted[topic] {
			return fmt.Errorf("subscribe %s: the broker refuses", topic)
		}
	}
	return nil
}

// converge subscribes to the wanted areas that are not granted yet, leaves
// those no longer wanted, and delivers what is refused when that has changed.
func (l *Link) converge(s *session) error {
	l.mu.Lock()
	areas := slices.Clone(l.areas)
	l.mu.Unlock()
	slices.Sort(areas)
	areas = slices.Compact(areas)

	var ask []string
	for _, code := range areas {
		if !s.areas[code] {
			ask = append(ask, protocol.AreaTopic(code))
		}
	}
	granted, err := s.subscribe(ask...)
	if err != nil {
		return err
	}
	var refused []string
	for _, code := range areas {
		if granted[protocol.AreaTopic(code)] {
			s.areas[code] = true
		}
		if !s.areas[code] {
			refused = append(refused, code)
		}
	}
	for code := range maps.Clone(s.areas) {
		if slices.Contains(areas, code) {
			continue
		}
		if err := s.wait("unsubscribe "+code, s.client.Unsubscribe(protocol.AreaTopic(code))); err != nil {
			return err
		}
		delete(s.areas, code)
	}
	if !slices.Equal(refused, l.refused) {
		l.log.Error("areas whose alerts the broker refuses", "areas", refused)
		l.refused = refused
		l.deliver(Refused{Areas: refused})
	}
	return nil
}

// subscribe asks for topics, one in a packet, and says which were granted. It
// asks again at once for those refused: the broker used by central refuses a
// packet id that a message on its way to this board happens to have.
func (s *session) subscribe(topics ...string) (granted map[string]bool, err error) {
	granted = map[string]bool{}
	for range 3 {
		tokens := make([]mqtt.Token, len(topics))
		for i, topic := range topics {
			tokens[i] = s.client.Subscribe(topic, 1, nil)
		}
		var refused []string
		for i, topic := range topics {
			if err := s.wait("subscribe "+topic, tokens[i]); err != nil {
				return nil, err
			}
			code, answered := tokens[i].(*mqtt.SubscribeToken).Result()[topic]
			granted[topic] = answered && code <= 2
			if !granted[topic] {
				refused = append(refused, topic)
			}
		}
		topics = refused
	}
	return granted, nil
}

// publish sends what Publish queued, in order, a window at a time.
func (s *session) publish(cluster string) {
	open := make(chan struct{}, mostOpen)
	for {
		var m message
		select {
		case <-s.ctx.Done():
			return
		case m = <-s.queue:
		}
		topic := protocol.ClusterTopic(cluster, m.lane)
		if m.lane == protocol.LaneTelemetry {
			s.client.Publish(topic, 0, false, m.payload)
			continue
		}
		select {
		case <-s.ctx.Done():
			return
		case open <- struct{}{}:
		}
		token := s.client.Publish(topic, 1, m.lane == protocol.LaneState, m.payload)
		go func() {
			if err := s.wait("publish "+string(m.lane), token); err != nil {
				s.end(err)
			}
			<-open
		}()
	}
}

// wait waits for a token, which may never complete when the connection fails.
func (s *session) wait(what string, token mqtt.Token) error {
	limit := time.NewTimer(ackWait)
	defer limit.Stop()
	select {
	case <-token.Done():
		// Tokens complete without an error when a connection is lost.
		if err := because(s.ctx, token.Error()); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	case <-s.ctx.Done():
		return fmt.Errorf("%s: %w", what, context.Cause(s.ctx))
	case <-limit.C:
		return fmt.Errorf("%s: %w", what, errNoAnswer)
	}
}

var errNoAnswer = errors.New("the broker does not answer")

// because prefers the reason for which ctx ended to what followed from it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
