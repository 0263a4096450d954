// Package controller is the agent of one board. It hides how orders that
// arrive become sound: Step, a pure function, takes the state and one event and
// returns the new state and the effects to carry out; Run owns the state, feeds
// it events and carries the effects out through store, link and playout.
//
// Of the three gates, Step passes every order through protocol.Open, asks
// schedule.Decide what each output plays, and leaves power to playout. The
// completion of an effect is an event again, so what must be durable before
// something else happens is visible in Step.
package controller
