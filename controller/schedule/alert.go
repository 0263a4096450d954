package schedule

import (
	"strconv"
	"time"

	"loa/controller/protocol"
)

// Alert is an accepted alert, or a press of a button with a local order. It
// plays Repetitions times on every output, with Pause between.
type Alert struct {
	Subject  string // alert/live/x, or of a press local/live/button@time
	Order    string // hash
	Sequence int
	Mode     protocol.Mode
	Level    int       // 0 to 5
	Issued   time.Time // of a press: when it was pressed
	Expires  time.Time // judged only while the time is trusted

	Repetitions int
	Pause       time.Duration
	Done        int           // repetitions that are finished
	LastEnd     time.Time     // of the last finished repetition
	Longest     time.Duration // of a press: it sounds no longer than this after Issued; 0 is no limit
}

// RepetitionID names the next repetition, as in alert/live/x/2#3: the third of
// the second sequence.
func (a Alert) RepetitionID() string {
	b := make([]byte, 0, len(a.Subject)+16)
	b = append(b, a.Subject...)
	b = append(b, '/')
	b = strconv.AppendInt(b, int64(a.Sequence), 10)
	b = append(b, '#')
	b = strconv.AppendInt(b, int64(a.Done)+1, 10)
	return string(b)
}

// until is when the alert must be silent, or zero when only its repetitions end
// it.
func (a *Alert) until(trusted bool) time.Time {
	var end time.Time
	if a.Longest > 0 {
		end = a.Issued.Add(a.Longest)
	}
	if trusted && (end.IsZero() || a.Expires.Before(end)) {
		end = a.Expires
	}
	return end
}

// over reports whether nothing of the alert is left to play.
func (a *Alert) over(trusted bool, now time.Time) bool {
	end := a.until(trusted)
	return a.Done >= a.Repetitions || (!end.IsZero() && !now.Before(end))
}

// pausing reports whether now lies between two repetitions, and until when. A
// last end in the future means that the clock was set back, and waits for
// nothing.
func (a *Alert) pausing(now time.Time) (time.Time, bool) {
	end := a.LastEnd.Add(a.Pause)
	return end, a.Done > 0 && !now.Before(a.LastEnd) && now.Before(end)
}
