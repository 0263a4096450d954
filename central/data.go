package central

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"loa/central/registry"
	"loa/central/storage"
)

// Files of the data folder that people and programs may read. The rest is the
// rooms' own.
const (
	database      = "central.db"
	keyFile       = "central.key"    // central's own signing key, PKCS#8
	authorityFile = "authority.pem"  // what clients are to trust
	addressFile   = "addresses.json" // where the running server listens
)

// OpenRegistry opens the registry of a data folder without a server, for the
// command line on the server's machine. done closes it.
func OpenRegistry(data string) (r *registry.Registry, done func() error, err error) {
	db, err := storage.Open(filepath.Join(data, database))
	if err != nil {
		return nil, nil, err
	}
	return registry.New(db.Registry()), db.Close, nil
}

// openData makes the folder and central's own key at the first start.
func openData(dir string) (ed25519.PrivateKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	path := filepath.Join(dir, keyFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read central's key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read central's key: %s is not PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read central's key: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read central's key: %s is not an ed25519 key", path)
	}
	return key, nil
}

func makeKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make central's key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write central's key: %w", err)
	}
	if err := writeFile(path, 0o600, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
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
