package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

// problem is an answer that says what is wrong (RFC 9457).
type problem struct {
	Type   string  `json:"type" doc:"Names the problem: urn:loa:problem: and the code."`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Code   string  `json:"code" doc:"One word that does not change."`
	Detail string  `json:"detail" doc:"For a person."`
	Errors []fault `json:"errors,omitempty" doc:"What is wrong with each field."`

	headers http.Header // that go with it
}

type fault struct {
	Location string `json:"location" doc:"The field, as in title or messages[0].text."`
	Message  string `json:"message"`
}

// gone is the status of an answer to a client that went away.
const gone = 499

// codes are those of a status that says enough by itself.
var codes = map[int]string{
	http.StatusBadRequest: "malformed", http.StatusUnauthorized: "token", http.StatusForbidden: "denied",
	http.StatusNotFound: "not-found", http.StatusMethodNotAllowed: "method", http.StatusRequestTimeout: "timeout",
	http.StatusConflict: "state", http.StatusPreconditionFailed: "changed", http.StatusRequestEntityTooLarge: "too-large",
	http.StatusUnsupportedMediaType: "media-type", http.StatusUnprocessableEntity: "invalid",
	http.StatusPreconditionRequired: "if-match", http.StatusServiceUnavailable: "unavailable",
	http.StatusGone: "used", http.StatusTooManyRequests: "too-many",
	http.StatusInsufficientStorage: "disk-full", gone: "gone",
}

// newProblem has the code of its status; see as.
func newProblem(status int, format string, args ...any) *problem {
	p := &problem{Status: status, Title: cmp.Or(http.StatusText(status), "Client Closed Request"), Detail: fmt.Sprintf(format, args...)}
	return p.as(cmp.Or(codes[status], "internal"))
}

func internal() *problem {
	return newProblem(http.StatusInternalServerError, "the server failed; its log says why")
}

// as gives a problem a code of its own.
func (p *problem) as(code string) *problem {
	p.Code, p.Type = code, "urn:loa:problem:"+code
	return p
}

// mostFaults bounds an answer: a request can have as many as it has bytes.
const mostFaults = 50

// at names a field that is at fault.
func (p *problem) at(field, why string) *problem {
	if len(p.Errors) < mostFaults {
		p.Errors = append(p.Errors, fault{clip(field), clip(why)})
	}
	return p
}

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetHeaders() http.Header   { return p.headers }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return "application/problem+json" }

func writeProblem(w http.ResponseWriter, p *problem) {
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// clip bounds what an answer repeats of a request.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + " …"
	}
	return s
}

// What huma itself finds wrong with a request becomes a problem of ours.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		if status == http.StatusInternalServerError && errors.Is(errors.Join(errs...), io.ErrUnexpectedEOF) {
			return newProblem(http.StatusBadRequest, "the request was cut off")
		}
		if status >= http.StatusInternalServerError {
			return internal()
		}
		p := newProblem(status, "%s", msg)
		for _, err := range errs {
			var d *huma.ErrorDetail
			if errors.As(err, &d) {
				p.at(located(d))
			} else if err != nil {
				p.at("", err.Error())
			}
		}
		switch {
		case len(p.Errors) > 0 && status == http.StatusBadRequest:
			p.Detail = "the request cannot be read: " + p.Errors[0].Message
		case len(p.Errors) > 0:
			p.Detail = summary(p.Errors[0].Location, p.Errors[0].Message, len(errs))
		}
		return p
	}
}

// located names the field itself: huma leads it by where it stands, and leaves
// the name of one that is missing to the text.
func located(d *huma.ErrorDetail) (field, why string) {
	field, why = d.Location, d.Message
	for _, part := range []string{"body", "query", "path", "header"} {
		if field == part {
			field = ""
		} else if in, ok := strings.CutPrefix(field, part); ok && strings.ContainsAny(in[:1], ".[") {
			field = strings.TrimPrefix(in, ".")
			break
		}
	}
	name, ok := strings.CutPrefix(why, "expected required property ")
	if name, ok2 := strings.CutSuffix(name, " to be present"); ok && ok2 {
		return strings.TrimPrefix(field+"."+name, "."), "is missing"
	}
	return field, why
}

// summary is a problem's detail: the first fault, and how many more there are.
func summary(field, why string, n int) string {
	text := why
	if field != "" {
		text = field + ": " + why
	}
	if n > 1 {
		text = fmt.Sprintf("%s (and %d more)", clip(text), n-1)
	}
	return clip(text)
}

// ruled are the statuses of refusals that are not about a field's value.
var ruled = map[protocol.Reason]int{
	protocol.ReasonTooLarge:      http.StatusRequestEntityTooLarge,
	protocol.ReasonNotAuthorised: http.StatusForbidden,
	protocol.ReasonUnknownKey:    http.StatusForbidden,
	protocol.ReasonRevoked:       http.StatusForbidden,
	protocol.ReasonConflict:      http.StatusConflict,
	protocol.ReasonStale:         http.StatusConflict,
	protocol.ReasonCancelled:     http.StatusConflict,
	protocol.ReasonDuplicate:     http.StatusConflict,
	protocol.ReasonExpired:       http.StatusConflict,
	protocol.ReasonNotEnrolled:   http.StatusConflict,
}

