package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
)

// decode gives a file's samples by ffmpeg, mono at 48 kHz. Opus is decoded by
// libopus: ffmpeg's own decoder differs from it.
func decode(path string, opus bool) ([]int16, error) {
	args := []string{"-nostdin", "-v", "error"}
	if opus {
		args = append(args, "-c:a", "libopus")
	}
	args = append(args, "-i", path, "-ac", "1", "-ar", fmt.Sprint(rate), "-f", "s16le", "-")
	var out, errs bytes.Buffer
	cmd := exec.Command("ffmpeg", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("decode %s: %w: %s", path, err, errs.String())
	}
	pcm := make([]int16, out.Len()/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(out.Bytes()[2*i:]))
	}
	return pcm, nil
}

// rms is a level from 0 to 1.
func rms(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum/float64(len(pcm))) / 32768
}

func decibels(level float64) float64 { return 20 * math.Log10(max(level, 1e-6)) }

// correlation is the normalised cross-correlation of two stretches of the same
// length, from -1 to 1; 0 where one is silent.
func correlation(a, b []int16) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

const coarse = 8 // the first search looks at every so many samples' mean

func thin(pcm []int16) []int16 {
	out := make([]int16, len(pcm)/coarse)
	for i := range out {
		sum := 0
		for _, s := range pcm[i*coarse : (i+1)*coarse] {
			sum += int(s)
		}
		out[i] = int16(sum / coarse)
	}
	return out
}

// find looks for a stretch in a recording and returns where it begins and how
// well it matches there.
func find(stretch, in []int16) (at int, match float64) {
	if len(in) < len(stretch) {
		return 0, 0
	}
	small, where := thin(stretch), thin(in)
	best := 0
	for i := 0; i+len(small) <= len(where); i++ {
		if c := correlation(small, where[i:i+len(small)]); c > match {
			best, match = i*coarse, c
		}
	}
	match = 0
	for i := max(0, best-2*coarse); i <= best+2*coarse && i+len(stretch) <= len(in); i++ {
		if c := correlation(stretch, in[i:i+len(stretch)]); c > match {
			at, match = i, c
		}
	}
	return at, match
}

const (
	segment   = rate / 2 // what is compared at a time
	floorRMS  = 0.003    // -50 dBFS: a segment below it says nothing
	leastLike = 0.98
)

// matched is how a recording of a file compares with the file.
type matched struct {
	offset   int // the file's first sample stands at this index of the recording
	segments int // that were compared
	worst    float64
	level    float64 // dB, the recording's over the file's
}

// match compares file[from:to] with a recording, segment by segment: one offset
// for all of them, none left out but those that are silent in the file.
func match(file []int16, from, to int, recording []int16) (matched, error) {
	loud := -1
	for i := from; i+segment <= to; i += segment {
		if rms(file[i:i+segment]) > 4*floorRMS {
			loud = i
			break
		}
	}
	if loud < 0 {
		return matched{}, fmt.Errorf("no loud half second between %d and %d", from, to)
	}
	at, like := find(file[loud:loud+segment], recording)
	m := matched{offset: at - loud, worst: 1}
	if like < leastLike {
		return m, fmt.Errorf("the file is not in the recording: best match %.3f", like)
	}
	var fileSum, heardSum float64
	for i := from; i+segment <= to; i += segment {
		begin := m.offset + i
		if begin < 0 || begin+segment > len(recording) {
			return m, fmt.Errorf("the recording ends before %.1f s of the file", float64(i)/rate)
		}
		want, heard := file[i:i+segment], recording[begin:begin+segment]
		if rms(want) < floorRMS {
			continue
		}
		m.segments++
		if c := correlation(want, heard); c < m.worst {
			m.worst = c
		}
		if m.worst < leastLike {
			return m, fmt.Errorf("at %.1f s of the file the match is %.3f", float64(i)/rate, m.worst)
		}
		fileSum, heardSum = fileSum+rms(want), heardSum+rms(heard)
	}
	m.level = decibels(heardSum) - decibels(fileSum)
	if math.Abs(m.level) > 1 {
		return m, fmt.Errorf("the level differs from the file's by %.1f dB", m.level)
	}
	return m, nil
}

// envelope is the RMS of every 100 ms.
func envelope(pcm []int16) []float64 {
	const frame = rate / 10
	out := make([]float64, len(pcm)/frame)
	for i := range out {
		out[i] = rms(pcm[i*frame : (i+1)*frame])
	}
	return out
}

// pearson is the correlation of two series, and spread is the standard
// deviation of their ratio in dB where both are loud: a constant gain has none.
func pearson(a, b []float64) (r, spread float64) {
	n := min(len(a), len(b))
	mean := func(v []float64) float64 {
		var sum float64
		for _, x := range v[:n] {
			sum += x
		}
		return sum / float64(n)
	}
	ma, mb := mean(a), mean(b)
	var ab, aa, bb float64
	var ratios []float64
	for i := range n {
		x, y := a[i]-ma, b[i]-mb
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		if a[i] > 0.02 && b[i] > 0.02 {
			ratios = append(ratios, decibels(b[i])-decibels(a[i]))
		}
	}
	var sum, squares float64
	for _, d := range ratios {
		sum, squares = sum+d, squares+d*d
	}
	if k := float64(len(ratios)); k > 0 {
		spread = math.Sqrt(max(0, squares/k-(sum/k)*(sum/k)))
	}
	if aa == 0 || bb == 0 {
		return 0, spread
	}
	return ab / math.Sqrt(aa*bb), spread
}

// loudFrom is the index of the first sample above a floor, or -1.
func loudFrom(pcm []int16) int {
	for i, s := range pcm {
		if s > 16 || s < -16 {
			return i
		}
	}
	return -1
}

// loudTo is the index behind the last sample above a floor.
func loudTo(pcm []int16) int {
	for i := len(pcm); i > 0; i-- {
		if s := pcm[i-1]; s > 16 || s < -16 {
			return i
		}
	}
	return 0
}

// siren says where in a recording a siren begins: a second that is loud in
// every tenth and has a clear pitch in nearly all of them, which speech has
// not. It returns -1 where there is none.
func siren(pcm []int16) int {
	const frame = rate / 10
	run := 0
	for i := 0; i+frame <= len(pcm); i += frame {
		if f := pcm[i : i+frame]; rms(f) > 0.1 && pitched(f) {
			run++
		} else {
			run = 0
		}
		if run == 10 {
			begin := i - 9*frame
			back := max(0, begin-frame)
			for j := begin; j > back; j -= 48 {
				if rms(pcm[j-48:j]) < 0.02 {
					return j
				}
			}
			return begin
		}
	}
	return -1
}

// pitched reports whether 20 ms in the middle repeat themselves with a period
// of 200 to 2,000 Hz.
func pitched(f []int16) bool {
	mid := f[len(f)/4:]
	const window = rate / 50
	for lag := rate / 2000; lag <= rate/200; lag++ {
		if correlation(mid[:window], mid[lag:lag+window]) > 0.9 {
			return true
		}
	}
	return false
}
