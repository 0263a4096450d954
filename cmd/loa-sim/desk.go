package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"loa/controller/protocol"
)

// desk is people at central's API: their tokens, and their keys, which never
// leave the process.
type desk struct {
	api    string // URL
	client *http.Client
	tokens map[string]string             // by person
	keys   map[string]ed25519.PrivateKey // by person
}

// mostAnswer is the longest answer that is read: every cluster of a large
// province with its live picture.
const mostAnswer = 64 << 20

// newDesk speaks with the server at a URL whose certificate an authority issued,
// given as PEM.
func newDesk(api string, authority []byte) (*desk, error) {
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, errors.New("read the server's authority: it is not PEM")
	}
	return &desk{
		api: api, tokens: map[string]string{}, keys: map[string]ed25519.PrivateKey{},
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: trusted}, MaxIdleConnsPerHost: 4,
		}},
	}, nil
}

// draft is an order that waits for signatures, as the API shows it.
type draft struct {
	Subject  string            `json:"subject"`
	Envelope protocol.Envelope `json:"envelope"`
}

// status is how an order stands.
type status struct {
	State  string `json:"state"`
	Counts struct {
		Targets  int `json:"targets"`
		Accepted int `json:"accepted"`
		Finished int `json:"finished"`
	} `json:"counts"`
}

// signature is a person's word for a draft.
func (d *desk) signature(order draft, person string) protocol.Signature {
	signed := protocol.Envelope{PayloadType: order.Envelope.PayloadType, Payload: order.Envelope.Payload}
	signed.Sign(d.keys[person])
	return signed.Signatures[0]
}

// sign hands the signatures of persons in, which must be enough.
func (d *desk) sign(ctx context.Context, by string, order draft, persons ...string) error {
	var st status
	for _, person := range persons {
		if err := d.call(ctx, by, "POST", "/orders/"+order.Envelope.Hash()+"/signatures", d.signature(order, person), &st); err != nil {
			return err
		}
	}
	if st.State != "sealed" {
		return fmt.Errorf("%s is %s after %d signatures, not sealed", order.Subject, st.State, len(persons))
	}
	return nil
}

// enrol hangs a board up in a cluster that is registered, and gives central's
// answer. The administrators sign its placement.
func (d *desk) enrol(ctx context.Context, id string, key ed25519.PrivateKey) (protocol.Enrolment, error) {
	var answer protocol.Enrolment
	request, err := protocol.SealEnrolRequest(protocol.EnrolRequest{
		Version: protocol.Version, Board: protocol.NewKey(key.Public().(ed25519.PublicKey)), Host: id, Issued: time.Now().UTC(),
	}, key)
	if err != nil {
		return answer, err
	}
	var placement draft
	if err := d.call(ctx, admin, "POST", "/enrolments", map[string]any{"cluster": id, "request": request}, &placement); err != nil {
		return answer, err
	}
	if err := d.sign(ctx, admin, placement, admin, secondAdmin); err != nil {
		return answer, err
	}
	return answer, d.call(ctx, admin, "POST", "/enrolments/"+id+"/answer", map[string]any{"request": request}, &answer)
}

// refusal is an answer of the server that is no success.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

// call asks the API as a person. in is written as JSON, the answer read into
// out; either may be nil.
func (d *desk) call(ctx context.Context, person, method, path string, in, out any) error {
	if in == nil {
		return d.send(ctx, person, method, path, "", nil, out)
	}
	data, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	return d.send(ctx, person, method, path, "application/json", data, out)
}

// send is call with any bytes of a media type; none without one.
func (d *desk) send(ctx context.Context, person, method, path, kind string, data []byte, out any) error {
	var body io.Reader
	if kind != "" {
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.api+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+d.tokens[person])
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return refusal{resp.StatusCode, fmt.Sprintf("%s %s: %s: %.500s", method, path, resp.Status, answer)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the server's answer to %s %s: %w", method, path, err)
	}
	return nil
}
