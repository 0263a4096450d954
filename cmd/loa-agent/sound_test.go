package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"loa/central/broker"
	"loa/controller"
	"loa/controller/link"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

// alerted is a central that raises one alert as soon as the board is there.
func alerted(t *testing.T) (*broker.Broker, *broker.Authority) {
	t.Helper()
	raised := time.Now().UTC()
	alert, err := protocol.Encode(sealed(t, protocol.KindAlert, protocol.Alert{
		Version: protocol.Version, ID: "a-1", Sequence: 1, Audience: []string{"03388"}, Issued: raised, Expires: raised.Add(time.Hour),
		Announcement: protocol.Announcement{
			Hazard: "flood", Siren: protocol.Siren{Blasts: 1, Seconds: 20}, Phrase: "flood",
			Messages: []protocol.Message{{Language: "vi", Text: "Lũ"}}, Repetitions: 3,
		},
	}, "captain"))
	must(t, err)
	authority := anAuthority(t)
	config, err := authority.ServerTLS([]string{"127.0.0.1"}, func(string, *x509.Certificate) error { return nil })
	must(t, err)
	var b *broker.Broker
	b, err = broker.New(broker.Options{
		Addr: "127.0.0.1:0", TLS: config, AreasOf: func(string) []string { return []string{"03388"} },
		Deliver: func(cluster string, lane protocol.Lane, _ []byte) {
			if lane != protocol.LaneHello {
				return
			}
			if err := b.ToCluster(cluster, protocol.LaneAlert, alert); err != nil {
				t.Errorf("send the alert: %v", err)
			}
		},
		Log: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("broker: %v", err)
		}
	})
	return b, authority
}

// card is a sound card that can be pulled out: a FIFO that ALSA's file plugin
// writes to, read at the rate of a card.
type card struct {
	fifo string
	pipe *os.File
	quit chan struct{}
	over chan struct{}

	mu   sync.Mutex
	loud int // samples that were no silence
}

// newCard makes a card that is not there yet the only one that ALSA knows.
func newCard(t *testing.T) *card {
	t.Helper()
	dir := t.TempDir()
	c := &card{fifo: filepath.Join(dir, "fifo")}
	must(t, syscall.Mkfifo(c.fifo, 0o600))
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("ALSA_CONFIG_PATH", write(t, filepath.Join(dir, "asound.conf"), fmt.Appendf(nil, `
		pcm.!default { type plug slave { pcm cap format S16_LE rate %d channels 1 } }
		pcm.cap { type file slave.pcm nullp file %q format "raw" }
		pcm.nullp { type null }
	`, firmware.SampleRate, c.fifo)))
	t.Cleanup(c.unplug)
	return c
}

func (c *card) plug(t *testing.T) {
	t.Helper()
	pipe, err := os.OpenFile(c.fifo, os.O_RDWR|syscall.O_NONBLOCK, 0)
	must(t, err)
	c.pipe, c.quit, c.over = pipe, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.over)
		clock := time.NewTicker(10 * time.Millisecond)
		defer clock.Stop()
		buf := make([]byte, 2*firmware.SampleRate/100)
		for {
			select {
			case <-c.quit:
				return
			case <-clock.C:
			}
			if _, err := io.ReadFull(pipe, buf); err != nil {
				return
			}
			c.mu.Lock()
			for i := 0; i < len(buf); i += 2 {
				if buf[i] != 0 || buf[i+1] != 0 {
					c.loud++
				}
			}
			c.mu.Unlock()
		}
	}()
}

func (c *card) unplug() {
	if c.pipe == nil {
		return
	}
	close(c.quit)
	c.pipe.Close()
	<-c.over
	c.pipe = nil
}

func (c *card) heard() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loud
}

