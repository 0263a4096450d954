package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
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
// machine's own address alone. Cookies know no ports, so the port is in the name:
// two servers on one machine do not sign people out of each other.
const (
	cookieTLS   = "__Host-loa"
	cookiePlain = "loa"
)

func cookieName(r *http.Request) string {
	name := cookiePlain
	if r.TLS != nil {
		name = cookieTLS
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			name += "-" + strconv.FormatUint(n, 10)
		}
	}
	return name
}

// manager is how the session of a request is kept. It is made by hand: scs.New
// would start a goroutine that nobody ends.
func (a *api) manager(r *http.Request) *scs.SessionManager {
	return &scs.SessionManager{
		Lifetime: SessionLife, Store: a.Sessions, Codec: scs.GobCodec{}, HashTokenInStore: true,
		Cookie: scs.SessionCookie{
			Name: cookieName(r), Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
			Persist: true, // by Max-Age, which needs no right clock at the desk
		},
	}
}

// caller is what a request says beside its own content.
type caller struct {
	*scs.SessionManager
	answer  http.ResponseWriter
	address string // as failures are counted
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// recognise loads the session of a request for the API. A browser sends it along
// with what other sites' pages ask for, so those are refused. It sends no token,
// so what carries one needs no such care, and has no session.
func (a *api) recognise(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, prefix+"/") {
			next.ServeHTTP(w, r)
			return
		}
		held := ""
		m := a.manager(r)
		if r.Header.Get("Authorization") == "" {
			if err := own.Check(r); err != nil {
				a.Log.Warn("cross-origin request", "method", r.Method, "path", clip(r.URL.Path), "origin", clip(r.Header.Get("Origin")))
				writeProblem(w, newProblem(http.StatusForbidden, "the request comes from another site's page").as("cross-origin"))
				return
			}
			if cookie, err := r.Cookie(m.Cookie.Name); err == nil {
				held = cookie.Value
			}
		}
		w.Header().Add("Vary", "Cookie")
		ctx, err := m.Load(r.Context(), held)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, callerKey{}, caller{m, w, origin(r.RemoteAddr)})))
	})
}

// begin makes a session of a person's, in place of whatever the browser had.
func (a *api) begin(ctx context.Context, person, mark string) error {
	c := callerOf(ctx)
	if err := c.Clear(ctx); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	if err := c.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	c.Put(ctx, sessionPerson, person)
	c.Put(ctx, sessionMark, mark)
	held, until, err := c.Commit(ctx)
	if err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	c.WriteSessionCookie(ctx, c.answer, held, until)
	return nil
}

// end ends the session of a request, and says whose it was; "" without one.
func (a *api) end(ctx context.Context) (person string, err error) {
	c := callerOf(ctx)
	if person = c.GetString(ctx, sessionPerson); person != "" {
		if err := c.Destroy(ctx); err != nil {
			return "", fmt.Errorf("end session: %w", err)
		}
	}
	c.WriteSessionCookie(ctx, c.answer, "", time.Time{})
	return person, nil
}

// inSession is whose session a request is made in, and the mark of the password
// that it was begun with; "" for none.
func inSession(ctx context.Context) (person, mark string) {
	c := callerOf(ctx)
	if c.SessionManager == nil {
		return "", ""
	}
	return c.GetString(ctx, sessionPerson), c.GetString(ctx, sessionMark)
}

// until is when the session of a request ends if it is not used again; zero
// without one.
func until(ctx context.Context) time.Time {
	if person, _ := inSession(ctx); person == "" {
		return time.Time{}
	}
	idle := time.Now().Add(SessionIdle)
	if at := callerOf(ctx).Deadline(ctx); at.Before(idle) {
		return at
	}
	return idle
}
