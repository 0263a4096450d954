package playout_test

import (
	"errors"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
)

func TestRelaysWarmUpAndTail(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.pass(time.Second)
		s.set(cue("a", schedule.Routine, siren(2*time.Second)))
		s.pass(10 * time.Second)
		s.wantEdges("mains on 1s, amp on 1s, amp off 4.1s, mains off 4.1s")
		s.wantKinds("closed, started, sounding, finished, opened")

		sound := s.Recorder.PCM()
		if len(sound) != 1 || len(sound[0].Samples) != 2*48000 {
			t.Fatalf("%d runs of sound, the first of %d samples; want one of 96000", len(sound), len(sound[0].Samples))
		}
		if at := sound[0].Start.Sub(s.start); at != time.Second+warmUp {
			t.Errorf("the first sample sounds at %v", at)
		}
		e := s.one(playout.Opened).Evidence
		if got := e.RelayOpened.Sub(sound[0].End()); (got - tail).Abs() > sample {
			t.Errorf("the relays open %v after the last sample", got)
		}
		f := s.one(playout.Finished)
		if f.Evidence.Samples != 96000 || f.Position != 2*time.Second || f.Evidence.FirstSample != sound[0].Start ||
			!isAbout(f.Evidence.LastSample, sound[0].End()) || f.Evidence.RelayClosed != s.start.Add(time.Second) {
			t.Errorf("evidence %+v, position %v", f.Evidence, f.Position)
		}
		if got := rms(sound[0].Samples); got-f.Evidence.RMS > 0.1 || f.Evidence.RMS-got > 0.1 {
			t.Errorf("RMS %v, measured %v", f.Evidence.RMS, got)
		}
		if f.Evidence.Peak > 0 || f.Evidence.Peak < -1 {
			t.Errorf("peak %v dBFS of a siren", f.Evidence.Peak)
		}
	})
}

func TestNextCueWithinTailKeepsTheRelaysOn(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(time.Second)))
		s.pass(warmUp + time.Second + tail/2)
		s.wantKinds("closed, started, sounding, finished")
		s.set(cue("b", schedule.Routine, siren(time.Second)))
		s.pass(10 * time.Second)
		s.wantEdges("mains on 0s, amp on 0s, amp off 3.3s, mains off 3.3s")
		if b := s.Recorder.PCM()[1].Start.Sub(s.start); b != warmUp+time.Second+tail/2 {
			t.Errorf("b sounds at %v: a second warm-up?", b)
		}
	})
}

func TestNextCueAfterTailWarmsUpAgain(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(time.Second)))
		s.pass(3 * time.Second)
		s.set(cue("b", schedule.Routine, siren(time.Second)))
		s.pass(10 * time.Second)
		s.wantEdges("mains on 0s, amp on 0s, amp off 2.1s, mains off 2.1s, mains on 3s, amp on 3s, amp off 5.1s, mains off 5.1s")
	})
}

func TestSilenceFadesAndKeepsTheTail(t *testing.T) {
	c := playout.Cue{ID: "a", Class: schedule.Routine, Parts: []playout.Part{siren(20 * time.Second)}}
	full := whole(t, nil, c)
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(&c)
		s.pass(warmUp + 3*time.Second)
		s.set(nil)
		s.pass(10 * time.Second)
		cut := s.one(playout.Cut)
		if asked := 3 * time.Second; cut.Position < asked+fade || cut.Position > asked+fade+reaction || cut.Err != nil {
			t.Errorf("cut at %v: %v", cut.Position, cut.Err)
		}
		got := s.heard()
		if len(got) != samples(cut.Position) {
			t.Fatalf("%d samples were heard, the position says %d", len(got), samples(cut.Position))
		}
		kept := len(got) - samples(fade)
		if !sameSound(got[:kept], full[:kept]) {
			t.Error("what sounds before the fade is not the cue")
		}
		if !isQuieter(got[kept:], full[kept:len(got)]) || rms(got[len(got)-100:]) > -25 || rms(got[kept:kept+100]) < -10 {
			t.Error("the last 50 ms do not fade out")
		}
		if e := s.one(playout.Opened); !isAbout(e.At, s.Recorder.PCM()[0].End().Add(tail)) {
			t.Errorf("opened at %v", e.At.Sub(s.start))
		}
	})
}

