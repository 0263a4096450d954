package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

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
	Detail string  `json:"detail"`
	Errors []fault `json:"errors,omitempty" doc:"What is wrong with each field."`
}

type fault struct {
	Location string `json:"location" doc:"The field."`
	Message  string `json:"message"`
}

func newProblem(status int, code, detail string) *problem {
	return &problem{Type: "urn:loa:problem:" + code, Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return "application/problem+json" }
func (p *problem) at(field, why string) *problem {
	p.Errors = append(p.Errors, fault{field, why})
	return p
}

func writeProblem(w http.ResponseWriter, p *problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// What huma itself finds wrong with a request becomes a problem of ours.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := newProblem(status, "request", msg)
		if status >= 500 {
			p = newProblem(status, "internal", "the server failed; its log says why")
		}
		for _, err := range errs {
			var d *huma.ErrorDetail
			var already *problem
			switch {
			case errors.As(err, &already):
				return already
			case errors.As(err, &d):
				p.at(d.Location, d.Message)
			case err != nil:
				p.at("", err.Error())
			}
		}
		return p
	}
}

// problem maps what the rooms return, in one place. What is nobody's fault but
// the server's is logged and not told.
func (a *api) problem(ctx context.Context, operation string, err error) error {
	var (
		already  *problem
		places   registry.Faults
		content  library.Faults
		plans    planner.Faults
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
		p := newProblem(http.StatusUnprocessableEntity, "invalid", err.Error())
		for _, f := range places {
			p.at(f.Field, f.Problem)
		}
		return p
	case errors.As(err, &content):
		p := newProblem(http.StatusUnprocessableEntity, "invalid", err.Error())
		for _, f := range content {
			p.at(f.Field, f.Problem)
		}
		return p
	case errors.As(err, &plans):
		p := newProblem(http.StatusUnprocessableEntity, "invalid", err.Error())
		for _, f := range plans {
			p.at(f.Field, f.Problem)
		}
		return p
	case errors.As(err, &refusal):
		return newProblem(http.StatusUnprocessableEntity, string(refusal.Reason), err.Error()).at(refusal.Field, refusal.Detail)
	case errors.As(err, &upload):
		status := http.StatusUnprocessableEntity
		if upload.Reason == library.TooBig {
			status = http.StatusRequestEntityTooLarge
		}
		return newProblem(status, string(upload.Reason), err.Error()).at("file", upload.Detail)
	case errors.As(err, &denied):
		return newProblem(http.StatusForbidden, "denied", err.Error())
	case errors.Is(err, registry.ErrToken):
		return newProblem(http.StatusUnauthorized, "token", "the token is missing or not valid")
	case errors.Is(err, registry.ErrNotFound), errors.Is(err, library.ErrNotFound), errors.Is(err, planner.ErrNotFound), errors.Is(err, orders.ErrNotFound):
		return newProblem(http.StatusNotFound, "not-found", err.Error())
	case errors.As(err, &conflict), errors.As(err, &changed):
		return newProblem(http.StatusPreconditionFailed, "changed", err.Error())
	case errors.Is(err, registry.ErrExists), errors.Is(err, library.ErrExists), errors.Is(err, planner.ErrExists):
		return newProblem(http.StatusConflict, "exists", err.Error())
	case errors.Is(err, registry.ErrInUse):
		return newProblem(http.StatusConflict, "in-use", err.Error())
	case errors.Is(err, orders.ErrConflict):
		return newProblem(http.StatusConflict, "conflict", err.Error())
	case errors.Is(err, orders.ErrNotReady):
		return newProblem(http.StatusConflict, "not-ready", err.Error())
	case errors.Is(err, library.ErrState):
		return newProblem(http.StatusConflict, "state", err.Error())
	case errors.Is(err, library.ErrDiskFull):
		a.Log.Error("request", "operation", operation, "error", err)
		return newProblem(http.StatusInsufficientStorage, "disk-full", "the server's disk is full; nothing was kept")
	case errors.Is(err, context.Canceled):
		return newProblem(499, "gone", "the client went away")
	}
	a.Log.Error("request", "operation", operation, "error", err)
	return newProblem(http.StatusInternalServerError, "internal", "the server failed; its log says why")
}
