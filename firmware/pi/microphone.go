package pi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"loa/firmware"
)

// MicrophoneOptions say which sound card hears the horns.
type MicrophoneOptions struct {
	Name   string
	Card   string // ALSA's id of the card, as the names in /proc/asound, or its number
	Device int    // of the card; 0 is the first
	// FullScale is the sound pressure that the converter's largest sample stands
	// for, in pascals: of a microphone that is full at 110 dB SPL (the RMS of a
	// sine) 9. To calibrate it, compare a reading with a sound level meter's.
	FullScale float64
	Noise     float64 // in pascals; see firmware.Sensor
}

// Microphone measures the sound before the horns by a sound card's input, all
// the time. It runs alsa-utils' arecord, and runs it again where it ends, so a
// card that is pulled out costs readings and nothing else.
type Microphone struct {
	o     MicrophoneOptions
	free  func()
	fault fault

	cancel context.CancelFunc
	ended  chan struct{}

	// Of the goroutine that reads.
	next         time.Time // when the next sample was taken
	at           int64     // the cell that is going on
	n            int       // samples of it
	sum, squares float64   // of these
	last         int16
	moved        time.Time // when a sample last differed from the one before

	mu      sync.Mutex
	done    bool
	history history
	process *os.Process // the arecord that listens
	why     error       // arecord's last end
	heard   time.Time   // when it last gave samples
}

const (
	// The card is asked for samples so often, and may keep them so long for a
	// machine that is busy.
	capturePeriod = 20 * time.Millisecond
	captureBuffer = 400 * time.Millisecond
	// deafAfter is how long a microphone that gives no samples counts as well.
	deafAfter = time.Second
)

// inputs holds the inputs that this process listens to: a second arecord would
// find the card busy.
var inputs = struct {
	sync.Mutex
	by map[string]string // names of microphones
}{by: map[string]string{}}

// OpenMicrophone begins to listen. A card that is not there is no error here: it
// is one of Envelope until the card comes.
func OpenMicrophone(o MicrophoneOptions) (*Microphone, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("open microphone %s: %w", o.Name, err)
	}
	place := o.input()
	inputs.Lock()
	defer inputs.Unlock()
	if other := inputs.by[place]; other != "" {
		return nil, fmt.Errorf("open microphone %s: card %s device %d is already used by %s", o.Name, o.Card, o.Device, other)
	}
	inputs.by[place] = "microphone " + o.Name
	ctx, cancel := context.WithCancel(context.Background())
	begun := time.Now()
	m := &Microphone{
		o: o, cancel: cancel, ended: make(chan struct{}),
		history: newHistory(begun), heard: begun,
		free: func() {
			inputs.Lock()
			defer inputs.Unlock()
			delete(inputs.by, place)
		},
	}
	go func() {
		defer close(m.ended)
		keepUp(ctx, nil, m.listen)
	}()
	return m, nil
}

// Check says what is wrong with the options.
func (o MicrophoneOptions) Check() error { return o.check() }

func (o MicrophoneOptions) check() error {
	var f sensorFaults
	f.name(o.Name)
	if !cardName.MatchString(o.Card) {
		f.addf("card %.40q is neither a card's id nor its number", o.Card)
	}
	if o.Device < 0 || o.Device > 31 {
		f.addf("device %d, must be from 0 to 31", o.Device)
	}
	if f.number("full scale", o.FullScale, 0.01, 1000, "Pa") {
		f.noise(o.Noise, o.FullScale, "Pa")
	}
	return errors.Join(f...)
}

// input is ALSA's name of it: with what the card cannot do itself (mono, 48 kHz)
// converted, and never another card.
func (o MicrophoneOptions) input() string {
	return "plughw:CARD=" + o.Card + ",DEV=" + strconv.Itoa(o.Device)
}

// Name is the sensor's name.
func (m *Microphone) Name() string { return m.o.Name }

// Quantity is sound.
func (m *Microphone) Quantity() firmware.Quantity { return firmware.Sound }

// Noise is the most that it reads of nothing.
func (m *Microphone) Noise() float64 { return m.o.Noise }

// Envelope tells what was heard; see firmware.Sensor.
func (m *Microphone) Envelope(ctx context.Context, from time.Time, n int) ([]float64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	fail := func(err error) error { return fmt.Errorf("read microphone %s: %w", m.o.Name, err) }
	switch most := 2 * int(firmware.SensorMemory/firmware.SensorStep); {
	case m.done:
		return nil, fail(firmware.ErrClosed)
	case ctx.Err() != nil:
		return nil, fail(ctx.Err())
	case n < 0 || n > most:
		return nil, fail(fmt.Errorf("%d readings, at most %d", n, most))
	}
	if err := m.trouble(now); err != nil {
		return nil, fail(err)
	}
	return m.history.read(now, from, n), nil
}

// trouble is why the microphone is out of order; with mu held.
func (m *Microphone) trouble(now time.Time) error {
	if deaf := now.Sub(m.heard); m.why == nil && deaf > deafAfter {
		return fmt.Errorf("card %s has given no samples for %v", m.o.Card, deaf.Round(time.Second))
	}
	return m.why
}

