package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

// Announcement is what sounds, as a person asks for it.
type Announcement struct {
	Hazard      string         `json:"hazard" maxLength:"64" doc:"As in flood, storm, fire."`
	Level       int            `json:"level,omitempty" minimum:"0" maximum:"5" doc:"Risk level (Decision 18/2021/QĐ-TTg); 0 for none."`
	Siren       protocol.Siren `json:"siren"`
	Phrase      string         `json:"phrase" maxLength:"64" doc:"The built-in phrase that stands in for missing audio."`
	Messages    []message      `json:"messages" minItems:"1" maxItems:"64"`
	Repetitions int            `json:"repetitions" minimum:"1" maximum:"1000"`
	Pause       float64        `json:"pause" minimum:"0" maximum:"3600" doc:"Seconds between repetitions."`
}

type message struct {
	Language string `json:"language" maxLength:"35"`
	Text     string `json:"text" maxLength:"8000"`
	Audio    string `json:"audio,omitempty" maxLength:"64" doc:"SHA-256 of station audio."`
}

type alertWish struct {
	Mode            protocol.Mode `json:"mode" enum:"live,drill"`
	Audience        []string      `json:"audience" minItems:"1" maxItems:"5000" doc:"Area codes."`
	LifetimeSeconds int           `json:"lifetimeSeconds" minimum:"1" maximum:"86400"`
	Announcement
}

type localWish struct {
	Mode            protocol.Mode `json:"mode" enum:"live,drill"`
	Input           string        `json:"input" maxLength:"64" doc:"The button's name on the board."`
	Audience        []string      `json:"audience" minItems:"1" maxItems:"5000"`
	LifetimeSeconds int           `json:"lifetimeSeconds" minimum:"1" maximum:"31536000"`
	Seconds         int           `json:"seconds" minimum:"1" maximum:"3600" doc:"The longest that one press sounds."`
	Announcement
}

// renewal is what replaces an alert: its mode and audience stay.
type renewal struct {
	LifetimeSeconds int `json:"lifetimeSeconds" minimum:"1" maximum:"86400"`
	Announcement
}

func (a *api) alerts() {
	a.group = "Alerts"
	route(a, "listAlerts", "GET", "/alerts", "Alerts and drills that concern the person, the last drafted first", a.alertList)
	route(a, "getAlert", "GET", "/alerts/{mode}/{id}", "One alert, and where every cluster stands with it", a.alertByID)
	route(a, "draftAlert", "POST", "/alerts", "Draft an alert or a drill", a.draftAlert)
	route(a, "draftAlertUpdate", "POST", "/alerts/{mode}/{id}/update", "Draft what replaces an alert, for the audience it has", a.draftUpdate)
	route(a, "draftCancel", "POST", "/alerts/{mode}/{id}/cancel", "Draft the end of an alert", a.draftCancel)
	route(a, "draftStop", "POST", "/stops", "Draft silence for what is on air in areas", a.draftStop)
	route(a, "draftLocal", "POST", "/locals", "Draft what a button plays", a.draftLocal)
}

// announce turns a wish into what is signed.
func (a *api) announce(ctx context.Context, w Announcement) (protocol.Announcement, error) {
	out := protocol.Announcement{
		Hazard: w.Hazard, Level: w.Level, Siren: w.Siren, Phrase: w.Phrase, Repetitions: w.Repetitions, Pause: w.Pause,
	}
	for i, m := range w.Messages {
		said := protocol.Message{Language: m.Language, Text: m.Text}
		if m.Audio != "" {
			audio, err := a.audio(ctx, fmt.Sprintf("messages[%d].audio", i), m.Audio)
			if err != nil {
				return out, err
			}
			said.Audio = &audio
		}
		out.Messages = append(out.Messages, said)
	}
	return out, nil
}

func (a *api) draftAlert(ctx context.Context, in *body[alertWish]) (*body[draft], error) {
	w := in.Body
	if err := a.allow(ctx, registry.RaiseAlerts, "audience", w.Audience...); err != nil {
		return nil, err
	}
	said, err := a.announce(ctx, w.Announcement)
	if err != nil {
		return nil, err
	}
	d, err := a.Orders.Alert(ctx, asks(ctx), orders.AlertWish{
		Mode: w.Mode, Audience: w.Audience, Lifetime: time.Duration(w.LifetimeSeconds) * time.Second, Announcement: said,
	})
	return a.alertDraft(ctx, d, w.Audience, err)
}

