package web

import (
	"context"
	"time"

	"loa/central/fleet"
	"loa/central/registry"
	"loa/controller/protocol"
)

// brief is a cluster as a list shows it.
type brief struct {
	ID        string               `json:"id"`
	Name      string               `json:"name"`
	Area      string               `json:"area" doc:"Code."`
	Languages []string             `json:"languages"`
	Enrolled  bool                 `json:"enrolled" doc:"It has a board in service."`
	Online    bool                 `json:"online"`
	Since     *time.Time           `json:"since,omitempty" doc:"When online last changed."`
	Seen      *time.Time           `json:"seen,omitempty" doc:"When anything was last heard."`
	OnAir     []onAir              `json:"onAir" doc:"What sounds; of a cluster that is away, what it last told."`
	Faults    []protocol.FaultNote `json:"faults" doc:"As its board last told."`
	Silence   *Silence             `json:"silence,omitempty" doc:"Why it is silent, or will be when it is asked to sound."`
}

type onAir struct {
	Output  string        `json:"output"`
	Class   string        `json:"class"`
	Mode    protocol.Mode `json:"mode"`
	Subject string        `json:"subject" doc:"An alert's subject, or an occurrence."`
	Order   string        `json:"order" doc:"Hash."`
	Since   time.Time     `json:"since" doc:"By the board's clock."`
}

// Silence is why a cluster is silent, or will be.
type Silence struct {
	Code   fleet.Code        `json:"code" enum:"never-enrolled,never-seen,offline,relay-fault,sound-fault,store-fault,clock-untrusted,no-plan,last-silent,other-fault"`
	Since  *time.Time        `json:"since,omitempty"`
	Params map[string]string `json:"params" doc:"What the code's words need: part, detail, seen, until, order, occurrence, output."`
}

func viewSilence(s fleet.Silence) Silence {
	v := Silence{s.Code, moment(s.Since), s.Params}
	if v.Params == nil {
		v.Params = map[string]string{}
	}
	return v
}

func viewBrief(s fleet.Standing) brief {
	c, p := s.Cluster, s.Picture
	v := brief{
		ID: c.ID, Name: c.Name, Area: c.Area, Languages: c.Languages, Enrolled: s.Enrolled,
		Online: p.Online, Since: moment(p.Since), Seen: moment(p.Seen), OnAir: []onAir{}, Faults: []protocol.FaultNote{},
	}
	if p.State != nil {
		for _, on := range p.State.OnAir {
			v.OnAir = append(v.OnAir, onAir(on))
		}
		v.Faults = append(v.Faults, p.State.Faults...)
	}
	if why := s.Silence(); why != nil {
		shown := viewSilence(*why)
		v.Silence = &shown
	}
	return v
}

type briefs struct {
	At       time.Time `json:"at" doc:"The server's time."`
	Clusters []brief   `json:"clusters"`
}

// inScope are the clusters that the person may look at, in an area where one is
// named.
func (a *api) inScope(ctx context.Context, area string) (fleet.Filter, func(registry.Cluster) bool, error) {
	var filter fleet.Filter
	if area != "" {
		filter.Areas = []string{area}
		if err := a.reads(ctx, registry.ReadFleet, area); err != nil {
			return filter, nil, err
		}
	}
	concerns, err := a.concerns(ctx, registry.ReadFleet)
	return filter, func(c registry.Cluster) bool { return concerns[c.Area] }, err
}

// concerns are the codes of the areas that concern the person.
func (a *api) concerns(ctx context.Context, action registry.Action) (map[string]bool, error) {
	codes, _, err := a.Registry.Concerning(ctx, asks(ctx), action)
	if err != nil {
		return nil, err
	}
	concerns := make(map[string]bool, len(codes))
	for _, code := range codes {
		concerns[code] = true
	}
	return concerns, nil
}

func (a *api) briefly(ctx context.Context, in *struct {
	Area string `query:"area" maxLength:"16" doc:"Only those that answer to this area's code."`
}) (*body[briefs], error) {
	filter, readable, err := a.inScope(ctx, in.Area)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	standings, err := a.Fleet.Standings(ctx, filter)
	if err != nil {
		return nil, err
	}
	found := briefs{now, make([]brief, 0, len(standings))}
	for _, s := range standings {
		if readable(s.Cluster) {
			found.Clusters = append(found.Clusters, viewBrief(s))
		}
	}
	return answer(found), nil
}
