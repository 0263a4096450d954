package web

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"loa/central/fleet"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
)

// Options are what the API needs; all are required.
type Options struct {
	Registry *registry.Registry
	Library  *library.Library
	Planner  *planner.Planner
	Orders   *orders.Orders
	Fleet    *fleet.Fleet
	Files    http.Handler // GET /audio/{sha256}, as library.Shelf serves it

	// Certify issues the certificate of a cluster's board.
	Certify   func(cluster string, board ed25519.PublicKey) (certificate, serial string, err error)
	Authority string // PEM, of central's certificates
	Broker    string // host:port for boards
	Audio     string // https://host:port for boards

	Planned func() // something changed that plans are made of
	Version string
	Log     *slog.Logger
}

// Limits of a request.
const (
	bodySize    = 1 << 20 // JSON
	bodyTime    = 30 * time.Second
	uploadTime  = 30 * time.Minute
	defaultPage = 200
	mostPage    = 1000
)

type api struct {
	Options
	huma.API
}

// New makes the API's handler.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Loa", o.Version)
	config.Info.Description = "The provincial source-information server: clusters, bulletins, programmes, orders and their fate."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A person's token."},
	}
	config.Security = []map[string][]string{{"token": {}}}
	a := &api{o, humago.New(mux, config)}
	a.UseMiddleware(a.signIn)
	a.places()
	a.people()
	a.content()
	a.uploads(mux)
	a.schedule()
	a.alerts()
	a.trust()
	a.signing()
	a.picture()
	return a.guard(mux)
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

// guard sets what holds for every answer, and survives a handler that panics.
func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				a.Log.Error("handler panicked", "method", r.Method, "path", r.URL.Path, "panic", p)
				writeProblem(w, newProblem(http.StatusInternalServerError, "internal", "the server failed; its log says why"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// route adds one operation. What its handler returns as an error is mapped to a
// problem here, and nowhere else.
func route[I, O any](a *api, method, path, summary string, handle func(context.Context, *I) (*O, error)) {
	huma.Register(a.API, huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: prefix + path, Summary: summary,
		MaxBodyBytes: bodySize, BodyReadTimeout: bodyTime, DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, method+" "+path, err)
		}
		return out, nil
	})
}

const prefix = "/api/v1"

// operationID is as in get-clusters-id.
func operationID(method, path string) string {
	id := []byte{}
	for _, c := range []byte(method + path) {
		switch {
		case c >= 'A' && c <= 'Z':
			id = append(id, c+'a'-'A')
		case c >= 'a' && c <= 'z':
			id = append(id, c)
		case len(id) > 0 && id[len(id)-1] != '-' && c != '}':
			id = append(id, '-')
		}
	}
	return string(id)
}

// body is an answer, or a request, that is one JSON value.
type body[T any] struct{ Body T }

func answer[T any](v T) *body[T] { return &body[T]{v} }

type none struct{}

// list gives every element of a slice its view; never nil.
func list[T, V any](from []T, view func(T) V) []V {
	out := make([]V, 0, len(from))
	for _, v := range from {
		out = append(out, view(v))
	}
	return out
}

// moment is a time as JSON shows it; zero is left out.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
