package protocol

import (
	"slices"
	"strings"
)

// authorise judges who signed.
func (o *Order) authorise(k *Known) error {
	switch d := o.Document.(type) {
	case *Root:
		return o.stepRoot(k, d)
	case *KeySet:
		if k.Root == nil {
			return refuse(ReasonNotEnrolled, "", "the board has no root")
		}
		if err := d.under(k.Root); err != nil {
			return err
		}
		return o.bySome(k.Root.Administrators, k.Root.AdminThreshold)
	case *Placement:
		if k.Root == nil {
			return refuse(ReasonNotEnrolled, "", "the board has no root")
		}
		if !answers(d.Areas, k.Root.Scopes) {
			return refuse(ReasonNotAuthorised, "areas", "none is within the root's scopes %s", shown(k.Root.Scopes))
		}
		return o.bySome(k.Root.Administrators, k.Root.AdminThreshold)
	case *Bulletin:
		return o.byRule(k, KindBulletin, Live, 0)
	case *Plan:
		return o.byRule(k, KindPlan, Live, 0)
	case *Alert:
		// An update replaces what was raised, so it needs the rule of both.
		return o.byRule(k, KindAlert, o.Mode, max(breadthOf(d.Audience...), k.Alerts[o.Subject].breadth()))
	case *Local:
		return o.byRule(k, KindLocal, o.Mode, breadthOf(d.Audience...))
	case *SignedTime:
		return o.byRule(k, KindTime, Live, 0)
	case *Ack:
		return o.byRule(k, KindAck, Live, 0)
	case *Cancel:
		return o.byAnyOf(k, []Target{{Alert: d.Alert, Mode: o.Mode}})
	case *Stop:
		return o.byAnyOf(k, d.Targets)
	}
	return refuse(ReasonUnknownType, "payloadType", "a board takes no %s", o.Kind)
}

// stepRoot takes root N+1 when N's owners and its own signed it. A board that
// has no root takes the one it is enrolled with, signed by its own owners.
func (o *Order) stepRoot(k *Known, next *Root) error {
	if k.Root == nil && !k.Enrolling {
		return refuse(ReasonNotEnrolled, "", "the board has no root")
	}
	if err := o.bySome(next.Owners, next.Threshold); err != nil {
		return err
	}
	if k.Root == nil {
		return nil
	}
	switch was := k.Root.Revision; {
	case next.Revision > was+1:
		return refuse(ReasonConflict, "revision", "%d does not follow %d: every step is needed", next.Revision, was)
	case next.Revision == was:
		return refuse(ReasonConflict, "revision", "%d was accepted with another content", was)
	case next.Revision < was:
		return refuse(ReasonStale, "revision", "%d, the board has %d", next.Revision, was)
	}
	return o.bySome(k.Root.Owners, k.Root.Threshold)
}

// bySome counts persons out of a list that a threshold names.
func (o *Order) bySome(persons []Person, threshold int) error {
	signed, err := o.signers(persons)
	if err != nil {
		return err
	}
	o.Persons = names(signed)
	if len(signed) < threshold {
		return refuse(ReasonThreshold, "signatures", "%d persons signed, %d needed", len(signed), threshold)
	}
	return nil
}

// byRule needs one rule of a kind and mode whose scope covers this board and is
// as wide as the order, and enough of its persons.
func (o *Order) byRule(k *Known, kind Kind, mode Mode, asWide breadth) error {
	signed, err := o.signers(k.KeySet.Persons)
	if err != nil {
		return err
	}
	best, needed := 0, 0
	for _, r := range k.rules(kind, mode, asWide) {
		counted, threshold := r.counted(signed), r.Threshold
		if kind == KindAlert && mode == Live && breadthOf(r.Scope) == wide {
			// The root may have been stepped after the key set was accepted. It
			// counts for a narrow alert too: one for every commune would be as wide.
			threshold = max(threshold, k.Root.WideAlert)
		}
		if len(counted) >= threshold {
			o.Persons = counted
			return nil
		}
		if len(counted) > best {
			best, needed = len(counted), threshold
		}
	}
	if best > 0 {
		return refuse(ReasonThreshold, "signatures", "%d persons signed, %d needed", best, needed)
	}
	return refuse(ReasonNotAuthorised, "signatures", "%s may not order a %s %s of this breadth here",
		strings.Join(names(signed), ", "), mode, kind)
}

// rules are those of a kind and mode whose scope covers this board and is at
// least so wide.
func (k *Known) rules(kind Kind, mode Mode, asWide breadth) []Rule {
	var found []Rule
	for _, r := range k.KeySet.Rules {
		if r.Kind == kind && r.Mode == mode && slices.Contains(k.Placement.Areas, r.Scope) && breadthOf(r.Scope) >= asWide {
			found = append(found, r)
		}
	}
	return found
}

// counted are the rule's persons who signed in its scheme.
func (r Rule) counted(signed map[string][]Scheme) []string {
	var ids []string
	for _, id := range r.Persons {
		schemes, ok := signed[id]
		if ok && (r.Scheme == "" || slices.Contains(schemes, r.Scheme)) {
			ids = append(ids, id)
		}
	}
	return ids
}

// byAnyOf needs, for every target, one person who is counted in its rule:
// whoever could help to start a thing can end it, alone.
func (o *Order) byAnyOf(k *Known, targets []Target) error {
	signed, err := o.signers(k.KeySet.Persons)
	if err != nil {
		return err
	}
	o.Wide = slices.ContainsFunc(targets, func(t Target) bool { return t.Alert != "" })
	for _, t := range targets {
		narrow, wider := k.enders(t, signed)
		if len(narrow) == 0 && len(wider) == 0 {
			return refuse(ReasonNotAuthorised, "signatures", "%s may not end this here", strings.Join(names(signed), ", "))
		}
		if t.Alert != "" {
			o.Wide = o.Wide && len(wider) > 0
		}
		o.Persons = append(o.Persons, append(wider, narrow...)...)
	}
	slices.Sort(o.Persons)
	o.Persons = slices.Compact(o.Persons)
	return nil
}

// enders are those who signed and are counted in the rules of a target, apart
// by whether the rule is for wide orders. An alert that is known is ended only
// by the rules that could have raised it; who ends one that is not known yet
// ends it if it turns out to be no wider than that person's rule.
func (k *Known) enders(t Target, signed map[string][]Scheme) (narrow, wider []string) {
	kind, mode, atLeast := KindBulletin, Live, breadth(0)
	switch {
	case t.Alert != "":
		kind, mode = KindAlert, t.Mode
		atLeast = k.Alerts[AlertSubject(mode, t.Alert)].breadth()
	case strings.HasPrefix(t.Occurrence, "local/"+string(Drill)+"/"):
		kind, mode = KindLocal, Drill
	case strings.HasPrefix(t.Occurrence, "local/"):
		kind = KindLocal
	}
	for _, r := range k.rules(kind, mode, atLeast) {
		if breadthOf(r.Scope) == wide {
			wider = append(wider, r.counted(signed)...)
		} else {
			narrow = append(narrow, r.counted(signed)...)
		}
	}
	return narrow, wider
}
