package orders_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

// What was drafted before a revocation and is sealed after it would undo it.
func TestAKeySetThatTheRegistryMovedOnFrom(t *testing.T) {
	for name, change := range map[string]func(w *world) error{
		"nothing":       func(*world) error { return nil },
		"a revoked key": func(w *world) error { return w.reg.RevokeKey(t.Context(), "test", publicOf("lan").ID) },
		"a retired key": func(w *world) error { return w.reg.RetireKey(t.Context(), "test", publicOf("hai's phone").ID) },
		"a role": func(w *world) error {
			return w.reg.GrantRole(t.Context(), "test", registry.Role{Person: "nam", Name: registry.Officer, Area: "03390"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.draft(w.KeySet(t.Context(), "test"))
			w.sign(d, "admin-a")
			must(t, change(w))
			_, err := w.AddSignature(t.Context(), d.Hash, signature(d, "admin-b"))
			if name == "nothing" {
				must(t, err)
				return
			}
			is(t, err, orders.ErrConflict)
			w.enact(w.draft(w.KeySet(t.Context(), "test")))
		})
	}
}

func TestAPlacementThatTheRegistryMovedOnFrom(t *testing.T) {
	const id = "muong-te-01"
	edit := func(w *world, change func(c *registry.Cluster)) error {
		c, err := w.reg.Cluster(w.t.Context(), id)
		must(w.t, err)
		change(&c)
		return w.reg.UpdateCluster(w.t.Context(), "test", c)
	}
	for name, change := range map[string]func(w *world) error{
		"nothing": func(*world) error { return nil },
		"area":    func(w *world) error { return edit(w, func(c *registry.Cluster) { c.Area = "03388" }) },
		"languages": func(w *world) error {
			return edit(w, func(c *registry.Cluster) { c.Languages = []string{"hmn", "vi"} })
		},
		"neighbours": func(w *world) error {
			return edit(w, func(c *registry.Cluster) { c.Neighbours = []string{"muong-te-02"} })
		},
		"board": func(w *world) error {
			return w.reg.RevokeDevice(t.Context(), "test", publicOf("board of "+id).ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.draft(w.Placement(t.Context(), "test", id))
			w.sign(d, "admin-a")
			must(t, change(w))
			_, err := w.AddSignature(t.Context(), d.Hash, signature(d, "admin-b"))
			if name == "nothing" {
				must(t, err)
			} else {
				is(t, err, orders.ErrConflict)
			}
		})
	}
}

// Central's key file was replaced: the old key is revoked in every later key
// set, and plans that it signed are made anew.
func TestFormerKeysOfCentralAreRevoked(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.net.boards["muong-te-01"]
	_, err := w.SendPlan(ctx, planFor(b.cluster))
	must(t, err)
	for _, name := range []string{"central 2", "central 3"} {
		must(t, w.db.Close())
		w.key = keyOf(name)
		w.open()
		w.enact(w.draft(w.KeySet(ctx, "test")))
	}
	own := b.known.KeySet.Persons[len(b.known.KeySet.Persons)-1]
	var revoked []bool
	for _, k := range own.Keys {
		revoked = append(revoked, k.Revoked)
	}
	if !slices.Equal(revoked, []bool{false, true, true}) || own.Keys[0].ID != publicOf("central 3").ID {
		t.Fatalf("central in the key set: %+v", own)
	}
	if _, err := w.SendPlan(ctx, planFor(b.cluster)); err != nil || b.known.Held["plan"].Revision != 2 || len(b.refused) > 0 {
		t.Errorf("the board has plan %d, refused %v: %v", b.known.Held["plan"].Revision, b.refused, err)
	}
	e, err := protocol.SealService(protocol.KindPlan, planFor(b.cluster), keyOf("central"))
	must(t, err)
	b.judge(encoded(t, e))
	if len(b.refused) != 1 {
		t.Error("the board takes plans by the old key")
	}
}

func TestWarnings(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	if got := w.Warnings(t.Context(), now); len(got) != 0 {
		t.Errorf("warnings today: %q", got)
	}
	for days, want := range map[int]string{
		300: "", 310: "the key set expires on ", 370: "the key set expired on ", 5*365 - 30: "the root expires on ",
	} {
		got := strings.Join(w.Warnings(t.Context(), now.AddDate(0, 0, days)), "\n")
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("in %d days: %q, want %q", days, got, want)
		}
	}
	o, err := orders.New(orders.Options{
		Store: w.db.Orders(), Registry: w.reg, Publisher: w.net, Key: keyOf("central"), Log: w.Log,
		Certificates: []orders.Certificate{{Name: "the authority's certificate", Expires: now.AddDate(0, 0, 59)}, {Name: "another", Expires: now.AddDate(0, 0, 61)}},
	})
	must(t, err)
	if got := o.Warnings(t.Context(), now); len(got) != 1 || !strings.HasPrefix(got[0], "the authority's certificate expires on ") {
		t.Errorf("certificates: %q", got)
	}
}

// A revoked board may still be connected; it is told nothing and believed
// nothing.
func TestHelloOfARevokedBoard(t *testing.T) {
	w := newWorld(t)
	b := w.net.boards["muong-te-01"]
	must(t, w.reg.RevokeDevice(t.Context(), "test", publicOf("board of muong-te-01").ID))
	b.known.Boot = "after"
	is(t, w.Hello(t.Context(), b.cluster, encoded(t, b.hello())), orders.ErrNotReady)
	g, err := w.Greeting(t.Context(), b.cluster)
	must(t, err)
	if g.Hello.Boot == "after" || len(w.net.sent) > 0 {
		t.Errorf("kept %+v, sent %v", g.Hello, w.net.sent)
	}
}
