package pi_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"loa/firmware"
	"loa/firmware/boardtest"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

// The test's own program is the sound process too, and one that has such a
// process, by its first argument.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "sound":
		o := pi.SpeakerOptions{}
		if len(os.Args) > 2 {
			o.Card = os.Args[2]
		}
		if len(os.Args) > 3 {
			o.Buffer, _ = time.ParseDuration(os.Args[3]) // of TestBoard, which has judged it
		}
		if err := pi.ServeSound(context.Background(), o, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) > 1 && os.Args[1] == "agent":
		s := pi.StartSound(pi.SoundOptions{Output: "main", Command: []string{os.Args[0], "sound"}})
		fmt.Println(s.Write(context.Background(), signal(30, time.Minute)))
	default:
		os.Exit(m.Run())
	}
}

// startSound gives a speaker whose device is open.
func startSound(t *testing.T) *pi.SoundProcess {
	t.Helper()
	s := pi.StartSound(pi.SoundOptions{Output: "main", Command: []string{os.Args[0], "sound"}})
	t.Cleanup(func() { must(t, s.Close()) })
	awaitSound(t, s)
	return s
}

// awaitSound waits until there is a device.
func awaitSound(t *testing.T, s *pi.SoundProcess) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; {
		err := s.Write(t.Context(), nil)
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("the real libasound is needed here (package libasound2): %v", err)
		}
	}
}

