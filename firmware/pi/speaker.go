package pi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/ebitengine/oto/v3"

	"loa/firmware"
)

const (
	// Drain waits for the device's buffer, which cannot be asked, by the clock:
	// its length and this much for a card that took a longer one than it was
	// asked for, and for what lies behind it.
	drainMargin = 100 * time.Millisecond
	// A device that takes nothing for so long, while there is something to
	// take, counts as hung.
	hungAfter = time.Second
	// A blocked call looks so often whether the device still lives.
	lifeCheck = 50 * time.Millisecond
)

// SpeakerOptions choose the sound device.
type SpeakerOptions struct {
	// Card is ALSA's id of a card, as the names in /proc/asound, or its number,
	// which may differ after the next boot. No other card is ever played to:
	// where this one cannot be opened, OpenSpeaker fails. Empty: whatever oto
	// finds first, a PulseAudio server or ALSA's default; for tests, and for
	// boards whose ALSA configuration names only one device.
	Card string
	// Buffer is how much ALSA is asked to hold; 0 is 40 ms. More is for a machine
	// that is too slow for it, and makes each sound begin later by as much.
	Buffer time.Duration
}

// Limits of a device's buffer; the least is what most machines can do with.
const (
	LeastBuffer = 40 * time.Millisecond
	MostBuffer  = 500 * time.Millisecond
)

// check gives the options with what they leave open.
func (o SpeakerOptions) check() (SpeakerOptions, error) {
	if o.Buffer == 0 {
		o.Buffer = LeastBuffer
	}
	if o.Buffer < LeastBuffer || o.Buffer > MostBuffer {
		return o, fmt.Errorf("buffer %v, must be from %v to %v", o.Buffer, LeastBuffer, MostBuffer)
	}
	if o.Card != "" && !cardName.MatchString(o.Card) {
		return o, fmt.Errorf("card %.40q is neither a card's id nor its number", o.Card)
	}
	return o, nil
}

// Speaker plays to the process's sound device. It takes 300 ms of samples
// before Write blocks, and the device 60 ms more that Discard cannot take back.
type Speaker struct {
	oto    *oto.Context
	player *oto.Player
	feed   *feed
	turn   chan struct{} // held by the writer

	control sync.Mutex // one Discard or Close at a time
	done    chan struct{}
}

// OpenSpeaker opens the sound device and keeps it open, playing silence, so
// that the first sample of a sound is out soon. A process can have one speaker
// at a time; after Close the next one plays to the same device. An error that
// is ErrDeviceLost stays for the life of the process.
func OpenSpeaker(ctx context.Context, o SpeakerOptions) (*Speaker, error) {
	o, err := o.check()
	if err != nil {
		return nil, fmt.Errorf("open speaker: %w", err)
	}
	device, err := takeDevice(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open speaker: %w", err)
	}
	holds := o.Buffer
	if o.Card != "" {
		holds = max(holds, min(bufferOf(o.Card, procASound), time.Second))
	}
	s := &Speaker{
		oto:  device,
		feed: newFeed(paceOf(holds)),
		turn: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	s.player = device.NewPlayer(s.feed)
	s.player.SetBufferSize(2 * samples(s.feed.player))
	s.feed.inPlayer = func() int { return s.player.BufferedSize() / 2 }
	s.player.Play()
	return s, nil
}

// Write queues samples in real time; see firmware.Speaker. A lost device is
// ErrDeviceLost at this and every later Write, and so is one that has taken
// nothing for a second; what was queued for it is dropped.
func (s *Speaker) Write(ctx context.Context, pcm []int16) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return fmt.Errorf("write to speaker: %w", ctx.Err())
	}
	for {
		if err := s.trouble(ctx); err != nil {
			return fmt.Errorf("write to speaker: %w", err)
		}
		if s.feed.flow().stalled > hungAfter {
			return fmt.Errorf("write to speaker: %w", s.hung())
		}
		var changed <-chan struct{}
		if pcm, changed = s.feed.put(pcm); len(pcm) == 0 {
			return nil
		}
		s.wait(ctx, changed, lifeCheck)
	}
}

// Drain blocks until the last sample has left the device, and some 100 ms more;
// see firmware.Speaker.
func (s *Speaker) Drain(ctx context.Context) error {
	s.feed.hurry()
	for {
		if err := s.trouble(ctx); err != nil {
			return fmt.Errorf("drain speaker: %w", err)
		}
		switch now := s.feed.flow(); {
		case now.waiting == 0:
			left := now.took.Add(pollOto + s.feed.latency + drainMargin).Sub(now.at)
			if left <= 0 {
				return nil
			}
			s.wait(ctx, nil, min(left, lifeCheck))
		case now.stalled > hungAfter:
			return fmt.Errorf("drain speaker: %w", s.hung())
		default:
			s.wait(ctx, nil, pollOto)
		}
	}
}

// Buffered is how many samples have not left the device, as far as the clock
// tells of those that are in its buffer already.
func (s *Speaker) Buffered() int {
	if s.isClosed() || s.oto.Err() != nil {
		return 0
	}
	now := s.feed.flow()
	return now.waiting + now.inside
}

// Discard drops what is not yet in the device's buffer.
func (s *Speaker) Discard() {
	s.control.Lock()
	defer s.control.Unlock()
	if s.isClosed() {
		return
	}
	s.feed.halt()
	// This empties oto's buffer, and oto calls the feed's Seek, which cannot
	// fail.
	_, _ = s.player.Seek(0, io.SeekStart)
}

// Close drops what is not yet in the device's buffer. The device stays open,
// silent, for the next speaker.
func (s *Speaker) Close() error {
	s.control.Lock()
	defer s.control.Unlock()
	if s.isClosed() {
		return nil
	}
	close(s.done)
	s.feed.halt()
	s.player.PauseAndStopReading()
	returnDevice()
	return nil
}

// trouble is why a call cannot go on.
func (s *Speaker) trouble(ctx context.Context) error {
	if s.isClosed() {
		return firmware.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.oto.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrDeviceLost, err)
	}
	return nil
}

// hung drops what a hanging device would else play when it wakes up, long after
// anybody waits for it.
func (s *Speaker) hung() error {
	s.Discard()
	return fmt.Errorf("%w: %w", ErrDeviceLost, errHung)
}

var errHung = errors.New("it has taken no samples for " + hungAfter.String())

func (s *Speaker) isClosed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *Speaker) wait(ctx context.Context, changed <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-s.done:
	case <-ctx.Done():
	}
}
