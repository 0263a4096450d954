package web

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"time"

	"loa/central/registry"
	"loa/controller/protocol"
)

func (a *api) trust() {
	a.group = "Trust"
	route(a, "status", "GET", "/status", "What is ready, and central's own key", a.status)
	route(a, "putRoot", "PUT", "/root", "Hand in the root that its owners signed", a.putRoot)
	route(a, "draftKeySet", "POST", "/keyset", "Draft the next key set from the registry", a.draftKeySet)
	route(a, "draftPlacement", "POST", "/clusters/{id}/placement", "Draft the placement of a cluster", a.draftPlacement)
	route(a, "draftEnrolment", "POST", "/enrolments", "Read a board's request and draft its placement", a.draftEnrolment)
	route(a, "answerEnrolment", "POST", "/enrolments/{cluster}/answer", "Answer a board whose placement is signed", a.answerEnrolment)
}

type ready struct {
	Version  string       `json:"version"`
	Root     bool         `json:"root"`
	Key      protocol.Key `json:"key"`
	Warnings []string     `json:"warnings" doc:"What expires within 60 days, or has; a sentence each."`
}

func (a *api) status(ctx context.Context, _ *none) (*body[ready], error) {
	_, err := a.Orders.Root()
	warnings := append([]string{}, a.Orders.Warnings(ctx, time.Now())...)
	return answer(ready{a.Version, err == nil, a.Orders.PublicKey(), warnings}), nil
}

func (a *api) putRoot(ctx context.Context, in *body[protocol.Envelope]) (*body[Order], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManageKeys); err != nil {
		return nil, err
	}
	data, err := protocol.Encode(in.Body)
	if err != nil {
		return nil, err
	}
	st, err := a.Orders.SetRoot(ctx, asks(ctx), data)
	return answer(viewOrder(st)), err
}

func (a *api) draftKeySet(ctx context.Context, _ *none) (*body[draft], error) {
	if err := a.Registry.AllowAnywhere(ctx, asks(ctx), registry.ManageKeys); err != nil {
		return nil, err
	}
	d, err := a.Orders.KeySet(ctx, asks(ctx))
	return answer(viewDraft(d)), err
}

func (a *api) draftPlacement(ctx context.Context, in *ClusterID) (*body[draft], error) {
	c, err := a.Registry.Cluster(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Registry.Allow(ctx, asks(ctx), registry.ManagePlacements, c.Area); err != nil {
		return nil, err
	}
	d, err := a.Orders.Placement(ctx, asks(ctx), in.ID)
	return answer(viewDraft(d)), err
}

// mayEnrol: a technician enrols boards where that is the person's to do.
func (a *api) mayEnrol(ctx context.Context, cluster string) error {
	c, err := a.Registry.Cluster(ctx, cluster)
	if err != nil {
		return err
	}
	return a.Registry.Allow(ctx, asks(ctx), registry.EnrolDevices, c.Area)
}

type enrolmentWish struct {
	Cluster string            `json:"cluster" maxLength:"64" doc:"Id of the cluster in which the board hangs."`
	Request protocol.Envelope `json:"request" doc:"As the board's init wrote it."`
}

func (a *api) draftEnrolment(ctx context.Context, in *body[enrolmentWish]) (*body[draft], error) {
	if err := a.mayEnrol(ctx, in.Body.Cluster); err != nil {
		return nil, err
	}
	data, err := protocol.Encode(in.Body.Request)
	if err != nil {
		return nil, err
	}
	_, d, err := a.Orders.Enrol(ctx, asks(ctx), in.Body.Cluster, data)
	return answer(viewDraft(d)), err
}

// answerEnrolment puts the board into the registry with its certificate. It may
// be asked again: the board gets a new certificate, and the last one counts.
func (a *api) answerEnrolment(ctx context.Context, in *struct {
	Cluster string `path:"cluster" maxLength:"64"`
	Body    struct {
		Request protocol.Envelope `json:"request"`
	}
}) (*body[protocol.Enrolment], error) {
	if err := a.mayEnrol(ctx, in.Cluster); err != nil {
		return nil, err
	}
	data, err := protocol.Encode(in.Body.Request)
	if err != nil {
		return nil, err
	}
	request, err := protocol.OpenEnrolRequest(data)
	if err != nil {
		return nil, err
	}
	root, keySet, placement, err := a.Orders.Trust(ctx, in.Cluster)
	if err != nil {
		return nil, err
	}
	placed, err := protocol.Decode[protocol.Placement](placement.Payload)
	if err != nil {
		return nil, err
	}
	if placed.Board.ID != request.Board.ID {
		return nil, newProblem(http.StatusConflict, "the signed placement of %s is for another board", in.Cluster).as("not-ready").
			at("request", "sign the placement for this board first")
	}
	certificate, serial, err := a.Certify(in.Cluster, ed25519.PublicKey(request.Board.Public))
	if err != nil {
		return nil, err
	}
	if _, err := a.Registry.Enrol(ctx, asks(ctx), in.Cluster, request.Board.Public, serial); err != nil {
		return nil, err
	}
	a.Planned()
	return answer(protocol.Enrolment{
		Version: protocol.Version, Cluster: in.Cluster, Certificate: certificate, Authority: a.Authority,
		Broker: a.Broker, Audio: a.Audio, Root: root, KeySet: keySet, Placement: placement,
	}), nil
}