// children of a process, by what it says of them.
func children(t *testing.T, parent int) []int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	var pids []int
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[0] != "Z" && f[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			must(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// lives tells whether a process runs; one that only waits to be noticed does not.
func lives(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z")
}

// soundChild is the one sound process of this one.
func soundChild(t *testing.T) int {
	t.Helper()
	pids := children(t, os.Getpid())
	if len(pids) != 1 {
		t.Fatalf("there are sound processes %v", pids)
	}
	return pids[0]
}

// monitored is what a monitor tells, and when.
type told struct {
	what string
	at   time.Time
}

func monitored(t *testing.T, m firmware.Monitor) <-chan told {
	all := make(chan told, 100)
	go m.Watch(t.Context(), func(what string) { all <- told{what, time.Now()} })
	return all
}

func tells(t *testing.T, all <-chan told) told {
	t.Helper()
	select {
	case one := <-all:
		return one
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was told")
		return told{}
	}
}

// playsAgain asserts that a device which is there again sounds.
func playsAgain(t *testing.T, s *pi.SoundProcess, c *card, seed uint64) {
	t.Helper()
	awaitSound(t, s)
	pcm := signal(seed, 500*time.Millisecond)
	must(t, s.Write(t.Context(), pcm))
	must(t, s.Drain(t.Context()))
	if c.find(pcm) < 0 {
		t.Error("the device was not used again, or not with all samples")
	}
}

func TestSoundProcessPlaysWhatIsWritten(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := startSound(t)
	time.Sleep(300 * time.Millisecond) // the device is idle
	if n := s.Buffered(); n != 0 {
		t.Errorf("%d samples are buffered before any is written", n)
	}

	pcm := signal(21, 3*time.Second)
	begin := time.Now()
	for part := range slices.Chunk(pcm, samples(20*time.Millisecond)) {
		must(t, s.Write(t.Context(), part))
	}
	wrote := time.Since(begin)
	// What was written is heard, or buffered, or in the pipe that stands for a
	// card, which always holds as much; also between two statuses.
	var pipe []int
	from := c.begins(pcm)
	for n := s.Buffered(); n > samples(100*time.Millisecond); n = s.Buffered() {
		pipe = append(pipe, len(pcm)-(len(c.heard())-from)-n)
		time.Sleep(3 * time.Millisecond)
	}
	must(t, s.Drain(t.Context()))
	drained := time.Now()
	at := c.find(pcm)
	if at < 0 {
		t.Fatalf("the samples written are not in the %d that were played", len(c.heard()))
	}
	first, last := c.when(at), c.when(at+len(pcm)-1)
	slices.Sort(pipe)
	t.Logf("3 s written in %v; first sample out after %v; Drain returned %v after the last sample was out",
		wrote.Round(time.Millisecond), first.Sub(begin).Round(time.Millisecond), drained.Sub(last).Round(time.Millisecond))
	t.Logf("what is buffered was told to the sample but for %d to %d (median %d)", pipe[0], pipe[len(pipe)-1], pipe[len(pipe)/2])
	if most := 60*time.Millisecond + pipeTime + slack; first.Sub(begin) > most {
		t.Errorf("the first sample was out after %v, want %v at most", first.Sub(begin), most)
	}
	if early, stalled := last.Sub(drained), c.stalled(drained.Add(-200*time.Millisecond), at+len(pcm)-1); early > 30*time.Millisecond+stalled {
		t.Errorf("Drain returned %v before the last sample was out, and the card was late by %v only", early, stalled)
	}
	// The test's card takes ten milliseconds at once, and may be late.
	middle := pipe[len(pipe)/10 : len(pipe)*9/10]
	if spread := middle[len(middle)-1] - middle[0]; spread > samples(25*time.Millisecond+c.stalled(begin, at+len(pcm)-1)) {
		t.Errorf("Buffered wanders by %d samples", spread)
	}
}

// A process that dies, or hangs, or whose card goes, is an error within a
// second, and another one plays what is written later.
func TestSoundProcessIsLostAndComesBack(t *testing.T) {
	if !inChild(t) {
		return
	}
	for name, tt := range map[string]struct {
		lose, restore func(t *testing.T, c *card, child int)
		within        time.Duration
		why           string
	}{
		"killed": {
			lose:   func(t *testing.T, _ *card, child int) { must(t, syscall.Kill(child, syscall.SIGKILL)) },
			within: time.Second, why: "the sound process ended",
		},
		"stopped": {
			lose:   func(t *testing.T, _ *card, child int) { must(t, syscall.Kill(child, syscall.SIGSTOP)) },
			within: time.Second, why: "said nothing for 800ms",
		},
		"card gone": {
			lose:    func(_ *testing.T, c *card, _ int) { c.unplug() },
			restore: func(t *testing.T, c *card, _ int) { c.plug(t) },
			within:  time.Second, why: "rror",
		},
		"card hangs": {
			lose:    func(_ *testing.T, c *card, _ int) { c.hold(true) },
			restore: func(_ *testing.T, c *card, _ int) { c.hold(false) },
			within:  time.Second + pipeTime, why: "taken no samples for 600ms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCard(t)
			s := startSound(t)
			faults := monitored(t, s)
			child := soundChild(t)
			lost := make(chan time.Time, 1)
			time.AfterFunc(500*time.Millisecond, func() {
				at := time.Now()
				tt.lose(t, c, child)
				lost <- at
			})
			err := s.Write(t.Context(), signal(22, time.Minute))
			failed, at := time.Now(), <-lost
			if !errors.Is(err, pi.ErrDeviceLost) {
				t.Fatalf("Write = %v, want ErrDeviceLost", err)
			}
			fault := tells(t, faults)
			t.Logf("Write said it after %v, the monitor after %v: %s",
				failed.Sub(at).Round(time.Millisecond), fault.at.Sub(at).Round(time.Millisecond), fault.what)
			if failed.Sub(at) > tt.within+slack || fault.at.Sub(at) > tt.within+slack {
				t.Errorf("Write said it after %v, the monitor after %v", failed.Sub(at), fault.at.Sub(at))
			}
			if !strings.Contains(fault.what, tt.why) || strings.Count(fault.what, "sound device is lost") != 1 {
				t.Errorf("the fault is %q, want %q in it", fault.what, tt.why)
			}
			if n := s.Buffered(); n != 0 {
				t.Errorf("%d samples are buffered by a lost device", n)
			}
			s.Discard()
			if tt.restore != nil {
				begin := time.Now()
				for what, err := range map[string]error{
					"Write": s.Write(t.Context(), signal(23, 10*time.Millisecond)), "Drain": s.Drain(t.Context()),
				} {
					// The card that hangs still takes what its buffer has room for.
					if !errors.Is(err, pi.ErrDeviceLost) && name != "card hangs" {
						t.Errorf("%s without a card = %v, want ErrDeviceLost", what, err)
					}
				}
				if took := time.Since(begin); took > 2*time.Second+slack {
					t.Errorf("calls without a card took %v", took)
				}
				tt.restore(t, c, child)
			}
			playsAgain(t, s, c, 24)
			for fault.what != "" {
				fault = tells(t, faults)
			}
			if now := soundChild(t); now == child {
				t.Error("the sound process is the old one")
			}
		})
	}
}

// What was lost with a device is told once, also to a writer who did not wait
// just then.
func TestSoundProcessOwesWhatItLost(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := startSound(t)
	must(t, s.Write(t.Context(), signal(25, 200*time.Millisecond)))
	must(t, syscall.Kill(soundChild(t), syscall.SIGKILL))
	for begin := time.Now(); s.Buffered() > 0 && time.Since(begin) < slack; {
		time.Sleep(time.Millisecond)
	}
	if err := s.Drain(t.Context()); !errors.Is(err, pi.ErrDeviceLost) {
		t.Errorf("Drain = %v, want ErrDeviceLost: nobody will hear these samples", err)
	}
	playsAgain(t, s, c, 26)
}

// A hung card is noticed while nothing plays.
func TestSoundProcessFeelsAnIdleDevice(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := startSound(t)
	faults := monitored(t, s)
	select {
	case fault := <-faults:
		t.Errorf("an idle device has a fault: %q", fault.what)
	case <-time.After(2 * time.Second):
	}
	hung := time.Now()
	c.hold(true)
	fault := tells(t, faults)
	t.Logf("told after %v: %s", fault.at.Sub(hung).Round(time.Millisecond), fault.what)
	if took := fault.at.Sub(hung); fault.what == "" || took > time.Second+pipeTime+slack {
		t.Errorf("told %q after %v", fault.what, took)
	}
	c.hold(false)
	for fault.what != "" {
		fault = tells(t, faults)
	}
}

// The FIFO is ALSA's default: to play to it would be to play to another card
// than the one that was named.
func TestSoundProcessPlaysToNoOtherCard(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	for _, card := range []string{"NoSuchCard", "31", `0" } pcm.x { type "null`} {
		s := pi.StartSound(pi.SoundOptions{Output: "main", Command: []string{os.Args[0], "sound", card}})
		faults := monitored(t, s)
		begin := time.Now()
		if err := s.Write(t.Context(), signal(27, 500*time.Millisecond)); !errors.Is(err, pi.ErrDeviceLost) {
			t.Errorf("card %s: Write = %v, want ErrDeviceLost", card, err)
		}
		if took := time.Since(begin); took > time.Second+slack {
			t.Errorf("card %s: Write took %v", card, took)
		}
		if fault := tells(t, faults); !strings.Contains(fault.what, "card") {
			t.Errorf("card %s: told %q", card, fault.what)
		} else {
			t.Log(fault.what)
		}
		must(t, s.Close())
	}
	if n := len(c.heard()); n > 0 {
		t.Errorf("%d samples went to another card", n)
	}
}

func TestSoundProcessDiscards(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	s := startSound(t)
	dropped, next := signal(28, 5*time.Second), signal(29, 300*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	if err := s.Write(ctx, dropped); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Write = %v, want context.DeadlineExceeded", err)
	}
	before := s.Buffered()
	begin := time.Now()
	s.Discard()
	took := time.Since(begin)
	after := s.Buffered()
	must(t, s.Write(t.Context(), next))
	must(t, s.Drain(t.Context()))
	from, to := c.begins(dropped), c.find(next)
	if from < 0 || to < 0 {
		t.Fatal("one of the sounds was not played")
	}
	t.Logf("%d samples were buffered, %d after Discard, which took %v; the next sound begins %v after the first did",
		before, after, took.Round(time.Microsecond), (time.Duration(to-from) * time.Second / firmware.SampleRate).Round(time.Millisecond))
	if most := samples(60 * time.Millisecond); after > most || before <= most {
		t.Errorf("%d samples were buffered, %d after Discard, want more than %d and then less", before, after, most)
	}
	// Between them is what had left, what the device kept, and silence.
	heard := c.heard()[from:to]
	whole := 0
	for whole < len(heard) && heard[whole] == dropped[whole] {
		whole++
	}
	for _, v := range heard[whole:] {
		if v != 0 {
			t.Fatal("what was dropped sounds after a gap")
		}
	}
	if most := samples(700*time.Millisecond+60*time.Millisecond) + samples(slack); whole > most {
		t.Errorf("%d samples of what was dropped sounded, want %d at most", whole, most)
	}
}

// A sound process never outlives its agent, however that ends.
func TestSoundProcessEndsWithItsAgent(t *testing.T) {
	if !inChild(t) {
		return
	}
	newCard(t)
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		agent := exec.Command(os.Args[0], "agent")
		must(t, agent.Start())
		var pids []int
		for begin := time.Now(); len(pids) == 0 && time.Since(begin) < 20*time.Second; time.Sleep(tick) {
			pids = children(t, agent.Process.Pid)
		}
		if len(pids) != 1 {
			t.Fatalf("the agent has sound processes %v", pids)
		}
		must(t, agent.Process.Signal(end))
		_ = agent.Wait() // ended by a signal
		begin := time.Now()
		for lives(pids[0]) {
			if time.Since(begin) > slack {
				t.Fatalf("after %v the sound process lives on", end)
			}
			time.Sleep(tick)
		}
		t.Logf("%v: ended within %v", end, time.Since(begin).Round(time.Millisecond))
	}
}

