package orders

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
)

const (
	maxHello = 1 << 20 // bytes
	maxHeld  = 20_000  // subjects
	maxText  = 64      // bytes of an epoch, a boot, an agent's version
	// maxJump is how far ahead of what is sealed a board may claim to be on a
	// subject that others share: a board gone bad must not use up the numbers.
	maxJump = 1000
	// maxRevision is how far a board may be on a subject of its own.
	maxRevision = 1 << 53
	// gapAfter is how long missing receipts are asked for.
	gapAfter = 15 * time.Minute
)

// Hello takes what a board said on a lane of its own and answers it: signed
// time, acknowledgement, and what it lacks, in the order in which it must be
// judged. An error is for the log: the hello was not believed, or the store
// failed, and the board will say hello again.
func (o *Orders) Hello(ctx context.Context, cluster string, payload []byte) error {
	// A board that was revoked may still be connected.
	if _, err := o.board(ctx, cluster); err != nil {
		return err
	}
	h, err := readHello(cluster, payload)
	if err != nil {
		return o.fault(ctx, cluster, protocol.LaneHello, err)
	}
	now := time.Now()
	// Time comes first: the board may hold orders back until it has it.
	if err := o.say(cluster, protocol.LaneTime, protocol.KindTime, protocol.SignedTime{
		Version: protocol.Version, Cluster: cluster, Boot: h.Boot, Time: now.UTC(),
	}); err != nil {
		return err
	}
	floors, err := o.floors(ctx, h)
	if err != nil {
		return err
	}
	ended, err := o.saysCancelled(ctx, h, now)
	if err != nil {
		return err
	}
	floors = append(floors, ended...)
	before, raised, err := o.Store.KeepGreeting(ctx, Greeting{Hello: h, At: now}, floors)
	if err != nil {
		return fmt.Errorf("keep hello of %s: %w", cluster, err)
	}
	if err := o.wonder(ctx, h, before.Hello, raised, now); err != nil {
		return err
	}
	if err := o.ack(ctx, cluster, h.Epoch); err != nil {
		return err
	}
	if err := o.hold(ctx, h); err != nil {
		return err
	}
	lacking, err := o.lacking(ctx, h, now)
	if err != nil {
		return fmt.Errorf("work out what %s lacks: %w", cluster, err)
	}
	if err := o.resync(ctx, h, lacking, now); err != nil {
		return err
	}
	o.greeted.add(cluster)
	return o.outrun(ctx, h, now)
}

// readHello judges the form of a hello.
func readHello(cluster string, payload []byte) (protocol.Hello, error) {
	refuse := func(reason protocol.Reason, field, format string, args ...any) error {
		return &protocol.Refusal{Reason: reason, Field: field, Detail: fmt.Sprintf(format, args...)}
	}
	if len(payload) > maxHello {
		return protocol.Hello{}, refuse(protocol.ReasonTooLarge, "hello", "%d bytes, at most %d", len(payload), maxHello)
	}
	h, err := protocol.Decode[protocol.Hello](payload)
	switch {
	case err != nil:
		return h, refuse(protocol.ReasonMalformed, "hello", "%v", err)
	case h.Version != protocol.Version:
		return h, refuse(protocol.ReasonUnknownVersion, "version", "%d, this side knows %d", h.Version, protocol.Version)
	case h.Cluster != cluster:
		return h, refuse(protocol.ReasonWrongAudience, "cluster", "%q, it came from %s", h.Cluster, cluster)
	case h.Epoch == "" || len(h.Epoch) > maxText:
		return h, refuse(protocol.ReasonInvalid, "epoch", "%d bytes, from 1 to %d", len(h.Epoch), maxText)
	case h.Boot == "" || len(h.Boot) > maxText:
		return h, refuse(protocol.ReasonInvalid, "boot", "%d bytes, from 1 to %d", len(h.Boot), maxText)
	case len(h.Agent) > maxText:
		return h, refuse(protocol.ReasonInvalid, "agent", "%d bytes, at most %d", len(h.Agent), maxText)
	case h.Clock != protocol.ClockTrusted && h.Clock != protocol.ClockUntrusted:
		return h, refuse(protocol.ReasonInvalid, "clock", "%q is neither trusted nor untrusted", clip(h.Clock))
	case len(h.Held) > maxHeld || len(h.Cancelled) > maxHeld || len(h.Missing) > maxHeld:
		return h, refuse(protocol.ReasonTooLarge, "held", "more than %d entries", maxHeld)
	case h.Next < 1:
		return h, refuse(protocol.ReasonInvalid, "next", "%d, at least 1", h.Next)
	}
	for subject, held := range h.Held {
		if len(subject) > 200 || len(held.Hash) > 64 || held.Revision < 0 {
			return h, refuse(protocol.ReasonInvalid, "held", "%q", clip(subject))
		}
	}
	return h, nil
}

