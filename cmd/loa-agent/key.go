package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"loa/controller/protocol"
)

// Files of the data folder.
const (
	keyFile       = "board.key"      // made here, never leaves
	enrolmentFile = "enrolment.json" // central's answer
	storeFolder   = "store"
)

// readKey is the board's own key; fs.ErrNotExist before init.
func readKey(data string) (ed25519.PrivateKey, error) {
	path := filepath.Join(data, keyFile)
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the board's key: %w", err)
	}
	key, err := protocol.DecodeKeyFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the board's key %s: %w", path, err)
	}
	return key, nil
}

// makeKey makes the data folder, and the board's key in it.
func makeKey(data string) (ed25519.PrivateKey, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the board's key: %w", err)
	}
	file, err := protocol.EncodeKeyFile(key)
	if err != nil {
		return nil, fmt.Errorf("make the board's key: %w", err)
	}
	if err := writeFile(filepath.Join(data, keyFile), file); err != nil {
		return nil, fmt.Errorf("write the board's key: %w", err)
	}
	return key, nil
}

// writeFile puts data at path whole or not at all, also when power fails, and
// readable by this user only.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
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
