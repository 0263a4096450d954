package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Password is what is kept of a person's password.
type Password struct {
	Person string
	Hash   string // PHC string, as in $argon2id$v=19$m=19456,t=2,p=1$salt$hash
	SetAt  time.Time
}

// Mark names this very password without telling anything of it: a session that
// has another mark was begun with a password that has changed since.
func (p Password) Mark() string {
	sum := sha256.Sum256([]byte("loa password mark\n" + p.Person + "\n" + p.Hash))
	return hex.EncodeToString(sum[:16])
}

// cost is how hard it is to try a password.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// present is one of the settings that OWASP's Password Storage Cheat Sheet names
// as equally strong, the one that takes the least memory: on a machine that also
// seals alerts, memory is what a flood would take first. Every hash names its
// own, so this may be raised without anybody noticing.
var present = cost{memory: 19 << 10, passes: 2, threads: 1}

// Limits of a hash that is read: nothing in the database makes the server
// take memory without end.
const (
	mostMemory = 256 << 10 // KiB
	mostPasses = 16
	saltSize   = 16
	sumSize    = 32
)

func (c cost) sum(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, sumSize)
}

// phc writes a hash in the form that every library reads.
func (c cost) phc(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func parsePHC(text string) (c cost, salt, sum []byte, err error) {
	parts := strings.Split(text, "$")
	var version int
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return c, nil, nil, errors.New("it is no argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, fmt.Errorf("version %q is not known", parts[2])
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); err != nil {
		return c, nil, nil, fmt.Errorf("read cost: %w", err)
	}
	if c.memory < 8*uint32(c.threads) || c.memory > mostMemory || c.passes < 1 || c.passes > mostPasses || c.threads < 1 {
		return c, nil, nil, fmt.Errorf("cost %q is out of bounds", parts[3])
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return c, nil, nil, errors.New("salt cannot be read")
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) != sumSize {
		return c, nil, nil, errors.New("sum cannot be read")
	}
	return c, salt, sum, nil
}

// hasher bounds how many passwords are worked on at once: half of the cores, so
// that alerts are sealed while somebody guesses, and the memory of each. Others
// wait, but not in a line without end.
type hasher struct {
	slots chan struct{}
	line  chan struct{}
}

const mostWaiting = 64

func newHasher() *hasher {
	return &hasher{make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), make(chan struct{}, mostWaiting)}
}

func (h *hasher) do(ctx context.Context, work func()) error {
	select {
	case h.line <- struct{}{}:
		defer func() { <-h.line }()
	default:
		return ErrBusy
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	work()
	return nil
}

func (h *hasher) hash(ctx context.Context, password string) (phc string, err error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	err = h.do(ctx, func() { phc = present.phc(salt, present.sum(normal(password), salt)) })
	return phc, err
}

// matches takes as long for a person without a password, given as "".
func (h *hasher) matches(ctx context.Context, phc, password string) (ok bool, err error) {
	c, salt, want := present, make([]byte, saltSize), make([]byte, sumSize)
	if phc != "" {
		if c, salt, want, err = parsePHC(phc); err != nil {
			return false, fmt.Errorf("read password hash: %w", err)
		}
	}
	err = h.do(ctx, func() {
		ok = subtle.ConstantTimeCompare(c.sum(normal(password), salt), want) == 1 && phc != ""
	})
	return ok, err
}

// normal is a password as it is hashed: some keyboards write ế as one
// character, others as e with two marks.
func normal(password string) string { return norm.NFKC.String(password) }

// Bounds of a password.
const (
	leastPassword  = 10  // characters
	mostPassword   = 512 // bytes; longer ones are not worked on
	leastDifferent = 5
)

// common are long passwords that everybody tries first.
var common = []string{
	"1234567890", "0123456789", "0987654321", "123456789", "qwertyuiop", "1q2w3e4r5t", "password", "iloveyou",
	"matkhau", "abcdefghij", "loaphuong", "truyenthanh", "administrator",
}

// checkPassword names what is wrong with a new password.
func checkPassword(f *Faults, field, person, password string) {
	if len(password) > mostPassword {
		f.addf(field, "%d bytes, at most %d", len(password), mostPassword)
		return
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		f.addf(field, "has characters that cannot be typed")
		return
	}
	p := strings.ToLower(normal(password))
	different := map[rune]bool{}
	for _, r := range p {
		different[r] = true
	}
	switch n := utf8.RuneCountInString(p); {
	case n < leastPassword:
		f.addf(field, "%d characters, at least %d", n, leastPassword)
	case len(different) < leastDifferent:
		f.addf(field, "has fewer than %d different characters", leastDifferent)
	case person != "" && strings.Contains(p, strings.ToLower(person)):
		f.addf(field, "contains the person's id")
	default:
		for _, c := range common {
			// What is left beside it is what would have to be guessed.
			if rest := strings.ReplaceAll(p, c, ""); rest != p && utf8.RuneCountInString(rest) < 5 {
				f.addf(field, "is one that everybody tries first")
				return
			}
		}
	}
}

// SignIn finds whether a password is the person's. ErrPassword is the one answer
// to an unknown person, one without a password, and a wrong one, and takes as
// long in each case; ErrBusy says that too many are waiting already. mark is for
// StillSignedIn.
func (r *Registry) SignIn(ctx context.Context, person, password string) (p Person, mark string, err error) {
	if len(password) > mostPassword {
		return Person{}, "", ErrPassword
	}
	kept, err := r.store.Password(ctx, person)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Person{}, "", fmt.Errorf("look up password: %w", err)
	}
	ok, err := r.hasher.matches(ctx, kept.Hash, password)
	if err != nil {
		return Person{}, "", fmt.Errorf("check password of %s: %w", kept.Person, err)
	}
	if !ok {
		return Person{}, "", ErrPassword
	}
	p, err = r.Person(ctx, person)
	return p, kept.Mark(), err
}

