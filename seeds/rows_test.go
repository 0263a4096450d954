package seeds_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"loa/seeds"
)

// small is a demo of two communes in which nothing is wrong.
var small = map[string]string{
	"areas/12.csv": `code,parent,kind,name_vi,name_en,from,until
12,,province,Lai Châu,Lai Chau,,
03445,12,commune,Mường Tè,Muong Te,2025-07-01,
03478,12,commune,Sìn Hồ,Sin Ho,2025-07-01,
`,
	"areas/bounds.csv": `province,south,north,west,east
12,21.68,22.82,102.31,103.99
`,
	"demo/villages.csv": `code,name_vi,name_en
03445.01,Bản Bó,Ban Bo
03445.02,"Bản Giẳng, dưới",
`,
	"demo/stations.csv": `area,name
03445,Đài truyền thanh xã Mường Tè
`,
	"demo/languages.csv": `tag,name_vi,name_en
vi,Tiếng Việt,Vietnamese
twh,Tiếng Thái Trắng,White Tai
`,
	"demo/clusters.csv": `id,name,area,latitude,longitude,languages,neighbours,fault
muong-te-01,UBND xã Mường Tè,03445.01,22.4840,102.6290,twh vi,muong-te-02,
muong-te-02,Chợ Mường Tè,03445.01,22.4850,102.6300,vi,muong-te-01,horns-cut
sin-ho-01,UBND xã Sìn Hồ,03478,22.3580,103.2390,vi,,
`,
	"demo/people.csv": `id,name,role,area
pham-thu-ha,Phạm Thu Hà,administrator,12
dao-van-hai,Đao Văn Hải,officer,03445
dao-van-hai,Đao Văn Hải,technician,03445
nguyen-minh-duc,Nguyễn Minh Đức,broadcaster,12
`,
	"demo/bulletins.csv": `id,title,class,areas,days,author
tiem-chung,Lịch tiêm chủng,routine,12,365,nguyen-minh-duc
lu-quet,Phòng tránh lũ quét,priority,03445,30,dao-van-hai
`,
	"demo/bulletins/tiem-chung.vi.txt": "Trạm y tế xã thông báo.\n",
	"demo/bulletins/lu-quet.vi.txt":    "Kính thưa bà con!\nNước suối đang lên.\n",
	"demo/programmes.csv": `id,title,area,class,order,start,rule,seconds,late,bulletins,by
tinh-sang,Bản tin sáng,12,routine,1,2026-01-01T05:30:00,FREQ=DAILY,300,300,tiem-chung,nguyen-minh-duc
muong-te-sang,Tin ưu tiên,03445,priority,1,2026-01-01T05:40:00,,90,300,lu-quet,dao-van-hai
`,
}

