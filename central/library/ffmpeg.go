package library

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// containers are the formats that ffmpeg may open. What a file claims to be is
// read from its content, and formats that point to other files (playlists,
// cue sheets) or draw pictures are not among them.
const containers = "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,tta,w64,wav,wv"

// asMono comes first in every filter chain, so that what is measured is what is
// encoded.
const asMono = "aformat=sample_fmts=flt:sample_rates=48000:channel_layouts=mono"

// run starts a program in a process group of its own and returns the end of
// what it said. When ctx ends, the whole group is killed.
func run(ctx context.Context, stdout io.Writer, program string, args ...string) (said string, err error) {
	var stderr lastBytes
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start %s: %w", program, err)
	}
	// Alerts are sent by this same machine: conversion steps back. Not being
	// allowed to is no reason to refuse a file.
	_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, 10)
	err = cmd.Wait()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return stderr.String(), err
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct{ buf []byte }

const mostKept = 32 << 10

func (l *lastBytes) Write(p []byte) (int, error) {
	l.buf = append(l.buf, p...)
	if len(l.buf) > 2*mostKept {
		l.buf = append(l.buf[:0], l.buf[len(l.buf)-mostKept:]...)
	}
	return len(p), nil
}

func (l *lastBytes) String() string { return string(l.buf) }

// bounded is a buffer that takes no more than a program of ours ever says.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > 1<<20 {
		return 0, errors.New("too much output")
	}
	return b.Buffer.Write(p)
}

// contents is what a container says it holds.
type contents struct {
	audio, video bool
	length       time.Duration // 0: not known, or only guessed
	damage       string        // why it cannot be opened, when it was once a good file
}

// probe asks what the file is; ok is false for what is no media file at all.
func (s *Shelf) probe(ctx context.Context, path string) (c contents, ok bool, err error) {
	var out bounded
	said, err := run(ctx, &out, s.opts.FFprobe, "-v", "warning", "-protocol_whitelist", "file", "-format_whitelist", containers,
		"-show_entries", "format=duration:stream=codec_type:stream_disposition=attached_pic", "-of", "json", "file:"+path)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if strings.Contains(said, "moov atom not found") {
			return contents{damage: "its index is missing: the file was cut off"}, true, nil
		}
		return contents{}, false, nil
	}
	if err != nil {
		return contents{}, false, fmt.Errorf("probe audio: %w", err)
	}
	var answer struct {
		Streams []struct {
			Type        string `json:"codec_type"`
			Disposition struct {
				AttachedPic int `json:"attached_pic"`
			}
		}
		Format struct{ Duration string }
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return contents{}, false, fmt.Errorf("probe audio: %w", err)
	}
	for _, st := range answer.Streams {
		c.audio = c.audio || st.Type == "audio"
		c.video = c.video || st.Type == "video" && st.Disposition.AttachedPic == 0 // a cover is no video
	}
	if seconds, err := strconv.ParseFloat(answer.Format.Duration, 64); err == nil && seconds < 1e9 && !strings.Contains(said, "Estimating duration") {
		c.length = time.Duration(seconds * float64(time.Second))
	}
	return c, true, nil
}

// level is how loud a file is.
type level struct {
	lufs    float64 // integrated loudness; -70 when no part is above the gate
	peak    float64 // dBTP; -Inf for digital silence
	samples int64   // decoded, at 48 kHz
}

var (
	saidLUFS = regexp.MustCompile(`\n\s+I:\s+(-?[0-9.]+|-inf|nan) LUFS`)
	saidPeak = regexp.MustCompile(`\n\s+Peak:\s+(-?[0-9.]+|-inf|nan) dBFS`)
)

var (
	errDecode = errors.New("cannot be decoded")
	errLength = errors.New("longer than allowed")
)

// meterNeeds is the length below which EBU R128 has nothing to say.
const meterNeeds = 400 * time.Millisecond

