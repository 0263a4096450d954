package pi_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"loa/firmware"
	"loa/firmware/boardtest"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

var boardPath = flag.String("board", "", "file that says what a real board is wired to: TestBoard holds it against the contract")

// boardFile is a board on which the contract runs, as JSON without other keys.
type boardFile struct {
	// Chip is the GPIO chip's label.
	Chip string `json:"chip"`
	// Relays are two lines at least, in the order of closing. The wiring pulls each
	// to the level that opens it.
	Relays []struct {
		Line   string `json:"line"`   // name or number on the chip
		Active string `json:"active"` // the level that closes it: high or low
		// Observe looks at the line from outside: a file that holds 0 or 1, which
		// begins with /, or a line of the chip that a wire connects with it. Without
		// it the kernel is asked what it drives, which shows no fault of the wiring.
		Observe string `json:"observe"`
	} `json:"relays"`
	// Input is a line that can be moved from outside; without it the cases of an
	// input, and of a relay's feedback, are left out.
	Input *struct {
		Line   string `json:"line"`
		Active string `json:"active"`
		Move   string `json:"move"`   // a file
		Made   string `json:"made"`   // what to write there that makes the contact
		Opened string `json:"opened"` // and what opens it
	} `json:"input"`
	// Taken is a line that another process holds, for what is said of it.
	Taken string `json:"taken"`
	// Card is the sound card's id, and Capture the device of arecord that hears what
	// is played there, as plughw:CARD=Loopback,DEV=1 of snd-aloop. Without a card the
	// speaker is simulated.
	Card    string `json:"card"`
	Capture string `json:"capture"`
	Buffer  string `json:"buffer"` // of the card, as in 200ms; empty is the speaker's own
	// Slack is what the machine may add to any time, as in 2s, which it is when empty.
	Slack string `json:"slack"`
}

// TestBoard holds a real board against the contract: relays on real GPIO lines,
// and a real sound card if one is named. The relays are driven: nothing that must
// not be switched may be wired to them. It is called as
//
//	go test -c -o pi.test ./firmware/pi
//	pi.test -test.v -test.run '^TestBoard$' -board FILE
//
// where FILE is a boardFile. On the virtual board of scripts/board-vm, with the
// lines pulled to their open side and N the chip's number there:
//
//	{"chip": "loa-board", "relays": [
//	  {"line": "RELAY-HIGH", "active": "high", "observe": "/sys/devices/platform/gpio-sim.0/gpiochipN/sim_gpio2/value"},
//	  {"line": "RELAY-LOW", "active": "low", "observe": "/sys/devices/platform/gpio-sim.0/gpiochipN/sim_gpio3/value"}],
//	 "input": {"line": "4", "active": "low", "move": "/sys/devices/platform/gpio-sim.0/gpiochipN/sim_gpio4/pull",
//	  "made": "pull-down", "opened": "pull-up"},
//	 "card": "Loopback", "capture": "plughw:CARD=Loopback,DEV=1", "buffer": "200ms"}
//
// On hardware, with GPIO5 and GPIO6 wired to the relays' lines:
//
//	{"chip": "pinctrl-rp1", "relays": [
//	  {"line": "GPIO17", "active": "high", "observe": "GPIO5"},
//	  {"line": "GPIO27", "active": "high", "observe": "GPIO6"}]}
func TestBoard(t *testing.T) {
	if *boardPath == "" {
		t.Skip("it drives a real board only where -board names its file")
	}
	f := readBoard(t)
	wires := f.wires(t)
	t.Run("faults", f.refuses)
	t.Run("feedback", f.feedback)
	boardtest.Run(t, func(t *testing.T) (firmware.Board, boardtest.Probe) { return f.open(t, wires) })
	for i, w := range wires {
		if level, err := w.look(); err != nil || level != w.open {
			t.Errorf("relay %d: its line is %v at the end (%v), which closes it", i, level, err)
		}
	}
}

func readBoard(t *testing.T) (f boardFile) {
	data, err := os.ReadFile(*boardPath)
	must(t, err)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%s: %v", *boardPath, err)
	}
	if len(f.Relays) < 2 {
		t.Fatalf("%s: %d relays, the contract needs two", *boardPath, len(f.Relays))
	}
	for i, r := range f.Relays {
		if r.Active != "high" && r.Active != "low" {
			t.Fatalf("%s: relay %d: active %q is neither high nor low", *boardPath, i, r.Active)
		}
	}
	if (f.Card == "") != (f.Capture == "") {
		t.Fatalf("%s: a card needs a capture, and a capture a card", *boardPath)
	}
	return f
}

func (f boardFile) slack(t *testing.T) time.Duration {
	d, err := time.ParseDuration(cmp.Or(f.Slack, slack.String()))
	must(t, err)
	return d
}

// wire is a relay's line seen from outside.
type wire struct {
	open gpio.Level
	look func() (gpio.Level, error)
}

