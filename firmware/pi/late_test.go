package pi_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"loa/firmware"
	"loa/firmware/pi"
)

// overheard gathers what a monitor tells.
type overheard struct {
	mu  sync.Mutex
	all []string
}

func (w *overheard) watch(t *testing.T, m firmware.Monitor) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Watch(ctx, func(what string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.all = append(w.all, what)
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// want compares what was told with the beginnings, or words within, of what
// should have been.
func (w *overheard) want(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.EqualFunc(w.all, want, func(got, want string) bool {
		return got == want || want != "" && strings.Contains(got, want)
	}) {
		t.Errorf("told %q, want %q", w.all, want)
	}
}

// A sensor that is absent is told, and comes by itself.
func TestLateSensor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wires := newBus()
		var tries atomic.Int32
		l := pi.OpenLate("coil", firmware.Current, 0.1, func() (*pi.Sensor, error) {
			tries.Add(1)
			return pi.NewINA226(wires, coil())
		})
		defer func() { must(t, l.Close()) }()
		var w overheard
		w.watch(t, l.Monitor())
		if l.Monitor().Name() != "sensor coil" || l.Name() != "coil" || l.Quantity() != firmware.Current || l.Noise() != 0.1 {
			t.Errorf("it is %s, %s of %s with noise %v", l.Monitor().Name(), l.Name(), l.Quantity(), l.Noise())
		}
		time.Sleep(95 * time.Second)
		if tries.Load() != 4 {
			t.Errorf("opened %d times in 95 s, want every 30 s", tries.Load())
		}
		if _, err := l.Envelope(t.Context(), time.Now(), 1); err == nil || !strings.Contains(err.Error(), "read sensor coil: open sensor coil: INA226 at 0x40 on ") {
			t.Errorf("Envelope of an absent sensor: %v", err)
		}
		wires.alter(func() { wires.chips[0x40] = newINA226(steady(2 * shunt)) })
		time.Sleep(30 * time.Second)
		from := time.Now().Add(-2 * time.Second)
		readings, err := l.Envelope(t.Context(), from, 5)
		if err != nil || readings[2] < 1.9 || readings[2] > 2.1 {
			t.Errorf("Envelope = %v, %v", readings, err)
		}
		if l.Noise() == 0.1 {
			t.Error("the noise is not the sensor's own")
		}
		w.want(t, "INA226 at 0x40 on /dev/i2c-7: ", "")
		if tries.Load() != 5 {
			t.Errorf("opened %d times", tries.Load())
		}
	})
}

func TestLateSensorIsClosed(t *testing.T) {
	for name, chip := range map[string]*tiChip{"while absent": nil, "while there": newINA226(steady(2 * shunt))} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wires := newBus()
				if chip != nil {
					wires.chips[0x40] = chip
				}
				l := pi.OpenLate("coil", firmware.Current, 0, func() (*pi.Sensor, error) { return pi.NewINA226(wires, coil()) })
				time.Sleep(time.Second)
				for range 2 {
					must(t, l.Close())
				}
				if _, err := l.Envelope(t.Context(), time.Now(), 1); !errors.Is(err, firmware.ErrClosed) {
					t.Errorf("Envelope after Close: %v", err)
				}
			})
		})
	}
}
