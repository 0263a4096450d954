package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"loa/controller/protocol"
)

// maxResync is how many bytes of envelopes one Resync carries, unless a single
// one is larger. On a slow link nothing else passes while one is on its way.
const maxResync = 64 << 10

// lacking is what a board has not, by its own hello, in the order in which it
// must be judged: trust, cancels and stops, alerts, local orders, bulletins,
// the plan. A cancel comes before its alert, so that nothing sounds in between.
func (o *Orders) lacking(ctx context.Context, h protocol.Hello, now time.Time) ([]Record, error) {
	lacking, err := o.lackingTrust(ctx, h)
	if err != nil {
		return nil, err
	}
	p, ok := o.trust.placement(h.Cluster)
	if !ok {
		return lacking, nil
	}
	waiting, err := o.Store.Waiting(ctx, h.Cluster)
	if err != nil {
		return nil, err
	}
	q := Query{
		Kinds: []protocol.Kind{protocol.KindCancel, protocol.KindStop, protocol.KindAlert, protocol.KindLocal},
		State: Sealed, Areas: p.doc.Areas, ValidAt: now,
	}
	said, err := o.Store.Orders(ctx, q)
	if err != nil {
		return nil, err
	}
	over, err := o.over(ctx)
	if err != nil {
		return nil, err
	}
	said = slices.DeleteFunc(said, func(r Record) bool { return r.Kind == protocol.KindAlert && over[r.Subject] })
	lacking = append(lacking, o.lackingSaid(h, said, waiting)...)
	plan, err := o.newest(ctx, protocol.KindPlan, h.Cluster)
	if err != nil {
		return nil, err
	}
	if plan != nil && !plan.Until.After(now) {
		plan = nil
	}
	bulletins, err := o.lackingBulletins(ctx, h, plan, waiting, now)
	if err != nil {
		return nil, err
	}
	lacking = append(lacking, bulletins...)
	if plan != nil && plan.Revision > h.Held["plan"].Revision {
		lacking = append(lacking, *plan)
	}
	return slices.DeleteFunc(lacking, o.void), nil
}

// void reports whether a key that signed was revoked since: boards refuse it.
func (o *Orders) void(r Record) bool {
	return r.Kind != protocol.KindRoot && slices.ContainsFunc(r.Signatures, func(s Signed) bool { return o.trust.revoked(s.KeyID) })
}

// lackingTrust is every step of the root, then key set and placement.
func (o *Orders) lackingTrust(ctx context.Context, h protocol.Hello) ([]Record, error) {
	var lacking []Record
	// A board without a root takes none from the network.
	if held := h.Held["root"].Revision; held > 0 {
		roots, err := o.Store.Orders(ctx, Query{Kinds: []protocol.Kind{protocol.KindRoot}, State: Sealed})
		if err != nil {
			return nil, err
		}
		for _, r := range roots {
			if r.Revision > held {
				lacking = append(lacking, r)
			}
		}
		slices.SortFunc(lacking, func(a, b Record) int { return cmp.Compare(a.Revision, b.Revision) })
	}
	for _, want := range []struct {
		kind    protocol.Kind
		cluster string
	}{{protocol.KindKeySet, ""}, {protocol.KindPlacement, h.Cluster}} {
		r, err := o.newest(ctx, want.kind, want.cluster)
		if err != nil {
			return nil, err
		}
		if r != nil && r.Revision > h.Held[r.Subject].Revision {
			lacking = append(lacking, *r)
		}
	}
	return lacking, nil
}

