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
		if err := t.atRevision(p.ID, p.Revision-1); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE programmes SET revision = ?, area = ?, content = ? WHERE id = ?`, p.Revision, p.Area, asJSON(p), p.ID); err != nil {
			return err
		}
		return t.audit(by, "programme.change", p.ID, p)
	})
}

// atRevision is *planner.Conflict when a programme is at another revision.
func (t *tx) atRevision(id string, want int64) error {
	was, err := one(t.ctx, t, planner.ErrNotFound, scanProgramme, `SELECT content FROM programmes WHERE id = ?`, id)
	if err == nil && was.Revision != want {
		err = &planner.Conflict{ID: id, Have: was.Revision, Want: want}
	}
	return err
}

func (s plannerStore) RemoveProgramme(ctx context.Context, by, id string, revision int64) error {
	return s.db.write(ctx, func(t *tx) error {
		if err := t.atRevision(id, revision); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM programmes WHERE id = ?`, id); err != nil {
			return err
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
