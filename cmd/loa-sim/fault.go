package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loa/firmware/sim"
	"loa/seeds"
)

// faultsFile in the data folder tells, by cluster, what is wrong with it.
const faultsFile = "faults.json"

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
	if f == unplugged {
		_ = p.board.Relay(relayName).Close() // it falls at once, whatever the agent still does
	}
	speaker := p.board.Speaker(outputName)
	if f == soundCardLost {
		speaker.Lose()
	} else {
		speaker.Restore()
	}
}

// restoreFaults gives every cluster the fault that it had; in a new folder
// that of the seeds.
func restoreFaults(data string, poles map[string]*pole) error {
	kept := map[string]fault{}
	file, err := os.ReadFile(filepath.Join(data, faultsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		demo, err := seeds.Demo()
		if err != nil {
			return err
		}
		for _, c := range demo.Clusters {
			kept[c.ID] = fault(c.Fault)
		}
	case err != nil:
		return fmt.Errorf("read faults: %w", err)
	default:
		if err := json.Unmarshal(file, &kept); err != nil {
			return fmt.Errorf("read faults: %w", err)
		}
	}
	for id, p := range poles {
		p.fault = none
		if f := kept[id]; f != "" {
			if p.fault, err = parseFault(string(f)); err != nil {
				return fmt.Errorf("fault of %s: %w", id, err)
			}
		}
	}
	return keepFaults(data, poles)
}

// keepFaults writes down what is wrong where, for the next run.
func keepFaults(data string, poles map[string]*pole) error {
	kept := map[string]fault{}
	for id, p := range poles {
		if f := p.view().Fault; f != none {
			kept[id] = f
		}
	}
	file, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(data, faultsFile), file); err != nil {
		return fmt.Errorf("keep faults: %w", err)
	}
	return nil
}
