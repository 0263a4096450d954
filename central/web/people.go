package web

import (
	"context"
	"errors"
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

type newKey struct {
	ID     string          `json:"id" maxLength:"32" doc:"The key's own: the first 16 bytes of SHA-256 over scheme, colon and public bytes, in hex."`
	Scheme registry.Scheme `json:"scheme" enum:"ed25519,webauthn-es256"`
	Public []byte          `json:"public" maxLength:"200"`
}

type key struct {
	ID        string          `json:"id"`
	Scheme    registry.Scheme `json:"scheme" enum:"ed25519,webauthn-es256"`
	Public    []byte          `json:"public"`
	State     string          `json:"state" enum:"proposed,in-use,retired,revoked"`
	Confirmed bool            `json:"confirmed" doc:"The signed key set in force lists it: boards believe it."`
	Added     time.Time       `json:"added" doc:"Or proposed, while it is."`
	Retired   *time.Time      `json:"retired,omitempty"`
	Revoked   *time.Time      `json:"revoked,omitempty"`
}

// States of a key.
const (
	keyProposed = "proposed" // by its person; nobody confirmed it
	keyInUse    = "in-use"
	keyRetired  = "retired"
	keyRevoked  = "revoked"
)

type PersonID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) people() {
	a.group = "People"
	route(a, "me", "GET", "/me", "Who asks, and what he or she may do where", a.me)
	route(a, "proposeKey", "POST", "/me/keys", "Propose a public key of one's own", a.proposeKey)
	route(a, "takeBackKey", "DELETE", "/me/keys/{key}", "Take a key back that was proposed", a.takeBackKey)
	route(a, "listPersons", "GET", "/persons", "Everybody, with roles and keys", a.persons)
	route(a, "addPerson", "POST", "/persons", "Add a person", a.addPerson)
	route(a, "addKey", "POST", "/persons/{id}/keys", "Add a public key", a.addKey)
	route(a, "confirmKey", "POST", "/persons/{id}/keys/{key}/confirm", "Confirm a key that its person proposed", a.confirmKey)
	route(a, "retireKey", "POST", "/persons/{id}/keys/{key}/retire", "End a key's use; what it signed stands. One that is only proposed is turned down", a.retireKey)
	route(a, "revokeKey", "POST", "/persons/{id}/keys/{key}/revoke", "End a key's use and void what it signed. One that is only proposed is turned down", a.revokeKey)
	route(a, "giveRole", "PUT", "/persons/{id}/roles", "Give a role", a.giveRole)
	route(a, "takeRole", "DELETE", "/persons/{id}/roles/{name}/{area}", "Take a role back", a.takeRole)
	route(a, "addToken", "POST", "/persons/{id}/tokens", "Make a token; its text is shown once", a.addToken)
	route(a, "listTokens", "GET", "/persons/{id}/tokens", "A person's tokens, without their texts", a.tokens)
	route(a, "endToken", "DELETE", "/persons/{id}/tokens/{token}", "End a token", a.endToken)
}

func (a *api) view(ctx context.Context, p registry.Person) (person, error) {
	views, err := a.views(ctx, p.ID, []registry.Person{p})
	if err != nil {
		return person{}, err
	}
	return views[0], nil
}

// views looks everything up at once: of one person by id, or of all for "".
func (a *api) views(ctx context.Context, id string, persons []registry.Person) ([]person, error) {
	roles, err := a.Registry.Roles(ctx, id)
	if err != nil {
		return nil, err
	}
	keys, err := a.keysOf(ctx, id)
	if err != nil {
		return nil, err
	}
	can, err := a.Registry.WithPassword(ctx)
	if err != nil {
		return nil, err
	}
	rolesOf := map[string][]role{}
	for _, r := range roles {
		rolesOf[r.Person] = append(rolesOf[r.Person], role{r.Name, r.Area})
	}
	signsIn := map[string]bool{}
	for _, p := range can {
		signsIn[p.ID] = true
	}
	return list(persons, func(p registry.Person) person {
		return person{
			ID: p.ID, Name: p.Name, SignsIn: signsIn[p.ID],
			Roles: append([]role{}, rolesOf[p.ID]...), Keys: append([]key{}, keys[p.ID]...),
		}
	}), nil
}

// keysOf are the keys of a person, or of everybody for "", by person; those that
// are only proposed come last.
func (a *api) keysOf(ctx context.Context, id string) (map[string][]key, error) {
	keys, err := a.Registry.Keys(ctx, id)
	if err != nil {
		return nil, err
	}
	proposed, err := a.Registry.Proposals(ctx, id)
	if err != nil {
		return nil, err
	}
	listed := a.Orders.Listed()
	views := map[string][]key{}
	for _, k := range keys {
		views[k.Person] = append(views[k.Person], viewKey(k, listed))
	}
	for _, p := range proposed {
		views[p.Person] = append(views[p.Person], key{ID: p.ID, Scheme: p.Scheme, Public: p.Public, State: keyProposed, Added: p.At.UTC()})
	}
	return views, nil
}

