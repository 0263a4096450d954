package main

import (
	"fmt"
	"slices"
	"strings"

	"loa/firmware/sim"
)

// fault is what is wrong with a cluster, one thing at a time.
type fault string

const (
	none          fault = "none"
	unplugged     fault = "unplugged"       // no mains
	amplifierDead fault = "amplifier-dead"  // takes no current
	hornsCut      fault = "horns-cut"       // the amplifier works on an open line
	networkCut    fault = "network-cut"     // the board goes on alone
	soundCardLost fault = "sound-card-lost" // takes no samples
)

var faults = []fault{none, unplugged, amplifierDead, hornsCut, networkCut, soundCardLost}

// conditions are what faults mean for an amplifier and its horns; of all others
// it is healthy.
var conditions = map[fault]sim.Condition{amplifierDead: sim.AmplifierDead, hornsCut: sim.HornsCut}

func parseFault(s string) (fault, error) {
	if f := fault(s); slices.Contains(faults, f) {
		return f, nil
	}
	var all []string
	for _, f := range faults {
		all = append(all, string(f))
	}
	return "", fmt.Errorf("%.40q is no fault; there are %s", s, strings.Join(all, ", "))
}

// set makes f what is wrong with a cluster, in place of what was.
func (p *pole) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault == f {
		return
	}
	before := p.fault
	p.fault = f
	f.apply(p)
	if before == unplugged || f == unplugged {
		close(p.changed)
		p.changed = make(chan struct{})
	}
	p.log.Info("fault", "is", string(f))
}

// apply makes the parts of a cluster behave as its fault has it. The caller
// holds the cluster's lock.
func (f fault) apply(p *pole) {
	p.network.set(f == networkCut || f == unplugged)
	p.amplifier.Break(conditions[f])
	if f == unplugged && p.off != nil {
		p.off()
	}
	if p.board == nil {
		return
	}
	speaker := p.board.Speaker(outputName)
	if f == soundCardLost {
		speaker.Lose()
	} else {
		speaker.Restore()
	}
}
