package pi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// stuckAfter is how long a device may take nothing of what there is for it: so
// short that together with a status, or a sip of silence, its end is known to
// the agent within a second.
const stuckAfter = 600 * time.Millisecond

// ServeSound is a sound process: it opens the device and plays what comes, as
// soundwire.go says, until in ends, which is no error, or the device is lost.
func ServeSound(ctx context.Context, o SpeakerOptions, in io.Reader, out io.Writer) error {
	s := &soundServer{in: frames{from: in}, out: out, wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	opened := make(chan error, 1)
	go func() { opened <- s.open(ctx, o) }()
	ended := make(chan error, 1)
	go func() { ended <- s.listen(ctx, cancel) }()
	err := func() error {
		select {
		case err := <-opened:
			if err != nil {
				return err
			}
		case err := <-ended: // nobody has a word to say before the device is open
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		go func() { cancel(s.tell(ctx)) }()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}()
	if err != nil {
		// Where this cannot be said the agent is gone, or will see that the
		// process is.
		text := strings.ReplaceAll(err.Error(), ErrDeviceLost.Error()+": ", "") // which the agent says
		_ = s.send(frameError, 0, []byte(text[:min(len(text), mostSaid)]))
	}
	return err
}

type soundServer struct {
	in      frames
	speaker *Speaker // once it is open
	wake    chan struct{}

	mu       sync.Mutex
	received uint32
	pcm      []int16

	sending    sync.Mutex
	out        io.Writer
	frame      []byte
	generation uint32
}

func (s *soundServer) open(ctx context.Context, o SpeakerOptions) error {
	if o.Card != "" {
		// Said before oto says it at length.
		if _, err := cardNumber(procASound, o.Card); err != nil {
			return fmt.Errorf("%w: find card %s: %w", ErrDeviceLost, o.Card, err)
		}
	}
	speaker, err := OpenSpeaker(ctx, o)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.speaker = speaker
	s.mu.Unlock()
	return s.send(frameOpen, 0, nil)
}

// listen does what the agent says.
func (s *soundServer) listen(ctx context.Context, fail context.CancelCauseFunc) error {
	for {
		kind, number, data, err := s.in.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read what to play: %w", err)
		}
		s.mu.Lock()
		speaker := s.speaker
		s.mu.Unlock()
		if speaker == nil {
			return errors.New("something came before the device was open")
		}
		switch kind {
		case frameSamples:
			err = s.play(speaker, data)
		case frameDiscard:
			speaker.Discard()
			s.sending.Lock()
			s.generation = number
			s.sending.Unlock()
			_, err = s.status(speaker)
		case frameDrain:
			go func() {
				if err := speaker.Drain(ctx); err != nil {
					fail(err)
					return
				}
				if err := s.send(frameDrained, number, nil); err != nil {
					fail(err)
				}
			}()
		default:
			err = fmt.Errorf("a frame of kind %q", kind)
		}
		if err != nil {
			return err
		}
	}
}

func (s *soundServer) play(speaker *Speaker, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(data) / 2
	if cap(s.pcm) < n {
		s.pcm = make([]int16, mostFrame/2)
	}
	pcm := s.pcm[:n]
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	s.received += uint32(n)
	if rest, _ := speaker.feed.put(pcm); len(rest) > 0 {
		return fmt.Errorf("%d samples more than there was room for", len(rest))
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// tell sends one status after another, until the device is lost.
func (s *soundServer) tell(ctx context.Context) error {
	for {
		now, err := s.status(s.speaker)
		switch {
		case err != nil:
			return err
		case s.speaker.oto.Err() != nil:
			return fmt.Errorf("%w: %w", ErrDeviceLost, s.speaker.oto.Err())
		case now.stalled > stuckAfter:
			return fmt.Errorf("%w: it has taken no samples for %v", ErrDeviceLost, stuckAfter)
		}
		every, wake := soundStatus, (<-chan struct{})(nil)
		if now.waiting+now.inside == 0 {
			every, wake = idleStatus, s.wake
		}
		timer := time.NewTimer(every)
		select {
		case <-timer.C:
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
		timer.Stop()
	}
}

func (s *soundServer) status(speaker *Speaker) (flow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := speaker.feed.flow()
	st := status{
		at: monotonic() - time.Since(now.at), received: s.received,
		room: uint32(now.room), waiting: uint32(now.waiting), inside: uint32(now.inside), lead: now.lead,
	}
	var buf [statusSize]byte
	s.sending.Lock()
	defer s.sending.Unlock()
	return now, s.sendLocked(frameStatus, s.generation, st.append(buf[:0]))
}

func (s *soundServer) send(kind byte, number uint32, data []byte) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.sendLocked(kind, number, data)
}

func (s *soundServer) sendLocked(kind byte, number uint32, data []byte) error {
	s.frame = append(appendHead(s.frame[:0], kind, number, len(data)), data...)
	if _, err := s.out.Write(s.frame); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}
