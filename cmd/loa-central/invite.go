package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loa/central"
)

// invitationLife is how long somebody has to follow a link.
const invitationLife = 7 * 24 * time.Hour

type inviteCommand struct {
	Data          string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The server's data folder; the server may be running."`
	Person        string `required:"" placeholder:"ID" help:"The person's id; added when it is new."`
	Name          string `placeholder:"NAME" help:"The person's name; needed when the person is new."`
	Administrator string `placeholder:"AREA" help:"Make the person an administrator of this area."`
}

// Run prints the link and nothing else.
func (c *inviteCommand) Run(ctx context.Context) (err error) {
	people, done, err := central.OpenRegistry(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	at, err := central.ReadAddresses(c.Data)
	if err != nil {
		return err
	}
	if err := see(ctx, people, c.Person, c.Name, c.Administrator); err != nil {
		return err
	}
	text, _, err := people.Invite(ctx, commandLine, []string{c.Person}, invitationLife)
	if err != nil {
		return err
	}
	fmt.Println(at.Link(text))
	return nil
}
