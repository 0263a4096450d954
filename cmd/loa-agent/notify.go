package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"loa/firmware"
)

// slowest is how long an agent that lives may leave its watchdogs unfed.
const slowest = 11 * time.Second

// manager is systemd as a watchdog: it kills and starts anew a service that does
// not feed it. The first meal also says that the service is ready, since it is
// not given before every part of the agent has answered.
type manager struct {
	status string
	ready  bool
}

// newManager is nil where no service manager started this program.
func newManager(ctx context.Context, status string, log *slog.Logger) firmware.Watchdog {
	if sent, _ := daemon.SdNotify(false, "STATUS=starting: "+status); !sent {
		return nil
	}
	if wait, err := daemon.SdWatchdogEnabled(false); err != nil || wait > 0 && wait < slowest {
		log.Warn("the service's watchdog", "error", err, "waits", wait, "needs", slowest)
	}
	context.AfterFunc(ctx, func() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping+"\nSTATUS=stopping") })
	return &manager{status: status}
}

// Feed says that the program lives.
func (m *manager) Feed() error {
	state := daemon.SdNotifyWatchdog
	if !m.ready {
		state = daemon.SdNotifyReady + "\nSTATUS=" + m.status + "\n" + state
	}
	if _, err := daemon.SdNotify(false, state); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	m.ready = true
	return nil
}

// Close leaves the end of the program to the end of the program.
func (m *manager) Close() error { return nil }
