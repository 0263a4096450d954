package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"loa/central/fleet"
	"loa/central/orders"
	"loa/central/registry"
	"loa/controller/protocol"
)

// Alert is an alert or a drill as it stands.
type Alert struct {
	Mode        protocol.Mode  `json:"mode" enum:"live,drill"`
	ID          string         `json:"id"`
	Hash        string         `json:"hash" doc:"Of the newest sealed sequence; of the draft while there is none."`
	Sequence    int            `json:"sequence" doc:"1 raised it; a higher one is an update."`
	Hazard      string         `json:"hazard"`
	Level       int            `json:"level,omitempty"`
	Audience    []string       `json:"audience" doc:"Area codes."`
	Messages    []message      `json:"messages"`
	Siren       protocol.Siren `json:"siren"`
	Phrase      string         `json:"phrase"`
	Repetitions int            `json:"repetitions"`
	Pause       float64        `json:"pause" doc:"Seconds between repetitions."`
	Raised      *time.Time     `json:"raised,omitempty" doc:"When enough had signed."`
	Until       *time.Time     `json:"until,omitempty"`
	By          string         `json:"by" doc:"Who drafted it."`
	Persons     []string       `json:"persons" doc:"Who signed; once sealed, who was counted."`
	State       orders.Course  `json:"state" enum:"gathering,active,cancelled,ended"`
	Lacks       *lack          `json:"lacks,omitempty" doc:"Why it is not sealed."`
	Signers     []named        `json:"signers,omitempty" doc:"While it gathers: who has not signed and would be counted."`
	Names       []named        `json:"names" doc:"Of who drafted it and who signed."`
	Counts      tally          `json:"counts"`
}

// tally counts every target once.
type tally struct {
	Targets  int `json:"targets"`
	Waiting  int `json:"waiting" doc:"Nothing was sent yet."`
	Sent     int `json:"sent" doc:"And there is no answer yet."`
	Accepted int `json:"accepted"`
	Sounding int `json:"sounding"`
	Heard    int `json:"heard" doc:"By the board's own sensors."`
	Silent   int `json:"silent" doc:"Sensors heard nothing, or it could not sound."`
	Unknown  int `json:"unknown" doc:"It ended, or expired, without a verdict."`
	Refused  int `json:"refused"`
}

func viewAlert(s orders.Alert, counts orders.Tally) Alert {
	v := Alert{
		Mode: s.Mode, ID: s.ID, Hash: s.Hash, Sequence: s.Sequence, Hazard: s.Hazard, Level: s.Level, Audience: s.Audience,
		Messages: []message{}, Siren: s.Siren, Phrase: s.Phrase, Repetitions: s.Repetitions, Pause: s.Pause,
		Raised: moment(s.SealedAt), Until: moment(s.Until), By: s.By, State: s.Course, Counts: tally(counts),
	}
	o := viewOrder(s.Status)
	v.Persons, v.Lacks = o.Persons, o.Lacks
	for _, m := range s.Messages {
		said := message{Language: m.Language, Text: m.Text}
		if m.Audio != nil {
			said.Audio = m.Audio.SHA256
		}
		v.Messages = append(v.Messages, said)
	}
	return v
}

// counted is where the clusters of an alert stand.
func (a *api) counted(ctx context.Context, s orders.Alert) (orders.Tally, error) {
	if s.State != orders.Sealed {
		return orders.Tally{Targets: s.Counts.Targets}, nil
	}
	return a.Orders.Tally(ctx, s.Hash, s.Course != orders.Active, a.Fleet.Sounding(s.Hash))
}

