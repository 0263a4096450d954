package orders

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"loa/central/changes"
	"loa/central/registry"
	"loa/controller/protocol"
)

// mostChanged is how many changed orders are remembered: a reader that was away
// for longer looks at everything anew.
const mostChanged = 10_000

// Service is the person that central is in the key set.
const Service = "central"

// Errors that callers look at. A store returns the first two. What protocol
// refuses comes back as a *protocol.Refusal: see protocol.ReasonOf.
var (
	ErrNotFound = errors.New("not found")
	// ErrConflict says that another order with this subject and revision, or
	// another receipt with this number, is there already.
	ErrConflict = errors.New("conflict")
	// ErrNotReady says that something must be signed first: the root, the key
	// set, or the placement of a cluster.
	ErrNotReady = errors.New("not ready")
)

// Registry is what orders asks the registry; *registry.Registry has it.
type Registry interface {
	Path(ctx context.Context, code string) (registry.Path, error)
	Cluster(ctx context.Context, id string) (registry.Cluster, error)
	AreaCodes(ctx context.Context, cluster string) ([]string, error)
	Devices(ctx context.Context, cluster string) ([]registry.Device, error)
	Persons(ctx context.Context) ([]registry.Person, error)
	Keys(ctx context.Context, person string) ([]registry.Key, error)
	Roles(ctx context.Context, person string) ([]registry.Role, error)
}

// Publisher puts bytes on their way. Nothing rests on its success: an error is
// logged, and what was not received is sent again.
type Publisher interface {
	// ToCluster publishes to one board's lane.
	ToCluster(cluster string, lane protocol.Lane, payload []byte) error
	// ToArea publishes to the alert lane of an area: every board in it.
	ToArea(area string, payload []byte) error
	// Online reports whether the board is connected.
	Online(cluster string) bool
}

// Options are what Orders needs. All but RPID, Origins and
// Certificates are required.
type Options struct {
	Store     Store
	Registry  Registry
	Publisher Publisher
	Key       ed25519.PrivateKey // central's own: plans, times, acknowledgements
	// RPID and Origins say where authenticators' keys may be used. Without
	// them such keys are left out of a key set.
	RPID    string
	Origins []string
	// Certificates are those that Warnings looks after, too.
	Certificates []Certificate
	// Told is called with every receipt that was kept for the first time; it
	// must not wait. It may be nil.
	Told func(protocol.Receipt)
	Log  *slog.Logger
}

// Certificate is something of central's that expires.
type Certificate struct {
	Name    string // as in: the authority's certificate
	Expires time.Time
}

// Orders is the room's face. It can be used from many goroutines.
type Orders struct {
	Options
	sealing sync.Mutex // held from judging an order to its commit
	trust   trust
	intake  intake
	acks    acks
	greeted greeted
	changed changes.Log[string]
	// started is when this process began, settled when boards have had the time
	// to say what a central that was restored from a backup does not know.
	started, settled time.Time
}

// New reads the trust that is in force (root, key set, placements) from the
// store.
func New(o Options) (*Orders, error) {
	if o.Store == nil || o.Registry == nil || o.Publisher == nil || o.Log == nil {
		return nil, errors.New("make orders: Store, Registry, Publisher and Log are required")
	}
	if len(o.Key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("make orders: central's key has %d bytes, an ed25519 key has %d", len(o.Key), ed25519.PrivateKeySize)
	}
	all := &Orders{Options: o, started: time.Now().Truncate(time.Millisecond)} // as SealedAt is kept
	all.settled = all.started.Add(settleTime)
	all.changed.Most = mostChanged
	if err := all.trust.load(context.Background(), o.Store); err != nil {
		return nil, err
	}
	return all, nil
}

// Run sends what is due again and acknowledges receipts, until ctx ends. It
// returns nil then; what goes wrong meanwhile is logged and tried again.
func (o *Orders) Run(ctx context.Context) error {
	acks := time.NewTicker(ackEvery)
	defer acks.Stop()
	resend := time.NewTicker(resendEvery)
	defer resend.Stop()
	looked := time.Now()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-acks.C:
			err = o.acknowledge(ctx)
		case now := <-resend.C:
			if err = errors.Join(o.resend(ctx, now), o.noteOver(ctx, looked, now)); err == nil {
				looked = now
			}
		}
		if err != nil && ctx.Err() == nil {
			o.Log.Error("orders: will try again", "error", err)
		}
	}
}
