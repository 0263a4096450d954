package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"loa/controller/protocol"
)

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

// writeEnvelope replaces a file as a whole: signatures in it may come from far.
func writeEnvelope(path string, e protocol.Envelope) error {
	data, err := protocol.Encode(e)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		return fmt.Errorf("write envelope: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write envelope: %w", err)
	}
	return nil
}

// show prints what is signed, out of the signed bytes themselves: laid out, and
// otherwise as they are.
func show(w io.Writer, e protocol.Envelope) error {
	kind, mode, err := protocol.ParsePayloadType(e.PayloadType)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, e.Payload, "", "  "); err != nil {
		return fmt.Errorf("show what is signed: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s %s, order %s\n%s\n", strings.ToUpper(string(mode)), kind, e.Hash(), visible(text.String()))
	return err
}

// visible writes out what a terminal would act on rather than show: escapes,
// and marks that turn the direction of text.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
