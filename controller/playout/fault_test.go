package playout_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
	"loa/firmware"
)

var errLine = errors.New("the line cannot be driven")

// faults are ways in which a board breaks while a cue of a minute is on air or
// about to be, and the error that the player has to give.
var faults = []struct {
	name   string
	breaks func(s *stage)
	heals  func(s *stage)
	before bool // the cue begins
	want   error
}{
	{"first relay does not close", func(s *stage) { s.Relay("mains").Fail(errLine) }, func(s *stage) { s.Relay("mains").Fail(nil) }, true, playout.ErrRelay},
	{"second relay does not close", func(s *stage) { s.Relay("amp").Fail(errLine) }, func(s *stage) { s.Relay("amp").Fail(nil) }, true, playout.ErrRelay},
	{"speaker is lost before", func(s *stage) { s.Speaker(horn).Lose() }, func(s *stage) { s.Speaker(horn).Restore() }, true, playout.ErrSpeaker},
	{"speaker is lost on air", func(s *stage) { s.Speaker(horn).Lose() }, func(s *stage) { s.Speaker(horn).Restore() }, false, playout.ErrSpeaker},
	{"speaker hangs on air", func(s *stage) { s.Speaker(horn).Hang() }, func(s *stage) { s.Speaker(horn).Restore() }, false, playout.ErrSpeaker},
}

func TestFaultEndsRoutineAndPriority(t *testing.T) {
	for _, class := range []schedule.Class{schedule.Routine, schedule.Priority} {
		for _, f := range faults {
			t.Run(class.String()+": "+f.name, func(t *testing.T) {
				perform(t, nil, time.Hour, func(s *stage) {
					if f.before {
						f.breaks(s)
					}
					s.set(cue("a", class, siren(time.Minute)))
					s.pass(5 * time.Second)
					if !f.before {
						f.breaks(s)
					}
					s.pass(5 * time.Second)
					if s.Relay("mains").Closed() || s.Relay("amp").Closed() {
						t.Errorf("a relay is on: %s", s.edges())
					}
					if e := s.one(playout.Failed); !errors.Is(e.Err, f.want) {
						t.Errorf("failed: %v", e.Err)
					}
					edges := s.edges()
					f.heals(s)
					s.pass(time.Minute)
					if s.edges() != edges {
						t.Errorf("it was tried again: %s", s.edges())
					}
					s.one(playout.Failed)

					s.set(cue("b", class, siren(time.Second))) // the output works on
					s.pass(10 * time.Second)
					if e := s.one(playout.Finished); e.Cue != "b" {
						t.Errorf("finished %s", e.Cue)
					}
				})
			})
		}
	}
}

// A dead sound path never has the amplifier on for longer than a second: not in
// the middle of a cue, not while its last samples are waited for, and not when
// there was none from the first. An emergency goes on once it is back.
func TestDeadSpeakerIsSeenWithinASecond(t *testing.T) {
	const length = 10 * time.Second
	first, last := warmUp, warmUp+length
	for _, tt := range []struct {
		name   string
		breaks func(s *stage)
		at     time.Duration
	}{
		{"lost before", func(s *stage) { s.Speaker(horn).Lose() }, 0},
		{"lost with the first sample", func(s *stage) { s.Speaker(horn).Lose() }, first},
		{"lost on air", func(s *stage) { s.Speaker(horn).Lose() }, first + 3*time.Second},
		{"lost with the last samples", func(s *stage) { s.Speaker(horn).Lose() }, last - 50*time.Millisecond},
		{"hangs before", func(s *stage) { s.Speaker(horn).Hang() }, 0},
		{"hangs with the first sample", func(s *stage) { s.Speaker(horn).Hang() }, first},
		{"hangs on air", func(s *stage) { s.Speaker(horn).Hang() }, first + 3*time.Second + 7*time.Millisecond},
		{"hangs with the last samples", func(s *stage) { s.Speaker(horn).Hang() }, last - 50*time.Millisecond},
	} {
		for _, class := range []schedule.Class{schedule.Routine, schedule.Emergency} {
			t.Run(tt.name+": "+class.String(), func(t *testing.T) {
				perform(t, nil, time.Hour, func(s *stage) {
					s.set(cue("a", class, siren(length)))
					s.pass(tt.at)
					tt.breaks(s)
					s.pass(max(0, first-tt.at) + 990*time.Millisecond) // before it is tried again
					if s.Relay("mains").Closed() || s.Relay("amp").Closed() {
						t.Errorf("the relays are on a second later: %s\n%s", s.edges(), s.story())
					}
					if e := s.one(playout.Failed); !errors.Is(e.Err, playout.ErrSpeaker) {
						t.Errorf("failed: %v", e.Err)
					}
					s.Speaker(horn).Restore()
					s.pass(time.Minute)
					if n := len(s.all(playout.Finished)); n != map[schedule.Class]int{schedule.Emergency: 1}[class] {
						t.Errorf("finished %d times\n%s", n, s.story())
					}
				})
			})
		}
	}
}

