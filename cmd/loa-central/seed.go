package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"loa/central"
	"loa/central/registry"
	"loa/seeds"
)

type seedCommand struct {
	Data     string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The server's data folder; the server may be running."`
	Province string `placeholder:"CODE" help:"Only this province, as in 12. Without it, all provinces of the seeds."`
}

// Run adds the areas that the folder lacks. Those that it has stay as they are.
func (c *seedCommand) Run(ctx context.Context) (err error) {
	areas, err := seeds.Areas()
	if err != nil {
		return fmt.Errorf("read seeds: %w", err)
	}
	if areas, err = within(areas, c.Province); err != nil {
		return err
	}
	places, done, err := central.OpenRegistry(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	before, err := places.Areas(ctx)
	if err != nil {
		return err
	}
	if err := seeds.Sow(ctx, seeds.Rooms{Registry: places}, seeds.Province{Areas: areas}); err != nil {
		return err
	}
	after, err := places.Areas(ctx)
	if err != nil {
		return err
	}
	added := len(after) - len(before)
	fmt.Printf("%d areas added, %d were there\n", added, len(areas)-added)
	return nil
}

// within are the areas of one province, or all of them for "".
func within(areas []registry.Area, province string) ([]registry.Area, error) {
	if province == "" {
		return areas, nil
	}
	var known []string // provinces
	var found []registry.Area
	there := false
	for _, a := range areas {
		if a.Parent == "" {
			known = append(known, fmt.Sprintf("%s (%s)", a.Code, a.NameVi))
			there = there || a.Code == province
		}
		if a.Code == province || a.Parent == province {
			found = append(found, a)
		}
	}
	if !there {
		return nil, fmt.Errorf("--province: the seeds have no province %q; they have %s", province, strings.Join(known, ", "))
	}
	return found, nil
}
