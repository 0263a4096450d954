package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/controller/protocol"
	"loa/controller/store"
)

func sound(seed byte, size int) ([]byte, protocol.Audio) {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	sum := sha256.Sum256(b)
	return b, protocol.Audio{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(size), Samples: 1}
}

// from serves b, and fails with err where it is cut.
func from(b []byte, cut int, err error, offsets *[]int64) func(int64) (io.ReadCloser, error) {
	return func(offset int64) (io.ReadCloser, error) {
		*offsets = append(*offsets, offset)
		r := io.Reader(bytes.NewReader(b[offset:cut]))
		if err != nil {
			r = io.MultiReader(r, broken{err})
		}
		return io.NopCloser(r), nil
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func read(t *testing.T, s *store.Store, hash string) []byte {
	t.Helper()
	f, err := s.OpenAudio(hash)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReceiveGoesOnWhereItWasCut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b, a := sound(1, 100_000)
	cut := errors.New("cut")
	var offsets []int64
	for _, at := range []int{0, 33_333, 70_001} {
		if err := s.Receive(a, from(b, at, cut, &offsets)); !errors.Is(err, cut) {
			t.Fatalf("cut at %d: %v", at, err)
		}
		if s.HasAudio(a.SHA256) {
			t.Fatal("a part counts as whole")
		}
	}
	s.Close()
	s = open(t, dir)
	if err := s.Receive(a, from(b, 90_000, nil, &offsets)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an early end: %v", err)
	}
	if err := s.Receive(a, from(b, len(b), nil, &offsets)); err != nil {
		t.Fatal(err)
	}
	if want := []int64{0, 0, 33_333, 70_001, 90_000}; !slices.Equal(offsets, want) {
		t.Errorf("offsets %v, want %v", offsets, want)
	}
	if !s.HasAudio(a.SHA256) || !bytes.Equal(read(t, s, a.SHA256), b) {
		t.Error("the file is not what was sent")
	}
	if err := s.Receive(a, nil); err != nil {
		t.Errorf("what is here needs no source: %v", err)
	}
	if got, err := s.Audio(); err != nil || !slices.Equal(got, []string{a.SHA256}) {
		t.Errorf("audio %v, %v", got, err)
	}
}

func TestReceiveRefuses(t *testing.T) {
	b, a := sound(1, 50_000)
	wrong := bytes.Clone(b)
	wrong[49_999] ^= 1
	longer := a
	longer.Bytes++
	shorter := a
	shorter.Bytes--
	for _, c := range []struct {
		name string
		a    protocol.Audio
		sent []byte
		want error
	}{
		{"one bit is wrong", a, wrong, store.ErrWrongHash},
		{"the document says fewer bytes", shorter, b, store.ErrWrongHash},
		{"the document says more bytes", longer, b, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			var offsets []int64
			if err := s.Receive(c.a, from(c.sent, len(c.sent), nil, &offsets)); !errors.Is(err, c.want) {
				t.Errorf("error %v", err)
			}
			if s.HasAudio(a.SHA256) {
				t.Error("it counts as whole")
			}
			if c.want == store.ErrWrongHash {
				if left, _ := os.ReadDir(filepath.Join(dir, "audio")); len(left) != 0 {
					t.Errorf("left behind: %v", left)
				}
			}
			// The next attempt, by a document that is right, succeeds.
			if err := s.Receive(a, from(b, len(b), nil, &offsets)); err != nil || !bytes.Equal(read(t, s, a.SHA256), b) {
				t.Error(err)
			}
		})
	}
}

func TestAPartThatIsTooLongIsThrownAway(t *testing.T) {
	s := open(t, t.TempDir())
	b, a := sound(1, 50_000)
	longer := a
	longer.Bytes += 10_000
	var offsets []int64
	if err := s.Receive(longer, from(append(bytes.Clone(b), b...), 55_000, nil, &offsets)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if err := s.Receive(a, from(b, len(b), nil, &offsets)); err != nil || !slices.Equal(offsets, []int64{0, 0}) {
		t.Errorf("error %v, offsets %v", err, offsets)
	}
}

func TestNamesThatAreNoHash(t *testing.T) {
	s := open(t, t.TempDir())
	for _, name := range []string{"", "..", "../board.db", strings.Repeat("A", 64), strings.Repeat("a", 63), strings.Repeat("a", 64) + ".part"} {
		if _, err := s.OpenAudio(name); err == nil || s.HasAudio(name) {
			t.Errorf("%q was opened", name)
		}
		if err := s.Receive(protocol.Audio{SHA256: name, Bytes: 1}, nil); err == nil {
			t.Errorf("%q was received", name)
		}
	}
	if _, err := s.OpenAudio(strings.Repeat("a", 64)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not here: %v", err)
	}
}

func TestAFileThatRottedIsFetchedAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b, a := sound(1, 50_000)
	var offsets []int64
	if err := s.Receive(a, from(b, len(b), nil, &offsets)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	rotten := bytes.Clone(b)
	rotten[100] ^= 1
	if err := os.WriteFile(filepath.Join(dir, "audio", a.SHA256), rotten, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if _, err := s.OpenAudio(a.SHA256); !errors.Is(err, store.ErrWrongHash) {
		t.Errorf("error %v", err)
	}
	if s.HasAudio(a.SHA256) {
		t.Error("it is still there")
	}
	if err := s.Receive(a, from(b, len(b), nil, &offsets)); err != nil || !bytes.Equal(read(t, s, a.SHA256), b) {
		t.Error(err)
	}
}

func TestDropAudio(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var offsets []int64
	var kept string
	for seed := byte(1); seed <= 4; seed++ {
		b, a := sound(seed, 1000)
		cut := len(b)
		if seed > 2 {
			cut = 10
		}
		s.Receive(a, from(b, cut, nil, &offsets))
		if seed == 1 {
			kept = a.SHA256
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "audio", "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.DropAudio(func(hash string) bool { return hash == kept }); err != nil {
		t.Fatal(err)
	}
	var names []string
	entries, _ := os.ReadDir(filepath.Join(dir, "audio"))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{kept, "README"}; len(names) != 2 || !slices.Contains(names, want[0]) || !slices.Contains(names, want[1]) {
		t.Errorf("left: %v, want %v", names, want)
	}
}

// Audio leaves room for the journal, and what it wrote stays for when there is
// more.
func TestAudioDoesNotFillTheDisk(t *testing.T) {
	dir := tmpfs(t, "20m")
	s := open(t, dir)
	b, a := sound(1, 8<<20)
	var offsets []int64
	if err := s.Receive(a, from(b, len(b), nil, &offsets)); !errors.Is(err, store.ErrCannotWrite) || len(offsets) != 0 {
		t.Errorf("error %v, asked the network %d times", err, len(offsets))
	}
	commit(t, s, full())
	b, a = sound(2, 1<<20)
	if err := s.Receive(a, from(b, len(b), nil, &offsets)); err != nil {
		t.Errorf("a small file: %v", err)
	}
	if free, err := s.Free(); err != nil || free > 20<<20 || free < 16<<20 {
		t.Errorf("%d bytes are free, %v", free, err)
	}
}
