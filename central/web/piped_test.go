package web_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"loa/central/web"
)

// pipe is a network in memory: what is written waits for its reader, and time in
// a bubble goes on meanwhile.
type pipe struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipe) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipe) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.accepted <- there:
		return here, nil
	case <-p.closed:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// newPipedWorld is a world whose server is reached in memory, for a bubble.
func newPipedWorld(t *testing.T) *world {
	t.Helper()
	w := newQuietWorld(t)
	w.pipe()
	return w
}

// pipe serves with the options as they are now.
func (w *world) pipe() {
	p := &pipe{accepted: make(chan net.Conn), closed: make(chan struct{})}
	w.ending = make(chan struct{})
	w.options.Ending = w.ending
	w.handler, w.api = web.NewDescribed(w.options)
	w.server = httptest.NewUnstartedServer(w.handler)
	w.must(w.server.Listener.Close())
	w.server.Listener = p
	w.server.Start()
	w.server.Client().Transport.(*http.Transport).DialContext = p.dial
	w.Cleanup(w.server.Close)
}
