package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"loa/controller/protocol"
)

const (
	// silence ends a connection on which nothing at all arrived. It is longer
	// than the keep-alive and the answer to it. One byte resets it: on a slow
	// link a long message takes minutes, and the MQTT library, which counts
	// whole messages, would end every session in the middle of it.
	silence = 60 * time.Second
	stuck   = 30 * time.Second // ends a connection that takes no bytes
	setup   = 90 * time.Second // for dial, TLS, CONNECT and all subscriptions
)

// lively is a connection that fails when the other side is silent or stuck. It
// lies below TLS, where every segment that arrives counts.
type lively struct{ net.Conn }

func (c lively) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c lively) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stuck)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// dialLively dials addr.
func (l *Link) dialLively(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, stuck, fmt.Errorf("no connection after %v", stuck))
	defer cancel()
	conn, err := l.o.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	return lively{conn}, nil
}

// tlsTo is the configuration for a server at addr. An empty addr leaves the
// server's name to the caller.
func (l *Link) tlsTo(addr string) (*tls.Config, error) {
	c := l.o.TLS.Clone()
	if c == nil {
		return nil, errors.New("no TLS configuration")
	}
	c.MinVersion = tls.VersionTLS13
	if c.ServerName == "" && addr != "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		c.ServerName = host
	}
	return c, nil
}

// dialBroker makes the TLS connection. It is closed when ctx ends, and calls
// end with the first error.
func (l *Link) dialBroker(ctx context.Context, end context.CancelCauseFunc) (*wire, error) {
	config, err := l.tlsTo(l.o.Broker)
	if err != nil {
		return nil, fmt.Errorf("address of broker: %w", err)
	}
	raw, err := l.dialLively(ctx, l.o.Broker)
	if err != nil {
		return nil, fmt.Errorf("dial broker: %w", err)
	}
	context.AfterFunc(ctx, func() { raw.Close() })
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("TLS with broker: %w", err)
	}
	w := &wire{Conn: conn, log: l.log, end: end}
	w.wrote()
	return w, nil
}

// MQTT 3.1.1, table 2.1: the packets that a broker sends to a subscriber of
// QoS 1, with the length of those that have one. A SUBACK answers one topic.
const typePublish = 3

var packetLength = map[byte]int{
	2:  2, // CONNACK
	4:  2, // PUBACK
	9:  3, // SUBACK
	11: 2, // UNSUBACK
	13: 0, // PINGRESP
}

// mostBody is the longest PUBLISH: topic, packet id and payload.
const mostBody = protocol.MaxMessage + 1024

// wire stands between TLS and the MQTT library and lets only packets through
// that the library can bear. By itself it makes room for 256 MB when a length
// says so, keeps messages of QoS 2 for ever, and panics on a SUBACK with more
// answers than there were questions. A message that is too large is read and
// dropped: ending the session would only bring it again.
type wire struct {
	net.Conn
	head      []byte // of the current packet, not read yet
	body      int    // bytes of the current packet, not read yet
	log       *slog.Logger
	end       context.CancelCauseFunc
	lastWrite atomic.Int64 // Unix nanoseconds
}

// Deadlines are lively's.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func (w *wire) wrote()               { w.lastWrite.Store(time.Now().UnixNano()) }
func (w *wire) quiet() time.Duration { return time.Since(time.Unix(0, w.lastWrite.Load())) }
func (w *wire) ping() error          { _, err := w.Write([]byte{0xC0, 0}); return err }

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.wrote()
	return n, w.ended(err)
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.read(p)
	return n, w.ended(err)
}

// ended tells the session why before the library can say something vaguer.
func (w *wire) ended(err error) error {
	if err != nil {
		w.end(fmt.Errorf("session ended: %w", err))
	}
	return err
}

func (w *wire) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(w.head) == 0 && w.body == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	if len(w.head) > 0 {
		n := copy(p, w.head)
		w.head = w.head[n:]
		return n, nil
	}
	n, err := w.Conn.Read(p[:min(len(p), w.body)])
	w.body -= n
	return n, err
}

// next reads the fixed header of a packet and judges it.
func (w *wire) next() error {
	kind, err := w.readByte()
	if err != nil {
		return err
	}
	head, length := []byte{kind}, 0
	for shift := 0; ; shift += 7 {
		b, err := w.readByte()
		if err != nil {
			return err
		}
		head, length = append(head, b), length|int(b&0x7f)<<shift
		if b&0x80 == 0 {
			break
		}
		if shift == 21 {
			return errors.New("the broker sent a malformed length")
		}
	}
	if kind>>4 != typePublish {
		if want, ok := packetLength[kind>>4]; !ok || want != length {
			return fmt.Errorf("the broker sent a packet of type %d with %d bytes", kind>>4, length)
		}
	} else if kind&0x04 != 0 {
		return errors.New("the broker sent a message of QoS 2, which nobody asked for")
	} else if length > mostBody {
		w.log.Error("message too large, dropped", "bytes", length, "most", protocol.MaxMessage)
		return w.discard(length)
	}
	w.head, w.body = head, length
	return nil
}

func (w *wire) readByte() (byte, error) {
	var b [1]byte
	for {
		if n, err := w.Conn.Read(b[:]); n == 1 || err != nil {
			return b[0], err
		}
	}
}

func (w *wire) discard(n int) error {
	buf := make([]byte, 16<<10)
	for n > 0 {
		k, err := w.Conn.Read(buf[:min(n, len(buf))])
		if err != nil {
			return err
		}
		n -= k
	}
	return nil
}
