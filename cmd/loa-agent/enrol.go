package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"loa/controller/protocol"
)

// Files of the data folder.
const (
	keyFile       = "board.key"      // PKCS#8 PEM, made here, never leaves
	enrolmentFile = "enrolment.json" // central's answer
	storeFolder   = "store"
)

type initCommand struct {
	Data string `required:"" type:"path" help:"The board's data folder; it is made."`
	Out  string `required:"" type:"path" help:"Where to write the request."`
}

// Run makes the board's key, once, and a request that proves it holds it.
func (c *initCommand) Run() error {
	key, err := readKey(c.Data)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(c.Data)
	}
	if err != nil {
		return err
	}
	host, _ := os.Hostname()
	request, err := protocol.SealEnrolRequest(protocol.EnrolRequest{
		Version: protocol.Version, Board: protocol.NewKey(key.Public().(ed25519.PublicKey)), Host: host, Issued: time.Now().UTC(),
	}, key)
	if err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	data, err := protocol.Encode(request)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	if err := os.WriteFile(c.Out, data, 0o644); err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	fmt.Printf("request of board %s written to %s\n", protocol.NewKey(key.Public().(ed25519.PublicKey)).ID, c.Out)
	return nil
}

type enrolCommand struct {
	Data   string `required:"" type:"existingdir" help:"The board's data folder."`
	Answer string `arg:"" type:"existingfile" help:"Central's answer."`
}

// Run checks that the answer is for this board's key and keeps it.
func (c *enrolCommand) Run() error {
	key, err := readKey(c.Data)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(c.Answer)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	e, err := protocol.Decode[protocol.Enrolment](data)
	if err != nil {
		return fmt.Errorf("read answer %s: %w", c.Answer, err)
	}
	if _, err := clientTLS(e, key); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(c.Data, enrolmentFile), data); err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	fmt.Printf("this board is cluster %s\n", e.Cluster)
	return nil
}

// readEnrolment is central's answer as it was kept; errNotEnrolled without one.
func readEnrolment(data string) (protocol.Enrolment, error) {
	raw, err := os.ReadFile(filepath.Join(data, enrolmentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return protocol.Enrolment{}, errNotEnrolled
	}
	if err != nil {
		return protocol.Enrolment{}, fmt.Errorf("read enrolment: %w", err)
	}
	e, err := protocol.Decode[protocol.Enrolment](raw)
	if err != nil {
		return protocol.Enrolment{}, fmt.Errorf("read enrolment: %w", err)
	}
	return e, nil
}

// clientTLS is how the board speaks to central: its own certificate, and no
// authority but central's.
func clientTLS(e protocol.Enrolment, key ed25519.PrivateKey) (*tls.Config, error) {
	block, _ := pem.Decode([]byte(e.Certificate))
	if block == nil {
		return nil, errors.New("the answer's certificate is not PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the answer's certificate: %w", err)
	}
	if public, ok := certificate.PublicKey.(ed25519.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, errors.New("the answer's certificate is for another board's key")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(e.Authority)) {
		return nil, errors.New("the answer's authority is not PEM")
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		RootCAs:      roots,
		Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}},
	}, nil
}

func readKey(data string) (ed25519.PrivateKey, error) {
	raw, err := os.ReadFile(filepath.Join(data, keyFile))
	if err != nil {
		return nil, fmt.Errorf("read the board's key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("read the board's key: %s is not PEM", keyFile)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the board's key: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("read the board's key: it is not an ed25519 key")
	}
	return key, nil
}

func makeKey(data string) (ed25519.PrivateKey, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the board's key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write the board's key: %w", err)
	}
	if err := writeFile(filepath.Join(data, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, fmt.Errorf("write the board's key: %w", err)
	}
	return key, nil
}

// writeFile puts data at path whole or not at all, also when power fails, and
// readable by this user only.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
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
