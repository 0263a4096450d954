// Package cmd_test holds the import rules of the whole module: which package
// may import which, and why. The source is parsed here, in process, so that no
// cached answer can stand for a check that did not run.
package cmd_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "loa"

// rule says what of the project one package may import, and why no more.
type rule struct {
	may []string // packages, below the module; "x/*" is everything below x
	why string
}

// packages is the import table of the design. A package that is not in it may
// not be there.
var packages = map[string]rule{
	"controller/protocol": {nil, "the wire contract is a leaf: both sides import it, so it can drag nothing along"},
	"central/registry":    {nil, "who may do what where is judged without knowing what is done"},
	"central/library":     {nil, "audio and bulletins are made before anybody plans or orders them"},
	"firmware":            {nil, "a board is relays and sound; it knows nothing of orders"},

	"controller/schedule": {[]string{"controller/protocol"}, "pure: it decides from documents alone, on boards and in central's preview"},
	"controller/store":    {[]string{"controller/protocol"}, "it keeps documents as signed and judges none"},
	"controller/link":     {[]string{"controller/protocol"}, "the network is a hint: it enqueues events and decides nothing"},

	"firmware/pi":        {[]string{"firmware"}, "a board implements firmware and knows nothing of who uses it"},
	"firmware/sim":       {[]string{"firmware"}, "a board implements firmware and knows nothing of who uses it"},
	"firmware/boardtest": {[]string{"firmware"}, "the contract of a board is judged by firmware alone"},

	"controller/playout": {[]string{"firmware", "controller/schedule"}, "it switches power for what Decide says; it never sees an order or a signature"},
	"controller":         {[]string{"controller/*", "firmware"}, "the agent is put together from its rooms and a board it is given; which board is chosen in cmd"},

	"central/planner": {[]string{"central/registry", "central/library", "controller/protocol", "controller/schedule"},
		"the preview is computed by the very code that the board runs"},
	"central/changes": {nil, "what changed is told without knowing what it is"},
	"central/orders":  {[]string{"central/changes", "central/registry", "controller/protocol"}, "the life of an order needs who may and what the bytes say, not how they are sent or kept"},
	"central/fleet":   {[]string{"central/changes", "central/registry", "controller/protocol"}, "the live picture needs whose clusters and what they report"},
	"central/broker":  {[]string{"controller/protocol"}, "it carries bytes on topics; what they mean is judged elsewhere"},
	"central/live":    {[]string{"controller/protocol"}, "it makes frames; who may speak is decided before"},
	"central/storage": {[]string{"central/registry", "central/library", "central/planner", "central/orders", "central/fleet", "controller/protocol"},
		"it implements the interfaces that the rooms declare, in their words and the contract's"},
	"central/web": {[]string{"central/changes", "central/registry", "central/library", "central/planner", "central/orders", "central/fleet", "central/live", "controller/protocol"},
		"it asks the rooms; writing to storage or broker would pass their rules by"},
	"central/demo": {[]string{"central/registry", "central/library", "central/planner", "central/orders", "controller/protocol", "seeds"},
		"it hides the keys of people who do not exist, and does through the rooms what those people would do"},
	"central": {[]string{"central/*", "controller/protocol"}, "the server is put together from its rooms; of the board's it takes the contract, and schedule through planner only"},
	"seeds":   {[]string{"central/registry", "central/library", "central/planner"}, "seeds are rows of these rooms, and can raise no order"},

	"cmd/loa-agent": {[]string{"controller", "controller/protocol", "controller/store", "controller/link", "firmware", "firmware/*"},
		"the board's program reads its enrolment, opens store and link, and chooses a board; nothing of central runs on a pole"},
	"cmd/loa-central": {[]string{"central", "central/registry", "seeds", "controller/protocol"},
		"the server's program starts central, adds people and areas, and signs with a person's key"},
	"cmd/loa-sim": {[]string{"controller", "controller/*", "firmware", "firmware/sim", "central", "central/registry", "central/broker", "seeds"},
		"simulated clusters run the real agent against a real central, whose first people it adds as the server's command line does; a bare broker is what speed is compared with"},
	"cmd/loa-check": {[]string{"controller/protocol", "central/broker"}, "it judges the chain from outside, so it shares nothing with what it judges but the contract; the broker lets it stand in for a captured server"},
}

