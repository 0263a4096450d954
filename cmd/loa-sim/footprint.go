package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"loa/controller/protocol"
)

const footprintName = "footprint"

const (
	starts    = 5                // of the agent; the median counts
	restFor   = 10 * time.Second // before something is measured, and while it is
	toneLasts = 25 * time.Second
	shortTone = 3 * time.Second
	plays     = 4 // of the short one, for the time from warm-up to sound
)

// footprint measures what the real agent takes of a machine, idle and playing,
// beside snapclient that plays the same tone to the same ALSA device. The agent
// is that of a release; central is real too.
func (c *benchCommand) footprint(ctx context.Context, out *lines, log *slog.Logger) (err error) {
	if !out.wants(footprintName+"/") && !strings.HasPrefix(out.name, footprintName+"/") {
		return nil
	}
	dir, err := os.MkdirTemp(c.Disk, "footprint-")
	if err != nil {
		return fmt.Errorf("make temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	f := &footprint{dir: dir, log: log}
	card, err := newALSACard(dir)
	if err != nil {
		return err
	}
	f.card = card
	took := make(chan error, 1)
	go func() {
		err := card.run(ctx)
		stop(err)
		took <- err
	}()
	if err := f.openAgent(ctx); err != nil {
		return err
	}
	p, err := newProvince(ctx, filepath.Join(dir, "central"), slog.New(atLeastWarn{log.Handler()}))
	if err != nil {
		return err
	}
	defer func() {
		stop(nil)
		if end := <-p.done; end != nil {
			err = errors.Join(err, fmt.Errorf("central: %w", end))
		}
	}()
	f.province = p
	for _, step := range []func(context.Context) error{f.enrolAgent, f.measureAgent, f.measureSnapclient} {
		if err := step(ctx); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
	}
	stop(nil)
	if err := <-took; err != nil {
		return err
	}
	return f.print(out)
}

type footprint struct {
	*province
	dir   string
	card  *alsaCard
	log   *slog.Logger
	agent string // the binary

	ours, theirs taken
	ready        []float64 // milliseconds from exec, of the agent
	closings     []time.Duration
}

// taken is what a program took of the machine.
type taken struct {
	began         time.Duration // when it was started
	idle, playing stretch
}

// stretch is what it took over a while.
type stretch struct{ rss, pss, cpu, wakeups float64 }

// spends measures a program for a while.
func spends(ctx context.Context, pid int, long time.Duration) (stretch, error) {
	before, err := usageOf(pid)
	if err != nil {
		return stretch{}, err
	}
	if err := pause(ctx, long); err != nil {
		return stretch{}, err
	}
	after, err := usageOf(pid)
	if err != nil {
		return stretch{}, err
	}
	return stretch{
		rss: after.rss, pss: after.pss, cpu: after.share(before),
		wakeups: float64(after.wakeups-before.wakeups) / (after.at - before.at).Seconds(),
	}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *footprint) path(elements ...string) string {
	return filepath.Join(append([]string{f.dir}, elements...)...)
}

// openAgent builds the agent as it is released, and gives it a data folder.
func (f *footprint) openAgent(ctx context.Context) error {
	f.agent = f.path("loa-agent")
	build := exec.CommandContext(ctx, "go", "build", "-p", "2", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", f.agent, "./cmd/loa-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	return command(build)
}

func command(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, bytes.TrimSpace(out))
	}
	return nil
}

const measuredCluster = "measured-1"

func (f *footprint) enrolAgent(ctx context.Context) error {
	if err := f.register(ctx, measuredCluster); err != nil {
		return err
	}
	data := f.path("board")
	if err := command(exec.CommandContext(ctx, f.agent, "init", "--data", data, "--out", f.path("request"))); err != nil {
		return err
	}
	key, err := boardKey(filepath.Join(data, boardKeyFile))
	if err != nil {
		return err
	}
	enrolment, err := f.enrol(ctx, measuredCluster, key)
	if err != nil {
		return err
	}
	answer, err := protocol.Encode(enrolment)
	if err != nil {
		return err
	}
	if err := writeFile(f.path("answer"), answer); err != nil {
		return err
	}
	if err := command(exec.CommandContext(ctx, f.agent, "enrol", "--data", data, f.path("answer"))); err != nil {
		return err
	}
	return os.WriteFile(f.path("board.yaml"), fmt.Appendf(nil, `data: %q
clock: central
outputs:
  - name: main
    relays:
      - {name: amplifier, kind: sim, trace: %q}
    speaker: {kind: alsa}
    warmUp: %v
    tail: %v
    longestOn: 1h
`, data, f.path("relay"), warmUp, tailTime), 0o600)
}

// measureAgent starts the agent, lets it rest, and lets it play.
func (f *footprint) measureAgent(ctx context.Context) error {
	var agent *exec.Cmd
	for i := range starts {
		cmd, took, err := f.start(exec.CommandContext(ctx, f.agent, "run", "--config", f.path("board.yaml")), "msg=ready")
		if err != nil {
			return err
		}
		f.ready = append(f.ready, milliseconds(took))
		if i < starts-1 {
			if err := end(cmd); err != nil {
				return err
			}
			continue
		}
		agent, f.ours.began = cmd, now()-took
	}
	defer func() { _ = end(agent) }() // it may have ended by itself: what failed then is told
	if err := f.tone(ctx, "long", toneLasts); err != nil {
		return err
	}
	if err := f.tone(ctx, "short", shortTone); err != nil {
		return err
	}
	if err := pause(ctx, restFor); err != nil {
		return err
	}
	var err error
	if f.ours.idle, err = spends(ctx, agent.Process.Pid, restFor); err != nil {
		return err
	}
	if err := f.play(ctx, "long", toneLasts); err != nil {
		return err
	}
	if err := pause(ctx, restFor/2); err != nil {
		return err
	}
	if f.ours.playing, err = spends(ctx, agent.Process.Pid, restFor); err != nil {
		return err
	}
	if err := f.untilRelay(ctx, false); err != nil {
		return err
	}
	for range plays {
		if err := f.play(ctx, "short", shortTone); err != nil {
			return err
		}
		if err := f.untilRelay(ctx, false); err != nil {
			return err
		}
	}
	return nil
}

// play lets the agent sound a bulletin, and returns when it does.
func (f *footprint) play(ctx context.Context, id string, long time.Duration) error {
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		return err
	}
	at := time.Now().Add(3 * time.Second).Truncate(time.Second)
	if err := f.call(ctx, officer, "POST", "/programmes", map[string]any{
		"id": fmt.Sprintf("%s-%d", id, at.Unix()), "title": id, "area": communeCode, "class": "routine", "order": 0,
		"start": at.In(zone).Format(protocol.LocalTime), "seconds": int(long.Seconds()) + 2, "late": 60, "bulletins": []string{id}, "noChime": true,
	}, nil); err != nil {
		return err
	}
	return f.untilRelay(ctx, true)
}

