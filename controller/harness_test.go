package controller_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
)

const epoch = "epoch-1"

// board plays the runtime around Step: it keeps the state, wakes it when it
// asked to be woken, stores what is to be committed, and tells what a player
// would tell.
type board struct {
	t     testing.TB
	now   time.Time // the board's own clock
	boots int
	id    controller.Identity
	s     controller.State

	wake     time.Time
	steps    int
	effects  []controller.Effect // all of them
	hold     bool                // commits wait for answer
	deaf     bool                // the player tells nothing
	broken   error               // what the store answers
	asked    []controller.Commit
	attempts int
	queue    []controller.Event

	disk     store.Snapshot
	kept     map[string]store.Record
	receipts []protocol.Receipt
	on       map[string]*sounding
	plays    []string // what outputs were told, in order, without the tokens
}

// sounding is what the player has on one output.
type sounding struct {
	*playout.Cue
	began time.Time
}

// blank is a board that was never enrolled. It has its outputs, and an RTC.
func blank(t testing.TB, outputs ...string) *board {
	if len(outputs) == 0 {
		outputs = []string{"horn"}
	}
	b := &board{
		t: t, now: noon, kept: map[string]store.Record{},
		disk: store.Snapshot{Marks: map[string]store.Mark{}, NextSequence: 1},
		id: controller.Identity{
			Agent: "test", Cluster: clusterID, Key: public("board").ID, Epoch: epoch, Outputs: outputs, TrustClock: true,
		},
	}
	b.boot()
	return b
}

// enrolled is a board in the tests' world, with a session.
func enrolled(t testing.TB, outputs ...string) *board {
	b := blank(t, outputs...)
	b.feed(controller.Enrolled{Enrolment: b.world().enrolment()})
	b.feed(controller.Up{})
	return b
}

// boot starts the board from what its disk holds.
func (b *board) boot(audio ...string) {
	b.boots++
	b.id.Boot = fmt.Sprintf("boot-%d", b.boots)
	snap := b.disk
	snap.Marks = maps.Clone(b.disk.Marks)
	for _, key := range slices.Sorted(maps.Keys(b.kept)) {
		snap.Orders = append(snap.Orders, b.kept[key])
	}
	b.s = controller.Restore(b.id, snap, audio, b.now)
	b.on, b.asked, b.queue, b.plays = map[string]*sounding{}, nil, nil, nil
	b.feed(controller.Tick{})
}

// world is the tests' world at the board's time.
func (b *board) world() world { return world{b.now} }

// feed gives events to the board, and all that follows from them at once.
func (b *board) feed(events ...controller.Event) {
	b.t.Helper()
	b.queue = append(b.queue, events...)
	for len(b.queue) > 0 {
		e := b.queue[0]
		b.queue = b.queue[1:]
		b.step(e)
	}
}

// receive gives orders to the board, one by one.
func (b *board) receive(orders ...protocol.Envelope) {
	b.t.Helper()
	for _, e := range orders {
		b.feed(controller.Received{Lane: protocol.LaneOrder, Payload: bytesOf(e)})
	}
}

// pureStep is a Step that changes nothing it was given and gives one answer.
func (b *board) pureStep(e controller.Event) (controller.State, []controller.Effect) {
	b.t.Helper()
	before := dump(b.s)
	next, effects := controller.Step(b.s, e, b.now)
	if after := dump(b.s); after != before {
		b.t.Fatalf("Step changed the state it was given, with %T:\n%s", e, difference(before, after))
	}
	again, same := controller.Step(b.s, e, b.now)
	if !reflect.DeepEqual(next, again) || !reflect.DeepEqual(effects, same) {
		b.t.Fatalf("Step gave two answers to one %T:\n%s%s", e, difference(dump(next), dump(again)), difference(dump(effects), dump(same)))
	}
	return next, effects
}

// step is one Step with what follows from it.
func (b *board) step(e controller.Event) {
	b.t.Helper()
	var next controller.State
	var effects []controller.Effect
	// Looking costs a hundred times as much, and of a full board seconds.
	if len(b.kept) > 200 || b.steps > 30 && b.steps%20 != 0 {
		next, effects = controller.Step(b.s, e, b.now)
	} else {
		next, effects = b.pureStep(e)
	}
	b.s, b.wake = next, time.Time{}
	b.steps++
	for _, effect := range effects {
		b.carryOut(effect)
	}
	if b.wake.IsZero() {
		b.t.Fatalf("Step asked for no wake-up")
	}
}

