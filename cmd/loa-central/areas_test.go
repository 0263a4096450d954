package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/central"
)

const goodAreas = `code,parent,kind,name_vi,name_en
12,,province,Lai Châu,Lai Chau
03388,12,commune,Mường Tè,Muong Te
03388.01,03388,village,"Bản Bó, dưới",
`

func areasFile(t *testing.T, text string) string {
	t.Helper()
	return write(t, filepath.Join(t.TempDir(), "areas.csv"), []byte(text))
}

func kept(t *testing.T, data string) []string {
	t.Helper()
	places, done, err := central.OpenRegistry(data)
	must(t, err)
	defer done()
	areas, err := places.Areas(t.Context())
	must(t, err)
	codes := []string{}
	for _, a := range areas {
		codes = append(codes, a.Code+" "+a.NameVi)
	}
	return codes
}

func TestAreas(t *testing.T) {
	data := served(t)
	for _, text := range []string{goodAreas, "\ufeff" + goodAreas, strings.ReplaceAll(goodAreas, "\n", "\r\n")} {
		must(t, (&areasCommand{Data: data, File: areasFile(t, text)}).Run(t.Context()))
		if got, want := kept(t, data), []string{"03388 Mường Tè", "03388.01 Bản Bó, dưới", "12 Lai Châu"}; !slices.Equal(got, want) {
			t.Errorf("kept %q", got)
		}
	}
}

func TestAreasNamesEveryBadRow(t *testing.T) {
	data := served(t)
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"bad rows": {
			"code,parent,kind,name_vi,name_en\n" +
				"12,,province,Lai Châu,Lai Chau\n" +
				"3388,12,commune,Mường Tè,\n" + // no leading zero
				"03389,12,hamlet,Bum Nưa,\n" +
				"03390,12,commune\n" + // columns are missing
				"03391,12,commune,,\n" +
				"03392,12,commune,a\"b,\n" + // a stray quote
				"03393,12,commune,Pa Ủ,\n",
			[]string{"areas.csv:3: ", "areas.csv:4: ", "areas.csv:5: wrong number of fields", "areas.csv:6: ", "areas.csv:7: bare \""},
		},
		"unknown parent and a code twice": {
			"code,parent,kind,name_vi,name_en\n12,,province,Lai Châu,\n\n03388,12,commune,Mường Tè,\n03390,99,commune,Thu Lũm,\n03388,12,commune,Mường Tè,\n",
			[]string{`areas.csv:5: parent: area "99" is not known`, `areas.csv:6: code: "03388" stands twice`},
		},
		"empty":              {"", []string{"areas.csv:1: the columns must be code,parent,kind,name_vi,name_en"}},
		"other columns":      {"code,name\n12,Lai Châu\n", []string{"areas.csv:1: the columns must be"}},
		"no heading":         {"12,,province,Lai Châu,Lai Chau\n", []string{"areas.csv:1: the columns must be"}},
		"a quote never ends": {"code,parent,kind,name_vi,name_en\n12,,province,\"Lai Châu,\n", []string{"areas.csv:2: "}},
		"bytes":              {"\x00\x01\x02", []string{"areas.csv:1: "}},
	} {
		err := (&areasCommand{Data: data, File: areasFile(t, tt.text)}).Run(t.Context())
		if err == nil {
			t.Errorf("%s: was kept", name)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		for i, line := range lines {
			if i >= len(tt.want) || !strings.HasPrefix(line, tt.want[i]) {
				t.Errorf("%s: line %d is %q", name, i, line)
			}
		}
		if len(lines) != len(tt.want) {
			t.Errorf("%s: %d lines, want %d", name, len(lines), len(tt.want))
		}
		if got := kept(t, data); len(got) != 0 {
			t.Errorf("%s: kept %q", name, got)
		}
	}
}

func TestAreasNeedsADataFolder(t *testing.T) {
	data := t.TempDir()
	err := (&areasCommand{Data: data, File: areasFile(t, goodAreas)}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is no data folder: it has no central.db") {
		t.Errorf("got %v", err)
	}
	if made, _ := os.ReadDir(data); len(made) > 0 {
		t.Errorf("made %v", made)
	}
}
