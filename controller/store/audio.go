package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"loa/controller/protocol"
)

// ErrWrongHash says that a file is not what its name says. It was deleted.
var ErrWrongHash = errors.New("the audio's bytes do not have the hash they are named by")

// reserve is left for the database: audio must not take the last bytes of the
// disk from the journal.
const reserve = 16 << 20

const partSuffix = ".part"

var audioHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// verified remembers which files were read whole since the program started.
type verified struct {
	mu    sync.Mutex
	files map[string]stamp
}

type stamp struct {
	size     int64
	modified time.Time
}

func (s *Store) audioPath(hash string) (string, error) {
	if !audioHash.MatchString(hash) {
		return "", fmt.Errorf("audio %q is not named by a SHA-256", hash)
	}
	return filepath.Join(s.dir, audioName, hash), nil
}

// HasAudio reports whether a file is here, whole.
func (s *Store) HasAudio(hash string) bool {
	path, err := s.audioPath(hash)
	if err != nil {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Audio lists the hashes of the files that are here, whole.
func (s *Store) Audio() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, audioName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list audio: %w", err)
	}
	var hashes []string
	for _, e := range entries {
		if audioHash.MatchString(e.Name()) && e.Type().IsRegular() {
			hashes = append(hashes, e.Name())
		}
	}
	return hashes, nil
}

// OpenAudio opens a file. The first time since the store was opened it reads
// all of it: a file that has changed on the disk is deleted, and the error is
// ErrWrongHash. A file that is not here is fs.ErrNotExist.
func (s *Store) OpenAudio(hash string) (io.ReadCloser, error) {
	path, err := s.audioPath(hash)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open audio: %w", err)
	}
	if err := s.verify(f, hash); err != nil {
		f.Close()
		if errors.Is(err, ErrWrongHash) {
			err = errors.Join(err, os.Remove(path))
		}
		return nil, fmt.Errorf("open audio: %w", err)
	}
	return f, nil
}

// verify reads a file whole, once, and leaves it at its start.
func (s *Store) verify(f *os.File, hash string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	now := stamp{info.Size(), info.ModTime()}
	s.verified.mu.Lock()
	known := s.verified.files[hash] == now
	s.verified.mu.Unlock()
	if known {
		return nil
	}
	if err := checkHash(f, hash); err != nil {
		return err
	}
	s.markVerified(hash, now)
	return nil
}

func (s *Store) markVerified(hash string, st stamp) {
	s.verified.mu.Lock()
	defer s.verified.mu.Unlock()
	if s.verified.files == nil {
		s.verified.files = map[string]stamp{}
	}
	s.verified.files[hash] = st
}

func checkHash(f io.ReadSeeker, hash string) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != hash {
		return ErrWrongHash
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// Receive makes a file whole: it calls open for its bytes from an offset on, as
// far as it came the last time, and takes them until the file has its size.
// What arrived before an error stays for the next call. Errors of open and of
// its reader are returned wrapped; its own are ErrWrongHash (nothing is kept)
// and ErrCannotWrite. One file is received at a time.
func (s *Store) Receive(a protocol.Audio, open func(offset int64) (io.ReadCloser, error)) error {
	path, err := s.audioPath(a.SHA256)
	if err != nil {
		return err
	}
	s.receiving.Lock()
	defer s.receiving.Unlock()
	if s.HasAudio(a.SHA256) {
		return nil
	}
	f, err := os.OpenFile(path+partSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open part of audio: %w: %w", ErrCannotWrite, err)
	}
	defer f.Close()
	if err := s.fill(f, a, open); err != nil {
		return err
	}
	err = s.settle(f, path, a)
	if errors.Is(err, ErrWrongHash) {
		err = errors.Join(err, os.Remove(path+partSuffix))
	}
	return err
}

// fill appends to the part until it has the file's size.
func (s *Store) fill(f *os.File, a protocol.Audio, open func(int64) (io.ReadCloser, error)) error {
	offset, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("seek in part of audio: %w", err)
	}
	if offset > a.Bytes {
		// Another document named this hash with another size.
		if offset, err = 0, f.Truncate(0); err != nil {
			return fmt.Errorf("empty part of audio: %w: %w", ErrCannotWrite, err)
		}
	}
	if offset == a.Bytes {
		return nil
	}
	free, err := s.Free()
	if err != nil {
		return err
	}
	if need := a.Bytes - offset; free-need < reserve {
		return fmt.Errorf("receive audio: %d bytes are free, %d and a reserve of %d are needed: %w", free, need, reserve, ErrCannotWrite)
	}
	body, err := open(offset)
	if err != nil {
		return fmt.Errorf("receive audio: %w", err)
	}
	defer body.Close()
	return copyPart(io.NewOffsetWriter(f, offset), body, a.Bytes-offset)
}

// copyPart copies n bytes, and tells a network that ends from a disk that does.
func copyPart(to io.Writer, from io.Reader, n int64) error {
	buf := make([]byte, 32<<10)
	for n > 0 {
		k, err := from.Read(buf[:min(int64(len(buf)), n)])
		if k > 0 {
			if _, werr := to.Write(buf[:k]); werr != nil {
				return fmt.Errorf("write part of audio: %w: %w", ErrCannotWrite, werr)
			}
			n -= int64(k)
		}
		switch {
		case n == 0:
		case err == io.EOF:
			return fmt.Errorf("receive audio: %d bytes are missing: %w", n, io.ErrUnexpectedEOF)
		case err != nil:
			return fmt.Errorf("receive audio: %w", err)
		}
	}
	return nil
}

// settle makes a whole part durable under its own name: check, fsync, rename,
// fsync the folder.
func (s *Store) settle(f *os.File, path string, a protocol.Audio) error {
	if err := checkHash(f, a.SHA256); err != nil {
		return fmt.Errorf("check audio %s: %w", a.SHA256, err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("check audio: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync audio: %w: %w", ErrCannotWrite, err)
	}
	if err := os.Rename(path+partSuffix, path); err != nil {
		return fmt.Errorf("name audio: %w: %w", ErrCannotWrite, err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("sync audio folder: %w: %w", ErrCannotWrite, err)
	}
	s.markVerified(a.SHA256, stamp{info.Size(), info.ModTime()})
	return nil
}

// DropAudio deletes files and parts that keep does not want.
func (s *Store) DropAudio(keep func(hash string) bool) error {
	dir := filepath.Join(s.dir, audioName)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list audio: %w", err)
	}
	var errs []error
	for _, e := range entries {
		hash, _ := strings.CutSuffix(e.Name(), partSuffix)
		if audioHash.MatchString(hash) && !keep(hash) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	if err := errors.Join(append(errs, syncFolder(dir))...); err != nil {
		return fmt.Errorf("drop audio: %w: %w", ErrCannotWrite, err)
	}
	return nil
}