// floors are the revisions that the board has and central has not: it was
// restored from a backup, or the board is lying.
func (o *Orders) floors(ctx context.Context, h protocol.Hello) ([]Floor, error) {
	var hashes []string
	for _, held := range h.Held {
		hashes = append(hashes, held.Hash)
	}
	mine, err := o.Store.HaveSealed(ctx, hashes)
	if err != nil {
		return nil, fmt.Errorf("look up what %s holds: %w", h.Cluster, err)
	}
	have := map[string]bool{}
	for _, hash := range mine {
		have[hash] = true
	}
	var all []Floor
	for _, subject := range slices.Sorted(maps.Keys(h.Held)) {
		held := h.Held[subject]
		// A number of an alert means nothing beyond that alert, which only the
		// board that has a newer one can tell.
		if have[held.Hash] || held.Revision == 0 || subject == "root" || strings.HasPrefix(subject, "alert/") || strings.Count(subject, "/") > 2 ||
			strings.HasPrefix(subject, "bulletin/") && strings.Count(subject, "/") > 1 {
			continue
		}
		f, most := Floor{Subject: subject, Revision: held.Revision}, int64(maxRevision)
		if subject == "plan" || subject == "placement" {
			f.Cluster = h.Cluster // it can use up no numbers but its own
			highest, err := o.Store.HighestRevision(ctx, f.Subject, f.Cluster)
			if err != nil {
				return nil, fmt.Errorf("read highest revision of %s: %w", subject, err)
			}
			if held.Revision < highest {
				continue // old plans are not kept here
			}
		} else {
			sealed, err := o.Store.Orders(ctx, Query{State: Sealed, Subject: subject, Newest: true, Limit: 1})
			if err != nil {
				return nil, fmt.Errorf("read highest revision of %s: %w", subject, err)
			}
			if most = maxJump; len(sealed) > 0 {
				most += sealed[0].Revision
			}
		}
		if held.Revision > most {
			o.Log.Warn("a board claims a revision that is too far ahead", "cluster", h.Cluster, "subject", subject, "revision", held.Revision, "most", most)
			continue
		}
		// The same number with another content: that number is used up as well.
		all = append(all, f)
	}
	return all, nil
}

