package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// longest is the most that all measuring together may take.
const longest = 15 * time.Minute

type benchCommand struct {
	Name     string `arg:"" optional:"" help:"Only what has this in its name."`
	Clusters int    `default:"100" help:"Simulated clusters that an alert is for."`
	Rounds   int    `default:"30" help:"Alerts that are measured."`
	Count    int    `default:"5" help:"Runs of every Go benchmark; the median counts."`
	Disk     string `default:"build/bench" type:"path" help:"Folder on a real disk for the stores of server and boards; it is made."`
	Profile  string `type:"existingdir" help:"Write CPU profiles into this folder, one for every alert until its last relay."`
}

// Run is to be called in the module's folder: it builds benchmarks from source.
func (c *benchCommand) Run(ctx context.Context, log *slog.Logger) error {
	if c.Clusters < 1 || c.Rounds < 1 || c.Count < 1 {
		return errors.New("--clusters, --rounds and --count are at least 1")
	}
	if err := os.MkdirAll(c.Disk, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("measuring took more than %v", longest))
	defer cancel()
	out := &lines{to: os.Stdout, name: c.Name}
	err := errors.Join(c.goBenchmarks(ctx, out), c.alerts(ctx, out, log), c.footprint(ctx, out, log))
	switch {
	case err != nil:
		return err
	case out.printed == 0:
		return fmt.Errorf("nothing that is measured has %q in its name", c.Name)
	}
	return nil
}

// line is one figure.
type line struct {
	Name     string   `json:"name"`
	Value    float64  `json:"value"`
	Unit     string   `json:"unit"`
	Baseline *float64 `json:"baseline"` // in the same unit, from the same run; null: there is none
	Ratio    *float64 `json:"ratio"`    // of value to baseline
}

// lines prints the figures that were asked for.
type lines struct {
	to      io.Writer
	name    string
	printed int
}

func (l *lines) wants(name string) bool { return strings.Contains(name, l.name) }

// print prints a figure; a baseline of 0 is none.
func (l *lines) print(name, unit string, value, baseline float64) error {
	if !l.wants(name) {
		return nil
	}
	v := line{Name: name, Value: short(value), Unit: unit}
	if baseline > 0 {
		base, ratio := short(baseline), short(value/baseline)
		v.Baseline, v.Ratio = &base, &ratio
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("print %s: %w", name, err)
	}
	if _, err := fmt.Fprintf(l.to, "%s\n", data); err != nil {
		return fmt.Errorf("print %s: %w", name, err)
	}
	l.printed++
	return nil
}

// short rounds to four digits that count; a whole number stays as it is.
func short(v float64) float64 {
	if v == 0 || v == math.Trunc(v) {
		return v
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

// quantile is the value that a share q of all values does not exceed.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func median(values []float64) float64 { return quantile(values, 0.5) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
