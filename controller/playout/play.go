package playout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loa/controller/schedule"
)

const (
	// lastCall is how long before the relays must be open the last samples are
	// chosen. It covers the fade, and the writing that may be under way.
	lastCall = 150 * time.Millisecond
	// stall is how long a device may take over some milliseconds of samples before
	// it counts as dead, and drainStall how long beyond its queue it may take to
	// sound it. Both, with the queue of a device, are less than a second: nobody
	// stands longer under a loudspeaker that has power and no sound. Most devices
	// tell sooner by themselves.
	stall      = 700 * time.Millisecond
	drainStall = 500 * time.Millisecond
)

var errStalled = fmt.Errorf("%w: the device took no samples for %v", ErrSpeaker, stall)

// play sounds one cue, from its first frame to its last event. It returns with
// the relays open, or on until offAt.
func (o *output) play(ctx context.Context, f *feed) {
	defer f.cancel()
	if o.turn != f.turn {
		o.turn, o.began = f.turn, time.Time{}
	}
	o.cue = f.cue
	o.air.begin(samplesOf(f.cue.From))

	if !f.cue.Until.IsZero() && !time.Now().Before(f.cue.Until) {
		o.fail(ErrExpired)
		return
	}
	first, ok := <-f.frames
	switch {
	case ctx.Err() != nil:
		o.stop(Cut, ctx.Err())
		return
	case !ok: // resumed at its very end
		o.emit(o.event(Finished))
		return
	}
	o.tell(SourceSkipped, first.notes)
	if first.err != nil {
		o.fail(first.err)
		return
	}
	if o.powerUp(ctx) {
		o.sound(ctx, f, first)
	}
}

// powerUp closes the relays unless they are on, and lets the amplifier warm up.
// When it returns false the cue is over.
func (o *output) powerUp(ctx context.Context) bool {
	began := time.Now()
	if !o.power.on {
		// Without its sound device the amplifier gets no power: it would only hum.
		if err := o.ask(ctx); err != nil {
			o.broken(ctx, err, o.cue.Until, ErrExpired)
			return false
		}
		if err := o.power.close(o.cue.Class); err != nil {
			o.fail(err)
			return false
		}
		o.air.sent.begin(o.power.closed)
		o.emit(o.event(Closed))
	}
	if o.began.IsZero() {
		o.began = began
	}
	warm := o.power.closed.Add(o.WarmUp)
	for time.Now().Before(warm) {
		if err := o.power.permit(o.cue.Class); err != nil {
			o.fail(err)
			return false
		}
		end, why := o.end()
		select {
		case <-ctx.Done():
			o.stop(Cut, ctx.Err())
			return false
		case <-o.changed:
			o.track(ctx)
		case <-o.probed:
		case <-o.ready():
		case <-at(end):
			o.giveUp(why)
			return false
		case <-at(warm):
		}
		if o.isReplaced() {
			o.emit(o.event(Cut))
			o.rest(time.Now(), 0)
			return false
		}
	}
	return true
}

// sound gives the cue's frames to the speaker until it ends in one way or
// another.
func (o *output) sound(ctx context.Context, f *feed, fr frame) {
	if end, why := o.end(); isNear(end) {
		o.giveUp(why)
		return
	}
	more, started := true, false
	for {
		end, why := o.end()
		barred := o.power.permit(o.cue.Class)
		switch {
		case ctx.Err() != nil:
			o.stop(Cut, ctx.Err())
			return
		case barred != nil:
			o.fail(barred)
			return
		case fr.err != nil:
			o.fail(fr.err)
			return
		case len(fr.pcm) > 0:
			if err := o.write(ctx, fr, end); err != nil {
				o.broken(ctx, err, end, why)
				return
			}
		}
		if !started {
			started = true
			o.start(fr.notes)
		}
		o.tell(Sounding, fr.notes)
		fr = frame{}

		o.track(ctx)
		switch {
		case isNear(end):
			o.runOut(ctx, f, end, why)
			return
		case o.isReplaced():
			o.cutShort(ctx, f, end)
			return
		case !more:
			drained, err := o.drain(ctx, end, func() bool { return o.isReplaced() || o.power.permit(o.cue.Class) != nil })
			switch {
			case err != nil:
				o.broken(ctx, err, end, why)
				return
			case drained:
				o.over(true, time.Now(), nil)
				return
			}
			continue
		}
		select {
		case fr, more = <-f.frames:
			o.tell(SourceSkipped, fr.notes)
		case <-ctx.Done():
		case <-o.changed:
		case <-o.probed:
		case <-o.ready():
		case <-at(callAt(end)):
		}
	}
}

