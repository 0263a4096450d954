package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process and its children take of the machine.
type usage struct {
	rss, pss float64 // megabytes
	cpu      time.Duration
	wakeups  int // how often they were given a processor
	at       time.Duration
}

// usageOf adds up a process and all that it started.
func usageOf(pid int) (usage, error) {
	u := usage{at: now()}
	pids, err := family(pid)
	if err != nil {
		return u, err
	}
	for _, p := range pids {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			return u, fmt.Errorf("read memory of a process: %w", err)
		}
		u.rss += field(rollup, "Rss:") / 1024
		u.pss += field(rollup, "Pss:") / 1024
		// The clock of another process, as clock_getcpuclockid(3) names it.
		var t unix.Timespec
		if err := unix.ClockGettime(int32(^p<<3|2), &t); err != nil {
			return u, fmt.Errorf("read time of a process: %w", err)
		}
		u.cpu += time.Duration(t.Nano())
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p))
		if err != nil {
			return u, err
		}
		for _, path := range threads {
			status, err := os.ReadFile(path)
			if err != nil {
				continue // it ended
			}
			u.wakeups += int(field(status, "voluntary_ctxt_switches:"))
		}
	}
	return u, nil
}

// share is how much of a core was used since an earlier look, in percent.
func (u usage) share(since usage) float64 {
	return 100 * float64(u.cpu-since.cpu) / float64(u.at-since.at)
}

// family is a process and all below it.
func family(pid int) ([]int, error) {
	all := []int{pid}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	for _, path := range lists {
		list, err := os.ReadFile(path)
		if err != nil {
			continue // the thread ended
		}
		for child := range strings.FieldsSeq(string(list)) {
			n, err := strconv.Atoi(child)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
			below, err := family(n)
			if err != nil {
				return nil, err
			}
			all = append(all, below...)
		}
	}
	return all, nil
}

// field is a number of one of the files in /proc.
func field(file []byte, name string) float64 {
	for lines := bufio.NewScanner(bytes.NewReader(file)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				v, err := strconv.ParseFloat(f[0], 64)
				if err == nil {
					return v
				}
			}
		}
	}
	return 0
}
