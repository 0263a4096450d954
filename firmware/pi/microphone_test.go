package pi_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"loa/firmware"
	"loa/firmware/pi"
)

// loudspeaker is what a microphone hears: a tone of an amplitude, in real time, from
// a FIFO that ALSA's file plugin reads in place of a card.
type loudspeaker struct {
	pipe      *os.File
	amplitude chan float64
	quit      chan struct{}
	ended     chan struct{}
}

// newLoudspeaker lets ALSA know one card, "horn".
func newLoudspeaker(t *testing.T) *loudspeaker {
	t.Helper()
	dir := t.TempDir()
	fifo, conf := filepath.Join(dir, "fifo"), filepath.Join(dir, "asound.conf")
	must(t, unix.Mkfifo(fifo, 0o600))
	must(t, os.WriteFile(conf, fmt.Appendf(nil, `
		pcm.plughw {
			@args [ CARD DEV ]
			@args.CARD { type string }
			@args.DEV { type integer }
			type plug
			slave { pcm { @func concat strings [ "card_" $CARD ] } format S16_LE rate %d channels 1 }
		}
		pcm.card_horn { type file slave.pcm nullp file "/dev/null" infile %q format "raw" }
		pcm.nullp { type null }
	`, firmware.SampleRate, fifo), 0o600))
	t.Setenv("ALSA_CONFIG_PATH", conf)
	pipe, err := os.OpenFile(fifo, os.O_RDWR, 0)
	must(t, err)
	h := &loudspeaker{pipe: pipe, amplitude: make(chan float64), quit: make(chan struct{}), ended: make(chan struct{})}
	go h.sound()
	t.Cleanup(func() {
		close(h.quit)
		<-h.ended
		must(t, pipe.Close())
	})
	return h
}

// sound writes twenty milliseconds of samples every twenty milliseconds: the file
// plugin fills with silence what it does not get of a period at once.
func (h *loudspeaker) sound() {
	defer close(h.ended)
	const period = 20 * time.Millisecond
	clock := time.NewTicker(period)
	defer clock.Stop()
	amplitude, at := 0.0, 0
	pcm := make([]int16, samples(period))
	for {
		select {
		case <-h.quit:
			return
		case amplitude = <-h.amplitude:
		case <-clock.C:
			for i := range pcm {
				pcm[i] = int16(amplitude*math.Sin(2*math.Pi*1000*float64(at)/firmware.SampleRate)) + int16(at%2)
				at++
			}
			var buf [2 * 960]byte
			if _, err := binary.Encode(buf[:], binary.LittleEndian, pcm); err != nil {
				return
			}
			// What arecord does not take is lost, as with a card.
			_ = h.pipe.SetWriteDeadline(time.Now().Add(period))
			_, _ = h.pipe.Write(buf[:])
		}
	}
}

func openMicrophone(t *testing.T, card string) *pi.Microphone {
	t.Helper()
	m, err := pi.OpenMicrophone(pi.MicrophoneOptions{Name: "horns", Card: card, FullScale: 10, Noise: 0.1})
	must(t, err)
	t.Cleanup(func() { must(t, m.Close()) })
	return m
}

// listening waits until a microphone measures.
func listening(t *testing.T, m *pi.Microphone) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); time.Sleep(tick) {
		got, err := m.Envelope(t.Context(), time.Now().Add(-2*firmware.SensorStep), 1)
		if err == nil && !math.IsNaN(got[0]) {
			return
		}
	}
	t.Fatal("nothing is measured")
}

// reading waits for the reading of a step.
func reading(t *testing.T, s firmware.Sensor, from time.Time) float64 {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); time.Sleep(tick) {
		got, err := s.Envelope(t.Context(), from, 1)
		if err == nil && !math.IsNaN(got[0]) {
			return got[0]
		}
	}
	t.Fatalf("the step from %v was never measured", from)
	return 0
}

