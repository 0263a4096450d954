package protocol_test

import (
	"fmt"
	"testing"

	"loa/controller/protocol"
)

// BenchmarkWire writes each kind of message as it travels, and tells how many
// bytes that is: a village's SIM is paid for by the megabyte.
func BenchmarkWire(b *testing.B) {
	for _, c := range []struct {
		name string
		make func() []byte
	}{
		{"alert-two-languages", func() []byte { return sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer") }},
		{"cancel", func() []byte { return sealed(protocol.KindCancel, protocol.Live, aCancel(), "officer") }},
		{"stop", func() []byte { return sealed(protocol.KindStop, protocol.Live, aStop(), "officer") }},
		{"local", func() []byte { return sealed(protocol.KindLocal, protocol.Live, aLocal(), "passkey:keeper") }},
		{"bulletin", func() []byte { return sealed(protocol.KindBulletin, protocol.Live, aBulletin(), "officer") }},
		{"plan-50-programmes", func() []byte { return sealed(protocol.KindPlan, protocol.Live, aPlanOf(50), "central") }},
		{"root", func() []byte { return sealed(protocol.KindRoot, protocol.Live, aRoot(), "owner1", "owner2") }},
		{"keyset-1-commune", func() []byte { return sealed(protocol.KindKeySet, protocol.Live, aKeySetOf(1), "admin1", "admin2") }},
		{"keyset-38-communes", func() []byte { return sealed(protocol.KindKeySet, protocol.Live, aKeySetOf(38), "admin1", "admin2") }},
		{"placement", func() []byte { return sealed(protocol.KindPlacement, protocol.Live, aPlacement(), "admin2", "admin3") }},
		{"time", func() []byte { return sealed(protocol.KindTime, protocol.Live, aTime(), "central") }},
		{"ack", func() []byte { return sealed(protocol.KindAck, protocol.Live, anAck(), "central") }},
		{"receipt-with-evidence", func() []byte { return encode(sealedReceipt()) }},
		{"hello", func() []byte { return encode(aHello()) }},
		{"state", func() []byte { return encode(aState()) }},
		{"telemetry", func() []byte { return encode(aTelemetry()) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var data []byte
			for b.Loop() {
				data = c.make()
			}
			if len(data) == 0 || len(data) > protocol.MaxMessage {
				b.Fatalf("%d bytes, from 1 to %d", len(data), protocol.MaxMessage)
			}
			b.ReportMetric(float64(len(data)), "wire-B")
		})
	}
}

// aPlanOf has so many daily programmes of a chime and one bulletin in two
// languages.
func aPlanOf(programmes int) protocol.Plan {
	plan := aPlan()
	one := plan.Items[0]
	plan.Items = nil
	for i := range programmes {
		it := one
		it.ID, it.Order = fmt.Sprintf("programme-%02d", i), i
		it.Start = fmt.Sprintf("2026-11-22T%02d:%02d:00", 5+i/4, i%4*15)
		it.Except = nil
		bulletin := anAudio(it.ID).SHA256
		it.Parts = []protocol.Part{one.Parts[0], {Sources: []protocol.Source{
			{Bulletin: bulletin, Language: "hmn"}, {Bulletin: bulletin, Language: "vi"},
		}}}
		plan.Items = append(plan.Items, it)
	}
	return plan
}

// aKeySetOf is a province of so many communes: three persons at its desk, two
// officers with a key each in every commune, and the rules that central makes
// for them.
func aKeySetOf(communes int) protocol.KeySet {
	ks := aKeySet()
	desk := []string{"wide1", "wide2", "wide3"}
	central := person("central")
	central.Service = true
	ks.Persons = append(persons(desk...), central)
	ks.Rules = nil
	rule := func(kind protocol.Kind, mode protocol.Mode, scope string, threshold int, who ...string) {
		ks.Rules = append(ks.Rules, protocol.Rule{Kind: kind, Mode: mode, Scope: scope, Persons: who, Threshold: threshold})
	}
	rule(protocol.KindBulletin, protocol.Live, "12", 1, desk...)
	rule(protocol.KindAlert, protocol.Live, "12", 2, desk...)
	rule(protocol.KindAlert, protocol.Drill, "12", 1, desk...)
	for i := range communes {
		code := fmt.Sprintf("%05d", 3388+i)
		officers := []string{"officer-a-" + code, "officer-b-" + code}
		ks.Persons = append(ks.Persons, persons(officers...)...)
		rule(protocol.KindBulletin, protocol.Live, code, 1, officers...)
		for _, kind := range []protocol.Kind{protocol.KindAlert, protocol.KindLocal} {
			rule(kind, protocol.Live, code, 1, officers...)
			rule(kind, protocol.Drill, code, 1, officers...)
		}
	}
	for _, kind := range []protocol.Kind{protocol.KindPlan, protocol.KindTime, protocol.KindAck} {
		rule(kind, protocol.Live, "12", 1, "central")
	}
	return ks
}
