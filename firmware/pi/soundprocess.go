package pi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"loa/firmware"
)

const (
	// silentAfter is how long a sound process may say nothing. With it, and with
	// stuckAfter in the process, whatever happens to a card is known in a second.
	silentAfter = 800 * time.Millisecond
	// openWithin is how long it may take to open the card: at boot a slow memory
	// card has to give the program first. It counts as a fault after lateAfter.
	openWithin = 5 * time.Second
	lateAfter  = time.Second
	// awaitOpen is how long a call waits for a card that is being opened.
	awaitOpen = 900 * time.Millisecond
	// answerWithin is how long Discard waits, and a pipe may take a frame.
	answerWithin = 300 * time.Millisecond
	// wellAfter is how long a process has to live for the next one to follow it
	// at once.
	wellAfter = 10 * time.Second
)

// SoundOptions say what a sound process is, and for whom.
type SoundOptions struct {
	Output string // whose sound it is, in faults
	// Command is the program and its arguments; it calls ServeSound.
	Command []string
}

// SoundProcess is a speaker whose device is held by a process of its own, because
// a lost or hung device is only given up by the end of the process that has it.
// It starts that process, watches it, and starts it anew whenever the device is
// lost, hangs, or cannot be opened; until then Write and Drain say ErrDeviceLost
// within a second. It is a firmware.Monitor too.
type SoundProcess struct {
	o      SoundOptions
	fault  fault
	turn   chan struct{} // held by the writer
	hurry  chan struct{} // holds a token when somebody waits for the device
	cancel context.CancelFunc
	ended  chan struct{}

	mu      sync.Mutex
	changed chan struct{} // closed at the next change of what follows
	closed  bool
	live    *soundChild // nil while the device is not open
	lost    error       // why it is not; nil before the first attempt's end
	tries   int         // to open it that did not
	owed    error       // samples were lost with a device, and nobody was told yet
}

// soundChild is one sound process; its fields are guarded by SoundProcess.mu.
type soundChild struct {
	in      *os.File
	kill    context.CancelCauseFunc
	opened  bool // once it said so
	ended   bool
	frame   []byte
	sent    uint32 // samples, of all generations; it overflows
	drains  map[uint32]chan struct{}
	drain   uint32 // the number of the last
	discard uint32 // the generation
	current uint32 // the generation that the process knows of

	last status // the last one
	// Where the sound was at a moment: so many samples, silence before them, and
	// how much had been sent by then.
	at      time.Time
	held    int
	lead    time.Duration
	counted uint32
}

// StartSound starts a sound process. The device need not be there: that is a
// fault until it is.
func StartSound(o SoundOptions) *SoundProcess {
	ctx, cancel := context.WithCancel(context.Background())
	s := &SoundProcess{
		o: o, turn: make(chan struct{}, 1), hurry: make(chan struct{}, 1),
		cancel: cancel, ended: make(chan struct{}), changed: make(chan struct{}),
	}
	go func() {
		defer close(s.ended)
		keepUp(ctx, s.hurry, s.run)
	}()
	return s
}

// Name names the part in a fault.
func (s *SoundProcess) Name() string { return "sound card " + s.o.Output }

// Watch tells why there is no sound; see firmware.Monitor.
func (s *SoundProcess) Watch(ctx context.Context, tell func(string)) { s.fault.watch(ctx, tell) }

