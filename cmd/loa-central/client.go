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
	"os"
	"strings"
	"time"

	"loa/controller/protocol"
)

// server says how a command reaches the API.
type server struct {
	URL   string `name:"server" env:"LOA_SERVER" required:"" help:"As in https://central:8443."`
	CA    string `env:"LOA_CA" type:"path" help:"The server's authority, PEM; empty: the system's."`
	Token string `env:"LOA_TOKEN" required:"" help:"The person's token; better in the environment."`
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

// status is how far an order is.
type status struct {
	Hash    string   `json:"hash"`
	State   string   `json:"state"`
	Subject string   `json:"subject"`
	Persons []string `json:"persons"`
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
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.URL, "/")+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
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
	return errors.New(text)
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
	return &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{TLSClientConfig: config}}, nil
}
