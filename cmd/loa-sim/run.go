package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"loa/controller/playout"
)

// Files of the data folder, besides controlFile and faultsFile.
const (
	clustersFolder = "clusters"
	lockFile       = "lock"
)

type runCommand struct {
	Server    string   `required:"" placeholder:"URL" help:"The server's address, as in https://127.0.0.1:8443."`
	Authority string   `required:"" type:"existingfile" placeholder:"FILE" help:"What the server is trusted by: authority.pem of its data folder."`
	Demo      string   `required:"" type:"existingdir" placeholder:"FOLDER" help:"The demo's folder of the server's data."`
	Data      string   `required:"" type:"path" placeholder:"FOLDER" help:"Folder of keys and stores of the boards; it is made, and gone on from."`
	Except    []string `placeholder:"CLUSTER" help:"Clusters that are not simulated."`
}

// Run enrols, once, and runs every cluster until ctx ends.
func (c *runCommand) Run(ctx context.Context, log *slog.Logger) error {
	desk, authority, err := openDemo(c.Server, c.Authority, c.Demo)
	if err != nil {
		return err
	}
	unlock, err := lock(c.Data)
	if err != nil {
		return err
	}
	defer unlock()
	ids, err := desk.registered(ctx, c.Except)
	if err != nil {
		return err
	}
	at, err := readAddresses(c.Demo)
	if err != nil {
		return err
	}
	// As many boards as processes would have a processor each while their disks
	// are waited for, and a heap each that is small.
	runtime.GOMAXPROCS(procsPerCore * runtime.NumCPU())
	debug.SetGCPercent(runHeapGrowth)
	begun := time.Now()
	log.Info("enrolling whoever is not enrolled yet", "clusters", len(ids))
	poles, err := openPoles(ctx, desk, c.Data, ids, authority, log)
	if err != nil {
		return err
	}
	if err := restoreFaults(c.Data, poles); err != nil {
		return err
	}
	log.Info("running", "clusters", len(poles), "after", time.Since(begun).Round(time.Millisecond))

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	decoded := &playout.Decoded{}
	for _, p := range poles {
		p.network.broker, p.decoded = at.Broker, decoded
		running.Go(func() { p.run(ctx, at) })
	}
	panel := &control{poles: poles, kept: func() error { return keepFaults(c.Data, poles) }}
	running.Go(func() { stop(panel.serve(ctx, c.Data)) })
	running.Go(func() { watch(ctx, poles, log) })
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	<-ctx.Done()
	select {
	case <-ended:
	case <-time.After(endWithin):
		log.Warn("boards that had not ended were switched off; their stores bear it")
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

const (
	runHeapGrowth = 50 // percent
	// endWithin is how long boards may take to end: who pressed Ctrl-C waits.
	endWithin = 1500 * time.Millisecond
)

// lock keeps a second simulation out of a folder: two boards with one key would
// throw each other off the broker for ever.
func lock(data string) (unlock func() error, err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(data, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errors.New("another simulation is running on it; end that one first")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder %s: %w", data, err), f.Close())
	}
	return f.Close, nil
}

// atOnce is how many boards are enrolled side by side.
const atOnce = 4

// openPoles gives the clusters by id.
func openPoles(ctx context.Context, d *desk, data string, ids []string, authority string, log *slog.Logger) (map[string]*pole, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	poles := map[string]*pole{}
	next := make(chan string)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for id := range next {
				p, err := openPole(ctx, d, filepath.Join(data, clustersFolder), id, authority, log)
				if err != nil {
					stop(err)
					continue
				}
				mu.Lock()
				poles[id] = p
				mu.Unlock()
			}
		})
	}
	for _, id := range ids {
		select {
		case next <- id:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return poles, nil
}
