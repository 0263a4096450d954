package sim

import (
	"slices"
	"sync"
	"time"

	"loa/firmware"
)

// Edge is one movement of a relay's contact.
type Edge struct {
	Relay  string
	Closed bool
	At     time.Time // with its monotonic reading
}

// Block is sound without a gap: sample i left the speaker i/firmware.SampleRate
// seconds after Start.
type Block struct {
	Speaker string
	Start   time.Time // with its monotonic reading
	Samples []int16
}

// End is when the block's last sample was over.
func (b Block) End() time.Time { return b.Start.Add(duration(len(b.Samples))) }

// Recorder keeps what the parts of a board did, in the order of time. Its zero
// value is ready, several boards may share one, and a part without one (nil)
// records nothing.
type Recorder struct {
	mu       sync.Mutex
	deaf     bool
	keep     time.Duration // 0 is everything
	edges    []Edge
	blocks   []Block
	speakers []*Speaker
}

// RecordPCM switches the keeping of samples on (as it is at first) or off.
// Edges are kept either way. A second of sound takes 96 kB.
func (r *Recorder) RecordPCM(on bool) {
	r.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = !on
}

// Keep lets the recorder forget what is older than so long, as new things come:
// for a board that runs for days. Zero keeps everything, as at first.
func (r *Recorder) Keep(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep = d
}

// forget drops what is older than the recorder is to keep.
func (r *Recorder) forget(now time.Time) {
	if r.keep <= 0 {
		return
	}
	old := now.Add(-r.keep)
	r.edges = slices.DeleteFunc(r.edges, func(e Edge) bool { return e.At.Before(old) })
	r.blocks = slices.DeleteFunc(r.blocks, func(b Block) bool { return b.End().Before(old) })
}

// Edges returns every movement of a contact until now.
func (r *Recorder) Edges() []Edge {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.edges)
}

// PCM returns what the speakers have sounded until now, in the order of the
// blocks' beginnings. Samples that were queued and discarded are not in it.
func (r *Recorder) PCM() []Block {
	r.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	blocks := make([]Block, len(r.blocks))
	for i, b := range r.blocks {
		b.Samples = slices.Clone(b.Samples)
		blocks[i] = b
	}
	slices.SortStableFunc(blocks, func(a, b Block) int { return a.Start.Compare(b.Start) })
	return blocks
}

// Clear forgets what was recorded until now.
func (r *Recorder) Clear() {
	r.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.edges, r.blocks = nil, nil
}

// settle lets every speaker hand in what has sounded: a speaker moves only when
// it is looked at.
func (r *Recorder) settle() {
	r.mu.Lock()
	speakers := slices.Clone(r.speakers)
	r.mu.Unlock()
	for _, s := range speakers {
		s.Buffered()
	}
}

func (r *Recorder) attach(s *Speaker) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.speakers = append(r.speakers, s)
}

// detach forgets a closed speaker; what it sounded stays.
func (r *Recorder) detach(s *Speaker) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.speakers = slices.DeleteFunc(r.speakers, func(x *Speaker) bool { return x == s })
}

func (r *Recorder) edge(e Edge) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.edges = append(r.edges, e)
	r.forget(e.At)
}

// sound keeps samples that left the speaker from start on. They join that
// speaker's last block when less than one sample's time lies between.
func (r *Recorder) sound(speaker string, start time.Time, pcm []int16) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deaf || len(pcm) == 0 {
		return
	}
	for i := len(r.blocks) - 1; i >= 0; i-- {
		b := &r.blocks[i]
		if b.Speaker != speaker {
			continue
		}
		if gap := start.Sub(b.End()); gap.Abs() < duration(1) {
			b.Samples = append(b.Samples, pcm...)
			return
		}
		break
	}
	r.blocks = append(r.blocks, Block{Speaker: speaker, Start: start, Samples: slices.Clone(pcm)})
}

// duration is the time that n samples take, rounded up to the nanosecond.
func duration(n int) time.Duration {
	return time.Duration((int64(n)*int64(time.Second) + firmware.SampleRate - 1) / firmware.SampleRate)
}
