// Package fleet is the live picture: which boards are there, what they play,
// how they are, and what ran. It hides where the picture comes from (retained
// states, last wills, telemetry, receipts) and how it survives a restart: a
// caller asks for pictures as of now.
//
// A board's own clock is told, never trusted: when something was seen is by
// central's clock.
package fleet
