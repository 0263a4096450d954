package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Store keeps the registry. Every method that takes by is one transaction with
// its audit row; by is a person's id or the name of a service. Lists are sorted
// by id or code, and are empty, not nil, when there is nothing.
type Store interface {
	// PutAreas adds areas, and replaces those whose code is known.
	PutAreas(ctx context.Context, by string, areas []Area) error
	Areas(ctx context.Context) ([]Area, error)
	// Path is ErrNotFound for an unknown code.
	Path(ctx context.Context, code string) (Path, error)

	// PutStations adds stations, and replaces those of communes that have one;
	// ErrNotFound for a commune that is not known.
	PutStations(ctx context.Context, by string, stations []Station) error
	Stations(ctx context.Context) ([]Station, error) // by area

	// AddClusters adds all or, when one of them exists, none: ErrExists.
	AddClusters(ctx context.Context, by string, clusters []Cluster) error
	// UpdateCluster is ErrNotFound for an unknown id.
	UpdateCluster(ctx context.Context, by string, c Cluster) error
	Cluster(ctx context.Context, id string) (Cluster, error) // ErrNotFound
	Clusters(ctx context.Context) ([]Cluster, error)
	// ClustersIn lists the clusters of whose AreaCodes at least one is in codes.
	ClustersIn(ctx context.Context, codes []string) ([]Cluster, error)

	// AddDevice is ErrInUse while the cluster has another board, and ErrExists
	// for a key or serial of another cluster or of a revoked board. The same
	// board again replaces its serial: a renewed certificate.
	AddDevice(ctx context.Context, by string, d Device) error
	RevokeDevice(ctx context.Context, by, id string, at time.Time) error // ErrNotFound; the first time stands
	Device(ctx context.Context, id string) (Device, error)               // ErrNotFound
	Devices(ctx context.Context, cluster string) ([]Device, error)       // of all clusters for ""; by time of enrolment
	// InService lists the boards in service by cluster. The caller does not
	// change it.
	InService(ctx context.Context) (map[string]Device, error)

	AddPerson(ctx context.Context, by string, p Person) error // ErrExists
	Person(ctx context.Context, id string) (Person, error)    // ErrNotFound
	Persons(ctx context.Context) ([]Person, error)

	AddKey(ctx context.Context, by string, k Key) error               // ErrExists, ErrNotFound for the person
	RetireKey(ctx context.Context, by, id string, at time.Time) error // ErrNotFound; the first time stands
	RevokeKey(ctx context.Context, by, id string, at time.Time) error // ErrNotFound; the first time stands
	Keys(ctx context.Context, person string) ([]Key, error)           // of all persons for ""

	// AddRole adds a role; again is no error, and does nothing; ErrNotFound for
	// person or area. A token or a pending invitation of that person ends, with an
	// audit row of its own, when it was made by a person whose roles do not grant
	// this one.
	AddRole(ctx context.Context, by string, r Role, grants func(roles []Role) bool) error
	RemoveRole(ctx context.Context, by string, r Role) error            // ErrNotFound
	Roles(ctx context.Context, person string) ([]Role, error)           // of all persons for ""
	AddToken(ctx context.Context, by string, t Token) error             // ErrNotFound for the person
	RevokeToken(ctx context.Context, by, id string, at time.Time) error // ErrNotFound; the first time stands
	Token(ctx context.Context, id string) (Token, error)                // ErrNotFound
	Tokens(ctx context.Context, person string) ([]Token, error)

	Password(ctx context.Context, person string) (Password, error) // ErrNotFound
	// SetPassword adds or replaces; ErrNotFound for the person.
	SetPassword(ctx context.Context, by string, p Password) error
	WithPassword(ctx context.Context) ([]Person, error)

	// ProposeKey is ErrExists for a key in Keys, ErrTooMany when the person has
	// most of them; again is no error.
	ProposeKey(ctx context.Context, by string, p Proposal, most int) error
	// ConfirmKey moves a proposal to Keys: ErrNotFound, ErrExists.
	ConfirmKey(ctx context.Context, by, person, id string, at time.Time) (Key, error)
	DropKey(ctx context.Context, by, person, id string) error         // ErrNotFound
	Proposals(ctx context.Context, person string) ([]Proposal, error) // by time; of all persons for ""

	// AddInvitation ends unused ones that are for no other persons; ErrNotFound
	// for a person.
	AddInvitation(ctx context.Context, by string, v Invitation) error
	Invitation(ctx context.Context, id string) (Invitation, error) // ErrNotFound
	// UseInvitation is ErrUsed or ErrExpired when it cannot be used at that time,
	// or somebody is there before the first administrator, who is added with a
	// role when there is one. Otherwise these passwords are set.
	UseInvitation(ctx context.Context, id string, at time.Time, passwords []Password, first *Newcomer) error

	// AddNote writes an audit row only.
	AddNote(ctx context.Context, by, action, subject string, detail map[string]string) error
	// AddDenied writes an audit row only: by was denied an operation.
	AddDenied(ctx context.Context, by, operation, why string) error
}

