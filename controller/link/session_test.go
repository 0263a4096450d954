package link_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"loa/controller/link"
	"loa/controller/protocol"
)

func TestMessagesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, []string{"12", "03388"})
		b.up(t, time.Minute, 0)

		var want []string
		for _, lane := range protocol.Downward {
			want = append(want, protocol.ClusterTopic(cluster, lane))
		}
		want = append(want, protocol.AreaTopic("03388"), protocol.AreaTopic("12"))
		slices.Sort(want)
		slices.Sort(broker.granted)
		if !slices.Equal(broker.granted, want) {
			t.Errorf("subscribed to %v", broker.granted)
		}

		from := b.events.count()
		for i, topic := range []string{
			protocol.ClusterTopic(cluster, protocol.LaneAlert), protocol.ClusterTopic(cluster, protocol.LaneOrder),
			protocol.ClusterTopic(cluster, protocol.LaneResync), protocol.ClusterTopic(cluster, protocol.LaneTime),
			protocol.ClusterTopic(cluster, protocol.LaneAck), protocol.AreaTopic("03388"), protocol.AreaTopic("12"),
			// Not this board's:
			protocol.ClusterTopic("another-one", protocol.LaneAlert), protocol.AreaTopic("03389"),
		} {
			broker.send(t, topic, fmt.Append(nil, i))
		}
		time.Sleep(time.Second)
		var got []string
		for _, in := range of[link.Incoming](b.events.since(from)) {
			got = append(got, fmt.Sprintf("%s %s", in.Lane, in.Payload))
		}
		if want := []string{"alert 0", "order 1", "resync 2", "time 3", "ack 4", "alert 5", "alert 6"}; !slices.Equal(got, want) {
			t.Errorf("arrived %v, want %v", got, want)
		}

		for _, c := range []struct {
			lane     protocol.Lane
			qos      byte
			retained bool
		}{{protocol.LaneHello, 1, false}, {protocol.LaneReceipt, 1, false}, {protocol.LaneState, 1, true}, {protocol.LaneTelemetry, 0, false}} {
			if err := b.Publish(c.lane, []byte("this is "+c.lane)); err != nil {
				t.Fatal(err)
			}
			within(t, time.Second, "publish "+string(c.lane), func() bool { return len(broker.took(c.lane)) == 1 })
			p := broker.took(c.lane)[0]
			if p.FixedHeader.Qos != c.qos || p.FixedHeader.Retain != c.retained || string(p.Payload) != "this is "+string(c.lane) {
				t.Errorf("%s: QoS %d, retained %v, %q", c.lane, p.FixedHeader.Qos, p.FixedHeader.Retain, p.Payload)
			}
		}
		if err := b.Publish(protocol.LaneReceipt, make([]byte, protocol.MaxMessage+1)); err == nil {
			t.Error("a message over the limit was taken")
		}
	})
}

func TestManyReceiptsArriveInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, nil)
		b.up(t, time.Minute, 0)
		sent := 0
		for ; ; sent++ {
			if err := b.Publish(protocol.LaneReceipt, fmt.Append(nil, sent)); err != nil {
				if !errors.Is(err, link.ErrBusy) {
					t.Fatal(err)
				}
				break
			}
		}
		if sent < 100 {
			t.Fatalf("busy after %d", sent)
		}
		within(t, time.Minute, "all receipts", func() bool { return len(broker.took(protocol.LaneReceipt)) == sent })
		for i, p := range broker.took(protocol.LaneReceipt) {
			if string(p.Payload) != fmt.Sprint(i) {
				t.Fatalf("receipt %d is %s", i, p.Payload)
			}
		}
	})
}

func TestAreasFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, []string{"03388", "03388.01"})
		b.up(t, time.Minute, 0)
		b.Areas([]string{"03388.01", "12", "12"})
		time.Sleep(time.Second)
		from := b.events.count()
		for _, area := range []string{"03388", "03388.01", "12"} {
			broker.send(t, protocol.AreaTopic(area), []byte(area))
		}
		time.Sleep(time.Second)
		var got []string
		for _, in := range of[link.Incoming](b.events.since(from)) {
			got = append(got, string(in.Payload))
		}
		if want := []string{"03388.01", "12"}; !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v", got, want)
		}
		b.Areas([]string{"03388"})
		time.Sleep(time.Second)
		from = b.events.count()
		broker.send(t, protocol.AreaTopic("03388"), nil)
		broker.send(t, protocol.AreaTopic("12"), nil)
		time.Sleep(time.Second)
		if n := len(of[link.Incoming](b.events.since(from))); n != 1 {
			t.Errorf("back in an area, heard %d messages of 1", n)
		}
	})
}

func TestARefusedAreaIsToldAndAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, []string{"03388", "12"}, protocol.AreaTopic("12"))
		b.up(t, time.Minute, 0)
		// Told before Up.
		if r, ok := b.events.since(0)[0].(link.Refused); !ok || !slices.Equal(r.Areas, []string{"12"}) {
			t.Fatalf("delivered %v", b.events.since(0))
		}
		broker.send(t, protocol.AreaTopic("03388"), []byte("heard"))
		time.Sleep(time.Second)
		if got := of[link.Incoming](b.events.since(0)); len(got) != 1 {
			t.Error("the other area is not heard")
		}
		broker.setRefused(0)
		within(t, 6*time.Minute, "the area is granted", func() bool {
			r := of[link.Refused](b.events.since(0))
			return len(r) == 2 && len(r[1].Areas) == 0
		})
		broker.send(t, protocol.AreaTopic("12"), []byte("heard"))
		time.Sleep(time.Second)
		if got := of[link.Incoming](b.events.since(0)); len(got) != 2 {
			t.Error("the area is granted and not heard")
		}
		if down := of[link.Down](b.events.since(0)); len(down) > 0 {
			t.Errorf("down: %v", down)
		}
	})
}

func TestNoSessionWithoutTheOwnLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, nil, protocol.ClusterTopic(cluster, protocol.LaneAlert))
		time.Sleep(5 * time.Minute)
		down := of[link.Down](b.events.since(0))
		if len(down) < 3 || !says(down[len(down)-1].Err, "cluster/muong-te-03/alert: the broker refuses") {
			t.Errorf("down %v", down)
		}
		if len(of[link.Up](b.events.since(0))) > 0 {
			t.Error("up without the alert lane")
		}
		if broker.state() != will {
			t.Errorf("who looks sees %q of a board that hears nothing", broker.state())
		}
		broker.setRefused(0)
		b.up(t, 2*time.Minute, 0)
	})
}

// The broker refuses a packet id that is in use; another one helps.
func TestARefusalByChanceIsAskedAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, nil, noAudio{})
		broker := startBroker(t, b.network, b.authority.server(t))
		defer broker.Close()
		broker.setRefused(2, protocol.ClusterTopic(cluster, protocol.LaneAlert), protocol.AreaTopic("12"))
		b.Areas([]string{"12"})
		b.run(t)
		b.up(t, time.Second, 0)
		if all := b.events.since(0); len(all) != 1 {
			t.Errorf("delivered %v", all)
		}
	})
}

func TestPartitionOfSixHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, []string{"03388"})
		b.up(t, time.Minute, 0)
		if err := b.Publish(protocol.LaneState, []byte("online")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // an idle hour ends nothing
		if n := len(of[link.Up](b.events.since(0))); n != 1 || broker.state() != "online" {
			t.Fatalf("up %d times, state %q", n, broker.state())
		}

		from, dials := b.events.count(), len(b.dials())
		b.partition(true)
		within(t, 2*time.Minute, "Down", func() bool { return len(of[link.Down](b.events.since(from))) > 0 })
		within(t, 2*time.Minute, "the will", func() bool { return broker.state() == will })
		if err := b.Publish(protocol.LaneReceipt, nil); !errors.Is(err, link.ErrDown) {
			t.Errorf("publish without a session: %v", err)
		}
		time.Sleep(6 * time.Hour)
		if n := len(b.dials()) - dials; n < 6*20 || n > 6*80 {
			t.Errorf("%d attempts in six hours", n)
		}

		from = b.events.count()
		b.partition(false)
		b.up(t, 3*time.Minute, from)
		if err := b.Publish(protocol.LaneState, []byte("online again")); err != nil {
			t.Fatal(err)
		}
		broker.send(t, protocol.AreaTopic("03388"), []byte("alert"))
		time.Sleep(time.Second)
		if got := of[link.Incoming](b.events.since(from)); len(got) != 1 || string(got[0].Payload) != "alert" {
			t.Errorf("arrived %v", got)
		}
		if broker.state() != "online again" {
			t.Errorf("state %q", broker.state())
		}
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, nil, noAudio{}) // nobody listens
		b.run(t)
		time.Sleep(10 * time.Hour)
		dials := b.dials()
		var late time.Duration
		for i := 1; i < len(dials); i++ {
			gap := dials[i].Sub(dials[i-1])
			most := time.Minute
			if i < 6 {
				most = time.Second << (i - 1)
			}
			if gap > most {
				t.Errorf("attempt %d came after %v, at most %v", i, gap, most)
			}
			if i > 6 {
				late += gap
			}
		}
		if mean := late / time.Duration(len(dials)-7); mean < 25*time.Second || mean > 35*time.Second {
			t.Errorf("attempts come every %v: not spread over a minute", mean)
		}
		if n := len(of[link.Down](b.events.since(0))); n != len(dials) {
			t.Errorf("told %d of %d failures", n, len(dials))
		}
	})
}

func TestBrokerKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, nil, noAudio{})
		config := b.authority.server(t)
		b.Areas([]string{"03388"})
		b.run(t)
		for range 3 {
			from := b.events.count()
			broker := startBroker(t, b.network, config)
			b.up(t, 2*time.Minute, from)
			time.Sleep(2 * time.Minute)
			broker.send(t, protocol.AreaTopic("03388"), []byte("alert"))
			time.Sleep(time.Second)
			if got := of[link.Incoming](b.events.since(from)); len(got) != 1 {
				t.Errorf("arrived %v", got)
			}
			broker.Close()
			within(t, time.Second, "Down", func() bool {
				all := b.events.since(from)
				_, down := all[len(all)-1].(link.Down)
				return down
			})
			time.Sleep(10 * time.Minute)
		}
	})
}

func TestTheWillIsSeenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, nil)
		b.up(t, time.Minute, 0)
		b.Publish(protocol.LaneState, []byte("online"))
		within(t, time.Second, "state", func() bool { return broker.state() == "online" })
		b.stop()
		within(t, time.Second, "the will", func() bool { return broker.state() == will })
	})
}

func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := start(t, nil)
		b.up(t, time.Minute, 0)
		from := b.events.count()
		b.Reset(errors.New("central does not answer"))
		b.up(t, time.Minute, from)
		if down := of[link.Down](b.events.since(from)); len(down) != 1 || !says(down[0].Err, "central does not answer") {
			t.Errorf("down %v", down)
		}
	})
}

func TestStrangersAreNotSpokenTo(t *testing.T) {
	for name, config := range map[string]func(own, other *authority, t *testing.T) *tls.Config{
		"another authority": func(_, other *authority, t *testing.T) *tls.Config { return other.server(t) },
		"another name": func(own, _ *authority, t *testing.T) *tls.Config {
			c := own.server(t)
			c.Certificates = []tls.Certificate{own.mint(t, "elsewhere.test")}
			return c
		},
		"TLS 1.2": func(own, _ *authority, t *testing.T) *tls.Config {
			c := own.server(t)
			c.MaxVersion = tls.VersionTLS12
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := build(t, nil, noAudio{})
				broker := startBroker(t, b.network, config(b.authority, newAuthority(t), t))
				defer broker.Close()
				b.run(t)
				time.Sleep(10 * time.Minute)
				down := of[link.Down](b.events.since(0))
				if len(down) < 5 || !says(down[len(down)-1].Err, "TLS with broker") || len(of[link.Up](b.events.since(0))) > 0 {
					t.Errorf("events %v", b.events.since(0))
				}
			})
		})
	}
}

// strict is a broker that does as MQTT says, no more: it hangs up after one and
// a half keep-alives without a packet. Mochi answers no ping while it writes,
// on a mutex that stops the bubble's clock. The first PUBLISH is answered with
// given bytes.
func strict(t *testing.T, b *board, answer []byte) {
	l := tls.NewListener(b.listen(brokerAddr), b.authority.server(t))
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn, answer)
		}
	}()
}

