package main

import (
	"context"
	"log/slog"
	"time"
)

const (
	watchEvery  = time.Second
	soundsAfter = 2 // looks after which what sounds is told: they do not begin in one instant
)

// watch tells what all clusters together do, a line when that changes.
func watch(ctx context.Context, poles map[string]*pole, log *slog.Logger) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	connected, sounding, looks := "", 0, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		could, are, sound := 0, 0, 0
		for _, p := range poles {
			p.mu.Lock()
			if p.fault != unplugged && p.fault != networkCut {
				could++
			}
			if p.closed() {
				sound++
			}
			p.mu.Unlock()
			if p.network.online() {
				are++
			}
		}
		switch {
		case are == could && connected != "all":
			connected = "all"
			log.Info("every cluster that has a network is connected", "clusters", are)
		case are == 0 && could > 0 && connected == "all":
			connected = "none"
			log.Warn("no cluster is connected; they play on and try again")
		}
		switch {
		case sound == 0 && sounding > 0:
			sounding, looks = 0, 0
			log.Info("relays open again")
		case sound == 0:
			looks = 0
		case sounding == 0:
			if looks++; looks >= soundsAfter {
				sounding = sound
				log.Info("relays closed", "clusters", sound)
			}
		}
	}
}
