package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
)

// refusal is an honest order that is spoiled in one way.
type refusal struct {
	name   string
	order  []byte
	known  func(*world)
	reason protocol.Reason
	field  string
}

func TestOpenRefuses(t *testing.T) {
	for _, part := range []struct {
		name  string
		cases []refusal
	}{
		{"form", formRefusals()}, {"signatures", signatureRefusals()}, {"authority", authorityRefusals()},
		{"addressee", addresseeRefusals()}, {"order", orderRefusals()}, {"time", timeRefusals()},
		{"trust", trustRefusals()}, {"ends", endRefusals()}, {"content", contentRefusals()},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, c := range part.cases {
				t.Run(c.name, func(t *testing.T) {
					w := newWorld(t)
					if c.known != nil {
						c.known(w)
					}
					o, err := w.open(c.order)
					var r *protocol.Refusal
					if !errors.As(err, &r) {
						t.Fatalf("opened as %+v, error %v; want %s", o, err, c.reason)
					}
					if r.Reason != c.reason || r.Field != c.field {
						t.Errorf("%v\nwant %s in %q", r, c.reason, c.field)
					}
					if len(r.Detail) > 500 {
						t.Errorf("the detail has %d bytes", len(r.Detail))
					}
				})
			}
		})
	}
}

var (
	liveAlert  = protocol.PayloadType(protocol.KindAlert, protocol.Live)
	drillAlert = protocol.PayloadType(protocol.KindAlert, protocol.Drill)
)

// withMember puts text behind the first appearance of a place in a document.
func withMember(document []byte, behind, text string) []byte {
	if !bytes.Contains(document, []byte(behind)) {
		panic(behind + " is not in the document")
	}
	return bytes.Replace(document, []byte(behind), []byte(behind+text), 1)
}

// respelt replaces a name or a value in a document.
func respelt(document []byte, was, is string) []byte {
	if !bytes.Contains(document, []byte(was)) {
		panic(was + " is not in the document")
	}
	return bytes.Replace(document, []byte(was), []byte(is), 1)
}

// opened is a sealed envelope to spoil.
func opened(data []byte) protocol.Envelope {
	e, err := protocol.Decode[protocol.Envelope](data)
	if err != nil {
		panic(err)
	}
	return e
}

func spoilt(data []byte, spoil func(*protocol.Envelope)) []byte {
	e := opened(data)
	spoil(&e)
	return encode(e)
}

// an alert with one change to its document, signed as it stands
func alertWith(edit func(*protocol.Alert)) []byte {
	a := anAlert()
	edit(&a)
	return sealed(protocol.KindAlert, protocol.Live, a, "officer")
}

