package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func aConfig(t *testing.T, data, speaker string) (path, trace string) {
	t.Helper()
	trace = filepath.Join(t.TempDir(), "edges")
	return writeConfig(t, fmt.Sprintf(`
data: %q
clock: central
outputs:
  - name: main
    relays: [{name: amplifier, kind: sim, trace: %q}]
    speaker: %s
    warmUp: 0s
    tail: 0s
    longestOn: 1h
`, data, trace, speaker)), trace
}

func TestRunNeedsAnEnrolment(t *testing.T) {
	fresh, _ := aBoard(t)
	replace := func(file string, content []byte) string {
		data, _ := enrolled(t)
		write(t, filepath.Join(data, file), content)
		return data
	}
	_, another := enrolled(t)
	for name, tt := range map[string]struct{ data, want string }{
		"no data folder":      {filepath.Join(t.TempDir(), "none"), errNotEnrolled.Error()},
		"no answer":           {fresh, errNotEnrolled.Error()},
		"answer damaged":      {replace(enrolmentFile, []byte(`{"cluster":`)), "run loa-agent enrol again with central's answer"},
		"answer of nothing":   {replace(enrolmentFile, nil), "run loa-agent enrol again with central's answer"},
		"answer of another":   {replace(enrolmentFile, []byte(encode(t, another))), "its certificate is for another board's key; run loa-agent enrol again"},
		"key damaged":         {replace(keyFile, []byte("hello")), "it holds no private key in PEM"},
		"answer without keys": {replace(enrolmentFile, []byte(strings.Replace(encode(t, another), "BEGIN", "begin", 1))), "its certificate is not PEM; run loa-agent enrol again"},
	} {
		path, trace := aConfig(t, tt.data, "{kind: sim}")
		err := (&runCommand{Config: path}).Run(t.Context(), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if _, err := os.Stat(trace); err == nil {
			t.Errorf("%s: the relay was opened", name)
		}
	}
}

// Central is away: the agent runs all the same, and ends when it is told to.
func TestRunWithoutCentral(t *testing.T) {
	data, _ := enrolled(t)
	path, trace := aConfig(t, data, "{kind: sim}")
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := (&runCommand{Config: path}).Run(ctx, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	if edges, err := os.ReadFile(trace); err != nil || len(edges) > 0 {
		t.Errorf("relay: %v %s", err, edges)
	}
}

// One store, one agent: a second one says so and touches no relay.
func TestTwoAgentsOnOneFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("the store waits 5 s for the process before")
	}
	data, _ := enrolled(t)
	first, _ := aConfig(t, data, "{kind: sim}")
	second, trace := aConfig(t, data, "{kind: sim}")
	ctx, stop := context.WithCancel(t.Context())
	var out watched
	ended := make(chan error, 1)
	go func() { ended <- (&runCommand{Config: first}).Run(ctx, slog.New(slog.NewTextHandler(&out, nil))) }()
	out.await(t, "msg=ready")
	err := (&runCommand{Config: second}).Run(t.Context(), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(trace); err == nil {
		t.Error("the relay was opened")
	}
	stop()
	must(t, <-ended)
}

func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := os.ReadFile(write(t, filepath.Join(t.TempDir(), "v"), v))
	must(t, err)
	return string(data)
}

func TestExitCodes(t *testing.T) {
	good, bad := writeConfig(t, goodConfig), writeConfig(t, "clock: rtc\n")
	data, _ := aBoard(t)
	unenrolled, _ := aConfig(t, data, "{kind: sim}")
	for _, tt := range []struct {
		args   []string
		code   int
		out    string
		errors string
	}{
		{[]string{"--help"}, 0, "init, have the request answered by", ""},
		{[]string{"--version"}, 0, "dev\n", ""},
		{[]string{"check", good}, 0, "no faults\n", ""},
		{[]string{"check", bad}, 1, "", "board.yaml: 2 faults\n  data: is required"},
		{[]string{"run", "--config", unenrolled}, 1, "", "loa-agent: this board is not enrolled: run loa-agent init"},
		{nil, 2, "", "loa-agent: expected one of"},
		{[]string{"run"}, 2, "", "loa-agent: missing flags: --config=FILE; see loa-agent --help"},
		{[]string{"run", "--config", good, "--volume", "11"}, 2, "", "loa-agent: unknown flag --volume"},
		{[]string{"check", "/nonexistent"}, 2, "", "no such file"},
	} {
		cmd := exec.Command(program, tt.args...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != tt.code || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.errors) {
			t.Errorf("%v: exit %d, want %d\n%s%s", tt.args, got, tt.code, out.String(), errs.String())
		}
		if tt.code == 0 && errs.Len() > 0 || tt.code != 0 && out.Len() > 0 {
			t.Errorf("%v: wrote to the other stream\n%s%s", tt.args, out.String(), errs.String())
		}
	}
}
