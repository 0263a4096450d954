package boardtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"loa/firmware"
)

func heardWhole(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	want := noise(1, 700*time.Millisecond)
	for part := range slices.Chunk(want, 960) { // as a player writes: 20 ms at a time
		write(t, s, part)
	}
	drain(t, s)
	wantHeard(t, p, want)
}

func writePaces(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	const long = 1500 * time.Millisecond
	begin := time.Now()
	write(t, s, noise(2, long))
	took := time.Since(begin)
	if least := long - p.Ahead; took < least || took > long+p.Slack {
		t.Errorf("Write of %v took %v, want %v to %v", long, took, least, long+p.Slack)
	}
	// On a busy machine the rest may be out before anybody looks.
	n, looked := s.Buffered(), time.Since(begin)
	if most := samples(p.Ahead); n > most || n == 0 && looked < long {
		t.Errorf("%d samples are buffered %v after the beginning, want 1 to %d", n, looked, most)
	}
	drain(t, s)
	if total := time.Since(begin); total < long || total > long+p.Ahead+p.Slack {
		t.Errorf("Write and Drain of %v took %v", long, total)
	}
}

func writeCancelledBefore(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Write(ctx, noise(3, 10*time.Millisecond)); !errors.Is(err, context.Canceled) {
		t.Errorf("Write with a cancelled context = %v, want context.Canceled", err)
	}
	if n := s.Buffered(); n != 0 {
		t.Errorf("%d samples were queued all the same", n)
	}
}

func writeCancelled(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	const after = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	begin := time.Now()
	err := s.Write(ctx, noise(4, 5*time.Second))
	took := time.Since(begin)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("blocked Write = %v, want context.DeadlineExceeded", err)
	}
	if took < after || took > after+p.Slack {
		t.Errorf("Write returned %v after its context ended", took-after)
	}
	// The next one is not behind what the cancelled one did not queue.
	s.Discard()
	want := noise(5, 300*time.Millisecond)
	write(t, s, want)
	drain(t, s)
	wantHeard(t, p, want)
}

func drainWaits(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	begin := time.Now()
	drain(t, s)
	if took := time.Since(begin); took > p.Slack {
		t.Errorf("Drain of an empty speaker took %v", took)
	}

	want := noise(6, 80*time.Millisecond) // less than any buffer: Write does not wait
	begin = time.Now()
	write(t, s, want)
	drain(t, s)
	if took := time.Since(begin); took < 80*time.Millisecond {
		t.Errorf("Write and Drain of 80 ms took %v", took)
	}
	if n := s.Buffered(); n != 0 {
		t.Errorf("%d samples are buffered after Drain", n)
	}
	wantHeard(t, p, want)
}

func drainCancelled(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	write(t, s, noise(7, 80*time.Millisecond))
	const after = 10 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	begin := time.Now()
	err := s.Drain(ctx)
	if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > after+p.Slack {
		t.Errorf("Drain = %v after %v, want context.DeadlineExceeded after %v", err, took, after)
	}
}

func discardDrops(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	s.Discard() // of nothing is nothing

	dropped := noise(8, 2*time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := s.Write(ctx, dropped); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Write = %v, want context.DeadlineExceeded", err)
	}
	s.Discard()
	if n, most := s.Buffered(), samples(p.Linger); n > most {
		t.Errorf("%d samples are buffered after Discard, want %d at most", n, most)
	}
	next := noise(9, 200*time.Millisecond)
	write(t, s, next)
	drain(t, s)
	heard := wantHeard(t, p, next)
	// Of the first sound only what left until Discard, and what the device
	// could not give back, is heard before the second.
	if most := samples(300*time.Millisecond + p.Linger + p.Slack); loud(heard) > most+len(next) {
		t.Errorf("%d samples sounded, want %d at most: Discard did not drop the rest", loud(heard), most+len(next))
	}
}

func soundAfterClose(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close speaker: %v", err)
		}
	}
	if err := s.Write(t.Context(), noise(10, 10*time.Millisecond)); !errors.Is(err, firmware.ErrClosed) {
		t.Errorf("Write after Close = %v, want ErrClosed", err)
	}
	if err := s.Drain(t.Context()); !errors.Is(err, firmware.ErrClosed) {
		t.Errorf("Drain after Close = %v, want ErrClosed", err)
	}
	s.Discard()
	if n := s.Buffered(); n != 0 {
		t.Errorf("%d samples are buffered after Close", n)
	}
}

