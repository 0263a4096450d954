package orders

import (
	"context"
	"fmt"
	"time"
)

// warnAhead is long enough to bring two administrators, or the root's owners,
// to one table.
const warnAhead = 60 * 24 * time.Hour

// Warnings says what will end soon, or has: what is signed, and Certificates.
// Each is a sentence for a person; nil for none.
func (o *Orders) Warnings(_ context.Context, now time.Time) []string {
	var all []string
	warn := func(what string, ends time.Time, do string) {
		day := ends.UTC().Format(time.DateOnly)
		switch {
		case !ends.After(now):
			all = append(all, fmt.Sprintf("%s expired on %s: %s", what, day, do))
		case ends.Before(now.Add(warnAhead)):
			all = append(all, fmt.Sprintf("%s expires on %s: %s", what, day, do))
		}
	}
	known := o.trust.known()
	if known.Root != nil {
		warn("the root", known.Root.Expires, "have its owners sign the next one")
	}
	if known.KeySet != nil {
		warn("the key set", known.KeySet.Expires, "draft the next one and have administrators sign it")
	}
	for _, c := range o.Certificates {
		warn(c.Name, c.Expires, "renew it")
	}
	return all
}
