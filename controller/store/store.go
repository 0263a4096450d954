package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrCannotWrite says that the disk takes no more: it is full, read-only, or
// fails. What was committed before can still be read.
var ErrCannotWrite = errors.New("the board's disk cannot be written")

// ErrInUse says that another process has the store open.
var ErrInUse = errors.New("the store is in use by another process")

const (
	databaseName = "board.db"
	audioName    = "audio"
	format       = "1" // of the database; raised when an older program could misread it

	mostDamaged = 3               // set-aside databases that are kept
	lockWait    = 5 * time.Second // for the process before this one to end
)

// Store is open from Open to Close. Its methods may be called from any
// goroutine.
type Store struct {
	dir     string
	db      *bbolt.DB
	epoch   string
	damaged string

	mu   sync.Mutex // held while committing
	last int64      // sequence of the newest acknowledged receipt

	receiving sync.Mutex // one download at a time
	verified  verified
}

// Open opens the store in dir and makes it where there is none. A database that
// cannot be read is set aside, and Damaged says so. On a disk that is read-only
// an existing store opens, and every write fails with ErrCannotWrite. Errors
// are ErrInUse, ErrCannotWrite, or the system's.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir}
	if err := s.makeFolders(); err != nil && !cannotWrite(err) {
		return nil, fmt.Errorf("make store folder: %w", err)
	}
	err := s.openDatabase(false)
	if cannotWrite(err) {
		err = s.openDatabase(true)
	}
	if isDamage(err) {
		if err = s.setAside(err); err == nil {
			err = s.openDatabase(false)
		}
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("open %s: %w", s.path(), ErrInUse)
	case cannotWrite(err):
		return nil, fmt.Errorf("open %s: %w: %w", s.path(), ErrCannotWrite, err)
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", s.path(), err)
	}
	return s, nil
}

// Close ends the use of the store.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Epoch is 128 random bits in hex, made with the database. A new one tells
// central that this board forgot everything.
func (s *Store) Epoch() string { return s.epoch }

// Damaged says what was wrong with the database that Open set aside, and where
// it is now. It is empty when nothing was.
func (s *Store) Damaged() string { return s.damaged }

// Free is how many bytes the disk can still take.
func (s *Store) Free() (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &st); err != nil {
		return 0, fmt.Errorf("ask for free space: %w", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

func (s *Store) path() string { return filepath.Join(s.dir, databaseName) }

func (s *Store) makeFolders() error {
	if err := os.MkdirAll(filepath.Join(s.dir, audioName), 0o700); err != nil {
		return err
	}
	if err := os.Chmod(s.dir, 0o700); err != nil {
		return err
	}
	return errors.Join(syncFolder(s.dir), syncFolder(filepath.Dir(s.dir)))
}

// openDatabase opens the database and reads all of it once, so that damage
// shows now and not in the middle of an alert.
func (s *Store) openDatabase(readOnly bool) error {
	_, err := os.Stat(s.path())
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh && readOnly {
		return syscall.EROFS
	}
	var db *bbolt.DB
	err = guard(func() (err error) {
		db, err = bbolt.Open(s.path(), 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: readOnly})
		return err
	})
	if err != nil {
		return err
	}
	s.db = db
	err = guard(func() error {
		if !readOnly {
			if err := s.initialise(); err != nil {
				return err
			}
		}
		return s.readAll()
	})
	if err == nil && fresh {
		err = syncFolder(s.dir)
	}
	if err != nil && !isDamage(err) {
		// After a panic bbolt may hold its own locks for ever: a damaged
		// database is left open, and its file is renamed.
		db.Close()
	}
	return err
}

// initialise makes the buckets and the epoch of a new database.
func (s *Store) initialise() error {
	made := false
	err := s.db.View(func(tx *bbolt.Tx) error {
		made = tx.Bucket(bucketMeta) != nil
		return nil
	})
	if err != nil || made {
		return err
	}
	epoch := make([]byte, 16)
	rand.Read(epoch)
	return s.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bucketMeta)
		return errors.Join(
			meta.Put(metaFormat, seal([]byte(format))),
			meta.Put(metaEpoch, seal([]byte(hex.EncodeToString(epoch)))))
	})
}

// readAll checks every value and takes the epoch and the last sequence.
func (s *Store) readAll() error {
	if _, err := s.load(); err != nil {
		return err
	}
	return s.db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		f, err := unseal(meta.Get(metaFormat))
		if err != nil {
			return err
		}
		if string(f) != format {
			return fmt.Errorf("the database has format %q, this program knows %q", f, format)
		}
		epoch, err := unseal(meta.Get(metaEpoch))
		if err != nil {
			return err
		}
		s.epoch = string(epoch)
		s.last = int64(tx.Bucket(bucketReceipts).Sequence())
		return tx.Bucket(bucketReceipts).ForEach(func(k, v []byte) error {
			_, _, err := openReceipt(k, v)
			return err
		})
	})
}

// setAside renames a database that cannot be read, for a technician to look at.
func (s *Store) setAside(cause error) error {
	aside := s.path() + ".damaged-" + time.Now().UTC().Format("20060102T150405.000")
	if err := os.Rename(s.path(), aside); err != nil {
		return fmt.Errorf("set damaged database aside: %w", err)
	}
	s.damaged = fmt.Sprintf("%v; set aside as %s", cause, aside)
	old, _ := filepath.Glob(s.path() + ".damaged-*") // the pattern is well-formed
	slices.Sort(old)
	for len(old) > mostDamaged {
		if err := os.Remove(old[0]); err != nil {
			return fmt.Errorf("remove an older damaged database: %w", err)
		}
		old = old[1:]
	}
	return syncFolder(s.dir)
}

// isDamage tells a database whose content cannot be trusted or read from a
// system that is short of something for now. bbolt names few of the ways in
// which a file can be wrong, so what is not known to pass is damage: a board
// that starts with nothing is better than one that never starts.
func isDamage(err error) bool {
	if err == nil || cannotWrite(err) || errors.Is(err, berrors.ErrTimeout) {
		return false
	}
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EINTR} {
		if errors.Is(err, e) {
			return false
		}
	}
	return true
}

// cannotWrite tells a disk that refuses writes.
func cannotWrite(err error) bool {
	for _, e := range []error{syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, fs.ErrPermission} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// guard runs f and turns a panic into damage. The database is a mapped file: a
// page number that was changed on the disk makes bbolt panic, or touch memory
// behind the end of the file, which would otherwise end the program.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the database is not readable: %v", r)
		}
	}()
	return f()
}

// syncFolder makes names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
