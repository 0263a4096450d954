package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"loa/controller/protocol"
)

const (
	// attemptLimit is for one request: a server that drips holds up the others
	// no longer than this. The file goes on from there.
	attemptLimit = 10 * time.Minute
	// goodProgress is how many bytes of an attempt make it no failure.
	goodProgress = 64 << 10
	headerWait   = 60 * time.Second
)

var errInterrupted = errors.New("interrupted for a more urgent file")

// downloads is the wanted set.
type downloads struct {
	mu      sync.Mutex
	wanted  []*wantedFile
	changed chan struct{}
}

type wantedFile struct {
	audio     protocol.Audio
	failures  int
	notBefore time.Time
}

func (d *downloads) set(audio []protocol.Audio) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := map[protocol.Audio]*wantedFile{}
	for _, w := range d.wanted {
		old[w.audio] = w
	}
	d.wanted = nil
	seen := map[protocol.Audio]bool{}
	for _, a := range audio {
		if seen[a] {
			continue
		}
		seen[a] = true
		w := old[a]
		if w == nil {
			w = &wantedFile{audio: a}
		}
		d.wanted = append(d.wanted, w)
	}
	wake(d.changed)
}

// pick is the most urgent file that may be tried now, nil for none, and when
// to pick again: a file that is more urgent still may be tried then.
func (d *downloads) pick(now time.Time) (*wantedFile, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	again := time.Hour
	for _, w := range d.wanted {
		if !now.Before(w.notBefore) {
			return w, again
		}
		again = min(again, w.notBefore.Sub(now))
	}
	return nil, again
}

// finish notes the end of an attempt, and reports whether the file was still
// wanted.
func (d *downloads) finish(w *wantedFile, progress int64, err error, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, x := range d.wanted {
		if x != w {
			continue
		}
		if err == nil {
			d.wanted = append(d.wanted[:i:i], d.wanted[i+1:]...)
			return true
		}
		if progress >= goodProgress {
			w.failures = 0
		}
		w.notBefore = now.Add(jitter(w.failures))
		w.failures++
		return true
	}
	return false
}

// download keeps fetching the most urgent file until ctx ends.
func (l *Link) download(ctx context.Context) {
	client, err := l.audioClient()
	if err != nil {
		l.log.Error("no downloads", "err", err)
		return
	}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		w, again := l.downloads.pick(time.Now())
		if w == nil {
			l.idle(ctx, again)
			continue
		}
		progress, err := l.attempt(ctx, client, w, again)
		if ctx.Err() != nil || errors.Is(err, errInterrupted) {
			continue
		}
		if l.downloads.finish(w, progress, err, time.Now()) {
			if err != nil {
				l.log.Warn("download failed", "sha256", w.audio.SHA256, "err", err)
			}
			l.deliver(Fetched{Audio: w.audio, Err: err})
		}
	}
}

func (l *Link) idle(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-l.downloads.changed:
	}
}

// attempt fetches one file until it is whole, fails, or gives way to a more
// urgent one. It returns how many bytes arrived.
func (l *Link) attempt(ctx context.Context, client *http.Client, w *wantedFile, again time.Duration) (int64, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	limit := time.AfterFunc(attemptLimit, func() { stop(fmt.Errorf("not whole after %v", attemptLimit)) })
	defer limit.Stop()
	var progress int64
	done := make(chan error, 1)
	go func() {
		done <- l.audio.Receive(w.audio, func(offset int64) (io.ReadCloser, error) {
			body, err := l.open(ctx, client, w.audio, offset)
			if err != nil {
				return nil, because(ctx, err)
			}
			return &counted{ctx: ctx, body: body, n: &progress}, nil
		})
	}()
	for {
		look := time.NewTimer(again)
		select {
		case err := <-done:
			look.Stop()
			return progress, err
		case <-l.downloads.changed:
			look.Stop()
		case <-look.C:
		}
		var best *wantedFile
		if best, again = l.downloads.pick(time.Now()); best != w {
			stop(errInterrupted)
			again = time.Hour
		}
	}
}

// counted counts what arrives, and names the reason for an end.
type counted struct {
	ctx  context.Context
	body io.ReadCloser
	n    *int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	*c.n += int64(n)
	if err != nil && err != io.EOF {
		err = because(c.ctx, err)
	}
	return n, err
}

func (c *counted) Close() error { return c.body.Close() }

// audioClient speaks to the audio server alone: no proxy, no redirects, no
// compression that would change the bytes.
func (l *Link) audioClient() (*http.Client, error) {
	config, err := l.tlsTo("")
	if err != nil {
		return nil, err
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, addr string) (conn net.Conn, err error) {
				return l.dialLively(ctx, addr)
			},
			TLSClientConfig:        config,
			TLSHandshakeTimeout:    setup,
			ResponseHeaderTimeout:  headerWait,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        silence / 2,
			DisableCompression:     true,
		},
	}, nil
}

// open asks for a file's bytes from an offset on.
func (l *Link) open(ctx context.Context, client *http.Client, a protocol.Audio, offset int64) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(l.o.Audio, "/")+"/audio/"+a.SHA256, nil)
	if err != nil {
		return nil, fmt.Errorf("address of audio: %w", err)
	}
	if req.URL.Scheme != "https" {
		return nil, fmt.Errorf("address of audio: %q is not https", l.o.Audio)
	}
	req.Header.Set("User-Agent", "loa-agent/"+l.o.Agent)
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if err := fits(resp, a, offset); err != nil {
		resp.Body.Close()
		return nil, err
	}
	if resp.StatusCode == http.StatusOK && offset > 0 {
		// The server knows no ranges.
		if _, err := io.CopyN(io.Discard, resp.Body, offset); err != nil {
			resp.Body.Close()
			return nil, fmt.Errorf("skip what is here: %w", err)
		}
	}
	return resp.Body, nil
}

// fits judges an answer by its header, before its bytes cost anything.
func fits(resp *http.Response, a protocol.Audio, offset int64) error {
	rest := a.Bytes
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/", offset, a.Bytes-1)
		if got := resp.Header.Get("Content-Range"); !strings.HasPrefix(got, want) {
			return fmt.Errorf("the audio server sends the range %q, asked for %q", got, want)
		}
		rest -= offset
	default:
		return fmt.Errorf("the audio server answers %s", resp.Status)
	}
	if n := resp.ContentLength; n >= 0 && n != rest {
		return fmt.Errorf("the audio server has %d bytes for %d", n, rest)
	}
	return nil
}
