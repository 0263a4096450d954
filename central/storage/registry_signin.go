package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"loa/central/registry"
)

func scanPassword(r *sql.Rows) (p registry.Password, err error) {
	err = r.Scan(&p.Person, &p.Hash, when{&p.SetAt})
	return p, err
}

func (s registryStore) Password(ctx context.Context, person string) (registry.Password, error) {
	return one(ctx, s.db.reader, registry.ErrNotFound, scanPassword, `SELECT person, hash, set_at FROM passwords WHERE person = ?`, person)
}

func (s registryStore) SetPassword(ctx context.Context, by string, p registry.Password) error {
	return refused(s.db.write(ctx, func(t *tx) error { return t.setPassword(by, p) }))
}

// setPassword keeps the hash out of the chain, which is for others to read.
func (t *tx) setPassword(by string, p registry.Password) error {
	if _, err := t.exec(`INSERT INTO passwords (person, hash, set_at) VALUES (?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at`, p.Person, p.Hash, millis(p.SetAt)); err != nil {
		return err
	}
	return t.audit(by, "password.set", p.Person, struct{}{})
}

func (s registryStore) WithPassword(ctx context.Context) ([]registry.Person, error) {
	return list(ctx, s.db.reader, scanPerson, `SELECT id, name FROM persons WHERE id IN (SELECT person FROM passwords) ORDER BY id`)
}

func (s registryStore) ProposeKey(ctx context.Context, by string, p registry.Proposal, most int) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		n, err := one(ctx, t, sql.ErrNoRows, scanInt, `SELECT count(*) FROM person_keys WHERE id = ?`, p.ID)
		if err != nil {
			return err
		}
		if n > 0 {
			return registry.ErrExists
		}
		added, err := t.exec(`INSERT INTO proposed_keys (person, id, scheme, public, proposed_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			p.Person, p.ID, p.Scheme, p.Public, millis(p.At))
		if err != nil || added == 0 {
			return err
		}
		if n, err = one(ctx, t, sql.ErrNoRows, scanInt, `SELECT count(*) FROM proposed_keys WHERE person = ?`, p.Person); err != nil {
			return err
		}
		if n > int64(most) {
			return registry.ErrTooMany
		}
		return t.audit(by, "key.propose", p.ID, p)
	}))
}

func scanInt(r *sql.Rows) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}

const selectProposals = `SELECT person, id, scheme, public, proposed_at FROM proposed_keys `

func scanProposal(r *sql.Rows) (p registry.Proposal, err error) {
	err = r.Scan(&p.Person, &p.ID, &p.Scheme, &p.Public, when{&p.At})
	return p, err
}

func (s registryStore) Proposals(ctx context.Context, person string) ([]registry.Proposal, error) {
	return list(ctx, s.db.reader, scanProposal, selectProposals+`WHERE ? IN ('', person) ORDER BY proposed_at, id, person`, person)
}

func (s registryStore) ConfirmKey(ctx context.Context, by, person, id string, at time.Time) (k registry.Key, err error) {
	err = refused(s.db.write(ctx, func(t *tx) error {
		p, err := one(ctx, t, registry.ErrNotFound, scanProposal, selectProposals+`WHERE person = ? AND id = ?`, person, id)
		if err != nil {
			return err
		}
		k = registry.Key{ID: p.ID, Person: p.Person, Scheme: p.Scheme, Public: p.Public, AddedAt: at}
		if err := t.addKey(k); err != nil {
			return err
		}
		return t.audit(by, "key.confirm", k.ID, k)
	}))
	return k, err
}

func (s registryStore) DropKey(ctx context.Context, by, person, id string) error {
	return s.db.write(ctx, func(t *tx) error {
		n, err := t.exec(`DELETE FROM proposed_keys WHERE person = ? AND id = ?`, person, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return registry.ErrNotFound
		}
		return t.audit(by, "key.drop", id, map[string]string{"person": person})
	})
}

func (s registryStore) AddInvitation(ctx context.Context, by string, v registry.Invitation) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`UPDATE invitations SET expires_at = min(expires_at, ?) WHERE used_at IS NULL AND first = ?
			AND id NOT IN (SELECT invitation FROM invitation_persons WHERE person NOT IN (SELECT value FROM json_each(?)))`,
			millis(v.CreatedAt), v.First, asJSON(v.Persons)); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO invitations (id, sha256, first, created_at, expires_at, made_by) VALUES (?, ?, ?, ?, ?, ?)`,
			v.ID, v.SHA256[:], v.First, millis(v.CreatedAt), millis(v.ExpiresAt), by); err != nil {
			return err
		}
		for _, p := range v.Persons {
			if _, err := t.exec(`INSERT INTO invitation_persons (invitation, person) VALUES (?, ?)`, v.ID, p); err != nil {
				return err
			}
		}
		// The hash is kept out of the chain, which is for others to read.
		return t.audit(by, "invitation.add", v.ID, map[string]any{"persons": v.Persons, "first": v.First, "expires": v.ExpiresAt})
	}))
}

