package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"loa/central/changes"
	"loa/central/registry"
	"loa/controller/protocol"
)

// Registry is what fleet asks the registry; *registry.Registry has it.
type Registry interface {
	Cluster(ctx context.Context, id string) (registry.Cluster, error)
	Clusters(ctx context.Context) ([]registry.Cluster, error)
	ClustersIn(ctx context.Context, codes ...string) ([]registry.Cluster, error)
	// InService lists the boards in service by cluster. It is not changed.
	InService(ctx context.Context) (map[string]registry.Device, error)
}

// Store keeps the latest of every cluster, and what ran.
type Store interface {
	// SavePictures replaces the pictures of these clusters and adds to their
	// history, of which it forgets what is too much: see KeepEvents.
	SavePictures(ctx context.Context, p []Picture, happened []Event) error
	Pictures(ctx context.Context) ([]Picture, error)
	History(ctx context.Context, q HistoryQuery) ([]Event, error)
	// ForgetHistory removes what happened before a time.
	ForgetHistory(ctx context.Context, before time.Time) error
	// Judged lists the latest run of every cluster that sensors judged. It is
	// written along with the receipts that tell it.
	Judged(ctx context.Context) ([]Judged, error)
	// Runs lists what ran, the last first. It is written along with the
	// receipts that tell it.
	Runs(ctx context.Context, q RunQuery) ([]Run, error)
}

// Picture is what is known of one cluster now.
type Picture struct {
	Cluster string
	// Online: connected, by its state and its last will. After a restart of
	// central it is false until the board is heard.
	Online bool
	Since  time.Time // when Online last changed; zero: never seen
	Seen   time.Time // when anything was last heard, by central's clock
	// State is the last one, also when it is not online; nil: never.
	State *protocol.State
	// Telemetry is the last one; nil: never.
	Telemetry *protocol.Telemetry
	Measured  time.Time // when Telemetry came; zero: before the last restart
	Planned   time.Time // when the board last accepted a plan; zero: before the last restart

	// FaultSince is when each fault of State was first told, by its part. It is
	// replaced, not changed.
	FaultSince     map[string]time.Time
	UntrustedSince time.Time // of State's clock; zero: it is trusted
}

// Filter chooses clusters; zero fields choose all.
type Filter struct {
	IDs     []string // only these, unknown ones left out; nil: any
	Areas   []string // that answer to at least one of these codes
	Offline bool     // only those that are not online
	Faulty  bool     // only those with a fault
	OnAir   bool     // only those that are online and sounding
}

// Run is one occurrence on one cluster's output, as the latest receipt told.
type Run struct {
	Cluster    string
	Output     string // "" while it is not known
	Order      string // hash
	Kind       protocol.Kind
	Mode       protocol.Mode
	Subject    string
	Occurrence string
	Fate       protocol.Fate
	Reason     protocol.Reason
	Detail     string
	Started    time.Time // first start that was told; zero: none
	At         time.Time // of the latest receipt, by the board's clock
	Clock      string    // protocol.ClockTrusted or ClockUntrusted
	Evidence   *protocol.Evidence
}

// RunQuery chooses runs; zero fields choose all.
type RunQuery struct {
	Cluster string
	Order   string    // hash
	From    time.Time // At, inclusive
	Until   time.Time // At, exclusive
	Heard   bool      // only what was for people to hear, self-tests left out
	Limit   int       // 0: 1000
}

// Judged is the latest run on a cluster of which its sensors made something.
type Judged struct {
	Cluster    string
	Epoch      string // of the receipt that told it, with Sequence
	Sequence   int64
	At         time.Time // by the board's clock
	Order      string    // hash
	Occurrence string
	Output     string
	Kind       protocol.Kind
	Mode       protocol.Mode
	Subject    string
	Verdict    protocol.Verdict // heard or silent
	Detail     string
}

// Options are what Fleet needs; all are required.
type Options struct {
	Store    Store
	Registry Registry
	Log      *slog.Logger
}

