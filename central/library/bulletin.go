package library

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Class is the legal class of a bulletin. What is an emergency (khẩn cấp) is an
// alert, signed and sent at once, and never waits here.
type Class string

const (
	Routine  Class = "routine"  // thông thường
	Priority Class = "priority" // ưu tiên
)

// State is how far the present content of a bulletin has come.
type State string

const (
	Draft     State = "draft"     // nobody answers for it yet
	Approved  State = "approved"  // a signed document says exactly this
	Withdrawn State = "withdrawn" // over, for ever
)

// Bulletin is one item of content, in one or more languages.
type Bulletin struct {
	ID       string
	Revision int64 // of the content: 1, and one more with every edit
	Title    string
	Text     map[string]string // by language
	Class    Class
	Areas    []string          // codes of the areas it is meant for
	Audio    map[string]string // by language: the SHA-256 of a station file

	ValidFrom  time.Time
	ValidUntil time.Time

	Author  string // person who made it
	State   State
	Created time.Time
	Changed time.Time

	// OrderHash is the hash of the signed document that last approved the
	// bulletin, and ApprovedRevision the content that it says. Editing an
	// approved bulletin makes its content a draft again but leaves these, so
	// that what is on the schedule sounds until the edit is approved too.
	OrderHash        string
	ApprovedRevision int64
}

// OnSchedule is the hash of the signed document by which the bulletin may be
// broadcast now; ok is false when there is none.
func (b Bulletin) OnSchedule() (orderHash string, ok bool) {
	if b.State == Withdrawn || b.OrderHash == "" {
		return "", false
	}
	return b.OrderHash, true
}

const (
	mostTitle     = 200   // characters
	mostText      = 20000 // characters of one language
	mostLanguages = 64
	mostAreas     = 5000
)

var (
	slug     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	areaCode = regexp.MustCompile(`^([0-9]{2}|[0-9]{5}(\.[0-9]{2})?)$`)
)

// Validate returns all faults of what a person writes, as Faults, or nil.
func (b Bulletin) Validate() error {
	var f Faults
	if !slug.MatchString(b.ID) {
		f.addf("id", "%q is not an id: 3 to 40 of a-z, 0-9 and -, not at either end", b.ID)
	}
	if strings.TrimSpace(b.Title) == "" {
		f.addf("title", "is empty")
	}
	checkText(&f, "title", b.Title, mostTitle, "")
	if len(b.Text) == 0 && len(b.Audio) == 0 {
		f.addf("text", "there is neither text nor audio")
	}
	if len(b.Text) > mostLanguages {
		f.addf("text", "%d languages, at most %d", len(b.Text), mostLanguages)
	} else {
		for _, lang := range slices.Sorted(maps.Keys(b.Text)) {
			at := fmt.Sprintf("text[%s]", lang)
			checkLanguage(&f, at, lang)
			checkText(&f, at, b.Text[lang], mostText, "\n\t")
		}
	}
	if len(b.Audio) > mostLanguages {
		f.addf("audio", "%d languages, at most %d", len(b.Audio), mostLanguages)
	} else {
		for _, lang := range slices.Sorted(maps.Keys(b.Audio)) {
			at := fmt.Sprintf("audio[%s]", lang)
			checkLanguage(&f, at, lang)
			if !hexHash.MatchString(b.Audio[lang]) {
				f.addf(at, "%q is not the hash of an audio file", b.Audio[lang])
			}
		}
	}
	if b.Class != Routine && b.Class != Priority {
		f.addf("class", "%q is neither routine nor priority; an emergency is an alert", b.Class)
	}
	if n := len(b.Areas); n == 0 || n > mostAreas {
		f.addf("areas", "%d areas, from 1 to %d", n, mostAreas)
	} else {
		seen := map[string]bool{}
		for i, code := range b.Areas {
			at := fmt.Sprintf("areas[%d]", i)
			if !areaCode.MatchString(code) {
				f.addf(at, "%q is not an area's code", code)
			} else if seen[code] {
				f.addf(at, "%q stands twice", code)
			}
			seen[code] = true
		}
	}
	from, until := checkTime(&f, "validFrom", b.ValidFrom), checkTime(&f, "validUntil", b.ValidUntil)
	if from && until && !b.ValidFrom.Before(b.ValidUntil) {
		f.addf("validUntil", "%s is not after validFrom", b.ValidUntil.Format(time.RFC3339))
	}
	return f.err()
}

