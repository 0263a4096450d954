package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"loa/central/registry"
)

// Registry is the store of areas, clusters and people.
func (db *DB) Registry() registry.Store { return registryStore{db} }

type registryStore struct{ db *DB }

// refused turns SQLite's refusals into the registry's errors.
func refused(err error) error {
	switch unique, foreign := breaks(err); {
	case unique:
		return registry.ErrExists
	case foreign:
		return registry.ErrNotFound
	}
	return err
}

func (s registryStore) PutAreas(ctx context.Context, by string, areas []registry.Area) error {
	return s.db.write(ctx, func(t *tx) error {
		for _, a := range areas {
			if _, err := t.exec(`INSERT INTO areas (code, parent, kind, name_vi, name_en, effective_from, effective_until)
				VALUES (?, nullif(?, ''), ?, ?, ?, ?, ?)
				ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, kind = excluded.kind, name_vi = excluded.name_vi,
					name_en = excluded.name_en, effective_from = excluded.effective_from, effective_until = excluded.effective_until`,
				a.Code, a.Parent, a.Kind, a.NameVi, a.NameEn, a.From, a.Until); err != nil {
				return err
			}
			if err := t.audit(by, "area.put", a.Code, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func scanArea(r *sql.Rows) (a registry.Area, err error) {
	err = r.Scan(&a.Code, &a.Parent, &a.Kind, &a.NameVi, &a.NameEn, &a.From, &a.Until)
	return a, err
}

func (s registryStore) Areas(ctx context.Context) ([]registry.Area, error) {
	all, err := s.areas(ctx)
	return slices.Clone(all), err
}

type allAreas struct{}

// areas are not changed.
func (s registryStore) areas(ctx context.Context) ([]registry.Area, error) {
	return rememberedList(ctx, s.db, areas, allAreas{}, scanArea, `SELECT code, ifnull(parent, ''), kind, name_vi, name_en, effective_from, effective_until
		FROM areas ORDER BY code`)
}

func scanText(r *sql.Rows) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}

func (s registryStore) Path(ctx context.Context, code string) (registry.Path, error) {
	path, err := rememberedList(ctx, s.db, areas, pathOf(code), scanText, `WITH RECURSIVE up (code, parent, depth) AS (
			SELECT code, parent, 0 FROM areas WHERE code = ?
			UNION ALL SELECT a.code, a.parent, depth + 1 FROM areas a JOIN up ON a.code = up.parent WHERE depth < 8
		) SELECT code FROM up ORDER BY depth`, code)
	if err == nil && len(path) == 0 {
		err = registry.ErrNotFound
	}
	return slices.Clone(path), err
}

type pathOf string

func (s registryStore) PutStations(ctx context.Context, by string, stations []registry.Station) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		for _, v := range stations {
			if _, err := t.exec(`INSERT INTO stations (area, name) VALUES (?, ?)
				ON CONFLICT (area) DO UPDATE SET name = excluded.name`, v.Area, v.Name); err != nil {
				return err
			}
			if err := t.audit(by, "station.put", v.Area, v); err != nil {
				return err
			}
		}
		return nil
	}))
}

func scanStation(r *sql.Rows) (v registry.Station, err error) {
	err = r.Scan(&v.Area, &v.Name)
	return v, err
}

func (s registryStore) Stations(ctx context.Context) ([]registry.Station, error) {
	return list(ctx, s.db.reader, scanStation, `SELECT area, name FROM stations ORDER BY area`)
}

