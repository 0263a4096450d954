package registry

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind is what an area is called by law.
type Kind string

const (
	Province    Kind = "province"     // tỉnh
	City        Kind = "city"         // thành phố, of the rank of a province
	Commune     Kind = "commune"      // xã
	Ward        Kind = "ward"         // phường
	SpecialZone Kind = "special_zone" // đặc khu
	Village     Kind = "village"      // thôn, bản, tổ dân phố
)

// Level is how high an area stands.
type Level int

const (
	VillageLevel Level = iota + 1
	CommuneLevel
	ProvinceLevel
)

var levels = map[Kind]Level{
	Province: ProvinceLevel, City: ProvinceLevel,
	Commune: CommuneLevel, Ward: CommuneLevel, SpecialZone: CommuneLevel,
	Village: VillageLevel,
}

// Level is 0 for an unknown kind.
func (k Kind) Level() Level { return levels[k] }

// codes has the form of each level's code. Codes are text: they have leading
// zeros, and an official one is never used again (Decision 19/2025/QĐ-TTg).
var codes = map[Level]*regexp.Regexp{
	ProvinceLevel: regexp.MustCompile(`^[0-9]{2}$`),
	CommuneLevel:  regexp.MustCompile(`^[0-9]{5}$`),
	VillageLevel:  regexp.MustCompile(`^[0-9]{5}\.[0-9]{2}$`),
}

// LevelOf is the level that a code has the form of, 0 for none.
func LevelOf(code string) Level {
	for level, form := range codes {
		if form.MatchString(code) {
			return level
		}
	}
	return 0
}

// Date is a day, as in 2025-07-01, or empty. Dates compare as text.
type Date string

func (d Date) check(f *Faults, field string) {
	if d == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
		f.addf(field, "%q is not a date like 2025-07-01", string(d))
	}
}

// Area is a province, a commune (ward, special zone) or a village.
type Area struct {
	Code   string // 12, 03388, 03388.01
	Parent string // code; empty for a province
	Kind   Kind
	NameVi string
	NameEn string // may be empty
	From   Date   // first day in force; empty: not known
	Until  Date   // first day no longer in force, after a merger; empty: in force
}

// Validate returns all faults of a as Faults, or nil.
func (a Area) Validate() error {
	var f Faults
	level := a.Kind.Level()
	switch {
	case level == 0:
		f.addf("kind", "%q is none of province, city, commune, ward, special_zone, village", a.Kind)
		if LevelOf(a.Code) == 0 {
			f.addf("code", "%q is not an area's code: 12, 03388 or 03388.01", a.Code)
		}
	case !codes[level].MatchString(a.Code):
		f.addf("code", "%q is not the code of a %s: 12, 03388 or 03388.01", a.Code, a.Kind)
	}
	switch level {
	case ProvinceLevel:
		if a.Parent != "" {
			f.addf("parent", "a %s has none, got %q", a.Kind, a.Parent)
		}
	case CommuneLevel:
		if LevelOf(a.Parent) != ProvinceLevel {
			f.addf("parent", "%q is not a province's code", a.Parent)
		}
	case VillageLevel:
		// Only here does the code itself say the parent.
		if commune, _, _ := strings.Cut(a.Code, "."); a.Parent != commune || LevelOf(a.Parent) != CommuneLevel {
			f.addf("parent", "%q is not the commune that the code %q is named under", a.Parent, a.Code)
		}
	}
	checkName(&f, "nameVi", a.NameVi, true)
	checkName(&f, "nameEn", a.NameEn, false)
	a.From.check(&f, "from")
	a.Until.check(&f, "until")
	if a.From != "" && a.Until != "" && a.Until <= a.From {
		f.addf("until", "%s is not after from, %s", a.Until, a.From)
	}
	return f.err()
}

// Path is an area's code followed by its parents' codes, up to the province.
type Path []string

// checkName takes one line of readable text of at most 120 characters. Marks
// that turn the direction of writing could show one name for another.
func checkName(f *Faults, field, name string, needed bool) {
	if needed && strings.TrimSpace(name) == "" {
		f.addf(field, "is empty")
	}
	if n := utf8.RuneCountInString(name); n > 120 {
		f.addf(field, "%d characters, at most 120", n)
	}
	if !utf8.ValidString(name) {
		f.addf(field, "is not UTF-8")
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			f.addf(field, "character %U is not allowed", r)
			return
		}
	}
}