// checkTime catches a time that is not set, or that a slip made.
func checkTime(f *Faults, field string, t time.Time) bool {
	switch {
	case t.IsZero():
		f.addf(field, "is missing")
	case t.Year() < 2020 || t.Year() > 2100:
		f.addf(field, "the year %d is not from 2020 to 2100", t.Year())
	default:
		return true
	}
	return false
}

func checkLanguage(f *Faults, field, tag string) {
	if !language.MatchString(tag) || len(tag) > 35 {
		f.addf(field, "%q is not a language tag", tag)
	}
}

// checkText refuses what could show a person who approves something else than
// what is meant: control characters, but for those in allowed, and marks that
// turn the direction of writing.
func checkText(f *Faults, field, text string, most int, allowed string) {
	if !utf8.ValidString(text) {
		f.addf(field, "is not UTF-8")
		return
	}
	if n := utf8.RuneCountInString(text); n > most {
		f.addf(field, "%d characters, at most %d", n, most)
	}
	for _, r := range text {
		if unicode.IsControl(r) && !strings.ContainsRune(allowed, r) || unicode.Is(unicode.Bidi_Control, r) {
			f.addf(field, "character %U is not allowed", r)
			return
		}
	}
}

// tidied is b as it is kept: lines end in \n, times are UTC in whole seconds,
// and nothing is shared with the caller.
func (b Bulletin) tidied() Bulletin {
	text := make(map[string]string, len(b.Text))
	for lang, words := range b.Text {
		text[lang] = strings.ReplaceAll(words, "\r\n", "\n")
	}
	audio := make(map[string]string, len(b.Audio))
	maps.Copy(audio, b.Audio)
	b.Text, b.Audio, b.Areas = text, audio, append([]string{}, b.Areas...)
	b.ValidFrom, b.ValidUntil = b.ValidFrom.UTC().Truncate(time.Second), b.ValidUntil.UTC().Truncate(time.Second)
	return b
}

// edit puts new content into a bulletin, if its editor saw the present one.
func (b *Bulletin) edit(to Bulletin, now time.Time) error {
	if b.State == Withdrawn {
		return fmt.Errorf("bulletin %s is withdrawn: %w", b.ID, ErrState)
	}
	if err := b.at(to.Revision); err != nil {
		return err
	}
	b.Title, b.Text, b.Class, b.Areas, b.Audio = to.Title, to.Text, to.Class, to.Areas, to.Audio
	b.ValidFrom, b.ValidUntil = to.ValidFrom, to.ValidUntil
	b.Revision++
	b.State, b.Changed = Draft, now
	return nil
}

// approve marks a revision as said by a signed document. The same again is no
// error: whoever was cut off in between just repeats.
func (b *Bulletin) approve(revision int64, orderHash string, now time.Time) error {
	switch {
	case b.State == Withdrawn:
		return fmt.Errorf("bulletin %s is withdrawn: %w", b.ID, ErrState)
	case b.Revision != revision:
		return b.at(revision)
	case b.State == Approved && b.OrderHash == orderHash:
		return nil
	case b.State == Approved:
		return fmt.Errorf("bulletin %s is approved by another document already: %w", b.ID, ErrState)
	case len(b.Audio) == 0:
		return fmt.Errorf("bulletin %s has no audio to broadcast: %w", b.ID, ErrState)
	}
	b.State, b.OrderHash, b.ApprovedRevision, b.Changed = Approved, orderHash, revision, now
	return nil
}

// withdraw ends a bulletin. Again is no error.
func (b *Bulletin) withdraw(now time.Time) error {
	if b.State != Withdrawn {
		b.State, b.Changed = Withdrawn, now
	}
	return nil
}

func (b *Bulletin) at(revision int64) error {
	if b.Revision != revision {
		return &Conflict{ID: b.ID, Have: b.Revision, Want: revision}
	}
	return nil
}
