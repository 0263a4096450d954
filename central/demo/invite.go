package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"loa/central/registry"
)

// LinkFile holds the link by which a newcomer chooses the password of all the
// demo's people, for as long as nobody followed it.
const LinkFile = "link"

const linkLife = 30 * 24 * time.Hour

// Invite sees that a link is there while nobody has chosen a password: there is
// no default one. link makes it of an invitation's text.
func (d *Demo) Invite(ctx context.Context, link func(invitation string) string) error {
	text, err := d.invitation(ctx)
	if err != nil {
		return fmt.Errorf("invite to the demo: %w", err)
	}
	if text == "" {
		return d.dropLink(ctx)
	}
	if err := writeFile(filepath.Join(d.Dir, LinkFile), []byte(link(text)+"\n")); err != nil {
		return fmt.Errorf("keep the link to the demo: %w", err)
	}
	return nil
}

// dropLink removes the link when it lets nobody in any more, so that nobody is
// sent to a door that is shut.
func (d *Demo) dropLink(ctx context.Context) error {
	text, err := d.linked(ctx)
	if text != "" || err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(d.Dir, LinkFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("drop the link to the demo: %w", err)
	}
	return nil
}

// invitation is the text of one that still lets somebody in, made anew where
// there is none; "" when somebody came in already.
func (d *Demo) invitation(ctx context.Context) (string, error) {
	text, err := d.linked(ctx)
	if text != "" || err != nil {
		return text, err
	}
	there, err := d.Registry.WithPassword(ctx)
	if err != nil || len(there) > 0 {
		return "", err
	}
	all, err := d.Registry.Persons(ctx)
	if err != nil {
		return "", err
	}
	var people []string
	for _, p := range all {
		if p.ID != Service {
			people = append(people, p.ID)
		}
	}
	text, _, err = d.Registry.Invite(ctx, Service, people, linkLife)
	return text, err
}

// linked is the invitation of the link in the folder; "" when it lets nobody in.
func (d *Demo) linked(ctx context.Context) (string, error) {
	kept, err := os.ReadFile(filepath.Join(d.Dir, LinkFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	_, text, _ := strings.Cut(strings.TrimSpace(string(kept)), "#")
	_, err = d.Registry.Invitation(ctx, text)
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, registry.ErrUsed), errors.Is(err, registry.ErrExpired), errors.Is(err, registry.ErrNotFound):
		return "", nil
	}
	return "", err
}
