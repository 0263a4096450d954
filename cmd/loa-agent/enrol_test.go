package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loa/central/broker"
	"loa/controller/protocol"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Mode().Perm()
}

func TestInit(t *testing.T) {
	data, out := filepath.Join(t.TempDir(), "a", "board"), filepath.Join(t.TempDir(), "request")
	c := &initCommand{Data: data, Out: out}
	must(t, c.Run())
	if m := mode(t, data); m != 0o700 {
		t.Errorf("the data folder is %v", m)
	}
	if m := mode(t, filepath.Join(data, keyFile)); m != 0o600 {
		t.Errorf("the key is %v", m)
	}
	key, err := readKey(data)
	must(t, err)
	request, err := os.ReadFile(out)
	must(t, err)
	opened, err := protocol.OpenEnrolRequest(request)
	if err != nil || opened.Board.ID != publicOf(key).ID {
		t.Errorf("the request is %+v, %v", opened, err)
	}
	if _, err := protocol.OpenEnrolRequest(bytes.Replace(request, []byte(`"payload":"ey`), []byte(`"payload":"eX`), 1)); err == nil {
		t.Error("a changed request was opened")
	}

	before, err := os.ReadFile(filepath.Join(data, keyFile))
	must(t, err)
	must(t, c.Run())
	after, err := os.ReadFile(filepath.Join(data, keyFile))
	if err != nil || !bytes.Equal(before, after) {
		t.Error("a second init made another key")
	}
}

