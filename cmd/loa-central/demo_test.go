package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demoing starts the program with a demo, and gives what it says to a person.
func demoing(t *testing.T, data string) (cmd *exec.Cmd, said *bufio.Scanner, log *watched) {
	t.Helper()
	const free = "127.0.0.1:0"
	cmd = exec.Command(program, "serve", "--data", data, "--demo", "--plain", free, "--api", free, "--broker", free, "--audio", free)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log = &watched{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, bufio.NewScanner(out), log
}

// A set-up that is killed goes on, whatever it was at.
func TestADemoThatIsKilledGoesOn(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for lines := range 4 {
		cmd, said, log := demoing(t, data)
		for range lines {
			if !said.Scan() {
				t.Fatalf("it ended: %s", log)
			}
		}
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
	cmd, said, log := demoing(t, data)
	go func() {
		for said.Scan() { // nobody waits for the rest
		}
	}()
	limit := time.After(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); !strings.Contains(log.String(), "msg=ready"); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it is not ready: %s", log)
		}
	}
	link := strings.TrimSpace(string(read(t, filepath.Join(data, "demo", "link"))))
	if !strings.HasPrefix(link, "http://127.0.0.1:") || !strings.Contains(link, "/welcome#") {
		t.Errorf("the link is %q", link)
	}
	if strings.Contains(log.String(), "/welcome#") || !strings.Contains(log.String(), "file="+filepath.Join(data, "demo", "link")) {
		t.Errorf("the log is to name the link's file, and not the link: %s", log)
	}
	for _, name := range []string{"owner-a", "owner-b", "owner-c", "administrator-a", "administrator-b", "broadcaster"} {
		if _, err := readKey(filepath.Join(data, "demo", name+".key")); err != nil {
			t.Error(err)
		}
	}
	// A person may ask to end in the middle of speaking, too.
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		t.Errorf("asked to end: %v: %s", err, log)
	}
	must(t, (&verifyCommand{Data: data}).Run(t.Context()))
	if code, _, errs := call(t, "", "serve", "--data", data); code != 1 || !strings.Contains(errs, "is the folder of a demo") {
		t.Errorf("without --demo: exit %d, %s", code, errs)
	}
}

func TestNoDemoInAProvince(t *testing.T) {
	data := served(t)
	code, out, errs := call(t, "", "serve", "--data", data, "--demo")
	if code != 1 || out != "" || errs != "loa-central: "+data+" holds the data of a server that is no demo; give another folder\n" {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(data, "demo")); err == nil {
		t.Error("it is marked as a demo")
	}
}
