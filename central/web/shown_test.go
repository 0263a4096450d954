package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
)

// receives has a board's receipt taken.
func (w *world) receives(board string, r protocol.Receipt) {
	w.Helper()
	r.Version, r.Epoch, r.Clock = protocol.Version, "e", protocol.ClockTrusted
	if r.At.IsZero() {
		r.At = time.Now().UTC()
	}
	e, err := protocol.SealReceipt(r, keyOf(board))
	w.must(err)
	data, err := protocol.Encode(e)
	w.must(err)
	w.must(w.orders.Receipt(w.Context(), r.Cluster, data))
	w.fleet.Told(r)
}

func (w *world) leaves(cluster string) {
	w.Helper()
	will, err := protocol.Encode(protocol.State{Version: protocol.Version, Cluster: cluster, Boot: "b", Clock: protocol.ClockTrusted})
	w.must(err)
	w.must(w.fleet.State(w.Context(), cluster, will))
}

type shownEntry struct {
	At                                                            time.Time
	Kind, Order, OrderKind, Title, Occurrence, Fate, Reason, Part string
	Verdict, Detail                                               string
	Evidence                                                      *protocol.Evidence
	Started, Until                                                *time.Time
}

func (w *world) line(person, query string) (all []shownEntry) {
	w.Helper()
	var line struct{ Entries []shownEntry }
	w.ask(person, "GET", "/clusters/muong-te-01/timeline"+query, nil).ok(&line)
	if !slices.IsSortedFunc(line.Entries, func(a, b shownEntry) int { return b.At.Compare(a.At) }) {
		w.Errorf("not the last first: %+v", line.Entries)
	}
	return line.Entries
}

// kinds are the entries of a kind, the first first, by what tells them apart.
func kinds(all []shownEntry, kind string) (found []string) {
	for _, e := range slices.Backward(all) {
		if e.Kind == kind {
			found = append(found, strings.Join(strings.Fields(strings.Join([]string{e.Occurrence, e.Part, e.Fate, e.Verdict, e.Reason}, " ")), " "))
		}
	}
	return found
}

