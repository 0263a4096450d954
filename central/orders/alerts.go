package orders

import (
	"context"
	"fmt"
	"strings"
	"time"

	"loa/controller/protocol"
)

// Course is how far an alert has come.
type Course string

const (
	GathersStill Course = "gathering"
	Active       Course = "active"
	Cancelled    Course = "cancelled"
	Ended        Course = "ended" // its time is over
)

// Alert is an alert or a drill as it stands: its newest sealed sequence or, where
// none is sealed, the newest draft.
type Alert struct {
	Status
	protocol.Alert
	Course Course
}

// AlertQuery chooses alerts; zero fields choose all. The last drafted come
// first.
type AlertQuery struct {
	Subject string
	Areas   []string // at least one of these in the audience
	// At is when Active and Ended are asked for: exactly one of them is true for
	// an alert.
	At     time.Time
	Active bool // gathering or active
	Ended  bool // cancelled, or its time is over
	Limit  int  // 0: all
}

// Alerts lists alerts. What became of them is Tally's.
func (o *Orders) Alerts(ctx context.Context, q AlertQuery) ([]Alert, error) {
	if q.At.IsZero() {
		q.At = time.Now()
	}
	records, cancelled, err := o.Store.Alerts(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	over, err := o.over(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Alert, len(records))
	for i, r := range records {
		doc, err := protocol.Decode[protocol.Alert](r.Payload)
		if err != nil {
			return nil, fmt.Errorf("read %s %d: %w", r.Subject, r.Revision, err)
		}
		all[i] = Alert{r.status(), doc, r.course(cancelled[r.Subject] || over[r.Subject], q.At)}
		if r.State == Gathering {
			if all[i].Status, err = o.status(ctx, r); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func (r Record) course(cancelled bool, now time.Time) Course {
	switch {
	case cancelled:
		return Cancelled
	case !r.Until.After(now):
		return Ended
	case r.State == Sealed:
		return Active
	}
	return GathersStill
}

// AlertID is the id in an alert's subject; false for another subject.
func AlertID(mode protocol.Mode, subject string) (string, bool) {
	return strings.CutPrefix(subject, protocol.AlertSubject(mode, ""))
}
