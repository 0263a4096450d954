package main

import (
	"context"
	"fmt"
	"os"

	"loa/controller/protocol"
)

type rootCommand struct {
	server
	File string `arg:"" type:"existingfile" help:"The root, signed by its owners."`
}

func (c *rootCommand) Run(ctx context.Context) error {
	e, err := readEnvelope(c.File)
	if err != nil {
		return err
	}
	var st status
	if err := c.call(ctx, "PUT", "/root", e, &st); err != nil {
		return err
	}
	fmt.Printf("root %s: %s\n", st.Hash, st.State)
	return nil
}

type keySetCommand struct {
	server
	signing
}

func (c *keySetCommand) Run(ctx context.Context) error {
	var d draft
	if err := c.call(ctx, "POST", "/keyset", nil, &d); err != nil {
		return err
	}
	_, err := c.signDraft(ctx, &c.signing, d)
	return err
}

type enrolCommand struct {
	server
	signing
	Cluster string `required:"" help:"The cluster in which the board hangs."`
	Request string `arg:"" type:"existingfile" help:"What loa-agent init wrote."`
	Out     string `required:"" type:"path" help:"Where to write the answer."`
}

// Run drafts the board's placement, has it signed, and fetches the answer. It
// may be run again: what is done already stays done.
func (c *enrolCommand) Run(ctx context.Context) error {
	request, err := readEnvelope(c.Request)
	if err != nil {
		return err
	}
	var d draft
	body := map[string]any{"cluster": c.Cluster, "request": request}
	if err := c.call(ctx, "POST", "/enrolments", body, &d); err != nil {
		return err
	}
	st, err := c.signDraft(ctx, &c.signing, d)
	if err != nil {
		return err
	}
	if st.State != "sealed" {
		return fmt.Errorf("the placement waits for more administrators: order %s; run this again when they have signed", st.Hash)
	}
	var answer protocol.Enrolment
	if err := c.call(ctx, "POST", "/enrolments/"+c.Cluster+"/answer", map[string]any{"request": request}, &answer); err != nil {
		return err
	}
	data, err := protocol.Encode(answer)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, data, 0o600); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	fmt.Printf("answer for %s written to %s\n", c.Cluster, c.Out)
	return nil
}
