package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
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

// openPole gives the cluster of a folder, and enrols it first where that was not
// done yet.
func openPole(ctx context.Context, d *desk, dir, id, authority string, log *slog.Logger) (*pole, error) {
	p := &pole{
		id: id, dir: filepath.Join(dir, id), log: log.With("cluster", id), changed: make(chan struct{}),
		fault: none, amplifier: sim.NewAmplifier(), recorder: &sim.Recorder{},
	}
	p.recorder.RecordPCM(false)
	p.recorder.Keep(firmware.SensorMemory)
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	var err error
	if p.key, err = boardKey(filepath.Join(p.dir, boardKeyFile)); err != nil {
		return nil, err
	}
	path := filepath.Join(p.dir, enrolmentFile)
	kept, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if p.enrolment, err = d.enrol(ctx, id, p.key); err != nil {
			return nil, fmt.Errorf("enrol %s: %w", id, err)
		}
		answer, err := protocol.Encode(p.enrolment)
		if err != nil {
			return nil, err
		}
		if err := writeFile(path, answer); err != nil {
			return nil, fmt.Errorf("keep the enrolment of %s: %w", id, err)
		}
	case err != nil:
		return nil, fmt.Errorf("read the enrolment of %s: %w", id, err)
	default:
		if p.enrolment, err = protocol.DecodeMessage[protocol.Enrolment](kept); err != nil {
			return nil, fmt.Errorf("read the enrolment of %s: %w", id, err)
		}
	}
	if p.enrolment.Authority != authority {
		return nil, fmt.Errorf("%s was enrolled with another server than this one; start with an empty --data", id)
	}
	return p, nil
}

// boardKey is the key in a file, which is made where there is none.
func boardKey(path string) (ed25519.PrivateKey, error) {
	file, err := os.ReadFile(path)
	if err == nil {
		key, err := protocol.DecodeKeyFile(file)
		if err != nil {
			return nil, fmt.Errorf("read board's key %s: %w", path, err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read board's key: %w", err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make board's key: %w", err)
	}
	if file, err = protocol.EncodeKeyFile(key); err != nil {
		return nil, fmt.Errorf("make board's key: %w", err)
	}
	if err := writeFile(path, file); err != nil {
		return nil, fmt.Errorf("write board's key: %w", err)
	}
	return key, nil
}

// run lives through the power's coming and going until ctx ends.
func (p *pole) run(ctx context.Context, at central.Addresses) {
	for ctx.Err() == nil {
		powered, changed := p.power(ctx)
		if powered == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		if err := p.live(powered, at); err != nil {
			p.log.Warn("the board ended", "error", err)
			select {
			case <-time.After(bootAgain):
			case <-powered.Done():
			}
		}
	}
}

// power is a context that ends with the power, nil while there is none. changed
// is closed at the next change.
func (p *pole) power(ctx context.Context) (powered context.Context, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault == unplugged {
		return nil, p.changed
	}
	powered, p.off = context.WithCancel(ctx)
	return powered, p.changed
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

// writeFile puts data at path whole or not at all, also when power fails, and
// readable by this user only.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