func TestSoundProcessContract(t *testing.T) {
	if !inChild(t) {
		return
	}
	c := newCard(t)
	boardtest.Run(t, func(t *testing.T) (firmware.Board, boardtest.Probe) {
		board, err := sim.New(sim.Options{Outputs: []sim.Output{{Name: "main", Relays: []string{"first", "second"}, LongestOn: time.Hour}}})
		must(t, err)
		must(t, board.Outputs[0].Speaker.Close())
		s := pi.StartSound(pi.SoundOptions{Output: "main", Command: []string{os.Args[0], "sound"}})
		awaitSound(t, s)
		board.Outputs[0].Speaker = s
		from := len(c.heard())
		return board.Board, boardtest.Probe{
			Edges: func() []boardtest.Edge {
				var edges []boardtest.Edge
				for _, e := range board.Recorder.Edges() {
					edges = append(edges, boardtest.Edge{Relay: slices.Index([]string{"first", "second"}, e.Relay), Closed: e.Closed})
				}
				return edges
			},
			Heard:       func() []int16 { return c.heard()[from:] },
			Ahead:       360*time.Millisecond + pipeTime,
			Linger:      60*time.Millisecond + pipeTime,
			Slack:       slack,
			LoseSpeaker: c.unplug,
			HangSpeaker: func() { c.hold(true) },
			RestoreSpeaker: func() {
				c.hold(false)
				if c.isUnplugged() {
					c.plug(t)
				}
			},
		}
	})
}

