package controller

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/store"
)

// receive takes one message of the network. What it means stands in its signed
// bytes, never in the lane that it came by.
func (t *step) receive(m Received) {
	if m.Lane != protocol.LaneResync {
		t.judge(m.Payload)
		return
	}
	r, err := protocol.DecodeMessage[protocol.Resync](m.Payload)
	if err != nil {
		t.do(Note{"resync cannot be read", []any{"error", err.Error()}})
		return
	}
	for _, e := range r.Orders {
		t.envelope(e)
	}
}

func (t *step) envelope(e protocol.Envelope) {
	data, err := protocol.Encode(e)
	if err != nil {
		t.do(Note{"envelope cannot be written", []any{"error", err.Error()}})
		return
	}
	t.judge(data)
}

// enrol takes the answer to this board's own request. It is read at every
// start, so what it has and the board has not, or what is newer, is taken in
// silence.
func (t *step) enrol(e protocol.Enrolment) {
	for _, envelope := range []protocol.Envelope{e.Root, e.KeySet, e.Placement} {
		t.s.known.Enrolling = t.s.known.Root == nil
		o, err := t.open(mustEncode(envelope))
		t.s.known.Enrolling = false
		if err == nil {
			err = t.accept(o)
		}
		switch protocol.ReasonOf(err) {
		case "", protocol.ReasonDuplicate, protocol.ReasonStale:
		default:
			t.do(Note{"enrolment refused", []any{"type", envelope.PayloadType, "error", err.Error()}})
		}
	}
}

func (t *step) open(data []byte) (*protocol.Order, error) {
	return protocol.Open(data, t.s.known, t.clock())
}

// clock is what the board knows of the time, as protocol asks for it.
func (t *step) clock() protocol.Clock {
	return protocol.Clock{Now: t.now, Trusted: t.s.clock.Trusted, Floor: t.s.clock.Floor}
}

// judge passes bytes through the gate and acts on the answer.
func (t *step) judge(data []byte) {
	o, err := t.open(data)
	if err == nil {
		err = t.accept(o)
	}
	var refusal *protocol.Refusal
	if !errors.As(err, &refusal) {
		return
	}
	switch refusal.Reason {
	case protocol.ReasonDuplicate:
	case protocol.ReasonClock:
		t.wait(data)
	default:
		t.refuse(data, refusal)
	}
}

// wait keeps an order until the time is known. The newest stay, and a long
// resync pushes out no warning.
func (t *step) wait(data []byte) {
	s := t.s
	if slices.ContainsFunc(s.waiting, func(w waiting) bool { return bytes.Equal(w.data, data) }) {
		return
	}
	_, kind, _, _ := protocol.DecodeEnvelope(data) // it was read a moment ago
	s.waiting = append(s.waiting, waiting{data, kind})
	if len(s.waiting) > maxWaiting {
		oldest := slices.IndexFunc(s.waiting, func(w waiting) bool { return w.kind != protocol.KindAlert && w.kind != protocol.KindLocal })
		s.waiting = slices.Delete(s.waiting, max(oldest, 0), max(oldest, 0)+1)
	}
}

// refuse tells of a refused order, once in a while for the same reason. Anybody
// who reaches the broker can have orders refused, so they are told at a limited
// rate.
func (t *step) refuse(data []byte, refusal *protocol.Refusal) {
	s := t.s
	r := s.receipt(protocol.FateRefused, t.now)
	r.Reason, r.Detail = refusal.Reason, refusal.Field
	if r.Detail != "" {
		r.Detail += ": "
	}
	r.Detail += refusal.Detail
	if e, kind, mode, err := protocol.DecodeEnvelope(data); err == nil {
		r.Order, r.Kind, r.Mode = e.Hash(), kind, mode
	} else {
		sum := sha256.Sum256(data)
		r.Order = hex.EncodeToString(sum[:])
	}
	told := r.Order + " " + string(r.Reason)
	if slices.Contains(s.refused, told) {
		return
	}
	if t.board.Sub(s.refusing).Abs() >= time.Minute {
		s.refusing, s.refusals = t.board, 0
	}
	s.refusals++
	if s.refusals > maxRefusals {
		t.fault("orders", fmt.Sprintf("more than %d were refused in the minute from %s on; the rest is not told", maxRefusals, t.known(s.refusing).UTC().Format(time.RFC3339)))
		return
	}
	s.refused = append(s.refused, told)
	if len(s.refused) > maxRefused {
		s.refused = s.refused[1:]
	}
	t.do(Note{"order refused", []any{"order", r.Order, "kind", string(r.Kind), "reason", string(r.Reason), "detail", r.Detail}})
	t.tell(r)
}

