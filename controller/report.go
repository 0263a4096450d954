package controller

import (
	"maps"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// areas are the codes whose alert lanes this board listens to.
func (s *State) areas() []string {
	if s.known.Placement == nil {
		return nil
	}
	return s.known.Placement.Areas
}

func (s *State) cluster() string {
	if s.known.Placement == nil {
		return s.Cluster
	}
	return s.known.Placement.Cluster
}

// receipt begins one; the store numbers it.
func (s *State) receipt(fate protocol.Fate, now time.Time) protocol.Receipt {
	return protocol.Receipt{
		Version: protocol.Version, Cluster: s.cluster(), Epoch: s.Epoch, At: now, Clock: s.clock.word(), Fate: fate,
	}
}

// hello says what the board holds.
func (s *State) hello() protocol.Hello {
	h := protocol.Hello{
		Version: protocol.Version, Cluster: s.cluster(), Agent: s.Agent, Epoch: s.Epoch, Boot: s.Boot,
		Clock: s.clock.word(), Held: maps.Clone(s.known.Held), Cancelled: []string{}, Missing: s.told.fetch, Next: s.next,
	}
	for _, subject := range sorted(s.known.Alerts) {
		k := s.known.Alerts[subject]
		if k.Cancelled {
			h.Cancelled = append(h.Cancelled, subject)
		}
		if k.Sequence > 0 {
			h.Held[subject] = protocol.Held{Revision: int64(k.Sequence), Hash: k.Hash}
		}
	}
	for hash, b := range s.bulletins {
		h.Held["bulletin/"+b.doc.ID+"/"+hash] = protocol.Held{Revision: b.doc.Revision, Hash: hash}
	}
	for hash := range s.known.Stops {
		h.Held["stop/"+hash] = protocol.Held{Hash: hash}
	}
	return h
}

// report is the retained state.
func (s *State) report(now time.Time) protocol.State {
	r := protocol.State{
		Version: protocol.Version, Cluster: s.cluster(), Online: true, At: now, Boot: s.Boot,
		Clock: s.clock.word(), OnAir: []protocol.OnAir{}, Faults: []protocol.FaultNote{},
	}
	for _, name := range s.Outputs {
		p := s.on(name)
		if p == nil || !p.given || p.ended != "" || p.Class == schedule.SelfTest { // which nobody hears
			continue
		}
		r.OnAir = append(r.OnAir, protocol.OnAir{
			Output: name, Class: p.Class.String(), Mode: modeOf(p.Drill),
			Subject: p.subject, Order: p.order, Since: p.since,
		})
	}
	for _, part := range sorted(s.faults) {
		r.Faults = append(r.Faults, protocol.FaultNote{Part: part, Detail: s.faults[part]})
	}
	return r
}

// will is the state that the broker tells when the session breaks.
func (s *State) will(cluster string) protocol.State {
	return protocol.State{
		Version: protocol.Version, Cluster: cluster, Boot: s.Boot,
		Clock: s.clock.word(), OnAir: []protocol.OnAir{}, Faults: []protocol.FaultNote{},
	}
}

func (s *State) telemetry(now, board time.Time) protocol.Telemetry {
	t := protocol.Telemetry{
		Version: protocol.Version, Cluster: s.cluster(), At: now,
		Uptime: int64(board.Sub(s.started) / time.Second), Receipts: s.next - 1 - s.acked,
	}
	if s.plan != nil {
		t.PlanUntil = s.plan.doc.Until
	}
	return t
}

func modeOf(drill bool) protocol.Mode {
	if drill {
		return protocol.Drill
	}
	return protocol.Live
}
