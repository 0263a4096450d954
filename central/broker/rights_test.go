package broker_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"loa/central/broker"
	"loa/controller/protocol"
)

func TestMessagesGoBothWays(t *testing.T) {
	c := start(t, nil)
	c.place("muong-te-03", "12", "03388", "03388.01")
	b := c.board(t, "muong-te-03")
	b.connect(t)
	if !c.Online("muong-te-03") || c.Online("muong-te-04") {
		t.Error("Online is wrong")
	}
	b.listen(t, "12", "03388", "03388.01")

	for _, l := range protocol.Downward {
		if err := c.ToCluster("muong-te-03", l, []byte("to "+l)); err != nil {
			t.Errorf("lane %s: %v", l, err)
		}
		if got := lane(b.receive(t)); got != string(l)+" to "+string(l) {
			t.Errorf("lane %s: received %q", l, got)
		}
	}
	for _, area := range []string{"12", "03388", "03388.01"} {
		if err := c.ToArea(area, []byte("alert")); err != nil {
			t.Error(err)
		}
		if got, want := b.receive(t), protocol.AreaTopic(area)+" alert"; got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	}
	for _, l := range protocol.Upward {
		for qos := range byte(2) {
			b.publish(t, protocol.ClusterTopic("muong-te-03", l), qos, l == protocol.LaneState, "from "+string(l))
			if got, want := c.next(t), (delivery{"muong-te-03", l, "from " + string(l)}); got != want {
				t.Errorf("delivered %+v, want %+v", got, want)
			}
		}
	}
}

