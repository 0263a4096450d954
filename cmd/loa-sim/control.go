package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loa/firmware"
	"loa/firmware/sim"
)

// controlFile says, in the data folder, where a running simulation is asked.
const controlFile = "control.json"

// controlAddress is what it says.
type controlAddress struct {
	Address string `json:"address"` // http://host:port, on this machine
}

// view is how a cluster stands, from outside: what an eye on its relay and an
// ear at its horns tell, not what its agent says.
type view struct {
	ID        string  `json:"id"`
	Fault     fault   `json:"fault"`
	Connected bool    `json:"connected"` // with the broker
	Relay     bool    `json:"relayClosed"`
	Edges     []edge  `json:"edges"` // of the last hour
	Heard     float64 `json:"heard"` // seconds of sound in the last hour
}

// edge is one movement of a relay's contact.
type edge struct {
	Relay  string    `json:"relay"`
	Closed bool      `json:"closed"`
	At     time.Time `json:"at"`
}

// record is what was seen and heard of a cluster in the last hour.
type record struct {
	Cluster string  `json:"cluster"`
	Edges   []edge  `json:"edges"`
	Step    float64 `json:"step"`  // seconds, of a level
	Sound   []sound `json:"sound"` // stretches that were not silent, in the order of time
}

// sound is a stretch of what left the horns.
type sound struct {
	At     time.Time `json:"at"`
	Levels []float64 `json:"levels"` // dB of full scale, one a step
}

func (p *pole) view() view {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := view{ID: p.id, Fault: p.fault, Connected: p.network.online(), Relay: p.closed(), Edges: edges(p.recorder.Edges())}
	for _, s := range p.amplifier.Heard() {
		v.Heard += float64(len(s.Levels)) * firmware.SensorStep.Seconds()
	}
	v.Heard = tenths(v.Heard)
	return v
}

// closed tells where the relay's contact is. The caller holds the cluster's
// lock.
func (p *pole) closed() bool { return p.board != nil && p.board.Relay(relayName).Closed() }

func (p *pole) record() record {
	r := record{Cluster: p.id, Step: firmware.SensorStep.Seconds(), Edges: edges(p.recorder.Edges()), Sound: []sound{}}
	for _, s := range p.amplifier.Heard() {
		levels := make([]float64, len(s.Levels))
		for i, v := range s.Levels {
			levels[i] = tenths(20 * math.Log10(v))
		}
		r.Sound = append(r.Sound, sound{s.Start.UTC().Round(0), levels})
	}
	return r
}

func tenths(v float64) float64 { return math.Round(v*10) / 10 }

func edges(moved []sim.Edge) []edge {
	all := []edge{}
	for _, e := range moved {
		all = append(all, edge{e.Relay, e.Closed, e.At.UTC().Round(0)})
	}
	return all
}

// control answers on this machine only.
type control struct {
	poles map[string]*pole
	kept  func() error // called after every change of a fault
}

func (c *control) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /clusters", func(w http.ResponseWriter, _ *http.Request) {
		all := []view{}
		for _, p := range c.poles {
			all = append(all, p.view())
		}
		slices.SortFunc(all, func(a, b view) int { return strings.Compare(a.ID, b.ID) })
		reply(w, http.StatusOK, all)
	})
	mux.HandleFunc("GET /clusters/{id}", c.of(func(w http.ResponseWriter, _ *http.Request, p *pole) { reply(w, http.StatusOK, p.view()) }))
	mux.HandleFunc("GET /clusters/{id}/record", c.of(func(w http.ResponseWriter, _ *http.Request, p *pole) { reply(w, http.StatusOK, p.record()) }))
	mux.HandleFunc("PUT /clusters/{id}/fault", c.of(c.putFault))
	return local(mux)
}

// local keeps web pages out that a person on this machine looks at: by their
// origin, and by the name under which they would have found this server.
func local(h http.Handler) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			reply(w, http.StatusForbidden, refused{"ask this machine by its own address"})
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

func (c *control) of(f func(http.ResponseWriter, *http.Request, *pole)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, ok := c.poles[r.PathValue("id")]
		if !ok {
			reply(w, http.StatusNotFound, refused{fmt.Sprintf("no cluster %.40q is simulated here", r.PathValue("id"))})
			return
		}
		f(w, r, p)
	}
}

// faultWish is what a fault is set by.
type faultWish struct {
	Kind string `json:"kind"`
}

const mostWish = 1 << 10

func (c *control) putFault(w http.ResponseWriter, r *http.Request, p *pole) {
	var wish faultWish
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostWish)).Decode(&wish); err != nil {
		reply(w, http.StatusBadRequest, refused{"the body is not {\"kind\": ...}"})
		return
	}
	f, err := parseFault(wish.Kind)
	if err != nil {
		reply(w, http.StatusUnprocessableEntity, refused{err.Error()})
		return
	}
	p.set(f)
	if err := c.kept(); err != nil {
		reply(w, http.StatusInternalServerError, refused{err.Error()})
		return
	}
	reply(w, http.StatusOK, p.view())
}

type refused struct {
	Error string `json:"error"`
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who asked is gone
}

// serve answers until ctx ends, at an address that it writes into the folder.
func (c *control) serve(ctx context.Context, data string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open control: %w", err)
	}
	server := &http.Server{Handler: c.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	path := filepath.Join(data, controlFile)
	said, err := json.Marshal(controlAddress{"http://" + listener.Addr().String()})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := writeFile(path, said); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", controlFile, err), listener.Close())
	}
	defer os.Remove(path)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve control: %w", err)
	}
	return nil
}
