package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"loa/controller/protocol"
)

type initCommand struct {
	Data string `required:"" type:"path" placeholder:"FOLDER" help:"The board's data folder; it is made."`
	Out  string `required:"" type:"path" placeholder:"FILE" help:"Where to write the request."`
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
	board := protocol.NewKey(key.Public().(ed25519.PublicKey))
	request, err := protocol.SealEnrolRequest(protocol.EnrolRequest{
		Version: protocol.Version, Board: board, Host: host, Issued: time.Now().UTC(),
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
	fmt.Printf("request of board %s written to %s\n", board.ID, c.Out)
	return nil
}

type enrolCommand struct {
	Data   string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The board's data folder."`
	Answer string `arg:"" type:"existingfile" help:"Central's answer, as loa-central enrol wrote it."`
}

// Run keeps an answer that this board can live by, and no other.
func (c *enrolCommand) Run() error {
	key, err := readKey(c.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no board's key; run loa-agent init first", c.Data)
	}
	if err != nil {
		return err
	}
	data, err := readFile(c.Answer, protocol.MaxMessage)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	e, err := protocol.DecodeMessage[protocol.Enrolment](data)
	if err != nil {
		return fmt.Errorf("read answer %s: %w", c.Answer, err)
	}
	if err := acceptable(e, key); err != nil {
		return fmt.Errorf("answer %s: %w", c.Answer, err)
	}
	if err := follows(c.Data, e); err != nil {
		return fmt.Errorf("answer %s: %w", c.Answer, err)
	}
	if err := writeFile(filepath.Join(c.Data, enrolmentFile), data); err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	fmt.Printf("this board is cluster %s; start loa-agent run, or restart it\n", e.Cluster)
	return nil
}

var errNotEnrolled = errors.New("this board is not enrolled: run loa-agent init, have the request answered by loa-central enrol, then run loa-agent enrol")

// readEnrolment is central's answer as it was kept, and the key that it is for;
// errNotEnrolled without one.
func readEnrolment(data string) (protocol.Enrolment, ed25519.PrivateKey, error) {
	var e protocol.Enrolment
	key, err := readKey(data)
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil, errNotEnrolled
	}
	if err != nil {
		return e, nil, err
	}
	e, err = keptEnrolment(data)
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil, errNotEnrolled
	}
	if err != nil {
		return e, nil, fmt.Errorf("%w; run loa-agent enrol again with central's answer", err)
	}
	return e, key, nil
}

func keptEnrolment(data string) (protocol.Enrolment, error) {
	path := filepath.Join(data, enrolmentFile)
	raw, err := readFile(path, protocol.MaxMessage)
	if err != nil {
		return protocol.Enrolment{}, fmt.Errorf("read enrolment: %w", err)
	}
	e, err := protocol.DecodeMessage[protocol.Enrolment](raw)
	if err != nil {
		return e, fmt.Errorf("read enrolment %s: %w", path, err)
	}
	return e, nil
}
