package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"loa/central/registry"
)

const (
	beatEvery = 10 * time.Second // so that a page knows when what it shows is old
	askEvery  = 3 * time.Second  // whether the person may still listen
	askTime   = 5 * time.Second
	tellTime  = 20 * time.Second // for a reader to take what is written
)

// boot is a name of this run of the server.
var boot = rand.Text()

type hello struct {
	At   time.Time `json:"at"`
	Boot string    `json:"boot"`
}

type beat struct {
	At time.Time `json:"at"`
}

// scope is what a person may see.
type scope struct {
	fleet, content, people bool
	fleetAreas             map[string]bool
	contentAreas           map[string]bool
}

// scopeOf is denied for who may look at nothing.
func (a *api) scopeOf(ctx context.Context) (s scope, err error) {
	var denied *registry.Denied
	if s.fleetAreas, err = a.concerns(ctx, registry.ReadFleet); err != nil && !errors.As(err, &denied) {
		return s, err
	}
	s.fleet = err == nil
	if s.contentAreas, err = a.concerns(ctx, registry.ReadContent); err != nil && (!errors.As(err, &denied) || !s.fleet) {
		return s, err
	}
	s.content = err == nil
	err = a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePeople)
	if err != nil && !errors.As(err, &denied) {
		return s, err
	}
	s.people = err == nil
	return s, nil
}

func concern(areas map[string]bool, codes []string) bool {
	return codes == nil || slices.ContainsFunc(codes, func(code string) bool { return areas[code] })
}

// sees reports whether a person may know of a change of content.
func (s scope) sees(person string, i item) bool {
	switch i.of.What {
	case "people":
		return s.people || i.of.ID == person
	case "areas":
		return true // they are everybody's to read
	}
	return s.content && concern(s.contentAreas, i.areas)
}

// streamed describes the stream.
func (a *api) streamed(op *huma.Operation) {
	op.Description = "Events, each with JSON data: hello {at, boot}, then every 10 s beat {at}; clusters [brief]; order {hash, kind, mode, subject, state, counts}; " +
		"content {what, id}, where what is bulletins, programmes, people or areas. Whoever connects again looks at everything anew: events are not repeated."
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
}

func (a *api) events(ctx context.Context, _ *none) (*huma.StreamResponse, error) {
	scope, err := a.scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.listen(asks(ctx))
	if errors.Is(err, errFull) {
		return nil, newProblem(http.StatusServiceUnavailable, "too many people are listening; try again later")
	}
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		defer a.teller.leave(s)
		r, w := humago.Unwrap(h)
		out := &eventWriter{w: w, control: http.NewResponseController(w), ended: s.ended}
		if err := a.stream(ctx, r, s, scope, out); err != nil {
			a.Log.Debug("stream ended", "person", s.person, "why", err)
		}
	}}, nil
}

// stream writes events until the reader goes, or may not listen any more.
func (a *api) stream(ctx context.Context, r *http.Request, s *stream, may scope, out *eventWriter) error {
	over := make(chan struct{})
	var watch sync.WaitGroup
	defer watch.Wait()
	defer close(over)
	watch.Go(func() {
		// A reader that reads nothing holds nobody up for longer.
		select {
		case <-s.ended:
			_ = out.control.SetWriteDeadline(time.Now())
		case <-a.Ending:
			_ = out.control.SetWriteDeadline(time.Now())
		case <-over:
		}
	})
	out.begin()
	if err := out.event("hello", plain(hello{time.Now().UTC(), boot})); err != nil {
		return err
	}
	every := time.NewTicker(beatEvery)
	defer every.Stop()
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ended:
			return errors.New(s.why)
		case <-a.Ending:
			return errors.New("the server ends")
		case <-every.C:
			err = out.event("beat", plain(beat{time.Now().UTC()}))
		case <-ask.C:
			may, err = a.stillListens(r, s.person)
		case what := <-s.tellings:
			err = out.telling(what, s.person, may)
		}
		if err != nil {
			return err
		}
	}
}

