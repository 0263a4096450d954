package central

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"loa/central/demo"
	"loa/central/registry"
	"loa/central/storage"
	"loa/controller/protocol"
)

// Files of the data folder that people and programs may read. The rest is the
// rooms' own.
const (
	database      = "central.db"
	keyFile       = "central.key"    // central's own signing key, PKCS#8
	lockFile      = "lock"           // held by the running server
	authorityFile = "authority.pem"  // what clients are to trust
	addressFile   = "addresses.json" // where the running server listens
	linkFile      = "link"           // by which the first administrator comes in, until the next start
)

// OpenRegistry opens the registry of a data folder for the command line on the
// server's machine, beside a running server or without one. done closes it.
func OpenRegistry(data string) (r *registry.Registry, done func() error, err error) {
	db, err := openDatabase(data)
	if err != nil {
		return nil, nil, err
	}
	return registry.New(db.Registry()), db.Close, nil
}

// ReadAddresses are where the server of a data folder listens, or did when it
// ran last.
func ReadAddresses(data string) (at Addresses, err error) {
	text, err := os.ReadFile(filepath.Join(data, addressFile))
	if err != nil {
		return at, fmt.Errorf("read addresses: %w", err)
	}
	if err := json.Unmarshal(text, &at); err != nil {
		return at, fmt.Errorf("read addresses: %w", err)
	}
	return at, nil
}

// KeepLink writes the first administrator's link into a data folder, for who may
// read that and nobody else. file is where.
func KeepLink(data, link string) (file string, err error) {
	file = filepath.Join(data, linkFile)
	if err := writeFile(file, 0o600, []byte(link+"\n")); err != nil {
		return "", fmt.Errorf("keep the first link: %w", err)
	}
	return file, nil
}

// DropLink removes a link that lets nobody in any more.
func DropLink(data string) error {
	if err := os.Remove(filepath.Join(data, linkFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("drop the first link: %w", err)
	}
	return nil
}

// DemoLink is the file in which a demo keeps its people's link; "" when there is
// none.
func DemoLink(data string) (file string, err error) {
	file = filepath.Join(data, demoFolder, demo.LinkFile)
	if there, err := exists(file); !there || err != nil {
		return "", err
	}
	return file, nil
}

// Verify reads everything in the database of a data folder, and central's key.
// Its error says what is wrong; audited and head are how many rows the audit
// chain has and the hash of the last.
func Verify(ctx context.Context, data string) (audited int64, head [32]byte, err error) {
	db, err := openDatabase(data)
	if err != nil {
		return 0, head, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Check(ctx); err != nil {
		return 0, head, err
	}
	if _, err := readKey(filepath.Join(data, keyFile)); err != nil {
		return 0, head, err
	}
	chain, err := db.VerifyAudit(ctx)
	return chain.Rows, chain.Hash, err
}

// openDatabase opens the database of a folder in which a server has run. It
// makes none: a wrong folder would look like a new one.
func openDatabase(data string) (*storage.DB, error) {
	path := filepath.Join(data, database)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no data folder: it has no %s; loa-central serve makes it", data, database)
	}
	return storage.Open(path)
}

// openData makes the folder and central's own key at the first start. No other
// server can open the folder until lock is closed.
func openData(dir string, demo bool) (key ed25519.PrivateKey, lock *os.File, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make data folder: %w", err)
	}
	if lock, err = lockData(dir); err != nil {
		return nil, nil, err
	}
	if err := markData(dir, demo); err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	path := filepath.Join(dir, keyFile)
	key, err = readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
	}
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	return key, lock, nil
}

// lockData keeps a second server out: both would publish, each without knowing
// what the other sent. The lock ends with the process, however that ends.
func lockData(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errors.New("another server is running on it; end that one first")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder %s: %w", dir, err), f.Close())
	}
	return f, nil
}

func readKey(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read central's key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("read central's key: %s can be read by others (%v); run chmod 600 on it", path, mode)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read central's key: %w", err)
	}
	key, err := protocol.DecodeKeyFile(data)
	if err != nil {
		return nil, fmt.Errorf("read central's key %s: %w; restore it from a backup", path, err)
	}
	return key, nil
}

func makeKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make central's key: %w", err)
	}
	data, err := protocol.EncodeKeyFile(key)
	if err != nil {
		return nil, fmt.Errorf("make central's key: %w", err)
	}
	if err := writeFile(path, 0o600, data); err != nil {
		return nil, fmt.Errorf("write central's key: %w", err)
	}
	return key, nil
}

// publish writes what clients on this machine need to find the server.
func (c *Central) publish(authority string) error {
	if err := writeFile(filepath.Join(c.Data, authorityFile), 0o644, []byte(authority)); err != nil {
		return fmt.Errorf("write authority: %w", err)
	}
	data, err := json.Marshal(c.Addresses())
	if err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	if err := writeFile(filepath.Join(c.Data, addressFile), 0o644, data); err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	return nil
}

// writeFile puts data at path whole or not at all, also when power fails.
func writeFile(path string, mode fs.FileMode, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
