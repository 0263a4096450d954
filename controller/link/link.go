package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"loa/controller/protocol"
)

// ErrDown says that there is no session.
var ErrDown = errors.New("no session with the broker")

// ErrBusy says that messages are given faster than the network takes them.
var ErrBusy = errors.New("too many messages wait for the network")

// Options says where central is and who this board is.
type Options struct {
	Cluster string // the cluster's id: the client's id, and in every topic
	Broker  string // host:port
	Audio   string // https://host:port; files are at /audio/<sha256>
	// TLS holds the board's certificate and central's authority. Versions
	// before 1.3 are never spoken. ServerName follows the address if empty.
	TLS   *tls.Config
	Agent string // the program's version, told to the audio server
	// Will is the retained state that the broker publishes when the session
	// ends, a stop of Run included.
	Will []byte
	Log  *slog.Logger // nil is silence
	// Dial makes connections; nil is TCP.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
}

// What a Link delivers.
type (
	// Incoming is a message of a downward lane of this cluster, or of an area's
	// alert lane.
	Incoming struct {
		Lane    protocol.Lane
		Payload []byte
		At      time.Time // of arrival
	}

	// Up says that a session has begun, and that all subscriptions stand except
	// those that a Refused before it names.
	Up struct{}

	// Down says why the session ended, or why an attempt failed: several can
	// come after one another. The next attempt follows.
	Down struct{ Err error }

	// Refused names the areas whose alerts the broker does not let this board
	// hear, whenever that changes; none is all well. They are asked for again.
	Refused struct{ Areas []string }

	// Fetched is the end of a download, or of an attempt that failed and that
	// will be made again while the file is wanted.
	Fetched struct {
		Audio protocol.Audio
		Err   error
	}
)

// AudioStore is where downloads go.
type AudioStore interface {
	HasAudio(hash string) bool
	// Receive takes a file's bytes from open, from as far as it came before,
	// checks hash and size, and keeps what arrived for the next call.
	Receive(a protocol.Audio, open func(offset int64) (io.ReadCloser, error)) error
}

const (
	firstWait = time.Second      // the most before the first attempt after a session
	longWait  = 60 * time.Second // the most between attempts
	steady    = time.Minute      // a session this long was a good one
)

// Link keeps one session and one download going while Run runs. Its methods
// may be called from any goroutine, before Run too.
type Link struct {
	o       Options
	log     *slog.Logger
	audio   AudioStore
	deliver func(any)

	mu      sync.Mutex
	areas   []string
	session *session      // nil while down
	changed chan struct{} // areas did

	refused   []string // areas, as last delivered; Run's own
	downloads downloads
}

// New makes a Link. Deliver is called with Incoming, Up, Down, Refused and
// Fetched, from several goroutines but never for one session out of order; it
// must not block.
func New(o Options, audio AudioStore, deliver func(any)) *Link {
	l := &Link{o: o, log: o.Log, audio: audio, deliver: deliver, changed: make(chan struct{}, 1)}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.o.Dial == nil {
		l.o.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}
	}
	l.downloads.changed = make(chan struct{}, 1)
	return l
}

// Run connects, and connects again, and downloads what is wanted, until ctx
// ends. It never gives up before, and returns nil.
func (l *Link) Run(ctx context.Context) error {
	var downloading sync.WaitGroup
	downloading.Go(func() { l.download(ctx) })
	defer downloading.Wait()
	for failures := 0; ; failures++ {
		lasted, err := l.hold(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if lasted >= steady {
			failures = 0
		}
		wait := jitter(failures)
		l.log.Warn("no session with the broker", "err", err, "again_in", wait)
		l.deliver(Down{Err: err})
		if !sleep(ctx, wait) {
			return nil
		}
	}
}

// Publish gives a payload to the session and returns at once. State is
// retained. That it was given says nothing of its arrival. Errors are ErrDown
// and ErrBusy.
func (l *Link) Publish(lane protocol.Lane, payload []byte) error {
	if len(payload) > protocol.MaxMessage {
		return fmt.Errorf("publish %s: %d bytes, at most %d", lane, len(payload), protocol.MaxMessage)
	}
	l.mu.Lock()
	s := l.session
	l.mu.Unlock()
	if s == nil {
		return fmt.Errorf("publish %s: %w", lane, ErrDown)
	}
	select {
	case s.queue <- message{lane, payload}:
		return nil
	default:
		return fmt.Errorf("publish %s: %w", lane, ErrBusy)
	}
}

// Areas sets the areas whose alert lanes are heard. The session follows.
func (l *Link) Areas(codes []string) {
	l.mu.Lock()
	l.areas = append([]string(nil), codes...)
	l.mu.Unlock()
	wake(l.changed)
}

// Reset ends the session, and a new one is made: for a caller who sees that
// central does not answer although the session looks well.
func (l *Link) Reset(why error) {
	l.mu.Lock()
	s := l.session
	l.mu.Unlock()
	if s != nil {
		s.end(why)
	}
}

// Fetch sets the audio that is wanted, the most urgent first. One file is
// downloaded at a time; a more urgent one interrupts it, and it goes on from
// there later. What is wanted and already here is delivered too.
func (l *Link) Fetch(wanted []protocol.Audio) { l.downloads.set(wanted) }

// jitter is how long to wait after so many failures: anything up to a bound
// that doubles, so that ten thousand boards do not come back in one second.
func jitter(failures int) time.Duration {
	bound := longWait
	if failures < 6 {
		bound = firstWait << failures
	}
	return rand.N(bound)
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// wake leaves one signal in a channel of one.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
