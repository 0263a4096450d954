package web

import (
	"context"
	"net/http"
	"time"

	"loa/central/registry"
)

type person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Roles []role `json:"roles"`
	Keys  []key  `json:"keys"`
}

type role struct {
	Name registry.RoleName `json:"name" enum:"administrator,broadcaster,officer,technician"`
	Area string            `json:"area" maxLength:"16" doc:"Code: the role is for all that lies in it, too."`
}

type key struct {
	ID      string          `json:"id" maxLength:"32" doc:"The key's own: the first 16 bytes of SHA-256 over scheme, colon and public bytes, in hex."`
	Scheme  registry.Scheme `json:"scheme" enum:"ed25519,webauthn-es256"`
	Public  []byte          `json:"public" maxLength:"200"`
	Retired *time.Time      `json:"retired,omitempty" readOnly:"true"`
	Revoked *time.Time      `json:"revoked,omitempty" readOnly:"true"`
}

type PersonID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) people() {
	a.group = "People"
	route(a, "me", "GET", "/me", "Who asks", a.me)
	route(a, "listPersons", "GET", "/persons", "Everybody, with roles and keys", a.persons)
	route(a, "addPerson", "POST", "/persons", "Add a person", a.addPerson)
	route(a, "addKey", "POST", "/persons/{id}/keys", "Add a public key", a.addKey)
	route(a, "retireKey", "POST", "/persons/{id}/keys/{key}/retire", "End a key's use; what it signed stands", a.retireKey)
	route(a, "revokeKey", "POST", "/persons/{id}/keys/{key}/revoke", "End a key's use and void what it signed", a.revokeKey)
	route(a, "giveRole", "PUT", "/persons/{id}/roles", "Give a role", a.giveRole)
	route(a, "takeRole", "DELETE", "/persons/{id}/roles/{name}/{area}", "Take a role back", a.takeRole)
	route(a, "addToken", "POST", "/persons/{id}/tokens", "Make a token; its text is shown once", a.addToken)
	route(a, "listTokens", "GET", "/persons/{id}/tokens", "A person's tokens, without their texts", a.tokens)
	route(a, "endToken", "DELETE", "/persons/{id}/tokens/{token}", "End a token", a.endToken)
}

func (a *api) view(ctx context.Context, p registry.Person) (person, error) {
	roles, err := a.Registry.Roles(ctx, p.ID)
	if err != nil {
		return person{}, err
	}
	keys, err := a.Registry.Keys(ctx, p.ID)
	return person{
		ID: p.ID, Name: p.Name,
		Roles: list(roles, func(r registry.Role) role { return role{r.Name, r.Area} }),
		Keys: list(keys, func(k registry.Key) key {
			return key{k.ID, k.Scheme, k.Public, moment(k.RetiredAt), moment(k.RevokedAt)}
		}),
	}, err
}

func (a *api) me(ctx context.Context, _ *none) (*body[person], error) {
	p, err := a.Registry.Person(ctx, asks(ctx))
	if err != nil {
		return nil, err
	}
	v, err := a.view(ctx, p)
	return answer(v), err
}

func (a *api) persons(ctx context.Context, _ *none) (*body[[]person], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePeople); err != nil {
		return nil, err
	}
	all, err := a.Registry.Persons(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]person, 0, len(all))
	for _, p := range all {
		v, err := a.view(ctx, p)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return answer(views), nil
}

type newPerson struct {
	ID   string `json:"id" maxLength:"40" doc:"As in lo-van-an; it never changes."`
	Name string `json:"name"`
}

func (a *api) addPerson(ctx context.Context, in *body[newPerson]) (*body[person], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePeople); err != nil {
		return nil, err
	}
	p := registry.Person{ID: in.Body.ID, Name: in.Body.Name}
	if err := a.Registry.AddPerson(ctx, asks(ctx), p); err != nil {
		return nil, err
	}
	return answer(person{ID: p.ID, Name: p.Name, Roles: []role{}, Keys: []key{}}), nil
}

func (a *api) addKey(ctx context.Context, in *struct {
	PersonID
	Body key
}) (*body[key], error) {
	if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManageKeys, in.ID); err != nil {
		return nil, err
	}
	k, err := a.Registry.AddKey(ctx, asks(ctx), in.ID, in.Body.ID, in.Body.Scheme, in.Body.Public)
	return answer(key{ID: k.ID, Scheme: k.Scheme, Public: k.Public}), err
}

