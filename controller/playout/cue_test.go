package playout_test

import (
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
)

func TestPartsFollowEachOtherWithoutAGap(t *testing.T) {
	lib := library{}
	speech := lib.add(speech(t))
	parts := []playout.Part{
		builtIn("chime"), {Pause: 250 * time.Millisecond}, audio(speech),
		{Sources: []playout.Source{{Siren: playout.Siren{Blasts: 2, Length: time.Second, Gap: 500 * time.Millisecond}}}, Pause: 125 * time.Millisecond},
		builtIn("phrase:flood"),
	}
	for _, class := range []schedule.Class{schedule.Routine, schedule.Emergency} {
		var apart []int16
		for _, p := range parts {
			apart = append(apart, whole(t, lib, *cue("part", class, p))...)
		}
		perform(t, lib, time.Hour, func(s *stage) {
			s.set(cue("a", class, parts...))
			s.pass(5 * time.Minute)
			if n := len(s.Recorder.PCM()); n != 1 {
				t.Errorf("%d runs of sound, want one", n)
			}
			if !sameSound(s.heard(), apart) {
				t.Errorf("%d samples, not those of the parts one by one (%d)", len(s.heard()), len(apart))
			}
			var sources []string
			for _, e := range s.all(playout.Sounding) {
				sources = append(sources, e.Source)
			}
			if len(sources) != 4 || sources[0] != "chime" || sources[1] != "audio:"+speech || sources[2] != "siren" || sources[3] != "phrase:flood" {
				t.Errorf("sounding: %v", sources)
			}
		})
	}
}

func TestCutInAndResume(t *testing.T) {
	lib := library{}
	bulletin := *cue("bulletin", schedule.Routine, builtIn("chime"), audio(lib.add(speech(t))), siren(3*time.Second))
	full := whole(t, lib, bulletin)
	alert := *cue("alert", schedule.Emergency, siren(2*time.Second))
	alarm := whole(t, lib, alert)

	// In the chime, the speech, across a border of parts, the siren.
	for _, after := range []time.Duration{500 * time.Millisecond, 5 * time.Second, 2950 * time.Millisecond, 11 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			perform(t, lib, time.Hour, func(s *stage) {
				s.set(&bulletin)
				s.pass(warmUp + after)
				s.set(&alert)
				s.pass(100 * time.Millisecond)
				cut := s.one(playout.Cut)
				at := samples(cut.Position)
				if cut.Cue != "bulletin" || cut.Position < after+fade || cut.Position > after+fade+reaction {
					t.Errorf("cut of %s at %v", cut.Cue, cut.Position)
				}
				s.pass(2*time.Second + 200*time.Millisecond)
				resumed := bulletin
				resumed.From = cut.Position
				s.set(&resumed)
				s.pass(time.Minute)

				if edges := s.Recorder.Edges(); len(edges) != 4 {
					t.Errorf("the relays moved in between: %s", s.edges())
				}
				pcm := s.Recorder.PCM()
				if len(pcm) != 2 {
					t.Fatalf("%d runs of sound, want the bulletin with the alert, and the rest\n%s", len(pcm), s.story())
				}
				first, rest := pcm[0].Samples, pcm[1].Samples
				if len(first) != at+len(alarm) || !sameSound(first[:at-2400], full[:at-2400]) || !isQuieter(first[at-2400:at], full[at-2400:at]) {
					t.Error("what was heard before the cut is not the bulletin as far as the position says")
				}
				if !sameSound(first[at:], alarm) {
					t.Error("the alert does not follow the fade at once, whole")
				}
				if len(rest) != len(full)-at {
					t.Fatalf("%d samples were heard after the resume, %d are left", len(rest), len(full)-at)
				}
				if !isQuieter(rest[:960], full[at:at+960]) || rest[0] != 0 {
					t.Error("no fade-in of 20 ms")
				}
				if !sameSound(rest[960:], full[at+960:]) {
					t.Error("the bulletin does not go on with the next sample")
				}
				if done := s.all(playout.Finished); len(done) != 2 || done[1].Position != time.Duration(len(full))*time.Second/48000 && samples(done[1].Position) != len(full) {
					t.Errorf("finished: %v", done)
				}
			})
		})
	}
}

