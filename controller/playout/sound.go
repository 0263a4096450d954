package playout

import (
	"io"
	"math"
)

// sound is a finite run of samples that can begin anywhere.
type sound interface {
	length() int64                 // in samples
	seek(sample int64) error       // the next one to be read
	read(pcm []int16) (int, error) // fills pcm; io.EOF after the last sample
}

// formula is a sound that is computed sample by sample.
type formula struct {
	n, at  int64
	sample func(i int64) int16
}

func (f *formula) length() int64 { return f.n }

func (f *formula) seek(sample int64) error {
	f.at = min(max(sample, 0), f.n)
	return nil
}

func (f *formula) read(pcm []int16) (int, error) {
	if f.at == f.n && len(pcm) > 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(pcm)), f.n-f.at))
	for i := range pcm[:n] {
		pcm[i] = f.sample(f.at + int64(i))
	}
	f.at += int64(n)
	return n, nil
}

// silence is n samples of nothing.
func silence(n int64) sound {
	return &formula{n: n, sample: func(int64) int16 { return 0 }}
}

// fadeIn raises pcm from nothing to full level over whole samples, of which
// pcm begins with number at. fadeOut is its mirror: at counts from the fade's
// beginning.
func fadeIn(pcm []int16, at, whole int64) {
	for i := range pcm {
		if k := at + int64(i); k < whole {
			pcm[i] = int16(int64(pcm[i]) * k / whole)
		}
	}
}

// soften multiplies samples, to the nearest; a factor up to 1 clips none.
func soften(pcm []int16, factor float64) {
	for i, v := range pcm {
		pcm[i] = int16(math.Round(float64(v) * factor))
	}
}

func fadeOut(pcm []int16) {
	whole := int64(len(pcm))
	for i := range pcm {
		pcm[i] = int16(int64(pcm[i]) * (whole - 1 - int64(i)) / whole)
	}
}