// start tells that the cue's first samples have gone to the device.
func (o *output) start(notes []note) {
	e := o.event(Started)
	for _, n := range notes {
		if n.skipped == nil {
			e.Source = n.source
			break
		}
	}
	o.emit(e)
}

// tell passes on what a feed had to say of its sources: those skipped, or those
// that sound.
func (o *output) tell(kind EventKind, notes []note) {
	for _, n := range notes {
		if (n.skipped != nil) == (kind == SourceSkipped) {
			e := o.event(kind)
			e.Source, e.Err = n.source, n.skipped
			o.emit(e)
		}
	}
}

// end is the moment by which the relays are open whatever is on air, and why;
// zero when there is none.
func (o *output) end() (at time.Time, why error) {
	sooner := func(t time.Time, err error) {
		if at.IsZero() || t.Before(at) {
			at, why = t, err
		}
	}
	if o.LongestOn > 0 {
		sooner(o.power.since.Add(o.LongestOn), ErrLongestOn)
	}
	if o.cue.Longest > 0 {
		sooner(o.began.Add(o.cue.Longest), ErrLongestOn)
	}
	if !o.cue.Until.IsZero() {
		sooner(o.cue.Until, ErrExpired)
	}
	return at, why
}

// callAt is when the last samples before end are to be chosen.
func callAt(end time.Time) time.Time {
	if end.IsZero() {
		return end
	}
	return end.Add(-lastCall)
}

func isNear(end time.Time) bool { return !end.IsZero() && time.Until(end) <= lastCall }

// within limits ctx to end, and to the time a living device needs.
func (o *output) within(ctx context.Context, needs time.Duration, end time.Time) (context.Context, context.CancelFunc) {
	limit := time.Now().Add(needs)
	if !end.IsZero() && end.Before(limit) {
		limit = end
	}
	return context.WithDeadline(ctx, limit)
}

func (o *output) write(ctx context.Context, fr frame, end time.Time) error {
	ctx, cancel := o.within(ctx, stall, end)
	defer cancel()
	return o.air.write(ctx, block{pcm: fr.pcm, mine: true, part: fr.part})
}

// ask asks whether there is a sound device, and gives one that is being opened
// some time.
func (o *output) ask(ctx context.Context) error {
	ctx, cancel := o.within(ctx, stall, o.cue.Until)
	defer cancel()
	if err := o.Speaker.Write(ctx, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrSpeaker, err)
	}
	return nil
}

// drain waits until the queue was heard. It returns false when until says so
// first, or when the last samples have to be chosen.
func (o *output) drain(ctx context.Context, end time.Time, until func() bool) (bool, error) {
	dctx, cancel := o.within(ctx, o.air.queued()+drainStall, end)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- o.Speaker.Drain(dctx) }()
	call, ready := at(callAt(end)), o.ready()
	for !until() {
		select {
		case err := <-done:
			o.air.settle()
			if err != nil {
				return false, fmt.Errorf("%w: %w", ErrSpeaker, err)
			}
			return true, nil
		case <-o.changed:
			o.track(ctx)
			ready = o.ready()
			continue
		case <-ready:
			ready = nil // once told is enough: until may not ask for it
			continue
		case <-call:
		}
		break
	}
	cancel()
	<-done
	return false, nil
}

// lastSamples recalls the queue and lets the cue sound for at least that long
// from now, with a fade. It tells whether that was all of the cue.
func (o *output) lastSamples(ctx context.Context, f *feed, atLeast time.Duration, end time.Time) (bool, error) {
	ctx, cancel := o.within(ctx, stall, end)
	defer cancel()
	ended := false
	next := func() (block, bool) {
		select {
		case fr, ok := <-f.frames:
			ended = !ok
			return block{pcm: fr.pcm, mine: true, part: fr.part}, ok && fr.err == nil
		default:
			return block{}, false
		}
	}
	return o.air.recall(ctx, samplesOf(atLeast)-1, next, func() bool { return ended })
}

