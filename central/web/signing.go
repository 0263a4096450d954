package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

// draft is an order as it is shown to the person who signs: the exact bytes.
type draft struct {
	Hash     string            `json:"hash"`
	Kind     protocol.Kind     `json:"kind"`
	Mode     protocol.Mode     `json:"mode" enum:"live,drill"`
	Subject  string            `json:"subject"`
	Revision int64             `json:"revision"`
	Envelope protocol.Envelope `json:"envelope"`
	Targets  int               `json:"targets" doc:"How many boards it is for."`
	Notes    []string          `json:"notes" doc:"What to know before signing."`
	Signers  []named           `json:"signers,omitempty" doc:"Of an alert that was just drafted: whose signature would be counted."`
}

func viewDraft(d orders.Draft) draft {
	v := draft{Hash: d.Hash, Kind: d.Kind, Mode: d.Mode, Subject: d.Subject, Revision: d.Revision, Envelope: d.Envelope, Targets: d.Targets, Notes: d.Notes}
	if v.Notes == nil {
		v.Notes = []string{}
	}
	return v
}

// Order is how an order stands.
type Order struct {
	Hash     string        `json:"hash"`
	Kind     protocol.Kind `json:"kind"`
	Mode     protocol.Mode `json:"mode" enum:"live,drill"`
	Subject  string        `json:"subject"`
	Revision int64         `json:"revision"`
	Cluster  string        `json:"cluster,omitempty"`
	Areas    []string      `json:"areas,omitempty"`
	State    orders.State  `json:"state" enum:"gathering,sealed"`
	By       string        `json:"by"`
	Drafted  time.Time     `json:"drafted"`
	Sealed   *time.Time    `json:"sealed,omitempty"`
	Until    *time.Time    `json:"until,omitempty"`
	Persons  []string      `json:"persons" doc:"Who signed; once sealed, who was counted."`
	Lacks    *lack         `json:"lacks,omitempty" doc:"Why it is not sealed."`
	Counts   orderCounts   `json:"counts"`
	Note     string        `json:"note,omitempty" doc:"What to know of an order that was just sealed."`
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
	Handling orders.Handling  `json:"handling" enum:"waiting,held,accepted,not-durable,refused,superseded,lapsed"`
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
	a.group = "Orders"
	route(a, "listOrders", "GET", "/orders", "Orders that concern the person, the last drafted first", a.orderList)
	route(a, "getOrder", "GET", "/orders/{hash}", "One order: how it stands, and its exact bytes", a.orderByHash)
	route(a, "listFates", "GET", "/orders/{hash}/fates", "What became of an order on every cluster", a.fates)
	route(a, "addSignature", "POST", "/orders/{hash}/signatures", "Add a signature by one of the person's own keys", a.addSignature)
	route(a, "submitOrder", "POST", "/orders", "Hand in a whole signed envelope", a.submit)
}

