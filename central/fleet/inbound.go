package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
)

// Limits of what a board tells of itself.
const (
	maxState     = 64 << 10 // bytes
	maxTelemetry = 4 << 10  // bytes
	maxEntries   = 64       // outputs, or faults
	maxText      = 300      // bytes of any text
)

// State takes a board's retained state, or its last will. The error says what
// is wrong with it: too large, not readable, another cluster's.
func (f *Fleet) State(ctx context.Context, cluster string, payload []byte) error {
	if len(payload) == 0 {
		return nil // a retained state was removed; it tells nothing
	}
	s, err := read[protocol.State](payload, maxState)
	if err == nil {
		err = checkState(s, cluster)
	}
	if err != nil {
		return fmt.Errorf("state of cluster %s: %w", cluster, err)
	}
	f.note(cluster, func(p *Picture, now time.Time) {
		f.presence(p, s.Online, now)
		// A last will was written when the board connected: it says that the
		// board is gone, not how it was when it went.
		if s.Online || p.State == nil {
			f.faults(p, s, now)
			before := p.State
			p.State = &s
			f.soundings(before, &s)
		}
	})
	return nil
}

func checkState(s protocol.State, cluster string) error {
	if err := addressed(s.Version, s.Cluster, cluster); err != nil {
		return err
	}
	if !writable(s.At) {
		return errors.New("a time that is too far off")
	}
	if len(s.OnAir) > maxEntries || len(s.Faults) > maxEntries {
		return fmt.Errorf("onAir or faults: more than %d entries", maxEntries)
	}
	texts := []string{s.Boot, s.Clock}
	for _, on := range s.OnAir {
		if !writable(on.Since) {
			return errors.New("a time that is too far off")
		}
		texts = append(texts, on.Output, on.Class, string(on.Mode), on.Subject, on.Order)
	}
	for _, fault := range s.Faults {
		texts = append(texts, fault.Part)
	}
	for _, t := range texts {
		if len(t) > maxText {
			return fmt.Errorf("a text of %d bytes, at most %d", len(t), maxText)
		}
	}
	return nil
}

// presence notes whether a board is there. The caller holds mu.
func (f *Fleet) presence(p *Picture, online bool, now time.Time) {
	if p.Online == online && !p.Since.IsZero() {
		return
	}
	if since, ok := f.awaited[p.Cluster]; ok && online {
		delete(f.awaited, p.Cluster)
		p.Online, p.Since = true, since
		return
	}
	p.Online, p.Since = online, now
	kind := WentOffline
	if online {
		kind = CameOnline
	}
	f.happened(Event{Cluster: p.Cluster, At: now, Kind: kind})
}

// soundings notes which emergencies are on air in one state and not in the other.
func (f *Fleet) soundings(before, after *protocol.State) {
	for _, pair := range [][2]map[string]bool{{emergencies(before), emergencies(after)}, {emergencies(after), emergencies(before)}} {
		for order := range pair[0] {
			if !pair[1][order] {
				f.sounded.Add(order)
			}
		}
	}
}

func emergencies(s *protocol.State) map[string]bool {
	orders := map[string]bool{}
	if s != nil {
		for _, on := range s.OnAir {
			if on.Class == "emergency" {
				orders[on.Order] = true
			}
		}
	}
	return orders
}

// faults notes which faults began and ended since the last state. The caller
// holds mu.
func (f *Fleet) faults(p *Picture, s protocol.State, now time.Time) {
	since := map[string]time.Time{}
	for _, note := range s.Faults {
		began, known := p.FaultSince[note.Part]
		if !known {
			began = now
			f.happened(Event{Cluster: p.Cluster, At: now, Kind: FaultBegan, Part: note.Part, Detail: clip(note.Detail)})
		}
		since[note.Part] = began
	}
	for _, part := range slices.Sorted(maps.Keys(p.FaultSince)) {
		if _, still := since[part]; !still {
			f.happened(Event{Cluster: p.Cluster, At: now, Kind: FaultEnded, Part: part})
		}
	}
	p.FaultSince = since
	if s.Clock == protocol.ClockTrusted {
		p.UntrustedSince = time.Time{}
	} else if p.UntrustedSince.IsZero() {
		p.UntrustedSince = now
	}
}

// writable reports whether a board's time can be written as JSON in any zone.
func writable(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year < 9999
}