func closeEndsWrite(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	result := make(chan error, 1)
	go func() { result <- s.Write(t.Context(), noise(11, 5*time.Second)) }()
	time.Sleep(200 * time.Millisecond) // into the middle of the sound
	begin := time.Now()
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-result; !errors.Is(err, firmware.ErrClosed) {
		t.Errorf("blocked Write = %v, want ErrClosed", err)
	}
	if took := time.Since(begin); took > p.Slack {
		t.Errorf("Write returned %v after Close", took)
	}
}

func speakerLost(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	result := make(chan error, 1)
	go func() { result <- s.Write(t.Context(), noise(12, 5*time.Second)) }()
	time.Sleep(200 * time.Millisecond) // into the middle of the sound
	p.LoseSpeaker()
	if err := <-result; err == nil {
		t.Error("Write on a lost device returned nil")
	}
	if err := s.Write(t.Context(), noise(13, 500*time.Millisecond)); err == nil {
		t.Error("the next Write returned nil although the device is still lost")
	}
	p.RestoreSpeaker()
	want := noise(14, 200*time.Millisecond)
	write(t, s, want)
	drain(t, s)
	wantHeard(t, p, want)
}

func speakerHung(t *testing.T, b firmware.Board, p Probe) {
	s := b.Outputs[0].Speaker
	write(t, s, noise(15, 300*time.Millisecond))
	p.HangSpeaker()
	const after = 500 * time.Millisecond
	for name, call := range map[string]func(context.Context) error{
		"Write": func(ctx context.Context) error { return s.Write(ctx, noise(16, 5*time.Second)) },
		"Drain": s.Drain,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		begin := time.Now()
		err := call(ctx)
		cancel()
		if took := time.Since(begin); err == nil || took > after+p.Slack {
			t.Errorf("%s on a hung device = %v after %v, want an error after %v at most", name, err, took, after)
		}
	}
	s.Discard()
	p.RestoreSpeaker()
	want := noise(17, 200*time.Millisecond)
	write(t, s, want)
	drain(t, s)
	wantHeard(t, p, want)
}

// noise makes samples that are never 0 and, with another seed, never alike.
func noise(seed uint64, long time.Duration) []int16 {
	r := rand.New(rand.NewPCG(seed, 0))
	pcm := make([]int16, samples(long))
	for i := range pcm {
		pcm[i] = int16(1 + r.IntN(20000))
		if r.IntN(2) == 0 {
			pcm[i] = -pcm[i]
		}
	}
	return pcm
}

func samples(d time.Duration) int { return int(d * firmware.SampleRate / time.Second) }

func loud(pcm []int16) (n int) {
	for _, v := range pcm {
		if v != 0 {
			n++
		}
	}
	return n
}

func write(t *testing.T, s firmware.Speaker, pcm []int16) {
	t.Helper()
	if err := s.Write(t.Context(), pcm); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func drain(t *testing.T, s firmware.Speaker) {
	t.Helper()
	if err := s.Drain(t.Context()); err != nil {
		t.Fatalf("Drain: %v", err)
	}
}

// wantHeard asserts that want sounded once, without a gap, and that nothing but
// silence followed. It returns all that was heard. The slack is for whatever
// carries the sound from the device to the probe.
func wantHeard(t *testing.T, p Probe, want []int16) []int16 {
	t.Helper()
	heard := p.Heard()
	at := find(heard, want)
	for begin := time.Now(); at < 0 && time.Since(begin) < p.Slack; at = find(heard, want) {
		time.Sleep(p.Slack / 10)
		heard = p.Heard()
	}
	if at < 0 {
		t.Fatalf("the %d samples written were not heard as one run (%d of the samples heard are not silence)", len(want), loud(heard))
	}
	if rest := loud(heard[at+len(want):]); rest > 0 {
		t.Errorf("%d samples sounded after the last that was written", rest)
	}
	return heard
}

func find(in, run []int16) int {
	for i := range len(in) - len(run) + 1 {
		if slices.Equal(in[i:i+len(run)], run) {
			return i
		}
	}
	return -1
}
