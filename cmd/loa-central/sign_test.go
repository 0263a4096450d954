package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"loa/controller/protocol"
)

func aCancel() protocol.Cancel {
	return protocol.Cancel{Version: protocol.Version, Alert: "7f3c", Audience: []string{"12"}, Issued: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
}

func envelopeFile(t *testing.T, e protocol.Envelope) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "order.json")
	must(t, writeEnvelope(path, e))
	return path
}

// What is shown is what is signed, and only 'yes' signs.
func TestSignFileShowsTheBytesAndAsks(t *testing.T) {
	path := keys(t, "captain")
	e := draftOf(t, protocol.KindCancel, protocol.Drill, aCancel())
	for answer, signs := range map[string]bool{
		"yes\n": true, " yes \r\n": true, "yes": true,
		"no\n": false, "\n": false, "": false, "y\n": false, "YES\n": false, "yes please\n": false, "no\nyes\n": false,
	} {
		file := envelopeFile(t, e)
		before := read(t, file)
		code, out, errs := call(t, answer, "sign", "file", "--key", path("captain.key"), file)
		if !strings.HasPrefix(out, "DRILL cancel, order "+e.Hash()+"\n{\n") || !strings.Contains(out, "Sign this? Type yes: ") {
			t.Errorf("%q: shown was %s", answer, out)
		}
		shown, _, _ := strings.Cut(strings.TrimPrefix(out, "DRILL cancel, order "+e.Hash()+"\n"), "Sign this?")
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(shown)); err != nil || !bytes.Equal(compact.Bytes(), e.Payload) {
			t.Errorf("%q: shown was %s, signed is %s", answer, compact.String(), e.Payload)
		}
		after, err := readEnvelope(file)
		must(t, err)
		if signs {
			if code != 0 || len(after.Signatures) != 1 {
				t.Errorf("%q: exit %d, %d signatures: %s", answer, code, len(after.Signatures), errs)
			}
			continue
		}
		if code != 1 || !strings.Contains(errs, "loa-central: nothing was signed") || !bytes.Equal(before, read(t, file)) {
			t.Errorf("%q: exit %d, %d signatures: %s", answer, code, len(after.Signatures), errs)
		}
	}
}

// Ctrl-C at the question is a no.
func TestSignFileInterrupted(t *testing.T) {
	path := keys(t, "captain")
	file := envelopeFile(t, draftOf(t, protocol.KindCancel, protocol.Live, aCancel()))
	cmd := exec.Command(program, "sign", "file", "--key", path("captain.key"), file)
	open, err := cmd.StdinPipe()
	must(t, err)
	defer open.Close()
	var out watched
	cmd.Stdout = &out
	must(t, cmd.Start())
	limit := time.After(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); !strings.Contains(out.String(), "Type yes"); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("it did not ask")
		}
	}
	must(t, cmd.Process.Signal(syscall.SIGINT))
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
	if e, err := readEnvelope(file); err != nil || len(e.Signatures) != 0 {
		t.Errorf("signed: %v", err)
	}
}

func TestSignFileRefuses(t *testing.T) {
	path := keys(t, "captain")
	garbage := write(t, filepath.Join(t.TempDir(), "garbage"), []byte("hello"))
	good := envelopeFile(t, draftOf(t, protocol.KindCancel, protocol.Live, aCancel()))
	odd := draftOf(t, protocol.KindCancel, protocol.Live, aCancel())
	odd.Payload = []byte("not JSON")
	for name, tt := range map[string]struct{ key, file, want string }{
		"no envelope":    {path("captain.key"), garbage, "read envelope " + garbage},
		"no key":         {garbage, good, "read key " + garbage + ": it holds no private key in PEM"},
		"the public key": {path("captain.pub"), good, "it holds no private key in PEM"},
		"not a document": {path("captain.key"), envelopeFile(t, odd), "show what is signed"},
	} {
		before := read(t, tt.file)
		c := &signFileCommand{signing: signing{Key: []string{tt.key}, Yes: true}, File: tt.file}
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if !bytes.Equal(before, read(t, tt.file)) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// Nothing in a document reaches the terminal but as text.
func TestShowHidesNothing(t *testing.T) {
	for text, want := range map[string]string{
		"Lũ trên sông Đà, 5 giờ": "Lũ trên sông Đà, 5 giờ",
		"\x1b[2Jclean":           `\u001b[2Jclean`,
		"a\u202eb":               `a\u202eb`,
		"\u200b":                 `\u200b`,
		"\u0085\u007f":           `\u0085\u007f`,
		"ꪼꪕꪒ":                    "ꪼꪕꪒ", // Tai Dam
		"two\nlines":             "two\nlines",
	} {
		if got := visible(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	e := draftOf(t, protocol.KindCancel, protocol.Live, aCancel())
	e.Payload = []byte("{\"alert\":\"a\u202e\u009b\"}")
	var out bytes.Buffer
	must(t, show(&out, e))
	if !strings.Contains(out.String(), `"a\u202e\u009b"`) {
		t.Errorf("shown was %s", out.String())
	}
}
