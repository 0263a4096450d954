// Package demo holds the keys of people who do not exist. Everywhere else no
// server holds a person's private key; a demo has nobody else to hold them, so
// it makes root and key set, confirms keys and approves its own bulletins with
// keys that lie in its data folder. It hides in which order that is done, and
// that it may have been broken off anywhere: whatever is done already stays
// done.
package demo
