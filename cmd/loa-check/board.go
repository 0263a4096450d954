package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"loa/controller/protocol"
)

// board is the score of one board on a real kernel: its relays are lines of a
// GPIO chip, its sound card is the kernel's, and what it does is seen from
// beside it.
type board struct {
	*score
	*guest
	agent int // its process in the guest
}

// Relays of the guest's board: offsets of its chip's lines, wired to be open.
var relays = []struct {
	offset int
	name   string
	active string
}{{2, "RELAY-HIGH", "high"}, {3, "RELAY-LOW", "low"}}

// The guest's cards: the board's own, and one that it must leave alone.
const (
	ownCard   = "Loopback"
	otherCard = "Other"
	ownDriver = "snd_aloop.1"
)

// runBoard plays one of the scores of a virtual machine.
func runBoard(ctx context.Context, o options, r *report) (err error) {
	s := &score{report: r, boards: map[string]protocol.Key{}}
	if s.stage, err = newStage(o); err != nil {
		return err
	}
	defer func() { s.close(err != nil || r.failed > 0) }()
	s.hosts = []string{hostInGuest, "127.0.0.1"} // the board is enrolled with the first
	begun := monotonic()
	b := &board{score: s}
	if b.guest, err = s.bootGuest(o.kernel, o.root); err != nil {
		return err
	}
	defer b.guest.end()
	scores := map[string][]func(context.Context) error{
		"lines": {b.lines},
		"sound": {s.uploadBulletins, b.comes, b.soundsThroughCard, b.losesCard, b.diesOnAir, b.stoppedIsBitten, b.powerOff},
	}
	enrolled := func(ctx context.Context) error {
		return s.timed("enrolled by file: "+heard, func() error { return s.enrol(ctx, heard, commune) })
	}
	boots := func(ctx context.Context) error {
		up, err := b.booted(ctx, time.Minute)
		if err != nil {
			return err
		}
		s.pass("the guest boots, with lines, cards and a watchdog", "after %.1f s", (up - begun).Seconds())
		return b.settleIn(ctx)
	}
	for _, step := range append([]func(context.Context) error{s.openServer, s.foundProvince, enrolled, boots}, scores[o.score]...) {
		if err := step(ctx); err != nil {
			return err
		}
		if o.first && r.failed > 0 {
			return nil
		}
	}
	return nil
}

// linesTime is how long scripts/board-lines may take.
const linesTime = 3 * time.Minute

// lines passes on what scripts/board-lines finds.
func (b *board) lines(ctx context.Context) error {
	out, err := b.doWithin(ctx, linesTime, "board-lines /tmp/"+heard)
	for line := range strings.Lines(out) {
		verdict, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, measured, _ := strings.Cut(rest, ": ")
		switch verdict {
		case "PASS":
			b.pass(name, "%s", measured)
		case "FAIL":
			b.fail(name, errors.New(measured))
		}
	}
	return err
}

// settleIn brings the agent and its enrolment into a guest that has just begun.
func (b *board) settleIn(ctx context.Context) error {
	if out, err := b.do(ctx, "! cat /tmp/trouble"); err != nil {
		return fmt.Errorf("the guest lacks something: %s", out)
	}
	config := fmt.Sprintf(`board: generic
data: /tmp/%s
clock: central
outputs:
  - name: main
    relays:
      - {name: one, kind: gpio, chip: loa-board, line: RELAY-HIGH, active: high, externalPull: down}
      - {name: two, kind: gpio, chip: loa-board, line: RELAY-LOW, active: low, externalPull: up}
    speaker: {kind: alsa, card: %s}
    warmUp: %v
    tail: %v
    longestOn: 1h
`, heard, ownCard, warmUp, tailTime)
	if err := os.WriteFile(b.path("board.yaml"), []byte(config), 0o600); err != nil {
		return err
	}
	if err := b.give(ctx, "tar x -C /tmp", exec.CommandContext(ctx, "tar", "c", "-C", b.dir, "board.yaml", heard)); err != nil {
		return err
	}
	return b.give(ctx, "cat >/bin/loa-agent && chmod +x /bin/loa-agent", exec.CommandContext(ctx, "cat", b.options.agent))
}

// startAgent starts the agent in the guest, and waits until central sees it.
func (b *board) startAgent(ctx context.Context) error {
	out, err := b.do(ctx, "loa-agent run --config /tmp/board.yaml >>/tmp/agent.log 2>&1 & echo $!")
	if err != nil {
		return err
	}
	if b.agent, err = strconv.Atoi(strings.TrimSpace(out)); err != nil {
		return fmt.Errorf("the agent's process: %w", err)
	}
	return until(ctx, "the board is online", time.Minute, func() (bool, error) {
		c, err := b.cluster(ctx, heard)
		if err != nil || !c.Online || c.State == nil || c.State.Clock != protocol.ClockTrusted {
			log, _ := b.do(ctx, "tail -n 3 /tmp/agent.log")
			return false, errors.Join(err, fmt.Errorf("the agent's last words: %s", log))
		}
		return true, nil
	})
}