// The open files of a process tell which card it plays to.
func TestTheCardThatWasOpened(t *testing.T) {
	dir := t.TempDir()
	for number, id := range map[string]string{"0": "vc4hdmi", "1": "Device"} {
		must(t, os.MkdirAll(filepath.Join(dir, "asound", "card"+number), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "asound", "card"+number, "id"), []byte(id+"\n"), 0o600))
	}
	for i, tt := range []struct {
		card string
		open []string
		want string
	}{
		{"Device", []string{"/dev/snd/pcmC1D0p"}, ""},
		{"1", []string{"/dev/snd/controlC0", "/dev/snd/pcmC1D0p", "socket:[77]"}, ""},
		{"Device", []string{"/dev/snd/pcmC0D0p"}, "opened card 0 in place of Device"},
		{"Device", []string{"/dev/snd/pcmC1D0p", "/dev/snd/pcmC0D0p"}, "opened card 0 in place of Device"},
		{"Device", []string{"/dev/snd/pcmC1D0c", "socket:[77]"}, "something else than card Device"},
		{"Device", nil, "something else than card Device"},
		{"Headset", []string{"/dev/snd/pcmC0D0p"}, "there are only vc4hdmi, Device"},
		{"2", []string{"/dev/snd/pcmC0D0p"}, "there are only vc4hdmi, Device"},
	} {
		files := filepath.Join(dir, strconv.Itoa(i))
		must(t, os.Mkdir(files, 0o755))
		for n, target := range tt.open {
			must(t, os.Symlink(target, filepath.Join(files, strconv.Itoa(n))))
		}
		err := pi.PlaysOnlyTo(tt.card, filepath.Join(dir, "asound"), files)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("card %s with %v: %v, want %q", tt.card, tt.open, err, tt.want)
		}
	}
	if err := pi.PlaysOnlyTo("0", filepath.Join(dir, "nothing"), dir); err == nil || !strings.Contains(err.Error(), "no sound card") {
		t.Errorf("without a card: %v", err)
	}
}

