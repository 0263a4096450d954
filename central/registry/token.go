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
	"strings"
	"time"
)

// longestToken is how long a token may live. People leave and nobody tells.
const longestToken = 366 * 24 * time.Hour

// tokenText: the id finds the row and is no secret; the rest is.
var tokenText = regexp.MustCompile(`^loa_([0-9a-f]{16})_([0-9a-f]{64})$`)

// Token stands for a person at the API. The registry keeps the hash of its
// secret only.
type Token struct {
	ID        string // 16 digits of lower-case hex
	Person    string
	Label     string   // what it is for, as in "phone of the station"
	SHA256    [32]byte // of the 32 secret bytes
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero: not revoked
}

// NewToken makes a token for a person and returns its text, which is shown
// once and cannot be had again. It lives for at most 366 days.
func (r *Registry) NewToken(ctx context.Context, by, person, label string, life time.Duration) (text string, t Token, err error) {
	var f Faults
	if !slug.MatchString(person) {
		f.addf("person", "%q is not a person's id", person)
	}
	checkName(&f, "label", label, true)
	if life <= 0 || life > longestToken {
		f.addf("life", "%s, from 1 s to %s", life, longestToken)
	}
	if err := f.err(); err != nil {
		return "", Token{}, err
	}
	var id [8]byte
	var secret [32]byte
	rand.Read(id[:])
	rand.Read(secret[:])
	t = Token{
		ID: hex.EncodeToString(id[:]), Person: person, Label: label,
		SHA256: sha256.Sum256(secret[:]), CreatedAt: now(),
	}
	t.ExpiresAt = t.CreatedAt.Add(life)
	if err := r.store.AddToken(ctx, by, t); err != nil {
		return "", Token{}, fmt.Errorf("add token for %s: %w", person, err)
	}
	return "loa_" + t.ID + "_" + hex.EncodeToString(secret[:]), t, nil
}

// PersonByToken finds whose token a text is; ErrToken when it is nobody's.
func (r *Registry) PersonByToken(ctx context.Context, text string) (Person, error) {
	parts := tokenText.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return Person{}, ErrToken
	}
	secret, err := hex.DecodeString(parts[2])
	if err != nil {
		return Person{}, ErrToken
	}
	t, err := r.store.Token(ctx, parts[1])
	if errors.Is(err, ErrNotFound) {
		return Person{}, ErrToken
	}
	if err != nil {
		return Person{}, fmt.Errorf("look up token: %w", err)
	}
	sum := sha256.Sum256(secret)
	if subtle.ConstantTimeCompare(sum[:], t.SHA256[:]) != 1 || !t.RevokedAt.IsZero() || !time.Now().Before(t.ExpiresAt) {
		return Person{}, ErrToken
	}
	return r.Person(ctx, t.Person)
}

// RevokeToken ends a token; ErrNotFound for an unknown id.
func (r *Registry) RevokeToken(ctx context.Context, by, id string) error {
	if err := r.store.RevokeToken(ctx, by, id, now()); err != nil {
		return fmt.Errorf("revoke token %s: %w", id, err)
	}
	return nil
}

// Tokens lists a person's tokens, ended ones too.
func (r *Registry) Tokens(ctx context.Context, person string) ([]Token, error) {
	return r.store.Tokens(ctx, person)
}
