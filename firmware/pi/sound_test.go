package pi_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"loa/firmware"
)

// The real libasound is tested without a sound card: its file plugin writes
// what is played to a FIFO, which a test reads at the rate of a card. A pipe of
// 8 KB is that card's buffer, 85 ms.
const (
	pipeBytes = 8192
	pipeTime  = pipeBytes / 2 * time.Second / firmware.SampleRate
)

const (
	childEnv = "LOA_TEST_SOUND_CHILD"
	fifoEnv  = "LOA_TEST_SOUND_FIFO"
)

// inChild tells whether this is the child process that a sound test runs in,
// because a process opens its sound device only once and reads ALSA's
// configuration at its start. In the parent it runs that child and fails the
// test where the child failed.
func inChild(t *testing.T) bool {
	t.Helper()
	if os.Getenv(childEnv) == t.Name() {
		return true
	}
	dir := t.TempDir()
	fifo, conf := filepath.Join(dir, "fifo"), filepath.Join(dir, "asound.conf")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
		pcm.!default { type plug slave { pcm cap format S16_LE rate %d channels 1 } }
		pcm.cap { type file slave.pcm nullp file %q format "raw" }
		pcm.nullp { type null }
	`, firmware.SampleRate, fifo)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=120s")
	cmd.Env = append(os.Environ(),
		childEnv+"="+t.Name(), fifoEnv+"="+fifo,
		"ALSA_CONFIG_PATH="+conf, "XDG_RUNTIME_DIR="+dir)
	out, err := runUrgently(cmd)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("child: %v\n%s", err, out)
	} else {
		t.Logf("child:\n%s", out)
	}
	return false
}

// runUrgently runs a process before others of this machine, where that is
// allowed: sound in real time is what it tests, not how busy the machine is.
func runUrgently(cmd *exec.Cmd) (output []byte, err error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// Only root may; without it the test is as good as the machine is idle.
	_ = unix.Setpriority(unix.PRIO_PGRP, cmd.Process.Pid, -10)
	err = cmd.Wait()
	return out.Bytes(), err
}

// card reads the FIFO as a sound card would: ten milliseconds of samples every
// ten milliseconds, and never faster to make up for lost time.
type card struct {
	socket *os.File // where the card is plugged in
	pipe   *os.File
	done   chan struct{}

	mu      sync.Mutex
	running *sync.Cond
	held    bool
	pcm     []int16
	read    []time.Time // when each ten milliseconds of pcm were over
}

const tick = 10 * time.Millisecond

func newCard(t *testing.T) *card {
	t.Helper()
	c := &card{}
	c.running = sync.NewCond(&c.mu)
	c.plug(t)
	t.Cleanup(func() {
		c.unplug()
		c.socket.Close()
	})
	return c
}

// plug lets the card be there.
func (c *card) plug(t *testing.T) {
	t.Helper()
	// Open for writing too, so that there is no end of file before the device
	// is open.
	pipe, err := os.OpenFile(os.Getenv(fifoEnv), os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := pipe.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if c.socket == nil {
		// A FIFO that anything holds open keeps its size.
		if c.socket, err = os.OpenFile(os.Getenv(fifoEnv), os.O_WRONLY|unix.O_NONBLOCK, 0); err != nil {
			t.Fatal(err)
		}
	}
	var size int
	err = errors.Join(raw.Control(func(fd uintptr) {
		size, err = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeBytes)
	}), err)
	if err != nil || size != pipeBytes {
		t.Fatalf("set pipe size: %d, %v", size, err)
	}
	c.pipe, c.done = pipe, make(chan struct{})
	go c.run(pipe, c.done)
}

func (c *card) run(pipe io.Reader, done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 2*samples(tick))
	pcm := make([]int16, samples(tick))
	due := time.Now()
	for {
		if _, err := io.ReadFull(pipe, buf); err != nil {
			return
		}
		if _, err := binary.Decode(buf, binary.LittleEndian, pcm); err != nil {
			return
		}
		due = due.Add(tick)
		if now := time.Now(); due.Before(now.Add(-tick / 2)) {
			due = now
		}
		time.Sleep(time.Until(due))
		c.mu.Lock()
		for c.held {
			c.running.Wait()
		}
		c.pcm = append(c.pcm, pcm...)
		c.read = append(c.read, time.Now())
		c.mu.Unlock()
	}
}

// heard is what was played until now.
func (c *card) heard() []int16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.pcm)
}

// find waits until all of pcm was played, as one run, and returns where in
// heard it begins; -1 when that does not happen within a second.
func (c *card) find(pcm []int16) int {
	for begin := time.Now(); ; time.Sleep(tick) {
		heard := c.heard()
		for i := range len(heard) - len(pcm) + 1 {
			if slices.Equal(heard[i:i+len(pcm)], pcm) {
				return i
			}
		}
		if time.Since(begin) > time.Second {
			return -1
		}
	}
}

// begins is where in heard a sound begins that is still on air; -1 before it does.
func (c *card) begins(pcm []int16) int {
	heard, start := c.heard(), pcm[:100]
	for i := range len(heard) - len(start) + 1 {
		if slices.Equal(heard[i:i+len(start)], start) {
			return i
		}
	}
	return -1
}

// when tells when a sample was over.
func (c *card) when(sample int) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read[sample/samples(tick)]
}

// stalled is how much time the card has lost between then and a sample.
func (c *card) stalled(since time.Time, sample int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := sample / samples(tick)
	first := last
	for first > 0 && c.read[first].After(since) {
		first--
	}
	return max(0, c.read[last].Sub(c.read[first])-time.Duration(last-first)*tick)
}

// hold makes the card take no more samples, or go on.
func (c *card) hold(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
	c.running.Broadcast()
}

// unplug takes the card away.
func (c *card) unplug() {
	c.hold(false)
	c.pipe.Close() // twice is an error that does not matter
	<-c.done
}

// isUnplugged tells whether the card was taken away.
func (c *card) isUnplugged() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func samples(d time.Duration) int { return int(d * firmware.SampleRate / time.Second) }
