package central_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/central"
)

// files lists everything in a folder that outlives a start.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// once starts and ends a server.
func once(t *testing.T, data string, demo bool) error {
	t.Helper()
	o := optionsOf(t)
	o.Data, o.Demo = data, demo
	c, err := central.New(o)
	if err == nil {
		must(t, c.Close())
	}
	return err
}

// A demo's folder serves nobody else, and nobody else's becomes a demo's. What
// is refused is left as it is.
func TestADemoKeepsToItsFolder(t *testing.T) {
	demo, province, emptied := t.TempDir(), t.TempDir(), t.TempDir()
	must(t, once(t, demo, true))
	must(t, once(t, demo, true))
	must(t, once(t, province, false))
	must(t, once(t, province, false))
	must(t, once(t, emptied, true))
	// Without its mark: the root is known for what it is.
	must(t, os.RemoveAll(filepath.Join(emptied, "demo")))
	killed := t.TempDir() // by power, before anything but the lock was there
	must(t, os.WriteFile(filepath.Join(killed, "lock"), nil, 0o600))
	must(t, once(t, killed, true))
	for name, tt := range map[string]struct {
		data string
		demo bool
		want string
	}{
		"a demo's without --demo":    {demo, false, "is the folder of a demo: the keys of everybody who may order there lie in it; give --demo, or another folder"},
		"a province's with --demo":   {province, true, "holds the data of a server that is no demo; give another folder"},
		"a demo's without its mark":  {emptied, false, "the root in " + emptied + " is that of a demo"},
		"a demo's after it was lost": {emptied, true, "holds the data of a server that is no demo"},
	} {
		before := files(t, tt.data)
		if err := once(t, tt.data, tt.demo); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if after := files(t, tt.data); !slices.Equal(after, before) {
			t.Errorf("%s: there was %q, there is %q", name, before, after)
		}
	}
	info, err := os.Stat(filepath.Join(demo, "demo"))
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("others can look into the demo's folder: %v", info.Mode())
	}
}

// The mark comes first: whatever ends a first start, the folder is a demo's.
func TestADemoIsMarkedBeforeAnythingIsInIt(t *testing.T) {
	data := t.TempDir()
	must(t, os.Mkdir(filepath.Join(data, "central.db"), 0o700)) // no database can be made there
	if err := once(t, data, true); err == nil {
		t.Fatal("it started")
	}
	if err := once(t, data, false); err == nil || !strings.Contains(err.Error(), "is the folder of a demo") {
		t.Errorf("without --demo: %v", err)
	}
}
