package orders

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"

	"loa/central/registry"
	"loa/controller/protocol"
)

// PublicKey is central's own key, as it stands in the key set.
func (o *Orders) PublicKey() protocol.Key {
	return protocol.NewKey(o.Key.Public().(ed25519.PublicKey))
}

// KeySet drafts the next key set from the registry's persons, roles and keys,
// for the root's administrators to sign; ErrNotReady without a root. Rules:
//
//   - bulletins: broadcasters and officers, one of them, per area of their role
//   - alerts, live: officers of a commune or village, one of them; beyond one
//     commune as many as the root says of the province's administrators,
//     broadcasters and officers
//   - drills: the same persons, one of them
//   - local orders, live and drill: officers of a commune or village, one
//   - plans, times, acknowledgements: central
func (o *Orders) KeySet(ctx context.Context, by string) (Draft, error) {
	root := o.trust.known().Root
	if root == nil {
		return Draft{}, fmt.Errorf("%w: there is no root", ErrNotReady)
	}
	revision, err := o.next(ctx, "keyset", "")
	if err != nil {
		return Draft{}, err
	}
	m, err := o.makeKeySet(ctx, root)
	if err != nil {
		return Draft{}, err
	}
	now := present()
	m.set.Version, m.set.Revision, m.set.Issued, m.set.Expires = protocol.Version, revision, now, now.AddDate(1, 0, 0)
	d, err := o.DraftDocument(ctx, by, protocol.KindKeySet, protocol.Live, m.set)
	d.Notes = m.notes
	return d, err
}

// KeySetDue reports whether the registry says something else than the key set in
// force, so that the next one is to be drafted and signed.
func (o *Orders) KeySetDue(ctx context.Context) (bool, error) {
	inForce := o.trust.known().KeySet
	if inForce == nil {
		return true, nil
	}
	changed, err := o.keySetChanged(ctx, *inForce)
	return changed != "", err
}

// makeKeySet makes the persons and rules of a key set as the registry is now.
func (o *Orders) makeKeySet(ctx context.Context, root *protocol.Root) (maker, error) {
	m := maker{root: root, usable: map[string]bool{}, set: protocol.KeySet{Rules: []protocol.Rule{}}}
	if err := o.persons(ctx, &m); err != nil {
		return m, err
	}
	roles, err := o.Registry.Roles(ctx, "")
	if err != nil {
		return m, fmt.Errorf("list roles: %w", err)
	}
	m.rules(roles)
	return m, nil
}

// persons fills in everybody who has a key, and central.
func (o *Orders) persons(ctx context.Context, m *maker) error {
	persons, err := o.Registry.Persons(ctx)
	if err != nil {
		return fmt.Errorf("list persons: %w", err)
	}
	keys, err := o.Registry.Keys(ctx, "")
	if err != nil {
		return fmt.Errorf("list keys: %w", err)
	}
	for _, p := range persons {
		if p.ID == Service {
			return fmt.Errorf("make key set: person %q has the name of the server itself", p.ID)
		}
		entry := protocol.Person{ID: p.ID, Name: p.Name, Keys: []protocol.Key{}}
		for _, k := range keys {
			if k.Person != p.ID {
				continue
			}
			key := protocol.Key{
				ID: k.ID, Scheme: protocol.Scheme(k.Scheme), Public: k.Public,
				Retired: !k.RetiredAt.IsZero(), Revoked: !k.RevokedAt.IsZero(),
			}
			if key.Scheme == protocol.WebAuthnES256 {
				if o.RPID == "" || len(o.Origins) == 0 {
					m.notef("%s's key %s is left out: this server has no name that an authenticator's key is bound to", p.ID, k.ID)
					continue
				}
				key.RPID, key.Origins = o.RPID, o.Origins
			}
			entry.Keys = append(entry.Keys, key)
			m.usable[p.ID] = m.usable[p.ID] || k.InUse()
		}
		if len(entry.Keys) > 0 {
			m.set.Persons = append(m.set.Persons, entry)
		}
	}
	m.set.Persons = append(m.set.Persons, protocol.Person{
		ID: Service, Name: Service, Service: true, Keys: o.ownKeys(),
	})
	return nil
}

