package playout_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
	"loa/firmware"
)

// TestDecodesLikeTheReference compares what sounds with libopus' own decoding.
func TestDecodesLikeTheReference(t *testing.T) {
	for _, test := range []struct {
		name    string
		samples int
		args    []string
	}{
		{"speech", 5*48000 + 1, []string{"-b:a", "24k", "-application", "voip"}},
		{"music", 4*48000 - 77, []string{"-b:a", "32k", "-application", "audio"}},
		{"frames of 60 ms", 3*48000 + 500, []string{"-b:a", "24k", "-application", "voip", "-frame_duration", "60"}},
		{"shorter than a frame", 500, []string{"-b:a", "24k"}},
		{"one page", 30000, []string{"-b:a", "24k", "-page_duration", "1000000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			lib := library{}
			file := encode(t, talk(5, test.samples), test.args...)
			raw := ffmpeg(t, file, "-c:a", "libopus", "-i", "-", "-f", "s16le", "-")
			want := make([]int16, len(raw)/2)
			if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, want); err != nil {
				t.Fatal(err)
			}
			got := whole(t, lib, *cue("a", schedule.Routine, audio(lib.add(file))))
			if len(got) != test.samples || len(want) != test.samples {
				t.Fatalf("%d samples, the reference has %d, the original %d", len(got), len(want), test.samples)
			}
			if c := correlation(got, want); c < 0.999 {
				t.Errorf("correlation %v with the reference", c)
			}
		})
	}
}

func correlation(a, b []int16) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

func TestDecodesFromAnySample(t *testing.T) {
	length, decode, err := playout.OpenRecording(speech(t))
	if err != nil {
		t.Fatal(err)
	}
	full, err := decode(0, int(length))
	if err != nil || int64(len(full)) != length {
		t.Fatalf("%d samples of %d: %v", len(full), length, err)
	}
	for _, from := range []int64{1, 311, 959, 960, 47_999, 48_000, 123_457, 300_000, length - 1} {
		got, err := decode(from, int(length-from))
		if err != nil || !sameSound(got, full[from:]) {
			t.Errorf("from sample %d: %d samples, not those of the whole (%v)", from, len(got), err)
		}
	}
}

// FuzzFile: no file may do more than fail.
func FuzzFile(f *testing.F) {
	data := encode(f, talk(9, 20_000), "-b:a", "24k")
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("OggS"))
	f.Fuzz(decodeWhatever)
}

// FuzzPacket puts the packet into a file whose checksums are right, so that the
// decoder itself is reached.
func FuzzPacket(f *testing.F) {
	f.Add([]byte{0x48, 1, 2, 3})
	f.Add([]byte{0xfb, 3, 1, 2, 3, 4, 5, 6})
	f.Add([]byte{0x7b, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) > 255*254 {
			return
		}
		head := append([]byte("OpusHead\x01\x01"), 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)
		file := page(2, 0, 0, head)
		file = append(file, page(0, 0, 1, []byte("OpusTags"))...)
		for i := range uint32(3) {
			file = append(file, page(0, 120*uint64(i+1), i+2, packet)...)
		}
		decodeWhatever(t, file)
	})
}

func decodeWhatever(t *testing.T, data []byte) {
	length, decode, err := playout.OpenRecording(data)
	if err != nil {
		return
	}
	if length <= 0 {
		t.Errorf("length %d without an error", length)
	}
	_, _ = decode(0, 5000)
	_, _ = decode(length/2, 5000)
}

// page is one Ogg page with one packet.
func page(flags byte, granule uint64, index uint32, packet []byte) []byte {
	p := append([]byte("OggS\x00"), flags)
	p = binary.LittleEndian.AppendUint64(p, granule)
	p = binary.LittleEndian.AppendUint32(p, 1)
	p = binary.LittleEndian.AppendUint32(p, index)
	p = append(p, 0, 0, 0, 0, byte(len(packet)/255+1))
	p = append(p, bytes.Repeat([]byte{255}, len(packet)/255)...)
	p = append(p, byte(len(packet)%255))
	p = append(p, packet...)
	var sum uint32
	for _, b := range p {
		sum ^= uint32(b) << 24
		for range 8 {
			top := sum & (1 << 31)
			sum <<= 1
			if top != 0 {
				sum ^= 0x04c11db7
			}
		}
	}
	binary.LittleEndian.PutUint32(p[22:], sum)
	return p
}

