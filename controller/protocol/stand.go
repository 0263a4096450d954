package protocol

import "slices"

// Void reports whether an order that was accepted no longer stands: a key that
// signed it was revoked since, and the other signatures alone do not suffice.
// So a thief who adds a signature to an honest order does not undo it. Keys
// that were only retired, or persons who left a rule, do not undo what was
// accepted. What a cancel or a stop ended stays ended, and a root is replaced
// by the next one only.
//
// A key set and a placement are void also where an administrator who is needed
// is no longer listed by the root: whoever got hold of administrators' keys may
// have used up the revisions, and only the next root ends that. An
// administrator who just leaves is listed on, with retired keys.
func (o *Order) Void(k Known) bool {
	switch o.Kind {
	case KindRoot, KindCancel, KindStop:
		return false
	case KindKeySet, KindPlacement:
		if k.Root == nil || !o.signedBy(k.Root.Administrators, func(key Key, listed bool) bool { return !listed || key.Revoked }) {
			return false
		}
		// What else the next root fixes, it fixes from then on: a higher
		// threshold for wide alerts leaves a board its key set.
		return o.again().bySome(k.Root.Administrators, k.Root.AdminThreshold) != nil
	}
	if k.Root == nil || k.KeySet == nil || k.Placement == nil {
		return false
	}
	if !o.signedBy(k.KeySet.Persons, func(key Key, listed bool) bool { return listed && key.Revoked }) {
		return false
	}
	return o.again().authorise(&k) != nil
}

// Stands judges an order that was accepted once more, before it is carried out:
// it is still meant for this board, is not void, and its validity is not over.
// As Open did that at receipt, an unknown time holds nothing up here: then only
// what ended before clock.Floor is over. The error is a *Refusal.
func (o *Order) Stands(k Known, clock Clock) error {
	if err := o.addressed(&k); err != nil {
		return err
	}
	if o.Void(k) {
		return refuse(ReasonRevoked, "signatures", "a key that signed it was revoked")
	}
	if err := o.valid(clock); ReasonOf(err) == ReasonExpired {
		return err
	}
	return nil
}

// Authorised judges anew who signed an order that was accepted, as far as the
// present key set goes: after a key set that was void itself, nothing rests on
// what it said. The board must have root, key set and placement. The error is a
// *Refusal.
func (o *Order) Authorised(k Known) error { return o.again().authorise(&k) }

// again is the order for a second judgement.
func (o *Order) again() *Order {
	return &Order{Envelope: o.Envelope, Kind: o.Kind, Mode: o.Mode, Subject: o.Subject, Document: o.Document, accepted: true}
}

// signedBy reports whether a signature is by such a key; listed says whether
// persons has the key at all.
func (o *Order) signedBy(persons []Person, such func(key Key, listed bool) bool) bool {
	return slices.ContainsFunc(o.Envelope.Signatures, func(s Signature) bool {
		_, key, listed := findKey(persons, s.KeyID)
		return such(key, listed)
	})
}
