package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Envelope is a signed document as it travels, is kept, and is shown to the
// person who signs it: DSSE (github.com/secure-systems-lab/dsse). The payload's
// bytes are never written anew.
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"` // base64 on the wire
	Signatures  []Signature `json:"signatures"`
}

// Signature is one key's word for an envelope.
type Signature struct {
	KeyID string `json:"keyid"`
	// Sig is the 64 bytes of an Ed25519 signature over the PAE, or the ASN.1
	// ECDSA signature of a WebAuthn assertion.
	Sig []byte `json:"sig"`
	// WebAuthn is present when an authenticator signed.
	WebAuthn *Assertion `json:"webauthn,omitempty"`
}

// Assertion holds what an authenticator signs beside the challenge
// (W3C Web Authentication, section 7.2).
type Assertion struct {
	AuthenticatorData []byte `json:"authenticatorData"`
	ClientDataJSON    []byte `json:"clientDataJSON"`
}

// Kind is what a document is.
type Kind string

const (
	KindRoot      Kind = "root"      // who administers, and the lowest thresholds
	KindKeySet    Kind = "keyset"    // persons, their keys, and the rules of who may order what
	KindPlacement Kind = "placement" // what one board is and where it stands
	KindBulletin  Kind = "bulletin"  // audio that persons approved
	KindPlan      Kind = "plan"      // what one cluster plays, and when
	KindAlert     Kind = "alert"     // an emergency: raise or update
	KindCancel    Kind = "cancel"    // ends an alert, for good
	KindStop      Kind = "stop"      // silences what is on air now
	KindLocal     Kind = "local"     // what the commune's button plays
	KindTime      Kind = "time"      // central's clock, for one boot of one board
	KindReceipt   Kind = "receipt"   // the fate of an order, signed by the board
	KindAck       Kind = "ack"       // central has these receipts
	KindEnrol     Kind = "enrol"     // a new board's request
)

// Mode keeps drills apart from the real thing.
type Mode string

const (
	Live  Mode = "live"
	Drill Mode = "drill"
)

// drillable kinds exist in both modes, every other kind is live only.
var drillable = map[Kind]bool{KindAlert: true, KindCancel: true, KindLocal: true}

var kinds = map[Kind]bool{
	KindRoot: true, KindKeySet: true, KindPlacement: true, KindBulletin: true, KindPlan: true,
	KindAlert: true, KindCancel: true, KindStop: true, KindLocal: true, KindTime: true,
	KindReceipt: true, KindAck: true, KindEnrol: true,
}

// PayloadType is the media type of a kind and mode, as in
// application/vnd.loa.alert.drill.v1+json.
func PayloadType(k Kind, m Mode) string {
	return "application/vnd.loa." + string(k) + "." + string(m) + ".v1+json"
}

// ParsePayloadType is the inverse of PayloadType. Anything that PayloadType
// cannot have written is an error.
func ParsePayloadType(s string) (Kind, Mode, error) {
	name, ok := strings.CutPrefix(s, "application/vnd.loa.")
	name, ok2 := strings.CutSuffix(name, ".v1+json")
	kind, mode, ok3 := strings.Cut(name, ".")
	k, m := Kind(kind), Mode(mode)
	if !ok || !ok2 || !ok3 || !kinds[k] || (m != Live && (m != Drill || !drillable[k])) {
		return "", "", fmt.Errorf("payload type %q is not known", s)
	}
	return k, m, nil
}

// PAE is the pre-authentication encoding: the bytes that are signed.
func (e *Envelope) PAE() []byte {
	b := make([]byte, 0, len(e.PayloadType)+len(e.Payload)+32)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(e.PayloadType)), 10)
	b = append(b, ' ')
	b = append(b, e.PayloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(e.Payload)), 10)
	b = append(b, ' ')
	return append(b, e.Payload...)
}

// Hash is the order's name: SHA-256 of the PAE, in lower-case hex. It does not
// depend on the signatures, so it is the same before and after signing.
func (e *Envelope) Hash() string {
	sum := sha256.Sum256(e.PAE())
	return hex.EncodeToString(sum[:])
}

// Draft makes the unsigned envelope of a document.
func Draft(k Kind, m Mode, document any) (Envelope, error) {
	payload, err := Encode(document)
	if err != nil {
		return Envelope{}, err
	}
	return Envelope{PayloadType: PayloadType(k, m), Payload: payload, Signatures: []Signature{}}, nil
}

// DecodeEnvelope reads an envelope and judges its form, not its signatures.
func DecodeEnvelope(data []byte) (Envelope, Kind, Mode, error) {
	var none Envelope
	if len(data) > MaxEnvelope {
		return none, "", "", refuse(ReasonTooLarge, "envelope", "%d bytes, at most %d", len(data), MaxEnvelope)
	}
	e, err := Decode[Envelope](data)
	if err != nil {
		return none, "", "", refuse(ReasonMalformed, "envelope", "%v", err)
	}
	k, m, err := ParsePayloadType(e.PayloadType)
	if err != nil {
		return none, "", "", refuse(ReasonUnknownType, "payloadType", "%v", err)
	}
	if len(e.Signatures) > MaxSignatures {
		return none, "", "", refuse(ReasonTooManySignatures, "signatures", "%d, at most %d", len(e.Signatures), MaxSignatures)
	}
	for i, s := range e.Signatures {
		if s.KeyID == "" {
			return none, "", "", refuse(ReasonMalformed, fmt.Sprintf("signatures[%d].keyid", i), "is required")
		}
	}
	return e, k, m, nil
}
