package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// edge is one movement of a simulated relay, with the time of CLOCK_MONOTONIC.
type edge struct {
	Relay  string        `json:"relay"`
	Closed bool          `json:"closed"`
	At     time.Duration `json:"monotonic_ns"`
}

// edges reads what a relay did since a time.
func edges(path string, since time.Duration) ([]edge, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read relay's trace: %w", err)
	}
	defer f.Close()
	var all []edge
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e edge
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("read relay's trace: %w", err)
		}
		if e.At >= since {
			all = append(all, e)
		}
	}
	return all, lines.Err()
}

// closing is the first time that the relay closed since a time; 0 when it did
// not.
func closing(all []edge) time.Duration {
	for _, e := range all {
		if e.Closed {
			return e.At
		}
	}
	return 0
}

// isClosed is the relay's last position.
func isClosed(all []edge) bool { return len(all) > 0 && all[len(all)-1].Closed }
