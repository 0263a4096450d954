package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	rate      = 48000
	pipeBytes = 8192                  // less starves libasound's writer, more hides more time
	readEvery = 10 * time.Millisecond // the pace of a sound card
)

// capture stands in for a sound card: libasound's file plug-in writes into a
// FIFO, which is read at real-time rate, with the time of every read.
type capture struct {
	path string

	mu      sync.Mutex
	samples []int16
	reads   []stampedRead
}

// stampedRead says that the samples before end had been read at a time of
// CLOCK_MONOTONIC.
type stampedRead struct {
	end int
	at  time.Duration
}

// newCapture makes the FIFO and the ALSA configuration that leads to it.
func newCapture(dir string) (c *capture, alsaConfig string, err error) {
	c = &capture{path: filepath.Join(dir, "card.fifo")}
	if err := unix.Mkfifo(c.path, 0o600); err != nil {
		return nil, "", fmt.Errorf("make FIFO: %w", err)
	}
	alsaConfig = filepath.Join(dir, "asound.conf")
	text := fmt.Sprintf(`pcm.!default { type plug slave { pcm cap format S16_LE rate %d channels 1 } }
pcm.cap { type file slave.pcm nullp file %q format "raw" }
pcm.nullp { type null }
`, rate, c.path)
	if err := os.WriteFile(alsaConfig, []byte(text), 0o600); err != nil {
		return nil, "", fmt.Errorf("write ALSA configuration: %w", err)
	}
	return c, alsaConfig, nil
}

// run reads until ctx ends.
func (c *capture) run(ctx context.Context) error {
	// Opened for reading and writing, the FIFO neither waits for libasound nor
	// ends when the agent does.
	f, err := os.OpenFile(c.path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open FIFO: %w", err)
	}
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETPIPE_SZ, pipeBytes); err != nil {
		return fmt.Errorf("set the FIFO's size: %w", err)
	}
	if err := unix.SetNonblock(int(f.Fd()), true); err != nil {
		return fmt.Errorf("set the FIFO non-blocking: %w", err)
	}
	beat := time.NewTicker(readEvery)
	defer beat.Stop()
	started, taken := monotonic(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		}
		due := int(int64(monotonic()-started)*rate/int64(time.Second)) - taken
		n, err := c.read(int(f.Fd()), due)
		if err != nil {
			return err
		}
		taken += n
		if n < due {
			// Nothing was there to take: a card does not catch up on silence.
			taken += due - n
		}
	}
}

// read takes up to n samples of what is there.
func (c *capture) read(fd, n int) (int, error) {
	buf := make([]byte, 2*n)
	got := 0
	for got < len(buf) {
		k, err := unix.Read(fd, buf[got:])
		if errors.Is(err, unix.EAGAIN) || err == nil && k == 0 {
			break
		}
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("read FIFO: %w", err)
		}
		got += k
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := 0; i+1 < got; i += 2 {
		c.samples = append(c.samples, int16(binary.LittleEndian.Uint16(buf[i:])))
	}
	if got > 0 {
		c.reads = append(c.reads, stampedRead{len(c.samples), monotonic()})
	}
	return got / 2, nil
}

// since are the samples read after a time, and the index of the first.
func (c *capture) since(at time.Duration) (samples []int16, first int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.reads); i > 0; i-- {
		if c.reads[i-1].at < at {
			first = c.reads[i-1].end
			break
		}
	}
	return append([]int16(nil), c.samples[first:]...), first
}

// at is when the sample of an index was read.
func (c *capture) at(index int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.reads {
		if r.end > index {
			return r.at
		}
	}
	return monotonic()
}

// monotonic is CLOCK_MONOTONIC, which every process on the machine shares.
func monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(fmt.Sprintf("read CLOCK_MONOTONIC: %v", err))
	}
	return time.Duration(ts.Nano())
}