// Registry is the room's face. Its writing methods check what they are given
// (Faults names everything that is wrong) but not who asks: that is Allow,
// called first by whoever takes the wish, because the command line on the
// server's own machine asks for nobody.
type Registry struct {
	store  Store
	hasher *hasher
}

// New returns the registry over a store.
func New(store Store) *Registry { return &Registry{store: store, hasher: newHasher()} }

// now is the present as a store keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// PutAreas adds areas, and replaces those whose code is known. A parent must be
// known or in the same call; all is kept or nothing.
func (r *Registry) PutAreas(ctx context.Context, by string, areas ...Area) error {
	have, err := r.store.Areas(ctx)
	if err != nil {
		return fmt.Errorf("list areas: %w", err)
	}
	known := map[string]bool{"": true}
	for _, a := range slices.Concat(have, areas) {
		known[a.Code] = true
	}
	var all Faults
	seen := map[string]bool{}
	for i, a := range areas {
		f := inside(fmt.Sprintf("areas[%d].", i), a.Validate())
		if len(f) == 0 && !known[a.Parent] {
			f.addf(fmt.Sprintf("areas[%d].parent", i), "area %q is not known", a.Parent)
		}
		if seen[a.Code] {
			f.addf(fmt.Sprintf("areas[%d].code", i), "%q stands twice", a.Code)
		}
		seen[a.Code] = true
		all = append(all, f...)
	}
	if err := all.err(); err != nil || len(areas) == 0 {
		return err
	}
	if err := r.store.PutAreas(ctx, by, areas); err != nil {
		return fmt.Errorf("keep areas: %w", err)
	}
	return nil
}

// inside is the faults of a part, each field led by where the part stands.
func inside(prefix string, err error) Faults {
	var part, moved Faults
	errors.As(err, &part)
	for _, one := range part {
		moved = append(moved, Fault{Field: prefix + one.Field, Problem: one.Problem})
	}
	return moved
}

// Areas lists all areas by code.
func (r *Registry) Areas(ctx context.Context) ([]Area, error) { return r.store.Areas(ctx) }

// Path is a code followed by its parents' codes; ErrNotFound for an unknown one.
func (r *Registry) Path(ctx context.Context, code string) (Path, error) {
	path, err := r.store.Path(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("area %q: %w", code, err)
	}
	return path, nil
}

// AddClusters adds clusters, all or none; neighbours may name each other.
func (r *Registry) AddClusters(ctx context.Context, by string, clusters ...Cluster) error {
	var all Faults
	for i, c := range clusters {
		f, err := r.checkCluster(ctx, c, clusters)
		if err != nil {
			return err
		}
		if len(clusters) > 1 {
			f = inside(fmt.Sprintf("clusters[%d].", i), f)
		}
		all = append(all, f...)
	}
	if err := all.err(); err != nil || len(clusters) == 0 {
		return err
	}
	if err := r.store.AddClusters(ctx, by, clusters); err != nil {
		return fmt.Errorf("add cluster: %w", err)
	}
	return nil
}

// UpdateCluster replaces everything but the id. What it changes reaches the
// board only by a new signed placement.
func (r *Registry) UpdateCluster(ctx context.Context, by string, c Cluster) error {
	f, err := r.checkCluster(ctx, c, nil)
	if err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	if err := r.store.UpdateCluster(ctx, by, c); err != nil {
		return fmt.Errorf("update cluster %s: %w", c.ID, err)
	}
	return nil
}

