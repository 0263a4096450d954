package controller

import (
	"errors"
	"slices"

	"loa/controller/protocol"
)

// judgeAgain drops what no longer stands after trust or placement has changed:
// what a revoked key signed, or what is for another place. What is on air of it
// ends with it.
//
// A key set or placement that fell leaves what was accepted by it in silence,
// and the next one judges it whole: bare says that there was none until now.
func (t *step) judgeAgain(bare bool) {
	s := t.s
	if s.keySet != nil && t.fallsBy(s.keySet, s.keySet.Void(s.known), keyKeySet) {
		s.keySet, s.known.KeySet = nil, nil
		delete(s.known.Held, "keyset") // whoever signed it may have used up the numbers
	}
	if s.placement != nil && t.fallsBy(s.placement, s.placement.Void(s.known), keyPlacement) {
		s.placement, s.known.Placement = nil, nil
		delete(s.known.Held, "placement")
	}
	anew := bare && s.known.KeySet != nil && s.known.Placement != nil
	for _, subject := range sorted(s.alerts) {
		if t.falls(s.alerts[subject].order, keyAlert+subject, anew) {
			delete(s.alerts, subject)
			s.known.Alerts[subject] = s.known.Alerts[subject].Forgotten()
		}
	}
	for _, subject := range sorted(s.locals) {
		if t.falls(s.locals[subject].order, keyLocal+subject, anew) {
			delete(s.locals, subject)
			delete(s.known.Held, subject)
		}
	}
	s.presses = slices.DeleteFunc(s.presses, func(p press) bool { return t.refusal(p.order, anew) != nil })
	for _, hash := range sorted(s.bulletins) {
		if t.falls(s.bulletins[hash].order, keyBulletin+hash, anew) {
			t.forgetBulletin(hash)
			t.silenceBulletin(hash)
		}
	}
	if s.plan != nil && t.falls(s.plan.order, keyPlan, anew) {
		s.plan, s.calendar = nil, nil
		delete(s.known.Held, "plan")
	}
}

// refusal is why an order stands no longer, or nil. What has expired is told
// elsewhere; while the board lacks a key set or placement, nothing sounds and
// nothing is judged.
func (t *step) refusal(o *protocol.Order, anew bool) *protocol.Refusal {
	err := o.Stands(t.s.known, t.clock())
	if err == nil && anew {
		err = o.Authorised(t.s.known)
	}
	var refusal *protocol.Refusal
	if !errors.As(err, &refusal) {
		return nil
	}
	if refusal.Reason == protocol.ReasonExpired || refusal.Reason == protocol.ReasonNotEnrolled {
		return nil
	}
	return refusal
}

// falls drops an order that stands no longer from the store, and tells why. Its
// number is forgotten with it: whoever signed it may have used up the numbers.
func (t *step) falls(o *protocol.Order, key string, anew bool) bool {
	refusal := t.refusal(o, anew)
	if refusal == nil {
		return false
	}
	t.s.changed = true
	t.tx.drop(key)
	r := t.s.receipt(protocol.FateRefused, t.now)
	r.Order, r.Kind, r.Mode, r.Subject = o.Hash, o.Kind, o.Mode, o.Subject
	r.Reason, r.Detail = refusal.Reason, refusal.Detail
	t.tell(r)
	return true
}

// fallsBy is falls for trust, which is judged by the root alone.
func (t *step) fallsBy(o *protocol.Order, void bool, key string) bool {
	if !void {
		return false
	}
	t.tx.drop(key)
	r := t.s.receipt(protocol.FateRefused, t.now)
	r.Order, r.Kind, r.Mode, r.Subject = o.Hash, o.Kind, o.Mode, o.Subject
	r.Reason, r.Detail = protocol.ReasonRevoked, "an administrator who signed it is no longer one, or lost the key"
	t.tell(r)
	return true
}

// silenceBulletin ends for good the items on air that name a bulletin.
func (t *step) silenceBulletin(hash string) {
	for _, output := range t.s.Outputs {
		if c := t.s.on(output); c != nil && slices.Contains(c.bulletins, hash) {
			t.mark(c.Occurrence, protocol.FateStopped, c.From)
		}
	}
}
