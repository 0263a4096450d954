package orders

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"loa/controller/protocol"
)

// AddSignature adds one signature to an order that gathers. One that does not
// verify, or by a key whose person has no say in it, or has lost it, is refused
// with a *protocol.Refusal and leaves the order as it was. When enough persons have
// signed (in the judgement of protocol.Open on every board that is meant) the
// order is sealed and put into the outbox in one transaction, and sent. A
// signature to an order that is sealed already changes nothing.
func (o *Orders) AddSignature(ctx context.Context, hash string, s protocol.Signature) (Status, error) {
	r, err := o.sign(ctx, hash, s)
	if err != nil {
		return Status{}, err
	}
	return o.status(ctx, r)
}

func (o *Orders) sign(ctx context.Context, hash string, s protocol.Signature) (Record, error) {
	o.sealing.Lock()
	defer o.sealing.Unlock()
	r, err := o.order(ctx, hash)
	if err != nil || r.State == Sealed {
		return r, err
	}
	return o.gather(ctx, r, "", s)
}

// Submit takes a whole envelope with its signatures, drafted here or not. With
// too few signatures it is kept as a draft that gathers. The step to the next
// root is submitted like any order; the first root is not: see SetRoot.
func (o *Orders) Submit(ctx context.Context, by string, envelope []byte) (Status, error) {
	return o.submit(ctx, by, envelope, append([]protocol.Kind{protocol.KindRoot}, drafted...), false)
}

// SetRoot takes a root that its owners signed offline: the first one, or the
// step that follows the one in force.
func (o *Orders) SetRoot(ctx context.Context, by string, envelope []byte) (Status, error) {
	return o.submit(ctx, by, envelope, []protocol.Kind{protocol.KindRoot}, true)
}

func (o *Orders) submit(ctx context.Context, by string, envelope []byte, kinds []protocol.Kind, first bool) (Status, error) {
	e, kind, _, err := protocol.DecodeEnvelope(envelope)
	if err != nil {
		return Status{}, err
	}
	if !slices.Contains(kinds, kind) {
		return Status{}, &protocol.Refusal{Reason: protocol.ReasonUnknownType, Field: "payloadType", Detail: fmt.Sprintf("a %s is not taken here", kind)}
	}
	if kind == protocol.KindRoot && !first && o.trust.known().Root == nil {
		return Status{}, fmt.Errorf("%w: there is no root yet, and the first is set by hand", ErrNotReady)
	}
	r, _, err := describe(e)
	if err != nil {
		return Status{}, err
	}
	r, err = func() (Record, error) {
		o.sealing.Lock()
		defer o.sealing.Unlock()
		before, err := o.Store.Order(ctx, r.Hash)
		switch {
		case err == nil && before.State == Sealed:
			return before, nil
		case err == nil:
			return o.gather(ctx, before, by, e.Signatures...)
		case !errors.Is(err, ErrNotFound):
			return r, fmt.Errorf("read order: %w", err)
		}
		r.By, r.DraftedAt = by, time.Now()
		return o.gather(ctx, r, by, e.Signatures...)
	}()
	if err != nil {
		return Status{}, err
	}
	return o.status(ctx, r)
}

// gather adds signatures to an order, and seals it when they are enough. All
// of them are good or none is kept. The caller holds sealing.
func (o *Orders) gather(ctx context.Context, r Record, by string, more ...protocol.Signature) (Record, error) {
	now := time.Now()
	e := r.envelope()
	for _, s := range more {
		e.AddSignature(s)
	}
	v, err := o.judge(ctx, e, now)
	if err != nil {
		return r, err
	}
	// Each new signature must count for itself: Open passes over unknown keys
	// when others suffice. A root's turnover is judged as a whole only.
	for _, s := range more {
		alone := verdict{some: v.some, lacks: v.lacks}
		if len(e.Signatures) > 1 && r.Kind != protocol.KindRoot {
			one := e
			one.Signatures = []protocol.Signature{s}
			if alone, err = o.judge(ctx, one, now); err != nil {
				return r, err
			}
		}
		if !alone.some && alone.lacks != nil {
			return r, alone.lacks
		}
	}
	if err := o.entitled(ctx, r, now, more); err != nil {
		return r, err
	}
	for _, s := range more {
		person := o.trust.person(s.KeyID)
		if by == "" {
			by = person
		}
		r.Signatures = slices.DeleteFunc(r.Signatures, func(have Signed) bool { return have.KeyID == s.KeyID })
		r.Signatures = append(r.Signatures, Signed{Signature: s, Person: person, At: now})
	}
	if v.lacks == nil {
		return o.seal(ctx, by, r, v, now)
	}
	if r.Kind == protocol.KindRoot {
		return r, v.lacks
	}
	if err := o.Store.AddDraft(ctx, r); err != nil {
		return r, fmt.Errorf("keep draft: %w", err)
	}
	for _, s := range r.Signatures[len(r.Signatures)-len(more):] {
		if err := o.Store.AddSignature(ctx, r.Hash, s); err != nil {
			return r, fmt.Errorf("keep signature: %w", err)
		}
	}
	o.note(r.Kind, r.Hash)
	return r, nil
}

