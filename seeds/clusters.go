package seeds

import (
	"fmt"
	"math"
	"slices"

	"loa/central/registry"
)

var faults = []Fault{None, Unplugged, AmplifierDead, HornsCut}

// earshot is how far apart two clusters can stand of which one is heard at the
// other, in metres.
const earshot = 1500

// placed is a cluster and the row that it comes from.
type placed struct {
	row
	Cluster
}

func (d *demo) readClusters() {
	bounds, languages := d.bounds(), d.readLanguages()
	byID := map[string]placed{}
	seen := map[string]int{}
	where := map[string]int{}
	for _, w := range d.table("demo/clusters.csv", "id", "name", "area", "latitude", "longitude", "languages", "neighbours", "fault") {
		c := Cluster{
			Cluster: registry.Cluster{
				ID: w.text("id"), Name: w.text("name"), Area: w.text("area"),
				Latitude: w.degrees("latitude"), Longitude: w.degrees("longitude"),
				Languages: w.words("languages"), Neighbours: w.words("neighbours"),
			},
			Fault: Fault(w.text("fault")),
		}
		w.check(c.Validate())
		d.known(w, "area", c.Area)
		for _, tag := range c.Languages {
			if !languages[tag] {
				w.faultf("languages", "%q is not in demo/languages.csv", tag)
			}
		}
		if !slices.Contains(faults, c.Fault) {
			w.faultf("fault", "%q is none of unplugged, amplifier-dead, horns-cut", c.Fault)
		}
		d.inside(w, c.Cluster, bounds)
		w.once(where, "latitude", fmt.Sprintf("%.5f %.5f", c.Latitude, c.Longitude))
		if w.once(seen, "id", c.ID) {
			d.made.Clusters = append(d.made.Clusters, c)
			byID[c.ID] = placed{w, c}
		}
	}
	for _, c := range d.made.Clusters {
		heard(byID[c.ID], byID)
	}
}

// inside checks that a cluster stands in the province of its area.
func (d *demo) inside(w row, c registry.Cluster, bounds map[string]box) {
	path := d.paths[c.Area]
	if len(path) == 0 {
		return // named already
	}
	province := path[len(path)-1]
	b, ok := bounds[province]
	switch {
	case c.Latitude == 0 && c.Longitude == 0:
		w.faultf("latitude", "where the cluster stands is missing")
	case !ok:
		w.faultf("area", "areas/bounds.csv has no province %q", province)
	case !b.has(c.Latitude, c.Longitude):
		w.faultf("latitude", "%v, %v is outside the province %s", c.Latitude, c.Longitude, province)
	}
}

// heard checks a cluster's neighbours: they are there, they say the same of it,
// and they stand close enough.
func heard(c placed, byID map[string]placed) {
	for i, id := range c.Neighbours {
		field := fmt.Sprintf("neighbours[%d]", i)
		other, ok := byID[id]
		if !ok {
			c.faultf(field, "there is no cluster %q", id)
			continue
		}
		if !slices.Contains(other.Neighbours, c.ID) {
			c.faultf(field, "%q does not name %q in turn", id, c.ID)
		}
		if m := apart(c.Cluster.Cluster, other.Cluster.Cluster); m > earshot {
			c.faultf(field, "%q stands %.0f m away, too far to be heard", id, m)
		}
	}
}

// apart is how many metres lie between two clusters, on ground that is flat
// enough for so short a way.
func apart(a, b registry.Cluster) float64 {
	const perDegree = 111_195
	north := (a.Latitude - b.Latitude) * perDegree
	east := (a.Longitude - b.Longitude) * perDegree * math.Cos(a.Latitude*math.Pi/180)
	return math.Hypot(north, east)
}
