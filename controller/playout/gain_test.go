package playout_test

import (
	"math"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
)

// loudAtOnce is a file whose first and last samples are loud, and what a decoder
// makes of it.
func loudAtOnce(t *testing.T) (data []byte, decoded []int16) {
	t.Helper()
	pcm := make([]int16, 3*48000+77)
	for i := range pcm {
		pcm[i] = int16(20000 * math.Cos(2*math.Pi*440*float64(i)/48000))
	}
	data = encode(t, pcm, "-b:a", "64k")
	length, decode, err := playout.OpenRecording(data)
	if err != nil {
		t.Fatal(err)
	}
	if decoded, err = decode(0, int(length)); err != nil || len(decoded) != int(length) {
		t.Fatal(len(decoded), err)
	}
	return data, decoded
}

func softened(pcm []int16, dB float64) []int16 {
	soft := make([]int16, len(pcm))
	for i, v := range pcm {
		soft[i] = int16(math.Round(float64(v) * math.Pow(10, dB/20)))
	}
	return soft
}

func equal(a, b []int16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// What is not cut sounds as it was made, from its first sample to its last: no
// fade takes of a first syllable. With a gain every sample is softer by that, and
// by nothing else.
func TestGain(t *testing.T) {
	lib := library{}
	data, made := loudAtOnce(t)
	file := audio(lib.add(data))
	if made[0] == 0 || math.Abs(float64(made[0])) < 1000 || rms(made[:480]) < -20 || rms(made[len(made)-480:]) < -20 {
		t.Fatalf("it does not begin and end loud: %d, %.1f dB, %.1f dB", made[0], rms(made[:480]), rms(made[len(made)-480:]))
	}
	for _, tt := range []struct {
		class schedule.Class
		gain  float64
		want  float64 // dB
	}{
		{schedule.Routine, 0, 0},
		{schedule.Routine, -6, -6},
		{schedule.Priority, -12.5, -12.5},
		{schedule.Routine, -40, -40},
		{schedule.Routine, 6, 0}, // never louder: nothing clips
		{schedule.Emergency, -20, 0},
	} {
		c := cue("a", tt.class, file)
		c.Gain = tt.gain
		perform(t, lib, time.Hour, func(s *stage) {
			s.set(c)
			s.pass(time.Minute)
			if !equal(s.heard(), softened(made, tt.want)) {
				t.Errorf("%s with %v dB: not every sample is softer by %v dB", tt.class, tt.gain, tt.want)
			}
		})
	}
}

// The drill voice is heard as ever, what goes on after a cut is as soft as
// before, and the next cue is not.
func TestGainIsOfItsCue(t *testing.T) {
	lib := library{}
	data, made := loudAtOnce(t)
	c := cue("soft", schedule.Routine, audio(lib.add(data)), builtIn("chime"))
	c.Gain = -20
	chime := whole(t, nil, *cue("chime", schedule.Routine, builtIn("chime")))
	voice := whole(t, nil, playout.Cue{ID: "drill", Class: schedule.Routine, Drill: true, Parts: []playout.Part{builtIn("chime")}})
	voice = voice[:(len(voice)-len(chime))/2]
	full := append(softened(made, -20), softened(chime, -20)...)

	perform(t, lib, time.Hour, func(s *stage) {
		s.set(c)
		s.pass(warmUp + time.Second)
		s.set(cue("loud", schedule.Emergency, builtIn("chime")))
		s.pass(5 * time.Second)
		at := samples(s.one(playout.Cut).Position)
		again := *c
		again.From = s.one(playout.Cut).Position
		s.set(&again)
		s.pass(time.Minute)
		heard := s.heard()
		if len(heard) != len(full)+len(chime) {
			t.Fatalf("%d samples, want %d", len(heard), len(full)+len(chime))
		}
		if !equal(heard[at:at+len(chime)], chime) {
			t.Error("the emergency that cut in is not as it was made")
		}
		rest := heard[at+len(chime):]
		if !sameSound(rest[960:], full[at+960:]) || !isQuieter(rest[:960], full[at:at+960]) {
			t.Error("it does not go on as soft as it was")
		}
	})
	perform(t, lib, time.Hour, func(s *stage) {
		drill := *c
		drill.Drill = true
		s.set(&drill)
		s.pass(time.Minute)
		heard := s.heard()
		if n := len(voice); len(heard) != len(full)+2*n || !equal(heard[:n], voice) || !equal(heard[len(heard)-n:], voice) {
			t.Error("the drill voice is not as it was made")
		} else if !sameSound(heard[n:len(heard)-n], full) {
			t.Error("the drill is not as soft as it should be")
		}
	})
}
