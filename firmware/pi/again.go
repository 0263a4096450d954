package pi

import (
	"context"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A program that ended is started again after leastPause, and after twice as
// long each further time, up to mostPause; one that was well for a while begins
// anew with leastPause.
const (
	leastPause = 200 * time.Millisecond
	mostPause  = 5 * time.Second
)

// keepUp runs a program again and again until ctx ends. run returns when the
// program is gone for good, and tells whether it was well. hurry, which may be
// nil, cuts a pause short, but never below leastPause.
func keepUp(ctx context.Context, hurry <-chan struct{}, run func(context.Context) (well bool)) {
	pause := leastPause
	for ctx.Err() == nil {
		if run(ctx) {
			pause = leastPause
		}
		least, most := time.NewTimer(leastPause), time.NewTimer(pause)
		select {
		case <-least.C:
			select {
			case <-hurry:
			case <-most.C:
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
		least.Stop()
		most.Stop()
		pause = min(2*pause, mostPause)
	}
}

// start starts a program that the kernel ends with this process. It does so when
// the thread ends that started it, so that one stays until gone is closed.
func start(cmd *exec.Cmd, gone <-chan struct{}) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- cmd.Start()
		<-gone
	}()
	return <-started
}

// fault is what is wrong with a part, for whoever watches it.
type fault struct {
	mu      sync.Mutex
	what    string
	changed chan struct{} // nil until somebody waits
}

// set notes what is wrong; "" is nothing.
func (f *fault) set(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.what == what {
		return
	}
	f.what = what
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

func (f *fault) get() (what string, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.what, f.changed
}

// watch is firmware.Monitor's Watch.
func (f *fault) watch(ctx context.Context, tell func(string)) {
	told := ""
	for {
		what, changed := f.get()
		if what != told {
			tell(what)
			told = what
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// lastLine keeps the end of what a program says of its own trouble.
type lastLine struct {
	mu   sync.Mutex
	text []byte
}

const mostSaid = 400 // bytes

func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if extra := len(l.text) - mostSaid; extra > 0 {
		l.text = append(l.text[:0], l.text[extra:]...)
	}
	return len(p), nil
}

func (l *lastLine) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSpace(string(l.text))
	return strings.ToValidUTF8(text[strings.LastIndexByte(text, '\n')+1:], "?")
}
