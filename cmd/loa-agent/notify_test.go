package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The real program, started as systemd starts a service.
func TestTheProgramSpeaksToTheServiceManager(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	defer manager.Close()
	// said waits for a message that holds a word, and returns what came before.
	said := func(word string) (before []string) {
		t.Helper()
		must(t, manager.SetReadDeadline(time.Now().Add(30*time.Second)))
		for buf := make([]byte, 4096); ; {
			n, err := manager.Read(buf)
			if err != nil {
				t.Fatalf("no %q: %v; it said %q", word, err, before)
			}
			if strings.Contains("\n"+string(buf[:n])+"\n", "\n"+word+"\n") {
				return before
			}
			before = append(before, string(buf[:n]))
		}
	}

	data, _ := enrolled(t)
	config, _ := aConfig(t, data, "{kind: sim}")
	cmd := exec.Command(program, "run", "--config", config)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=5000000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var log watched
	cmd.Stderr = &log
	must(t, cmd.Start())
	if before := said("READY=1"); len(before) != 1 || before[0] != "STATUS=starting: cluster "+cluster+", 1 outputs" {
		t.Errorf("before it is ready it says %q", before)
	}
	if before := said("WATCHDOG=1"); len(before) > 0 {
		t.Errorf("then %q", before)
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	said("STOPPING=1")
	must(t, cmd.Wait())
	log.await(t, `msg="the service's watchdog" error=<nil> waits=5s needs=11s`)
}
