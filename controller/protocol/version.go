package protocol

// Version is the contract's version, a date. A document carries the version of
// the contract it was written for; a reader refuses a version it does not know,
// because a newer document may restrict in a way that an older reader would not
// see. A new field that only adds does not raise the version: unknown fields are
// ignored.
//
// History, newest first:
//
//	20261121  first version; later additions: Plan.SelfTest, Item.Gain
const Version = 20261121

// known holds every version this code can honour.
var known = map[int]bool{20261121: true}

// Limits of what is read from the wire.
const (
	MaxEnvelope   = 1 << 20 // bytes of an envelope, as received
	MaxMessage    = 4 << 20 // bytes of any MQTT message
	MaxSignatures = 8       // signatures in an envelope
)

// decodeVersioned reads a T of a version that is known. The version is found
// before anything else is believed. field names the place in a refusal.
func decodeVersioned[T any](data []byte, field string) (T, error) {
	var none T
	v, err := Decode[struct {
		Version int `json:"version"`
	}](data)
	if err != nil {
		return none, refuse(ReasonMalformed, field, "%v", err)
	}
	if !known[v.Version] {
		return none, refuse(ReasonUnknownVersion, "version", "%d, this program knows %d", v.Version, Version)
	}
	d, err := Decode[T](data)
	if err != nil {
		return none, refuse(ReasonMalformed, field, "%v", err)
	}
	return d, nil
}
