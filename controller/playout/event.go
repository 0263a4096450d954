package playout

import (
	"errors"
	"math"
	"time"
)

// Why a cue failed or was cut, for errors.Is.
var (
	ErrExpired   = errors.New("the cue's validity is over")
	ErrLongestOn = errors.New("the relays were on for the longest time allowed")
	ErrNoSource  = errors.New("no source is whole")
	ErrRelay     = errors.New("relay error")
	ErrSpeaker   = errors.New("sound path error")
	ErrMains     = errors.New("the mains are not fit for it")
)

// EventKind says what happened.
type EventKind int

// A cue's events come in this order: Closed (unless the relays were on
// already), Started, a Sounding for each source, then one of Finished, Cut,
// Failed; in an emergency Failed may be followed by Closed again. SourceSkipped
// comes as soon as it is known, and Opened after the last cue.
const (
	Closed        EventKind = iota + 1 // the last relay closed
	Started                            // the first sample was given to the device; Source is what sounds
	Sounding                           // Source begins to sound, once for every part and drill voice
	SourceSkipped                      // Source cannot sound, because of Err; the next one is tried
	Finished                           // the last sample has left the device
	Cut                                // the cue ended early, at Position; Err is nil when that was asked for by Set
	Failed                             // the cue did not sound to its end, because of Err
	Opened                             // the relays opened, after the cue that is named; Err if one could not be driven
)

var kindNames = map[EventKind]string{
	Closed: "closed", Started: "started", Sounding: "sounding", SourceSkipped: "source skipped",
	Finished: "finished", Cut: "cut", Failed: "failed", Opened: "opened",
}

// String is the kind in words, for logs.
func (k EventKind) String() string { return kindNames[k] }

// Event is one thing that happened on an output.
type Event struct {
	Output   string
	Cue      string // its ID
	Kind     EventKind
	At       time.Time
	Position time.Duration // in Parts, after the last sample that was heard: a resumed cue's From
	Source   string        // as Source.String gives it, and "drill" for the drill voice
	Err      error
	Evidence Evidence
}

// Evidence is what the player knows of a cue's sound so far. Times are zero
// where nothing happened yet.
type Evidence struct {
	RelayClosed time.Time // the last relay's closing
	FirstSample time.Time // when the cue's first sample left the device
	LastSample  time.Time // when its last one did; of Finished, Cut and Failed
	RelayOpened time.Time // of Opened, and of a Failed that opened them

	Samples   int64   // of the cue, drill voice and pauses included, that left the device
	RMS, Peak float64 // their level, in dB of full scale; NoLevel where there are none

	Verdict Verdict  // of Finished, Cut and Failed
	Sensors []Figure // what it stands on, one for each sensor that was asked
}

// NoLevel stands for the level of samples that are all zero.
const NoLevel = -120.0

// level measures samples as they are heard.
type level struct {
	samples int64
	squares float64
	peak    int
}

func (l *level) add(pcm []int16) {
	l.samples += int64(len(pcm))
	for _, s := range pcm {
		v := int(s)
		l.squares += float64(v * v)
		l.peak = max(l.peak, v, -v)
	}
}

func (l *level) rms() float64 {
	if l.samples == 0 {
		return NoLevel
	}
	return decibels(math.Sqrt(l.squares / float64(l.samples)))
}

func decibels(amplitude float64) float64 {
	return max(NoLevel, 20*math.Log10(amplitude/-math.MinInt16))
}