// An amplifier whose sound device is known to be lost gets no power, whatever is
// on: not even an emergency's attempts click its relays for hours.
func TestNoPowerWithoutASoundDevice(t *testing.T) {
	for _, class := range []schedule.Class{schedule.Routine, schedule.Priority, schedule.Emergency} {
		t.Run(class.String(), func(t *testing.T) {
			perform(t, nil, time.Hour, func(s *stage) {
				s.Speaker(horn).Lose()
				s.set(cue("a", class, siren(time.Second)))
				s.pass(time.Hour)
				if edges := s.Recorder.Edges(); len(edges) > 0 {
					t.Errorf("relays moved: %s", s.edges())
				}
				if failed := s.all(playout.Failed); len(failed) == 0 || !errors.Is(failed[0].Err, playout.ErrSpeaker) {
					t.Errorf("failed: %v", failed)
				}
				s.Speaker(horn).Restore()
				s.pass(time.Minute)
				if n := len(s.all(playout.Finished)); n != map[schedule.Class]int{schedule.Emergency: 1}[class] {
					t.Errorf("finished %d times\n%s", n, s.story())
				}
			})
		})
	}
}

func TestFaultMakesAnEmergencyTryAgain(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			perform(t, nil, time.Hour, func(s *stage) {
				if f.before {
					f.breaks(s)
				}
				s.set(cue("a", schedule.Emergency, siren(time.Minute)))
				s.pass(10 * time.Second)
				if !f.before {
					f.breaks(s)
				}
				s.pass(60 * time.Second)
				failed := s.all(playout.Failed)
				if len(failed) < 8 {
					t.Fatalf("%d attempts in a minute\n%s", len(failed), s.story())
				}
				for _, e := range failed {
					if !errors.Is(e.Err, f.want) {
						t.Errorf("failed: %v", e.Err)
					}
				}
				if f.want == playout.ErrRelay { // an attempt that takes no time itself
					for i, want := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 5 * time.Second} {
						if got := failed[i+1].At.Sub(failed[i].At); got != want {
							t.Errorf("attempt %d came %v after the one before, want %v", i+2, got, want)
						}
					}
				}
				f.heals(s)
				s.pass(3 * time.Minute)
				if e := s.one(playout.Finished); e.Evidence.Samples != 60*48000 {
					t.Errorf("the attempt that went well sounded %d samples, not the cue from its beginning", e.Evidence.Samples)
				}
			})
		})
	}
}

func TestEmergencyStopsTrying(t *testing.T) {
	for _, test := range []struct {
		name string
		by   func(s *stage)
	}{
		{"when silence is set", func(s *stage) { s.set(nil) }},
		{"when another cue is set", func(s *stage) { s.set(cue("b", schedule.Routine, siren(time.Minute))) }},
		{"when it has expired", func(*stage) {}},
		{"at Run's end", func(s *stage) { _ = s.end() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			perform(t, nil, time.Hour, func(s *stage) {
				s.Speaker(horn).Lose()
				c := cue("a", schedule.Emergency, siren(time.Minute))
				c.Until = time.Now().Add(30 * time.Second)
				s.set(c)
				s.pass(29 * time.Second)
				test.by(s)
				s.pass(2 * time.Minute)
				before := len(s.all(playout.Failed))
				edges := s.edges()
				s.pass(time.Hour)
				if after := len(s.all(playout.Failed)); after != before || s.edges() != edges {
					t.Errorf("it goes on trying\n%s", s.story())
				}
				for _, e := range s.Recorder.Edges() {
					if e.Closed && !e.At.Before(c.Until) && test.name == "when it has expired" {
						t.Errorf("a relay closed at %v", e.At.Sub(s.start))
					}
				}
			})
		})
	}
}