func viewKey(k registry.Key, listed map[string]string) key {
	v := key{
		ID: k.ID, Scheme: k.Scheme, Public: k.Public, State: keyInUse, Confirmed: listed[k.ID] == k.Person,
		Added: k.AddedAt.UTC(), Retired: moment(k.RetiredAt), Revoked: moment(k.RevokedAt),
	}
	switch {
	case v.Revoked != nil:
		v.State = keyRevoked
	case v.Retired != nil:
		v.State = keyRetired
	}
	return v
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

// proposeKey is everybody's right: a proposal is no right to sign. In the demo,
// where nobody else is there to confirm it, it is confirmed at once; asked again,
// that is tried again.
func (a *api) proposeKey(ctx context.Context, in *body[newKey]) (*body[key], error) {
	person := asks(ctx)
	have, err := a.keyOf(ctx, person, in.Body.ID)
	if err != nil {
		return nil, err
	}
	if have == nil {
		if _, err := a.Registry.ProposeKey(ctx, person, in.Body.ID, in.Body.Scheme, in.Body.Public); err != nil {
			return nil, err
		}
	}
	if a.Confirm != nil && (have == nil || have.State == keyProposed || have.State == keyInUse && !have.Confirmed) {
		if err := a.confirmInDemo(ctx, person, in.Body.ID); err != nil {
			return nil, err
		}
	}
	return a.answerKey(ctx, person, in.Body.ID)
}

// demoService stands in the audit chain for the demo's own administrators.
const demoService = "demo"

func (a *api) confirmInDemo(ctx context.Context, person, id string) error {
	_, err := a.Registry.ConfirmKey(ctx, demoService, person, id)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	return a.Confirm(ctx, person)
}

// keyOf is a key of a person's, proposed or not; nil when it is none.
func (a *api) keyOf(ctx context.Context, person, id string) (*key, error) {
	keys, err := a.keysOf(ctx, person)
	if err != nil {
		return nil, err
	}
	for _, k := range keys[person] {
		if k.ID == id {
			return &k, nil
		}
	}
	return nil, nil
}

func (a *api) answerKey(ctx context.Context, person, id string) (*body[key], error) {
	k, err := a.keyOf(ctx, person, id)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return nil, newProblem(http.StatusNotFound, "key %s is not a key of %s", clip(id), person)
	}
	return answer(*k), nil
}

func (a *api) takeBackKey(ctx context.Context, in *struct {
	Key string `path:"key" maxLength:"64"`
}) (*body[none], error) {
	return answer(none{}), a.Registry.DropKey(ctx, asks(ctx), asks(ctx), in.Key)
}

func (a *api) confirmKey(ctx context.Context, in *PersonKeyID) (*body[key], error) {
	if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManageKeys, in.ID); err != nil {
		return nil, err
	}
	k, err := a.keyOf(ctx, in.ID, in.Key)
	if err == nil && k != nil && k.State == keyInUse {
		return answer(*k), nil // two administrators at once
	}
	if err != nil {
		return nil, err
	}
	if _, err := a.Registry.ConfirmKey(ctx, asks(ctx), in.ID, in.Key); err != nil {
		return nil, err
	}
	return a.answerKey(ctx, in.ID, in.Key)
}

func (a *api) persons(ctx context.Context, _ *none) (*body[[]person], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManagePeople); err != nil {
		return nil, err
	}
	all, err := a.Registry.Persons(ctx)
	if err != nil {
		return nil, err
	}
	views, err := a.views(ctx, "", all)
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

func (a *api) addKey(ctx context.Context, in *struct {
	PersonID
	Body newKey
}) (*body[key], error) {
	if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManageKeys, in.ID); err != nil {
		return nil, err
	}
	k, err := a.Registry.AddKey(ctx, asks(ctx), in.ID, in.Body.ID, in.Body.Scheme, in.Body.Public)
	return answer(viewKey(k, nil)), err
}

type PersonKeyID struct {
	PersonID
	Key string `path:"key" maxLength:"64"`
}

// ownKey refuses a key that is another person's: the right was asked for this
// one.
func (a *api) ownKey(ctx context.Context, in *PersonKeyID) (*key, error) {
	if err := a.Registry.AllowOver(ctx, asks(ctx), registry.ManageKeys, in.ID); err != nil {
		return nil, err
	}
	k, err := a.keyOf(ctx, in.ID, in.Key)
	if err == nil && k == nil {
		err = newProblem(http.StatusNotFound, "key %s is not a key of %s", in.Key, in.ID)
	}
	return k, err
}

func (a *api) retireKey(ctx context.Context, in *PersonKeyID) (*body[none], error) {
	return a.endKey(ctx, in, a.Registry.RetireKey)
}

func (a *api) revokeKey(ctx context.Context, in *PersonKeyID) (*body[none], error) {
	return a.endKey(ctx, in, a.Registry.RevokeKey)
}

func (a *api) endKey(ctx context.Context, in *PersonKeyID, end func(ctx context.Context, by, id string) error) (*body[none], error) {
	k, err := a.ownKey(ctx, in)
	if err != nil {
		return nil, err
	}
	if k.State == keyProposed {
		return answer(none{}), a.Registry.DropKey(ctx, asks(ctx), in.ID, in.Key)
	}
	return answer(none{}), end(ctx, asks(ctx), in.Key)
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