// checkCluster finds all faults of c, among them codes and ids that name
// nothing; with are the clusters that are added along with it.
func (r *Registry) checkCluster(ctx context.Context, c Cluster, with []Cluster) (Faults, error) {
	var f Faults
	errors.As(c.Validate(), &f)
	area := func(field, code string) error {
		if LevelOf(code) == 0 {
			return nil // named already
		}
		_, err := r.store.Path(ctx, code)
		if errors.Is(err, ErrNotFound) {
			f.addf(field, "area %q is not known", code)
			return nil
		}
		return err
	}
	if err := area("area", c.Area); err != nil {
		return nil, fmt.Errorf("look up area: %w", err)
	}
	for i, code := range c.Also {
		if err := area(fmt.Sprintf("also[%d]", i), code); err != nil {
			return nil, fmt.Errorf("look up area: %w", err)
		}
	}
	for i, id := range c.Neighbours {
		if !slug.MatchString(id) || slices.ContainsFunc(with, func(o Cluster) bool { return o.ID == id }) {
			continue
		}
		_, err := r.store.Cluster(ctx, id)
		if errors.Is(err, ErrNotFound) {
			f.addf(fmt.Sprintf("neighbours[%d]", i), "cluster %q is not known", id)
		} else if err != nil {
			return nil, fmt.Errorf("look up cluster: %w", err)
		}
	}
	return f, nil
}

// Cluster is ErrNotFound for an unknown id.
func (r *Registry) Cluster(ctx context.Context, id string) (Cluster, error) {
	c, err := r.store.Cluster(ctx, id)
	if err != nil {
		return c, fmt.Errorf("cluster %q: %w", id, err)
	}
	return c, nil
}

// Clusters lists all clusters by id.
func (r *Registry) Clusters(ctx context.Context) ([]Cluster, error) { return r.store.Clusters(ctx) }

// ClustersIn lists the clusters that answer to at least one of the codes.
func (r *Registry) ClustersIn(ctx context.Context, codes ...string) ([]Cluster, error) {
	return r.store.ClustersIn(ctx, codes)
}

// AreaCodes is every code that a cluster answers to: see the function.
func (r *Registry) AreaCodes(ctx context.Context, cluster string) ([]string, error) {
	c, err := r.Cluster(ctx, cluster)
	if err != nil {
		return nil, err
	}
	path, err := r.Path(ctx, c.Area)
	if err != nil {
		return nil, err
	}
	return AreaCodes(c, path), nil
}

// Enrol puts a board into a cluster: its ed25519 public key and the serial
// (lower-case hex) of the certificate made for it. While another board is in
// service there it is refused (ErrInUse): revoke that one first.
func (r *Registry) Enrol(ctx context.Context, by, cluster string, public []byte, certSerial string) (Device, error) {
	d := Device{
		ID: KeyID(Ed25519, public), Cluster: cluster, Public: slices.Clone(public),
		CertSerial: certSerial, EnrolledAt: now(),
	}
	if err := d.Validate(); err != nil {
		return Device{}, err
	}
	if err := r.store.AddDevice(ctx, by, d); err != nil {
		return Device{}, fmt.Errorf("enrol board of cluster %s: %w", cluster, err)
	}
	return d, nil
}

// RevokeDevice takes a board out of service for ever.
func (r *Registry) RevokeDevice(ctx context.Context, by, id string) error {
	if err := r.store.RevokeDevice(ctx, by, id, now()); err != nil {
		return fmt.Errorf("revoke board %s: %w", id, err)
	}
	return nil
}

// Device finds a board by its key id, revoked ones too; ErrNotFound.
func (r *Registry) Device(ctx context.Context, id string) (Device, error) {
	d, err := r.store.Device(ctx, id)
	if err != nil {
		return d, fmt.Errorf("board %q: %w", id, err)
	}
	return d, nil
}

// Devices lists the boards that a cluster has and had, the earliest first; of
// all clusters for "".
func (r *Registry) Devices(ctx context.Context, cluster string) ([]Device, error) {
	return r.store.Devices(ctx, cluster)
}
