package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loa/controller/protocol"
)

func TestParseSiren(t *testing.T) {
	for text, want := range map[string]protocol.Siren{
		"none":     {},
		"3x20/10":  {Blasts: 3, Seconds: 20, Gap: 10},
		"2x10/0":   {Blasts: 2, Seconds: 10},
		"5x30/5":   {Blasts: 5, Seconds: 30, Gap: 5},
		"1x2.5/.5": {Blasts: -1}, // refused
		"1x2.5/0.5": {
			Blasts: 1, Seconds: 2.5, Gap: 0.5,
		},
	} {
		got, err := parseSiren(text)
		if want.Blasts < 0 {
			if err == nil {
				t.Errorf("%q was taken as %+v", text, got)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "3", "3x20", "3x20/", "x20/10", "3x/10", "3x20/10s", "3x20/10 ", " 3x20/10", "3x20/10x", "-3x20/10", "3x-20/10", "3x20/-1",
		"3xNaN/10", "3xInf/10", "3x1e9/10", "0x20/10x5", "3×20/10", "3X20/10", "99999x1/1", "3x20/10\n", "NONE", "3x20,5/10",
	} {
		if got, err := parseSiren(text); err == nil || !strings.Contains(err.Error(), "is not BLASTSxSECONDS/GAP") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestMessages(t *testing.T) {
	hash := strings.Repeat("a", 64)
	c := alertCommand{Message: []string{"vi=Lũ lên; bà con lên chỗ cao, mang theo a=b", "hmn=Dej nyab"}, Audio: []string{"hmn=" + hash}}
	got, err := c.messages()
	want := []message{{Language: "vi", Text: "Lũ lên; bà con lên chỗ cao, mang theo a=b"}, {Language: "hmn", Text: "Dej nyab", Audio: hash}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for name, tt := range map[string]struct {
		c    alertCommand
		want string
	}{
		"no language":         {alertCommand{Message: []string{"Lũ"}}, `--message "Lũ" is not LANG=TEXT`},
		"no text":             {alertCommand{Message: []string{"vi="}}, `--message "vi=" is not LANG=TEXT`},
		"empty language":      {alertCommand{Message: []string{"=Lũ"}}, `--message "=Lũ" is not LANG=TEXT`},
		"a language twice":    {alertCommand{Message: []string{"vi=a", "vi=b"}}, "its language stands twice"},
		"audio of no text":    {alertCommand{Message: []string{"vi=a"}, Audio: []string{"hmn=" + hash}}, "has a --message"},
		"audio twice":         {alertCommand{Message: []string{"vi=a"}, Audio: []string{"vi=" + hash, "vi=" + hash}}, "--audio"},
		"audio of no hash":    {alertCommand{Message: []string{"vi=a"}, Audio: []string{"vi"}}, "--audio"},
		"audio of a sentence": {alertCommand{Message: []string{"vi=a"}, Audio: []string{""}}, "--audio"},
	} {
		if got, err := tt.c.messages(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// What the flags say is what is asked for; the text is not torn at ; or ,.
func TestAlertAsksForWhatTheFlagsSay(t *testing.T) {
	var path string
	var asked map[string]any
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		_ = json.NewDecoder(r.Body).Decode(&asked)
		w.WriteHeader(http.StatusTeapot)
	})
	key := keys(t, "captain")("captain.key")
	t.Setenv("LOA_SERVER", s.URL)
	t.Setenv("LOA_CA", s.CA)
	code, _, errs := call(t, "", "alert", "--key", key, "--area", "03388", "--area", "03390", "--hazard", "flood", "--level", "3", "--drill",
		"--siren", "2x10/5", "--message", "vi=Lũ lên; bà con, lên chỗ cao", "--message", "hmn=Dej nyab", "--repetitions", "2", "--pause", "1500ms", "--lifetime", "90m")
	if code != 1 || !strings.Contains(errs, "418") || path != "POST /api/v1/alerts" {
		t.Fatalf("exit %d, %s: %s", code, path, errs)
	}
	want := map[string]any{
		"mode": "drill", "audience": []any{"03388", "03390"}, "hazard": "flood", "level": 3.0, "phrase": "flood",
		"siren":       map[string]any{"blasts": 2.0, "seconds": 10.0, "gap": 5.0},
		"messages":    []any{map[string]any{"language": "vi", "text": "Lũ lên; bà con, lên chỗ cao"}, map[string]any{"language": "hmn", "text": "Dej nyab"}},
		"repetitions": 2.0, "pause": 1.5, "lifetimeSeconds": 5400.0,
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestCancelNamesItsAlert(t *testing.T) {
	var path string
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		w.WriteHeader(http.StatusTeapot)
	})
	for _, tt := range []struct {
		alert string
		drill bool
		want  string
	}{
		{"7f3c", false, "/api/v1/alerts/live/7f3c/cancel"},
		{"7f3c", true, "/api/v1/alerts/drill/7f3c/cancel"},
		{"alert/live/7f3c", true, "/api/v1/alerts/live/7f3c/cancel"}, // the subject says it all
		{"alert/drill/7f3c", false, "/api/v1/alerts/drill/7f3c/cancel"},
		{"../x?y", false, "/api/v1/alerts/live/..%2Fx%3Fy/cancel"},
		{"alert/test/7f3c", false, ""},
	} {
		path = ""
		err := (&cancelCommand{s, signing{}, tt.drill, tt.alert}).Run(t.Context())
		if err == nil || path != tt.want {
			t.Errorf("%s %v: asked %q, %v", tt.alert, tt.drill, path, err)
		}
	}
}

// The real server: what its commands need of each other, from nothing.
func TestTheCommandsTogether(t *testing.T) {
	data := t.TempDir()
	address, _ := serving(t, data)
	must(t, (&areasCommand{Data: data, File: areasFile(t, goodAreas)}).Run(t.Context()))
	_, token, _ := call(t, "", "token", "--data", data, "--person", "admin-a", "--name", "Admin A", "--administrator", "12")
	t.Setenv(tokenVariable, token)
	s := server{URL: address, CA: data + "/authority.pem"}
	path := keys(t, "owner-a", "owner-b", "owner-c", "admin-a", "admin-b")
	root, err := aRoot(t, path, nil)
	must(t, err)

	if err := (&rootCommand{s, root}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "422") {
		t.Errorf("an unsigned root: %v", err)
	}
	must(t, (&signFileCommand{signing{Key: []string{path("owner-a.key"), path("owner-c.key")}, Yes: true}, root}).Run(t.Context()))
	must(t, (&rootCommand{s, root}).Run(t.Context()))

	var drafted status
	must(t, (&keySetCommand{s, signing{Key: []string{path("admin-a.key")}, Yes: true}}).Run(t.Context()))
	var orders []status
	must(t, s.call(t.Context(), "GET", "/orders?kind=keyset", nil, &orders))
	if len(orders) != 1 || orders[0].State == sealed {
		t.Fatalf("signed by one: %+v", orders)
	}
	must(t, (&signOrderCommand{s, signing{Key: []string{path("admin-b.key")}, Yes: true}, orders[0].Hash}).Run(t.Context()))
	must(t, s.call(t.Context(), "GET", "/orders/"+orders[0].Hash, nil, &drafted))
	if drafted.State != sealed {
		t.Errorf("signed by two: %+v", drafted)
	}
	must(t, (&verifyCommand{Data: data}).Run(t.Context()))

	begun := time.Now()
	if err := (&stopCommand{s, signing{Key: []string{path("admin-a.key")}, Yes: true}, []string{"03388"}}).Run(t.Context()); err == nil || time.Since(begun) > time.Minute {
		t.Error("an administrator stopped what is on air")
	}
}
