package link_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loa/controller/link"
	"loa/controller/protocol"
	"loa/controller/store"
)

// library is an audio server that can be made to misbehave.
type library struct {
	mu       sync.Mutex
	files    map[string][]byte
	requests []string // hash:offset
	odd      func(n int, w http.ResponseWriter, r *http.Request, file []byte) bool
}

func (l *library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash := strings.TrimPrefix(r.URL.Path, "/audio/")
	l.mu.Lock()
	file, ok := l.files[hash]
	l.requests = append(l.requests, short(hash)+" "+strings.TrimPrefix(r.Header.Get("Range"), "bytes="))
	n, odd := len(l.requests), l.odd
	l.mu.Unlock()
	switch {
	case odd != nil && odd(n, w, r, file):
	case !ok:
		http.NotFound(w, r)
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
	}
}

func (l *library) asked() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.requests)
}

func (l *library) add(seed byte, size int) protocol.Audio {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	sum := sha256.Sum256(b)
	hash := hex.EncodeToString(sum[:])
	l.files[hash] = b
	return protocol.Audio{SHA256: hash, Bytes: int64(size), Samples: 1}
}

func short(hash string) string { return hash[:6] }

// world is a board with a real store and a library.
type world struct {
	*board
	*library
	store *store.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{library: &library{files: map[string][]byte{}}, store: s}
	w.board = build(t, nil, s)
	server := &http.Server{Handler: w.library, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(tls.NewListener(w.listen(audioAddr), w.authority.server(t)))
	t.Cleanup(func() { server.Close() })
	w.run(t)
	return w
}

func (w *world) fetched() []link.Fetched { return of[link.Fetched](w.events.since(0)) }

// whole waits until a file is here and checks it.
func (w *world) whole(t *testing.T, limit time.Duration, a protocol.Audio) time.Duration {
	t.Helper()
	took := within(t, limit, "audio "+short(a.SHA256), func() bool {
		return slices.Contains(w.fetched(), link.Fetched{Audio: a})
	})
	f, err := w.store.OpenAudio(a.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || !bytes.Equal(b, w.files[a.SHA256]) {
		t.Errorf("the file is not what the server has: %v", err)
	}
	return took
}

// errs is what failed attempts said.
func (w *world) errs() (out []error) {
	for _, f := range w.fetched() {
		if f.Err != nil {
			out = append(out, f.Err)
		}
	}
	return out
}

func TestDownloadsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b, c := w.add(1, 300_000), w.add(2, 10), w.add(3, 100_000)
		w.Fetch([]protocol.Audio{a, b, a, c})
		w.whole(t, time.Minute, c)
		if got, want := w.fetched(), []link.Fetched{{Audio: a}, {Audio: b}, {Audio: c}}; !slices.Equal(got, want) {
			t.Errorf("fetched %v", got)
		}
		// What is here is delivered and costs no request.
		w.Fetch([]protocol.Audio{b})
		within(t, time.Second, "Fetched again", func() bool { return len(w.fetched()) == 4 })
		if n := len(w.asked()); n != 3 {
			t.Errorf("asked %v", w.asked())
		}
	})
}

func TestADownloadGoesOnAtTheByteWhereItWasCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.add(1, 500_000)
		w.odd = func(n int, rw http.ResponseWriter, r *http.Request, file []byte) bool {
			if n > 2 {
				return false
			}
			from := (n - 1) * 123_457
			if n == 2 {
				rw.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(file)-1, len(file)))
			}
			rw.Header().Set("Content-Length", fmt.Sprint(len(file)-from))
			rw.WriteHeader(map[int]int{1: 200, 2: 206}[n])
			rw.Write(file[from : n*123_457])
			rw.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Fetch([]protocol.Audio{a})
		w.whole(t, time.Minute, a)
		h := short(a.SHA256)
		if want := []string{h + " ", h + " 123457-", h + " 246914-"}; !slices.Equal(w.asked(), want) {
			t.Errorf("asked %q, want %q", w.asked(), want)
		}
	})
}

func TestWhatServersDoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		odd   func(http.ResponseWriter, []byte) // the first answer
		limit time.Duration                     // until the file is here
		want  string                            // what the failed attempt says
	}{
		"wrong bytes": {func(w http.ResponseWriter, file []byte) {
			wrong := bytes.Clone(file)
			wrong[7] ^= 1
			w.Write(wrong)
		}, 10 * time.Second, store.ErrWrongHash.Error()},
		"not there yet": {func(w http.ResponseWriter, _ []byte) { w.WriteHeader(404) }, 10 * time.Second, "404"},
		"a redirect": {func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Location", "https://elsewhere.test/")
			w.WriteHeader(302)
		}, 10 * time.Second, "302"},
		"too many bytes": {func(w http.ResponseWriter, file []byte) {
			w.Header().Set("Content-Length", fmt.Sprint(len(file)+1))
			w.Write(append(bytes.Clone(file), 1))
		}, 10 * time.Second, "200001 bytes for 200000"},
		"too few bytes": {func(w http.ResponseWriter, file []byte) { w.Write(file[:10]) }, 10 * time.Second, "10 bytes for 200000"},
		"no end": {func(w http.ResponseWriter, _ []byte) {
			for {
				if _, err := w.Write(make([]byte, 10_000)); err != nil {
					return
				}
			}
		}, 10 * time.Second, store.ErrWrongHash.Error()},
		"silence": {func(w http.ResponseWriter, file []byte) {
			w.Write(file[:1000])
			w.(http.Flusher).Flush()
			time.Sleep(time.Hour)
		}, 2 * time.Minute, "timeout"},
		"no answer": {func(http.ResponseWriter, []byte) { time.Sleep(time.Hour) }, 2 * time.Minute, "timeout"},
		"dripping": {func(w http.ResponseWriter, file []byte) {
			for _, b := range file {
				if _, err := w.Write([]byte{b}); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Second)
			}
		}, 11 * time.Minute, "not whole after"},
		"another range": {func(w http.ResponseWriter, file []byte) {
			w.Header().Set("Content-Range", "bytes 5-199999/200000")
			w.WriteHeader(206)
			w.Write(file[5:])
		}, 10 * time.Second, `range "bytes 5-199999/200000"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a := w.add(1, 200_000)
				w.odd = func(n int, rw http.ResponseWriter, _ *http.Request, file []byte) bool {
					if n == 1 {
						c.odd(rw, file)
					}
					return n == 1
				}
				w.Fetch([]protocol.Audio{a})
				w.whole(t, c.limit, a)
				if errs := w.errs(); len(errs) != 1 || !says(errs[0], c.want) {
					t.Errorf("failures %v, want %q", errs, c.want)
				}
				time.Sleep(time.Hour) // handlers end
			})
		})
	}
}

func TestAServerWithoutRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.add(1, 200_000)
		w.odd = func(n int, rw http.ResponseWriter, _ *http.Request, file []byte) bool {
			if n == 1 {
				rw.Header().Set("Content-Length", fmt.Sprint(len(file)))
				rw.Write(file[:100_000])
				rw.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			rw.Write(file)
			return true
		}
		w.Fetch([]protocol.Audio{a})
		w.whole(t, time.Minute, a)
		if n := len(w.asked()); n != 2 {
			t.Errorf("asked %q", w.asked())
		}
	})
}

func TestFailuresAreSpreadAndDoNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		missing := protocol.Audio{SHA256: strings.Repeat("a", 64), Bytes: 10, Samples: 1}
		a := w.add(1, 100_000)
		w.Fetch([]protocol.Audio{missing, a})
		w.whole(t, 10*time.Second, a)
		time.Sleep(10 * time.Hour)
		if n := len(w.asked()); n < 10*60 || n > 10*240 {
			t.Errorf("asked %d times in ten hours", n)
		}
		if n := len(w.errs()); n < len(w.asked())-2 {
			t.Errorf("told %d failures of %d requests", n, len(w.asked()))
		}
		// What is no longer wanted is left alone.
		w.Fetch(nil)
		time.Sleep(time.Minute)
		n := len(w.asked())
		time.Sleep(time.Hour)
		if len(w.asked()) != n {
			t.Error("it is still asked for")
		}
	})
}

// A link that is cut again and again, and gets on a little each time, is not
// made to wait.
func TestProgressIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.add(1, 4_000_000)
		w.odd = func(_ int, rw http.ResponseWriter, r *http.Request, file []byte) bool {
			var from int
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			rw.Header().Set("Content-Length", fmt.Sprint(len(file)-from))
			if from > 0 {
				rw.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(file)-1, len(file)))
				rw.WriteHeader(206)
			}
			rw.Write(file[from:min(len(file), from+100_000)])
			rw.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Fetch([]protocol.Audio{a})
		w.whole(t, 40*time.Second, a)
	})
}

func TestAnUrgentFileInterrupts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.limit(20_000)
		long, urgent := w.add(1, 2_000_000), w.add(2, 100_000)
		w.Fetch([]protocol.Audio{long})
		time.Sleep(30 * time.Second)
		w.Fetch([]protocol.Audio{urgent, long})
		if took := w.whole(t, time.Minute, urgent); took > 10*time.Second {
			t.Errorf("the urgent file took %v", took)
		}
		w.whole(t, 3*time.Minute, long)
		asked := w.asked()
		if len(asked) != 3 || asked[0] != short(long.SHA256)+" " || asked[1] != short(urgent.SHA256)+" " || asked[2] < short(long.SHA256)+" 4" {
			t.Errorf("asked %q", asked)
		}
		if errs := w.errs(); len(errs) > 0 {
			t.Errorf("an interruption is no failure: %v", errs)
		}
	})
}

func TestAnUrgentFileThatFailedInterruptsWhenItsTimeComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.limit(20_000)
		long, urgent := w.add(1, 2_000_000), w.add(2, 100_000)
		w.odd = func(n int, rw http.ResponseWriter, _ *http.Request, _ []byte) bool {
			if n == 1 {
				rw.WriteHeader(503)
			}
			return n == 1
		}
		w.Fetch([]protocol.Audio{urgent, long})
		if took := w.whole(t, time.Minute, urgent); took > 12*time.Second {
			t.Errorf("the urgent file took %v", took)
		}
		w.whole(t, 3*time.Minute, long)
	})
}

func TestADownloadSurvivesAPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		broker := startBroker(t, w.network, w.authority.server(t))
		defer broker.Close()
		w.up(t, 2*time.Minute, 0)
		w.limit(20_000)
		a := w.add(1, 2_000_000)
		w.Fetch([]protocol.Audio{a})
		time.Sleep(30 * time.Second)
		w.partition(true)
		time.Sleep(6 * time.Hour)
		from := w.events.count()
		w.partition(false)
		w.up(t, 3*time.Minute, from)
		w.whole(t, 5*time.Minute, a)
		asked := w.asked()
		t.Logf("%d attempts failed", len(w.errs()))
		if last := asked[len(asked)-1]; len(asked) != 2 || last < short(a.SHA256)+" 4" {
			t.Errorf("asked %q", asked)
		}
	})
}

// A board's certificate opens the library, and a stranger's library is not
// believed.
func TestDownloadsAreMutuallyKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := newAuthority(t)
		s, err := store.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		b := build(t, nil, s)
		b.run(t)
		lib := &library{files: map[string][]byte{}}
		a := lib.add(1, 1000)
		server := &http.Server{Handler: lib, ErrorLog: log.New(io.Discard, "", 0)}
		go server.Serve(tls.NewListener(b.listen(audioAddr), other.server(t)))
		defer server.Close()
		b.Fetch([]protocol.Audio{a})
		time.Sleep(time.Minute)
		fetched := of[link.Fetched](b.events.since(0))
		if len(fetched) == 0 || !says(fetched[0].Err, "certificate") || len(lib.asked()) > 0 {
			t.Errorf("fetched %v", fetched)
		}
	})
}

func TestAudioIsNeverFetchedInTheClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		b := build(t, func(o *link.Options) { o.Audio = "http://" + audioAddr }, s)
		b.run(t)
		b.Fetch([]protocol.Audio{{SHA256: strings.Repeat("a", 64), Bytes: 1, Samples: 1}})
		time.Sleep(time.Minute)
		fetched := of[link.Fetched](b.events.since(0))
		if len(fetched) == 0 || !says(fetched[0].Err, "is not https") || errors.Is(fetched[0].Err, store.ErrCannotWrite) {
			t.Errorf("fetched %v", fetched)
		}
	})
}
