package pi

import (
	"math"
	"time"

	"loa/firmware"
)

// cell is how fine a history is kept: one period of the mains.
const cell = 20 * time.Millisecond

const (
	stepCells = int(firmware.SensorStep / cell)
	hourCells = int64(firmware.SensorMemory / cell)
)

// history keeps the last hour of what a sensor measured, as mean squares over
// cells of time, and answers for any step of it. A cell is written once.
type history struct {
	begun time.Time // when the first cell began
	over  int64     // so many cells are over
	kept  []float32 // by number of the cell, in a ring
}

// Of some cells there is no mean square. Of nonsense there never is one: a step
// that has a part in it was not measured.
var (
	blank    = math.NaN()
	nonsense = math.Inf(1)
)

func newHistory(begun time.Time) history {
	return history{begun: begun, kept: make([]float32, hourCells+int64(stepCells)+1)}
}

// cell numbers the cell in which t lies.
func (h *history) cell(t time.Time) int64 { return int64(t.Sub(h.begun) / cell) }

// put writes the cell, and blank ones for those that were passed over.
func (h *history) put(number int64, square float64) {
	size := int64(len(h.kept))
	for h.over = max(h.over, number-size); h.over < number; h.over++ {
		h.kept[h.over%size] = float32(blank)
	}
	h.kept[number%size] = float32(square)
	h.over = number + 1
}

// read gives the RMS of n steps from a time on, NaN where it is not known.
func (h *history) read(now, from time.Time, n int) []float64 {
	readings := make([]float64, n)
	for i := range readings {
		start := from.Add(time.Duration(i) * firmware.SensorStep)
		readings[i] = math.NaN()
		if !start.Before(h.begun) && !start.Before(now.Add(-firmware.SensorMemory)) {
			readings[i] = h.step(start.Sub(h.begun))
		}
	}
	return readings
}

// step gives the RMS of one step. It takes the parts of the cells that lie in
// it, and half of it must be known: a machine that is busy for some milliseconds
// misses samples, which says nothing of what it measures.
func (h *history) step(start time.Duration) float64 {
	first, end := int64(start/cell), start+firmware.SensorStep
	last := int64((end - 1) / cell)
	if last >= h.over {
		return math.NaN()
	}
	var sum, known float64
	for k := first; k <= last; k++ {
		v := float64(h.kept[k%int64(len(h.kept))])
		if math.IsInf(v, 0) {
			return math.NaN()
		}
		if math.IsNaN(v) {
			continue
		}
		share := float64(min(end, time.Duration(k+1)*cell) - max(start, time.Duration(k)*cell))
		sum, known = sum+share*v, known+share
	}
	if 2*known < float64(firmware.SensorStep) {
		return math.NaN()
	}
	return math.Sqrt(sum / known)
}
