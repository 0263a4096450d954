package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"loa/controller/protocol"
)

// Limits of what waits for one client.
const (
	maxWaiting      = 64                      // messages of each queue
	maxWaitingBytes = 2 * protocol.MaxMessage // of each queue
	takeoverWithin  = 10 * time.Second        // for the session before to end
)

// message is on its way down.
type message struct {
	topic   string
	payload []byte
}

// session is one connection of one cluster. It is the net.Conn that the MQTT
// server reads, so that every hook finds it again.
type session struct {
	*tls.Conn
	broker  *Broker
	cluster string
	line    *line
	gone    chan struct{} // closed when it is to end: whatever waits for it stops
	done    chan struct{} // closed when it has ended and was forgotten

	mu       sync.Mutex
	ended    bool
	replaced bool
	client   *mqtt.Client
	granted  map[string]bool // topics it subscribed to
	refused  int             // how often it was refused something, for the log
	urgent   queue
	rest     queue
	writing  bool // a goroutine writes what is queued
}

type queue struct {
	waiting []message
	bytes   int
}

func newSession(b *Broker, cluster string, l *line, conn *tls.Conn) *session {
	return &session{
		Conn: conn, broker: b, cluster: cluster, line: l,
		gone: make(chan struct{}), done: make(chan struct{}),
		granted: map[string]bool{},
	}
}

// end cuts the connection, without a word that could block.
func (s *session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		close(s.gone)
		s.line.Close()
	}
}

// Close is the MQTT server's way to end it.
func (s *session) Close() error {
	s.end()
	return nil
}

// enter makes s the cluster's session. The one before is ended first, and waited
// for: the MQTT server keeps clients by name, and while two with one name end
// and begin at once it may forget the new one.
func (b *Broker) enter(s *session) error {
	timeout := time.NewTimer(takeoverWithin)
	defer timeout.Stop()
	for {
		b.mu.Lock()
		before := b.sessions[s.cluster]
		if before == nil && !b.stopping {
			b.sessions[s.cluster] = s
		}
		stopping := b.stopping
		b.mu.Unlock()
		if stopping {
			return errors.New("central is stopping")
		}
		if before == nil {
			break
		}
		b.log.Warn("session taken over", logCluster, s.cluster,
			logRemote, s.RemoteAddr().String(), "before", before.RemoteAddr().String())
		before.mu.Lock()
		before.replaced = true
		before.mu.Unlock()
		before.end()
		select {
		case <-before.done:
		case <-s.gone:
			return errors.New("connection ended")
		case <-timeout.C:
			return errors.New("the session before does not end")
		}
	}
	// From here on Disconnect finds s; what was revoked before that is seen here.
	if err := b.opts.TLS.VerifyConnection(s.ConnectionState()); err != nil {
		return err
	}
	return nil
}

// leave forgets s once the MQTT server is done with it.
func (b *Broker) leave(s *session, cause error) {
	s.end()
	s.mu.Lock()
	client := s.client
	topics := s.granted
	s.granted = map[string]bool{}
	s.mu.Unlock()

	// Where CONNACK could not be sent, the server still knows the client.
	if known, ok := b.server.Clients.Get(s.cluster); ok && known == client {
		b.server.UnsubscribeClient(client)
		b.server.Clients.Delete(s.cluster)
	}

	b.mu.Lock()
	for topic := range topics {
		b.dropArea(topic, s)
	}
	current := b.sessions[s.cluster] == s
	if current {
		delete(b.sessions, s.cluster)
	}
	b.mu.Unlock()
	close(s.done)
	if current {
		b.log.Info("cluster disconnected", logCluster, s.cluster, logError, cause)
	}
}

// grant notes that s reads a topic from now on.
func (b *Broker) grant(s *session, topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.granted[topic] = true
	if area, ok := protocol.ParseAreaTopic(topic); ok {
		if b.areas[area] == nil {
			b.areas[area] = map[*session]bool{}
		}
		b.areas[area][s] = true
	}
}

// withdraw is the end of grant.
func (b *Broker) withdraw(s *session, topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.granted, topic)
	b.dropArea(topic, s)
}

func (b *Broker) dropArea(topic string, s *session) {
	if area, ok := protocol.ParseAreaTopic(topic); ok {
		delete(b.areas[area], s)
		if len(b.areas[area]) == 0 {
			delete(b.areas, area)
		}
	}
}

func (s *session) reads(topic string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.granted[topic]
}

// send queues m and returns at once. A client that lets alerts pile up is cut
// off: when it comes back it asks for what it lacks.
func (s *session) send(m message, urgent bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || !s.granted[m.topic] {
		return ErrOffline
	}
	q := &s.rest
	if urgent {
		q = &s.urgent
	}
	if len(q.waiting) >= maxWaiting || q.bytes+len(m.payload) > maxWaitingBytes {
		if urgent {
			go s.end()
		}
		return fmt.Errorf("%w: %d messages", ErrBusy, len(q.waiting))
	}
	q.waiting = append(q.waiting, m)
	q.bytes += len(m.payload)
	if !s.writing {
		s.writing = true
		go s.write()
	}
	return nil
}

// next takes what is to be written next: alerts pass everything.
func (s *session) next() (m message, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range []*queue{&s.urgent, &s.rest} {
		if len(q.waiting) > 0 && !s.ended {
			m = q.waiting[0]
			q.waiting[0] = message{}
			q.waiting = q.waiting[1:]
			q.bytes -= len(m.payload)
			return m, true
		}
	}
	s.urgent, s.rest = queue{}, queue{}
	s.writing = false
	return message{}, false
}

// write sends what is queued and ends when nothing is. A quiet connection costs
// no goroutine.
func (s *session) write() {
	for m, ok := s.next(); ok; m, ok = s.next() {
		err := s.client.WritePacket(packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Publish},
			TopicName:   m.topic,
			Payload:     m.payload,
		})
		if err != nil {
			s.end()
		}
	}
}
