package central

import (
	"net"

	"loa/central/fleet"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

// Limit is the listener of both HTTP servers.
func Limit(l net.Listener, most int) net.Listener { return limit(l, most) }

// Deliver hands in what a board said, as the broker does.
func (c *Central) Deliver(cluster string, lane protocol.Lane, payload []byte) {
	c.deliver(cluster, lane, payload)
}

// Revoked is what the API calls once a board was revoked.
func (c *Central) Revoked(cluster string) { c.revoked(cluster) }

func (c *Central) Registry() *registry.Registry { return c.registry }
func (c *Central) Fleet() *fleet.Fleet          { return c.fleet }

// Plan is what a cluster without programmes is sent.
func (c *Central) Plan(cluster string) protocol.Plan {
	plan, _ := c.compile(planner.Cluster{ID: cluster}, nil, nil)
	return plan
}