func TestFaultOfAReplacedEmergencyIsNotTriedAgain(t *testing.T) {
	lib := library{}
	hung := lib.add([]byte("never read"))
	lib[hung] = nil
	perform(t, lib, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Emergency, siren(time.Minute)))
		s.pass(5 * time.Second)
		slow := audio(hung)
		slow.Sources = append(slow.Sources, playout.Source{BuiltIn: "chime"})
		s.set(cue("b", schedule.Routine, slow)) // being prepared for a while
		s.pass(time.Second)
		s.Speaker(horn).Lose()
		s.pass(time.Second)
		s.Speaker(horn).Restore()
		s.pass(10 * time.Minute)
		s.wantKinds("closed, started, sounding, failed, opened, source skipped, closed, started, sounding, finished, opened")
	})
}

// broken are audio sources that must not sound.
func broken(t *testing.T, lib library) map[string]string {
	good := speech(t)
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	wrong := lib.add([]byte("to be replaced"))
	lib[wrong] = flipped
	another := lib.add([]byte("a bulletin that was approved"))
	lib[another] = encode(t, talk(4, 48000)) // whole, but not what was asked for
	hung := lib.add([]byte("never read"))
	lib[hung] = nil
	return map[string]string{
		"not there":            strings.Repeat("ab", 32),
		"one bit is wrong":     wrong,
		"another file":         another,
		"empty":                lib.add([]byte{}),
		"cut off":              lib.add(good[:len(good)-100]),
		"checksum of a page":   lib.add(flipped),
		"text":                 lib.add([]byte("Kính gửi bà con")),
		"stereo":               lib.add(encode(t, talk(3, 48000), "-ac", "2")),
		"hash in capitals":     strings.ToUpper(lib.add(good)),
		"path in place of one": "../../etc/passwd",
		"reading hangs":        hung,
	}
}

func TestBrokenSourceIsSkipped(t *testing.T) {
	lib := library{}
	bad := broken(t, lib)
	want := whole(t, lib, *cue("chime", schedule.Routine, builtIn("chime")))
	for name, hash := range bad {
		for _, class := range []schedule.Class{schedule.Routine, schedule.Emergency} {
			t.Run(class.String()+": "+name, func(t *testing.T) {
				part := audio(hash)
				part.Sources = append(part.Sources, playout.Source{BuiltIn: "chime"}, playout.Source{BuiltIn: "drill"})
				perform(t, lib, time.Hour, func(s *stage) {
					s.set(cue("a", class, part))
					s.pass(time.Minute)
					skipped := s.one(playout.SourceSkipped)
					if skipped.Err == nil || skipped.Source != "audio:"+hash {
						t.Errorf("skipped %s: %v", skipped.Source, skipped.Err)
					}
					if name == "not there" && !errors.Is(skipped.Err, fs.ErrNotExist) {
						t.Errorf("skipped: %v", skipped.Err)
					}
					if e := s.one(playout.Started); e.Source != "chime" || !sameSound(s.heard(), want) {
						t.Errorf("%s sounded", e.Source)
					}
				})
			})
		}
	}
}