func formRefusals() []refusal {
	honest := sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer")
	document := encode(anAlert())
	raw := func(payload []byte) []byte { return sealedRaw(liveAlert, payload, "officer") }
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	return []refusal{
		{name: "nothing", order: nil, reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "no JSON", order: []byte("alert!"), reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "null", order: []byte("null"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "an empty object", order: []byte("{}"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "an array", order: []byte("[]"), reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "10 MB", order: sealedRaw(liveAlert, withMember(document, "{", `"pad":"`+strings.Repeat("x", 10<<20)+`",`), "officer"),
			reason: protocol.ReasonTooLarge, field: "envelope"},
		{name: "10 MB of signatures", order: spoilt(honest, func(e *protocol.Envelope) { e.Signatures[0].Sig = make([]byte, 8<<20) }),
			reason: protocol.ReasonTooLarge, field: "envelope"},
		{name: "data behind the envelope", order: append(bytes.Clone(honest), "{}"...), reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "a name twice in the envelope", order: withMember(honest, "{", `"payload":"",`), reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "a case variant in the envelope", order: withMember(honest, "{", `"Payload":"",`), reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "a case variant in a signature", order: respelt(honest, `"keyid"`, `"keyId"`), reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "payload with a line break", order: respelt(honest, `"payload":"`, `"payload":"\n`), reason: protocol.ReasonMalformed, field: "envelope"},
		{name: "an unknown kind", order: sealedRaw("application/vnd.loa.siren.live.v1+json", document, "officer"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "an unknown mode", order: sealedRaw("application/vnd.loa.alert.test.v1+json", document, "officer"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "no mode", order: sealedRaw("application/vnd.loa.alert.v1+json", document, "officer"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "a type of another case", order: sealedRaw("application/vnd.loa.alert.Live.v1+json", document, "officer"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "a type with a parameter", order: sealedRaw(liveAlert+";charset=utf-8", document, "officer"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "a drill of a plan", order: sealed(protocol.KindPlan, protocol.Drill, aPlan(), "central"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "a drill of a stop", order: sealed(protocol.KindStop, protocol.Drill, aStop(), "officer"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "a receipt", order: sealed(protocol.KindReceipt, protocol.Live, aReceipt(), "board"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "an enrolment request", order: sealed(protocol.KindEnrol, protocol.Live, anEnrolRequest(), "board"), reason: protocol.ReasonUnknownType, field: "payloadType"},
		{name: "no payload", order: raw(nil), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a payload of null", order: raw([]byte("null")), reason: protocol.ReasonUnknownVersion, field: "version"},
		{name: "no version", order: raw(respelt(document, `"version":20261121,`, ``)), reason: protocol.ReasonUnknownVersion, field: "version"},
		{name: "a newer version", order: raw(respelt(document, `20261121`, `20270101`)), reason: protocol.ReasonUnknownVersion, field: "version"},
		{name: "a newer version whose form is not known", order: raw([]byte(`{"version":20270101,"audience":12}`)), reason: protocol.ReasonUnknownVersion, field: "version"},
		{name: "version as text", order: raw(respelt(document, `20261121`, `"20261121"`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "version with a fraction", order: raw(respelt(document, `20261121`, `20261121.0`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "version twice", order: raw(withMember(document, "{", `"version":20261121,`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "another case of version", order: raw(withMember(document, "{", `"Version":20270101,`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a name twice", order: raw(withMember(document, "{", `"expires":"2027-01-01T00:00:00Z",`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a name twice, once escaped", order: raw(withMember(document, "{", `"\u0065xpires":"2027-01-01T00:00:00Z",`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a case variant", order: raw(withMember(document, "{", `"Expires":"2027-01-01T00:00:00Z",`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a case variant of an embedded field", order: raw(withMember(document, "{", `"HAZARD":"storm",`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a case variant one level down", order: raw(withMember(document, `"siren":{`, `"Blasts":1,`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a case variant in an array", order: raw(withMember(document, `"messages":[{`, `"tExt":"",`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a case variant behind a pointer", order: raw(withMember(document, `"audio":{`, `"Bytes":1,`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a case variant by Unicode's folding", order: raw(withMember(document, "{", `"me\u017f\u017fages":[],`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "data behind the document", order: raw(append(bytes.Clone(document), " 1"...)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "half a document", order: raw(document[:len(document)/2]), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "invalid UTF-8", order: raw(respelt(document, "Dej nce", "Dej \xff nce")), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "half a surrogate pair", order: raw(respelt(document, "Dej nce", `Dej \ud83d nce`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a byte order mark", order: raw(append([]byte("\xef\xbb\xbf"), document...)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a number as text", order: raw(respelt(document, `"repetitions":10`, `"repetitions":"10"`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a number beyond float64", order: raw(respelt(document, `"pause":20`, `"pause":1e999`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "not a number", order: raw(respelt(document, `"pause":20`, `"pause":NaN`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a number beyond int64", order: raw(respelt(document, `"repetitions":10`, `"repetitions":99999999999999999999`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a time that is no time", order: raw(respelt(document, `"issued":"2026-11-21T`, `"issued":"21 Nov 2026 `)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "a time of second 60", order: raw(respelt(document, `T12:00:00Z"`, `T12:00:60Z"`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "40 levels", order: raw(withMember(document, "{", `"new":`+deep+`,`)), reason: protocol.ReasonMalformed, field: "payload"},
		{name: "30,000 elements", order: raw(withMember(document, "{", `"new":[`+strings.Repeat("0,", 30_000)+`0],`)), reason: protocol.ReasonMalformed, field: "payload"},
	}
}

func signatureRefusals() []refusal {
	honest := sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer")
	wide := sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2")
	local := sealed(protocol.KindLocal, protocol.Live, aLocal(), "passkey:keeper")
	hundred := spoilt(honest, func(e *protocol.Envelope) {
		for i := range 100 {
			e.Sign(private(fmt.Sprint("stranger ", i)))
		}
	})
	return []refusal{
		{name: "a changed byte in the payload", order: spoilt(honest, func(e *protocol.Envelope) {
			e.Payload = respelt(e.Payload, `"7f3c"`, `"7f3d"`)
		}), reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "a space more in the payload", order: spoilt(honest, func(e *protocol.Envelope) { e.Payload = append(e.Payload, ' ') }),
			reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "a drill presented as live", order: spoilt(sealed(protocol.KindAlert, protocol.Drill, anAlert(), "officer"),
			func(e *protocol.Envelope) { e.PayloadType = liveAlert }), reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "a live alert presented as a drill", order: spoilt(honest, func(e *protocol.Envelope) { e.PayloadType = drillAlert }),
			reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "an alert presented as a cancel of another kind's form", order: spoilt(honest, func(e *protocol.Envelope) {
			e.PayloadType = protocol.PayloadType(protocol.KindLocal, protocol.Live)
		}), reason: protocol.ReasonInvalid, field: "input"},
		{name: "a changed byte in the signature", order: spoilt(honest, func(e *protocol.Envelope) { e.Signatures[0].Sig[10] ^= 1 }),
			reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "a changed byte in the second signature", order: spoilt(wide, func(e *protocol.Envelope) { e.Signatures[1].Sig[63] ^= 0x80 }),
			reason: protocol.ReasonBadSignature, field: "signatures[1]"},
		{name: "a bad signature beside enough good ones", order: spoilt(
			sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2", "wide3"),
			func(e *protocol.Envelope) { e.Signatures[2].Sig[0] ^= 1 }), reason: protocol.ReasonBadSignature, field: "signatures[2]"},
		{name: "a short signature", order: spoilt(honest, func(e *protocol.Envelope) { e.Signatures[0].Sig = e.Signatures[0].Sig[:63] }),
			reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "an empty signature", order: spoilt(honest, func(e *protocol.Envelope) { e.Signatures[0].Sig = nil }),
			reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "another person's signature under the officer's key id", order: spoilt(honest, func(e *protocol.Envelope) {
			other := *e
			other.Signatures = nil
			other.Sign(private("stranger"))
			e.Signatures[0].Sig = other.Signatures[0].Sig
		}), reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "an unknown key", order: sealed(protocol.KindAlert, protocol.Live, anAlert(), "stranger"), reason: protocol.ReasonUnknownKey, field: "signatures[0]"},
		{name: "the board's own key", order: sealed(protocol.KindAlert, protocol.Live, anAlert(), "board"), reason: protocol.ReasonUnknownKey, field: "signatures[0]"},
		{name: "an administrator's key, which orders nothing", order: sealed(protocol.KindAlert, protocol.Live, anAlert(), "admin1"), reason: protocol.ReasonUnknownKey, field: "signatures[0]"},
		{name: "a key id in upper case", order: spoilt(honest, func(e *protocol.Envelope) {
			e.Signatures[0].KeyID = strings.ToUpper(e.Signatures[0].KeyID)
		}), reason: protocol.ReasonUnknownKey, field: "signatures[0]"},
		{name: "a blank key id", order: spoilt(honest, func(e *protocol.Envelope) { e.Signatures[0].KeyID = "" }),
			reason: protocol.ReasonMalformed, field: "signatures[0].keyid"},
		{name: "a blank key id beside a good one", order: spoilt(honest, func(e *protocol.Envelope) {
			e.Signatures = append(e.Signatures, protocol.Signature{Sig: e.Signatures[0].Sig})
		}), reason: protocol.ReasonMalformed, field: "signatures[1].keyid"},
		{name: "no signature", order: sealed(protocol.KindAlert, protocol.Live, anAlert()), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "signatures null", order: respelt(sealed(protocol.KindAlert, protocol.Live, anAlert()), `"signatures":[]`, `"signatures":null`),
			reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "100 signatures", order: hundred, reason: protocol.ReasonTooManySignatures, field: "signatures"},
		{name: "a person's two keys", order: sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide1-b"),
			known: func(w *world) {
				ks := aKeySet()
				for i, p := range ks.Persons {
					if p.ID == "wide1" {
						ks.Persons[i].Keys = append(p.Keys, public("wide1-b"))
					}
				}
				w.KeySet = &ks
			}, reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a signature twice", order: spoilt(sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1"), func(e *protocol.Envelope) {
			e.Signatures = append(e.Signatures, e.Signatures[0])
		}), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a revoked key", order: sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer-revoked"), reason: protocol.ReasonRevoked, field: "signatures[0]"},
		{name: "a retired key", order: sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer-retired"), reason: protocol.ReasonRevoked, field: "signatures[0]"},
		{name: "a key file where the rule demands an authenticator", order: sealed(protocol.KindLocal, protocol.Live, aLocal(), "keeper"),
			reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an authenticator's signature without its assertion", order: spoilt(local, func(e *protocol.Envelope) { e.Signatures[0].WebAuthn = nil }),
			reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "an authenticator's assertion for another order", order: spoilt(local, func(e *protocol.Envelope) {
			e.Payload = respelt(e.Payload, `"seconds":300`, `"seconds":301`)
		}), reason: protocol.ReasonBadSignature, field: "signatures[0]"},
		{name: "an assertion beside an ed25519 signature", order: spoilt(honest, func(e *protocol.Envelope) {
			e.Signatures[0].WebAuthn = opened(local).Signatures[0].WebAuthn
		}), reason: protocol.ReasonBadSignature, field: "signatures[0]"},
	}
}

func authorityRefusals() []refusal {
	alert := func(audience []string, names ...string) []byte {
		return sealed(protocol.KindAlert, protocol.Live, anAlert(audience...), names...)
	}
	ninetyNine := []string{"03388"}
	for i := range 98 {
		ninetyNine = append(ninetyNine, fmt.Sprintf("0%d", 4000+i))
	}
	wideUpdate := anAlert()
	wideUpdate.Sequence = 2
	central := func(kind protocol.Kind, document any) []byte { return sealed(kind, protocol.Live, document, "central") }
	return []refusal{
		{name: "the officer of another commune", order: alert([]string{"03388"}, "officer2"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "the officer of another commune, naming both", order: alert([]string{"03388", "03390"}, "officer2"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an officer for the province", order: alert([]string{"12"}, "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an officer for the province and his commune", order: alert([]string{"03388", "12"}, "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an officer for two communes", order: alert([]string{"03388", "03390"}, "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "both officers for their two communes", order: alert([]string{"03388", "03390"}, "officer", "officer2"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an officer for 99 communes", order: alert(ninetyNine, "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an officer for villages of two communes", order: alert([]string{"03388.01", "03390.01"}, "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a village's person for the commune", order: alert([]string{"03388"}, "village"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a village's person for two villages", order: alert([]string{"03388.01", "03388.02"}, "village"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a wide alert by one person", order: alert([]string{"12"}, "wide1"), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a wide alert by one person and an officer", order: alert([]string{"12"}, "wide1", "officer"), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "an alert of one commune by one of the wide persons", order: alert([]string{"03388"}, "wide1"), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a wide alert by two, where the root has since asked for three", order: alert([]string{"12"}, "wide1", "wide2"), known: func(w *world) {
			r := aRoot()
			r.WideAlert = 3
			w.Root = &r
		}, reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "an alert of one commune by two of the province's, where the root has since asked for three", order: alert([]string{"03388"}, "wide1", "wide2"), known: func(w *world) {
			r := aRoot()
			r.WideAlert = 3
			w.Root = &r
		}, reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a live alert by a person for drills", order: alert([]string{"03388"}, "drillmaster"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an officer's update that would replace a wide alert", order: sealed(protocol.KindAlert, protocol.Live, wideUpdate, "officer"),
			known: raised(anAlert("12"), "wide1", "wide2"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a village's update that would replace the commune's alert", order: func() []byte {
			a := anAlert("03388.01")
			a.Sequence = 2
			return sealed(protocol.KindAlert, protocol.Live, a, "village")
		}(), known: raised(anAlert(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an alert by central", order: central(protocol.KindAlert, anAlert()), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a bulletin by central", order: central(protocol.KindBulletin, aBulletin()), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a local order by central", order: central(protocol.KindLocal, aLocal()), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a cancel by central", order: central(protocol.KindCancel, aCancel()), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop by central", order: central(protocol.KindStop, aStop()), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a key set by central", order: func() []byte {
			ks := aKeySet()
			ks.Revision++
			return central(protocol.KindKeySet, ks)
		}(), reason: protocol.ReasonUnknownKey, field: "signatures[0]"},
		{name: "a plan by an officer", order: sealed(protocol.KindPlan, protocol.Live, aPlan(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a time by an officer", order: sealed(protocol.KindTime, protocol.Live, aTime(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an acknowledgement by an officer", order: sealed(protocol.KindAck, protocol.Live, anAck(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a bulletin by the officer of another commune", order: sealed(protocol.KindBulletin, protocol.Live, aBulletin(), "officer2"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a live local order by a person for local drills", order: sealed(protocol.KindLocal, protocol.Live, aLocal(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
	}
}

func addresseeRefusals() []refusal {
	place := func(edit func(*protocol.Placement)) []byte {
		p := aPlacement()
		p.Revision = 2
		edit(&p)
		return sealed(protocol.KindPlacement, protocol.Live, p, "admin1", "admin2")
	}
	without := func(what func(*world)) func(*world) { return what }
	honest := sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer")
	bulletin := aBulletin()
	bulletin.Areas = []string{"03390"}
	plan := aPlan()
	plan.Cluster = "muong-te-04"
	local := aLocal()
	local.Audience = []string{"03390"}
	stop := aStop()
	stop.Audience = []string{"03390"}
	cancel := aCancel()
	cancel.Audience = []string{"03388.07"}
	signed, otherTime := aTime(), aTime()
	signed.Boot, otherTime.Cluster = "boot-0", "muong-te-04"
	ack, otherAck := anAck(), anAck()
	ack.Epoch, otherAck.Cluster = "epoch-0", "muong-te-04"
	return []refusal{
		{name: "an alert for another commune", order: sealed(protocol.KindAlert, protocol.Live, anAlert("03390"), "officer2"), reason: protocol.ReasonWrongAudience, field: "audience"},
		{name: "an alert for another village", order: sealed(protocol.KindAlert, protocol.Live, anAlert("03388.07"), "officer"), reason: protocol.ReasonWrongAudience, field: "audience"},
		{name: "a bulletin for another commune", order: sealed(protocol.KindBulletin, protocol.Live, bulletin, "broadcaster"), reason: protocol.ReasonWrongAudience, field: "areas"},
		{name: "a plan of another cluster", order: sealed(protocol.KindPlan, protocol.Live, plan, "central"), reason: protocol.ReasonWrongAudience, field: "cluster"},
		{name: "a local order for another commune", order: sealed(protocol.KindLocal, protocol.Live, local, "passkey:keeper"), reason: protocol.ReasonWrongAudience, field: "audience"},
		{name: "a stop for another commune", order: sealed(protocol.KindStop, protocol.Live, stop, "officer"), reason: protocol.ReasonWrongAudience, field: "audience"},
		{name: "a cancel for another village", order: sealed(protocol.KindCancel, protocol.Live, cancel, "officer"), reason: protocol.ReasonWrongAudience, field: "audience"},
		{name: "the time for another boot", order: sealed(protocol.KindTime, protocol.Live, signed, "central"), reason: protocol.ReasonWrongAudience, field: "boot"},
		{name: "the time for another cluster", order: sealed(protocol.KindTime, protocol.Live, otherTime, "central"), reason: protocol.ReasonWrongAudience, field: "cluster"},
		{name: "an acknowledgement of another epoch", order: sealed(protocol.KindAck, protocol.Live, ack, "central"), reason: protocol.ReasonWrongAudience, field: "epoch"},
		{name: "an acknowledgement for another cluster", order: sealed(protocol.KindAck, protocol.Live, otherAck, "central"), reason: protocol.ReasonWrongAudience, field: "cluster"},
		{name: "the placement of another board", order: place(func(p *protocol.Placement) { p.Board = public("board-2") }), reason: protocol.ReasonWrongAudience, field: "board"},
		{name: "a placement into another cluster", order: place(func(p *protocol.Placement) { p.Cluster = "muong-te-04" }), reason: protocol.ReasonWrongAudience, field: "cluster"},
		{name: "a placement into another province", order: place(func(p *protocol.Placement) { p.Areas = []string{"10", "03388"} }), reason: protocol.ReasonNotAuthorised, field: "areas"},
		{name: "an alert without a placement", order: honest, known: without(func(w *world) { w.Placement = nil }), reason: protocol.ReasonNotEnrolled},
		{name: "an alert without a key set", order: honest, known: without(func(w *world) { w.KeySet = nil }), reason: protocol.ReasonNotEnrolled},
		{name: "an alert without a root", order: honest, known: without(func(w *world) { w.Root = nil }), reason: protocol.ReasonNotEnrolled},
		{name: "a stop without a placement", order: sealed(protocol.KindStop, protocol.Live, aStop(), "officer"), known: without(func(w *world) { w.Placement = nil }), reason: protocol.ReasonNotEnrolled},
		{name: "a key set without a root", order: sealed(protocol.KindKeySet, protocol.Live, aKeySet(), "admin1", "admin2"),
			known: without(func(w *world) { w.Known = protocol.Known{BoardKey: w.BoardKey} }), reason: protocol.ReasonNotEnrolled},
		{name: "a placement without a root", order: sealed(protocol.KindPlacement, protocol.Live, aPlacement(), "admin1", "admin2"),
			known: without(func(w *world) { w.Known = protocol.Known{BoardKey: w.BoardKey} }), reason: protocol.ReasonNotEnrolled},
		{name: "a first root over the network", order: sealed(protocol.KindRoot, protocol.Live, aRoot(), "owner1", "owner2"),
			known: without(func(w *world) { w.Known = protocol.Known{BoardKey: w.BoardKey} }), reason: protocol.ReasonNotEnrolled},
	}
}

func orderRefusals() []refusal {
	alert := func(sequence, repetitions int) []byte {
		a := anAlert()
		a.Sequence, a.Repetitions = sequence, repetitions
		return sealed(protocol.KindAlert, protocol.Live, a, "officer")
	}
	plan := func(revision int64, zone string) []byte {
		p := aPlan()
		p.Revision, p.Zone = revision, zone
		return sealed(protocol.KindPlan, protocol.Live, p, "central")
	}
	holds := func(data []byte) func(*world) {
		return func(w *world) { w.accept(mustOpen(w, data)) }
	}
	keys := func(revision int64, edit func(*protocol.KeySet)) []byte {
		ks := aKeySet()
		ks.Revision = revision
		edit(&ks)
		return sealed(protocol.KindKeySet, protocol.Live, ks, "admin1", "admin2")
	}
	longer := func(ks *protocol.KeySet) { ks.Expires = ks.Expires.AddDate(1, 0, 0) }
	forget := func(w *world) { w.Held = nil }
	root := func(revision int64) []byte {
		r := aRoot()
		r.Revision, r.Expires = revision, now.AddDate(9, 0, 0)
		return sealed(protocol.KindRoot, protocol.Live, r, "owner1", "owner2")
	}
	placement := func(revision int64) []byte {
		p := aPlacement()
		p.Revision, p.Neighbours = revision, nil
		return sealed(protocol.KindPlacement, protocol.Live, p, "admin1", "admin2")
	}
	return []refusal{
		{name: "the same plan again", order: plan(9, "Asia/Ho_Chi_Minh"), known: holds(plan(9, "Asia/Ho_Chi_Minh")), reason: protocol.ReasonDuplicate},
		{name: "the same revision of a plan, another hash", order: plan(9, "UTC"), known: holds(plan(9, "Asia/Ho_Chi_Minh")), reason: protocol.ReasonConflict, field: "revision"},
		{name: "an older plan", order: plan(8, "Asia/Ho_Chi_Minh"), known: holds(plan(9, "Asia/Ho_Chi_Minh")), reason: protocol.ReasonStale, field: "revision"},
		{name: "the same alert again", order: alert(3, 10), known: holds(alert(3, 10)), reason: protocol.ReasonDuplicate},
		{name: "the same sequence of an alert, another hash", order: alert(3, 11), known: holds(alert(3, 10)), reason: protocol.ReasonConflict, field: "sequence"},
		{name: "a lower sequence of an alert", order: alert(2, 10), known: holds(alert(3, 10)), reason: protocol.ReasonStale, field: "sequence"},
		{name: "the same key set again", order: sealed(protocol.KindKeySet, protocol.Live, aKeySet(), "admin2", "admin3"), reason: protocol.ReasonDuplicate},
		{name: "the same revision of a key set, another hash", order: keys(5, longer), reason: protocol.ReasonConflict, field: "revision"},
		{name: "an older key set", order: keys(4, longer), reason: protocol.ReasonStale, field: "revision"},
		{name: "an older key set, where only the key set itself is known", order: keys(4, longer), known: forget, reason: protocol.ReasonStale, field: "revision"},
		{name: "the same revision of a placement, another hash", order: placement(1), reason: protocol.ReasonConflict, field: "revision"},
		{name: "an older placement, where only the placement itself is known", order: placement(1), known: func(w *world) {
			forget(w)
			p := *w.Placement
			p.Revision = 2
			w.Placement = &p
		}, reason: protocol.ReasonStale, field: "revision"},
		{name: "a root that skips a step", order: root(3), reason: protocol.ReasonConflict, field: "revision"},
		{name: "the same revision of a root, another hash", order: root(1), known: forget, reason: protocol.ReasonConflict, field: "revision"},
		{name: "an older root", order: root(1), known: func(w *world) {
			forget(w)
			r := *w.Root
			r.Revision = 2
			w.Root = &r
		}, reason: protocol.ReasonStale, field: "revision"},
		{name: "the same cancel again", order: sealed(protocol.KindCancel, protocol.Live, aCancel(), "officer"), known: cancelled("officer"), reason: protocol.ReasonDuplicate},
		{name: "the same stop again", order: sealed(protocol.KindStop, protocol.Live, aStop(), "officer"),
			known: holds(sealed(protocol.KindStop, protocol.Live, aStop(), "officer")), reason: protocol.ReasonDuplicate},
	}
}

func timeRefusals() []refusal {
	at := func(when time.Time) func(*world) { return func(w *world) { w.Now = when } }
	unknown := func(floor time.Time) func(*world) {
		return func(w *world) { w.Trusted, w.Now, w.Floor = false, time.Unix(0, 0), floor }
	}
	alert := sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer")
	bulletin := sealed(protocol.KindBulletin, protocol.Live, aBulletin(), "officer")
	plan := sealed(protocol.KindPlan, protocol.Live, aPlan(), "central")
	local := sealed(protocol.KindLocal, protocol.Live, aLocal(), "passkey:keeper")
	return []refusal{
		{name: "an expired alert", order: alert, known: at(now.Add(3 * time.Hour)), reason: protocol.ReasonExpired},
		{name: "an alert at the very end", order: alert, known: at(now.Add(2 * time.Hour)), reason: protocol.ReasonExpired},
		{name: "an alert from the future", order: alert, known: at(now.Add(-12 * time.Minute)), reason: protocol.ReasonNotYet, field: "issued"},
		{name: "an alert before the time is known", order: alert, known: unknown(now.AddDate(0, 0, -1)), reason: protocol.ReasonClock},
		{name: "an alert below the floor before the time is known", order: alert, known: unknown(now.AddDate(0, 0, 1)), reason: protocol.ReasonExpired},
		{name: "an alert below the floor, by a clock that was set back", order: alert, known: func(w *world) { w.Floor = now.AddDate(0, 0, 1) }, reason: protocol.ReasonExpired},
		{name: "an expired bulletin", order: bulletin, known: at(now.AddDate(0, 2, 0)), reason: protocol.ReasonExpired},
		{name: "a bulletin before the time is known", order: bulletin, known: unknown(now.AddDate(0, 0, -1)), reason: protocol.ReasonClock},
		{name: "a bulletin from the future", order: bulletin, known: at(now.Add(-2 * time.Hour)), reason: protocol.ReasonNotYet, field: "issued"},
		{name: "an expired plan", order: plan, known: at(now.AddDate(0, 2, 0)), reason: protocol.ReasonExpired},
		{name: "a plan before the time is known", order: plan, known: unknown(now.AddDate(0, 0, -1)), reason: protocol.ReasonClock},
		{name: "an expired local order", order: local, known: at(now.AddDate(1, 0, 0)), reason: protocol.ReasonExpired},
		{name: "a local order before the time is known", order: local, known: unknown(now.AddDate(0, 0, -1)), reason: protocol.ReasonClock},
		{name: "a time below the floor", order: sealed(protocol.KindTime, protocol.Live, aTime(), "central"),
			known: unknown(now.Add(time.Second)), reason: protocol.ReasonStale, field: "time"},
		{name: "an alert that lives longer than 24 hours", order: alertWith(func(a *protocol.Alert) { a.Expires = a.Issued.Add(24*time.Hour + 1) }),
			reason: protocol.ReasonInvalid, field: "expires"},
		{name: "an alert of 8,000 years", order: alertWith(func(a *protocol.Alert) {
			a.Issued, a.Expires = time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
		}), reason: protocol.ReasonInvalid, field: "issued"},
		{name: "an alert that ends before it begins", order: alertWith(func(a *protocol.Alert) { a.Expires = a.Issued }), reason: protocol.ReasonInvalid, field: "expires"},
		{name: "an alert that never ends", order: alertWith(func(a *protocol.Alert) { a.Expires = time.Time{} }), reason: protocol.ReasonInvalid, field: "expires"},
		{name: "a local order of two years", order: func() []byte {
			l := aLocal()
			l.Expires = l.Issued.AddDate(2, 0, 0)
			return sealed(protocol.KindLocal, protocol.Live, l, "passkey:keeper")
		}(), reason: protocol.ReasonInvalid, field: "expires"},
		{name: "a plan of two years", order: func() []byte {
			p := aPlan()
			p.Until = p.From.AddDate(2, 0, 0)
			return sealed(protocol.KindPlan, protocol.Live, p, "central")
		}(), reason: protocol.ReasonInvalid, field: "until"},
		{name: "a time for no boot, on a board without a nonce", order: func() []byte {
			s := aTime()
			s.Boot = ""
			return sealed(protocol.KindTime, protocol.Live, s, "central")
		}(), known: func(w *world) { w.Boot = "" }, reason: protocol.ReasonInvalid, field: "boot"},
		{name: "an acknowledgement of no epoch, on a board without one", order: func() []byte {
			a := anAck()
			a.Epoch = ""
			return sealed(protocol.KindAck, protocol.Live, a, "central")
		}(), known: func(w *world) { w.Epoch = "" }, reason: protocol.ReasonInvalid, field: "epoch"},
	}
}

func trustRefusals() []refusal {
	keys := func(edit func(*protocol.KeySet)) []byte {
		ks := aKeySet()
		ks.Revision = 6
		edit(&ks)
		return sealed(protocol.KindKeySet, protocol.Live, ks, "admin1", "admin2")
	}
	rule := func(r protocol.Rule) []byte {
		return keys(func(ks *protocol.KeySet) { ks.Rules = []protocol.Rule{r} })
	}
	root := func(edit func(*protocol.Root), names ...string) []byte {
		r := aRoot()
		r.Revision = 2
		edit(&r)
		return sealed(protocol.KindRoot, protocol.Live, r, names...)
	}
	newOwners := func(r *protocol.Root) { r.Owners = persons("thief1", "thief2", "owner3") }
	identity := make([]byte, 32)
	identity[0] = 1
	next := aKeySet()
	next.Revision = 6
	place := aPlacement()
	place.Revision = 2
	return []refusal{
		{name: "a key set by one administrator", order: sealed(protocol.KindKeySet, protocol.Live, next, "admin1"), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a key set by one administrator, twice", order: spoilt(sealed(protocol.KindKeySet, protocol.Live, next, "admin1"), func(e *protocol.Envelope) {
			e.Signatures = append(e.Signatures, e.Signatures[0])
		}), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a key set by owners", order: sealed(protocol.KindKeySet, protocol.Live, next, "owner1", "owner2"), reason: protocol.ReasonUnknownKey, field: "signatures[1]"},
		{name: "a placement by one administrator", order: sealed(protocol.KindPlacement, protocol.Live, place, "admin3"), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a placement by two officers", order: sealed(protocol.KindPlacement, protocol.Live, place, "officer", "captain"), reason: protocol.ReasonUnknownKey, field: "signatures[1]"},
		{name: "a root by its new owners alone", order: root(newOwners, "thief1", "thief2"), reason: protocol.ReasonUnknownKey, field: "signatures[1]"},
		{name: "a root by its new owners and one old one", order: root(newOwners, "thief1", "thief2", "owner3"), reason: protocol.ReasonThreshold, field: "signatures"},
		{name: "a root by its old owners alone", order: root(newOwners, "owner1", "owner2"), reason: protocol.ReasonUnknownKey, field: "signatures[1]"},
		{name: "a root that one administrator could use alone", order: root(func(r *protocol.Root) { r.AdminThreshold = 1 }, "owner1", "owner2"), reason: protocol.ReasonInvalid, field: "adminThreshold"},
		{name: "a root by which one person wakes the province", order: root(func(r *protocol.Root) { r.WideAlert = 1 }, "owner1", "owner2"), reason: protocol.ReasonInvalid, field: "wideAlert"},
		{name: "a root that asks for more owners than it has", order: root(func(r *protocol.Root) { r.Threshold = 4 }, "owner1", "owner2", "owner3"), reason: protocol.ReasonInvalid, field: "threshold"},
		{name: "a root that one owner could step alone", order: root(func(r *protocol.Root) { r.Threshold = 1 }, "owner1", "owner2"), reason: protocol.ReasonInvalid, field: "threshold"},
		{name: "a root whose owners' keys are revoked but one's", order: root(func(r *protocol.Root) {
			r.Owners[0].Keys[0].Revoked, r.Owners[1].Keys[0].Retired = true, true
		}, "owner1", "owner2"), reason: protocol.ReasonInvalid, field: "threshold"},
		{name: "a root with a service", order: root(func(r *protocol.Root) { r.Owners[0].Service = true }, "owner1", "owner2"), reason: protocol.ReasonInvalid, field: "owners"},
		{name: "a rule below the root's wide threshold", order: keys(func(ks *protocol.KeySet) { ks.Rules[2].Threshold = 1 }), reason: protocol.ReasonInvalid, field: "rules[2].threshold"},
		{name: "a person alone in two communes", order: keys(func(ks *protocol.KeySet) { ks.Rules[4].Persons = append(ks.Rules[4].Persons, "officer") }),
			reason: protocol.ReasonInvalid, field: "rules[4].persons"},
		{name: "a person alone in a commune and another's village", order: keys(func(ks *protocol.KeySet) {
			ks.Rules[5].Scope = "03390.01"
			ks.Rules[5].Persons = []string{"captain"}
		}), reason: protocol.ReasonInvalid, field: "rules[5].persons"},
		{name: "a service that may sign alerts", order: keys(func(ks *protocol.KeySet) { ks.Rules[3].Persons = append(ks.Rules[3].Persons, "central") }),
			reason: protocol.ReasonInvalid, field: "rules[3].persons"},
		{name: "a service that may sign bulletins", order: keys(func(ks *protocol.KeySet) { ks.Rules[0].Persons = append(ks.Rules[0].Persons, "central") }),
			reason: protocol.ReasonInvalid, field: "rules[0].persons"},
		{name: "a rule that counts a person twice", order: rule(protocol.Rule{Kind: protocol.KindAlert, Mode: protocol.Live, Scope: "12", Persons: []string{"wide1", "wide1"}, Threshold: 2}),
			reason: protocol.ReasonInvalid, field: "rules[0].persons"},
		{name: "a rule of a person who is not there", order: rule(protocol.Rule{Kind: protocol.KindPlan, Mode: protocol.Live, Scope: "12", Persons: []string{"nobody"}, Threshold: 1}),
			reason: protocol.ReasonInvalid, field: "rules[0].persons"},
		{name: "a rule that nobody must sign", order: rule(protocol.Rule{Kind: protocol.KindPlan, Mode: protocol.Live, Scope: "12", Persons: []string{"central"}, Threshold: 0}),
			reason: protocol.ReasonInvalid, field: "rules[0].threshold"},
		{name: "a rule without persons", order: rule(protocol.Rule{Kind: protocol.KindPlan, Mode: protocol.Live, Scope: "12", Threshold: 1}),
			reason: protocol.ReasonInvalid, field: "rules[0].threshold"},
		{name: "a rule of nowhere", order: rule(protocol.Rule{Kind: protocol.KindPlan, Mode: protocol.Live, Scope: "*", Persons: []string{"central"}, Threshold: 1}),
			reason: protocol.ReasonInvalid, field: "rules[0].scope"},
		{name: "a rule for cancels", order: rule(protocol.Rule{Kind: protocol.KindCancel, Mode: protocol.Live, Scope: "12", Persons: []string{"officer"}, Threshold: 1}),
			reason: protocol.ReasonInvalid, field: "rules[0].kind"},
		{name: "a rule for key sets", order: rule(protocol.Rule{Kind: protocol.KindKeySet, Mode: protocol.Live, Scope: "12", Persons: []string{"officer"}, Threshold: 1}),
			reason: protocol.ReasonInvalid, field: "rules[0].kind"},
		{name: "a rule for drills of plans", order: rule(protocol.Rule{Kind: protocol.KindPlan, Mode: protocol.Drill, Scope: "12", Persons: []string{"central"}, Threshold: 1}),
			reason: protocol.ReasonInvalid, field: "rules[0].kind"},
		{name: "a rule of an unknown scheme", order: rule(protocol.Rule{Kind: protocol.KindPlan, Mode: protocol.Live, Scope: "12", Persons: []string{"central"}, Threshold: 1, Scheme: "rsa"}),
			reason: protocol.ReasonInvalid, field: "rules[0].scheme"},
		{name: "two persons sharing a key", order: keys(func(ks *protocol.KeySet) { ks.Persons[0].Keys = append(ks.Persons[0].Keys, public("captain")) }),
			reason: protocol.ReasonInvalid, field: "persons[1].keys[0]"},
		{name: "a person twice", order: keys(func(ks *protocol.KeySet) { ks.Persons[1].ID = "officer2" }), reason: protocol.ReasonInvalid, field: "persons[1].id"},
		{name: "a person without an id", order: keys(func(ks *protocol.KeySet) { ks.Persons[1].ID = "" }), reason: protocol.ReasonInvalid, field: "persons[1].id"},
		{name: "a person whose name turns the text around", order: keys(func(ks *protocol.KeySet) { ks.Persons[1].Name = "An\u202e" }), reason: protocol.ReasonInvalid, field: "persons[1].name"},
		{name: "a key id that is not the hash", order: keys(func(ks *protocol.KeySet) { ks.Persons[0].Keys[0].ID = ks.Persons[1].Keys[0].ID }),
			reason: protocol.ReasonInvalid, field: "persons[0].keys[0].id"},
		{name: "a key of an unknown scheme", order: keys(func(ks *protocol.KeySet) {
			k := &ks.Persons[0].Keys[0]
			k.Scheme = "rsa"
			k.ID = protocol.KeyID(k.Scheme, k.Public)
		}), reason: protocol.ReasonInvalid, field: "persons[0].keys[0].scheme"},
		{name: "a key with which anybody signs", order: keys(func(ks *protocol.KeySet) { ks.Persons[0].Keys[0] = protocol.NewKey(identity) }),
			reason: protocol.ReasonInvalid, field: "persons[0].keys[0].public"},
		{name: "a short key", order: keys(func(ks *protocol.KeySet) { ks.Persons[0].Keys[0] = protocol.NewKey(identity[:31]) }),
			reason: protocol.ReasonInvalid, field: "persons[0].keys[0].public"},
		{name: "a passkey off the curve", order: keys(func(ks *protocol.KeySet) {
			k := passkey("keeper")
			k.Public[64] ^= 1
			k.ID = protocol.KeyID(k.Scheme, k.Public)
			ks.Persons[0].Keys[0] = k
		}), reason: protocol.ReasonInvalid, field: "persons[0].keys[0].public"},
		{name: "a passkey for any site", order: keys(func(ks *protocol.KeySet) {
			k := passkey("other")
			k.Origins = nil
			ks.Persons[0].Keys[0] = k
		}), reason: protocol.ReasonInvalid, field: "persons[0].keys[0]"},
		{name: "a placement of a board with a passkey", order: func() []byte {
			p := place
			p.Board = passkey("board")
			return sealed(protocol.KindPlacement, protocol.Live, p, "admin1", "admin2")
		}(), reason: protocol.ReasonInvalid, field: "board.scheme"},
		{name: "a placement without languages", order: func() []byte {
			p := place
			p.Languages = nil
			return sealed(protocol.KindPlacement, protocol.Live, p, "admin1", "admin2")
		}(), reason: protocol.ReasonInvalid, field: "languages"},
	}
}

func endRefusals() []refusal {
	cancel := func(mode protocol.Mode, name string) []byte {
		return sealed(protocol.KindCancel, mode, aCancel(), name)
	}
	stop := func(name string, targets ...protocol.Target) []byte {
		return sealed(protocol.KindStop, protocol.Live, aStop(targets...), name)
	}
	alert := protocol.Target{Alert: "7f3c", Mode: protocol.Live}
	item := protocol.Target{Occurrence: "news@2026-11-21T17:00:00"}
	press := protocol.Target{Occurrence: "local/live/button@2026-11-21T10:00:00"}
	update := anAlert()
	update.Sequence = 9
	many := make([]protocol.Target, 101)
	for i := range many {
		many[i] = item
	}
	return []refusal{
		{name: "a cancel by a stranger", order: cancel(protocol.Live, "stranger"), reason: protocol.ReasonUnknownKey, field: "signatures[0]"},
		{name: "a cancel by the officer of another commune", order: cancel(protocol.Live, "officer2"), known: raised(anAlert(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a cancel by a broadcaster", order: cancel(protocol.Live, "broadcaster"), known: raised(anAlert(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a cancel of a wide alert by an officer", order: cancel(protocol.Live, "officer"), known: raised(anAlert("12"), "wide1", "wide2"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a cancel of the commune's alert by a village's person", order: cancel(protocol.Live, "village"), known: raised(anAlert(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a live cancel by a person for drills", order: cancel(protocol.Live, "drillmaster"), known: raised(anAlert(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "an alert that was cancelled ahead", order: sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer"), known: cancelled("captain"), reason: protocol.ReasonCancelled, field: "id"},
		{name: "a wide alert that was cancelled ahead by one of its own", order: sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2"), known: cancelled("wide3"), reason: protocol.ReasonCancelled, field: "id"},
		{name: "an update of an alert that was cancelled", order: sealed(protocol.KindAlert, protocol.Live, update, "officer"), known: func(w *world) {
			raised(anAlert(), "officer")(w)
			cancelled("captain")(w)
		}, reason: protocol.ReasonCancelled, field: "id"},
		{name: "an alert that was stopped ahead", order: sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer"), known: func(w *world) {
			w.accept(mustOpen(w, stop("captain", alert)))
		}, reason: protocol.ReasonCancelled, field: "id"},
		{name: "a stop by a stranger", order: stop("stranger", item), reason: protocol.ReasonUnknownKey, field: "signatures[0]"},
		{name: "a stop of an item by the officer of another commune", order: stop("officer2", item), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop of an item by a person for alerts only", order: stop("captain", item), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop of an alert by a broadcaster", order: stop("broadcaster", alert), known: raised(anAlert(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop of a wide alert by an officer", order: stop("officer", alert), known: raised(anAlert("12"), "wide1", "wide2"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop of an item and an alert by a person for items only", order: stop("broadcaster", item, alert), known: raised(anAlert(), "officer"), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop of a live press by a person for local drills", order: stop("officer", press), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop of a live press by a key file", order: stop("keeper", press), reason: protocol.ReasonNotAuthorised, field: "signatures"},
		{name: "a stop that calls an alert an occurrence", order: stop("broadcaster", protocol.Target{Occurrence: "alert/live/7f3c"}), reason: protocol.ReasonInvalid, field: "targets[0].occurrence"},
		{name: "a stop that calls an alert's repetition an occurrence", order: stop("broadcaster", protocol.Target{Occurrence: "alert/live/7f3c@2026-11-21T10:00:00"}), reason: protocol.ReasonInvalid, field: "targets[0].occurrence"},
		{name: "a stop of a press in no mode", order: stop("broadcaster", protocol.Target{Occurrence: "local/button@2026-11-21T10:00:00"}), reason: protocol.ReasonInvalid, field: "targets[0].occurrence"},
		{name: "a stop of nothing", order: sealed(protocol.KindStop, protocol.Live, protocol.Stop{Version: protocol.Version, ID: "s-1", Audience: []string{"12"}, Issued: now}, "officer"),
			reason: protocol.ReasonInvalid, field: "targets"},
		{name: "a stop of an empty target", order: stop("officer", protocol.Target{}), reason: protocol.ReasonInvalid, field: "targets[0]"},
		{name: "a stop of two things in one target", order: stop("officer", protocol.Target{Alert: "7f3c", Mode: protocol.Live, Occurrence: item.Occurrence}), reason: protocol.ReasonInvalid, field: "targets[0]"},
		{name: "a stop of an alert in no mode", order: stop("officer", protocol.Target{Alert: "7f3c"}), reason: protocol.ReasonInvalid, field: "targets[0]"},
		{name: "a stop of 101 things", order: stop("officer", many...), reason: protocol.ReasonInvalid, field: "targets"},
	}
}

func contentRefusals() []refusal {
	text := func(text string) []byte {
		return alertWith(func(a *protocol.Alert) { a.Messages[0].Text = text })
	}
	alert := func(name, field string, edit func(*protocol.Alert)) refusal {
		return refusal{name: name, order: alertWith(edit), reason: protocol.ReasonInvalid, field: field}
	}
	bulletin := func(name, field string, edit func(*protocol.Bulletin)) refusal {
		b := aBulletin()
		edit(&b)
		return refusal{name: name, order: sealed(protocol.KindBulletin, protocol.Live, b, "officer"), reason: protocol.ReasonInvalid, field: field}
	}
	plan := func(name, field string, edit func(*protocol.Plan)) refusal {
		p := aPlan()
		edit(&p)
		return refusal{name: name, order: sealed(protocol.KindPlan, protocol.Live, p, "central"), reason: protocol.ReasonInvalid, field: field}
	}
	return []refusal{
		{name: "text that turns around", order: text("An \u202etoàn"), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "text in an isolate", order: text("An \u2066toàn"), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "text with a control character", order: text("An\x00toàn"), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "text with an escape", order: text("\x1b[8mAn toàn"), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "text with a space of no width", order: text("An\u200btoàn"), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "text with unseen tags", order: text("An toàn\U000e0041"), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "text with a separator of lines", order: text("An\u2028toàn"), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "empty text", order: text(" \n "), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		{name: "text of 4,001 characters", order: text(strings.Repeat("ả", 4001)), reason: protocol.ReasonInvalid, field: "messages[0].text"},
		alert("no id", "id", func(a *protocol.Alert) { a.ID = "" }),
		alert("an id that climbs", "id", func(a *protocol.Alert) { a.ID = "../drill/7f3c" }),
		alert("an id with a line break at its end", "id", func(a *protocol.Alert) { a.ID = "7f3c\n" }),
		alert("no sequence", "sequence", func(a *protocol.Alert) { a.Sequence = 0 }),
		alert("a sequence of two billion", "sequence", func(a *protocol.Alert) { a.Sequence = 2_000_000_000 }),
		alert("no audience", "audience", func(a *protocol.Alert) { a.Audience = nil }),
		alert("an audience of all", "audience", func(a *protocol.Alert) { a.Audience = []string{"03388", "#"} }),
		alert("an audience of 5,001", "audience", func(a *protocol.Alert) {
			a.Audience = strings.Split(strings.TrimSuffix(strings.Repeat("03388,", 5001), ","), ",")
		}),
		alert("level 6", "level", func(a *protocol.Alert) { a.Level = 6 }),
		alert("21 blasts", "siren", func(a *protocol.Alert) { a.Siren.Blasts = 21 }),
		alert("a blast of an hour", "siren", func(a *protocol.Alert) { a.Siren.Seconds = 3600 }),
		alert("a blast of a negative length", "siren", func(a *protocol.Alert) { a.Siren.Seconds = -1 }),
		alert("no messages", "messages", func(a *protocol.Alert) { a.Messages = nil }),
		alert("no language", "messages[1].language", func(a *protocol.Alert) { a.Messages[1].Language = "" }),
		alert("a language twice", "messages[1].language", func(a *protocol.Alert) { a.Messages[1].Language = "vi" }),
		alert("audio that is no hash", "messages[0].audio.sha256", func(a *protocol.Alert) {
			a.Messages[0].Audio = &protocol.Audio{SHA256: "../../etc/passwd", Bytes: 1, Samples: 1}
		}),
		alert("audio of nothing", "messages[0].audio.samples", func(a *protocol.Alert) { a.Messages[0].Audio.Samples = 0 }),
		alert("audio of two days", "messages[0].audio.samples", func(a *protocol.Alert) { a.Messages[0].Audio.Samples = 48 * 3600 * 48000 }),
		alert("audio of a negative size", "messages[0].audio.bytes", func(a *protocol.Alert) { a.Messages[0].Audio.Bytes = -1 }),
		alert("no repetition", "repetitions", func(a *protocol.Alert) { a.Repetitions = 0 }),
		alert("a pause of a day", "pause", func(a *protocol.Alert) { a.Pause = 86400 }),
		bulletin("an emergency bulletin", "class", func(b *protocol.Bulletin) { b.Class = "emergency" }),
		bulletin("a title of two lines", "title", func(b *protocol.Bulletin) { b.Title = "Một\nHai" }),
		bulletin("a bulletin that ends before it begins", "notAfter", func(b *protocol.Bulletin) { b.NotAfter = b.NotBefore }),
		bulletin("a bulletin without audio", "audio", func(b *protocol.Bulletin) { b.Audio = nil }),
		bulletin("a language's audio twice", "audio[1].language", func(b *protocol.Bulletin) { b.Audio[1].Language = "vi" }),
		bulletin("revision 0", "revision", func(b *protocol.Bulletin) { b.Revision = 0 }),
		bulletin("the last revision there is", "revision", func(b *protocol.Bulletin) { b.Revision = 1<<63 - 1 }),
		plan("an emergency in a plan", "items[0].class", func(p *protocol.Plan) { p.Items[0].Class = "emergency" }),
		plan("a built-in phrase in a plan", "items[0].parts[0].sources[0].builtIn", func(p *protocol.Plan) { p.Items[0].Parts[0].Sources[0].BuiltIn = "phrase:evacuate" }),
		plan("a siren in a plan", "items[0].parts[0].sources[0].builtIn", func(p *protocol.Plan) { p.Items[0].Parts[0].Sources[0].BuiltIn = "siren" }),
		plan("an item named as the self-test", "items[0].id", func(p *protocol.Plan) { p.Items[0].ID = protocol.SelfTestID }),
		plan("a self-test on a day", "selfTest.start", func(p *protocol.Plan) { p.SelfTest = &protocol.SelfTest{Start: "2026-11-22T02:40:00"} }),
		plan("a self-test at 25 o'clock", "selfTest.start", func(p *protocol.Plan) { p.SelfTest = &protocol.SelfTest{Start: "25:00:00"} }),
		plan("a self-test that is a day late", "selfTest.late", func(p *protocol.Plan) { p.SelfTest = &protocol.SelfTest{Start: "02:40:00", Late: 86_400} }),
		plan("a programme louder than it was made", "items[0].gain", func(p *protocol.Plan) { p.Items[0].Gain = 0.5 }),
		plan("a programme that nobody could hear", "items[0].gain", func(p *protocol.Plan) { p.Items[0].Gain = -40.1 }),
		plan("audio in a plan that is no bulletin's", "items[0].parts[1].sources[0]", func(p *protocol.Plan) { p.Items[0].Parts[1].Sources[0].Bulletin = "b-2026-118" }),
		plan("a plan of no zone", "zone", func(p *protocol.Plan) { p.Zone = "" }),
		plan("a plan in the board's own zone", "zone", func(p *protocol.Plan) { p.Zone = "Local" }),
		plan("a zone that climbs", "zone", func(p *protocol.Plan) { p.Zone = "../../etc/passwd" }),
		plan("a slot of a week", "items[0].seconds", func(p *protocol.Plan) { p.Items[0].Seconds = 7 * 86400 }),
		plan("an item twice", "items[1].id", func(p *protocol.Plan) { p.Items = append(p.Items, p.Items[0]) }),
		plan("an item without parts", "items[0].parts", func(p *protocol.Plan) { p.Items[0].Parts = nil }),
		plan("2,001 items", "items", func(p *protocol.Plan) {
			item := p.Items[0]
			item.Parts = item.Parts[:1]
			for i := range 2000 {
				item.ID = fmt.Sprint("n", i)
				p.Items = append(p.Items, item)
			}
		}),
	}
}

// TestRefusalSaysLittle: a refusal is journalled and sent, and anybody can have
// written what it speaks of.
func TestRefusalSaysLittle(t *testing.T) {
	a := anAlert()
	a.Audience = strings.Split(strings.Repeat("no area at all,", 5000), ",")
	_, err := newWorld(t).open(sealed(protocol.KindAlert, protocol.Live, a, "officer"))
	var r *protocol.Refusal
	if !errors.As(err, &r) || len(r.Detail) > 500 {
		t.Fatalf("refused with %d bytes: %.100s", len(err.Error()), err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}
