package web

import (
	"context"
	"crypto/ed25519"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"loa/central/fleet"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
)

// Options are what the API and the console need; what may be left out says so.
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

	Planned func()               // something changed that plans are made of
	Revoked func(cluster string) // the board of a cluster was taken out of service; may be nil
	Version string
	Log     *slog.Logger
	Ending  <-chan struct{} // closed when the server is to end: streams do not end by themselves; may be nil

	Sessions SessionStore // keeps them for as long as it says itself
	Console  fs.FS        // the built console; nil: it was not built
	Demo     bool         // the people are invented

	// Areas are provinces with their communes, of which the first administrator
	// may choose one that is not in the registry yet; may be nil.
	Areas []registry.Area
	// Confirm makes the key set of a demo anew, after a key of a person's was
	// confirmed; nil outside the demo, where people confirm keys.
	Confirm func(ctx context.Context, person string) error
}

// Limits of a request.
const (
	bodySize   = 1 << 20 // bytes of JSON
	bodyTime   = 30 * time.Second
	answerTime = 2 * time.Minute
	uploadTime = 30 * time.Minute // for a file to come in
	workTime   = 30 * time.Minute // for ffmpeg behind it, and others before it
	fileTime   = 30 * time.Minute // for a file to go out
)

type api struct {
	Options
	huma.API
	group    string // under which the routes that are added next are described
	denials  denials
	attempts attempts
	teller   teller
}

// New makes the API's handler.
func New(o Options) http.Handler {
	_, h := build(o)
	return h
}

func build(o Options) (*api, http.Handler) {
	mux := http.NewServeMux()
	a := &api{Options: o, API: humago.New(mux, configOf(o.Version))}
	a.teller.content.Most = mostNotes
	a.UseMiddleware(compress, a.signIn, a.noteChange)
	a.entrance()
	a.people()
	a.places()
	a.content()
	a.uploads(mux)
	a.schedule()
	a.alerts()
	a.trust()
	a.signing()
	a.picture()
	a.health(mux)
	a.serveDescription(mux)
	return a, a.guard(mux)
}

const prefix = "/api/v1"

// route adds one operation. What its handler returns as an error is mapped to a
// problem here, and nowhere else.
func route[I, O any](a *api, id, method, path, summary string, handle func(context.Context, *I) (*O, error), change ...func(*huma.Operation)) {
	op := huma.Operation{
		OperationID: id, Method: method, Path: prefix + path, Summary: summary, Tags: []string{a.group},
		MaxBodyBytes: bodySize, BodyReadTimeout: bodyTime, DefaultStatus: http.StatusOK,
		Responses: map[string]*huma.Response{"default": a.describeProblem()},
	}
	for _, c := range change {
		c(&op)
	}
	huma.Register(a.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, method+" "+prefix+path, err)
		}
		return out, nil
	})
}

// guard sets what holds for every request and answer: limits, headers, problems
// for what no route takes. It survives a handler that panics.
func (a *api) guard(mux *http.ServeMux) http.Handler {
	known := a.recognise(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		// Whoever sends or reads a byte now and then holds a connection only so
		// long, signed in or not. Not every writer has deadlines: tests' have none.
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(bodyTime))
		_ = control.SetWriteDeadline(time.Now().Add(answerTime))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				a.Log.Error("handler panicked", "method", r.Method, "path", r.URL.Path, "panic", p)
				writeProblem(w, internal())
			}
		}()
		if r.ContentLength > bodySize && r.URL.Path != uploadPath {
			writeProblem(w, newProblem(http.StatusRequestEntityTooLarge, "the request has %d bytes, at most %d", r.ContentLength, bodySize))
			return
		}
		if taken, pattern := mux.Handler(r); pattern == "" {
			if pages(r) {
				a.page(w, r)
			} else {
				nowhere(w, r, taken)
			}
			return
		}
		known.ServeHTTP(w, r)
	})
}

// nowhere answers what no route takes: the mux knows whether the path or the
// method is at fault, and says it in plain text.
func nowhere(w http.ResponseWriter, r *http.Request, mux http.Handler) {
	said := muted{ResponseWriter: w, status: http.StatusNotFound}
	mux.ServeHTTP(&said, r)
	detail := "there is nothing at " + clip(r.URL.Path)
	if said.status == http.StatusMethodNotAllowed {
		detail = clip(r.URL.Path) + " takes " + w.Header().Get("Allow")
	}
	writeProblem(w, newProblem(said.status, "%s", detail))
}

// muted keeps the status and drops the text.
type muted struct {
	http.ResponseWriter
	status int
}

func (m *muted) WriteHeader(status int)      { m.status = status }
func (m *muted) Write(p []byte) (int, error) { return len(p), nil }

type health struct {
	OK bool `json:"ok"`
}

// health tells a watcher, who has no token, whether the database answers.
func (a *api) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.Registry.Roles(r.Context(), "nobody"); err != nil {
			a.Log.Error("health", "error", err)
			writeProblem(w, newProblem(http.StatusServiceUnavailable, "the database does not answer"))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = writeJSON(w, health{true})
	})
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
