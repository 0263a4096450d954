package web_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestUploadsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	wav, err := tone()
	w.must(err)
	sound := func(ext string, args ...string) []byte {
		file, err := made(ext, args...)
		w.must(err)
		return file
	}
	for _, c := range []struct {
		name, path string
		body       any
		kind       string
		status     int
		code       string
		field      string
	}{
		{"empty", "?name=a.mp3", "", "audio/mpeg", 422, "empty", "file"},
		{"text named .mp3", "?name=a.mp3", strings.Repeat("Bản tin sáng. ", 1000), "audio/mpeg", 422, "not-audio", "file"},
		{"silent", "?name=a.wav", sound("wav", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "2"), "audio/wav", 422, "silent", "file"},
		{"damaged", "?name=a.wav", wav[:len(wav)/3], "audio/wav", 422, "damaged", "file"},
		{"video", "?name=a.mp4", sound("mp4", "-f", "lavfi", "-i", "testsrc=d=1", "-f", "lavfi", "-i", "sine=d=1"), "video/mp4", 422, "video", "file"},
		{"too long", "?name=a.mp3", sound("mp3", "-f", "lavfi", "-i", "sine=d=30"), "audio/mpeg", 422, "too-long", "file"},
		{"too short", "?name=a.wav", sound("wav", "-f", "lavfi", "-i", "sine=d=0.1"), "audio/wav", 422, "too-short", "file"},
		{"too big, length told", "?name=a.wav", make([]byte, uploadLimit+1), "audio/wav", 413, "too-big", "file"},
		{"no name", "", wav, "audio/wav", 422, "invalid", "name"},
		{"a long name", "?name=" + strings.Repeat("a", 256), wav, "audio/wav", 422, "invalid", "name"},
		{"a form", "?name=a.wav", wav, "multipart/form-data; boundary=x", 415, "media-type", "Content-Type"},
		{"JSON", "?name=a.wav", object{"file": "x"}, "application/json", 415, "media-type", "Content-Type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			on := *w
			on.T = t
			on.ask("lan", "POST", "/audio"+c.path, c.body, "Content-Type", c.kind).refused(c.status, c.code, c.field)
		})
	}
	w.ask("lan", "GET", "/audio/"+strings.Repeat("0", 64), nil).refused(404, "not-found")
	w.ask("lan", "GET", "/audio/"+strings.Repeat("0", 64)+"/file", nil).refused(404, "not-found")
	w.ask("lan", "GET", "/audio/..%2f..%2fcentral.db/file", nil).refused(404, "not-found")
	w.ask("lan", "GET", "/audio/xyz", nil).refused(422, "invalid", "sha256")
	var all []any
	w.ask("lan", "GET", "/audio", nil).ok(&all)
	if left := w.files(); len(all) != 0 || len(left) != 0 {
		t.Errorf("%d rows, left behind: %v", len(all), left)
	}
	// A name from outside is shown, and is no path.
	var a struct{ Name string }
	w.ask("lan", "POST", "/audio?name=..%2F..%2Fetc%2Fpass%E2%80%AEwd", wav, "Content-Type", "").ok(&a)
	if a.Name != "passwd" {
		t.Errorf("name %q", a.Name)
	}
}

// files are what the library's folder holds.
func (w *world) files() (all []string) {
	w.Helper()
	w.must(filepath.WalkDir(filepath.Join(w.dir, "library"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	}))
	return all
}

// endless gives bytes for ever, and counts them. The client may still be
// reading when the answer is already here.
type endless struct{ given atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.given.Add(int64(len(p)))
	return len(p), nil
}

