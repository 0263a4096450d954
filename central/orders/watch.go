package orders

import (
	"context"
	"fmt"
	"time"

	"loa/central/changes"
	"loa/controller/protocol"
)

// Standing is where one cluster stands with an alert: in exactly one of these.
type Standing string

const (
	ToSend   Standing = "waiting"  // nothing was sent yet: its board is away
	SentTo   Standing = "sent"     // and there is no answer yet
	Takes    Standing = "accepted" // it will sound, or sounded as long as it had to without a word of how
	Sounding Standing = "sounding" // it began, and did not end
	Heard    Standing = "heard"    // by the board's own sensors
	Silent   Standing = "silent"   // sensors heard nothing, or it could not sound
	Unknown  Standing = "unknown"  // it ended, or expired, without a verdict
	Refuses  Standing = "refused"  // by the board, with a reason
)

// Tally is how many clusters an alert stands where with: every target is
// counted once.
type Tally struct {
	Targets  int
	Waiting  int
	Sent     int
	Accepted int
	Sounding int
	Heard    int
	Silent   int
	Unknown  int
	Refused  int
}

// Add counts n clusters that stand somewhere.
func (t *Tally) Add(s Standing, n int) {
	t.Targets += n
	switch s {
	case ToSend:
		t.Waiting += n
	case SentTo:
		t.Sent += n
	case Takes:
		t.Accepted += n
	case Sounding:
		t.Sounding += n
	case Heard:
		t.Heard += n
	case Silent:
		t.Silent += n
	case Unknown:
		t.Unknown += n
	case Refuses:
		t.Refused += n
	}
}

// Delivered is what of a delivery tells where a cluster stands.
type Delivered struct {
	Handling Handling
	Sent     bool // at least once
	Fate     protocol.Fate
	Verdict  protocol.Verdict
}

// StandingOf is the furthest that an order has come on a cluster. over says that
// the order has ended, onAir that the cluster's own picture says that it sounds.
func StandingOf(d Delivered, over, onAir bool) Standing {
	switch {
	case d.Handling == Refused:
		return Refuses
	case d.Verdict == protocol.VerdictHeard:
		return Heard
	case d.Verdict == protocol.VerdictSilent, d.Fate == protocol.FateFailed, d.Fate == protocol.FateMissed:
		return Silent
	case (d.Fate == protocol.FateStarted || onAir) && !over:
		return Sounding
	case d.Fate != "", over, d.Handling == Lapsed, d.Handling == Superseded:
		return Unknown
	case d.Handling == Accepted, d.Handling == NotDurable, d.Handling == Held:
		return Takes
	case d.Sent:
		return SentTo
	}
	return ToSend
}

// Changed is the log of orders that changed, by hash: drafted, signed, sealed,
// sent again, with another fate on a cluster, or over. Plans are not in it: they
// are central's own, and one programme that changes makes thousands.
func (o *Orders) Changed() *changes.Log[string] { return &o.changed }

// note says that an order changed.
func (o *Orders) note(kind protocol.Kind, hash string) {
	if kind != protocol.KindPlan {
		o.changed.Add(hash)
	}
}

// noteEnded says that an alert changed because another order ended it.
func (o *Orders) noteEnded(ctx context.Context, r Record) error {
	if r.Kind != protocol.KindCancel {
		return nil
	}
	ended, err := o.Store.Orders(ctx, Query{Kinds: []protocol.Kind{protocol.KindAlert}, Subject: r.Subject})
	if err != nil {
		return fmt.Errorf("read what a cancel ends: %w", err)
	}
	for _, alert := range ended {
		o.changed.Add(alert.Hash)
	}
	return nil
}

// noteOver says that alerts changed because their time ended within a stretch.
func (o *Orders) noteOver(ctx context.Context, after, until time.Time) error {
	over, err := o.Store.Over(ctx, after, until)
	if err != nil {
		return fmt.Errorf("read which alerts are over: %w", err)
	}
	for _, hash := range over {
		o.changed.Add(hash)
	}
	return nil
}

// Tally counts where the clusters of an order stand. over says that it has
// ended, onAir which clusters' own pictures say that it sounds there.
func (o *Orders) Tally(ctx context.Context, hash string, over bool, onAir []string) (t Tally, err error) {
	all, err := o.Store.Delivered(ctx, hash, nil)
	if err != nil {
		return t, fmt.Errorf("count what became of order %s: %w", hash, err)
	}
	for d, n := range all {
		t.Add(StandingOf(d, over, false), n)
	}
	if over || len(onAir) == 0 {
		return t, nil
	}
	sounding, err := o.Store.Delivered(ctx, hash, onAir)
	if err != nil {
		return t, fmt.Errorf("count where order %s sounds: %w", hash, err)
	}
	for d, n := range sounding {
		t.Add(StandingOf(d, over, false), -n)
		t.Add(StandingOf(d, over, true), n)
	}
	return t, nil
}

// Delivered is what of a cluster's fate tells where it stands.
func (f ClusterFate) Delivered() Delivered {
	return Delivered{Handling: f.Handling, Sent: f.Attempts > 0, Fate: f.Fate, Verdict: f.Verdict}
}
