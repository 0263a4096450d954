package orders_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"loa/central/orders"
	"loa/central/registry"
	"loa/central/storage"
	"loa/controller/protocol"
)

// keyOf is a private key that the same name always has.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicOf(name string) protocol.Key {
	return protocol.NewKey(keyOf(name).Public().(ed25519.PublicKey))
}

func person(name string) protocol.Person {
	return protocol.Person{ID: name, Name: name, Keys: []protocol.Key{publicOf(name)}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func refusedAs(t testing.TB, err error, want protocol.Reason) {
	t.Helper()
	if got := protocol.ReasonOf(err); got != want {
		t.Fatalf("got %v, want a refusal because of %s", err, want)
	}
}

// world is a corner of Lai Châu on a real database, with boards that judge by
// the very gate of real ones.
type world struct {
	*orders.Orders
	t    testing.TB
	path string
	db   *storage.DB
	reg  *registry.Registry
	net  *network
	key  ed25519.PrivateKey // of central; nil: the usual one
}

// Muong Te has two boards, Doan Ket one. Officers: lan and hai of Muong Te (hai
// has two keys), nam of Doan Ket; of the province: binh and chi, and phuc, who
// broadcasts. The root's administrators are admin-a, -b and -c.
func newWorld(t testing.TB) *world {
	made.Do(func() { made.db = makeWorld(t) })
	w := &world{t: t, path: filepath.Join(t.TempDir(), "loa.db"), net: &network{boards: map[string]*board{}}}
	must(t, os.WriteFile(w.path, made.db, 0o600))
	w.open()
	for _, id := range []string{"muong-te-01", "muong-te-02", "doan-ket-01"} {
		w.switchOn(id)
	}
	w.net.clear()
	return w
}

// made is the database of a new world: every test starts from a copy.
var made struct {
	sync.Once
	db []byte
}

func makeWorld(t testing.TB) []byte {
	w := &world{t: t, path: filepath.Join(t.TempDir(), "loa.db"), net: &network{boards: map[string]*board{}}}
	w.open()
	ctx := t.Context()
	must(t, w.reg.PutAreas(ctx, "test",
		registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
		registry.Area{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"},
		registry.Area{Code: "03433.01", Parent: "03433", Kind: registry.Village, NameVi: "Bản một"},
		registry.Area{Code: "03388", Parent: "12", Kind: registry.Ward, NameVi: "Đoàn Kết"},
		registry.Area{Code: "03390", Parent: "12", Kind: registry.Commune, NameVi: "Không cụm"},
	))
	for id, area := range map[string]string{"muong-te-01": "03433.01", "muong-te-02": "03433", "doan-ket-01": "03388"} {
		must(t, w.reg.AddClusters(ctx, "test", registry.Cluster{ID: id, Name: id, Area: area, Languages: []string{"vi"}}))
	}
	for name, role := range map[string]registry.Role{
		"lan": {Name: registry.Officer, Area: "03433"}, "hai": {Name: registry.Officer, Area: "03433"},
		"nam":  {Name: registry.Officer, Area: "03388"},
		"binh": {Name: registry.Officer, Area: "12"}, "chi": {Name: registry.Administrator, Area: "12"},
		"phuc": {Name: registry.Broadcaster, Area: "12"},
	} {
		must(t, w.reg.AddPerson(ctx, "test", registry.Person{ID: name, Name: name}))
		w.addKey(name, name)
		role.Person = name
		must(t, w.reg.GrantRole(ctx, "test", role))
	}
	w.addKey("hai", "hai's phone")
	w.addKey("chi", "chi's phone")

	w.setRoot(1)
	w.enact(w.draft(w.KeySet(ctx, "test")))
	for _, id := range []string{"muong-te-01", "muong-te-02", "doan-ket-01"} {
		w.enrol(id)
	}
	must(t, w.db.Close())
	db, err := os.ReadFile(w.path)
	must(t, err)
	return db
}

// open starts central on the database, again after close.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.db, err = storage.Open(w.path)
	must(w.t, err)
	db := w.db
	w.t.Cleanup(func() { db.Close() })
	w.reg = registry.New(w.db.Registry())
	if w.key == nil {
		w.key = keyOf("central")
	}
	w.Orders, err = orders.New(orders.Options{
		Store: w.db.Orders(), Registry: w.reg, Publisher: w.net, Key: w.key, Log: slog.New(slog.DiscardHandler),
	})
	must(w.t, err)
}

func (w *world) addKey(person, key string) {
	w.t.Helper()
	k := publicOf(key)
	_, err := w.reg.AddKey(w.t.Context(), "test", person, k.ID, registry.Scheme(k.Scheme), k.Public)
	must(w.t, err)
}

func rootOf(revision int64) protocol.Root {
	now := time.Now().UTC().Truncate(time.Second)
	return protocol.Root{
		Version: protocol.Version, Revision: revision, Issued: now, Expires: now.AddDate(5, 0, 0), Scopes: []string{"12"},
		Owners: []protocol.Person{person("owner-a"), person("owner-b"), person("owner-c")}, Threshold: 2,
		Administrators: []protocol.Person{person("admin-a"), person("admin-b"), person("admin-c")}, AdminThreshold: 2,
		WideAlert: 2,
	}
}

func signedRoot(t testing.TB, r protocol.Root, owners ...string) []byte {
	e, err := protocol.Draft(protocol.KindRoot, protocol.Live, r)
	must(t, err)
	for _, o := range owners {
		e.Sign(keyOf(o))
	}
	return encoded(t, e)
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	data, err := protocol.Encode(v)
	must(t, err)
	return data
}

func (w *world) setRoot(revision int64) {
	w.t.Helper()
	_, err := w.SetRoot(w.t.Context(), "test", signedRoot(w.t, rootOf(revision), "owner-a", "owner-b"))
	must(w.t, err)
}

func (w *world) draft(d orders.Draft, err error) orders.Draft {
	w.t.Helper()
	must(w.t, err)
	return d
}

func signature(d orders.Draft, key string) protocol.Signature {
	e := d.Envelope
	e.Signatures = nil
	e.Sign(keyOf(key))
	return e.Signatures[0]
}

func (w *world) sign(d orders.Draft, keys ...string) orders.Status {
	w.t.Helper()
	var s orders.Status
	for _, k := range keys {
		var err error
		if s, err = w.AddSignature(w.t.Context(), d.Hash, signature(d, k)); err != nil {
			w.t.Fatalf("%s signs %s: %v", k, d.Subject, err)
		}
	}
	return s
}

// enact has two administrators sign.
func (w *world) enact(d orders.Draft) {
	w.t.Helper()
	if s := w.sign(d, "admin-a", "admin-c"); s.State != orders.Sealed {
		w.t.Fatalf("%s is %s: %v", d.Subject, s.State, s.Lacks)
	}
}

// enrol goes the way that loa-central enrol goes.
func (w *world) enrol(cluster string) *board {
	w.t.Helper()
	ctx := w.t.Context()
	name := "board of " + cluster
	e, err := protocol.SealEnrolRequest(protocol.EnrolRequest{Version: protocol.Version, Board: publicOf(name), Host: cluster, Issued: time.Now()}, keyOf(name))
	must(w.t, err)
	request, d, err := w.Enrol(ctx, "test", cluster, encoded(w.t, e))
	must(w.t, err)
	serial := "abc" + request.Board.ID[:8]
	_, err = w.reg.Enrol(ctx, "test", cluster, request.Board.Public, serial)
	must(w.t, err)
	w.enact(d)
	return w.switchOn(cluster)
}

// switchOn gives an enrolled board what it is enrolled with, and connects it.
func (w *world) switchOn(cluster string) *board {
	w.t.Helper()
	ctx := w.t.Context()
	name := "board of " + cluster
	b := &board{t: w.t, cluster: cluster, key: keyOf(name), epoch: "first", online: true}
	b.reset()
	b.known.Enrolling = true
	root, keySet, placement, err := w.Trust(ctx, cluster)
	must(w.t, err)
	for _, e := range []protocol.Envelope{root, keySet, placement} {
		b.judge(encoded(w.t, e))
	}
	b.known.Enrolling = false
	b.told, b.sounds, b.order, b.next = nil, nil, nil, 1
	w.net.boards[cluster] = b
	w.hello(b)
	return b
}

// answer hands the receipts that boards have given to central.
func (w *world) answer() {
	w.t.Helper()
	for _, b := range w.net.boards {
		for _, r := range b.drain() {
			if err := w.Receipt(w.t.Context(), b.cluster, r); err != nil {
				w.t.Fatalf("receipt of %s: %v", b.cluster, err)
			}
		}
	}
}

func (w *world) hello(b *board) {
	w.t.Helper()
	must(w.t, w.Hello(w.t.Context(), b.cluster, encoded(w.t, b.hello())))
}

func (w *world) status(hash string) orders.Status {
	w.t.Helper()
	s, err := w.Status(w.t.Context(), hash)
	must(w.t, err)
	return s
}

// network is the broker without sockets: what is published reaches the boards
// that are online before Publish returns.
type network struct {
	mu     sync.Mutex
	boards map[string]*board
	sent   []message
}

type message struct {
	to   string // cluster, or area
	lane protocol.Lane
	data []byte
}

func (m message) String() string { return fmt.Sprintf("%s/%s (%d bytes)", m.to, m.lane, len(m.data)) }

func (n *network) ToCluster(cluster string, lane protocol.Lane, data []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent = append(n.sent, message{cluster, lane, bytes.Clone(data)})
	if b := n.boards[cluster]; b != nil && b.online {
		b.receive(lane, data)
	}
	return nil
}

func (n *network) ToArea(area string, data []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent = append(n.sent, message{area, protocol.LaneAlert, bytes.Clone(data)})
	for _, b := range n.boards {
		if b.online && b.known.Placement != nil && slices.Contains(b.known.Placement.Areas, area) {
			b.receive(protocol.LaneAlert, data)
		}
	}
	return nil
}

func (n *network) Online(cluster string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.boards[cluster] != nil && n.boards[cluster].online
}

func (n *network) clear() { n.sent = nil }

// count is how many messages went to one address on a lane.
func (n *network) count(to string, lane protocol.Lane) int {
	count := 0
	for _, m := range n.sent {
		if m.to == to && m.lane == lane {
			count++
		}
	}
	return count
}

// board judges by protocol.Open and keeps what a board keeps.
type board struct {
	t       testing.TB
	cluster string
	key     ed25519.PrivateKey
	online  bool
	epoch   string
	known   protocol.Known
	next    int64
	acked   int64
	told    [][]byte // receipts that central has not been given yet
	sounds  []string // subjects accepted, in their order
	order   []protocol.Kind
	refused []protocol.Reason
}

// reset forgets all but who it is: its storage was replaced.
func (b *board) reset() {
	b.known = protocol.Known{
		BoardKey: protocol.NewKey(b.key.Public().(ed25519.PublicKey)).ID, Epoch: b.epoch, Boot: "boot",
		Held: map[string]protocol.Held{}, Alerts: map[string]protocol.KnownAlert{}, Stops: map[string]bool{},
	}
	b.next, b.acked, b.told, b.sounds, b.order, b.refused = 1, 0, nil, nil, nil, nil
}

func (b *board) receive(lane protocol.Lane, data []byte) {
	if lane != protocol.LaneResync {
		b.judge(data)
		return
	}
	r, err := protocol.Decode[protocol.Resync](data)
	must(b.t, err)
	for _, e := range r.Orders {
		b.judge(encoded(b.t, e))
	}
}

func (b *board) judge(data []byte) {
	o, err := protocol.Open(data, b.known, protocol.Clock{Now: time.Now(), Trusted: true})
	if protocol.ReasonOf(err) == protocol.ReasonDuplicate {
		return
	}
	if err != nil {
		b.refused = append(b.refused, protocol.ReasonOf(err))
		e, kind, mode, bad := protocol.DecodeEnvelope(data)
		must(b.t, bad)
		b.tell(protocol.Receipt{Order: e.Hash(), Kind: kind, Mode: mode, Fate: protocol.FateRefused, Reason: protocol.ReasonOf(err), Detail: err.Error()})
		return
	}
	held := protocol.Held{Revision: o.Revision, Hash: o.Hash}
	switch d := o.Document.(type) {
	case *protocol.SignedTime:
		return
	case *protocol.Ack:
		b.acked = d.Sequence
		return
	case *protocol.Root:
		b.known.Root, b.known.Held[o.Subject] = d, held
	case *protocol.KeySet:
		b.known.KeySet, b.known.Held[o.Subject] = d, held
	case *protocol.Placement:
		b.known.Placement, b.known.Held[o.Subject] = d, held
	case *protocol.Alert:
		b.known.Alerts[o.Subject] = b.known.Alerts[o.Subject].Seen(d, o.Hash)
	case *protocol.Cancel:
		a := b.known.Alerts[o.Subject]
		a.Cancelled, a.CancelWide, a.CancelHash = true, a.CancelWide || o.Wide, o.Hash
		b.known.Alerts[o.Subject] = a
	case *protocol.Stop:
		b.known.Stops[o.Hash] = true
	case *protocol.Bulletin:
		b.known.Held[o.Subject+"/"+o.Hash], b.known.Held[o.Subject] = held, held
	default:
		b.known.Held[o.Subject] = held
	}
	b.sounds, b.order = append(b.sounds, o.Subject), append(b.order, o.Kind)
	b.tell(protocol.Receipt{Order: o.Hash, Kind: o.Kind, Mode: o.Mode, Subject: o.Subject, Fate: protocol.FateAccepted})
}

// tell numbers and signs a receipt, as a board does.
func (b *board) tell(r protocol.Receipt) {
	r.Version, r.Cluster, r.Epoch, r.Sequence = protocol.Version, b.cluster, b.epoch, b.next
	r.At, r.Clock = time.Now().UTC(), protocol.ClockTrusted
	b.next++
	b.told = append(b.told, b.seal(r))
}

func (b *board) seal(r protocol.Receipt) []byte {
	e, err := protocol.SealReceipt(r, b.key)
	must(b.t, err)
	return encoded(b.t, e)
}

func (b *board) drain() [][]byte {
	told := b.told
	b.told = nil
	return told
}

func (b *board) hello() protocol.Hello {
	h := protocol.Hello{
		Version: protocol.Version, Cluster: b.cluster, Agent: "test", Epoch: b.epoch, Boot: b.known.Boot, Clock: protocol.ClockTrusted,
		Held: map[string]protocol.Held{}, Cancelled: []string{}, Missing: []string{}, Next: b.next,
	}
	for subject, held := range b.known.Held {
		h.Held[subject] = held
	}
	for hash := range b.known.Stops {
		h.Held["stop/"+hash] = protocol.Held{Hash: hash}
	}
	for subject, a := range b.known.Alerts {
		if a.Cancelled {
			h.Cancelled = append(h.Cancelled, subject)
		}
		if a.Sequence > 0 {
			h.Held[subject] = protocol.Held{Revision: int64(a.Sequence), Hash: a.Hash}
		}
	}
	return h
}

// Documents.

func flood() protocol.Announcement {
	return protocol.Announcement{
		Hazard: "flood", Level: 3, Siren: protocol.Siren{Blasts: 2, Seconds: 10, Gap: 5}, Phrase: "flood",
		Messages: []protocol.Message{{Language: "vi", Text: "Lũ đang lên, di chuyển ngay lên chỗ cao."}}, Repetitions: 3, Pause: 5,
	}
}

func alertFor(mode protocol.Mode, areas ...string) orders.AlertWish {
	return orders.AlertWish{Mode: mode, Audience: areas, Lifetime: time.Hour, Announcement: flood()}
}

func bulletin(id string, areas ...string) protocol.Bulletin {
	now := time.Now().UTC().Truncate(time.Second)
	return protocol.Bulletin{
		ID: id, NotBefore: now, NotAfter: now.AddDate(0, 0, 30), Title: "Tin " + id, Class: "routine", Areas: areas,
		Audio: []protocol.SpokenVersion{{Language: "vi", Audio: protocol.Audio{SHA256: publicOf(id).ID + publicOf(id).ID, Bytes: 1000, Samples: 48000}}},
	}
}

func planFor(cluster string, bulletins ...string) protocol.Plan {
	now := time.Now().UTC().Truncate(time.Hour)
	p := protocol.Plan{Cluster: cluster, From: now, Until: now.AddDate(0, 0, 30), Zone: "Asia/Ho_Chi_Minh", Items: []protocol.Item{}}
	for _, hash := range bulletins {
		p.Items = append(p.Items, protocol.Item{
			ID: "i-" + hash[:8], Class: "routine", Start: now.Add(time.Hour).Format(protocol.LocalTime), Seconds: 60,
			Parts: []protocol.Part{{Sources: []protocol.Source{{Bulletin: hash, Language: "vi"}}}},
		})
	}
	return p
}

func alertID(d orders.Draft) string {
	parts := bytes.Split([]byte(d.Subject), []byte("/"))
	return string(parts[len(parts)-1])
}
