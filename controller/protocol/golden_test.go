package protocol_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/controller/protocol"
)

// goldens are what every version of the contract has ever put on the wire. A
// file is written once, by -update, and kept for ever: a board in the field may
// hold such bytes.
const goldens = "testdata/golden"

// goldenOrders come in the order in which a board must learn of them.
var goldenOrders = []struct {
	kind  protocol.Kind
	mode  protocol.Mode
	bytes func() []byte
}{
	{protocol.KindRoot, protocol.Live, func() []byte { return sealed(protocol.KindRoot, protocol.Live, aRoot(), "owner1", "owner2") }},
	{protocol.KindKeySet, protocol.Live, func() []byte { return sealed(protocol.KindKeySet, protocol.Live, aKeySet(), "admin1", "admin2") }},
	{protocol.KindPlacement, protocol.Live, func() []byte {
		return sealed(protocol.KindPlacement, protocol.Live, aPlacement(), "admin2", "admin3")
	}},
	{protocol.KindTime, protocol.Live, func() []byte { return sealed(protocol.KindTime, protocol.Live, aTime(), "central") }},
	{protocol.KindAck, protocol.Live, func() []byte { return sealed(protocol.KindAck, protocol.Live, anAck(), "central") }},
	{protocol.KindBulletin, protocol.Live, func() []byte { return sealed(protocol.KindBulletin, protocol.Live, aBulletin(), "officer") }},
	{protocol.KindPlan, protocol.Live, func() []byte { return sealed(protocol.KindPlan, protocol.Live, aPlan(), "central") }},
	{protocol.KindAlert, protocol.Live, func() []byte {
		return sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2")
	}},
	{protocol.KindAlert, protocol.Drill, func() []byte { return sealed(protocol.KindAlert, protocol.Drill, anAlert(), "drillmaster") }},
	{protocol.KindLocal, protocol.Live, func() []byte { return sealed(protocol.KindLocal, protocol.Live, aLocal(), "passkey:keeper") }},
	{protocol.KindLocal, protocol.Drill, func() []byte { return sealed(protocol.KindLocal, protocol.Drill, aLocal(), "officer") }},
	{protocol.KindStop, protocol.Live, func() []byte {
		return sealed(protocol.KindStop, protocol.Live, aStop(
			protocol.Target{Occurrence: "news-am@2026-11-22T05:30:00"}, protocol.Target{Alert: "0b11", Mode: protocol.Live}), "officer")
	}},
	{protocol.KindCancel, protocol.Live, func() []byte { return sealed(protocol.KindCancel, protocol.Live, aCancel(), "wide3") }},
	{protocol.KindCancel, protocol.Drill, func() []byte { return sealed(protocol.KindCancel, protocol.Drill, aCancel(), "officer") }},
}

func golden(t testing.TB, version int, name string, want func() []byte) []byte {
	t.Helper()
	return keep(t, filepath.Join(goldens, fmt.Sprint(version), name+".json"), want)
}

func orderName(k protocol.Kind, m protocol.Mode) string { return string(k) + "." + string(m) }

// goldenWorld is the board for which a version's golden orders were made.
func goldenWorld(t testing.TB, version int) *world {
	t.Helper()
	document := func(k protocol.Kind) []byte {
		e := opened(golden(t, version, orderName(k, protocol.Live), nil))
		return e.Payload
	}
	signed, err := protocol.Decode[protocol.SignedTime](document(protocol.KindTime))
	if err != nil {
		t.Fatal(err)
	}
	ack, err := protocol.Decode[protocol.Ack](document(protocol.KindAck))
	if err != nil {
		t.Fatal(err)
	}
	placement, err := protocol.Decode[protocol.Placement](document(protocol.KindPlacement))
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		Known: protocol.Known{
			BoardKey: placement.Board.ID, Epoch: ack.Epoch, Boot: signed.Boot, Enrolling: true,
			Held: map[string]protocol.Held{}, Alerts: map[string]protocol.KnownAlert{}, Stops: map[string]bool{},
		},
		Clock: protocol.Clock{Now: signed.Time, Trusted: true, Floor: signed.Time.AddDate(0, 0, -1)},
	}
}

