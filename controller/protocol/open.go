package protocol

import (
	"slices"
	"strings"
	"time"
)

// Known is what a board has accepted so far: all that Open judges against.
// Open never changes it.
type Known struct {
	Root      *Root
	KeySet    *KeySet
	Placement *Placement

	BoardKey string // id of the board's own key; a placement must name it
	// Enrolling is set only while the answer to this board's own request is read
	// from a file: then, and never from the network, a first root is taken.
	Enrolling bool
	Epoch     string // the store's epoch; an acknowledgement must name it
	Boot      string // the nonce of this boot; a signed time must answer it

	// Held maps a subject to the newest revision accepted.
	Held map[string]Held
	// Alerts holds every alert id until its expiry and a day, cancels of
	// alerts never seen included. Keys are AlertSubject.
	Alerts map[string]KnownAlert
	// Stops holds the hashes of accepted stops.
	Stops map[string]bool
}

// KnownAlert is what a board remembers of one alert's id.
type KnownAlert struct {
	Sequence int    // 0: only a cancel was seen
	Hash     string // of that sequence
	Wide     bool   // its audience reached beyond one commune
	Village  bool   // its audience was one village
	// Cancelled says who could end it: a cancel by a person who is counted for
	// wide alerts ends any, another one ends an alert within a commune.
	Cancelled  bool
	CancelWide bool
	CancelHash string
	Keep       time.Time // until when this is kept
}

// Seen is k after an alert was accepted; hash is the order's.
func (k KnownAlert) Seen(a *Alert, hash string) KnownAlert {
	k.Sequence, k.Hash = a.Sequence, hash
	b := breadthOf(a.Audience...)
	k.Wide, k.Village = b == wide, b == oneVillage
	if keep := a.Expires.Add(KeepAlert); keep.After(k.Keep) {
		k.Keep = keep
	}
	return k
}

// Ended reports whether the alert was ended by somebody who could end it.
func (k KnownAlert) Ended() bool { return k.ended(k.Wide) }

// ended reports whether a cancel that was seen ends an alert so wide.
func (k KnownAlert) ended(wide bool) bool { return k.Cancelled && (k.CancelWide || !wide) }

// breadth is how wide the accepted alert is, 0 when none was.
func (k KnownAlert) breadth() breadth {
	switch {
	case k.Sequence == 0:
		return 0
	case k.Wide:
		return wide
	case k.Village:
		return oneVillage
	}
	return oneCommune
}

// Clock is what a board knows of the time.
type Clock struct {
	Now     time.Time
	Trusted bool      // by an RTC, NTP, or central's signed time in this boot
	Floor   time.Time // it is certainly later than this
}

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

// authorise judges who signed.
func (o *Order) authorise(k *Known) error {
	switch d := o.Document.(type) {
	case *Root:
		return o.stepRoot(k, d)
	case *KeySet:
		if k.Root == nil {
			return refuse(ReasonNotEnrolled, "", "the board has no root")
		}
		if err := d.under(k.Root); err != nil {
			return err
		}
		return o.bySome(k.Root.Administrators, k.Root.AdminThreshold)
	case *Placement:
		if k.Root == nil {
			return refuse(ReasonNotEnrolled, "", "the board has no root")
		}
		if !answers(d.Areas, k.Root.Scopes) {
			return refuse(ReasonNotAuthorised, "areas", "none is within the root's scopes %s", shown(k.Root.Scopes))
		}
		return o.bySome(k.Root.Administrators, k.Root.AdminThreshold)
	case *Bulletin:
		return o.byRule(k, KindBulletin, Live, 0)
	case *Plan:
		return o.byRule(k, KindPlan, Live, 0)
	case *Alert:
		// An update replaces what was raised, so it needs the rule of both.
		return o.byRule(k, KindAlert, o.Mode, max(breadthOf(d.Audience...), k.Alerts[o.Subject].breadth()))
	case *Local:
		return o.byRule(k, KindLocal, o.Mode, breadthOf(d.Audience...))
	case *SignedTime:
		return o.byRule(k, KindTime, Live, 0)
	case *Ack:
		return o.byRule(k, KindAck, Live, 0)
	case *Cancel:
		return o.byAnyOf(k, []Target{{Alert: d.Alert, Mode: o.Mode}})
	case *Stop:
		return o.byAnyOf(k, d.Targets)
	}
	return refuse(ReasonUnknownType, "payloadType", "a board takes no %s", o.Kind)
}

// stepRoot takes root N+1 when N's owners and its own signed it. A board that
// has no root takes the one it is enrolled with, signed by its own owners.
func (o *Order) stepRoot(k *Known, next *Root) error {
	if k.Root == nil && !k.Enrolling {
		return refuse(ReasonNotEnrolled, "", "the board has no root")
	}
	if err := o.bySome(next.Owners, next.Threshold); err != nil {
		return err
	}
	if k.Root == nil {
		return nil
	}
	switch was := k.Root.Revision; {
	case next.Revision > was+1:
		return refuse(ReasonConflict, "revision", "%d does not follow %d: every step is needed", next.Revision, was)
	case next.Revision == was:
		return refuse(ReasonConflict, "revision", "%d was accepted with another content", was)
	case next.Revision < was:
		return refuse(ReasonStale, "revision", "%d, the board has %d", next.Revision, was)
	}
	return o.bySome(k.Root.Owners, k.Root.Threshold)
}