// What a cluster ought to have played stands there until something is known of
// it, with why nothing is.
func TestTimelineNamesWhatIsNotKnown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.trusted()
		w.enrol("muong-te-01", "board one")
		var err error
		w.tokens["lan"], _, err = w.registry.NewToken(t.Context(), "test", "lan", "test", 72*time.Hour)
		w.must(err)
		w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe)).ok(nil)
		w.ask("lan", "POST", "/programmes", programmeOf(muongTe, "ban-tin")).ok(nil)
		w.tells("muong-te-01")
		now := time.Now().UTC() // noon in Lai Châu
		plan := protocol.Plan{
			Cluster: "muong-te-01", From: now.Add(-24 * time.Hour), Until: now.AddDate(0, 0, 30), Zone: "Asia/Ho_Chi_Minh",
			Items: []protocol.Item{{
				ID: "sang", Class: "routine", Start: "2026-01-01T11:30:00", Rule: "FREQ=DAILY;BYHOUR=11,13;BYMINUTE=30", Seconds: 600, Late: 60,
				Parts: []protocol.Part{{Sources: []protocol.Source{{BuiltIn: protocol.Chime}}}},
			}},
		}
		sent, err := w.orders.SendPlan(t.Context(), plan)
		w.must(err)
		due := func(want ...string) {
			t.Helper()
			if got := kinds(w.line("lan", ""), "due"); !slices.Equal(got, want) {
				t.Errorf("due: %q, want %q", got, want)
			}
		}
		due() // what was before the plan is not its
		in(100 * time.Minute)
		due() // on air
		in(4 * time.Minute)
		due("sang@2026-11-21T13:30:00 unknown")
		w.receives("board one", protocol.Receipt{
			Cluster: "muong-te-01", Sequence: 1, Order: sent.Hash, Kind: protocol.KindPlan, Mode: protocol.Live, Subject: "plan",
			Occurrence: "sang@2026-11-21T13:30:00", Fate: protocol.FateFinished,
			Evidence: &protocol.Evidence{Output: "main", Samples: 480000, Sources: []string{"chime"}, Verdict: protocol.VerdictSilent},
		})
		due()
		in(20 * time.Hour)
		w.leaves("muong-te-01") // at 9:44
		in(3 * time.Hour)
		due("sang@2026-11-22T11:30:00 offline")
		w.tells("muong-te-01") // at 12:44
		in(2 * time.Hour)
		due("sang@2026-11-22T11:30:00 offline", "sang@2026-11-22T13:30:00 unknown")
		// The next plan does not forget what was due by this one, nor does it
		// know of what was before it.
		plan.Items[0].Rule = "FREQ=DAILY;BYHOUR=9,15;BYMINUTE=30"
		_, err = w.orders.SendPlan(t.Context(), plan)
		w.must(err)
		in(2 * time.Hour)
		due("sang@2026-11-22T11:30:00 offline", "sang@2026-11-22T13:30:00 unknown", "sang@2026-11-22T15:30:00 unknown")

		in(20 * time.Hour)
		due("sang@2026-11-22T11:30:00 offline", "sang@2026-11-22T13:30:00 unknown", "sang@2026-11-22T15:30:00 unknown", "sang@2026-11-23T09:30:00 unknown")

		all := w.line("lan", "")
		if got := kinds(all, "offline"); len(got) != 1 {
			t.Errorf("offline: %q", got)
		}
		if got := kinds(all, "online"); len(got) != 2 {
			t.Errorf("online: %q", got)
		}
		if got := kinds(all, "run"); !slices.Equal(got, []string{"sang@2026-11-21T13:30:00 finished silent"}) {
			t.Errorf("run: %q", got)
		}
		for _, e := range all {
			switch {
			case e.Kind == "run" && (e.Title != "Buổi sáng" || e.Evidence == nil || e.OrderKind != "plan"),
				e.Kind == "due" && (e.Title != "Buổi sáng" || e.Until == nil || e.Order == ""):
				t.Errorf("%+v", e)
			}
		}
		// A stretch, and so many of it.
		if got := w.line("lan", "?from=2026-11-22T06:00:00Z&until=2026-11-22T07:00:00Z"); len(got) != 1 || got[0].Occurrence != "sang@2026-11-22T13:30:00" {
			t.Errorf("an hour: %+v", got)
		}
		if got := w.line("lan", "?limit=3"); len(got) != 3 || got[0].At != all[0].At {
			t.Errorf("three: %+v", got)
		}
		if got := w.line("lan", "?from=2030-01-01T00:00:00Z"); len(got) != 0 {
			t.Errorf("of the future: %+v", got)
		}
		w.ask("lan", "GET", "/clusters/muong-te-01/timeline?from=yesterday", nil).refused(422, "invalid", "from")
		w.ask("lan", "GET", "/clusters/nobody-01/timeline", nil).refused(404, "not-found")
	})
}

func TestTimelineTellsOrdersAndFaults(t *testing.T) {
	w := newWorld(t).trusted()
	w.enrol("muong-te-01", "board one")
	o := w.raised()
	w.receives("board one", protocol.Receipt{
		Cluster: "muong-te-01", Sequence: 1, Order: o.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: o.Subject,
		Fate: protocol.FateRefused, Reason: protocol.ReasonUnknownKey, Detail: "signatures: nobody it knows",
	})
	state := protocol.State{Version: protocol.Version, Cluster: "muong-te-01", Online: true, At: time.Now(), Boot: "b", Clock: protocol.ClockTrusted,
		Faults: []protocol.FaultNote{{Part: "relay main", Detail: "does not open"}}}
	data, err := protocol.Encode(state)
	w.must(err)
	w.must(w.fleet.State(t.Context(), "muong-te-01", data))
	w.tells("muong-te-01")
	all := w.line("tho", "")
	if got := kinds(all, "fault"); !slices.Equal(got, []string{"relay main"}) {
		t.Errorf("%q", got)
	}
	if got := kinds(all, "recovered"); !slices.Equal(got, []string{"relay main"}) {
		t.Errorf("%q", got)
	}
	i := slices.IndexFunc(all, func(e shownEntry) bool { return e.Order == o.Hash })
	if i < 0 || all[i].Fate != "refused" || all[i].Reason != "unknown-key" || all[i].Detail == "" || all[i].Title != "flood" || all[i].Until == nil {
		t.Errorf("%+v", all)
	}
}

type shownTally struct{ Targets, Waiting, Sent, Accepted, Sounding, Heard, Silent, Unknown, Refused int }