// Write queues samples in real time; see firmware.Speaker. After an error that
// is ErrDeviceLost a later Write waits for the next process and plays by it.
func (s *SoundProcess) Write(ctx context.Context, pcm []int16) error {
	fail := func(err error) error { return fmt.Errorf("write to speaker: %w", err) }
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return fail(ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.await(ctx)
	for err == nil && len(pcm) > 0 {
		if n := min(len(pcm), c.room(), mostFrame/2); n > 0 {
			err = s.failed(c, c.play(pcm[:n]))
			pcm = pcm[n:]
			continue
		}
		err = s.sleep(ctx, c, nil)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// Drain blocks until the last sample has left the device, and some 100 ms more;
// see firmware.Speaker.
func (s *SoundProcess) Drain(ctx context.Context) error {
	fail := func(err error) error { return fmt.Errorf("drain speaker: %w", err) }
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.await(ctx)
	if err != nil {
		return fail(err)
	}
	c.drain++
	number, done := c.drain, make(chan struct{})
	c.drains[number] = done
	defer delete(c.drains, number)
	if err := s.failed(c, c.send(frameDrain, number, nil)); err != nil {
		return fail(err)
	}
	for {
		select {
		case <-done:
			return nil
		default:
		}
		if err := s.sleep(ctx, c, done); err != nil {
			return fail(err)
		}
	}
}

// Buffered is how many samples have not left the device, by the clock since the
// process last told.
func (s *SoundProcess) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.live == nil {
		return 0
	}
	return s.live.buffered(time.Now())
}

// Discard drops what is not yet in the device's buffer, and returns when it is
// known how much that is.
func (s *SoundProcess) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owed = nil
	c := s.live
	if s.closed || c == nil {
		return
	}
	c.discard++
	generation := c.discard
	err := c.send(frameDiscard, generation, nil)
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	for err == nil && int32(c.current-generation) < 0 {
		err = s.sleep(ctx, c, nil)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the sound process did not answer for %v", answerWithin)
	}
	_ = s.failed(c, err) // these samples are to be dropped, and dropped they are
}

// Close ends the process. What is in the device's buffer is dropped as well.
func (s *SoundProcess) Close() error {
	s.mu.Lock()
	s.closed = true
	s.wake()
	s.mu.Unlock()
	s.cancel()
	timeout := time.NewTimer(time.Second)
	defer timeout.Stop()
	select {
	case <-s.ended:
		return nil
	case <-timeout.C:
		return errors.New("close speaker: the sound process does not end")
	}
}

// await waits for an open device. What was lost with an earlier one is told
// first. With mu held, as are all below.
func (s *SoundProcess) await(ctx context.Context) (*soundChild, error) {
	late := time.NewTimer(awaitOpen)
	defer late.Stop()
	for tries := s.tries; ; {
		switch {
		case s.closed:
			return nil, firmware.ErrClosed
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case s.owed != nil:
			err := s.owed
			s.owed = nil
			return nil, err
		case s.live != nil:
			return s.live, nil
		case s.tries > tries && s.lost != nil:
			return nil, s.lost
		}
		select {
		case s.hurry <- struct{}{}:
		default:
		}
		changed := s.changed
		s.mu.Unlock()
		isLate := false
		select {
		case <-changed:
		case <-ctx.Done():
		case <-late.C:
			isLate = true
		}
		s.mu.Lock()
		switch {
		case !isLate || s.live != nil || s.closed:
		case s.lost != nil:
			return nil, s.lost
		default:
			return nil, fmt.Errorf("%w: it is not open yet", ErrDeviceLost)
		}
	}
}

// sleep waits for a change, and says why a call to a process cannot go on.
func (s *SoundProcess) sleep(ctx context.Context, c *soundChild, done <-chan struct{}) error {
	changed := s.changed
	s.mu.Unlock()
	select {
	case <-changed:
	case <-done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	switch {
	case s.closed:
		return firmware.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case s.live != c:
		s.owed = nil // told herewith
		return s.lost
	}
	return nil
}

// failed ends a process that could not be told something, and says so.
func (s *SoundProcess) failed(c *soundChild, err error) error {
	if err == nil {
		return nil
	}
	c.kill(err)
	s.leave(c, err)
	s.owed = nil
	return fmt.Errorf("%w: %w", ErrDeviceLost, err)
}

func (s *SoundProcess) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// leave notes that a process is no use any more.
func (s *SoundProcess) leave(c *soundChild, why error) {
	if s.live != c {
		return
	}
	s.lost = fmt.Errorf("%w: %w", ErrDeviceLost, why)
	if c.buffered(time.Now()) > 0 {
		s.owed = s.lost
	}
	s.live = nil
	s.fault.set(s.lost.Error())
	s.wake()
}

// run starts a process and goes on until it is gone.
func (s *SoundProcess) run(ctx context.Context) (well bool) {
	begun := time.Now()
	ctx, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	c := &soundChild{kill: kill, drains: map[uint32]chan struct{}{}}
	late := time.AfterFunc(lateAfter, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !c.opened && !c.ended {
			s.fault.set("it is not open yet")
		}
	})
	defer late.Stop()
	err := s.talk(ctx, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.ended = true
	if s.closed {
		return false
	}
	if !errors.Is(err, ErrDeviceLost) {
		err = fmt.Errorf("%w: %w", ErrDeviceLost, err)
	}
	s.lost = err
	if !c.opened {
		s.tries++
	}
	s.wake()
	s.fault.set(err.Error())
	return time.Since(begun) > wellAfter
}

// talk is all of a process's life.
func (s *SoundProcess) talk(ctx context.Context, c *soundChild) error {
	toChild, in, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start sound process: %w", err)
	}
	defer in.Close()
	out, fromChild, err := os.Pipe()
	if err != nil {
		return errors.Join(fmt.Errorf("start sound process: %w", err), toChild.Close())
	}
	defer out.Close()
	var said lastLine
	cmd := exec.CommandContext(ctx, s.o.Command[0], s.o.Command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = toChild, fromChild, &said
	cmd.WaitDelay = time.Second
	gone := make(chan struct{})
	defer close(gone)
	err = start(cmd, gone)
	// The process has these now.
	err = errors.Join(err, toChild.Close(), fromChild.Close())
	if err != nil {
		return fmt.Errorf("start sound process: %w", err)
	}
	c.in = in
	err = s.hear(c, out)
	ends := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if cause := context.Cause(ctx); cause != nil && ends {
		err, ends = cause, false // why it was ended, rather than how
	}
	if ends {
		err = errors.New("the sound process ended")
	}
	s.mu.Lock()
	s.leave(c, err)
	s.mu.Unlock()
	c.kill(err)
	// How it ended is no news: that it did is.
	_ = cmd.Wait()
	if ends {
		err = fmt.Errorf("%w: %v", err, cmd.ProcessState)
		if text := said.String(); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
	}
	return err
}

// hear takes in what a process says, until there is no more or it says nothing
// for too long.
func (s *SoundProcess) hear(c *soundChild, out *os.File) error {
	in := frames{from: out}
	patience := openWithin
	for {
		if err := out.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return fmt.Errorf("wait for sound process: %w", err)
		}
		kind, number, data, err := in.next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("the sound process has said nothing for %v", patience)
		}
		if err != nil {
			return err
		}
		patience = silentAfter
		switch kind {
		case frameOpen: // a status follows
		case frameStatus:
			err = s.know(c, number, data)
		case frameDrained:
			s.mu.Lock()
			if done, ok := c.drains[number]; ok {
				close(done)
				delete(c.drains, number)
			}
			s.mu.Unlock()
		case frameError:
			return errors.New(string(data))
		default:
			err = fmt.Errorf("the sound process said %q", kind)
		}
		if err != nil {
			return err
		}
	}
}