// cutShort ends the cue because another one, or silence, was set.
func (o *output) cutShort(ctx context.Context, f *feed, end time.Time) {
	whole, err := o.lastSamples(ctx, f, 0, end)
	if err == nil && o.silence {
		_, err = o.drain(ctx, time.Time{}, o.isReady)
	}
	if err != nil {
		o.log.Warn("fade out", "err", err)
		if o.silence {
			o.stop(Cut, nil)
			return
		}
		o.air.drop() // the next cue meets a dead device by itself
	}
	o.over(whole, time.Now().Add(o.air.queued()), nil)
}

// runOut ends the cue so that its last sample is heard just before the relays
// have to be open.
func (o *output) runOut(ctx context.Context, f *feed, end time.Time, why error) {
	whole, err := o.lastSamples(ctx, f, time.Until(end), end)
	drained := false
	if err == nil {
		drained, err = o.drain(ctx, end.Add(lastCall), func() bool { return false })
	}
	switch {
	case err != nil:
		o.broken(ctx, err, end, why)
	case drained && whole:
		o.over(true, time.Now(), nil)
	case drained && errors.Is(why, ErrExpired):
		o.over(false, time.Now(), why)
	default:
		o.giveUp(why)
	}
}

// over ends a cue whose last sample is heard at heardBy, and leaves the relays
// on for the tail. Sensors for which there is no time until then are asked when
// the relays are open.
func (o *output) over(whole bool, heardBy time.Time, why error) {
	o.air.commit()
	e := o.event(Cut)
	if whole {
		e = o.event(Finished)
	}
	e.Err = why
	e.Evidence.LastSample = heardBy
	o.rest(heardBy, o.Tail)
	if left := time.Until(o.offAt); len(o.sensors) > 0 && left < askLimit && !o.isReady() {
		time.Sleep(left)
		o.open(func(time.Time) {
			o.prove(&e)
			o.emit(e)
		})
		return
	}
	o.prove(&e)
	o.emit(e)
}

// rest leaves the relays on for a tail, within the limits of the cue.
func (o *output) rest(from time.Time, tail time.Duration) {
	o.offAt = from.Add(tail)
	if end, _ := o.end(); !end.IsZero() && end.Before(o.offAt) {
		o.offAt = end
	}
}

// broken ends a cue after an error of the speaker, or of a context that limits
// it.
func (o *output) broken(ctx context.Context, err error, end time.Time, why error) {
	switch {
	case ctx.Err() != nil:
		o.stop(Cut, ctx.Err())
	case !end.IsZero() && !time.Now().Before(end):
		o.giveUp(why)
	case errors.Is(err, context.DeadlineExceeded):
		o.fail(errStalled)
	default:
		o.fail(err)
	}
}

// giveUp ends a cue whose time is over, at once.
func (o *output) giveUp(why error) {
	if errors.Is(why, ErrExpired) {
		o.stop(Cut, why)
		return
	}
	o.stop(Failed, why)
}

// fail ends a cue on doubt. An emergency whose relay or sound path failed is
// tried again, unless something else is wanted by now.
func (o *output) fail(why error) {
	again := o.cue.Class == schedule.Emergency && o.turn == o.seen &&
		(errors.Is(why, ErrRelay) || errors.Is(why, ErrSpeaker))
	if again {
		o.retryAt = time.Now().Add(retryAfter[min(o.failures, len(retryAfter)-1)])
		o.failures++
	}
	o.stop(Failed, why)
}

// stop opens the relays at once and ends the cue.
func (o *output) stop(kind EventKind, why error) {
	if !errors.Is(why, ErrSpeaker) { // a lost device's queue was not heard
		o.air.settle()
	}
	e := o.event(kind)
	o.open(func(now time.Time) {
		e.At, e.Err = now, why
		if !e.Evidence.FirstSample.IsZero() {
			e.Evidence.LastSample = now
		}
		if !e.Evidence.RelayClosed.IsZero() {
			e.Evidence.RelayOpened = now
		}
		if !errors.Is(why, context.Canceled) { // the program ends
			o.prove(&e)
		}
		o.emit(e)
	})
	o.air.drop()
}