func TestMicrophoneMeasuresInPascals(t *testing.T) {
	h := newLoudspeaker(t)
	m := openMicrophone(t, "horn")
	if m.Name() != "horns" || m.Quantity() != firmware.Sound || m.Noise() != 0.1 {
		t.Errorf("%s measures %s with a noise of %g", m.Name(), m.Quantity(), m.Noise())
	}
	listening(t, m)
	if got := reading(t, m, time.Now()); got > m.Noise() {
		t.Errorf("%g Pa of nothing", got)
	}
	h.amplitude <- 16384
	loud := time.Now().Add(500 * time.Millisecond)
	if got, want := reading(t, m, loud), 5/math.Sqrt2; math.Abs(got-want) > want/100 {
		t.Errorf("half of full scale reads %g Pa, want %g", got, want)
	}
	h.amplitude <- 0
	quiet := time.Now().Add(500 * time.Millisecond)
	if got := reading(t, m, quiet); got > m.Noise() {
		t.Errorf("%g Pa of nothing afterwards", got)
	}
	if got, again := reading(t, m, loud), reading(t, m, loud); got != again || got < 1 {
		t.Errorf("what is past reads %g and %g Pa", got, again)
	}
}

func TestMicrophoneListensAgain(t *testing.T) {
	h := newLoudspeaker(t)
	m := openMicrophone(t, "horn")
	told := make(chan string, 100)
	go m.Monitor().Watch(t.Context(), func(what string) { told <- what })
	listening(t, m)

	must(t, pi.KillRecorder(m))
	lost := time.Now()
	what := next(t, told)
	if took := time.Since(lost); what == "" || took > time.Second+slack {
		t.Errorf("told %q after %v", what, took)
	}
	if what = next(t, told); what != "" {
		t.Errorf("told %q, want that it is well again", what)
	}
	h.amplitude <- 16384
	if got := reading(t, m, time.Now().Add(500*time.Millisecond)); got < 3 {
		t.Errorf("%g Pa afterwards", got)
	}
	if m.Monitor().Name() != "microphone horns" {
		t.Errorf("its faults are of %s", m.Monitor().Name())
	}
}

func TestMicrophoneWithoutACardSaysWhy(t *testing.T) {
	newLoudspeaker(t)
	m := openMicrophone(t, "absent")
	told := make(chan string, 100)
	go m.Monitor().Watch(t.Context(), func(what string) { told <- what })
	if what := next(t, told); !strings.Contains(what, "card absent") {
		t.Errorf("told %q", what)
	}
	if _, err := m.Envelope(t.Context(), time.Now(), 1); err == nil || !strings.Contains(err.Error(), "card absent") {
		t.Errorf("Envelope = %v", err)
	}
	if _, err := pi.OpenMicrophone(pi.MicrophoneOptions{Name: "second", Card: "absent", FullScale: 10, Noise: 0.1}); err == nil || !strings.Contains(err.Error(), "horns") {
		t.Errorf("a second microphone on the same card = %v", err)
	}
	must(t, m.Close())
	if _, err := m.Envelope(t.Context(), time.Now(), 1); !errors.Is(err, firmware.ErrClosed) {
		t.Errorf("Envelope after Close = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m = openMicrophone(t, "absent") // the card is free again
	if _, err := m.Envelope(ctx, time.Now(), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Envelope = %v, want context.Canceled", err)
	}
}

func TestMicrophoneThatHangsSaysWhy(t *testing.T) {
	newLoudspeaker(t)
	m := openMicrophone(t, "horn")
	told := make(chan string, 100)
	go m.Monitor().Watch(t.Context(), func(what string) { told <- what })
	listening(t, m)
	must(t, pi.StopRecorder(m))
	stopped := time.Now()
	if what := next(t, told); !strings.Contains(what, "no samples") {
		t.Errorf("told %q", what)
	}
	if took := time.Since(stopped); took > time.Second+slack {
		t.Errorf("told after %v", took)
	}
}

func TestMicrophoneOptions(t *testing.T) {
	good := pi.MicrophoneOptions{Name: "horns", Card: "Device", FullScale: 10, Noise: 0.1}
	for want, change := range map[string]func(*pi.MicrophoneOptions){
		"no name":    func(o *pi.MicrophoneOptions) { o.Name = "" },
		"card":       func(o *pi.MicrophoneOptions) { o.Card = "Device,DEV=0" },
		"device 32":  func(o *pi.MicrophoneOptions) { o.Device = 32 },
		"full scale": func(o *pi.MicrophoneOptions) { o.FullScale = math.NaN() },
		"noise":      func(o *pi.MicrophoneOptions) { o.Noise = 10 },
	} {
		o := good
		change(&o)
		if _, err := pi.OpenMicrophone(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// next is the next thing that is told.
func next(t *testing.T, told <-chan string) string {
	t.Helper()
	select {
	case what := <-told:
		return what
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was told")
		return ""
	}
}
