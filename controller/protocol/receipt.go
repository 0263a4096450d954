package protocol

import (
	"crypto/ed25519"
	"fmt"
	"slices"
)

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
// that must have signed it. The caller compares Cluster with the one whose key
// that is: a board can write what it likes there. The error is a *Refusal.
func OpenReceipt(data []byte, board Key) (Receipt, Envelope, error) {
	r, e, err := openAs[Receipt](data, KindReceipt, func(Receipt) Key { return board })
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return Receipt{}, Envelope{}, err
	}
	return r, e, nil
}

// mostSensors is how many a board may tell of in one receipt.
const mostSensors = 64

// check bounds what a board that went wrong could fill central's store with.
func (r *Receipt) check() error {
	var f Faults
	checkCluster(&f, r.Cluster)
	checkToken(&f, "epoch", r.Epoch)
	// A store that cannot write gives no number.
	if r.Sequence < 1 && (r.Sequence != 0 || r.Fate != FateNotDurable) {
		f.addf("sequence", "%d, at least 1", r.Sequence)
	}
	if r.Order != "" && !hexHash.MatchString(r.Order) {
		f.addf("order", "is not 64 digits of lower-case hex")
	}
	if r.Fate == "" || len(r.Fate) > 40 {
		f.addf("fate", "%d bytes, from 1 to 40", len(r.Fate))
	}
	short := func(field, text string, most int) {
		if len(text) > most {
			f.addf(field, "%d bytes, at most %d", len(text), most)
		}
	}
	short("clock", r.Clock, 40)
	short("kind", string(r.Kind), 40)
	short("mode", string(r.Mode), 40)
	short("subject", r.Subject, 200)
	short("occurrence", r.Occurrence, 200)
	short("reason", string(r.Reason), 40)
	short("detail", r.Detail, 4000)
	if ev := r.Evidence; ev != nil {
		short("evidence.output", ev.Output, 100)
		short("evidence.verdict", string(ev.Verdict), 40)
		if len(ev.Sources) > 10_000 || len(ev.Skipped) > 10_000 {
			f.addf("evidence", "%d sources and %d skipped, at most 10000 each", len(ev.Sources), len(ev.Skipped))
		}
		for i, s := range slices.Concat(ev.Sources, ev.Skipped) {
			short(fmt.Sprintf("evidence.sources[%d]", i), s, 1000)
		}
		if len(ev.Sensors) > mostSensors {
			f.addf("evidence.sensors", "%d, at most %d", len(ev.Sensors), mostSensors)
		}
		for i, s := range ev.Sensors {
			at := fmt.Sprintf("evidence.sensors[%d].", i)
			short(at+"name", s.Name, 100)
			short(at+"quantity", s.Quantity, 40)
			short(at+"verdict", string(s.Verdict), 40)
			short(at+"detail", s.Detail, 1000)
		}
	}
	return f.refusal()
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
	d, err := decodeVersioned[T](e.Payload, "payload")
	if err != nil {
		return none, Envelope{}, err
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