// foreign says where a third-party library may be imported: in one package, so
// that it can be replaced there.
type foreign struct {
	in    []string // packages, as in rule.may
	tests []string // packages whose tests may import it too
	why   string
}

// anywhere stands for every package.
var anywhere = []string{"*"}

// libraries holds every library in use, by the start of its import paths.
var libraries = map[string]foreign{
	"github.com/eclipse/paho.mqtt.golang": {[]string{"controller/link"}, []string{"central/broker"},
		"the MQTT client is the link's; the broker is tested with the real one"},
	"github.com/mochi-mqtt/server/v2": {[]string{"central/broker"}, []string{"controller", "controller/link"},
		"the MQTT server stays replaceable behind the broker; the agent and its link are tested with the real one"},
	"periph.io/x":                      {[]string{"firmware/pi"}, nil, "GPIO and sensors are a board's"},
	"github.com/ebitengine/oto/v3":     {[]string{"firmware/pi"}, nil, "the sound card is a board's"},
	"modernc.org/sqlite":               {[]string{"central/storage"}, nil, "SQL is storage's"},
	"github.com/jackc/pgx/v5":          {[]string{"central/storage"}, nil, "SQL is storage's"},
	"github.com/pressly/goose/v3":      {[]string{"central/storage"}, nil, "migrations are storage's"},
	"database/sql":                     {[]string{"central/storage"}, nil, "SQL is storage's"},
	"go.etcd.io/bbolt":                 {[]string{"controller/store"}, nil, "how a board keeps things is its store's"},
	"github.com/teambition/rrule-go":   {[]string{"controller/schedule"}, nil, "recurrence has one reading, on boards and in central"},
	"github.com/pion/opus":             {[]string{"controller/playout"}, nil, "decoding is playout's"},
	"github.com/danielgtaylor/huma/v2": {[]string{"central/web"}, nil, "HTTP is web's"},
	"github.com/alexedwards/scs/v2":    {[]string{"central/web"}, nil, "how a browser is known again is web's; storage only keeps it"},
	"golang.org/x/crypto/argon2":       {[]string{"central/registry"}, nil, "what is kept of a password has one home"},
	"golang.org/x/text/unicode/norm":   {[]string{"central/registry"}, nil, "a password is the same from every keyboard"},
	"github.com/alecthomas/kong":       {[]string{"cmd/*"}, nil, "flags are the programs'"},
	"github.com/coreos/go-systemd/v22": {[]string{"cmd/loa-agent"}, nil, "the service manager is the program's business; the agent itself only knows watchdogs"},
	"github.com/goccy/go-yaml":         {[]string{"cmd/*", "seeds"}, nil, "config files are the programs', data files the seeds'"},
	"github.com/go-json-experiment/json": {[]string{"controller/protocol"}, nil,
		"strict decoding has one home"},
	"golang.org/x/sys/unix": {[]string{"firmware/pi", "firmware/sim", "cmd/loa-check", "cmd/loa-central", "cmd/loa-sim"}, nil,
		"devices and pipes need the system's calls; whether a person reads what is printed, only the terminal's can tell"},

	"github.com/google/go-cmp":        {nil, anywhere, "for tests only"},
	"pgregory.net/rapid":              {nil, anywhere, "for tests only"},
	"github.com/rogpeppe/go-internal": {nil, anywhere, "for tests only"},
}

// vague names hide no decision: whatever fits nowhere ends up there.
var vague = []string{"util", "utils", "common", "helper", "helpers", "type", "types", "model", "models", "misc", "base", "shared"}