// A cluster's certificate must not open another's topics.
func TestForeignSubscriptionIsRefused(t *testing.T) {
	c := start(t, nil)
	c.place("thief-01", "03388")
	victim := c.board(t, "muong-te-03")
	victim.connect(t)
	c.place("muong-te-03", "03389")
	victim.listen(t, "03389")
	thief := c.board(t, "thief-01")
	thief.connect(t)
	thief.listen(t, "03388")

	filters := []string{
		"#", "+", "loa/#", "loa/1/cluster/+/alert", "loa/1/cluster/thief-01/#", "loa/1/area/+/alert", "loa/1/area/#",
		"$SYS/#", "$SYS/broker/version", "/loa/1/cluster/thief-01/alert", "loa/1/cluster/thief-01/alert/",
		"$share/group/loa/1/cluster/thief-01/alert", "$share/group/loa/1/cluster/muong-te-03/alert",
		"$SHARE/group/loa/1/cluster/muong-te-03/alert",
		"loa/1/cluster/THIEF-01/alert", "loa/1/cluster/thief-01/Alert",
		"loa/1/area/03389/alert", "loa/1/area/03388.01/alert", "loa/1/area/12/alert", "loa/1/area/03388/order",
		"loa/1/area/03388 /alert", "loa/1/area//alert", "other/topic",
	}
	for _, l := range append(protocol.Downward, protocol.Upward...) {
		filters = append(filters, protocol.ClusterTopic("muong-te-03", l))
	}
	for _, l := range protocol.Upward {
		filters = append(filters, protocol.ClusterTopic("thief-01", l)) // its own, but nobody reads up
	}
	for _, f := range filters {
		if code := thief.subscribe(t, f); code != 0x80 {
			t.Errorf("subscribe to %s: SUBACK %#x, want 0x80", f, code)
		}
	}

	for _, l := range protocol.Downward {
		if err := c.ToCluster("muong-te-03", l, []byte("secret")); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.ToArea("03389", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	for range len(protocol.Downward) + 1 {
		victim.receive(t)
	}
	victim.publish(t, protocol.ClusterTopic("muong-te-03", protocol.LaneState), 1, true, "secret")
	if err := c.ToCluster("thief-01", protocol.LaneAck, []byte("mine")); err != nil {
		t.Fatal(err)
	}
	if got := lane(thief.receive(t)); got != "ack mine" {
		t.Errorf("thief received %q", got)
	}
}

func TestAreaIsAskedAtEachSubscription(t *testing.T) {
	c := start(t, nil)
	c.place("muong-te-03", "03388")
	b := c.board(t, "muong-te-03")
	b.connect(t)
	b.listen(t, "03388")
	c.place("muong-te-03", "03389") // the communes merged
	if code := b.subscribe(t, protocol.AreaTopic("03389")); code > 1 {
		t.Errorf("new area: SUBACK %#x", code)
	}
	if code := b.subscribe(t, protocol.AreaTopic("03388")); code != 0x80 {
		t.Errorf("old area: SUBACK %#x, want 0x80", code)
	}
	if err := c.ToArea("03388", []byte("old")); err != nil {
		t.Error(err)
	}
	if err := c.ToArea("03389", []byte("new")); err != nil {
		t.Error(err)
	}
	if got := b.receive(t); !strings.HasSuffix(got, " new") {
		t.Errorf("received %q", got)
	}
}

func TestUnsubscribe(t *testing.T) {
	c := start(t, nil)
	b := c.board(t, "muong-te-03")
	b.connect(t)
	b.listen(t)
	topic := protocol.ClusterTopic("muong-te-03", protocol.LaneOrder)
	if token := b.Unsubscribe(topic); !token.WaitTimeout(soon) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	if err := c.ToCluster("muong-te-03", protocol.LaneOrder, []byte("x")); !errors.Is(err, broker.ErrOffline) {
		t.Errorf("error %v, want ErrOffline", err)
	}
}

// What a board may not write ends its connection, and is delivered to nobody.
func TestForeignPublishDisconnects(t *testing.T) {
	own := func(l protocol.Lane) string { return protocol.ClusterTopic("thief-01", l) }
	other := func(l protocol.Lane) string { return protocol.ClusterTopic("muong-te-03", l) }
	tests := []struct {
		name, topic string
		qos         byte
		retain      bool
		size        int
	}{
		{"another's receipt", other(protocol.LaneReceipt), 1, false, 10},
		{"another's receipt, QoS 0", other(protocol.LaneReceipt), 0, false, 10},
		{"another's state, retained", other(protocol.LaneState), 0, true, 10},
		{"another's alert", other(protocol.LaneAlert), 1, false, 10},
		{"another's alert, retained", other(protocol.LaneAlert), 1, true, 10},
		{"own alert", own(protocol.LaneAlert), 0, false, 10},
		{"own order, retained", own(protocol.LaneOrder), 1, true, 10},
		{"area's alert", protocol.AreaTopic("03388"), 0, false, 10},
		{"area's alert, retained", protocol.AreaTopic("03388"), 1, true, 10},
		{"retained receipt", own(protocol.LaneReceipt), 1, true, 10},
		{"retained hello", own(protocol.LaneHello), 0, true, 10},
		{"QoS 2", own(protocol.LaneState), 2, false, 10},
		{"server's topic", "$SYS/broker/version", 0, false, 10},
		{"unknown lane", "loa/1/cluster/thief-01/voice", 0, false, 10},
		{"unknown topic", "x", 0, false, 10},
		{"empty", own(protocol.LaneState), 0, true, 0},
		{"too large", own(protocol.LaneReceipt), 1, false, protocol.MaxMessage + 1},
		{"far too large", own(protocol.LaneReceipt), 1, false, 10 << 20},
	}
	c := start(t, nil)
	c.place("muong-te-03", "03388")
	c.place("thief-01", "03388")
	victim := c.board(t, "muong-te-03")
	victim.connect(t)
	victim.listen(t, "03388")
	first := c.board(t, "thief-01")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			thief := first.again(c)
			thief.connect(t)
			thief.Publish(tt.topic, tt.qos, tt.retain, strings.Repeat("x", tt.size))
			thief.isLost(t)
		})
	}
	c.nothing(t)
	// A retained one would come with the subscription.
	victim.listen(t, "03388")
	if err := c.ToArea("03388", []byte("real")); err != nil {
		t.Fatal(err)
	}
	if got := victim.receive(t); got != protocol.AreaTopic("03388")+" real" {
		t.Errorf("victim received %q", got)
	}
}

func TestLargestMessage(t *testing.T) {
	c := start(t, nil)
	b := c.board(t, "muong-te-03")
	b.connect(t)
	b.listen(t)
	largest := strings.Repeat("x", protocol.MaxMessage)
	b.publish(t, protocol.ClusterTopic("muong-te-03", protocol.LaneReceipt), 1, false, largest)
	if d := c.next(t); d.payload != largest {
		t.Errorf("delivered %d bytes", len(d.payload))
	}
	if err := c.ToCluster("muong-te-03", protocol.LaneResync, []byte(largest)); err != nil {
		t.Fatal(err)
	}
	if got := lane(b.receive(t)); got != "resync "+largest {
		t.Errorf("received %d bytes", len(got))
	}
}