// clip bounds what of a board's text goes into the history.
func clip(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// Told takes what a board's receipt told, once it is kept.
func (f *Fleet) Told(r protocol.Receipt) {
	f.mu.Lock()
	changed := false
	now := time.Now()
	if r.Kind == protocol.KindPlan && r.Fate == protocol.FateAccepted {
		p := f.pictures[r.Cluster]
		p.Cluster, p.Planned = r.Cluster, now
		f.pictures[r.Cluster], changed = p, true
	}
	if j, ok := JudgedBy(r); ok && j.Follows(f.judged[r.Cluster]) {
		f.judged[r.Cluster], changed = j, true
	}
	f.mu.Unlock()
	if changed {
		f.told.Add(r.Cluster)
	}
}

// JudgedBy is what sensors made of the run that a receipt tells; false for
// nothing.
func JudgedBy(r protocol.Receipt) (Judged, bool) {
	if r.Evidence == nil || r.Evidence.Verdict != protocol.VerdictHeard && r.Evidence.Verdict != protocol.VerdictSilent {
		return Judged{}, false
	}
	if !writable(r.At) {
		r.At = time.Time{}
	}
	return Judged{
		Cluster: r.Cluster, Epoch: r.Epoch, Sequence: r.Sequence, At: r.At, Order: r.Order,
		Occurrence: cmp.Or(r.Occurrence, r.Subject), Output: r.Evidence.Output,
		Kind: r.Kind, Mode: r.Mode, Subject: r.Subject, Verdict: r.Evidence.Verdict, Detail: clip(r.Detail),
	}, true
}

// Follows reports whether j takes the place of another. Receipts may come in any
// order, and a board's clock may be wrong: its numbers tell. Of the outputs of one
// run a silent one stands for the cluster: another that sounded is elsewhere. Nor
// does a later run in which only others sounded make up for it, unless it has told
// nothing for so long that it is no more. A self-test hears no horn, so it adds
// nothing to a playback that was silent, and takes nothing back.
func (j Judged) Follows(other Judged) bool {
	sameRun := j.Epoch == other.Epoch && j.Order == other.Order && j.Occurrence == other.Occurrence
	switch later := j.Sequence > other.Sequence; {
	case sameRun && j.Output != other.Output && j.Verdict != other.Verdict:
		return j.Verdict == protocol.VerdictSilent
	case j.Epoch != other.Epoch:
		return true
	case other.Verdict == protocol.VerdictSilent && protocol.IsSelfTest(j.Occurrence) && !protocol.IsSelfTest(other.Occurrence):
		return false
	case other.Verdict == protocol.VerdictSilent && j.Verdict == protocol.VerdictHeard:
		elsewhere := j.Output != other.Output && j.At.Sub(other.At) < outputGone
		return later && !elsewhere
	default:
		return later
	}
}

// outputGone is how long nothing is told of an output that a board has no more:
// each is tested every day.
const outputGone = 7 * 24 * time.Hour

// Telemetry takes a board's figures. The error is as State's.
func (f *Fleet) Telemetry(ctx context.Context, cluster string, payload []byte) error {
	t, err := read[protocol.Telemetry](payload, maxTelemetry)
	if err == nil {
		err = addressed(t.Version, t.Cluster, cluster)
	}
	if err == nil && !(writable(t.PlanUntil) && writable(t.At)) {
		err = errors.New("a time that is too far off")
	}
	if err != nil {
		return fmt.Errorf("telemetry of cluster %s: %w", cluster, err)
	}
	f.note(cluster, func(p *Picture, now time.Time) { p.Telemetry, p.Measured = &t, now })
	return nil
}

// Gone says that a cluster's connection was ended here, as when its board was
// revoked: the last will does not count then.
func (f *Fleet) Gone(cluster string) {
	f.mu.Lock()
	p, ok := f.pictures[cluster]
	if ok = ok && p.Online; ok {
		f.presence(&p, false, time.Now())
		f.pictures[cluster], f.changed[cluster] = p, true
	}
	f.mu.Unlock()
	if ok {
		f.told.Add(cluster)
	}
}

// note changes a cluster's picture.
func (f *Fleet) note(cluster string, change func(p *Picture, now time.Time)) {
	f.mu.Lock()
	now := time.Now()
	p := f.pictures[cluster]
	p.Cluster, p.Seen = cluster, now
	change(&p, now)
	f.pictures[cluster], f.changed[cluster] = p, true
	f.mu.Unlock()
	f.told.Add(cluster)
}

func read[T any](payload []byte, most int) (T, error) {
	if len(payload) > most {
		var none T
		return none, fmt.Errorf("%d bytes, at most %d", len(payload), most)
	}
	return protocol.Decode[T](payload)
}

func addressed(version int, told, cluster string) error {
	switch {
	case version != protocol.Version:
		return fmt.Errorf("version %d, this side knows %d", version, protocol.Version)
	case told != cluster:
		return errors.New("names another cluster")
	}
	return nil
}
