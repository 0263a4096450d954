package image_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"loa/firmware/pi"
)

// packaged makes the package.
func packaged(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds the agent for arm64")
	}
	cmd := exec.Command("../../scripts/package", t.TempDir())
	cmd.Env = append(os.Environ(), "LOA_VERSION=1.2.3", "SOURCE_DATE_EPOCH=1700000000")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("scripts/package: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func output(t *testing.T, command ...string) string {
	t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v: %s", command, err, out)
	}
	return string(out)
}

func TestPackage(t *testing.T) {
	deb := packaged(t)
	data, err := os.ReadFile(deb)
	if err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(packaged(t))
	if err != nil || sha256.Sum256(data) != sha256.Sum256(again) {
		t.Errorf("made twice it is not the same: %v", err)
	}

	control := output(t, "dpkg-deb", "--field", deb)
	for _, want := range []string{
		"Package: loa-agent\n", "Version: 1.2.3\n", "Architecture: arm64\n", "libasound2 | libasound2t64", "alsa-utils", "Maintainer: ", "Description: ",
	} {
		if !strings.Contains(control, want) {
			t.Errorf("control has no %q:\n%s", want, control)
		}
	}

	tree := filepath.Join(t.TempDir(), "tree")
	output(t, "dpkg-deb", "--raw-extract", deb, tree)
	var files []string
	for line := range strings.Lines(output(t, "dpkg-deb", "--contents", deb)) {
		f := strings.Fields(line)
		mode, owner, day, path := f[0], f[1], f[3], f[5]
		if owner != "root/root" || day != "2023-11-14" {
			t.Errorf("%s is of %s, from %s", path, owner, day)
		}
		want := "-rw-r--r--"
		switch {
		case strings.HasSuffix(path, "/"):
			want = "drwxr-xr-x"
		case strings.HasPrefix(path, "./usr/bin/"):
			want = "-rwxr-xr-x"
		}
		if mode != want {
			t.Errorf("%s is %s, want %s", path, mode, want)
		}
		if !strings.HasSuffix(path, "/") {
			files = append(files, strings.TrimPrefix(path, "./"))
		}
	}
	for _, want := range []string{
		"usr/bin/loa-agent", "usr/lib/systemd/system/loa-agent.service", "usr/lib/systemd/system/loa-firstboot.service",
		"usr/lib/systemd/system/loa-firstboot.path", "usr/lib/sysusers.d/loa.conf", "usr/lib/udev/rules.d/60-loa.rules",
		"usr/share/doc/loa-agent/README.md",
	} {
		if !slices.Contains(files, want) {
			t.Errorf("no %s among %q", want, files)
		}
	}

	// dpkg asks before it replaces what is below /etc, and nothing else.
	conffiles, _ := os.ReadFile(filepath.Join(tree, "DEBIAN/conffiles"))
	sums, _ := os.ReadFile(filepath.Join(tree, "DEBIAN/md5sums"))
	for _, f := range files {
		if strings.HasPrefix(f, "etc/") != bytes.Contains(conffiles, []byte("/"+f+"\n")) {
			t.Errorf("%s is a conffile, or should be one: %s", f, conffiles)
		}
		if !bytes.Contains(sums, []byte("  "+f+"\n")) {
			t.Errorf("%s has no checksum", f)
		}
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		path := filepath.Join(tree, "DEBIAN", script)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v, %v", script, info.Mode(), err)
		}
		if text, _ := os.ReadFile(path); !bytes.HasPrefix(text, []byte("#!/bin/sh\nset -e\n")) {
			t.Errorf("%s goes on after an error", script)
		}
		output(t, "sh", "-n", path)
		if _, err := exec.LookPath("shellcheck"); err == nil {
			output(t, "shellcheck", path)
		}
	}

	program := filepath.Join(tree, "usr/bin/loa-agent")
	head, err := os.ReadFile(program)
	if err != nil || !bytes.HasPrefix(head, []byte("\x7fELF\x02\x01")) || head[18] != 0xb7 {
		t.Errorf("%s is no program for arm64: %v", program, err)
	}
	if root, _ := filepath.Abs("../.."); bytes.Contains(head, []byte(root)) {
		t.Errorf("the program names %s, where it was built", root)
	}
}

