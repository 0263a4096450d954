package protocol

import (
	"fmt"
	"slices"
	"time"
)

// Root is the head of trust, kept offline by its owners: it says who
// administers and fixes what no key set can lower. Revision N signs N+1, so a
// board steps through every one of them.
type Root struct {
	Version        int       `json:"version"`
	Revision       int64     `json:"revision"`
	Issued         time.Time `json:"issued"`
	Expires        time.Time `json:"expires"` // alarms, never mutes
	Scopes         []string  `json:"scopes"`  // the provinces for which this root speaks
	Owners         []Person  `json:"owners"`
	Threshold      int       `json:"threshold"` // of owners, at least 2
	Administrators []Person  `json:"administrators"`
	AdminThreshold int       `json:"adminThreshold"` // of administrators, at least 2
	// WideAlert is how many persons a live alert beyond one commune needs.
	WideAlert int `json:"wideAlert"`
}

func (r *Root) check() error {
	var f Faults
	checkRevision(&f, r.Revision)
	checkTime(&f, "issued", r.Issued)
	checkTime(&f, "expires", r.Expires)
	checkAreas(&f, "scopes", r.Scopes)
	checkPersons(&f, "owners", r.Owners)
	checkPersons(&f, "administrators", r.Administrators)
	// More than can sign would lock everybody out, for good.
	if n := ableToSign(r.Owners); r.Threshold < 2 || r.Threshold > n {
		f.addf("threshold", "%d of %d owners who can sign, at least 2", r.Threshold, n)
	}
	if n := ableToSign(r.Administrators); r.AdminThreshold < 2 || r.AdminThreshold > n {
		f.addf("adminThreshold", "%d of %d administrators who can sign, at least 2", r.AdminThreshold, n)
	}
	if r.WideAlert < 2 {
		f.addf("wideAlert", "%d, at least 2", r.WideAlert)
	}
	for _, p := range append(slices.Clone(r.Owners), r.Administrators...) {
		if p.Service {
			f.addf("owners", "%s is a service; only persons hold the root", p.ID)
		}
	}
	return f.refusal()
}

// ableToSign counts the persons who have a key in use.
func ableToSign(persons []Person) int {
	n := 0
	for _, p := range persons {
		if slices.ContainsFunc(p.Keys, func(k Key) bool { return !k.Retired && !k.Revoked }) {
			n++
		}
	}
	return n
}

// KeySet lists persons with their keys, and the rules of who may order what.
// Administrators sign it.
type KeySet struct {
	Version  int       `json:"version"`
	Revision int64     `json:"revision"`
	Issued   time.Time `json:"issued"`
	Expires  time.Time `json:"expires"` // alarms, never mutes an emergency
	Persons  []Person  `json:"persons"`
	Rules    []Rule    `json:"rules"`
}

// Rule allows Threshold of Persons to order Kind in Mode for boards in Scope.
// Cancels and stops have no rule of their own: they follow their target's.
type Rule struct {
	Kind      Kind     `json:"kind"`
	Mode      Mode     `json:"mode"`
	Scope     string   `json:"scope"` // an area's code
	Persons   []string `json:"persons"`
	Threshold int      `json:"threshold"`
	// Scheme, when set, is the only one that is counted.
	Scheme Scheme `json:"scheme,omitempty"`
}

// ruled kinds need a rule; a service may sign those marked true.
var ruled = map[Kind]bool{
	KindBulletin: false, KindAlert: false, KindLocal: false,
	KindPlan: true, KindTime: true, KindAck: true,
}

func (ks *KeySet) check() error {
	var f Faults
	checkRevision(&f, ks.Revision)
	checkTime(&f, "issued", ks.Issued)
	checkTime(&f, "expires", ks.Expires)
	checkPersons(&f, "persons", ks.Persons)
	return f.refusal()
}

// under judges the rules by what the root fixes.
func (ks *KeySet) under(root *Root) error {
	var f Faults
	service := map[string]bool{}
	exists := map[string]bool{}
	for _, p := range ks.Persons {
		exists[p.ID], service[p.ID] = true, p.Service
	}
	// alone holds the commune in which a person counts below the wide
	// threshold: in two communes that person could wake both, alone.
	alone := map[string]string{}
	for i, r := range ks.Rules {
		at := fmt.Sprintf("rules[%d]", i)
		mayService, ok := ruled[r.Kind]
		if !ok || (r.Mode != Live && (r.Mode != Drill || !drillable[r.Kind])) {
			f.addf(at+".kind", "no rule is made for %s %s", r.Kind, r.Mode)
		}
		if !ValidArea(r.Scope) {
			f.addf(at+".scope", "%q is not an area's code", r.Scope)
		}
		if r.Threshold < 1 || r.Threshold > len(r.Persons) {
			f.addf(at+".threshold", "%d of %d persons", r.Threshold, len(r.Persons))
		}
		if r.Scheme != "" && r.Scheme != Ed25519 && r.Scheme != WebAuthnES256 {
			f.addf(at+".scheme", "%q is not known", r.Scheme)
		}
		for j, id := range r.Persons {
			if !exists[id] || slices.Contains(r.Persons[:j], id) {
				f.addf(at+".persons", "%q is not in the key set, or stands twice", id)
			}
			if service[id] && !mayService {
				f.addf(at+".persons", "%q is a service and cannot sign a %s", id, r.Kind)
			}
		}
		if r.Kind != KindAlert || r.Mode != Live || r.Threshold >= root.WideAlert {
			continue
		}
		if breadthOf(r.Scope) == wide {
			f.addf(at+".threshold", "%d, but a live alert beyond one commune needs %d", r.Threshold, root.WideAlert)
			continue
		}
		for _, id := range r.Persons {
			commune := communeOf(r.Scope)
			if alone[id] != "" && alone[id] != commune {
				f.addf(at+".persons", "%q may raise live alerts below the wide threshold in %s already", id, alone[id])
			}
			alone[id] = commune
		}
	}
	return f.refusal()
}

// Placement says what one board is and where it stands. Administrators sign
// it. Audience and scope of every order are judged against it alone.
type Placement struct {
	Version    int       `json:"version"`
	Revision   int64     `json:"revision"`
	Issued     time.Time `json:"issued"`
	Cluster    string    `json:"cluster"`
	Board      Key       `json:"board"`      // the board's own key
	Areas      []string  `json:"areas"`      // every code it answers to
	Languages  []string  `json:"languages"`  // BCP 47, in the order of choice
	Neighbours []string  `json:"neighbours"` // clusters that are heard here
}

func (p *Placement) check() error {
	var f Faults
	checkRevision(&f, p.Revision)
	checkTime(&f, "issued", p.Issued)
	checkCluster(&f, p.Cluster)
	p.Board.check(&f, "board")
	if p.Board.Scheme != Ed25519 {
		f.addf("board.scheme", "%q, a board signs with %s", p.Board.Scheme, Ed25519)
	}
	checkAreas(&f, "areas", p.Areas)
	if len(p.Languages) == 0 || len(p.Languages) > 64 {
		f.addf("languages", "%d, from 1 to 64", len(p.Languages))
	}
	for i, tag := range p.Languages {
		checkLanguage(&f, fmt.Sprintf("languages[%d]", i), tag)
	}
	for i, cluster := range p.Neighbours {
		if !ValidCluster(cluster) {
			f.addf(fmt.Sprintf("neighbours[%d]", i), "%q is not a cluster's id", cluster)
		}
	}
	return f.refusal()
}
