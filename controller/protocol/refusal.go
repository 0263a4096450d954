package protocol

import (
	"errors"
	"fmt"
	"strings"
)

// Reason says why an order was refused. It is a word of the contract: it stands
// in receipts, is counted, and is translated by the console.
type Reason string

const (
	ReasonTooLarge          Reason = "too-large"           // more bytes than the contract allows
	ReasonMalformed         Reason = "malformed"           // not the JSON the contract asks for
	ReasonUnknownType       Reason = "unknown-type"        // payloadType of no known kind and mode
	ReasonUnknownVersion    Reason = "unknown-version"     // written for a newer contract
	ReasonInvalid           Reason = "invalid"             // a field has a value that is not allowed
	ReasonTooManySignatures Reason = "too-many-signatures" // more than MaxSignatures
	ReasonBadSignature      Reason = "bad-signature"       // a known key's signature does not verify
	ReasonUnknownKey        Reason = "unknown-key"         // signed by no key that the board knows
	ReasonRevoked           Reason = "revoked"             // signed by a key that was revoked or retired
	ReasonNotAuthorised     Reason = "not-authorised"      // the persons who signed may not order this here
	ReasonThreshold         Reason = "threshold"           // too few different persons signed
	ReasonWrongAudience     Reason = "wrong-audience"      // not meant for this board
	ReasonExpired           Reason = "expired"             // its validity is over
	ReasonNotYet            Reason = "not-yet"             // issued in the future
	ReasonClock             Reason = "clock-untrusted"     // the board must first learn the time; not final
	ReasonStale             Reason = "stale"               // an older revision or sequence than the board has
	ReasonConflict          Reason = "conflict"            // the same revision or sequence with another hash
	ReasonCancelled         Reason = "cancelled"           // the alert was cancelled, or the occurrence stopped
	ReasonDuplicate         Reason = "duplicate"           // the board has this very order; nothing to do
	ReasonNotEnrolled       Reason = "not-enrolled"        // root, key set or placement is missing
)

// Refusal is the answer to an order that may not be carried out.
type Refusal struct {
	Reason Reason
	Field  string // the place in the envelope or document, as in "audience" or "signatures[2]"
	Detail string // for a technician
}

func (r *Refusal) Error() string {
	if r.Field == "" {
		return fmt.Sprintf("refused (%s): %s", r.Reason, r.Detail)
	}
	return fmt.Sprintf("refused (%s): %s: %s", r.Reason, r.Field, r.Detail)
}

// What a refusal repeats of an order is bounded, because it is journalled and
// sent, and anybody can have written the order.
const (
	maxDetail = 500 // bytes
	maxFaults = 20
)

func refuse(reason Reason, field, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Field: field, Detail: clip(fmt.Sprintf(format, args...))}
}

// clip shortens s to maxDetail bytes of valid UTF-8.
func clip(s string) string {
	const more = " …"
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail-len(more)], "") + more
	}
	return strings.ToValidUTF8(s, "")
}

// ReasonOf is the reason in err, or "" when err is no refusal.
func ReasonOf(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

// Faults are what is wrong with a document, each naming its field.
type Faults []string

// addf notes a fault of a field. Those behind the twentieth are dropped.
func (f *Faults) addf(field, format string, args ...any) {
	if len(*f) < maxFaults {
		*f = append(*f, field+": "+fmt.Sprintf(format, args...))
	}
}

// refusal is nil when nothing is wrong.
func (f Faults) refusal() error {
	if len(f) == 0 {
		return nil
	}
	field, _, _ := strings.Cut(f[0], ": ")
	_, detail, _ := strings.Cut(strings.Join(f, "; "), ": ")
	return refuse(ReasonInvalid, field, "%s", detail)
}
