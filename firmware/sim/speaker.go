package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"loa/firmware"
)

// DefaultBuffer is how much a speaker queues when its options say nothing.
const DefaultBuffer = 100 * time.Millisecond

// ErrSpeakerLost is what a lost speaker's Write and Drain return.
var ErrSpeakerLost = errors.New("speaker is lost")

// SpeakerOptions shape a simulated speaker.
type SpeakerOptions struct {
	Recorder  *Recorder     // may be nil
	Amplifier *Amplifier    // that it feeds; may be nil
	Buffer    time.Duration // how much Write queues before it blocks; 0 is DefaultBuffer

	// PCMPath names a file that gets the samples that sounded, raw signed
	// 16-bit little endian, without the silence between them. It is written
	// when the speaker is used and when it is closed. Empty: none.
	PCMPath string
}

type condition int

const (
	healthy condition = iota
	lost
	hung
)

// Speaker takes samples at the rate of a real one and hands what left it to
// its recorder. Nothing runs in the background: where the playing stands is
// worked out from the clock whenever it is asked.
type Speaker struct {
	name   string
	rec    *Recorder
	feeds  *Amplifier
	buffer int // samples
	turn   chan struct{}

	mu      sync.Mutex
	queue   []int16   // not sounded yet; its head is due at start + sent samples
	start   time.Time // of the run that is sounding
	sent    int       // samples of the run that left
	state   condition
	done    bool
	changed chan struct{} // closed and replaced when a blocked call must look again
	file    *os.File
	fileErr error
}

// NewSpeaker makes a speaker with an empty queue. It fails when its PCM file
// cannot be made.
func NewSpeaker(name string, o SpeakerOptions) (*Speaker, error) {
	if o.Buffer <= 0 {
		o.Buffer = DefaultBuffer
	}
	s := &Speaker{
		name:    name,
		rec:     o.Recorder,
		feeds:   o.Amplifier,
		buffer:  max(1, int(o.Buffer*firmware.SampleRate/time.Second)),
		turn:    make(chan struct{}, 1),
		changed: make(chan struct{}),
	}
	if o.PCMPath != "" {
		f, err := os.Create(o.PCMPath)
		if err != nil {
			return nil, fmt.Errorf("create PCM file of speaker %s: %w", name, err)
		}
		s.file = f
	}
	s.rec.attach(s)
	s.feeds.joinSpeaker(s)
	return s, nil
}

// Write queues samples in real time; see firmware.Speaker. Writers take turns.
func (s *Speaker) Write(ctx context.Context, pcm []int16) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return s.wrap("write", ctx.Err())
	}
	for waited := false; ; waited = true {
		s.mu.Lock()
		err := s.trouble(ctx)
		// A caller that slept through its deadline on a busy machine, and whose
		// samples the device could have taken long since, was not held up by it.
		if late := waited && errors.Is(err, context.DeadlineExceeded); err == nil || late {
			if pcm = s.put(pcm); late && len(pcm) == 0 {
				err = nil
			}
		}
		// Half a buffer at a time keeps the queue from running dry without
		// waking for every sample that leaves.
		room := min(len(pcm), (s.buffer+1)/2)
		due := s.dueAfter(len(s.queue) + room - s.buffer)
		halted, changed := s.state == hung, s.changed
		s.mu.Unlock()
		if err != nil {
			return s.wrap("write", err)
		}
		if len(pcm) == 0 {
			return nil
		}
		await(ctx, changed, due, halted)
	}
}

// Drain waits until the queue has sounded; see firmware.Speaker.
func (s *Speaker) Drain(ctx context.Context) error {
	for waited := false; ; waited = true {
		s.mu.Lock()
		s.advance(time.Now())
		err := s.trouble(ctx)
		left := len(s.queue)
		if waited && left == 0 && errors.Is(err, context.DeadlineExceeded) {
			err = nil // as in Write
		}
		due := s.dueAfter(left)
		halted, changed := s.state == hung, s.changed
		s.mu.Unlock()
		if err != nil {
			return s.wrap("drain", err)
		}
		if left == 0 {
			return nil
		}
		await(ctx, changed, due, halted)
	}
}

