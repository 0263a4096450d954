package web

import (
	"context"
	"net/http"
	"time"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

// draft is an order as it is shown to the person who signs: the exact bytes.
type draft struct {
	Hash     string            `json:"hash"`
	Kind     protocol.Kind     `json:"kind"`
	Mode     protocol.Mode     `json:"mode"`
	Subject  string            `json:"subject"`
	Revision int64             `json:"revision"`
	Envelope protocol.Envelope `json:"envelope"`
	Targets  int               `json:"targets" doc:"How many boards it is for."`
	Notes    []string          `json:"notes" doc:"What to know before signing."`
}

func viewDraft(d orders.Draft) draft {
	v := draft{d.Hash, d.Kind, d.Mode, d.Subject, d.Revision, d.Envelope, d.Targets, d.Notes}
	if v.Notes == nil {
		v.Notes = []string{}
	}
	return v
}

// Order is how an order stands.
type Order struct {
	Hash     string        `json:"hash"`
	Kind     protocol.Kind `json:"kind"`
	Mode     protocol.Mode `json:"mode"`
	Subject  string        `json:"subject"`
	Revision int64         `json:"revision"`
	Cluster  string        `json:"cluster,omitempty"`
	Areas    []string      `json:"areas,omitempty"`
	State    orders.State  `json:"state"`
	By       string        `json:"by"`
	Drafted  time.Time     `json:"drafted"`
	Sealed   *time.Time    `json:"sealed,omitempty"`
	Until    *time.Time    `json:"until,omitempty"`
	Persons  []string      `json:"persons" doc:"Who signed; once sealed, who was counted."`
	Lacks    *lack         `json:"lacks,omitempty" doc:"Why it is not sealed."`
	Counts   orderCounts   `json:"counts"`
}

type lack struct {
	Reason protocol.Reason `json:"reason"`
	Field  string          `json:"field,omitempty"`
	Detail string          `json:"detail"`
}

type orderCounts struct {
	Targets    int `json:"targets"`
	Sent       int `json:"sent"`
	Waiting    int `json:"waiting"`
	Held       int `json:"held"`
	Accepted   int `json:"accepted"`
	NotDurable int `json:"notDurable"`
	Refused    int `json:"refused"`
	Superseded int `json:"superseded"`
	Lapsed     int `json:"lapsed"`
	Started    int `json:"started"`
	Finished   int `json:"finished"`
	Heard      int `json:"heard"`
	Silent     int `json:"silent"`
	Missed     int `json:"missed"`
}

func viewOrder(s orders.Status) Order {
	v := Order{
		Hash: s.Hash, Kind: s.Kind, Mode: s.Mode, Subject: s.Subject, Revision: s.Revision, Cluster: s.Cluster, Areas: s.Areas,
		State: s.State, By: s.By, Drafted: s.DraftedAt.UTC(), Sealed: moment(s.SealedAt), Until: moment(s.Until),
		Persons: append([]string{}, s.Persons...), Counts: orderCounts(s.Counts),
	}
	if s.State != orders.Sealed {
		v.Persons = list(s.Signed, func(g orders.Signed) string { return g.Person })
	}
	if s.Lacks != nil {
		v.Lacks = &lack{s.Lacks.Reason, s.Lacks.Field, s.Lacks.Detail}
	}
	return v
}

type fate struct {
	Cluster  string           `json:"cluster"`
	Handling orders.Handling  `json:"handling"`
	Attempts int              `json:"attempts"`
	Sent     *time.Time       `json:"sent,omitempty"`
	Fate     protocol.Fate    `json:"fate,omitempty"`
	Verdict  protocol.Verdict `json:"verdict,omitempty"`
	Reason   protocol.Reason  `json:"reason,omitempty"`
	Detail   string           `json:"detail,omitempty"`
	At       *time.Time       `json:"at,omitempty"`
}

type OrderHash struct {
	Hash string `path:"hash" pattern:"^[0-9a-f]{64}$"`
}

func (a *api) signing() {
	route(a, "GET", "/orders", "Orders, the last drafted first", a.orderList)
	route(a, "GET", "/orders/{hash}", "One order: how it stands, and its exact bytes", a.orderByHash)
	route(a, "GET", "/orders/{hash}/fates", "What became of an order on every cluster", a.fates)
	route(a, "POST", "/orders/{hash}/signatures", "Add a signature by one of the person's own keys", a.addSignature)
	route(a, "POST", "/orders", "Hand in a whole signed envelope", a.submit)
}

func (a *api) orderList(ctx context.Context, in *struct {
	Kind    string `query:"kind" maxLength:"20"`
	State   string `query:"state" enum:"gathering,sealed"`
	Subject string `query:"subject" maxLength:"200"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[[]Order], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadContent); err != nil {
		return nil, err
	}
	q := orders.Query{State: orders.State(in.State), Subject: in.Subject, Limit: in.Limit}
	if in.Kind != "" {
		q.Kinds = []protocol.Kind{protocol.Kind(in.Kind)}
	}
	found, err := a.Orders.List(ctx, q)
	return answer(list(found, viewOrder)), err
}

type orderAnswer struct {
	Order
	Draft draft `json:"draft"`
}

func (a *api) orderByHash(ctx context.Context, in *OrderHash) (*body[orderAnswer], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadContent); err != nil {
		return nil, err
	}
	st, err := a.Orders.Status(ctx, in.Hash)
	if err != nil {
		return nil, err
	}
	d, err := a.Orders.Draft(ctx, in.Hash)
	return answer(orderAnswer{viewOrder(st), viewDraft(d)}), err
}

func (a *api) fates(ctx context.Context, in *OrderHash) (*body[[]fate], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ReadContent); err != nil {
		return nil, err
	}
	found, err := a.Orders.Fates(ctx, in.Hash)
	return answer(list(found, func(f orders.ClusterFate) fate {
		return fate{f.Cluster, f.Handling, f.Attempts, moment(f.SentAt), f.Fate, f.Verdict, f.Reason, f.Detail, moment(f.At)}
	})), err
}

// addSignature takes a signature that the person who asks made: who may order
// is judged by orders, but nobody hands in another's.
func (a *api) addSignature(ctx context.Context, in *struct {
	OrderHash
	Body protocol.Signature
}) (*body[Order], error) {
	if err := a.maySign(ctx, in.Body.KeyID); err != nil {
		return nil, err
	}
	st, err := a.Orders.AddSignature(ctx, in.Hash, in.Body)
	if err != nil {
		return nil, err
	}
	return answer(viewOrder(st)), a.sealed(ctx, st)
}

// maySign: an administrator may carry the signatures of the root's owners and
// administrators, who sign together at one desk.
func (a *api) maySign(ctx context.Context, keyID string) error {
	if a.hasKey(ctx, asks(ctx), keyID) == nil {
		return nil
	}
	if a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManageKeys) == nil {
		return nil
	}
	return newProblem(http.StatusForbidden, "denied", "key "+keyID+" is not a key of "+asks(ctx)).at("keyid", "is another person's")
}

func (a *api) submit(ctx context.Context, in *body[protocol.Envelope]) (*body[Order], error) {
	for _, s := range in.Body.Signatures {
		if err := a.maySign(ctx, s.KeyID); err != nil {
			return nil, err
		}
	}
	data, err := protocol.Encode(in.Body)
	if err != nil {
		return nil, err
	}
	st, err := a.Orders.Submit(ctx, asks(ctx), data)
	if err != nil {
		return nil, err
	}
	return answer(viewOrder(st)), a.sealed(ctx, st)
}

// sealed carries on what a sealed order means outside orders.
func (a *api) sealed(ctx context.Context, st orders.Status) error {
	if st.State != orders.Sealed {
		return nil
	}
	switch st.Kind {
	case protocol.KindBulletin:
		return a.approved(ctx, st.Hash)
	case protocol.KindPlacement, protocol.KindKeySet:
		a.Planned()
	}
	return nil
}
