package web

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// NewDescribed is New along with what the answers are to look like.
func NewDescribed(o Options) (http.Handler, huma.API) {
	a, h := build(o)
	return h, a.API
}

// Limiter counts failures.
type Limiter struct{ attempts attempts }

func (l *Limiter) Take(now time.Time, subject string, most int, every time.Duration) time.Duration {
	return l.attempts.take(now, subject, pace{most, every})
}

func (l *Limiter) GiveBack(subject string, most int, every time.Duration) {
	l.attempts.giveBack(subject, pace{most, every})
}

// Subjects is how many are counted now.
func (l *Limiter) Subjects() int { return len(l.attempts.clear) }

// Origin is what an address is counted under.
func Origin(remote string) string { return origin(remote) }