// An alert is shown by commune to each person as far as it concerns him or her.
func TestAlertByCommune(t *testing.T) {
	w := newWorld(t).trusted()
	w.enrol("muong-te-01", "board one")
	w.enrol("doan-ket-01", "board two")
	var d draft
	w.ask("binh", "POST", "/alerts", alertOf(province)).ok(&d)
	id := strings.TrimPrefix(d.Subject, "alert/live/")
	type shown struct {
		State, By, Hash string
		Sequence        int
		Raised          *time.Time
		Persons         []string
		Lacks           *struct{ Reason string }
		Messages        []struct{ Language, Text string }
		Counts          shownTally
		Communes        []struct {
			Code, NameVi string
			Counts       shownTally
			Clusters     []struct {
				ID, Name, State, Verdict, Fate string
				Silence                        *struct{ Code string }
			}
		}
	}
	look := func(person string) (a shown) {
		t.Helper()
		w.ask(person, "GET", "/alerts/live/"+id, nil).ok(&a)
		var all []shown
		w.ask(person, "GET", "/alerts?state=active", nil).ok(&all)
		if len(all) != 1 || all[0].Counts != a.Counts || all[0].State != a.State || all[0].Hash != d.Hash {
			t.Errorf("the list says %+v, the alert %+v", all, a)
		}
		return a
	}
	w.sign("binh", d).ok(nil)
	if a := look("phuc"); a.State != "gathering" || a.Lacks == nil || a.Lacks.Reason != "threshold" || a.Counts.Targets != 2 || a.Raised != nil || len(a.Communes) != 0 {
		t.Errorf("%+v", a)
	}
	w.sign("phuc", d).ok(nil)
	a := look("phuc")
	if a.State != "active" || a.Lacks != nil || a.By != "binh" || !slices.Equal(a.Persons, []string{"binh", "phuc"}) || a.Raised == nil ||
		a.Messages[0].Text != "Lũ đang lên." || a.Sequence != 1 || a.Counts != (shownTally{Targets: 2, Waiting: 2}) || len(a.Communes) != 2 {
		t.Errorf("%+v", a)
	}
	w.tells("muong-te-01", protocol.OnAir{Output: "main", Class: "emergency", Mode: protocol.Live, Subject: d.Subject, Order: d.Hash})
	if a = look("phuc"); a.Counts != (shownTally{Targets: 2, Waiting: 1, Sounding: 1}) {
		t.Errorf("%+v", a.Counts)
	}
	w.receives("board two", protocol.Receipt{
		Cluster: "doan-ket-01", Sequence: 1, Order: d.Hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: d.Subject, Occurrence: d.Subject + "#1",
		Fate: protocol.FateFinished, Evidence: &protocol.Evidence{Output: "main", Sources: []string{}, Verdict: protocol.VerdictHeard},
	})
	a = look("phuc")
	if a.Counts != (shownTally{Targets: 2, Sounding: 1, Heard: 1}) {
		t.Errorf("%+v", a.Counts)
	}
	// An officer sees the whole of it counted, and the clusters of her commune.
	a = look("lan")
	if a.Counts != (shownTally{Targets: 2, Sounding: 1, Heard: 1}) || len(a.Communes) != 1 || a.Communes[0].Code != muongTe || a.Communes[0].NameVi != "Mường Tè" ||
		a.Communes[0].Counts != (shownTally{Targets: 1, Sounding: 1}) || a.Communes[0].Clusters[0].State != "sounding" {
		t.Errorf("%+v", a)
	}
	a = look("nam")
	c := a.Communes[0].Clusters[0]
	if len(a.Communes) != 1 || c.ID != "doan-ket-01" || c.State != "heard" || c.Verdict != "heard" || c.Fate != "finished" || c.Silence == nil || c.Silence.Code != "never-seen" {
		t.Errorf("%+v", a)
	}
	w.ask("phuc", "GET", "/alerts/drill/"+id, nil).refused(404, "not-found")
	w.ask("phuc", "GET", "/alerts/live/nothing", nil).refused(404, "not-found")
	var ended []shown
	w.ask("phuc", "GET", "/alerts?state=ended", nil).ok(&ended)
	if len(ended) != 0 {
		t.Errorf("%+v", ended)
	}
	w.ask("phuc", "GET", "/alerts?state=over", nil).refused(422, "invalid", "state")
}

