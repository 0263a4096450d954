package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// How long a browser stays signed in: an officer's phone must not ask for a
// password at night, in the rain.
const (
	SessionLife = 30 * 24 * time.Hour
	SessionIdle = 7 * 24 * time.Hour // not used for so long, it ends; the store sees to it
)

// SessionStore keeps sessions, by the hash of what the browser holds.
type SessionStore = scs.CtxStore

// What is kept of a session.
const (
	sessionPerson = "person"
	sessionMark   = "mark" // of the password that it was begun with
)

// Browsers send a cookie whose name begins with __Host- only where it came from,
// over TLS. Without TLS it cannot have that name; central serves that on this
// machine's own address alone.
const (
	cookieTLS   = "__Host-loa"
	cookiePlain = "loa"
)

// sessions are the managers of the two cookies, over one store.
type sessions struct{ tls, plain *scs.SessionManager }

func (a *api) newSessions() sessions {
	manager := func(name string, secure bool) *scs.SessionManager {
		m := scs.New()
		m.Lifetime = SessionLife
		m.HashTokenInStore = true
		m.Cookie.Name, m.Cookie.Secure = name, secure
		m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Path = true, http.SameSiteStrictMode, "/"
		if a.Sessions != nil {
			m.Store = a.Sessions
		}
		m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
			a.fail(w, r, err)
		}
		return m
	}
	return sessions{manager(cookieTLS, true), manager(cookiePlain, false)}
}

func (s sessions) of(r *http.Request) *scs.SessionManager {
	if r.TLS != nil {
		return s.tls
	}
	return s.plain
}

// caller is what a request says beside its own content.
type caller struct {
	sessions *scs.SessionManager
	address  string // as failures are counted
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// recognise loads the session of a request for the API. A browser sends it along
// with what other sites' pages ask for, so those are refused; a token it does not.
func (a *api) recognise(next http.Handler) http.Handler {
	known := a.newSessions()
	own := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, prefix+"/") {
			next.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("Authorization") == "" {
			if err := own.Check(r); err != nil {
				a.Log.Warn("cross-origin request", "method", r.Method, "path", clip(r.URL.Path), "origin", clip(r.Header.Get("Origin")))
				writeProblem(w, newProblem(http.StatusForbidden, "the request comes from another site's page").as("cross-origin"))
				return
			}
		}
		m := known.of(r)
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, caller{m, origin(r.RemoteAddr)}))
		m.LoadAndSave(next).ServeHTTP(w, r)
	})
}

// begin makes a session of a person's, in place of whatever the browser had.
func (a *api) begin(ctx context.Context, person, mark string) error {
	m := callerOf(ctx).sessions
	if err := m.Clear(ctx); err != nil {
		return err
	}
	if err := m.RenewToken(ctx); err != nil {
		return err
	}
	m.Put(ctx, sessionPerson, person)
	m.Put(ctx, sessionMark, mark)
	return nil
}

// until is when the session of a request ends; zero without one.
func until(ctx context.Context) time.Time {
	m := callerOf(ctx).sessions
	if m == nil || m.GetString(ctx, sessionPerson) == "" {
		return time.Time{}
	}
	idle := time.Now().Add(SessionIdle)
	if at := m.Deadline(ctx); at.Before(idle) {
		return at
	}
	return idle
}
