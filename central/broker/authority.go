package broker

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"loa/controller/protocol"
)

const (
	authorityFile = "authority.pem" // key and certificate, so that neither is there without the other

	authorityLife = 50 * 365 * 24 * time.Hour
	clusterLife   = 10 * 365 * 24 * time.Hour
	serverLife    = 2 * 365 * 24 * time.Hour
	serverRenew   = 180 * 24 * time.Hour // left, when a new one is made

	// clusterURI stands before a cluster's id in its certificate.
	clusterURI = "cluster:"
)

// begin is when every certificate becomes valid. A board that lost its clock
// wakes up in 1970, and it needs a connection to be told the time.
var begin = time.Unix(0, 0).UTC()

// Authority is central's certificate authority: it says which connection is
// which cluster's, and shows boards that this is their central. It proves
// nothing about orders, which carry persons' signatures.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// LoadOrCreate reads the authority kept in dir, or makes one at the first
// start. A file that is damaged, or that others on this machine may read, is an
// error: a new authority would lock every board out.
func LoadOrCreate(dir string) (*Authority, error) {
	path := filepath.Join(dir, authorityFile)
	a, err := loadAuthority(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	if err := createAuthority(path); err != nil {
		return nil, err
	}
	return loadAuthority(path)
}

func loadAuthority(path string) (*Authority, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open certificate authority: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("open certificate authority: %s can be read by others (%v); run chmod 600 on it", path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	var a Authority
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("read key in %s: %w", path, err)
			}
			var ok bool
			if a.key, ok = key.(*ecdsa.PrivateKey); !ok {
				return nil, fmt.Errorf("read key in %s: it is a %T, want an ECDSA key", path, key)
			}
		case "CERTIFICATE":
			if a.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
				return nil, fmt.Errorf("read certificate in %s: %w", path, err)
			}
		}
	}
	if a.key == nil || a.cert == nil || !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return nil, fmt.Errorf("read certificate authority: %s is damaged: it needs a key and its certificate; restore it from a backup", path)
	}
	return &a, nil
}

func createAuthority(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make authority key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Loa central"},
		NotBefore:             begin,
		NotAfter:              time.Now().Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("sign authority certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode authority key: %w", err)
	}
	var out bytes.Buffer
	for _, b := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: pkcs8}, {Type: "CERTIFICATE", Bytes: der}} {
		if err := pem.Encode(&out, b); err != nil {
			return fmt.Errorf("encode certificate authority: %w", err)
		}
	}
	if err := writeOnce(path, out.Bytes()); err != nil {
		return fmt.Errorf("keep certificate authority: %w", err)
	}
	return nil
}

// writeOnce makes a file that others cannot read, synced with its folder. When
// somebody else made it first, theirs stands and that is no error.
func writeOnce(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	// A link, unlike a rename, never replaces what is there.
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	return serial, nil
}

// Serial writes a certificate's serial number in hex, as IssueCluster returned it.
func Serial(cert *x509.Certificate) string { return fmt.Sprintf("%x", cert.SerialNumber) }

// Expires is when the authority's certificate ends, and with it all that it
// signed.
func (a *Authority) Expires() time.Time { return a.cert.NotAfter }

// CAPEM is the authority's certificate, for boards to trust.
func (a *Authority) CAPEM() string { return certificatePEM(a.cert.Raw) }

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// IssueCluster certifies that board, whose private half never leaves the pole,
// connects for cluster. It lives 10 years; it is ended by Admit (see ServerTLS)
// answering no to its serial number.
func (a *Authority) IssueCluster(cluster string, board ed25519.PublicKey) (certificate, serial string, err error) {
	if !protocol.ValidCluster(cluster) {
		return "", "", fmt.Errorf("issue certificate: %q cannot name a cluster", cluster)
	}
	if len(board) != ed25519.PublicKeySize {
		return "", "", fmt.Errorf("issue certificate for %s: the board's key has %d bytes, want %d", cluster, len(board), ed25519.PublicKeySize)
	}
	number, err := newSerial()
	if err != nil {
		return "", "", err
	}
	leaf := &x509.Certificate{
		SerialNumber: number,
		Subject:      pkix.Name{CommonName: cluster},
		URIs:         []*url.URL{{Scheme: "loa", Opaque: clusterURI + cluster}},
		NotBefore:    begin,
		NotAfter:     time.Now().Add(clusterLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, board, a.key)
	if err != nil {
		return "", "", fmt.Errorf("sign certificate of %s: %w", cluster, err)
	}
	return certificatePEM(der), Serial(leaf), nil
}

// Admit says whether a cluster may connect with this certificate, which is
// genuine: nil, or why not. It is asked at every handshake, and again when a
// session begins.
type Admit func(cluster string, cert *x509.Certificate) error

// ServerTLS is how central serves boards, under the given DNS names and IP
// addresses: TLS 1.3 only, and only to clusters that Admit lets in. The
// server's own certificate is made now, is kept in memory alone, and is renewed
// long before it ends.
func (a *Authority) ServerTLS(hosts []string, admit Admit) (*tls.Config, error) {
	if admit == nil {
		return nil, errors.New("serve TLS: nothing says which clusters to admit")
	}
	server := &serverCertificate{authority: a, hosts: hosts}
	if _, err := server.get(time.Now()); err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	authorities.AddCert(a.cert)
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs:  authorities,
		// A resumed session would rest on what was true when it began.
		SessionTicketsDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return server.get(time.Now())
		},
		VerifyConnection: func(state tls.ConnectionState) error {
			cluster, err := ClusterOf(state)
			if err != nil {
				return err
			}
			return admit(cluster, state.PeerCertificates[0])
		},
	}, nil
}

// PeopleTLS is how central serves people and programs under the given DNS names
// and IP addresses: TLS 1.3 only. They show who they are by a token, not by a
// certificate.
func (a *Authority) PeopleTLS(hosts []string) (*tls.Config, error) {
	server := &serverCertificate{authority: a, hosts: hosts}
	if _, err := server.get(time.Now()); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return server.get(time.Now())
		},
	}, nil
}

// ClusterOf is the cluster that a verified connection speaks for.
func ClusterOf(state tls.ConnectionState) (string, error) {
	if len(state.VerifiedChains) == 0 || len(state.PeerCertificates) == 0 {
		return "", errors.New("connection has no verified client certificate")
	}
	leaf := state.PeerCertificates[0]
	cluster := leaf.Subject.CommonName
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != "loa:"+clusterURI+cluster || !protocol.ValidCluster(cluster) {
		return "", fmt.Errorf("certificate %s is not a cluster's", Serial(leaf))
	}
	return cluster, nil
}

// serverCertificate is made again when it is near its end, so that a central
// that runs for years is never refused for it.
type serverCertificate struct {
	authority *Authority
	hosts     []string

	mu      sync.Mutex
	current *tls.Certificate
}

func (s *serverCertificate) get(now time.Time) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && now.Before(s.current.Leaf.NotAfter.Add(-serverRenew)) {
		return s.current, nil
	}
	made, err := s.authority.issueServer(s.hosts, now)
	if err != nil {
		return nil, err
	}
	s.current = made
	return made, nil
}

func (a *Authority) issueServer(hosts []string, now time.Time) (*tls.Certificate, error) {
	if len(hosts) == 0 {
		return nil, errors.New("issue server certificate: it needs at least one host name or address")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make server key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Loa central, server"},
		NotBefore:    begin,
		NotAfter:     now.Add(serverLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign server certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read server certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
