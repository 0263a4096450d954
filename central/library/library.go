package library

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// Store keeps the rows. Every method that takes by is one transaction with its
// audit row; by is a person's id or the name of a service.
type Store interface {
	// AddAudio keeps the first row of a hash; the same audio again is no error.
	AddAudio(ctx context.Context, by string, a Audio) error
	Audio(ctx context.Context, hash string) (Audio, error)        // ErrNotFound
	Audios(ctx context.Context, limit int) ([]Audio, error)       // the newest first
	AddBulletin(ctx context.Context, by string, b Bulletin) error // ErrExists, ErrNotFound for its audio
	// ChangeBulletin applies change to the bulletin and keeps what came of it,
	// with nobody writing in between; an error of change is returned as it is
	// and nothing is kept. ErrNotFound for the bulletin or its new audio.
	ChangeBulletin(ctx context.Context, by, action, id string, change func(*Bulletin) error) (Bulletin, error)
	Bulletin(ctx context.Context, id string) (Bulletin, error) // ErrNotFound
	Bulletins(ctx context.Context, f Filter) ([]Bulletin, error)
}

// Filter chooses bulletins: those that fulfil every part that is set. They come
// by time of change, the newest first.
type Filter struct {
	State State
	Areas []string // meant for at least one of these codes, as they stand
	Limit int      // 0: 1000
}

// Library is the room's face. It checks what it is given (Faults names
// everything that is wrong) but not who asks: that is the registry's.
type Library struct {
	store Store
	shelf *Shelf
	log   *slog.Logger
}

// New returns the library over its rows and its files.
func New(store Store, shelf *Shelf, log *slog.Logger) *Library {
	return &Library{store: store, shelf: shelf, log: log}
}

// now is the present as a store keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Intake is Shelf.Take with a row.
func (l *Library) Intake(ctx context.Context, by string, r io.Reader, name string, music bool) (Audio, error) {
	a, err := l.shelf.Take(ctx, r, name, music)
	if err != nil {
		var refused *Refusal
		if !errors.As(err, &refused) {
			l.log.Error("audio intake", "person", by, "err", err)
		}
		return Audio{}, err
	}
	if err := l.store.AddAudio(ctx, by, a); err != nil {
		return Audio{}, fmt.Errorf("keep audio %s: %w", a.SHA256, err)
	}
	l.log.Info("audio taken in", "person", by, "audio", a.SHA256, "bytes", a.Size, "seconds", a.Duration.Seconds(), "gain", a.Gain)
	return l.Audio(ctx, a.SHA256)
}

// Audio is ErrNotFound for an unknown hash.
func (l *Library) Audio(ctx context.Context, hash string) (Audio, error) {
	a, err := l.store.Audio(ctx, hash)
	if err != nil {
		return a, fmt.Errorf("audio %q: %w", hash, err)
	}
	return a, nil
}

// Audios lists up to limit audio files, the newest first.
func (l *Library) Audios(ctx context.Context, limit int) ([]Audio, error) {
	return l.store.Audios(ctx, limit)
}

// Create keeps a new draft by its author. Without an ID it gets one. Revision,
// State and what follows from them are the library's to set.
func (l *Library) Create(ctx context.Context, author string, b Bulletin) (Bulletin, error) {
	b = b.tidied()
	if b.ID == "" {
		var random [8]byte
		rand.Read(random[:])
		b.ID = "b-" + hex.EncodeToString(random[:])
	}
	b.Author, b.Revision, b.State, b.OrderHash, b.ApprovedRevision = author, 1, Draft, "", 0
	b.Created = now()
	b.Changed = b.Created
	if err := l.check(ctx, b); err != nil {
		return Bulletin{}, err
	}
	if err := l.store.AddBulletin(ctx, author, b); err != nil {
		return Bulletin{}, fmt.Errorf("create bulletin %s: %w", b.ID, err)
	}
	return b, nil
}

// Edit replaces the content of a bulletin. b.Revision is the one that the
// editor saw; when it is no longer the present one, a *Conflict. The content is
// a draft again. A withdrawn bulletin is ErrState.
func (l *Library) Edit(ctx context.Context, by string, b Bulletin) (Bulletin, error) {
	b = b.tidied()
	if err := l.check(ctx, b); err != nil {
		return Bulletin{}, err
	}
	return l.change(ctx, by, "bulletin.edit", b.ID, func(have *Bulletin) error { return have.edit(b, now()) })
}

// Approve marks a revision as approved by the signed document of that hash
// (SHA-256 of its PAE, 64 digits of lower-case hex). A *Conflict when the
// bulletin has moved on, ErrState when it has no audio or is withdrawn; the same
// again is no error.
func (l *Library) Approve(ctx context.Context, by, id string, revision int64, orderHash string) (Bulletin, error) {
	if !hexHash.MatchString(orderHash) {
		return Bulletin{}, Faults{{"orderHash", fmt.Sprintf("%q is not 64 digits of lower-case hex", orderHash)}}
	}
	return l.change(ctx, by, "bulletin.approve", id, func(have *Bulletin) error { return have.approve(revision, orderHash, now()) })
}

// Withdraw ends a bulletin for ever; again is no error.
func (l *Library) Withdraw(ctx context.Context, by, id string) (Bulletin, error) {
	return l.change(ctx, by, "bulletin.withdraw", id, func(have *Bulletin) error { return have.withdraw(now()) })
}

func (l *Library) change(ctx context.Context, by, action, id string, change func(*Bulletin) error) (Bulletin, error) {
	b, err := l.store.ChangeBulletin(ctx, by, action, id, change)
	if err != nil {
		return Bulletin{}, fmt.Errorf("%s %s: %w", action, id, err)
	}
	return b, nil
}

// check finds all faults of b, audio that is not in the library among them.
func (l *Library) check(ctx context.Context, b Bulletin) error {
	var f Faults
	errors.As(b.Validate(), &f)
	for _, lang := range slices.Sorted(maps.Keys(b.Audio)) {
		hash := b.Audio[lang]
		if !hexHash.MatchString(hash) {
			continue // named already
		}
		_, err := l.store.Audio(ctx, hash)
		if errors.Is(err, ErrNotFound) {
			f.addf(fmt.Sprintf("audio[%s]", lang), "there is no audio %s", hash)
		} else if err != nil {
			return fmt.Errorf("look up audio: %w", err)
		}
	}
	return f.err()
}

// Bulletin is ErrNotFound for an unknown id.
func (l *Library) Bulletin(ctx context.Context, id string) (Bulletin, error) {
	b, err := l.store.Bulletin(ctx, id)
	if err != nil {
		return b, fmt.Errorf("bulletin %q: %w", id, err)
	}
	return b, nil
}

// Bulletins lists bulletins, the newest change first.
func (l *Library) Bulletins(ctx context.Context, f Filter) ([]Bulletin, error) {
	if f.Limit == 0 {
		f.Limit = 1000
	}
	return l.store.Bulletins(ctx, f)
}
