package seeds

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Speak reads a text out by espeak-ng, as WAV. Close the speech to end it early;
// an error of the program comes from its Read.
func Speak(ctx context.Context, text, language string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, "espeak-ng", "-v", language, "-s", "150", "--stdin", "--stdout")
	cmd.Stdin = strings.NewReader(text)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start espeak-ng: %w", err)
	}
	return &speech{out: out, cmd: cmd, said: &said, cancel: cancel}, nil
}

type speech struct {
	out    io.Reader
	cmd    *exec.Cmd
	said   *bytes.Buffer
	cancel context.CancelFunc
	over   bool
}

func (s *speech) Read(p []byte) (int, error) {
	n, err := s.out.Read(p)
	if err == io.EOF && !s.over {
		s.over = true
		if err := s.cmd.Wait(); err != nil {
			return n, fmt.Errorf("espeak-ng: %w: %s", err, bytes.TrimSpace(s.said.Bytes()))
		}
	}
	return n, err
}

func (s *speech) Close() error {
	s.cancel()
	if !s.over {
		s.over = true
		_ = s.cmd.Wait() // killed, which is what Close means
	}
	return nil
}
