package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"loa/controller/protocol"
)

// fleet is clusters whose agents run.
type fleet struct {
	*province
	clusters []*cluster
	moved    chan struct{} // a relay moved since it was taken last
	running  sync.WaitGroup
	stop     context.CancelCauseFunc
}

// newFleet enrols so many clusters and runs them until ctx ends or stop is
// called; err is then the cause. stores is where the boards keep theirs.
func newFleet(ctx context.Context, p *province, stores string, count int, stop context.CancelCauseFunc, log *slog.Logger) (*fleet, error) {
	f := &fleet{province: p, moved: make(chan struct{}, 1), stop: stop}
	for i := range count {
		c, err := p.newCluster(ctx, stores, fmt.Sprintf("muong-te-%03d", i+1), f.noteMove, log)
		if err != nil {
			return f, err
		}
		f.clusters = append(f.clusters, c)
	}
	for _, c := range f.clusters {
		f.running.Go(func() {
			if err := c.agent.Run(ctx); err != nil {
				stop(fmt.Errorf("agent of %s: %w", c.id, err))
			}
		})
	}
	return f, f.untilReady(ctx)
}

// close waits for the agents, whose context must have ended, and closes what
// they used.
func (f *fleet) close() error {
	f.running.Wait()
	var errs []error
	for _, c := range f.clusters {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

func (f *fleet) noteMove() {
	select {
	case f.moved <- struct{}{}:
	default:
	}
}

const (
	readyWithin = 2 * time.Minute
	movesWithin = 30 * time.Second
	quietWithin = time.Minute
	look        = 20 * time.Millisecond // between looks at what gives no sign
)

// untilReady waits until every board is online, has the time, and has been
// acknowledged.
func (f *fleet) untilReady(ctx context.Context) error {
	return until(ctx, "all boards online, with the time", readyWithin, func() (bool, error) {
		var all []struct {
			Online bool            `json:"online"`
			State  *protocol.State `json:"state"`
		}
		if err := f.call(ctx, admin, "GET", "/clusters?area="+communeCode, nil, &all); err != nil {
			return false, err
		}
		ready := 0
		for _, c := range all {
			if c.Online && c.State != nil && c.State.Clock == protocol.ClockTrusted {
				ready++
			}
		}
		if ready < len(f.clusters) {
			return false, fmt.Errorf("%d of %d are", ready, len(f.clusters))
		}
		return f.acknowledged()
	})
}

// acknowledged reports whether no board has anything left to tell.
func (f *fleet) acknowledged() (bool, error) {
	for _, c := range f.clusters {
		if ok, err := c.settled(); !ok || err != nil {
			return false, errors.Join(err, fmt.Errorf("%s has receipts that are not acknowledged", c.id))
		}
	}
	return true, nil
}

// untilQuiet waits until every board has carried out an alert and its cancel,
// and has told so.
func (f *fleet) untilQuiet(ctx context.Context, alert, cancel draft) error {
	return until(ctx, "all receipts acknowledged", quietWithin, func() (bool, error) {
		var raised, ended status
		if err := errors.Join(
			f.call(ctx, officer, "GET", "/orders/"+alert.Envelope.Hash(), nil, &raised),
			f.call(ctx, officer, "GET", "/orders/"+cancel.Envelope.Hash(), nil, &ended),
		); err != nil {
			return false, err
		}
		if r, e, n := raised.Counts, ended.Counts, len(f.clusters); r.Finished < n || e.Accepted < n {
			return false, fmt.Errorf("alert: %d accepted, %d finished; cancel: %d accepted", r.Accepted, r.Finished, e.Accepted)
		}
		return f.acknowledged()
	})
}

// untilRelays waits until every relay is closed, or every one open.
func (f *fleet) untilRelays(ctx context.Context, closed bool) error {
	timeout := time.NewTimer(movesWithin)
	defer timeout.Stop()
	for {
		var others []string
		for _, c := range f.clusters {
			if c.board.Relay(relayName).Closed() != closed {
				others = append(others, c.id)
			}
		}
		if len(others) == 0 {
			return nil
		}
		select {
		case <-f.moved:
		case <-ctx.Done():
			return fmt.Errorf("wait for relays: %w", context.Cause(ctx))
		case <-timeout.C:
			return fmt.Errorf("after %v the relays of %d clusters are not %s: %s",
				movesWithin, len(others), position(closed), strings.Join(others[:min(5, len(others))], ", "))
		}
	}
}

func position(closed bool) string {
	if closed {
		return "closed"
	}
	return "open"
}

// until asks again and again, and says what was waited for in vain.
func until(ctx context.Context, what string, limit time.Duration, holds func() (bool, error)) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	again := time.NewTicker(look)
	defer again.Stop()
	for {
		ok, err := holds()
		if ok && err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		case <-timeout.C:
			return fmt.Errorf("%s: not within %v: %w", what, limit, err)
		}
	}
}