func (b *board) carryOut(effect controller.Effect) {
	b.effects = append(b.effects, effect)
	switch e := effect.(type) {
	case controller.Wake:
		b.wake = b.now.Add(e.In)
	case controller.Commit:
		if len(b.asked) > 0 {
			b.t.Fatalf("a commit was asked for while another was under way")
		}
		b.asked = append(b.asked, e)
		b.attempts++
		if !b.hold {
			b.queue = append(b.queue, b.commit())
		}
	case controller.Play:
		b.play(e)
	}
}

// commit carries out the commit that waits, and is its completion.
func (b *board) commit() controller.Event {
	c := b.asked[0]
	b.asked = b.asked[1:]
	if b.broken != nil {
		return controller.Committed{Serial: c.Serial, Err: b.broken}
	}
	for _, key := range c.Tx.DropOrders {
		delete(b.kept, key)
	}
	for _, r := range c.Tx.Orders {
		b.kept[r.Key] = r
	}
	for _, id := range c.Tx.DropMarks {
		delete(b.disk.Marks, id)
	}
	maps.Copy(b.disk.Marks, c.Tx.Marks)
	if c.Tx.Acked != nil {
		b.disk.Acked = *c.Tx.Acked
	}
	if c.Tx.Floor.After(b.disk.Floor) {
		b.disk.Floor = c.Tx.Floor
	}
	var numbered []protocol.Receipt
	for _, r := range c.Receipts {
		r.Sequence = b.disk.NextSequence
		b.disk.NextSequence++
		numbered = append(numbered, r)
	}
	b.receipts = append(b.receipts, numbered...)
	return controller.Committed{Serial: c.Serial, Receipts: numbered}
}

// answer lets the commit that waits come to its end.
func (b *board) answer() {
	b.t.Helper()
	if len(b.asked) == 0 {
		b.t.Fatalf("no commit waits")
	}
	b.feed(b.commit())
}

// play is the player: what is set sounds at once, and what it replaces is cut.
func (b *board) play(e controller.Play) {
	name := "silence"
	if e.Cue != nil {
		name, _, _ = strings.Cut(e.Cue.ID, "~")
		if e.Cue.From > 0 {
			name += fmt.Sprintf(" from %v", e.Cue.From)
		}
	}
	b.plays = append(b.plays, e.Output+": "+name)
	was := b.on[e.Output]
	delete(b.on, e.Output)
	if was != nil {
		b.tell(e.Output, was, playout.Event{Kind: playout.Cut, Position: was.From + b.now.Sub(was.began)})
	}
	if e.Cue == nil {
		return
	}
	is := &sounding{e.Cue, b.now}
	b.on[e.Output] = is
	b.tell(e.Output, is, playout.Event{Kind: playout.Closed})
	source := "" // of a self-test, which sounds nothing
	if len(e.Cue.Parts) > 0 {
		source = e.Cue.Parts[0].Sources[0].String()
	}
	b.tell(e.Output, is, playout.Event{Kind: playout.Started, Source: source})
}

func (b *board) tell(output string, s *sounding, e playout.Event) {
	if !b.deaf {
		e.Output, e.Cue, e.At = output, s.ID, b.now
		b.queue = append(b.queue, controller.Played{Event: e})
	}
}

// finish lets what an output sounds come to its end.
func (b *board) finish(output string) {
	b.t.Helper()
	b.happens(output, playout.Event{Kind: playout.Finished})
}

// happens has the player tell the end of what an output sounds.
func (b *board) happens(output string, e playout.Event) {
	b.t.Helper()
	is := b.on[output]
	if is == nil {
		b.t.Fatalf("nothing sounds on %s:\n%s", output, b.story())
	}
	again := e.Kind == playout.Failed && (errors.Is(e.Err, playout.ErrSpeaker) || errors.Is(e.Err, playout.ErrRelay))
	if ends := []playout.EventKind{playout.Finished, playout.Cut, playout.Failed}; slices.Contains(ends, e.Kind) && !again {
		delete(b.on, output)
	}
	e.Position = is.From + b.now.Sub(is.began)
	b.tell(output, is, e)
	b.feed()
}