func (b *board) comes(ctx context.Context) error {
	return b.timed("the board is online over TLS, with central's time", func() error { return b.startAgent(ctx) })
}

// move is one movement of a relay in the guest, by the guest's clock.
type move struct {
	closed bool
	at     float64 // seconds
}

var (
	calledLine = regexp.MustCompile(`(\d+\.\d+): (out|set|free|many): (.*)`)
	calledWith = regexp.MustCompile(`(offset|value|mask|bits)=(\d+)`)
)

// moves is what a relay's line did in a trace of the calls of the chip's driver. It
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

// record begins to capture what both cards are given, in the format in which oto
// plays to a card that takes it.
func (b *board) record(ctx context.Context) error {
	_, err := b.do(ctx, "for card in %[1]s %[2]s; do arecord -q -D hw:$card,1,0 -t raw -f FLOAT_LE -r %[3]d -c 1 --buffer-time=500000 /tmp/$card.pcm >>/tmp/arecord.log 2>&1 & done; "+
		"i=0; until [ -s /tmp/%[1]s.pcm ] && [ -s /tmp/%[2]s.pcm ]; do sleep 0.1; i=$((i + 1)); [ $i -lt 50 ] || { cat /tmp/arecord.log /proc/asound/*/pcm*/sub0/hw_params; i=late; break; }; done; [ $i != late ]", ownCard, otherCard, rate)
	return err
}

// recorded ends that.
func (b *board) recorded(ctx context.Context) (own, other []int16, err error) {
	if _, err := b.do(ctx, "killall -INT arecord; while killall -0 arecord 2>/dev/null; do sleep 0.1; done"); err != nil {
		return nil, nil, err
	}
	samples := func(card string) ([]int16, error) {
		data, err := b.take(ctx, "/tmp/"+card+".pcm")
		pcm := make([]int16, len(data)/4)
		for i := range pcm {
			v := float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
			pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(v*-math.MinInt16))))
		}
		return pcm, err
	}
	if own, err = samples(ownCard); err != nil {
		return nil, nil, err
	}
	other, err = samples(otherCard)
	return own, other, err
}

// untilFate waits for a receipt on an occurrence, or an alert's repetition.
func (b *board) untilFate(ctx context.Context, occurrence string, fate protocol.Fate, limit time.Duration) (found protocol.Receipt, err error) {
	err = until(ctx, fmt.Sprintf("%s of %s is told", fate, occurrence), limit, func() (bool, error) {
		var rows []receiptRow
		if err := b.call(ctx, "admin-a", "GET", "/clusters/"+heard+"/receipts?limit=1000", nil, &rows); err != nil {
			return false, err
		}
		i := slices.IndexFunc(rows, func(r receiptRow) bool {
			return strings.HasPrefix(r.Receipt.Occurrence, occurrence) && r.Receipt.Fate == fate
		})
		if i >= 0 {
			found = rows[i].Receipt
		}
		return i >= 0, nil
	})
	return found, err
}

// soundsThroughCard: a bulletin, from its upload to what the kernel's card was
// given.
func (b *board) soundsThroughCard(ctx context.Context) error {
	if err := errors.Join(b.watchLines(ctx), b.record(ctx)); err != nil {
		return err
	}
	if _, err := b.programme(ctx, "sang", b.news, 20); err != nil {
		return err
	}
	if _, err := b.untilFate(ctx, "sang@", protocol.FateFinished, time.Minute); err != nil {
		b.fail("a bulletin plays through the kernel's card", err)
		return nil
	}
	if err := b.untilOpen(ctx); err != nil {
		return err
	}
	own, other, err := b.recorded(ctx)
	if err != nil {
		return err
	}
	if _, _, err := b.onceOnAndOff(ctx, "a bulletin switches the relay"); err != nil {
		return err
	}
	m, err := match(b.news.pcm, 0, len(b.news.pcm), own)
	b.judge("what the card was given is the station file", err, "%d segments, worst correlation %.4f", m.segments, m.worst)
	longer := float64(loudTo(own)-loudFrom(own)-loudTo(b.news.pcm)+loudFrom(b.news.pcm)) / rate
	err = nil
	if math.Abs(longer) > 0.020 {
		err = errors.New("more than 20 ms from the file's length")
	}
	b.judge("it is as long as the file", err, "%+.1f ms of %.2f s", 1000*longer, float64(len(b.news.pcm))/rate)
	b.silentOther(other)
	return nil
}

