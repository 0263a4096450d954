package web_test

import (
	"time"
)

// liveIsSeen asks for everything that shows what goes on.
func (w *world) liveIsSeen() {
	var all struct {
		At       time.Time
		Clusters []struct {
			ID       string
			Enrolled bool
			Online   bool
			OnAir    []struct{ Subject string }
			Silence  *struct{ Code string }
		}
	}
	w.ask("lan", "GET", "/clusters/brief", nil).ok(&all)
	if len(all.Clusters) != 2 || all.Clusters[0].ID != "muong-te-01" || !all.Clusters[0].Online || !all.Clusters[0].Enrolled ||
		len(all.Clusters[0].OnAir) != 1 || all.Clusters[1].Silence == nil || all.Clusters[1].Silence.Code != "never-seen" {
		w.Errorf("%+v", all)
	}
	var alarms []struct{ Cluster, Code string }
	w.ask("tho", "GET", "/alarms", nil).ok(&alarms)
	if len(alarms) != 2 {
		w.Errorf("%+v", alarms)
	}
	var line struct {
		Entries []struct{ Kind, Order, Title, Fate string }
	}
	w.ask("lan", "GET", "/clusters/muong-te-01/timeline", nil).ok(&line)
	kinds := map[string]int{}
	for _, e := range line.Entries {
		kinds[e.Kind]++
	}
	if kinds["order"] == 0 || kinds["run"] != 1 || kinds["online"] != 1 {
		w.Errorf("%+v", kinds)
	}
	var alerts []struct {
		ID, State string
		Counts    struct{ Targets int }
	}
	w.ask("lan", "GET", "/alerts?state=all", nil).ok(&alerts)
	if len(alerts) != 2 || alerts[0].State != "active" || alerts[1].State != "cancelled" {
		w.Fatalf("%+v", alerts)
	}
	var alert struct {
		Communes []struct {
			Code     string
			Clusters []struct{ ID, State string }
		}
	}
	w.ask("lan", "GET", "/alerts/live/"+alerts[0].ID, nil).ok(&alert)
	if len(alert.Communes) != 1 || alert.Communes[0].Code != muongTe || len(alert.Communes[0].Clusters) != 2 {
		w.Errorf("%+v", alert)
	}
	var week struct {
		Occurrences []struct{ Programme, Title string }
	}
	w.ask("lan", "GET", "/schedule?area="+muongTe+"&from=2026-12-01&days=3", nil).ok(&week)
	if len(week.Occurrences) != 3 || week.Occurrences[0].Programme != "sang" {
		w.Errorf("%+v", week)
	}
	var told struct{ Targets int }
	w.ask("lan", "GET", "/bulletins/ban-tin/distribution", nil).ok(&told)
	if told.Targets != 2 {
		w.Errorf("%+v", told)
	}
	w.listen("lan").cancel()
}
