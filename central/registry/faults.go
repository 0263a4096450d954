package registry

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers look at. A store returns them too.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	// ErrInUse says that a change would break what refers to the thing.
	ErrInUse = errors.New("in use")
	// ErrToken is the one answer to a token that is unknown, wrong, expired or
	// revoked: which of them is nobody's business.
	ErrToken = errors.New("token is not valid")
	// ErrPassword is the one answer to a wrong password, an unknown person, and a
	// person without a password.
	ErrPassword = errors.New("person or password is wrong")
	// ErrSession says that a session's password has changed since.
	ErrSession = errors.New("session has ended")
	ErrUsed    = errors.New("invitation was used already")
	ErrExpired = errors.New("invitation has expired")
	ErrTooMany = errors.New("too many")
	// ErrBusy says that too many passwords are being worked on.
	ErrBusy = errors.New("too much at once")
)

// Fault is one thing wrong with one field.
type Fault struct {
	Field   string // as in area, or languages[1]
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
