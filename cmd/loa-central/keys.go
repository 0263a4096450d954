package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"loa/controller/protocol"
)

type keyCommand struct {
	New  newKeyCommand  `cmd:"" help:"Make a person's key: OUT.key stays with the person, OUT.pub goes to the registry."`
	Root newRootCommand `cmd:"" help:"Write the root, for its owners to sign."`
}

type newKeyCommand struct {
	Out string `arg:"" type:"path" help:"Path without ending. What is there already is never overwritten."`
}

// Run makes both files, or neither.
func (c *newKeyCommand) Run() error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	file, err := protocol.EncodeKeyFile(private)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	key := protocol.NewKey(public)
	shown, err := protocol.Encode(key)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	if err := writeNew(c.Out+".key", 0o600, file); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := writeNew(c.Out+".pub", 0o644, shown); err != nil {
		// A key whose public half is in no file is of no use.
		return errors.Join(fmt.Errorf("write public key: %w", err), os.Remove(c.Out+".key"))
	}
	fmt.Printf("key %s: keep %s.key to yourself; %s.pub is for everybody\n", key.ID, c.Out, c.Out)
	return nil
}

// writeNew makes a file where there is none.
func writeNew(path string, mode os.FileMode, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// readKey reads a person's private key file.
func readKey(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := protocol.DecodeKeyFile(data)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	return key, nil
}