// Monitor tells of the microphone's faults.
func (m *Microphone) Monitor() firmware.Monitor { return microphoneMonitor{m} }

type microphoneMonitor struct{ m *Microphone }

func (w microphoneMonitor) Name() string { return "microphone " + w.m.o.Name }

func (w microphoneMonitor) Watch(ctx context.Context, tell func(string)) {
	w.m.fault.watch(ctx, tell)
}

// Close ends the sensor.
func (m *Microphone) Close() error {
	m.mu.Lock()
	first := !m.done
	m.done = true
	m.mu.Unlock()
	m.cancel()
	timeout := time.NewTimer(time.Second)
	defer timeout.Stop()
	select {
	case <-m.ended:
	case <-timeout.C:
		return fmt.Errorf("close microphone %s: arecord does not end", m.o.Name)
	}
	if first {
		m.free()
	}
	return nil
}

// listen runs arecord once, until it ends or is deaf.
func (m *Microphone) listen(ctx context.Context) (well bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var said lastLine
	cmd := exec.CommandContext(ctx, "arecord", "-q", "-D", m.o.input(), "-t", "raw", "-f", "S16_LE", "-c", "1",
		"-r", strconv.Itoa(firmware.SampleRate),
		"--period-time="+strconv.FormatInt(capturePeriod.Microseconds(), 10),
		"--buffer-time="+strconv.FormatInt(captureBuffer.Microseconds(), 10))
	cmd.Stderr = &said
	cmd.WaitDelay = time.Second
	gone := make(chan struct{})
	defer close(gone)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = start(cmd, gone)
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = fmt.Errorf("%w; it is in the package alsa-utils", err)
	}
	if err != nil {
		m.ends(ctx, err)
		return false
	}
	m.mu.Lock()
	m.process = cmd.Process
	m.mu.Unlock()
	deaf := time.AfterFunc(deafAfter, cancel)
	m.next = time.Time{}
	buf := make([]byte, 2*samples(capturePeriod))
	for odd := 0; ; {
		var n int
		if n, err = out.Read(buf[odd:]); err != nil {
			break
		}
		deaf.Reset(deafAfter)
		n += odd
		m.take(time.Now(), buf[:n&^1])
		if odd = n & 1; odd == 1 {
			buf[0] = buf[n-1]
		}
		well = true
	}
	isDeaf := !deaf.Stop()
	err = cmd.Wait()
	switch text := said.String(); {
	case isDeaf:
		err = fmt.Errorf("card %s gave no samples for %v", m.o.Card, deafAfter)
	case text != "":
		err = errors.New(text)
	case err == nil:
		err = errors.New("arecord ended")
	}
	m.ends(ctx, err)
	return well
}

// ends notes why there are no samples any more.
func (m *Microphone) ends(ctx context.Context, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done {
		return
	}
	m.why = fmt.Errorf("listen to card %s: %w", m.o.Card, err)
	m.fault.set(m.why.Error())
}

// take puts samples that were just read into the history.
func (m *Microphone) take(now time.Time, raw []byte) {
	n := len(raw) / 2
	m.keepTime(now, time.Duration(n)*time.Second/firmware.SampleRate)
	for n > 0 {
		if at := m.history.cell(m.next); at > m.at {
			m.finish(now)
			m.at = at
		}
		// As many as belong to the same cell, and one at least.
		left := m.history.begun.Add(time.Duration(m.at+1) * cell).Sub(m.next)
		k := min(n, 1+max(0, samples(left)))
		for i := range k {
			s := int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
			if s != m.last {
				m.last, m.moved = s, now
			}
			v := float64(s)
			m.sum += v
			m.squares += v * v
		}
		m.n += k
		raw, n = raw[2*k:], n-k
		m.next = m.next.Add(time.Duration(k) * time.Second / firmware.SampleRate)
	}
}

// keepTime says when the samples that were just read were taken. The last of
// them was by now, the card's clock is not this machine's, and after a pause
// that is longer than any buffer some were lost.
func (m *Microphone) keepTime(now time.Time, long time.Duration) {
	switch late := now.Sub(m.next.Add(long)); {
	case m.next.IsZero():
		m.next, m.moved = now.Add(-long), now
	case late > 2*captureBuffer:
		m.next = now.Add(-long)
	case late < 0:
		m.next = m.next.Add(late)
	default:
		m.next = m.next.Add(late / 256)
	}
}

// finish puts the cell that is over into the history. What a converter adds
// evenly to every sample is no sound.
func (m *Microphone) finish(now time.Time) {
	square := blank
	if m.n >= samples(cell)/2 {
		mean := m.sum / float64(m.n)
		scale := m.o.FullScale / -math.MinInt16
		square = max(0, m.squares/float64(m.n)-mean*mean) * scale * scale
	}
	m.n, m.sum, m.squares = 0, 0, 0
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at >= m.history.over {
		m.history.put(m.at, square)
	}
	m.heard, m.why = now, nil
	if quiet := now.Sub(m.moved); quiet > defaultStill {
		m.why = fmt.Errorf("stuck: card %s has given one and the same sample for more than %v: is capture switched off?", m.o.Card, defaultStill)
	}
	if m.why != nil {
		m.fault.set(m.why.Error())
		return
	}
	m.fault.set("")
}
