package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// post sends JSON to a link's server, as the page that the link leads to does.
func post(t *testing.T, data, link, path string, in map[string]any) (status int, answer string) {
	t.Helper()
	base, _, ok := strings.Cut(link, "/welcome#")
	if !ok {
		t.Fatalf("link %q", link)
	}
	body, err := json.Marshal(in)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(t, filepath.Join(data, "authority.pem")))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}, Timeout: time.Minute}
	resp, err := client.Post(base+"/api/v1"+path, "application/json", bytes.NewReader(body))
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(text)
}

const goodPassword = "trời xanh ngắt 12"

func TestInvite(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	address, _ := serving(t, data)
	must(t, (&areasCommand{Data: data, File: areasFile(t, goodAreas)}).Run(t.Context()))
	for name, tt := range map[string]struct {
		c    inviteCommand
		want string
	}{
		"a new person without a name": {inviteCommand{Person: "lo-van-an"}, "lo-van-an is not known yet; give --name too"},
		"an unknown area":             {inviteCommand{Person: "lo-van-an", Name: "A", Administrator: "99"}, `area "99" is not known`},
		"an id that is none":          {inviteCommand{Person: "Lò Văn An", Name: "A"}, "id"},
		"a folder of no server":       {inviteCommand{Data: t.TempDir(), Person: "lo-van-an", Name: "A"}, "is no data folder"},
	} {
		if tt.c.Data == "" {
			tt.c.Data = data
		}
		if err := tt.c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	code, first, errs := call(t, "", "invite", "--data", data, "--person", "lo-van-an", "--name", "Lò Văn An", "--administrator", "12")
	if code != 0 || errs != "" || !regexp.MustCompile(`^`+regexp.QuoteMeta(address)+`/welcome#inv_[0-9a-f]{16}_[0-9a-f]{64}\n$`).MatchString(first) {
		t.Fatalf("exit %d: %q %s", code, first, errs)
	}
	// Known now: no name is needed, and the first link ends.
	code, second, _ := call(t, "", "invite", "--data", data, "--person", "lo-van-an")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, second)
	}
	token := func(link string) string { return strings.TrimSpace(link[strings.Index(link, "#")+1:]) }
	if status, answer := post(t, data, first, "/invitations/look", map[string]any{"token": token(first)}); status != 410 {
		t.Errorf("the first link: %d %s", status, answer)
	}
	accept := map[string]any{"token": token(second), "password": goodPassword}
	if status, answer := post(t, data, second, "/invitations/accept", accept); status != 200 || !strings.Contains(answer, "lo-van-an") {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := post(t, data, second, "/invitations/accept", accept); status != 410 {
		t.Errorf("again: %d %s", status, answer)
	}
	status, answer := post(t, data, second, "/session", map[string]any{"person": "lo-van-an", "password": goodPassword})
	if status != 200 || !strings.Contains(answer, `"manage-people":["12"]`) {
		t.Errorf("%d %s", status, answer)
	}
}

