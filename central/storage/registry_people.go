package storage

import (
	"context"
	"database/sql"
	"time"

	"loa/central/registry"
)

func (s registryStore) AddPerson(ctx context.Context, by string, p registry.Person) error {
	return refused(s.db.write(ctx, func(t *tx) error { return t.addPerson(by, p) }))
}

func (t *tx) addPerson(by string, p registry.Person) error {
	if _, err := t.exec(`INSERT INTO persons (id, name) VALUES (?, ?)`, p.ID, p.Name); err != nil {
		return err
	}
	return t.audit(by, "person.add", p.ID, p)
}

func scanPerson(r *sql.Rows) (p registry.Person, err error) {
	err = r.Scan(&p.ID, &p.Name)
	return p, err
}

func (s registryStore) Person(ctx context.Context, id string) (registry.Person, error) {
	return one(ctx, s.db.reader, registry.ErrNotFound, scanPerson, `SELECT id, name FROM persons WHERE id = ?`, id)
}

func (s registryStore) Persons(ctx context.Context) ([]registry.Person, error) {
	return list(ctx, s.db.reader, scanPerson, `SELECT id, name FROM persons ORDER BY id`)
}

func (s registryStore) AddKey(ctx context.Context, by string, k registry.Key) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		if err := t.addKey(k); err != nil {
			return err
		}
		return t.audit(by, "key.add", k.ID, k)
	}))
}

// addKey ends what anybody proposed of it: a key belongs to one person.
func (t *tx) addKey(k registry.Key) error {
	if _, err := t.exec(`DELETE FROM proposed_keys WHERE id = ?`, k.ID); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO person_keys (id, person, scheme, public, added_at) VALUES (?, ?, ?, ?, ?)`,
		k.ID, k.Person, k.Scheme, k.Public, millis(k.AddedAt))
	return err
}

func (s registryStore) RetireKey(ctx context.Context, by, id string, at time.Time) error {
	return s.end(ctx, by, "key.retire", `person_keys`, `retired_at`, id, at)
}

func (s registryStore) RevokeKey(ctx context.Context, by, id string, at time.Time) error {
	return s.end(ctx, by, "key.revoke", `person_keys`, `revoked_at`, id, at)
}

func scanKey(r *sql.Rows) (k registry.Key, err error) {
	err = r.Scan(&k.ID, &k.Person, &k.Scheme, &k.Public, when{&k.AddedAt}, when{&k.RetiredAt}, when{&k.RevokedAt})
	return k, err
}

func (s registryStore) Keys(ctx context.Context, person string) ([]registry.Key, error) {
	return list(ctx, s.db.reader, scanKey, `SELECT id, person, scheme, public, added_at, retired_at, revoked_at
		FROM person_keys WHERE ? IN ('', person) ORDER BY id`, person)
}

func (s registryStore) AddRole(ctx context.Context, by string, r registry.Role, grants func(roles []registry.Role) bool) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		added, err := t.addRole(by, r)
		if err != nil || !added {
			return err
		}
		return t.endDoors(by, r, grants)
	}))
}

func (t *tx) addRole(by string, r registry.Role) (added bool, err error) {
	n, err := t.exec(`INSERT INTO roles (person, name, area) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, r.Person, r.Name, r.Area)
	if err != nil || n == 0 {
		return false, err
	}
	return true, t.audit(by, "role.grant", r.Person, r)
}

// door is a token or an invitation: by it, whoever holds it comes in as a person.
type door struct{ id, maker string }

func scanDoor(r *sql.Rows) (d door, err error) {
	err = r.Scan(&d.id, &d.maker)
	return d, err
}

