package storage

import (
	"context"
	"database/sql"

	"loa/central/planner"
)

// Planner is the store of programmes.
func (db *DB) Planner() planner.Store { return plannerStore{db} }

type plannerStore struct{ db *DB }

func scanProgramme(r *sql.Rows) (p planner.Programme, err error) {
	return p, r.Scan(fromJSON{&p})
}

func (s plannerStore) AddProgramme(ctx context.Context, by string, p planner.Programme) error {
	err := s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO programmes (id, revision, area, content) VALUES (?,?,?,?)`, p.ID, p.Revision, p.Area, asJSON(p)); err != nil {
			return err
		}
		return t.audit(by, "programme.create", p.ID, p)
	})
	if unique, _ := breaks(err); unique {
		return planner.ErrExists
	}
	return err
}

func (s plannerStore) PutProgramme(ctx context.Context, by string, p planner.Programme) error {
	return s.db.write(ctx, func(t *tx) error {
		was, err := one(ctx, t, planner.ErrNotFound, scanProgramme, `SELECT content FROM programmes WHERE id = ?`, p.ID)
		if err != nil {
			return err
		}
		if was.Revision != p.Revision-1 {
			return &planner.Conflict{ID: p.ID, Have: was.Revision, Want: p.Revision - 1}
		}
		if _, err := t.exec(`UPDATE programmes SET revision = ?, area = ?, content = ? WHERE id = ?`, p.Revision, p.Area, asJSON(p), p.ID); err != nil {
			return err
		}
		return t.audit(by, "programme.change", p.ID, p)
	})
}

func (s plannerStore) RemoveProgramme(ctx context.Context, by, id string) error {
	return s.db.write(ctx, func(t *tx) error {
		n, err := t.exec(`DELETE FROM programmes WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return planner.ErrNotFound
		}
		return t.audit(by, "programme.remove", id, nil)
	})
}

func (s plannerStore) Programme(ctx context.Context, id string) (planner.Programme, error) {
	return one(ctx, s.db.reader, planner.ErrNotFound, scanProgramme, `SELECT content FROM programmes WHERE id = ?`, id)
}

func (s plannerStore) Programmes(ctx context.Context) ([]planner.Programme, error) {
	return list(ctx, s.db.reader, scanProgramme, `SELECT content FROM programmes ORDER BY id`)
}
