package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Relays of the guest's board: offsets of its chip's lines, wired to be open.
var relays = []struct {
	offset int
	name   string
	active string
}{{2, "RELAY-HIGH", "high"}, {3, "RELAY-LOW", "low"}}

// move is one movement of a relay in the guest, by the guest's clock.
type move struct {
	closed bool
	at     float64 // seconds
}

var (
	calledLine = regexp.MustCompile(`(\d+\.\d+)[:\]] (out|set|free|many): (.*)`)
	calledWith = regexp.MustCompile(`(offset|value|mask|bits)=(\d+)`)
)

// moves is what a relay's line did in a trace of the calls of the chip's driver, or on
// the console, which has another mark behind the time. It
// was open before.
func moves(text string, relay int) (all []move) {
	offset, high, closed := relays[relay].offset, relays[relay].active == "high", false
	for _, call := range calledLine.FindAllStringSubmatch(text, -1) {
		with := map[string]int{}
		for _, field := range calledWith.FindAllStringSubmatch(call[3], -1) {
			with[field[1]], _ = strconv.Atoi(field[2])
		}
		now := (with["value"] == 1) == high
		switch {
		case call[2] == "many" && with["mask"]>>offset&1 == 1:
			now = (with["bits"]>>offset&1 == 1) == high
		case call[2] == "many" || with["offset"] != offset:
			continue
		case call[2] == "free":
			now = false
		}
		if at, _ := strconv.ParseFloat(call[1], 64); now != closed {
			closed = now
			all = append(all, move{now, at})
		}
	}
	return all
}

// watchLines begins a new trace; lineTrace gives it.
func (b *board) watchLines(ctx context.Context) error {
	_, err := b.do(ctx, "echo >/sys/kernel/tracing/trace")
	return err
}

func (b *board) lineTrace(ctx context.Context) (string, error) {
	return b.do(ctx, "grep -v '^#' /sys/kernel/tracing/trace || true")
}

// onceOnAndOff judges the lines of one playback, and returns when they closed and
// opened.
func (b *board) onceOnAndOff(ctx context.Context, what string) (closed, opened float64, err error) {
	text, err := b.lineTrace(ctx)
	if err != nil {
		return 0, 0, err
	}
	for i, r := range relays {
		moves := moves(text, i)
		if len(moves) != 2 {
			b.fail(what+", active "+r.active, fmt.Errorf("the line moved %d times: %v", len(moves), moves))
			return 0, 0, nil
		}
		closed, opened = max(closed, moves[0].at), max(opened, moves[1].at)
		b.pass(what+", active "+r.active, "closed once, for %.2f s", moves[1].at-moves[0].at)
	}
	return closed, opened, nil
}

// untilOpen waits for the tail's end.
func (b *board) untilOpen(ctx context.Context) error {
	return until(ctx, "the relays are open", 10*time.Second, func() (bool, error) { return b.areOpen(ctx) })
}

func (b *board) areOpen(ctx context.Context) (bool, error) {
	out, err := b.do(ctx, "cat /sys/devices/platform/gpio-sim.0/gpiochip*/sim_gpio2/value /sys/devices/platform/gpio-sim.0/gpiochip*/sim_gpio3/value")
	return strings.Join(strings.Fields(out), "") == "01", err
}

// opensSoon judges that the relay of what was on air opened soon after a moment of
// the guest's clock.
func (b *board) opensSoon(ctx context.Context, what string, since float64) error {
	if err := b.untilOpen(ctx); err != nil {
		b.fail(what+" opens the relay", err)
		return nil
	}
	_, opened, err := b.onceOnAndOff(ctx, what+" opens the relay")
	if err != nil {
		return err
	}
	if opened-since > (soon + reading).Seconds() {
		err = fmt.Errorf("later than %v", soon)
	}
	b.judge(what+" opens the relay soon", err, "after %.0f ms", 1000*(opened-since))
	return nil
}
