package orders

import (
	"fmt"
	"time"

	"loa/controller/protocol"
)

// keepEnding is how long a cancel or stop is sent: as long as a board may hold
// what it ends.
const keepEnding = 24*time.Hour + protocol.KeepAlert

// describe makes the record of an envelope: what it is about, whom it is for,
// and until when it is of use. The document is one of protocol's, by value. It
// judges nothing: that is Open's.
func describe(e protocol.Envelope) (Record, any, error) {
	kind, mode, err := protocol.ParsePayloadType(e.PayloadType)
	if err != nil {
		return Record{}, nil, err
	}
	r := Record{Hash: e.Hash(), Kind: kind, Mode: mode, PayloadType: e.PayloadType, Payload: e.Payload, State: Gathering}
	var document any
	switch kind {
	case protocol.KindRoot:
		document, err = fill(e, func(d protocol.Root) { r.Subject, r.Revision = "root", d.Revision })
	case protocol.KindKeySet:
		document, err = fill(e, func(d protocol.KeySet) { r.Subject, r.Revision = "keyset", d.Revision })
	case protocol.KindPlacement:
		document, err = fill(e, func(d protocol.Placement) {
			r.Subject, r.Revision, r.Cluster = "placement", d.Revision, d.Cluster
		})
	case protocol.KindPlan:
		document, err = fill(e, func(d protocol.Plan) {
			r.Subject, r.Revision, r.Cluster, r.Until = "plan", d.Revision, d.Cluster, d.Until
		})
	case protocol.KindBulletin:
		document, err = fill(e, func(d protocol.Bulletin) {
			r.Subject, r.Revision, r.Areas, r.Until = "bulletin/"+d.ID, d.Revision, d.Areas, d.NotAfter
		})
	case protocol.KindAlert:
		document, err = fill(e, func(d protocol.Alert) {
			r.Subject, r.Revision, r.Areas, r.Until = protocol.AlertSubject(mode, d.ID), int64(d.Sequence), d.Audience, d.Expires
			r.Wide = protocol.Wide(d.Audience)
		})
	case protocol.KindCancel:
		document, err = fill(e, func(d protocol.Cancel) {
			r.Subject, r.Areas, r.Until = protocol.AlertSubject(mode, d.Alert), d.Audience, d.Issued.Add(keepEnding)
		})
	case protocol.KindStop:
		document, err = fill(e, func(d protocol.Stop) {
			r.Subject, r.Areas, r.Until = "stop/"+d.ID, d.Audience, d.Issued.Add(keepEnding)
		})
	case protocol.KindLocal:
		document, err = fill(e, func(d protocol.Local) {
			r.Subject, r.Revision, r.Areas, r.Until = localSubject(mode, d.Input), d.Revision, d.Audience, d.Expires
		})
	default:
		return Record{}, nil, &protocol.Refusal{Reason: protocol.ReasonUnknownType, Field: "payloadType", Detail: fmt.Sprintf("a %s is no order of a person", kind)}
	}
	return r, document, err
}

func localSubject(m protocol.Mode, input string) string { return "local/" + string(m) + "/" + input }

func fill[T any](e protocol.Envelope, note func(T)) (any, error) {
	d, err := protocol.Decode[T](e.Payload)
	if err != nil {
		return nil, &protocol.Refusal{Reason: protocol.ReasonMalformed, Field: "payload", Detail: err.Error()}
	}
	note(d)
	return d, nil
}

// envelope is the order as it travels, with the signatures that are here.
func (r Record) envelope() protocol.Envelope {
	e := protocol.Envelope{PayloadType: r.PayloadType, Payload: r.Payload, Signatures: []protocol.Signature{}}
	for _, s := range r.Signatures {
		e.Signatures = append(e.Signatures, s.Signature)
	}
	return e
}

// emergency kinds travel on the alert lane, and once for a whole area.
func emergency(k protocol.Kind) bool {
	return k == protocol.KindAlert || k == protocol.KindCancel || k == protocol.KindStop
}

func laneOf(k protocol.Kind) protocol.Lane {
	if emergency(k) {
		return protocol.LaneAlert
	}
	return protocol.LaneOrder
}
