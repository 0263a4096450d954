// Command loa-check plays the chain once and judges it from outside: real
// loa-central and loa-agent processes over TLS, a sound card's worth of samples
// read out of libasound, and the edges of the relay. It shares the wire contract
// with what it judges, to verify receipts, and nothing that decides or sounds.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The most that one run may take, a hung process included.
const (
	longest          = 3 * time.Minute
	longestEmulation = 6 * time.Minute
)

func main() {
	var o options
	flag.StringVar(&o.central, "central", "", "the loa-central binary")
	flag.StringVar(&o.agent, "agent", "", "the loa-agent binary")
	flag.StringVar(&o.drillVoice, "drill-voice", "", "the built-in drill voice, an Ogg Opus file")
	flag.StringVar(&o.kernel, "kernel", "", "a kernel: with it and -root the board is a virtual machine")
	flag.StringVar(&o.root, "root", "", "the machine's root file system, an initramfs")
	flag.StringVar(&o.score, "score", "sound", "with -kernel: what is played there, lines or sound")
	flag.StringVar(&o.disk, "disk", "", "with -kernel: the disk of a board of arm64, which -package is put on")
	flag.StringVar(&o.deb, "package", "", "with -disk: the agent's package")
	flag.BoolVar(&o.first, "first", false, "end at the first link that fails")
	flag.BoolVar(&o.keep, "keep", false, "keep the temporary folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	limit := longest
	if o.disk != "" {
		limit = longestEmulation
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	r := &report{started: time.Now()}
	play := run
	switch {
	case o.disk != "":
		play, r.plain = runPole, true
	case o.kernel != "":
		play, r.plain = runBoard, true
	}
	if err := play(ctx, o, r); err != nil {
		r.fail("the check could go on", err)
	}
	fmt.Printf("check: %d passed, %d failed\n", r.passed, r.failed)
	if r.failed > 0 || r.passed == 0 {
		os.Exit(1)
	}
}

type options struct {
	central, agent, drillVoice string
	kernel, root, score        string
	disk, deb                  string
	keep, first                bool
}

// report prints one line for every link of the chain.
type report struct {
	started        time.Time
	passed, failed int
	plain          bool // as scripts/board-vm prints: without times and columns
}

func (r *report) pass(link, format string, measured ...any) {
	r.passed++
	r.line("PASS", link, fmt.Sprintf(format, measured...))
}

func (r *report) fail(link string, err error) {
	r.failed++
	r.line("FAIL", link, err.Error())
}

// judge passes or fails a link; what was measured is told either way.
func (r *report) judge(link string, err error, format string, measured ...any) {
	if err != nil {
		r.fail(link, fmt.Errorf("%w (%s)", err, fmt.Sprintf(format, measured...)))
		return
	}
	r.pass(link, format, measured...)
}

func (r *report) line(verdict, link, detail string) {
	if r.plain {
		fmt.Printf("%s %s: %s\n", verdict, link, detail)
		return
	}
	fmt.Printf("%s  %5.1f s  %-52s %s\n", verdict, time.Since(r.started).Seconds(), link, detail)
}
