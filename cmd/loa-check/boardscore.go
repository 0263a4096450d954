package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"time"

	"loa/controller/protocol"
)

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

// contractTime is how long the contract may take on the virtual board.
const contractTime = 3 * time.Minute

var judged = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): TestBoard/(\S+) \((\S+)\)`)

// contract holds the board against what firmware/boardtest asks of every board.
func (b *board) contract(ctx context.Context) error {
	chip, err := b.do(ctx, "echo /sys/devices/platform/gpio-sim.0/gpiochip*")
	if err != nil {
		return err
	}
	lines := strings.TrimSpace(chip) + "/sim_gpio"
	file := fmt.Sprintf(`{"chip": "loa-board", "relays": [{"line": "RELAY-HIGH", "active": "high", "observe": "%[1]s2/value"}, `+
		`{"line": "RELAY-LOW", "active": "low", "observe": "%[1]s3/value"}], `+
		`"input": {"line": "4", "active": "low", "move": "%[1]s4/pull", "made": "pull-down", "opened": "pull-up"}, `+
		`"card": "%[2]s", "capture": "plughw:CARD=%[2]s,DEV=1", "buffer": "200ms"}`, lines, ownCard)
	out, err := b.doWithin(ctx, contractTime, "echo '"+file+"' >/tmp/contract.json; pi.test -test.v -test.run '^TestBoard$' -board /tmp/contract.json")
	found := judged.FindAllStringSubmatch(out, -1)
	for _, m := range found {
		what := "contract: " + strings.ReplaceAll(m[2], "_", " ")
		switch m[1] {
		case "PASS":
			b.pass(what, "%s", m[3])
		case "FAIL":
			b.fail(what, errors.New("it does not hold"))
		} // the others need faults that this board cannot be given
	}
	if err != nil || len(found) == 0 {
		return fmt.Errorf("the contract on the virtual board: %w: %s", err, out)
	}
	return nil
}

func (b *board) comes(ctx context.Context) error {
	if err := b.timed("the board is online over TLS, with central's time", func() error { return b.startAgent(ctx) }); err != nil {
		return err
	}
	var detail string
	err := until(ctx, "a fault of the sensor stands in central", 10*time.Second, func() (bool, error) {
		var err error
		detail, err = b.faultOf(ctx, "sensor coil")
		return detail != "", err
	})
	b.judge("a sensor that is not there is a fault, and the rest goes on", err, "%s", detail)
	return nil
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
	told, err := b.untilFate(ctx, "sang@", protocol.FateFinished, time.Minute)
	if err != nil {
		b.fail("a bulletin plays through the kernel's card", err)
		return nil
	}
	if told.Evidence == nil || told.Evidence.Verdict != protocol.VerdictUnknown {
		err = fmt.Errorf("its evidence is %+v", told.Evidence)
	}
	b.judge("without a sensor that works nobody says heard", err, "%s", protocol.VerdictUnknown)
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
	b.faultIsTold(ctx, "a card taken away in mid-play is reported", begun)
	if _, err := b.untilFate(ctx, "mat-the@", protocol.FateFailed, 10*time.Second); err != nil {
		b.fail("the bulletin failed, and says so", err)
	}
	if err := b.opensSoon(ctx, "a lost card", lost); err != nil {
		return err
	}

	// An alert is raised while the card is away; it tries until there is one.
	if _, err := b.desk(ctx, "officer", "alert", "--yes", "--key", b.path("officer.key"), "--area", commune, "--hazard", "flood", "--level", "3",
		"--siren", "1x3/0", "--repetitions", "1", "--lifetime", "10m", "--message", "vi=Lũ đang lên nhanh.", "--audio", "vi="+b.news.hash); err != nil {
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
	m, err := match(b.news.pcm, 0, len(b.news.pcm), own)
	b.judge("and so does its message", err, "%d segments, worst correlation %.4f", m.segments, m.worst)
	b.silentOther(other)
	detail, err := b.soundFault(ctx)
	if err == nil && detail != "" {
		err = errors.New("it stands: " + detail)
	}
	b.judge("the fault is gone", err, "")
	return nil
}

// playerHangs: the process that plays is stopped in mid-play, as by a driver that
// does not return.
func (b *board) playerHangs(ctx context.Context) error {
	if err := errors.Join(b.untilOpen(ctx), b.watchLines(ctx), b.onAir(ctx, "treo")); err != nil {
		return err
	}
	stopped, err := b.uptime(ctx)
	if err != nil {
		return err
	}
	begun := monotonic()
	if _, err := b.do(ctx, "for one in $(pidof loa-agent); do [ $one = %d ] || kill -STOP $one; done", b.agent); err != nil {
		return err
	}
	b.faultIsTold(ctx, "a player that hangs is reported", begun)
	if err := b.opensSoon(ctx, "a hung player", stopped); err != nil {
		return err
	}
	err = until(ctx, "the fault is gone", 20*time.Second, func() (bool, error) {
		detail, err := b.soundFault(ctx)
		return detail == "", err
	})
	b.judge("another player takes its place", err, "after %.1f s", (monotonic() - begun).Seconds())
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
	begun := monotonic()
	if _, err := b.do(ctx, "kill -STOP %d", b.agent); err != nil {
		return err
	}
	var err error
	select {
	case bitten := <-b.bitten:
		if !bitten {
			err = errors.New("it ended for another reason")
		}
	case <-time.After(time.Minute):
		err = errors.New("not within a minute")
	case <-ctx.Done():
		return ctx.Err()
	}
	b.judge("a stopped agent makes the watchdog bite", err, "after %.1f s", (monotonic() - begun).Seconds())
	b.guest.end()
	anew, err := b.bootGuest(b.kernel, b.root)
	if err != nil {
		return err
	}
	b.guest = anew
	if _, err := b.booted(ctx, time.Minute); err != nil {
		return err
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

// powerOff: the machine is switched off while something is on air. What the lines
// do then is told by the kernel on its console: nobody else is left.
func (b *board) powerOff(ctx context.Context) error {
	if _, err := b.do(ctx, "echo 8 >/proc/sys/kernel/printk"); err != nil {
		return err
	}
	if err := b.onAir(ctx, "tat-may"); err != nil {
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
	for i, r := range relays {
		moves := moves(string(console), i)
		var err error
		switch {
		case !strings.Contains(string(console), "Power down"):
			err = errors.New("the console does not show that it went off")
		case len(moves) == 0 || !moves[0].closed:
			err = errors.New("the console does not show that it was on air")
		case len(moves) > 2:
			err = errors.New("it closed again")
		}
		b.judge("power-off on air closes nothing, active "+r.active, err, "closed by the plan, and moved %d times after it", max(0, len(moves)-1))
	}
	return nil
}