func TestSecondCutWithinTheFadeOfTheFirst(t *testing.T) {
	full := whole(t, nil, *cue("a", schedule.Routine, siren(20*time.Second)))
	perform(t, nil, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(20*time.Second)))
		s.pass(warmUp + 2*time.Second)
		s.set(cue("b", schedule.Priority, builtIn("chime")))
		for len(s.all(playout.Cut)) == 0 {
			s.pass(time.Millisecond)
		}
		s.set(cue("c", schedule.Emergency, siren(time.Second)))
		s.pass(time.Minute)
		cuts := s.all(playout.Cut)
		if len(cuts) != 2 || cuts[1].Cue != "b" {
			t.Fatalf("cuts %v", cuts)
		}
		pcm := s.Recorder.PCM()
		if len(pcm) != 1 || len(s.Recorder.Edges()) != 4 {
			t.Fatalf("%d runs of sound, edges %s", len(pcm), s.edges())
		}
		a, b := samples(cuts[0].Position), samples(cuts[1].Position)
		if got := len(pcm[0].Samples); got != a+b+48000 {
			t.Errorf("%d samples were heard, the positions say %d + %d + 48000", got, a, b)
		}
		if !sameSound(pcm[0].Samples[:a-2400], full[:a-2400]) || !sameSound(pcm[0].Samples[a+b:], full[:48000-1440]) && !sameSound(pcm[0].Samples[a+b:a+b+40000], full[:40000]) {
			t.Error("not a, the rest of its fade, b and c")
		}
	})
}

func TestResumeAtTheVeryEndSoundsNothing(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		c := cue("a", schedule.Routine, siren(time.Second))
		c.From = time.Second
		s.set(c)
		s.pass(time.Minute)
		s.wantEdges("")
		if e := s.one(playout.Finished); e.Position != time.Second {
			t.Errorf("finished at %v", e.Position)
		}
	})
}

func TestSetAgainChangesNothing(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		c := func() *playout.Cue { return cue("a", schedule.Routine, siren(5*time.Second)) }
		s.set(c())
		s.pass(warmUp / 2)
		s.set(c())
		s.pass(2 * time.Second)
		other := c()
		other.From, other.Class = time.Second, schedule.Emergency
		s.set(other)
		s.pass(10 * time.Second)
		s.set(c()) // it has finished: once is once
		s.pass(10 * time.Second)
		s.wantKinds("closed, started, sounding, finished, opened")
		if n := len(s.heard()); n != 5*48000 {
			t.Errorf("%d samples were heard", n)
		}
		s.set(nil)
		s.set(nil)
		s.pass(10 * time.Second)
		s.set(c()) // wanted anew
		s.pass(10 * time.Second)
		if n := len(s.heard()); n != 10*48000 {
			t.Errorf("%d samples were heard after silence was set in between", n)
		}
	})
}

func TestSetRefuses(t *testing.T) {
	perform(t, nil, time.Hour, func(s *stage) {
		if err := s.Set("sign", cue("a", schedule.Routine, siren(time.Second))); err == nil {
			t.Error("an output that is not there")
		}
		if err := s.Set(horn, cue("", schedule.Routine, siren(time.Second))); err == nil {
			t.Error("a cue without an ID")
		}
		s.pass(time.Minute)
		s.wantEdges("")
	})
}

func TestDrillIsHeardAsADrill(t *testing.T) {
	voice := whole(t, nil, *cue("v", schedule.Routine, builtIn("drill")))
	alarm := whole(t, nil, *cue("s", schedule.Routine, siren(3*time.Second)))
	for _, class := range []schedule.Class{schedule.Routine, schedule.Emergency} {
		t.Run(class.String(), func(t *testing.T) {
			perform(t, nil, time.Hour, func(s *stage) {
				c := *cue("a", class, siren(3*time.Second))
				c.Drill = true
				s.set(&c)
				s.pass(time.Minute)
				want := append(append(append([]int16{}, voice...), alarm...), voice...)
				if !sameSound(s.heard(), want) {
					t.Errorf("%d samples: not voice, siren, voice (%d)", len(s.heard()), len(want))
				}
				done := s.one(playout.Finished)
				if done.Position != 3*time.Second || done.Evidence.Samples != int64(len(want)) {
					t.Errorf("position %v after %d samples: the drill voice has no position", done.Position, done.Evidence.Samples)
				}
				if e := s.one(playout.Started); e.Source != "drill" {
					t.Errorf("started with %s", e.Source)
				}
				s.Recorder.Clear()

				c.ID, c.From = "resumed", time.Second
				s.set(&c)
				s.pass(time.Minute)
				got, n := s.heard(), len(voice)
				if len(got) != n+2*48000+n || !sameSound(got[:n], voice) || !sameSound(got[n+960:n+2*48000], alarm[48000+960:]) || !sameSound(got[n+2*48000:], voice) {
					t.Error("a resumed drill is not announced again")
				}
			})
		})
	}

	t.Run("cut in the voice", func(t *testing.T) {
		perform(t, nil, time.Hour, func(s *stage) {
			c := *cue("a", schedule.Emergency, siren(3*time.Second))
			c.Drill, c.From = true, time.Second
			s.set(&c)
			s.pass(warmUp + time.Second)
			s.set(nil)
			s.pass(time.Minute)
			if e := s.one(playout.Cut); e.Position != time.Second {
				t.Errorf("cut at %v", e.Position)
			}
		})
	})
}
