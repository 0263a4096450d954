package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"loa/central"
	"loa/controller"
	"loa/controller/link"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
	"loa/firmware/sim"
)

// Files of a cluster's folder.
const (
	boardKeyFile  = "board.key"
	enrolmentFile = "enrolment.json"
	storeFolder   = "store"
)

const outputName = "main"

// sensors of every simulated cabinet, by name.
var sensors = map[string]firmware.Quantity{"amplifier-current": firmware.Current, "horn-sound": firmware.Sound}

// bootAgain is how long a board that ended by itself stays off, as the service
// manager of a real one would have it.
const bootAgain = 2 * time.Second

// pole is a simulated cluster: a folder that outlives the process, and, while
// it has power, a board in memory with a real agent.
type pole struct {
	id        string
	dir       string
	key       ed25519.PrivateKey
	enrolment protocol.Enrolment
	network   network
	log       *slog.Logger
	decoded   *playout.Decoded // shared by all

	// What stands outside the board, and remembers for an hour.
	amplifier *sim.Amplifier
	recorder  *sim.Recorder

	mu      sync.Mutex
	fault   fault
	board   *sim.Board         // nil: none runs
	off     context.CancelFunc // ends what runs
	changed chan struct{}      // closed and replaced when the power came or went
}

// run lives through the power's coming and going until ctx ends.
func (p *pole) run(ctx context.Context, at central.Addresses) {
	for ctx.Err() == nil {
		powered, off, changed := p.power(ctx)
		if off == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		if err := p.live(powered, at); err != nil && powered.Err() == nil {
			p.log.Warn("the board ended, and boots again", "error", err)
			select {
			case <-time.After(bootAgain):
			case <-powered.Done():
			}
		}
		off()
	}
}

// power is a context that ends with the power; off is nil while there is none.
// changed is closed at the next change.
func (p *pole) power(ctx context.Context) (powered context.Context, off context.CancelFunc, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault == unplugged {
		return ctx, nil, p.changed
	}
	powered, p.off = context.WithCancel(ctx)
	return powered, p.off, p.changed
}

// live boots the board from its store and runs it until the power ends. What
// ends it early is the error.
func (p *pole) live(ctx context.Context, at central.Addresses) (err error) {
	config, err := boardTLS(p.enrolment, p.key)
	if err != nil {
		return err
	}
	board, err := sim.New(sim.Options{Recorder: p.recorder, Outputs: []sim.Output{{
		Name: outputName, Relays: []string{relayName}, WarmUp: warmUp, Tail: tailTime, LongestOn: longestOn,
		Amplifier: p.amplifier, Sensors: sensors,
	}}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, board.Close()) }()
	p.wire(board)
	defer p.wire(nil)
	kept, err := store.Open(filepath.Join(p.dir, storeFolder))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	agent, err := controller.New(controller.Options{
		Agent: "sim", Key: p.key, Board: board.Board, Store: kept, Enrolment: &p.enrolment, Decoded: p.decoded,
		Log:  slog.New(slog.DiscardHandler), // of so many at once nobody could read it
		Link: &link.Options{Cluster: p.id, Broker: at.Broker, Audio: at.Audio, TLS: config, Agent: "sim", Dial: p.network.dial},
	})
	if err != nil {
		return err
	}
	return agent.Run(ctx)
}

// wire makes a board the one that runs here, with the fault that there is.
func (p *pole) wire(b *sim.Board) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.board = b
	p.fault.apply(p)
}
