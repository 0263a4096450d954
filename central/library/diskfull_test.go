package library_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"loa/central/library"
)

// The disk is a real one of a few pages, in a mount namespace of its own: the
// test runs itself again in there.
func TestDiskFull(t *testing.T) {
	if room := os.Getenv("LOA_DISK_ROOM"); room != "" {
		takeOnSmallDisk(t, room)
		return
	}
	mp3 := filepath.Join(t.TempDir(), "a.mp3")
	if err := os.WriteFile(mp3, sound(t, "mp3", "-i", speech(t), "-b:a", "32k"), 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(mp3)
	if err != nil {
		t.Fatal(err)
	}
	pages := (info.Size()+4095)/4096 + 1
	for name, room := range map[string]int64{
		"while the upload comes":         pages / 2,
		"while the station file is made": pages + 1,
		"not":                            1000,
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestDiskFull$", "-test.v")
			cmd.Env = append(os.Environ(), fmt.Sprintf("LOA_DISK_ROOM=%dk", 4*room), "LOA_DISK_UPLOAD="+mp3, "TMPDIR="+t.TempDir())
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
			if os.Geteuid() != 0 {
				cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
				cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			full := strings.Contains(string(out), "says: "+library.ErrDiskFull.Error())
			if full != (name != "not") || full == strings.Contains(string(out), "says: fine") {
				t.Errorf("disk full: %v\n%s", full, out)
			}
		})
	}
}

func takeOnSmallDisk(t *testing.T, room string) {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatalf("make mounts private: %v", err)
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+room); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	upload, err := os.ReadFile(os.Getenv("LOA_DISK_UPLOAD"))
	if err != nil {
		t.Fatal(err)
	}
	s := shelf(t, library.ShelfOptions{Dir: dir, Free: 1})
	_, err = s.Take(t.Context(), bytes.NewReader(upload), "a.mp3", false)
	if err == nil {
		fmt.Println("says: fine")
		return
	}
	if !errors.Is(err, library.ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	fmt.Println("says:", library.ErrDiskFull)
	t.Log(err)
	if left := kept(t, dir); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}
