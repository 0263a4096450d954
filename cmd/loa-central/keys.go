package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"loa/controller/protocol"
)

type keyCommand struct {
	New  newKeyCommand  `cmd:"" help:"Make a person's key: NAME.key stays with the person, NAME.pub goes to the registry."`
	Root newRootCommand `cmd:"" help:"Write the root for its owners to sign."`
}

type newKeyCommand struct {
	Out string `arg:"" type:"path" help:"Path without ending: OUT.key and OUT.pub are made."`
}

func (c *newKeyCommand) Run() error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	// O_EXCL: a key that exists is never overwritten.
	f, err := os.OpenFile(c.Out+".key", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	data, err := protocol.Encode(protocol.NewKey(public))
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out+".pub", data, 0o644); err != nil {
		return fmt.Errorf("write public key: %w", err)
	}
	fmt.Printf("key %s\n", protocol.NewKey(public).ID)
	return nil
}

// readKey reads a private key file.
func readKey(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read key %s: it is not PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read key %s: it is not an ed25519 key", path)
	}
	return key, nil
}

// readPublic reads ID=FILE.pub into a person with that key.
func readPublic(named string) (protocol.Person, error) {
	id, path, ok := strings.Cut(named, "=")
	if !ok || id == "" {
		return protocol.Person{}, fmt.Errorf("%q is not PERSON=FILE.pub", named)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return protocol.Person{}, fmt.Errorf("read public key: %w", err)
	}
	key, err := protocol.Decode[protocol.Key](data)
	if err != nil {
		return protocol.Person{}, fmt.Errorf("read public key %s: %w", path, err)
	}
	return protocol.Person{ID: id, Name: id, Keys: []protocol.Key{key}}, nil
}

type newRootCommand struct {
	Scope          []string `required:"" help:"Province for which the root speaks; can be given again."`
	Owner          []string `required:"" placeholder:"PERSON=FILE.pub" help:"Who holds the root."`
	Threshold      int      `default:"2" help:"How many owners sign a root."`
	Admin          []string `required:"" placeholder:"PERSON=FILE.pub" help:"Who signs key sets and placements."`
	AdminThreshold int      `default:"2" help:"How many administrators sign."`
	WideAlert      int      `default:"2" help:"How many persons a live alert beyond one commune needs."`
	Revision       int64    `default:"1" help:"One more than the root in force."`
	Years          int      `default:"10" help:"Until it alarms."`
	Out            string   `required:"" type:"path" help:"Where to write the unsigned envelope."`
}

func (c *newRootCommand) Run() error {
	now := time.Now().UTC().Truncate(time.Second)
	root := protocol.Root{
		Version: protocol.Version, Revision: c.Revision, Issued: now, Expires: now.AddDate(c.Years, 0, 0),
		Scopes: c.Scope, Threshold: c.Threshold, AdminThreshold: c.AdminThreshold, WideAlert: c.WideAlert,
	}
	for _, list := range []struct {
		from []string
		to   *[]protocol.Person
	}{{c.Owner, &root.Owners}, {c.Admin, &root.Administrators}} {
		for _, named := range list.from {
			p, err := readPublic(named)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, p)
		}
	}
	e, err := protocol.Draft(protocol.KindRoot, protocol.Live, root)
	if err != nil {
		return err
	}
	return writeEnvelope(c.Out, e)
}

func writeEnvelope(path string, e protocol.Envelope) error {
	data, err := protocol.Encode(e)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("write envelope: %w", err)
	}
	return nil
}

func readEnvelope(path string) (protocol.Envelope, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return protocol.Envelope{}, fmt.Errorf("read envelope: %w", err)
	}
	e, _, _, err := protocol.DecodeEnvelope(data)
	if err != nil {
		return protocol.Envelope{}, fmt.Errorf("read envelope %s: %w", path, err)
	}
	return e, nil
}
