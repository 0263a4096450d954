package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"loa/central/registry"
)

type personKey struct{}

// asks is who asks; signIn has put it there.
func asks(ctx context.Context) string {
	p, _ := ctx.Value(personKey{}).(registry.Person)
	return p.ID
}

// person finds whose token a request carries.
func (a *api) person(ctx context.Context, header string) (registry.Person, error) {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return registry.Person{}, registry.ErrToken
	}
	return a.Registry.PersonByToken(ctx, token)
}

// signIn lets nobody through without a valid token.
func (a *api) signIn(ctx huma.Context, next func(huma.Context)) {
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