// A key that cannot be read is somebody's to look at, never to be replaced.
func TestInitKeepsADamagedKey(t *testing.T) {
	data, _ := aBoard(t)
	path := write(t, filepath.Join(data, keyFile), []byte("not a key"))
	err := (&initCommand{Data: data, Out: filepath.Join(t.TempDir(), "request")}).Run()
	if err == nil || !strings.Contains(err.Error(), path+": it holds no private key in PEM") {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadFile(path); string(left) != "not a key" {
		t.Errorf("the file holds %q", left)
	}
}

func TestEnrolKeepsTheAnswerWhole(t *testing.T) {
	data, e := enrolled(t)
	want, err := protocol.Encode(e)
	must(t, err)
	path := filepath.Join(data, enrolmentFile)
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("kept %v:\n%.300s", err, got)
	}
	if m := mode(t, path); m != 0o600 {
		t.Errorf("the enrolment is %v", m)
	}
	if kept, key, err := readEnrolment(data); err != nil || kept.Cluster != cluster || key == nil {
		t.Errorf("read back %v, %v", kept.Cluster, err)
	}
	if left, _ := filepath.Glob(filepath.Join(data, ".new-*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestEnrolRefuses(t *testing.T) {
	data, key := aBoard(t)
	board := publicOf(key)
	good := anAnswer(t, board)
	other := anAnswer(t, publicOf(private("another board")))
	placed := func(change func(*protocol.Placement)) protocol.Envelope {
		p := aPlacement(board)
		change(&p)
		return sealed(t, protocol.KindPlacement, p, "admin1", "admin2")
	}
	rooted := func(change func(*protocol.Root), signers ...string) protocol.Envelope {
		r := aRoot()
		change(&r)
		return sealed(t, protocol.KindRoot, r, signers...)
	}
	flipped := good.KeySet
	flipped.Payload = bytes.Replace(flipped.Payload, []byte(`"03388"`), []byte(`"03390"`), 1)

	for name, tt := range map[string]struct {
		change func(*protocol.Enrolment)
		want   string
	}{
		"certificate of another board": {func(e *protocol.Enrolment) { e.Certificate = other.Certificate }, "its certificate is for another board's key"},
		"certificate not PEM":          {func(e *protocol.Enrolment) { e.Certificate = "hello" }, "its certificate is not PEM"},
		"certificate damaged":          {func(e *protocol.Enrolment) { e.Certificate = strings.Replace(e.Certificate, "MII", "MIX", 1) }, "its certificate is"},
		"authority not PEM":            {func(e *protocol.Enrolment) { e.Authority = "hello" }, "its authority is not PEM"},
		"authority of another central": {func(e *protocol.Enrolment) { e.Authority = other.Authority }, "its authority did not issue its certificate"},
		"no broker":                    {func(e *protocol.Enrolment) { e.Broker = "central" }, `its broker "central" is not host:port`},
		"audio in the clear":           {func(e *protocol.Enrolment) { e.Audio = "http://central:80" }, `its audio "http://central:80" is not https`},
		"another version":              {func(e *protocol.Enrolment) { e.Version = 99 }, "unknown-version"},
		"no cluster":                   {func(e *protocol.Enrolment) { e.Cluster = "" }, "cluster"},
		"cluster of no placement":      {func(e *protocol.Enrolment) { e.Cluster = "muong-te-04" }, "it is for cluster muong-te-04, its placement for muong-te-03"},

		"root by one owner": {func(e *protocol.Enrolment) { e.Root = rooted(func(*protocol.Root) {}, "owner1") }, "its root: refused (threshold)"},
		"root by strangers": {func(e *protocol.Enrolment) { e.Root = rooted(func(*protocol.Root) {}, "a", "b") }, "its root: refused (unknown-key)"},
		"root with a low threshold": {func(e *protocol.Enrolment) {
			e.Root = rooted(func(r *protocol.Root) { r.Threshold = 1 }, "owner1", "owner2")
		}, "its root: refused (invalid): "},
		"root unsigned":            {func(e *protocol.Enrolment) { e.Root.Signatures = nil }, "its root: refused"},
		"root missing":             {func(e *protocol.Enrolment) { e.Root = protocol.Envelope{} }, "its root: refused (unknown-type)"},
		"root that is a placement": {func(e *protocol.Enrolment) { e.Root = e.Placement }, "its root: refused (not-enrolled)"},
		"key set changed":          {func(e *protocol.Enrolment) { e.KeySet = flipped }, "its key set: refused (bad-signature)"},
		"key set by one":           {func(e *protocol.Enrolment) { e.KeySet = sealed(t, protocol.KindKeySet, aKeySet(), "admin1") }, "its key set: refused (threshold)"},
		"key set by owners":        {func(e *protocol.Enrolment) { e.KeySet = sealed(t, protocol.KindKeySet, aKeySet(), "owner1", "owner2") }, "its key set: refused (unknown-key)"},
		"key set that is a root":   {func(e *protocol.Enrolment) { e.KeySet = e.Root }, "its key set: "},
		"key set that is a placement": {func(e *protocol.Enrolment) { e.KeySet = e.Placement },
			"its key set: is a placement"},
		"placement of another board": {func(e *protocol.Enrolment) { e.Placement = other.Placement }, "its placement: refused (wrong-audience): board"},
		"placement elsewhere": {func(e *protocol.Enrolment) {
			e.Placement = placed(func(p *protocol.Placement) { p.Areas = []string{"01"} })
		}, "its placement: refused (not-authorised): areas"},
		"placement by the captain": {func(e *protocol.Enrolment) {
			e.Placement = sealed(t, protocol.KindPlacement, aPlacement(board), "captain")
		}, "its placement: refused"},
	} {
		e := good
		tt.change(&e)
		path := write(t, filepath.Join(t.TempDir(), "answer"), e)
		err := (&enrolCommand{Data: data, Answer: path}).Run()
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if _, err := os.Stat(filepath.Join(data, enrolmentFile)); err == nil {
			t.Fatalf("%s: it was kept", name)
		}
	}
	must(t, (&enrolCommand{Data: data, Answer: write(t, filepath.Join(t.TempDir(), "answer"), good)}).Run())
}

func TestEnrolRefusesWhatIsNoAnswer(t *testing.T) {
	data, key := aBoard(t)
	good, err := json.Marshal(anAnswer(t, publicOf(key)))
	must(t, err)
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"empty":          {nil, "malformed"},
		"a picture":      {[]byte("\x89PNG"), "malformed"},
		"cut off":        {good[:len(good)/2], "malformed"},
		"a name twice":   {bytes.Replace(good, []byte(`{`), []byte(`{"cluster":"x",`), 1), "malformed"},
		"another case":   {bytes.Replace(good, []byte(`"broker"`), []byte(`"Broker"`), 1), "only by case"},
		"a huge file":    {make([]byte, protocol.MaxMessage+1), "more than"},
		"two answers":    {append(good, good...), "malformed"},
		"not an answer":  {fmt.Appendf(nil, `{"version":%d}`, protocol.Version), "cluster"},
		"a request":      {[]byte(`{"payloadType":"x","payload":"","signatures":[]}`), "version"},
		"nothing at all": {[]byte(`null`), "version"},
	} {
		err := (&enrolCommand{Data: data, Answer: write(t, filepath.Join(t.TempDir(), "answer"), tt.file)}).Run()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	empty := t.TempDir()
	err = (&enrolCommand{Data: empty, Answer: write(t, filepath.Join(t.TempDir(), "answer"), good)}).Run()
	if err == nil || !strings.Contains(err.Error(), "run loa-agent init first") {
		t.Errorf("without a key: %v", err)
	}
}

// A board that is enrolled takes a new answer for the same cluster, and says so
// when its store could never follow.
func TestEnrolAgain(t *testing.T) {
	data, was := enrolled(t)
	key, err := readKey(data)
	must(t, err)
	board := publicOf(key)
	try := func(e protocol.Enrolment) error {
		return (&enrolCommand{Data: data, Answer: write(t, filepath.Join(t.TempDir(), "answer"), e)}).Run()
	}

	moved := anAnswer(t, board)
	p := aPlacement(board)
	p.Cluster = "muong-te-04"
	moved.Cluster, moved.Placement = p.Cluster, sealed(t, protocol.KindPlacement, p, "admin1", "admin2")
	if err := try(moved); err == nil || !strings.Contains(err.Error(), "it is for cluster muong-te-04, this board is muong-te-03; move everything but board.key") {
		t.Errorf("another cluster: %v", err)
	}

	r := aRoot()
	r.WideAlert = 3
	rebuilt := anAnswer(t, board)
	rebuilt.Root = sealed(t, protocol.KindRoot, r, "owner1", "owner2")
	if err := try(rebuilt); err == nil || !strings.Contains(err.Error(), "its root is not the one that this board trusts") {
		t.Errorf("another root: %v", err)
	}
	if kept, _, err := readEnrolment(data); err != nil || kept.Certificate != was.Certificate {
		t.Errorf("a refused answer took the place of the old one: %v", err)
	}

	r.Revision = 2
	next := anAnswer(t, board)
	next.Root = sealed(t, protocol.KindRoot, r, "owner1", "owner2")
	must(t, try(next))
	if kept, _, err := readEnrolment(data); err != nil || kept.Certificate != next.Certificate {
		t.Errorf("the new answer was not kept: %v", err)
	}

	write(t, filepath.Join(data, enrolmentFile), []byte("damaged"))
	must(t, try(next))
}

func TestClientTLSTrustsCentralAlone(t *testing.T) {
	key := private("board")
	e := anAnswer(t, publicOf(key))
	config, err := clientTLS(e, key)
	must(t, err)
	if config.RootCAs == nil || config.InsecureSkipVerify || len(config.Certificates) != 1 {
		t.Errorf("got %+v", config)
	}
	if !config.Certificates[0].PrivateKey.(ed25519.PrivateKey).Equal(key) {
		t.Error("it connects with another key")
	}
}

// A board connects whatever its clock says: to be told the time it must.
func TestClientTLSNeedsNoClock(t *testing.T) {
	key := private("board")
	authority, other := anAuthority(t), anAuthority(t)
	client, err := clientTLS(answerOf(t, authority, publicOf(key)), key)
	must(t, err)
	server := func(a *broker.Authority) *tls.Config {
		config, err := a.ServerTLS([]string{"central"}, func(string, *x509.Certificate) error { return nil })
		must(t, err)
		certificate, err := config.GetCertificate(nil) // now: in the bubble it is another time
		must(t, err)
		config.GetCertificate, config.Certificates = nil, []tls.Certificate{*certificate}
		config.Time = func() time.Time { return now }
		return config
	}
	for _, c := range []struct {
		name   string
		years  int // behind 2000, where the bubble's clock begins
		server *tls.Config
		refuse bool
	}{
		{"in 2000", 0, server(authority), false},
		{"in 2069", 69, server(authority), false},
		{"in 2150", 150, server(authority), false},
		{"another central", 26, server(other), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(time.Now().AddDate(c.years, 0, 0)))
				here, there := net.Pipe()
				defer here.Close()
				go func() {
					defer there.Close()
					tls.Server(there, c.server).HandshakeContext(t.Context())
				}()
				config := client.Clone()
				config.ServerName = "central"
				err := tls.Client(here, config).HandshakeContext(t.Context())
				if (err != nil) != c.refuse {
					t.Errorf("at %v: %v", time.Now(), err)
				}
			})
		})
	}
}
