package demo

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"loa/controller/protocol"
)

// Files of the demo's folder, which nobody but the server's user can read.
const (
	tokenFile = "administrator.token"
	keyEnding = ".key"
)

// owners and administrators of the demo's root, each with a key file of that
// name. In a province they are people, who keep their keys themselves.
var (
	owners         = []string{"owner-a", "owner-b", "owner-c"}
	administrators = []string{"administrator-a", "administrator-b"}
)

// broadcasterKey names the key that approves the demo's own bulletins.
const broadcasterKey = "broadcaster"

// key reads a private key of the folder; at the first call it is made.
func (d *Demo) key(name string) (ed25519.PrivateKey, error) {
	path := filepath.Join(d.Dir, name+keyEnding)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := protocol.DecodeKeyFile(data)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	return key, nil
}

func makeKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	data, err := protocol.EncodeKeyFile(key)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	if err := writeFile(path, data); err != nil {
		return nil, fmt.Errorf("write key: %w", err)
	}
	return key, nil
}

// public is the public half of a key of the folder.
func (d *Demo) public(name string) (protocol.Key, error) {
	key, err := d.key(name)
	if err != nil {
		return protocol.Key{}, err
	}
	return protocol.NewKey(key.Public().(ed25519.PublicKey)), nil
}

// persons are the people of a root who hold keys of the folder.
func (d *Demo) persons(names []string) ([]protocol.Person, error) {
	var all []protocol.Person
	for _, name := range names {
		key, err := d.public(name)
		if err != nil {
			return nil, err
		}
		id := rootPrefix + name
		all = append(all, protocol.Person{ID: id, Name: id, Keys: []protocol.Key{key}})
	}
	return all, nil
}

// signature is the word of whoever holds a key of the folder, for an envelope.
func (d *Demo) signature(e protocol.Envelope, name string) (protocol.Signature, error) {
	key, err := d.key(name)
	if err != nil {
		return protocol.Signature{}, err
	}
	signed := protocol.Envelope{PayloadType: e.PayloadType, Payload: e.Payload}
	signed.Sign(key)
	return signed.Signatures[0], nil
}

// writeFile puts data at path whole or not at all, also when power fails.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
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
