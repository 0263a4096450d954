// Package playout is the third gate: it hides how power is switched and how
// sound is made. It is told what each output should sound (Set) and converges:
// relays in order, warm-up, samples, fade, tail, relays in reverse order. What
// it did comes back as events with evidence.
//
// Routine and priority cues are off on any doubt: a relay or a speaker that
// fails, or a part with no whole source, opens the relays and ends the cue. An
// emergency tries again until it is replaced or has expired, and where none of
// its files is whole it sounds the built-in siren and phrase.
//
// At a cue's end the sensors of its output are asked, and Judge alone says
// whether it was heard (verdict.go); without a sensor nobody knows.
//
// A cue becomes samples in a feed (feed.go), beside the goroutine of the output
// that plays it (output.go, play.go); relays are switched in power.go alone,
// air.go knows which samples left the speaker, and sent.go how loud they were.
package playout