// bySome counts persons out of a list that a threshold names.
func (o *Order) bySome(persons []Person, threshold int) error {
	signed, err := o.signers(persons)
	if err != nil {
		return err
	}
	o.Persons = names(signed)
	if len(signed) < threshold {
		return refuse(ReasonThreshold, "signatures", "%d persons signed, %d needed", len(signed), threshold)
	}
	return nil
}

// byRule needs one rule of a kind and mode whose scope covers this board and is
// as wide as the order, and enough of its persons.
func (o *Order) byRule(k *Known, kind Kind, mode Mode, asWide breadth) error {
	signed, err := o.signers(k.KeySet.Persons)
	if err != nil {
		return err
	}
	best, needed := 0, 0
	for _, r := range k.rules(kind, mode, asWide) {
		counted, threshold := r.counted(signed), r.Threshold
		if kind == KindAlert && mode == Live && asWide == wide {
			// The root may have been stepped after the key set was accepted.
			threshold = max(threshold, k.Root.WideAlert)
		}
		if len(counted) >= threshold {
			o.Persons = counted
			return nil
		}
		if len(counted) > best {
			best, needed = len(counted), threshold
		}
	}
	if best > 0 {
		return refuse(ReasonThreshold, "signatures", "%d persons signed, %d needed", best, needed)
	}
	return refuse(ReasonNotAuthorised, "signatures", "%s may not order a %s %s of this breadth here",
		strings.Join(names(signed), ", "), mode, kind)
}

// rules are those of a kind and mode whose scope covers this board and is at
// least so wide.
func (k *Known) rules(kind Kind, mode Mode, asWide breadth) []Rule {
	var found []Rule
	for _, r := range k.KeySet.Rules {
		if r.Kind == kind && r.Mode == mode && slices.Contains(k.Placement.Areas, r.Scope) && breadthOf(r.Scope) >= asWide {
			found = append(found, r)
		}
	}
	return found
}

// counted are the rule's persons who signed in its scheme.
func (r Rule) counted(signed map[string][]Scheme) []string {
	var ids []string
	for _, id := range r.Persons {
		schemes, ok := signed[id]
		if ok && (r.Scheme == "" || slices.Contains(schemes, r.Scheme)) {
			ids = append(ids, id)
		}
	}
	return ids
}

// byAnyOf needs, for every target, one person who is counted in its rule:
// whoever could help to start a thing can end it, alone.
func (o *Order) byAnyOf(k *Known, targets []Target) error {
	signed, err := o.signers(k.KeySet.Persons)
	if err != nil {
		return err
	}
	o.Wide = slices.ContainsFunc(targets, func(t Target) bool { return t.Alert != "" })
	for _, t := range targets {
		narrow, wider := k.enders(t, signed)
		if len(narrow) == 0 && len(wider) == 0 {
			return refuse(ReasonNotAuthorised, "signatures", "%s may not end this here", strings.Join(names(signed), ", "))
		}
		if t.Alert != "" {
			o.Wide = o.Wide && len(wider) > 0
		}
		o.Persons = append(o.Persons, append(wider, narrow...)...)
	}
	slices.Sort(o.Persons)
	o.Persons = slices.Compact(o.Persons)
	return nil
}

// enders are those who signed and are counted in the rules of a target, apart
// by whether the rule is for wide orders. An alert that is known is ended only
// by the rules that could have raised it; who ends one that is not known yet
// ends it if it turns out to be no wider than that person's rule.
func (k *Known) enders(t Target, signed map[string][]Scheme) (narrow, wider []string) {
	kind, mode, atLeast := KindBulletin, Live, breadth(0)
	switch {
	case t.Alert != "":
		kind, mode = KindAlert, t.Mode
		atLeast = k.Alerts[AlertSubject(mode, t.Alert)].breadth()
	case strings.HasPrefix(t.Occurrence, "local/"+string(Drill)+"/"):
		kind, mode = KindLocal, Drill
	case strings.HasPrefix(t.Occurrence, "local/"):
		kind = KindLocal
	}
	for _, r := range k.rules(kind, mode, atLeast) {
		if breadthOf(r.Scope) == wide {
			wider = append(wider, r.counted(signed)...)
		} else {
			narrow = append(narrow, r.counted(signed)...)
		}
	}
	return narrow, wider
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

// newest is the revision that k has of the order's subject. Trust that is in
// force counts also where Held says nothing of it.
func (k *Known) newest(o *Order) (Held, bool) {
	was, ok := k.Held[o.Subject]
	switch {
	case o.Kind == KindKeySet && k.KeySet != nil && k.KeySet.Revision > was.Revision:
		return Held{Revision: k.KeySet.Revision}, true
	case o.Kind == KindPlacement && k.Placement != nil && k.Placement.Revision > was.Revision:
		return Held{Revision: k.Placement.Revision}, true
	}
	return was, ok
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
