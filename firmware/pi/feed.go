package pi

import (
	"encoding/binary"
	"sync"
	"time"

	"loa/firmware"
)

const (
	// feedRoom is how much is queued before a writer has to wait. Neither it nor
	// playerBuffer delays the first sample, and both can be discarded, so they
	// are as long as a busy board may keep a writer from writing.
	feedRoom = 200 * time.Millisecond
	// playerBuffer is how much oto takes out of the queue beforehand. Short of
	// samples, oto would mix silence into the sound.
	playerBuffer = 100 * time.Millisecond
	// After silence the first samples are held back until there are this many,
	// or for this long: a writer of small pieces would else be torn apart by
	// silence. A writer that is not slow gets there at once.
	primeLevel = 2 * deviceBuffer
	primeWait  = 60 * time.Millisecond
	// latency is from oto's buffer to the outside: the period in hand and the
	// device's two.
	latency = deviceBuffer + deviceBuffer/2
	// pollOto is how often oto's buffer is looked at: it tells nobody when it
	// gets empty.
	pollOto = 5 * time.Millisecond
)

// feed is the queue between a speaker and oto's player, which reads it. While
// there is nothing to read the player is kept waiting and oto itself plays
// silence, so that no silence stands before the next sound but what the device
// holds already.
//
// Locks: oto may call Seek with its player locked, so nothing here asks the
// player for anything with mu held.
type feed struct {
	inPlayer func() int // samples in the player's own buffer

	mu      sync.Mutex
	queue   []int16
	first   time.Time // when the queue last stopped being empty
	moved   time.Time // the same, or when oto last took samples
	flush   bool      // somebody waits for the end: hold nothing back
	halted  bool      // Read returns at once, with nothing
	changed chan struct{}

	soundAt time.Time // when oto was last seen to hold samples
	run     int       // samples given to oto since it was last silent
}

func newFeed() *feed { return &feed{changed: make(chan struct{})} }

// Read gives oto what is queued, and waits while nothing is.
func (f *feed) Read(p []byte) (int, error) {
	for {
		inPlayer := f.inPlayer()
		f.mu.Lock()
		now := time.Now()
		f.saw(now, inPlayer)
		if f.halted {
			f.mu.Unlock()
			return 0, nil
		}
		if f.ready(now, inPlayer) {
			n := f.take(now, p, inPlayer)
			f.mu.Unlock()
			return n, nil
		}
		var timer <-chan time.Time
		switch {
		case inPlayer > 0:
			timer = time.After(pollOto)
		case len(f.queue) > 0:
			timer = time.After(f.first.Add(primeWait).Sub(now))
		}
		changed := f.changed
		f.mu.Unlock()
		select {
		case <-changed:
		case <-timer:
		}
	}
}

// Seek is oto's word that its own buffer is empty now and Read may go on.
func (f *feed) Seek(int64, int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.halted = false
	return 0, nil
}

func (f *feed) ready(now time.Time, inPlayer int) bool {
	return len(f.queue) > 0 &&
		(inPlayer > 0 || f.flush || len(f.queue) >= samples(primeLevel) || now.Sub(f.first) >= primeWait)
}

func (f *feed) take(now time.Time, p []byte, inPlayer int) int {
	n := min(len(f.queue), len(p)/2, max(1, samples(playerBuffer)-inPlayer))
	for i, v := range f.queue[:n] {
		binary.LittleEndian.PutUint16(p[2*i:], uint16(v))
	}
	f.queue = append(f.queue[:0], f.queue[n:]...)
	f.moved, f.soundAt = now, now
	f.run += n
	f.wake()
	return 2 * n
}

// saw notes what oto's buffer holds.
func (f *feed) saw(now time.Time, inPlayer int) {
	switch {
	case inPlayer > 0:
		f.soundAt = now
	case now.Sub(f.soundAt) > latency:
		f.run = 0
	}
}

// put queues what there is room for. It returns the rest and what to wait for.
func (f *feed) put(pcm []int16) (rest []int16, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(pcm), samples(feedRoom)-len(f.queue))
	if n > 0 {
		if len(f.queue) == 0 {
			f.first = time.Now()
			f.moved = f.first
			f.flush = false
		}
		f.queue = append(f.queue, pcm[:n]...)
		f.wake()
	}
	return pcm[n:], f.changed
}

// state is how many samples have not reached the device's buffer, when the last
// of them did if there are none, and how long nothing has been taken.
func (f *feed) state() (waiting int, soundAt time.Time, idle time.Duration) {
	inPlayer := f.inPlayer()
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.saw(now, inPlayer)
	if len(f.queue) > 0 {
		idle = now.Sub(f.moved)
	}
	return len(f.queue) + inPlayer, f.soundAt, idle
}

// buffered is how many samples have not left the device: those not yet in its
// buffer, and by the clock those in it.
func (f *feed) buffered() int {
	inPlayer := f.inPlayer()
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.saw(now, inPlayer)
	inside := samples(max(0, latency-now.Sub(f.soundAt)))
	return len(f.queue) + inPlayer + max(0, min(inside, f.run-inPlayer))
}

// hurry lets go what is held back for more.
func (f *feed) hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flush = true
	f.wake()
}

// halt drops the queue and sends Read away until Seek.
func (f *feed) halt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = f.queue[:0]
	f.halted = true
	f.wake()
}

func (f *feed) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func samples(d time.Duration) int { return int(d * firmware.SampleRate / time.Second) }
