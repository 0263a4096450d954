package library_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loa/central/library"
)

func TestServe(t *testing.T) {
	dir := t.TempDir()
	s := shelf(t, library.ShelfOptions{Dir: dir})
	a, err := s.Take(t.Context(), bytes.NewReader(sound(t, "wav", "-f", "lavfi", "-i", "sine=d=2")), "a.wav", false)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "audio", a.SHA256[:2], a.SHA256+".opus"))
	if err != nil {
		t.Fatal(err)
	}
	// A link in the folder that leads out of it.
	linked := "ff" + strings.Repeat("0", 62)
	if err := os.MkdirAll(filepath.Join(dir, "audio", "ff"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "originals", a.OriginalSHA256[:2], a.OriginalSHA256), filepath.Join(dir, "audio", "ff", linked+".opus")); err != nil {
		t.Fatal(err)
	}

	name, tag := "/audio/"+a.SHA256, `"`+a.SHA256+`"`
	tests := []struct {
		name, method, path string
		header             map[string]string
		status             int
		body               []byte // nil: not looked at
	}{
		{"whole", "GET", name, nil, 200, whole},
		{"a part", "GET", name, map[string]string{"Range": "bytes=100-199"}, 206, whole[100:200]},
		{"the rest", "GET", name, map[string]string{"Range": "bytes=500-", "If-Range": tag}, 206, whole[500:]},
		{"the rest of another file: whole", "GET", name, map[string]string{"Range": "bytes=500-", "If-Range": `"other"`}, 200, whole},
		{"past the end", "GET", name, map[string]string{"Range": "bytes=99999999-"}, 416, nil},
		{"known already", "GET", name, map[string]string{"If-None-Match": tag}, 304, []byte{}},
		{"head", "HEAD", name, nil, 200, []byte{}},
		{"post", "POST", name, nil, 405, nil},
		{"delete", "DELETE", name, nil, 405, nil},
		{"unknown", "GET", "/audio/" + strings.Repeat("0", 64), nil, 404, nil},
		{"a link that leads out", "GET", "/audio/" + linked, nil, 500, []byte("audio cannot be read now\n")},
		{"upper case", "GET", "/audio/" + strings.ToUpper(a.SHA256), nil, 404, nil},
		{"63 digits", "GET", name[:len(name)-1], nil, 404, nil},
		{"with its ending", "GET", name + ".opus", nil, 404, nil},
		{"the folder", "GET", "/audio/", nil, 404, nil},
		{"a subfolder", "GET", "/audio/" + a.SHA256[:2], nil, 404, nil},
		{"up and down", "GET", "/audio/../audio/" + a.SHA256, nil, 404, nil},
		{"an original", "GET", "/originals/" + a.OriginalSHA256, nil, 404, nil},
		{"an original by way of audio", "GET", "/audio/../originals/" + a.OriginalSHA256[:2] + "/" + a.OriginalSHA256, nil, 404, nil},
		{"an original as audio", "GET", "/audio/" + a.OriginalSHA256, nil, 404, nil},
		{"the root", "GET", "/", nil, 404, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/", nil)
			r.URL.Path = tt.path // as it stands, with nothing cleaned away
			for k, v := range tt.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %.80q", w.Code, tt.status, w.Body)
			}
			if tt.body != nil && !bytes.Equal(w.Body.Bytes(), tt.body) {
				t.Errorf("%d bytes, want %d", w.Body.Len(), len(tt.body))
			}
			if tt.status < 300 && (w.Header().Get("ETag") != tag || w.Header().Get("Content-Type") != "audio/ogg") {
				t.Errorf("header %v", w.Header())
			}
			if tt.status == http.StatusMethodNotAllowed && w.Header().Get("Allow") == "" {
				t.Error("does not say what is allowed")
			}
		})
	}
}