// accept takes an order that passed the gate: into the state, and into the
// transaction that makes it durable before 'accepted' is said.
func (t *step) accept(o *protocol.Order) error {
	switch d := o.Document.(type) {
	case *protocol.SignedTime:
		t.learn(d)
		return nil
	case *protocol.Ack:
		t.acknowledged(d)
		return nil
	case *protocol.Plan:
		calendar, err := t.workOut(d)
		if err != nil {
			return &protocol.Refusal{Reason: protocol.ReasonInvalid, Field: "items", Detail: err.Error()}
		}
		t.keep(o, keyPlan, time.Time{})
		t.s.calendar, t.s.calendarAt = calendar, t.now
		t.askFor(d)
	case *protocol.Root:
		t.keep(o, keyRoot, time.Time{})
		t.judgeAgain(false)
	case *protocol.KeySet:
		bare := t.s.known.KeySet == nil
		t.keep(o, keyKeySet, time.Time{})
		t.judgeAgain(bare)
	case *protocol.Placement:
		bare := t.s.known.Placement == nil
		t.keep(o, keyPlacement, time.Time{})
		t.judgeAgain(bare)
	case *protocol.Bulletin:
		if len(t.s.bulletins) >= maxHeldOrders {
			return full(maxHeldOrders, "bulletins")
		}
		t.keep(o, keyBulletin+o.Hash, d.NotAfter)
	case *protocol.Alert:
		if err := t.room(o.Subject, o.Mode); err != nil {
			return err
		}
		t.keep(o, keyAlert+o.Subject, d.Expires.Add(protocol.KeepAlert))
	case *protocol.Local:
		t.keep(o, keyLocal+o.Subject, time.Time{})
	case *protocol.Cancel:
		t.keep(o, keyCancel+reach(o.Wide)+o.Subject, t.keepEnding(t.s.known.Alerts[o.Subject]))
		t.forgetUnseen(o.Subject)
	case *protocol.Stop:
		if err := t.roomForStop(o.Hash); err != nil {
			return err
		}
		t.keep(o, keyStop+reach(o.Wide)+o.Hash, t.keepStop(d))
		t.forgetUnseen(t.s.stops[o.Hash].alerts...)
		for _, target := range d.Targets {
			if m, ok := t.s.marks[target.Occurrence]; ok {
				t.tx.mark(target.Occurrence, m)
			}
		}
	}
	r := t.s.receipt(protocol.FateAccepted, t.now)
	r.Order, r.Kind, r.Mode, r.Subject = o.Hash, o.Kind, o.Mode, o.Subject
	t.tell(r)
	return nil
}

// keep takes an order into the state and the transaction.
func (t *step) keep(o *protocol.Order, key string, until time.Time) {
	r := store.Record{Key: key, Hash: o.Hash, Envelope: mustEncode(o.Envelope), Accepted: t.now, Keep: until}
	t.s.remember(o, r)
	t.tx.keep(r)
}

// mustEncode writes an envelope that was decoded a moment ago.
func mustEncode(e protocol.Envelope) []byte {
	data, err := protocol.Encode(e)
	if err != nil {
		panic(fmt.Sprintf("encode an envelope that was decoded: %v", err))
	}
	return data
}

// acknowledged takes central's word on receipts. A lower number than before
// asks for them again: central was restored from a backup.
func (t *step) acknowledged(d *protocol.Ack) {
	if d.Sequence >= t.s.next {
		t.do(Note{"receipts were acknowledged that were never sent", []any{"sequence", d.Sequence, "next", t.s.next}})
		return
	}
	if d.Sequence == t.s.acked {
		return
	}
	if d.Sequence < t.s.acked {
		t.s.sent = d.Sequence
	}
	t.s.acked = d.Sequence
	t.s.sent = max(t.s.sent, d.Sequence)
	t.tx.acked = &d.Sequence
}

// askFor asks for the bulletins that a plan names and this board never had, as one
// that was approved before the board was enrolled: central sends what a hello does
// not name. Those on their way have some seconds to arrive.
func (t *step) askFor(p *protocol.Plan) {
	for _, it := range p.Items {
		for _, part := range it.Parts {
			for _, src := range part.Sources {
				if _, held := t.s.bulletins[src.Bulletin]; src.Bulletin == "" || held {
					continue
				}
				if soon := t.board.Add(helloAgain); soon.Before(t.s.told.hello) {
					t.s.told.hello = soon
				}
				return
			}
		}
	}
}
