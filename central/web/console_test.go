package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"loa/central/web"
)

// consoled is a world whose server has a console.
func consoled(t *testing.T) *world {
	t.Helper()
	w := newBareWorld(t)
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	w.options.Console = fstest.MapFS{
		"index.html":               file(`<!doctype html><meta property="csp-nonce" nonce="LOA-NONCE"><script type="module" src="/assets/main-1a2b.js"></script>`),
		"index.html.br":            file("index, packed"),
		"favicon.svg":              file("<svg/>"),
		"manifest.webmanifest":     file("{}"),
		"assets/main-1a2b.js":      file("main"),
		"assets/main-1a2b.js.br":   file("main, br"),
		"assets/main-1a2b.js.gz":   file("main, gz"),
		"assets/style-3c4d.css":    file("style"),
		"assets/style-3c4d.css.gz": file("style, gz"),
		"assets/font-5e6f.woff2":   file("font"),
		"assets/what.bin":          file("of no kind"),
	}
	w.handler, w.api = web.NewDescribed(w.options)
	w.server = httptest.NewServer(w.handler)
	t.Cleanup(w.server.Close)
	return w
}

const browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// get asks for a page or a file as it stands, and unpacks nothing.
func (w *world) get(method, path string, headers ...string) (*http.Response, string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.server.URL, nil)
	w.must(err)
	req.URL.Opaque = path
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	return resp, string(text)
}

func TestConsole(t *testing.T) {
	w := consoled(t)
	const page, script, style = "<!doctype html>", "text/javascript; charset=utf-8", "text/css; charset=utf-8"
	const forever, again, never = "public, max-age=31536000, immutable", "no-cache", "no-store"
	for _, c := range []struct {
		name, path, accept, packed string
		status                     int
		body, kind, cache, coding  string
	}{
		{"the start", "/", browsers, "gzip, br", 200, page, "text/html; charset=utf-8", never, ""},
		{"a page", "/bulletins/ban-tin", browsers, "", 200, page, "text/html; charset=utf-8", never, ""},
		{"a page with a dot", "/areas/03433.01", browsers, "", 200, page, "text/html; charset=utf-8", never, ""},
		{"a page with a query", "/clusters?area=12", browsers, "", 200, page, "text/html; charset=utf-8", never, ""},
		{"the index itself", "/index.html", browsers, "", 200, page, "text/html; charset=utf-8", never, ""},
		{"a page that looks like the API", "/apis", browsers, "", 200, page, "text/html; charset=utf-8", never, ""},
		{"a script", "/assets/main-1a2b.js", "*/*", "", 200, "main", script, forever, ""},
		{"a script, best packed", "/assets/main-1a2b.js", "*/*", "gzip, deflate, br, zstd", 200, "main, br", script, forever, "br"},
		{"a script, packed", "/assets/main-1a2b.js", "*/*", "gzip", 200, "main, gz", script, forever, "gzip"},
		{"a script, not packed so", "/assets/main-1a2b.js", "*/*", "br;q=0, gzip;q=0.5", 200, "main, gz", script, forever, "gzip"},
		{"a script, packed in no way", "/assets/main-1a2b.js", "*/*", "br;q=0.0, identity", 200, "main", script, forever, ""},
		{"a style, packed in one way only", "/assets/style-3c4d.css", "text/css,*/*;q=0.1", "br, gzip", 200, "style, gz", style, forever, "gzip"},
		{"a font", "/assets/font-5e6f.woff2", "*/*", "br", 200, "font", "font/woff2", forever, ""},
		{"an icon", "/favicon.svg", "image/*", "br", 200, "<svg/>", "image/svg+xml", again, ""},
		{"a manifest", "/manifest.webmanifest", "*/*", "", 200, "{}", "application/manifest+json", again, ""},

		{"a page for a program", "/bulletins", "*/*", "", 404, "not-found", "application/problem+json", never, ""},
		{"a page, not as HTML", "/bulletins", "text/html;q=0", "", 404, "not-found", "application/problem+json", never, ""},
		{"a script of yesterday", "/assets/main-0000.js", "*/*", "br", 404, "not-found", "application/problem+json", never, ""},
		{"a script of yesterday, by hand", "/assets/main-0000.js", browsers, "", 404, "not-found", "application/problem+json", never, ""},
		{"a packed file", "/assets/main-1a2b.js.br", "*/*", "", 404, "not-found", "application/problem+json", never, ""},
		{"a file of no kind", "/assets/what.bin", "*/*", "", 404, "not-found", "application/problem+json", never, ""},
		{"a folder", "/assets/", browsers, "", 404, "not-found", "application/problem+json", never, ""},
		{"out of it", "/assets/%2e%2e/%2e%2e/console.go", "*/*", "", 404, "not-found", "application/problem+json", never, ""},
		{"the API's", "/api/v1/nothing", browsers, "", 404, "not-found", "application/problem+json", never, ""},
		{"the API", "/api", browsers, "", 404, "not-found", "application/problem+json", never, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				r, text := w.get(method, c.path, "Accept", c.accept, "Accept-Encoding", c.packed)
				h := r.Header
				if r.StatusCode != c.status || h.Get("Content-Type") != c.kind || h.Get("Cache-Control") != c.cache || h.Get("Content-Encoding") != c.coding {
					t.Fatalf("%s: %d %v", method, r.StatusCode, h)
				}
				if method == "GET" && !strings.Contains(text, c.body) || c.cache == forever && text != c.body && method == "GET" || method == "HEAD" && text != "" {
					t.Errorf("%s: %s", method, text)
				}
				if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
					t.Errorf("%s: %v", method, h)
				}
				if c.cache != never && !strings.Contains(h.Get("Vary"), "Accept-Encoding") {
					t.Errorf("%s: Vary %q", method, h.Get("Vary"))
				}
				if c.body != page && h.Get("Content-Security-Policy") != "default-src 'none'; frame-ancestors 'none'" {
					t.Errorf("%s: policy %q", method, h.Get("Content-Security-Policy"))
				}
			}
		})
	}
	for _, path := range []string{"/", "/bulletins"} {
		if r, _ := w.get("POST", path, "Accept", browsers); r.StatusCode != 404 {
			t.Errorf("POST %s: %d", path, r.StatusCode)
		}
	}
}

