package main

import (
	"context"
	"errors"
	"net"
	"sync"
)

var errCut = errors.New("the network is cut")

// network is one cluster's way to central. It can be cut, as a SIM without data
// is: what is open breaks, and nothing new opens.
type network struct {
	broker string // host:port, the connections that count as being on line

	mu   sync.Mutex
	cut  bool
	open map[*connection]bool // true: with the broker
}

// dial makes connections that end when the network is cut.
func (n *network) dial(ctx context.Context, addr string) (net.Conn, error) {
	if n.isCut() {
		return nil, errCut
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, of: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut {
		return nil, errors.Join(errCut, conn.Close())
	}
	if n.open == nil {
		n.open = map[*connection]bool{}
	}
	n.open[c] = addr == n.broker
	return c, nil
}

// set cuts the network, or mends it.
func (n *network) set(cut bool) {
	n.mu.Lock()
	n.cut = cut
	var broken []*connection
	if cut {
		for c := range n.open {
			broken = append(broken, c)
		}
	}
	n.mu.Unlock()
	for _, c := range broken {
		_ = c.Conn.Close() // the other end is gone either way
	}
}

func (n *network) isCut() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cut
}

// online reports whether a connection with the broker is open.
func (n *network) online() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, broker := range n.open {
		if broker && !n.cut {
			return true
		}
	}
	return false
}

type connection struct {
	net.Conn
	of *network
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
