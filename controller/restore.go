package controller

import (
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/controller/store"
)

// Keys of records in the store. They sort so that trust is read first.
const (
	keyRoot      = "0/root"
	keyKeySet    = "1/keyset"
	keyPlacement = "2/placement"
	keyCancel    = "3/cancel/" // + narrow|wide + "/" + subject
	keyStop      = "4/stop/"   // + narrow|wide + "/" + hash
	keyAlert     = "5/"        // + subject
	keyLocal     = "6/"        // + subject
	keyBulletin  = "7/bulletin/"
	keyPlan      = "8/plan"
)

// reach says in a record's key whom a cancel or stop was counted for.
func reach(wide bool) string {
	if wide {
		return "wide/"
	}
	return "narrow/"
}

// Restore makes the state of a board that starts, from what its store holds;
// audio lists the hashes of whole files, now is the board's clock. A record
// that cannot be read stands among the faults and stays in the store, for an
// older or newer program that can; what central sends again takes its place.
// What a power cut interrupted is told with the first commit.
func Restore(id Identity, snap store.Snapshot, audio []string, now time.Time) State {
	s := State{
		Identity: id,
		known: protocol.Known{
			BoardKey: id.Key, Epoch: id.Epoch, Boot: id.Boot,
			Held: map[string]protocol.Held{}, Alerts: map[string]protocol.KnownAlert{}, Stops: map[string]bool{},
		},
		bulletins: map[string]held[protocol.Bulletin]{},
		alerts:    map[string]alert{},
		locals:    map[string]held[protocol.Local]{},
		stops:     map[string]kept{},
		down:      map[string]bool{},
		marks:     map[string]schedule.Mark{},
		cues:      map[string]cue{},
		playing:   map[string]string{},
		audio:     map[string]bool{},
		changed:   true,
		faults:    map[string]string{},
		next:      snap.NextSequence,
		acked:     snap.Acked,
		sent:      snap.Acked,
		started:   now,
	}
	s.clock.Floor = snap.Floor
	s.clock.Trusted = id.TrustClock && now.After(snap.Floor)
	s.clock.Own = s.clock.Trusted
	for _, hash := range audio {
		s.audio[hash] = true
	}
	records := slices.Clone(snap.Orders)
	slices.SortFunc(records, func(a, b store.Record) int { return strings.Compare(a.Key, b.Key) })
	for _, r := range records {
		o, err := protocol.Recall(r.Envelope, r.Hash)
		if err != nil {
			s.faults["records"] = "read " + r.Key + " back from the store: " + err.Error()
			s.endUnread(r)
			continue
		}
		s.remember(o, r)
	}
	for id, m := range snap.Marks {
		s.marks[id] = schedule.Mark(m)
	}
	s.interrupted(now)
	return s
}

// endUnread keeps the alert of a cancel that cannot be read ended: its key says
// enough. A stop's key does not name what it ends.
func (s *State) endUnread(r store.Record) {
	for _, wide := range []bool{true, false} {
		if subject, ok := strings.CutPrefix(r.Key, keyCancel+reach(wide)); ok {
			s.end(subject, "", wide, r.Keep)
		}
	}
}

// interrupted closes what was on air when the power went. A routine item never
// starts twice, so it is told as failed; an alert's repetition has no mark and
// starts again whole.
func (s *State) interrupted(now time.Time) {
	var tx transaction
	for _, id := range sorted(s.marks) {
		m := s.marks[id]
		if m.Fate != protocol.FateStarted {
			continue
		}
		m.Fate, m.At = protocol.FateFailed, now
		s.marks[id] = m
		tx.mark(id, m)
		r := s.receipt(protocol.FateFailed, now)
		r.Kind, r.Mode, r.Subject, r.Occurrence = protocol.KindPlan, protocol.Live, id, id
		if s.plan != nil {
			r.Order = s.plan.order.Hash
		}
		r.Detail = "the board lost power, or its program ended, while it sounded"
		tx.receipts = append(tx.receipts, r)
	}
	s.gathered = s.gathered.then(tx)
}

// remember takes an accepted order into the state, at receipt and at restart.
func (s *State) remember(o *protocol.Order, r store.Record) {
	s.changed = true
	newest := protocol.Held{Revision: o.Revision, Hash: o.Hash}
	switch d := o.Document.(type) {
	case *protocol.Root:
		s.known.Root, s.known.Held[o.Subject] = d, newest
	case *protocol.KeySet:
		s.keySet, s.known.KeySet, s.known.Held[o.Subject] = o, d, newest
	case *protocol.Placement:
		s.placement, s.known.Placement, s.known.Held[o.Subject] = o, d, newest
	case *protocol.Bulletin:
		s.bulletins[o.Hash] = held[protocol.Bulletin]{o, d}
		if newest.Revision > s.known.Held[o.Subject].Revision {
			s.known.Held[o.Subject] = newest
		}
	case *protocol.Plan:
		s.plan, s.calendar, s.known.Held[o.Subject] = &held[protocol.Plan]{o, d}, nil, newest
		s.calendarAt = time.Time{}
	case *protocol.Local:
		s.locals[o.Subject], s.known.Held[o.Subject] = held[protocol.Local]{o, d}, newest
	case *protocol.Alert:
		s.known.Alerts[o.Subject] = s.known.Alerts[o.Subject].Seen(d, o.Hash)
		s.alerts[o.Subject] = alert{held: held[protocol.Alert]{o, d}, done: r.Progress.Done, lastEnd: r.Progress.LastEnd}
	case *protocol.Cancel:
		s.end(o.Subject, o.Hash, o.Wide || strings.HasPrefix(r.Key, keyCancel+reach(true)), r.Keep)
	case *protocol.Stop:
		wide := o.Wide || strings.HasPrefix(r.Key, keyStop+reach(true))
		s.known.Stops[o.Hash] = true
		stop := kept{key: r.Key, until: r.Keep}
		for _, t := range d.Targets {
			switch {
			case t.Alert != "":
				subject := protocol.AlertSubject(t.Mode, t.Alert)
				s.end(subject, "", wide, r.Keep)
				stop.alerts = append(stop.alerts, subject)
			case strings.HasPrefix(t.Occurrence, pressPrefix):
				// Only while it sounds: presses before the time is known can
				// share a name, and the next one must not be silenced.
				s.presses = slices.DeleteFunc(s.presses, func(p press) bool { return p.subject == t.Occurrence })
			default:
				s.marks[t.Occurrence] = schedule.Mark{Fate: protocol.FateStopped, At: r.Accepted, Keep: r.Keep}
			}
		}
		s.stops[o.Hash] = stop
	}
}

// end notes that an alert was cancelled or stopped, seen or not.
func (s *State) end(subject, hash string, wide bool, keep time.Time) {
	k := s.known.Alerts[subject]
	k.Cancelled, k.CancelWide = true, k.CancelWide || wide
	if hash != "" {
		k.CancelHash = hash
	}
	k.Keep = later(k.Keep, keep)
	s.known.Alerts[subject] = k
}

// ended reports whether an alert was cancelled by somebody who could.
func (s *State) ended(subject string) bool {
	return s.known.Alerts[subject].Ended()
}