func TestScheduleOfAnArea(t *testing.T) {
	w, _ := staged(t)
	w.ask("nam", "POST", "/programmes", programmeOf(doanKet, "phuong").with(object{"id": "phuong", "start": "2026-01-01T23:55:00"})).ok(nil)
	look := func(person, query string) (all []string) {
		t.Helper()
		var week struct {
			Occurrences []struct {
				Programme, Title, Class, Area, Occurrence string
				Start, End                                time.Time
				Bulletins                                 []string
			}
		}
		w.ask(person, "GET", "/schedule?"+query, nil).ok(&week)
		for _, o := range week.Occurrences {
			all = append(all, o.Programme+" "+o.Start.Format("02T15:04Z07:00"))
			if !strings.HasPrefix(o.Occurrence, o.Programme+"@") || o.End.Sub(o.Start) != 10*time.Minute || o.Title != "Buổi sáng" || len(o.Bulletins) != 1 {
				t.Errorf("%+v", o)
			}
		}
		return all
	}
	for _, c := range []struct {
		person, query string
		want          []string
	}{
		{"lan", "area=" + muongTe + "&from=2026-12-01&days=1", []string{"sang 01T05:30+07:00", "tinh 01T05:30+07:00"}},
		{"lan", "area=" + muongTe + ".01&from=2026-12-01&days=1", []string{"sang 01T05:30+07:00", "tinh 01T05:30+07:00"}},
		// Of the province an officer sees what concerns her commune.
		{"lan", "area=" + province + "&from=2026-12-01&days=1", []string{"sang 01T05:30+07:00", "tinh 01T05:30+07:00"}},
		{"lan", "from=2026-12-01&days=1", []string{"sang 01T05:30+07:00", "tinh 01T05:30+07:00"}},
		{"phuc", "area=" + province + "&from=2026-12-01&days=1", []string{"phuong 30T23:55+07:00", "sang 01T05:30+07:00", "tinh 01T05:30+07:00", "phuong 01T23:55+07:00"}},
		{"phuc", "area=" + doanKet + "&from=2026-12-01&days=1", []string{"phuong 30T23:55+07:00", "tinh 01T05:30+07:00", "phuong 01T23:55+07:00"}},
		{"nam", "area=" + doanKet + "&from=2026-12-01&days=2", []string{
			"phuong 30T23:55+07:00", "tinh 01T05:30+07:00", "phuong 01T23:55+07:00", "tinh 02T05:30+07:00", "phuong 02T23:55+07:00"}},
	} {
		if got := look(c.person, c.query); !slices.Equal(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.person, c.query, got, c.want)
		}
	}
	if got := look("lan", "area="+muongTe+"&from=2026-12-01"); len(got) != 14 {
		t.Errorf("a week: %q", got)
	}
	w.refuses(t, []refusal{
		{"no day", "lan", "GET", "/schedule?area=" + muongTe, nil, 422, "invalid", []string{"from"}},
		{"no such day", "lan", "GET", "/schedule?from=2026-02-30", nil, 422, "invalid", []string{"from"}},
		{"too many days", "lan", "GET", "/schedule?from=2026-12-01&days=43", nil, 422, "invalid", []string{"days"}},
	})
}

func TestDistribution(t *testing.T) {
	w, hash := staged(t)
	w.enrol("muong-te-01", "board one")
	w.enrol("doan-ket-01", "board two")
	type shown struct {
		Order                                     string
		Targets, Told, Accepted, Refused, Waiting int
		Clusters                                  []struct{ ID, Name, Area, Handling, Reason string }
	}
	look := func(person, id string) (d shown) {
		t.Helper()
		w.ask(person, "GET", "/bulletins/"+id+"/distribution", nil).ok(&d)
		return d
	}
	if d := look("phuc", "tinh"); d.Order != "" || d.Targets != 0 || d.Clusters == nil {
		t.Errorf("not approved: %+v", d)
	}
	w.ask("phuc", "PUT", "/bulletins/tinh", bulletinOf(province).with(object{"id": "tinh", "audio": object{"vi": hash}}), "If-Match", `"1"`).ok(nil)
	o := w.approve("phuc", "tinh")
	w.receives("board two", protocol.Receipt{
		Cluster: "doan-ket-01", Sequence: 1, Order: o.Hash, Kind: protocol.KindBulletin, Mode: protocol.Live, Subject: "bulletin/tinh", Fate: protocol.FateRefused, Reason: protocol.ReasonStale,
	})
	d := look("phuc", "tinh")
	if d.Order != o.Hash || d.Targets != 2 || d.Told != 0 || d.Refused != 1 || d.Waiting != 1 || d.Accepted != 0 || len(d.Clusters) != 2 ||
		d.Clusters[0].Handling != "refused" || d.Clusters[0].Reason != "stale" || d.Clusters[1].Name != "Cụm bản một" {
		t.Errorf("%+v", d)
	}
	if d = look("lan", "tinh"); d.Targets != 2 || len(d.Clusters) != 1 || d.Clusters[0].ID != "muong-te-01" || d.Clusters[0].Handling != "waiting" {
		t.Errorf("%+v", d)
	}
	w.ask("lan", "GET", "/bulletins/nothing/distribution", nil).refused(404, "not-found")
}