func (a *api) alertList(ctx context.Context, in *struct {
	State string `query:"state" enum:"active,ended,all" default:"all" doc:"active: gathering or sounding; ended: cancelled or over."`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}) (*body[[]Alert], error) {
	codes, err := a.scope(ctx, registry.ReadContent)
	if err != nil {
		return nil, err
	}
	found, err := a.Orders.Alerts(ctx, orders.AlertQuery{
		Areas: codes, At: time.Now(), Active: in.State == "active", Ended: in.State == "ended", Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	shown := make([]Alert, 0, len(found))
	for _, s := range found {
		counts, err := a.counted(ctx, s)
		if err != nil {
			return nil, err
		}
		shown = append(shown, viewAlert(s, counts))
	}
	return answer(shown), a.introduce(ctx, shown)
}

// introduced names persons; one who is not known any more has only the id.
func (a *api) introduced(ctx context.Context) (func(id string) named, error) {
	persons, err := a.Registry.Persons(ctx)
	names := make(map[string]string, len(persons))
	for _, p := range persons {
		names[p.ID] = p.Name
	}
	return func(id string) named { return named{id, cmp.Or(names[id], id)} }, err
}

// introduce adds the names of the people of alerts.
func (a *api) introduce(ctx context.Context, shown []Alert) error {
	introduced, err := a.introduced(ctx)
	if err != nil {
		return err
	}
	for i := range shown {
		s := &shown[i]
		people := append([]string{s.By}, s.Persons...)
		slices.Sort(people)
		s.Names = list(slices.Compact(people), introduced)
		if s.State != orders.GathersStill {
			continue
		}
		able, err := a.Orders.Signers(ctx, s.Mode, s.Audience)
		if err != nil {
			return err
		}
		s.Signers = list(slices.DeleteFunc(able, func(id string) bool { return slices.Contains(s.Persons, id) }), introduced)
	}
	return nil
}

type alertDetail struct {
	Alert
	Communes []communeFate `json:"communes" doc:"By name; of those that the person may look at."`
}

type communeFate struct {
	Code     string         `json:"code"`
	NameVi   string         `json:"nameVi"`
	NameEn   string         `json:"nameEn,omitempty"`
	Counts   tally          `json:"counts"`
	Clusters []alertCluster `json:"clusters"`
}

type alertCluster struct {
	ID      string           `json:"id"`
	Name    string           `json:"name"`
	State   orders.Standing  `json:"state" enum:"waiting,sent,accepted,sounding,heard,silent,unknown,refused"`
	Fate    protocol.Fate    `json:"fate,omitempty" doc:"The last that was told of its sounding."`
	Verdict protocol.Verdict `json:"verdict,omitempty"`
	Reason  protocol.Reason  `json:"reason,omitempty"`
	Detail  string           `json:"detail,omitempty"`
	Silence *Silence         `json:"silence,omitempty" doc:"Why the cluster is silent or will be, as far as is known now."`
}

func (a *api) alertByID(ctx context.Context, in *AlertID) (*body[alertDetail], error) {
	subject := protocol.AlertSubject(protocol.Mode(in.Mode), in.ID)
	found, err := a.Orders.Alerts(ctx, orders.AlertQuery{Subject: subject, At: time.Now(), Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, newProblem(http.StatusNotFound, "%s is not known", clip(subject))
	}
	s := found[0]
	if err := a.reads(ctx, registry.ReadContent, s.Areas...); err != nil {
		return nil, err
	}
	all, communes := orders.Tally{}, []communeFate{}
	if s.State == orders.Sealed {
		all, communes, err = a.byCommune(ctx, s)
	} else {
		all, err = a.counted(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	shown := []Alert{viewAlert(s, all)}
	if err := a.introduce(ctx, shown); err != nil {
		return nil, err
	}
	return answer(alertDetail{shown[0], communes}), nil
}

// byCommune is where every cluster of an alert stands, and all of them together.
func (a *api) byCommune(ctx context.Context, s orders.Alert) (all orders.Tally, _ []communeFate, _ error) {
	fates, err := a.Orders.Fates(ctx, s.Hash)
	if err != nil {
		return all, nil, err
	}
	concerns, err := a.concerns(ctx, registry.ReadContent)
	if err != nil {
		return all, nil, err
	}
	standings, err := a.Fleet.Standings(ctx, fleet.Filter{})
	if err != nil {
		return all, nil, err
	}
	byID := make(map[string]fleet.Standing, len(standings))
	for _, st := range standings {
		byID[st.Cluster.ID] = st
	}
	areas, err := a.Registry.Areas(ctx)
	if err != nil {
		return all, nil, err
	}
	names := make(map[string]registry.Area, len(areas))
	for _, n := range areas {
		names[n.Code] = n
	}
	onAir := map[string]bool{}
	for _, cluster := range a.Fleet.Sounding(s.Hash) {
		onAir[cluster] = true
	}
	communes, counts := map[string]*communeFate{}, map[string]*orders.Tally{}
	for _, f := range fates {
		where := orders.StandingOf(f.Delivered(), s.Course != orders.Active, onAir[f.Cluster])
		all.Add(where, 1)
		st, ok := byID[f.Cluster]
		if !ok || !concerns[st.Cluster.Area] {
			continue
		}
		code, _, _ := strings.Cut(st.Cluster.Area, ".")
		if communes[code] == nil {
			communes[code] = &communeFate{Code: code, NameVi: names[code].NameVi, NameEn: names[code].NameEn}
			counts[code] = &orders.Tally{}
		}
		c := alertCluster{ID: st.Cluster.ID, Name: st.Cluster.Name, State: where, Fate: f.Fate, Verdict: f.Verdict, Reason: f.Reason, Detail: f.Detail}
		if why := st.Silence(); why != nil {
			shown := viewSilence(*why)
			c.Silence = &shown
		}
		communes[code].Clusters = append(communes[code].Clusters, c)
		counts[code].Add(where, 1)
	}
	shown := make([]communeFate, 0, len(communes))
	for code, c := range communes {
		c.Counts = tally(*counts[code])
		shown = append(shown, *c)
	}
	slices.SortFunc(shown, func(a, b communeFate) int {
		return cmp.Or(cmp.Compare(a.NameVi, b.NameVi), cmp.Compare(a.Code, b.Code))
	})
	return all, shown, nil
}
