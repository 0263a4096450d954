package web

import (
	"net/netip"
	"sync"
	"time"
)

// pace is how often something may fail: most at once, and one more each time
// every has passed.
type pace struct {
	most  int
	every time.Duration
}

// Failures that are borne. Behind one address is a whole mobile network, so that
// is generous; one address guessing for one person is not. The limit of a person
// from anywhere keeps somebody with many addresses from guessing, and could be
// used to keep the person out: who is signed in stays so, which is why sessions
// last.
var (
	paceHere    = pace{10, time.Minute}      // a person from an address
	pacePerson  = pace{60, 30 * time.Second} // a person from anywhere
	paceAddress = pace{100, 3 * time.Second} // anybody from an address
	paceBegun   = pace{60, 10 * time.Second} // sessions that a person begins
)

// attempts counts failures in bounded memory.
type attempts struct {
	mu sync.Mutex
	// clear is when a subject will have no failure left to its name; whoever is
	// not here has none.
	clear map[string]time.Time
}

const mostSubjects = 10_000

// take counts one failure before it is known to be one, so that many at once are
// no way around; wait is 0, or how long until one more is borne, and then nothing
// was counted.
func (a *attempts) take(now time.Time, subject string, p pace) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear := a.clear[subject]
	if clear.Before(now) {
		clear = now
	}
	clear = clear.Add(p.every)
	if wait = clear.Sub(now) - time.Duration(p.most)*p.every; wait > 0 {
		return wait
	}
	if a.clear == nil {
		a.clear = map[string]time.Time{}
	}
	if _, known := a.clear[subject]; !known && len(a.clear) >= mostSubjects {
		a.makeRoom(now)
	}
	a.clear[subject] = clear
	return 0
}

// makeRoom forgets who has nothing to his name, or else who has the least: a
// flood of names does not clear that of somebody who is guessed at.
func (a *attempts) makeRoom(now time.Time) {
	for soon := time.Duration(0); len(a.clear) >= mostSubjects; soon = max(2*soon, time.Second) {
		for subject, clear := range a.clear {
			if clear.Sub(now) <= soon {
				delete(a.clear, subject)
			}
		}
	}
}

// giveBack takes what take counted back: it was no failure.
func (a *attempts) giveBack(subject string, p pace) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if clear, ok := a.clear[subject]; ok {
		a.clear[subject] = clear.Add(-p.every)
	}
}

// origin is what failures from an address are counted under: whoever has one
// address of version 6 has 2^64.
func origin(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	addr := at.Addr().Unmap().WithZone("")
	if addr.Is6() {
		if net, err := addr.Prefix(64); err == nil {
			return net.String()
		}
	}
	return addr.String()
}
