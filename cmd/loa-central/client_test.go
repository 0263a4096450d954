package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loa/controller/protocol"
)

// answering is a server that is not central: it answers as a test says.
func answering(t *testing.T, answer http.HandlerFunc) server {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	t.Setenv(tokenVariable, "loa_secret")
	return server{URL: s.URL, CA: write(t, filepath.Join(t.TempDir(), "ca.pem"), ca)}
}

// A token never leaves in the clear, nor for somebody else.
func TestOnlyHTTPS(t *testing.T) {
	t.Setenv(tokenVariable, "loa_secret")
	asked := false
	clear := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer clear.Close()
	for _, address := range []string{
		clear.URL, strings.ToUpper(clear.URL), "http://central:8443", "central:8443", "//central:8443", "https://", "", "ftp://central",
		"https://user:password@central:8443", "https://central:8443/api/v1", "https://central:8443/?x=1", "https://cen tral",
	} {
		s := server{URL: address}
		err := s.call(t.Context(), "GET", "/status", nil, nil)
		if err == nil || !strings.Contains(err.Error(), "is not an address like https://central:8443") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if asked {
		t.Error("a server was asked in the clear")
	}
	redirecting := answering(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, clear.URL, http.StatusTemporaryRedirect)
	})
	if err := redirecting.call(t.Context(), "GET", "/status", nil, nil); err == nil || !strings.Contains(err.Error(), "307") || asked {
		t.Errorf("redirected: %v, asked %v", err, asked)
	}
	for _, address := range []string{"https://central:8443", "https://central:8443/", "https://10.0.0.1"} {
		base, token, err := (&server{URL: address}).address()
		if err != nil || base != strings.TrimSuffix(address, "/") || token != "loa_secret" {
			t.Errorf("%s: %q %v", address, base, err)
		}
	}
}

func TestTheTokenComesFromTheEnvironment(t *testing.T) {
	var header string
	s := answering(t, func(_ http.ResponseWriter, r *http.Request) { header = r.Header.Get("Authorization") })
	t.Setenv(tokenVariable, "loa_secret\n") // as a file has it
	must(t, s.call(t.Context(), "GET", "/status", nil, nil))
	if header != "Bearer loa_secret" {
		t.Errorf("sent %q", header)
	}
	t.Setenv(tokenVariable, "")
	if err := s.call(t.Context(), "GET", "/status", nil, nil); err == nil || !strings.Contains(err.Error(), "LOA_TOKEN is not set") {
		t.Errorf("without: %v", err)
	}
	// Where everybody on the machine could read it, it is no flag.
	if code, _, errs := call(t, "", "keyset", "--server", s.URL, "--token", "loa_secret"); code != 2 || !strings.Contains(errs, "unknown flag --token") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestWhatAServerAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a problem with fields": {422, `{"title":"Unprocessable Entity","detail":"the alert has faults","errors":[{"location":"level","message":"9, from 1 to 5"},{"location":"areas[0]","message":"is not known"}]}`,
			"GET /x: 422 Unprocessable Entity: the alert has faults\n  level: 9, from 1 to 5\n  areas[0]: is not known"},
		"a problem without":   {401, `{"title":"Unauthorized","detail":"the token is missing or not valid"}`, "GET /x: 401 Unauthorized: the token is missing or not valid"},
		"a problem that lies": {403, `{"title":"x","detail":"\u001b[2Jall is well"}`, `\u001b[2Jall is well`},
		"no problem":          {502, `<html>Bad gateway`, "GET /x: 502 Bad Gateway"},
		"nothing":             {500, ``, "GET /x: 500 Internal Server Error"},
		"not JSON":            {200, `hello`, "read the server's answer: "},
		"too much":            {200, `"` + strings.Repeat("x", mostAnswer) + `"`, "read the server's answer: "},
	} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		var out any
		err := s.call(t.Context(), "GET", "/x", nil, &out)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "loa_secret") {
			t.Errorf("%s: the error has the token in it", name)
		}
	}
}

func TestAServerThatIsNotKnown(t *testing.T) {
	s := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	ca := s.CA
	s.CA = ""
	if err := s.call(t.Context(), "GET", "/x", nil, nil); err == nil || !strings.Contains(err.Error(), "name its authority with --ca or LOA_CA") {
		t.Errorf("got %v", err)
	}
	s.CA = write(t, ca+".txt", []byte("hello"))
	if err := s.call(t.Context(), "GET", "/x", nil, nil); err == nil || !strings.Contains(err.Error(), "it is not PEM") {
		t.Errorf("got %v", err)
	}
	s.CA = "/none.pem"
	if err := s.call(t.Context(), "GET", "/x", nil, nil); err == nil || !strings.Contains(err.Error(), "/none.pem") {
		t.Errorf("got %v", err)
	}
}