// stillListens asks again who it is, and what he or she may see.
func (a *api) stillListens(r *http.Request, person string) (may scope, err error) {
	err = registry.ErrToken
	// A context of its own: the one of the request knows the session as it was.
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	a.recognise(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var p registry.Person
		if p, err = a.person(r.Context(), r.Header.Get("Authorization")); err != nil {
			return
		}
		if p.ID != person {
			err = fmt.Errorf("%s is %s now", person, p.ID)
			return
		}
		may, err = a.scopeOf(context.WithValue(r.Context(), personKey{}, p))
	})).ServeHTTP(unheard{}, r.Clone(ctx))
	return may, err
}

// unheard drops an answer.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(p []byte) (int, error) { return len(p), nil }
func (unheard) WriteHeader(int)             {}

// eventWriter writes server-sent events, each within its time.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	ended   <-chan struct{}
	buf     bytes.Buffer
}

func (e *eventWriter) begin() {
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy passes on every event at once
	_ = e.control.SetReadDeadline(time.Time{})
	e.w.WriteHeader(http.StatusOK)
}

func (e *eventWriter) event(name string, data []byte) error {
	e.buf.Reset()
	e.add(name, data)
	return e.flush()
}

func (e *eventWriter) add(name string, data []byte) {
	e.buf.WriteString("event: ")
	e.buf.WriteString(name)
	e.buf.WriteString("\ndata: ")
	e.buf.Write(data)
	e.buf.WriteString("\n\n")
}

// telling writes what of a telling the person may see, if there is anything.
func (e *eventWriter) telling(what *telling, person string, may scope) error {
	e.buf.Reset()
	listed := 0
	for _, i := range what.clusters {
		if !may.fleet || !concern(may.fleetAreas, i.areas) {
			continue
		}
		if listed == mostListed {
			e.buf.WriteString("]\n\n")
			if err := e.write(); err != nil {
				return err
			}
			listed = 0
		}
		if listed == 0 {
			e.buf.WriteString("event: clusters\ndata: [")
		} else {
			e.buf.WriteByte(',')
		}
		e.buf.Write(i.json)
		listed++
	}
	if listed > 0 {
		e.buf.WriteString("]\n\n")
	}
	for _, i := range what.orders {
		if may.content && concern(may.contentAreas, i.areas) {
			e.add("order", i.json)
		}
	}
	for _, i := range what.content {
		if may.sees(person, i) {
			e.add("content", i.json)
		}
	}
	if e.buf.Len() == 0 {
		return nil
	}
	return e.flush()
}

// write sends what is in the buffer, within its time.
func (e *eventWriter) write() error {
	_ = e.control.SetWriteDeadline(time.Now().Add(tellTime))
	// Whoever ends the stream cuts the deadline short; not before this line.
	select {
	case <-e.ended:
		return errEnded
	default:
	}
	_, err := e.w.Write(e.buf.Bytes())
	e.buf.Reset()
	return err
}

func (e *eventWriter) flush() error {
	if err := e.write(); err != nil {
		return err
	}
	return e.control.Flush()
}

var errEnded = errors.New("it is to end")

// noteChange tells the streams what a request changed, by where it was sent to.
func (a *api) noteChange(ctx huma.Context, next func(huma.Context)) {
	next(ctx)
	op := ctx.Operation()
	if op.Method == http.MethodGet || ctx.Status() >= 300 {
		return
	}
	path := strings.TrimPrefix(op.Path, prefix+"/")
	what, rest, _ := strings.Cut(path, "/")
	kind, ok := contentOf[what]
	if !ok || rest == "conflicts" || strings.HasSuffix(rest, "/document") {
		return
	}
	id := ctx.Param("id")
	if what == "me" {
		id = asks(ctx.Context())
	}
	a.teller.content.Add(changed{What: kind, ID: id})
}

// contentOf is what changes with a request to a path that begins so. What is an
// order tells of itself.
var contentOf = map[string]string{
	"bulletins": "bulletins", "programmes": "programmes",
	"persons": "people", "keyset": "people", "root": "people", "me": "people", "invitations": "people",
	"areas": "areas", "clusters": "areas", "stations": "areas", "enrolments": "areas",
}