func TestSilenceDuringWarmUpOpensAtOnce(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Emergency, siren(time.Second)))
		s.pass(200 * time.Millisecond)
		s.set(nil)
		s.pass(10 * time.Second)
		s.wantEdges("mains on 0s, amp on 0s, amp off 200ms, mains off 200ms")
		s.wantKinds("closed, cut, opened")
		if n := len(s.heard()); n != 0 {
			t.Errorf("%d samples sounded", n)
		}
	})
}

func TestLongestOn(t *testing.T) {
	for _, class := range []schedule.Class{schedule.Routine, schedule.Priority, schedule.Emergency} {
		t.Run(class.String(), func(t *testing.T) {
			perform(t, nil, 5*time.Second, func(s *stage) {
				s.set(cue("a", class, siren(time.Minute)))
				s.pass(5 * time.Minute)
				s.wantEdges("mains on 0s, amp on 0s, amp off 5s, mains off 5s")
				s.wantKinds("closed, started, sounding, failed, opened")
				if e := s.one(playout.Failed); !errors.Is(e.Err, playout.ErrLongestOn) {
					t.Errorf("failed: %v", e.Err)
				}
				if n := len(s.heard()); n < 4299*48 || n > 4300*48 {
					t.Errorf("%d samples sounded in 4.3 s", n)
				}
			})
		})
	}

	t.Run("counts on through a cut-in", func(t *testing.T) {
		perform(t, nil, 5*time.Second, func(s *stage) {
			s.set(cue("a", schedule.Routine, siren(time.Minute)))
			s.pass(3 * time.Second)
			s.set(cue("b", schedule.Emergency, siren(time.Minute)))
			s.pass(5 * time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 5s, mains off 5s")
		})
	})

	t.Run("of the cue is shorter", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			c := cue("a", schedule.Emergency, siren(time.Minute))
			c.Longest = 3 * time.Second
			s.set(c)
			s.pass(5 * time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 3s, mains off 3s")
		})
	})

	t.Run("of the cue cannot be longer", func(t *testing.T) {
		perform(t, nil, 5*time.Second, func(s *stage) {
			c := cue("a", schedule.Emergency, siren(time.Minute))
			c.Longest = time.Hour
			s.set(c)
			s.pass(5 * time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 5s, mains off 5s")
		})
	})

	t.Run("of the cue counts all attempts", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			c := cue("a", schedule.Emergency, siren(time.Minute))
			c.Longest = 10 * time.Second
			s.set(c)
			s.pass(4 * time.Second)
			s.Speaker(horn).Lose()
			s.pass(500 * time.Millisecond)
			s.Speaker(horn).Restore()
			s.pass(5 * time.Minute)
			last := s.Recorder.Edges()[len(s.Recorder.Edges())-1]
			if at := last.At.Sub(s.start); last.Closed || (at-10*time.Second).Abs() > sample {
				t.Errorf("off at %v\n%s", at, s.story())
			}
		})
	})

	t.Run("reached in the warm-up", func(t *testing.T) {
		perform(t, nil, 300*time.Millisecond, func(s *stage) {
			s.set(cue("a", schedule.Emergency, siren(time.Minute)))
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 300ms, mains off 300ms")
			s.wantKinds("closed, failed, opened")
		})
	})
}

