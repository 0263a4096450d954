package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/controller/protocol"
)

// pole is a board that a technician serves by its card.
type pole struct {
	t *testing.T
	firstBootCommand
}

func newPole(t *testing.T) pole {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "boot"), 0o755))
	return pole{t, firstBootCommand{
		From: filepath.Join(dir, "boot", "loa"), Data: filepath.Join(dir, "data"),
		Config: filepath.Join(dir, "board.yaml"), Taken: filepath.Join(dir, "taken"),
	}}
}

func (p pole) put(name string, data []byte) { write(p.t, filepath.Join(p.From, name), data) }

// there lists the files on the boot partition.
func (p pole) there() []string {
	p.t.Helper()
	entries, err := os.ReadDir(p.From)
	must(p.t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (p pole) wants(names ...string) {
	p.t.Helper()
	if got := p.there(); !slices.Equal(got, names) {
		p.t.Errorf("on the boot partition: %q, want %q", got, names)
	}
}

// took tells whether the last Run took something.
func (p pole) took() bool {
	err := os.Remove(p.Taken)
	return err == nil
}

func (p pole) config() []byte {
	return fmt.Appendf(nil, `
data: %q
clock: central
outputs:
  - name: main
    relays: [{name: amplifier, kind: sim}]
    speaker: {kind: sim}
    warmUp: 0s
    tail: 0s
    longestOn: 1h
`, p.Data)
}

func (p pole) answer() []byte {
	p.t.Helper()
	key, err := readKey(p.Data)
	must(p.t, err)
	data, err := protocol.Encode(anAnswer(p.t, publicOf(key)))
	must(p.t, err)
	return data
}

func TestFirstBoot(t *testing.T) {
	p := newPole(t)
	must(t, p.Run())
	p.wants("request.json")
	request, err := os.ReadFile(filepath.Join(p.From, "request.json"))
	must(t, err)
	opened, err := protocol.OpenEnrolRequest(request)
	must(t, err)
	key, err := readKey(p.Data)
	must(t, err)
	if opened.Board.ID != publicOf(key).ID || p.took() {
		t.Error("it is another board's request, or something was taken")
	}

	must(t, p.Run())
	if again, _ := os.ReadFile(filepath.Join(p.From, "request.json")); string(again) != string(request) {
		t.Error("the request that somebody may be carrying was written anew")
	}

	p.put("board.yaml", p.config())
	p.put("answer.json", p.answer())
	must(t, p.Run())
	p.wants("answer.taken.json", "board.taken.yaml", "request.json")
	if !p.took() {
		t.Error("nothing was taken")
	}
	if got, _ := os.ReadFile(p.Config); string(got) != string(p.config()) {
		t.Errorf("the config: %s", got)
	}
	if _, _, err := readEnrolment(p.Data); err != nil {
		t.Error(err)
	}
	must(t, p.Run())
	if p.took() {
		t.Error("the same was taken twice")
	}
}

// A request that got lost is written again, by the same key.
func TestFirstBootWithoutItsRequest(t *testing.T) {
	p := newPole(t)
	must(t, p.Run())
	key, err := readKey(p.Data)
	must(t, err)
	must(t, os.Remove(filepath.Join(p.From, "request.json")))
	must(t, p.Run())
	p.wants("request.json")
	if again, _ := readKey(p.Data); !again.Equal(key) {
		t.Error("the board has another key")
	}
}

func TestFirstBootRefuses(t *testing.T) {
	p := newPole(t)
	must(t, p.Run())
	p.put("board.yaml", p.config())
	p.put("answer.json", p.answer())
	must(t, p.Run())
	enrolment, err := os.ReadFile(filepath.Join(p.Data, enrolmentFile))
	must(t, err)
	_ = p.took()
	another, err := protocol.Encode(anAnswer(t, publicOf(private("another board"))))
	must(t, err)
	for _, tt := range []struct {
		name, want string
		data       []byte
	}{
		{"answer.json", "its certificate is for another board's key", another},
		{"answer.json", "read answer", []byte("{}{")},
		{"answer.json", "read answer", nil},
		{"board.yaml", "outputs: at least one is required", []byte("clock: rtc\n")},
		{"board.yaml", "data: is \"/elsewhere\", must be " + p.Data, []byte(strings.Replace(string(p.config()), p.Data, "/elsewhere", 1))},
		{"board.yaml", "has more than 262144 bytes", make([]byte, 256<<10+1)},
	} {
		p.put(tt.name, tt.data)
		if err := p.Run(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		stem, ending, _ := strings.Cut(tt.name, ".")
		said, err := os.ReadFile(filepath.Join(p.From, stem+".error.txt"))
		if err != nil || !strings.HasPrefix(string(said), "Không nhận tệp "+tt.name+".\r\n"+tt.name+" was not taken.\r\n") || !strings.Contains(string(said), tt.want) {
			t.Errorf("%s: it says %v %q", tt.name, err, said)
		}
		there := p.there()
		if slices.Contains(there, tt.name) || !slices.Contains(there, stem+".refused."+ending) || p.took() {
			t.Errorf("%s: there are %q", tt.name, there)
		}
	}
	if kept, _ := os.ReadFile(filepath.Join(p.Data, enrolmentFile)); string(kept) != string(enrolment) {
		t.Error("the enrolment changed")
	}
	if kept, _ := os.ReadFile(p.Config); string(kept) != string(p.config()) {
		t.Error("the config changed")
	}

	// The right file takes the complaint away, and one bad file does not keep
	// the other out.
	p.put("answer.json", enrolment)
	p.put("board.yaml", []byte("clock: rtc\n"))
	if err := p.Run(); err == nil || !p.took() {
		t.Errorf("a good and a bad file: %v", err)
	}
	p.wants("answer.refused.json", "answer.taken.json", "board.error.txt", "board.refused.yaml", "board.taken.yaml", "request.json")
}

// The boot partition is not there: the board says so, and starts all the same.
func TestFirstBootWithoutABootPartition(t *testing.T) {
	p := newPole(t)
	p.From = filepath.Join(t.TempDir(), "none", "loa")
	if err := p.Run(); err == nil || !strings.Contains(err.Error(), "make folder: ") {
		t.Errorf("%v", err)
	}
}
