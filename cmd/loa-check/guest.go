package main

import (
	"bufio"
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
	"sync"
	"syscall"
	"time"
)

// hostInGuest is where a guest of qemu finds this machine.
const hostInGuest = "10.0.2.2"

// guest is a virtual machine with a real kernel, whose first process does what it
// is told, line by line (scripts/board-shell).
type guest struct {
	cmd     *exec.Cmd
	console string // file of what its kernel says
	in      io.Writer
	answers chan answer
	boots   chan time.Duration // when it began
	once    sync.Once          // of end
	ended   chan struct{}      // closed by end
	done    chan struct{}      // closed when nothing more is read
	bitten  chan bool          // at its end: whether its watchdog ended it
}

type answer struct {
	text   string
	status int
}

// newGuest starts a machine of qemu, with what it says and what it is told over a
// line of which more says how it is wired. A machine that begins anew ends instead.
func (s *stage) newGuest(qemu string, more ...string) (*guest, error) {
	s.guests++
	g := &guest{
		console: s.path(fmt.Sprintf("console-%d.log", s.guests)), answers: make(chan answer), boots: make(chan time.Duration, 1),
		ended: make(chan struct{}), done: make(chan struct{}), bitten: make(chan bool, 1),
	}
	g.cmd = exec.Command(qemu, append([]string{
		"-accel", "tcg,thread=multi", "-smp", "2", "-m", "768", "-nographic", "-nodefaults", "-no-reboot",
		"-netdev", "user,id=net", "-serial", "file:" + g.console,
	}, more...)...)
	// A check that is killed takes its guest along.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(s.path(fmt.Sprintf("qemu-%d.log", s.guests)))
	if err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	defer log.Close()
	g.cmd.Stderr = log
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start qemu: %w", err)
	}
	go g.read(out)
	return g, nil
}

// bootGuest boots an x86 machine with a watchdog.
func (s *stage) bootGuest(kernel, root string) (*guest, error) {
	control := s.path(fmt.Sprintf("qmp-%d", s.guests))
	g, err := s.newGuest("qemu-system-x86_64", "-machine", "q35", "-cpu", "max", "-device", "e1000,netdev=net,romfile=",
		"-device", "i6300esb", "-action", "watchdog=reset", "-qmp", "unix:"+control+",server=on,wait=off",
		"-kernel", kernel, "-initrd", root, "-append", "console=ttyS0 quiet panic=-1 tp_printk rdinit=/init", "-serial", "stdio")
	if err == nil {
		go g.watchBites(control)
	}
	return g, err
}

// read takes the guest's words apart: answers, and the beginnings of a boot.
func (g *guest) read(out io.Reader) {
	defer close(g.done)
	var text strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		switch status, ends := strings.CutPrefix(line, "%% "); {
		case line == "%% up":
			text.Reset()
			g.boots <- monotonic()
		case ends:
			n, err := strconv.Atoi(status)
			if err != nil {
				n = -1
			}
			select {
			case g.answers <- answer{text.String(), n}:
			case <-g.ended:
			}
			text.Reset()
		default:
			text.WriteString(line + "\n")
		}
	}
}

// watchBites hears from qemu whether the guest's watchdog ended it: a guest ends for
// other reasons too.
func (g *guest) watchBites(control string) {
	bitten := false
	defer func() { g.bitten <- bitten }()
	conn := g.dial(control)
	if conn == nil {
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, `{"execute":"qmp_capabilities"}`+"\n"); err != nil {
		return
	}
	events := json.NewDecoder(conn)
	for {
		var e struct {
			Event string `json:"event"`
		}
		if err := events.Decode(&e); err != nil {
			return
		}
		bitten = bitten || e.Event == "WATCHDOG"
	}
}

// dial connects with qemu's own control; nil once it has ended.
func (g *guest) dial(control string) net.Conn {
	for {
		select {
		case <-g.done:
			return nil
		case <-time.After(20 * time.Millisecond):
		}
		if conn, err := net.Dial("unix", control); err == nil {
			return conn
		}
	}
}

// booted waits until the guest has begun.
func (g *guest) booted(ctx context.Context, limit time.Duration) (time.Duration, error) {
	select {
	case at := <-g.boots:
		return at, nil
	case <-time.After(limit):
		return 0, fmt.Errorf("the guest did not begin within %v", limit)
	case <-g.done:
		return 0, errors.New("qemu ended")
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// commandTime is how long the guest may take for one command.
const commandTime = 20 * time.Second

// do runs a line of shell in the guest. What it leaves running must not hold on
// to its output.
func (g *guest) do(ctx context.Context, format string, args ...any) (string, error) {
	return g.doWithin(ctx, commandTime, fmt.Sprintf(format, args...))
}

func (g *guest) doWithin(ctx context.Context, limit time.Duration, line string) (string, error) {
	if strings.Contains(line, "\n") {
		return "", errors.New("a command for the guest is one line")
	}
	if _, err := io.WriteString(g.in, line+"\n"); err != nil {
		return "", fmt.Errorf("tell the guest: %w", err)
	}
	select {
	case a := <-g.answers:
		if a.status != 0 {
			return a.text, fmt.Errorf("in the guest %.80q ended with %d: %.300s", line, a.status, strings.TrimSpace(a.text))
		}
		return a.text, nil
	case <-time.After(limit):
		return "", fmt.Errorf("in the guest %.80q took longer than %v", line, limit)
	case <-g.done:
		return "", errors.New("qemu ended")
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// give sends what a command here writes to a command there, as an archive.
func (g *guest) give(ctx context.Context, command string, from *exec.Cmd) error {
	return g.wire(ctx, func(port int) string { return fmt.Sprintf("nc %s %d </dev/null | %s", hostInGuest, port, command) },
		func(conn net.Conn) error {
			from.Stdout = conn
			return from.Run()
		})
}

// take reads a file of the guest.
func (g *guest) take(ctx context.Context, path string) (data []byte, err error) {
	err = g.wire(ctx, func(port int) string { return fmt.Sprintf("nc %s %d <%s", hostInGuest, port, path) },
		func(conn net.Conn) error {
			data, err = io.ReadAll(conn)
			return err
		})
	return data, err
}

// wire connects a command in the guest with this machine, for one connection.
func (g *guest) wire(ctx context.Context, command func(port int) string, serve func(net.Conn) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = serve(conn)
			conn.Close()
		}
		served <- err
	}()
	if _, err := g.do(ctx, "%s", command(l.Addr().(*net.TCPAddr).Port)); err != nil {
		return err
	}
	return <-served
}

// end ends the machine at once. It can be called twice.
func (g *guest) end() {
	g.once.Do(func() {
		close(g.ended)
		_ = g.cmd.Process.Kill()
		<-g.done
		_ = g.cmd.Wait()
	})
}