// versions are those of which golden files are kept, the current one included.
func versions(t *testing.T) []int {
	t.Helper()
	all := []int{protocol.Version}
	entries, err := os.ReadDir(goldens)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for _, e := range entries {
		var v int
		if _, err := fmt.Sscanf(e.Name(), "%d", &v); err != nil {
			t.Fatalf("%s is no version", e.Name())
		}
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

func TestGoldenOrders(t *testing.T) {
	for _, version := range versions(t) {
		if version == protocol.Version {
			for _, g := range goldenOrders {
				golden(t, version, orderName(g.kind, g.mode), g.bytes)
			}
		}
		w := goldenWorld(t, version)
		for _, g := range goldenOrders {
			name := orderName(g.kind, g.mode)
			data := golden(t, version, name, g.bytes)
			o, err := w.open(data)
			if err != nil {
				t.Errorf("%d/%s: %v", version, name, err)
				continue
			}
			w.accept(o)
			w.Enrolling = false
			if o.Kind != g.kind || o.Mode != g.mode {
				t.Errorf("%d/%s: opened as %s", version, name, orderName(o.Kind, o.Mode))
			}
			if again := encode(o.Envelope); !bytes.Equal(again, data) {
				t.Errorf("%d/%s: the envelope is written as\n%s\nand was\n%s", version, name, again, data)
			}
			if again := encode(o.Document); !bytes.Equal(again, o.Envelope.Payload) {
				t.Errorf("%d/%s: the document is written as\n%s\nand was\n%s", version, name, again, o.Envelope.Payload)
			}
		}
	}
}

// What a version gained since is kept in a file of its own: boards that hold the
// first ones read both.
func TestGoldenAdditions(t *testing.T) {
	data := golden(t, 20261121, "plan.additions", func() []byte {
		p := aPlan()
		p.SelfTest, p.Items[0].Gain = &protocol.SelfTest{Start: "02:40:00", Late: 3600}, -6.5
		return sealed(protocol.KindPlan, protocol.Live, p, "central")
	})
	w := newWorld(t)
	p := mustOpen(w, data).Document.(*protocol.Plan)
	if p.SelfTest == nil || *p.SelfTest != (protocol.SelfTest{Start: "02:40:00", Late: 3600}) || p.Items[0].Gain != -6.5 {
		t.Errorf("read as %+v, gain %v", p.SelfTest, p.Items[0].Gain)
	}
	if again := encode(p); !bytes.Equal(again, opened(data).Payload) {
		t.Errorf("is written as\n%s\nand was\n%s", again, opened(data).Payload)
	}
}

func aHello() protocol.Hello {
	return protocol.Hello{
		Version: protocol.Version, Cluster: "muong-te-03", Agent: "1.0.0", Epoch: "epoch-1", Boot: "boot-1", Clock: protocol.ClockUntrusted,
		Held:      map[string]protocol.Held{"plan": {Revision: 9, Hash: anAudio("plan").SHA256}, "keyset": {Revision: 5, Hash: anAudio("keyset").SHA256}},
		Cancelled: []string{"alert/live/0b11"}, Missing: []string{anAudio("cattle hmn").SHA256}, Next: 43,
	}
}

func aResync() protocol.Resync {
	return protocol.Resync{Version: protocol.Version, Boot: "boot-1", Orders: []protocol.Envelope{
		opened(sealed(protocol.KindCancel, protocol.Live, aCancel(), "wide3")),
		opened(sealed(protocol.KindLocal, protocol.Live, aLocal(), "passkey:keeper")),
	}}
}

func aState() protocol.State {
	return protocol.State{
		Version: protocol.Version, Cluster: "muong-te-03", Online: true, At: now, Boot: "boot-1", Clock: protocol.ClockTrusted,
		OnAir: []protocol.OnAir{{Output: "horn", Class: "emergency", Mode: protocol.Drill, Subject: "alert/drill/7f3c",
			Order: anAudio("an order's hash").SHA256, Since: now}},
		Faults: []protocol.FaultNote{{Part: "store", Detail: "read-only file system"}},
	}
}

func aTelemetry() protocol.Telemetry {
	return protocol.Telemetry{
		Version: protocol.Version, Cluster: "muong-te-03", At: now, Uptime: 86_400, DiskFree: 12 << 30, Receipts: 3, PlanUntil: now.AddDate(0, 0, 30),
	}
}

func anEnrolment() protocol.Enrolment {
	return protocol.Enrolment{
		Version: protocol.Version, Cluster: "muong-te-03",
		Certificate: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
		Authority:   "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n",
		Broker:      "central.laichau.example:8883", Audio: "https://central.laichau.example:8444",
		Root:      opened(sealed(protocol.KindRoot, protocol.Live, aRoot(), "owner1", "owner2")),
		KeySet:    opened(sealed(protocol.KindKeySet, protocol.Live, aKeySet(), "admin1", "admin2")),
		Placement: opened(sealed(protocol.KindPlacement, protocol.Live, aPlacement(), "admin2", "admin3")),
	}
}

// message checks one unsigned message: read, written anew, the same bytes.
func checkGolden[T any](t *testing.T, version int, name string, want func() T, read func([]byte) (T, error)) {
	t.Helper()
	data := golden(t, version, name, func() []byte { return encode(want()) })
	m, err := read(data)
	if err != nil {
		t.Errorf("%d/%s: %v", version, name, err)
		return
	}
	if again := encode(m); !bytes.Equal(again, data) {
		t.Errorf("%d/%s: is written as\n%s\nand was\n%s", version, name, again, data)
	}
	if version == protocol.Version {
		if fresh := encode(want()); !bytes.Equal(fresh, data) {
			t.Errorf("%d/%s: a new one is\n%s\nand was\n%s", version, name, fresh, data)
		}
	}
}

func TestGoldenMessages(t *testing.T) {
	for _, v := range versions(t) {
		checkGolden(t, v, "hello", aHello, protocol.DecodeMessage[protocol.Hello])
		checkGolden(t, v, "resync", aResync, protocol.DecodeMessage[protocol.Resync])
		checkGolden(t, v, "state", aState, protocol.DecodeMessage[protocol.State])
		checkGolden(t, v, "telemetry", aTelemetry, protocol.DecodeMessage[protocol.Telemetry])
		checkGolden(t, v, "enrolment", anEnrolment, protocol.DecodeMessage[protocol.Enrolment])
		checkGolden(t, v, orderName(protocol.KindReceipt, protocol.Live), sealedReceipt, func(data []byte) (protocol.Envelope, error) {
			_, e, err := protocol.OpenReceipt(data, public("board"))
			return e, err
		})
		checkGolden(t, v, orderName(protocol.KindEnrol, protocol.Live), sealedEnrolRequest, func(data []byte) (protocol.Envelope, error) {
			r, err := protocol.OpenEnrolRequest(data)
			if err == nil && r.Host != "loa-board" {
				err = fmt.Errorf("host is %q", r.Host)
			}
			return opened(data), err
		})
	}
}

func sealedReceipt() protocol.Envelope {
	e, err := protocol.SealReceipt(aReceipt(), private("board"))
	if err != nil {
		panic(err)
	}
	return e
}

func sealedEnrolRequest() protocol.Envelope {
	e, err := protocol.SealEnrolRequest(anEnrolRequest(), private("board"))
	if err != nil {
		panic(err)
	}
	return e
}

// TestGoldensAreAll: no kind of document is without a golden file.
func TestGoldensAreAll(t *testing.T) {
	for _, kind := range []protocol.Kind{
		protocol.KindRoot, protocol.KindKeySet, protocol.KindPlacement, protocol.KindBulletin, protocol.KindPlan, protocol.KindAlert,
		protocol.KindCancel, protocol.KindStop, protocol.KindLocal, protocol.KindTime, protocol.KindReceipt, protocol.KindAck, protocol.KindEnrol,
	} {
		for _, mode := range []protocol.Mode{protocol.Live, protocol.Drill} {
			if _, _, err := protocol.ParsePayloadType(protocol.PayloadType(kind, mode)); err != nil {
				continue
			}
			path := filepath.Join(goldens, fmt.Sprint(protocol.Version), orderName(kind, mode)+".json")
			if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), protocol.PayloadType(kind, mode)) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}
