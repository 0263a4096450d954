// Package schedule decides who plays. It hides the calendar arithmetic of
// recurring programmes and the one table of priorities: given what a board has
// accepted and the time, Decide says what each output plays now and when to ask
// again. It is pure: no clock, no goroutine, no I/O. The board runs it, and so
// does the server's preview of a cluster's day.
package schedule
