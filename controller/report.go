package controller

import (
	"maps"
	"slices"
	"time"

	"loa/controller/protocol"
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
		return ""
	}
	return s.known.Placement.Cluster
}

// hello says what the board holds.
func (s *State) hello() protocol.Hello {
	h := protocol.Hello{
		Version: protocol.Version, Cluster: s.cluster(), Agent: s.Agent, Epoch: s.Epoch, Boot: s.Boot,
		Clock: s.clock.word(), Held: maps.Clone(s.known.Held), Cancelled: []string{}, Missing: s.told.fetch, Next: s.next,
	}
	for _, subject := range slices.Sorted(maps.Keys(s.known.Alerts)) {
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
		p, ok := s.playing[name]
		if !ok || !p.committed {
			continue
		}
		r.OnAir = append(r.OnAir, protocol.OnAir{
			Output: name, Class: p.Class.String(), Mode: modeOf(p.Drill),
			Subject: p.subject, Order: p.order, Since: p.since,
		})
	}
	for _, part := range slices.Sorted(maps.Keys(s.faults)) {
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

// wanted is the audio that is ordered and not on the board, in the order of
// need: alerts, buttons, then the plan's bulletins. The second result names it.
func (s *State) wanted(now time.Time) ([]protocol.Audio, []string) {
	wanted, names := []protocol.Audio{}, []string{}
	add := func(a protocol.Audio) {
		if !s.audio[a.SHA256] && !slices.Contains(names, a.SHA256) {
			wanted, names = append(wanted, a), append(names, a.SHA256)
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(s.alerts)) {
		if s.ended(subject) || !now.Before(s.alerts[subject].doc.Expires) {
			continue
		}
		for _, m := range s.spoken(s.alerts[subject].doc.Messages) {
			if m.Audio != nil {
				add(*m.Audio)
			}
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(s.locals)) {
		for _, m := range s.spoken(s.locals[subject].doc.Messages) {
			if m.Audio != nil {
				add(*m.Audio)
			}
		}
	}
	if s.plan != nil {
		for _, it := range s.plan.doc.Items {
			for _, p := range it.Parts {
				for _, src := range p.Sources {
					if b, ok := s.bulletins[src.Bulletin]; ok {
						if a, ok := b.doc.Spoken(src.Language); ok {
							add(a)
						}
					}
				}
			}
		}
	}
	return wanted, names
}

// spoken are the messages in the board's languages, in its order; all of them
// when it has none of these languages.
func (s *State) spoken(messages []protocol.Message) []protocol.Message {
	var chosen []protocol.Message
	for _, lang := range s.known.Placement.Languages {
		for _, m := range messages {
			if m.Language == lang {
				chosen = append(chosen, m)
			}
		}
	}
	if len(chosen) == 0 {
		return messages
	}
	return chosen
}