// lackingSaid picks what a board lacks of the cancels, stops, alerts and locals
// for it.
func (o *Orders) lackingSaid(h protocol.Hello, said []Record, waiting []Delivery) []Record {
	holds := map[string]bool{}
	for _, held := range h.Held {
		holds[held.Hash] = true
	}
	waits := map[string]bool{}
	for _, d := range waiting {
		waits[d.Order] = true
	}
	type ending struct{ any, wide bool }
	ended := map[string]ending{}
	newest := map[string]int64{}
	for _, r := range said {
		if r.Kind == protocol.KindCancel {
			e := ended[r.Subject]
			ended[r.Subject] = ending{true, e.wide || r.Wide}
			continue
		}
		newest[r.Subject] = max(newest[r.Subject], r.Revision)
	}
	var ends, alerts, locals []Record
	for _, r := range said {
		switch r.Kind {
		case protocol.KindCancel:
			// A hello names the alerts that ended, not by which cancel: one that
			// the board did not confirm is sent once more.
			if !slices.Contains(h.Cancelled, r.Subject) || waits[r.Hash] {
				ends = append(ends, r)
			}
		case protocol.KindStop:
			if !holds[r.Hash] {
				ends = append(ends, r)
			}
		case protocol.KindAlert:
			e := ended[r.Subject]
			over := e.wide || e.any && !r.Wide
			if r.Revision == newest[r.Subject] && r.Revision > h.Held[r.Subject].Revision && !over {
				alerts = append(alerts, r)
			}
		case protocol.KindLocal:
			if r.Revision == newest[r.Subject] && r.Revision > h.Held[r.Subject].Revision {
				locals = append(locals, r)
			}
		}
	}
	return slices.Concat(ends, alerts, locals)
}

// lackingBulletins are those that the plan names, and those that wait.
func (o *Orders) lackingBulletins(ctx context.Context, h protocol.Hello, plan *Record, waiting []Delivery, now time.Time) ([]Record, error) {
	named := map[string]bool{}
	for _, d := range waiting {
		if d.Kind == protocol.KindBulletin {
			named[d.Order] = true
		}
	}
	if plan != nil {
		p, err := protocol.Decode[protocol.Plan](plan.Payload)
		if err != nil {
			return nil, fmt.Errorf("read plan: %w", err)
		}
		for _, item := range p.Items {
			for _, part := range item.Parts {
				for _, s := range part.Sources {
					named[s.Bulletin] = true
				}
			}
		}
	}
	for _, held := range h.Held {
		delete(named, held.Hash)
	}
	delete(named, "")
	if len(named) == 0 {
		return nil, nil
	}
	q := Query{Kinds: []protocol.Kind{protocol.KindBulletin}, State: Sealed, ValidAt: now}
	for hash := range named {
		q.Hashes = append(q.Hashes, hash)
	}
	found, err := o.Store.Orders(ctx, q)
	if err != nil {
		return nil, err
	}
	// A board refuses what is older than the newest it has of a bulletin, so
	// older revisions go first.
	slices.SortFunc(found, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Revision, b.Revision))
	})
	return slices.DeleteFunc(found, func(r Record) bool { return r.Revision <= h.Held[r.Subject].Revision }), nil
}

// resync notes in the outbox what a board lacks, and sends it in batches.
func (o *Orders) resync(ctx context.Context, h protocol.Hello, lacking []Record, now time.Time) error {
	if len(lacking) == 0 {
		return nil
	}
	out, together := make([]Delivery, len(lacking)), 0
	for i, r := range lacking {
		out[i] = Delivery{Cluster: h.Cluster, Order: r.Hash, Kind: r.Kind}
		if o.unsettled(r, now) {
			out[i].NextAt = o.settled
		} else {
			together += len(r.Envelope)
			out[i] = out[i].sent(now, true, together)
		}
	}
	if err := o.Store.Reopen(ctx, h.Epoch, out); err != nil {
		return fmt.Errorf("note what is sent to %s: %w", h.Cluster, err)
	}
	for _, d := range out {
		o.note(d.Kind, d.Order)
	}
	batch, size := protocol.Resync{Version: protocol.Version, Boot: h.Boot}, 0
	lacking = slices.DeleteFunc(lacking, func(r Record) bool { return o.unsettled(r, now) })
	send := func() error {
		if len(batch.Orders) == 0 {
			return nil
		}
		data, err := protocol.Encode(batch)
		if err != nil {
			return err
		}
		o.toCluster(h.Cluster, protocol.LaneResync, data)
		batch.Orders, size = nil, 0
		return nil
	}
	for _, r := range lacking {
		if size > 0 && size+len(r.Envelope) > maxResync {
			if err := send(); err != nil {
				return err
			}
		}
		batch.Orders = append(batch.Orders, r.envelope())
		size += len(r.Envelope)
	}
	return send()
}
