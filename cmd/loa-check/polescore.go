package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"loa/controller/protocol"
)

// prepares does what takes time while the guest boots: central gets a cluster
// that waits for its board, and a bulletin is spoken.
func (p *pole) prepares(ctx context.Context) error {
	if err := p.speak(ctx, "Bản tin sáng của xã Mường Tè. Hôm nay trời nắng nhẹ, bà con đi làm nương chú ý giữ lửa.", p.path("news.mp3"), 5); err != nil {
		return err
	}
	return p.call(ctx, "admin-a", "POST", "/clusters", map[string]any{
		"id": heard, "name": "Cụm " + heard, "area": commune, "languages": []string{"vi"},
	}, nil)
}

// installs: dpkg of the guest puts the package in, and nothing runs yet.
func (p *pole) installs(ctx context.Context) error {
	begun := monotonic()
	deb, err := os.ReadFile(p.options.deb)
	if err != nil {
		return err
	}
	if err := p.send(ctx, "/tmp/loa-agent.deb", deb); err != nil {
		return err
	}
	if out, err := p.doWithin(ctx, time.Minute, "dpkg -i /tmp/loa-agent.deb"); err != nil {
		return fmt.Errorf("install the package: %w: %s", err, out)
	}
	out, err := p.do(ctx, "dpkg --audit; dpkg-query -W loa-agent; id loa; systemctl is-enabled loa-agent.service loa-firstboot.service loa-firstboot.path; stat -c '%%n %%G %%a' /dev/gpiochip0 /dev/watchdog0")
	if err == nil {
		err = lacks(oneLine(out), "loa-agent 0", "(gpio)", "(i2c)", "(audio)", "enabled enabled enabled", "/dev/gpiochip0 gpio 660", "/dev/watchdog0 loa 660")
	}
	p.judge("arm64: the package installs", err, "%s in %.1f s", filepath.Base(p.options.deb), (monotonic() - begun).Seconds())

	u, err := p.unit(ctx, agentUnit, "ActiveState", "ConditionResult", "NRestarts")
	closed, err2 := p.closed()
	err = errors.Join(err, err2)
	if err == nil && (u["ActiveState"] != "inactive" || u["ConditionResult"] != "no" || closed) {
		err = fmt.Errorf("it is %v, the relay closed: %t", u, closed)
	}
	p.judge("arm64: before it is enrolled the service waits, relay open", err, "%s by its condition", u["ActiveState"])
	return nil
}

// asks: the board's request stands on the boot partition.
func (p *pole) asks(ctx context.Context) error {
	text, err := p.do(ctx, "cat /boot/firmware/loa/request.json")
	if err != nil {
		p.fail("arm64: the request is on the boot partition", err)
		return err
	}
	p.request = []byte(strings.TrimSpace(text))
	opened, err := protocol.OpenEnrolRequest(p.request)
	p.judge("arm64: the request is on the boot partition", err, "board %s, on FAT", opened.Board.ID)
	return err
}

// refusesAnother: what is wrong is told in a file beside it, and nothing changes.
func (p *pole) refusesAnother(ctx context.Context) error {
	if err := p.send(ctx, "/boot/firmware/loa/answer.json", []byte(`{"version":1}`)); err != nil {
		return err
	}
	var said string
	err := until(ctx, "it is refused", 20*time.Second, func() (bool, error) {
		var err error
		said, err = p.do(ctx, "cat /boot/firmware/loa/answer.error.txt && ! test -e /boot/firmware/loa/answer.json")
		return err == nil, err
	})
	if err == nil {
		err = lacks(said, "Không nhận tệp answer.json.", "answer.json was not taken.")
	}
	p.judge("arm64: an answer that is none is refused in words", err, "%.120s", oneLine(said))
	return nil
}

