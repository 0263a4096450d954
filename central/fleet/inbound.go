package fleet

import (
	"context"
	"errors"
	"fmt"
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
		if p.Online != s.Online || p.Since.IsZero() {
			p.Since = now
		}
		// A last will was written when the board connected: it says that the
		// board is gone, not how it was when it went.
		if p.Online = s.Online; s.Online || p.State == nil {
			p.State = &s
		}
	})
	return nil
}

func checkState(s protocol.State, cluster string) error {
	if err := addressed(s.Version, s.Cluster, cluster); err != nil {
		return err
	}
	if len(s.OnAir) > maxEntries || len(s.Faults) > maxEntries {
		return fmt.Errorf("onAir or faults: more than %d entries", maxEntries)
	}
	texts := []string{s.Boot, s.Clock}
	for _, on := range s.OnAir {
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

// Telemetry takes a board's figures. The error is as State's.
func (f *Fleet) Telemetry(ctx context.Context, cluster string, payload []byte) error {
	t, err := read[protocol.Telemetry](payload, maxTelemetry)
	if err == nil {
		err = addressed(t.Version, t.Cluster, cluster)
	}
	if err != nil {
		return fmt.Errorf("telemetry of cluster %s: %w", cluster, err)
	}
	f.note(cluster, func(p *Picture, now time.Time) { p.Telemetry = &t })
	return nil
}

// Gone says that a cluster's connection was ended here, as when its board was
// revoked: the last will does not count then.
func (f *Fleet) Gone(cluster string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p, ok := f.pictures[cluster]; ok && p.Online {
		p.Online, p.Since = false, time.Now()
		f.pictures[cluster], f.changed[cluster] = p, true
	}
}

// note changes a cluster's picture.
func (f *Fleet) note(cluster string, change func(p *Picture, now time.Time)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	p := f.pictures[cluster]
	p.Cluster, p.Seen = cluster, now
	change(&p, now)
	f.pictures[cluster], f.changed[cluster] = p, true
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
