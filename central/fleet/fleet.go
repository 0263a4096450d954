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

	"loa/central/registry"
	"loa/controller/protocol"
)

// Registry is what fleet asks the registry; *registry.Registry has it.
type Registry interface {
	Cluster(ctx context.Context, id string) (registry.Cluster, error)
	Clusters(ctx context.Context) ([]registry.Cluster, error)
	ClustersIn(ctx context.Context, codes ...string) ([]registry.Cluster, error)
}

// Store keeps the latest of every cluster, and what ran.
type Store interface {
	// SavePictures replaces the pictures of these clusters.
	SavePictures(ctx context.Context, p []Picture) error
	Pictures(ctx context.Context) ([]Picture, error)
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
}

// Filter chooses clusters; zero fields choose all.
type Filter struct {
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
	Limit   int       // 0: 1000
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
	changed  map[string]bool // not in the store yet
}

// New reads the last picture from the store. Nobody is online in it.
func New(o Options) (*Fleet, error) {
	if o.Store == nil || o.Registry == nil || o.Log == nil {
		return nil, errors.New("make fleet: Store, Registry and Log are required")
	}
	f := &Fleet{Options: o, pictures: map[string]Picture{}, changed: map[string]bool{}}
	kept, err := o.Store.Pictures(context.Background())
	if err != nil {
		return nil, fmt.Errorf("read pictures: %w", err)
	}
	for _, p := range kept {
		f.pictures[p.Cluster] = p
	}
	return f, nil
}

// saveEvery is how much of the picture a crash may lose. Boards tell their
// state again when they connect.
const saveEvery = time.Second

// Run keeps the picture in the store, until ctx ends; then once more.
func (f *Fleet) Run(ctx context.Context) error {
	every := time.NewTicker(saveEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return f.Save(context.WithoutCancel(ctx))
		case <-every.C:
			if err := f.Save(ctx); err != nil && ctx.Err() == nil {
				f.Log.Error("fleet: will try again", "error", err)
			}
		}
	}
}

// Save keeps what has changed since the last time.
func (f *Fleet) Save(ctx context.Context) error {
	f.mu.Lock()
	changed := f.changed
	f.changed = map[string]bool{}
	all := make([]Picture, 0, len(changed))
	for c := range changed {
		all = append(all, f.pictures[c])
	}
	f.mu.Unlock()
	if len(all) == 0 {
		return nil
	}
	if err := f.Store.SavePictures(ctx, all); err != nil {
		f.mu.Lock()
		for c := range changed {
			f.changed[c] = true
		}
		f.mu.Unlock()
		return fmt.Errorf("save pictures: %w", err)
	}
	return nil
}

// Clusters lists pictures by cluster, also of clusters that were never seen.
func (f *Fleet) Clusters(ctx context.Context, q Filter) ([]Picture, error) {
	var known []registry.Cluster
	var err error
	if len(q.Areas) > 0 {
		known, err = f.Registry.ClustersIn(ctx, q.Areas...)
	} else {
		known, err = f.Registry.Clusters(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
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