// untilRelay waits for the agent's relay, and notes its closings.
func (f *footprint) untilRelay(ctx context.Context, closed bool) error {
	limit := time.Now().Add(toneLasts + 20*time.Second)
	for {
		trace, err := os.ReadFile(f.path("relay"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("read the relay's trace: %w", err)
		}
		is := false
		f.closings = f.closings[:0]
		for line := range bytes.Lines(trace) {
			var e struct {
				Closed bool          `json:"closed"`
				At     time.Duration `json:"monotonic_ns"`
			}
			if err := json.Unmarshal(line, &e); err != nil {
				return fmt.Errorf("read the relay's trace: %w", err)
			}
			if is = e.Closed; is {
				f.closings = append(f.closings, e.At)
			}
		}
		if is == closed {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("the agent's relay is not closed=%t in time", closed)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// tone brings a bulletin of one tone to central, which makes station format of
// it, and approves it.
func (f *footprint) tone(ctx context.Context, id string, long time.Duration) error {
	if err := f.call(ctx, admin, "PUT", "/persons/"+officer+"/roles", map[string]any{"name": "broadcaster", "area": communeCode}, nil); err != nil {
		return err
	}
	wav := f.path(id + ".wav")
	if err := command(exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-y",
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=1000:sample_rate=48000:duration=%g", long.Seconds()), wav)); err != nil {
		return err
	}
	file, err := os.ReadFile(wav)
	if err != nil {
		return err
	}
	var audio struct {
		SHA256 string `json:"sha256"`
	}
	if err := f.send(ctx, officer, "POST", "/audio?name="+id, "application/octet-stream", file, &audio); err != nil {
		return err
	}
	now := time.Now()
	if err := f.call(ctx, officer, "POST", "/bulletins", map[string]any{
		"id": id, "title": id, "class": "routine", "areas": []string{communeCode}, "audio": map[string]string{"vi": audio.SHA256},
		"validFrom": now.Add(-time.Hour), "validUntil": now.Add(24 * time.Hour),
	}, nil); err != nil {
		return err
	}
	var document draft
	if err := f.call(ctx, officer, "POST", "/bulletins/"+id+"/document", nil, &document); err != nil {
		return err
	}
	return f.sign(ctx, officer, document, officer)
}

// measureSnapclient lets snapclient play the same tone, as Opus, from a
// snapserver of the same machine.
func (f *footprint) measureSnapclient(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	source := f.path("stream")
	if err := syscall.Mkfifo(source, 0o600); err != nil {
		return fmt.Errorf("make FIFO: %w", err)
	}
	config := f.path("snapserver.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, `[server]
datadir = %s
[http]
enabled = false
[tcp]
enabled = false
[stream]
bind_to_address = 127.0.0.1
port = %d
source = pipe://%s?name=tone&mode=read&sampleformat=48000:16:2
codec = opus
[logging]
sink = stderr
`, f.dir, port, source), 0o600); err != nil {
		return err
	}
	server, _, err := f.start(exec.CommandContext(ctx, "snapserver", "-c", config), "")
	if err != nil {
		return err
	}
	defer func() { _ = end(server) }()
	client, took, err := f.start(exec.CommandContext(ctx, "snapclient", "-h", "127.0.0.1", "-p", fmt.Sprint(port), "--hostID", "bench", "--logsink", "stderr"), "")
	if err != nil {
		return err
	}
	defer func() { _ = end(client) }()
	f.theirs.began = now() - took
	if err := pause(ctx, restFor); err != nil {
		return err
	}
	if f.theirs.idle, err = spends(ctx, client.Process.Pid, restFor); err != nil {
		return err
	}
	player := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-y", "-re",
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=1000:sample_rate=48000:duration=%g", toneLasts.Seconds()),
		"-ac", "2", "-f", "s16le", source)
	if err := player.Start(); err != nil {
		return fmt.Errorf("play to snapserver: %w", err)
	}
	defer func() { _ = player.Wait() }() // what it says does not matter: what the card got does
	if err := pause(ctx, restFor/2); err != nil {
		return err
	}
	f.theirs.playing, err = spends(ctx, client.Process.Pid, restFor)
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// start starts a program and waits until it says a word. It ends with the bench.
func (f *footprint) start(cmd *exec.Cmd, word string) (*exec.Cmd, time.Duration, error) {
	cmd.Env = append(os.Environ(), "ALSA_CONFIG_PATH="+f.card.config, "XDG_RUNTIME_DIR="+f.dir, "HOME="+f.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, 0, err
	}
	name := filepath.Base(cmd.Path)
	begun := now()
	if err := cmd.Start(); err != nil {
		return nil, 0, fmt.Errorf("start %s: %w", name, err)
	}
	heard := make(chan time.Duration, 1)
	all := make(chan string, 1)
	go func() {
		var text strings.Builder
		for lines := bufio.NewScanner(said); lines.Scan(); {
			f.log.Debug(lines.Text(), "program", name)
			if text.Len() < 10_000 {
				text.WriteString(lines.Text() + "\n")
			}
			if strings.Contains(lines.Text(), word) {
				select {
				case heard <- now():
				default:
				}
			}
		}
		all <- text.String()
	}()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	select {
	case at := <-heard:
		return cmd, at - begun, nil
	case text := <-all:
		_ = cmd.Wait()
		return nil, 0, fmt.Errorf("%s ended: %v: %s", name, cmd.ProcessState, text)
	case <-limit.C:
		_ = end(cmd)
		return nil, 0, fmt.Errorf("%s does not say %q", name, word)
	}
}

func end(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	_ = cmd.Wait() // some programs end by the signal
	return nil
}

// print prints all, each figure beside snapclient's.
func (f *footprint) print(out *lines) error {
	sizes := [2]float64{}
	for i, path := range []string{f.agent, "/usr/bin/snapclient"} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("measure a program's size: %w", err)
		}
		sizes[i] = float64(info.Size()) / 1e6
	}
	var warm []float64
	for _, closed := range f.closings {
		if sounded := f.card.firstSound(closed); sounded > 0 {
			warm = append(warm, milliseconds(sounded-closed-warmUp))
		}
	}
	if len(warm) != 1+plays {
		return fmt.Errorf("%d of %d plays were heard", len(warm), 1+plays)
	}
	for _, l := range []struct {
		name, unit   string
		ours, theirs float64
	}{
		{"binary", "MB", sizes[0], sizes[1]},
		{"ready", "ms", median(f.ready), 0},
		{"exec-to-alsa", "ms", milliseconds(f.card.firstWrite(f.ours.began) - f.ours.began), 0}, // snapclient opens it when it plays
		{"warm-to-alsa", "ms", median(warm), 0},
		{"warm-to-alsa-slowest", "ms", quantile(warm, 1), 0},
		{"idle-pss", "MB", f.ours.idle.pss, f.theirs.idle.pss},
		{"idle-rss", "MB", f.ours.idle.rss, f.theirs.idle.rss},
		{"idle-cpu", "% of a core", f.ours.idle.cpu, f.theirs.idle.cpu},
		{"idle-wakeups", "1/s", f.ours.idle.wakeups, f.theirs.idle.wakeups},
		{"playing-pss", "MB", f.ours.playing.pss, f.theirs.playing.pss},
		{"playing-rss", "MB", f.ours.playing.rss, f.theirs.playing.rss},
		{"playing-cpu", "% of a core", f.ours.playing.cpu, f.theirs.playing.cpu},
		{"playing-wakeups", "1/s", f.ours.playing.wakeups, f.theirs.playing.wakeups},
	} {
		if err := out.print(footprintName+"/"+l.name, l.unit, l.ours, l.theirs); err != nil {
			return err
		}
	}
	return nil
}
