package orders

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"loa/controller/protocol"
)

// trust is what is in force: the newest sealed root, key set and placements. It
// is kept in memory because every alert is judged by it.
type trust struct {
	mu     sync.RWMutex
	root   *protocol.Root
	keySet *protocol.KeySet
	held   map[string]protocol.Held // of root and keyset
	placed map[string]placed        // by cluster
	inArea map[string][]string      // clusters that answer to a code
}

type placed struct {
	doc  *protocol.Placement
	held protocol.Held
}

func (t *trust) load(ctx context.Context, s Store) error {
	t.held, t.placed, t.inArea = map[string]protocol.Held{}, map[string]placed{}, map[string][]string{}
	all, err := s.Orders(ctx, Query{
		Kinds: []protocol.Kind{protocol.KindRoot, protocol.KindKeySet, protocol.KindPlacement}, State: Sealed, Newest: true,
	})
	if err != nil {
		return fmt.Errorf("read the trust in force: %w", err)
	}
	for _, r := range all {
		if err := t.take(r); err != nil {
			return fmt.Errorf("read %s %d: %w", r.Subject, r.Revision, err)
		}
	}
	return nil
}

// take puts a sealed root, key set or placement in force; other kinds change
// nothing.
func (t *trust) take(r Record) error {
	_, document, err := describe(r.envelope())
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	held := protocol.Held{Revision: r.Revision, Hash: r.Hash}
	switch d := document.(type) {
	case protocol.Root:
		t.root, t.held["root"] = &d, held
	case protocol.KeySet:
		t.keySet, t.held["keyset"] = &d, held
	case protocol.Placement:
		if old, ok := t.placed[d.Cluster]; ok {
			for _, a := range old.doc.Areas {
				t.inArea[a] = slices.DeleteFunc(t.inArea[a], func(c string) bool { return c == d.Cluster })
			}
		}
		t.placed[d.Cluster] = placed{&d, held}
		for _, a := range d.Areas {
			t.inArea[a] = append(t.inArea[a], d.Cluster)
		}
	}
	return nil
}

// known is what every board is taken to know, without a placement.
func (t *trust) known() protocol.Known {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return protocol.Known{Root: t.root, KeySet: t.keySet, Held: maps.Clone(t.held)}
}

func (t *trust) placement(cluster string) (placed, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	p, ok := t.placed[cluster]
	return p, ok
}

// clusters are all that are placed, sorted.
func (t *trust) clusters() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Sorted(maps.Keys(t.placed))
}

// answering are the clusters that answer to at least one of the codes, sorted.
func (t *trust) answering(codes []string) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var all []string
	for _, c := range codes {
		all = append(all, t.inArea[c]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// alike picks one placement of each sort among clusters: boards are of one sort
// when they answer to the same codes of the audience and of the rules' scopes,
// which is all that Open looks at. It would judge them the same.
func (t *trust) alike(clusters, audience []string) []*protocol.Placement {
	t.mu.RLock()
	defer t.mu.RUnlock()
	matters := map[string]bool{}
	for _, a := range audience {
		matters[a] = true
	}
	if t.keySet != nil {
		for _, r := range t.keySet.Rules {
			matters[r.Scope] = true
		}
	}
	seen := map[string]bool{}
	var picked []*protocol.Placement
	for _, c := range clusters {
		p := t.placed[c].doc
		var sort []string
		for _, a := range p.Areas {
			if matters[a] {
				sort = append(sort, a)
			}
		}
		slices.Sort(sort)
		if key := strings.Join(sort, " "); !seen[key] {
			seen[key] = true
			picked = append(picked, p)
		}
	}
	return picked
}

// person is whose a key is, by the key set and the root; "" for nobody's.
func (t *trust) person(keyID string) string {
	id, _ := t.key(keyID)
	return id
}

// revoked reports whether what a key signed is void.
func (t *trust) revoked(keyID string) bool {
	_, k := t.key(keyID)
	return k.Revoked
}

func (t *trust) key(id string) (person string, k protocol.Key) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var persons []protocol.Person
	if t.keySet != nil {
		persons = append(persons, t.keySet.Persons...)
	}
	if t.root != nil {
		persons = append(persons, t.root.Administrators...)
		persons = append(persons, t.root.Owners...)
	}
	for _, p := range persons {
		for _, k := range p.Keys {
			if k.ID == id {
				return p.ID, k
			}
		}
	}
	return "", protocol.Key{}
}
