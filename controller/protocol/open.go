package protocol

import (
	"slices"
	"strings"
	"time"
)

// Order is an order that may be carried out.
type Order struct {
	Envelope Envelope
	Kind     Kind
	Mode     Mode
	Hash     string
	Subject  string   // what it is about: of two orders on one subject the newer counts
	Revision int64    // or sequence; 0 where the kind has none
	Document any      // *Root, *KeySet, *Placement, *Bulletin, *Plan, *Alert, *Cancel, *Stop, *Local, *SignedTime or *Ack
	Persons  []string // ids of those who signed and were counted
	Wide     bool     // of a cancel or stop: ends wide alerts too

	accepted bool // it passed the gate before, and is judged again
}

// AlertSubject names an alert; drills and live alerts never share one.
func AlertSubject(m Mode, id string) string { return "alert/" + string(m) + "/" + id }

// Open is the gate: it says whether a board that knows k may carry out the
// order in data, by a clock. The error is a *Refusal with the reason. With
// ReasonClock the order is sound as far as can be judged and is to be opened
// again when the board has learned the time.
func Open(data []byte, k Known, clock Clock) (*Order, error) {
	e, kind, mode, err := DecodeEnvelope(data)
	if err != nil {
		return nil, err
	}
	o := &Order{Envelope: e, Kind: kind, Mode: mode, Hash: e.Hash()}
	if err := o.read(); err != nil {
		return nil, err
	}
	if k.has(o) {
		return nil, refuse(ReasonDuplicate, "", "the board has this order")
	}
	if err := o.addressed(&k); err != nil {
		return nil, err
	}
	if err := o.authorise(&k); err != nil {
		return nil, err
	}
	if err := o.current(&k); err != nil {
		return nil, err
	}
	if err := o.valid(clock); err != nil {
		return nil, err
	}
	return o, nil
}

// Recall reads an order back from the store in which the board committed it,
// under its hash. Form and document are judged again; who may order was judged
// at receipt, so Persons and Wide are not set. The error is a *Refusal.
func Recall(data []byte, hash string) (*Order, error) {
	e, kind, mode, err := DecodeEnvelope(data)
	if err != nil {
		return nil, err
	}
	o := &Order{Envelope: e, Kind: kind, Mode: mode, Hash: e.Hash()}
	if o.Hash != hash {
		return nil, refuse(ReasonConflict, "payload", "its hash is %s, it was stored as %s", o.Hash, hash)
	}
	if err := o.read(); err != nil {
		return nil, err
	}
	return o, nil
}

type checked interface{ check() error }

// read decodes the payload into the document of its kind and judges its form.
func (o *Order) read() error {
	switch o.Kind {
	case KindRoot:
		return read[Root](o, func(d *Root) (string, int64) { return "root", d.Revision })
	case KindKeySet:
		return read[KeySet](o, func(d *KeySet) (string, int64) { return "keyset", d.Revision })
	case KindPlacement:
		return read[Placement](o, func(d *Placement) (string, int64) { return "placement", d.Revision })
	case KindBulletin:
		return read[Bulletin](o, func(d *Bulletin) (string, int64) { return "bulletin/" + d.ID, d.Revision })
	case KindPlan:
		return read[Plan](o, func(d *Plan) (string, int64) { return "plan", d.Revision })
	case KindAlert:
		return read[Alert](o, func(d *Alert) (string, int64) { return AlertSubject(o.Mode, d.ID), int64(d.Sequence) })
	case KindCancel:
		return read[Cancel](o, func(d *Cancel) (string, int64) { return AlertSubject(o.Mode, d.Alert), 0 })
	case KindStop:
		return read[Stop](o, func(d *Stop) (string, int64) { return "stop/" + d.ID, 0 })
	case KindLocal:
		return read[Local](o, func(d *Local) (string, int64) { return "local/" + string(o.Mode) + "/" + d.Input, d.Revision })
	case KindTime:
		return read[SignedTime](o, func(*SignedTime) (string, int64) { return "time", 0 })
	case KindAck:
		return read[Ack](o, func(*Ack) (string, int64) { return "ack", 0 })
	}
	return refuse(ReasonUnknownType, "payloadType", "a board takes no %s", o.Kind)
}

func read[T any, P interface {
	*T
	checked
}](o *Order, subject func(P) (string, int64)) error {
	d, err := decodeVersioned[T](o.Envelope.Payload, "payload")
	if err != nil {
		return err
	}
	p := P(&d)
	if err := p.check(); err != nil {
		return err
	}
	o.Document = p
	o.Subject, o.Revision = subject(p)
	return nil
}

// has reports whether k holds this very order. Of cancels and stops that is
// judged once it is known who signed: the same document signed by somebody who
// may end more is no duplicate.
func (k *Known) has(o *Order) bool {
	switch o.Kind {
	case KindAlert:
		return k.Alerts[o.Subject].Hash == o.Hash
	case KindCancel, KindStop:
		return false
	}
	return k.Held[o.Subject].Hash == o.Hash
}

