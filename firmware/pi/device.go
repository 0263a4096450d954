package pi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ebitengine/oto/v3"
	"golang.org/x/sys/unix"

	"loa/firmware"
)

// ErrDeviceLost says that the sound device is gone, hangs, or did not open.
// Except for a hanging one that comes back by itself, only a new process can
// open it again: oto allows one context a process. A SoundProcess starts one.
var ErrDeviceLost = errors.New("sound device is lost")

// procASound is where the kernel tells what sound cards there are.
const procASound = "/proc/asound"

var cardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// device is the one oto context of the process. It is never closed: it plays
// silence while no speaker is open, which keeps the card awake.
var device struct {
	mu    sync.Mutex
	oto   *oto.Context
	ready chan struct{}
	err   error // the context could not even be asked for
	opens SpeakerOptions
	taken bool
}

// takeDevice opens the device, at the first call, and lends it to one speaker.
func takeDevice(ctx context.Context, o SpeakerOptions) (*oto.Context, error) {
	device.mu.Lock()
	defer device.mu.Unlock()
	if device.taken {
		return nil, errors.New("this process has a speaker open already")
	}
	if device.oto == nil && device.err == nil {
		if err := startDevice(o); err != nil {
			return nil, err
		}
	}
	if device.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDeviceLost, device.err)
	}
	if device.opens != o {
		return nil, fmt.Errorf("this process plays to card %q already; another card needs another process", device.opens.Card)
	}
	select {
	case <-device.ready:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the device: %w", ctx.Err())
	}
	if err := device.oto.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDeviceLost, err)
	}
	if o.Card != "" {
		if err := playsOnlyTo(o.Card, procASound, "/proc/self/fd"); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDeviceLost, err)
		}
	}
	device.taken = true
	return device.oto, nil
}

func returnDevice() {
	device.mu.Lock()
	defer device.mu.Unlock()
	device.taken = false
}

func startDevice(o SpeakerOptions) error {
	restore := func() {}
	if o.Card != "" {
		var err error
		if restore, err = onlyCard(o.Card); err != nil {
			return fmt.Errorf("choose card %s: %w", o.Card, err)
		}
	}
	device.opens = o
	device.oto, device.ready, device.err = oto.NewContext(&oto.NewContextOptions{
		SampleRate:   firmware.SampleRate,
		ChannelCount: 1,
		Format:       oto.FormatSignedInt16LE,
		BufferSize:   o.Buffer,
	})
	if device.err != nil {
		restore()
		return nil
	}
	go func(ready <-chan struct{}) {
		<-ready
		restore()
	}(device.ready)
	return nil
}

// onlyCard leaves oto one place to play to, until restore is called.
//
// oto has no option for it, and ALSA_CARD alone is not enough: where that card
// cannot be opened, oto goes on to every other PCM that ALSA's configuration
// lists. So for the moment of opening the configuration is one that has this
// card and no other, and PulseAudio, which oto asks first, is not to be found.
// The configuration is a file in memory: nothing stays of it, whatever ends the
// process.
func onlyCard(card string) (restore func(), err error) {
	fd, err := unix.MemfdCreate("asound.conf", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make ALSA configuration: %w", err)
	}
	conf := os.NewFile(uintptr(fd), "asound.conf")
	if _, err := fmt.Fprintf(conf, "pcm.!default { type plug slave.pcm { type hw card %q device 0 } }\n", card); err != nil {
		return nil, errors.Join(fmt.Errorf("write ALSA configuration: %w", err), conf.Close())
	}
	undo := []func() error{conf.Close}
	for name, value := range map[string]string{
		"ALSA_CONFIG_PATH": fmt.Sprintf("/proc/self/fd/%d", fd),
		"ALSA_CARD":        card,
		"XDG_RUNTIME_DIR":  "/proc/self/no-such-folder",
		"PULSE_SERVER":     "unix:/proc/self/no-such-server",
	} {
		old, was := os.LookupEnv(name)
		if was {
			undo = append(undo, func() error { return os.Setenv(name, old) })
		} else {
			undo = append(undo, func() error { return os.Unsetenv(name) })
		}
		if err := os.Setenv(name, value); err != nil {
			return nil, fmt.Errorf("set %s: %w", name, err)
		}
	}
	return func() {
		for _, f := range undo {
			_ = f() // none can fail: the names were taken above
		}
	}, nil
}

// pcmPath is a card's device for playback, by the card's number.
var pcmPath = regexp.MustCompile(`^/dev/snd/pcmC([0-9]+)D[0-9]+p( \(deleted\))?$`)

// playsOnlyTo says whether this process holds the named card open for playback,
// and no other: oto reports success also of a device that nobody asked for.
func playsOnlyTo(card, asound, files string) error {
	number, err := cardNumber(asound, card)
	if err != nil {
		return fmt.Errorf("find card %s: %w", card, err)
	}
	list, err := os.ReadDir(files)
	if err != nil {
		return fmt.Errorf("list open files: %w", err)
	}
	found := false
	for _, f := range list {
		target, err := os.Readlink(filepath.Join(files, f.Name()))
		if err != nil {
			continue // closed since
		}
		m := pcmPath.FindStringSubmatch(target)
		if m == nil {
			continue
		}
		if m[1] != number {
			return fmt.Errorf("the sound system opened card %s in place of %s, which is card %s", m[1], card, number)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("the sound system opened something else than card %s", card)
	}
	return nil
}

// hardware is one line of what the kernel tells of an open device.
var hardware = regexp.MustCompile(`(?m)^(rate|period_size|buffer_size): ([0-9]{1,9})\b`)

// bufferOf is what a card really holds, in two periods at least: not every card
// can do with as little as it is asked to. Zero where the kernel does not tell.
func bufferOf(card, asound string) time.Duration {
	number, err := cardNumber(asound, card)
	if err != nil {
		return 0
	}
	open, err := filepath.Glob(filepath.Join(asound, "card"+number, "pcm*p", "sub*", "hw_params"))
	if err != nil {
		return 0
	}
	var longest time.Duration
	for _, path := range open {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		told := map[string]time.Duration{}
		for _, m := range hardware.FindAllStringSubmatch(string(text), -1) {
			n, _ := strconv.Atoi(m[2]) // it is nothing but digits
			told[m[1]] = time.Duration(n)
		}
		if rate := told["rate"]; rate > 0 {
			longest = max(longest, max(told["buffer_size"], 2*told["period_size"])*time.Second/rate)
		}
	}
	return longest
}

// cardNumber is the number that a card has now, by its id or number.
func cardNumber(asound, card string) (string, error) {
	ids, err := filepath.Glob(filepath.Join(asound, "card[0-9]*", "id"))
	if err != nil {
		return "", err
	}
	var there []string
	for _, path := range ids {
		number := strings.TrimPrefix(filepath.Base(filepath.Dir(path)), "card")
		id, err := os.ReadFile(path)
		if err != nil {
			continue // pulled out since
		}
		name := strings.TrimSpace(string(id))
		if card == name || card == number {
			return number, nil
		}
		there = append(there, name)
	}
	if len(there) == 0 {
		return "", errors.New("this machine has no sound card")
	}
	return "", fmt.Errorf("there are only %s", strings.Join(there, ", "))
}