// isEnrolled: a technician carries the request to central and the answer back, and
// the board starts by itself.
func (p *pole) isEnrolled(ctx context.Context) error {
	if err := os.WriteFile(p.path("request.json"), p.request, 0o600); err != nil {
		return err
	}
	if _, err := p.desk(ctx, "admin-a", "enrol", "--yes", "--cluster", heard, "--key", p.path("admin-a.key"), "--key", p.path("admin-b.key"),
		"--out", p.path("answer.json"), p.path("request.json")); err != nil {
		return err
	}
	answer, err := os.ReadFile(p.path("answer.json"))
	if err != nil {
		return err
	}
	config := fmt.Sprintf(`board: generic
data: /var/lib/loa
clock: central
watchdog: /dev/watchdog
outputs:
  - name: main
    relays:
      - {name: amplifier, kind: gpio, chip: 9030000.pl061, line: %d, active: high, externalPull: down}
    speaker: {kind: alsa, card: %s, buffer: 500ms}
    warmUp: %v
    tail: %v
    longestOn: 1h
inputs:
  - {name: button, use: emergency-button, chip: 9030000.pl061, line: %d, active: high, debounce: 5ms}
`, relayLine, ownCard, warmUp, tailTime, buttonLine)
	begun := monotonic()
	if err := errors.Join(p.send(ctx, "/boot/firmware/loa/board.yaml", []byte(config)), p.send(ctx, "/boot/firmware/loa/answer.json", answer)); err != nil {
		return err
	}
	pid, err := p.untilActive(ctx)
	if err != nil {
		said, _ := p.do(ctx, "ls -l /boot/firmware/loa; cat /boot/firmware/loa/*.txt")
		return fmt.Errorf("%w; %s", err, oneLine(said))
	}
	active := monotonic()
	if err := p.untilOnline(ctx); err != nil {
		return err
	}
	out, err := p.do(ctx, "cd /boot/firmware/loa && echo *; stat -c %%U /proc/%d; systemctl show --property=StatusText,NRestarts %s", pid, agentUnit)
	if err == nil {
		err = lacks(oneLine(out), "answer.taken.json board.taken.yaml request.json", "loa", "StatusText=cluster "+heard+", 1 outputs", "NRestarts=0")
	}
	p.judge("arm64: two files on the boot partition enrol the board and start it", err, "active after %.1f s, online after %.1f s", (active - begun).Seconds(), (monotonic() - begun).Seconds())

	out, err = p.do(ctx, "systemd-analyze security --no-pager --threshold=20 %s | tail -n 1; test ${PIPESTATUS[0]} = 0", agentUnit)
	p.judge("arm64: the service may do little beside its work", err, "%s", strings.Trim(oneLine(out), "→ "))

	out, err = p.do(ctx, "cat /sys/class/watchdog/watchdog0/state /sys/class/watchdog/watchdog0/timeout")
	if err == nil {
		err = lacks(oneLine(out), "active 15")
	}
	p.judge("arm64: the board's own watchdog runs", err, "%s", oneLine(out))
	return nil
}

func (p *pole) approves(ctx context.Context) error {
	return p.approve(ctx, &p.news, "ban-tin-sang", p.path("news.mp3"), "officer")
}

// plays starts the bulletin and waits until its relay is closed.
func (p *pole) plays(ctx context.Context, id string) (time.Duration, error) {
	if _, err := p.programme(ctx, id, p.news, 60); err != nil {
		return 0, err
	}
	return p.untilRelay(ctx, true, 30*time.Second)
}

func (p *pole) planSounds(ctx context.Context) error {
	if _, err := p.do(ctx, "arecord -q -D hw:%s,1,0 -t raw -f FLOAT_LE -r %d -c 1 --buffer-time=500000 /run/card.pcm >/run/arecord.log 2>&1 &", ownCard, rate); err != nil {
		return err
	}
	at, err := p.programme(ctx, "sang", p.news, 60)
	if err != nil {
		return err
	}
	closed, err := p.untilRelay(ctx, true, 30*time.Second)
	late := time.Since(at)
	if err != nil {
		p.fail("arm64: a signed plan closes the relay line", err)
		return nil
	}
	opened, err := p.untilRelay(ctx, false, 30*time.Second)
	p.judge("arm64: a signed plan closes the relay line, and opens it", err, "by the monitor %.0f ms late, for %.1f s", milliseconds(late), (opened - closed).Seconds())
	_, err = p.untilReceipt(ctx, "the end is told", 20*time.Second, func(r protocol.Receipt) bool {
		return strings.HasPrefix(r.Occurrence, "sang@") && r.Fate == protocol.FateFinished
	})
	if err == nil {
		_, err = p.do(ctx, "kill -INT $(pidof arecord); while pidof arecord; do sleep 0.1; done")
	}
	var pcm []int16
	if err == nil {
		pcm, err = p.recorded(ctx, "/run/card.pcm")
	}
	lasts := float64(loudTo(pcm)-loudFrom(pcm)) / rate
	if err == nil && (loudFrom(pcm) < 0 || lasts < 3 || lasts > 7) {
		err = errors.New("the bulletin is 5 s long")
	}
	p.judge("arm64: the hardened service plays to ALSA's card, and tells central", err, "%.1f s of sound in %.1f s", lasts, float64(len(pcm))/rate)
	return nil
}

