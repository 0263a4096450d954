package fleet

import (
	"context"
	"time"
)

// Happening is what kind of entry a history has.
type Happening string

const (
	WentOffline Happening = "offline"
	CameOnline  Happening = "online"
	FaultBegan  Happening = "fault"
	FaultEnded  Happening = "recovered"
)

// Event is one entry of a cluster's history, by central's clock.
type Event struct {
	ID      int64 // grows with every entry that is stored
	Cluster string
	At      time.Time
	Kind    Happening
	Part    string // of the board that the fault is about
	Detail  string
}

// HistoryQuery chooses entries of one cluster; zero fields choose all.
type HistoryQuery struct {
	Cluster string
	From    time.Time // inclusive
	Until   time.Time // exclusive
	Limit   int       // 0: 1000
}

// What is kept of history: so many entries of a cluster, for so long.
const (
	KeepEvents = 300
	KeepTime   = 90 * 24 * time.Hour
)

// History lists what happened to a cluster, the last first. It is kept for
// KeepTime, and of one cluster at most the last KeepEvents.
func (f *Fleet) History(ctx context.Context, q HistoryQuery) ([]Event, error) {
	if err := f.Save(ctx); err != nil {
		return nil, err
	}
	return f.Store.History(ctx, q)
}

// mostPending bounds what one cluster may have waiting for the store: a board
// gone wild must not keep it busy.
const mostPending = 64

// happened notes an entry. The caller holds mu.
func (f *Fleet) happened(e Event) {
	if f.waiting[e.Cluster] < mostPending {
		f.waiting[e.Cluster]++
		f.pending = append(f.pending, e)
	}
}
