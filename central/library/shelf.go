package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// ShelfOptions says where files are kept and what is too much.
type ShelfOptions struct {
	Dir      string        // the data folder; made when it is not there
	Bytes    int64         // of one upload; 0: 512 MiB
	Longest  time.Duration // of one file; 0: 60 minutes
	Patience time.Duration // for all of ffmpeg's work on one file; 0: 15 minutes
	AtOnce   int           // files that ffmpeg works on at a time; 0: 1
	Uploads  int           // files that come in at a time; 0: 4
	Free     int64         // bytes of the disk that uploads leave for orders and receipts; 0: 1 GiB
	FFmpeg   string        // program; "": ffmpeg
	FFprobe  string        // program; "": ffprobe
}

// Shelf is a folder of audio files named by their content:
//
//	audio/ab/abcd....opus   station files
//	originals/ab/abcd....   what they were made of
//	tmp/                    what is in work
//
// It can be used from many goroutines.
type Shelf struct {
	opts  ShelfOptions
	audio *os.Root      // the only folder that is served
	slots chan struct{} // ffmpeg takes a core; alerts come first
	doors chan struct{} // through which uploads come in
}

// abandoned is the age at which a file in tmp is nobody's work any more.
const abandoned = 24 * time.Hour

// NewShelf opens the folder. ffmpeg and ffprobe must be there.
func NewShelf(o ShelfOptions) (*Shelf, error) {
	setDefault(&o.Bytes, 512<<20)
	setDefault(&o.Longest, time.Hour)
	setDefault(&o.Patience, 15*time.Minute)
	setDefault(&o.AtOnce, 1)
	setDefault(&o.Uploads, 4)
	setDefault(&o.Free, 1<<30)
	setDefault(&o.FFmpeg, "ffmpeg")
	setDefault(&o.FFprobe, "ffprobe")
	for _, program := range []*string{&o.FFmpeg, &o.FFprobe} {
		path, err := exec.LookPath(*program)
		if err != nil {
			return nil, fmt.Errorf("find %s (Debian: apt install ffmpeg): %w", *program, err)
		}
		*program = path
	}
	if o.Dir == "" {
		return nil, errors.New("open audio folder: no folder named")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open audio folder: %w", err)
	}
	o.Dir = dir
	for _, sub := range []string{"audio", "originals", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o750); err != nil {
			return nil, fmt.Errorf("make audio folder: %w", err)
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil {
		return nil, fmt.Errorf("open audio folder: %w", err)
	}
	for _, e := range left {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			os.Remove(filepath.Join(dir, "tmp", e.Name()))
		}
	}
	root, err := os.OpenRoot(filepath.Join(dir, "audio"))
	if err != nil {
		return nil, fmt.Errorf("open audio folder: %w", err)
	}
	return &Shelf{opts: o, audio: root, slots: make(chan struct{}, o.AtOnce), doors: make(chan struct{}, o.Uploads)}, nil
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Close gives the folder back; what is being served may end in an error.
func (s *Shelf) Close() error { return s.audio.Close() }

var hexHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Open opens a station file by its hash; an error that is ErrNotFound when
// there is none.
func (s *Shelf) Open(hash string) (*os.File, error) {
	if !hexHash.MatchString(hash) {
		return nil, fmt.Errorf("audio %q: %w", hash, ErrNotFound)
	}
	f, err := s.audio.Open(hash[:2] + "/" + hash + ".opus")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("audio %s: %w", hash, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open audio: %w", err)
	}
	return f, nil
}

// scratch is a file in tmp that is hashed while it is written. Unless it is
// placed, discard leaves nothing of it.
type scratch struct {
	f    *os.File
	size int64
	hash hash.Hash
	err  error // of the first write that failed: the disk's, not the source's
}

func (s *Shelf) scratch(pattern string) (*scratch, error) {
	f, err := os.CreateTemp(filepath.Join(s.opts.Dir, "tmp"), pattern)
	if err != nil {
		return nil, onDisk("make temporary file", err)
	}
	return &scratch{f: f, hash: sha256.New()}, nil
}

func (t *scratch) Write(p []byte) (int, error) {
	n, err := t.f.Write(p)
	t.hash.Write(p[:n])
	t.size += int64(n)
	if err != nil {
		t.err = onDisk("write temporary file", err)
		return n, t.err
	}
	return n, nil
}

func (t *scratch) sum() string { return hex.EncodeToString(t.hash.Sum(nil)) }

func (t *scratch) discard() {
	t.f.Close()
	os.Remove(t.f.Name())
}

// sync makes the file's content durable.
func (t *scratch) sync() error { return onDisk("sync temporary file", t.f.Sync()) }

// place gives the synced file its name for ever. A file of that name has the
// same content, unless it rotted: the new one takes its place.
func (t *scratch) place(path string) error {
	if err := os.Rename(t.f.Name(), path); err != nil {
		return onDisk("place audio file", err)
	}
	return onDisk("sync audio folder", syncDir(filepath.Dir(path)))
}

// home is where a file of this name is kept; its folder is made.
func (s *Shelf) home(kind, hash, ext string) (string, error) {
	parent := filepath.Join(s.opts.Dir, kind)
	dir := filepath.Join(parent, hash[:2])
	switch err := os.Mkdir(dir, 0o750); {
	case errors.Is(err, fs.ErrExist):
	case err != nil:
		return "", onDisk("make audio folder", err)
	default:
		if err := syncDir(parent); err != nil {
			return "", onDisk("sync audio folder", err)
		}
	}
	return filepath.Join(dir, hash+ext), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// onDisk says what was done when err came, and turns a full disk into
// ErrDiskFull; nil stays nil.
func onDisk(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s: %w: %w", doing, ErrDiskFull, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// room is ErrDiskFull when less is free than is to be left for others.
func (s *Shelf) room() error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.opts.Dir, &disk); err != nil {
		return fmt.Errorf("look how much of the disk is free: %w", err)
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < s.opts.Free {
		return fmt.Errorf("take upload: %w: %d MiB are free, and %d are left for orders and receipts", ErrDiskFull, free>>20, s.opts.Free>>20)
	}
	return nil
}

// enter waits for a door to come in by; leave must follow.
func (s *Shelf) enter(ctx context.Context) error {
	select {
	case s.doors <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for other uploads: %w", context.Cause(ctx))
	}
}

func (s *Shelf) leave() { <-s.doors }

// roomEvery is after how many bytes of an upload the disk is looked at again.
const roomEvery = 16 << 20

// roomy is a writer that leaves the disk's last room to others.
type roomy struct {
	*scratch
	shelf *Shelf
	next  int64 // size at which to look
}

func (w *roomy) Write(p []byte) (int, error) {
	if w.size >= w.next {
		w.next = w.size + roomEvery
		if w.err = w.shelf.room(); w.err != nil {
			return 0, w.err
		}
	}
	return w.scratch.Write(p)
}

// fill copies an upload into t, up to the limit, and ends with ctx.
func (s *Shelf) fill(ctx context.Context, t *scratch, r io.Reader, name string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.room(); err != nil {
		return err
	}
	_, err := io.Copy(&roomy{scratch: t, shelf: s, next: roomEvery}, io.LimitReader(untilDone{ctx, r}, s.opts.Bytes+1))
	switch {
	case t.err != nil:
		return t.err
	case err != nil:
		return fmt.Errorf("read upload: %w", err)
	case t.size > s.opts.Bytes:
		return &Refusal{name, TooBig, fmt.Sprintf("more than %d bytes", s.opts.Bytes)}
	case t.size == 0:
		return &Refusal{name, Empty, "the file has no bytes"}
	}
	return nil
}

// untilDone is a reader that ends with its context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// printable makes a file's name from outside fit for rows and pages: the last
// part of it, without what cannot be seen, at most 120 characters.
func printable(name string) string {
	return visible(name[strings.LastIndexAny(name, `/\`)+1:])
}

func visible(text string) string {
	kept := []rune(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text))
	return strings.TrimSpace(string(kept[:min(len(kept), 120)]))
}