type PersonKeyID struct {
	PersonID
	Key string `path:"key" maxLength:"64"`
}

// ownKey refuses a key that is another person's: the right was asked for this
// one.
func (a *api) ownKey(ctx context.Context, in *PersonKeyID) error {
	if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManageKeys, in.ID); err != nil {
		return err
	}
	return a.hasKey(ctx, in.ID, in.Key)
}

func (a *api) hasKey(ctx context.Context, person, id string) error {
	keys, err := a.Registry.Keys(ctx, person)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.ID == id {
			return nil
		}
	}
	return newProblem(http.StatusNotFound, "key %s is not a key of %s", id, person)
}

func (a *api) retireKey(ctx context.Context, in *PersonKeyID) (*body[none], error) {
	if err := a.ownKey(ctx, in); err != nil {
		return nil, err
	}
	return answer(none{}), a.Registry.RetireKey(ctx, asks(ctx), in.Key)
}

func (a *api) revokeKey(ctx context.Context, in *PersonKeyID) (*body[none], error) {
	if err := a.ownKey(ctx, in); err != nil {
		return nil, err
	}
	return answer(none{}), a.Registry.RevokeKey(ctx, asks(ctx), in.Key)
}

func (a *api) giveRole(ctx context.Context, in *struct {
	PersonID
	Body role
}) (*body[none], error) {
	if err := a.allow(ctx, registry.ManagePeople, "area", in.Body.Area); err != nil {
		return nil, err
	}
	return answer(none{}), a.Registry.GrantRole(ctx, asks(ctx), registry.Role{Person: in.ID, Name: in.Body.Name, Area: in.Body.Area})
}

func (a *api) takeRole(ctx context.Context, in *struct {
	PersonID
	Name string `path:"name" maxLength:"32"`
	Area string `path:"area" maxLength:"16"`
}) (*body[none], error) {
	if err := a.Registry.Allow(ctx, asks(ctx), registry.ManagePeople, in.Area); err != nil {
		return nil, err
	}
	return answer(none{}), a.Registry.TakeRole(ctx, asks(ctx), registry.Role{Person: in.ID, Name: registry.RoleName(in.Name), Area: in.Area})
}

type token struct {
	ID      string     `json:"id"`
	Text    string     `json:"text,omitempty" doc:"Shown once."`
	Label   string     `json:"label"`
	Made    time.Time  `json:"made"`
	Expires time.Time  `json:"expires"`
	Ended   *time.Time `json:"ended,omitempty"`
}

func viewToken(t registry.Token) token {
	return token{ID: t.ID, Label: t.Label, Made: t.CreatedAt.UTC(), Expires: t.ExpiresAt.UTC(), Ended: moment(t.RevokedAt)}
}

func (a *api) addToken(ctx context.Context, in *struct {
	PersonID
	Body struct {
		Label string `json:"label" maxLength:"100" doc:"What it is for."`
		Days  int    `json:"days" minimum:"1" maximum:"366"`
	}
}) (*body[token], error) {
	if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManagePeople, in.ID); err != nil {
		return nil, err
	}
	text, t, err := a.Registry.NewToken(ctx, asks(ctx), in.ID, in.Body.Label, time.Duration(in.Body.Days)*24*time.Hour)
	v := viewToken(t)
	v.Text = text
	return answer(v), err
}

// tokensOf are a person's tokens, for the person and for whoever is above.
func (a *api) tokensOf(ctx context.Context, person string) ([]registry.Token, error) {
	if person != asks(ctx) {
		if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManagePeople, person); err != nil {
			return nil, err
		}
	}
	if _, err := a.Registry.Person(ctx, person); err != nil {
		return nil, err
	}
	return a.Registry.Tokens(ctx, person)
}

func (a *api) tokens(ctx context.Context, in *PersonID) (*body[[]token], error) {
	found, err := a.tokensOf(ctx, in.ID)
	return answer(list(found, viewToken)), err
}

func (a *api) endToken(ctx context.Context, in *struct {
	PersonID
	Token string `path:"token" maxLength:"64"`
}) (*body[none], error) {
	tokens, err := a.tokensOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if t.ID == in.Token {
			return answer(none{}), a.Registry.RevokeToken(ctx, asks(ctx), in.Token)
		}
	}
	return nil, newProblem(http.StatusNotFound, "token %s is not a token of %s", in.Token, in.ID)
}
