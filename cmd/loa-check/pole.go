package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"loa/controller/protocol"
)

// pole is the score of a board of the boards' own kind of processor, with Debian's
// systemd and dpkg: the package is put on it as a technician does. Its relay and
// its button are lines of an emulated PL061, which is looked at, and moved, from
// outside the machine.
type pole struct {
	*score
	*guest
	monitor *monitor
	request []byte // for enrolment
}

// The board's lines of the PL061. The third is the machine's power button.
const (
	relayLine  = 5
	buttonLine = 3
	pl061Data  = 0x90303fc // reads all eight lines at once
)

// runPole plays it.
func runPole(ctx context.Context, o options, r *report) (err error) {
	s := &score{report: r, boards: map[string]protocol.Key{}}
	if s.stage, err = newStage(o); err != nil {
		return err
	}
	defer func() { s.close(err != nil || r.failed > 0) }()
	s.hosts = []string{hostInGuest, "127.0.0.1"}
	p := &pole{score: s}
	begun := monotonic()
	if err := p.boot(); err != nil {
		return err
	}
	defer func() {
		if err != nil || r.failed > 0 {
			log, _ := p.do(context.WithoutCancel(ctx), "journalctl --no-pager -o short-monotonic -u 'loa-*' | tail -n 60")
			fmt.Print(log)
		}
		p.guest.end()
	}()
	boots := func(ctx context.Context) error {
		up, err := p.booted(ctx, 2*time.Minute)
		if err != nil {
			return err
		}
		kernel, err := p.do(ctx, "uname -rm")
		if err != nil {
			return err
		}
		p.pass("arm64: Debian starts under systemd", "after %.1f s, Linux %s", (up - begun).Seconds(), strings.TrimSpace(kernel))
		_, err = p.do(ctx, "mkfs.vfat -n bootfs /dev/vdb && mount /dev/vdb /boot/firmware")
		return err
	}
	for _, step := range []func(context.Context) error{
		s.openServer, s.foundProvince, p.prepares, boots,
		p.installs, p.asks, p.refusesAnother, p.isEnrolled, p.approves,
		p.planSounds, p.buttonIsReported, p.buttonSounds, p.isKilled, p.hangs, p.stops, p.diesForGood, p.goes,
	} {
		if err := step(ctx); err != nil {
			return err
		}
		if o.first && r.failed > 0 {
			return nil
		}
	}
	return nil
}

// boot starts the machine.
func (p *pole) boot() error {
	card := p.path("card.img") // what becomes the boot partition
	if err := errors.Join(os.WriteFile(card, nil, 0o600), os.Truncate(card, 16<<20)); err != nil {
		return err
	}
	p.guest = &guest{
		console: p.path("console.log"), answers: make(chan answer), boots: make(chan time.Duration, 16),
		ended: make(chan struct{}), done: make(chan struct{}),
	}
	control := p.path("monitor")
	o := p.options
	p.cmd = exec.Command("qemu-system-aarch64", "-machine", "virt", "-accel", "tcg,thread=multi", "-cpu", "cortex-a72", "-smp", "2", "-m", "768",
		"-nographic", "-nodefaults", "-no-reboot", "-qmp", "unix:"+control+",server=on,wait=off",
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
		"-drive", "file="+o.disk+",format=raw,if=none,id=root,snapshot=on", "-device", "virtio-blk-pci,drive=root,romfile=",
		"-drive", "file="+card+",format=raw,if=none,id=card", "-device", "virtio-blk-pci,drive=card,romfile=",
		"-device", "virtio-serial-pci", "-chardev", "stdio,id=host,signal=off", "-device", "virtserialport,chardev=host,name=host",
		"-kernel", o.kernel, "-initrd", o.root, "-append", "console=ttyAMA0 quiet panic=-1 systemd.show_status=0",
		"-serial", "file:"+p.console)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(p.path("qemu.log"))
	if err != nil {
		return fmt.Errorf("make log: %w", err)
	}
	defer log.Close()
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start qemu: %w", err)
	}
	go p.read(out)
	p.monitor, err = openMonitor(control, p.done)
	return err
}

// monitor is the machine's own, outside of the guest.
type monitor struct {
	conn    net.Conn
	answers *bufio.Scanner
}

func openMonitor(path string, done <-chan struct{}) (*monitor, error) {
	var conn net.Conn
	for conn == nil {
		select {
		case <-done:
			return nil, errors.New("qemu ended")
		case <-time.After(20 * time.Millisecond):
		}
		conn, _ = net.Dial("unix", path)
	}
	m := &monitor{conn, bufio.NewScanner(conn)}
	_, err := m.ask(`{"execute":"qmp_capabilities"}`)
	return m, err
}