func (p *pole) buttonIsReported(ctx context.Context) error {
	if err := p.press(); err != nil {
		return err
	}
	r, err := p.untilReceipt(ctx, "the press is told", 20*time.Second, func(r protocol.Receipt) bool { return r.Fate == protocol.FatePressed })
	closed, err2 := p.closed()
	if err = errors.Join(err, err2); err == nil && (closed || r.Occurrence != "button") {
		err = fmt.Errorf("the relay closed: %t, the input %q", closed, r.Occurrence)
	}
	p.judge("arm64: the emergency button without an order is reported, and silent", err, "%s: %s", r.Occurrence, r.Detail)
	return nil
}

func (p *pole) buttonSounds(ctx context.Context) error {
	var d struct {
		Hash string `json:"hash"`
	}
	if err := p.call(ctx, "officer", "POST", "/locals", map[string]any{
		"mode": "live", "input": "button", "audience": []string{commune}, "lifetimeSeconds": 3600, "seconds": 5, "hazard": "flood", "level": 3,
		"siren": map[string]any{"blasts": 1, "seconds": 3, "gap": 0}, "phrase": "phrase:flood", "repetitions": 1, "pause": 0,
		"messages": []any{map[string]any{"language": "vi", "text": "Nước lên nhanh. Bà con lên chỗ cao ngay."}},
	}, &d); err != nil {
		return err
	}
	if _, err := p.desk(ctx, "officer", "sign", "order", "--yes", "--key", p.path("officer.key"), d.Hash); err != nil {
		return err
	}
	if _, err := p.untilReceipt(ctx, "the button's order is accepted", 20*time.Second, func(r protocol.Receipt) bool {
		return r.Kind == protocol.KindLocal && r.Fate == protocol.FateAccepted
	}); err != nil {
		p.fail("arm64: the board takes an order for its button", err)
		return nil
	}
	begun := monotonic()
	if err := p.press(); err != nil {
		return err
	}
	closed, err := p.untilRelay(ctx, true, 10*time.Second)
	if err != nil {
		p.fail("arm64: the emergency button sounds what was ordered for it", err)
		return nil
	}
	opened, err := p.untilRelay(ctx, false, 20*time.Second)
	if on := opened - closed; err == nil && (on < 4*time.Second || on > 8*time.Second) {
		err = errors.New("it was ordered to sound for 5 s")
	}
	p.judge("arm64: the emergency button sounds what was ordered for it", err, "%.0f ms after the press, for %.1f s", milliseconds(closed-begun), (opened - closed).Seconds())
	return nil
}

// isKilled: a dead process's line keeps its level on this chip, so only the
// service's last command opens it.
func (p *pole) isKilled(ctx context.Context) error {
	pid, err := p.untilActive(ctx)
	if err != nil {
		return err
	}
	if _, err := p.plays(ctx, "chet"); err != nil {
		return err
	}
	begun := monotonic()
	if _, err := p.do(ctx, "kill -KILL %d", pid); err != nil {
		return err
	}
	opened, err := p.untilRelay(ctx, false, 10*time.Second)
	p.judge("arm64: SIGKILL on air: the service opens the relay", err, "%.0f ms later", milliseconds(opened-begun))
	return p.comesBack(ctx, "SIGKILL", begun, "1")
}

// hangs: a process that does nothing any more is bitten by systemd.
func (p *pole) hangs(ctx context.Context) error {
	pid, err := p.untilActive(ctx)
	if err != nil {
		return err
	}
	if _, err := p.plays(ctx, "treo"); err != nil {
		return err
	}
	begun := monotonic()
	if _, err := p.do(ctx, "kill -STOP %d", pid); err != nil {
		return err
	}
	opened, err := p.untilRelay(ctx, false, 30*time.Second)
	out, err2 := p.do(ctx, "journalctl --no-pager -o cat -u %s | grep -c 'Watchdog timeout'", agentUnit)
	if err = errors.Join(err, err2); err == nil && strings.TrimSpace(out) != "1" {
		err = fmt.Errorf("the watchdog bit %s times", strings.TrimSpace(out))
	}
	p.judge("arm64: stopped on air: systemd's watchdog bites, and the relay opens", err, "%.1f s later", (opened - begun).Seconds())
	return p.comesBack(ctx, "a hang", begun, "2")
}

