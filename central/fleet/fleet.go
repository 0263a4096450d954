package fleet

import (
	"context"
	"errors"
	"log/slog"
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
}

// New reads the last picture from the store. Nobody is online in it.
func New(o Options) (*Fleet, error) {
	if o.Store == nil || o.Registry == nil || o.Log == nil {
		return nil, errors.New("make fleet: Store, Registry and Log are required")
	}
	return &Fleet{Options: o}, nil
}

// Run keeps the picture in the store, until ctx ends; then once more.
func (f *Fleet) Run(ctx context.Context) error { return nil }

// State takes a board's retained state, or its last will. The error says what
// is wrong with it: too large, not readable, another cluster's.
func (f *Fleet) State(ctx context.Context, cluster string, payload []byte) error { return nil }

// Telemetry takes a board's figures. The error is as State's.
func (f *Fleet) Telemetry(ctx context.Context, cluster string, payload []byte) error { return nil }

// Clusters lists pictures by cluster, also of clusters that were never seen.
func (f *Fleet) Clusters(ctx context.Context, q Filter) ([]Picture, error) { return nil, nil }

// Picture is that of one cluster; registry.ErrNotFound for an unknown one.
func (f *Fleet) Picture(ctx context.Context, cluster string) (Picture, error) {
	return Picture{}, nil
}

// OnAir is what sounds now on the boards that answer to at least one of the
// areas, per cluster, as a stop names it. Clusters that are silent are left out.
func (f *Fleet) OnAir(ctx context.Context, areas ...string) (map[string][]protocol.Target, error) {
	return nil, nil
}

// Runs lists what ran, the last first.
func (f *Fleet) Runs(ctx context.Context, q RunQuery) ([]Run, error) { return nil, nil }