// entitled refuses signatures that the next key set would not count any more:
// boards go by the one in force until administrators have signed another, and
// the registry knows at once who lost a role or a key. What ends sound is not
// asked for that.
func (o *Orders) entitled(ctx context.Context, r Record, now time.Time, more []protocol.Signature) error {
	known := o.trust.known()
	sounds := r.Kind == protocol.KindAlert || r.Kind == protocol.KindBulletin || r.Kind == protocol.KindLocal
	if !sounds || known.Root == nil || known.KeySet == nil {
		return nil
	}
	m, err := o.makeKeySet(ctx, known.Root)
	if err != nil {
		// Boards would take it. What stands in the way of a key set does not stand
		// in the way of an alert.
		o.Log.Error("orders: who may sign by now is not known", "error", err)
		return nil
	}
	next := *known.KeySet
	next.Persons, next.Rules = m.set.Persons, m.set.Rules
	known.KeySet = &next
	for _, s := range more {
		one := r.envelope()
		one.Signatures = []protocol.Signature{s}
		v, err := o.judgeBy(ctx, one, now, known)
		if err != nil {
			return err
		}
		if !v.some && v.lacks != nil {
			return v.lacks
		}
	}
	return nil
}

// seal makes an order final and puts it into the outbox, in one transaction,
// and sends it at once. The caller holds sealing.
func (o *Orders) seal(ctx context.Context, by string, r Record, v verdict, now time.Time) (Record, error) {
	if err := o.current(ctx, r); err != nil {
		return r, err
	}
	e := r.envelope()
	var err error
	if r.Envelope, err = protocol.Encode(e); err != nil {
		return r, err
	}
	r.State, r.SealedAt, r.Persons = Sealed, now, v.persons
	if r.Kind == protocol.KindCancel || r.Kind == protocol.KindStop {
		r.Wide = v.wide
	}
	online := map[string]bool{}
	out := make([]Delivery, len(v.clusters))
	for i, c := range v.clusters {
		online[c] = o.Publisher.Online(c)
		out[i] = Delivery{Cluster: c, Order: r.Hash, Kind: r.Kind, NextAt: now}.sent(now, online[c], len(r.Envelope))
	}
	if err := o.Store.Seal(ctx, by, r, out); err != nil {
		return r, fmt.Errorf("seal %s: %w", r.Subject, err)
	}
	o.publish(r, v.clusters, online)
	o.note(r.Kind, r.Hash)
	if err := o.trust.take(r); err != nil {
		return r, err
	}
	if err := o.noteEnded(ctx, r); err != nil {
		o.Log.Error("orders: what was ended is not told", "error", err)
	}
	o.Log.Info("order sealed", "order", r.Hash, "subject", r.Subject, "revision", r.Revision, "persons", r.Persons, "clusters", len(v.clusters))
	return r, nil
}

// publish sends a sealed order: an emergency once to each area of its audience,
// anything else to every board.
func (o *Orders) publish(r Record, clusters []string, online map[string]bool) {
	if emergency(r.Kind) {
		for _, area := range r.Areas {
			if err := o.Publisher.ToArea(area, r.Envelope); err != nil {
				o.Log.Warn("order not published", "order", r.Hash, "area", area, "error", err)
			}
		}
		return
	}
	for _, c := range clusters {
		if online[c] {
			o.toCluster(c, laneOf(r.Kind), r.Envelope)
		}
	}
}