// endDoors ends the ways in to a person who was just given a role that were made
// by somebody who may not give it.
func (t *tx) endDoors(by string, r registry.Role, grants func(roles []registry.Role) bool) error {
	trusted := map[string]bool{r.Person: true}
	for _, k := range []struct{ action, open, end string }{
		{"token.revoke", `SELECT id, made_by FROM tokens WHERE person = ? AND revoked_at IS NULL AND expires_at > ? ORDER BY id`,
			`UPDATE tokens SET revoked_at = ? WHERE id = ?`},
		{"invitation.end", `SELECT id, made_by FROM invitations WHERE id IN (SELECT invitation FROM invitation_persons WHERE person = ?)
			AND used_at IS NULL AND expires_at > ? ORDER BY id`,
			`UPDATE invitations SET expires_at = ? WHERE id = ?`},
	} {
		open, err := list(t.ctx, t, scanDoor, k.open, r.Person, millis(t.at))
		if err != nil {
			return err
		}
		for _, d := range open {
			ok, known := trusted[d.maker]
			if !known {
				if ok, err = t.mayGrant(d.maker, grants); err != nil {
					return err
				}
				trusted[d.maker] = ok
			}
			if ok {
				continue
			}
			if _, err := t.exec(k.end, millis(t.at), d.id); err != nil {
				return err
			}
			if err := t.audit(by, k.action, d.id, map[string]any{"at": t.at, "madeBy": d.maker, "because": r}); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayGrant tells whether somebody's roles allow it. Who is no person works on the
// server's own machine.
func (t *tx) mayGrant(maker string, grants func(roles []registry.Role) bool) (bool, error) {
	n, err := one(t.ctx, t, sql.ErrNoRows, scanInt, `SELECT count(*) FROM persons WHERE id = ?`, maker)
	if err != nil || n == 0 {
		return maker != "", err
	}
	roles, err := list(t.ctx, t, scanRole, selectRoles, maker)
	return grants(roles), err
}

func (s registryStore) RemoveRole(ctx context.Context, by string, r registry.Role) error {
	return s.db.write(ctx, func(t *tx) error {
		n, err := t.exec(`DELETE FROM roles WHERE person = ? AND name = ? AND area = ?`, r.Person, r.Name, r.Area)
		if err != nil {
			return err
		}
		if n == 0 {
			return registry.ErrNotFound
		}
		return t.audit(by, "role.take", r.Person, r)
	})
}

func scanRole(r *sql.Rows) (role registry.Role, err error) {
	err = r.Scan(&role.Person, &role.Name, &role.Area)
	return role, err
}

const selectRoles = `SELECT person, name, area FROM roles WHERE ? IN ('', person) ORDER BY person, name, area`

func (s registryStore) Roles(ctx context.Context, person string) ([]registry.Role, error) {
	return list(ctx, s.db.reader, scanRole, selectRoles, person)
}

func (s registryStore) AddToken(ctx context.Context, by string, k registry.Token) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO tokens (id, person, label, sha256, created_at, expires_at, made_by) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			k.ID, k.Person, k.Label, k.SHA256[:], millis(k.CreatedAt), millis(k.ExpiresAt), by); err != nil {
			return err
		}
		// The hash is kept out of the chain, which is for others to read.
		return t.audit(by, "token.add", k.ID, map[string]any{"person": k.Person, "label": k.Label, "expires": k.ExpiresAt})
	}))
}

func (s registryStore) RevokeToken(ctx context.Context, by, id string, at time.Time) error {
	return s.end(ctx, by, "token.revoke", `tokens`, `revoked_at`, id, at)
}

const selectTokens = `SELECT id, person, label, sha256, created_at, expires_at, revoked_at FROM tokens `

func scanToken(r *sql.Rows) (k registry.Token, err error) {
	var sum []byte
	err = r.Scan(&k.ID, &k.Person, &k.Label, &sum, when{&k.CreatedAt}, when{&k.ExpiresAt}, when{&k.RevokedAt})
	copy(k.SHA256[:], sum)
	return k, err
}

func (s registryStore) Token(ctx context.Context, id string) (registry.Token, error) {
	return one(ctx, s.db.reader, registry.ErrNotFound, scanToken, selectTokens+`WHERE id = ?`, id)
}

func (s registryStore) Tokens(ctx context.Context, person string) ([]registry.Token, error) {
	return list(ctx, s.db.reader, scanToken, selectTokens+`WHERE person = ? ORDER BY id`, person)
}

func (s registryStore) AddDenied(ctx context.Context, by, operation, why string) error {
	return s.db.write(ctx, func(t *tx) error {
		return t.audit(by, "denied", operation, map[string]any{"why": why})
	})
}
