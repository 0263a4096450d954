package protocol

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

var (
	hexHash   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	clusterID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$`)
	subjectID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)
	language  = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// ValidCluster reports whether id can name a cluster: it stands in topics and
// in certificates.
func ValidCluster(id string) bool { return clusterID.MatchString(id) }

// ValidID reports whether id can name an alert, bulletin, or programme.
func ValidID(id string) bool { return subjectID.MatchString(id) }

// Audio names a file of the station format by its content.
type Audio struct {
	SHA256  string `json:"sha256"`  // lower-case hex
	Bytes   int64  `json:"bytes"`   // of the file
	Samples int64  `json:"samples"` // at 48 kHz
}

func (a Audio) check(f *Faults, field string) {
	if !hexHash.MatchString(a.SHA256) {
		f.addf(field+".sha256", "is not 64 digits of lower-case hex")
	}
	if a.Bytes < 1 || a.Bytes > 1<<30 {
		f.addf(field+".bytes", "%d, from 1 to 2^30", a.Bytes)
	}
	if a.Samples < 1 || a.Samples > 24*3600*48000 {
		f.addf(field+".samples", "%d, more than a day or nothing", a.Samples)
	}
}

// Bulletin names audio that its signers approved, for whom, and how long.
type Bulletin struct {
	Version   int             `json:"version"`
	ID        string          `json:"id"`
	Revision  int64           `json:"revision"`
	Issued    time.Time       `json:"issued"`
	NotBefore time.Time       `json:"notBefore"`
	NotAfter  time.Time       `json:"notAfter"`
	Title     string          `json:"title"`
	Class     string          `json:"class"` // routine or priority
	Areas     []string        `json:"areas"`
	Audio     []SpokenVersion `json:"audio"`
}

// SpokenVersion is a bulletin's audio in one language.
type SpokenVersion struct {
	Language string `json:"language"` // BCP 47
	Audio
}

func (b *Bulletin) check() error {
	var f Faults
	checkID(&f, "id", b.ID)
	checkRevision(&f, b.Revision)
	checkTime(&f, "issued", b.Issued)
	checkTime(&f, "notBefore", b.NotBefore)
	checkTime(&f, "notAfter", b.NotAfter)
	checkLine(&f, "title", b.Title, 200)
	if b.Class != "routine" && b.Class != "priority" {
		f.addf("class", "%q is neither routine nor priority", b.Class)
	}
	if !b.NotBefore.Before(b.NotAfter) {
		f.addf("notAfter", "is not after notBefore")
	}
	checkAreas(&f, "areas", b.Areas)
	if len(b.Audio) == 0 || len(b.Audio) > 64 {
		f.addf("audio", "%d languages, from 1 to 64", len(b.Audio))
	}
	for i, a := range b.Audio {
		at := fmt.Sprintf("audio[%d]", i)
		checkLanguage(&f, at+".language", a.Language)
		if _, ok := (&Bulletin{Audio: b.Audio[:i]}).Spoken(a.Language); ok {
			f.addf(at+".language", "%q stands twice", a.Language)
		}
		a.check(&f, at)
	}
	return f.refusal()
}

// Spoken is the bulletin's audio in a language.
func (b *Bulletin) Spoken(lang string) (Audio, bool) {
	for _, a := range b.Audio {
		if a.Language == lang {
			return a.Audio, true
		}
	}
	return Audio{}, false
}

// Permits says whether a board placed in areas may sound this bulletin for an
// item of a plan at a time: what the plan names must be what persons approved.
func (b *Bulletin) Permits(class string, areas []string, at time.Time) error {
	switch {
	case b.Class != class:
		return fmt.Errorf("bulletin %s was approved as %s, the plan says %s", b.ID, b.Class, class)
	case !answers(areas, b.Areas):
		return fmt.Errorf("bulletin %s was not approved for this area", b.ID)
	case at.Before(b.NotBefore):
		return fmt.Errorf("bulletin %s is not valid before %s", b.ID, b.NotBefore.Format(time.RFC3339))
	case !at.Before(b.NotAfter):
		return fmt.Errorf("bulletin %s is not valid after %s", b.ID, b.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// Siren is a cadence: so many blasts of so many seconds, with gaps between.
type Siren struct {
	Blasts  int     `json:"blasts"`
	Seconds float64 `json:"seconds"`
	Gap     float64 `json:"gap"` // seconds
}

// Message is what an alert says in one language. Without audio, or until it
// has arrived, the built-in phrase stands in.
type Message struct {
	Language string `json:"language"`
	Text     string `json:"text"`
	Audio    *Audio `json:"audio,omitempty"`
}

// Announcement is what sounds: siren, then every language's message, so many
// times. Alert and Local share it.
type Announcement struct {
	Hazard      string    `json:"hazard"`         // as in flood, storm, fire
	Level       int       `json:"level,omitzero"` // risk level 1 to 5 (Decision 18/2021/QĐ-TTg); 0 where none is set
	Siren       Siren     `json:"siren"`
	Phrase      string    `json:"phrase"` // the built-in phrase that stands in for missing audio
	Messages    []Message `json:"messages"`
	Repetitions int       `json:"repetitions"`
	Pause       float64   `json:"pause"` // seconds between repetitions
}

func (a *Announcement) check(f *Faults) {
	checkID(f, "hazard", a.Hazard)
	checkID(f, "phrase", a.Phrase)
	if a.Level < 0 || a.Level > 5 {
		f.addf("level", "%d, from 1 to 5, or 0 for none", a.Level)
	}
	if a.Siren.Blasts < 0 || a.Siren.Blasts > 20 || !(a.Siren.Seconds >= 0 && a.Siren.Seconds <= 120) || !(a.Siren.Gap >= 0 && a.Siren.Gap <= 120) {
		f.addf("siren", "at most 20 blasts of 120 s with gaps of 120 s")
	}
	if len(a.Messages) == 0 || len(a.Messages) > 64 {
		f.addf("messages", "%d languages, from 1 to 64", len(a.Messages))
	}
	for i, m := range a.Messages {
		at := fmt.Sprintf("messages[%d]", i)
		checkLanguage(f, at+".language", m.Language)
		if slices.ContainsFunc(a.Messages[:i], func(before Message) bool { return before.Language == m.Language }) {
			f.addf(at+".language", "%q stands twice", m.Language)
		}
		checkText(f, at+".text", m.Text, 4000)
		if m.Audio != nil {
			m.Audio.check(f, at+".audio")
		}
	}
	if a.Repetitions < 1 || a.Repetitions > 1000 {
		f.addf("repetitions", "%d, from 1 to 1000", a.Repetitions)
	}
	if !(a.Pause >= 0 && a.Pause <= 3600) {
		f.addf("pause", "%v s, from 0 to 3600", a.Pause)
	}
}

func checkID(f *Faults, field, id string) {
	if !ValidID(id) {
		f.addf(field, "%q is not an id: letters, digits, and . _ : -, at most 64", id)
	}
}

func checkLanguage(f *Faults, field, tag string) {
	if !language.MatchString(tag) || len(tag) > 35 {
		f.addf(field, "%q is not a language tag", tag)
	}
}

func checkCluster(f *Faults, id string) {
	if !ValidCluster(id) {
		f.addf("cluster", "%q is not a cluster's id", id)
	}
}

// checkRevision: above 2^53 a browser would show two revisions as one.
func checkRevision(f *Faults, revision int64) {
	if revision < 1 || revision > 1<<53-1 {
		f.addf("revision", "%d, from 1 to 2^53-1", revision)
	}
}

// checkTime refuses a time that is missing, or whose year nobody can mean.
func checkTime(f *Faults, field string, t time.Time) {
	switch y := t.UTC().Year(); {
	case t.IsZero():
		f.addf(field, "is missing")
	case y < 1970 || y > 2999:
		f.addf(field, "the year %d, from 1970 to 2999", y)
	}
}

// checkLine is checkText for what stands on one line.
func checkLine(f *Faults, field, text string, most int) {
	if strings.Contains(text, "\n") {
		f.addf(field, "has more than one line")
	}
	checkText(f, field, text, most)
}

// unshown are the characters that text may not have: what is not seen, or
// changes how its neighbours are seen. The joiners U+200C and U+200D are needed
// by some scripts.
var unshown = []*unicode.RangeTable{unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs}

// checkText refuses what could show a signer one text and a listener another:
// control and format characters, such as marks that turn the direction of
// writing. A line break is allowed.
func checkText(f *Faults, field, text string, most int) {
	if strings.TrimSpace(text) == "" {
		f.addf(field, "is empty")
	}
	if n := len([]rune(text)); n > most {
		f.addf(field, "%d characters, at most %d", n, most)
	}
	for _, r := range text {
		if r != '\n' && r != '\u200c' && r != '\u200d' && unicode.In(r, unshown...) {
			f.addf(field, "character %U is not allowed", r)
			return
		}
	}
}
