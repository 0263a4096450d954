package pi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
	"loa/firmware/pi"
)

func TestInputDebounces(t *testing.T) {
	const ms = time.Millisecond
	type move struct {
		at     time.Duration
		active bool
	}
	tests := []struct {
		name string
		in   []move
		want []move
	}{
		{"nothing but that it is open", nil, nil},
		{"a press", []move{{ms * 500, true}, {ms * 900, false}}, []move{{ms * 500, true}, {ms * 900, false}}},
		{"a bouncing press is one, dated at its first edge",
			[]move{{ms * 500, true}, {ms * 505, false}, {ms * 511, true}, {ms * 900, false}, {ms * 902, true}, {ms * 903, false}},
			[]move{{ms * 500, true}, {ms * 900, false}}},
		{"a spike is none", []move{{ms * 500, true}, {ms * 510, false}}, nil},
		{"a contact made before Watch is told as made", []move{{0, true}}, []move{{0, true}}},
	}
	for _, activeLow := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s, active low %t", tt.name, activeLow), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newLine(t, gpio.Level(activeLow))
					in, err := pi.NewInput(l, pi.InputOptions{Name: "button", ActiveLow: activeLow})
					if err != nil {
						t.Fatal(err)
					}
					begin := time.Now()
					move1 := func(m move) {
						time.Sleep(time.Until(begin.Add(m.at)))
						l.drive(gpio.Level(m.active != activeLow))
					}
					moves := tt.in
					if len(moves) > 0 && moves[0].at == 0 {
						move1(moves[0])
						moves = moves[1:]
					}
					var got []move
					ended := make(chan error)
					go func() {
						ended <- in.Watch(t.Context(), func(p firmware.Press) {
							got = append(got, move{p.At.Sub(begin), p.Active})
						})
					}()
					for _, m := range moves {
						move1(m)
					}
					time.Sleep(2 * time.Second)
					if err := in.Close(); err != nil {
						t.Error(err)
					}
					if err := <-ended; !errors.Is(err, firmware.ErrClosed) {
						t.Errorf("Watch = %v, want ErrClosed", err)
					}
					want := tt.want
					if len(want) == 0 || want[0].at > 0 {
						want = append([]move{{0, false}}, want...) // where it is at the beginning
					}
					if !slices.Equal(got, want) {
						t.Errorf("reported %v, want %v", got, want)
					}
				})
			})
		}
	}
}

func TestInputReportsALostLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, gpio.High)
		in, err := pi.NewInput(l, pi.InputOptions{Name: "button", ActiveLow: true})
		if err != nil {
			t.Fatal(err)
		}
		presses := 0
		ended := make(chan error)
		go func() { ended <- in.Watch(t.Context(), func(firmware.Press) { presses++ }) }()
		time.Sleep(time.Second + 70*time.Millisecond) // late in a wait
		l.die()
		if err := <-ended; err == nil {
			t.Error("Watch on a dead line returned nil")
		}
		if presses != 1 {
			t.Errorf("a line that died was told %d times, want where it was at the beginning", presses)
		}
		if err := in.Watch(t.Context(), func(firmware.Press) { presses++ }); err == nil || presses != 1 {
			t.Errorf("Watch of a dead line = %v, and told %d times", err, presses-1)
		}
	})
}

func TestInputIsWatchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, err := pi.NewInput(newLine(t, gpio.Low), pi.InputOptions{Name: "button"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- in.Watch(ctx, func(firmware.Press) {}) }()
		synctest.Wait()
		if err := in.Watch(ctx, func(firmware.Press) {}); err == nil {
			t.Error("a second Watch at the same time returned nil")
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch = %v, want context.Canceled", err)
		}
	})
}

// The chip pulls a line to where its contact does not: a contact that opens to
// tell is not pulled to where it would tell for ever.
func TestInputPull(t *testing.T) {
	for _, tt := range []struct {
		activeLow, opens bool
		want             gpio.Level // of a line that nothing else drives
	}{
		{false, false, gpio.Low}, {true, false, gpio.High}, {false, true, gpio.High}, {true, true, gpio.Low},
	} {
		l := newLine(t, !tt.want)
		in, err := pi.NewInput(l, pi.InputOptions{Name: "door", ActiveLow: tt.activeLow, Opens: tt.opens})
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Read(); got != tt.want {
			t.Errorf("active low %t, opens %t: pulled to %v", tt.activeLow, tt.opens, got)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}
