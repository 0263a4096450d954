package controller

import (
	"slices"

	"loa/controller/protocol"
)

// void drops what stands on a key that was revoked, and what is on air of it.
func (t *step) void() {
	s := t.s
	drop := func(o *protocol.Order, key string) bool {
		if !o.Void(s.known) {
			return false
		}
		s.changed = true
		t.tx.drop(key)
		r := s.receipt(protocol.FateRefused, t.now)
		r.Order, r.Kind, r.Mode, r.Subject = o.Hash, o.Kind, o.Mode, o.Subject
		r.Reason, r.Detail = protocol.ReasonRevoked, "a key that signed it was revoked"
		t.tell(r)
		return true
	}
	for _, subject := range sorted(s.alerts) {
		if drop(s.alerts[subject].order, keyAlert+subject) {
			delete(s.alerts, subject)
		}
	}
	for _, subject := range sorted(s.locals) {
		if drop(s.locals[subject].order, keyLocal+subject) {
			delete(s.locals, subject)
		}
	}
	s.presses = slices.DeleteFunc(s.presses, func(p press) bool { return p.order.Void(s.known) })
	for _, hash := range sorted(s.bulletins) {
		if drop(s.bulletins[hash].order, keyBulletin+hash) {
			t.forgetBulletin(hash)
			t.silenceBulletin(hash)
		}
	}
	if s.plan != nil && drop(s.plan.order, keyPlan) {
		s.plan, s.calendar = nil, nil
	}
}

// silenceBulletin ends for good the items on air that name a bulletin.
func (t *step) silenceBulletin(hash string) {
	for _, output := range t.s.Outputs {
		if c := t.s.on(output); c != nil && slices.Contains(c.bulletins, hash) {
			t.mark(c.Occurrence, protocol.FateStopped, c.From)
		}
	}
}
