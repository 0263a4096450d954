package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"time"

	"loa/controller/protocol"
)

// acceptable says whether this board could live by an answer: connect with it,
// and accept the trust in it. What the board would refuse at the pole later, is
// refused while somebody stands there.
func acceptable(e protocol.Enrolment, key ed25519.PrivateKey) error {
	config, err := clientTLS(e, key)
	if err != nil {
		return err
	}
	own := config.Certificates[0].Leaf
	if _, err := own.Verify(x509.VerifyOptions{
		Roots: config.RootCAs, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		CurrentTime: own.NotBefore, // this board's clock may stand in 1970
	}); err != nil {
		return fmt.Errorf("its authority did not issue its certificate: %w", err)
	}
	if _, port, err := net.SplitHostPort(e.Broker); err != nil || port == "" {
		return fmt.Errorf("its broker %.60q is not host:port", e.Broker)
	}
	if u, err := url.Parse(e.Audio); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("its audio %.60q is not https://host:port", e.Audio)
	}
	placement, err := openTrust(e, key)
	if err != nil {
		return err
	}
	if placement.Cluster != e.Cluster {
		return fmt.Errorf("it is for cluster %s, its placement for %s", e.Cluster, placement.Cluster)
	}
	return nil
}

// openTrust passes root, key set and placement through the gate, in the order
// in which the controller will.
func openTrust(e protocol.Enrolment, key ed25519.PrivateKey) (*protocol.Placement, error) {
	k := protocol.Known{BoardKey: protocol.NewKey(key.Public().(ed25519.PublicKey)).ID, Enrolling: true}
	if err := open(k, e.Root, &k.Root); err != nil {
		return nil, fmt.Errorf("its root: %w", err)
	}
	k.Enrolling = false
	if err := open(k, e.KeySet, &k.KeySet); err != nil {
		return nil, fmt.Errorf("its key set: %w", err)
	}
	if err := open(k, e.Placement, &k.Placement); err != nil {
		return nil, fmt.Errorf("its placement: %w", err)
	}
	return k.Placement, nil
}

func open[T any](k protocol.Known, e protocol.Envelope, into **T) error {
	data, err := protocol.Encode(e)
	if err != nil {
		return err
	}
	o, err := protocol.Open(data, k, protocol.Clock{Now: time.Now()})
	if err != nil {
		return err
	}
	d, ok := o.Document.(*T)
	if !ok {
		return fmt.Errorf("is a %s", o.Kind)
	}
	*into = d
	return nil
}

// follows says whether an answer may take the place of the one that is kept. To
// a store that was filled as one cluster, or under one root, another is refused
// for ever.
func follows(data string, e protocol.Enrolment) error {
	was, err := keptEnrolment(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return nil // damaged, and about to be replaced
	}
	const remedy = "move everything but " + keyFile + " out of the data folder first: the board begins anew"
	if was.Cluster != e.Cluster {
		return fmt.Errorf("it is for cluster %s, this board is %s; %s", e.Cluster, was.Cluster, remedy)
	}
	older, err := protocol.Decode[protocol.Root](was.Root.Payload)
	if err != nil {
		return nil
	}
	newer, err := protocol.Decode[protocol.Root](e.Root.Payload)
	if err != nil {
		return err
	}
	if newer.Revision == older.Revision && e.Root.Hash() != was.Root.Hash() {
		return fmt.Errorf("its root is not the one that this board trusts; %s", remedy)
	}
	return nil
}

// clientTLS is how the board speaks to central: its own certificate, and no
// authority but central's.
func clientTLS(e protocol.Enrolment, key ed25519.PrivateKey) (*tls.Config, error) {
	block, _ := pem.Decode([]byte(e.Certificate))
	if block == nil {
		return nil, errors.New("its certificate is not PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("its certificate is damaged: %w", err)
	}
	if public, ok := certificate.PublicKey.(ed25519.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, errors.New("its certificate is for another board's key")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(e.Authority)) {
		return nil, errors.New("its authority is not PEM")
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		RootCAs:    roots,
		// Central's certificates are judged at the moment at which all of them,
		// and this board's own, become valid, however long ago that is: a board
		// whose clock stands in 1970 or in 2069 needs the connection to be told
		// the time. What is given up is the end of a stolen server certificate;
		// the authority is pinned, and orders rest on persons' signatures.
		Time:         func() time.Time { return certificate.NotBefore },
		Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key, Leaf: certificate}},
	}, nil
}
