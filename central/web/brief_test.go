package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loa/central/fleet"
	"loa/central/registry"
	"loa/central/web"
	"loa/controller/protocol"
)

// awkward are texts that JSON must take care of.
var awkward = rapid.OneOf(
	rapid.SampledFrom([]string{"", "Cụm loa bản số 7", "a\"b", `a\b`, "a\nb", "\x00", "\x7f", "<b>&amp;", "\u2028 \u2029", "…", "\u202e", "\xff", "a\xe2\x80", "😀", "{\"x\":1}"}),
	rapid.String(),
)

var moments = rapid.Custom(func(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "zero") {
		return time.Time{}
	}
	zone := time.FixedZone("x", rapid.IntRange(-12, 14).Draw(t, "zone")*3600)
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).In(zone)
})

// What is written by hand is what is described.
func TestBriefIsWrittenAsDescribed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return awkward.Draw(t, name) }
		s := fleet.Standing{
			Cluster: registry.Cluster{
				ID: text("id"), Name: text("name"), Area: text("area"), Languages: rapid.SliceOfN(awkward, 0, 3).Draw(t, "languages"),
			},
			Enrolled: rapid.Bool().Draw(t, "enrolled"),
			Picture:  fleet.Picture{Online: rapid.Bool().Draw(t, "online"), Since: moments.Draw(t, "since"), Seen: moments.Draw(t, "seen")},
		}
		if rapid.Bool().Draw(t, "state") {
			s.Picture.State = &protocol.State{}
			for range rapid.IntRange(0, 3).Draw(t, "onAir") {
				s.Picture.State.OnAir = append(s.Picture.State.OnAir, protocol.OnAir{
					Output: text("output"), Class: text("class"), Mode: protocol.Mode(text("mode")), Subject: text("subject"), Order: text("order"), Since: moments.Draw(t, "at"),
				})
				s.Picture.State.Faults = append(s.Picture.State.Faults, protocol.FaultNote{Part: text("part"), Detail: text("detail")})
			}
		}
		if rapid.Bool().Draw(t, "silence") {
			s.Causes = []fleet.Silence{{Code: fleet.OtherFault, Since: moments.Draw(t, "silent"), Params: map[string]string{"part": text("p"), "detail": text("d")}}}
		}
		long, short := web.BriefAsEncoded(s), web.BriefAsWritten(s)
		if !utf8.Valid(short) {
			t.Fatalf("%q", short)
		}
		var a, b any
		if err := json.Unmarshal(short, &b); err != nil {
			t.Fatalf("%v: %s", err, short)
		}
		if err := json.Unmarshal(long, &a); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Fatal(d)
		}
	})
}

func TestLargeAnswersAreCompressed(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.must(w.registry.AddClusters(t.Context(), "test", registry.Cluster{ID: "cum-" + string(rune('a'+i)), Name: "Cụm", Area: muongTe, Languages: []string{"vi"}}))
	}
	for _, c := range []struct {
		path, accepts string
		compressed    bool
	}{
		{"/clusters/brief", "gzip", true},
		{"/clusters/brief", "br, gzip;q=0.8, *;q=0.1", true},
		{"/clusters/brief", "GZIP", true},
		{"/clusters", "gzip", true},
		{"/clusters/brief", "", false},
		{"/clusters/brief", "identity", false},
		{"/clusters/brief", "gzip;q=0", false},
		{"/clusters/brief", "gzip; q=0.000", false},
		{"/clusters/brief", "gzip;q=x", false},
		{"/clusters/brief?area=" + doanKet, "gzip", false}, // small
		{"/clusters/nobody", "gzip", false},
		{"/nowhere", "gzip", false},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", w.server.URL+"/api/v1"+c.path, nil)
		w.must(err)
		req.Header.Set("Authorization", "Bearer "+w.tokens["tho"])
		req.Header.Set("Accept-Encoding", c.accepts)
		resp, err := w.server.Client().Do(req)
		w.must(err)
		body, err := io.ReadAll(resp.Body)
		w.must(err)
		resp.Body.Close()
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != c.compressed {
			t.Errorf("%s with %q: compressed %v", c.path, c.accepts, got)
		}
		if c.compressed {
			z, err := gzip.NewReader(bytes.NewReader(body))
			w.must(err)
			body, err = io.ReadAll(z)
			w.must(err)
		}
		if !json.Valid(body) {
			t.Errorf("%s with %q: %.200q", c.path, c.accepts, body)
		}
		if strings.HasPrefix(c.path, "/clusters/brief") && !strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: Vary is %q", c.path, resp.Header.Values("Vary"))
		}
		if resp.StatusCode >= 400 != strings.HasPrefix(c.path, "/clusters/nobody") && c.path != "/nowhere" {
			t.Errorf("%s: %d", c.path, resp.StatusCode)
		}
	}
}
