package controller

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/controller/store"
)

// calendarAhead is how far a plan is worked out at a time.
const calendarAhead = 36 * time.Hour

// receive takes one message of the network. What it means stands in its signed
// bytes, never in the lane that it came by.
func (t *step) receive(m Received) {
	if m.Lane != protocol.LaneResync {
		t.judge(m.Payload)
		return
	}
	if len(m.Payload) > protocol.MaxMessage {
		t.do(Note{"resync is too large", []any{"bytes", len(m.Payload)}})
		return
	}
	r, err := protocol.Decode[protocol.Resync](m.Payload)
	if err != nil {
		t.do(Note{"resync cannot be read", []any{"error", err.Error()}})
		return
	}
	for _, e := range r.Orders {
		t.envelope(e)
	}
}

func (t *step) envelope(e protocol.Envelope) {
	data, err := protocol.Encode(e)
	if err != nil {
		t.do(Note{"envelope cannot be written", []any{"error", err.Error()}})
		return
	}
	t.judge(data)
}

// enrol takes the answer to this board's own request, for what is not held yet.
func (t *step) enrol(e protocol.Enrolment) {
	t.s.known.Enrolling = t.s.known.Root == nil
	t.envelope(e.Root)
	t.s.known.Enrolling = false
	t.envelope(e.KeySet)
	t.envelope(e.Placement)
}

// judge passes bytes through the gate and acts on the answer.
func (t *step) judge(data []byte) {
	o, err := protocol.Open(data, t.s.known, protocol.Clock{Now: t.now, Trusted: t.s.clock.Trusted, Floor: t.s.clock.Floor})
	if err == nil {
		err = t.accept(o)
	}
	var refusal *protocol.Refusal
	if !errors.As(err, &refusal) {
		return
	}
	switch refusal.Reason {
	case protocol.ReasonDuplicate:
	case protocol.ReasonClock:
		t.wait(data)
	default:
		t.refuse(data, refusal)
	}
}

// wait keeps an order until the time is known. The newest stay.
func (t *step) wait(data []byte) {
	if slices.ContainsFunc(t.s.waiting, func(w []byte) bool { return slices.Equal(w, data) }) {
		return
	}
	t.s.waiting = append(t.s.waiting, data)
	if len(t.s.waiting) > maxWaiting {
		t.s.waiting = t.s.waiting[1:]
	}
}

// refuse tells of a refused order, once in a while for the same bytes.
func (t *step) refuse(data []byte, refusal *protocol.Refusal) {
	r := t.s.receipt(protocol.FateRefused, t.now)
	r.Reason, r.Detail = refusal.Reason, refusal.Field
	if r.Detail != "" {
		r.Detail += ": "
	}
	r.Detail += refusal.Detail
	if e, kind, mode, err := protocol.DecodeEnvelope(data); err == nil {
		r.Order, r.Kind, r.Mode = e.Hash(), kind, mode
	} else {
		sum := sha256.Sum256(data)
		r.Order = hex.EncodeToString(sum[:])
	}
	if slices.Contains(t.s.refused, r.Order) {
		return
	}
	t.s.refused = append(t.s.refused, r.Order)
	if len(t.s.refused) > maxRefused {
		t.s.refused = t.s.refused[1:]
	}
	t.do(Note{"order refused", []any{"order", r.Order, "kind", string(r.Kind), "reason", string(r.Reason), "detail", r.Detail}})
	t.tell(r)
}

// accept takes an order that passed the gate: into the state, and into the
// transaction that makes it durable before 'accepted' is said.
func (t *step) accept(o *protocol.Order) error {
	switch d := o.Document.(type) {
	case *protocol.SignedTime:
		t.learn(d)
		return nil
	case *protocol.Ack:
		t.acknowledged(d)
		return nil
	case *protocol.Plan:
		calendar, err := schedule.NewCalendar(d, t.now.Add(-calendarAhead), t.now.Add(calendarAhead))
		if err != nil {
			return &protocol.Refusal{Reason: protocol.ReasonInvalid, Field: "items", Detail: err.Error()}
		}
		t.keep(o, keyPlan, time.Time{})
		t.s.calendar = calendar
	case *protocol.Root:
		t.keep(o, keyRoot, time.Time{})
	case *protocol.KeySet:
		t.keep(o, keyKeySet, time.Time{})
		t.void()
	case *protocol.Placement:
		t.keep(o, keyPlacement, time.Time{})
	case *protocol.Bulletin:
		if len(t.s.bulletins) >= maxHeldOrders {
			return full("bulletins")
		}
		t.keep(o, keyBulletin+o.Hash, d.NotAfter)
	case *protocol.Alert:
		if len(t.s.known.Alerts) >= maxHeldOrders {
			return full("alerts")
		}
		t.keep(o, keyAlert+o.Subject, d.Expires.Add(protocol.KeepAlert))
	case *protocol.Local:
		t.keep(o, keyLocal+o.Subject, time.Time{})
	case *protocol.Cancel:
		if len(t.s.known.Alerts) >= maxHeldOrders {
			return full("alerts")
		}
		t.keep(o, keyCancel+reach(o.Wide)+o.Subject, t.keepEnded(t.s.known.Alerts[o.Subject]))
	case *protocol.Stop:
		if len(t.s.known.Stops) >= maxHeldOrders {
			return full("stops")
		}
		t.keep(o, keyStop+reach(o.Wide)+o.Hash, t.now.Add(keepStopped))
		for _, target := range d.Targets {
			if target.Occurrence != "" {
				t.tx.mark(target.Occurrence, t.s.marks[target.Occurrence])
			}
		}
	}
	r := t.s.receipt(protocol.FateAccepted, t.now)
	r.Order, r.Kind, r.Mode, r.Subject = o.Hash, o.Kind, o.Mode, o.Subject
	t.tell(r)
	return nil
}

