package seeds

import (
	"embed"
	"io/fs"
	"path"
	"slices"

	"loa/central/registry"
)

//go:embed areas/*.csv demo/*.csv demo/bulletins/*.txt
var embedded embed.FS

// Areas are the provinces of the seeds, each with its communes, as Decision
// 19/2025/QĐ-TTg and what changed it since list them.
//
// A commune's row holds since 1 July 2025, when the Decision came into force and
// districts ceased to be: also that of a commune which kept its borders and its
// code, because before it lay in a district. Lào Cai's row holds since the same
// day: Lào Cai (10) and Yên Bái (15) became one province, with the name of the
// one and the code of the other. The rows of the other provinces are older than
// the Decision, and since when they hold is left open.
func Areas() ([]registry.Area, error) { return ReadAreas(embedded) }

// ReadAreas reads all provinces of a folder as Areas does: areas/12.csv and so
// on. An error is BadRows.
func ReadAreas(files fs.FS) ([]registry.Area, error) {
	r := &reader{files: files}
	var all []registry.Area
	names, _ := fs.Glob(files, "areas/[0-9][0-9].csv") // the pattern is a good one
	if len(names) == 0 {
		r.faultf("areas", "has no file of a province, like 12.csv")
	}
	for _, name := range names {
		all = append(all, r.province(name)...)
	}
	return all, r.err()
}

// province reads the file of one province, which is named by its code.
func (r *reader) province(file string) []registry.Area {
	own := path.Base(file)[:2]
	var areas []registry.Area
	seen := map[string]int{}
	for _, w := range r.table(file, "code", "parent", "kind", "name_vi", "name_en", "from", "until") {
		a := registry.Area{
			Code: w.text("code"), Parent: w.text("parent"), Kind: registry.Kind(w.text("kind")),
			NameVi: w.text("name_vi"), NameEn: w.text("name_en"),
			From: registry.Date(w.text("from")), Until: registry.Date(w.text("until")),
		}
		w.check(a.Validate())
		switch level := a.Kind.Level(); {
		case level == registry.VillageLevel:
			w.faultf("kind", "the file is of a province and its communes")
		case level == registry.ProvinceLevel && a.Code != own:
			w.faultf("code", "%q is not the province of this file", a.Code)
		case level == registry.CommuneLevel && a.Parent != own:
			w.faultf("parent", "%q is not the province of this file", a.Parent)
		}
		if w.once(seen, "code", a.Code) {
			areas = append(areas, a)
		}
	}
	if !slices.ContainsFunc(areas, func(a registry.Area) bool { return a.Code == own }) {
		r.faultf(file, "the province %s itself is missing", own)
	}
	return areas
}

// box is what a province lies within, in degrees.
type box struct{ south, north, west, east float64 }

// has is false for what is no number.
func (b box) has(latitude, longitude float64) bool {
	return latitude >= b.south && latitude <= b.north && longitude >= b.west && longitude <= b.east
}

// bounds reads what the provinces lie within.
func (r *reader) bounds() map[string]box {
	all := map[string]box{}
	seen := map[string]int{}
	for _, w := range r.table("areas/bounds.csv", "province", "south", "north", "west", "east") {
		b := box{w.degrees("south"), w.degrees("north"), w.degrees("west"), w.degrees("east")}
		code := w.text("province")
		if registry.LevelOf(code) != registry.ProvinceLevel {
			w.faultf("province", "%q is not a province's code", code)
		}
		if !(b.south < b.north && b.west < b.east) {
			w.faultf("", "south is not below north, or west not left of east")
		}
		if w.once(seen, "province", code) {
			all[code] = b
		}
	}
	return all
}