// Buffered is how many samples have not sounded yet.
func (s *Speaker) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(time.Now())
	return len(s.queue)
}

// Discard drops what has not sounded yet.
func (s *Speaker) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(time.Now())
	s.queue = s.queue[:0]
	s.wake()
}

// Close drops what has not sounded yet and ends the speaker.
func (s *Speaker) Close() error {
	s.rec.detach(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	s.advance(time.Now())
	s.queue, s.done = nil, true
	s.wake()
	if s.file == nil {
		return nil
	}
	if err := errors.Join(s.fileErr, s.file.Close()); err != nil {
		return s.wrap("close", err)
	}
	return nil
}

// Lose cuts the speaker off: what is queued is gone, and Write and Drain return
// ErrSpeakerLost until Restore.
func (s *Speaker) Lose() { s.turnTo(lost) }

// Hang stops the speaker in the middle of its queue: Write and Drain block
// until Restore or the end of their context.
func (s *Speaker) Hang() { s.turnTo(hung) }

// Restore ends Lose and Hang. What a hung speaker had queued sounds now.
func (s *Speaker) Restore() { s.turnTo(healthy) }

func (s *Speaker) turnTo(c condition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.advance(now)
	if c == lost {
		s.queue = s.queue[:0]
	}
	if s.state != healthy {
		s.start, s.sent = now, 0
	}
	s.state = c
	s.wake()
}

// trouble is why a call cannot go on.
func (s *Speaker) trouble(ctx context.Context) error {
	switch {
	case s.done:
		return firmware.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case s.state == lost:
		return ErrSpeakerLost
	}
	return s.fileErr
}

// put queues as much as there is room for and returns the rest. A hung speaker
// takes nothing.
func (s *Speaker) put(pcm []int16) []int16 {
	now := time.Now()
	s.advance(now)
	if s.state == hung {
		return pcm
	}
	if len(s.queue) == 0 && s.start.Add(duration(s.sent)).Before(now) {
		s.start, s.sent = now, 0
	}
	n := min(len(pcm), s.buffer-len(s.queue))
	s.queue = append(s.queue, pcm[:n]...)
	return pcm[n:]
}

// advance lets the samples leave that were due until now.
func (s *Speaker) advance(now time.Time) {
	if s.state != healthy {
		return
	}
	// Capped, because a queue that nobody looked at for days would overflow.
	elapsed := min(now.Sub(s.start), duration(s.sent+len(s.queue)))
	n := min(int(elapsed*firmware.SampleRate/time.Second)-s.sent, len(s.queue))
	if n <= 0 {
		return
	}
	from := s.start.Add(duration(s.sent))
	s.rec.sound(s.name, from, s.queue[:n])
	s.feeds.sound(from, s.queue[:n])
	if s.file != nil && s.fileErr == nil {
		s.fileErr = binary.Write(s.file, binary.LittleEndian, s.queue[:n])
	}
	s.queue = append(s.queue[:0], s.queue[n:]...)
	s.sent += n
	// Whole seconds move into start, so that the product above stays small.
	whole := s.sent / firmware.SampleRate
	s.start = s.start.Add(time.Duration(whole) * time.Second)
	s.sent -= whole * firmware.SampleRate
}

// dueAfter is how long until n queued samples have left, at least 1 ns.
func (s *Speaker) dueAfter(n int) time.Duration {
	return max(1, time.Until(s.start.Add(duration(s.sent+n))))
}

func (s *Speaker) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Speaker) wrap(verb string, err error) error {
	return fmt.Errorf("%s speaker %s: %w", verb, s.name, err)
}

// await returns when a blocked call has reason to look again. Time is no reason
// while the speaker is halted.
func await(ctx context.Context, changed <-chan struct{}, due time.Duration, halted bool) {
	var timeout <-chan time.Time
	if !halted {
		t := time.NewTimer(due)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-changed:
	case <-timeout:
	case <-ctx.Done():
	}
}