func TestImports(t *testing.T) {
	found, seen, err := check(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
	// A check that sees nothing finds nothing.
	for _, p := range []string{"controller/protocol", "central/broker", "firmware"} {
		if !slices.Contains(seen, p) {
			t.Errorf("package %s was not seen", p)
		}
	}
}

// check reads every Go file below root, whatever its build tags, and returns
// what breaks a rule, each as file:line and why, with the packages it saw.
func check(root fs.FS) (found, seen []string, err error) {
	c := checker{files: token.NewFileSet(), documented: map[string]bool{}}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if name != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") ||
				slices.Contains([]string{"testdata", "node_modules", "build", "data"}, d.Name())) {
				return fs.SkipDir
			}
			return nil
		case !strings.HasSuffix(name, ".go"):
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return c.file(name, source)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the module: %w", err)
	}
	for pkg, ok := range c.documented {
		seen = append(seen, pkg)
		if !ok {
			c.found = append(c.found, fmt.Sprintf("%s: no doc comment says what the package hides (%q)", pkg, docStart(pkg)))
		}
	}
	slices.Sort(seen)
	slices.Sort(c.found)
	return c.found, seen, nil
}

type checker struct {
	files      *token.FileSet
	found      []string
	documented map[string]bool // packages with production code, and whether a doc comment was seen
}

func (c *checker) complain(at token.Pos, format string, args ...any) {
	p := c.files.Position(at)
	c.found = append(c.found, fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...)))
}

func (c *checker) file(name string, source []byte) error {
	parsed, err := parser.ParseFile(c.files, name, source, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	pkg := path.Dir(name)
	test := strings.HasSuffix(name, "_test.go")
	for _, n := range []string{path.Base(pkg), strings.TrimSuffix(parsed.Name.Name, "_test")} {
		if slices.Contains(vague, n) {
			c.complain(parsed.Name.Pos(), "a package named %s hides nothing; name it by what it knows", n)
			break
		}
	}
	if !test {
		if _, known := c.documented[pkg]; !known {
			c.documented[pkg] = false
			if _, ok := packages[pkg]; !ok {
				c.complain(parsed.Package, "package %s is not in the import table of cmd/imports_test.go; say there what it may import, and why", pkg)
			}
		}
		if strings.HasPrefix(parsed.Doc.Text(), docStart(pkg)) {
			c.documented[pkg] = true
		}
	}
	for _, spec := range parsed.Imports {
		c.imported(pkg, test, spec)
	}
	return nil
}

// docStart is how the doc comment of a package begins.
func docStart(pkg string) string {
	if strings.HasPrefix(pkg, "cmd/") {
		return "Command " + path.Base(pkg) + " "
	}
	return "Package " + path.Base(pkg) + " "
}

func (c *checker) imported(pkg string, test bool, spec *ast.ImportSpec) {
	what, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		c.complain(spec.Pos(), "import %s cannot be read", spec.Path.Value)
		return
	}
	switch first, _, _ := strings.Cut(what, "/"); {
	case what == "C":
		c.complain(spec.Pos(), "cgo: the binaries are built without it, for boards of another architecture")
	case first == module:
		c.project(pkg, test, strings.TrimPrefix(what, module+"/"), spec.Pos())
	default:
		c.foreign(pkg, test, what, strings.Contains(first, "."), spec.Pos())
	}
}

// project judges an import of the project's own. Tests may put together
// whatever they need below cmd: they are in nobody's binary.
func (c *checker) project(pkg string, test bool, what string, at token.Pos) {
	r, known := packages[pkg]
	switch {
	case what == "cmd" || strings.HasPrefix(what, "cmd/"):
		c.complain(at, "%s may not import %s: nothing imports a program", pkg, what)
	case test || !known: // that it is unknown was said already
	case what == pkg || !matches(r.may, what):
		c.complain(at, "%s may not import %s: %s", pkg, what, r.why)
	}
}

// foreign judges an import from outside; of the standard library only what the
// table names is bound to a place.
func (c *checker) foreign(pkg string, test bool, what string, third bool, at token.Pos) {
	for start, l := range libraries {
		if what != start && !strings.HasPrefix(what, start+"/") {
			continue
		}
		if !matches(l.in, pkg) && !(test && matches(l.tests, pkg)) {
			c.complain(at, "%s may not import %s: %s", pkg, what, l.why)
		}
		return
	}
	if third {
		c.complain(at, "%s imports %s, a library that is not in cmd/imports_test.go; say there which one package needs it, and why", pkg, what)
	}
}

