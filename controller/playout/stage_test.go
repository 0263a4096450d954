package playout_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
	"loa/firmware"
	"loa/firmware/sim"
)

const (
	horn   = "horn"
	coil   = "coil" // a sensor of current
	ear    = "ear"  // a sensor of sound
	warmUp = 700 * time.Millisecond
	tail   = 400 * time.Millisecond
	// sample is the finest that a time of sound can be compared to.
	sample = time.Second/firmware.SampleRate + 1
	fade   = 50 * time.Millisecond
	// reaction is how late a cut may begin: two writes of 20 ms.
	reaction = 40 * time.Millisecond
)

func samples(d time.Duration) int {
	return int((d*firmware.SampleRate + time.Second/2) / time.Second)
}

// library is files by name. A nil file is one whose reading hangs for an hour.
type library map[string][]byte

func (l library) OpenAudio(hash string) (io.ReadCloser, error) {
	data, ok := l[hash]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if data == nil {
		return io.NopCloser(hanging{}), nil
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

type hanging struct{}

func (hanging) Read([]byte) (int, error) {
	time.Sleep(time.Hour)
	return 0, errors.New("disk error")
}

// add keeps a file under its hash.
func (l library) add(data []byte) string {
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	l[hash] = data
	return hash
}

// stage is a player on a simulated board of one output with two relays.
type stage struct {
	*sim.Board
	*playout.Player
	t     *testing.T
	start time.Time
	end   func() error // ends Run and returns its error, which is nil unless the test asks
	ended bool

	mu     sync.Mutex
	events []playout.Event
}

// perform runs a test on a stage, on a virtual clock.
func perform(t *testing.T, lib library, longestOn time.Duration, test func(s *stage)) {
	t.Helper()
	performOn(t, lib, longestOn, func(*sim.Board) {}, test)
}

// performOn is perform on a board that was changed before.
func performOn(t *testing.T, lib library, longestOn time.Duration, change func(b *sim.Board), test func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		board, err := sim.New(sim.Options{Outputs: []sim.Output{{
			Name: horn, Relays: []string{"mains", "amp"},
			WarmUp: warmUp, Tail: tail, LongestOn: longestOn,
			Sensors: map[string]firmware.Quantity{coil: firmware.Current, ear: firmware.Sound},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		change(board)
		s := &stage{Board: board, t: t, start: time.Now()}
		s.Player = playout.New(board.Outputs, lib, slog.New(slog.DiscardHandler), func(e playout.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		s.end = func() error {
			s.ended = true
			cancel()
			return <-done
		}
		synctest.Wait()
		test(s)
		if !s.ended {
			if err := s.end(); err != nil {
				t.Errorf("Run: %v", err)
			}
		}
		time.Sleep(time.Hour) // lets what hangs come back
	})
}

func (s *stage) set(c *playout.Cue) {
	s.t.Helper()
	if err := s.Set(horn, c); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
}

// pass lets virtual time pass.
func (s *stage) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// heard is all that sounded, without the silence of an idle speaker.
func (s *stage) heard() []int16 {
	var pcm []int16
	for _, b := range s.Recorder.PCM() {
		pcm = append(pcm, b.Samples...)
	}
	return pcm
}

func (s *stage) all(kinds ...playout.EventKind) []playout.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []playout.Event
	for _, e := range s.events {
		for _, k := range kinds {
			if e.Kind == k {
				found = append(found, e)
			}
		}
	}
	return found
}

// one returns the only event of a kind.
func (s *stage) one(kind playout.EventKind) playout.Event {
	s.t.Helper()
	found := s.all(kind)
	if len(found) != 1 {
		s.t.Fatalf("%d events %q, want 1; all events:\n%s", len(found), kind, s.story())
	}
	return found[0]
}

// story is what happened, one line each, times from the beginning.
func (s *stage) story() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, e := range s.events {
		fmt.Fprintf(&b, "%v %s %s", e.At.Sub(s.start), e.Kind, e.Cue)
		if e.Source != "" {
			fmt.Fprintf(&b, " %s", e.Source)
		}
		if e.Err != nil {
			fmt.Fprintf(&b, ": %v", e.Err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// kinds is the story's kinds alone.
func (s *stage) kinds() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var words []string
	for _, e := range s.events {
		words = append(words, e.Kind.String())
	}
	return strings.Join(words, ", ")
}

// edges tells the relays' movements: "mains on 0s, amp on 0s ..."
func (s *stage) edges() string {
	var words []string
	for _, e := range s.Recorder.Edges() {
		to := "off"
		if e.Closed {
			to = "on"
		}
		words = append(words, fmt.Sprintf("%s %s %v", e.Relay, to, e.At.Sub(s.start).Round(100*time.Microsecond)))
	}
	return strings.Join(words, ", ")
}

func (s *stage) wantEdges(want string) {
	s.t.Helper()
	if got := s.edges(); got != want {
		s.t.Errorf("edges:\n got %s\nwant %s\n%s", got, want, s.story())
	}
}

func (s *stage) wantKinds(want string) {
	s.t.Helper()
	if got := s.kinds(); got != want {
		s.t.Errorf("events:\n got %s\nwant %s\n%s", got, want, s.story())
	}
}

func isAbout(a, b time.Time) bool { return a.Sub(b).Abs() <= sample }

// siren is a part that lasts d.
func siren(d time.Duration) playout.Part {
	return playout.Part{Sources: []playout.Source{{Siren: playout.Siren{Blasts: 1, Length: d}}}}
}

func builtIn(name string) playout.Part {
	return playout.Part{Sources: []playout.Source{{BuiltIn: name}}}
}

func audio(hashes ...string) playout.Part {
	var p playout.Part
	for _, h := range hashes {
		p.Sources = append(p.Sources, playout.Source{Audio: h})
	}
	return p
}

func cue(id string, class schedule.Class, parts ...playout.Part) *playout.Cue {
	return &playout.Cue{ID: id, Class: class, Parts: parts}
}

// whole is what a cue sounds when nothing disturbs it.
func whole(t *testing.T, lib library, c playout.Cue) []int16 {
	t.Helper()
	var pcm []int16
	perform(t, lib, 0, func(s *stage) {
		s.set(&c)
		s.pass(10 * time.Minute)
		s.one(playout.Finished)
		pcm = s.heard()
	})
	return pcm
}

// talk is n samples that resemble speech: bursts of coloured noise and tone.
func talk(seed uint64, n int) []int16 {
	rnd := rand.New(rand.NewPCG(seed, 2))
	pcm := make([]int16, n)
	var low, pitch float64
	for i := range pcm {
		t := float64(i) / firmware.SampleRate
		low += 0.1 * (rnd.Float64()*2 - 1 - low)
		pitch += (120 + 40*math.Sin(2*math.Pi*0.7*t)) / firmware.SampleRate
		_, turn := math.Modf(pitch)
		level := max(0, math.Sin(2*math.Pi*2.3*t))
		pcm[i] = int16(level * (9000*(2*turn-1) + 8000*low))
	}
	return pcm
}

// encode makes a file of the station format.
func encode(t testing.TB, pcm []int16, more ...string) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := binary.Write(&raw, binary.LittleEndian, pcm); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "-", "-c:a", "libopus"}, more...)
	return ffmpeg(t, raw.Bytes(), append(args, "-f", "ogg", "-")...)
}

func ffmpeg(t testing.TB, in []byte, args ...string) []byte {
	t.Helper()
	run := exec.Command("ffmpeg", append([]string{"-v", "error"}, args...)...)
	var out, complaint bytes.Buffer
	run.Stdin, run.Stdout, run.Stderr = bytes.NewReader(in), &out, &complaint
	if err := run.Run(); err != nil {
		t.Fatalf("ffmpeg %v: %v: %s", args, err, complaint.String())
	}
	return out.Bytes()
}

// speech is 7.3 s of talk as a file.
var speech = sync.OnceValue(func() func(testing.TB) []byte {
	var data []byte
	return func(t testing.TB) []byte {
		if data == nil {
			data = encode(t, talk(1, 350_423), "-b:a", "24k", "-application", "voip")
		}
		return data
	}
})()

// sameSound tells whether two runs of samples differ by no more than a decoder
// that started half a second earlier may.
func sameSound(a, b []int16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if d := int(a[i]) - int(b[i]); d > 8 || d < -8 {
			return false
		}
	}
	return true
}

// isQuieter tells whether a is b with less level throughout.
func isQuieter(a, b []int16) bool {
	for i := range a {
		if math.Abs(float64(a[i])) > math.Abs(float64(b[i]))+8 {
			return false
		}
	}
	return len(a) == len(b)
}

// rms is the level in dB of full scale.
func rms(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/(32768*32768)+1e-12)
}
