package web

import (
	"context"
	"time"

	"loa/central/registry"
)

type person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Roles []role `json:"roles,omitempty"`
	Keys  []key  `json:"keys,omitempty"`
}

type role struct {
	Name registry.RoleName `json:"name" enum:"administrator,broadcaster,officer,technician"`
	Area string            `json:"area"`
}

type key struct {
	ID      string          `json:"id"`
	Scheme  registry.Scheme `json:"scheme" enum:"ed25519,webauthn-es256"`
	Public  []byte          `json:"public"`
	Retired *time.Time      `json:"retired,omitempty" readOnly:"true"`
	Revoked *time.Time      `json:"revoked,omitempty" readOnly:"true"`
}

type PersonID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) people() {
	route(a, "GET", "/me", "Who asks", a.me)
	route(a, "GET", "/persons", "Everybody, with roles and keys", a.persons)
	route(a, "POST", "/persons", "Add a person", a.addPerson)
	route(a, "POST", "/persons/{id}/keys", "Add a public key", a.addKey)
	route(a, "POST", "/persons/{id}/keys/{key}/retire", "End a key's use; what it signed stands", a.retireKey)
	route(a, "POST", "/persons/{id}/keys/{key}/revoke", "End a key's use and void what it signed", a.revokeKey)
	route(a, "PUT", "/persons/{id}/roles", "Give a role", a.giveRole)
	route(a, "DELETE", "/persons/{id}/roles/{name}/{area}", "Take a role back", a.takeRole)
	route(a, "POST", "/persons/{id}/tokens", "Make a token; its text is shown once", a.addToken)
	route(a, "DELETE", "/persons/{id}/tokens/{token}", "End a token", a.endToken)
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

func (a *api) addPerson(ctx context.Context, in *body[person]) (*body[person], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePeople); err != nil {
		return nil, err
	}
	p := registry.Person{ID: in.Body.ID, Name: in.Body.Name}
	if err := a.Registry.AddPerson(ctx, asks(ctx), p); err != nil {
		return nil, err
	}
	return answer(person{ID: p.ID, Name: p.Name}), nil
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
	return newProblem(404, "not-found", "key "+id+" is not a key of "+person)
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
	if err := a.Registry.Allow(ctx, asks(ctx), registry.ManagePeople, in.Body.Area); err != nil {
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
	ID      string    `json:"id" readOnly:"true"`
	Text    string    `json:"text" readOnly:"true" doc:"Shown once."`
	Label   string    `json:"label" maxLength:"100"`
	Expires time.Time `json:"expires"`
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
	return answer(token{ID: t.ID, Text: text, Label: t.Label, Expires: t.ExpiresAt}), err
}

func (a *api) endToken(ctx context.Context, in *struct {
	PersonID
	Token string `path:"token" maxLength:"64"`
}) (*body[none], error) {
	if in.ID != asks(ctx) {
		if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManagePeople, in.ID); err != nil {
			return nil, err
		}
	}
	tokens, err := a.Registry.Tokens(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if t.ID == in.Token {
			return answer(none{}), a.Registry.RevokeToken(ctx, asks(ctx), in.Token)
		}
	}
	return nil, newProblem(404, "not-found", "token "+in.Token+" is not a token of "+in.ID)
}