// addressed judges whether the order is meant for this board.
func (o *Order) addressed(k *Known) error {
	switch d := o.Document.(type) {
	case *Root:
		return nil
	case *KeySet:
		return nil
	case *Placement:
		if d.Board.ID != k.BoardKey {
			return refuse(ReasonWrongAudience, "board", "is the placement of another board")
		}
		if k.Placement != nil && d.Cluster != k.Placement.Cluster {
			return refuse(ReasonWrongAudience, "cluster", "%s, this board is %s", d.Cluster, k.Placement.Cluster)
		}
		return nil
	}
	if k.Root == nil || k.KeySet == nil || k.Placement == nil {
		return refuse(ReasonNotEnrolled, "", "the board has no root, key set or placement yet")
	}
	switch d := o.Document.(type) {
	case *Bulletin:
		return k.inAudience("areas", d.Areas)
	case *Alert:
		return k.inAudience("audience", d.Audience)
	case *Cancel:
		return k.inAudience("audience", d.Audience)
	case *Stop:
		return k.inAudience("audience", d.Audience)
	case *Local:
		return k.inAudience("audience", d.Audience)
	case *Plan:
		return k.isCluster(d.Cluster)
	case *SignedTime:
		if d.Boot != k.Boot {
			return refuse(ReasonWrongAudience, "boot", "answers another boot")
		}
		return k.isCluster(d.Cluster)
	case *Ack:
		if d.Epoch != k.Epoch {
			return refuse(ReasonWrongAudience, "epoch", "%q, the store's is %q", d.Epoch, k.Epoch)
		}
		return k.isCluster(d.Cluster)
	}
	return refuse(ReasonUnknownType, "payloadType", "a board takes no %s", o.Kind)
}

func (k *Known) inAudience(field string, audience []string) error {
	if !answers(k.Placement.Areas, audience) {
		return refuse(ReasonWrongAudience, field, "%s answers to none of %s", k.Placement.Cluster, shown(audience))
	}
	return nil
}

func (k *Known) isCluster(cluster string) error {
	if cluster != k.Placement.Cluster {
		return refuse(ReasonWrongAudience, "cluster", "%s, this board is %s", cluster, k.Placement.Cluster)
	}
	return nil
}

func shown(codes []string) string {
	if len(codes) > 5 {
		return strings.Join(codes[:5], ", ") + ", …"
	}
	return strings.Join(codes, ", ")
}

// current judges the order against what was accepted before on its subject.
func (o *Order) current(k *Known) error {
	switch d := o.Document.(type) {
	case *SignedTime, *Ack:
		return nil
	case *Cancel:
		if was := k.Alerts[o.Subject]; was.CancelHash == o.Hash && (was.CancelWide || !o.Wide) {
			return refuse(ReasonDuplicate, "", "the board has this order")
		}
		return nil
	case *Stop:
		more := o.Wide && slices.ContainsFunc(d.Targets, func(t Target) bool {
			return t.Alert != "" && !k.Alerts[AlertSubject(t.Mode, t.Alert)].CancelWide
		})
		if k.Stops[o.Hash] && !more {
			return refuse(ReasonDuplicate, "", "the board has this order")
		}
		return nil
	case *Alert:
		was := k.Alerts[o.Subject]
		switch {
		case was.ended(Wide(d.Audience)):
			return refuse(ReasonCancelled, "id", "alert %s was cancelled", d.ID)
		case d.Sequence == was.Sequence:
			return refuse(ReasonConflict, "sequence", "%d was accepted with another content", d.Sequence)
		case d.Sequence < was.Sequence:
			return refuse(ReasonStale, "sequence", "%d, the board has %d", d.Sequence, was.Sequence)
		}
		return nil
	}
	was, ok := k.newest(o)
	switch {
	case ok && o.Revision == was.Revision:
		return refuse(ReasonConflict, "revision", "%d was accepted with another content", o.Revision)
	case ok && o.Revision < was.Revision:
		return refuse(ReasonStale, "revision", "%d, the board has %d", o.Revision, was.Revision)
	}
	return nil
}

// valid judges the time. Cancels and stops need no clock, and trust is ordered
// by revision: an expired key set alarms and never mutes.
func (o *Order) valid(clock Clock) error {
	var from, until time.Time
	switch d := o.Document.(type) {
	case *Alert:
		from, until = d.Issued, d.Expires
	case *Local:
		from, until = d.Issued, d.Expires
	case *Bulletin:
		from, until = d.Issued, d.NotAfter
	case *Plan:
		from, until = d.Issued, d.Until
	case *SignedTime:
		if d.Time.Before(clock.Floor) {
			return refuse(ReasonStale, "time", "%s is before what is certain, %s", stamp(d.Time), stamp(clock.Floor))
		}
		return nil
	default:
		return nil
	}
	if !until.After(clock.Floor) {
		return refuse(ReasonExpired, "", "valid until %s", stamp(until))
	}
	if !clock.Trusted {
		return refuse(ReasonClock, "", "the time is not known yet")
	}
	if !until.After(clock.Now) {
		return refuse(ReasonExpired, "", "valid until %s, it is %s", stamp(until), stamp(clock.Now))
	}
	now := clock.Now
	if clock.Floor.After(now) {
		now = clock.Floor
	}
	if from.After(now.Add(skew)) {
		return refuse(ReasonNotYet, "issued", "%s, it is %s", stamp(from), stamp(clock.Now))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