// alertDraft adds to the draft of an alert whom to ask for a signature: where
// nobody could give the second, it is better known before the first.
func (a *api) alertDraft(ctx context.Context, d orders.Draft, audience []string, err error) (*body[draft], error) {
	if err != nil {
		return nil, err
	}
	able, err := a.Orders.Signers(ctx, d.Mode, audience)
	if err != nil {
		return nil, err
	}
	introduced, err := a.introduced(ctx)
	v := viewDraft(d)
	v.Signers = list(able, introduced)
	return answer(v), err
}

type AlertID struct {
	Mode string `path:"mode" enum:"live,drill" doc:"A drill and a live alert never share an id."`
	ID   string `path:"id" maxLength:"64"`
}

// audience is that of an alert as it stands, and whether the person may act on
// it.
func (a *api) audience(ctx context.Context, in AlertID, action registry.Action) ([]string, error) {
	subject := protocol.AlertSubject(protocol.Mode(in.Mode), in.ID)
	found, err := a.Orders.List(ctx, orders.Query{Kinds: []protocol.Kind{protocol.KindAlert}, Subject: subject, State: orders.Sealed, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, newProblem(http.StatusNotFound, "%s was never raised", subject)
	}
	return found[0].Areas, a.Registry.Allow(ctx, asks(ctx), action, found[0].Areas...)
}

func (a *api) draftUpdate(ctx context.Context, in *struct {
	AlertID
	Body renewal
}) (*body[draft], error) {
	audience, err := a.audience(ctx, in.AlertID, registry.RaiseAlerts)
	if err != nil {
		return nil, err
	}
	said, err := a.announce(ctx, in.Body.Announcement)
	if err != nil {
		return nil, err
	}
	d, err := a.Orders.UpdateAlert(ctx, asks(ctx), in.ID, orders.AlertWish{
		Mode: protocol.Mode(in.Mode), Audience: audience, Lifetime: time.Duration(in.Body.LifetimeSeconds) * time.Second, Announcement: said,
	})
	return a.alertDraft(ctx, d, audience, err)
}

func (a *api) draftCancel(ctx context.Context, in *AlertID) (*body[draft], error) {
	if _, err := a.audience(ctx, *in, registry.CancelAlerts); err != nil {
		return nil, err
	}
	d, err := a.Orders.Cancel(ctx, asks(ctx), protocol.Mode(in.Mode), in.ID)
	return answer(viewDraft(d)), err
}

// mostTargets is what the contract lets one stop name.
const mostTargets = 100

type stopWish struct {
	Areas []string `json:"areas" minItems:"1" maxItems:"5000" doc:"Codes."`
}

func (a *api) draftStop(ctx context.Context, in *body[stopWish]) (*body[draft], error) {
	if err := a.allow(ctx, registry.StopSound, "areas", in.Body.Areas...); err != nil {
		return nil, err
	}
	sounding, err := a.Fleet.OnAir(ctx, in.Body.Areas...)
	if err != nil {
		return nil, err
	}
	seen := map[protocol.Target]bool{}
	var targets []protocol.Target
	for _, cluster := range sortedKeys(sounding) {
		for _, t := range sounding[cluster] {
			if !seen[t] {
				seen[t] = true
				targets = append(targets, t)
			}
		}
	}
	if len(targets) == 0 {
		return nil, newProblem(http.StatusConflict, "nothing is on air there, as far as is known").as("nothing-on-air")
	}
	if len(targets) > mostTargets {
		return nil, newProblem(http.StatusUnprocessableEntity, "one stop ends at most %d things, on air there are %d: stop fewer areas at a time", mostTargets, len(targets)).
			at("areas", "too many for one stop")
	}
	d, err := a.Orders.Stop(ctx, asks(ctx), in.Body.Areas, targets)
	return answer(viewDraft(d)), err
}

func (a *api) draftLocal(ctx context.Context, in *body[localWish]) (*body[draft], error) {
	w := in.Body
	if err := a.allow(ctx, registry.RaiseAlerts, "audience", w.Audience...); err != nil {
		return nil, err
	}
	said, err := a.announce(ctx, w.Announcement)
	if err != nil {
		return nil, err
	}
	d, err := a.Orders.Local(ctx, asks(ctx), orders.LocalWish{
		Mode: w.Mode, Input: w.Input, Audience: w.Audience, Lifetime: time.Duration(w.LifetimeSeconds) * time.Second,
		Seconds: w.Seconds, Announcement: said,
	})
	return answer(viewDraft(d)), err
}