// StillSignedIn is the person of a session that was begun with the password of
// that mark; ErrSession when it has changed since.
func (r *Registry) StillSignedIn(ctx context.Context, person, mark string) (Person, error) {
	kept, err := r.store.Password(ctx, person)
	if errors.Is(err, ErrNotFound) {
		return Person{}, ErrSession
	}
	if err != nil {
		return Person{}, fmt.Errorf("look up password: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(kept.Mark()), []byte(mark)) != 1 {
		return Person{}, ErrSession
	}
	return r.Person(ctx, person)
}

// ChangePassword replaces a person's password, for whom old is asked again:
// ErrPassword when it is not that. It ends every session; mark is for a new one.
func (r *Registry) ChangePassword(ctx context.Context, person, old, new string) (mark string, err error) {
	var f Faults
	checkPassword(&f, "new", person, new)
	if err := f.err(); err != nil {
		return "", err
	}
	if _, _, err := r.SignIn(ctx, person, old); err != nil {
		return "", err
	}
	hash, err := r.hasher.hash(ctx, new)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	p := Password{Person: person, Hash: hash, SetAt: now()}
	if err := r.store.SetPassword(ctx, person, p); err != nil {
		return "", fmt.Errorf("change password of %s: %w", person, err)
	}
	return p.Mark(), nil
}

// WithPassword lists by id the persons who can sign in.
func (r *Registry) WithPassword(ctx context.Context) ([]Person, error) {
	return r.store.WithPassword(ctx)
}

// HasPassword reports whether a person can sign in.
func (r *Registry) HasPassword(ctx context.Context, person string) (bool, error) {
	_, err := r.store.Password(ctx, person)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// NoteSignedIn writes into the audit chain that a person signed in from an
// address.
func (r *Registry) NoteSignedIn(ctx context.Context, person, address string) error {
	return r.note(ctx, person, "session.begin", person, map[string]string{"address": address})
}

// NoteSignedOut writes into the audit chain that a person signed out.
func (r *Registry) NoteSignedOut(ctx context.Context, person string) error {
	return r.note(ctx, person, "session.end", person, map[string]string{})
}

// guesser stands in the audit chain for who gave a wrong password: nobody knows
// who that was.
const guesser = "nobody"

// NoteRefused writes into the audit chain that a wrong password was given for a
// person. What is no person's id is left out: it may be a password, typed into
// the wrong field.
func (r *Registry) NoteRefused(ctx context.Context, person, address string) error {
	if _, err := r.store.Person(ctx, person); errors.Is(err, ErrNotFound) {
		person = "unknown"
	} else if err != nil {
		return err
	}
	return r.note(ctx, guesser, "session.refused", person, map[string]string{"address": address})
}

func (r *Registry) note(ctx context.Context, by, action, subject string, detail map[string]string) error {
	if err := r.store.AddNote(ctx, by, action, subject, detail); err != nil {
		return fmt.Errorf("note %s of %s: %w", action, subject, err)
	}
	return nil
}