// ask sends a command and returns its answer.
func (m *monitor) ask(command string) (string, error) {
	if err := m.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(m.conn, command+"\n"); err != nil {
		return "", fmt.Errorf("ask the monitor: %w", err)
	}
	for m.answers.Scan() {
		var a struct {
			Return *json.RawMessage `json:"return"`
			Error  *json.RawMessage `json:"error"`
		}
		if err := json.Unmarshal(m.answers.Bytes(), &a); err != nil {
			return "", fmt.Errorf("read the monitor: %w", err)
		}
		if a.Error != nil {
			return "", fmt.Errorf("the monitor refuses %s: %s", command, *a.Error)
		}
		if a.Return != nil {
			var text string
			_ = json.Unmarshal(*a.Return, &text)
			return text, nil
		}
	}
	return "", fmt.Errorf("read the monitor: %w", errors.Join(m.answers.Err(), io.ErrUnexpectedEOF))
}

// closed tells whether the relay's line is at the level that closes its contact.
func (p *pole) closed() (bool, error) {
	text, err := p.monitor.ask(fmt.Sprintf(`{"execute":"human-monitor-command","arguments":{"command-line":"xp /1bx %#x"}}`, pl061Data))
	if err != nil {
		return false, err
	}
	_, value, _ := strings.Cut(strings.TrimSpace(text), ": ")
	lines, err := strconv.ParseUint(value, 0, 8)
	if err != nil {
		return false, fmt.Errorf("read the lines: %q", text)
	}
	return lines>>relayLine&1 == 1, nil
}

// untilRelay waits for the contact, and returns when it was seen so.
func (p *pole) untilRelay(ctx context.Context, closed bool, limit time.Duration) (time.Duration, error) {
	what := map[bool]string{true: "the relay is closed", false: "the relay is open"}[closed]
	err := until(ctx, what, limit, func() (bool, error) {
		is, err := p.closed()
		return is == closed, err
	})
	return monotonic(), err
}

// press pushes the machine's power button, which is the board's emergency button.
func (p *pole) press() error {
	_, err := p.monitor.ask(`{"execute":"system_powerdown"}`)
	return err
}

// do gives this guest more time than the other has: every instruction of it is
// translated.
func (p *pole) do(ctx context.Context, format string, args ...any) (string, error) {
	return p.doWithin(ctx, time.Minute, fmt.Sprintf(format, args...))
}

// send writes a file in the guest, whole or not at all.
func (p *pole) send(ctx context.Context, path string, data []byte) error {
	return p.wire(ctx, func(port int) string {
		return fmt.Sprintf("cat </dev/tcp/%s/%d >%s.part && mv %[3]s.part %[3]s", hostInGuest, port, path)
	}, func(conn net.Conn) error {
		_, err := conn.Write(data)
		return err
	})
}

// recorded is what a card was given.
func (p *pole) recorded(ctx context.Context, path string) (pcm []int16, err error) {
	err = p.wire(ctx, func(port int) string { return fmt.Sprintf("cat %s >/dev/tcp/%s/%d", path, hostInGuest, port) },
		func(conn net.Conn) error {
			data, err := io.ReadAll(conn)
			pcm = fromFloats(data)
			return err
		})
	return pcm, err
}

// unit is what systemd says of a unit of the agent.
func (p *pole) unit(ctx context.Context, name string, properties ...string) (map[string]string, error) {
	out, err := p.do(ctx, "systemctl show --property=%s %s", strings.Join(properties, ","), name)
	found := map[string]string{}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		found[key] = value
	}
	return found, err
}

const agentUnit = "loa-agent.service"

// untilActive waits for the agent's service, as systemd sees it: it says itself
// when it is ready. It returns the agent's process.
func (p *pole) untilActive(ctx context.Context) (pid int, err error) {
	var u map[string]string
	err = until(ctx, "the service is active", time.Minute, func() (bool, error) {
		if u, err = p.unit(ctx, agentUnit, "ActiveState", "SubState", "MainPID", "StatusText"); err != nil {
			return false, err
		}
		return u["ActiveState"] == "active" && u["SubState"] == "running", fmt.Errorf("it is %v", u)
	})
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u["MainPID"])
}

// untilOnline waits for the board in central.
func (p *pole) untilOnline(ctx context.Context) error {
	return until(ctx, "the board is online", time.Minute, func() (bool, error) {
		c, err := p.cluster(ctx, heard)
		return err == nil && c.Online && c.State != nil && c.State.Clock == protocol.ClockTrusted, err
	})
}

// receipts of the board are what central has of it.
func (p *pole) untilReceipt(ctx context.Context, what string, limit time.Duration, is func(protocol.Receipt) bool) (found protocol.Receipt, err error) {
	err = until(ctx, what, limit, func() (bool, error) {
		var rows []receiptRow
		if err := p.call(ctx, "admin-a", "GET", "/clusters/"+heard+"/receipts?limit=1000", nil, &rows); err != nil {
			return false, err
		}
		for _, r := range rows {
			if is(r.Receipt) {
				found = r.Receipt
				return true, nil
			}
		}
		return false, nil
	})
	return found, err
}

// lacks is an error that names what of a text is not there.
func lacks(text string, wanted ...string) error {
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			return fmt.Errorf("no %q in %.400q", w, text)
		}
	}
	return nil
}

// oneLine is a text of the guest for a line of the report.
func oneLine(text string) string { return string(bytes.Join(bytes.Fields([]byte(text)), []byte(" "))) }