// know takes in a status. With the first one the device is there to be used.
func (s *SoundProcess) know(c *soundChild, generation uint32, data []byte) error {
	st, err := parseStatus(data)
	if err != nil {
		return fmt.Errorf("hear sound process: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.opened {
		c.opened, s.live, s.lost = true, c, nil
		s.fault.set("")
	}
	c.last, c.current = st, generation
	if generation == c.discard {
		c.at = time.Now().Add(st.at - monotonic())
		c.held, c.lead, c.counted = int(st.waiting+st.inside), st.lead, st.received
	}
	s.wake()
	return nil
}

// room is how many samples the process can take.
func (c *soundChild) room() int {
	return max(0, int(c.last.room)-int(c.sent-c.last.received))
}

func (c *soundChild) play(pcm []int16) error {
	if now := time.Now(); c.buffered(now) == 0 {
		c.at, c.held, c.counted = now, 0, c.sent
	}
	c.sent += uint32(len(pcm))
	c.frame = appendHead(c.frame[:0], frameSamples, c.discard, 2*len(pcm))
	for _, v := range pcm {
		c.frame = binary.LittleEndian.AppendUint16(c.frame, uint16(v))
	}
	return c.write()
}

func (c *soundChild) send(kind byte, number uint32, data []byte) error {
	c.frame = append(appendHead(c.frame[:0], kind, number, len(data)), data...)
	return c.write()
}

// write does not wait but for a process that hangs: what is sent is less than
// a pipe holds.
func (c *soundChild) write() error {
	if err := c.in.SetWriteDeadline(time.Now().Add(answerWithin)); err != nil {
		return fmt.Errorf("write to sound process: %w", err)
	}
	if _, err := c.in.Write(c.frame); err != nil {
		return fmt.Errorf("write to sound process: %w", err)
	}
	return nil
}

// buffered is how many samples have not left the device.
func (c *soundChild) buffered(now time.Time) int {
	out := samples(max(0, now.Sub(c.at)-c.lead))
	return max(0, c.held+int(c.sent-c.counted)-out)
}
