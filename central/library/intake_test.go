package library_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"loa/central/library"
)

func shelf(t *testing.T, o library.ShelfOptions) *library.Shelf {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := library.NewShelf(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func command(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s %v: %v: %s", program, args, err, exit.Stderr)
		}
		t.Fatalf("%s: %v", program, err)
	}
	return out
}

// sound makes a file with ffmpeg and returns its bytes; the arguments stand
// between the program and the output.
func sound(t *testing.T, ext string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made."+ext)
	command(t, "ffmpeg", append(append([]string{"-nostdin", "-v", "error"}, args...), path)...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// speech is a spoken sentence as a WAV file on disk.
func speech(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "speech.wav")
	command(t, "espeak-ng", "-v", "vi", "-w", path,
		"Đài truyền thanh xã thông báo. Hôm nay mưa to, đề phòng lũ quét. Bà con ở ven suối chuyển lên chỗ cao.")
	return path
}

// kept lists every file below a folder.
func kept(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// decode is a file as samples, by the reference decoder.
func decode(t *testing.T, path string, before ...string) []float64 {
	t.Helper()
	raw := command(t, "ffmpeg", append(before, "-nostdin", "-v", "error", "-i", path, "-f", "s16le", "-ar", "48000", "-ac", "1", "pipe:1")...)
	pcm := make([]float64, len(raw)/2)
	for i := range pcm {
		pcm[i] = float64(int16(binary.LittleEndian.Uint16(raw[2*i:])))
	}
	return pcm
}

// envelope is the RMS of every 100 ms.
func envelope(pcm []float64) []float64 {
	var out []float64
	for ; len(pcm) >= 4800; pcm = pcm[4800:] {
		var sum float64
		for _, v := range pcm[:4800] {
			sum += v * v
		}
		out = append(out, math.Sqrt(sum/4800))
	}
	return out
}

func pearson(a, b []float64) float64 {
	n := min(len(a), len(b))
	var ma, mb, ab, aa, bb float64
	for i := range n {
		ma += a[i] / float64(n)
		mb += b[i] / float64(n)
	}
	for i := range n {
		ab += (a[i] - ma) * (b[i] - mb)
		aa += (a[i] - ma) * (a[i] - ma)
		bb += (b[i] - mb) * (b[i] - mb)
	}
	return ab / math.Sqrt(aa*bb)
}

func TestTakeMakesTheStationFormat(t *testing.T) {
	voice := speech(t)
	cover := filepath.Join(t.TempDir(), "cover.png")
	command(t, "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=red:s=64x64:d=0.1", "-frames:v", "1", cover)
	quiet := []string{"-i", voice, "-af", "volume=-24dB"}
	tests := []struct {
		name, file string
		args       []string
		music      bool
	}{
		{"mp3", "bản tin.mp3", []string{"-i", voice, "-b:a", "64k"}, false},
		{"mp3 of variable rate, quiet", "a.mp3", append(quiet, "-q:a", "4"), false},
		{"mp3 with a cover and tags", "a.mp3", []string{"-i", voice, "-i", cover, "-map", "0", "-map", "1", "-disposition:v", "attached_pic", "-metadata", "title=Integrated loudness: I: 3.0 LUFS"}, false},
		{"m4a of a phone", "ghi âm.m4a", []string{"-i", voice, "-ar", "44100"}, false},
		{"bare aac, its length unknown", "a.aac", []string{"-i", voice, "-f", "adts"}, false},
		{"wav of 8 kHz, loud", "a.wav", []string{"-i", voice, "-ar", "8000", "-af", "volume=6dB"}, false},
		{"ogg vorbis", "a.ogg", []string{"-i", voice, "-c:a", "libvorbis"}, false},
		{"flac of 96 kHz in stereo", "a.flac", []string{"-i", voice, "-ar", "96000", "-ac", "2"}, false},
		{"webm of a browser", "a.webm", []string{"-i", voice, "-c:a", "libopus"}, false},
		{"3gp of an old phone", "a.3gp", []string{"-i", voice, "-ar", "16000", "-c:a", "aac"}, false},
		{"music", "a.wav", []string{"-f", "lavfi", "-i", "aevalsrc='0.3*sin(2*PI*440*t)*(1+sin(2*PI*0.7*t))|0.2*sin(2*PI*660*t)':d=5"}, true},
		{"a wrong name", "a.txt", []string{"-i", voice}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ext := filepath.Ext(tt.file)[1:]
			if ext == "txt" {
				ext = "wav"
			}
			upload := sound(t, ext, tt.args...)
			dir := t.TempDir()
			s := shelf(t, library.ShelfOptions{Dir: dir})
			a, err := s.Take(t.Context(), bytes.NewReader(upload), tt.file, tt.music)
			if err != nil {
				t.Fatal(err)
			}

			station := filepath.Join(dir, "audio", a.SHA256[:2], a.SHA256+".opus")
			original := filepath.Join(dir, "originals", a.OriginalSHA256[:2], a.OriginalSHA256)
			if got := kept(t, dir); len(got) != 2 {
				t.Errorf("kept %v", got)
			}
			back, err := os.ReadFile(original)
			if err != nil || !bytes.Equal(back, upload) {
				t.Errorf("the original is not kept as it came: %v", err)
			}
			made, err := os.ReadFile(station)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(made); hex.EncodeToString(sum[:]) != a.SHA256 || int64(len(made)) != a.Size {
				t.Errorf("named %s of %d bytes, is %x of %d", a.SHA256, a.Size, sum, len(made))
			}
			format := string(command(t, "ffprobe", "-v", "error", "-show_entries", "format=format_name,nb_streams:stream=codec_name,sample_rate,channels:format_tags:stream_tags", "-of", "compact=p=0:nk=1", station))
			if format = strings.Join(strings.Fields(format), " "); format != "opus|48000|1|Lavc libopus 1|ogg" {
				t.Errorf("the format is %q", format)
			}

			pcm := decode(t, station, "-c:a", "libopus")
			if int64(len(pcm)) != a.Samples || a.Duration != time.Duration(len(pcm))*time.Second/48000 {
				t.Errorf("says %d samples, %s; has %d", a.Samples, a.Duration, len(pcm))
			}
			was := decode(t, original)
			if d := len(pcm) - len(was); d < -4800 || d > 4800 {
				t.Errorf("%d samples became %d", len(was), len(pcm))
			}
			if r := pearson(envelope(was), envelope(pcm)); r < 0.9 {
				t.Errorf("envelopes correlate by %.3f", r)
			}

			limited := a.PeakOut > library.PeakDBTP-1.5 // the peaks hold it back
			if d := math.Abs(a.LoudnessOut - library.TargetLUFS); d > 1 && !limited || a.LoudnessOut > library.TargetLUFS+1 {
				t.Errorf("loudness is %.1f LUFS, peak %.1f dBTP", a.LoudnessOut, a.PeakOut)
			}
			if a.PeakOut > library.PeakDBTP {
				t.Errorf("peak is %.1f dBTP", a.PeakOut)
			}
			if d := math.Abs(a.LoudnessIn + a.Gain - a.LoudnessOut); d > 1 {
				t.Errorf("%.1f LUFS with a gain of %.2f dB became %.1f", a.LoudnessIn, a.Gain, a.LoudnessOut)
			}
			want := map[bool]int{false: 24000, true: 32000}[tt.music]
			if rate := float64(a.Size) * 8 / a.Duration.Seconds(); a.Bitrate != want || rate > 1.25*float64(want) {
				t.Errorf("asked for %d bit/s, has %.0f", a.Bitrate, rate)
			}
			if a.OriginalName != tt.file || a.Music != tt.music {
				t.Errorf("the row says %q, music %v", a.OriginalName, a.Music)
			}
			t.Logf("%.1f LUFS, %.1f dBTP, gain %.2f dB, became %.1f LUFS, %.1f dBTP", a.LoudnessIn, a.PeakIn, a.Gain, a.LoudnessOut, a.PeakOut)

			if tt.name != "mp3" && !tt.music {
				return
			}
			again, err := shelf(t, library.ShelfOptions{}).Take(t.Context(), bytes.NewReader(upload), "other", tt.music)
			if err != nil || again.SHA256 != a.SHA256 {
				t.Errorf("the same upload became another file: %v", err)
			}
		})
	}
}

// A low voice stays low beside a loud one: nothing rides the gain.
func TestGainIsOneConstant(t *testing.T) {
	upload := sound(t, "wav", "-f", "lavfi", "-i", "aevalsrc='(0.03+0.27*gte(t,20))*sin(2*PI*500*t)':d=40")
	dir := t.TempDir()
	a, err := shelf(t, library.ShelfOptions{Dir: dir}).Take(t.Context(), bytes.NewReader(upload), "two.wav", true)
	if err != nil {
		t.Fatal(err)
	}
	e := envelope(decode(t, filepath.Join(dir, "audio", a.SHA256[:2], a.SHA256+".opus"), "-c:a", "libopus"))
	for _, second := range []int{1, 10, 18} {
		low, loud := e[10*second], e[len(e)-10*second]
		if step := 20 * math.Log10(loud/low); math.Abs(step-20) > 0.5 {
			t.Errorf("at %d s a step of 20 dB became %.1f dB", second, step)
		}
	}
}

func TestTakeOfAShortSound(t *testing.T) {
	// 0.3 s is less than the meter needs.
	upload := sound(t, "wav", "-f", "lavfi", "-i", "sine=1000:duration=0.3", "-af", "volume=-10dB")
	a, err := shelf(t, library.ShelfOptions{}).Take(t.Context(), bytes.NewReader(upload), "beep.wav", false)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(a.LoudnessOut-library.TargetLUFS) > 1 {
		t.Errorf("loudness %.1f LUFS", a.LoudnessOut)
	}
}

func TestTakeRefuses(t *testing.T) {
	voice := speech(t)
	mp3 := sound(t, "mp3", "-i", voice)
	m4a := sound(t, "m4a", "-i", voice)
	fast := sound(t, "m4a", "-i", voice, "-movflags", "+faststart")
	wav := sound(t, "wav", "-i", voice)
	ogg := sound(t, "ogg", "-i", voice, "-c:a", "libvorbis")
	cut := func(b []byte) []byte { return b[:len(b)*6/10] }
	spoilt := func(b []byte) []byte {
		b = bytes.Clone(b)
		r := rand.New(rand.NewPCG(1, 2))
		for i := len(b) / 2; i < len(b)/2+4000; i++ {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	noSamples, err := os.ReadFile(voice)
	if err != nil {
		t.Fatal(err)
	}
	noSamples = noSamples[:44] // the header alone
	binary.LittleEndian.PutUint32(noSamples[4:], 36)
	binary.LittleEndian.PutUint32(noSamples[40:], 0)
	noise := make([]byte, 100_000)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	secret := filepath.Join(t.TempDir(), "secret.wav")
	if err := os.WriteFile(secret, wav, 0o600); err != nil {
		t.Fatal(err)
	}
	lavfi := func(ext string, args ...string) []byte {
		return sound(t, ext, append([]string{"-f", "lavfi"}, args...)...)
	}

	tests := []struct {
		name   string
		upload []byte
		reason library.Reason
		says   string
	}{
		{"no bytes", nil, library.Empty, "no bytes"},
		{"text named mp3", []byte("Kính gửi bà con\n"), library.NotAudio, "no sound"},
		{"long text", []byte(strings.Repeat("Kính gửi bà con\n", 10000)), library.NotAudio, "no sound"},
		{"noise bytes", noise, library.NotAudio, "no sound"},
		{"a picture", lavfi("png", "-i", "color=red:s=64x64:d=0.1", "-frames:v", "1"), library.NotAudio, "no sound"},
		{"a playlist of a local file", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:5,\nfile://" + secret + "\n#EXT-X-ENDLIST\n"), library.NotAudio, "no sound"},
		{"a cue list of a local file", []byte("ffconcat version 1.0\nfile " + secret + "\n"), library.NotAudio, "no sound"},
		{"a video", lavfi("mp4", "-i", "testsrc=d=2:s=64x64", "-f", "lavfi", "-i", "sine=d=2"), library.Video, "moving pictures"},
		{"a video without sound", lavfi("mp4", "-i", "testsrc=d=2:s=64x64"), library.Video, "moving pictures"},
		{"subtitles alone", sound(t, "mkv", "-i", subtitles(t)), library.NotAudio, "no sound"},
		{"mp3, spoilt", spoilt(mp3), library.Damaged, "after"},
		{"m4a, spoilt", spoilt(m4a), library.Damaged, "after"},
		{"ogg, spoilt", spoilt(ogg), library.Damaged, "promises"},
		{"mp3, cut off", cut(mp3), library.Damaged, "promises"},
		{"m4a, cut off, its index lost", cut(m4a), library.Damaged, "index"},
		{"m4a, cut off, its index first", cut(fast), library.Damaged, ""},
		{"wav, cut off", cut(wav), library.Damaged, ""},
		{"digital silence", lavfi("wav", "-i", "anullsrc=d=3"), library.Silent, "LUFS"},
		{"an open microphone", lavfi("wav", "-i", "anoisesrc=d=3:a=0.0005:seed=1"), library.Silent, "LUFS"},
		{"left against right", lavfi("wav", "-i", "aevalsrc='0.5*sin(2*PI*440*t)|-0.5*sin(2*PI*440*t)':d=3"), library.Silent, "LUFS"},
		{"a click", lavfi("wav", "-i", "sine=d=0.1"), library.TooShort, "at least 200ms"},
		{"no samples", noSamples, library.TooShort, "at least 200ms"},
		{"three hours", lavfi("flac", "-i", "sine=d=10800:r=8000"), library.TooLong, "3h0m0s, at most 1h0m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := shelf(t, library.ShelfOptions{Dir: dir}).Take(t.Context(), bytes.NewReader(tt.upload), "tin.mp3", false)
			refused(t, err, tt.reason, tt.says)
			if left := kept(t, dir); len(left) != 0 {
				t.Errorf("left over: %v", left)
			}
			if err != nil && (strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "upload-")) {
				t.Errorf("tells paths of this machine: %v", err)
			}
		})
	}

	t.Run("three hours, without decoding them", func(t *testing.T) {
		s := shelf(t, library.ShelfOptions{FFmpeg: "false"})
		_, err := s.Take(t.Context(), bytes.NewReader(tests[len(tests)-1].upload), "tin.mp3", false)
		refused(t, err, library.TooLong, "3h0m0s")
	})
	t.Run("too long, of unknown length", func(t *testing.T) {
		s := shelf(t, library.ShelfOptions{Longest: 2 * time.Second})
		_, err := s.Take(t.Context(), bytes.NewReader(lavfi("aac", "-i", "sine=d=20", "-f", "adts")), "a.aac", false)
		refused(t, err, library.TooLong, "more than 2s")
	})
	t.Run("too many bytes, without reading on", func(t *testing.T) {
		dir := t.TempDir()
		endless := &endless{}
		_, err := shelf(t, library.ShelfOptions{Dir: dir, Bytes: 1 << 20}).Take(t.Context(), endless, "a.wav", false)
		refused(t, err, library.TooBig, "1048576")
		if endless.read > 2<<20 {
			t.Errorf("read %d bytes", endless.read)
		}
		if left := kept(t, dir); len(left) != 0 {
			t.Errorf("left over: %v", left)
		}
	})
}

func subtitles(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "a.srt")
	if err := os.WriteFile(path, []byte("1\n00:00:00,000 --> 00:00:02,000\nXin chào\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func refused(t *testing.T, err error, reason library.Reason, says string) {
	t.Helper()
	var r *library.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal: %s", err, reason)
	}
	if r.Reason != reason || !strings.Contains(r.Detail, says) {
		t.Errorf("got %v, want %s: ...%s...", err, reason, says)
	}
	t.Log(err)
}

type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestNameIsMadeFitToPrint(t *testing.T) {
	upload := sound(t, "wav", "-f", "lavfi", "-i", "sine=d=0.5")
	s := shelf(t, library.ShelfOptions{})
	for name, want := range map[string]string{
		"../../etc/passwd":            "passwd",
		`C:\Ghi âm\bản tin.wav`:       "bản tin.wav",
		"a\x1b[31m\n\u202eb\xff.wav":  "a[31mb.wav",
		"-i":                          "-i",
		"":                            "",
		strings.Repeat("â", 300):      strings.Repeat("â", 120),
		"file:/etc/passwd,concat:a|b": "passwd,concat:a|b",
	} {
		a, err := s.Take(t.Context(), bytes.NewReader(upload), name, false)
		if err != nil || a.OriginalName != want {
			t.Errorf("%q became %q, want %q (%v)", name, a.OriginalName, want, err)
		}
	}
}

// A source that breaks off, and a caller who goes away, leave nothing.
func TestTakeIsBrokenOff(t *testing.T) {
	dir := t.TempDir()
	s := shelf(t, library.ShelfOptions{Dir: dir})
	broken := errors.New("line is dead")
	_, err := s.Take(t.Context(), io.MultiReader(strings.NewReader("RIFF"), failing{broken}), "a.wav", false)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Take(ctx, &endless{}, "a.wav", false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := kept(t, dir); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A program that hangs is killed with everything it started.
func TestAProgramThatHangsIsKilled(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	pids := filepath.Join(bin, "pids")
	hang := filepath.Join(bin, "ffmpeg")
	script := "#!/bin/sh\nsleep 1000 &\necho $$ $! >" + pids + "\nwait\n"
	if err := os.WriteFile(hang, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	s := shelf(t, library.ShelfOptions{Dir: dir, FFmpeg: hang, Patience: 2 * time.Second})
	upload := sound(t, "wav", "-f", "lavfi", "-i", "sine=d=1")
	_, err := s.Take(t.Context(), bytes.NewReader(upload), "a.wav", false)
	if err == nil || !strings.Contains(err.Error(), "longer than 2s") {
		t.Errorf("got %v", err)
	}
	said, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	both := strings.Fields(string(said))
	if len(both) != 2 {
		t.Fatalf("pids %q", said)
	}
	for _, p := range both {
		pid, _ := strconv.Atoi(p)
		deadline := time.Now().Add(10 * time.Second)
		for alive(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d lives on", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	if left := kept(t, dir); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

// alive is false for a process that is gone, or dead and not yet collected.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ESRCH)
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestNewShelf(t *testing.T) {
	if _, err := library.NewShelf(library.ShelfOptions{Dir: t.TempDir(), FFprobe: "no-such-program"}); err == nil || !strings.Contains(err.Error(), "apt install ffmpeg") {
		t.Errorf("got %v, want the remedy", err)
	}
	if _, err := library.NewShelf(library.ShelfOptions{}); err == nil {
		t.Error("no folder, no error")
	}
	dir := t.TempDir()
	shelf(t, library.ShelfOptions{Dir: dir})
	old, young := filepath.Join(dir, "tmp", "old"), filepath.Join(dir, "tmp", "young")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	shelf(t, library.ShelfOptions{Dir: dir})
	if left := kept(t, dir); len(left) != 1 || left[0] != young {
		t.Errorf("left: %v; what a crash left a day ago goes, what is in work stays", left)
	}
}
