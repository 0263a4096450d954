package library_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/library"
)

func TestBulletinValidate(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	fine := func() library.Bulletin {
		return library.Bulletin{
			ID: "b-1234", Title: "Phòng chống lũ quét", Class: library.Routine,
			Text:      map[string]string{"vi": "Kính gửi bà con,\n\tmưa to.", "hmn": "Nyob zoo"},
			Audio:     map[string]string{"vi": hash, "tai": hash},
			Areas:     []string{"12", "03388", "03388.01"},
			ValidFrom: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), ValidUntil: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		}
	}
	type B = library.Bulletin
	many := map[string]string{}
	for i := range 65 {
		many[fmt.Sprintf("a%c%c", 'a'+i/26, 'a'+i%26)] = hash
	}
	tests := []struct {
		name   string
		change func(*B)
		fields []string
	}{
		{"nothing wrong", func(b *B) {}, nil},
		{"no audio yet", func(b *B) { b.Audio = nil }, nil},
		{"no text", func(b *B) { b.Text = nil }, nil},
		{"as long as allowed", func(b *B) { b.Title = strings.Repeat("ễ", 200); b.Text["vi"] = strings.Repeat("ễ", 20000) }, nil},
		{"everything", func(b *B) { *b = B{} }, []string{"id", "title", "text", "class", "areas", "validFrom", "validUntil"}},
		{"id", func(b *B) { b.ID = "Bản tin" }, []string{"id"}},
		{"title too long", func(b *B) { b.Title = strings.Repeat("ễ", 201) }, []string{"title"}},
		{"title of blanks", func(b *B) { b.Title = " \u00a0" }, []string{"title"}},
		{"title of two lines", func(b *B) { b.Title = "a\nb" }, []string{"title"}},
		{"title turned round", func(b *B) { b.Title = "a\u202eb" }, []string{"title"}},
		{"title isolated", func(b *B) { b.Title = "a\u2067b" }, []string{"title"}},
		{"text too long, in one language", func(b *B) { b.Text["hmn"] = strings.Repeat("ễ", 20001) }, []string{"text[hmn]"}},
		{"text with a bell", func(b *B) { b.Text["vi"] = "a\ab" }, []string{"text[vi]"}},
		{"text with an escape", func(b *B) { b.Text["vi"] = "a\x1b[31mb" }, []string{"text[vi]"}},
		{"text turned round, in two", func(b *B) { b.Text["vi"], b.Text["hmn"] = "\u202d", "\u2066" }, []string{"text[hmn]", "text[vi]"}},
		{"text not UTF-8", func(b *B) { b.Text["vi"] = "a\xff" }, []string{"text[vi]"}},
		{"language", func(b *B) { b.Text["tiếng Việt"] = "x"; b.Audio["VI"] = hash }, []string{"text[tiếng Việt]", "audio[VI]"}},
		{"too many languages", func(b *B) { b.Text, b.Audio = many, many }, []string{"text", "audio"}},
		{"audio by name", func(b *B) { b.Audio["vi"] = "tin.mp3" }, []string{"audio[vi]"}},
		{"audio in upper case", func(b *B) { b.Audio["vi"] = strings.ToUpper(hash) }, []string{"audio[vi]"}},
		{"an emergency", func(b *B) { b.Class = "emergency" }, []string{"class"}},
		{"areas", func(b *B) { b.Areas = []string{"12", "Lai Châu", "12", "123"} }, []string{"areas[1]", "areas[2]", "areas[3]"}},
		{"too many areas", func(b *B) { b.Areas = make([]string, 5001) }, []string{"areas"}},
		{"ends before it starts", func(b *B) { b.ValidUntil = b.ValidFrom }, []string{"validUntil"}},
		{"a slip in the year", func(b *B) { b.ValidUntil = b.ValidUntil.AddDate(2000, 0, 0) }, []string{"validUntil"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := fine()
			tt.change(&b)
			if got := faultFields(t, b.Validate()); !slices.Equal(got, tt.fields) {
				t.Errorf("faults in %v, want %v: %v", got, tt.fields, b.Validate())
			}
		})
	}
}

func faultFields(t *testing.T, err error) []string {
	t.Helper()
	var f library.Faults
	if err != nil && !errors.As(err, &f) {
		t.Fatalf("not Faults: %v", err)
	}
	var all []string
	for _, one := range f {
		all = append(all, one.Field)
	}
	return all
}
