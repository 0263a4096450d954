package broker

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits of one source address before it has shown a certificate. A whole
// commune may stand behind one address of a mobile network, and after a restart
// all of them call at once: so what counts is only who is still being greeted,
// and who failed.
const (
	maxGreeting   = 256             // handshakes of one source at once
	failures      = 100             // failed handshakes in a row, after which fewer may be greeted at once
	fewGreeting   = 4               // handshakes at once of a source that failed so often
	failureRefill = 5.0             // per second
	maxSources    = 50_000          // remembered
	noteEvery     = 1 * time.Second // log of failures, of all sources
)

// Limits of one cluster's own connects, so that two boards with one key, which
// throw each other out, do not keep central busy.
const (
	connects      = 60  // in a row
	connectRefill = 1.0 // per second
)

// gate counts who may be greeted.
type gate struct {
	mu       sync.Mutex
	sources  map[netip.Addr]*source
	clusters map[string]*bucket
	noted    time.Time
}

type source struct {
	greeting int
	failed   bucket
}

// bucket holds what is left of an allowance.
type bucket struct {
	left float64
	at   time.Time
}

// fill adds what came back since the last time.
func (b *bucket) fill(now time.Time, full, refill float64) {
	b.left = min(full, b.left+max(0, now.Sub(b.at).Seconds())*refill)
	b.at = now
}

func newGate() *gate {
	return &gate{sources: map[netip.Addr]*source{}, clusters: map[string]*bucket{}}
}

// sourceOf is the address that a limit is counted on: an IPv6 customer has a
// whole /64.
func sourceOf(addr net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return netip.Addr{} // not a network's, as in a pipe
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return ip
}

// enter reports whether a new connection may be greeted. When it may, leave
// must follow.
func (g *gate) enter(from netip.Addr, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sources[from]
	if s == nil {
		if len(g.sources) >= maxSources {
			g.forget(now)
		}
		if len(g.sources) >= maxSources {
			return false
		}
		s = &source{failed: bucket{left: failures, at: now}}
		g.sources[from] = s
	}
	s.failed.fill(now, failures, failureRefill)
	// Boards may stand behind the same address as whoever fails: it is slowed
	// down and not shut out.
	most := maxGreeting
	if s.failed.left < 1 {
		most = fewGreeting
	}
	if s.greeting >= most {
		return false
	}
	s.greeting++
	return true
}

// leave ends what enter began, and says whether a failure is worth a line in
// the log.
func (g *gate) leave(from netip.Addr, now time.Time, ok bool) (noteworthy bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sources[from]
	s.greeting--
	if ok {
		return false
	}
	s.failed.left = max(0, s.failed.left-1)
	if now.Sub(g.noted) < noteEvery {
		return false
	}
	g.noted = now
	return true
}

// forget drops sources that nothing is held against.
func (g *gate) forget(now time.Time) {
	for addr, s := range g.sources {
		s.failed.fill(now, failures, failureRefill)
		if s.greeting == 0 && s.failed.left >= failures {
			delete(g.sources, addr)
		}
	}
}

// connect reports whether a cluster may begin another session. Clusters are
// few: each holds a certificate.
func (g *gate) connect(cluster string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.clusters[cluster]
	if b == nil {
		b = &bucket{left: connects, at: now}
		g.clusters[cluster] = b
	}
	b.fill(now, connects, connectRefill)
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// writeWithin is how long a peer may take for one TLS record of 16 KB.
const writeWithin = time.Minute

// line is a connection under its TLS. The MQTT server sets one deadline for
// both directions whenever it has read something; on a slow link a large
// message would run into it for ever. Here it counts for reading only, and
// writing must go on at some pace.
type line struct {
	net.Conn
}

func (l *line) SetDeadline(t time.Time) error { return l.Conn.SetReadDeadline(t) }

// sayWhy lets the TLS alert of a refusal arrive. A client of TLS 1.3 speaks on
// before it is judged, and closing over what it said would reset the connection
// and take the alert along.
func (l *line) sayWhy() {
	if half, ok := l.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = l.Conn.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.CopyN(io.Discard, l.Conn, 64<<10)
	}
}

func (l *line) Write(p []byte) (int, error) {
	if err := l.Conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(p)
	if err != nil {
		l.Conn.Close() // a broken record cannot be mended, and the reader must know
	}
	return n, err
}
