package pi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
	"loa/firmware/pi"
)

// A relay must not click when it is opened.
func TestRelayMovesOnlyWhenTold(t *testing.T) {
	for _, activeLow := range []bool{false, true} {
		contact := func(l gpio.Level) string {
			if (l == gpio.High) != activeLow {
				return "closed"
			}
			return "open"
		}
		openLevel := gpio.Level(activeLow)
		tests := []struct {
			name  string
			start gpio.Level // what a pull, or a process before, left
			do    func(*pi.Relay) error
			want  []string
		}{
			{"opened", openLevel, func(*pi.Relay) error { return nil }, nil},
			{"opened where it was left closed", !openLevel, func(*pi.Relay) error { return nil }, []string{"open"}},
			{"opened and opened", openLevel, func(r *pi.Relay) error { return r.Set(false) }, nil},
			{"closed", openLevel, func(r *pi.Relay) error { return r.Set(true) }, []string{"closed"}},
			{"closed twice", openLevel, func(r *pi.Relay) error { return errors.Join(r.Set(true), r.Set(true)) }, []string{"closed"}},
			{"closed, opened, closed", openLevel, func(r *pi.Relay) error {
				return errors.Join(r.Set(true), r.Set(false), r.Set(true))
			}, []string{"closed", "open", "closed"}},
			{"never closed and ended", openLevel, (*pi.Relay).Close, nil},
			{"closed and ended", openLevel, func(r *pi.Relay) error { return errors.Join(r.Set(true), r.Close(), r.Close()) }, []string{"closed", "open"}},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s, active low %t", tt.name, activeLow), func(t *testing.T) {
				l := newLine(t, tt.start)
				var got []string
				l.moves = func(level gpio.Level) { got = append(got, contact(level)) }
				r, err := pi.NewRelay("mains", l, activeLow)
				if err != nil {
					t.Fatal(err)
				}
				if err := tt.do(r); err != nil {
					t.Error(err)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("the contact moved %v, want %v", got, tt.want)
				}
			})
		}
	}
}

func TestRelayOpensAfterAnError(t *testing.T) {
	boom := errors.New("line cannot be driven")
	for _, activeLow := range []bool{false, true} {
		t.Run(fmt.Sprintf("active low %t", activeLow), func(t *testing.T) {
			l := newLine(t, gpio.Level(activeLow))
			r, err := pi.NewRelay("mains", l, activeLow)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Set(true); err != nil {
				t.Fatal(err)
			}
			l.fail(boom)
			if err := r.Set(false); !errors.Is(err, boom) {
				t.Errorf("Set(false) = %v, want %v", err, boom)
			}
			if err := r.Close(); !errors.Is(err, boom) {
				t.Errorf("Close = %v, want %v", err, boom)
			}
			l.fail(nil)
			if err := r.Set(true); !errors.Is(err, firmware.ErrClosed) {
				t.Errorf("Set(true) after Close = %v, want ErrClosed", err)
			}
			if err := r.Close(); err != nil {
				t.Errorf("Close on a healed line: %v", err)
			}
			if l.level != gpio.Level(activeLow) {
				t.Error("the contact is still closed")
			}
		})
	}
}

// A level that was refused may have reached the wire all the same; the relay has
// to take that back.
func TestRelayTakesBackHalfACommand(t *testing.T) {
	l := newLine(t, gpio.High)
	var moves []gpio.Level
	l.moves = func(level gpio.Level) { moves = append(moves, level) }
	r, err := pi.NewRelay("mains", l, true)
	if err != nil {
		t.Fatal(err)
	}
	l.refuse = errors.New("value refused")
	if err := r.Set(true); !errors.Is(err, l.refuse) {
		t.Errorf("Set(true) = %v, want %v", err, l.refuse)
	}
	if want := []gpio.Level{gpio.Low, gpio.High}; !slices.Equal(moves, want) {
		t.Errorf("the line moved %v, want %v", moves, want)
	}
}

func TestNewRelayGivesUpALineItCannotDrive(t *testing.T) {
	for _, activeLow := range []bool{false, true} {
		l := newLine(t, gpio.Level(activeLow))
		l.fail(errors.New("device or resource busy"))
		if _, err := pi.NewRelay("mains", l, activeLow); err == nil || !strings.Contains(err.Error(), "open relay mains") {
			t.Errorf("NewRelay on a busy line = %v", err)
		}
		if l.closed != 1 {
			t.Errorf("the line was given back %d times, want 1", l.closed)
		}
	}
}

// Whether this machine has GPIO or not, a chip of this label is not on it.
func TestOpenNamesWhatIsMissing(t *testing.T) {
	_, err := pi.OpenRelay(pi.RelayOptions{Name: "mains", Chip: "no-such-chip", Line: "GPIO17"})
	if err == nil || !strings.Contains(err.Error(), "open relay mains: ") {
		t.Errorf("OpenRelay = %v", err)
	}
	_, err = pi.OpenInput(pi.InputOptions{Name: "button", Chip: "no-such-chip", Line: "27"})
	if err == nil || !strings.Contains(err.Error(), "open input button: ") {
		t.Errorf("OpenInput = %v", err)
	}
}
