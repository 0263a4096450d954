package library

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers GET and HEAD of /audio/{sha256} with the station file of
// that hash, whole or by Range. Nothing else can be reached. A file never
// changes under its name, so it may be kept for ever, and a download that was
// cut goes on where it stopped (If-Range with the ETag, which is the hash).
func (s *Shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, ok := strings.CutPrefix(r.URL.Path, "/audio/")
	if !ok || !hexHash.MatchString(hash) {
		http.Error(w, "no such audio: /audio/ is followed by 64 digits of lower-case hex", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "audio can only be read", http.StatusMethodNotAllowed)
		return
	}
	f, err := s.Open(hash)
	if errors.Is(err, ErrNotFound) {
		http.Error(w, "no such audio", http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, "audio cannot be read now", http.StatusInternalServerError)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "audio/ogg")
	h.Set("ETag", `"`+hash+`"`)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, f)
}
