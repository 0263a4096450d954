package web_test

import (
	"fmt"
	"testing"
	"time"

	"loa/central/web"
)

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 3, 1, 5, 30, 0, 0, time.UTC)
	var l web.Limiter
	take := func(after time.Duration, subject string) time.Duration {
		return l.Take(now.Add(after), subject, 3, time.Minute)
	}
	for i, step := range []struct {
		after   time.Duration
		subject string
		want    time.Duration
	}{
		{0, "a", 0}, {0, "a", 0}, {0, "a", 0}, {0, "a", time.Minute},
		{0, "b", 0}, // others are others
		{20 * time.Second, "a", 40 * time.Second}, // being refused counts nothing
		{20 * time.Second, "a", 40 * time.Second},
		{60 * time.Second, "a", 0},
		{60 * time.Second, "a", time.Minute},
		{time.Hour, "a", 0}, {time.Hour, "a", 0}, {time.Hour, "a", 0}, {time.Hour, "a", time.Minute}, // no more than so many, ever
	} {
		if got := take(step.after, step.subject); got != step.want {
			t.Fatalf("step %d: wait %v, want %v", i, got, step.want)
		}
	}
	l.GiveBack("a", 3, time.Minute)
	if take(time.Hour, "a") != 0 || take(time.Hour, "a") == 0 {
		t.Error("what was given back was not one")
	}
	l.GiveBack("nobody", 3, time.Minute)
}

// TestLimiterForgets: a flood of names takes no memory without end, and does not
// wash away whom somebody guesses at.
func TestLimiterForgets(t *testing.T) {
	now := time.Date(2026, 3, 1, 5, 30, 0, 0, time.UTC)
	var l web.Limiter
	for l.Take(now, "lan", 10, time.Minute) == 0 {
	}
	for i := range 50_000 {
		now = now.Add(time.Millisecond)
		if wait := l.Take(now, fmt.Sprint("name ", i), 10, time.Minute); wait != 0 {
			t.Fatalf("name %d waits %v", i, wait)
		}
		if n := l.Subjects(); n > 10_000 {
			t.Fatalf("%d subjects", n)
		}
	}
	if l.Take(now, "lan", 10, time.Minute) == 0 {
		t.Error("a flood cleared what stood against a name")
	}
}

func TestOrigins(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:4711":              "192.0.2.7",
		"[::ffff:192.0.2.7]:4711":     "192.0.2.7",
		"127.0.0.1:1":                 "127.0.0.1",
		"[2001:db8:1:2:3:4:5:6]:4711": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:80":   "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":           "fe80::/64",
		"@":                           "@",
		"[2001:db8:1:3:3:4:5:6]:4711": "2001:db8:1:3::/64",
	} {
		if got := web.Origin(remote); got != want {
			t.Errorf("%s counts under %s, want %s", remote, got, want)
		}
	}
}