func full(what string) error {
	return &protocol.Refusal{Reason: protocol.ReasonTooLarge, Detail: fmt.Sprintf("the board holds %d %s already", maxHeldOrders, what)}
}

// keepEnded is until when a cancel is kept: past any alert that it could end.
func (t *step) keepEnded(k protocol.KnownAlert) time.Time {
	return later(k.Keep, later(t.now, t.s.clock.Floor).Add(keepStopped))
}

// keep takes an order into the state and the transaction.
func (t *step) keep(o *protocol.Order, key string, until time.Time) {
	r := store.Record{Key: key, Hash: o.Hash, Envelope: mustEncode(o.Envelope), Accepted: t.now, Keep: until}
	t.s.remember(o, r)
	t.tx.orders = append(t.tx.orders, r)
}

// mustEncode writes an envelope that was decoded a moment ago.
func mustEncode(e protocol.Envelope) []byte {
	data, err := protocol.Encode(e)
	if err != nil {
		panic(fmt.Sprintf("encode an envelope that was decoded: %v", err))
	}
	return data
}

// learn takes central's time, and judges again what waited for it.
func (t *step) learn(d *protocol.SignedTime) {
	t.s.clock = t.s.clock.learn(d.Time, t.board)
	t.now = t.s.clock.at(t.board)
	t.s.told.helloed = true
	t.tx.floor = t.s.clock.Floor
	waiting := t.s.waiting
	t.s.waiting = nil
	for _, data := range waiting {
		t.judge(data)
	}
}

// acknowledged takes central's word on receipts. A lower number than before
// asks for them again: central was restored from a backup.
func (t *step) acknowledged(d *protocol.Ack) {
	if d.Sequence >= t.s.next {
		t.do(Note{"receipts were acknowledged that were never sent", []any{"sequence", d.Sequence, "next", t.s.next}})
		return
	}
	if d.Sequence == t.s.acked {
		return
	}
	if d.Sequence < t.s.acked {
		t.s.sent = d.Sequence
	}
	t.s.acked = d.Sequence
	t.s.sent = max(t.s.sent, d.Sequence)
	t.tx.acked = &d.Sequence
}

// void drops what stands on a key that was revoked.
func (t *step) void() {
	drop := func(o *protocol.Order, key string) bool {
		if !o.Void(t.s.known) {
			return false
		}
		t.tx.drop = append(t.tx.drop, key)
		r := t.s.receipt(protocol.FateRefused, t.now)
		r.Order, r.Kind, r.Mode, r.Subject = o.Hash, o.Kind, o.Mode, o.Subject
		r.Reason, r.Detail = protocol.ReasonRevoked, "a key that signed it was revoked"
		t.tell(r)
		return true
	}
	for _, subject := range sorted(t.s.alerts) {
		if drop(t.s.alerts[subject].order, keyAlert+subject) {
			delete(t.s.alerts, subject)
		}
	}
	for _, subject := range sorted(t.s.locals) {
		if drop(t.s.locals[subject].order, keyLocal+subject) {
			delete(t.s.locals, subject)
		}
	}
	t.s.presses = slices.DeleteFunc(t.s.presses, func(p press) bool { return p.order.Void(t.s.known) })
	for _, hash := range sorted(t.s.bulletins) {
		if drop(t.s.bulletins[hash].order, keyBulletin+hash) {
			delete(t.s.bulletins, hash)
		}
	}
	if t.s.plan != nil && drop(t.s.plan.order, keyPlan) {
		t.s.plan, t.s.calendar = nil, nil
	}
}

// receipt begins one; the store numbers it.
func (s *State) receipt(fate protocol.Fate, now time.Time) protocol.Receipt {
	return protocol.Receipt{
		Version: protocol.Version, Cluster: s.cluster(), Epoch: s.Epoch, At: now, Clock: s.clock.word(), Fate: fate,
	}
}
