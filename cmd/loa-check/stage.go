package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stage is the temporary folder with the processes in it.
type stage struct {
	options
	card    *capture
	dir     string
	running []*process
	client  *http.Client
	hosts   []string // under which the server is found; none is 127.0.0.1
	server  string   // of the API
	tokens  map[string]string
	guests  int // machines started so far
}

// process is one that runs until it is ended.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan error
}

func newStage(o options) (*stage, error) {
	dir, err := os.MkdirTemp("", "loa-check-")
	if err != nil {
		return nil, fmt.Errorf("make temporary folder: %w", err)
	}
	return &stage{options: o, dir: dir, tokens: map[string]string{}}, nil
}

func (s *stage) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

// start runs a program until end, with its output in a log.
func (s *stage) start(name, binary string, env []string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(binary, args...), log: s.path(name + ".log"), done: make(chan error, 1)}
	f, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	defer f.Close()
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.Env = append(os.Environ(), env...)
	// A check that is killed takes its processes along.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	s.running = append(s.running, p)
	return p, nil
}

// endTime is how long a process may take to end when asked.
const endTime = 15 * time.Second

// end asks a process to end and waits for it.
func (p *process) end() error {
	if p.cmd.ProcessState != nil {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		p.done <- err
		if err != nil {
			return fmt.Errorf("%s ended with %w", p.name, err)
		}
		return nil
	case <-time.After(endTime):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s did not end within %v", p.name, endTime)
	}
}

// close ends what runs and removes the folder; of a failed check it shows the
// end of every log.
func (s *stage) close(failed bool) {
	for i := len(s.running) - 1; i >= 0; i-- {
		if err := s.running[i].end(); err != nil {
			fmt.Println(err)
		}
	}
	if failed {
		logs, _ := filepath.Glob(s.path("*.log"))
		for _, log := range logs {
			fmt.Printf("--- end of %s\n%s", filepath.Base(log), tail(log))
		}
	}
	if s.keep {
		if s.card != nil {
			s.keepCard()
		}
		fmt.Println("kept", s.dir)
		return
	}
	if err := os.RemoveAll(s.dir); err != nil {
		fmt.Println(err)
	}
}

// keepCard writes what the sound card was given.
func (s *stage) keepCard() {
	pcm, _ := s.card.since(0)
	raw := new(bytes.Buffer)
	_ = binary.Write(raw, binary.LittleEndian, pcm)
	if err := os.WriteFile(s.path("card.s16le"), raw.Bytes(), 0o600); err != nil {
		fmt.Println(err)
	}
}

func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error() + "\n"
	}
	lines := strings.SplitAfter(string(data), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "")
}

// command runs a program to its end and gives what it printed.
func (s *stage) command(ctx context.Context, binary string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(binary), args[0], err, errs.String())
	}
	return out.String(), nil
}

// desk runs a loa-central command as a person would.
func (s *stage) desk(ctx context.Context, person string, args ...string) (string, error) {
	return s.command(ctx, s.central, []string{
		"LOA_SERVER=" + s.server, "LOA_CA=" + s.path("central", "authority.pem"), "LOA_TOKEN=" + s.tokens[person],
	}, args...)
}

// trust reads the server's authority, once it is there.
func (s *stage) trust() error {
	pem, err := os.ReadFile(s.path("central", "authority.pem"))
	if err != nil {
		return fmt.Errorf("read the server's authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return errors.New("the server's authority is not PEM")
	}
	s.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return nil
}

// call asks the API as a person. in is JSON, a reader, or nil.
func (s *stage) call(ctx context.Context, person, method, path string, in, out any) error {
	var body io.Reader
	kind := "application/json"
	switch in := in.(type) {
	case nil:
	case io.Reader:
		body, kind = in, "application/octet-stream"
	default:
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.server+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.tokens[person])
	req.Header.Set("Content-Type", kind)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: %w: %.200s", method, path, err, data)
	}
	return nil
}

// until asks again and again, and says what was waited for in vain.
func until(ctx context.Context, what string, limit time.Duration, holds func() (bool, error)) error {
	deadline := time.Now().Add(limit)
	for {
		ok, err := holds()
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			if err != nil {
				return fmt.Errorf("%s: not within %v: %w", what, limit, err)
			}
			return fmt.Errorf("%s: not within %v", what, limit)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