// Fleet is the room's face. It can be used from many goroutines.
type Fleet struct {
	Options
	mu       sync.Mutex
	pictures map[string]Picture
	judged   map[string]Judged
	changed  map[string]bool // not in the store yet
	pending  []Event         // not in the store yet
	waiting  map[string]int  // how many of pending are a cluster's
	saving   sync.Mutex      // held while the store takes them, so that they come in order
	told     changes.Log[string]
	sounded  changes.Log[string]
	// awaited are the clusters that were online when central ended, with since
	// when: one that is back soon was never away, as far as anybody could tell.
	awaited map[string]time.Time
}

// New reads the last picture from the store. Nobody is online in it.
func New(o Options) (*Fleet, error) {
	if o.Store == nil || o.Registry == nil || o.Log == nil {
		return nil, errors.New("make fleet: Store, Registry and Log are required")
	}
	f := &Fleet{Options: o, pictures: map[string]Picture{}, judged: map[string]Judged{}, changed: map[string]bool{}, waiting: map[string]int{}, awaited: map[string]time.Time{}}
	f.sounded.Most = mostSounded
	kept, err := o.Store.Pictures(context.Background())
	if err != nil {
		return nil, fmt.Errorf("read pictures: %w", err)
	}
	for _, p := range kept {
		if p.Online {
			f.awaited[p.Cluster] = p.Since
			p.Online, p.Since = false, p.Seen
		}
		f.pictures[p.Cluster] = p
	}
	judged, err := o.Store.Judged(context.Background())
	if err != nil {
		return nil, fmt.Errorf("read what sensors judged: %w", err)
	}
	for _, j := range judged {
		f.judged[j.Cluster] = j
	}
	return f, nil
}

// Sounded is the log of emergencies, by their orders' hashes, that began or ended
// to sound on some cluster, by its picture.
func (f *Fleet) Sounded() *changes.Log[string] { return &f.sounded }

// mostSounded is how many emergencies that changed are remembered.
const mostSounded = 1000

// Changed is the log of clusters whose picture, or latest judged run, changed.
func (f *Fleet) Changed() *changes.Log[string] { return &f.told }

// saveEvery is how much of the picture a crash may lose. Boards tell their
// state again when they connect.
const saveEvery = time.Second

// backWithin is how long after a start of central boards have to come back, or
// they are taken to have gone when they were last heard.
const backWithin = 2 * time.Minute

// forgetEvery is how often history that is too old is removed.
const forgetEvery = 6 * time.Hour

// Run keeps the picture in the store, until ctx ends; then once more.
func (f *Fleet) Run(ctx context.Context) error {
	save := time.NewTicker(saveEvery)
	defer save.Stop()
	forget := time.NewTicker(forgetEvery)
	defer forget.Stop()
	back := time.NewTimer(backWithin)
	defer back.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return f.Save(context.WithoutCancel(ctx))
		case <-save.C:
			err = f.Save(ctx)
		case now := <-forget.C:
			err = f.Store.ForgetHistory(ctx, now.Add(-KeepTime))
		case <-back.C:
			f.giveUp()
		}
		if err != nil && ctx.Err() == nil {
			f.Log.Error("fleet: will try again", "error", err)
		}
	}
}

// giveUp notes who did not come back after a start of central.
func (f *Fleet) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for cluster := range f.awaited {
		f.happened(Event{Cluster: cluster, At: f.pictures[cluster].Seen, Kind: WentOffline})
		f.changed[cluster] = true
	}
	clear(f.awaited)
}

// mostSaved is how many pictures go into one transaction: an alert that is
// sealed meanwhile waits for no more than that.
const mostSaved = 500

// Save keeps what has changed since the last time.
func (f *Fleet) Save(ctx context.Context) error {
	f.saving.Lock()
	defer f.saving.Unlock()
	for {
		saved, err := f.saveSome(ctx)
		if err != nil || saved < mostSaved {
			return err
		}
	}
}