func (o *Orders) toCluster(cluster string, lane protocol.Lane, payload []byte) {
	if err := o.Publisher.ToCluster(cluster, lane, payload); err != nil {
		o.Log.Warn("not published", "cluster", cluster, "lane", lane, "error", err)
	}
}

// How long a delivery waits before it is sent again.
const (
	firstWait   = 4 * time.Second
	longestWait = 5 * time.Minute
	slowest     = 4 << 10 // bytes a second of a 2G link
)

// sent is the delivery after it was sent, or was not because the board is away:
// its hello will ask for it. The wait grows with every attempt, and is drawn at
// random in full so that boards do not answer in step. size is how many bytes
// were sent together: a copy must not queue behind what is still on its way.
func (d Delivery) sent(now time.Time, online bool, size int) Delivery {
	wait := longestWait
	if online {
		wait = min(firstWait<<min(d.Attempts, 10), longestWait)
		d.Attempts++
		d.SentAt = now
		now = now.Add(onItsWay(size))
	}
	d.NextAt = now.Add(time.Second + rand.N(wait))
	return d
}

// onItsWay is how long so many bytes take on a slow link.
func onItsWay(size int) time.Duration {
	return min(time.Duration(size)*time.Second/slowest, longestWait)
}

// SendPlan gives a cluster its next plan, signed by central's own key. Version,
// revision and issued are filled in; the revision jumps past what the board
// has. A plan that says the same as the one in force, and reaches less than a
// week further, is not sent again.
// ErrNotReady without a signed placement of the cluster.
func (o *Orders) SendPlan(ctx context.Context, plan protocol.Plan) (Status, error) {
	o.sealing.Lock()
	r, err := o.plan(ctx, plan, false)
	o.sealing.Unlock()
	if err != nil {
		return Status{}, err
	}
	return o.status(ctx, r)
}

// plan seals a plan. With anew it is issued again even when it says the same:
// the board has a newer one that central knows nothing of. The caller holds
// sealing.
func (o *Orders) plan(ctx context.Context, plan protocol.Plan, anew bool) (Record, error) {
	inForce, err := o.Store.Orders(ctx, Query{
		Kinds: []protocol.Kind{protocol.KindPlan}, Cluster: plan.Cluster, State: Sealed, Newest: true,
	})
	if err != nil {
		return Record{}, fmt.Errorf("read the plan in force: %w", err)
	}
	if len(inForce) > 0 && !anew && !o.void(inForce[0]) && samePlan(inForce[0], plan) {
		return inForce[0], nil
	}
	plan.Version, plan.Issued = protocol.Version, present()
	if plan.Revision, err = o.next(ctx, "plan", plan.Cluster); err != nil {
		return Record{}, err
	}
	e, err := protocol.SealService(protocol.KindPlan, plan, o.Key)
	if err != nil {
		return Record{}, err
	}
	now := time.Now()
	v, err := o.judge(ctx, e, now)
	if err != nil {
		return Record{}, err
	}
	if v.lacks != nil {
		return Record{}, fmt.Errorf("the key set does not let central sign plans for %s: %w", plan.Cluster, v.lacks)
	}
	r, _, err := describe(e)
	if err != nil {
		return Record{}, err
	}
	r.By, r.DraftedAt = Service, now
	r.Signatures = []Signed{{Signature: e.Signatures[0], Person: Service, At: now}}
	return o.seal(ctx, Service, r, v, now)
}

// planSlack is by how much a plan may reach less far than the next one would:
// every plan that is sent costs each board's data and central's disk.
const planSlack = 7 * 24 * time.Hour

// samePlan reports whether plan says what a sealed one says, and that one
// reaches far enough.
func samePlan(r Record, plan protocol.Plan) bool {
	was, err := protocol.Decode[protocol.Plan](r.Payload)
	if err != nil {
		return false
	}
	if was.From.After(plan.From) || was.Until.After(plan.Until) || was.Until.Before(plan.Until.Add(-planSlack)) {
		return false
	}
	plan.From, plan.Until = was.From, was.Until
	plan.Version, plan.Revision, plan.Issued = was.Version, was.Revision, was.Issued
	now, err := protocol.Encode(plan)
	return err == nil && slices.Equal(now, r.Payload)
}
