package orders_test

import (
	"slices"
	"testing"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

func TestSignersAreThoseWhomBoardsCount(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name     string
		audience []string
		want     []string
	}{
		{"a commune: its officers, and the province's people", []string{"03433"}, []string{"binh", "chi", "hai", "lan", "phuc"}},
		{"a village: the same", []string{"03433.01"}, []string{"binh", "chi", "hai", "lan", "phuc"}},
		{"another commune", []string{"03388"}, []string{"binh", "chi", "nam", "phuc"}},
		{"the province: no officer of a commune", []string{"12"}, []string{"binh", "chi", "phuc"}},
		{"two communes are as wide", []string{"03433", "03388"}, []string{"binh", "chi", "phuc"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, mode := range []protocol.Mode{protocol.Live, protocol.Drill} {
				got, err := w.Signers(t.Context(), mode, c.audience)
				must(t, err)
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: got %v, want %v", mode, got, c.want)
				}
				// Each of them is counted, and nobody else.
				for _, id := range []string{"binh", "chi", "hai", "lan", "nam", "phuc"} {
					d := w.draft(w.Alert(t.Context(), "test", alertFor(mode, c.audience...)))
					_, err := w.AddSignature(t.Context(), d.Hash, signature(d, id))
					if counted := err == nil; counted != slices.Contains(c.want, id) {
						t.Errorf("%s: %s is counted: %v (%v)", mode, id, counted, err)
					}
				}
			}
		})
	}
}

func TestNobodySignsWithoutAKey(t *testing.T) {
	w := newWorld(t)
	must(t, w.reg.RetireKey(t.Context(), "test", publicOf("nam").ID))
	w.enact(w.draft(w.KeySet(t.Context(), "test")))
	got, err := w.Signers(t.Context(), protocol.Live, []string{"03388"})
	must(t, err)
	if !slices.Equal(got, []string{"binh", "chi", "phuc"}) {
		t.Errorf("got %v", got)
	}
}

// What the registry knows counts before boards do: a key that was ended or a role
// that was taken signs nothing more that sounds, alone or along with others; what
// ends sound goes through.
func TestWhoLostTheRight(t *testing.T) {
	for name, tt := range map[string]struct {
		lose func(w *world) error
		want protocol.Reason
	}{
		"role taken": {func(w *world) error {
			return w.reg.TakeRole(t.Context(), "test", registry.Role{Person: "hai", Name: registry.Officer, Area: "03433"})
		}, protocol.ReasonNotAuthorised},
		"key retired": {func(w *world) error { return w.reg.RetireKey(t.Context(), "test", publicOf("hai").ID) }, protocol.ReasonRevoked},
		"key revoked": {func(w *world) error { return w.reg.RevokeKey(t.Context(), "test", publicOf("hai").ID) }, protocol.ReasonRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			running := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
			w.sign(running, "hai")
			d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
			must(t, tt.lose(w))
			_, err := w.AddSignature(t.Context(), d.Hash, signature(d, "hai"))
			refusedAs(t, err, tt.want)
			e := d.Envelope
			e.Sign(keyOf("lan"))
			e.Sign(keyOf("hai"))
			_, err = w.Submit(t.Context(), "lan", encoded(t, e))
			refusedAs(t, err, tt.want)
			if s := w.status(d.Hash); s.State != orders.Gathering || len(s.Signed) != 0 {
				t.Fatalf("status %+v", s)
			}
			c := w.draft(w.Cancel(t.Context(), "lan", protocol.Live, alertID(running)))
			if s := w.sign(c, "hai"); s.State != orders.Sealed {
				t.Errorf("cancel %+v", s)
			}
			if s := w.sign(d, "lan"); s.State != orders.Sealed {
				t.Errorf("who still may: %+v", s)
			}
		})
	}
	// What stands in the way of a key set does not stand in the way of an alert.
	w := newWorld(t)
	must(t, w.reg.AddPerson(t.Context(), "test", registry.Person{ID: orders.Service, Name: "x"}))
	if s := w.sign(w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433"))), "lan"); s.State != orders.Sealed {
		t.Errorf("status %+v", s)
	}
}
