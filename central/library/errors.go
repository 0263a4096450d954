package library

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers look at. A store returns the first two as well.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	// ErrDiskFull says that nothing was kept because there is no room.
	ErrDiskFull = errors.New("disk is full")
	// ErrState says that a bulletin is not in a state to do that with.
	ErrState = errors.New("not possible in this state")
)

// Reason is why an upload was refused, in one word.
type Reason string

const (
	Empty    Reason = "empty"
	TooBig   Reason = "too-big" // more bytes than allowed
	NotAudio Reason = "not-audio"
	Video    Reason = "video"
	Damaged  Reason = "damaged"
	Silent   Reason = "silent"
	TooShort Reason = "too-short"
	TooLong  Reason = "too-long" // more minutes than allowed
)

// Refusal is the answer to an upload that cannot be broadcast. It is the
// sender's to mend; any other error is the server's.
type Refusal struct {
	Name   string // of the file, as uploaded
	Reason Reason
	Detail string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("audio %q is refused (%s): %s", r.Name, r.Reason, r.Detail)
}

// Conflict says that a bulletin was changed by somebody else since it was read.
type Conflict struct {
	ID         string
	Have, Want int64 // revisions: the library's, the caller's
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("bulletin %s is at revision %d, not %d: somebody changed it meanwhile", c.ID, c.Have, c.Want)
}

// Fault is one thing wrong with one field.
type Fault struct {
	Field   string // as in title, or text[hmn]
	Problem string
}

// Faults is everything that is wrong with a value; empty is no error.
type Faults []Fault

func (f Faults) Error() string {
	all := make([]string, len(f))
	for i, one := range f {
		all[i] = one.Field + ": " + one.Problem
	}
	return strings.Join(all, "; ")
}

func (f *Faults) addf(field, format string, args ...any) {
	*f = append(*f, Fault{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// err is f as an error: nil when there is no fault.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