// soundChild is the sound process of this one.
func soundChild(t *testing.T) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[0] != "Z" && f[1] == strconv.Itoa(os.Getpid()) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			must(t, err)
			return pid
		}
	}
	t.Fatal("there is no sound process")
	return 0
}

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	limit := time.Now().Add(time.Minute)
	for !so() {
		if time.Now().After(limit) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// An alert is raised without a sound card, sounds when it comes, and loses it in
// the middle: the agent goes on, the relay is open within a second, and the
// alert sounds again as soon as the card is back.
func TestTheAgentOutlivesItsSoundCard(t *testing.T) {
	c := newCard(t)
	sounds := pi.StartSound(pi.SoundOptions{Output: "main", Command: []string{program, "sound"}})
	defer func() { must(t, sounds.Close()) }()
	var faults struct {
		sync.Mutex
		now string
	}
	go sounds.Watch(t.Context(), func(what string) {
		faults.Lock()
		defer faults.Unlock()
		faults.now = what
	})
	fault := func() string {
		faults.Lock()
		defer faults.Unlock()
		return faults.now
	}
	until(t, "a fault without a card", func() bool { return fault() != "" })

	b, authority := alerted(t)
	key := private("board")
	e := answerOf(t, authority, publicOf(key))
	e.Broker = b.Addr().String()
	config, err := clientTLS(e, key)
	must(t, err)
	kept, err := store.Open(filepath.Join(t.TempDir(), storeFolder))
	must(t, err)
	defer kept.Close()
	board, err := sim.New(sim.Options{Outputs: []sim.Output{{Name: "main", Relays: []string{"amplifier"}, LongestOn: time.Hour}}})
	must(t, err)
	must(t, board.Outputs[0].Speaker.Close())
	board.Outputs[0].Speaker = sounds
	agent, err := controller.New(controller.Options{
		Agent: "test", Key: key, Board: board.Board, Store: kept, Enrolment: &e, TrustClock: true, Log: slog.New(slog.DiscardHandler),
		Link: &link.Options{Cluster: e.Cluster, Broker: e.Broker, Audio: e.Audio, TLS: config, Log: slog.New(slog.DiscardHandler)},
	})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx) }()
	defer func() {
		stop()
		must(t, <-ended)
	}()

	closed := func() bool {
		edges := board.Recorder.Edges()
		return len(edges) > 0 && edges[len(edges)-1].Closed
	}
	until(t, "the alert is said to have failed", func() bool {
		receipts, err := kept.Receipts(1, 100)
		must(t, err)
		return slices.ContainsFunc(receipts, func(r store.SealedReceipt) bool {
			opened, _, err := protocol.OpenReceipt(r.Envelope, publicOf(key))
			must(t, err)
			return opened.Subject == "alert/live/a-1" && opened.Fate == protocol.FateFailed
		})
	})
	if edges := board.Recorder.Edges(); len(edges) > 0 {
		t.Errorf("without a card the relay moved: %v", edges)
	}
	c.plug(t)
	until(t, "the alert sounds", func() bool { return c.heard() > firmware.SampleRate/2 })

	for round, lose := range []func(){
		c.unplug,
		func() { must(t, syscall.Kill(soundChild(t), syscall.SIGSTOP)) },
	} {
		lost := time.Now()
		lose()
		until(t, "the relay opens", func() bool { return !closed() })
		edges := board.Recorder.Edges()
		took := edges[len(edges)-1].At.Sub(lost)
		until(t, "the fault is told", func() bool { return fault() != "" })
		t.Logf("round %d: the relay was open after %v, the fault %q told by %v", round, took, fault(), time.Since(lost))
		if took > time.Second+slack || time.Since(lost) > time.Second+slack {
			t.Errorf("round %d: the relay was open after %v, the fault told by %v", round, took, time.Since(lost))
		}
		before := c.heard()
		if c.pipe == nil {
			c.plug(t)
		}
		until(t, "the alert sounds again", func() bool { return closed() && c.heard() > before+firmware.SampleRate/2 })
		until(t, "the fault is over", func() bool { return fault() == "" })
	}
	select {
	case err := <-ended:
		t.Errorf("the agent ended with %v", err)
		ended <- err
	default:
	}
}

// slack is what a busy machine may add to any time.
const slack = 2 * time.Second