func (f boardFile) wires(t *testing.T) (all []*wire) {
	for _, r := range f.Relays {
		w := &wire{open: gpio.Level(r.Active == "low")}
		switch {
		case r.Observe == "": // until a relay is opened; see watched
			w.look = func() (gpio.Level, error) { return w.open, nil }
		case r.Observe[0] == '/':
			file, err := os.Open(r.Observe)
			must(t, err)
			t.Cleanup(func() { file.Close() })
			w.look = func() (gpio.Level, error) { return levelIn(file) }
		default:
			look, end, err := pi.Wire(f.Chip, r.Observe)
			must(t, err)
			t.Cleanup(end)
			w.look = func() (gpio.Level, error) { return look(), nil }
		}
		all = append(all, w)
	}
	return all
}

func levelIn(f *os.File) (gpio.Level, error) {
	buf := make([]byte, 8)
	n, err := f.ReadAt(buf, 0)
	switch text := strings.TrimSpace(string(buf[:n])); {
	case text == "0":
		return gpio.Low, nil
	case text == "1":
		return gpio.High, nil
	case err != nil && !errors.Is(err, io.EOF):
		return gpio.Low, err
	default:
		return gpio.Low, fmt.Errorf("%s holds %q, neither 0 nor 1", f.Name(), text)
	}
}

// observer notes how contacts move. It looks all the time, and once more after
// each command, so that the order of what follows closely is known.
type observer struct {
	t     *testing.T
	wires []*wire

	mu     sync.Mutex
	closed []bool
	edges  []boardtest.Edge
}

func (o *observer) look() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, w := range o.wires {
		level, err := w.look()
		if err != nil {
			o.t.Errorf("look at relay %d: %v", i, err)
			continue
		}
		if closed := level != w.open; closed != o.closed[i] {
			o.closed[i] = closed
			o.edges = append(o.edges, boardtest.Edge{Relay: i, Closed: closed})
		}
	}
}

// watch looks until the test's end.
func (o *observer) watch() {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				o.look()
			}
		}
	}()
	o.t.Cleanup(func() {
		close(quit)
		<-ended
	})
}

// watched is a relay that is looked at after each command.
type watched struct {
	*pi.Relay
	look func()
}

func (w watched) Set(closed bool) error {
	defer w.look()
	return w.Relay.Set(closed)
}

func (w watched) Close() error {
	defer w.look()
	return w.Relay.Close()
}

// open opens the board; an edge that this makes is one without a command.
func (f boardFile) open(t *testing.T, wires []*wire) (firmware.Board, boardtest.Probe) {
	o := &observer{t: t, wires: wires, closed: make([]bool, len(wires))}
	o.look()
	if len(o.edges) > 0 {
		t.Fatalf("relays are closed before they were opened: %v; does the wiring pull the lines to the open side?", o.edges)
	}
	o.watch()
	out := firmware.Output{Name: "main"}
	for i, r := range f.Relays {
		relay, err := pi.OpenRelay(pi.RelayOptions{Name: fmt.Sprint("relay-", i), Chip: f.Chip, Line: r.Line, ActiveLow: r.Active == "low"})
		must(t, err)
		if r.Observe == "" {
			wires[i].look = func() (gpio.Level, error) { return pi.Driven(relay), nil }
		}
		out.Relays = append(out.Relays, watched{relay, o.look})
	}
	p := boardtest.Probe{
		Edges: func() []boardtest.Edge {
			o.look()
			o.mu.Lock()
			defer o.mu.Unlock()
			return slices.Clone(o.edges)
		},
		Slack: f.slack(t),
	}
	f.addSpeaker(t, &out, &p)
	b := firmware.Board{Outputs: []firmware.Output{out}}
	f.addInput(t, &b, &p)
	return b, p
}

func (f boardFile) addInput(t *testing.T, b *firmware.Board, p *boardtest.Probe) {
	if f.Input == nil {
		return
	}
	in, err := pi.OpenInput(f.inputOptions())
	must(t, err)
	f.move(t, false)
	b.Inputs, p.Press = []firmware.Input{in}, func(active bool) { f.move(t, active) }
}

func (f boardFile) inputOptions() pi.InputOptions {
	return pi.InputOptions{
		Name: "button", Use: firmware.EmergencyButton, Chip: f.Chip, Line: f.Input.Line, ActiveLow: f.Input.Active == "low",
	}
}

// move moves the input's contact from outside.
func (f boardFile) move(t *testing.T, active bool) {
	text := f.Input.Opened
	if active {
		text = f.Input.Made
	}
	must(t, os.WriteFile(f.Input.Move, []byte(text), 0))
}

// feedback takes the input for the auxiliary contact of the first relay, which
// here does not follow by itself.
func (f boardFile) feedback(t *testing.T) {
	if f.Input == nil {
		t.Skip("left out: this board has no input that can be moved")
	}
	r, err := pi.OpenRelay(pi.RelayOptions{Name: "first", Chip: f.Chip, Line: f.Relays[0].Line, ActiveLow: f.Relays[0].Active == "low"})
	must(t, err)
	checked := pi.CheckRelay("first", r, pi.NewLateInput(f.inputOptions(), pi.OpenInput))
	defer func() { must(t, checked.Close()) }()
	all := monitored(t, checked.Monitor())
	time.Sleep(time.Second) // the line is an input by now
	f.move(t, false)
	time.Sleep(time.Second)
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { must(t, checked.Set(true)) }, "its contact did not close"},
		{func() { f.move(t, true) }, ""},
		{func() { must(t, checked.Set(false)) }, "its contact is still closed after it was opened"},
		{func() { f.move(t, false) }, ""},
	} {
		begin := time.Now()
		step.do()
		one := tells(t, all)
		if took := one.at.Sub(begin); one.what != step.want || took > 300*time.Millisecond+f.slack(t) {
			t.Errorf("told %q after %v, want %q", one.what, took, step.want)
		}
	}
}