func TestUntil(t *testing.T) {
	t.Run("past", func(t *testing.T) {
		for _, class := range []schedule.Class{schedule.Routine, schedule.Emergency} {
			perform(t, nil, time.Hour, func(s *stage) {
				c := cue("a", class, siren(time.Second))
				c.Until = time.Now()
				s.set(c)
				s.pass(time.Minute)
				s.wantEdges("")
				s.wantKinds("failed")
				if e := s.one(playout.Failed); !errors.Is(e.Err, playout.ErrExpired) || len(s.heard()) != 0 {
					t.Errorf("failed: %v; %d samples sounded", e.Err, len(s.heard()))
				}
			})
		}
	})

	t.Run("on air", func(t *testing.T) {
		full := whole(t, nil, *cue("a", schedule.Emergency, siren(20*time.Second)))
		perform(t, nil, time.Hour, func(s *stage) {
			c := cue("a", schedule.Emergency, siren(20*time.Second))
			c.Until = time.Now().Add(5 * time.Second)
			s.set(c)
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 5s, mains off 5s")
			s.wantKinds("closed, started, sounding, cut, opened")
			if e := s.one(playout.Cut); !errors.Is(e.Err, playout.ErrExpired) {
				t.Errorf("cut: %v", e.Err)
			}
			got := s.heard()
			n := len(got) - 2400
			if got := time.Duration(len(got)) * time.Second / 48000; got < 4299*time.Millisecond {
				t.Errorf("%v sounded of 4.3 s", got)
			}
			if !sameSound(got[:n], full[:n]) || !isQuieter(got[n:], full[n:n+2400]) || rms(got[len(got)-100:]) > -25 {
				t.Error("it is not the cue with a fade at its end")
			}
		})
	})

	t.Run("in the warm-up", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			c := cue("a", schedule.Emergency, siren(20*time.Second))
			c.Until = time.Now().Add(500 * time.Millisecond)
			s.set(c)
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 500ms, mains off 500ms")
			s.wantKinds("closed, cut, opened")
		})
	})

	t.Run("in the tail", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			c := cue("a", schedule.Emergency, siren(time.Second))
			c.Until = time.Now().Add(warmUp + time.Second + tail/2)
			s.set(c)
			s.pass(time.Minute)
			s.wantEdges("mains on 0s, amp on 0s, amp off 1.9s, mains off 1.9s")
			s.wantKinds("closed, started, sounding, finished, opened")
		})
	})

	t.Run("just after its end", func(t *testing.T) {
		full := whole(t, nil, *cue("a", schedule.Emergency, siren(time.Second)))
		perform(t, nil, time.Hour, func(s *stage) {
			c := cue("a", schedule.Emergency, siren(time.Second))
			c.Until = time.Now().Add(warmUp + time.Second + 10*time.Millisecond)
			s.set(c)
			s.pass(time.Minute)
			s.wantKinds("closed, started, sounding, finished, opened")
			if !sameSound(s.heard(), full) {
				t.Error("the whole cue was not heard as it is")
			}
		})
	})
}

func TestRunOpensTheRelaysAtItsEnd(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Emergency, siren(time.Minute)))
		s.pass(5 * time.Second)
		if err := s.end(); err != nil {
			t.Error(err)
		}
		s.wantEdges("mains on 0s, amp on 0s, amp off 5s, mains off 5s")
		s.wantKinds("closed, started, sounding, cut, opened")
		s.pass(time.Second)
		if got := len(s.heard()); got > 48000*43/10 {
			t.Errorf("%d samples sounded", got)
		}
	})
}

func TestRelayThatDoesNotOpenIsTriedAgain(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(time.Second)))
		s.pass(time.Second)
		s.Relay("mains").Fail(errors.New("no such line"))
		s.pass(9500 * time.Millisecond)
		if e := s.one(playout.Opened); !errors.Is(e.Err, playout.ErrRelay) {
			t.Errorf("opened: %v", e.Err)
		}
		s.Relay("mains").Fail(nil)
		s.pass(time.Second)
		s.wantEdges("mains on 0s, amp on 0s, amp off 2.1s, mains off 11.1s")
		if all := s.all(playout.Opened); len(all) != 2 || all[1].Err != nil {
			t.Errorf("events:\n%s", s.story())
		}
	})

	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(time.Minute)))
		s.pass(time.Second)
		s.Relay("mains").Fail(errors.New("no such line"))
		if err := s.end(); !errors.Is(err, playout.ErrRelay) {
			t.Errorf("Run: %v", err)
		}
		if s.Relay("amp").Closed() {
			t.Error("one relay's fault keeps another closed")
		}
	})
}