// wonder records what is odd about a hello.
func (o *Orders) wonder(ctx context.Context, h, before protocol.Hello, raised []Floor, now time.Time) error {
	note := func(reason protocol.Reason, format string, args ...any) error {
		detail := clip(fmt.Sprintf(format, args...))
		o.Log.Warn("hello tells what central did not know", "cluster", h.Cluster, "detail", detail)
		err := o.Store.AddFault(ctx, Fault{Cluster: h.Cluster, At: now, Lane: protocol.LaneHello, Reason: reason, Detail: detail})
		if err != nil {
			return fmt.Errorf("record fault: %w", err)
		}
		return nil
	}
	for _, f := range raised {
		if f.Cancelled {
			if err := note(protocol.ReasonCancelled, "the board keeps %s as cancelled, by a cancel that this server does not have: it is sent to nobody any more; if it still holds raise it anew", f.Subject); err != nil {
				return err
			}
			continue
		}
		if err := note(protocol.ReasonConflict, "the board has revision %d of %s, which this server does not know: its next one will be higher", f.Revision, f.Subject); err != nil {
			return err
		}
	}
	if before.Epoch != "" && before.Epoch != h.Epoch {
		if err := note(protocol.ReasonNotEnrolled, "the board's store is new: all that it held is lost, and is sent again"); err != nil {
			return err
		}
	}
	from, to, err := o.Store.SkipGap(ctx, h.Cluster, h.Epoch, now.Add(-gapAfter))
	if err != nil {
		return fmt.Errorf("look for missing receipts of %s: %w", h.Cluster, err)
	}
	if from > 0 {
		return note(protocol.ReasonStale, "receipts %d to %d were asked for and did not come: the board has them no longer", from, to)
	}
	return nil
}

// hold notes what the board has although no receipt said so: it does not answer
// what it has already.
func (o *Orders) hold(ctx context.Context, h protocol.Hello) error {
	waiting, err := o.Store.Waiting(ctx, h.Cluster)
	if err != nil {
		return fmt.Errorf("read what waits for %s: %w", h.Cluster, err)
	}
	has := map[string]bool{}
	for _, held := range h.Held {
		has[held.Hash] = true
	}
	var hashes, cancels []string
	for _, d := range waiting {
		if has[d.Order] {
			hashes = append(hashes, d.Order)
		} else if d.Kind == protocol.KindCancel && d.Attempts > 1 {
			cancels = append(cancels, d.Order)
		}
	}
	// A hello names the alerts that ended, not by which cancel: one that was
	// sent more than once is taken to be among them.
	if len(cancels) > 0 {
		sent, err := o.Store.Orders(ctx, Query{Hashes: cancels})
		if err != nil {
			return fmt.Errorf("read cancels: %w", err)
		}
		for _, r := range sent {
			if slices.Contains(h.Cancelled, r.Subject) {
				hashes = append(hashes, r.Hash)
			}
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	if err := o.Store.Hold(ctx, h.Cluster, hashes); err != nil {
		return fmt.Errorf("note what %s holds: %w", h.Cluster, err)
	}
	for _, d := range waiting {
		if slices.Contains(hashes, d.Order) {
			o.note(d.Kind, d.Order)
		}
	}
	return nil
}

// outrun issues the plan again when the board has a newer one that central
// knows nothing of. Plans are central's own; everything else needs persons.
func (o *Orders) outrun(ctx context.Context, h protocol.Hello, now time.Time) error {
	o.sealing.Lock()
	defer o.sealing.Unlock()
	held, ok := h.Held["plan"]
	if !ok {
		return nil
	}
	inForce, err := o.newest(ctx, protocol.KindPlan, h.Cluster)
	if err != nil || inForce == nil || !inForce.Until.After(now) {
		return err
	}
	if held.Revision < inForce.Revision || held.Hash == inForce.Hash {
		return nil
	}
	if known, err := o.Store.HaveSealed(ctx, []string{held.Hash}); err != nil || len(known) > 0 {
		return err
	}
	plan, err := protocol.Decode[protocol.Plan](inForce.Payload)
	if err != nil {
		return fmt.Errorf("read plan of %s: %w", h.Cluster, err)
	}
	_, err = o.plan(ctx, plan, true)
	return err
}

// newest is the highest sealed revision of a kind for a cluster, or nil.
func (o *Orders) newest(ctx context.Context, kind protocol.Kind, cluster string) (*Record, error) {
	found, err := o.Store.Orders(ctx, Query{Kinds: []protocol.Kind{kind}, Cluster: cluster, State: Sealed, Newest: true})
	if err != nil {
		return nil, fmt.Errorf("read newest %s: %w", kind, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}
