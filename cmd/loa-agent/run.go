package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"

	"loa/controller"
	"loa/controller/link"
	"loa/controller/store"
)

type checkCommand struct {
	Config string `arg:"" type:"existingfile" help:"The board's config file."`
}

// Run opens nothing of the board.
func (c *checkCommand) Run() error {
	if _, err := readConfig(c.Config); err != nil {
		return err
	}
	fmt.Println("no faults")
	return nil
}

type runCommand struct {
	Config string `required:"" type:"existingfile" placeholder:"FILE" help:"The board's config file."`
}

// Run opens the board and hands it to the controller. Whatever ends it, the
// relays are open afterwards.
func (c *runCommand) Run(ctx context.Context, log *slog.Logger) (err error) {
	debug.SetGCPercent(50) // a megabyte is alive here: half of it is enough garbage
	cfg, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	enrolment, key, err := readEnrolment(cfg.Data)
	if err != nil {
		return err
	}
	tls, err := clientTLS(enrolment, key)
	if err != nil {
		return fmt.Errorf("the enrolment: %w; run loa-agent enrol again with central's answer", err)
	}
	kept, err := store.Open(filepath.Join(cfg.Data, storeFolder))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	board, err := openBoard(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, board.Close()) }()
	addWatchdogs(ctx, &board, cfg, fmt.Sprintf("cluster %s, %d outputs", enrolment.Cluster, len(board.Outputs)), log)
	agent, err := controller.New(controller.Options{
		Agent: version, Key: key, Board: board, Store: kept, Enrolment: &enrolment, TrustClock: cfg.Clock == clockRTC, Log: log,
		Link: &link.Options{Cluster: enrolment.Cluster, Broker: enrolment.Broker, Audio: enrolment.Audio, TLS: tls, Log: log},
	})
	if err != nil {
		return err
	}
	log.Info("ready", "cluster", enrolment.Cluster, "outputs", len(board.Outputs))
	return agent.Run(ctx)
}
