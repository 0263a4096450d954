package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loa/central/registry"
	"loa/controller/protocol"
)

// verdict is what the boards that an order is for would make of it.
type verdict struct {
	clusters []string          // that it is for
	lacks    *protocol.Refusal // of signatures; nil: enough signed
	some     bool              // at least one board counts at least one signature
	persons  []string          // counted, once enough signed
	wide     bool              // of a cancel or stop: ends what is wide, too
}

// judge passes an order through the boards' gate, one board of each sort that
// it is for. Lacking signatures are a verdict; any other refusal is the error.
//
// Enough have signed when every board would take it. Two things do not wait for
// every board: what ends a sound, and a board that no rule covers, which nobody
// could convince.
func (o *Orders) judge(ctx context.Context, e protocol.Envelope, now time.Time) (verdict, error) {
	return o.judgeBy(ctx, e, now, o.trust.known())
}

// judgeBy is judge for boards that know this root and this key set.
func (o *Orders) judgeBy(ctx context.Context, e protocol.Envelope, now time.Time, known protocol.Known) (verdict, error) {
	r, document, err := describe(e)
	if err != nil {
		return verdict{}, err
	}
	data, err := protocol.Encode(e)
	if err != nil {
		return verdict{}, err
	}
	var v verdict
	var boards []protocol.Known
	if v.clusters, boards, err = o.boards(ctx, r, document, known); err != nil {
		return v, err
	}
	accepted := 0
	refusals := make([]*protocol.Refusal, len(boards))
	for i, known := range boards {
		order, err := protocol.Open(data, known, protocol.Clock{Now: now, Trusted: true})
		if err == nil {
			v.some, v.wide = true, order.Wide && (v.wide || accepted == 0)
			v.persons = append(v.persons, order.Persons...)
			accepted++
			continue
		}
		if !errors.As(err, &refusals[i]) {
			return v, err
		}
		switch refusals[i].Reason {
		case protocol.ReasonThreshold:
			v.some = v.some || len(e.Signatures) > 0
		case protocol.ReasonNotAuthorised, protocol.ReasonUnknownKey, protocol.ReasonRevoked:
		case protocol.ReasonNotEnrolled:
			return v, fmt.Errorf("%w: %s", ErrNotReady, refusals[i].Detail)
		default:
			return v, refusals[i]
		}
	}
	ends := r.Kind == protocol.KindCancel || r.Kind == protocol.KindStop
	for i, refusal := range refusals {
		if refusal == nil || accepted > 0 && (ends || !covered(boards[i], r.Kind, r.Mode)) {
			continue
		}
		if v.lacks == nil || refusal.Reason == protocol.ReasonThreshold {
			v.lacks = refusal
		}
	}
	slices.Sort(v.persons)
	v.persons = slices.Compact(v.persons)
	return v, nil
}

// covered reports whether any rule of the kind and mode is for this board.
func covered(k protocol.Known, kind protocol.Kind, mode protocol.Mode) bool {
	return k.KeySet == nil || k.Placement == nil || slices.ContainsFunc(k.KeySet.Rules, func(r protocol.Rule) bool {
		return r.Kind == kind && r.Mode == mode && slices.Contains(k.Placement.Areas, r.Scope)
	})
}

// boards are the clusters that an order is for, and what the boards there know:
// one of each sort, beside what all of them know.
func (o *Orders) boards(ctx context.Context, r Record, document any, known protocol.Known) ([]string, []protocol.Known, error) {
	switch d := document.(type) {
	case protocol.Root:
		known.Enrolling = known.Root == nil
		return o.trust.clusters(), []protocol.Known{known}, nil
	case protocol.KeySet:
		return o.trust.clusters(), []protocol.Known{known}, nil
	case protocol.Placement:
		known.BoardKey = d.Board.ID
		if p, ok := o.trust.placement(d.Cluster); ok {
			known.Placement, known.Held["placement"] = p.doc, p.held
		}
		return []string{d.Cluster}, []protocol.Known{known}, nil
	case protocol.Plan:
		p, ok := o.trust.placement(d.Cluster)
		if !ok {
			return nil, nil, fmt.Errorf("%w: cluster %s has no signed placement", ErrNotReady, d.Cluster)
		}
		known.Placement = p.doc
		return []string{d.Cluster}, []protocol.Known{known}, nil
	}
	if known.Root == nil || known.KeySet == nil {
		return nil, nil, fmt.Errorf("%w: there is no signed root or no signed key set", ErrNotReady)
	}
	if err := o.recall(ctx, &known, r, document); err != nil {
		return nil, nil, err
	}
	clusters := o.trust.answering(r.Areas)
	var boards []protocol.Known
	for _, p := range o.trust.alike(clusters, r.Areas) {
		known.Placement = p
		boards = append(boards, known)
	}
	if len(boards) > 0 {
		return clusters, boards, nil
	}
	// Nobody is there yet: it is judged for a board that would stand there.
	for _, code := range r.Areas {
		path, err := o.Registry.Path(ctx, code)
		if errors.Is(err, registry.ErrNotFound) {
			return nil, nil, &protocol.Refusal{Reason: protocol.ReasonInvalid, Field: "audience", Detail: fmt.Sprintf("%q is no area that is known", code)}
		}
		if err != nil {
			return nil, nil, err
		}
		known.Placement = &protocol.Placement{Areas: path}
		boards = append(boards, known)
	}
	return nil, boards, nil
}

// recall adds what the boards were sent before on the subject of an order, and
// on the alerts that it ends.
func (o *Orders) recall(ctx context.Context, known *protocol.Known, r Record, document any) error {
	known.Alerts = map[string]protocol.KnownAlert{}
	subjects := []string{r.Subject}
	if stop, ok := document.(protocol.Stop); ok {
		subjects = nil
		for _, t := range stop.Targets {
			if t.Alert != "" {
				subjects = append(subjects, protocol.AlertSubject(t.Mode, t.Alert))
			}
		}
	}
	over, err := o.over(ctx)
	if err != nil {
		return err
	}
	for _, subject := range subjects {
		if over[subject] {
			known.Alerts[subject] = protocol.KnownAlert{Cancelled: true, CancelWide: true}
		}
		before, err := o.Store.Orders(ctx, Query{State: Sealed, Subject: subject, Areas: r.Areas})
		if err != nil {
			return fmt.Errorf("read orders on %s: %w", subject, err)
		}
		for _, b := range before {
			if err := remember(known, subject, b); err != nil {
				return fmt.Errorf("read %s %d: %w", subject, b.Revision, err)
			}
		}
	}
	return nil
}

// remember adds one order that was sealed before to what the boards know.
func remember(known *protocol.Known, subject string, b Record) error {
	a := known.Alerts[subject]
	switch b.Kind {
	case protocol.KindAlert:
		if int(b.Revision) > a.Sequence {
			d, err := protocol.Decode[protocol.Alert](b.Payload)
			if err != nil {
				return err
			}
			known.Alerts[subject] = a.Seen(&d, b.Hash)
		}
	case protocol.KindCancel:
		a.Cancelled, a.CancelWide, a.CancelHash = true, a.CancelWide || b.Wide, b.Hash
		known.Alerts[subject] = a
	default:
		if b.Revision > known.Held[subject].Revision {
			known.Held[subject] = protocol.Held{Revision: b.Revision, Hash: b.Hash}
		}
	}
	return nil
}
