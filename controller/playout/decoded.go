package playout

import (
	"errors"
	"io"
	"sync"
	"weak"

	"loa/firmware"
)

const (
	chunkSize = int64(firmware.SampleRate) // samples of one chunk: 1 s
	// window is how many chunks are kept: players that sound the same are no
	// further apart, or one of them decodes for itself.
	window = 8
)

// Decoded lets the players of one process decode once what all of them sound at
// the same time. It keeps some seconds of a sound, as long as somebody plays
// it. Its zero value is ready; nil shares nothing.
type Decoded struct {
	mu      sync.Mutex
	sources map[string]weak.Pointer[source]
}

// open gives the sound of a key. What has one key sounds the same, whoever
// makes it.
func (d *Decoded) open(key string, fresh func() (sound, error)) (sound, error) {
	if d == nil {
		return fresh()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sources[key].Value(); s != nil {
		return &listener{of: s}, nil
	}
	for key, p := range d.sources {
		if p.Value() == nil { // nobody plays it any more
			delete(d.sources, key)
		}
	}
	made, err := fresh()
	if err != nil {
		return nil, err
	}
	s := &source{sound: made, fresh: fresh, total: made.length()}
	if d.sources == nil {
		d.sources = map[string]weak.Pointer[source]{}
	}
	d.sources[key] = weak.Make(s)
	return &listener{of: s}, nil
}

// source is a sound that is decoded for several listeners.
type source struct {
	fresh func() (sound, error) // another one like it
	total int64

	mu    sync.Mutex
	sound sound
	begun bool
	first int64 // number of the first chunk that is kept
	kept  [][]int16
}

// errApart says that a listener is too far from the others.
var errApart = errors.New("far from what is decoded")

// chunk is a part of the sound that nobody changes.
func (s *source) chunk(number int64) ([]int16, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		if err := s.sound.seek(number * chunkSize); err != nil {
			return nil, err
		}
		s.begun, s.first = true, number
	}
	next := s.first + int64(len(s.kept))
	if number < s.first || number > next {
		return nil, errApart
	}
	if number < next {
		return s.kept[number-s.first], nil
	}
	pcm := make([]int16, min(chunkSize, s.total-number*chunkSize))
	for done := 0; done < len(pcm); {
		n, err := s.sound.read(pcm[done:])
		if err != nil {
			return nil, noEOF(err)
		}
		done += n
	}
	s.kept = append(s.kept, pcm)
	if len(s.kept) > window {
		s.kept[0] = nil
		s.kept, s.first = s.kept[1:], s.first+1
	}
	return pcm, nil
}

// listener is one player's place in a source.
type listener struct {
	of  *source
	at  int64
	own sound // what it decodes for itself
}

func (l *listener) length() int64 { return l.of.total }

func (l *listener) seek(sample int64) error {
	l.at, l.own = min(max(sample, 0), l.of.total), nil
	return nil
}

func (l *listener) read(pcm []int16) (int, error) {
	if l.own != nil {
		return l.own.read(pcm)
	}
	done := 0
	for done < len(pcm) && l.at < l.of.total {
		chunk, err := l.of.chunk(l.at / chunkSize)
		if errors.Is(err, errApart) {
			if err := l.leave(); err != nil || done > 0 {
				return done, err
			}
			return l.own.read(pcm)
		}
		if err != nil {
			return done, err
		}
		n := copy(pcm[done:], chunk[l.at%chunkSize:])
		done, l.at = done+n, l.at+int64(n)
	}
	if done == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return done, nil
}

// leave goes on alone.
func (l *listener) leave() error {
	own, err := l.of.fresh()
	if err != nil {
		return err
	}
	if err := own.seek(l.at); err != nil {
		return err
	}
	l.own = own
	return nil
}
