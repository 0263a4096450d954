package protocol_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"

	"loa/controller/protocol"
)

// BenchmarkOpen opens an alert; BenchmarkVerify is its baseline: the signatures
// alone, which is what nobody can save.
func BenchmarkOpen(b *testing.B) {
	for _, c := range benched() {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b)
			w.KeySet = manyPersons(c.persons)
			b.ReportAllocs()
			b.SetBytes(int64(len(c.data)))
			for b.Loop() {
				if _, err := w.open(c.data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, c := range benched() {
		b.Run(c.name, func(b *testing.B) {
			e := opened(c.data)
			pae := e.PAE()
			var keys []ed25519.PublicKey
			for _, name := range c.signers {
				keys = append(keys, public(name).Public)
			}
			for b.Loop() {
				for i, key := range keys {
					if !ed25519.Verify(key, pae, e.Signatures[i].Sig) {
						b.Fatal("does not verify")
					}
				}
			}
		})
	}
}

// BenchmarkDecode is the reading alone.
func BenchmarkDecode(b *testing.B) {
	for _, c := range benched() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				e, err := protocol.Decode[protocol.Envelope](c.data)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := protocol.Decode[protocol.Alert](e.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type benchCase struct {
	name    string
	persons int // in the key set, beside those who sign
	data    []byte
	signers []string
}

func benched() []benchCase {
	return []benchCase{
		{"commune", 0, sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer"), []string{"officer"}},
		{"wide", 0, sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2"), []string{"wide1", "wide2"}},
		{"wide of 2,000 persons", 2000, sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2"), []string{"wide1", "wide2"}},
	}
}

func manyPersons(more int) *protocol.KeySet {
	ks := aKeySet()
	ks.Persons = append(ks.Persons[:0:0], ks.Persons...)
	for i := range more {
		ks.Persons = append([]protocol.Person{{ID: fmt.Sprint("x", i), Keys: []protocol.Key{{ID: fmt.Sprintf("%032x", i)}}}}, ks.Persons...)
	}
	return &ks
}
