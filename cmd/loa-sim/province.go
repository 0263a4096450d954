package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"loa/central"
	"loa/central/registry"
	"loa/controller/protocol"
)

// The place of a simulated fleet: one commune, with every cluster in it.
const (
	provinceCode = "12"
	communeCode  = "03388"

	admin       = "administrator-a"
	secondAdmin = "administrator-b"
	officer     = "officer"
)

// province is a real central with the people who order things there. Their keys
// never leave the process.
type province struct {
	*desk
	done chan error // central's end
}

// newProvince starts a central in dir, and makes its trust: a root by two of
// three owners, a key set by two administrators. It runs until ctx ends.
func newProvince(ctx context.Context, dir string, log *slog.Logger) (*province, error) {
	const free = "127.0.0.1:0"
	server, err := central.New(central.Options{
		Data: dir, API: free, Broker: free, Audio: free, Hosts: []string{"127.0.0.1"}, Version: "sim", Log: log,
	})
	if err != nil {
		return nil, err
	}
	p := &province{done: make(chan error, 1)}
	go func() { p.done <- server.Run(ctx) }()
	authority, err := os.ReadFile(filepath.Join(dir, "authority.pem"))
	if err != nil {
		return nil, fmt.Errorf("read the server's authority: %w", err)
	}
	if p.desk, err = newDesk(server.Addresses().API, authority); err != nil {
		return nil, err
	}
	for _, name := range []string{"owner-a", "owner-b", "owner-c", admin, secondAdmin, officer} {
		if _, p.keys[name], err = ed25519.GenerateKey(rand.Reader); err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
	}
	if err := p.settle(ctx, dir); err != nil {
		return nil, fmt.Errorf("add areas and people: %w", err)
	}
	if err := p.trust(ctx); err != nil {
		return nil, fmt.Errorf("make root and key set: %w", err)
	}
	return p, nil
}

// settle adds areas and people on the server's machine, as its command line
// does: somebody must be the first.
func (p *province) settle(ctx context.Context, dir string) (err error) {
	r, done, err := central.OpenRegistry(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	const by = "command-line"
	if err := r.PutAreas(ctx, by,
		registry.Area{Code: provinceCode, Kind: "province", NameVi: "Lai Châu", NameEn: "Lai Chau"},
		registry.Area{Code: communeCode, Parent: provinceCode, Kind: "commune", NameVi: "Mường Tè", NameEn: "Muong Te"},
	); err != nil {
		return err
	}
	for _, role := range []registry.Role{
		{Person: admin, Name: registry.Administrator, Area: provinceCode},
		{Person: admin, Name: registry.Technician, Area: provinceCode},
		{Person: officer, Name: registry.Officer, Area: communeCode},
	} {
		if p.tokens[role.Person] == "" {
			if err := r.AddPerson(ctx, by, registry.Person{ID: role.Person, Name: role.Person}); err != nil {
				return err
			}
			if p.tokens[role.Person], _, err = r.NewToken(ctx, by, role.Person, "simulation", 24*time.Hour); err != nil {
				return err
			}
		}
		if err := r.GrantRole(ctx, by, role); err != nil {
			return err
		}
	}
	key := p.public(officer)
	_, err = r.AddKey(ctx, by, officer, key.ID, registry.Scheme(key.Scheme), key.Public)
	return err
}

func (p *province) public(person string) protocol.Key {
	return protocol.NewKey(p.keys[person].Public().(ed25519.PublicKey))
}

func (p *province) persons(names ...string) []protocol.Person {
	var all []protocol.Person
	for _, n := range names {
		all = append(all, protocol.Person{ID: n, Name: n, Keys: []protocol.Key{p.public(n)}})
	}
	return all
}

func (p *province) trust(ctx context.Context) error {
	now := time.Now().UTC().Truncate(time.Second)
	root, err := protocol.Draft(protocol.KindRoot, protocol.Live, protocol.Root{
		Version: protocol.Version, Revision: 1, Issued: now, Expires: now.AddDate(1, 0, 0), Scopes: []string{provinceCode},
		Owners: p.persons("owner-a", "owner-b", "owner-c"), Threshold: 2,
		Administrators: p.persons(admin, secondAdmin), AdminThreshold: 2, WideAlert: 2,
	})
	if err != nil {
		return err
	}
	root.Sign(p.keys["owner-a"])
	root.Sign(p.keys["owner-b"])
	if err := p.call(ctx, admin, "PUT", "/root", root, nil); err != nil {
		return err
	}
	var keySet draft
	if err := p.call(ctx, admin, "POST", "/keyset", nil, &keySet); err != nil {
		return err
	}
	return p.sign(ctx, admin, keySet, admin, secondAdmin)
}
