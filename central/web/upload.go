package web

import (
	"context"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"loa/central/library"
	"loa/central/registry"
)

type audio struct {
	SHA256      string    `json:"sha256"`
	Bytes       int64     `json:"bytes"`
	Samples     int64     `json:"samples" doc:"At 48 kHz."`
	Seconds     float64   `json:"seconds"`
	Music       bool      `json:"music"`
	Name        string    `json:"name" doc:"Of the file that was uploaded."`
	LoudnessIn  float64   `json:"loudnessIn" doc:"LUFS, as uploaded."`
	Gain        float64   `json:"gain" doc:"dB, one constant for the whole file."`
	LoudnessOut float64   `json:"loudnessOut" doc:"LUFS, as broadcast."`
	Added       time.Time `json:"added"`
}

func viewAudio(a library.Audio) audio {
	return audio{
		a.SHA256, a.Size, a.Samples, a.Duration.Seconds(), a.Music, a.OriginalName, a.LoudnessIn, a.Gain, a.LoudnessOut, a.Added.UTC(),
	}
}

// AudioHash is exported, as every type here that is embedded: huma passes over
// embedded structs of other names.
type AudioHash struct {
	Hash string `path:"sha256" pattern:"^[0-9a-f]{64}$"`
}

const uploadPath = prefix + "/audio"

// uploads adds what concerns files. The file itself is streamed past huma,
// which would hold it in memory.
func (a *api) uploads(mux *http.ServeMux) {
	a.group = "Audio"
	route(a, "listAudio", "GET", "/audio", "Station audio, the newest first", a.audios)
	route(a, "getAudio", "GET", "/audio/{sha256}", "What is known of one file", a.audioByHash)
	mux.HandleFunc("POST "+uploadPath, a.upload)
	mux.HandleFunc("GET "+uploadPath+"/{sha256}/file", a.file)
	a.describeUploads()
}

func (a *api) audios(ctx context.Context, in *struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[[]audio], error) {
	if err := a.reads(ctx, registry.ReadContent); err != nil {
		return nil, err
	}
	found, err := a.Library.Audios(ctx, in.Limit)
	return answer(list(found, viewAudio)), err
}

func (a *api) audioByHash(ctx context.Context, in *AudioHash) (*body[audio], error) {
	if err := a.reads(ctx, registry.ReadContent); err != nil {
		return nil, err
	}
	found, err := a.Library.Audio(ctx, in.Hash)
	return answer(viewAudio(found)), err
}

// allowed signs in and asks the registry, for the handlers beside huma. The
// request it returns knows who asks.
func (a *api) allowed(w http.ResponseWriter, r *http.Request, action registry.Action) (*http.Request, bool) {
	p, err := a.person(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		a.fail(w, r, err)
		return r, false
	}
	r = r.WithContext(context.WithValue(r.Context(), personKey{}, p))
	if err := a.Registry.AllowAnywhere(r.Context(), p.ID, action); err != nil {
		a.fail(w, r, err)
		return r, false
	}
	return r, true
}

func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	is := a.problem(r.Context(), r.Pattern, err)
	if is.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeProblem(w, is)
}

func (a *api) upload(w http.ResponseWriter, r *http.Request) {
	r, ok := a.allowed(w, r, registry.EditBulletins)
	if !ok {
		return
	}
	name := r.URL.Query().Get("name")
	if name == "" || len(name) > 255 {
		a.fail(w, r, newProblem(http.StatusUnprocessableEntity, "the file's name is required").at("name", "from 1 to 255 bytes"))
		return
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); strings.HasPrefix(kind, "multipart/") || kind == "application/json" {
		a.fail(w, r, newProblem(http.StatusUnsupportedMediaType, "the body is the file itself, not %s", kind).at("Content-Type", kind))
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime))
	_ = control.SetWriteDeadline(time.Now().Add(uploadTime + workTime + answerTime))
	// A deadline that passes while ffmpeg works would end the request.
	file := ending{r.Body, func() { _ = control.SetReadDeadline(time.Now().Add(workTime)) }}
	made, err := a.Library.Intake(r.Context(), asks(r.Context()), file, name, r.URL.Query().Get("music") == "true")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = writeJSON(w, viewAudio(made))
}

// ending is a reader that says when it has come to its end.
type ending struct {
	io.Reader
	ended func()
}

func (e ending) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err == io.EOF {
		e.ended()
	}
	return n, err
}

// file serves the station file as boards get it.
func (a *api) file(w http.ResponseWriter, r *http.Request) {
	r, ok := a.allowed(w, r, registry.ReadContent)
	if !ok {
		return
	}
	known, err := a.Library.Audio(r.Context(), r.PathValue("sha256"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fileTime))
	served := r.Clone(r.Context())
	served.URL.Path = "/audio/" + known.SHA256
	a.Files.ServeHTTP(w, served)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
