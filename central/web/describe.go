package web

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"loa/controller/protocol"
)

func init() {
	// {"mode":"drill","Mode":"live"} must not read as live.
	huma.ValidateStrictCasing = true
	// No list is null, in or out.
	huma.DefaultArrayNullable = false
}

const description = `The provincial source-information server: clusters, bulletins, programmes, orders and their fate.

Who asks is known by a token: ` + "`Authorization: Bearer loa_...`" + `, or, in a browser, by the session that
POST /api/v1/session began. The right to ask is not the right to sound: every order is signed by persons with their own keys. An operation that drafts an order answers with
the exact bytes; the signature over their PAE (DSSE) goes to POST /api/v1/orders/{hash}/signatures.

What goes wrong is told as application/problem+json (RFC 9457). Its code does not change, and errors names
every field at fault:

| Status | Code |
| --- | --- |
| 400 | malformed: not JSON, a name that stands twice, or a body that was cut off |
| 401 | token; signed-out: there is no session, or it has ended; wrong-password |
| 403 | denied; cross-origin: another site's page asks; or why a signature does not count: not-authorised, unknown-key, revoked |
| 404 | not-found |
| 405, 408, 415 | method, timeout, media-type |
| 409 | exists, in-use, state, changed, conflict, stale, cancelled, expired, not-ready, nothing-on-air, too-many |
| 410 | used, expired: an invitation |
| 412, 428 | changed: somebody else did since the revision in If-Match; if-match: it is missing |
| 413 | too-large, too-big |
| 422 | invalid, or the reason of a refusal |
| 429 | too-many: Retry-After says when to come again |
| 500, 503, 507 | internal, unavailable, disk-full |`

// configOf is huma's default without what it would add to answers and serve
// from other hosts.
func configOf(version string) huma.Config {
	c := huma.DefaultConfig("Loa", version)
	c.Info.Description = description
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "A person's token."},
		"session": {Type: "apiKey", In: "cookie", Name: cookieTLS, Description: "A browser's session; over plain HTTP on the server's own machine it is called " + cookiePlain + "."},
	}
	c.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	strict := huma.Format{Marshal: writeJSON, Unmarshal: readJSON}
	c.Formats = map[string]huma.Format{"application/json": strict, "json": strict}
	return c
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// readJSON is called twice: for any value, which is judged by the schema, and
// then for the request itself. The first time it is as strict as the boards.
func readJSON(data []byte, v any) (err error) {
	if to, ok := v.(*any); ok {
		*to, err = protocol.Decode[any](data)
		return err
	}
	return json.Unmarshal(data, v)
}

// schemaName keeps the wire contract's values apart from the API's own: both
// have a Key.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "/protocol") {
		return "Wire" + name
	}
	return name
}

func (a *api) schemaOf(t reflect.Type) *huma.Schema {
	return a.OpenAPI().Components.Schemas.Schema(t, true, "")
}

func (a *api) describeProblem() *huma.Response {
	return &huma.Response{Description: "What is wrong (RFC 9457)", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: a.schemaOf(reflect.TypeFor[problem]())},
	}}
}

// describeUploads writes what is routed past huma into the OpenAPI document.
func (a *api) describeUploads() {
	file := &huma.Schema{Type: "string", Format: "binary"}
	a.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "addAudio", Method: http.MethodPost, Path: uploadPath, Tags: []string{a.group},
		Summary: "Upload any audio, as the body; it becomes the one station format",
		Parameters: []*huma.Param{
			{Name: "name", In: "query", Required: true, Schema: &huma.Schema{Type: "string"}, Description: "The file's name."},
			{Name: "music", In: "query", Schema: &huma.Schema{Type: "boolean"}, Description: "It has music: a higher bit rate."},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: file}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/json": {Schema: a.schemaOf(reflect.TypeFor[audio]())},
			}},
			"default": a.describeProblem(),
		},
	})
	a.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "audioFile", Method: http.MethodGet, Path: uploadPath + "/{sha256}/file", Tags: []string{a.group},
		Summary:    "The station file, whole or by Range",
		Parameters: []*huma.Param{{Name: "sha256", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}}},
		Responses: map[string]*huma.Response{
			"200":     {Description: "OK", Content: map[string]*huma.MediaType{"audio/ogg": {Schema: file}}},
			"206":     {Description: "A part", Content: map[string]*huma.MediaType{"audio/ogg": {Schema: file}}},
			"default": a.describeProblem(),
		},
	})
}

// serveDescription adds the document itself, which needs no token. It is made
// when somebody first asks for it: every route is known by then, and no start of
// a server waits for it.
func (a *api) serveDescription(mux *http.ServeMux) {
	a.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: "/healthz", Tags: []string{"Health"}, Security: []map[string][]string{},
		Summary: "Whether the database answers; needs no token",
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/json": {Schema: a.schemaOf(reflect.TypeFor[health]())},
			}},
			"default": a.describeProblem(),
		},
	})
	for path, write := range map[string]func() ([]byte, error){
		"json": func() ([]byte, error) { return json.Marshal(a.OpenAPI()) },
		"yaml": a.OpenAPI().YAML,
	} {
		document := sync.OnceValues(write)
		mux.HandleFunc("GET /openapi."+path, func(w http.ResponseWriter, _ *http.Request) {
			body, err := document()
			if err != nil {
				panic(err) // of what is compiled in: the first test finds it
			}
			w.Header().Set("Content-Type", "application/openapi+"+path)
			_, _ = w.Write(body)
		})
	}
}