// untilOpen waits for the tail's end.
func (b *board) untilOpen(ctx context.Context) error {
	return until(ctx, "the relays are open", 10*time.Second, func() (bool, error) { return b.areOpen(ctx) })
}

func (b *board) areOpen(ctx context.Context) (bool, error) {
	out, err := b.do(ctx, "cat /sys/devices/platform/gpio-sim.0/gpiochip*/sim_gpio2/value /sys/devices/platform/gpio-sim.0/gpiochip*/sim_gpio3/value")
	return strings.Join(strings.Fields(out), "") == "01", err
}

func (b *board) silentOther(pcm []int16) {
	var err error
	if len(pcm) == 0 {
		err = errors.New("it was not recorded")
	} else if loudFrom(pcm) >= 0 {
		err = errors.New("it was played to")
	}
	b.judge("the other card plays nothing", err, "%.1f s of silence", float64(len(pcm))/rate)
}

// uptime is the guest's clock.
func (b *board) uptime(ctx context.Context) (float64, error) {
	out, err := b.do(ctx, "cut -d' ' -f1 /proc/uptime")
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(out), 64)
}

// onAir starts the long bulletin and waits until it sounds.
func (b *board) onAir(ctx context.Context, id string) error {
	if _, err := b.programme(ctx, id, b.long, 60); err != nil {
		return err
	}
	if err := until(ctx, id+" is on air", 30*time.Second, func() (bool, error) {
		open, err := b.areOpen(ctx)
		return !open, err
	}); err != nil {
		return err
	}
	return pause(ctx, warmUp+time.Second)
}

// soundFault is the fault of the sound card that the board's health tells.
func (b *board) soundFault(ctx context.Context) (string, error) {
	c, err := b.cluster(ctx, heard)
	if err != nil || c.State == nil {
		return "", err
	}
	for _, f := range c.State.Faults {
		if strings.HasPrefix(f.Part, "sound card") {
			return f.Detail, nil
		}
	}
	return "", nil
}

// losesCard: the card is taken away in mid-play and brought back.
func (b *board) losesCard(ctx context.Context) error {
	if err := errors.Join(b.watchLines(ctx), b.record(ctx), b.onAir(ctx, "mat-the")); err != nil {
		return err
	}
	lost, err := b.uptime(ctx)
	if err != nil {
		return err
	}
	begun := monotonic()
	if _, err := b.do(ctx, "echo %s >/sys/bus/platform/drivers/snd_aloop/unbind", ownDriver); err != nil {
		return err
	}
	var detail string
	err = until(ctx, "the fault stands in central", 5*time.Second, func() (bool, error) {
		detail, err = b.soundFault(ctx)
		return detail != "", err
	})
	took := monotonic() - begun
	if err == nil && took > time.Second {
		err = errors.New("later than 1 s")
	}
	b.judge("a card taken away in mid-play is reported", err, "after %.0f ms: %s", milliseconds(took), detail)
	if _, err := b.untilFate(ctx, "mat-the@", protocol.FateFailed, 10*time.Second); err != nil {
		b.fail("the bulletin failed, and says so", err)
	}
	if err := b.untilOpen(ctx); err != nil {
		b.fail("its relay opens", err)
		return nil
	}
	_, opened, err := b.onceOnAndOff(ctx, "a lost card opens the relay")
	if err != nil {
		return err
	}
	err = nil
	if opened-lost > 1 {
		err = errors.New("later than 1 s")
	}
	b.judge("it opens within 1 s of the loss", err, "after %.0f ms", 1000*(opened-lost))

	// An alert is raised while the card is away; it tries until there is one.
	if _, err := b.desk(ctx, "officer", "alert", "--yes", "--key", b.path("officer.key"), "--area", commune, "--hazard", "flood", "--level", "3",
		"--siren", "1x3/0", "--repetitions", "1", "--lifetime", "10m", "--message", "vi=Lũ đang lên nhanh."); err != nil {
		return err
	}
	if _, err := b.untilFate(ctx, "alert/live/", protocol.FateFailed, 10*time.Second); err != nil {
		b.fail("an alert without a card is told to fail", err)
	}
	_, other, err := b.recorded(ctx)
	if err != nil {
		return err
	}
	b.silentOther(other)
	if _, err := b.do(ctx, "echo %s >/sys/bus/platform/drivers/snd_aloop/bind", ownDriver); err != nil {
		return err
	}
	back := monotonic()
	if err := b.record(ctx); err != nil {
		return err
	}
	_, err = b.untilFate(ctx, "alert/live/", protocol.FateFinished, time.Minute)
	b.judge("the card is back, and the alert sounds to its end", err, "finished %.1f s later", (monotonic() - back).Seconds())
	own, other, err := b.recorded(ctx)
	if err != nil {
		return err
	}
	err = nil
	if siren(own) < 0 {
		err = errNothing
	}
	b.judge("its siren comes out of the card", err, "%.1f s into the recording", float64(siren(own))/rate)
	b.silentOther(other)
	detail, err = b.soundFault(ctx)
	if err == nil && detail != "" {
		err = errors.New("it stands: " + detail)
	}
	b.judge("the fault is gone", err, "")
	return nil
}

