package pi_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
	"loa/firmware/pi"
)

// contactor is a relay whose auxiliary contact follows it, while it is not broken.
type contactor struct {
	*pi.CheckedRelay
	coil, aux *line
	broken    atomic.Bool
	w         overheard
}

func newContactor(t *testing.T, late time.Duration) *contactor {
	x := &contactor{coil: newLine(t, gpio.Low), aux: newLine(t, gpio.High)}
	x.coil.moves = func(level gpio.Level) {
		time.AfterFunc(late, func() {
			if !x.broken.Load() {
				x.aux.drive(!level) // active low
			}
		})
	}
	r, err := pi.NewRelay("amplifier", x.coil, false)
	must(t, err)
	in, err := pi.NewInput(x.aux, pi.InputOptions{Name: "amplifier", ActiveLow: true})
	must(t, err)
	x.CheckedRelay = pi.CheckRelay("amplifier", r, in)
	t.Cleanup(func() { must(t, x.Close()) })
	if name := x.Monitor().Name(); name != "relay amplifier" {
		t.Errorf("its monitor is %q", name)
	}
	x.w.watch(t, x.Monitor())
	time.Sleep(time.Second)
	return x
}

func TestFeedback(t *testing.T) {
	const stuck, idle = "its contact is still closed after it was opened", "its contact did not close"
	for _, tt := range []struct {
		name string
		late time.Duration
		do   func(t *testing.T, x *contactor)
		want []string
	}{
		{"a contact that follows", 20 * time.Millisecond, func(t *testing.T, x *contactor) {
			for range 5 {
				must(t, x.Set(true))
				time.Sleep(time.Second)
				must(t, x.Set(false))
				time.Sleep(time.Second)
			}
		}, nil},
		{"a contact that takes its time", 200 * time.Millisecond, func(t *testing.T, x *contactor) { must(t, x.Set(true)) }, nil},
		{"a contact that is late is told until it comes", 500 * time.Millisecond, func(t *testing.T, x *contactor) { must(t, x.Set(true)) }, []string{idle, ""}},
		{"a contact that is welded", 0, func(t *testing.T, x *contactor) {
			must(t, x.Set(true))
			time.Sleep(time.Second)
			x.broken.Store(true)
			must(t, x.Set(false)) // it is no error
			time.Sleep(240 * time.Millisecond)
			x.w.want(t)
			time.Sleep(20 * time.Millisecond)
			x.w.want(t, stuck)
			x.aux.drive(gpio.High)
		}, []string{stuck, ""}},
		{"a coil that is dead", 0, func(t *testing.T, x *contactor) {
			x.broken.Store(true)
			must(t, x.Set(true))
			time.Sleep(time.Second)
			x.w.want(t, idle)
			must(t, x.Set(false))
		}, []string{idle, ""}},
		{"commands in quick turn", 20 * time.Millisecond, func(t *testing.T, x *contactor) {
			for i := range 50 {
				must(t, x.Set(i%2 == 0))
				time.Sleep(10 * time.Millisecond)
			}
			must(t, x.Set(false))
		}, nil},
		{"a contact that closes by itself", 0, func(t *testing.T, x *contactor) { x.aux.drive(gpio.Low) }, []string{stuck}},
		{"a relay that cannot be driven tells by its error", 0, func(t *testing.T, x *contactor) {
			x.coil.fail(errors.New("no such line"))
			if err := x.Set(true); err == nil {
				t.Error("Set of a broken line returned nil")
			}
			time.Sleep(time.Second)
			x.coil.fail(nil)
		}, nil},
		{"a feedback that is lost", 0, func(t *testing.T, x *contactor) {
			must(t, x.Set(true))
			time.Sleep(time.Second)
			x.aux.die()
			time.Sleep(2 * time.Second)
			must(t, x.Set(false)) // it is no error
			must(t, x.Set(true))
		}, []string{"its feedback cannot be read: watch input amplifier: line is lost"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newContactor(t, tt.late)
				tt.do(t, x)
				time.Sleep(2 * time.Second)
				x.w.want(t, tt.want...)
			})
		})
	}
}

// A contact that was welded before the board started is told, too.
func TestFeedbackAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		aux := newLine(t, gpio.Low)
		r, err := pi.NewRelay("amplifier", newLine(t, gpio.Low), false)
		must(t, err)
		in, err := pi.NewInput(aux, pi.InputOptions{Name: "amplifier"})
		must(t, err)
		aux.drive(gpio.High)
		x := pi.CheckRelay("amplifier", r, in)
		defer func() { must(t, x.Close()) }()
		var w overheard
		w.watch(t, x.Monitor())
		time.Sleep(time.Second)
		w.want(t, "its contact is still closed after it was opened")
	})
}

// An input that cannot be had is asked for again by each Watch.
func TestLateInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := errors.New("device or resource busy")
		var lines []*line
		l := pi.NewLateInput(pi.InputOptions{Name: "door", Use: firmware.CabinetDoor}, func(o pi.InputOptions) (*pi.Input, error) {
			if busy != nil {
				return nil, busy
			}
			lines = append(lines, newLine(t, gpio.Low))
			return pi.NewInput(lines[len(lines)-1], o)
		})
		if l.Name() != "door" || l.Use() != firmware.CabinetDoor {
			t.Errorf("it is %s for %s", l.Name(), l.Use())
		}
		if err := l.Watch(t.Context(), nil); !errors.Is(err, busy) {
			t.Errorf("Watch of a busy line = %v", err)
		}
		busy = nil
		var got []bool
		watch := func() chan error {
			ended := make(chan error, 1)
			go func() {
				ended <- l.Watch(t.Context(), func(p firmware.Press) { got = append(got, p.Active) })
			}()
			time.Sleep(time.Second)
			synctest.Wait()
			return ended
		}
		ended := watch()
		lines[0].die()
		if err := <-ended; err == nil {
			t.Error("Watch of a lost line returned nil")
		}
		if lines[0].closed == 0 {
			t.Error("a lost line was kept")
		}
		ended = watch()
		lines[1].drive(gpio.High)
		time.Sleep(time.Second)
		for range 2 {
			must(t, l.Close())
		}
		if err := <-ended; !errors.Is(err, firmware.ErrClosed) {
			t.Errorf("Watch = %v, want ErrClosed", err)
		}
		if want := []bool{false, false, true}; !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		if err := l.Watch(context.Background(), nil); !errors.Is(err, firmware.ErrClosed) {
			t.Errorf("Watch after Close = %v, want ErrClosed", err)
		}
	})
}