func serve(conn net.Conn, answer []byte) {
	answers := make(chan []byte, 1000)
	defer close(answers)
	go func() {
		defer conn.Close()
		for a := range answers {
			if _, err := conn.Write(a); err != nil {
				return
			}
		}
	}()
	for {
		conn.SetReadDeadline(time.Now().Add(45 * time.Second))
		var head [2]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		body := make([]byte, head[1]) // all that a board sends here is short
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		switch head[0] >> 4 {
		case 1: // CONNECT
			answers <- []byte{0x20, 2, 0, 0}
		case 3: // PUBLISH
			answers <- answer
		case 8: // SUBSCRIBE
			answers <- []byte{0x90, 3, body[0], body[1], 1}
		case 12: // PINGREQ
			answers <- []byte{0xD0, 0}
		}
	}
}

// puback acknowledges the first PUBLISH after all subscriptions.
func puback() []byte { return []byte{0x40, 2, 0, byte(len(protocol.Downward) + 1)} }

func publish(topic string, payload []byte) []byte {
	p := append([]byte{0x30}, binary.AppendUvarint(nil, uint64(2+len(topic)+len(payload)))...)
	p = append(append(p, 0, byte(len(topic))), topic...)
	return append(p, payload...)
}

func TestALargeMessageOnASlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, nil, noAudio{})
		payload := bytes.Repeat([]byte("resync "), 1<<17)
		strict(t, b, append(puback(), publish(protocol.ClusterTopic(cluster, protocol.LaneResync), payload)...))
		b.run(t)
		b.up(t, time.Minute, 0)
		from := b.events.count()
		b.limit(2000)
		if err := b.Publish(protocol.LaneHello, nil); err != nil {
			t.Fatal(err)
		}
		took := within(t, 20*time.Minute, "the message", func() bool { return len(of[link.Incoming](b.events.since(from))) == 1 })
		if in := of[link.Incoming](b.events.since(from)); !bytes.Equal(in[0].Payload, payload) || took < 5*time.Minute {
			t.Errorf("it came after %v, and is not what was sent", took)
		}
		if down := of[link.Down](b.events.since(from)); len(down) > 0 {
			t.Errorf("the session ended: %v", down[0].Err)
		}
	})
}

func TestTopicsNobodyAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, nil, noAudio{})
		answer := puback()
		for _, topic := range []string{
			protocol.ClusterTopic("another-one", protocol.LaneAlert), protocol.ClusterTopic(cluster, protocol.LaneReceipt),
			"loa/1/area/x/alert", "loa/2/cluster/" + cluster + "/alert", "", "#",
			protocol.ClusterTopic(cluster, protocol.LaneAlert),
		} {
			answer = append(answer, publish(topic, []byte(topic))...)
		}
		strict(t, b, answer)
		b.run(t)
		b.up(t, time.Minute, 0)
		b.Publish(protocol.LaneHello, nil)
		time.Sleep(time.Minute)
		if in := of[link.Incoming](b.events.since(0)); len(in) != 1 || string(in[0].Payload) != protocol.ClusterTopic(cluster, protocol.LaneAlert) {
			t.Errorf("arrived %q", in)
		}
	})
}

func TestABrokerThatAcknowledgesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, nil, noAudio{})
		strict(t, b, nil)
		b.run(t)
		b.up(t, time.Minute, 0)
		time.Sleep(time.Hour)
		if n := len(of[link.Down](b.events.since(0))); n > 0 {
			t.Fatalf("down %d times before anything was published", n)
		}
		b.Publish(protocol.LaneHello, nil)
		within(t, 61*time.Second, "Down", func() bool { return len(of[link.Down](b.events.since(0))) == 1 })
	})
}

