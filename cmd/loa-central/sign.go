package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"loa/controller/protocol"
)

// signing is shared by the commands that sign.
type signing struct {
	Key []string `required:"" sep:"none" type:"existingfile" placeholder:"FILE" help:"The person's key file; given again where several persons sit together."`
	Yes bool     `help:"Sign without asking."`
}

var errNotSigned = errors.New("nothing was signed")

// sign shows the very bytes, asks, and returns the signature of every key.
func (s *signing) sign(ctx context.Context, e protocol.Envelope) ([]protocol.Signature, error) {
	var keys []protocol.Envelope
	for _, path := range s.Key {
		key, err := readKey(path)
		if err != nil {
			return nil, err
		}
		signed := protocol.Envelope{PayloadType: e.PayloadType, Payload: e.Payload}
		signed.Sign(key)
		keys = append(keys, signed)
	}
	if err := show(os.Stdout, e); err != nil {
		return nil, err
	}
	if !s.Yes {
		if err := consent(ctx, os.Stdin); err != nil {
			return nil, err
		}
	}
	var made []protocol.Signature
	for _, k := range keys {
		made = append(made, k.Signatures...)
	}
	return made, nil
}

// consent asks, and takes nothing but yes for it.
func consent(ctx context.Context, from io.Reader) error {
	fmt.Print("Sign this? Type yes: ")
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(from).ReadString('\n') // what cannot be read is no yes
		answers <- answer
	}()
	select {
	case answer := <-answers:
		if strings.TrimSpace(answer) == "yes" {
			return nil
		}
	case <-ctx.Done():
		fmt.Println()
	}
	return errNotSigned
}

// signDraft signs a draft of the kind that was asked for and hands the
// signatures in. The hash that the server names is not believed: the signature
// is over the bytes that were shown.
func (s *server) signDraft(ctx context.Context, keys *signing, d draft, kind protocol.Kind, mode protocol.Mode) (status, error) {
	var st status
	if want := protocol.PayloadType(kind, mode); d.Envelope.PayloadType != want {
		return st, fmt.Errorf("the server was asked for a %s %s and answered with %.80q; %w", mode, kind, d.Envelope.PayloadType, errNotSigned)
	}
	for _, n := range d.Notes {
		fmt.Println("note:", visible(n))
	}
	made, err := keys.sign(ctx, d.Envelope)
	if err != nil {
		return st, err
	}
	for _, sig := range made {
		if err := s.call(ctx, "POST", "/orders/"+d.Envelope.Hash()+"/signatures", sig, &st); err != nil {
			return st, err
		}
	}
	fmt.Println(st)
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

func (c *signFileCommand) Run(ctx context.Context) error {
	e, err := readEnvelope(c.File)
	if err != nil {
		return err
	}
	made, err := c.sign(ctx, e)
	if err != nil {
		return err
	}
	for _, sig := range made {
		e.AddSignature(sig)
	}
	if err := writeEnvelope(c.File, e); err != nil {
		return err
	}
	fmt.Printf("%s has %d signatures\n", c.File, len(e.Signatures))
	return nil
}

type signOrderCommand struct {
	server
	signing
	Hash string `arg:"" help:"The order's hash, as the command that drafted it printed."`
}

func (c *signOrderCommand) Run(ctx context.Context) error {
	var waiting struct {
		Draft draft `json:"draft"`
	}
	if err := c.call(ctx, "GET", "/orders/"+url.PathEscape(c.Hash), nil, &waiting); err != nil {
		return err
	}
	d := waiting.Draft
	if got := d.Envelope.Hash(); got != c.Hash {
		return fmt.Errorf("the server was asked for order %s and answered with %s; %w", c.Hash, got, errNotSigned)
	}
	kind, mode, err := protocol.ParsePayloadType(d.Envelope.PayloadType)
	if err != nil {
		return err
	}
	_, err = c.signDraft(ctx, &c.signing, d, kind, mode)
	return err
}