func scanInvitation(r *sql.Rows) (v registry.Invitation, err error) {
	var sum []byte
	err = r.Scan(&v.ID, &sum, &v.First, fromJSON{&v.Persons}, when{&v.CreatedAt}, when{&v.ExpiresAt}, when{&v.UsedAt})
	copy(v.SHA256[:], sum)
	return v, err
}

const selectInvitations = `SELECT id, sha256, first,
	(SELECT json_group_array(person) FROM (SELECT person FROM invitation_persons WHERE invitation = id ORDER BY person)),
	created_at, expires_at, used_at FROM invitations `

func (s registryStore) Invitation(ctx context.Context, id string) (registry.Invitation, error) {
	return one(ctx, s.db.reader, registry.ErrNotFound, scanInvitation, selectInvitations+`WHERE id = ?`, id)
}

// newcomers stands in the audit chain for who uses an invitation for several.
const newcomers = "invitation"

func (s registryStore) UseInvitation(ctx context.Context, id string, at time.Time, passwords []registry.Password, first *registry.Newcomer) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		v, err := one(ctx, t, registry.ErrNotFound, scanInvitation, selectInvitations+`WHERE id = ?`, id)
		switch {
		case err != nil:
			return err
		case !v.UsedAt.IsZero():
			return registry.ErrUsed
		case !at.Before(v.ExpiresAt):
			return registry.ErrExpired
		case v.First != (first != nil):
			return errors.New("an invitation of the first administrator adds one, and no other does")
		}
		if _, err := t.exec(`UPDATE invitations SET used_at = ? WHERE id = ?`, millis(at), id); err != nil {
			return err
		}
		by := newcomers
		if len(passwords) == 1 {
			by = passwords[0].Person
		}
		if err := t.audit(by, "invitation.use", id, map[string]any{"persons": v.Persons, "first": v.First}); err != nil {
			return err
		}
		if first != nil {
			if err := t.addFirst(*first); err != nil {
				return err
			}
		}
		for _, p := range passwords {
			if err := t.setPassword(by, p); err != nil {
				return err
			}
		}
		return nil
	}))
}

// addFirst adds the first administrator. Whoever came in the meantime was before.
func (t *tx) addFirst(n registry.Newcomer) error {
	there, err := one(t.ctx, t, sql.ErrNoRows, scanInt, `SELECT count(*) FROM persons`)
	if err != nil {
		return err
	}
	if there > 0 {
		return registry.ErrUsed
	}
	role := registry.Role{Person: n.Person.ID, Name: registry.Administrator, Area: n.Province}
	if err := t.addPerson(n.Person.ID, n.Person); err != nil {
		return err
	}
	_, err = t.addRole(n.Person.ID, role)
	return err
}

func (s registryStore) AddNote(ctx context.Context, by, action, subject string, detail map[string]string) error {
	return s.db.write(ctx, func(t *tx) error { return t.audit(by, action, subject, detail) })
}