// problem maps what the rooms return, in one place. What is nobody's fault but
// the server's is logged and not told; what is denied is noted.
func (a *api) problem(ctx context.Context, operation string, err error) *problem {
	p := mapped(err)
	switch {
	case p == nil:
		a.Log.Error("request", "operation", operation, "error", err)
		return internal()
	case p.Status == http.StatusInsufficientStorage:
		a.Log.Error("request", "operation", operation, "error", err)
	case p.Status == http.StatusForbidden:
		a.denied(ctx, operation, p.Detail)
	}
	return p
}

// mapped is nil for what is the server's fault.
func mapped(err error) *problem {
	var (
		already  *problem
		places   registry.Faults
		content  library.Faults
		denied   *registry.Denied
		conflict *library.Conflict
		changed  *planner.Conflict
		upload   *library.Refusal
		refusal  *protocol.Refusal
	)
	switch {
	case errors.As(err, &already):
		return already
	case errors.As(err, &places):
		return invalid(places, func(f registry.Fault) (string, string) { return f.Field, f.Problem })
	case errors.As(err, &content):
		return invalid(content, func(f library.Fault) (string, string) { return f.Field, f.Problem })
	case errors.As(err, &refusal):
		p := newProblem(cmp.Or(ruled[refusal.Reason], http.StatusUnprocessableEntity), "%s", clip(err.Error())).as(string(refusal.Reason))
		if refusal.Field != "" {
			p.at(refusal.Field, refusal.Detail)
		}
		return p
	case errors.As(err, &upload):
		status := http.StatusUnprocessableEntity
		if upload.Reason == library.TooBig {
			status = http.StatusRequestEntityTooLarge
		}
		return newProblem(status, "%s", clip(err.Error())).as(string(upload.Reason)).at("file", upload.Detail)
	case errors.As(err, &denied):
		return newProblem(http.StatusForbidden, "%s", clip(err.Error()))
	case errors.Is(err, registry.ErrToken):
		return newProblem(http.StatusUnauthorized, "the token is missing or not valid")
	case errors.Is(err, registry.ErrSession):
		return newProblem(http.StatusUnauthorized, "nobody is signed in; sign in again").as("signed-out")
	case errors.Is(err, registry.ErrPassword):
		return newProblem(http.StatusUnauthorized, "%s", err).as("wrong-password")
	case errors.Is(err, registry.ErrUsed):
		return newProblem(http.StatusGone, "the invitation was used already; ask for another").as("used")
	case errors.Is(err, registry.ErrExpired):
		return newProblem(http.StatusGone, "the invitation has expired; ask for another").as("expired")
	case errors.Is(err, registry.ErrTooMany):
		return newProblem(http.StatusConflict, "%s", clip(err.Error())).as("too-many")
	case errors.Is(err, registry.ErrBusy):
		p := newProblem(http.StatusServiceUnavailable, "too many people are signing in; try again in a few seconds")
		p.headers = http.Header{"Retry-After": {"5"}}
		return p
	case is(err, registry.ErrNotFound, library.ErrNotFound, planner.ErrNotFound, orders.ErrNotFound):
		return newProblem(http.StatusNotFound, "%s", clip(err.Error()))
	case errors.As(err, &conflict), errors.As(err, &changed):
		return newProblem(http.StatusPreconditionFailed, "%s", clip(err.Error()))
	case is(err, registry.ErrExists, library.ErrExists, planner.ErrExists):
		return newProblem(http.StatusConflict, "%s", clip(err.Error())).as("exists")
	case errors.Is(err, registry.ErrInUse):
		return newProblem(http.StatusConflict, "%s", clip(err.Error())).as("in-use")
	case errors.Is(err, orders.ErrConflict):
		return newProblem(http.StatusConflict, "%s", clip(err.Error())).as("conflict")
	case errors.Is(err, orders.ErrNotReady):
		return newProblem(http.StatusConflict, "%s", clip(err.Error())).as("not-ready")
	case errors.Is(err, library.ErrState):
		return newProblem(http.StatusConflict, "%s", clip(err.Error()))
	case errors.Is(err, library.ErrDiskFull):
		return newProblem(http.StatusInsufficientStorage, "the server's disk is full; nothing was kept")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newProblem(http.StatusRequestTimeout, "the request came too slowly")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return newProblem(http.StatusBadRequest, "the request was cut off")
	case errors.Is(err, context.Canceled):
		return newProblem(gone, "the client went away")
	}
	return nil
}

func is(err error, any ...error) bool {
	for _, one := range any {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

// invalid names every field at fault.
func invalid[F any](faults []F, parts func(F) (field, why string)) *problem {
	p := newProblem(http.StatusUnprocessableEntity, "")
	for _, f := range faults {
		p.at(parts(f))
	}
	if len(p.Errors) > 0 {
		p.Detail = summary(p.Errors[0].Location, p.Errors[0].Message, len(faults))
	}
	return p
}
