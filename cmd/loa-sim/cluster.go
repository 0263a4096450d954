package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync/atomic"
	"time"

	"loa/controller"
	"loa/controller/link"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
	"loa/firmware/sim"
)

// The times of a simulated board, as a usual cabinet has them.
const (
	warmUp    = 800 * time.Millisecond
	tailTime  = 500 * time.Millisecond
	longestOn = time.Hour
)

const relayName = "amplifier"

// cluster is one simulated cluster: the real agent, link and store, and a board
// in memory.
type cluster struct {
	id    string
	board *sim.Board
	store *store.Store
	agent *controller.Controller
	heard atomic.Int64 // when bytes arrived first since listen, after epoch; 0: none
}

// epoch is what heard counts from.
var epoch = time.Now()

// register adds a cluster of the commune.
func (p *province) register(ctx context.Context, id string) error {
	return p.call(ctx, admin, "POST", "/clusters", map[string]any{
		"id": id, "name": "Cụm " + id, "area": communeCode, "languages": []string{"vi", "hmn"},
	}, nil)
}

// newCluster enrols a board whose store is in dir. moved is called after every
// movement of its relay.
func (p *province) newCluster(ctx context.Context, dir, id string, moved func(), log *slog.Logger) (c *cluster, err error) {
	if err := p.register(ctx, id); err != nil {
		return nil, fmt.Errorf("register %s: %w", id, err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the board's key: %w", err)
	}
	enrolment, err := p.enrol(ctx, id, key)
	if err != nil {
		return nil, fmt.Errorf("enrol %s: %w", id, err)
	}
	config, err := boardTLS(enrolment, key)
	if err != nil {
		return nil, err
	}
	c = &cluster{id: id}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.board, err = sim.New(sim.Options{Outputs: []sim.Output{{
		Name: "main", Relays: []string{relayName}, WarmUp: warmUp, Tail: tailTime, LongestOn: longestOn,
	}}}); err != nil {
		return nil, err
	}
	c.board.Recorder.RecordPCM(false)
	c.board.Outputs[0].Relays[0] = watched{c.board.Relay(relayName), moved}
	if c.store, err = store.Open(filepath.Join(dir, id)); err != nil {
		return nil, err
	}
	c.agent, err = controller.New(controller.Options{
		Agent: "sim", Key: key, Board: c.board.Board, Store: c.store, Enrolment: &enrolment, Log: log,
		Link: &link.Options{
			Cluster: id, Broker: enrolment.Broker, Audio: enrolment.Audio, TLS: config, Agent: "sim", Log: log, Dial: c.dial,
		},
	})
	return c, err
}

func (c *cluster) close() error {
	var errs []error
	if c.store != nil {
		errs = append(errs, c.store.Close())
	}
	if c.board != nil {
		errs = append(errs, c.board.Close())
	}
	return errors.Join(errs...)
}

// boardTLS is how a board speaks to central.
func boardTLS(e protocol.Enrolment, key ed25519.PrivateKey) (*tls.Config, error) {
	block, _ := pem.Decode([]byte(e.Certificate))
	trusted := x509.NewCertPool()
	if block == nil || !trusted.AppendCertsFromPEM([]byte(e.Authority)) {
		return nil, fmt.Errorf("answer for %s: its certificates are not PEM", e.Cluster)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: trusted,
		Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}},
	}, nil
}

// closedAfter is when the relay closed first after a moment.
func (c *cluster) closedAfter(t time.Time) (time.Time, bool) {
	for _, e := range c.board.Recorder.Edges() {
		if e.Closed && e.At.After(t) {
			return e.At, true
		}
	}
	return time.Time{}, false
}

// settled reports whether central has acknowledged every receipt.
func (c *cluster) settled() (bool, error) {
	kept, err := c.store.Load()
	return kept.NextSequence > 1 && kept.Acked == kept.NextSequence-1, err
}

// watched is a relay that tells of its movements, once the recorder has them.
type watched struct {
	firmware.Relay
	moved func()
}

func (w watched) Set(closed bool) error {
	err := w.Relay.Set(closed)
	w.moved()
	return err
}

// listen forgets what was heard before.
func (c *cluster) listen() { c.heard.Store(0) }

// heardAfter is when the first message after listen arrived, counted from t.
func (c *cluster) heardAfter(t time.Time) time.Duration {
	return time.Duration(c.heard.Load()) - t.Sub(epoch)
}

// dial makes connections on which it is seen when a message arrives, before it
// is decrypted.
func (c *cluster) dial(ctx context.Context, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return tapped{conn, &c.heard}, nil
}

type tapped struct {
	net.Conn
	heard *atomic.Int64
}

// shortMessage is longer than answers to pings and publishes, which are not
// what is listened for.
const shortMessage = 64

func (t tapped) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > shortMessage {
		t.heard.CompareAndSwap(0, int64(time.Since(epoch)))
	}
	return n, err
}