func TestNoWholeSource(t *testing.T) {
	lib := library{}
	var parts []playout.Part
	for _, hash := range broken(t, lib) {
		parts = append(parts, audio(hash))
	}
	parts = append(parts,
		builtIn("phrase:unknown"),
		playout.Part{Sources: []playout.Source{{}}},
		playout.Part{Sources: []playout.Source{{BuiltIn: "chime", Audio: strings.Repeat("ab", 32)}}},
		playout.Part{Sources: []playout.Source{{Siren: playout.Siren{Blasts: 3}}}},
		playout.Part{Sources: []playout.Source{{Siren: playout.Siren{Blasts: 1_000_000, Length: time.Second}}}},
		playout.Part{Sources: []playout.Source{{Siren: playout.Siren{Blasts: 2, Length: time.Second, Gap: -time.Second}}}},
	)
	for i, part := range parts {
		t.Run(fmt.Sprintf("%v", part.Sources), func(t *testing.T) {
			perform(t, lib, time.Hour, func(s *stage) {
				// The broken part comes last: it is found before the first sounds.
				s.set(cue("a", schedule.Priority, siren(time.Second), part))
				s.pass(time.Minute)
				s.wantEdges("")
				s.wantKinds("source skipped, failed")
				if e := s.one(playout.Failed); !errors.Is(e.Err, playout.ErrNoSource) {
					t.Errorf("failed: %v", e.Err)
				}
			})
			perform(t, lib, time.Hour, func(s *stage) {
				s.set(cue("a", schedule.Emergency, part, siren(time.Second)))
				s.pass(4 * time.Second)
				s.one(playout.SourceSkipped)
				if e := s.one(playout.Started); e.Source != "siren" || rms(s.heard()) < -10 {
					t.Errorf("part %d: %s sounds at %.1f dB", i, e.Source, rms(s.heard()))
				}
			})
		})
	}
	t.Run("the fallback is whole", func(t *testing.T) {
		perform(t, lib, time.Hour, func(s *stage) {
			s.set(cue("a", schedule.Emergency, parts[0], siren(time.Second)))
			s.pass(time.Minute)
			var sources []string
			for _, e := range s.all(playout.Sounding) {
				sources = append(sources, e.Source)
			}
			if got := strings.Join(sources, ", "); got != "siren, phrase:general, siren" {
				t.Errorf("%s sounded", got)
			}
			s.one(playout.Finished)
		})
	})
	t.Run("no parts", func(t *testing.T) {
		for _, class := range []schedule.Class{schedule.Routine, schedule.Emergency} {
			perform(t, lib, time.Hour, func(s *stage) {
				s.set(cue("a", class))
				s.pass(time.Minute)
				s.wantEdges("")
				s.wantKinds("failed")
			})
		}
	})
}

// A file may be whole and still hold what the decoder refuses.
func TestSourceThatBreaksInTheMiddle(t *testing.T) {
	silent := []byte{0xf8, 0xff, 0xfe}        // 20 ms of nothing
	refused := []byte{0xf9, 0x01, 0x02, 0x03} // two frames in an odd number of bytes
	file := append(page(2, 0, 0, append([]byte("OpusHead\x01\x01"), 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)),
		page(0, 0, 1, []byte("OpusTags"))...)
	for i := range uint32(200) {
		packet := silent
		if i == 150 {
			packet = refused
		}
		file = append(file, page(0, 960*uint64(i+1), i+2, packet)...)
	}
	lib := library{}
	part := audio(lib.add(file))
	part.Sources = append(part.Sources, playout.Source{BuiltIn: "chime"})

	perform(t, lib, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, part))
		s.pass(time.Minute)
		s.wantKinds("closed, started, sounding, failed, opened")
	})
	perform(t, lib, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Emergency, part))
		s.pass(time.Minute)
		s.wantKinds("closed, started, sounding, source skipped, sounding, finished, opened")
		if pcm := s.heard(); len(s.Recorder.PCM()) != 1 || len(pcm) < 4*48000 || rms(pcm[:3*48000]) > -100 || rms(pcm[3*48000:]) < -30 {
			t.Error("not 3 s of the file and then the chime, without a gap")
		}
	})
}

func TestHungReadSilencesNoSiren(t *testing.T) {
	lib := library{}
	hung := lib.add([]byte("never read"))
	lib[hung] = nil
	perform(t, lib, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Emergency, siren(20*time.Second), audio(hung), siren(time.Second)))
		s.pass(warmUp + time.Millisecond)
		s.one(playout.Started)
		s.pass(time.Minute)
		if e := s.one(playout.SourceSkipped); e.Source != "audio:"+hung {
			t.Errorf("skipped %s", e.Source)
		}
		s.one(playout.Finished)
	})
}