// ownKeys is central's key, and those that it had before, revoked: what the
// key set in force lists is carried on, so that whoever got hold of an old key
// file can make no plan and tell no time.
func (o *Orders) ownKeys() []protocol.Key {
	keys := []protocol.Key{o.PublicKey()}
	inForce := o.trust.known().KeySet
	if inForce == nil {
		return keys
	}
	for _, p := range inForce.Persons {
		if !p.Service || p.ID != Service {
			continue
		}
		for _, k := range p.Keys {
			if k.ID != keys[0].ID {
				k.Revoked = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// maker makes the rules of a key set.
type maker struct {
	root   *protocol.Root
	set    protocol.KeySet
	usable map[string]bool // persons with a key in use
	notes  []string
}

func (m *maker) notef(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

func (m *maker) rule(kind protocol.Kind, mode protocol.Mode, scope string, threshold int, persons []string) {
	if len(persons) > 0 {
		m.set.Rules = append(m.set.Rules, protocol.Rule{Kind: kind, Mode: mode, Scope: scope, Persons: persons, Threshold: threshold})
	}
}

func (m *maker) rules(roles []registry.Role) {
	areas := map[string][]registry.Role{}
	for _, r := range roles {
		if r.Name == registry.Technician {
			continue
		}
		if m.usable[r.Person] {
			areas[r.Area] = append(areas[r.Area], r)
		} else {
			m.notef("%s, %s of %s, has no key in use and can sign nothing", r.Person, r.Name, r.Area)
		}
	}
	alone := map[string]string{} // the commune in which a person raises alerts alone
	for _, area := range slices.Sorted(maps.Keys(areas)) {
		in := areas[area]
		m.rule(protocol.KindBulletin, protocol.Live, area, 1, who(in, registry.Broadcaster, registry.Officer))
		if protocol.Wide([]string{area}) {
			m.wide(area, who(in, registry.Administrator, registry.Broadcaster, registry.Officer))
			continue
		}
		officers := who(in, registry.Officer)
		commune := area[:5]
		raisers := slices.DeleteFunc(slices.Clone(officers), func(p string) bool {
			if other := cmp.Or(alone[p], commune); other != commune {
				m.notef("%s may not raise live alerts in %s: who raises them alone does so in one commune, which is %s", p, area, other)
				return true
			}
			alone[p] = commune
			return false
		})
		m.rule(protocol.KindAlert, protocol.Live, area, 1, raisers)
		m.rule(protocol.KindAlert, protocol.Drill, area, 1, officers)
		m.rule(protocol.KindLocal, protocol.Live, area, 1, officers)
		m.rule(protocol.KindLocal, protocol.Drill, area, 1, officers)
	}
	for _, scope := range m.root.Scopes {
		for _, kind := range []protocol.Kind{protocol.KindPlan, protocol.KindTime, protocol.KindAck} {
			m.rule(kind, protocol.Live, scope, 1, []string{Service})
		}
	}
}

// wide makes the rules of a province's alerts.
func (m *maker) wide(area string, persons []string) {
	if need := m.root.WideAlert; len(persons) >= need {
		m.rule(protocol.KindAlert, protocol.Live, area, need, persons)
	} else {
		m.notef("nobody can raise a live alert beyond one commune in %s: it needs %d persons with a key, there are %d", area, need, len(persons))
	}
	m.rule(protocol.KindAlert, protocol.Drill, area, 1, persons)
}

// who has one of the roles, sorted.
func who(roles []registry.Role, names ...registry.RoleName) []string {
	var persons []string
	for _, r := range roles {
		if slices.Contains(names, r.Name) {
			persons = append(persons, r.Person)
		}
	}
	slices.Sort(persons)
	return slices.Compact(persons)
}
