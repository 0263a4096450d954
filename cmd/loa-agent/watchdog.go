package main

import (
	"context"
	"log/slog"
	"strings"

	"loa/firmware"
	"loa/firmware/pi"
)

// noWatchdog is what a config says where the board's own is not to be used.
const noWatchdog = "none"

func (j *judge) watchdog(path string) {
	if path != "" && path != noWatchdog && !strings.HasPrefix(path, "/dev/") {
		j.add("watchdog", "%.40q is neither a device, as /dev/watchdog, nor %s", path, noWatchdog)
	}
}

// watchdogPath is the device that resets the board, or nothing. A board of
// simulated parts runs on machines that nobody wants reset.
func (c config) watchdogPath() string {
	switch {
	case c.Watchdog == noWatchdog:
		return ""
	case c.Watchdog == "" && !c.simulated():
		p, _ := c.profile()
		return p.Watchdog
	}
	return c.Watchdog
}

// addWatchdogs gives the board the watchdogs that there are. One that cannot be
// had is a fault: a board without it still warns.
func addWatchdogs(ctx context.Context, b *firmware.Board, c config, status string, log *slog.Logger) {
	if m := newManager(ctx, status, log); m != nil {
		b.Watchdogs = append(b.Watchdogs, m)
	}
	path := c.watchdogPath()
	if path == "" {
		return
	}
	w, err := pi.OpenWatchdog(path)
	if err != nil {
		b.Monitors = append(b.Monitors, missing{"watchdog", err.Error()})
		return
	}
	b.Watchdogs = append(b.Watchdogs, w)
}

// missing is a part that could not be had when the board was opened.
type missing struct{ name, why string }

// Name is the part's.
func (m missing) Name() string { return m.name }

// Watch tells what is wrong. It stays so.
func (m missing) Watch(_ context.Context, tell func(string)) { tell(m.why) }
