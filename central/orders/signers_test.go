package orders_test

import (
	"slices"
	"testing"

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
