package playout

import (
	"context"
	"fmt"
	"time"

	"loa/firmware"
)

const fadeOutSize = firmware.SampleRate / 20 // samples: 50 ms

// block is samples that were given to the speaker together.
type block struct {
	pcm  []int16
	mine bool // of the cue on air; the fade of the one before it is not
	part bool // of the cue's Parts, so they count for its position
	sent bool // it was counted as heard before it was
}

// air keeps account of the samples between player and ear: which were heard,
// and which can still be taken back.
type air struct {
	speaker firmware.Speaker
	queue   []block // given to the speaker and, as far as known, not heard

	sent  sent  // how loud all of it was, of whichever cue
	from  int64 // where in Parts the cue began, in samples
	part  int64 // samples of Parts heard
	heard level
	first time.Time // when the cue's first sample leaves the device
}

// begin starts the account of a cue. What is still queued is another's.
func (a *air) begin(from int64) {
	a.settle()
	for i := range a.queue {
		a.queue[i].mine, a.queue[i].part = false, false
	}
	a.from, a.part, a.heard, a.first = from, 0, level{}, time.Time{}
}

// position is how far in Parts the cue was heard.
func (a *air) position() time.Duration { return durationOf(a.from + a.part) }

// queued is how long the queue still sounds.
func (a *air) queued() time.Duration { return durationOf(int64(a.speaker.Buffered())) }

// write gives samples to the speaker.
func (a *air) write(ctx context.Context, blocks ...block) error {
	for _, b := range blocks {
		if b.mine && a.first.IsZero() {
			a.first = time.Now().Add(a.queued())
		}
		if err := a.speaker.Write(ctx, b.pcm); err != nil {
			return fmt.Errorf("%w: %w", ErrSpeaker, err)
		}
		a.queue = append(a.queue, b)
	}
	a.settle()
	return nil
}

// settle counts as heard what has left the speaker.
func (a *air) settle() {
	var total int
	for _, b := range a.queue {
		total += len(b.pcm)
	}
	left := max(0, total-a.speaker.Buffered())
	at := time.Now().Add(-durationOf(int64(left)))
	for _, b := range a.take(left) {
		a.count(b, at)
		at = at.Add(durationOf(int64(len(b.pcm))))
	}
}

// count takes a block as heard from a moment on.
func (a *air) count(b block, at time.Time) {
	if !b.sent {
		a.sent.add(at, b.pcm)
	}
	if b.mine {
		a.heard.add(b.pcm)
	}
	if b.part {
		a.part += int64(len(b.pcm))
	}
}

// commit takes all that is queued as heard: it will be, unless it is recalled
// for the sake of the next cue, which lets it sound first.
func (a *air) commit() {
	a.settle()
	at := time.Now()
	for i, b := range a.queue {
		a.count(b, at)
		at = at.Add(durationOf(int64(len(b.pcm))))
		a.queue[i].mine, a.queue[i].part, a.queue[i].sent = false, false, true
	}
}

// take removes the first n samples from the queue.
func (a *air) take(n int) []block {
	var taken []block
	for n > 0 && len(a.queue) > 0 {
		b := a.queue[0]
		k := min(n, len(b.pcm))
		taken = append(taken, block{b.pcm[:k], b.mine, b.part, b.sent})
		n -= k
		if k == len(b.pcm) {
			a.queue = a.queue[1:]
		} else {
			a.queue[0].pcm = b.pcm[k:]
		}
	}
	return taken
}

// recall takes back what has not been heard and sounds the next samples
// instead, at least that many counted from now, fading over the last 50 ms.
// Where the queue is too short, next gives more; it returns false when there is
// nothing more for now. A device that cannot give back all of its queue sounds
// the rest first. When ended tells that the cue has no further samples, and
// they fit, they sound without a fade and recall returns true.
func (a *air) recall(ctx context.Context, atLeast int64, next func() (block, bool), ended func() bool) (whole bool, err error) {
	a.settle()
	a.speaker.Discard()
	kept := a.take(a.speaker.Buffered())
	room := max(fadeOutSize, int(atLeast))
	for _, b := range kept {
		room -= len(b.pcm)
	}
	room = max(room, fadeOutSize)

	rest, size := a.queue, 0
	for _, b := range rest {
		size += len(b.pcm)
	}
	for size <= room { // one more than fits shows whether there is more
		b, ok := next()
		if !ok {
			break
		}
		rest, size = append(rest, b), size+len(b.pcm)
	}
	whole = size <= room && ended()
	a.queue = rest
	rest = a.take(room)
	a.queue = kept
	if !whole {
		fade(rest)
	}
	return whole, a.write(ctx, rest...)
}

// drop forgets what has not been heard and takes it back as far as it can be.
func (a *air) drop() {
	a.speaker.Discard()
	a.queue = nil
}

// fade lets blocks fade out over their last 50 ms, which may lie across several
// of them.
func fade(blocks []block) {
	var pcm []int16
	for _, b := range blocks {
		pcm = append(pcm, b.pcm...)
	}
	fadeOut(pcm[max(0, len(pcm)-fadeOutSize):])
	for i := range blocks {
		n := len(blocks[i].pcm)
		blocks[i].pcm, pcm = pcm[:n:n], pcm[n:]
	}
}
