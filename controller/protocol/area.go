package protocol

import (
	"regexp"
	"slices"
	"strings"
)

// areaCode: a province has two digits, a commune five (Decision
// 19/2025/QĐ-TTg), a village is named under its commune, as in 03388.01.
var areaCode = regexp.MustCompile(`^([0-9]{2}|[0-9]{5}(\.[0-9]{2,3})?)$`)

// ValidArea reports whether code has the form of an area's code.
func ValidArea(code string) bool { return areaCode.MatchString(code) }

// breadth orders areas by how many people they can wake.
type breadth int

const (
	oneVillage breadth = iota + 1
	oneCommune
	wide
)

// communeOf is the commune of a code, or "" for a province.
func communeOf(code string) string {
	commune, _, _ := strings.Cut(code, ".")
	if len(commune) != 5 {
		return ""
	}
	return commune
}

// breadthOf is how wide an audience is. Two communes are as wide as a province,
// so that many narrow areas cannot stand for a wide one.
func breadthOf(codes ...string) breadth {
	if len(codes) == 0 {
		return wide
	}
	first := communeOf(codes[0])
	for _, c := range codes {
		if communeOf(c) == "" || communeOf(c) != first {
			return wide
		}
	}
	if len(codes) == 1 && strings.Contains(codes[0], ".") {
		return oneVillage
	}
	return oneCommune
}

// Wide reports whether an audience reaches beyond one commune, so that an alert
// for it needs the wide threshold. Two codes of one merged commune count as
// two: name the one that all of its boards answer to.
func Wide(audience []string) bool { return breadthOf(audience...) == wide }

// answers reports whether a board placed in areas is meant by an audience.
func answers(placed, audience []string) bool {
	return slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(placed, a) })
}

func checkAreas(f *Faults, field string, codes []string) {
	if len(codes) == 0 || len(codes) > 5000 {
		f.addf(field, "%d areas, from 1 to 5000", len(codes))
	}
	for _, c := range codes {
		if !ValidArea(c) {
			f.addf(field, "%q is not an area's code", c)
		}
	}
}
