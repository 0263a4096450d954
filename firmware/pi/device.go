package pi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/ebitengine/oto/v3"

	"loa/firmware"
)

// ErrDeviceLost says that the sound device is gone, hangs, or did not open.
// Except for a hanging one that comes back by itself, only a new process can
// open it again: oto allows one context a process.
var ErrDeviceLost = errors.New("sound device is lost")

// deviceBuffer is what ALSA is asked to hold, in two periods.
const deviceBuffer = 40 * time.Millisecond

var cardName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// device is the one oto context of the process. It is never closed: it plays
// silence while no speaker is open, which keeps the card awake.
var device struct {
	mu    sync.Mutex
	oto   *oto.Context
	ready chan struct{}
	err   error // the context could not even be asked for
	card  string
	taken bool
}

// takeDevice opens the device, at the first call, and lends it to one speaker.
func takeDevice(ctx context.Context, card string) (*oto.Context, error) {
	device.mu.Lock()
	defer device.mu.Unlock()
	if device.taken {
		return nil, errors.New("this process has a speaker open already")
	}
	if device.oto == nil && device.err == nil {
		if err := startDevice(card); err != nil {
			return nil, err
		}
	}
	if device.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDeviceLost, device.err)
	}
	if device.card != card {
		return nil, fmt.Errorf("this process plays to card %q already; another card needs another process", device.card)
	}
	select {
	case <-device.ready:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the device: %w", ctx.Err())
	}
	if err := device.oto.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDeviceLost, err)
	}
	device.taken = true
	return device.oto, nil
}

func returnDevice() {
	device.mu.Lock()
	defer device.mu.Unlock()
	device.taken = false
}

func startDevice(card string) error {
	restore := func() {}
	if card != "" {
		var err error
		if restore, err = onlyCard(card); err != nil {
			return fmt.Errorf("choose card %s: %w", card, err)
		}
	}
	device.card = card
	device.oto, device.ready, device.err = oto.NewContext(&oto.NewContextOptions{
		SampleRate:   firmware.SampleRate,
		ChannelCount: 1,
		Format:       oto.FormatSignedInt16LE,
		BufferSize:   deviceBuffer,
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
func onlyCard(card string) (restore func(), err error) {
	if !cardName.MatchString(card) {
		return nil, errors.New("it is neither a card's id nor its number")
	}
	dir, err := os.MkdirTemp("", "loa-sound-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	conf := filepath.Join(dir, "asound.conf")
	text := fmt.Sprintf("pcm.!default { type plug slave.pcm { type hw card %q device 0 } }\n", card)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("write ALSA configuration: %w", err), os.RemoveAll(dir))
	}
	var undo []func() error
	for name, value := range map[string]string{
		"ALSA_CONFIG_PATH": conf,
		"ALSA_CARD":        card,
		"XDG_RUNTIME_DIR":  dir,
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
			// Neither can fail for names that Setenv took above; and a folder
			// left behind in the temporary one does no harm.
			_ = f()
		}
		_ = os.RemoveAll(dir)
	}, nil
}
