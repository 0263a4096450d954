package central

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"loa/central/broker"
	"loa/central/demo"
	"loa/central/fleet"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/central/storage"
	"loa/central/web"
	"loa/controller/protocol"
)

// Options are what a server needs.
type Options struct {
	Data    string   // folder of everything that must not be lost; it is made
	API     string   // host:port for people, TLS
	Broker  string   // host:port for boards, MQTT over TLS
	Audio   string   // host:port for boards, HTTPS
	Hosts   []string // names and addresses under which boards and people find this server
	Version string
	Log     *slog.Logger

	// Areas are provinces with their communes, for the first administrator to
	// choose from; what nobody chose is not added.
	Areas []registry.Area

	// Demo sets the folder up with people who do not exist; their keys lie in
	// it. Say, which may be nil, is told what is done, for a person who waits.
	Demo bool
	Say  func(step string)

	// Plain is a host:port for browsers on this very machine, without TLS; only
	// loopback is taken. Browsers trust that, and nobody has to click away that
	// they do not know this server's authority. Empty: none.
	Plain string

	// NoSelfTests leaves the nightly self-tests out of all plans.
	NoSelfTests bool
}

// Central is the server.
type Central struct {
	Options
	lock     *os.File // of the data folder
	db       *storage.DB
	shelf    *library.Shelf
	registry *registry.Registry
	library  *library.Library
	planner  *planner.Planner
	orders   *orders.Orders
	fleet    *fleet.Fleet
	broker   *broker.Broker
	demo     *demo.Demo // nil but in a demo
	api      *httpServer
	plain    *httpServer // nil: none
	audio    *httpServer
	replan   chan struct{}
	ending   chan struct{} // closed when Run is to end
}

// Addresses are where a server listens.
type Addresses struct {
	API    string `json:"api"`             // https://host:port
	Broker string `json:"broker"`          // host:port
	Audio  string `json:"audio"`           // https://host:port
	Plain  string `json:"plain,omitempty"` // http://host:port, on this machine
}

// Link is what somebody follows who has an invitation. What stands behind # is
// never sent with a GET, so it is in no log.
func (a Addresses) Link(invitation string) string {
	address := a.API
	if u, err := url.Parse(a.API); err == nil && a.Plain != "" {
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip.IsLoopback() {
			address = a.Plain // nobody elsewhere could follow either
		}
	}
	return address + "/welcome#" + invitation
}

// New opens everything and binds every address, so that a folder of a newer
// version or a port that is taken is an error now. Close gives it back if Run is
// never called.
func New(o Options) (c *Central, err error) {
	c = &Central{Options: o, replan: make(chan struct{}, 1), ending: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
			c = nil
		}
	}()
	key, lock, err := openData(o.Data, o.Demo)
	if err != nil {
		return c, err
	}
	c.lock = lock
	if c.db, err = storage.Open(filepath.Join(o.Data, database)); err != nil {
		return c, err
	}
	if c.shelf, err = library.NewShelf(library.ShelfOptions{Dir: filepath.Join(o.Data, "library")}); err != nil {
		return c, err
	}
	authority, err := broker.LoadOrCreate(filepath.Join(o.Data, "authority"))
	if err != nil {
		return c, err
	}
	c.registry = registry.New(c.db.Registry())
	c.library = library.New(c.db.Library(), c.shelf, o.Log)
	c.planner = planner.New(c.db.Planner())
	if err := c.openBroker(authority); err != nil {
		return c, err
	}
	if c.orders, err = orders.New(orders.Options{
		Store: c.db.Orders(), Registry: c.registry, Publisher: c.broker, Key: key, Log: o.Log,
		Certificates: []orders.Certificate{{Name: "the certificate of this server's authority", Expires: authority.Expires()}},
		Told:         func(r protocol.Receipt) { c.fleet.Told(r) },
	}); err != nil {
		return c, err
	}
	if c.fleet, err = fleet.New(fleet.Options{Store: c.db.Fleet(), Registry: c.registry, Log: o.Log}); err != nil {
		return c, err
	}
	if err := c.openDemo(); err != nil {
		return c, err
	}
	if err := c.openWeb(authority); err != nil {
		return c, err
	}
	if err := c.publish(authority.CAPEM()); err != nil {
		return c, err
	}
	return c, c.inviteToDemo()
}

func (c *Central) openBroker(authority *broker.Authority) error {
	tls, err := authority.ServerTLS(c.Hosts, c.admit)
	if err != nil {
		return err
	}
	c.broker, err = broker.New(broker.Options{
		Addr: c.Options.Broker, TLS: tls, AreasOf: c.areasOf, Deliver: c.deliver, Log: c.Log,
	})
	if err != nil {
		return taken(err, "broker")
	}
	if c.audio, err = listen(c.Options.Audio, tls, c.shelf, c.Log); err != nil {
		return taken(fmt.Errorf("serve audio: %w", err), "audio")
	}
	return nil
}

// taken adds a way out to an error that says that a port is another program's.
func taken(err error, flag string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: another program has that port; end it, or give another with --%s", err, flag)
	}
	return err
}

