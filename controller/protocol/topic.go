package protocol

import (
	"slices"
	"strings"
)

// Topics. A cluster may publish to its own upward topics and subscribe to its
// own downward ones and to its areas' alert lanes, and to nothing else. A topic
// is a hint: what an order means stands in its signed bytes.
const topicRoot = "loa/1/"

// Lane is the last level of a topic.
type Lane string

const (
	// Downward: central to board.
	LaneAlert  Lane = "alert"  // one Envelope: alert, cancel, stop
	LaneOrder  Lane = "order"  // one Envelope: anything else
	LaneResync Lane = "resync" // a Resync
	LaneTime   Lane = "time"   // one Envelope: signed time
	LaneAck    Lane = "ack"    // one Envelope: acknowledgement

	// Upward: board to central.
	LaneHello     Lane = "hello"     // a Hello
	LaneReceipt   Lane = "receipt"   // one Envelope: receipt
	LaneState     Lane = "state"     // a State, retained
	LaneTelemetry Lane = "telemetry" // a Telemetry, QoS 0
)

// Downward and Upward list the lanes of a cluster.
var (
	Downward = []Lane{LaneAlert, LaneOrder, LaneResync, LaneTime, LaneAck}
	Upward   = []Lane{LaneHello, LaneReceipt, LaneState, LaneTelemetry}
)

// ClusterTopic is a cluster's topic, as in loa/1/cluster/muong-te-03/alert.
func ClusterTopic(cluster string, lane Lane) string {
	return topicRoot + "cluster/" + cluster + "/" + string(lane)
}

// AreaTopic is an area's alert lane, as in loa/1/area/03388/alert.
func AreaTopic(area string) string { return topicRoot + "area/" + area + "/" + string(LaneAlert) }

// ParseClusterTopic is the inverse of ClusterTopic.
func ParseClusterTopic(topic string) (cluster string, lane Lane, ok bool) {
	rest, ok := strings.CutPrefix(topic, topicRoot+"cluster/")
	if !ok {
		return "", "", false
	}
	cluster, l, ok := strings.Cut(rest, "/")
	if !ok || !ValidCluster(cluster) {
		return "", "", false
	}
	for _, lane := range slices.Concat(Downward, Upward) {
		if string(lane) == l {
			return cluster, lane, true
		}
	}
	return "", "", false
}

// ParseAreaTopic is the inverse of AreaTopic.
func ParseAreaTopic(topic string) (area string, ok bool) {
	rest, ok := strings.CutPrefix(topic, topicRoot+"area/")
	if !ok {
		return "", false
	}
	area, lane, ok := strings.Cut(rest, "/")
	return area, ok && lane == string(LaneAlert) && ValidArea(area)
}