func folder(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestRowsArriveAsWritten(t *testing.T) {
	d, err := seeds.ReadDemo(folder(small))
	must(t, err)
	if len(d.Areas) != 5 || len(d.Stations) != 1 || len(d.Clusters) != 3 || len(d.People) != 3 || len(d.Bulletins) != 2 || len(d.Programmes) != 2 {
		t.Errorf("%+v", d)
	}
	if a := d.Areas[4]; a.Code != "03445.02" || a.Parent != "03445" || a.NameVi != "Bản Giẳng, dưới" {
		t.Errorf("village %+v", a)
	}
	if c := d.Clusters[1]; c.Fault != seeds.HornsCut || c.Latitude != 22.485 || c.Longitude != 102.63 || c.Neighbours[0] != "muong-te-01" {
		t.Errorf("cluster %+v", c)
	}
	if p := d.People[1]; len(p.Roles) != 2 || p.Roles[1].Person != "dao-van-hai" {
		t.Errorf("person %+v", p)
	}
	if b := d.Bulletins[1]; b.Text["vi"] != "Kính thưa bà con!\nNước suối đang lên." || b.Days != 30 || b.Author != "dao-van-hai" {
		t.Errorf("bulletin %+v", b)
	}
	if p := d.Programmes[0]; p.By != "nguyen-minh-duc" || p.Rule != "FREQ=DAILY" || p.Seconds != 300 {
		t.Errorf("programme %+v", p)
	}
}

// TestBadRowsAreNamed: each with file, line, field, and what is wrong with it.
func TestBadRowsAreNamed(t *testing.T) {
	const (
		areas, bounds, villages, stations      = "areas/12.csv", "areas/bounds.csv", "demo/villages.csv", "demo/stations.csv"
		clusters, people, bulletins, programme = "demo/clusters.csv", "demo/people.csv", "demo/bulletins.csv", "demo/programmes.csv"
		languages                              = "demo/languages.csv"
	)
	for _, test := range []struct {
		name, file string
		from, to   string // what is replaced in the file; "" is its end
		want       []string
	}{
		{"nothing", areas, "", "", nil},

		{"area without a name", areas, "Sìn Hồ,Sin Ho", ",", []string{"areas/12.csv:4: nameVi: is empty"}},
		{"area of another province", areas, "", "02647,15,ward,Lào Cai,,2025-07-01,\n", []string{
			`areas/12.csv:5: parent: "15" is not the province of this file`}},
		{"another province", areas, "", "15,,province,Lào Cai,,,\n", []string{`areas/12.csv:5: code: "15" is not the province of this file`}},
		{"village among the communes", areas, "", "03445.07,03445,village,Bản,,,\n", []string{
			"areas/12.csv:5: kind: the file is of a province and its communes"}},
		{"area twice", areas, "", "03445,12,commune,Mường Tè,,,\n", []string{`areas/12.csv:5: code: "03445" stands in line 3 already`}},
		{"area of no kind", areas, "03478,12,commune", "03478,12,district", []string{
			`areas/12.csv:4: kind: "district" is none of province, city, commune, ward, special_zone, village`}},
		{"code without its zero", areas, "03478,", "3478,", []string{
			`areas/12.csv:4: code: "3478" is not the code of a commune: 12, 03388 or 03388.01`}},
		{"day that is none", areas, "Sin Ho,2025-07-01", "Sin Ho,1/7/2025", []string{`areas/12.csv:4: from: "1/7/2025" is not a date like 2025-07-01`}},
		{"over before it began", areas, "Sin Ho,2025-07-01,", "Sin Ho,2025-07-01,2025-06-30", []string{
			"areas/12.csv:4: until: 2025-06-30 is not after from, 2025-07-01"}},
		{"no province", areas, "12,,province,Lai Châu,Lai Chau,,\n", "", []string{
			"areas/12.csv: the province 12 itself is missing"}},

		{"other columns", areas, "kind,name_vi", "name_vi,kind", []string{
			"areas/12.csv:1: the columns must be code,parent,kind,name_vi,name_en,from,until",
			"areas/12.csv: the province 12 itself is missing"}},
		{"too few cells", stations, "", "03478\n", []string{"demo/stations.csv:3: wrong number of fields"}},
		{"quote that stays open", stations, "", "03478,\"Đài\n", []string{`demo/stations.csv:3: extraneous or missing " in quoted-field`}},
		{"space at an end", stations, "", "03478,Đài Sìn Hồ \n", []string{"demo/stations.csv:3: name: has a space at an end"}},
		{"marks apart from their letters", stations, "", "03478,Đài Si\u0300n Hô\u0300\n", []string{
			"demo/stations.csv:3: name: has a mark that stands apart from its letter: write it composed (NFC)"}},
		{"another encoding", stations, "", "03478,\xd0\xe0i\n", []string{
			"demo/stations.csv:3: name: is not UTF-8", "demo/stations.csv:3: name: is not UTF-8"}},

		{"bounds the wrong way round", bounds, "21.68,22.82", "22.82,21.68", []string{
			"areas/bounds.csv:2: south is not below north, or west not left of east",
			"demo/clusters.csv:2: latitude: 22.484, 102.629 is outside the province 12",
			"demo/clusters.csv:3: latitude: 22.485, 102.63 is outside the province 12",
			"demo/clusters.csv:4: latitude: 22.358, 103.239 is outside the province 12"}},
		{"bounds twice", bounds, "", "12,21.68,22.82,102.31,103.99\n", []string{`areas/bounds.csv:3: province: "12" stands in line 2 already`}},
		{"bounds of a commune", bounds, "", "03445,21.68,22.82,102.31,103.99\n", []string{`areas/bounds.csv:3: province: "03445" is not a province's code`}},

		{"village of no commune", villages, "", "03999.01,Bản xa,\n", []string{`demo/villages.csv:4: code: area "03999" is not known`}},
		{"village twice", villages, "", "03445.02,Bản xa,\n", []string{`demo/villages.csv:4: code: "03445.02" stands in line 3 already`}},
		{"village with a commune's code", villages, "", "03478,Bản xa,\n", []string{
			`demo/villages.csv:4: code: "03478" is not the code of a village: 12, 03388 or 03388.01`}},

		{"station of a province", stations, "", "12,Đài tỉnh\n", []string{`demo/stations.csv:3: area: "12" is not the code of a commune`}},
		{"station of nowhere", stations, "", "03999,Đài xa\n", []string{`demo/stations.csv:3: area: area "03999" is not known`}},
		{"two stations", stations, "", "03445,Đài hai\n", []string{`demo/stations.csv:3: area: "03445" stands in line 2 already`}},

		{"language that is none", languages, "", "x!,Tiếng lạ,\n", []string{`demo/languages.csv:4: languages[0]: "x!" is not a language tag`}},
		{"language twice", languages, "", "vi,Tiếng Kinh,\n", []string{`demo/languages.csv:4: tag: "vi" stands in line 2 already`}},

		{"cluster of nowhere", clusters, "", "xa-01,Xa,03999.01,22.1,103.1,vi,,\n", []string{`demo/clusters.csv:5: area: area "03999.01" is not known`}},
		{"cluster of a province", clusters, "03478,22.3580", "12,22.3580", []string{`demo/clusters.csv:4: area: "12" is not the code of a commune or village`}},
		{"unknown language", clusters, "103.2390,vi", "103.2390,hmn vi", []string{`demo/clusters.csv:4: languages: "hmn" is not in demo/languages.csv`}},
		{"no language", clusters, "103.2390,vi", "103.2390,", []string{"demo/clusters.csv:4: languages: none named"}},
		{"language twice at one cluster", clusters, "103.2390,vi", "103.2390,vi vi", []string{`demo/clusters.csv:4: languages[1]: "vi" stands twice`}},
		{"outside the province", clusters, "22.3580,103.2390", "21.0285,105.8542", []string{
			"demo/clusters.csv:4: latitude: 21.0285, 105.8542 is outside the province 12"}},
		{"outside the country", clusters, "22.3580,103.2390", "48.2082,16.3738", []string{
			"demo/clusters.csv:4: latitude: 48.2082 is not in Vietnam, from 8 to 24 degrees",
			"demo/clusters.csv:4: longitude: 16.3738 is not in Vietnam, from 102 to 110 degrees",
			"demo/clusters.csv:4: latitude: 48.2082, 16.3738 is outside the province 12"}},
		{"nowhere in particular", clusters, "22.3580,103.2390", "0,0", []string{"demo/clusters.csv:4: latitude: where the cluster stands is missing"}},
		{"degrees that are none", clusters, "22.3580", "22°21'", []string{
			`demo/clusters.csv:4: latitude: "22°21'" is not a number of degrees like 22.3794`,
			"demo/clusters.csv:4: latitude: 0 is not in Vietnam, from 8 to 24 degrees",
			"demo/clusters.csv:4: latitude: 0, 103.239 is outside the province 12"}},
		{"degrees that are no number", clusters, "22.3580", "NaN", []string{
			"demo/clusters.csv:4: latitude: NaN is not in Vietnam, from 8 to 24 degrees",
			"demo/clusters.csv:4: latitude: NaN, 103.239 is outside the province 12"}},
		{"two on one pole", clusters, "22.4850,102.6300", "22.4840,102.6290", []string{
			`demo/clusters.csv:3: latitude: "22.48400 102.62900" stands in line 2 already`}},
		{"cluster twice", clusters, "sin-ho-01", "muong-te-01", []string{`demo/clusters.csv:4: id: "muong-te-01" stands in line 2 already`}},
		{"id with marks", clusters, "sin-ho-01", "sìn-hồ", []string{
			`demo/clusters.csv:4: id: "sìn-hồ" is not an id: 3 to 40 of a-z, 0-9 and -, not at either end`}},
		{"neighbour that is not there", clusters, "103.2390,vi,", "103.2390,vi,sin-ho-02", []string{
			`demo/clusters.csv:4: neighbours[0]: there is no cluster "sin-ho-02"`}},
		{"neighbour that knows nothing of it", clusters, "102.6300,vi,muong-te-01", "102.6300,vi,", []string{
			`demo/clusters.csv:2: neighbours[0]: "muong-te-02" does not name "muong-te-01" in turn`}},
		{"neighbours far apart", clusters, "22.4850,102.6300", "22.5850,102.6300", []string{
			`demo/clusters.csv:2: neighbours[0]: "muong-te-02" stands 11231 m away, too far to be heard`,
			`demo/clusters.csv:3: neighbours[0]: "muong-te-01" stands 11231 m away, too far to be heard`}},
		{"fault that nobody knows", clusters, "horns-cut", "stolen", []string{`demo/clusters.csv:3: fault: "stolen" is none of unplugged, amplifier-dead, horns-cut`}},

		{"role that is none", people, "officer", "mayor", []string{
			`demo/people.csv:3: name: "mayor" is none of administrator, broadcaster, officer, technician`,
			`demo/bulletins.csv:3: author: dao-van-hai may not edit-bulletins in 03445`,
			`demo/programmes.csv:3: by: dao-van-hai may not edit-programmes in 03445`}},
		{"role twice", people, "", "dao-van-hai,Đao Văn Hải,officer,03445\n", []string{`demo/people.csv:6: role: "dao-van-hai" has it already`}},
		{"two names of one", people, "", "dao-van-hai,Đao Thị Hải,officer,03478\n", []string{
			`demo/people.csv:6: name: "dao-van-hai" is "Đao Văn Hải" further up`}},
		{"role nowhere", people, "", "lo-van-an,Lò Văn An,officer,03999\n", []string{`demo/people.csv:6: area: area "03999" is not known`}},
		{"person with a bad id", people, "", "Lò,Lò Văn An,officer,03478\n", []string{
			`demo/people.csv:6: id: "Lò" is not an id: 3 to 40 of a-z, 0-9 and -, not at either end`}},

		{"bulletin of no class", bulletins, "routine", "urgent", []string{
			`demo/bulletins.csv:2: class: "urgent" is neither routine nor priority; an emergency is an alert`,
			`demo/programmes.csv:2: bulletins: "tiem-chung" is urgent, and the programme routine`}},
		{"bulletin for nowhere", bulletins, "routine,12", "routine,12 03999", []string{`demo/bulletins.csv:2: areas: area "03999" is not known`}},
		{"bulletin for an area twice", bulletins, "routine,12", "routine,12 12", []string{`demo/bulletins.csv:2: areas[1]: "12" stands twice`}},
		{"bulletin for no area", bulletins, "routine,12", "routine,", []string{"demo/bulletins.csv:2: areas: 0 areas, from 1 to 5000"}},
		{"bulletin valid for no day", bulletins, "365", "0", []string{"demo/bulletins.csv:2: days: 0, from 1 to 3650"}},
		{"days that are no number", bulletins, "365", "a year", []string{
			`demo/bulletins.csv:2: days: "a year" is not a whole number`, "demo/bulletins.csv:2: days: 0, from 1 to 3650"}},
		{"bulletin by nobody", bulletins, "nguyen-minh-duc", "nobody", []string{`demo/bulletins.csv:2: author: nobody has the id "nobody"`}},
		{"bulletin by somebody who may not", bulletins, "12,365,nguyen-minh-duc", "12,365,dao-van-hai", []string{
			"demo/bulletins.csv:2: author: dao-van-hai may not edit-bulletins in 12"}},
		{"bulletin by an administrator", bulletins, "nguyen-minh-duc", "pham-thu-ha", []string{
			"demo/bulletins.csv:2: author: pham-thu-ha may not edit-bulletins in 12"}},
		{"bulletin twice", bulletins, "lu-quet,Phòng tránh lũ quét,priority", "tiem-chung,Phòng tránh lũ quét,routine", []string{
			`demo/bulletins.csv:3: id: "tiem-chung" stands in line 2 already`,
			"demo/bulletins.csv:3: text: there is neither text nor audio",
			`demo/bulletins: there are texts of "lu-quet", and no row of demo/bulletins.csv`,
			`demo/programmes.csv:3: bulletins: there is no bulletin "lu-quet"`}},
		{"bulletin without a text", bulletins, "", "tet,Tết,routine,12,9,nguyen-minh-duc\n", []string{"demo/bulletins.csv:4: text: there is neither text nor audio"}},
		{"text without a bulletin", "demo/bulletins/tet.vi.txt", "", "Chúc mừng năm mới.", []string{
			`demo/bulletins: there are texts of "tet", and no row of demo/bulletins.csv`}},
		{"text that nobody can speak", "demo/bulletins/tiem-chung.hmn.txt", "", "Nyob zoo.", []string{
			`demo/bulletins/tiem-chung.hmn.txt: language "hmn" is none that can be spoken here`}},
		{"text of no language", "demo/bulletins/tiem-chung.txt", "", "Chào.", []string{"demo/bulletins/tiem-chung.txt: is not named like tiem-chung.vi.txt"}},
		{"text with a control character", "demo/bulletins/tiem-chung.vi.txt", "xã", "x\u202e", []string{
			"demo/bulletins.csv:2: text[vi]: character U+202E is not allowed"}},
		{"text that came apart", "demo/bulletins/tiem-chung.vi.txt", "xã", "xa\u0303", []string{
			"demo/bulletins/tiem-chung.vi.txt: has a mark that stands apart from its letter: write it composed (NFC)"}},

		{"programme of an unknown bulletin", programme, ",tiem-chung,", ",tiem-chung tet,", []string{`demo/programmes.csv:2: bulletins: there is no bulletin "tet"`}},
		{"programme of no bulletin", programme, ",tiem-chung,", ",,", []string{"demo/programmes.csv:2: bulletins: 0, from 1 to 50"}},
		{"programme of another class", programme, "12,routine", "12,priority", []string{
			`demo/programmes.csv:2: bulletins: "tiem-chung" is routine, and the programme priority`}},
		{"programme that is an emergency", programme, "12,routine", "12,emergency", []string{
			`demo/programmes.csv:2: class: "emergency" is neither routine nor priority`,
			`demo/programmes.csv:2: bulletins: "tiem-chung" is routine, and the programme emergency`}},
		{"programme nowhere", programme, "03445,priority", "03999,priority", []string{`demo/programmes.csv:3: area: area "03999" is not known`}},
		{"programme at no time", programme, "2026-01-01T05:30:00", "05:30", []string{
			`demo/programmes.csv:2: start: "05:30" is not a local time like 2006-01-02T15:04:05`}},
		{"rule that is none", programme, "FREQ=DAILY", "FREQ=SOMETIMES", []string{"demo/programmes.csv:2: rule: undefined frequency: SOMETIMES"}},
		{"programme of no length", programme, ",300,300,tiem", ",0,300,tiem", []string{"demo/programmes.csv:2: seconds: 0, from 1 to a day"}},
		{"programme twice", programme, "muong-te-sang", "tinh-sang", []string{`demo/programmes.csv:3: id: "tinh-sang" stands in line 2 already`}},
		{"programme by nobody", programme, "lu-quet,dao-van-hai", "lu-quet,", []string{`demo/programmes.csv:3: by: nobody has the id ""`}},
		{"programme by somebody from elsewhere", programme, "03445,priority", "03478,priority", []string{
			"demo/programmes.csv:3: by: dao-van-hai may not edit-programmes in 03478"}},

		{"all of a file at once", stations, "03445,Đài truyền thanh xã Mường Tè", "99,Đài\n03445,\nx\n03999,Đài", []string{
			`demo/stations.csv:2: area: "99" is not the code of a commune`,
			`demo/stations.csv:2: area: area "99" is not known`,
			"demo/stations.csv:3: name: is empty",
			"demo/stations.csv:4: wrong number of fields",
			`demo/stations.csv:5: area: area "03999" is not known`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := maps.Clone(small)
			if test.from != "" && strings.Count(files[test.file], test.from) == 0 {
				t.Fatalf("%s has no %q", test.file, test.from)
			}
			if test.from == "" {
				files[test.file] += test.to
			} else {
				files[test.file] = strings.Replace(files[test.file], test.from, test.to, 1)
			}
			d, err := seeds.ReadDemo(folder(files))
			if test.want == nil {
				must(t, err)
				return
			}
			var bad seeds.BadRows
			if !errors.As(err, &bad) {
				t.Fatalf("error %v", err)
			}
			want := map[string]int{}
			for _, w := range test.want {
				want[w]++
			}
			got := map[string]int{}
			for _, b := range bad {
				got[b.Error()]++
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if len(d.Clusters) > 0 {
				t.Error("a demo with bad rows was handed out")
			}
		})
	}
}

func TestFilesThatLack(t *testing.T) {
	for name := range small {
		if !strings.HasSuffix(name, ".csv") {
			continue
		}
		files := maps.Clone(small)
		delete(files, name)
		if _, err := seeds.ReadDemo(folder(files)); err == nil || !strings.Contains(err.Error(), name+": cannot be read") {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := seeds.ReadAreas(folder(nil)); err == nil || !strings.Contains(err.Error(), "has no file of a province") {
		t.Errorf("no areas: %v", err)
	}
	areas, err := seeds.ReadAreas(folder(small))
	must(t, err)
	if len(areas) != 3 {
		t.Errorf("%d areas", len(areas))
	}
}
