package web

import (
	"context"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

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
	Code   fleet.Code        `json:"code" enum:"never-enrolled,never-seen,offline,relay-fault,sound-fault,store-fault,clock-untrusted,mains-unfit,no-plan,last-silent,test-silent,other-fault"`
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
			on.Since = on.Since.UTC()
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

// written is an answer whose JSON is made by hand.
type written struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// asBriefs describes what is written by hand.
func (a *api) asBriefs(op *huma.Operation) {
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: a.schemaOf(reflect.TypeFor[briefs]())},
	}}
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
}) (*written, error) {
	filter, readable, err := a.inScope(ctx, in.Area)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	standings, err := a.Fleet.Standings(ctx, filter)
	if err != nil {
		return nil, err
	}
	// Of 10,000 clusters encoding/json would take most of the time that there is.
	out := make([]byte, 0, 100+len(standings)*briefSize)
	out = append(out, `{"at":`...)
	out = appendTime(out, now)
	out = append(out, `,"clusters":[`...)
	first := true
	for i := range standings {
		if !readable(standings[i].Cluster) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = appendBrief(out, &standings[i])
	}
	return &written{"application/json", append(out, "]}\n"...)}, nil
}

// briefSize is what most briefs have, in bytes.
const briefSize = 320

// appendBrief writes what encoding/json makes of viewBrief.
func appendBrief(b []byte, s *fleet.Standing) []byte {
	c, p := &s.Cluster, &s.Picture
	b = appendText(append(b, `{"id":`...), c.ID)
	b = appendText(append(b, `,"name":`...), c.Name)
	b = appendText(append(b, `,"area":`...), c.Area)
	b = append(b, `,"languages":[`...)
	for i, language := range c.Languages {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, language)
	}
	b = strconv.AppendBool(append(b, `],"enrolled":`...), s.Enrolled)
	b = strconv.AppendBool(append(b, `,"online":`...), p.Online)
	if !p.Since.IsZero() {
		b = appendTime(append(b, `,"since":`...), p.Since)
	}
	if !p.Seen.IsZero() {
		b = appendTime(append(b, `,"seen":`...), p.Seen)
	}
	b = append(b, `,"onAir":[`...)
	if p.State != nil {
		for i, on := range p.State.OnAir {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"output":`...), on.Output)
			b = appendText(append(b, `,"class":`...), on.Class)
			b = appendText(append(b, `,"mode":`...), string(on.Mode))
			b = appendText(append(b, `,"subject":`...), on.Subject)
			b = appendText(append(b, `,"order":`...), on.Order)
			b = appendTime(append(b, `,"since":`...), on.Since)
			b = append(b, '}')
		}
	}
	b = append(b, `],"faults":[`...)
	if p.State != nil {
		for i, f := range p.State.Faults {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"part":`...), f.Part)
			b = appendText(append(b, `,"detail":`...), f.Detail)
			b = append(b, '}')
		}
	}
	b = append(b, ']')
	if why := s.Silence(); why != nil {
		b = append(append(b, `,"silence":`...), plain(viewSilence(*why))...)
	}
	return append(b, '}')
}

// appendTime writes a time as JSON has it.
func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// appendText writes a text as JSON has it. What needs care goes the long way.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return append(b, plain(s)...)
		}
	}
	if !utf8.ValidString(s) {
		return append(b, plain(s)...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