// saveSome keeps some pictures with what happened to them. The caller holds
// saving.
func (f *Fleet) saveSome(ctx context.Context) (int, error) {
	f.mu.Lock()
	var some []Picture
	for c := range f.changed {
		some = append(some, f.pictures[c])
		if len(some) == mostSaved {
			break
		}
	}
	taken := map[string]bool{}
	for _, p := range some {
		taken[p.Cluster] = true
		delete(f.changed, p.Cluster)
	}
	var happened, rest []Event
	for _, e := range f.pending {
		if taken[e.Cluster] {
			happened = append(happened, e)
			delete(f.waiting, e.Cluster)
		} else {
			rest = append(rest, e)
		}
	}
	f.pending = rest
	f.mu.Unlock()
	if len(some) == 0 {
		return 0, nil
	}
	if err := f.Store.SavePictures(ctx, some, happened); err != nil {
		f.mu.Lock()
		for _, p := range some {
			f.changed[p.Cluster] = true
		}
		f.pending = append(happened, f.pending...)
		for _, e := range happened {
			f.waiting[e.Cluster]++
		}
		f.mu.Unlock()
		return 0, fmt.Errorf("save pictures: %w", err)
	}
	return len(some), nil
}

// Clusters lists pictures by cluster, also of clusters that were never seen.
func (f *Fleet) Clusters(ctx context.Context, q Filter) ([]Picture, error) {
	known, err := f.known(ctx, q)
	if err != nil {
		return nil, err
	}
	list := make([]Picture, 0, len(known))
	for _, c := range known {
		if p := f.picture(c.ID); q.takes(p) {
			list = append(list, p)
		}
	}
	return list, nil
}

func (f *Fleet) picture(cluster string) Picture {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pictures[cluster]
	p.Cluster = cluster
	return p
}

func (q Filter) takes(p Picture) bool {
	faulty := p.State != nil && len(p.State.Faults) > 0
	onAir := p.Online && p.State != nil && len(p.State.OnAir) > 0
	return (!q.Offline || !p.Online) && (!q.Faulty || faulty) && (!q.OnAir || onAir)
}

// Picture is that of one cluster; registry.ErrNotFound for an unknown one.
func (f *Fleet) Picture(ctx context.Context, cluster string) (Picture, error) {
	if _, err := f.Registry.Cluster(ctx, cluster); err != nil {
		return Picture{}, err
	}
	return f.picture(cluster), nil
}

// stillOnAir is for how long a board that went away is taken to go on with what
// it played.
const stillOnAir = 24 * time.Hour

// OnAir is what sounds now on the boards that answer to at least one of the
// areas, per cluster, as a stop names it. Clusters that are silent are left out.
// A board that lost its connection within the last day is taken to go on with
// what it last told: a stop that names too much does no harm, and will reach it.
func (f *Fleet) OnAir(ctx context.Context, areas ...string) (map[string][]protocol.Target, error) {
	if len(areas) == 0 {
		return map[string][]protocol.Target{}, nil
	}
	pictures, err := f.Clusters(ctx, Filter{Areas: areas})
	if err != nil {
		return nil, err
	}
	all := map[string][]protocol.Target{}
	for _, p := range pictures {
		if p.State == nil || !p.Online && time.Since(p.Seen) > stillOnAir {
			continue
		}
		for _, on := range p.State.OnAir {
			if t := target(on); !slices.Contains(all[p.Cluster], t) {
				all[p.Cluster] = append(all[p.Cluster], t)
			}
		}
	}
	return all, nil
}

// target is how a stop names what is on air.
func target(on protocol.OnAir) protocol.Target {
	for _, mode := range []protocol.Mode{protocol.Live, protocol.Drill} {
		if id, ok := strings.CutPrefix(on.Subject, protocol.AlertSubject(mode, "")); ok {
			return protocol.Target{Alert: id, Mode: mode}
		}
	}
	return protocol.Target{Occurrence: on.Subject}
}

// Runs lists what ran, the last first.
func (f *Fleet) Runs(ctx context.Context, q RunQuery) ([]Run, error) { return f.Store.Runs(ctx, q) }
