package playout_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
)

const unfit = "sensor grid: about 260 V"

// On a supply that is not fit only an emergency closes relays.
func TestUnfitSupply(t *testing.T) {
	for _, class := range []schedule.Class{schedule.Routine, schedule.Priority} {
		t.Run(class.String()+" is refused", func(t *testing.T) {
			perform(t, nil, time.Hour, func(s *stage) {
				s.Supply(unfit)
				s.set(cue("a", class, siren(time.Second)))
				s.pass(time.Minute)
				s.wantEdges("")
				s.wantKinds("failed")
				if e := s.one(playout.Failed); !errors.Is(e.Err, playout.ErrMains) || !strings.Contains(e.Err.Error(), unfit) {
					t.Errorf("failed: %v", e.Err)
				}
				s.Supply("")
				s.pass(time.Minute)
				s.wantEdges("") // what has failed does not begin by itself
				s.set(cue("b", class, siren(time.Second)))
				s.pass(time.Minute)
				s.wantKinds("failed, closed, started, sounding, finished, opened")
			})
		})
		t.Run(class.String()+" on air is ended", func(t *testing.T) {
			perform(t, nil, time.Hour, func(s *stage) {
				s.set(cue("a", class, siren(time.Minute)))
				s.pass(5 * time.Second)
				s.Supply(unfit)
				s.pass(time.Minute)
				s.wantEdges("mains on 0s, amp on 0s, amp off 5.02s, mains off 5.02s")
				s.wantKinds("closed, started, sounding, failed, opened")
				if e := s.one(playout.Failed); !errors.Is(e.Err, playout.ErrMains) {
					t.Errorf("failed: %v", e.Err)
				}
			})
		})
	}
	t.Run("in the warm-up", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			s.set(cue("a", schedule.Routine, siren(time.Minute)))
			s.pass(300 * time.Millisecond)
			s.Supply(unfit)
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 300ms, mains off 300ms")
			s.wantKinds("closed, failed, opened")
		})
	})
	t.Run("while the last samples leave", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			s.set(cue("a", schedule.Routine, siren(time.Second)))
			s.pass(warmUp + 900*time.Millisecond)
			s.Supply(unfit)
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 1.6s, mains off 1.6s")
			s.wantKinds("closed, started, sounding, failed, opened")
		})
	})
	t.Run("in the tail", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			s.set(cue("a", schedule.Routine, siren(time.Second)))
			s.pass(warmUp + time.Second + tail/2)
			s.Supply(unfit)
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 1.9s, mains off 1.9s")
			s.wantKinds("closed, started, sounding, finished, opened")
		})
	})
	t.Run("an emergency sounds, and goes on", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			s.Supply("")
			s.set(cue("a", schedule.Emergency, siren(10*time.Second)))
			s.pass(time.Second)
			s.Supply(unfit)
			s.pass(time.Minute)
			s.set(cue("b", schedule.Emergency, siren(time.Second)))
			s.pass(time.Minute)
			s.wantKinds("closed, started, sounding, finished, opened, closed, started, sounding, finished, opened")
		})
	})
	t.Run("an emergency takes over from what is ended", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			s.set(cue("a", schedule.Routine, siren(time.Minute)))
			s.pass(5 * time.Second)
			s.Supply(unfit)
			s.set(cue("b", schedule.Emergency, siren(time.Second)))
			s.pass(time.Minute)
			e := s.all(playout.Finished)
			if len(e) != 1 || e[0].Cue != "b" {
				t.Errorf("events:\n%s", s.story())
			}
		})
	})
	t.Run("nothing follows an emergency within its tail", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			s.Supply(unfit)
			s.set(cue("a", schedule.Emergency, siren(time.Second)))
			s.pass(warmUp + time.Second + tail/2)
			s.set(cue("b", schedule.Routine, siren(time.Second)))
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 1.9s, mains off 1.9s")
			s.wantKinds("closed, started, sounding, finished, failed, opened")
		})
	})
}
