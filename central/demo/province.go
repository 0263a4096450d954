package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"loa/central/registry"
	"loa/seeds"
)

// Files that tell how far the set-up is, and what for.
const (
	boardFile    = "board"    // the cluster that is left to a real board
	completeFile = "complete" // everything is set up: a later start sows nothing again
)

// province is what the demo shows.
func (d *Demo) province() (seeds.Province, error) {
	if d.Province != nil {
		return *d.Province, nil
	}
	return seeds.Demo()
}

// codeOf is the code of the province itself.
func codeOf(p seeds.Province) (string, error) {
	i := slices.IndexFunc(p.Areas, func(a registry.Area) bool { return a.Kind == registry.Province })
	if i < 0 {
		return "", errors.New("the seeds have no province")
	}
	return p.Areas[i].Code, nil
}

// boardOf is the cluster for a real board: the first that nothing is wrong with.
func boardOf(p seeds.Province) (seeds.Cluster, error) {
	i := slices.IndexFunc(p.Clusters, func(c seeds.Cluster) bool { return c.Fault == seeds.None })
	if i < 0 {
		return seeds.Cluster{}, errors.New("the seeds have no cluster without a fault")
	}
	return p.Clusters[i], nil
}

// sow fills the registry, and names the cluster of the real board. Bulletins and
// programmes take longer: see Run.
func (d *Demo) sow(ctx context.Context, p seeds.Province) error {
	board, err := boardOf(p)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.Dir, boardFile), []byte(board.ID+"\n")); err != nil {
		return fmt.Errorf("write the real board's cluster: %w", err)
	}
	places := p
	places.Bulletins, places.Programmes = nil, nil
	if err := seeds.Sow(ctx, d.rooms(), places); err != nil {
		return err
	}
	d.Say(fmt.Sprintf("%d areas, %d stations, %d clusters, %d people", len(p.Areas), len(p.Stations), len(p.Clusters), len(p.People)))
	return nil
}

func (d *Demo) rooms() seeds.Rooms {
	return seeds.Rooms{Registry: d.Registry, Library: d.Library, Planner: d.Planner}
}

// complete reports whether an earlier start has set everything up.
func (d *Demo) complete() (bool, error) {
	_, err := os.Stat(filepath.Join(d.Dir, completeFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