func (a *api) orderList(ctx context.Context, in *struct {
	Kind    string `query:"kind" enum:"root,keyset,placement,bulletin,plan,alert,cancel,stop,local"`
	State   string `query:"state" enum:"gathering,sealed"`
	Subject string `query:"subject" maxLength:"200"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[[]Order], error) {
	codes, err := a.scope(ctx, registry.ReadContent)
	if err != nil {
		return nil, err
	}
	q := orders.Query{State: orders.State(in.State), Subject: in.Subject, Areas: codes, Limit: in.Limit}
	if in.Kind != "" {
		q.Kinds = []protocol.Kind{protocol.Kind(in.Kind)}
	}
	found, err := a.Orders.List(ctx, q)
	return answer(list(found, viewOrder)), err
}

// readableOrder is how an order stands, if it concerns the person.
func (a *api) readableOrder(ctx context.Context, hash string, action registry.Action) (orders.Status, error) {
	st, err := a.Orders.Status(ctx, hash)
	if err != nil {
		return st, err
	}
	codes := st.Areas
	if st.Cluster != "" {
		c, err := a.Registry.Cluster(ctx, st.Cluster)
		if err != nil {
			return st, err
		}
		codes = []string{c.Area}
	}
	return st, a.reads(ctx, action, codes...)
}

type orderAnswer struct {
	Order
	Draft draft `json:"draft"`
}

func (a *api) orderByHash(ctx context.Context, in *OrderHash) (*body[orderAnswer], error) {
	st, err := a.readableOrder(ctx, in.Hash, registry.ReadContent)
	if err != nil {
		return nil, err
	}
	d, err := a.Orders.Draft(ctx, in.Hash)
	return answer(orderAnswer{viewOrder(st), viewDraft(d)}), err
}

func (a *api) fates(ctx context.Context, in *OrderHash) (*body[[]fate], error) {
	if _, err := a.readableOrder(ctx, in.Hash, registry.ReadContent); err != nil {
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
	if err := a.maySign(ctx, "keyid", in.Body.KeyID); err != nil {
		return nil, err
	}
	// Of an alert nothing more is asked: it waits for nothing.
	known, err := a.Orders.List(ctx, orders.Query{Hashes: []string{in.Hash}, Kinds: []protocol.Kind{protocol.KindBulletin}})
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		d, err := a.Orders.Draft(ctx, in.Hash)
		if err != nil {
			return nil, err
		}
		if err := a.stillMeant(ctx, d.Envelope); err != nil {
			return nil, err
		}
	}
	st, err := a.Orders.AddSignature(ctx, in.Hash, in.Body)
	if err != nil {
		return nil, err
	}
	return a.sealed(ctx, st)
}

// maySign lets a person hand in signatures by keys of his or her own. An
// administrator may carry those of the people whose keys he or she manages, and
// of the root's owners and administrators, who sign together at one desk.
func (a *api) maySign(ctx context.Context, field, keyID string) error {
	all, err := a.Registry.Keys(ctx, "")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(k registry.Key) bool { return k.ID == keyID })
	switch {
	case i >= 0 && !all[i].InUse():
		// Boards learn it from the next key set; the server knows it at once.
		return newProblem(http.StatusForbidden, "key %s is retired or revoked", clip(keyID)).as(string(protocol.ReasonRevoked)).at(field, "is not in use any more")
	case i >= 0 && all[i].Person == asks(ctx):
		return nil
	case i >= 0:
		err = a.Registry.AllowOver(ctx, asks(ctx), registry.ManageKeys, all[i].Person)
	default:
		err = a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManageKeys)
	}
	var denied *registry.Denied
	if errors.As(err, &denied) {
		return newProblem(http.StatusForbidden, "key %s is not a key of %s", clip(keyID), asks(ctx)).at(field, "is not the person's own")
	}
	return err
}

// stillMeant refuses to have a bulletin approved that says something else by
// now. A document that is sealed stays what it is.
func (a *api) stillMeant(ctx context.Context, e protocol.Envelope) error {
	kind, _, err := protocol.ParsePayloadType(e.PayloadType)
	if err != nil || kind != protocol.KindBulletin {
		return nil // orders names what is wrong with a type
	}
	st, err := a.Orders.Status(ctx, e.Hash())
	if err == nil && st.State == orders.Sealed {
		return nil
	}
	if err != nil && !errors.Is(err, orders.ErrNotFound) {
		return err
	}
	_, err = a.approvable(ctx, e)
	return err
}

// submit takes an order that was drafted or signed elsewhere. Whoever hands it
// in must be allowed to draft it, too.
func (a *api) submit(ctx context.Context, in *body[protocol.Envelope]) (*body[Order], error) {
	if err := a.maySubmit(ctx, in.Body); err != nil {
		return nil, err
	}
	if len(in.Body.Signatures) == 0 {
		return nil, newProblem(http.StatusUnprocessableEntity, "nobody signed it").at("signatures", "at least one")
	}
	for i, s := range in.Body.Signatures {
		if err := a.maySign(ctx, fmt.Sprintf("signatures[%d].keyid", i), s.KeyID); err != nil {
			return nil, err
		}
	}
	if err := a.stillMeant(ctx, in.Body); err != nil {
		return nil, err
	}
	data, err := protocol.Encode(in.Body)
	if err != nil {
		return nil, err
	}
	st, err := a.Orders.Submit(ctx, asks(ctx), data)
	if err != nil {
		return nil, err
	}
	return a.sealed(ctx, st)
}

// maySubmit asks for the right that the route which drafts such an order asks
// for.
func (a *api) maySubmit(ctx context.Context, e protocol.Envelope) error {
	kind, _, err := protocol.ParsePayloadType(e.PayloadType)
	if err != nil {
		return newProblem(http.StatusUnprocessableEntity, "%s", clip(err.Error())).as(string(protocol.ReasonUnknownType)).at("payloadType", "is not known")
	}
	switch kind {
	case protocol.KindBulletin:
		return submits(ctx, a, e, registry.ApproveBulletins, func(d protocol.Bulletin) []string { return d.Areas })
	case protocol.KindAlert:
		return submits(ctx, a, e, registry.RaiseAlerts, func(d protocol.Alert) []string { return d.Audience })
	case protocol.KindLocal:
		return submits(ctx, a, e, registry.RaiseAlerts, func(d protocol.Local) []string { return d.Audience })
	case protocol.KindCancel:
		return submits(ctx, a, e, registry.CancelAlerts, func(d protocol.Cancel) []string { return d.Audience })
	case protocol.KindStop:
		return submits(ctx, a, e, registry.StopSound, func(d protocol.Stop) []string { return d.Audience })
	case protocol.KindRoot, protocol.KindKeySet:
		return a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManageKeys)
	case protocol.KindPlacement:
		return submits(ctx, a, e, registry.ManagePlacements, func(d protocol.Placement) []string {
			return slices.DeleteFunc(d.Areas, func(code string) bool { return registry.LevelOf(code) == registry.ProvinceLevel })
		})
	}
	return newProblem(http.StatusUnprocessableEntity, "a %s is not taken here", kind).as(string(protocol.ReasonUnknownType)).at("payloadType", "is no order of a person")
}

// submits reads a document for the areas it is for, and asks for them.
func submits[T any](ctx context.Context, a *api, e protocol.Envelope, action registry.Action, areas func(T) []string) error {
	d, err := protocol.Decode[T](e.Payload)
	if err != nil {
		return newProblem(http.StatusUnprocessableEntity, "the payload cannot be read").as(string(protocol.ReasonMalformed)).at("payload", err.Error())
	}
	codes := areas(d)
	if len(codes) == 0 {
		return newProblem(http.StatusUnprocessableEntity, "the payload names no area").at("payload", "is for nobody")
	}
	return a.allow(ctx, action, "payload", codes...)
}

// sealed is the answer to a signature, and carries on what a sealed order means
// outside orders.
func (a *api) sealed(ctx context.Context, st orders.Status) (*body[Order], error) {
	v := viewOrder(st)
	if st.State != orders.Sealed {
		return answer(v), nil
	}
	switch st.Kind {
	case protocol.KindBulletin:
		var err error
		if v.Note, err = a.approved(ctx, st.Hash); err != nil {
			return nil, err
		}
	case protocol.KindPlacement, protocol.KindKeySet:
		a.Planned()
	}
	return answer(v), nil
}
