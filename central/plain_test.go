package central_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loa/central"
	"loa/central/registry"
)

// Without TLS there is nobody but this machine.
func TestPlainIsLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0", "169.254.169.254:80", "nowhere", "127.0.0.1:http:x"} {
		o := optionsOf(t)
		o.Plain = addr
		c, err := central.New(o)
		if err == nil {
			c.Close()
			t.Errorf("%s was served", addr)
		} else if !strings.Contains(err.Error(), "serve people on this machine") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// running serves until the test ends.
func running(t *testing.T, o central.Options) *central.Central {
	t.Helper()
	c, err := central.New(o)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestPlainBesideTLS(t *testing.T) {
	o := optionsOf(t)
	o.Plain = "127.0.0.1:0"
	c := running(t, o)
	at := c.Addresses()
	var kept central.Addresses
	data, err := os.ReadFile(filepath.Join(o.Data, "addresses.json"))
	must(t, err)
	must(t, json.Unmarshal(data, &kept))
	if kept != at || !strings.HasPrefix(at.Plain, "http://127.0.0.1:") || !strings.HasPrefix(at.API, "https://") {
		t.Fatalf("%+v, kept %+v", at, kept)
	}
	if link := at.Link("inv_x"); link != at.Plain+"/welcome#inv_x" {
		t.Errorf("link %s", link)
	}

	must(t, c.Registry().AddPerson(t.Context(), "test", registry.Person{ID: "lan", Name: "Lan"}))
	text, _, err := c.Registry().Invite(t.Context(), "test", []string{"lan"}, time.Hour)
	must(t, err)
	jar, err := cookiejar.New(nil)
	must(t, err)
	authority, err := os.ReadFile(filepath.Join(o.Data, "authority.pem"))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	ask := func(base, method, path, body string, host string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		must(t, err)
		req.Host = host
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		must(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp, string(text)
	}
	r, said := ask(at.Plain, "POST", "/api/v1/invitations/accept", `{"token":"`+text+`","password":"trời xanh ngắt 12"}`, "")
	if r.StatusCode != 200 || len(r.Cookies()) != 1 || r.Cookies()[0].Secure || !strings.HasPrefix(r.Cookies()[0].Name, "loa-") {
		t.Fatalf("%d %s %v", r.StatusCode, said, r.Cookies())
	}
	if r, said := ask(at.Plain, "GET", "/api/v1/me", "", ""); r.StatusCode != 200 {
		t.Errorf("%d %s", r.StatusCode, said)
	}
	// What is known without TLS is not with it.
	if r, said := ask(at.API, "GET", "/api/v1/me", "", ""); r.StatusCode != 401 {
		t.Errorf("%d %s", r.StatusCode, said)
	}
	r, said = ask(at.API, "POST", "/api/v1/session", `{"person":"lan","password":"trời xanh ngắt 12"}`, "")
	if r.StatusCode != 200 || r.ProtoMajor != 2 || len(r.Cookies()) != 1 || !r.Cookies()[0].Secure || !strings.HasPrefix(r.Cookies()[0].Name, "__Host-loa-") {
		t.Fatalf("%s %d %s %v", r.Proto, r.StatusCode, said, r.Cookies())
	}
	if r, said := ask(at.API, "GET", "/api/v1/me", "", ""); r.StatusCode != 200 {
		t.Errorf("%d %s", r.StatusCode, said)
	}

	// A page elsewhere whose name was made to lead here gets nothing.
	_, port, err := net.SplitHostPort(strings.TrimPrefix(at.Plain, "http://"))
	must(t, err)
	for host, want := range map[string]int{
		"evil.example:" + port: 421, "evil.example": 421, "127.0.0.1.evil.example:" + port: 421, "192.0.2.1:" + port: 421, "0.0.0.0:" + port: 421,
		"localhost:" + port: 200, "LOCALHOST": 200, "127.0.0.1:" + port: 200, "127.1.2.3:" + port: 200, "[::1]:" + port: 200,
	} {
		if r, said := ask(at.Plain, "GET", "/healthz", "", host); r.StatusCode != want {
			t.Errorf("%s: %d %s", host, r.StatusCode, said)
		}
	}
}

// A link is for who follows it: on this machine, or elsewhere.
func TestLinks(t *testing.T) {
	for _, c := range []struct{ api, plain, want string }{
		{"https://127.0.0.1:8443", "", "https://127.0.0.1:8443/welcome#x"},
		{"https://127.0.0.1:8443", "http://127.0.0.1:8080", "http://127.0.0.1:8080/welcome#x"},
		{"https://localhost:8443", "http://127.0.0.1:8080", "http://127.0.0.1:8080/welcome#x"},
		{"https://loa.example.vn", "http://127.0.0.1:8080", "https://loa.example.vn/welcome#x"},
		{"https://192.0.2.1:8443", "http://127.0.0.1:8080", "https://192.0.2.1:8443/welcome#x"},
	} {
		if got := (central.Addresses{API: c.api, Plain: c.plain}).Link("x"); got != c.want {
			t.Errorf("%s and %q: %s", c.api, c.plain, got)
		}
	}
}
