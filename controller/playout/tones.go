package playout

import (
	"fmt"
	"math"
	"sync"
	"time"

	"loa/firmware"
)

const (
	// The siren wails between 430 and 970 Hz, where horn loudspeakers are
	// strongest and the ear finds a direction, once in four seconds.
	wailMiddle = 700.0 // Hz
	wailSwing  = 270.0 // Hz
	wailPeriod = 4.0   // seconds
	wailEdge   = 30 * time.Millisecond

	waveSize  = 4096 // samples of the siren's one period
	sirenPeak = 0.95 // of full scale: as loud as the amplifier is set to be
	chimePeak = 0.6

	maxBlasts = 100
	maxBlast  = 5 * time.Minute // length, and gap
)

// fallbackSiren precedes the general phrase where a part of an emergency has
// nothing that can sound.
var fallbackSiren = Siren{Blasts: 3, Length: 5 * time.Second, Gap: time.Second}

// wave is one period of the siren's timbre: a fundamental with strong
// harmonics, driven into saturation so that it is loud as well as rich.
var wave = sync.OnceValue(func() []float64 {
	table := make([]float64, waveSize)
	peak := 0.0
	for i := range table {
		x := 2 * math.Pi * float64(i) / waveSize
		table[i] = math.Tanh(2 * (math.Sin(x) + 0.5*math.Sin(2*x) + 0.35*math.Sin(3*x)))
		peak = max(peak, math.Abs(table[i]))
	}
	for i := range table {
		table[i] *= sirenPeak * math.MaxInt16 / peak
	}
	return table
})

// newSiren sounds a cadence. Any sample can be computed without those before
// it, so a siren is resumed at no cost.
func newSiren(s Siren) (sound, error) {
	if s.Blasts < 1 || s.Blasts > maxBlasts {
		return nil, fmt.Errorf("siren: %d blasts, 1 to %d are possible", s.Blasts, maxBlasts)
	}
	if s.Length <= 0 || s.Length > maxBlast || s.Gap < 0 || s.Gap > maxBlast {
		return nil, fmt.Errorf("siren: blasts of %v with gaps of %v, at most %v is possible", s.Length, s.Gap, maxBlast)
	}
	length, gap, table, phases := samplesOf(s.Length), samplesOf(s.Gap), wave(), wailPhases()
	edge := min(samplesOf(wailEdge), length/2)
	return &formula{
		n: int64(s.Blasts)*(length+gap) - gap,
		sample: func(i int64) int16 {
			i %= length + gap
			if i >= length {
				return 0
			}
			level := 1.0
			if near := min(i, length-1-i); near < edge {
				level = float64(near) / float64(edge)
			}
			return int16(level * table[phases[i%int64(len(phases))]])
		},
	}, nil
}

// wailPhases is where in the wave table every sample of one wail stands: the
// integral of the wail's frequency. A wail is a whole number of waves, so the
// next one goes on where it ends. Worked out once, when a player is made: a small
// board has better to do while its relays close.
var wailPhases = sync.OnceValue(func() []uint16 {
	phases := make([]uint16, int(wailPeriod*firmware.SampleRate))
	for i := range phases {
		t := float64(i) / firmware.SampleRate
		turns := wailMiddle*t - wailSwing*wailPeriod/(2*math.Pi)*math.Sin(2*math.Pi*t/wailPeriod)
		phases[i] = uint16((turns-math.Floor(turns))*waveSize) % waveSize
	}
	return phases
})

// chimeNotes rise over a C major chord, each struck while the one before rings.
var chimeNotes = []float64{523.25, 659.26, 783.99, 1046.5} // Hz

var chimePCM = sync.OnceValue(func() []int16 {
	const (
		step = firmware.SampleRate * 45 / 100
		ring = firmware.SampleRate * 16 / 10
	)
	mix := make([]float64, (len(chimeNotes)-1)*step+ring)
	for k, hz := range chimeNotes {
		note := mix[k*step:]
		for i := range note[:min(len(note), ring)] {
			t := float64(i) / firmware.SampleRate
			x := 2 * math.Pi * hz * t
			bell := math.Sin(x)*math.Exp(-3*t) + 0.4*math.Sin(2*x)*math.Exp(-5*t) + 0.15*math.Sin(3*x)*math.Exp(-8*t)
			attack := min(1, t/0.004)
			release := min(1, float64(ring-i)/(firmware.SampleRate/10))
			note[i] += bell * attack * release
		}
	}
	peak := 0.0
	for _, x := range mix {
		peak = max(peak, math.Abs(x))
	}
	pcm := make([]int16, len(mix))
	for i, x := range mix {
		pcm[i] = int16(x / peak * chimePeak * math.MaxInt16)
	}
	return pcm
})

func newChime() sound {
	pcm := chimePCM()
	return &formula{n: int64(len(pcm)), sample: func(i int64) int16 { return pcm[i] }}
}