func BenchmarkDecode(b *testing.B) {
	length, decode, err := playout.OpenRecording(speech(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(0, int(length)); err != nil {
			b.Fatal(err)
		}
	}
	seconds := float64(length) / firmware.SampleRate
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/seconds, "ms/s_of_sound")
}

func TestBuiltIns(t *testing.T) {
	names := map[string]bool{}
	for _, b := range playout.BuiltIns() {
		t.Run(b.Name, func(t *testing.T) {
			if names[b.Name] || !playout.HasBuiltIn(b.Name) {
				t.Error("it is listed twice, or HasBuiltIn does not know it")
			}
			names[b.Name] = true
			if (b.Text == "") != (b.Name == "chime") || strings.ContainsAny(b.Text, "\t\n?") {
				t.Errorf("text %q", b.Text)
			}
			pcm := whole(t, nil, *cue(b.Name, schedule.Routine, builtIn(b.Name)))
			// A voice says 2 to 5 syllables a second.
			length := float64(len(pcm)) / firmware.SampleRate
			if syllables := float64(len(strings.Fields(b.Text))); b.Text != "" && (syllables/length < 2 || syllables/length > 5) {
				t.Errorf("%.1f s for %.0f syllables", length, syllables)
			}
			if level := rms(pcm); level < -24 || level > -12 {
				t.Errorf("its level is %.1f dB", level)
			}
			clipped := 0
			for _, s := range pcm {
				if s == math.MaxInt16 || s == math.MinInt16 {
					clipped++
				}
			}
			if clipped > 0 {
				t.Errorf("%d samples are clipped", clipped)
			}
		})
	}
	for _, name := range []string{
		"chime", "drill", "phrase:general", "phrase:evacuate", "phrase:flood", "phrase:flash-flood",
		"phrase:storm", "phrase:landslide", "phrase:fire", "phrase:all-clear", "phrase:test",
	} {
		if !names[name] {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{"", "siren", "phrase:", "general", "Chime", "voices/drill", "../drill", "phrases.tsv"} {
		if playout.HasBuiltIn(name) {
			t.Errorf("HasBuiltIn(%q)", name)
		}
	}
}

func TestSirenKeepsItsCadence(t *testing.T) {
	part := playout.Part{Sources: []playout.Source{{Siren: playout.Siren{Blasts: 3, Length: 2 * time.Second, Gap: time.Second}}}}
	pcm := whole(t, nil, *cue("a", schedule.Emergency, part))
	if len(pcm) != 8*48000 {
		t.Fatalf("%d samples, want 8 s", len(pcm))
	}
	for second := range 8 {
		level := rms(pcm[second*48000 : (second+1)*48000])
		if gap := second%3 == 2; gap && level > -100 || !gap && level < -6 {
			t.Errorf("second %d: %.1f dB", second+1, level)
		}
	}
	// Rich in harmonics: a good part of the energy lies above the fundamental's
	// highest pitch, but not noise: the tone dominates.
	high := pcm[:48000]
	var above, all float64
	y, z := 0.0, 0.0
	const k = 0.15 // two one-pole high-passes at some 1.2 kHz
	ly, lz := 0.0, 0.0
	for _, s := range high {
		x := float64(s)
		ly += k * (x - ly)
		y = x - ly
		lz += k * (y - lz)
		z = y - lz
		above, all = above+z*z, all+x*x
	}
	if share := above / all; share < 0.05 || share > 0.8 {
		t.Errorf("%.0f %% of the energy lies above 1.2 kHz", 100*share)
	}
}
