package controller

import (
	"maps"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/controller/store"
)

// transaction gathers what one Step makes durable, all of it or nothing.
type transaction struct {
	orders    []store.Record
	drop      []string
	marks     map[string]store.Mark
	dropMarks []string
	receipts  []protocol.Receipt
	acked     *int64
	floor     time.Time

	starts []string // outputs that start when it is stored
}

func (x *transaction) mark(occurrence string, m schedule.Mark) {
	if x.marks == nil {
		x.marks = map[string]store.Mark{}
	}
	x.marks[occurrence] = store.Mark(m)
}

func (x *transaction) empty() bool {
	return len(x.orders) == 0 && len(x.drop) == 0 && len(x.marks) == 0 && len(x.dropMarks) == 0 &&
		len(x.receipts) == 0 && x.acked == nil && x.floor.IsZero() && len(x.starts) == 0
}

// tell adds a receipt to the transaction.
func (t *step) tell(r protocol.Receipt) { t.tx.receipts = append(t.tx.receipts, r) }

// flush asks for the commit of what this Step gathered.
func (t *step) flush() {
	s := t.s
	if t.tx.empty() {
		if len(s.unsaved) == 0 || len(s.pending) > 0 {
			return
		}
		if t.board.Before(s.retry) {
			t.wakeAt(s.clock.at(s.retry))
			return
		}
	}
	for i := range t.tx.receipts {
		// Root and key set are accepted before the placement that names the
		// cluster.
		t.tx.receipts[i].Cluster = s.cluster()
	}
	if len(s.pending) == 0 {
		t.tx.receipts = append(s.unsaved, t.tx.receipts...)
		s.unsaved = nil
	}
	if s.clock.Trusted {
		s.clock = s.clock.raise(t.now)
		t.tx.floor = s.clock.Floor
	}
	s.serial++
	s.pending[s.serial] = pending{starts: t.tx.starts}
	t.do(Commit{
		Serial: s.serial,
		Tx: store.Tx{
			Orders: t.tx.orders, DropOrders: t.tx.drop, Marks: t.tx.marks, DropMarks: t.tx.dropMarks,
			Acked: t.tx.acked, Floor: t.tx.floor,
		},
		Receipts: t.tx.receipts,
	})
}

// committed goes on with what waited for a commit.
func (t *step) committed(e Committed) {
	s := t.s
	p := s.pending[e.Serial]
	delete(s.pending, e.Serial)
	if e.Err != nil {
		t.notStored(e, p)
		return
	}
	t.fault("store", "")
	if n := len(e.Receipts); n > 0 {
		s.next = e.Receipts[n-1].Sequence + 1
	}
	for _, output := range p.starts {
		t.begin(output)
	}
}

// notStored carries an emergency out from memory and says so; anything else
// stays off. The receipts are tried again with the next commit.
func (t *step) notStored(e Committed, p pending) {
	s := t.s
	t.fault("store", e.Err.Error())
	s.retry = t.board.Add(retryAfter)
	for _, r := range e.Receipts {
		if r.Fate == protocol.FateAccepted {
			r.Fate, r.Detail = protocol.FateNotDurable, e.Err.Error()
			t.do(SendUnstored{r})
		}
		s.unsaved = append(s.unsaved, r)
	}
	if n := len(s.unsaved) - maxHeldOrders; n > 0 {
		s.unsaved = s.unsaved[n:]
	}
	for _, output := range p.starts {
		p, ok := s.playing[output]
		switch {
		case !ok || p.committed:
		case p.Class == schedule.Emergency:
			t.begin(output)
		default:
			delete(s.playing, output)
			t.failed(p, "its start could not be stored", nil)
		}
	}
}

// progress makes durable how far an alert has come.
func (t *step) progress(subject string) {
	a := t.s.alerts[subject]
	t.tx.orders = append(t.tx.orders, store.Record{
		Key: keyAlert + subject, Hash: a.order.Hash, Envelope: mustEncode(a.order.Envelope), Accepted: t.now,
		Keep: a.doc.Expires.Add(protocol.KeepAlert), Progress: store.Progress{Done: a.done, LastEnd: a.lastEnd},
	})
}

// expire forgets what is over, and tells of alerts that ended unfinished.
func (t *step) expire() {
	s := t.s
	if !s.clock.Trusted {
		return
	}
	for _, subject := range sorted(s.alerts) {
		a := s.alerts[subject]
		if !a.expired && !t.now.Before(a.doc.Expires) && a.done < a.doc.Repetitions && !s.ended(subject) {
			a.expired = true
			s.alerts[subject] = a
			r := s.receipt(protocol.FateExpired, t.now)
			r.Order, r.Kind, r.Mode, r.Subject = a.order.Hash, protocol.KindAlert, a.order.Mode, subject
			t.tell(r)
		}
		if !a.expired {
			t.wakeAt(a.doc.Expires)
		}
	}
	for _, subject := range sorted(s.known.Alerts) {
		if k := s.known.Alerts[subject]; !t.now.Before(k.Keep) {
			delete(s.known.Alerts, subject)
			delete(s.alerts, subject)
			t.tx.drop = append(t.tx.drop, keyAlert+subject, keyCancel+reach(true)+subject, keyCancel+reach(false)+subject)
		}
	}
	for _, hash := range sorted(s.bulletins) {
		if !t.now.Before(s.bulletins[hash].doc.NotAfter) {
			delete(s.bulletins, hash)
			t.tx.drop = append(t.tx.drop, keyBulletin+hash)
		}
	}
	for _, id := range sorted(s.marks) {
		if m := s.marks[id]; !m.Keep.IsZero() && !t.now.Before(m.Keep) {
			delete(s.marks, id)
			t.tx.dropMarks = append(t.tx.dropMarks, id)
		}
	}
	for _, hash := range sorted(s.stops) {
		if kept := s.stops[hash]; !t.now.Before(kept.until) {
			delete(s.stops, hash)
			delete(s.known.Stops, hash)
			t.tx.drop = append(t.tx.drop, kept.key)
		}
	}
	for _, subject := range sorted(s.locals) {
		if !t.now.Before(s.locals[subject].doc.Expires) {
			t.fault("local", subject+" has expired: its button plays nothing")
		}
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
