package registry

import (
	"context"
	"fmt"
	"slices"
)

// AddPerson is ErrExists for an id that is taken.
func (r *Registry) AddPerson(ctx context.Context, by string, p Person) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := r.store.AddPerson(ctx, by, p); err != nil {
		return fmt.Errorf("add person %s: %w", p.ID, err)
	}
	return nil
}

// Person is ErrNotFound for an unknown id.
func (r *Registry) Person(ctx context.Context, id string) (Person, error) {
	p, err := r.store.Person(ctx, id)
	if err != nil {
		return p, fmt.Errorf("person %q: %w", id, err)
	}
	return p, nil
}

// Persons lists everybody by id.
func (r *Registry) Persons(ctx context.Context) ([]Person, error) { return r.store.Persons(ctx) }

// AddKey adds a public key to a person. id must be the key's own (KeyID), so
// that a slip between key and name shows. A key belongs to one person for ever:
// ErrExists.
func (r *Registry) AddKey(ctx context.Context, by, person, id string, scheme Scheme, public []byte) (Key, error) {
	k := Key{ID: id, Person: person, Scheme: scheme, Public: slices.Clone(public), AddedAt: now()}
	if err := k.Validate(); err != nil {
		return Key{}, err
	}
	if err := r.store.AddKey(ctx, by, k); err != nil {
		return Key{}, fmt.Errorf("add key %s: %w", id, err)
	}
	return k, nil
}

// RetireKey ends a key's use; what it signed before stands.
func (r *Registry) RetireKey(ctx context.Context, by, id string) error {
	if err := r.store.RetireKey(ctx, by, id, now()); err != nil {
		return fmt.Errorf("retire key %s: %w", id, err)
	}
	return nil
}

// RevokeKey ends a key's use and voids what it signed.
func (r *Registry) RevokeKey(ctx context.Context, by, id string) error {
	if err := r.store.RevokeKey(ctx, by, id, now()); err != nil {
		return fmt.Errorf("revoke key %s: %w", id, err)
	}
	return nil
}

// Keys lists a person's keys, ended ones too; everybody's for "".
func (r *Registry) Keys(ctx context.Context, person string) ([]Key, error) {
	return r.store.Keys(ctx, person)
}

// GrantRole gives a role; to have it already is no error. Ask Allow with
// ManagePeople for the ROLE'S area first, or a commune's administrator could
// make one of the province. What lets somebody in as the person ends with it when
// it was made by somebody who may not give this role: a commune's administrator
// who invited an officer would come in as the province's.
func (r *Registry) GrantRole(ctx context.Context, by string, role Role) error {
	if err := role.Validate(); err != nil {
		return err
	}
	path, err := r.store.Path(ctx, role.Area)
	if err != nil {
		return fmt.Errorf("make %s %s of %s: %w", role.Person, role.Name, role.Area, err)
	}
	grants := func(roles []Role) bool { return May(roles, ManagePeople, path) }
	if err := r.store.AddRole(ctx, by, role, grants); err != nil {
		return fmt.Errorf("make %s %s of %s: %w", role.Person, role.Name, role.Area, err)
	}
	return nil
}

// TakeRole takes a role back; ErrNotFound when the person has it not.
func (r *Registry) TakeRole(ctx context.Context, by string, role Role) error {
	if err := r.store.RemoveRole(ctx, by, role); err != nil {
		return fmt.Errorf("take %s of %s from %s: %w", role.Name, role.Area, role.Person, err)
	}
	return nil
}

// Roles lists a person's roles; everybody's for "".
func (r *Registry) Roles(ctx context.Context, person string) ([]Role, error) {
	return r.store.Roles(ctx, person)
}

// Actions are what a person may do, each with the codes of the areas in which a
// role allows it.
func (r *Registry) Actions(ctx context.Context, person string) (map[Action][]string, error) {
	roles, err := r.rolesOf(ctx, person)
	if err != nil {
		return nil, err
	}
	actions := map[Action][]string{}
	for _, role := range roles {
		for _, action := range granted[role.Name] {
			if !slices.Contains(actions[action], role.Area) {
				actions[action] = append(actions[action], role.Area)
			}
		}
	}
	for _, areas := range actions {
		slices.Sort(areas)
	}
	return actions, nil
}

// Allow returns nil when the person may do the action in every one of the
// areas, *Denied when not, and ErrNotFound for a code that is no area.
func (r *Registry) Allow(ctx context.Context, person string, action Action, codes ...string) error {
	roles, err := r.rolesOf(ctx, person)
	if err != nil {
		return err
	}
	paths := make([]Path, len(codes))
	for i, code := range codes {
		if paths[i], err = r.Path(ctx, code); err != nil {
			return err
		}
	}
	if !May(roles, action, paths...) {
		return &Denied{Person: person, Action: action, Areas: codes}
	}
	return nil
}

// AllowAnywhere is Allow for what belongs to no area yet.
func (r *Registry) AllowAnywhere(ctx context.Context, person string, action Action) error {
	roles, err := r.rolesOf(ctx, person)
	if err != nil {
		return err
	}
	if !MayAnywhere(roles, action) {
		return &Denied{Person: person, Action: action}
	}
	return nil
}

// AllowOver is Allow for what is done to another person (tokens, keys): it
// must be allowed wherever that person has a role, so that nobody can become
// somebody greater. Over somebody who has no role yet it is for whoever may do it
// in a province: a key that a commune's administrator left with a newcomer would
// be there when the province makes that newcomer its officer.
func (r *Registry) AllowOver(ctx context.Context, person string, action Action, other string) error {
	roles, err := r.rolesOf(ctx, other)
	if err != nil {
		return err
	}
	if len(roles) == 0 {
		if err := r.allowProvince(ctx, person, action); err != nil {
			return fmt.Errorf("%s has no role yet, so it takes a province's administrator: %w", other, err)
		}
		return nil
	}
	codes := make([]string, len(roles))
	for i, role := range roles {
		codes[i] = role.Area
	}
	return r.Allow(ctx, person, action, codes...)
}

// allowProvince is Allow for some whole province.
func (r *Registry) allowProvince(ctx context.Context, person string, action Action) error {
	own, err := r.rolesOf(ctx, person)
	if err != nil {
		return err
	}
	own = slices.DeleteFunc(slices.Clone(own), func(role Role) bool { return LevelOf(role.Area) != ProvinceLevel })
	if !MayAnywhere(own, action) {
		return &Denied{Person: person, Action: action}
	}
	return nil
}

// rolesOf never takes "" for everybody.
func (r *Registry) rolesOf(ctx context.Context, person string) ([]Role, error) {
	if person == "" {
		return nil, nil
	}
	roles, err := r.store.Roles(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("list roles of %s: %w", person, err)
	}
	return roles, nil
}