// TestConsolePolicy: every page has a nonce of its own, and nothing from
// elsewhere, nor any script that stands in the page, runs.
func TestConsolePolicy(t *testing.T) {
	w := consoled(t)
	seen := map[string]bool{}
	for range 3 {
		r, text := w.get("GET", "/welcome", "Accept", browsers)
		_, nonce, _ := strings.Cut(text, `nonce="`)
		nonce, _, _ = strings.Cut(nonce, `"`)
		if len(nonce) < 22 || seen[nonce] || strings.Contains(text, web.NonceMark) {
			t.Fatalf("nonce %q in %s", nonce, text)
		}
		seen[nonce] = true
		policy := map[string]string{}
		for part := range strings.SplitSeq(r.Header.Get("Content-Security-Policy"), ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), " ")
			policy[name] = value
		}
		for name, want := range map[string]string{
			"default-src": "'none'", "script-src": "'self'", "style-src": "'self' 'nonce-" + nonce + "'", "connect-src": "'self'",
			"media-src":       "'self' blob:", // what is about to be signed is heard from memory, after its hash was judged
			"frame-ancestors": "'none'", "base-uri": "'none'", "form-action": "'self'",
		} {
			if policy[name] != want {
				t.Errorf("%s is %q, want %q", name, policy[name], want)
			}
		}
		if all := r.Header.Get("Content-Security-Policy"); strings.Contains(all, "unsafe") || strings.Contains(all, "http") || strings.Contains(all, "*") {
			t.Errorf("policy %q", all)
		}
		if r.Header.Get("Cross-Origin-Opener-Policy") != "same-origin" || r.Header.Get("Permissions-Policy") == "" {
			t.Errorf("%v", r.Header)
		}
	}
}

func TestConsoleThatIsNotBuilt(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/", "/welcome", "/clusters/muong-te-01"} {
		r, text := w.get("GET", path, "Accept", browsers)
		if r.StatusCode != 503 || r.Header.Get("Content-Type") != "text/html; charset=utf-8" || r.Header.Get("Cache-Control") != "no-store" ||
			!strings.Contains(text, "scripts/console") || !strings.Contains(text, `lang="vi"`) || !strings.Contains(text, "-tags console") {
			t.Errorf("%s: %d %v %s", path, r.StatusCode, r.Header, text)
		}
		if r, text := w.get("HEAD", path, "Accept", browsers); r.StatusCode != 503 || text != "" {
			t.Errorf("HEAD %s: %d %s", path, r.StatusCode, text)
		}
		if r, _ := w.get("GET", path, "Accept", "*/*"); r.StatusCode != 404 {
			t.Errorf("%s for a program: %d", path, r.StatusCode)
		}
	}
	if r, _ := w.get("GET", "/healthz", "Accept", browsers); r.StatusCode != 200 {
		t.Errorf("healthz: %d", r.StatusCode)
	}
}