// A server that asks for a signature on something else than it was asked for
// gets none, not even from --yes.
func TestNothingElseIsSigned(t *testing.T) {
	path := keys(t, "captain")
	signing := signing{Key: []string{path("captain.key")}, Yes: true}
	e := draftOf(t, protocol.KindPlan, protocol.Live, map[string]any{"version": 1})
	signed := 0
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/signatures") {
			signed++
		}
		d := draft{Hash: e.Hash(), Envelope: e}
		_ = json.NewEncoder(w).Encode(map[string]any{"draft": d, "hash": d.Hash, "envelope": e})
	})
	request := requestFile(t)
	alert := alertCommand{server: s, signing: signing, Area: []string{"12"}, Hazard: "flood", Siren: "none", Message: []string{"vi=Lũ"}}
	drill := alert
	drill.Drill = true
	for name, command := range map[string]interface{ run() error }{
		"approve": ran(func() error { return (&approveCommand{s, signing, "x"}).Run(t.Context()) }),
		"alert":   ran(func() error { return alert.Run(t.Context()) }),
		"drill":   ran(func() error { return drill.Run(t.Context()) }),
		"cancel":  ran(func() error { return (&cancelCommand{s, signing, false, "x"}).Run(t.Context()) }),
		"stop":    ran(func() error { return (&stopCommand{s, signing, []string{"12"}}).Run(t.Context()) }),
		"keyset":  ran(func() error { return (&keySetCommand{s, signing}).Run(t.Context()) }),
		"enrol": ran(func() error {
			return (&enrolCommand{s, signing, "c-1", request, filepath.Join(t.TempDir(), "answer")}).Run(t.Context())
		}),
		"sign order": ran(func() error { return (&signOrderCommand{s, signing, strings.Repeat("0", 64)}).Run(t.Context()) }),
	} {
		if err := command.run(); err == nil || !strings.Contains(err.Error(), "nothing was signed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A drill where a live alert was asked for, and the other way round.
	for _, drilled := range []bool{true, false} {
		e = draftOf(t, protocol.KindAlert, modeOf(drilled), map[string]any{"version": 1})
		alert.Drill = !drilled
		if err := alert.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was signed") {
			t.Errorf("drill %v: %v", drilled, err)
		}
	}
	if signed > 0 {
		t.Errorf("%d signatures were sent", signed)
	}
	alert.Drill = false
	must(t, alert.Run(t.Context()))
	if signed != 1 {
		t.Errorf("%d signatures were sent of what was asked for", signed)
	}
}

type ran func() error

func (r ran) run() error { return r() }

func requestFile(t *testing.T) string {
	t.Helper()
	path := keys(t, "board")
	key, err := readKey(path("board.key"))
	must(t, err)
	public, err := protocol.Decode[protocol.Key](read(t, path("board.pub")))
	must(t, err)
	e, err := protocol.SealEnrolRequest(protocol.EnrolRequest{Version: protocol.Version, Board: public, Issued: aCancel().Issued}, key)
	must(t, err)
	return envelopeFile(t, e)
}

func TestEnrolAsksOnlyWithARequest(t *testing.T) {
	s := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	path := keys(t, "admin")
	signing := signing{Key: []string{path("admin.key")}, Yes: true}
	changed := write(t, filepath.Join(t.TempDir(), "changed"), []byte(strings.Replace(string(read(t, requestFile(t))), `"payload":"ey`, `"payload":"eX`, 1)))
	for name, file := range map[string]string{
		"a changed request": changed,
		"a root":            envelopeFile(t, draftOf(t, protocol.KindRoot, protocol.Live, map[string]any{})),
		"a text":            write(t, filepath.Join(t.TempDir(), "text"), []byte("hello")),
	} {
		err := (&enrolCommand{s, signing, "c-1", file, filepath.Join(t.TempDir(), "answer")}).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "read request "+file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStatusSaysWhatIsNext(t *testing.T) {
	for text, want := range map[string]string{
		`{"hash":"ab","state":"sealed","subject":"alert/live/x"}`:                                              "alert/live/x ab: sealed",
		`{"hash":"ab","state":"gathering","subject":"keyset","lacks":{"detail":"1 persons signed, 2 needed"}}`: "keyset ab: gathering (1 persons signed, 2 needed); whoever signs next runs: loa-central sign order ab",
	} {
		var st status
		must(t, json.Unmarshal([]byte(text), &st))
		if got := fmt.Sprint(st); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"--help"}, 0, "LOA_TOKEN", ""},
		{[]string{"alert", "--help"}, 0, "--message=LANG=TEXT", ""},
		{[]string{"--version"}, 0, "dev\n", ""},
		{nil, 2, "", "loa-central: expected one of"},
		{[]string{"areas"}, 2, "", "see loa-central --help"},
		{[]string{"verify", "--data", os.TempDir()}, 1, "", "is no data folder"},
		{[]string{"root", os.Args[0]}, 2, "", "missing flags: --server=URL"},
		{[]string{"root", "--server", "https://127.0.0.1:1", os.Args[0]}, 1, "", "read envelope"},
	} {
		code, out, errs := call(t, "", tt.args...)
		if code != tt.code || !strings.Contains(out, tt.stdout) || !strings.Contains(errs, tt.stderr) {
			t.Errorf("%v: exit %d, want %d\n%s%s", tt.args, code, tt.code, out, errs)
		}
	}
}