// comesBack: the agent is there again, and does not go on with what it was at.
func (p *pole) comesBack(ctx context.Context, after string, since time.Duration, restarts string) error {
	if _, err := p.untilActive(ctx); err != nil {
		return err
	}
	back := monotonic()
	// The receipt of what was interrupted is a sign of life that is no older than it.
	u, err := p.unit(ctx, agentUnit, "NRestarts")
	if err == nil {
		err = p.untilOnline(ctx)
	}
	if err == nil {
		_, err = p.untilReceipt(ctx, "what was cut off is told", 30*time.Second, func(r protocol.Receipt) bool {
			return strings.HasPrefix(r.Occurrence, map[string]string{"1": "chet@", "2": "treo@"}[restarts]) && r.Fate == protocol.FateFailed
		})
	}
	closed, err2 := p.closed()
	if err = errors.Join(err, err2); err == nil && (closed || u["NRestarts"] != restarts) {
		err = fmt.Errorf("the relay closed: %t, restarts: %s", closed, u["NRestarts"])
	}
	p.judge("arm64: after "+after+" the agent comes back, relay open", err, "ready after %.1f s, on line after %.1f s", (back - since).Seconds(), (monotonic() - since).Seconds())
	return nil
}

func (p *pole) stops(ctx context.Context) error {
	if _, err := p.plays(ctx, "dung"); err != nil {
		return err
	}
	begun := monotonic()
	if _, err := p.do(ctx, "systemctl stop %s", agentUnit); err != nil {
		return err
	}
	stopped := monotonic()
	u, err := p.unit(ctx, agentUnit, "ActiveState", "Result")
	closed, err2 := p.closed()
	dog, err3 := p.do(ctx, "cat /sys/class/watchdog/watchdog0/state")
	if err = errors.Join(err, err2, err3); err == nil && (closed || u["ActiveState"] != "inactive" || u["Result"] != "success" || oneLine(dog) != "inactive") {
		err = fmt.Errorf("the relay closed: %t, the service %v, the watchdog %s", closed, u, oneLine(dog))
	}
	p.judge("arm64: stopped on air by its service: relay open, watchdog let go", err, "%.1f s, %s", (stopped - begun).Seconds(), u["Result"])
	_, err = p.do(ctx, "systemctl start %s", agentUnit)
	return err
}

// diesForGood: nothing starts again, so that only what follows the end of the
// service can open the relay.
func (p *pole) diesForGood(ctx context.Context) error {
	const dropIn = "/run/systemd/system/" + agentUnit + ".d"
	if _, err := p.do(ctx, "mkdir -p %[1]s && printf '[Service]\\nRestart=no\\n' >%[1]s/once.conf && systemctl daemon-reload", dropIn); err != nil {
		return err
	}
	pid, err := p.untilActive(ctx)
	if err != nil {
		return err
	}
	if _, err := p.plays(ctx, "het"); err != nil {
		return err
	}
	begun := monotonic()
	if _, err := p.do(ctx, "kill -KILL %d", pid); err != nil {
		return err
	}
	opened, err := p.untilRelay(ctx, false, 10*time.Second)
	u, err2 := p.unit(ctx, agentUnit, "Result")
	if err = errors.Join(err, err2); err == nil && u["Result"] != "signal" {
		err = fmt.Errorf("it ended by %s", u["Result"])
	}
	p.judge("arm64: SIGKILL where nothing starts again: ExecStopPost opens the relay", err, "%.0f ms later", milliseconds(opened-begun))
	_, err = p.do(ctx, "rm -r %s && systemctl daemon-reload && systemctl start %s", dropIn, agentUnit)
	return err
}

// goes: the package is removed while the agent runs, and then purged.
func (p *pole) goes(ctx context.Context) error {
	if _, err := p.untilActive(ctx); err != nil {
		return err
	}
	out, err := p.do(ctx, "dpkg -r loa-agent && ! pidof loa-agent && ! test -e /usr/bin/loa-agent && systemctl show --property=LoadState %s && ls /var/lib/loa && systemctl --failed --no-legend", agentUnit)
	closed, err2 := p.closed()
	if err = errors.Join(err, err2); err == nil {
		err = lacks(oneLine(out), "LoadState=not-found", "board.key enrolment.json")
	}
	if err == nil && closed {
		err = errors.New("the relay is closed")
	}
	p.judge("arm64: removed while it runs: relay open, the board's key kept", err, "%s", "no process, no unit")
	out, err = p.do(ctx, "dpkg -P loa-agent && ! id loa && find /etc /usr /var /run -xdev -name '*loa*' -not -path '/var/lib/dpkg/*' -not -name '*loadavg*' | grep -E '/(60-)?loa([-.]|$)' || true")
	if err == nil && strings.Contains(out, "\n/") {
		err = fmt.Errorf("it leaves %s", oneLine(out))
	}
	p.judge("arm64: purged: nothing is left", err, "no key, no user, no file")
	return nil
}