// TestEndlessUpload: one that does not say how long it is is refused as soon as
// it is too long.
func TestEndlessUpload(t *testing.T) {
	w := newWorld(t)
	var body endless
	w.ask("lan", "POST", "/audio?name=a.wav", io.LimitReader(&body, 2<<30), "Content-Type", "audio/wav").refused(413, "too-big", "file")
	if given := body.given.Load(); given > 16*uploadLimit {
		t.Errorf("%d bytes were taken, of %d", given, uploadLimit)
	}
	if left := w.files(); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestLargeJSON: 10 MB of it is refused before it is read, and before it is
// asked whose it is.
func TestLargeJSON(t *testing.T) {
	w := newWorld(t)
	big := `{"payload":"` + strings.Repeat("A", 10<<20) + `"}`
	w.ask("lan", "POST", "/orders", big).refused(413, "too-large")
	w.ask("", "POST", "/orders", big).refused(413, "too-large")
	var body endless
	w.ask("lan", "POST", "/orders", io.LimitReader(&body, 2<<30)).refused(413, "too-large")
	if given := body.given.Load(); given > 16<<20 {
		t.Errorf("%d bytes were taken", given)
	}
}

// send writes part of a request by hand, breaks off, and gives the answer.
func (w *world) send(request string) string {
	w.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	w.must(err)
	_, err = io.WriteString(conn, request)
	w.must(err)
	// The server reads all there is, and then finds the end.
	w.must(conn.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(conn)
	w.must(err)
	w.must(conn.Close())
	return string(answer)
}

// TestCutOff: half a request is no request, and no failure of the server's.
func TestCutOff(t *testing.T) {
	w := newWorld(t)
	wav, err := tone()
	w.must(err)
	head := "Host: x\r\nAuthorization: Bearer " + w.tokens["lan"] + "\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
	for _, answer := range []string{
		w.send("POST /api/v1/audio?name=a.wav HTTP/1.1\r\n" + fmt.Sprintf(head, "audio/wav", len(wav)) + string(wav[:len(wav)/2])),
		w.send("POST /api/v1/bulletins HTTP/1.1\r\n" + fmt.Sprintf(head, "application/json", 1000) + `{"title":`),
	} {
		if !strings.HasPrefix(answer, "HTTP/1.1 400") || !strings.Contains(answer, `"code":"malformed"`) {
			t.Errorf("%s", answer)
		}
	}
	var all []any
	w.ask("lan", "GET", "/audio", nil).ok(&all)
	if left := w.files(); len(all) != 0 || len(left) != 0 {
		t.Errorf("%d rows, left behind: %v", len(all), left)
	}
	if text := w.log.String(); strings.Contains(text, "msg=request") {
		t.Errorf("taken for the server's fault: %s", text)
	}
}

// TestSlowClients holds connections open with a byte now and then. In the bubble
// half an hour takes no time.
func TestSlowClients(t *testing.T) {
	for name, c := range map[string]struct {
		head        string // of a request whose body never comes
		least, most time.Duration
		code        string
	}{
		"JSON":              {"POST /api/v1/bulletins", 25 * time.Second, 35 * time.Second, "timeout"},
		"an upload":         {"POST /api/v1/audio?name=a.wav", 25 * time.Minute, 35 * time.Minute, "timeout"},
		"nobody's":          {"POST /api/v1/bulletins", 0, 35 * time.Second, "token"},
		"a body behind GET": {"GET /api/v1/me", 0, 35 * time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newQuietWorld(t)
				token := w.tokens["lan"]
				if c.code == "token" {
					token = "none"
				}
				near, far := net.Pipe()
				server := &http.Server{Handler: w.handler, ReadHeaderTimeout: time.Second}
				l := &one{conn: make(chan net.Conn, 1), done: make(chan struct{})}
				l.conn <- far
				go server.Serve(l)
				began := time.Now()
				ctx, stop := context.WithCancel(t.Context())
				answered := make(chan []byte)
				go func() {
					all, _ := io.ReadAll(bufio.NewReader(near))
					answered <- all
				}()
				kind := "application/json"
				if strings.Contains(c.head, "audio") {
					kind = "audio/wav"
				}
				fmt.Fprintf(near, "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: 100000\r\n\r\n", c.head, token, kind)
				var drip sync.WaitGroup
				drip.Go(func() {
					for ctx.Err() == nil {
						time.Sleep(5 * time.Second)
						if _, err := near.Write([]byte(" ")); err != nil {
							return
						}
					}
				})
				got := <-answered
				if took := time.Since(began); took < c.least || took > c.most {
					t.Errorf("held for %s", took)
				}
				if c.code != "" && !bytes.Contains(got, []byte(`"code":"`+c.code+`"`)) {
					t.Errorf("%s", got)
				}
				stop()
				near.Close()
				drip.Wait()
				server.Close()
			})
		})
	}
}

// one is a listener with one connection.
type one struct {
	conn chan net.Conn
	done chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *one) Close() error   { close(l.done); return nil }
func (l *one) Addr() net.Addr { return &net.TCPAddr{} }
