package broker_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loa/central/broker"
)

func TestAuthorityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "authority")
	first, err := broker.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := broker.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if first.CAPEM() != again.CAPEM() {
		t.Error("the second start made another authority: every board would be locked out")
	}
	if strings.Contains(first.CAPEM(), "PRIVATE") {
		t.Error("CAPEM shows the key")
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v (%v), want one", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
}

func TestAuthorityRefusesDamage(t *testing.T) {
	for name, damage := range map[string]func(path string, content []byte) error{
		"readable by others": func(path string, _ []byte) error { return os.Chmod(path, 0o640) },
		"empty":              func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
		"cut":                func(path string, c []byte) error { return os.WriteFile(path, c[:len(c)/2], 0o600) },
		"key of another": func(path string, c []byte) error {
			dir := filepath.Join(filepath.Dir(path), "other")
			if _, err := broker.LoadOrCreate(dir); err != nil {
				return err
			}
			other, err := os.ReadFile(filepath.Join(dir, filepath.Base(path)))
			if err != nil {
				return err
			}
			key, _ := pem.Decode(other)
			_, certificate := pem.Decode(c)
			return os.WriteFile(path, append(pem.EncodeToMemory(key), certificate...), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := broker.LoadOrCreate(dir); err != nil {
				t.Fatal(err)
			}
			files, _ := filepath.Glob(filepath.Join(dir, "*"))
			content, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(files[0], content); err != nil {
				t.Fatal(err)
			}
			if _, err := broker.LoadOrCreate(dir); err == nil || !strings.Contains(err.Error(), files[0]) {
				t.Errorf("error %v, want one that names %s", err, files[0])
			}
		})
	}
}

func TestIssueCluster(t *testing.T) {
	authority, err := broker.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	public, _, _ := ed25519.GenerateKey(nil)
	certificate, serial, err := authority.IssueCluster("muong-te-03", public)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(certificate))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(authority.CAPEM()))
	for usage, want := range map[x509.ExtKeyUsage]bool{
		x509.ExtKeyUsageClientAuth: true,
		x509.ExtKeyUsageServerAuth: false, // or a board could pose as central
	} {
		for _, at := range []time.Time{time.Unix(60, 0), time.Now(), time.Now().AddDate(9, 0, 0)} {
			_, err := leaf.Verify(x509.VerifyOptions{Roots: trusted, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}})
			if (err == nil) != want {
				t.Errorf("usage %v at %v: %v, want valid = %v", usage, at, err, want)
			}
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: trusted, CurrentTime: time.Now().AddDate(11, 0, 0),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err == nil {
		t.Error("valid after 11 years")
	}
	if leaf.IsCA || leaf.Subject.CommonName != "muong-te-03" || broker.Serial(leaf) != serial ||
		len(leaf.URIs) != 1 || leaf.URIs[0].String() != "loa:cluster:muong-te-03" || !public.Equal(leaf.PublicKey) {
		t.Errorf("certificate says CA %v, %q, %s, %v", leaf.IsCA, leaf.Subject.CommonName, broker.Serial(leaf), leaf.URIs)
	}

	for _, cluster := range []string{"", "a", "UPPER", "a/b", "a+b", "#", "-abc", strings.Repeat("a", 41)} {
		if _, _, err := authority.IssueCluster(cluster, public); err == nil {
			t.Errorf("issued a certificate for %q", cluster)
		}
	}
	if _, _, err := authority.IssueCluster("muong-te-03", public[:31]); err == nil {
		t.Error("issued a certificate for half a key")
	}
}

func TestClusterOf(t *testing.T) {
	authority, err := broker.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	id, _ := identity(t, authority, "muong-te-03")
	leaf, err := x509.ParseCertificate(id.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}}}
	if got, err := broker.ClusterOf(state); got != "muong-te-03" || err != nil {
		t.Errorf("cluster %q, %v", got, err)
	}
	renamed := *leaf
	renamed.Subject.CommonName = "muong-te-04"
	unnamed := *leaf
	unnamed.URIs = nil
	for name, state := range map[string]tls.ConnectionState{
		"not verified":         {PeerCertificates: state.PeerCertificates},
		"no certificate":       {VerifiedChains: state.VerifiedChains},
		"name and URI differ":  {PeerCertificates: []*x509.Certificate{&renamed}, VerifiedChains: state.VerifiedChains},
		"not a cluster's name": {PeerCertificates: []*x509.Certificate{&unnamed}, VerifiedChains: state.VerifiedChains},
	} {
		if got, err := broker.ClusterOf(state); err == nil {
			t.Errorf("%s: cluster %q, want an error", name, got)
		}
	}
}

func TestServerTLSNeedsAdmitAndHosts(t *testing.T) {
	authority, err := broker.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authority.ServerTLS([]string{"127.0.0.1"}, nil); err == nil {
		t.Error("without Admit everybody would be let in")
	}
	if _, err := authority.ServerTLS(nil, func(string, *x509.Certificate) error { return nil }); err == nil {
		t.Error("a server certificate without a host fits no address")
	}
}
