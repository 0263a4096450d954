package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	var to bytes.Buffer
	out := &lines{to: &to, name: "alert"}
	for _, l := range []struct {
		name            string
		value, baseline float64
	}{{"alert/p99", 98.76543, 2}, {"alert/bytes", 123456, 0}, {"schedule/decide", 1, 1}} {
		if err := out.print(l.name, "ms", l.value, l.baseline); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"name":"alert/p99","value":98.77,"unit":"ms","baseline":2,"ratio":49.38}
{"name":"alert/bytes","value":123456,"unit":"ms","baseline":null,"ratio":null}
`
	if to.String() != want || out.printed != 2 {
		t.Errorf("%d lines:\n%swant\n%s", out.printed, to.String(), want)
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, tt := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {hundred, 0, 1},
		{[]float64{3, 1, 2}, 0.5, 2}, {[]float64{7}, 0.99, 7},
	} {
		if got := quantile(tt.values, tt.q); got != tt.want {
			t.Errorf("quantile %v of %v is %v, want %v", tt.q, tt.values, got, tt.want)
		}
	}
	if hundred[0] != 100 || !math.IsNaN(quantile(nil, 0.5)) {
		t.Error("the values were sorted in place, or no values have a quantile")
	}
}

func TestReadGoBenchmarks(t *testing.T) {
	m := metrics{}
	const text = `goos: linux
BenchmarkOpen/commune-2         	   13000	     90515 ns/op	  10.05 MB/s	   11555 B/op
BenchmarkOpen/wide_of_2,000-2   	    4000	      2.5e+05 ns/op
PASS
`
	for range 2 {
		if err := m.read([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got := m["Open/commune"]["ns/op"]; len(got) != 2 || got[1] != 90515 {
		t.Errorf("ns/op of Open/commune: %v", got)
	}
	if got := median(m["Open/wide_of_2,000"]["ns/op"]); got != 250000 {
		t.Errorf("ns/op of the second: %v", got)
	}
	if err := m.read([]byte("BenchmarkX-2 10 many ns/op\n")); err == nil {
		t.Error("a value that is no number was read")
	}
}

// The pattern's levels are matched as go test does, each by itself.
func TestPattern(t *testing.T) {
	got := pattern([]string{"Open/wide", "NewCalendar", "Open/wide"})
	if got != "^BenchmarkNewCalendar$|^BenchmarkOpen$/^wide$" {
		t.Errorf("pattern %s", got)
	}
	if level := strings.Split(got, "/")[1]; regexp.MustCompile(level).MatchString("wide_of_2,000") {
		t.Error("it matches more than was named")
	}
}

// Every name is there once, and asking for a part of it finds it.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range goBenchmarks {
		if seen[m.name] || m.scale == 0 {
			t.Errorf("%s is there twice, or has no scale", m.name)
		}
		seen[m.name] = true
	}
}

// The whole way of an alert on a few boards, with every figure in its order.
func TestAlert(t *testing.T) {
	var to bytes.Buffer
	out := &lines{to: &to, name: "alert/"}
	c := &benchCommand{Clusters: 3, Rounds: 1, Count: 1, Disk: t.TempDir()}
	if err := c.alerts(t.Context(), out, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	got := map[string]line{}
	for text := range strings.Lines(to.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got[strings.TrimPrefix(l.Name, "alert/")] = l
	}
	if len(got) != len(alertLines) {
		t.Fatalf("%d figures, want %d:\n%s", len(got), len(alertLines), to.String())
	}
	first, board, relay, slowest := got["post-to-first-board"], got["post-to-board-p50"], got["post-to-relay-p50"], got["post-to-relay-slowest"]
	if first.Value <= 0 || first.Value > board.Value || board.Value >= relay.Value || relay.Value > slowest.Value {
		t.Errorf("not in this order: first board, board, relay, slowest relay:\n%s", to.String())
	}
	if relay.Baseline == nil || *relay.Baseline <= 0 || *relay.Baseline >= relay.Value {
		t.Errorf("the bare broker is slower than the whole chain, or was not measured:\n%s", to.String())
	}
}
