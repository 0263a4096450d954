package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"loa/central/registry"
)

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

// keys adds how people get keys, and lose them.
func (a *api) keys() {
	a.group = "Keys"
	route(a, "proposeKey", "POST", "/me/keys", "Propose a public key of one's own", a.proposeKey)
	route(a, "takeBackKey", "DELETE", "/me/keys/{key}", "Take a key back that was proposed", a.takeBackKey)
	route(a, "addKey", "POST", "/persons/{id}/keys", "Add a public key", a.addKey)
	route(a, "confirmKey", "POST", "/persons/{id}/keys/{key}/confirm", "Confirm a key that its person proposed", a.confirmKey)
	route(a, "retireKey", "POST", "/persons/{id}/keys/{key}/retire", "End a key's use; what it signed stands. One that is only proposed is turned down", a.retireKey)
	route(a, "revokeKey", "POST", "/persons/{id}/keys/{key}/revoke", "End a key's use and void what it signed. One that is only proposed is turned down", a.revokeKey)
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
