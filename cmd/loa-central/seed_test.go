package main

import (
	"path/filepath"
	"strings"
	"testing"

	"loa/central/storage"
)

// bare is a data folder as a server's first start leaves it: without an area, of
// which the first administrator or this command brings some.
func bare(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	db, err := storage.Open(filepath.Join(data, "central.db"))
	must(t, err)
	must(t, db.Close())
	return data
}

func TestSeed(t *testing.T) {
	data := bare(t)
	// Somebody's own name for a commune, from before.
	must(t, (&areasCommand{Data: data, File: areasFile(t, goodAreas)}).Run(t.Context()))
	for _, step := range []struct {
		province string
		want     string // what the program prints
		areas    int    // in the folder afterwards
	}{
		{"12", "37 areas added, 2 were there\n", 40}, // and one village
		{"12", "0 areas added, 39 were there\n", 40},
		{"40", "131 areas added, 0 were there\n", 171},
		{"", "166 areas added, 170 were there\n", 337},
	} {
		args := []string{"seed", "--data", data}
		if step.province != "" {
			args = append(args, "--province", step.province)
		}
		code, out, errs := call(t, "", args...)
		if code != 0 || out != step.want {
			t.Errorf("seed %q: exit %d, %q, %s; want %q", step.province, code, out, errs, step.want)
		}
		areas := kept(t, data)
		if len(areas) != step.areas {
			t.Errorf("seed %q: %d areas, want %d", step.province, len(areas), step.areas)
		}
		if areas[0] != "02647 Lào Cai" && areas[0] != "03388 Mường Tè" {
			t.Errorf("seed %q: %q comes first", step.province, areas[0])
		}
		if !strings.Contains(strings.Join(areas, "\n"), "03388 Mường Tè") {
			t.Errorf("seed %q took the name that somebody gave", step.province)
		}
	}
}

func TestSeedRefuses(t *testing.T) {
	data := bare(t)
	for _, province := range []string{"99", "03388", "1", "12 ", "../12"} {
		err := (&seedCommand{Data: data, Province: province}).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "12 (Lai Châu), 15 (Lào Cai), 20 (Lạng Sơn), 40 (Nghệ An)") {
			t.Errorf("province %q: %v", province, err)
		}
	}
	if areas := kept(t, data); len(areas) != 0 {
		t.Errorf("kept %q", areas)
	}
	if code, _, errs := call(t, "", "seed", "--data", t.TempDir()); code != 1 || !strings.Contains(errs, "is no data folder") {
		t.Errorf("a folder without a server: exit %d, %s", code, errs)
	}
}
