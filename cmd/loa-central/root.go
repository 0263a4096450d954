package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"loa/controller/protocol"
)

type newRootCommand struct {
	Scope          []string `required:"" placeholder:"CODE" help:"Code of a province for which the root speaks; can be given again."`
	Owner          []string `required:"" sep:"none" placeholder:"PERSON=FILE.pub" help:"Who holds the root; given once for each."`
	Threshold      int      `default:"2" help:"How many owners sign a root."`
	Admin          []string `required:"" sep:"none" placeholder:"PERSON=FILE.pub" help:"Who signs key sets and placements; given once for each."`
	AdminThreshold int      `default:"2" help:"How many administrators sign."`
	WideAlert      int      `default:"2" help:"How many persons a live alert beyond one commune needs."`
	Revision       int64    `default:"1" help:"One more than the root in force."`
	Years          int      `default:"10" help:"How many years until its expiry alarms."`
	Out            string   `required:"" type:"path" placeholder:"FILE" help:"Where to write the unsigned envelope; sign it with loa-central sign file."`
}

// Run writes only a root whose form every board takes.
func (c *newRootCommand) Run() error {
	now := time.Now().UTC().Truncate(time.Second)
	root := protocol.Root{
		Version: protocol.Version, Revision: c.Revision, Issued: now, Expires: now.AddDate(c.Years, 0, 0),
		Scopes: c.Scope, Threshold: c.Threshold, AdminThreshold: c.AdminThreshold, WideAlert: c.WideAlert,
	}
	var err error
	if root.Owners, err = readPersons(c.Owner); err != nil {
		return err
	}
	if root.Administrators, err = readPersons(c.Admin); err != nil {
		return err
	}
	e, err := protocol.Draft(protocol.KindRoot, protocol.Live, root)
	if err != nil {
		return err
	}
	data, err := protocol.Encode(e)
	if err != nil {
		return err
	}
	if _, err := protocol.Recall(data, e.Hash()); err != nil {
		return fmt.Errorf("no board would take this root: %w", err)
	}
	return writeEnvelope(c.Out, e)
}

// readPersons reads PERSON=FILE.pub, each into a person with that key.
func readPersons(named []string) ([]protocol.Person, error) {
	var persons []protocol.Person
	for _, one := range named {
		id, path, ok := strings.Cut(one, "=")
		if !ok || id == "" {
			return nil, fmt.Errorf("%q is not PERSON=FILE.pub", one)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read public key: %w", err)
		}
		key, err := protocol.Decode[protocol.Key](data)
		if err != nil {
			return nil, fmt.Errorf("read public key %s: %w", path, err)
		}
		persons = append(persons, protocol.Person{ID: id, Name: id, Keys: []protocol.Key{key}})
	}
	return persons, nil
}

type rootCommand struct {
	server
	File string `arg:"" type:"existingfile" help:"The root, signed by its owners."`
}

func (c *rootCommand) Run(ctx context.Context) error {
	e, err := readEnvelope(c.File)
	if err != nil {
		return err
	}
	var st status
	if err := c.call(ctx, "PUT", "/root", e, &st); err != nil {
		return err
	}
	fmt.Println(st)
	return nil
}
