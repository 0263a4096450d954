package pi

import (
	"encoding/binary"
	"sync"
	"time"

	"loa/firmware"
)

const (
	// After silence the first samples are held back until there are some, or for
	// this long: a writer of small pieces would else be torn apart by silence. A
	// writer that is not slow gets there at once.
	primeWait = 60 * time.Millisecond
	// pollOto is how often oto's buffer is looked at when nothing else tells that
	// it got empty.
	pollOto = 5 * time.Millisecond
	// sipEvery is how often an idle device gets a sample of silence, which tells
	// whether it still takes any.
	sipEvery = 200 * time.Millisecond
)

// pace is how much sound lies where on its way, by the length of the device's
// buffer.
type pace struct {
	period time.Duration // what the device takes at once
	buffer time.Duration // what ALSA is asked to hold, in two periods
	// room is how much is queued before a writer has to wait, and player how much
	// oto takes out of the queue beforehand: short of samples, oto would mix
	// silence into the sound. Neither delays the first sample, and both can be
	// discarded, so they are as long as a busy board may keep a writer from
	// writing.
	room, player time.Duration
	prime        time.Duration // enough for the first samples to be let go
	latency      time.Duration // from oto's buffer to the outside: the period in hand and the device's two
}

func paceOf(buffer time.Duration) pace {
	period := buffer / 2
	return pace{
		period: period, buffer: buffer,
		room:    max(200*time.Millisecond, 3*period),
		player:  max(100*time.Millisecond, 2*period),
		prime:   max(80*time.Millisecond, 2*period),
		latency: buffer + period,
	}
}

// feed is the queue between a speaker and oto's player, which reads it. While
// there is nothing to read the player is kept waiting and oto itself plays
// silence, so that no silence stands before the next sound but what the device
// holds already.
//
// The device takes a period at a time, and oto then asks for more at once. What
// its player holds is only believed when it asks: at any other time samples may
// be on their way into it.
//
// Locks: oto may call Seek with its player locked, so nothing here asks the
// player for anything with mu held.
type feed struct {
	pace
	inPlayer func() int // samples in the player's own buffer

	mu      sync.Mutex
	queue   []int16
	first   time.Time // when the queue last stopped being empty
	pending time.Time // when there last began to be something for the device to take
	flush   bool      // somebody waits for the end: hold nothing back
	halted  bool      // Read returns at once, with nothing
	changed chan struct{}

	held  int       // sound that the player had at the last look
	run   int       // samples of sound given to oto since it was last silent
	took  time.Time // when the device was last seen to take sound
	alive time.Time // the same, or silence
	sip   bool      // all that the player has is a sample of silence
}

func newFeed(p pace) *feed {
	now := time.Now()
	return &feed{pace: p, changed: make(chan struct{}), alive: now, took: now.Add(-time.Hour)}
}

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
		if f.ready(now) {
			n := f.take(now, p)
			f.mu.Unlock()
			return n, nil
		}
		var wait time.Duration
		switch {
		case f.held > 0:
			wait = pollOto
		case f.sip:
			wait = f.period
		case len(f.queue) > 0:
			wait = f.first.Add(primeWait).Sub(now)
		default:
			wait = f.alive.Add(sipEvery).Sub(now)
		}
		if wait <= 0 && len(f.queue) == 0 {
			f.sip, f.pending = true, now
			f.mu.Unlock()
			return copy(p, []byte{0, 0}), nil
		}
		changed := f.changed
		f.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Seek is oto's word that its own buffer is empty now and Read may go on.
func (f *feed) Seek(int64, int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.run -= f.held
	f.halted, f.held, f.sip = false, 0, false
	return 0, nil
}

func (f *feed) ready(now time.Time) bool {
	return len(f.queue) > 0 &&
		(f.held > 0 || f.flush || len(f.queue) >= samples(f.prime) || now.Sub(f.first) >= primeWait)
}

func (f *feed) take(now time.Time, p []byte) int {
	n := min(len(f.queue), len(p)/2, max(1, samples(f.player)-f.held))
	for i, v := range f.queue[:n] {
		binary.LittleEndian.PutUint16(p[2*i:], uint16(v))
	}
	f.queue = append(f.queue[:0], f.queue[n:]...)
	f.held += n
	f.run += n
	f.sip = false
	f.wake()
	return 2 * n
}

// saw notes what oto's buffer holds, when that is known.
func (f *feed) saw(now time.Time, inPlayer int) {
	switch {
	case f.sip && inPlayer == 0:
		f.sip, f.alive = false, now
	case f.sip:
	case inPlayer < f.held:
		f.held, f.took, f.alive = inPlayer, now, now
	}
	if f.held == 0 && now.Sub(f.took) > f.latency {
		f.run = 0
	}
}

// put queues what there is room for. It returns the rest and what to wait for.
func (f *feed) put(pcm []int16) (rest []int16, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(pcm), samples(f.room)-len(f.queue))
	if n > 0 {
		if len(f.queue) == 0 {
			f.first = time.Now()
			f.flush = false
			if f.held == 0 && !f.sip {
				f.pending = f.first
			}
		}
		f.queue = append(f.queue, pcm[:n]...)
		f.wake()
	}
	return pcm[n:], f.changed
}

// flow is where the sound is.
type flow struct {
	at      time.Time
	waiting int           // samples that have not reached the device's buffer
	inside  int           // samples in the device's buffer, as far as the clock tells
	lead    time.Duration // of silence before the first of all these
	room    int           // samples that can be queued
	took    time.Time     // when the device last took sound
	stalled time.Duration // how long it has taken nothing of what there is
}

func (f *feed) flow() flow {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	left := f.latency - now.Sub(f.took) // until the last sample that was taken is out
	given := f.run - f.held
	if left <= 0 {
		left, given = 0, 0
	}
	w := flow{at: now, waiting: len(f.queue) + f.held, room: samples(f.room) - len(f.queue), took: f.took}
	w.inside = max(0, min(given, samples(left)))
	switch {
	case w.inside > 0:
		w.lead = left - time.Duration(w.inside)*time.Second/firmware.SampleRate
	default:
		w.lead = f.latency - f.period/2
	}
	if w.waiting > 0 || f.sip {
		since := f.alive
		if f.pending.After(since) {
			since = f.pending
		}
		w.stalled = now.Sub(since)
	}
	return w
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
