package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"loa/firmware"
)

// alsaCard stands in for a sound card: ALSA's file plugin writes into a FIFO,
// which is read at the rate of a card. It knows when each sample was written.
type alsaCard struct {
	config string // for ALSA_CONFIG_PATH
	fifo   string

	pcm  []byte
	seen []written
}

// written says how many bytes had been written at a time of CLOCK_MONOTONIC.
type written struct {
	bytes int
	at    time.Duration
}

const (
	// cardBuffer is what the FIFO holds, 85 ms; with less libasound's writer
	// starves.
	cardBuffer = 8192
	cardLook   = 2 * time.Millisecond
)

func newALSACard(dir string) (*alsaCard, error) {
	c := &alsaCard{config: filepath.Join(dir, "asound.conf"), fifo: filepath.Join(dir, "card")}
	if err := unix.Mkfifo(c.fifo, 0o600); err != nil {
		return nil, fmt.Errorf("make FIFO: %w", err)
	}
	text := fmt.Sprintf(`pcm.!default { type plug slave { pcm card format S16_LE rate %d channels 1 } }
pcm.card { type file slave.pcm nothing file %q format "raw" }
pcm.nothing { type null }
ctl.!default { type hw card 0 }
`, firmware.SampleRate, c.fifo)
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write ALSA configuration: %w", err)
	}
	return c, nil
}

// run takes samples until ctx ends.
func (c *alsaCard) run(ctx context.Context) error {
	fd, err := unix.Open(c.fifo, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open FIFO: %w", err)
	}
	defer unix.Close(fd)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, cardBuffer); err != nil {
		return fmt.Errorf("set the FIFO's size: %w", err)
	}
	look := time.NewTicker(cardLook)
	defer look.Stop()
	buf := make([]byte, 4*cardBuffer)
	begun, taken := now(), 0 // samples, as if something had always been there
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		waiting, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
		if err != nil {
			return fmt.Errorf("look into the FIFO: %w", err)
		}
		if total := len(c.pcm) + waiting; len(c.seen) == 0 || c.seen[len(c.seen)-1].bytes < total {
			c.seen = append(c.seen, written{total, now()})
		}
		due := int((now()-begun)*firmware.SampleRate/time.Second) - taken
		taken += due // a card does not catch up on what was not there
		n, err := unix.Read(fd, buf[:min(len(buf), 2*due)])
		if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("read FIFO: %w", err)
		}
		c.pcm = append(c.pcm, buf[:max(0, n)]...)
	}
}

// firstSound is when the first sample after a time that is no silence was
// written, 0 where there is none. Only after run.
func (c *alsaCard) firstSound(after time.Duration) time.Duration {
	for i, w := range c.seen {
		if w.at < after || i == 0 {
			continue
		}
		for _, b := range c.pcm[min(len(c.pcm), c.seen[i-1].bytes):min(len(c.pcm), w.bytes)] {
			if b != 0 {
				return w.at
			}
		}
	}
	return 0
}

// firstWrite is when anything was written first after a time.
func (c *alsaCard) firstWrite(after time.Duration) time.Duration {
	for _, w := range c.seen {
		if w.at >= after {
			return w.at
		}
	}
	return 0
}

// now is CLOCK_MONOTONIC, which all processes share.
func now() time.Duration {
	var t unix.Timespec
	// It cannot fail for a clock that every kernel has.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
