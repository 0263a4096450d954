package seeds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// voices are the languages that espeak-ng speaks of those that are spoken in the
// provinces: no voice of a minority language is to be had.
var voices = []string{"vi"}

// spoken reports whether Speak has a voice for a language.
func spoken(language string) bool { return slices.Contains(voices, language) }

// Speak reads a text out by espeak-ng and returns the sound as WAV, which the
// caller closes. It comes through a file: into a pipe the program cannot write
// how long it is.
func Speak(ctx context.Context, text, language string) (io.ReadCloser, error) {
	if !spoken(language) {
		return nil, fmt.Errorf("speak: there is no voice for the language %q", language)
	}
	file, err := os.CreateTemp("", "loa-speech-*.wav")
	if err != nil {
		return nil, fmt.Errorf("make file for speech: %w", err)
	}
	var said bytes.Buffer
	// A little slower than a person speaks in a room: a valley echoes.
	cmd := exec.CommandContext(ctx, "espeak-ng", "-v", language, "-s", "150", "--stdin", "-w", file.Name())
	cmd.Stdin, cmd.Stderr = strings.NewReader(text), &said
	err = cmd.Run()
	// The open file stays readable, and nothing is left behind.
	if gone := os.Remove(file.Name()); err == nil {
		err = gone
	}
	if err != nil {
		why := bytes.TrimSpace(said.Bytes())
		return nil, errors.Join(fmt.Errorf("speak by espeak-ng: %w: %s", err, why), file.Close())
	}
	return file, nil
}