// What the units call has to be there, as the package puts it.
func TestUnits(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	agent, first := read("loa-agent.service"), read("loa-firstboot.service")
	const open = "/usr/bin/loa-agent open-relays --config /etc/loa/board.yaml\n"
	for _, want := range []string{
		"Type=notify\n", "WatchdogSec=11\n", "Restart=always\n", "StartLimitIntervalSec=0\n", "ExecStartPre=" + open, "ExecStopPost=" + open,
		"User=loa\n", "SupplementaryGroups=gpio audio i2c\n", "NoNewPrivileges=yes\n", "ProtectSystem=strict\n", "CapabilityBoundingSet=\n",
	} {
		if !strings.Contains(agent, want) {
			t.Errorf("loa-agent.service has no %q", want)
		}
	}
	if !strings.Contains(first, "Before=loa-agent.service\n") {
		t.Error("the agent may start before the files of the boot partition are taken")
	}

	program := filepath.Join(t.TempDir(), "loa-agent")
	output(t, "go", "build", "-o", program, "../../cmd/loa-agent")
	help := output(t, program, "--help")
	for _, m := range regexp.MustCompile(`/usr/bin/loa-agent ([a-z-]+)`).FindAllStringSubmatch(agent+first, -1) {
		if !strings.Contains(help, "\n  "+m[1]+" ") {
			t.Errorf("the agent has no command %s:\n%s", m[1], help)
		}
	}
	usage := output(t, program, "first-boot", "--help")
	for _, m := range regexp.MustCompile(` (--[a-z-]+)`).FindAllStringSubmatch(first, -1) {
		if m[1] != "--no-block" && !strings.Contains(usage, m[1]+"=") {
			t.Errorf("first-boot has no %s:\n%s", m[1], usage)
		}
	}
}

// Every known board has an ALSA configuration, for a card that it can have.
func TestSoundCards(t *testing.T) {
	for _, p := range pi.Profiles() {
		if p.Name == pi.Generic {
			continue
		}
		data, err := os.ReadFile(filepath.Join("asound", p.Name+".conf"))
		if err != nil {
			t.Error(err)
			continue
		}
		m := regexp.MustCompile(`"hw:CARD=([^,]+),DEV=0"`).FindSubmatch(data)
		if m == nil {
			t.Errorf("%s: no card is named", p.Name)
			continue
		}
		if _, known := p.Card(string(m[1])); !known || !bytes.Contains(data, []byte("card \""+string(m[1])+"\"")) {
			t.Errorf("%s: card %s", p.Name, m[1])
		}
	}
}

// What the table of traps names as proof is there.
func TestReadmeNamesWhatExists(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests, lines bytes.Buffer
	err = filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "build", "data", "node_modules"}, d.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			data, err := os.ReadFile(path)
			tests.Write(data)
			return err
		case strings.Contains(path, "/cmd/loa-check/") || strings.Contains(path, "/scripts/board-"):
			data, err := os.ReadFile(path)
			lines.Write(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "## The table of traps")
	found := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[3], "-") || strings.TrimSpace(cells[3]) == "Proof" {
			continue
		}
		proof := cells[3]
		names := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(proof, -1)
		for _, m := range names {
			if !strings.Contains(tests.String(), "\nfunc "+m[1]+"(t *testing.T)") {
				t.Errorf("there is no %s", m[1])
			}
		}
		said := regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(proof, -1)
		for _, m := range said {
			if !strings.Contains(lines.String(), m[1]) {
				t.Errorf("no guest says %q", m[1])
			}
		}
		if len(names)+len(said) == 0 {
			t.Errorf("no proof: %s", row)
		}
		found++
	}
	if found < 30 {
		t.Errorf("only %d traps", found)
	}
}