func (s registryStore) AddClusters(ctx context.Context, by string, clusters []registry.Cluster) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		for _, c := range clusters {
			if _, err := t.exec(`INSERT INTO clusters (id, name, area, languages, latitude, longitude) VALUES (?, ?, ?, ?, ?, ?)`,
				c.ID, c.Name, c.Area, asJSON(c.Languages), c.Latitude, c.Longitude); err != nil {
				return err
			}
			if err := putClusterLists(t, c); err != nil {
				return err
			}
			if err := t.audit(by, "cluster.add", c.ID, c); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (s registryStore) UpdateCluster(ctx context.Context, by string, c registry.Cluster) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE clusters SET name = ?, area = ?, languages = ?, latitude = ?, longitude = ? WHERE id = ?`,
			c.Name, c.Area, asJSON(c.Languages), c.Latitude, c.Longitude, c.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return registry.ErrNotFound
		}
		if err := putClusterLists(t, c); err != nil {
			return err
		}
		return t.audit(by, "cluster.update", c.ID, c)
	}))
}

// putClusterLists replaces what stands in tables of its own, because other rows
// are found by it.
func putClusterLists(t *tx, c registry.Cluster) error {
	for _, l := range []struct {
		clear, insert string
		values        []string
	}{
		{`DELETE FROM cluster_also WHERE cluster = ?`, `INSERT INTO cluster_also (cluster, position, area) VALUES (?, ?, ?)`, c.Also},
		{`DELETE FROM cluster_neighbours WHERE cluster = ?`, `INSERT INTO cluster_neighbours (cluster, position, neighbour) VALUES (?, ?, ?)`, c.Neighbours},
	} {
		if _, err := t.exec(l.clear, c.ID); err != nil {
			return err
		}
		for i, v := range l.values {
			if _, err := t.exec(l.insert, c.ID, i, v); err != nil {
				return err
			}
		}
	}
	return nil
}

const selectClusters = `SELECT c.id, c.name, c.area, c.languages,
	(SELECT json_group_array(area) FROM (SELECT area FROM cluster_also WHERE cluster = c.id ORDER BY position)),
	(SELECT json_group_array(neighbour) FROM (SELECT neighbour FROM cluster_neighbours WHERE cluster = c.id ORDER BY position)),
	c.latitude, c.longitude
	FROM clusters c `

func scanCluster(r *sql.Rows) (c registry.Cluster, err error) {
	err = r.Scan(&c.ID, &c.Name, &c.Area, fromJSON{&c.Languages}, fromJSON{&c.Also}, fromJSON{&c.Neighbours}, &c.Latitude, &c.Longitude)
	return c, err
}

func (s registryStore) Cluster(ctx context.Context, id string) (registry.Cluster, error) {
	return remembered(ctx, s.db, clusters, clusterOf(id), func(q querier) (registry.Cluster, bool, error) {
		c, err := one(ctx, q, registry.ErrNotFound, scanCluster, selectClusters+`WHERE c.id = ?`, id)
		return c, err == nil, err
	})
}

type clusterOf string

func (s registryStore) Clusters(ctx context.Context) ([]registry.Cluster, error) {
	all, err := s.clusters(ctx)
	return slices.Clone(all), err
}

type allClusters struct{}

// clusters are not changed.
func (s registryStore) clusters(ctx context.Context) ([]registry.Cluster, error) {
	return rememberedList(ctx, s.db, clusters, allClusters{}, scanCluster, selectClusters+`ORDER BY c.id`)
}

func (s registryStore) ClustersIn(ctx context.Context, codes []string) ([]registry.Cluster, error) {
	known, err := s.areas(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.clusters(ctx)
	if err != nil {
		return nil, err
	}
	named := make(map[string]bool, len(codes))
	for _, code := range codes {
		named[code] = true
	}
	below := areasIn(known, named)
	found := []registry.Cluster{}
	for _, c := range all {
		if below[c.Area] || slices.ContainsFunc(c.Also, func(code string) bool { return named[code] }) {
			found = append(found, c)
		}
	}
	return found, nil
}

// areasIn are the areas named, and all that lie in them.
func areasIn(known []registry.Area, named map[string]bool) map[string]bool {
	parent := make(map[string]string, len(known))
	for _, a := range known {
		parent[a.Code] = a.Parent
	}
	below := make(map[string]bool, len(named))
	for _, a := range known {
		for code, steps := a.Code, 0; code != "" && steps < 8; code, steps = parent[code], steps+1 {
			if named[code] {
				below[a.Code] = true
				break
			}
		}
	}
	return below
}

func (s registryStore) AddDevice(ctx context.Context, by string, d registry.Device) error {
	return refused(s.db.write(ctx, func(t *tx) error {
		same, err := one(ctx, t, registry.ErrNotFound, scanDevice, selectDevices+`WHERE id = ?`, d.ID)
		switch {
		case err == nil && (same.Cluster != d.Cluster || !same.RevokedAt.IsZero()):
			return registry.ErrExists
		case err == nil:
			if _, err := t.exec(`UPDATE devices SET cert_serial = ?, enrolled_at = ? WHERE id = ?`, d.CertSerial, millis(d.EnrolledAt), d.ID); err != nil {
				return err
			}
			return t.audit(by, "device.renew", d.ID, d)
		case !errors.Is(err, registry.ErrNotFound):
			return err
		}
		other, err := list(ctx, t, scanDevice, selectDevices+`WHERE cluster = ? AND revoked_at IS NULL`, d.Cluster)
		if err != nil {
			return err
		}
		if len(other) > 0 {
			return fmt.Errorf("%w: cluster has board %s", registry.ErrInUse, other[0].ID)
		}
		if _, err := t.exec(`INSERT INTO devices (id, cluster, public, cert_serial, enrolled_at) VALUES (?, ?, ?, ?, ?)`,
			d.ID, d.Cluster, d.Public, d.CertSerial, millis(d.EnrolledAt)); err != nil {
			return err
		}
		return t.audit(by, "device.enrol", d.ID, d)
	}))
}

const selectDevices = `SELECT id, cluster, public, cert_serial, enrolled_at, revoked_at FROM devices `

func scanDevice(r *sql.Rows) (d registry.Device, err error) {
	err = r.Scan(&d.ID, &d.Cluster, &d.Public, &d.CertSerial, when{&d.EnrolledAt}, when{&d.RevokedAt})
	return d, err
}

func (s registryStore) RevokeDevice(ctx context.Context, by, id string, at time.Time) error {
	return s.end(ctx, by, "device.revoke", `devices`, `revoked_at`, id, at)
}

func (s registryStore) Device(ctx context.Context, id string) (registry.Device, error) {
	return one(ctx, s.db.reader, registry.ErrNotFound, scanDevice, selectDevices+`WHERE id = ?`, id)
}

func (s registryStore) Devices(ctx context.Context, cluster string) ([]registry.Device, error) {
	all, err := rememberedList(ctx, s.db, devices, devicesOf(cluster), scanDevice, selectDevices+`WHERE ? IN ('', cluster) ORDER BY enrolled_at, id`, cluster)
	return slices.Clone(all), err
}

type devicesOf string

func (s registryStore) InService(ctx context.Context) (map[string]registry.Device, error) {
	return remembered(ctx, s.db, devices, inService{}, func(q querier) (map[string]registry.Device, bool, error) {
		all, err := list(ctx, q, scanDevice, selectDevices+`WHERE revoked_at IS NULL`)
		found := make(map[string]registry.Device, len(all))
		for _, d := range all {
			found[d.Cluster] = d
		}
		return found, true, err
	})
}

type inService struct{}

// end sets the time in a column that says since when a row is over. The first
// time stands, and only it leaves an audit row.
func (s registryStore) end(ctx context.Context, by, action, table, column, id string, at time.Time) error {
	return s.db.write(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE `+table+` SET `+column+` = ? WHERE id = ? AND `+column+` IS NULL`, millis(at), id)
		if err != nil {
			return err
		}
		if n == 1 {
			return t.audit(by, action, id, map[string]any{"at": at})
		}
		_, err = one(ctx, t, registry.ErrNotFound, scanText, `SELECT id FROM `+table+` WHERE id = ?`, id)
		return err
	})
}
