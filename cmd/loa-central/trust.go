package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"loa/controller/protocol"
)

type keySetCommand struct {
	server
	signing
}

func (c *keySetCommand) Run(ctx context.Context) error {
	var d draft
	if err := c.call(ctx, "POST", "/keyset", nil, &d); err != nil {
		return err
	}
	_, err := c.signDraft(ctx, &c.signing, d, protocol.KindKeySet, protocol.Live)
	return err
}

type enrolCommand struct {
	server
	signing
	Cluster string `required:"" placeholder:"ID" help:"Id of the cluster in which the board hangs."`
	Request string `arg:"" type:"existingfile" help:"The request, as loa-agent init wrote it."`
	Out     string `required:"" type:"path" placeholder:"FILE" help:"Where to write the answer, for loa-agent enrol."`
}

// Run drafts the board's placement, has it signed, and fetches the answer. It
// may be run again: what is done already stays done.
func (c *enrolCommand) Run(ctx context.Context) error {
	data, err := os.ReadFile(c.Request)
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	if _, err := protocol.OpenEnrolRequest(data); err != nil {
		return fmt.Errorf("read request %s: %w", c.Request, err)
	}
	request, err := readEnvelope(c.Request)
	if err != nil {
		return err
	}
	var d draft
	if err := c.call(ctx, "POST", "/enrolments", map[string]any{"cluster": c.Cluster, "request": request}, &d); err != nil {
		return err
	}
	st, err := c.signDraft(ctx, &c.signing, d, protocol.KindPlacement, protocol.Live)
	if err != nil {
		return err
	}
	if st.State != sealed {
		return errors.New("there is no answer yet: run this command again when enough administrators have signed")
	}
	var answer protocol.Enrolment
	if err := c.call(ctx, "POST", "/enrolments/"+url.PathEscape(c.Cluster)+"/answer", map[string]any{"request": request}, &answer); err != nil {
		return err
	}
	if data, err = protocol.Encode(answer); err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, data, 0o600); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	fmt.Printf("answer for %s written to %s\n", c.Cluster, c.Out)
	return nil
}
