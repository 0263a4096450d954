package storage

import (
	"context"
	"database/sql"
	"time"

	"loa/central/library"
)

// Library is the store of audio rows and bulletins.
func (db *DB) Library() library.Store { return libraryStore{db} }

type libraryStore struct{ db *DB }

// misplaced turns SQLite's refusals into the library's errors.
func misplaced(err error) error {
	switch unique, foreign := breaks(err); {
	case unique:
		return library.ErrExists
	case foreign:
		return library.ErrNotFound
	}
	return err
}

const audioColumns = `sha256, size, samples, bitrate, music, original_sha256, original_size, original_name,
	loudness_in, peak_in, gain, loudness_out, peak_out, added_at`

func scanAudio(r *sql.Rows) (a library.Audio, err error) {
	err = r.Scan(&a.SHA256, &a.Size, &a.Samples, &a.Bitrate, &a.Music, &a.OriginalSHA256, &a.OriginalSize, &a.OriginalName,
		&a.LoudnessIn, &a.PeakIn, &a.Gain, &a.LoudnessOut, &a.PeakOut, when{&a.Added})
	a.Duration = time.Duration(a.Samples) * time.Second / library.SampleRate
	return a, err
}

func (s libraryStore) AddAudio(ctx context.Context, by string, a library.Audio) error {
	return s.db.write(ctx, func(t *tx) error {
		n, err := t.exec(`INSERT INTO audio (`+audioColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
			a.SHA256, a.Size, a.Samples, a.Bitrate, a.Music, a.OriginalSHA256, a.OriginalSize, a.OriginalName,
			a.LoudnessIn, a.PeakIn, a.Gain, a.LoudnessOut, a.PeakOut, millis(a.Added))
		if err != nil || n == 0 {
			return err
		}
		return t.audit(by, "audio.add", a.SHA256, a)
	})
}

func (s libraryStore) Audio(ctx context.Context, hash string) (library.Audio, error) {
	return one(ctx, s.db.reader, library.ErrNotFound, scanAudio, `SELECT `+audioColumns+` FROM audio WHERE sha256 = ?`, hash)
}

func (s libraryStore) Audios(ctx context.Context, limit int) ([]library.Audio, error) {
	return list(ctx, s.db.reader, scanAudio, `SELECT `+audioColumns+` FROM audio ORDER BY added_at DESC, sha256 LIMIT ?`, limit)
}

func (s libraryStore) AddBulletin(ctx context.Context, by string, b library.Bulletin) error {
	return misplaced(s.db.write(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO bulletins (id, revision, title, text, class, valid_from, valid_until, author, state,
				created_at, changed_at, order_hash, approved_revision) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			b.ID, b.Revision, b.Title, asJSON(b.Text), b.Class, millis(b.ValidFrom), millis(b.ValidUntil), b.Author, b.State,
			millis(b.Created), millis(b.Changed), b.OrderHash, b.ApprovedRevision); err != nil {
			return err
		}
		if err := putBulletinLists(t, b); err != nil {
			return err
		}
		return t.audit(by, "bulletin.create", b.ID, b)
	}))
}

func (s libraryStore) ChangeBulletin(ctx context.Context, by, action, id string, change func(*library.Bulletin) error) (library.Bulletin, error) {
	var b library.Bulletin
	err := s.db.write(ctx, func(t *tx) (err error) {
		if b, err = one(ctx, t, library.ErrNotFound, scanBulletin, selectBulletins+`WHERE b.id = ?`, id); err != nil {
			return err
		}
		if err := change(&b); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE bulletins SET revision = ?, title = ?, text = ?, class = ?, valid_from = ?, valid_until = ?,
				state = ?, changed_at = ?, order_hash = ?, approved_revision = ? WHERE id = ?`,
			b.Revision, b.Title, asJSON(b.Text), b.Class, millis(b.ValidFrom), millis(b.ValidUntil),
			b.State, millis(b.Changed), b.OrderHash, b.ApprovedRevision, id); err != nil {
			return err
		}
		if err := putBulletinLists(t, b); err != nil {
			return err
		}
		return t.audit(by, action, id, b)
	})
	if err != nil {
		return library.Bulletin{}, misplaced(err)
	}
	return b, nil
}

// putBulletinLists replaces what stands in tables of its own: areas, because
// bulletins are found by them, and audio, so that no row names a missing one.
func putBulletinLists(t *tx, b library.Bulletin) error {
	if _, err := t.exec(`DELETE FROM bulletin_areas WHERE bulletin = ?`, b.ID); err != nil {
		return err
	}
	for i, area := range b.Areas {
		if _, err := t.exec(`INSERT INTO bulletin_areas (bulletin, position, area) VALUES (?, ?, ?)`, b.ID, i, area); err != nil {
			return err
		}
	}
	if _, err := t.exec(`DELETE FROM bulletin_audio WHERE bulletin = ?`, b.ID); err != nil {
		return err
	}
	for language, hash := range b.Audio {
		if _, err := t.exec(`INSERT INTO bulletin_audio (bulletin, language, sha256) VALUES (?, ?, ?)`, b.ID, language, hash); err != nil {
			return err
		}
	}
	return nil
}

const selectBulletins = `SELECT b.id, b.revision, b.title, b.text, b.class, b.valid_from, b.valid_until, b.author, b.state,
	b.created_at, b.changed_at, b.order_hash, b.approved_revision,
	(SELECT json_group_array(area) FROM (SELECT area FROM bulletin_areas WHERE bulletin = b.id ORDER BY position)),
	(SELECT json_group_object(language, sha256) FROM bulletin_audio WHERE bulletin = b.id)
	FROM bulletins b `

func scanBulletin(r *sql.Rows) (b library.Bulletin, err error) {
	err = r.Scan(&b.ID, &b.Revision, &b.Title, fromJSON{&b.Text}, &b.Class, when{&b.ValidFrom}, when{&b.ValidUntil}, &b.Author, &b.State,
		when{&b.Created}, when{&b.Changed}, &b.OrderHash, &b.ApprovedRevision, fromJSON{&b.Areas}, fromJSON{&b.Audio})
	return b, err
}

func (s libraryStore) Bulletin(ctx context.Context, id string) (library.Bulletin, error) {
	return one(ctx, s.db.reader, library.ErrNotFound, scanBulletin, selectBulletins+`WHERE b.id = ?`, id)
}

func (s libraryStore) Bulletins(ctx context.Context, f library.Filter) ([]library.Bulletin, error) {
	return list(ctx, s.db.reader, scanBulletin, selectBulletins+`WHERE ?1 IN ('', b.state)
			AND (json_array_length(?2) = 0 OR b.id IN (SELECT bulletin FROM bulletin_areas WHERE area IN (SELECT value FROM json_each(?2))))
		ORDER BY b.changed_at DESC, b.id LIMIT ?3`, f.State, asJSON(append([]string{}, f.Areas...)), f.Limit)
}
