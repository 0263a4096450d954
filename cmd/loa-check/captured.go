package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"loa/central/broker"
	"loa/controller/protocol"
)

// capturedServer takes central's place with all that its machine holds, the
// certificate authority included, and orders the board to sound. Nothing but a
// person's key could make it.
func (s *score) capturedServer(ctx context.Context) error {
	addresses, err := s.brokerAddress()
	if err != nil {
		return err
	}
	if err := s.serving.end(); err != nil {
		return err
	}
	authority, err := broker.LoadOrCreate(s.path("central", "authority"))
	if err != nil {
		return err
	}
	tls, err := authority.ServerTLS([]string{"127.0.0.1"}, func(string, *x509.Certificate) error { return nil })
	if err != nil {
		return err
	}
	said := &refusals{}
	b, err := broker.New(broker.Options{
		Addr: addresses, TLS: tls, AreasOf: func(string) []string { return []string{province, commune, otherCommune} },
		Deliver: said.take, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	go b.Run(serving)
	if err := until(ctx, "the board comes to the captured server", 30*time.Second, func() (bool, error) { return b.Online(heard), nil }); err != nil {
		s.fail("captured server: reached", err)
		return nil
	}
	since := monotonic()
	forged, err := s.forged()
	if err != nil {
		return err
	}
	if err := until(ctx, "the forged alert is taken", 5*time.Second, func() (bool, error) {
		err := b.ToCluster(heard, protocol.LaneAlert, forged)
		return err == nil, err
	}); err != nil {
		s.fail("captured server: reached", err)
		return nil
	}
	err = until(ctx, "the board refuses", 5*time.Second, func() (bool, error) { return said.has(protocol.ReasonBadSignature), nil })
	if e := pause(ctx, warmUp+500*time.Millisecond); e != nil {
		return e
	}
	all, e := edges(s.trace(heard), since)
	if e == nil && len(all) > 0 {
		e = errors.New("the relay moved for a forged alert")
	}
	s.judge("captured server: a forged alert is refused, and silent", errors.Join(err, e), "refused as %s, %d edges", protocol.ReasonBadSignature, len(all))
	return nil
}

func (s *score) brokerAddress() (string, error) {
	var at struct {
		Broker string `json:"broker"`
	}
	if err := readJSON(s.path("central", "addresses.json"), &at); err != nil {
		return "", err
	}
	if _, err := url.Parse("tls://" + at.Broker); err != nil {
		return "", err
	}
	return at.Broker, nil
}

// forged is an alert that claims the officer's key and is signed by another.
func (s *score) forged() ([]byte, error) {
	now := time.Now().UTC()
	e, err := protocol.Draft(protocol.KindAlert, protocol.Live, protocol.Alert{
		Version: protocol.Version, ID: "forged", Sequence: 1, Audience: []string{commune}, Issued: now, Expires: now.Add(time.Hour),
		Announcement: protocol.Announcement{
			Hazard: "flood", Phrase: "flood", Siren: protocol.Siren{Blasts: 1, Seconds: 2}, Repetitions: 1,
			Messages: []protocol.Message{{Language: "vi", Text: "Giả."}},
		},
	})
	if err != nil {
		return nil, err
	}
	stranger, err := readKey(s.path("stranger.key"))
	if err != nil {
		return nil, err
	}
	e.Sign(stranger)
	var officer protocol.Key
	if err := readJSON(s.path("officer.pub"), &officer); err != nil {
		return nil, err
	}
	e.Signatures[0].KeyID = officer.ID
	data, err := protocol.Encode(e)
	if err != nil {
		return nil, fmt.Errorf("write forged alert: %w", err)
	}
	return data, nil
}

// refusals are those that the board told the captured server.
type refusals struct {
	mu   sync.Mutex
	seen map[protocol.Reason]bool
}

func (r *refusals) take(_ string, lane protocol.Lane, payload []byte) {
	if lane != protocol.LaneReceipt {
		return
	}
	e, err := protocol.Decode[protocol.Envelope](payload)
	if err != nil {
		return
	}
	receipt, err := protocol.Decode[protocol.Receipt](e.Payload)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[protocol.Reason]bool{}
	}
	r.seen[receipt.Reason] = true
}

func (r *refusals) has(reason protocol.Reason) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[reason]
}
