package playout

import (
	"time"

	"loa/controller/schedule"
	"loa/firmware"
)

// Cue is one thing to be sounded on one output, whole: an occurrence of a
// programme, or one repetition of an alert.
type Cue struct {
	// ID names the cue. Equal IDs are the same cue: setting it again while it
	// is wanted changes nothing, whatever the other fields say.
	ID    string
	Class schedule.Class
	// Drill wraps the cue in the built-in drill voice, before and after, and
	// again before whatever is resumed: a drill is heard as a drill.
	Drill bool
	Parts []Part // in order; of a self-test the player's own
	// Gain is how much softer than they were made Parts sound, in dB and at most
	// 0. It goes for no emergency.
	Gain float64
	// From is where in Parts to begin; it counts Parts as they sound now,
	// pauses with them, the drill voice not.
	From time.Duration
	// Until is when the cue's validity ends: the relays are not closed from
	// then on, and what is on air has faded and the relays are open by then.
	// Zero is no end.
	Until time.Time
	// Longest is the longest time the relays may be on for this cue, all
	// attempts together. It can only shorten the output's own; zero adds no
	// limit.
	Longest time.Duration
}

// Part is one stretch of a cue.
type Part struct {
	Sources []Source      // by preference: the first whole one sounds; none is a pause alone
	Pause   time.Duration // silence after it
}

// Source is one way to sound a part. Exactly one field is set.
type Source struct {
	Audio   string // SHA-256, lower-case hex, of a file of the station format
	BuiltIn string // a name of BuiltIns: "chime", "phrase:evacuate"
	Siren   Siren
}

// Siren is the cadence of the built-in siren: Blasts of Length with a Gap of
// silence between two of them.
type Siren struct {
	Blasts      int
	Length, Gap time.Duration
}

// String names the source as receipts and logs do.
func (s Source) String() string {
	switch {
	case s.Audio != "":
		return "audio:" + s.Audio
	case s.BuiltIn != "":
		return s.BuiltIn
	case s.Siren != Siren{}:
		return "siren"
	}
	return "nothing"
}

// samplesOf is the number of samples nearest to d.
func samplesOf(d time.Duration) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*firmware.SampleRate + (rest*firmware.SampleRate+int64(time.Second)/2)/int64(time.Second)
}

// durationOf is how long n samples sound, to the nearest nanosecond, so that
// samplesOf gives n back.
func durationOf(n int64) time.Duration {
	whole, rest := n/firmware.SampleRate, n%firmware.SampleRate
	return time.Duration(whole)*time.Second +
		time.Duration((rest*int64(time.Second)+firmware.SampleRate/2)/firmware.SampleRate)
}