// diesOnAir: the agent is killed while something is on air.
func (b *board) diesOnAir(ctx context.Context) error {
	if err := errors.Join(b.untilOpen(ctx), b.watchLines(ctx), b.onAir(ctx, "chet")); err != nil {
		return err
	}
	if _, err := b.do(ctx, "kill -KILL %d", b.agent); err != nil {
		return err
	}
	if err := b.untilOpen(ctx); err != nil {
		b.fail("the agent's death on air opens the relay", err)
		return nil
	}
	if _, _, err := b.onceOnAndOff(ctx, "the agent's death on air opens the relay"); err != nil {
		return err
	}
	return b.startsSilent(ctx, "the start after a death on air")
}

// startsSilent starts the agent, which must not move its relays, also when it has
// told what became of the bulletin in which it died.
func (b *board) startsSilent(ctx context.Context, what string) error {
	if err := errors.Join(b.watchLines(ctx), b.startAgent(ctx)); err != nil {
		return err
	}
	text, err := b.lineTrace(ctx)
	if err != nil {
		return err
	}
	for i, r := range relays {
		var err error
		if moves := moves(text, i); len(moves) > 0 {
			err = fmt.Errorf("it moved: %v", moves)
		} else if !strings.Contains(text, "loa/") && !strings.Contains(text, "out:") {
			err = errors.New("nothing touched the lines")
		}
		b.judge(what+" closes nothing, active "+r.active, err, "0 edges")
	}
	return nil
}

// stoppedIsBitten: an agent that is stopped on air feeds no watchdog.
func (b *board) stoppedIsBitten(ctx context.Context) error {
	if err := errors.Join(b.untilOpen(ctx), b.onAir(ctx, "dung")); err != nil {
		return err
	}
	if n := b.bites.Load(); n > 0 {
		b.fail("a living agent's watchdog does not bite", fmt.Errorf("%d bites", n))
		return nil
	}
	begun := monotonic()
	if _, err := b.do(ctx, "kill -STOP %d", b.agent); err != nil {
		return err
	}
	up, err := b.booted(ctx, time.Minute)
	if err == nil && b.bites.Load() != 1 {
		err = fmt.Errorf("qemu tells of %d bites", b.bites.Load())
	}
	b.judge("a stopped agent makes the watchdog bite", err, "the board began anew after %.1f s", (up - begun).Seconds())
	if err != nil {
		return nil
	}
	open, err := b.areOpen(ctx)
	if err == nil && !open {
		err = errors.New("they are not")
	}
	b.judge("after the bite the relays are open", err, "both")
	if err := b.settleIn(ctx); err != nil {
		return err
	}
	return b.startsSilent(ctx, "the start after a bite")
}

// powerOff: the machine is switched off while something is on air.
func (b *board) powerOff(ctx context.Context) error {
	if err := b.onAir(ctx, "tat-may"); err != nil {
		return err
	}
	const mark = "loa-check: power off"
	if _, err := b.do(ctx, "echo 8 >/proc/sys/kernel/printk; echo '%s' >/dev/kmsg", mark); err != nil {
		return err
	}
	// It answers no more.
	if _, err := fmt.Fprintln(b.in, "poweroff -f"); err != nil {
		return err
	}
	select {
	case <-b.done:
	case <-time.After(30 * time.Second):
		b.fail("the machine switches itself off", errors.New("not within 30 s"))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	console, err := os.ReadFile(b.console)
	if err != nil {
		return err
	}
	_, after, found := strings.Cut(string(console), mark)
	if !found {
		b.fail("the power-off is traced", errors.New("the console does not show it"))
		return nil
	}
	for i, r := range relays {
		var err error
		// It was closed; what is traced from here on may only open it.
		for _, m := range moves(after, i) {
			if m.closed {
				err = errors.New("it closed")
			}
		}
		b.judge("power-off on air closes nothing, active "+r.active, err, "%d movements", len(moves(after, i)))
	}
	return nil
}
