package pi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loa/firmware"
	"loa/firmware/pi"
)

var _ firmware.Watchdog = (*pi.Watchdog)(nil)

// A real watchdog bites in the guests of scripts/board-vm.
func TestOpenWatchdogThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want string }{
		{filepath.Join(t.TempDir(), "none"), "no such file or directory: this machine has none, or its driver is not loaded"},
		{file, "it is no watchdog: inappropriate ioctl"},
		{"/dev/null", "it is no watchdog: inappropriate ioctl"},
		{t.TempDir(), "is a directory"},
	} {
		w, err := pi.OpenWatchdog(tt.path)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "open watchdog "+tt.path+": ") {
			t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
		}
		if w != nil {
			t.Errorf("%s: it is there all the same", tt.path)
		}
	}
}
