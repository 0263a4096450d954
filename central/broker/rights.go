package broker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"loa/controller/protocol"
)

// maxRefusedNotes is how many refusals of one session are logged.
const maxRefusedNotes = 5

// rights judges what a client asks for. It is called by the MQTT server, for
// one client from one goroutine at a time.
type rights struct {
	mqtt.HookBase
	broker *Broker
}

func (r *rights) ID() string { return "rights" }

func (r *rights) Provides(hook byte) bool {
	return slices.Contains([]byte{
		mqtt.OnConnectAuthenticate, mqtt.OnPacketRead, mqtt.OnPublish, mqtt.OnACLCheck,
		mqtt.OnSubscribe, mqtt.OnSubscribed, mqtt.OnUnsubscribed, mqtt.OnWill, mqtt.OnWillSent,
	}, hook)
}

func sessionOf(cl *mqtt.Client) *session { return cl.Net.Conn.(*session) }

// OnConnectAuthenticate judges CONNECT. A client that is refused gets the MQTT
// code 'not authorised'; why stands in the log.
func (r *rights) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	s := sessionOf(cl)
	err := checkConnect(s.cluster, pk)
	if err == nil && !r.broker.gate.connect(s.cluster, time.Now()) {
		err = errors.New("it connects too often")
	}
	if err == nil {
		// Asked for or not, nothing of an earlier session is kept.
		cl.Properties.Clean = true
		s.mu.Lock()
		s.client = cl
		s.mu.Unlock()
		err = r.broker.enter(s)
	}
	if err != nil {
		r.broker.log.Warn("refuse session", logCluster, s.cluster, logRemote, s.RemoteAddr().String(), logError, err)
		return false
	}
	r.broker.log.Info("cluster connected", logCluster, s.cluster, logRemote, s.RemoteAddr().String())
	return true
}

// checkConnect is what CONNECT must say on a connection whose certificate names
// cluster.
func checkConnect(cluster string, pk packets.Packet) error {
	c := pk.Connect
	switch {
	case pk.ProtocolVersion != 4:
		return fmt.Errorf("MQTT protocol level %d, want 4 (MQTT 3.1.1)", pk.ProtocolVersion)
	case c.ClientIdentifier != cluster:
		return fmt.Errorf("client id %.60q is not the cluster of its certificate", c.ClientIdentifier)
	case c.UsernameFlag && string(c.Username) != cluster:
		return fmt.Errorf("user name %.60q is not the cluster of its certificate", c.Username)
	case c.PasswordFlag:
		return errors.New("it sends a password; the certificate is all there is")
	case c.Keepalive < minKeepalive || c.Keepalive > maxKeepalive:
		return fmt.Errorf("keepalive of %d s, from %d to %d", c.Keepalive, minKeepalive, maxKeepalive)
	case c.WillFlag && c.WillTopic != protocol.ClusterTopic(cluster, protocol.LaneState):
		return fmt.Errorf("last will on %.120q, which is not its own state", c.WillTopic)
	case c.WillFlag && c.WillQos > 1:
		return errors.New("last will with QoS 2, at most 1")
	}
	return nil
}

// OnPacketRead judges every PUBLISH before the server looks at it, because the
// server only ignores some that are forbidden. An error ends the connection.
func (r *rights) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Type != packets.Publish {
		return pk, nil
	}
	s := sessionOf(cl)
	if err := checkPublish(s.cluster, pk); err != nil {
		r.broker.log.Warn("refuse message, disconnect", logCluster, s.cluster, logTopic, shorten(pk.TopicName), logError, err)
		return pk, packets.ErrRejectPacket
	}
	return pk, nil
}

func checkPublish(cluster string, pk packets.Packet) error {
	owner, lane, ok := protocol.ParseClusterTopic(pk.TopicName)
	switch {
	case !ok || owner != cluster || !slices.Contains(protocol.Upward, lane):
		return errors.New("not a topic that it may write")
	case pk.FixedHeader.Qos > 1:
		return errors.New("QoS 2, at most 1")
	case pk.FixedHeader.Retain && lane != protocol.LaneState:
		return errors.New("only state may be retained")
	}
	return checkSize(pk.Payload)
}

// OnPublish hands the message over. The server does nothing more with it than
// to acknowledge it, after it was taken here: nobody may subscribe to it, and a
// retained state would be read by nobody.
func (r *rights) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	s := sessionOf(cl)
	_, lane, _ := protocol.ParseClusterTopic(pk.TopicName) // judged by OnPacketRead
	if err := r.broker.inbox.put(s.cluster, lane, pk.Payload, s.gone); err != nil {
		return pk, packets.ErrRejectPacket
	}
	return pk, packets.CodeSuccessIgnore
}

// OnSubscribe notes which of the topics asked for are granted; OnACLCheck reads
// it, and the server answers 0x80 to the others.
func (r *rights) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	s := sessionOf(cl)
	var areas []string
	asked := false
	for i, sub := range pk.Filters {
		pk.Filters[i].Qos = min(sub.Qos, 1)
		allowed := false
		if owner, lane, ok := protocol.ParseClusterTopic(sub.Filter); ok {
			allowed = owner == s.cluster && downward(lane)
		} else if area, ok := protocol.ParseAreaTopic(sub.Filter); ok {
			if !asked {
				areas, asked = r.broker.opts.AreasOf(s.cluster), true
			}
			allowed = slices.Contains(areas, area)
		}
		if allowed {
			r.broker.grant(s, sub.Filter)
			continue
		}
		r.broker.withdraw(s, sub.Filter) // it may have been its area before
		s.noteRefused(sub.Filter)
	}
	return pk
}

// OnACLCheck is asked for subscriptions only: messages up are judged by
// OnPacketRead, and none goes down through the server.
func (r *rights) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	return write || sessionOf(cl).reads(topic)
}

// OnSubscribed takes back what the server itself refused.
func (r *rights) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	for i, sub := range pk.Filters {
		if codes[i] > 2 {
			r.broker.withdraw(sessionOf(cl), sub.Filter)
		}
	}
}

func (r *rights) OnUnsubscribed(cl *mqtt.Client, pk packets.Packet) {
	for _, sub := range pk.Filters {
		r.broker.withdraw(sessionOf(cl), sub.Filter)
	}
}

// OnWill keeps the server from retaining it.
func (r *rights) OnWill(_ *mqtt.Client, will mqtt.Will) (mqtt.Will, error) {
	will.Retain = false
	return will, nil
}

// OnWillSent delivers the last will, unless the board is still there: on a new
// connection, or on the other side of our own stopping.
func (r *rights) OnWillSent(cl *mqtt.Client, pk packets.Packet) {
	s := sessionOf(cl)
	r.broker.mu.RLock()
	stopping := r.broker.stopping
	r.broker.mu.RUnlock()
	s.mu.Lock()
	replaced := s.replaced
	s.mu.Unlock()
	if !stopping && !replaced {
		// State never waits, so gone, which is closed by now, is not looked at.
		_ = r.broker.inbox.put(s.cluster, protocol.LaneState, pk.Payload, s.gone)
	}
}

func (s *session) noteRefused(filter string) {
	s.mu.Lock()
	s.refused++
	n := s.refused
	s.mu.Unlock()
	if n <= maxRefusedNotes {
		s.broker.log.Warn("refuse subscription", logCluster, s.cluster, logTopic, shorten(filter))
	}
}

func downward(lane protocol.Lane) bool { return slices.Contains(protocol.Downward, lane) }

func shorten(topic string) string {
	if len(topic) > 120 {
		return topic[:120] + "…"
	}
	return topic
}
