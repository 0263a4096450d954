package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
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

// soon is how fast the end of sound is seen, and acted upon.
const soon = time.Second

// reading is what the way to the guest, and from it over central, takes itself.
const reading = 200 * time.Millisecond

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
	defer func() { b.guest.end() }() // of the latest
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
	// The guest takes its time to boot; meanwhile its server is made.
	scores := map[string][]func(context.Context) error{
		"lines": {s.openServer, s.foundProvince, enrolled, boots, b.lines, b.contract},
		"sound": {s.openServer, s.foundProvince, enrolled, s.uploadBulletins, boots,
			b.comes, b.soundsThroughCard, b.losesCard, b.playerHangs, b.diesOnAir, b.stoppedIsBitten, b.powerOff},
	}
	for _, step := range scores[o.score] {
		if err := step(ctx); err != nil {
			return err
		}
		if o.first && r.failed > 0 {
			return nil
		}
	}
	return nil
}

// settleIn brings the agent and its enrolment into a guest that has just begun.
func (b *board) settleIn(ctx context.Context) error {
	if out, err := b.do(ctx, "! cat /tmp/trouble"); err != nil {
		return fmt.Errorf("the guest lacks something: %s", out)
	}
	config := fmt.Sprintf(`board: generic
data: /tmp/%s
clock: central
watchdog: /dev/watchdog0
outputs:
  - name: main
    relays:
      - {name: one, kind: gpio, chip: loa-board, line: RELAY-HIGH, active: high, externalPull: down}
      - {name: two, kind: gpio, chip: loa-board, line: RELAY-LOW, active: low, externalPull: up}
    speaker: {kind: alsa, card: %s, buffer: 200ms} # for an emulated processor
    sensors:
      - {name: coil, kind: ina226, bus: /dev/i2c-9, address: 0x40, shunt: 0.01, maxCurrent: 6} # which is not there
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
		return fromFloats(data), err
	}
	if own, err = samples(ownCard); err != nil {
		return nil, nil, err
	}
	other, err = samples(otherCard)
	return own, other, err
}

// fromFloats reads samples of the format in which oto plays.
func fromFloats(data []byte) []int16 {
	pcm := make([]int16, len(data)/4)
	for i := range pcm {
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(v*-math.MinInt16))))
	}
	return pcm
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
		return !open && err == nil, err
	}); err != nil {
		return err
	}
	return pause(ctx, warmUp+time.Second)
}

// faultOf is what the board's health tells of a part, "" for nothing.
func (b *board) faultOf(ctx context.Context, part string) (string, error) {
	c, err := b.cluster(ctx, heard)
	if err != nil || c.State == nil {
		return "", err
	}
	for _, f := range c.State.Faults {
		if f.Part == part {
			return f.Detail, nil
		}
	}
	return "", nil
}

func (b *board) soundFault(ctx context.Context) (string, error) {
	return b.faultOf(ctx, "sound card main")
}

// faultIsTold waits until central has a fault of the sound card.
func (b *board) faultIsTold(ctx context.Context, what string, since time.Duration) {
	var detail string
	err := until(ctx, "the fault stands in central", 5*time.Second, func() (bool, error) {
		var err error
		detail, err = b.soundFault(ctx)
		return detail != "", err
	})
	took := monotonic() - since
	if err == nil && took > soon+reading {
		err = fmt.Errorf("later than %v", soon)
	}
	b.judge(what, err, "after %.0f ms: %s", milliseconds(took), detail)
}