func matches(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		below, all := strings.CutSuffix(p, "*")
		return p == pkg || all && strings.HasPrefix(pkg, below)
	})
}

// The check must be able to fail.
func TestCheckFindsWhatItShould(t *testing.T) {
	const link = "// Package link is documented.\npackage link\n"
	tests := []struct {
		name, file, source string
		want               string // start of what is found, or nothing
	}{
		{"allowed", "controller/link/a.go", link + `import _ "loa/controller/protocol"`, ""},
		{"standard library", "controller/link/a.go", link + `import _ "crypto/tls"`, ""},
		{"sideways", "controller/link/a.go", link + `import _ "loa/controller/store"`,
			"controller/link/a.go:3: controller/link may not import controller/store: the network is a hint"},
		{"under another name", "controller/link/a.go", link + "import (\n\t\"os\"\n\tx \"loa/central/orders\"\n)",
			"controller/link/a.go:5: controller/link may not import central/orders"},
		{"behind a build tag", "controller/link/a.go", "//go:build never\n\n" + link + `import _ "loa/controller/store"`,
			"controller/link/a.go:5: controller/link may not import controller/store"},
		{"upwards", "controller/protocol/a.go", "// Package protocol is.\npackage protocol\n" + `import _ "loa/controller/schedule"`,
			"controller/protocol/a.go:3: controller/protocol may not import controller/schedule: the wire contract"},
		{"child of what is allowed", "controller/playout/a.go", "// Package playout is.\npackage playout\n" + `import _ "loa/firmware/pi"`,
			"controller/playout/a.go:3: controller/playout may not import firmware/pi"},
		{"all children", "controller/a.go", "// Package controller is.\npackage controller\n" + `import _ "loa/controller/store"`, ""},
		{"name that begins alike", "controller/a.go", "// Package controller is.\npackage controller\n" + `import _ "loa/controllers/store"`,
			"controller/a.go:3: controller may not import controllers/store"},
		{"central takes schedule through planner only", "central/a.go", "// Package central is.\npackage central\n" + `import _ "loa/controller/schedule"`,
			"central/a.go:3: central may not import controller/schedule"},
		{"central on a pole", "cmd/loa-agent/a.go", "// Command loa-agent is.\npackage main\n" + `import _ "loa/central"`,
			"cmd/loa-agent/a.go:3: cmd/loa-agent may not import central"},
		{"web past the rooms", "central/web/a.go", "// Package web is.\npackage web\n" + `import _ "loa/central/storage"`,
			"central/web/a.go:3: central/web may not import central/storage: it asks the rooms"},

		{"library at home", "controller/link/a.go", link + `import _ "github.com/eclipse/paho.mqtt.golang"`, ""},
		{"part of a library at home", "firmware/pi/a.go", "// Package pi is.\npackage pi\n" + `import _ "periph.io/x/conn/v3/gpio"`, ""},
		{"library of another", "controller/link/a.go", link + `import _ "go.etcd.io/bbolt"`,
			"controller/link/a.go:3: controller/link may not import go.etcd.io/bbolt: how a board keeps things"},
		{"part of a library of another", "controller/link/a.go", link + `import _ "periph.io/x/conn/v3/gpio"`,
			"controller/link/a.go:3: controller/link may not import periph.io/x/conn/v3/gpio"},
		{"SQL outside storage", "central/web/a.go", "// Package web is.\npackage web\n" + `import _ "database/sql"`,
			"central/web/a.go:3: central/web may not import database/sql"},
		{"unknown library", "controller/link/a.go", link + `import _ "example.org/mqtt"`,
			"controller/link/a.go:3: controller/link imports example.org/mqtt, a library that is not in"},
		{"library for tests", "controller/link/a.go", link + `import _ "pgregory.net/rapid"`,
			"controller/link/a.go:3: controller/link may not import pgregory.net/rapid: for tests only"},
		{"cgo", "controller/link/a.go", link + `import "C"`, "controller/link/a.go:3: cgo"},

		{"test: sideways", "controller/link/a_test.go", "package link_test\n" + `import _ "loa/central/broker"`, ""},
		{"test: library for tests", "controller/link/a_test.go", "package link_test\n" + `import _ "pgregory.net/rapid"`, ""},
		{"test: library that is listed for it", "controller/link/a_test.go", "package link_test\n" + `import _ "github.com/mochi-mqtt/server/v2/packets"`, ""},
		{"test: library of another", "controller/store/a_test.go", "package store_test\n" + `import _ "github.com/mochi-mqtt/server/v2"`,
			"controller/store/a_test.go:2: controller/store may not import github.com/mochi-mqtt/server/v2"},
		{"test: a program", "controller/link/a_test.go", "package link_test\n" + `import _ "loa/cmd/loa-agent"`,
			"controller/link/a_test.go:2: controller/link may not import cmd/loa-agent: nothing imports a program"},
		{"test: cgo", "controller/link/a_test.go", "package link_test\n" + `import "C"`, "controller/link/a_test.go:2: cgo"},

		{"package that nobody decided on", "central/mail/a.go", "// Package mail is.\npackage mail\n",
			"central/mail/a.go:2: package central/mail is not in the import table"},
		{"vague name", "controller/link/helpers/a_test.go", "package helpers\n", "controller/link/helpers/a_test.go:1: a package named helpers hides nothing"},
		{"vague name in another folder", "controller/link/a_test.go", "package util_test\n", "controller/link/a_test.go:1: a package named util hides nothing"},
		{"no doc comment", "controller/link/a.go", "package link\n", "controller/link: no doc comment"},
		{"comment that is no doc comment", "controller/link/a.go", "// link\n\npackage link\n", "controller/link: no doc comment"},
		{"doc comment of another name", "controller/link/a.go", "// Package links is.\npackage link\n", "controller/link: no doc comment"},
		{"program without", "cmd/loa-sim/a.go", "// Package main is.\npackage main\n", `cmd/loa-sim: no doc comment says what the package hides ("Command loa-sim ")`},

		{"data of a test", "controller/link/testdata/a.go", "package util\n" + `import "C"`, ""},
		{"not Go", "controller/link/a.txt", `import "C"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, _, err := check(fstest.MapFS{tt.file: {Data: []byte(tt.source)}})
			switch {
			case err != nil:
				t.Fatal(err)
			case tt.want == "" && len(found) > 0:
				t.Errorf("found %q, want nothing", found)
			case tt.want != "" && (len(found) != 1 || !strings.HasPrefix(found[0], tt.want)):
				t.Errorf("found %q, want one that begins %q", found, tt.want)
			}
		})
	}
}

func TestCheckReportsWhatItCannotRead(t *testing.T) {
	if _, _, err := check(fstest.MapFS{"controller/link/a.go": {Data: []byte("package")}}); err == nil {
		t.Error("a file that does not parse was passed over")
	}
}

// The doc comment may stand in any one file of a package.
func TestCheckTakesOneDocComment(t *testing.T) {
	found, seen, err := check(fstest.MapFS{
		"controller/link/a.go":   {Data: []byte("package link\n")},
		"controller/link/doc.go": {Data: []byte("// Package link is.\npackage link\n")},
		"controller/link/z.go":   {Data: []byte("package link\n")},
	})
	if err != nil || len(found) > 0 || !slices.Equal(seen, []string{"controller/link"}) {
		t.Errorf("found %q in %q, %v", found, seen, err)
	}
}

// Every rule has a reason, and names only packages that have a rule.
func TestTable(t *testing.T) {
	for pkg, r := range packages {
		if r.why == "" {
			t.Errorf("%s: no reason", pkg)
		}
		for _, m := range r.may {
			if _, ok := packages[m]; !ok && !strings.HasSuffix(m, "/*") {
				t.Errorf("%s may import %s, which has no rule", pkg, m)
			}
		}
	}
	for lib, l := range libraries {
		if l.why == "" {
			t.Errorf("%s: no reason", lib)
		}
	}
}
