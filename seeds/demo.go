package seeds

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"loa/central/library"
	"loa/central/planner"
	"loa/central/registry"
)

// demoProvince is the province that the demo shows.
const demoProvince = "12"

// Demo is Lai Châu with stations, clusters, villages, people, bulletins and
// programmes. Codes and names of the communes are facts; the villages, where
// exactly clusters stand, and all people are made up for the demo.
func Demo() (Province, error) { return ReadDemo(embedded) }

// ReadDemo reads the demo from a folder as Demo does. An error is BadRows, with
// everything that is wrong in the file of areas, or else in all the others.
func ReadDemo(files fs.FS) (Province, error) {
	d := &demo{reader: reader{files: files}, paths: map[string]registry.Path{}, roles: map[string][]registry.Role{}, classes: map[string]library.Class{}}
	for _, a := range d.reader.province("areas/" + demoProvince + ".csv") {
		d.add(a)
	}
	if err := d.err(); err != nil {
		return Province{}, err // nearly every row below names an area
	}
	d.readVillages()
	d.readStations()
	d.readClusters()
	d.readPeople()
	d.readBulletins()
	d.readProgrammes()
	if err := d.err(); err != nil {
		return Province{}, err
	}
	return d.made, nil
}

// demo is a demo in the making, and what later files refer to. What a bad row
// names is known all the same: that it is bad is said once.
type demo struct {
	reader
	made    Province
	paths   map[string]registry.Path // of areas, by code
	roles   map[string][]registry.Role
	classes map[string]library.Class // of bulletins, by id
}

func (d *demo) add(a registry.Area) {
	d.made.Areas = append(d.made.Areas, a)
	path := registry.Path{a.Code}
	if a.Parent != "" {
		path = append(path, d.paths[a.Parent]...)
	}
	d.paths[a.Code] = path
}

// known names a code that is no area of the demo, unless its form is a fault
// that was named already.
func (d *demo) known(w row, field, code string) {
	if _, ok := d.paths[code]; !ok && registry.LevelOf(code) != 0 {
		w.faultf(field, "area %q is not known", code)
	}
}

func (d *demo) readVillages() {
	seen := map[string]int{}
	for _, w := range d.table("demo/villages.csv", "code", "name_vi", "name_en") {
		code := w.text("code")
		parent, _, _ := strings.Cut(code, ".")
		a := registry.Area{Code: code, Parent: parent, Kind: registry.Village, NameVi: w.text("name_vi"), NameEn: w.text("name_en")}
		w.check(a.Validate())
		d.known(w, "code", parent)
		if w.once(seen, "code", code) {
			d.add(a)
		}
	}
}

func (d *demo) readStations() {
	seen := map[string]int{}
	for _, w := range d.table("demo/stations.csv", "area", "name") {
		s := registry.Station{Area: w.text("area"), Name: w.text("name")}
		w.check(s.Validate())
		d.known(w, "area", s.Area)
		if w.once(seen, "area", s.Area) {
			d.made.Stations = append(d.made.Stations, s)
		}
	}
}

// readLanguages reads the languages that are spoken in the province, by tag.
func (d *demo) readLanguages() map[string]bool {
	known := map[string]bool{}
	seen := map[string]int{}
	for _, w := range d.table("demo/languages.csv", "tag", "name_vi", "name_en") {
		// Whether a tag has the form is the cluster's to say.
		w.check(registry.Cluster{ID: "any", Name: w.text("name_vi"), Area: "00000", Languages: []string{w.text("tag")}}.Validate())
		w.once(seen, "tag", w.text("tag"))
		known[w.text("tag")] = true
	}
	return known
}

func (d *demo) readPeople() {
	at := map[string]int{} // index into made.People
	for _, w := range d.table("demo/people.csv", "id", "name", "role", "area") {
		p := registry.Person{ID: w.text("id"), Name: w.text("name")}
		role := registry.Role{Person: p.ID, Name: registry.RoleName(w.text("role")), Area: w.text("area")}
		w.check(p.Validate())
		w.check(role.Validate(), "person") // which is the id, named already
		d.known(w, "area", role.Area)
		i, again := at[p.ID]
		switch {
		case !again:
			at[p.ID] = len(d.made.People)
			d.made.People = append(d.made.People, Person{p, []registry.Role{role}})
		case d.made.People[i].Name != p.Name:
			w.faultf("name", "%q is %q further up", p.ID, d.made.People[i].Name)
		case slices.Contains(d.made.People[i].Roles, role):
			w.faultf("role", "%q has it already", p.ID)
		default:
			d.made.People[i].Roles = append(d.made.People[i].Roles, role)
		}
		d.roles[p.ID] = append(d.roles[p.ID], role)
	}
}

