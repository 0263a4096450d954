package playout

import "time"

// Remember gives access to what an output remembers of what it sent: it takes
// samples, tells the levels of n steps, and how many steps it keeps.
func Remember(begun time.Time) (add func(time.Time, []int16), levels func(time.Time, int64) []float64, kept func() int) {
	var s sent
	s.begin(begun)
	return s.add, func(from time.Time, n int64) []float64 { return s.levels(s.step(from), n) }, func() int { return len(s.energy) }
}

// OpenRecording opens a file of the station format and returns its length in
// samples and a function that decodes n samples from any position.
func OpenRecording(data []byte) (length int64, decode func(from int64, n int) ([]int16, error), err error) {
	r, err := openRecording(data)
	if err != nil {
		return 0, nil, err
	}
	return r.length(), func(from int64, n int) ([]int16, error) {
		if err := r.seek(from); err != nil {
			return nil, err
		}
		pcm := make([]int16, n)
		k, err := r.read(pcm)
		return pcm[:k], err
	}, nil
}

// OpenCounted opens a sound of n samples under a key and returns how to read
// it. read counts the samples that were computed, opened the sounds made.
func OpenCounted(d *Decoded, key string, n int64, computed, opened *int) (read func(from int64, n int) ([]int16, error), err error) {
	s, err := d.open(key, func() (sound, error) {
		*opened++
		return &formula{n: n, sample: func(i int64) int16 { *computed++; return int16(i * 7) }}, nil
	})
	if err != nil {
		return nil, err
	}
	at := int64(-1)
	return func(from int64, n int) ([]int16, error) {
		if from != at {
			if err := s.seek(from); err != nil {
				return nil, err
			}
		}
		pcm := make([]int16, n)
		k, err := s.read(pcm)
		at = from + int64(k)
		return pcm[:k], err
	}, nil
}
