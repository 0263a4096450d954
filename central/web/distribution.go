package web

import (
	"context"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

// distribution is how far a bulletin's approval has come.
type distribution struct {
	Order    string      `json:"order,omitempty" doc:"Hash of the document that approves it; none while nobody approved it."`
	Targets  int         `json:"targets"`
	Told     int         `json:"told" doc:"It was sent there at least once."`
	Accepted int         `json:"accepted"`
	Refused  int         `json:"refused"`
	Waiting  int         `json:"waiting" doc:"No answer yet."`
	Clusters []delivered `json:"clusters" doc:"Those that the person may look at."`
}

type delivered struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Area     string          `json:"area" doc:"Code."`
	Handling orders.Handling `json:"handling" enum:"waiting,held,accepted,not-durable,refused,superseded,lapsed"`
	Reason   protocol.Reason `json:"reason,omitempty"`
	Detail   string          `json:"detail,omitempty"`
}

func (a *api) distribution(ctx context.Context, in *BulletinID) (*body[distribution], error) {
	b, err := a.Library.Bulletin(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.reads(ctx, registry.ReadContent, b.Areas...); err != nil {
		return nil, err
	}
	d := distribution{Order: b.OrderHash, Clusters: []delivered{}}
	if b.OrderHash == "" {
		return answer(d), nil
	}
	fates, err := a.Orders.Fates(ctx, b.OrderHash)
	if err != nil {
		return nil, err
	}
	readable, err := a.readableClusters(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range fates {
		d.Targets++
		if f.Attempts > 0 {
			d.Told++
		}
		switch f.Handling {
		case orders.Accepted, orders.NotDurable, orders.Held:
			d.Accepted++
		case orders.Refused:
			d.Refused++
		case orders.Waiting:
			d.Waiting++
		}
		if c, ok := readable[f.Cluster]; ok {
			d.Clusters = append(d.Clusters, delivered{c.ID, c.Name, c.Area, f.Handling, f.Reason, f.Detail})
		}
	}
	return answer(d), nil
}
