package controller

import (
	"fmt"
	"slices"

	"loa/controller/protocol"
)

// How many alert ids a board holds of each sort. They are counted apart, so
// that whoever holds one key, and may drill or cancel what nobody has seen,
// cannot fill the board for live alerts. What is known already always finds
// room: an update, or the cancel of what sounds.
const (
	maxAlerts = 1000
	maxDrills = 500
	maxUnseen = 500 // ended before they were seen
)

func full(most int, what string) error {
	return &protocol.Refusal{Reason: protocol.ReasonTooLarge, Detail: fmt.Sprintf("the board holds %d %s already", most, what)}
}

// room makes room for an alert or drill, or says why there is none.
func (t *step) room(subject string, mode protocol.Mode) error {
	s := t.s
	if _, ok := s.known.Alerts[subject]; ok {
		return nil
	}
	held, finished := 0, ""
	for _, other := range sorted(s.alerts) {
		a := s.alerts[other]
		if a.order.Mode != mode {
			continue
		}
		held++
		if over := s.ended(other) || a.done >= a.doc.Repetitions; over &&
			(finished == "" || a.doc.Expires.Before(s.alerts[finished].doc.Expires)) {
			finished = other
		}
	}
	switch {
	case mode == protocol.Live && held < maxAlerts, mode == protocol.Drill && held < maxDrills:
	case mode == protocol.Live:
		// One that is forgotten could be played back to the board.
		return full(maxAlerts, "alerts")
	case finished == "":
		return full(maxDrills, "drills")
	default:
		t.forgetAlert(finished)
	}
	return nil
}

// forgetUnseen forgets the oldest cancels of alerts that were never seen, where
// there are too many, but not those that came just now.
func (t *step) forgetUnseen(now ...string) {
	s := t.s
	var unseen []string
	for _, subject := range sorted(s.known.Alerts) {
		if s.known.Alerts[subject].Sequence == 0 {
			unseen = append(unseen, subject)
		}
	}
	if len(unseen) <= maxUnseen {
		return
	}
	slices.SortStableFunc(unseen, func(a, b string) int { return s.known.Alerts[a].Keep.Compare(s.known.Alerts[b].Keep) })
	surplus := len(unseen) - maxUnseen
	for _, subject := range unseen {
		if surplus > 0 && !slices.Contains(now, subject) {
			t.forgetAlert(subject)
			surplus--
		}
	}
}

// roomForStop makes room for a stop. One of an alert that the board has stays:
// without it the alert would sound again after a restart.
func (t *step) roomForStop(hash string) error {
	s := t.s
	if _, ok := s.stops[hash]; ok || len(s.stops) < maxHeldOrders {
		return nil
	}
	oldest := ""
	for _, other := range sorted(s.stops) {
		k := s.stops[other]
		needed := slices.ContainsFunc(k.alerts, func(subject string) bool { return s.known.Alerts[subject].Sequence > 0 })
		if !needed && (oldest == "" || k.until.Before(s.stops[oldest].until)) {
			oldest = other
		}
	}
	if oldest == "" {
		return full(maxHeldOrders, "stops of alerts")
	}
	t.forgetStop(oldest)
	return nil
}