// measure decodes the whole file; decoder is "" for whatever fits. It stops
// with errLength past the limit, and with errDecode, and the decoder's words,
// at the first damage.
func (s *Shelf) measure(ctx context.Context, path, decoder string) (level, error) {
	l, err := s.meter(ctx, path, decoder, "")
	if err == nil && l.samples > 0 && asTime(l.samples) < meterNeeds {
		// Heard over and over it is as loud, and long enough for the meter.
		var again level
		again, err = s.meter(ctx, path, decoder, fmt.Sprintf("%s,aloop=loop=9:size=%d,", asMono, l.samples))
		l.lufs = again.lufs
	}
	return l, err
}

// meter decodes the file once, through filters, into the meter.
func (s *Shelf) meter(ctx context.Context, path, decoder, filters string) (level, error) {
	args := []string{"-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info", "-xerror",
		"-protocol_whitelist", "file", "-format_whitelist", containers}
	if decoder != "" {
		args = append(args, "-c:a", decoder)
	}
	args = append(args, "-i", "file:"+path, "-map", "0:a:0", "-af", filters+asMono+",ebur128=peak=true:framelog=verbose",
		"-f", "s16le", "pipe:1")
	counted := counter{most: 2 * int64(s.opts.Longest.Seconds()*SampleRate)}
	said, err := run(ctx, &counted, s.opts.FFmpeg, args...)
	l := level{samples: counted.n / 2}
	var exit *exec.ExitError
	switch {
	case counted.n > counted.most:
		return l, errLength
	case errors.As(err, &exit):
		return l, fmt.Errorf("%w after %s: %s", errDecode, asTime(l.samples).Round(time.Millisecond), firstError(said, path))
	case err != nil:
		return l, fmt.Errorf("decode audio: %w", err)
	}
	summary := said[strings.LastIndex(said, "] [info] Summary:")+1:]
	lufs, peak := saidLUFS.FindStringSubmatch(summary), saidPeak.FindStringSubmatch(summary)
	if lufs == nil || peak == nil {
		return l, errors.New("measure loudness: ffmpeg said none")
	}
	// "-inf" and "nan" parse as such.
	l.lufs, _ = strconv.ParseFloat(lufs[1], 64)
	l.peak, _ = strconv.ParseFloat(peak[1], 64)
	if math.IsNaN(l.lufs) {
		l.lufs = math.Inf(-1)
	}
	return l, nil
}

// counter counts bytes and stops its writer past a limit.
type counter struct{ n, most int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	if c.n > c.most {
		return 0, errLength
	}
	return len(p), nil
}

// firstError is the first line that ffmpeg marked as an error, without the path
// on this machine.
func firstError(said, path string) string {
	for line := range strings.Lines(said) {
		for _, mark := range []string{"[error] ", "[fatal] "} {
			if _, words, ok := strings.Cut(line, mark); ok {
				return visible(strings.NewReplacer("file:"+path, "file", path, "file").Replace(words))
			}
		}
	}
	return "ffmpeg gives no reason"
}

// encode writes the station format with one constant gain in dB. The same input
// gives the same bytes: no dates, no names, fixed serial numbers.
func (s *Shelf) encode(ctx context.Context, path string, gain float64, music bool, to *scratch) error {
	use, rate := "voip", SpeechBitrate
	if music {
		use, rate = "audio", MusicBitrate
	}
	said, err := run(ctx, to, s.opts.FFmpeg, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+error", "-xerror",
		"-protocol_whitelist", "file", "-format_whitelist", containers, "-i", "file:"+path, "-map", "0:a:0",
		"-af", asMono+",volume=volume="+strconv.FormatFloat(gain, 'f', 2, 64)+"dB:precision=double,"+asMono,
		"-c:a", "libopus", "-b:a", strconv.Itoa(rate), "-vbr", "constrained", "-application", use,
		"-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "ogg", "pipe:1")
	switch {
	case to.err != nil:
		return to.err
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("encode audio: %w: %s", err, firstError(said, path))
	case err != nil:
		return fmt.Errorf("encode audio: %w", err)
	}
	return nil
}

func asTime(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / SampleRate
}
