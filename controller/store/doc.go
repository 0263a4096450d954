// Package store is what a board remembers across power cuts: the orders it
// accepted, as signed; how far it came with them; the numbered receipts for
// central; and audio, as files named by their SHA-256. It hides bbolt, the
// steps that make a file durable, and what is done when a disk is damaged, full
// or read-only.
//
// What Commit has acknowledged is on the disk. A database that cannot be read
// is set aside, never repaired: the new one has a new epoch, which tells
// central to send everything again.
package store