func (c *Central) openWeb(authority *broker.Authority) error {
	tls, err := authority.PeopleTLS(c.Hosts)
	if err != nil {
		return err
	}
	var confirm func(ctx context.Context, person string) error
	if c.demo != nil {
		confirm = c.demo.Confirm
	}
	api := web.New(web.Options{
		Registry: c.registry, Library: c.library, Planner: c.planner, Orders: c.orders, Fleet: c.fleet, Files: c.shelf,
		Certify: authority.IssueCluster, Authority: authority.CAPEM(),
		Broker: c.public(c.broker.Addr()), Audio: "https://" + c.public(c.audio.addr()),
		Planned: c.planned, Revoked: c.revoked, Version: c.Version, Log: c.Log, Ending: c.ending,
		Sessions: c.db.Sessions(web.SessionIdle), Console: web.Console(), Demo: c.Demo, Confirm: confirm, Areas: c.Areas,
	})
	if c.api, err = listen(c.API, tls, api, c.Log); err != nil {
		return taken(fmt.Errorf("serve the API: %w", err), "api")
	}
	if c.Plain == "" {
		return nil
	}
	if c.plain, err = listenPlain(c.Plain, api, c.Log); err != nil {
		return taken(fmt.Errorf("serve people on this machine: %w", err), "plain")
	}
	return nil
}

// public is an address as boards reach it: the first host, and the port bound.
func (c *Central) public(bound net.Addr) string {
	_, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return bound.String()
	}
	return net.JoinHostPort(c.Hosts[0], port)
}

// Addresses are those that New bound.
func (c *Central) Addresses() Addresses {
	at := Addresses{
		API:    "https://" + c.public(c.api.addr()),
		Broker: c.public(c.broker.Addr()),
		Audio:  "https://" + c.public(c.audio.addr()),
	}
	if c.plain != nil {
		at.Plain = "http://" + c.plain.addr().String()
	}
	return at
}

// Run serves until ctx ends, and closes everything. Its error is what ended it
// early, or could not be closed.
func (c *Central) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(ctx, func() { close(c.ending) })()
	var parts sync.WaitGroup
	run := func(name string, f func(context.Context) error) {
		parts.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	run("broker", c.broker.Run)
	run("orders", c.orders.Run)
	run("fleet", c.fleet.Run)
	run("plans", c.plan)
	run("warnings", c.warn)
	run("audio", c.audio.run)
	run("API", c.api.run)
	if c.plain != nil {
		run("people on this machine", c.plain.run)
	}
	if c.demo != nil {
		run("demo", c.demo.Run)
	}
	parts.Wait()
	err := c.Close()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return errors.Join(cause, err)
	}
	return err
}

// Close gives back what New opened, last in first out.
func (c *Central) Close() error {
	var errs []error
	for _, s := range []*httpServer{c.plain, c.api, c.audio} {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	if c.broker != nil {
		errs = append(errs, c.broker.Close())
	}
	if c.shelf != nil {
		errs = append(errs, c.shelf.Close())
	}
	if c.db != nil {
		errs = append(errs, c.db.Close())
	}
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
	}
	return errors.Join(errs...)
}

// admit lets a board in whose certificate is the one that its cluster has now.
func (c *Central) admit(cluster string, cert *x509.Certificate) error {
	devices, err := c.registry.Devices(context.Background(), cluster)
	if err != nil {
		return fmt.Errorf("ask for the board of %s: %w", cluster, err)
	}
	public, ok := cert.PublicKey.(ed25519.PublicKey)
	if ok && slices.ContainsFunc(devices, func(d registry.Device) bool {
		return d.RevokedAt.IsZero() && public.Equal(ed25519.PublicKey(d.Public)) && d.CertSerial == broker.Serial(cert)
	}) {
		return nil
	}
	return fmt.Errorf("certificate %s is not that of the board of %s", broker.Serial(cert), cluster)
}

// inService reports whether a cluster has a board that may speak for it: one
// that was revoked may still be connected, and may have said things before.
func (c *Central) inService(ctx context.Context, cluster string) error {
	devices, err := c.registry.Devices(ctx, cluster)
	if err != nil {
		return fmt.Errorf("ask for the board of %s: %w", cluster, err)
	}
	if !slices.ContainsFunc(devices, func(d registry.Device) bool { return d.RevokedAt.IsZero() }) {
		return fmt.Errorf("cluster %s has no board in service", cluster)
	}
	return nil
}

// revoked hangs up on a board that was revoked. It has no last word: what it
// says is not believed any more.
func (c *Central) revoked(cluster string) {
	c.broker.Disconnect(cluster)
	c.fleet.Gone(cluster)
}

// warnEvery is how often the log says what is about to expire.
const warnEvery = 24 * time.Hour

// warn logs what is about to expire, at the start and every day.
func (c *Central) warn(ctx context.Context) error {
	every := time.NewTicker(warnEvery)
	defer every.Stop()
	for {
		for _, w := range c.orders.Warnings(ctx, time.Now()) {
			c.Log.Warn(w)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// areasOf are the areas whose alerts a cluster may hear.
func (c *Central) areasOf(cluster string) []string {
	codes, err := c.registry.AreaCodes(context.Background(), cluster)
	if err != nil {
		c.Log.Error("ask for the areas of a cluster", "cluster", cluster, "error", err)
	}
	return codes
}

// deliver hands a board's message to the room that it is for.
func (c *Central) deliver(cluster string, lane protocol.Lane, payload []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := c.inService(ctx, cluster)
	switch {
	case err != nil:
	case lane == protocol.LaneHello:
		err = c.orders.Hello(ctx, cluster, payload)
	case lane == protocol.LaneReceipt:
		err = c.orders.Receipt(ctx, cluster, payload)
	case lane == protocol.LaneState:
		err = c.fleet.State(ctx, cluster, payload)
	case lane == protocol.LaneTelemetry:
		err = c.fleet.Telemetry(ctx, cluster, payload)
	}
	if err != nil {
		c.Log.Warn("message of a board", "cluster", cluster, "lane", string(lane), "error", err)
	}
}