// A card that holds more than it was asked to is believed, or the last sounds
// would be cut off.
func TestWhatACardHolds(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string // of the card's devices
		want  time.Duration
	}{
		"as asked":         {map[string]string{"pcm0p/sub0": hwParams(48000, 960, 1920)}, 40 * time.Millisecond},
		"more":             {map[string]string{"pcm0p/sub0": hwParams(48000, 4096, 16384)}, 16384 * time.Second / 48000},
		"one long period":  {map[string]string{"pcm0p/sub0": hwParams(48000, 9600, 9600)}, 400 * time.Millisecond},
		"another rate":     {map[string]string{"pcm0p/sub0": hwParams(44100, 882, 1764)}, 40 * time.Millisecond},
		"another device":   {map[string]string{"pcm0p/sub0": "closed\n", "pcm3p/sub0": hwParams(48000, 960, 4800)}, 100 * time.Millisecond},
		"its capture":      {map[string]string{"pcm0p/sub0": "closed\n", "pcm0c/sub0": hwParams(48000, 960, 4800)}, 0},
		"nothing is told":  {nil, 0},
		"nonsense is told": {map[string]string{"pcm0p/sub0": "rate: 0 (0/1)\nbuffer_size: -5\nperiod_size: 99999999999999999999\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			card := filepath.Join(dir, "card1")
			must(t, os.Mkdir(card, 0o755))
			must(t, os.WriteFile(filepath.Join(card, "id"), []byte("Device\n"), 0o600))
			for path, text := range tt.files {
				must(t, os.MkdirAll(filepath.Join(card, path), 0o755))
				must(t, os.WriteFile(filepath.Join(card, path, "hw_params"), []byte(text), 0o600))
			}
			if got := pi.BufferOf("Device", dir); got != tt.want {
				t.Errorf("it holds %v, want %v", got, tt.want)
			}
		})
	}
	if got := pi.BufferOf("Device", t.TempDir()); got != 0 {
		t.Errorf("a card that is not there holds %v", got)
	}
}

func hwParams(rate, period, buffer int) string {
	return fmt.Sprintf("access: RW_INTERLEAVED\nformat: S16_LE\nsubformat: STD\nchannels: 2\nrate: %d (%d/1)\nperiod_size: %d\nbuffer_size: %d\n", rate, rate, period, buffer)
}
