package web

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"loa/central/library"
	"loa/central/registry"
	"loa/controller/protocol"

	"github.com/danielgtaylor/huma/v2"
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

type AudioHash struct {
	Hash string `path:"sha256" pattern:"^[0-9a-f]{64}$"`
}

// uploads adds what concerns files. The file itself is streamed past huma,
// which would hold it in memory.
func (a *api) uploads(mux *http.ServeMux) {
	route(a, "GET", "/audio", "Station audio, the newest first", a.audios)
	route(a, "GET", "/audio/{sha256}", "What is known of one file", a.audioByHash)
	mux.HandleFunc("POST "+prefix+"/audio", a.upload)
	mux.HandleFunc("GET "+prefix+"/audio/{sha256}/file", a.file)
	a.describeUploads()
}

func (a *api) audios(ctx context.Context, in *struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[[]audio], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadContent); err != nil {
		return nil, err
	}
	found, err := a.Library.Audios(ctx, in.Limit)
	return answer(list(found, viewAudio)), err
}

func (a *api) audioByHash(ctx context.Context, in *AudioHash) (*body[audio], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadContent); err != nil {
		return nil, err
	}
	found, err := a.Library.Audio(ctx, in.Hash)
	return answer(viewAudio(found)), err
}

// allowed signs in and asks the registry, for the handlers beside huma.
func (a *api) allowed(w http.ResponseWriter, r *http.Request, action registry.Action) (registry.Person, bool) {
	p, err := a.person(r.Context(), r.Header.Get("Authorization"))
	if err == nil {
		err = a.Registry.AllowAnywhere(r.Context(), p.ID, action)
	}
	if err != nil {
		a.fail(w, r, err)
		return p, false
	}
	return p, true
}

func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	is, ok := a.problem(r.Context(), r.Method+" "+r.URL.Path, err).(*problem)
	if !ok {
		is = newProblem(http.StatusInternalServerError, "internal", "the server failed; its log says why")
	}
	if is.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeProblem(w, is)
}

func (a *api) upload(w http.ResponseWriter, r *http.Request) {
	p, ok := a.allowed(w, r, registry.EditBulletins)
	if !ok {
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime))
	name := r.URL.Query().Get("name")
	if name == "" || len(name) > 255 {
		a.fail(w, r, newProblem(http.StatusUnprocessableEntity, "invalid", "the file's name is required").at("name", "from 1 to 255 bytes"))
		return
	}
	made, err := a.Library.Intake(r.Context(), p.ID, r.Body, name, r.URL.Query().Get("music") == "true")
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(viewAudio(made))
}

// file serves the station file as boards get it.
func (a *api) file(w http.ResponseWriter, r *http.Request) {
	if _, ok := a.allowed(w, r, registry.ReadContent); !ok {
		return
	}
	served := r.Clone(r.Context())
	served.URL.Path = "/audio/" + r.PathValue("sha256")
	a.Files.ServeHTTP(w, served)
}

// describeUploads writes the two into the OpenAPI document.
func (a *api) describeUploads() {
	schema := a.OpenAPI().Components.Schemas
	a.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "post-audio", Method: http.MethodPost, Path: prefix + "/audio",
		Summary: "Upload any audio; it becomes the one station format",
		Parameters: []*huma.Param{
			{Name: "name", In: "query", Required: true, Schema: &huma.Schema{Type: "string"}, Description: "The file's name."},
			{Name: "music", In: "query", Schema: &huma.Schema{Type: "boolean"}, Description: "It has music: a higher bit rate."},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schema.Schema(reflect.TypeFor[audio](), true, "")},
			}},
			"default": {Description: "Error", Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: schema.Schema(reflect.TypeFor[problem](), true, "")},
			}},
		},
	})
	a.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-audio-sha256-file", Method: http.MethodGet, Path: prefix + "/audio/{sha256}/file",
		Summary:    "The station file",
		Parameters: []*huma.Param{{Name: "sha256", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"audio/ogg": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}}},
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sameJSON compares two documents as they would be signed.
func sameJSON(a, b any) bool {
	x, errX := protocol.Encode(a)
	y, errY := protocol.Encode(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
