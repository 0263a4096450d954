package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"loa/controller/protocol"
)

// tokenVariable holds the person's token. It is no flag: other users of a
// machine can read the flags of what runs on it.
const tokenVariable = "LOA_TOKEN"

// server says how a command reaches the API.
type server struct {
	URL string `name:"server" env:"LOA_SERVER" required:"" placeholder:"URL" help:"The server's address, as in https://central:8443. The person's token is read from LOA_TOKEN."`
	CA  string `env:"LOA_CA" type:"path" placeholder:"FILE" help:"The server's authority: authority.pem of its data folder. Empty: one that this machine trusts."`
}

// draft is an order that waits for signatures, as the API shows it.
type draft struct {
	Hash     string            `json:"hash"`
	Kind     protocol.Kind     `json:"kind"`
	Mode     protocol.Mode     `json:"mode"`
	Subject  string            `json:"subject"`
	Targets  int               `json:"targets"`
	Notes    []string          `json:"notes"`
	Envelope protocol.Envelope `json:"envelope"`
}

// sealed is the state of an order that has all its signatures.
const sealed = "sealed"

// status is how far an order is.
type status struct {
	Hash    string `json:"hash"`
	State   string `json:"state"`
	Subject string `json:"subject"`
	Lacks   *struct {
		Detail string `json:"detail"`
	} `json:"lacks"`
}

// String begins with the order's subject, for who reads it by a program.
func (s status) String() string {
	text := fmt.Sprintf("%s %s: %s", s.Subject, s.Hash, s.State)
	if s.State != sealed {
		if s.Lacks != nil {
			text += " (" + s.Lacks.Detail + ")"
		}
		text += "; whoever signs next runs: loa-central sign order " + s.Hash
	}
	return visible(text)
}

// problem is an answer that says what is wrong (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

const mostAnswer = 8 << 20

// call sends in as JSON and reads the answer into out; either may be nil.
func (s *server) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("write request: %w", err)
		}
		body = bytes.NewReader(data)
	}
	base, token, err := s.address()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, base+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return fmt.Errorf("ask the server: %w; name its authority with --ca or LOA_CA", err)
	}
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return refused(method, path, resp.Status, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}

func refused(method, path, status string, data []byte) error {
	var p problem
	if json.Unmarshal(data, &p) != nil || p.Title == "" {
		return fmt.Errorf("%s %s: %s", method, path, status)
	}
	text := fmt.Sprintf("%s %s: %s: %s", method, path, status, p.Detail)
	for _, e := range p.Errors {
		text += fmt.Sprintf("\n  %s: %s", e.Location, e.Message)
	}
	return errors.New(visible(text))
}

// address is where the API is, and the token that opens it.
func (s *server) address() (base, token string, err error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", "", fmt.Errorf("--server %.100q is not an address like https://central:8443", s.URL)
	}
	if token = strings.TrimSpace(os.Getenv(tokenVariable)); token == "" {
		return "", "", errors.New(tokenVariable + " is not set: it holds the person's token, as loa-central token printed it")
	}
	return "https://" + u.Host, token, nil
}

func (s *server) client() (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("read the server's authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the server's authority %s: it is not PEM", s.CA)
		}
	}
	return &http.Client{
		Timeout:   2 * time.Minute,
		Transport: &http.Transport{TLSClientConfig: config},
		// The API has no redirects, and a token follows none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}
