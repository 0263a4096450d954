package registry

import (
	"context"
	"fmt"
)

// Station is a commune's broadcasting unit (đài truyền thanh cấp xã): people, a
// studio, and the clusters that stand in the commune. By law a commune has one.
type Station struct {
	Area string // code of the commune
	Name string
}

// Validate returns all faults of s as Faults, or nil.
func (s Station) Validate() error {
	var f Faults
	if LevelOf(s.Area) != CommuneLevel {
		f.addf("area", "%q is not the code of a commune", s.Area)
	}
	checkName(&f, "name", s.Name, true)
	return f.err()
}

// PutStations adds stations, and replaces those of communes that have one. The
// communes must be known; all is kept or nothing.
func (r *Registry) PutStations(ctx context.Context, by string, stations ...Station) error {
	areas, err := r.store.Areas(ctx)
	if err != nil {
		return fmt.Errorf("list areas: %w", err)
	}
	known := make(map[string]bool, len(areas))
	for _, a := range areas {
		known[a.Code] = true
	}
	var all Faults
	seen := map[string]bool{}
	for i, s := range stations {
		f := inside(fmt.Sprintf("stations[%d].", i), s.Validate())
		if LevelOf(s.Area) == CommuneLevel && !known[s.Area] {
			f.addf(fmt.Sprintf("stations[%d].area", i), "area %q is not known", s.Area)
		}
		if seen[s.Area] {
			f.addf(fmt.Sprintf("stations[%d].area", i), "%q stands twice", s.Area)
		}
		seen[s.Area] = true
		all = append(all, f...)
	}
	if err := all.err(); err != nil || len(stations) == 0 {
		return err
	}
	if err := r.store.PutStations(ctx, by, stations); err != nil {
		return fmt.Errorf("keep stations: %w", err)
	}
	return nil
}

// Stations lists all stations by their communes' codes.
func (r *Registry) Stations(ctx context.Context) ([]Station, error) { return r.store.Stations(ctx) }
