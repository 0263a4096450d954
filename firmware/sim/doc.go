// Package sim is a board in memory. It hides that there is no cabinet: relays
// and speakers keep the time that real ones keep, and a Recorder holds what an
// eye on the relays and an ear at the loudspeakers would have noticed.
//
// Time is the std clock, so a board made inside a testing/synctest bubble plays
// an hour at once, and one made outside of it plays in real time. All times of
// one process are comparable with each other; for another process on the same
// machine a relay also writes its edges to a file, in CLOCK_MONOTONIC.
//
// Behind relays and speaker stands an Amplifier with its horns, and sensors at
// both: they tell of what the contacts and the samples did, never of what a
// controller meant to do.
//
// Every part can be made to fail the way real parts do: a relay that cannot be
// driven or whose contact is stuck, a speaker that is lost or that hangs, a dead
// amplifier, horns that were cut off, a sensor out of order.
package sim
