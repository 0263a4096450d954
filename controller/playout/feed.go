package playout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"loa/controller/schedule"
	"loa/firmware"
)

// Library hands out audio files. It verifies nothing: a feed hashes what it is
// given before it sounds.
type Library interface {
	OpenAudio(hash string) (io.ReadCloser, error)
}

const (
	frameSize  = firmware.SampleRate / 50 // samples of a full frame: 20 ms
	aheadBy    = 50                       // frames made before they are needed: 1 s
	fadeInSize = firmware.SampleRate / 50 // samples of the fade of a resumed cue
	maxAudio   = 64 << 20                 // bytes of one file: some 4 hours
	readLimit  = 30 * time.Second         // for one file
	hasteLimit = 2 * time.Second          // the same in an emergency, which no hung disk may silence
)

// frame is the next stretch of a cue's sound.
type frame struct {
	notes []note // what there is to tell before the samples
	pcm   []int16
	part  bool  // samples of Parts; the drill voice is none
	err   error // nothing sounds after this frame
}

// note tells what became of a source: it sounds, or it is skipped.
type note struct {
	source  string
	skipped error
}

// feed turns a cue into frames in a goroutine of its own, a second ahead of
// their playing, so that parts follow each other without a gap and no disk is
// waited for while the relays are on.
type feed struct {
	cue    Cue
	turn   int           // which of the output's wishes it answers
	ready  chan struct{} // closed when the first frame, or the end, is there
	frames chan frame    // closed at the end

	lib    Library
	shared *Decoded
	ctx    context.Context
	cancel context.CancelFunc
	begun  bool
	notes  []note  // to go with the next frame
	skip   int64   // samples of Parts still to be passed over
	fade   int64   // samples of the fade-in that are done; fadeInSize when none is due
	factor float64 // of the samples of Parts, from 0 to 1
}

func newFeed(ctx context.Context, lib Library, shared *Decoded, cue Cue, turn int) *feed {
	f := &feed{
		cue: cue, turn: turn, lib: lib, shared: shared,
		ready: make(chan struct{}), frames: make(chan frame, aheadBy),
		skip: samplesOf(cue.From), fade: fadeInSize, factor: 1,
	}
	if cue.Gain < 0 && cue.Class != schedule.Emergency {
		f.factor = math.Pow(10, cue.Gain/20)
	}
	if f.skip > 0 {
		f.fade = 0
	}
	f.ctx, f.cancel = context.WithCancel(ctx)
	go f.run()
	return f
}

func (f *feed) run() {
	defer func() {
		close(f.frames)
		f.begin()
	}()
	var err error
	switch {
	case len(f.cue.Parts) == 0:
		err = errors.New("the cue has no parts")
	case f.cue.Class == schedule.Emergency:
		err = f.insist()
	default:
		err = f.perform()
	}
	if err != nil {
		f.send(frame{err: err})
	}
}

// perform opens every part before the first sample: a doubt is found while the
// relays are still open.
func (f *feed) perform() error {
	pieces := make([]piece, len(f.cue.Parts))
	for i, part := range f.cue.Parts {
		p, err := f.open(part, 0)
		if err != nil {
			f.notes = p.notes
			return fmt.Errorf("part %d: %w", i+1, err)
		}
		pieces[i] = p
	}
	if err := f.sayDrill(); err != nil {
		return err
	}
	for i, p := range pieces {
		if err := f.play(p); err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
		if err := f.pause(f.cue.Parts[i]); err != nil {
			return err
		}
	}
	return f.sayDrill()
}

// insist sounds an emergency: its first part at once, and in place of a part
// that has nothing whole the built-in siren and phrase.
func (f *feed) insist() error {
	if err := f.sayDrill(); err != nil {
		return err
	}
	for i, part := range f.cue.Parts {
		if err := f.mustSound(part); err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
		if err := f.pause(part); err != nil {
			return err
		}
	}
	return f.sayDrill()
}

func (f *feed) mustSound(part Part) error {
	for next := 0; next < len(part.Sources); {
		p, err := f.open(part, next)
		if err != nil {
			return f.play(f.fallback(p.notes))
		}
		err = f.play(p)
		if err == nil || f.ctx.Err() != nil {
			return err
		}
		// Its hash was right and yet it broke in the middle.
		f.notes = append(f.notes, note{p.sounds[0].source, err})
		next = p.next
	}
	if len(part.Sources) == 0 {
		return nil
	}
	return f.play(f.fallback(nil))
}

// piece is a part that has been opened.
type piece struct {
	sounds []named // one source, or the fallback's two; none for a pause alone
	notes  []note  // the sources skipped on the way to it
	next   int     // the index of the source to be tried if this one breaks
}

type named struct {
	sound
	source string // empty: nothing to tell of
}