func TestAlarmsOfAnArea(t *testing.T) {
	w := newWorld(t).trusted()
	w.enrol("muong-te-01", "board one")
	w.tells("muong-te-01")
	w.leaves("muong-te-01")
	type shown struct {
		Cluster, Name, Area, Code string
		Since                     *time.Time
		Params                    map[string]string
	}
	look := func(person, query string) (all []shown) {
		t.Helper()
		w.ask(person, "GET", "/alarms"+query, nil).ok(&all)
		return all
	}
	all := look("tho", "")
	if len(all) != 2 || all[0].Cluster != "muong-te-01" || all[0].Code != "offline" || all[0].Since == nil || all[0].Params["seen"] == "" || all[0].Name != "Cụm bản một" ||
		all[1].Code != "never-enrolled" || all[1].Since != nil || all[1].Params == nil {
		t.Errorf("%+v", all)
	}
	if all = look("nam", ""); len(all) != 1 || all[0].Cluster != "doan-ket-01" {
		t.Errorf("%+v", all)
	}
	if all = look("tho", "?area="+doanKet); len(all) != 1 {
		t.Errorf("%+v", all)
	}
	if all = look("tho", "?limit=1"); len(all) != 1 || all[0].Code != "offline" {
		t.Errorf("%+v", all)
	}
}

// What goes on elsewhere is nobody's, and that somebody asked is in the audit.
func TestLiveIsDeniedElsewhere(t *testing.T) {
	w, _ := staged(t)
	w.enrol("muong-te-01", "board one")
	o := w.raised()
	alert := "/alerts/" + strings.TrimPrefix(o.Subject, "alert/")
	for _, c := range []struct{ name, person, path string }{
		{"stranger: the list", "khach", "/clusters/brief"},
		{"stranger: alarms", "khach", "/alarms"},
		{"stranger: a timeline", "khach", "/clusters/muong-te-01/timeline"},
		{"stranger: alerts", "khach", "/alerts"},
		{"stranger: an alert", "khach", alert},
		{"stranger: the schedule", "khach", "/schedule?from=2026-12-01"},
		{"stranger: distribution", "khach", "/bulletins/ban-tin/distribution"},
		{"stranger: events", "khach", "/events"},
		{"technician: alerts", "tho", "/alerts"},
		{"technician: an alert", "tho", alert},
		{"technician: the schedule", "tho", "/schedule?from=2026-12-01"},
		{"technician: distribution", "tho", "/bulletins/ban-tin/distribution"},
		{"officer: the list elsewhere", "nam", "/clusters/brief?area=" + muongTe},
		{"officer: alarms elsewhere", "nam", "/alarms?area=" + muongTe},
		{"officer: a timeline elsewhere", "nam", "/clusters/muong-te-01/timeline"},
		{"officer: an alert elsewhere", "nam", alert},
		{"officer: the schedule elsewhere", "nam", "/schedule?from=2026-12-01&area=" + muongTe},
		{"officer: distribution elsewhere", "nam", "/bulletins/ban-tin/distribution"},
		{"officer: an area that is none", "nam", "/clusters/brief?area=99999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			on := *w
			on.T = t
			before := len(on.denials())
			on.ask(c.person, http.MethodGet, c.path, nil).refused(403, "denied")
			if rows := on.denials(); len(rows) != before+1 || rows[before].Person != c.person {
				t.Errorf("%d denials, there were %d", len(rows), before)
			}
		})
	}
	// And lists have nothing of it.
	var alerts []any
	w.ask("nam", "GET", "/alerts", nil).ok(&alerts)
	var list struct{ Clusters []struct{ ID string } }
	w.ask("nam", "GET", "/clusters/brief", nil).ok(&list)
	if len(alerts) != 0 || len(list.Clusters) != 1 || list.Clusters[0].ID != "doan-ket-01" {
		t.Errorf("%v, %+v", alerts, list)
	}
}