// addSpeaker gives the output its sound: of the card, heard by arecord, or
// simulated.
func (f boardFile) addSpeaker(t *testing.T, out *firmware.Output, p *boardtest.Probe) {
	if f.Card == "" {
		recorder := &sim.Recorder{}
		s, err := sim.NewSpeaker("main", sim.SpeakerOptions{Recorder: recorder})
		must(t, err)
		out.Speaker, p.Ahead = s, sim.DefaultBuffer
		p.LoseSpeaker, p.HangSpeaker, p.RestoreSpeaker = s.Lose, s.Hang, s.Restore
		p.Heard = func() (pcm []int16) {
			for _, block := range recorder.PCM() {
				pcm = append(pcm, block.Samples...)
			}
			return pcm
		}
		return
	}
	buffer, err := time.ParseDuration(cmp.Or(f.Buffer, "0s"))
	must(t, err)
	s := pi.StartSound(pi.SoundOptions{Output: "main", Command: []string{"/proc/self/exe", "sound", f.Card, buffer.String()}})
	awaitSound(t, s)
	out.Speaker = s
	// At most: the speaker's own queue grows with the card's buffer.
	buffer = max(buffer, 60*time.Millisecond)
	p.Ahead, p.Linger = 300*time.Millisecond+4*buffer, 2*buffer
	p.Heard = capture(t, f.Capture)
}

// capture records until the test's end. What it gives is heard a little later
// than it was played.
func capture(t *testing.T, device string) (heard func() []int16) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "arecord", "-q", "-D", device, "-t", "raw", "-f", "S16_LE", "-c", "1",
		"-r", fmt.Sprint(firmware.SampleRate), "--buffer-time=500000", "--period-time=20000")
	out, err := cmd.StdoutPipe()
	must(t, err)
	var said bytes.Buffer
	cmd.Stderr = &said
	must(t, cmd.Start())
	var mu sync.Mutex
	var pcm []int16
	first, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 1920)
		for n := 0; ; n++ {
			if _, err := io.ReadFull(out, buf); err != nil {
				return
			}
			mu.Lock()
			for i := 0; i < len(buf); i += 2 {
				pcm = append(pcm, int16(binary.LittleEndian.Uint16(buf[i:])))
			}
			mu.Unlock()
			if n == 0 {
				close(first)
			}
		}
	}()
	select {
	case <-first:
	case <-ended:
		t.Errorf("arecord hears nothing: %s", said.String())
	case <-time.After(10 * time.Second):
		t.Error("arecord hears nothing for 10 s")
	}
	t.Cleanup(func() {
		cancel()
		<-ended
		_ = cmd.Wait() // it was killed
		if said.Len() > 0 {
			t.Logf("arecord said: %s", said.String())
		}
	})
	return func() []int16 {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(pcm)
	}
}

// refuses asks for lines that cannot be had, which must be said and move nothing.
func (f boardFile) refuses(t *testing.T) {
	wires := f.wires(t)
	o := &observer{t: t, wires: wires, closed: make([]bool, len(wires))}
	o.look()
	first := pi.RelayOptions{Name: "first", Chip: f.Chip, Line: f.Relays[0].Line, ActiveLow: f.Relays[0].Active == "low"}
	other := func(change func(*pi.RelayOptions)) pi.RelayOptions {
		c := first
		c.Name = "second"
		change(&c)
		return c
	}
	r, err := pi.OpenRelay(first)
	must(t, err)
	for name, c := range map[string]struct {
		o    pi.RelayOptions
		want string
	}{
		"a line that is used twice":    {other(func(*pi.RelayOptions) {}), "is already used by relay first"},
		"a line that does not exist":   {other(func(o *pi.RelayOptions) { o.Line = "NO-SUCH-LINE" }), `has no line named "NO-SUCH-LINE"`},
		"a number that does not exist": {other(func(o *pi.RelayOptions) { o.Line = "999" }), "has no line 999"},
		"a chip that is absent":        {other(func(o *pi.RelayOptions) { o.Chip = "no-such-chip" }), `no GPIO chip is labelled "no-such-chip"`},
		"a line that is busy":          {other(func(o *pi.RelayOptions) { o.Line = f.Taken }), "it is used by"},
	} {
		if c.o.Line == "" {
			t.Logf("left out: %s", name)
			continue
		}
		got, err := pi.OpenRelay(c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err == nil {
			must(t, got.Close())
		}
	}
	must(t, r.Close())
	if o.look(); len(o.edges) > 0 {
		t.Errorf("relays moved: %v", o.edges)
	}
}
