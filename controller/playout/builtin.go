package playout

import (
	"embed"
	"fmt"
	"strings"
)

// voices holds what scripts/voices has spoken: phrases.tsv, one line per name
// with its text, and one small Opus file for each.
//
//go:embed voices
var voices embed.FS

const (
	drillVoice    = "drill"
	generalPhrase = "phrase:general"
	chimeName     = "chime"
)

// BuiltIn is a sound that every board has without a file or a network.
type BuiltIn struct {
	Name string // as in Source.BuiltIn
	Text string // what is said, in Vietnamese; empty for the chime
}

// BuiltIns lists every built-in sound: the chime first, then the voices. The
// siren is not among them, as it needs a cadence, nor the self-test's tone, which
// nobody is to hear.
func BuiltIns() []BuiltIn {
	list := []BuiltIn{{Name: chimeName}}
	table, _ := voices.ReadFile("voices/phrases.tsv") // embedded: always there
	for line := range strings.Lines(string(table)) {
		if name, text, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t"); ok {
			list = append(list, BuiltIn{Name: name, Text: text})
		}
	}
	return list
}

// HasBuiltIn tells whether Source.BuiltIn may be name.
func HasBuiltIn(name string) bool {
	for _, b := range BuiltIns() {
		if b.Name == name {
			return true
		}
	}
	return false
}

func openBuiltIn(name string) (sound, error) {
	switch name {
	case chimeName:
		return newChime(), nil
	case toneName:
		return newTone(), nil
	}
	if !HasBuiltIn(name) {
		return nil, fmt.Errorf("no built-in sound is named %q", name)
	}
	data, err := voices.ReadFile("voices/" + strings.ReplaceAll(name, ":", "-") + ".opus")
	if err != nil {
		return nil, fmt.Errorf("read built-in sound: %w", err)
	}
	r, err := openRecording(data)
	if err != nil {
		return nil, fmt.Errorf("read built-in sound %s: %w", name, err)
	}
	return r, nil
}
