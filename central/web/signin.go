package web

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loa/central/registry"
)

type personKey struct{}

// asks is who asks; signIn has put it there.
func asks(ctx context.Context) string {
	p, _ := ctx.Value(personKey{}).(registry.Person)
	return p.ID
}

// person finds who makes a request: by the token in its header, or, where that
// says nothing, by its session.
func (a *api) person(ctx context.Context, header string) (registry.Person, error) {
	if header == "" {
		id, mark := inSession(ctx)
		if id == "" {
			return registry.Person{}, registry.ErrSession
		}
		return a.Registry.StillSignedIn(ctx, id, mark)
	}
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return registry.Person{}, registry.ErrToken
	}
	return a.Registry.PersonByToken(ctx, token)
}

// anybody makes an operation one that needs no signing in.
func anybody(op *huma.Operation) { op.Security = []map[string][]string{} }

// signIn lets nobody through without a valid token or session, but to what is
// open.
func (a *api) signIn(ctx huma.Context, next func(huma.Context)) {
	if s := ctx.Operation().Security; s != nil && len(s) == 0 {
		next(ctx)
		return
	}
	p, err := a.person(ctx.Context(), ctx.Header("Authorization"))
	if err != nil {
		is := a.problem(ctx.Context(), ctx.Operation().Method+" "+ctx.Operation().Path, err)
		if is.Status == http.StatusUnauthorized {
			ctx.SetHeader("WWW-Authenticate", "Bearer")
		}
		ctx.SetHeader("Content-Type", "application/problem+json")
		ctx.SetStatus(is.Status)
		_ = json.NewEncoder(ctx.BodyWriter()).Encode(is)
		return
	}
	next(huma.WithValue(ctx, personKey{}, p))
}

// entrance adds how people come in.
func (a *api) entrance() {
	a.group = "Sign-in"
	route(a, "welcome", "GET", "/welcome", "What a page says before anybody signed in", a.welcome, anybody)
	route(a, "lookAtInvitation", "POST", "/invitations/look", "Whom an invitation is for; using nothing up", a.look, anybody)
	route(a, "acceptInvitation", "POST", "/invitations/accept", "Use an invitation up: choose a password", a.accept, anybody)
	route(a, "beginSession", "POST", "/session", "Sign in", a.beginSession, anybody)
	route(a, "endSession", "DELETE", "/session", "Sign out", a.endSession, anybody)
	route(a, "changePassword", "PUT", "/me/password", "Change one's password; ends one's other sessions", a.changePassword)
	route(a, "invite", "POST", "/persons/{id}/invitations", "Make an invitation; its token is shown once", a.invite)
}

type welcome struct {
	Demo    bool       `json:"demo" doc:"The people are invented, and the server holds their keys."`
	First   bool       `json:"first" doc:"Nobody has a password yet."`
	Version string     `json:"version"`
	People  []greeting `json:"people" doc:"Who can sign in; in a demo only."`
	Areas   []place    `json:"areas" doc:"Of their roles, by code."`
}

type place struct {
	Code   string `json:"code"`
	NameVi string `json:"nameVi"`
	NameEn string `json:"nameEn"`
}

type greeting struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Roles []role `json:"roles"`
}

func (a *api) welcome(ctx context.Context, _ *none) (*body[welcome], error) {
	there, err := a.Registry.WithPassword(ctx)
	if err != nil {
		return nil, err
	}
	w := welcome{Demo: a.Demo, First: len(there) == 0, Version: a.Version, People: []greeting{}, Areas: []place{}}
	if !a.Demo {
		return answer(w), nil
	}
	roles, err := a.Registry.Roles(ctx, "")
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, p := range there {
		g := greeting{p.ID, p.Name, []role{}}
		for _, r := range roles {
			if r.Person == p.ID {
				g.Roles = append(g.Roles, role{r.Name, r.Area})
				named[r.Area] = true
			}
		}
		w.People = append(w.People, g)
	}
	known, err := a.Registry.Areas(ctx)
	for _, area := range known {
		if named[area.Code] {
			w.Areas = append(w.Areas, place{area.Code, area.NameVi, area.NameEn})
		}
	}
	return answer(w), err
}

