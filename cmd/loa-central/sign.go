package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"loa/controller/protocol"
)

// signing is shared by the commands that sign.
type signing struct {
	Key []string `required:"" type:"existingfile" help:"The person's key file; can be given again where several persons sit together."`
	Yes bool     `help:"Sign without asking."`
}

// sign shows the very bytes, asks, and returns the signature of every key.
func (s *signing) sign(e protocol.Envelope) ([]protocol.Signature, error) {
	if err := show(os.Stdout, e); err != nil {
		return nil, err
	}
	if !s.Yes {
		fmt.Print("Sign this? Type yes: ")
		answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read answer: %w", err)
		}
		if strings.TrimSpace(answer) != "yes" {
			return nil, errors.New("not signed")
		}
	}
	var made []protocol.Signature
	for _, path := range s.Key {
		key, err := readKey(path)
		if err != nil {
			return nil, err
		}
		signed := protocol.Envelope{PayloadType: e.PayloadType, Payload: e.Payload}
		signed.Sign(key)
		made = append(made, signed.Signatures...)
	}
	return made, nil
}

// show prints what is signed, out of the signed bytes themselves.
func show(w io.Writer, e protocol.Envelope) error {
	kind, mode, err := protocol.ParsePayloadType(e.PayloadType)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, e.Payload, "", "  "); err != nil {
		return fmt.Errorf("show what is signed: %w", err)
	}
	fmt.Fprintf(w, "%s %s, order %s\n%s\n", strings.ToUpper(string(mode)), kind, e.Hash(), text.String())
	return nil
}

// signDraft signs a draft and hands the signatures in. The hash that the server
// names is not believed: the signature is over the bytes that were shown.
func (s *server) signDraft(ctx context.Context, keys *signing, d draft) (status, error) {
	var st status
	for _, n := range d.Notes {
		fmt.Println("note:", n)
	}
	made, err := keys.sign(d.Envelope)
	if err != nil {
		return st, err
	}
	for _, sig := range made {
		if err := s.call(ctx, "POST", "/orders/"+d.Envelope.Hash()+"/signatures", sig, &st); err != nil {
			return st, err
		}
	}
	fmt.Printf("%s %s: %s\n", st.Subject, st.Hash, st.State)
	return st, nil
}

type signCommand struct {
	File  signFileCommand  `cmd:"" help:"Add signatures to an envelope file; needs no network."`
	Order signOrderCommand `cmd:"" help:"Add signatures to an order that waits at the server."`
}

type signFileCommand struct {
	signing
	File string `arg:"" type:"existingfile" help:"The envelope; it is replaced by the signed one."`
}

func (c *signFileCommand) Run() error {
	e, err := readEnvelope(c.File)
	if err != nil {
		return err
	}
	made, err := c.sign(e)
	if err != nil {
		return err
	}
	for _, sig := range made {
		e.AddSignature(sig)
	}
	return writeEnvelope(c.File, e)
}

type signOrderCommand struct {
	server
	signing
	Hash string `arg:"" help:"The order's hash."`
}

func (c *signOrderCommand) Run(ctx context.Context) error {
	var waiting struct {
		Draft draft `json:"draft"`
	}
	if err := c.call(ctx, "GET", "/orders/"+c.Hash, nil, &waiting); err != nil {
		return err
	}
	if got := waiting.Draft.Envelope.Hash(); got != c.Hash {
		return fmt.Errorf("the server gave order %s for %s", got, c.Hash)
	}
	_, err := c.signDraft(ctx, &c.signing, waiting.Draft)
	return err
}