func TestToNobody(t *testing.T) {
	c := start(t, nil)
	silent := c.board(t, "muong-te-03")
	silent.connect(t) // and subscribes to nothing
	for _, cluster := range []string{"muong-te-03", "muong-te-04", "inline"} {
		if err := c.ToCluster(cluster, protocol.LaneOrder, []byte("x")); !errors.Is(err, broker.ErrOffline) {
			t.Errorf("%s: %v, want ErrOffline", cluster, err)
		}
	}
	if err := c.ToArea("03388", []byte("x")); err != nil {
		t.Errorf("an area where nobody listens: %v", err)
	}
	for name, err := range map[string]error{
		"upward lane": c.ToCluster("muong-te-03", protocol.LaneState, []byte("x")),
		"empty":       c.ToCluster("muong-te-03", protocol.LaneOrder, nil),
		"too large":   c.ToCluster("muong-te-03", protocol.LaneOrder, make([]byte, protocol.MaxMessage+1)),
		"wildcard":    c.ToArea("+", []byte("x")),
		"empty area":  c.ToArea("03388", nil),
	} {
		if err == nil || errors.Is(err, broker.ErrOffline) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConnectIsRefused(t *testing.T) {
	c := start(t, nil)
	c.board(t, "muong-te-03").connect(t) // stays
	tests := map[string]func(*setup){
		"another's client id":        func(s *setup) { s.SetClientID("muong-te-03") },
		"another's user name":        func(s *setup) { s.SetUsername("muong-te-03") },
		"another's id and user name": func(s *setup) { s.SetClientID("muong-te-03").SetUsername("muong-te-03") },
		"no client id":               func(s *setup) { s.SetClientID("") },
		"a password":                 func(s *setup) { s.SetPassword("x") },
		"no keepalive":               func(s *setup) { s.SetKeepAlive(0) },
		"endless keepalive":          func(s *setup) { s.SetKeepAlive(time.Hour) },
		"MQTT 3.1":                   func(s *setup) { s.SetProtocolVersion(3) },
		"will on an alert": func(s *setup) {
			s.SetWill(protocol.AreaTopic("03388"), "x", 0, false)
		},
		"will on another's state": func(s *setup) {
			s.SetWill(protocol.ClusterTopic("muong-te-03", protocol.LaneState), "x", 1, true)
		},
		"will on own receipt": func(s *setup) {
			s.SetWill(protocol.ClusterTopic("thief-01", protocol.LaneReceipt), "x", 1, false)
		},
		"will with QoS 2": func(s *setup) {
			s.SetWill(protocol.ClusterTopic("thief-01", protocol.LaneState), "x", 2, false)
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if err := c.board(t, "thief-01", change).try(); err == nil {
				t.Error("connected")
			}
			if c.Online("thief-01") {
				t.Error("counts as online")
			}
		})
	}
	if !c.Online("muong-te-03") {
		t.Error("another's session was ended")
	}
	c.board(t, "thief-01", func(s *setup) { s.SetUsername("") }).connect(t) // the certificate says it all
	c.nothing(t)
}

func TestHandshakeIsRefused(t *testing.T) {
	c := start(t, nil)
	foreign, err := broker.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	forged, _ := identity(t, foreign, "muong-te-03")
	honest, serial := identity(t, c.authority, "muong-te-05")
	c.revoke(serial)
	tests := map[string]struct {
		cluster string
		change  func(*setup)
	}{
		"no certificate": {"muong-te-03", func(s *setup) { s.tls.Certificates = nil }},
		"certificate of a foreign authority": {"muong-te-03", func(s *setup) {
			// A client that does not look at what the server accepts.
			s.tls.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &forged, nil }
		}},
		"revoked":             {"muong-te-05", func(s *setup) { s.tls.Certificates = []tls.Certificate{honest} }},
		"TLS 1.2":             {"muong-te-03", func(s *setup) { s.tls.MaxVersion = tls.VersionTLS12 }},
		"not this central":    {"muong-te-03", func(s *setup) { s.tls.ServerName = "example.org" }},
		"central not trusted": {"muong-te-03", func(s *setup) { s.tls.RootCAs = nil }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := c.board(t, tt.cluster, tt.change).try()
			if err == nil {
				t.Fatal("connected")
			}
			if !strings.Contains(err.Error(), "tls") && !strings.Contains(err.Error(), "x509") {
				t.Errorf("error %v tells a technician nothing", err)
			}
		})
	}
	c.board(t, "muong-te-03").connect(t)
}

func TestRevokedWhileConnected(t *testing.T) {
	c := start(t, nil)
	b := c.board(t, "muong-te-03")
	b.connect(t)
	c.revoke(b.serial)
	c.Disconnect("muong-te-03")
	c.Disconnect("nobody-01")
	b.isLost(t)
	if err := b.again(c).try(); err == nil {
		t.Error("connected again")
	}
}
