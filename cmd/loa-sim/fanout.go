package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"loa/central/broker"
	"loa/controller/link"
	"loa/controller/protocol"
)

// fanOut is the embedded broker with clients that only listen: what of an
// alert's way is TLS, MQTT and the machine.
type fanOut struct {
	broker  *broker.Broker
	clients int
	arrived chan time.Time
	up      chan struct{}
	running sync.WaitGroup
}

// newFanOut connects so many clients, which stay until ctx ends.
func newFanOut(ctx context.Context, dir string, clients int, stop context.CancelCauseFunc, log *slog.Logger) (*fanOut, error) {
	authority, err := broker.LoadOrCreate(dir)
	if err != nil {
		return nil, err
	}
	config, err := authority.ServerTLS([]string{"127.0.0.1"}, func(string, *x509.Certificate) error { return nil })
	if err != nil {
		return nil, err
	}
	f := &fanOut{clients: clients, arrived: make(chan time.Time, clients), up: make(chan struct{}, clients)}
	if f.broker, err = broker.New(broker.Options{
		Addr: "127.0.0.1:0", TLS: config, Log: log,
		AreasOf: func(string) []string { return []string{communeCode} },
		Deliver: func(string, protocol.Lane, []byte) {},
	}); err != nil {
		return nil, err
	}
	f.running.Go(func() {
		if err := f.broker.Run(ctx); err != nil {
			stop(fmt.Errorf("bare broker: %w", err))
		}
	})
	for i := range clients {
		l, err := f.client(authority, fmt.Sprintf("listener-%03d", i+1), log)
		if err != nil {
			return f, err
		}
		f.running.Go(func() { _ = l.Run(ctx) }) // it never gives up before ctx ends
	}
	for range clients {
		if err := f.one(ctx, "a client's session", f.up); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *fanOut) client(authority *broker.Authority, cluster string, log *slog.Logger) (*link.Link, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a client's key: %w", err)
	}
	certificate, _, err := authority.IssueCluster(cluster, public)
	if err != nil {
		return nil, err
	}
	config, err := boardTLS(protocol.Enrolment{Cluster: cluster, Certificate: certificate, Authority: authority.CAPEM()}, key)
	if err != nil {
		return nil, err
	}
	will, err := protocol.Encode(protocol.State{Version: protocol.Version, Cluster: cluster})
	if err != nil {
		return nil, err
	}
	l := link.New(link.Options{Cluster: cluster, Broker: f.broker.Addr().String(), TLS: config, Will: will, Log: log}, nil, func(m any) {
		switch m := m.(type) {
		case link.Incoming:
			f.arrived <- m.At
		case link.Up:
			f.up <- struct{}{}
		}
	})
	l.Areas([]string{communeCode})
	return l, nil
}

// send publishes once and tells how long it took to each client.
func (f *fanOut) send(ctx context.Context, payload []byte) ([]time.Duration, error) {
	begun := time.Now()
	if err := f.broker.ToArea(communeCode, payload); err != nil {
		return nil, err
	}
	took := make([]time.Duration, 0, f.clients)
	for range f.clients {
		select {
		case at := <-f.arrived:
			took = append(took, at.Sub(begun))
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(movesWithin):
			return nil, fmt.Errorf("after %v %d of %d clients of the bare broker have the message", movesWithin, len(took), f.clients)
		}
	}
	return took, nil
}

func (f *fanOut) one(ctx context.Context, what string, from <-chan struct{}) error {
	select {
	case <-from:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(readyWithin):
		return errors.New(what + " of the bare broker did not come about")
	}
}
