package web

import (
	"context"
	"net/http"
	"time"

	"loa/central/registry"
)

type person struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Roles   []role `json:"roles"`
	Keys    []key  `json:"keys"`
	SignsIn bool   `json:"signsIn" doc:"The person has chosen a password."`
}

type role struct {
	Name registry.RoleName `json:"name" enum:"administrator,broadcaster,officer,technician"`
	Area string            `json:"area" maxLength:"16" doc:"Code: the role is for all that lies in it, too."`
}

type PersonID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) people() {
	a.group = "People"
	route(a, "me", "GET", "/me", "Who asks, and what he or she may do where", a.me)
	route(a, "listPersons", "GET", "/persons", "Everybody, with roles and keys", a.persons)
	route(a, "addPerson", "POST", "/persons", "Add a person", a.addPerson)
	route(a, "giveRole", "PUT", "/persons/{id}/roles", "Give a role", a.giveRole)
	route(a, "takeRole", "DELETE", "/persons/{id}/roles/{name}/{area}", "Take a role back", a.takeRole)
	route(a, "addToken", "POST", "/persons/{id}/tokens", "Make a token; its text is shown once", a.addToken)
	route(a, "listTokens", "GET", "/persons/{id}/tokens", "A person's tokens, without their texts", a.tokens)
	route(a, "endToken", "DELETE", "/persons/{id}/tokens/{token}", "End a token", a.endToken)
	a.keys()
}

func (a *api) view(ctx context.Context, p registry.Person) (person, error) {
	can, err := a.Registry.HasPassword(ctx, p.ID)
	if err != nil {
		return person{}, err
	}
	views, err := a.views(ctx, p.ID, []registry.Person{p}, map[string]bool{p.ID: can})
	if err != nil {
		return person{}, err
	}
	return views[0], nil
}

// views looks everything up at once: of one person by id, or of all for "".
func (a *api) views(ctx context.Context, id string, persons []registry.Person, signsIn map[string]bool) ([]person, error) {
	roles, err := a.Registry.Roles(ctx, id)
	if err != nil {
		return nil, err
	}
	keys, err := a.keysOf(ctx, id)
	if err != nil {
		return nil, err
	}
	rolesOf := map[string][]role{}
	for _, r := range roles {
		rolesOf[r.Person] = append(rolesOf[r.Person], role{r.Name, r.Area})
	}
	return list(persons, func(p registry.Person) person {
		return person{
			ID: p.ID, Name: p.Name, SignsIn: signsIn[p.ID],
			Roles: append([]role{}, rolesOf[p.ID]...), Keys: append([]key{}, keys[p.ID]...),
		}
	}), nil
}

type myself struct {
	ID      string              `json:"id"`
	Name    string              `json:"name"`
	Roles   []role              `json:"roles"`
	Keys    []key               `json:"keys"`
	Actions map[string][]string `json:"actions" doc:"What the person may do, as in raise-alerts, each with the codes of the areas in which a role allows it; it does in all that lies in them, too."`
	Until   *time.Time          `json:"signedInUntil,omitempty" doc:"When the session ends; not for a token."`
	Demo    bool                `json:"demo"`
}

func (a *api) viewMe(ctx context.Context, p registry.Person) (myself, error) {
	v, err := a.view(ctx, p)
	if err != nil {
		return myself{}, err
	}
	actions, err := a.Registry.Actions(ctx, p.ID)
	if err != nil {
		return myself{}, err
	}
	m := myself{
		ID: v.ID, Name: v.Name, Roles: v.Roles, Keys: v.Keys,
		Actions: map[string][]string{}, Until: moment(until(ctx)), Demo: a.Demo,
	}
	for action, areas := range actions {
		m.Actions[string(action)] = areas
	}
	return m, nil
}

func (a *api) me(ctx context.Context, _ *none) (*body[myself], error) {
	p, err := a.Registry.Person(ctx, asks(ctx))
	if err != nil {
		return nil, err
	}
	v, err := a.viewMe(ctx, p)
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
	can, err := a.Registry.WithPassword(ctx)
	if err != nil {
		return nil, err
	}
	signsIn := map[string]bool{}
	for _, p := range can {
		signsIn[p.ID] = true
	}
	views, err := a.views(ctx, "", all, signsIn)
	return answer(views), err
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
