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

func (s registryStore) AddRole(ctx context.Context, by string, r registry.Role) error {
	return refused(s.db.write(ctx, func(t *tx) error { return t.addRole(by, r) }))
}

func (t *tx) addRole(by string, r registry.Role) error {
	n, err := t.exec(`INSERT INTO roles (person, name, area) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, r.Person, r.Name, r.Area)
	if err != nil || n == 0 {
		return err
	}
	return t.audit(by, "role.grant", r.Person, r)
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

func (s registryStore) Roles(ctx context.Context, person string) ([]registry.Role, error) {
	return list(ctx, s.db.reader, scanRole, `SELECT person, name, area FROM roles WHERE ? IN ('', person) ORDER BY person, name, area`, person)
}

func (s registryStore) AddToken(ctx context.Context, by string, k registry.Token) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO tokens (id, person, label, sha256, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
			k.ID, k.Person, k.Label, k.SHA256[:], millis(k.CreatedAt), millis(k.ExpiresAt)); err != nil {
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
