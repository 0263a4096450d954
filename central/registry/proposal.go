package registry

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Proposal is a public key that its person wants to sign with and that nobody
// confirmed yet. It is not among the person's Keys, so no key set can hold it.
type Proposal struct {
	ID     string
	Person string
	Scheme Scheme
	Public []byte
	At     time.Time
}

// MostProposals is how many keys of one person may wait at once: a browser whose
// data was cleared makes another.
const MostProposals = 5

// ProposeKey keeps a person's own key until somebody confirms it; id must be the
// key's own. To propose it again changes nothing. ErrExists for a key that was
// confirmed already, ErrTooMany beyond MostProposals.
func (r *Registry) ProposeKey(ctx context.Context, person, id string, scheme Scheme, public []byte) (Proposal, error) {
	p := Proposal{ID: id, Person: person, Scheme: scheme, Public: slices.Clone(public), At: now()}
	if err := (Key{ID: p.ID, Person: p.Person, Scheme: p.Scheme, Public: p.Public}).Validate(); err != nil {
		return Proposal{}, err
	}
	if err := r.store.ProposeKey(ctx, person, p, MostProposals); err != nil {
		return Proposal{}, fmt.Errorf("propose key %s: %w", id, err)
	}
	return p, nil
}

// ConfirmKey makes a proposed key one of the person's; ErrNotFound for one that
// was not proposed, ErrExists for one that is somebody's by now. Boards believe
// it when it stands in a signed key set.
func (r *Registry) ConfirmKey(ctx context.Context, by, person, id string) (Key, error) {
	k, err := r.store.ConfirmKey(ctx, by, person, id, now())
	if err != nil {
		return Key{}, fmt.Errorf("confirm key %s of %s: %w", id, person, err)
	}
	return k, nil
}

// DropKey takes a proposal back, or turns it down; ErrNotFound when it was not
// proposed.
func (r *Registry) DropKey(ctx context.Context, by, person, id string) error {
	if err := r.store.DropKey(ctx, by, person, id); err != nil {
		return fmt.Errorf("drop proposed key %s of %s: %w", id, person, err)
	}
	return nil
}

// Proposals lists a person's proposed keys, by when they were; everybody's for "".
func (r *Registry) Proposals(ctx context.Context, person string) ([]Proposal, error) {
	return r.store.Proposals(ctx, person)
}
