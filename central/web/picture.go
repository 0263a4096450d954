package web

import (
	"context"
	"time"

	"loa/central/fleet"
	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

type receipt struct {
	ID       int64             `json:"id"`
	Receipt  protocol.Receipt  `json:"receipt"`
	Envelope protocol.Envelope `json:"envelope" doc:"As the board signed it."`
	Received time.Time         `json:"received"`
}

type run struct {
	Cluster    string             `json:"cluster"`
	Output     string             `json:"output,omitempty"`
	Order      string             `json:"order"`
	Kind       protocol.Kind      `json:"kind"`
	Mode       protocol.Mode      `json:"mode"`
	Subject    string             `json:"subject"`
	Occurrence string             `json:"occurrence"`
	Fate       protocol.Fate      `json:"fate"`
	Reason     protocol.Reason    `json:"reason,omitempty"`
	Detail     string             `json:"detail,omitempty"`
	Started    *time.Time         `json:"started,omitempty"`
	At         time.Time          `json:"at"`
	Clock      string             `json:"clock"`
	Evidence   *protocol.Evidence `json:"evidence,omitempty"`
}

func (a *api) picture() {
	a.group = "Fleet"
	route(a, "listOrderReceipts", "GET", "/receipts", "Receipts of an order, in the order in which they came", a.orderReceipts)
	route(a, "listClusterReceipts", "GET", "/clusters/{id}/receipts", "Receipts of a cluster, in the order in which they came", a.clusterReceipts)
	route(a, "listRuns", "GET", "/clusters/{id}/runs", "What ran on a cluster for people to hear, the last first", a.runs)
	route(a, "listFaults", "GET", "/faults", "What boards sent that cannot be right, the last first", a.faults)
	route(a, "events", "GET", "/events", "What changes, as it does: a stream of server-sent events", a.events, a.streamed)
	route(a, "listBriefly", "GET", "/clusters/brief", "Every cluster that the person may look at, in few words", a.briefly, a.asBriefs)
	route(a, "listAlarms", "GET", "/alarms", "Everything because of which a cluster is silent or will be, the newest first", a.alarms)
	route(a, "getTimeline", "GET", "/clusters/{id}/timeline", "What a cluster was told, did, suffered, or ought to have done, the last first", a.timeline)
}

// Page is how a list that only grows is read on.
type Page struct {
	After int64 `query:"after" minimum:"0" doc:"Only with a higher id."`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

func (a *api) orderReceipts(ctx context.Context, in *struct {
	Page
	Order string `query:"order" required:"true" pattern:"^[0-9a-f]{64}$"`
}) (*body[[]receipt], error) {
	if _, err := a.readableOrder(ctx, in.Order, registry.ReadFleet); err != nil {
		return nil, err
	}
	return a.receipts(ctx, orders.ReceiptQuery{Order: in.Order, After: in.After, Limit: in.Limit})
}

func (a *api) clusterReceipts(ctx context.Context, in *struct {
	ClusterID
	Page
}) (*body[[]receipt], error) {
	if _, err := a.readable(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.receipts(ctx, orders.ReceiptQuery{Cluster: in.ID, After: in.After, Limit: in.Limit})
}

func (a *api) receipts(ctx context.Context, q orders.ReceiptQuery) (*body[[]receipt], error) {
	rows, err := a.Orders.Receipts(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]receipt, 0, len(rows))
	for _, r := range rows {
		e, err := protocol.Decode[protocol.Envelope](r.Envelope)
		if err != nil {
			return nil, err
		}
		out = append(out, receipt{r.ID, r.Receipt, e, r.ReceivedAt.UTC()})
	}
	return answer(out), nil
}

func (a *api) runs(ctx context.Context, in *struct {
	ClusterID
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[[]run], error) {
	if _, err := a.readable(ctx, in.ID); err != nil {
		return nil, err
	}
	found, err := a.Fleet.Runs(ctx, fleet.RunQuery{Cluster: in.ID, Heard: true, Limit: in.Limit})
	return answer(list(found, func(r fleet.Run) run {
		return run{
			r.Cluster, r.Output, r.Order, r.Kind, r.Mode, r.Subject, r.Occurrence, r.Fate, r.Reason, r.Detail,
			moment(r.Started), r.At.UTC(), r.Clock, r.Evidence,
		}
	})), err
}

type boardFault struct {
	ID      int64           `json:"id"`
	Cluster string          `json:"cluster"`
	At      time.Time       `json:"at"`
	Lane    protocol.Lane   `json:"lane"`
	Reason  protocol.Reason `json:"reason"`
	Detail  string          `json:"detail"`
}

func (a *api) faults(ctx context.Context, in *struct {
	Cluster string `query:"cluster" maxLength:"64"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[[]boardFault], error) {
	if in.Cluster != "" {
		if _, err := a.readable(ctx, in.Cluster); err != nil {
			return nil, err
		}
	}
	readable, err := a.readableClusters(ctx)
	if err != nil {
		return nil, err
	}
	found, err := a.Orders.Faults(ctx, in.Cluster, in.Limit)
	if err != nil {
		return nil, err
	}
	shown := []boardFault{}
	for _, f := range found {
		if _, ok := readable[f.Cluster]; ok {
			shown = append(shown, boardFault{f.ID, f.Cluster, f.At.UTC(), f.Lane, f.Reason, f.Detail})
		}
	}
	return answer(shown), nil
}
