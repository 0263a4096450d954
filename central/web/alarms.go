package web

import (
	"context"

	"loa/central/fleet"
)

// alarm is one cause because of which a cluster is silent, or will be.
type alarm struct {
	Cluster string `json:"cluster"`
	Name    string `json:"name"`
	Area    string `json:"area" doc:"Code."`
	Silence
}

func (a *api) alarms(ctx context.Context, in *struct {
	Area  string `query:"area" maxLength:"16" doc:"Only of clusters that answer to this area's code."`
	Limit int    `query:"limit" minimum:"1" maximum:"10000" default:"1000"`
}) (*body[[]alarm], error) {
	filter, readable, err := a.inScope(ctx, in.Area)
	if err != nil {
		return nil, err
	}
	found, err := a.Fleet.Alarms(ctx, filter)
	if err != nil {
		return nil, err
	}
	shown := []alarm{}
	for _, f := range found {
		if len(shown) < in.Limit && readable(f.Cluster) {
			shown = append(shown, viewAlarm(f))
		}
	}
	return answer(shown), nil
}

func viewAlarm(f fleet.Alarm) alarm {
	return alarm{f.Cluster.ID, f.Cluster.Name, f.Cluster.Area, viewSilence(f.Silence)}
}
