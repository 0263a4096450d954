package protocol

import (
	"crypto/ed25519"
)

// Void reports whether an order that was accepted no longer stands, because a
// key that signed it was revoked since. Keys that were only retired, or persons
// who left a rule, do not undo what was accepted.
func (o *Order) Void(k Known) bool {
	var persons []Person
	if k.KeySet != nil {
		persons = append(persons, k.KeySet.Persons...)
	}
	if k.Root != nil {
		persons = append(persons, k.Root.Administrators...)
	}
	for _, s := range o.Envelope.Signatures {
		if _, key, ok := findKey(persons, s.KeyID); ok && key.Revoked {
			return true
		}
	}
	return false
}

// SealReceipt signs a receipt with the board's own key.
func SealReceipt(r Receipt, board ed25519.PrivateKey) (Envelope, error) {
	return seal(KindReceipt, r, board)
}

// SealEnrolRequest signs a request with the key that it carries.
func SealEnrolRequest(r EnrolRequest, board ed25519.PrivateKey) (Envelope, error) {
	return seal(KindEnrol, r, board)
}

// SealService signs a document that central signs alone: plan, time,
// acknowledgement.
func SealService(k Kind, document any, central ed25519.PrivateKey) (Envelope, error) {
	return seal(k, document, central)
}

func seal(k Kind, document any, private ed25519.PrivateKey) (Envelope, error) {
	e, err := Draft(k, Live, document)
	if err != nil {
		return Envelope{}, err
	}
	e.Sign(private)
	return e, nil
}

// OpenReceipt reads a receipt and verifies it against the key of the board
// that must have signed it. The error is a *Refusal.
func OpenReceipt(data []byte, board Key) (Receipt, Envelope, error) {
	r, e, err := openAs[Receipt](data, KindReceipt, func(Receipt) Key { return board })
	if err == nil && (r.Sequence < 1 || r.Epoch == "" || !ValidCluster(r.Cluster)) {
		err = refuse(ReasonInvalid, "sequence", "cluster, epoch or sequence is missing")
	}
	return r, e, err
}

// OpenEnrolRequest reads a board's request and verifies that it holds the key
// it names. The error is a *Refusal.
func OpenEnrolRequest(data []byte) (EnrolRequest, error) {
	r, _, err := openAs[EnrolRequest](data, KindEnrol, func(r EnrolRequest) Key { return r.Board })
	if err != nil {
		return EnrolRequest{}, err
	}
	var f Faults
	r.Board.check(&f, "board")
	return r, f.refusal()
}

func openAs[T any](data []byte, kind Kind, signer func(T) Key) (T, Envelope, error) {
	var none T
	e, k, _, err := DecodeEnvelope(data)
	if err != nil {
		return none, Envelope{}, err
	}
	if k != kind {
		return none, Envelope{}, refuse(ReasonUnknownType, "payloadType", "is a %s, not a %s", k, kind)
	}
	v, err := Decode[versioned](e.Payload)
	if err != nil {
		return none, Envelope{}, refuse(ReasonMalformed, "payload", "%v", err)
	}
	if !known[v.Version] {
		return none, Envelope{}, refuse(ReasonUnknownVersion, "version", "%d, this side knows %d", v.Version, Version)
	}
	d, err := Decode[T](e.Payload)
	if err != nil {
		return none, Envelope{}, refuse(ReasonMalformed, "payload", "%v", err)
	}
	if len(e.Signatures) != 1 {
		return none, Envelope{}, refuse(ReasonThreshold, "signatures", "%d, must be the board's one", len(e.Signatures))
	}
	key := signer(d)
	if e.Signatures[0].KeyID != key.ID {
		return none, Envelope{}, refuse(ReasonUnknownKey, "signatures[0]", "key %s is not this board's", e.Signatures[0].KeyID)
	}
	if key.Revoked {
		return none, Envelope{}, refuse(ReasonRevoked, "signatures[0]", "the board's key was revoked")
	}
	if err := key.Verify(e.PAE(), e.Signatures[0]); err != nil {
		return none, Envelope{}, refuse(ReasonBadSignature, "signatures[0]", "%v", err)
	}
	return d, e, nil
}
