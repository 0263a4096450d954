package protocol_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"loa/controller/protocol"
)

// TestThresholdCountsPersons draws a rule, persons with several keys, and
// signatures by any of them, and counts persons by another way than Open.
func TestThresholdCountsPersons(t *testing.T) {
	base := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5).Draw(t, "persons")
		keys := map[string][]string{} // names of keys, by person
		var all []string
		ks := protocol.KeySet{Version: protocol.Version, Revision: 6}
		for i := range n {
			id := fmt.Sprint("p", i)
			p := protocol.Person{ID: id}
			for j := range rapid.IntRange(0, 3).Draw(t, "keys of "+id) {
				name := fmt.Sprintf("%s key %d", id, j)
				keys[id] = append(keys[id], name)
				all = append(all, name)
				p.Keys = append(p.Keys, public(name))
			}
			ks.Persons = append(ks.Persons, p)
		}
		if len(all) == 0 {
			t.Skip("nobody can sign")
		}
		inRule := []string{}
		for i := range n {
			if rapid.Bool().Draw(t, fmt.Sprint("in the rule ", i)) {
				inRule = append(inRule, fmt.Sprint("p", i))
			}
		}
		threshold := rapid.IntRange(1, 5).Draw(t, "threshold")
		ks.Rules = []protocol.Rule{{Kind: protocol.KindAlert, Mode: protocol.Live, Scope: "12", Persons: inRule, Threshold: threshold}}
		signing := rapid.SliceOfN(rapid.SampledFrom(all), 0, protocol.MaxSignatures).Draw(t, "signatures")

		e, err := protocol.Draft(protocol.KindAlert, protocol.Live, anAlert())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range signing {
			one := e
			one.Signatures = nil
			one.Sign(private(name))
			e.Signatures = append(e.Signatures, one.Signatures...)
		}
		want := []string{}
		for _, id := range inRule {
			if slices.ContainsFunc(keys[id], func(k string) bool { return slices.Contains(signing, k) }) {
				want = append(want, id)
			}
		}

		k := base.Known
		k.KeySet = &ks
		o, err := protocol.Open(encode(e), k, base.Clock)
		threshold = max(threshold, base.Root.WideAlert) // the rule's scope is wide
		if (err == nil) != (len(want) >= threshold) {
			t.Fatalf("%v of %v signed with a threshold of %d: %v", want, inRule, threshold, err)
		}
		if err == nil && !slices.Equal(o.Persons, want) {
			t.Fatalf("counted %v, want %v", o.Persons, want)
		}
	})
}