func TestAMessageTooLargeIsDroppedAndTheNextHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, broker := start(t, nil)
		b.up(t, time.Minute, 0)
		from := b.events.count()
		topic := protocol.ClusterTopic(cluster, protocol.LaneOrder)
		for _, size := range []int{10 << 20, protocol.MaxMessage + 1, protocol.MaxMessage, 5} {
			broker.send(t, topic, make([]byte, size))
		}
		time.Sleep(10 * time.Second)
		var got []int
		for _, in := range of[link.Incoming](b.events.since(from)) {
			got = append(got, len(in.Payload))
		}
		if want := []int{protocol.MaxMessage, 5}; !slices.Equal(got, want) || len(of[link.Down](b.events.since(from))) > 0 {
			t.Errorf("arrived %v, want %v; %v", got, want, of[link.Down](b.events.since(from)))
		}
	})
}

// A broker that is not what it should be ends the session and never the
// program.
func TestABrokenBroker(t *testing.T) {
	connack := []byte{0x20, 2, 0, 0}
	for _, c := range []struct {
		name  string
		first []byte        // after CONNECT
		then  []byte        // after the first SUBSCRIBE
		limit time.Duration // until Down
		want  string
	}{
		{"says nothing", nil, nil, 100 * time.Second, ""},
		{"answers no subscription", connack, nil, 100 * time.Second, ""},
		{"refuses", []byte{0x20, 2, 0, 5}, nil, time.Second, "not Authorized"},
		{"refuses for a reason nobody knows", []byte{0x20, 2, 0, 77}, nil, 15 * time.Second, ""},
		{"no CONNACK", []byte{0xD0, 0}, nil, time.Second, "CONNACK"},
		{"256 MB", []byte{0x30, 0xff, 0xff, 0xff, 0x7f}, nil, 100 * time.Second, ""},
		{"a length without an end", []byte{0x30, 0xff, 0xff, 0xff, 0xff, 1}, nil, time.Second, "malformed length"},
		{"a packet for a server", []byte{0x10, 2, 0, 0}, nil, time.Second, "type 1"},
		{"more answers than questions", connack, []byte{0x90, 6, 0, 1, 0, 0, 0, 0}, 15 * time.Second, "type 9 with 6"},
		{"QoS 2", connack, []byte{0x34, 8, 0, 1, 'a', 0, 1, 'x', 'y', 'z'}, 15 * time.Second, "QoS 2"},
		{"a topic longer than its message", connack, []byte{0x32, 4, 0xff, 0xff, 'a', 'b'}, 100 * time.Second, ""},
		{"an empty message", connack, []byte{0x30, 0}, 100 * time.Second, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := build(t, nil, noAudio{})
				l := tls.NewListener(b.listen(brokerAddr), b.authority.server(t))
				defer l.Close()
				go func() {
					for {
						conn, err := l.Accept()
						if err != nil {
							return
						}
						go bad(conn, c.first, c.then)
					}
				}()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				b.run(t)
				var down []link.Down
				within(t, c.limit, "Down", func() bool {
					down = of[link.Down](b.events.since(0))
					return len(down) > 0
				})
				if !says(down[0].Err, c.want) {
					t.Errorf("down %v, want %q", down[0].Err, c.want)
				}
				if len(of[link.Up](b.events.since(0))) > 0 {
					t.Error("up")
				}
				runtime.ReadMemStats(&after)
				if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 50 {
					t.Errorf("it cost %d MB", mb)
				}
			})
		})
	}
}

// A handshake that comes a byte at a time is never silent.
func TestADrippingHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, nil, noAudio{})
		l := b.listen(brokerAddr)
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go io.Copy(io.Discard, conn)
				go func() {
					for i := 0; ; i++ {
						record := []byte{22, 3, 3, 0x40, 0} // a handshake of 16 KB
						if _, err := conn.Write(append(record, make([]byte, i)...)[i : i+1]); err != nil {
							return
						}
						time.Sleep(20 * time.Second)
					}
				}()
			}
		}()
		b.run(t)
		within(t, 100*time.Second, "Down", func() bool {
			down := of[link.Down](b.events.since(0))
			return len(down) > 0 && says(down[0].Err, "no session after")
		})
	})
}

func bad(conn net.Conn, first, then []byte) {
	defer conn.Close()
	buf := make([]byte, 4096)
	if _, err := conn.Read(buf); err != nil {
		return
	}
	conn.Write(first)
	if _, err := conn.Read(buf); err != nil {
		return
	}
	conn.Write(then)
	io.Copy(io.Discard, conn)
}