// started runs serve as a process, and gives what it has printed once it is ready.
func started(t *testing.T, data string, args ...string) (printed, logged string, stop func()) {
	t.Helper()
	cmd := exec.Command(program, append([]string{"serve", "--data", data, "--api", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--audio", "127.0.0.1:0"}, args...)...)
	var out, errs watched
	cmd.Stdout, cmd.Stderr = &out, &errs
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	limit := time.After(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); !strings.Contains(errs.String(), "msg=ready"); {
		select {
		case <-tick.C:
		case err := <-ended:
			t.Fatalf("the server ended with %v: %s", err, errs.String())
		case <-limit:
			t.Fatalf("the server is not ready: %s", errs.String())
		}
	}
	stop = func() {
		must(t, cmd.Process.Signal(syscall.SIGTERM))
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v: %s", err, errs.String())
		}
	}
	return out.String(), errs.String(), stop
}

var linkLine = regexp.MustCompile(`(?m)^(https?://\S+/welcome#(inv_\S+))$`)

// keptLink is the link in the file that the log names, which only the server's
// owner may read. The link itself is neither printed nor logged.
func keptLink(t *testing.T, data, printed, logged string) (link []string) {
	t.Helper()
	file := filepath.Join(data, "link")
	if !strings.Contains(logged, "file="+file) || strings.Contains(printed+logged, "inv_") {
		t.Errorf("printed %q, logged %q", printed, logged)
	}
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the link's file is %v", info.Mode())
	}
	if link = linkLine.FindStringSubmatch(string(read(t, file))); link == nil {
		t.Fatalf("the link's file holds %q", read(t, file))
	}
	return link
}

// The first start makes a link, and each further one another, until somebody
// followed one.
func TestTheFirstStartInvites(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	printed, logged, stop := started(t, data)
	old := keptLink(t, data, printed, logged)
	stop()

	printed, logged, stop = started(t, data, "--plain", "127.0.0.1:0")
	link := keptLink(t, data, printed, logged)
	if link[2] == old[2] || !strings.HasPrefix(link[1], "http://127.0.0.1:") {
		t.Fatalf("%q after %q", link, old)
	}
	if status, answer := post(t, data, link[1], "/invitations/look", map[string]any{"token": old[2]}); status != 410 {
		t.Errorf("the old link: %d %s", status, answer)
	}
	// A link leads to a page; to fetch it uses nothing up.
	for range 2 {
		resp, err := http.Get(link[1])
		must(t, err)
		must(t, resp.Body.Close())
	}
	status, answer := post(t, data, link[1], "/invitations/look", map[string]any{"token": link[2]})
	if status != 200 || !strings.Contains(answer, `"first":true`) || !strings.Contains(answer, `"code":"12"`) || !strings.Contains(answer, "Lai Châu") {
		t.Errorf("%d %s", status, answer)
	}
	status, answer = post(t, data, link[1], "/invitations/accept", map[string]any{
		"token": link[2], "password": goodPassword, "person": map[string]any{"id": "pham-thu-ha", "name": "Phạm Thu Hà"}, "province": "12",
	})
	if status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	stop()
	if now := read(t, filepath.Join(data, "central.db")); bytes.Contains(now, []byte(link[2][21:])) || bytes.Contains(now, []byte("xanh")) {
		t.Error("the link or the password is in the database")
	}

	printed, logged, stop = started(t, data)
	defer stop()
	if _, err := os.Stat(filepath.Join(data, "link")); !errors.Is(err, fs.ErrNotExist) || strings.Contains(printed+logged, "link") {
		t.Errorf("a start when somebody is there: %v; printed %q, logged %q", err, printed, logged)
	}
	must(t, (&verifyCommand{Data: data}).Run(t.Context()))
}

// A person at a terminal reads the link there, and no file is left of an earlier
// start.
func TestTheFirstStartAtATerminal(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	printed, logged, stop := started(t, data)
	old := keptLink(t, data, printed, logged)
	stop()

	ours, theirs := terminalPair(t)
	cmd := exec.Command(program, "serve", "--data", data, "--api", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--audio", "127.0.0.1:0")
	cmd.Stdout = theirs
	must(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	must(t, theirs.Close())
	// A program that has ended closes the terminal.
	defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
	var link []string
	for lines := bufio.NewScanner(ours); link == nil && lines.Scan(); {
		link = linkLine.FindStringSubmatch(strings.TrimSpace(lines.Text()))
	}
	if link == nil || link[2] == old[2] {
		t.Errorf("the terminal shows %q after %q", link, old)
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	must(t, cmd.Wait())
	if _, err := os.Stat(filepath.Join(data, "link")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the earlier link's file: %v", err)
	}
}

// terminalPair is a terminal: what a program writes to theirs is read from ours.
func terminalPair(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { _ = ours.Close() })
	must(t, unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	must(t, err)
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	return ours, theirs
}

// Each port that is another program's is named, with what it is for and what
// gives another.
func TestServeNamesThePort(t *testing.T) {
	held, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer held.Close()
	port := held.Addr().String()
	for flag, what := range map[string]string{"api": "serve the API", "broker": "listen for boards", "audio": "serve audio", "plain": "serve people on this machine"} {
		args := []string{"serve", "--data", t.TempDir()}
		for _, f := range []string{"api", "broker", "audio"} {
			if f != flag {
				args = append(args, "--"+f, "127.0.0.1:0")
			}
		}
		code, out, errs := call(t, "", append(args, "--"+flag, port)...)
		if code != 1 || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "loa-central: "+what) ||
			!strings.Contains(errs, port) || !strings.Contains(errs, "another program has that port; end it, or give another with --"+flag) {
			t.Errorf("%s: exit %d: %s%s", flag, code, out, errs)
		}
	}
	code, _, errs := call(t, "", "serve", "--data", t.TempDir(), "--api", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--audio", "127.0.0.1:0", "--plain", "0.0.0.0:0")
	if code != 1 || !strings.Contains(errs, "0.0.0.0:0 is not loopback") || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit %d: %s", code, errs)
	}
}
