package seeds_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"loa/central/library"
	"loa/central/registry"
	"loa/seeds"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func demo(t *testing.T) seeds.Province {
	t.Helper()
	d, err := seeds.Demo()
	must(t, err)
	return d
}

// TestAreasAreThoseOfTheOfficialList: the numbers are those of the list that is
// in force, counted there.
func TestAreasAreThoseOfTheOfficialList(t *testing.T) {
	areas, err := seeds.Areas()
	must(t, err)
	type province struct {
		name            string
		communes, wards int
		from            registry.Date
	}
	want := map[string]province{
		"12": {"Lai Châu", 36, 2, ""},
		"15": {"Lào Cai", 89, 10, "2025-07-01"}, // Lào Cai (10) and Yên Bái (15) until then
		"20": {"Lạng Sơn", 61, 4, ""},
		"40": {"Nghệ An", 119, 11, ""},
	}
	got := map[string]province{}
	byCode := map[string]registry.Area{}
	for _, a := range areas {
		if _, again := byCode[a.Code]; again {
			t.Errorf("%s stands twice", a.Code)
		}
		byCode[a.Code] = a
		p := got[a.Code+a.Parent]
		switch a.Kind {
		case registry.Province:
			p.name, p.from = a.NameVi, a.From
			got[a.Code] = p
			continue
		case registry.Commune:
			p = got[a.Parent]
			p.communes++
		case registry.Ward:
			p = got[a.Parent]
			p.wards++
		default:
			t.Errorf("%s is a %s", a.Code, a.Kind)
		}
		got[a.Parent] = p
		if a.From != "2025-07-01" || a.Until != "" {
			t.Errorf("%s %s holds from %q until %q", a.Code, a.NameVi, a.From, a.Until)
		}
	}
	for code, w := range want {
		if got[code] != w {
			t.Errorf("province %s: %+v, want %+v", code, got[code], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d provinces, want %d", len(got), len(want))
	}
	for code, name := range map[string]string{
		"03388": "Đoàn Kết", "03445": "Mường Tè", "03640": "Khoen On", "02647": "Lào Cai", "04252": "Yên Bái", "05977": "Đông Kinh", "17611": "Vân Tụ",
	} {
		if byCode[code].NameVi != name {
			t.Errorf("%s is %q, want %q", code, byCode[code].NameVi, name)
		}
	}
}

func TestDemoIsAWholeProvince(t *testing.T) {
	d := demo(t)
	if d.Areas[0].Code != "12" || d.Areas[0].Kind != registry.Province {
		t.Errorf("the first area is %+v", d.Areas[0])
	}
	clusters, villages, stations, officers := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	communes := map[string]bool{}
	for _, a := range d.Areas {
		switch a.Kind.Level() {
		case registry.CommuneLevel:
			communes[a.Code] = true
		case registry.VillageLevel:
			villages[a.Parent]++
		}
	}
	if len(communes) != 38 {
		t.Errorf("%d communes, want 38", len(communes))
	}
	faults := map[seeds.Fault]int{}
	languages := map[string]int{}
	near := 0
	for _, c := range d.Clusters {
		clusters[c.Area[:5]]++
		faults[c.Fault]++
		near += len(c.Neighbours)
		for _, l := range c.Languages {
			languages[l]++
		}
		if registry.LevelOf(c.Area) != registry.VillageLevel {
			t.Errorf("%s stands in no village", c.ID)
		}
		if !slices.Contains(c.Languages, "vi") {
			t.Errorf("%s does not speak Vietnamese", c.ID)
		}
	}
	for _, s := range d.Stations {
		stations[s.Area]++
	}
	people := map[registry.RoleName]int{}
	for _, p := range d.People {
		for _, r := range p.Roles {
			people[r.Name]++
			if r.Name == registry.Officer {
				officers[r.Area]++
			} else if r.Area != "12" {
				t.Errorf("%s is %s of %s", p.ID, r.Name, r.Area)
			}
		}
	}
	for code := range communes {
		if clusters[code] != 5 || stations[code] != 1 || officers[code] != 1 || villages[code] != 4 {
			t.Errorf("%s: %d clusters, %d stations, %d officers, %d villages", code, clusters[code], stations[code], officers[code], villages[code])
		}
	}
	if len(d.Clusters) != 190 || near != 76 {
		t.Errorf("%d clusters, %d neighbours", len(d.Clusters), near)
	}
	if faults[seeds.Unplugged] != 2 || faults[seeds.AmplifierDead] != 2 || faults[seeds.HornsCut] != 2 || faults[seeds.None] != 184 {
		t.Errorf("faults %v", faults)
	}
	if len(languages) != 14 || languages["vi"] != 190 || languages["hmn"] < 40 {
		t.Errorf("languages %v", languages)
	}
	if people[registry.Administrator] != 2 || people[registry.Broadcaster] != 2 || people[registry.Technician] != 2 || people[registry.Officer] != 38 {
		t.Errorf("people %v", people)
	}
	if d.Clusters[0].Fault != seeds.None {
		t.Error("the first cluster is for a real board")
	}
}

var lettered = regexp.MustCompile(`[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]`)

// TestBulletinsCanBeReadOut: no digit and no sign that a voice would spell, all
// marks, and as long as an item of the news is.
func TestBulletinsCanBeReadOut(t *testing.T) {
	d := demo(t)
	if n := len(d.Bulletins); n < 8 || n > 14 {
		t.Errorf("%d bulletins", n)
	}
	classes := map[library.Class]int{}
	for _, b := range d.Bulletins {
		classes[b.Class]++
		text := b.Text["vi"]
		words := strings.Fields(text)
		if len(words) < 70 || len(words) > 190 {
			t.Errorf("%s has %d words", b.ID, len(words))
		}
		if i := strings.IndexAny(text, "0123456789/()%*_-–…\"'"); i >= 0 {
			t.Errorf("%s: %q cannot be read out", b.ID, text[i:min(len(text), i+12)])
		}
		marked := 0
		for _, w := range words {
			if lettered.MatchString(strings.ToLower(w)) {
				marked++
			}
		}
		if marked*100 < len(words)*70 {
			t.Errorf("%s: only %d of %d words have a mark", b.ID, marked, len(words))
		}
		if !strings.HasSuffix(text, ".") {
			t.Errorf("%s does not end with a sentence", b.ID)
		}
	}
	if classes[library.Priority] == 0 || classes[library.Routine] < 6 {
		t.Errorf("classes %v", classes)
	}
}
