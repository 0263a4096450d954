package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// longestInvitation is how long an invitation may live.
const longestInvitation = 31 * 24 * time.Hour

// mostInvited bounds the persons of one invitation.
const mostInvited = 1000

// invitationText: the id finds the row and is no secret; the rest is.
var invitationText = regexp.MustCompile(`^inv_([0-9a-f]{16})_([0-9a-f]{64})$`)

// Invitation lets somebody choose a password, once: for one person, for all
// people of a demo, or as the first administrator of a server where nobody is.
// The registry keeps the hash of its secret only.
type Invitation struct {
	ID        string   // 16 digits of lower-case hex
	Persons   []string // ids, sorted; none for the first administrator
	First     bool
	SHA256    [32]byte // of the 32 secret bytes
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not used
}

// Newcomer is the first administrator, as he or she introduces himself or herself.
type Newcomer struct {
	Person   Person
	Province string // code
	Areas    []Area // the province and what lies in it; added if the province is not known
}

// Invite makes an invitation for these persons, and returns its text, which is
// shown once and cannot be had again. Earlier ones for them alone end.
func (r *Registry) Invite(ctx context.Context, by string, persons []string, life time.Duration) (text string, v Invitation, err error) {
	v.Persons = slices.Compact(slices.Sorted(slices.Values(persons)))
	var f Faults
	if len(v.Persons) == 0 || len(v.Persons) > mostInvited {
		f.addf("persons", "%d, from 1 to %d", len(v.Persons), mostInvited)
	}
	for i, p := range v.Persons {
		if !slug.MatchString(p) {
			f.addf(fmt.Sprintf("persons[%d]", i), "%q is not a person's id", p)
		}
	}
	if err := f.err(); err != nil {
		return "", v, err
	}
	return r.invite(ctx, by, v, life)
}

// InviteFirst is Invite for the first administrator; ErrExists when somebody is
// there. Earlier ones end.
func (r *Registry) InviteFirst(ctx context.Context, by string, life time.Duration) (text string, v Invitation, err error) {
	switch persons, err := r.store.Persons(ctx); {
	case err != nil:
		return "", v, fmt.Errorf("list persons: %w", err)
	case len(persons) > 0:
		return "", v, fmt.Errorf("invite the first administrator: somebody %w", ErrExists)
	}
	return r.invite(ctx, by, Invitation{First: true, Persons: []string{}}, life)
}

func (r *Registry) invite(ctx context.Context, by string, v Invitation, life time.Duration) (string, Invitation, error) {
	if life <= 0 || life > longestInvitation {
		return "", v, Faults{{"life", fmt.Sprintf("%s, from 1 s to %s", life, longestInvitation)}}
	}
	var id [8]byte
	var secret [32]byte
	rand.Read(id[:])
	rand.Read(secret[:])
	v.ID, v.SHA256, v.CreatedAt = hex.EncodeToString(id[:]), sha256.Sum256(secret[:]), now()
	v.ExpiresAt = v.CreatedAt.Add(life)
	if err := r.store.AddInvitation(ctx, by, v); err != nil {
		return "", v, fmt.Errorf("invite %s: %w", strings.Join(v.Persons, ", "), err)
	}
	return "inv_" + v.ID + "_" + hex.EncodeToString(secret[:]), v, nil
}

// Invitation finds the invitation of a text without using it: ErrNotFound,
// ErrUsed or ErrExpired when it lets nobody in.
func (r *Registry) Invitation(ctx context.Context, text string) (Invitation, error) {
	parts := invitationText.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return Invitation{}, fmt.Errorf("invitation: %w", ErrNotFound)
	}
	secret, err := hex.DecodeString(parts[2])
	if err != nil {
		return Invitation{}, fmt.Errorf("invitation: %w", ErrNotFound)
	}
	v, err := r.store.Invitation(ctx, parts[1])
	if err != nil {
		return Invitation{}, fmt.Errorf("invitation: %w", err)
	}
	sum := sha256.Sum256(secret)
	switch {
	case subtle.ConstantTimeCompare(sum[:], v.SHA256[:]) != 1:
		return Invitation{}, fmt.Errorf("invitation: %w", ErrNotFound)
	case !v.UsedAt.IsZero():
		return Invitation{}, ErrUsed
	case !time.Now().Before(v.ExpiresAt):
		return Invitation{}, ErrExpired
	}
	return v, nil
}

// Accept uses an invitation up and sets the password of its persons, who are
// returned; the first administrator is added as the newcomer says, who is nil
// otherwise. Whatever is wrong with what was entered leaves it unused. mark is
// for a session of one person, and "" for several.
func (r *Registry) Accept(ctx context.Context, text, password string, newcomer *Newcomer) (persons []string, mark string, err error) {
	v, err := r.Invitation(ctx, text)
	if err != nil {
		return nil, "", err
	}
	var f Faults
	var bring []Area
	persons = v.Persons
	switch {
	case v.First && newcomer == nil:
		f.addf("person", "is missing: whoever comes first says who that is")
	case v.First:
		f = append(f, inside("person.", newcomer.Person.Validate())...)
		persons = []string{newcomer.Person.ID}
		if LevelOf(newcomer.Province) != ProvinceLevel {
			f.addf("province", "%q is not a province's code", newcomer.Province)
		} else if _, err := r.store.Path(ctx, newcomer.Province); errors.Is(err, ErrNotFound) {
			bring = newcomer.Areas
			if !slices.ContainsFunc(bring, func(a Area) bool { return a.Code == newcomer.Province }) {
				f.addf("province", "area %q is not known", newcomer.Province)
			}
		} else if err != nil {
			return nil, "", fmt.Errorf("look up area: %w", err)
		}
	case newcomer != nil:
		f.addf("person", "this invitation is for somebody who is there already")
	}
	for _, p := range persons {
		had := len(f)
		if checkPassword(&f, "password", p, password); len(f) > had {
			break
		}
	}
	if err := f.err(); err != nil {
		return nil, "", err
	}
	// Several persons get one hash: that they have one password is no secret, and
	// a demo's people are many.
	hash, err := r.hasher.hash(ctx, password)
	if err != nil {
		return nil, "", fmt.Errorf("hash password: %w", err)
	}
	passwords := make([]Password, len(persons))
	for i, p := range persons {
		passwords[i] = Password{Person: p, Hash: hash, SetAt: now()}
	}
	if len(bring) > 0 {
		if err := r.PutAreas(ctx, newcomer.Person.ID, bring...); err != nil {
			return nil, "", err
		}
	}
	if err := r.store.UseInvitation(ctx, v.ID, now(), passwords, newcomer); err != nil {
		return nil, "", fmt.Errorf("use invitation: %w", err)
	}
	if len(passwords) == 1 {
		mark = passwords[0].Mark()
	}
	return persons, mark, nil
}
