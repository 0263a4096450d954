package protocol_test

import (
	"reflect"
	"strings"
	"testing"

	"loa/controller/protocol"
)

// TestPAE has the example of the DSSE specification, and lengths that are
// counted in bytes.
func TestPAE(t *testing.T) {
	for _, c := range []struct{ payloadType, payload, want string }{
		{"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world"},
		{"", "", "DSSEv1 0  0 "},
		{"t", "cụm loa", "DSSEv1 1 t 9 cụm loa"},
	} {
		e := protocol.Envelope{PayloadType: c.payloadType, Payload: []byte(c.payload)}
		if got := string(e.PAE()); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestPayloadTypes(t *testing.T) {
	for _, c := range []struct {
		text string
		kind protocol.Kind
		mode protocol.Mode
		ok   bool
	}{
		{"application/vnd.loa.alert.live.v1+json", protocol.KindAlert, protocol.Live, true},
		{"application/vnd.loa.alert.drill.v1+json", protocol.KindAlert, protocol.Drill, true},
		{"application/vnd.loa.enrol.live.v1+json", protocol.KindEnrol, protocol.Live, true},
		{"application/vnd.loa.plan.drill.v1+json", "", "", false},
		{"application/vnd.loa.alert.live.v2+json", "", "", false},
		{"application/vnd.loa.alert.live.drill.v1+json", "", "", false},
		{"application/vnd.loa.alert..v1+json", "", "", false},
		{"application/vnd.loa..live.v1+json", "", "", false},
		{"application/vnd.loa.v1+json", "", "", false},
		{" application/vnd.loa.alert.live.v1+json", "", "", false},
		{"", "", "", false},
	} {
		k, m, err := protocol.ParsePayloadType(c.text)
		if k != c.kind || m != c.mode || (err == nil) != c.ok {
			t.Errorf("%q is read as %q %q, %v", c.text, k, m, err)
		}
		if c.ok && protocol.PayloadType(k, m) != c.text {
			t.Errorf("%q is written as %q", c.text, protocol.PayloadType(k, m))
		}
	}
}

func TestHashIsOfWhatIsSigned(t *testing.T) {
	e := opened(sealed(protocol.KindAlert, protocol.Live, anAlert()))
	before := e.Hash()
	e.Sign(private("officer"))
	if e.Hash() != before {
		t.Error("a signature changes the hash")
	}
	e.Sign(private("officer"))
	if len(e.Signatures) != 1 {
		t.Errorf("%d signatures by one key", len(e.Signatures))
	}
	drill := opened(sealed(protocol.KindAlert, protocol.Drill, anAlert()))
	if drill.Hash() == before {
		t.Error("a drill has the hash of the live alert")
	}
}

// TestOnePayloadManySpellings: base64 has bits at its end that do not count. The
// order is its decoded bytes, whatever the spelling.
func TestOnePayloadManySpellings(t *testing.T) {
	honest := sealedRaw(liveAlert, withMember(encode(anAlert()), "{", `"a":1,`), "officer")
	if !strings.Contains(string(honest), `=","signatures"`) {
		t.Fatal("the payload needs padding for this test")
	}
	at := strings.Index(string(honest), `=`) - 1
	spelt := []byte(string(honest))
	for string(spelt[at+1]) != `=` {
		at++
	}
	spelt[at]++
	a, err := newWorld(t).open(honest)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newWorld(t).open(spelt)
	if err != nil {
		t.Fatal(err)
	}
	if a.Hash != b.Hash {
		t.Error("two hashes")
	}
}

func TestReceipts(t *testing.T) {
	board := public("board")
	honest := encode(sealedReceipt())
	if r, _, err := protocol.OpenReceipt(honest, board); err != nil || r.Sequence != 42 || r.Evidence.Verdict != protocol.VerdictUnknown {
		t.Fatalf("read as %+v, %v", r, err)
	}
	with := func(edit func(*protocol.Receipt)) []byte {
		r := aReceipt()
		edit(&r)
		return sealed(protocol.KindReceipt, protocol.Live, r, "board")
	}
	revoked := board
	revoked.Revoked = true
	for _, c := range []struct {
		name   string
		data   []byte
		key    protocol.Key
		reason protocol.Reason
	}{
		{"another board's", honest, public("board-2"), protocol.ReasonUnknownKey},
		{"of a board whose key was revoked", honest, revoked, protocol.ReasonRevoked},
		{"with a changed byte", spoilt(honest, func(e *protocol.Envelope) { e.Payload = respelt(e.Payload, `"sequence":42`, `"sequence":43`) }), board, protocol.ReasonBadSignature},
		{"without a signature", spoilt(honest, func(e *protocol.Envelope) { e.Signatures = nil }), board, protocol.ReasonThreshold},
		{"with two", sealed(protocol.KindReceipt, protocol.Live, aReceipt(), "board", "board-2"), board, protocol.ReasonThreshold},
		{"that is an alert", sealed(protocol.KindAlert, protocol.Live, anAlert(), "board"), board, protocol.ReasonUnknownType},
		{"of another version", with(func(r *protocol.Receipt) { r.Version++ }), board, protocol.ReasonUnknownVersion},
		{"without a number", with(func(r *protocol.Receipt) { r.Sequence = 0 }), board, protocol.ReasonInvalid},
		{"without an epoch", with(func(r *protocol.Receipt) { r.Epoch = "" }), board, protocol.ReasonInvalid},
		{"of no cluster", with(func(r *protocol.Receipt) { r.Cluster = "+/#" }), board, protocol.ReasonInvalid},
		{"of no order", with(func(r *protocol.Receipt) { r.Order = "x" }), board, protocol.ReasonInvalid},
		{"with 65 sensors", with(func(r *protocol.Receipt) { r.Evidence.Sensors = make([]protocol.Sensed, 65) }), board, protocol.ReasonInvalid},
		{"with a sensor of a long name", with(func(r *protocol.Receipt) {
			r.Evidence.Sensors = []protocol.Sensed{{Name: strings.Repeat("x", 101)}}
		}), board, protocol.ReasonInvalid},
		{"with a sensor that tells much", with(func(r *protocol.Receipt) {
			r.Evidence.Sensors = []protocol.Sensed{{Name: "current", Detail: strings.Repeat("x", 1001)}}
		}), board, protocol.ReasonInvalid},
		{"with a sensor that has a level for a word", spoilt(honest, func(e *protocol.Envelope) {
			e.Payload = respelt(e.Payload, `"verdict":"unknown"`, `"verdict":"heard","sensors":[{"name":"current","level":"loud"}]`)
			e.Signatures = nil
			e.Sign(private("board"))
		}), board, protocol.ReasonMalformed},
		{"with a detail of 5,000 bytes", with(func(r *protocol.Receipt) { r.Detail = strings.Repeat("x", 5000) }), board, protocol.ReasonInvalid},
	} {
		if r, _, err := protocol.OpenReceipt(c.data, c.key); protocol.ReasonOf(err) != c.reason || r.Sequence != 0 {
			t.Errorf("a receipt %s: %v, want %s", c.name, err, c.reason)
		}
	}
}

func TestEnrolRequests(t *testing.T) {
	for _, c := range []struct {
		name   string
		data   []byte
		reason protocol.Reason
	}{
		{"honest", encode(sealedEnrolRequest()), ""},
		{"signed by another key", sealed(protocol.KindEnrol, protocol.Live, anEnrolRequest(), "board-2"), protocol.ReasonUnknownKey},
		{"for another key under this id", spoilt(encode(sealedEnrolRequest()), func(e *protocol.Envelope) {
			e.Payload = respelt(e.Payload, string(encode(public("board").Public)), string(encode(public("board-2").Public)))
		}), protocol.ReasonBadSignature},
		{"unsigned", sealed(protocol.KindEnrol, protocol.Live, anEnrolRequest()), protocol.ReasonThreshold},
	} {
		if _, err := protocol.OpenEnrolRequest(c.data); protocol.ReasonOf(err) != c.reason || (err == nil) != (c.reason == "") {
			t.Errorf("a request %s: %v, want %q", c.name, err, c.reason)
		}
	}
}

func TestMessagesRefused(t *testing.T) {
	hello := encode(aHello())
	for _, c := range []struct {
		name   string
		data   []byte
		reason protocol.Reason
	}{
		{"honest", hello, ""},
		{"of 5 MB", append(hello, strings.Repeat(" ", 5<<20)...), protocol.ReasonTooLarge},
		{"of another version", respelt(hello, "20261121", "20261122"), protocol.ReasonUnknownVersion},
		{"of no version", []byte(`{}`), protocol.ReasonUnknownVersion},
		{"of a wildcard", respelt(hello, "muong-te-03", "+"), protocol.ReasonInvalid},
		{"of no boot", respelt(hello, `"boot-1"`, `""`), protocol.ReasonInvalid},
		{"with a case variant", withMember(hello, "{", `"Epoch":"x",`), protocol.ReasonMalformed},
		{"with a case variant in a map", respelt(hello, `"hash"`, `"Hash"`), protocol.ReasonMalformed},
		{"with a subject twice", withMember(hello, `"held":{`, `"plan":{},`), protocol.ReasonMalformed},
		{"with a subject in another case, which is another subject", withMember(hello, `"held":{`, `"Plan":{},`), ""},
	} {
		if _, err := protocol.DecodeMessage[protocol.Hello](c.data); protocol.ReasonOf(err) != c.reason || (err == nil) != (c.reason == "") {
			t.Errorf("a hello %s: %v, want %q", c.name, err, c.reason)
		}
	}
}

func TestTopics(t *testing.T) {
	for _, lane := range append(protocol.Downward, protocol.Upward...) {
		cluster, l, ok := protocol.ParseClusterTopic(protocol.ClusterTopic("muong-te-03", lane))
		if !ok || cluster != "muong-te-03" || l != lane {
			t.Errorf("%s is read as %q %q %v", lane, cluster, l, ok)
		}
	}
	if area, ok := protocol.ParseAreaTopic(protocol.AreaTopic("03388.01")); !ok || area != "03388.01" {
		t.Errorf("area is read as %q %v", area, ok)
	}
	for _, topic := range []string{
		"", "loa/1/cluster/+/alert", "loa/1/cluster/muong-te-03/#", "loa/1/cluster/muong-te-03/alert/x", "loa/1/cluster//alert",
		"loa/2/cluster/muong-te-03/alert", "loa/1/cluster/muong-te-03/Alert", "/loa/1/cluster/muong-te-03/alert",
		"loa/1/area/+/alert", "loa/1/area/03388/order", "loa/1/area/03388/alert/x", "loa/1/area/3388/alert", "$share/g/loa/1/area/03388/alert",
	} {
		if _, _, ok := protocol.ParseClusterTopic(topic); ok {
			t.Errorf("%q is taken for a cluster's", topic)
		}
		if _, ok := protocol.ParseAreaTopic(topic); ok {
			t.Errorf("%q is taken for an area's", topic)
		}
	}
}

func TestWide(t *testing.T) {
	for _, c := range []struct {
		audience []string
		wide     bool
	}{
		{[]string{"03388"}, false}, {[]string{"03388.01"}, false}, {[]string{"03388.01", "03388.02"}, false}, {[]string{"03388", "03388.01"}, false},
		{[]string{"12"}, true}, {[]string{"03388", "12"}, true}, {[]string{"12", "03388"}, true}, {[]string{"03388", "03390"}, true},
		{[]string{"03388.01", "03390.01"}, true}, {nil, true},
	} {
		if got := protocol.Wide(c.audience); got != c.wide {
			t.Errorf("%v: wide is %v, want %v", c.audience, got, c.wide)
		}
	}
}

func TestPermits(t *testing.T) {
	b := aBulletin()
	placed := []string{"12", "03388"}
	for _, c := range []struct {
		name string
		err  error
		ok   bool
	}{
		{"as approved", b.Permits("routine", placed, now), true},
		{"of another class", b.Permits("priority", placed, now), false},
		{"in another commune", b.Permits("routine", []string{"12", "03390"}, now), false},
		{"too early", b.Permits("routine", placed, b.NotBefore.Add(-1)), false},
		{"at its beginning", b.Permits("routine", placed, b.NotBefore), true},
		{"at its end", b.Permits("routine", placed, b.NotAfter), false},
	} {
		if (c.err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
}

// What sensors told comes through as it was, and a receipt without any is
// written as it was before there were sensors.
func TestReceiptsCarrySensors(t *testing.T) {
	r := aReceipt()
	if strings.Contains(string(encode(r)), "sensors") {
		t.Errorf("a receipt without sensors is written as %s", encode(r))
	}
	r.Evidence.Verdict = protocol.VerdictSilent
	r.Evidence.Sensors = []protocol.Sensed{
		{Name: "current", Quantity: "current", Verdict: protocol.VerdictSilent, Level: 0.15, Rest: 0.15, Correlation: -0.02},
		{Name: "ear", Quantity: "sound", Verdict: protocol.VerdictUnknown, Detail: "read sensor: no answer"},
	}
	got, _, err := protocol.OpenReceipt(sealed(protocol.KindReceipt, protocol.Live, r, "board"), public("board"))
	if err != nil || !reflect.DeepEqual(got.Evidence.Sensors, r.Evidence.Sensors) || got.Evidence.Verdict != protocol.VerdictSilent {
		t.Errorf("read as %+v, %v", got.Evidence, err)
	}
}