// may checks that a person whom a row names could have made it in the areas.
func (d *demo) may(w row, field, person string, action registry.Action, codes ...string) {
	roles, ok := d.roles[person]
	if !ok {
		w.faultf(field, "nobody has the id %q", person)
		return
	}
	var paths []registry.Path
	for _, code := range codes {
		if path, ok := d.paths[code]; ok {
			paths = append(paths, path)
		}
	}
	if len(paths) > 0 && !registry.May(roles, action, paths...) {
		w.faultf(field, "%s may not %s in %s", person, action, strings.Join(codes, ", "))
	}
}

const (
	bulletinTexts = "demo/bulletins" // one file for each language: tiem-chung.vi.txt
	longestDays   = 3650
)

func (d *demo) readBulletins() {
	texts := d.readTexts()
	seen := map[string]int{}
	for _, w := range d.table("demo/bulletins.csv", "id", "title", "class", "areas", "days", "author") {
		b := Bulletin{
			Bulletin: library.Bulletin{
				ID: w.text("id"), Title: w.text("title"), Class: library.Class(w.text("class")), Areas: w.words("areas"),
				Author: w.text("author"), Text: texts[w.text("id")],
			},
			Days: w.whole("days"),
		}
		if b.Days < 1 || b.Days > longestDays {
			w.faultf("days", "%d, from 1 to %d", b.Days, longestDays)
		}
		// The validity begins on the day of sowing: any day stands for it here.
		tried := b.Bulletin
		tried.ValidFrom = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		tried.ValidUntil = tried.ValidFrom.AddDate(0, 0, 1)
		w.check(tried.Validate())
		for _, code := range b.Areas {
			d.known(w, "areas", code)
		}
		d.may(w, "author", b.Author, registry.EditBulletins, b.Areas...)
		d.classes[b.ID] = b.Class
		if w.once(seen, "id", b.ID) {
			d.made.Bulletins = append(d.made.Bulletins, b)
		}
		delete(texts, b.ID)
	}
	for id := range texts {
		d.faultf(bulletinTexts, "there are texts of %q, and no row of demo/bulletins.csv", id)
	}
}

// readTexts reads what bulletins say, by id and language.
func (d *demo) readTexts() map[string]map[string]string {
	texts := map[string]map[string]string{}
	names, _ := fs.Glob(d.files, bulletinTexts+"/*.txt") // the pattern is a good one
	for _, name := range names {
		parts := strings.Split(path.Base(name), ".")
		data, err := fs.ReadFile(d.files, name)
		switch {
		case err != nil:
			d.faultf(name, "cannot be read: %v", err)
			continue
		case len(parts) != 3:
			d.faultf(name, "is not named like tiem-chung.vi.txt")
			continue
		case !spoken(parts[1]):
			d.faultf(name, "language %q is none that can be spoken here", parts[1])
			continue
		}
		text := strings.TrimSuffix(string(data), "\n")
		if why := untidy(text); why != "" {
			d.faultf(name, "%s", why)
		}
		if texts[parts[0]] == nil {
			texts[parts[0]] = map[string]string{}
		}
		texts[parts[0]][parts[1]] = text
	}
	return texts
}

func (d *demo) readProgrammes() {
	seen := map[string]int{}
	for _, w := range d.table("demo/programmes.csv", "id", "title", "area", "class", "order", "start", "rule", "seconds", "late", "bulletins", "by") {
		p := planner.Programme{
			ID: w.text("id"), Title: w.text("title"), Area: w.text("area"), Class: w.text("class"), Order: w.whole("order"),
			Start: w.text("start"), Rule: w.text("rule"), Seconds: w.whole("seconds"), Late: w.whole("late"),
			Bulletins: w.words("bulletins"), By: w.text("by"),
		}
		w.check(p.Validate())
		d.known(w, "area", p.Area)
		for _, id := range p.Bulletins {
			class, ok := d.classes[id]
			switch {
			case !ok:
				w.faultf("bulletins", "there is no bulletin %q", id)
			case string(class) != p.Class:
				w.faultf("bulletins", "%q is %s, and the programme %s", id, class, p.Class)
			}
		}
		d.may(w, "by", p.By, registry.EditProgrammes, p.Area)
		if w.once(seen, "id", p.ID) {
			d.made.Programmes = append(d.made.Programmes, p)
		}
	}
}