func TestCutOfACueByOneThatCannotSoundOpensTheRelays(t *testing.T) {
	perform(t, library{}, time.Hour, func(s *stage) {
		s.set(cue("a", schedule.Routine, siren(time.Minute)))
		s.pass(5 * time.Second)
		s.set(cue("b", schedule.Routine, audio(strings.Repeat("ab", 32))))
		s.pass(time.Minute)
		s.wantKinds("closed, started, sounding, cut, source skipped, failed, opened")
	})
}

// TestWhateverHappens sets cues, silence and faults at random, and asks of the
// recorder alone whether the rules of the relays were kept.
func TestWhateverHappens(t *testing.T) {
	const longestOn = 20 * time.Second
	lib := library{}
	speech := lib.add(speech(t))
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		perform(t, lib, longestOn, func(s *stage) {
			s.ended = true
			for i := range 40 {
				switch rnd.IntN(10) {
				case 0:
					s.set(nil)
				case 1:
					s.Speaker(horn).Lose()
				case 2:
					s.Speaker(horn).Hang()
				case 3, 4:
					s.Speaker(horn).Restore()
				default:
					c := cue(fmt.Sprint(i), schedule.SelfTest+schedule.Class(rnd.IntN(4)), builtIn("chime"), audio(speech), siren(time.Duration(rnd.IntN(20_000))*time.Millisecond))
					c.Drill = rnd.IntN(4) == 0
					c.From = time.Duration(rnd.IntN(8_000)) * time.Millisecond
					if rnd.IntN(2) == 0 {
						c.Until = time.Now().Add(time.Duration(rnd.IntN(10_000)) * time.Millisecond)
					}
					c.Longest = time.Duration(rnd.IntN(3)) * 7 * time.Second
					s.set(c)
				}
				s.pass(time.Duration(rnd.IntN(1+int(time.Second)<<rnd.IntN(4))) / 2)
			}
			s.Speaker(horn).Restore()
			if err := s.end(); err != nil {
				t.Error(err)
			}
			s.pass(time.Second)
			checkPower(t, seed, s, longestOn)
		})
	}
}

// checkPower fails unless relays close in order and open in reverse, are on for
// no longer than allowed, and every sample sounds between warm-up and opening.
func checkPower(t *testing.T, seed uint64, s *stage, longestOn time.Duration) {
	t.Helper()
	type span struct{ since, on, off time.Time }
	var spans []span
	edges := s.Recorder.Edges()
	if len(edges)%4 != 0 {
		t.Fatalf("seed %d: a relay is still on: %s", seed, s.edges())
	}
	for i := 0; i < len(edges); i += 4 {
		var order []string
		for _, e := range edges[i : i+4] {
			order = append(order, fmt.Sprint(e.Relay, e.Closed))
		}
		if got := strings.Join(order, " "); got != "mainstrue amptrue ampfalse mainsfalse" {
			t.Fatalf("seed %d: order %s", seed, got)
		}
		spans = append(spans, span{edges[i].At, edges[i+1].At, edges[i+2].At})
		if on := edges[i+3].At.Sub(edges[i].At); on > longestOn {
			t.Errorf("seed %d: on for %v", seed, on)
		}
	}
	sounded := 0
	for _, b := range s.Recorder.PCM() {
		sounded += len(b.Samples)
		inside := func(sp span) bool {
			return !b.Start.Before(sp.on.Add(warmUp)) && !b.End().After(sp.off.Add(sample))
		}
		found := false
		for _, sp := range spans {
			found = found || inside(sp)
		}
		if !found {
			t.Errorf("seed %d: sound from %v to %v with relays %s", seed, b.Start.Sub(s.start), b.End().Sub(s.start), s.edges())
		}
	}
	if sounded < firmware.SampleRate {
		t.Errorf("seed %d: %d samples sounded, so nothing was tested", seed, sounded)
	}
	ends := map[string]int{}
	for _, e := range s.all(playout.Finished, playout.Cut) {
		ends[e.Cue]++
	}
	for id, n := range ends {
		if n > 1 {
			t.Errorf("seed %d: cue %s ended %d times\n%s", seed, id, n, s.story())
		}
	}
}