// pass lets time pass, and wakes the board when it asked for it.
func (b *board) pass(d time.Duration) {
	b.t.Helper()
	until := b.now.Add(d)
	ticks := 0
	for !b.wake.After(until) {
		b.now = later(b.now, b.wake)
		b.feed(controller.Tick{})
		if ticks++; ticks > 100+int(d/(5*time.Second)) {
			b.t.Fatalf("%d wake-ups in %v", ticks, d)
		}
	}
	b.now = until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// have puts the audio of names on the board.
func (b *board) have(names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.feed(controller.Fetched{Audio: audio(name)})
	}
}

func (b *board) press() {
	b.t.Helper()
	for _, active := range []bool{true, false} {
		b.feed(controller.Pressed{Press: firmware.Press{Input: "button", Active: active, At: b.now}})
	}
}

// sounds is what an output sounds, without its token.
func (b *board) sounds(output string) string {
	is := b.on[output]
	if is == nil {
		return ""
	}
	name, _, _ := strings.Cut(is.ID, "~")
	return name
}

// wantSound checks what an output sounds; "" is silence.
func (b *board) wantSound(output, want string) {
	b.t.Helper()
	if got := b.sounds(output); got != want {
		b.t.Fatalf("%s sounds %q, want %q; it happened:\n%s", output, got, want, b.story())
	}
}

// fates are the stored receipts of some fates, each as "fate what".
func (b *board) fates(of ...protocol.Fate) []string {
	found := []string{}
	for _, r := range b.receipts {
		if len(of) == 0 || slices.Contains(of, r.Fate) {
			found = append(found, string(r.Fate)+" "+what(r))
		}
	}
	return found
}

func what(r protocol.Receipt) string {
	switch {
	case r.Fate == protocol.FateRefused:
		return string(r.Reason)
	case r.Occurrence != "":
		return r.Occurrence
	}
	return r.Subject
}

// wantFates compares the stored receipts of some fates.
func (b *board) wantFates(of []protocol.Fate, want ...string) {
	b.t.Helper()
	if got := b.fates(of...); !slices.Equal(got, want) {
		b.t.Fatalf("receipts %q, want %q; it happened:\n%s", got, want, b.story())
	}
}

// last is the newest stored receipt of a fate.
func (b *board) last(fate protocol.Fate) protocol.Receipt {
	b.t.Helper()
	for _, r := range slices.Backward(b.receipts) {
		if r.Fate == fate {
			return r
		}
	}
	b.t.Fatalf("no receipt %s:\n%s", fate, b.story())
	return protocol.Receipt{}
}

// story is what was stored and played.
func (b *board) story() string {
	var lines []string
	for _, r := range b.receipts {
		lines = append(lines, fmt.Sprintf("%d %s %s: %s %s", r.Sequence, r.Fate, what(r), r.Reason, r.Detail))
	}
	return strings.Join(append(lines, b.plays...), "\n")
}

// asks are the effects of one type since the beginning.
func asks[T controller.Effect](b *board) (found []T) {
	for _, e := range b.effects {
		if e, ok := e.(T); ok {
			found = append(found, e)
		}
	}
	return found
}

// dump writes out all that a value holds, behind pointers too.
func dump(v any) string {
	var w strings.Builder
	write(&w, reflect.ValueOf(v))
	return w.String()
}

func write(w *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Invalid:
		w.WriteString("nil")
	case reflect.Pointer, reflect.Interface:
		if v.Kind() == reflect.Pointer && v.Type().Elem().PkgPath() == "time" {
			return // a zone
		}
		write(w, v.Elem())
	case reflect.Struct:
		w.WriteString("{")
		for i := range v.NumField() {
			w.WriteString("\n" + v.Type().Field(i).Name + ": ")
			write(w, v.Field(i))
		}
		w.WriteString("}")
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			w.WriteString(hex.EncodeToString(v.Bytes()))
			return
		}
		for i := range v.Len() {
			w.WriteString("\n- ")
			write(w, v.Index(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			fmt.Fprintf(w, "\n%v: ", k)
			write(w, v.MapIndex(k))
		}
	case reflect.String:
		w.WriteString(v.String())
	case reflect.Int, reflect.Int64:
		w.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Func, reflect.Chan:
	default:
		fmt.Fprint(w, v)
	}
}

// difference names the first lines that differ.
func difference(a, b string) string {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(left), len(right)) {
		if left[i] != right[i] {
			return fmt.Sprintf("- %s\n+ %s\n", left[i], right[i])
		}
	}
	if len(left) != len(right) {
		return fmt.Sprintf("%d lines, then %d\n", len(left), len(right))
	}
	return ""
}

func contains(text, part string) bool { return strings.Contains(text, part) }
