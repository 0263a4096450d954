package web

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// pages reports whether a request that no route takes may be for the console.
func pages(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		!strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/api"
}

const (
	index  = "index.html"
	assets = "assets/" // files whose names change with what is in them
	// NonceMark stands in index.html wherever the nonce of the page is to be: each
	// answer has its own, and only style elements that have it count.
	NonceMark = "LOA-NONCE"
)

// policy is what the console's pages may do: nothing from elsewhere, and no
// script or style that this server did not send.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + NonceMark + "'; connect-src 'self'; " +
	"img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; worker-src 'self'; manifest-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// kinds are the content types of the console's files: what the system thinks of
// an ending differs from machine to machine.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".ico": "image/x-icon", ".jpg": "image/jpeg",
	".js": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json", ".mp3": "audio/mpeg",
	".png": "image/png", ".svg": "image/svg+xml", ".ttf": "font/ttf", ".txt": "text/plain; charset=utf-8",
	".wasm": "application/wasm", ".webmanifest": "application/manifest+json", ".webp": "image/webp", ".woff": "font/woff",
	".woff2": "font/woff2",
}

// packed are the forms in which a file may lie beside itself, best first.
var packed = []struct{ coding, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

// page serves the console: its files, and for every path of its own the one
// page, in which the path is understood.
func (a *api) page(w http.ResponseWriter, r *http.Request) {
	wanted := accepts(r.Header.Get("Accept"), "text/html")
	if a.Console == nil {
		if !wanted {
			writeProblem(w, newProblem(http.StatusNotFound, "there is nothing at %s", clip(r.URL.Path)))
			return
		}
		notBuilt(w, r)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name != "" && name != index && a.asset(w, r, name) {
		return
	}
	if !wanted || strings.HasPrefix(name, assets) {
		writeProblem(w, newProblem(http.StatusNotFound, "there is nothing at %s", clip(r.URL.Path)))
		return
	}
	text, err := fs.ReadFile(a.Console, index)
	if err != nil {
		a.Log.Error("serve the console", "error", err)
		writeProblem(w, internal())
		return
	}
	var random [16]byte
	rand.Read(random[:])
	nonce := base64.RawURLEncoding.EncodeToString(random[:])
	h := w.Header()
	h.Set("Content-Security-Policy", strings.ReplaceAll(policy, NonceMark, nonce))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Content-Type", kinds[".html"])
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(bytes.ReplaceAll(text, []byte(NonceMark), []byte(nonce))))
}

// asset serves a file of the console, and reports whether there is one.
func (a *api) asset(w http.ResponseWriter, r *http.Request, name string) bool {
	kind, known := kinds[path.Ext(name)]
	if !fs.ValidPath(name) || !known {
		return false
	}
	text, err := fs.ReadFile(a.Console, name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			a.Log.Error("serve the console", "file", name, "error", err)
		}
		return false
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, assets) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	for _, p := range packed {
		if !accepts(r.Header.Get("Accept-Encoding"), p.coding) {
			continue
		}
		if smaller, err := fs.ReadFile(a.Console, name+p.ending); err == nil {
			h.Set("Content-Encoding", p.coding)
			h.Set("Content-Length", strconv.Itoa(len(smaller)))
			if r.Method != http.MethodHead {
				_, _ = w.Write(smaller)
			}
			return true
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return true
}

// accepts reports whether a header that lists what a client takes names this,
// and not with a weight of nothing.
func accepts(header, this string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, params, err := mime.ParseMediaType(strings.TrimSpace(one))
		if err == nil && name == this {
			return strings.Trim(params["q"], "0.") != "" || params["q"] == ""
		}
	}
	return false
}

const unbuilt = `<!doctype html>
<html lang="vi">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loa</title>
<h1>Giao diện chưa được dựng</h1>
<p>Máy chủ đang chạy, nhưng chương trình này được dựng không kèm giao diện.
Hãy chạy <code>scripts/console</code>, rồi <code>go build -tags console ./cmd/loa-central</code>, và khởi động lại.</p>
<h1 lang="en">The console was not built</h1>
<p lang="en">The server is running, but this program was built without the console.
Run <code>scripts/console</code>, then <code>go build -tags console ./cmd/loa-central</code>, and start again.</p>
</html>
`

func notBuilt(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", kinds[".html"])
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(unbuilt))
	}
}
