package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loa/central"
	"loa/central/registry"
)

// commandLine stands in the audit chain for whoever works on the data folder
// itself: who can read it is the server's owner.
const commandLine = "command-line"

type tokenCommand struct {
	Data          string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The server's data folder; the server may be running."`
	Person        string `required:"" placeholder:"ID" help:"The person's id; added when it is new."`
	Name          string `placeholder:"NAME" help:"The person's name; needed when the person is new."`
	Administrator string `placeholder:"AREA" help:"Make the person an administrator of this area."`
	Days          int    `default:"30" help:"How long the token lives."`
}

// Run prints the token and nothing else.
func (c *tokenCommand) Run(ctx context.Context) (err error) {
	people, done, err := central.OpenRegistry(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := see(ctx, people, c.Person, c.Name, c.Administrator); err != nil {
		return err
	}
	text, _, err := people.NewToken(ctx, commandLine, c.Person, "command line", time.Duration(c.Days)*24*time.Hour)
	if err != nil {
		return fmt.Errorf("make a token for %s: %w", c.Person, err)
	}
	fmt.Println(text)
	return nil
}

// see adds a person who is new, and makes him or her an administrator of an area,
// "" for none.
func see(ctx context.Context, people *registry.Registry, person, name, area string) error {
	if area != "" {
		if _, err := people.Path(ctx, area); errors.Is(err, registry.ErrNotFound) {
			return fmt.Errorf("--administrator: area %q is not known; add areas first, with loa-central areas", area)
		} else if err != nil {
			return err
		}
	}
	_, err := people.Person(ctx, person)
	if errors.Is(err, registry.ErrNotFound) {
		if name == "" {
			return fmt.Errorf("%s is not known yet; give --name too, to add the person", person)
		}
		err = people.AddPerson(ctx, commandLine, registry.Person{ID: person, Name: name})
	}
	if err != nil || area == "" {
		return err
	}
	return people.GrantRole(ctx, commandLine, registry.Role{Person: person, Name: registry.Administrator, Area: area})
}

type verifyCommand struct {
	Data string `required:"" type:"existingdir" placeholder:"FOLDER" help:"A data folder: a server's, which may be running, or a copy of one. That of an older program is migrated first."`
}

// Run prints where the audit chain ends: kept elsewhere, that line shows later
// whether rows were cut off.
func (c *verifyCommand) Run(ctx context.Context) error {
	rows, head, err := central.Verify(ctx, c.Data)
	if err != nil {
		return err
	}
	fmt.Printf("%s is whole; its audit chain has %d rows and ends with %x\n", c.Data, rows, head)
	return nil
}
