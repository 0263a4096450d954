package playout_test

import (
	"context"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
)

// An output that does what it should answers at once, whatever it is doing.
func TestProbeIsAnsweredAtEveryMoment(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(3*time.Second)))
		asked := map[bool]int{} // by whether the cue has ended
		for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(7 * time.Millisecond) {
			ctx, cancel := context.WithTimeout(s.t.Context(), 500*time.Millisecond)
			if err := s.Probe(ctx); err != nil {
				s.t.Fatalf("after %v: %v\n%s", time.Since(s.start), err, s.story())
			}
			cancel()
			asked[len(s.all(playout.Finished)) > 0]++
		}
		if asked[false] < 100 || asked[true] < 100 {
			s.t.Errorf("asked %d times before the end, and %d after it", asked[false], asked[true])
		}
	})
}
