package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

const (
	silence  = -50.0                  // LUFS; below is noise of an open microphone
	shortest = 200 * time.Millisecond // of one file
	// missing is how much may lack of what the container promised: encoders'
	// delays, never a sentence.
	missing = 500 * time.Millisecond
	// finest is the step in which the meter speaks, in dB.
	finest = 0.1
)

// Take turns an upload into a station file. name is the file's, for people to
// read; music asks for the higher bit rate. Both the original and the station
// file are durable when it returns; on an error nothing of the upload is left.
// An upload that cannot be broadcast is a *Refusal.
func (s *Shelf) Take(ctx context.Context, r io.Reader, name string, music bool) (Audio, error) {
	name = printable(name)
	in, err := s.scratch("upload-*")
	if err != nil {
		return Audio{}, err
	}
	defer in.discard()
	if err := s.fill(ctx, in, r, name); err != nil {
		return Audio{}, err
	}

	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return Audio{}, fmt.Errorf("wait for other audio: %w", context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Patience,
		fmt.Errorf("converting took longer than %s", s.opts.Patience))
	defer cancel()

	was, err := s.judge(ctx, in.f.Name(), name)
	if err != nil {
		return Audio{}, err
	}
	a := Audio{
		Bitrate: SpeechBitrate, Music: music,
		OriginalSHA256: in.sum(), OriginalSize: in.size, OriginalName: name,
		LoudnessIn: was.lufs, PeakIn: was.peak, Added: time.Now().UTC().Truncate(time.Millisecond),
	}
	if music {
		a.Bitrate = MusicBitrate
	}
	out, err := s.station(ctx, in.f.Name(), &a)
	if err != nil {
		return Audio{}, err
	}
	defer out.discard()

	// Whatever can run out of room comes before the first name is given.
	if err := errors.Join(in.sync(), out.sync()); err != nil {
		return Audio{}, err
	}
	original, err := s.home("originals", a.OriginalSHA256, "")
	if err != nil {
		return Audio{}, err
	}
	station, err := s.home("audio", a.SHA256, ".opus")
	if err != nil {
		return Audio{}, err
	}
	if err := in.place(original); err != nil {
		return Audio{}, err
	}
	if err := out.place(station); err != nil {
		return Audio{}, err
	}
	return a, nil
}

// judge refuses what cannot be broadcast and measures the rest.
func (s *Shelf) judge(ctx context.Context, path, name string) (level, error) {
	refuse := func(why Reason, format string, args ...any) (level, error) {
		return level{}, &Refusal{name, why, fmt.Sprintf(format, args...)}
	}
	c, ok, err := s.probe(ctx, path)
	switch {
	case err != nil:
		return level{}, err
	case !ok:
		return refuse(NotAudio, "its content is no sound that can be read, whatever its name says")
	case c.damage != "":
		return refuse(Damaged, "%s", c.damage)
	case c.video:
		return refuse(Video, "it holds moving pictures; send the sound alone")
	case !c.audio:
		return refuse(NotAudio, "it holds no sound")
	case c.length > s.opts.Longest:
		return refuse(TooLong, "it lasts %s, at most %s", c.length.Round(time.Second), s.opts.Longest)
	}
	l, err := s.measure(ctx, path, "")
	length := asTime(l.samples)
	switch {
	case errors.Is(err, errLength):
		return refuse(TooLong, "it lasts more than %s", s.opts.Longest)
	case errors.Is(err, errDecode):
		return refuse(Damaged, "%v", err)
	case err != nil:
		return level{}, err
	case c.length-length > missing:
		return refuse(Damaged, "it promises %s and holds %s: a part is missing", c.length.Round(time.Millisecond), length.Round(time.Millisecond))
	case length < shortest:
		return refuse(TooShort, "it lasts %s, at least %s", length.Round(time.Millisecond), shortest)
	}
	if l.lufs < silence || math.IsInf(l.peak, -1) {
		return refuse(Silent, "its loudness is %.1f LUFS, at least %.0f", l.lufs, silence)
	}
	return l, nil
}

// station makes the station file with the gain that brings it to the target
// loudness, or as near as its peaks let it: the gain is one constant, so that a
// voice keeps its shape. Encoding moves peaks a little; where that passes the
// limit, the gain goes down by as much and it is made again.
func (s *Shelf) station(ctx context.Context, path string, a *Audio) (*scratch, error) {
	a.Gain = tidy(math.Min(TargetLUFS-a.LoudnessIn, PeakDBTP-a.PeakIn))
	const tries = 4
	for try := 1; ; try++ {
		out, err := s.scratch("station-*")
		if err != nil {
			return nil, err
		}
		got, err := s.attempt(ctx, path, a, out)
		if err != nil {
			out.discard()
			return nil, err
		}
		if got.peak <= PeakDBTP || try == tries {
			a.SHA256, a.Size = out.sum(), out.size
			a.Samples, a.Duration = got.samples, asTime(got.samples)
			a.LoudnessOut, a.PeakOut = got.lufs, got.peak
			return out, nil
		}
		out.discard()
		a.Gain = tidy(a.Gain - (got.peak - PeakDBTP + finest))
	}
}

// attempt encodes into out and measures it with the reference decoder, which
// also proves that the file can be decoded from end to end.
func (s *Shelf) attempt(ctx context.Context, path string, a *Audio, out *scratch) (level, error) {
	if err := s.encode(ctx, path, a.Gain, a.Music, out); err != nil {
		return level{}, err
	}
	got, err := s.measure(ctx, out.f.Name(), "libopus")
	if err != nil {
		return level{}, fmt.Errorf("check station file: %w", err)
	}
	return got, nil
}

// tidy is a gain as encode writes it.
func tidy(gain float64) float64 { return math.Round(gain*100) / 100 }
