package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// measured is one figure that a Go benchmark gives.
type measured struct {
	name     string
	pkg      string // folder below the module
	bench    string // as go test prints it, without Benchmark
	baseline string // another benchmark of the package, or none
	metric   string // as go test prints it
	unit     string
	scale    float64 // of a unit in the metric
}

const (
	protocolFolder = "controller/protocol"
	scheduleFolder = "controller/schedule"
	playoutFolder  = "controller/playout"
	storageFolder  = "central/storage"
	ordersFolder   = "central/orders"
	webFolder      = "central/web"
)

func timed(name, pkg, bench, baseline, unit string) measured {
	scale := map[string]float64{"us": 1e3, "ms": 1e6}[unit]
	return measured{name, pkg, bench, baseline, "ns/op", unit, scale}
}

func sized(what string) measured {
	return measured{"protocol/bytes/" + what, protocolFolder, "Wire/" + what, "", "wire-B", "bytes", 1}
}

var goBenchmarks = []measured{
	timed("protocol/open/commune-alert", protocolFolder, "Open/commune", "Verify/commune", "us"),
	timed("protocol/open/wide-alert", protocolFolder, "Open/wide", "Verify/wide", "us"),
	timed("protocol/open/wide-alert-of-2000-persons", protocolFolder, "Open/wide_of_2,000_persons", "Verify/wide_of_2,000_persons", "us"),
	sized("alert-two-languages"), sized("cancel"), sized("stop"), sized("local"),
	sized("bulletin"), sized("plan-50-programmes"), sized("root"),
	sized("keyset-1-commune"), sized("keyset-38-communes"), sized("placement"),
	sized("time"), sized("ack"), sized("receipt-with-evidence"), sized("hello"), sized("state"), sized("telemetry"),
	timed("schedule/decide", scheduleFolder, "Decide/items", "Decide/naive", "us"),
	timed("schedule/decide/alerts", scheduleFolder, "Decide/alerts", "Decide/naive", "us"),
	timed("schedule/decide/after-boot", scheduleFolder, "Decide/after-boot", "Decide/naive", "us"),
	timed("schedule/new-calendar", scheduleFolder, "NewCalendar", "", "ms"),
	{"playout/decode-a-second", playoutFolder, "Decode", "", "ms/s_of_sound", "ms", 1},
	timed("storage/board-of-a-message", storageFolder, "AskForABoard/kept", "AskForABoard/query", "us"),
	timed("orders/count-10000-clusters", ordersFolder, "Tally/counted", "Tally/each", "ms"),
	timed("web/10000-clusters-briefly", webFolder, "Clusters/brief", "Clusters/full", "ms"),
	timed("web/10000-clusters-briefly-gzip", webFolder, "Clusters/brief-gzip", "Clusters/full", "ms"),
}

// goBenchmarks runs those that are wanted, package by package.
func (c *benchCommand) goBenchmarks(ctx context.Context, out *lines) error {
	var pkgs []string
	wanted := map[string][]measured{}
	for _, m := range goBenchmarks {
		if !out.wants(m.name) {
			continue
		}
		if wanted[m.pkg] == nil {
			pkgs = append(pkgs, m.pkg)
		}
		wanted[m.pkg] = append(wanted[m.pkg], m)
	}
	if len(pkgs) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp(c.Disk, "go-")
	if err != nil {
		return fmt.Errorf("make temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	var errs []error
	for _, pkg := range pkgs {
		if err := c.goPackage(ctx, out, dir, pkg, wanted[pkg]); err != nil {
			errs = append(errs, fmt.Errorf("benchmarks of %s: %w", pkg, err))
		}
	}
	return errors.Join(errs...)
}

// goPackage runs a package's benchmarks again and again, so that a figure and
// its baseline see the same hours of the machine.
func (c *benchCommand) goPackage(ctx context.Context, out *lines, dir, pkg string, wanted []measured) error {
	binary := filepath.Join(dir, strings.ReplaceAll(pkg, "/", "-")+".test")
	if _, err := goTool(ctx, "", "go", "test", "-c", "-o", binary, "./"+pkg); err != nil {
		return err
	}
	found := metrics{}
	var sizes, times []string
	for _, m := range wanted {
		to := &times
		if m.unit == "bytes" {
			to = &sizes
		}
		*to = append(*to, m.bench)
		if m.baseline != "" {
			*to = append(*to, m.baseline)
		}
	}
	run := func(names []string, benchtime string) error {
		if len(names) == 0 {
			return nil
		}
		text, err := goTool(ctx, pkg, binary, "-test.run", "^$", "-test.bench", pattern(names), "-test.benchtime", benchtime)
		if err != nil {
			return err
		}
		return found.read(text)
	}
	if err := run(sizes, "1x"); err != nil { // a size is the same every time
		return err
	}
	for range c.Count {
		if err := run(times, "200ms"); err != nil {
			return err
		}
	}
	for _, m := range wanted {
		value, ok := found[m.bench][m.metric]
		base, hasBase := found[m.baseline][m.metric]
		if !ok || m.baseline != "" && !hasBase {
			return fmt.Errorf("%s: no %s of Benchmark%s or of its baseline was printed", m.name, m.metric, m.bench)
		}
		baseline := 0.0
		if hasBase {
			baseline = median(base) / m.scale
		}
		if err := out.print(m.name, m.unit, median(value)/m.scale, baseline); err != nil {
			return err
		}
	}
	return nil
}

// pattern matches exactly the benchmarks named.
func pattern(names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for i, name := range names {
		levels := strings.Split("Benchmark"+name, "/")
		for j, l := range levels {
			levels[j] = "^" + regexp.QuoteMeta(l) + "$"
		}
		names[i] = strings.Join(levels, "/")
	}
	return strings.Join(names, "|")
}

func goTool(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), args[0], err, out.Bytes(), errs.Bytes())
	}
	return out.Bytes(), nil
}

// metrics are the values of benchmarks, by name and then by unit, one of each
// run.
type metrics map[string]map[string][]float64

var procs = regexp.MustCompile(`-\d+$`)

// read takes what one run printed.
func (m metrics) read(text []byte) error {
	for rows := bufio.NewScanner(bytes.NewReader(text)); rows.Scan(); {
		fields := strings.Fields(rows.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := procs.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
		if m[name] == nil {
			m[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("read benchmark line %q: %w", rows.Text(), err)
			}
			m[name][fields[i+1]] = append(m[name][fields[i+1]], v)
		}
	}
	return nil
}