type invitation struct {
	Persons   []named   `json:"persons" doc:"Whose password is chosen; empty for the first administrator."`
	First     bool      `json:"first" doc:"Nobody is there: whoever accepts says who that is, and of which province."`
	Provinces []place   `json:"provinces" doc:"Those of which the first can be administrator; empty otherwise."`
	Until     time.Time `json:"until"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type looked struct {
	Token string `json:"token" maxLength:"200" doc:"What stands behind # in the link."`
}

func (a *api) look(ctx context.Context, in *body[looked]) (*body[invitation], error) {
	found, err := a.Registry.Invitation(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	v := invitation{Persons: []named{}, First: found.First, Provinces: []place{}, Until: found.ExpiresAt.UTC()}
	for _, id := range found.Persons {
		p, err := a.Registry.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		v.Persons = append(v.Persons, named{p.ID, p.Name})
	}
	if !found.First {
		return answer(v), nil
	}
	known, err := a.Registry.Areas(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, area := range slices.Concat(known, a.Areas) {
		if area.Kind.Level() == registry.ProvinceLevel && !seen[area.Code] {
			seen[area.Code] = true
			v.Provinces = append(v.Provinces, place{area.Code, area.NameVi, area.NameEn})
		}
	}
	return answer(v), nil
}

type acceptance struct {
	Token    string     `json:"token" maxLength:"200"`
	Password string     `json:"password" maxLength:"512" format:"password"`
	Person   *newPerson `json:"person,omitempty" doc:"Who the first administrator is."`
	Province string     `json:"province,omitempty" maxLength:"16" doc:"Code: of what the first is administrator."`
}

type accepted struct {
	Persons []string `json:"persons" doc:"Ids: who can sign in with that password. One alone is signed in already."`
}

func (a *api) accept(ctx context.Context, in *body[acceptance]) (*body[accepted], error) {
	var newcomer *registry.Newcomer
	if p := in.Body.Person; p != nil {
		newcomer = &registry.Newcomer{Person: registry.Person{ID: p.ID, Name: p.Name}, Province: in.Body.Province}
		for _, area := range a.Areas {
			if area.Code == in.Body.Province || area.Parent == in.Body.Province && area.Parent != "" {
				newcomer.Areas = append(newcomer.Areas, area)
			}
		}
	}
	persons, mark, err := a.Registry.Accept(ctx, in.Body.Token, in.Body.Password, newcomer)
	if err != nil {
		return nil, err
	}
	if len(persons) == 1 {
		if err := a.begin(ctx, persons[0], mark); err != nil {
			// The password is set, and the invitation used up: who is not signed in now
			// signs in with it.
			a.Log.Error("sign a newcomer in", "person", persons[0], "error", err)
		} else {
			a.noteBegun(ctx, persons[0])
		}
	}
	return answer(accepted{persons}), nil
}

type signingIn struct {
	Person   string `json:"person" maxLength:"64"`
	Password string `json:"password" maxLength:"512" format:"password"`
}

// tooMany says when to come again.
func tooMany(wait time.Duration) *problem {
	p := newProblem(http.StatusTooManyRequests, "too many attempts; try again in %s", wait.Round(time.Second)).as("too-many")
	p.headers = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(wait.Seconds())))}}
	return p
}

// try lets a password be tried as often as is borne. It counts before try is
// called, and gives back what was no failure.
func (a *api) try(ctx context.Context, person string, try func() error) error {
	from := callerOf(ctx).address
	limits := []struct {
		subject string
		pace    pace
	}{{"person and address " + person + " " + from, paceHere}, {"person " + person, pacePerson}, {"address " + from, paceAddress}}
	for i, l := range limits {
		if wait := a.attempts.take(time.Now(), l.subject, l.pace); wait > 0 {
			for _, taken := range limits[:i] {
				a.attempts.giveBack(taken.subject, taken.pace)
			}
			a.Log.Warn("too many attempts to sign in", "address", from)
			return tooMany(wait)
		}
	}
	err := try()
	if errors.Is(err, registry.ErrPassword) {
		a.refusedPassword(ctx, person)
		return err
	}
	for _, l := range limits {
		a.attempts.giveBack(l.subject, l.pace)
	}
	return err
}

func (a *api) beginSession(ctx context.Context, in *body[signingIn]) (*body[myself], error) {
	// Ids are in lower case; a phone begins with a capital, and ends with a space.
	id := strings.ToLower(strings.TrimSpace(in.Body.Person))
	var p registry.Person
	err := a.try(ctx, id, func() error {
		var mark string
		var err error
		if p, mark, err = a.Registry.SignIn(ctx, id, in.Body.Password); err != nil {
			return err
		}
		if wait := a.attempts.take(time.Now(), "begun "+p.ID, paceBegun); wait > 0 {
			return tooMany(wait)
		}
		return a.begin(ctx, p.ID, mark)
	})
	if err != nil {
		return nil, err
	}
	a.noteBegun(ctx, p.ID)
	v, err := a.viewMe(ctx, p)
	return answer(v), err
}

func (a *api) noteBegun(ctx context.Context, person string) {
	a.noteDown(ctx, func(ctx context.Context) error { return a.Registry.NoteSignedIn(ctx, person, callerOf(ctx).address) })
}

func (a *api) endSession(ctx context.Context, _ *none) (*body[none], error) {
	person, err := a.end(ctx)
	if err != nil {
		return nil, err
	}
	if person != "" {
		a.noteDown(ctx, func(ctx context.Context) error { return a.Registry.NoteSignedOut(ctx, person) })
	}
	return answer(none{}), nil
}

type passwords struct {
	Old string `json:"old" maxLength:"512" format:"password"`
	New string `json:"new" maxLength:"512" format:"password"`
}

func (a *api) changePassword(ctx context.Context, in *body[passwords]) (*body[none], error) {
	person := asks(ctx)
	err := a.try(ctx, person, func() error {
		mark, err := a.Registry.ChangePassword(ctx, person, in.Body.Old, in.Body.New)
		if err != nil {
			return err
		}
		if until(ctx).IsZero() {
			return nil // by a token: there is no session to go on with
		}
		return a.begin(ctx, person, mark)
	})
	if errors.Is(err, registry.ErrPassword) {
		return nil, newProblem(http.StatusUnprocessableEntity, "the old password is wrong").as("wrong-password").at("old", "is wrong")
	}
	return answer(none{}), err
}

// invitationLife is how long somebody has to follow a link.
const invitationLife = 7 * 24 * time.Hour

type invited struct {
	Token string    `json:"token" doc:"Shown once; the link is the server's address, /welcome# and this."`
	Until time.Time `json:"until"`
}

func (a *api) invite(ctx context.Context, in *PersonID) (*body[invited], error) {
	if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManagePeople, in.ID); err != nil {
		return nil, err
	}
	text, v, err := a.Registry.Invite(ctx, asks(ctx), []string{in.ID}, invitationLife)
	return answer(invited{text, v.ExpiresAt.UTC()}), err
}

// mostRefused is how many wrong passwords of anybody a minute go into the audit
// chain; see mostDenials.
const mostRefused = 120

// refusedPassword notes a wrong password. The chain has so many a minute of each
// person who was guessed at, and of all; the log has every one.
func (a *api) refusedPassword(ctx context.Context, person string) {
	from := callerOf(ctx).address
	a.Log.Warn("wrong password", "address", from)
	if !a.denials.worth("password of "+person, time.Now()) || !a.denials.atMost(mostRefused, "all passwords", time.Now()) {
		return
	}
	a.noteDown(ctx, func(ctx context.Context) error { return a.Registry.NoteRefused(ctx, person, from) })
}

// noteDown writes into the audit chain what has happened. Hanging up does not
// leave it out, and a chain that cannot be written does not undo it.
func (a *api) noteDown(ctx context.Context, note func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := note(ctx); err != nil {
		a.Log.Error("note in the audit chain", "error", err)
	}
}
