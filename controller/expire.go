package controller

import (
	"strings"
	"time"

	"loa/controller/protocol"
	"loa/controller/store"
)

// expire forgets what is over, and tells of alerts that ended unfinished. What
// is forgotten does not come back with the right time, so one word on the time
// is not enough; what is over does not sound meanwhile.
func (t *step) expire() {
	t.expirePresses()
	if t.s.faults["orders"] != "" && t.due(t.s.refusing.Add(time.Minute)) {
		t.fault("orders", "")
	}
	if !t.s.clock.sure() {
		return
	}
	t.expireAlerts()
	t.expireBulletins()
	s := t.s
	for _, id := range sorted(s.marks) {
		if m := s.marks[id]; !m.Keep.IsZero() && !t.now.Before(m.Keep) {
			delete(s.marks, id)
			t.tx.dropMark(id)
		}
	}
	for _, hash := range sorted(s.stops) {
		if kept := s.stops[hash]; !t.now.Before(kept.until) {
			t.forgetStop(hash)
		}
	}
	t.alarm()
}

// alarmAhead is how long before its end a document of trust, or a button's
// order, is a fault: long enough for persons to meet and sign.
const alarmAhead = 60 * 24 * time.Hour

// alarm tells of documents that end soon or have ended. Of trust this mutes
// nothing.
func (t *step) alarm() {
	s := t.s
	if d := s.known.Root; d != nil {
		t.fault("root", t.ending(alarmAhead, d.Expires, ""))
	}
	detail := ""
	if d := s.known.KeySet; d != nil {
		detail = t.ending(alarmAhead, d.Expires, "")
	}
	t.fault("keyset", detail)
	for _, part := range sorted(s.faults) {
		if _, held := s.locals[part]; !held && strings.HasPrefix(part, pressPrefix) {
			t.fault(part, "")
		}
	}
	for _, subject := range sorted(s.locals) {
		d := s.locals[subject].doc
		// One that is made for a short time would be a fault all along.
		ahead := min(alarmAhead, d.Expires.Sub(d.Issued)/4)
		t.fault(subject, t.ending(ahead, d.Expires, ", and the button plays nothing"))
	}
}

// ending says what is wrong with a document that expires, or "".
func (t *step) ending(ahead time.Duration, expires time.Time, then string) string {
	at := expires.UTC().Format(time.RFC3339)
	switch {
	case !t.now.Before(expires):
		return "expired at " + at + then
	case !t.now.Before(expires.Add(-ahead)):
		return "expires at " + at
	}
	return ""
}

func (t *step) expireAlerts() {
	s := t.s
	for _, subject := range sorted(s.alerts) {
		a := s.alerts[subject]
		switch {
		case t.now.Before(a.doc.Expires):
			t.wakeAt(a.doc.Expires)
		case a.done < a.doc.Repetitions && !s.ended(subject):
			// Nothing of it is left: so it is told once, also after a restart.
			a.done = a.doc.Repetitions
			s.alerts[subject] = a
			s.changed = true
			t.progress(subject)
			r := s.receipt(protocol.FateExpired, t.now)
			r.Order, r.Kind, r.Mode, r.Subject = a.order.Hash, protocol.KindAlert, a.order.Mode, subject
			t.tell(r)
		}
	}
	for _, subject := range sorted(s.known.Alerts) {
		if k := s.known.Alerts[subject]; !t.now.Before(k.Keep) {
			t.forgetAlert(subject)
		}
	}
}

// forgetAlert forgets an alert's id, and what ended it.
func (t *step) forgetAlert(subject string) {
	delete(t.s.known.Alerts, subject)
	delete(t.s.alerts, subject)
	t.s.changed = true
	t.tx.drop(keyAlert+subject, keyCancel+reach(true)+subject, keyCancel+reach(false)+subject)
}

func (t *step) forgetStop(hash string) {
	t.tx.drop(t.s.stops[hash].key)
	delete(t.s.stops, hash)
	delete(t.s.known.Stops, hash)
}

// expireBulletins forgets documents that may sound no more, and a bulletin's
// newest revision with the last of them.
func (t *step) expireBulletins() {
	s := t.s
	for _, hash := range sorted(s.bulletins) {
		b := s.bulletins[hash]
		if t.now.Before(b.doc.NotAfter) {
			continue
		}
		t.forgetBulletin(hash)
	}
}

func (t *step) forgetBulletin(hash string) {
	s := t.s
	id := s.bulletins[hash].doc.ID
	delete(s.bulletins, hash)
	s.changed = true
	t.tx.drop(keyBulletin + hash)
	// The newest of those that are left, as after a restart.
	delete(s.known.Held, "bulletin/"+id)
	for other, b := range s.bulletins {
		if was := s.known.Held["bulletin/"+id]; b.doc.ID == id && b.doc.Revision > was.Revision {
			s.known.Held["bulletin/"+id] = protocol.Held{Revision: b.doc.Revision, Hash: other}
		}
	}
}

// progress makes durable how far an alert has come.
func (t *step) progress(subject string) {
	a := t.s.alerts[subject]
	t.tx.keep(store.Record{
		Key: keyAlert + subject, Hash: a.order.Hash, Envelope: mustEncode(a.order.Envelope), Accepted: t.now,
		Keep: a.doc.Expires.Add(protocol.KeepAlert), Progress: store.Progress{Done: a.done, LastEnd: a.lastEnd},
	})
}

// keepStop is until when a stop is kept: past all that it could end. An
// occurrence can be named before its time.
func (t *step) keepStop(d *protocol.Stop) time.Time {
	keep := t.keepEnding(protocol.KnownAlert{})
	for _, target := range d.Targets {
		if target.Alert != "" {
			keep = later(keep, t.s.known.Alerts[protocol.AlertSubject(target.Mode, target.Alert)].Keep)
			continue
		}
		_, start, _ := strings.Cut(target.Occurrence, "@")
		if at, err := time.Parse(protocol.LocalTime, start); err == nil {
			// The name's time is local: zones are at most 14 hours from UTC.
			keep = later(keep, at.Add(14*time.Hour+longestItem+keepMarks))
		}
	}
	return keep
}

// longestItem is the longest that an item of a plan is of interest: a day, and
// six hours late.
const longestItem = 30 * time.Hour

// keepEnding is until when a cancel is kept: past any alert that it could end.
func (t *step) keepEnding(k protocol.KnownAlert) time.Time {
	return later(k.Keep, later(t.now, t.s.clock.Floor).Add(keepEnding))
}
