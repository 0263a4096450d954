package seeds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"loa/central/library"
	"loa/central/planner"
	"loa/central/registry"
)

// By stands in the audit chain for places and people that were sown; bulletins
// and programmes are by the people whom the seeds name.
const By = "seeds"

// Rooms are the rooms of a server that seeds go into. Library and Planner may be
// nil where a province has nothing for them.
type Rooms struct {
	Registry *registry.Registry
	Library  *library.Library
	Planner  *planner.Planner
}

// Sow adds what a server lacks of a province, and leaves what it has as it is,
// so that sowing again loses nobody's work. What was cut off goes on with the
// next Sow. Bulletins are spoken by Speak and taken in like any upload; nobody
// has approved them yet.
func Sow(ctx context.Context, rooms Rooms, p Province) error {
	for _, step := range []struct {
		what string
		sow  func(context.Context, Rooms, Province) error
	}{
		{"areas", sowAreas},
		{"stations", sowStations},
		{"clusters", sowClusters},
		{"people", sowPeople},
		{"bulletins", sowBulletins},
		{"programmes", sowProgrammes},
	} {
		if err := step.sow(ctx, rooms, p); err != nil {
			return fmt.Errorf("sow %s: %w", step.what, err)
		}
	}
	return nil
}

// lacking are those of all whose key is not among the keys of have.
func lacking[T, H any](all []T, key func(T) string, have []H, keyOf func(H) string) []T {
	known := make(map[string]bool, len(have))
	for _, h := range have {
		known[keyOf(h)] = true
	}
	var lack []T
	for _, v := range all {
		if !known[key(v)] {
			lack = append(lack, v)
		}
	}
	return lack
}

func sowAreas(ctx context.Context, rooms Rooms, p Province) error {
	have, err := rooms.Registry.Areas(ctx)
	if err != nil {
		return err
	}
	code := func(a registry.Area) string { return a.Code }
	return rooms.Registry.PutAreas(ctx, By, lacking(p.Areas, code, have, code)...)
}

func sowStations(ctx context.Context, rooms Rooms, p Province) error {
	have, err := rooms.Registry.Stations(ctx)
	if err != nil {
		return err
	}
	area := func(s registry.Station) string { return s.Area }
	return rooms.Registry.PutStations(ctx, By, lacking(p.Stations, area, have, area)...)
}

func sowClusters(ctx context.Context, rooms Rooms, p Province) error {
	have, err := rooms.Registry.Clusters(ctx)
	if err != nil {
		return err
	}
	var add []registry.Cluster
	for _, c := range lacking(p.Clusters, func(c Cluster) string { return c.ID }, have, func(c registry.Cluster) string { return c.ID }) {
		add = append(add, c.Cluster)
	}
	return rooms.Registry.AddClusters(ctx, By, add...)
}

// sowPeople gives roles to people whom it adds, and to the last whom a Sow that
// was cut off may have left without: a role that was taken from anybody else
// stays taken.
func sowPeople(ctx context.Context, rooms Rooms, p Province) error {
	have, err := rooms.Registry.Persons(ctx)
	if err != nil {
		return err
	}
	id := func(v Person) string { return v.ID }
	lack := lacking(p.People, id, have, func(v registry.Person) string { return v.ID })
	first := len(p.People)
	if len(lack) > 0 {
		first = slices.IndexFunc(p.People, func(v Person) bool { return v.ID == lack[0].ID })
	}
	if first > 0 {
		last := p.People[first-1]
		roles, err := rooms.Registry.Roles(ctx, last.ID)
		if err != nil {
			return err
		}
		if len(roles) == 0 {
			if err := grant(ctx, rooms.Registry, last); err != nil {
				return err
			}
		}
	}
	for _, v := range lack {
		if err := rooms.Registry.AddPerson(ctx, By, v.Person); err != nil {
			return err
		}
		if err := grant(ctx, rooms.Registry, v); err != nil {
			return err
		}
	}
	return nil
}

func grant(ctx context.Context, to *registry.Registry, v Person) error {
	for _, role := range v.Roles {
		if err := to.GrantRole(ctx, By, role); err != nil {
			return err
		}
	}
	return nil
}

func sowBulletins(ctx context.Context, rooms Rooms, p Province) error {
	for _, b := range p.Bulletins {
		_, err := rooms.Library.Bulletin(ctx, b.ID)
		if err == nil {
			continue
		}
		if !errors.Is(err, library.ErrNotFound) {
			return err
		}
		if err := sowBulletin(ctx, rooms.Library, b); err != nil {
			return fmt.Errorf("bulletin %s: %w", b.ID, err)
		}
	}
	return nil
}

// sowBulletin speaks a bulletin's texts. Audio that is there already, as after a
// Sow that was cut off, has the same hash and is the same audio.
func sowBulletin(ctx context.Context, to *library.Library, b Bulletin) error {
	full := b.Bulletin
	full.Audio = map[string]string{}
	for _, language := range slices.Sorted(maps.Keys(b.Text)) {
		speech, err := Speak(ctx, b.Text[language], language)
		if err != nil {
			return err
		}
		a, err := to.Intake(ctx, By, speech, b.ID+"-"+language+".wav", false)
		if err := errors.Join(err, speech.Close()); err != nil {
			return err
		}
		full.Audio[language] = a.SHA256
	}
	full.ValidFrom = time.Now().Truncate(24 * time.Hour)
	full.ValidUntil = full.ValidFrom.AddDate(0, 0, b.Days)
	_, err := to.Create(ctx, b.Author, full)
	return err
}

func sowProgrammes(ctx context.Context, rooms Rooms, p Province) error {
	for _, programme := range p.Programmes {
		_, err := rooms.Planner.Programme(ctx, programme.ID)
		if err == nil {
			continue
		}
		if !errors.Is(err, planner.ErrNotFound) {
			return err
		}
		if _, err := rooms.Planner.Create(ctx, cmp.Or(programme.By, By), programme); err != nil {
			return fmt.Errorf("programme %s: %w", programme.ID, err)
		}
	}
	return nil
}
