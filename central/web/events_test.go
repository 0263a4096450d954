package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
)

// listener reads a stream of events.
type listener struct {
	*world
	cancel context.CancelFunc
	events chan event
	status int
}

type event struct{ name, data string }

// listen opens a stream as a person.
func (w *world) listen(person string) *listener {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", w.server.URL+"/api/v1/events", nil)
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+w.tokens[person])
	resp, err := w.server.Client().Do(req)
	w.must(err)
	l := &listener{w, cancel, make(chan event, 1000), resp.StatusCode}
	w.Cleanup(func() { cancel(); resp.Body.Close() })
	if resp.StatusCode != 200 {
		return l
	}
	w.answered["events"] = true
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		w.Fatalf("a stream of %s", kind)
	}
	go func() {
		defer close(l.events)
		var e event
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				l.events <- e
				e = event{}
			}
		}
	}()
	l.next("hello", nil)
	return l
}

// next is the next event that is no beat; it must have this name.
func (l *listener) next(name string, into any) {
	l.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case e, ok := <-l.events:
			switch {
			case !ok:
				l.Fatalf("the stream ended before %s", name)
			case e.name == "beat":
				continue
			case e.name != name:
				l.Fatalf("%s %s, want %s", e.name, e.data, name)
			}
			if into != nil {
				l.must(json.Unmarshal([]byte(e.data), into))
			}
			return
		case <-limit:
			l.Fatalf("no %s came", name)
		}
	}
}

func (w *world) tells(cluster string, onAir ...protocol.OnAir) {
	w.Helper()
	state, err := protocol.Encode(protocol.State{
		Version: protocol.Version, Cluster: cluster, Online: true, At: time.Now(), Boot: "b", Clock: protocol.ClockTrusted, OnAir: onAir,
	})
	w.must(err)
	w.must(w.fleet.State(w.Context(), cluster, state))
}

func TestAStreamTellsWhatChanges(t *testing.T) {
	w := newWorld(t)
	l := w.listen("lan")
	w.tells("doan-ket-01")
	w.tells("muong-te-01")
	var seen []struct {
		ID     string
		Online bool
	}
	l.next("clusters", &seen)
	if len(seen) != 1 || seen[0].ID != "muong-te-01" || !seen[0].Online {
		t.Errorf("%+v", seen)
	}
}
