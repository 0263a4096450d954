package boardtest

import (
	"errors"
	"slices"
	"testing"

	"loa/firmware"
)

func untouched(t *testing.T, b firmware.Board, p Probe) {
	wantEdges(t, p)
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wantEdges(t, p)
}

func setMovesOnce(t *testing.T, b firmware.Board, p Probe) {
	r := b.Outputs[0].Relays[0]
	set(t, r, false)
	wantEdges(t, p)
	set(t, r, true)
	set(t, r, true)
	wantEdges(t, p, Edge{0, 0, true})
	set(t, r, false)
	set(t, r, false)
	wantEdges(t, p, Edge{0, 0, true}, Edge{0, 0, false})
	set(t, r, true)
	wantEdges(t, p, Edge{0, 0, true}, Edge{0, 0, false}, Edge{0, 0, true})
}

func setAfterClose(t *testing.T, b firmware.Board, p Probe) {
	for _, o := range b.Outputs {
		for _, r := range o.Relays {
			if err := r.Close(); err != nil {
				t.Errorf("close relay: %v", err)
			}
			for _, closed := range []bool{true, false} {
				if err := r.Set(closed); !errors.Is(err, firmware.ErrClosed) {
					t.Errorf("Set(%t) after Close = %v, want ErrClosed", closed, err)
				}
			}
		}
	}
	wantEdges(t, p)
}

func closeReverses(t *testing.T, b firmware.Board, p Probe) {
	var want []Edge
	for i, o := range b.Outputs {
		for j, r := range o.Relays {
			set(t, r, true)
			want = append(want, Edge{i, j, true})
		}
	}
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	for i, o := range b.Outputs {
		for j := len(o.Relays) - 1; j >= 0; j-- {
			want = append(want, Edge{i, j, false})
		}
	}
	wantEdges(t, p, want...)
}

func closeTwice(t *testing.T, b firmware.Board, p Probe) {
	set(t, b.Outputs[0].Relays[0], true)
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	wantEdges(t, p, Edge{0, 0, true}, Edge{0, 0, false})
}

func relayFault(t *testing.T, b firmware.Board, p Probe) {
	r := b.Outputs[0].Relays[0]
	boom := errors.New("line cannot be driven")

	p.FailRelay(0, 0, boom)
	if err := r.Set(true); !errors.Is(err, boom) {
		t.Errorf("Set(true) on a broken line = %v, want %v", err, boom)
	}
	wantEdges(t, p)

	p.FailRelay(0, 0, nil)
	wantEdges(t, p)
	set(t, r, true)
	wantEdges(t, p, Edge{0, 0, true})

	p.FailRelay(0, 0, boom)
	if err := r.Set(false); !errors.Is(err, boom) {
		t.Errorf("Set(false) on a broken line = %v, want %v", err, boom)
	}
	p.FailRelay(0, 0, nil)
	set(t, r, false)
	wantEdges(t, p, Edge{0, 0, true}, Edge{0, 0, false})
}

func closeGoesOn(t *testing.T, b firmware.Board, p Probe) {
	last := len(b.Outputs[0].Relays) - 1
	set(t, b.Outputs[0].Relays[0], true)
	set(t, b.Outputs[0].Relays[last], true)
	boom := errors.New("line cannot be driven")
	p.FailRelay(0, last, boom) // the first that Close opens

	if err := b.Close(); !errors.Is(err, boom) {
		t.Errorf("close = %v, want %v", err, boom)
	}
	wantEdges(t, p, Edge{0, 0, true}, Edge{0, last, true}, Edge{0, 0, false})

	p.FailRelay(0, last, nil)
	if err := b.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
	wantEdges(t, p, Edge{0, 0, true}, Edge{0, last, true}, Edge{0, 0, false}, Edge{0, last, false})
}

func set(t *testing.T, r firmware.Relay, closed bool) {
	t.Helper()
	if err := r.Set(closed); err != nil {
		t.Errorf("Set(%t): %v", closed, err)
	}
}

func wantEdges(t *testing.T, p Probe, want ...Edge) {
	t.Helper()
	if got := p.Edges(); !slices.Equal(got, want) {
		t.Errorf("edges = %v, want %v", got, want)
	}
}
