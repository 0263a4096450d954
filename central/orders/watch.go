package orders

import (
	"context"
	"fmt"

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
// the order's time has ended.
func StandingOf(d Delivered, over bool) Standing {
	switch {
	case d.Handling == Refused:
		return Refuses
	case d.Verdict == protocol.VerdictHeard:
		return Heard
	case d.Verdict == protocol.VerdictSilent, d.Fate == protocol.FateFailed, d.Fate == protocol.FateMissed:
		return Silent
	case d.Fate == protocol.FateStarted && !over:
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
// or with another fate on a cluster.
func (o *Orders) Changed() *changes.Log[string] { return &o.changed }

// Tally counts where the clusters of an order stand; over says that its time has
// ended.
func (o *Orders) Tally(ctx context.Context, hash string, over bool) (Tally, error) {
	groups, err := o.Store.Delivered(ctx, hash)
	if err != nil {
		return Tally{}, fmt.Errorf("count what became of order %s: %w", hash, err)
	}
	var t Tally
	for d, n := range groups {
		t.Add(StandingOf(d, over), n)
	}
	return t, nil
}

// Delivered is what of a cluster's fate tells where it stands.
func (f ClusterFate) Delivered() Delivered {
	return Delivered{Handling: f.Handling, Sent: f.Attempts > 0, Fate: f.Fate, Verdict: f.Verdict}
}