// open finds the first whole source of part from index next on. After an error
// the piece holds the notes alone.
func (f *feed) open(part Part, next int) (piece, error) {
	var p piece
	if len(part.Sources) == 0 {
		return p, nil
	}
	for i := next; i < len(part.Sources); i++ {
		source := part.Sources[i]
		s, err := f.openSource(source)
		if err == nil {
			p.sounds, p.next = []named{{s, source.String()}}, i+1
			return p, nil
		}
		p.notes = append(p.notes, note{source.String(), err})
	}
	return p, ErrNoSource
}

// fallback is what an emergency sounds in place of a part.
func (f *feed) fallback(notes []note) piece {
	p := piece{notes: notes}
	if s, err := f.openSource(Source{Siren: fallbackSiren}); err == nil {
		p.sounds = append(p.sounds, named{s, "siren"})
	}
	if s, err := f.openSource(Source{BuiltIn: generalPhrase}); err == nil {
		p.sounds = append(p.sounds, named{s, generalPhrase})
	}
	return p
}

func (f *feed) openSource(s Source) (sound, error) {
	switch {
	case s.Audio != "" && s.BuiltIn == "" && s.Siren == Siren{}:
		return f.openAudio(s.Audio)
	case s.BuiltIn != "" && s.Audio == "" && s.Siren == Siren{}:
		return f.shared.open(s.String(), func() (sound, error) { return openBuiltIn(s.BuiltIn) })
	case s.Siren != Siren{} && s.Audio == "" && s.BuiltIn == "":
		return f.shared.open(fmt.Sprint(s.Siren), func() (sound, error) { return newSiren(s.Siren) })
	}
	return nil, errors.New("a source is one of audio, built-in sound and siren")
}

// openAudio reads and checks a file. A read that hangs is left behind.
func (f *feed) openAudio(hash string) (sound, error) {
	type result struct {
		s   sound
		err error
	}
	done := make(chan result, 1)
	go func() {
		data, err := readAudio(f.lib, hash)
		if err != nil {
			done <- result{err: err}
			return
		}
		s, err := f.shared.open(hash, func() (sound, error) { return openRecording(data) })
		done <- result{s, err}
	}()
	limit := readLimit
	if f.cue.Class == schedule.Emergency {
		limit = hasteLimit
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case got := <-done:
		return got.s, got.err
	case <-late.C:
		return nil, fmt.Errorf("read audio: not done after %v", limit)
	case <-f.ctx.Done():
		return nil, f.ctx.Err()
	}
}

// readAudio reads the whole file and returns it only if its hash is right.
func readAudio(lib Library, hash string) ([]byte, error) {
	if !isHash(hash) {
		return nil, errors.New("open audio: the name is no SHA-256 in lower-case hex")
	}
	file, err := lib.OpenAudio(hash)
	if err != nil {
		return nil, fmt.Errorf("open audio: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxAudio+1))
	if err != nil {
		return nil, fmt.Errorf("read audio: %w", err)
	}
	if len(data) > maxAudio {
		return nil, fmt.Errorf("read audio: larger than %d bytes", maxAudio)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("check audio: its hash is %x", sum)
	}
	return data, nil
}

func isHash(s string) bool {
	if len(s) != hex.EncodedLen(sha256.Size) {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// sayDrill sends the drill voice, which counts for no position. A drill that
// cannot be heard as one must not sound.
func (f *feed) sayDrill() error {
	if !f.cue.Drill {
		return nil
	}
	voice, err := f.openSource(Source{BuiltIn: drillVoice})
	if err != nil {
		return err
	}
	return f.stream(named{voice, drillVoice}, false)
}

// play sends a part's samples, less those to be passed over.
func (f *feed) play(p piece) error {
	notes := p.notes
	for _, s := range p.sounds {
		if f.skip > 0 && f.skip >= s.length() {
			f.skip -= s.length()
			continue
		}
		if err := s.seek(f.skip); err != nil {
			return err
		}
		f.skip = 0
		f.notes, notes = append(f.notes, notes...), nil
		if err := f.stream(s, true); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) pause(part Part) error {
	n := max(0, samplesOf(part.Pause))
	return f.play(piece{sounds: []named{{sound: silence(n)}}})
}

// stream sends a sound to its end.
func (f *feed) stream(s named, part bool) error {
	if s.source != "" {
		f.notes = append(f.notes, note{source: s.source})
	}
	for {
		pcm := make([]int16, frameSize)
		n, err := s.read(pcm)
		if n == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		pcm = pcm[:n]
		if part && f.factor < 1 {
			soften(pcm, f.factor)
		}
		if part && f.fade < fadeInSize {
			fadeIn(pcm, f.fade, fadeInSize)
			f.fade += int64(n)
		}
		if !f.send(frame{pcm: pcm, part: part}) {
			return f.ctx.Err()
		}
	}
}

// send hands out a frame; false once the feed was stopped.
func (f *feed) send(fr frame) bool {
	fr.notes, f.notes = f.notes, nil
	select {
	case f.frames <- fr:
		f.begin()
		return true
	case <-f.ctx.Done():
		return false
	}
}

// begin tells that the first frame, or the end, is there.
func (f *feed) begin() {
	if !f.begun {
		f.begun = true
		close(f.ready)
	}
}
