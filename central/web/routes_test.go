package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
)

// TestEveryRoute goes the way from an empty server to a cancelled alert, and
// fails when there is an operation on which it did not come by.
func TestEveryRoute(t *testing.T) {
	w := newWorld(t)
	w.startUp()
	w.somebodySignsIn()
	w.peopleChange()
	w.trustGrows()
	w.placesChange()
	w.contentIsApproved()
	w.programmesArePlanned()
	w.alertsAreRaised()
	w.picturesAreSeen()
	w.liveIsSeen()
	for path, item := range w.api.OpenAPI().Paths {
		for method, op := range methods(item) {
			if op != nil && !w.answered[op.OperationID] {
				t.Errorf("%s (%s %s) never answered", op.OperationID, method, path)
			}
		}
	}
	if text := w.log.String(); strings.Contains(text, "level=ERROR") {
		t.Errorf("the server failed:\n%s", text)
	}
	w.must(w.db.Check(t.Context()))
}

func (w *world) startUp() {
	w.ask("", "GET", "/healthz", nil).ok(nil)
	var ready struct {
		Version string `json:"version"`
		Root    bool   `json:"root"`
	}
	w.ask("khach", "GET", "/status", nil).ok(&ready)
	if ready.Version != "test" || ready.Root {
		w.Errorf("status %+v", ready)
	}
	var me struct {
		ID    string
		Roles []struct{ Name, Area string }
		Keys  []struct{ ID string }
	}
	w.ask("lan", "GET", "/me", nil, "Authorization", "bearer "+w.tokens["lan"]).ok(&me)
	if me.ID != "lan" || len(me.Roles) != 1 || me.Roles[0].Area != muongTe || me.Keys[0].ID != publicOf("lan").ID {
		w.Errorf("me %+v", me)
	}
}

func (w *world) somebodySignsIn() {
	b := w.browser(w.server)
	b.ask("GET", "/welcome", nil).ok(nil)
	var made struct{ Token string }
	w.ask("chi", "POST", "/persons/binh/invitations", nil).ok(&made)
	b.ask("POST", "/invitations/look", object{"token": made.Token}).ok(nil)
	b.ask("POST", "/invitations/accept", object{"token": made.Token, "password": good}).ok(nil)
	b.ask("DELETE", "/session", nil).ok(nil)
	b.ask("POST", "/session", object{"person": "binh", "password": good}).ok(nil)
	b.ask("PUT", "/me/password", object{"old": good, "new": "một câu khác hẳn"}).ok(nil)
	for i := range 2 {
		b.ask("POST", "/me/keys", proposal("binh", i)).ok(nil)
	}
	b.ask("DELETE", "/me/keys/"+proposal("binh", 0).ID, nil).ok(nil)
	w.ask("chi", "POST", "/persons/binh/keys/"+proposal("binh", 1).ID+"/confirm", nil).ok(nil)
}

func (w *world) peopleChange() {
	w.ask("chi", "POST", "/persons", object{"id": "mai", "name": "Lò Thị Mai"}).ok(nil)
	k := publicOf("mai")
	w.ask("chi", "POST", "/persons/mai/keys", k).ok(nil)
	w.ask("chi", "PUT", "/persons/mai/roles", object{"name": "officer", "area": doanKet}).ok(nil)
	var token struct{ ID, Text string }
	w.ask("chi", "POST", "/persons/mai/tokens", object{"label": "phone", "days": 30}).ok(&token)
	w.tokens["mai"] = token.Text
	var all []struct {
		ID, Text string
		Ended    *time.Time
	}
	w.ask("mai", "GET", "/persons/mai/tokens", nil).ok(&all)
	if len(all) != 1 || all[0].ID != token.ID || all[0].Text != "" {
		w.Errorf("tokens %+v", all)
	}
	w.ask("mai", "DELETE", "/persons/mai/tokens/"+token.ID, nil).ok(nil)
	w.ask("mai", "GET", "/me", nil).refused(401, "token")
	w.ask("chi", "POST", "/persons/mai/keys/"+k.ID+"/retire", nil).ok(nil)
	w.ask("chi", "POST", "/persons/mai/keys/"+k.ID+"/revoke", nil).ok(nil)
	w.ask("chi", "DELETE", "/persons/mai/roles/officer/"+doanKet, nil).ok(nil)
	var persons []struct {
		ID    string
		Roles []any
		Keys  []struct{ Retired, Revoked *time.Time }
	}
	w.ask("chi", "GET", "/persons", nil).ok(&persons)
	for _, p := range persons {
		if p.ID == "mai" && (len(p.Roles) != 0 || p.Keys[0].Retired == nil || p.Keys[0].Revoked == nil) {
			w.Errorf("mai is %+v", p)
		}
	}
}

func (w *world) trustGrows() {
	w.trusted()
	w.enrol("muong-te-01", "board one")
	before := w.planned.Load()
	var d draft
	w.ask("chi", "POST", "/clusters/muong-te-01/placement", nil).ok(&d)
	w.enact(d)
	if w.planned.Load() == before {
		w.Error("a placement changes no plan")
	}
	// Another board takes the place of one that was stolen.
	w.ask("chi", "POST", "/clusters", object{"id": "muong-te-02", "name": "Cụm hai", "area": muongTe, "languages": []string{"vi", "hmn"}}).ok(nil)
	w.enrol("muong-te-02", "board two")
	request := w.request("board three")
	w.ask("tho", "POST", "/enrolments", object{"cluster": "muong-te-02", "request": request}).ok(&d)
	w.enact(d)
	w.ask("tho", "POST", "/enrolments/muong-te-02/answer", object{"request": request}).refused(409, "in-use")
	w.ask("tho", "POST", "/clusters/muong-te-02/boards/"+publicOf("board two").ID+"/revoke", nil).ok(nil)
	var answer protocol.Enrolment
	w.ask("tho", "POST", "/enrolments/muong-te-02/answer", object{"request": request}).ok(&answer)
	if answer.Cluster != "muong-te-02" || answer.Certificate != "certificate of muong-te-02" || len(answer.KeySet.Signatures) != 2 {
		w.Errorf("answer %+v", answer)
	}
	var boards []struct {
		ID      string
		Revoked *time.Time
	}
	w.ask("lan", "GET", "/clusters/muong-te-02/boards", nil).ok(&boards)
	if len(boards) != 2 || boards[0].Revoked == nil || boards[1].Revoked != nil || boards[1].ID != publicOf("board three").ID {
		w.Errorf("boards %+v", boards)
	}
}

func (w *world) placesChange() {
	w.ask("kim", "PUT", "/areas", []object{{"code": muongTe + ".02", "parent": muongTe, "kind": "village", "nameVi": "Bản hai"}}).ok(nil)
	var areas []struct{ Code string }
	w.ask("khach", "GET", "/areas", nil).ok(&areas)
	if len(areas) != 5 {
		w.Errorf("%d areas", len(areas))
	}
	w.ask("chi", "PUT", "/stations", []object{{"area": muongTe, "name": "Đài truyền thanh xã Mường Tè"}}).ok(nil)
	w.ask("chi", "PUT", "/stations", []object{{"area": muongTe + ".02", "name": "x"}}).refused(422, "invalid")
	w.ask("chi", "PUT", "/stations", []object{{"area": "99999", "name": "x"}}).refused(422, "invalid")
	var stations []struct{ Area, Name string }
	w.ask("khach", "GET", "/stations", nil).ok(&stations)
	if len(stations) != 1 || stations[0].Area != muongTe || stations[0].Name != "Đài truyền thanh xã Mường Tè" {
		w.Errorf("stations %+v", stations)
	}
	place := object{
		"id": "muong-te-02", "name": "Cụm bản hai", "area": muongTe + ".02", "languages": []string{"hmn", "vi"}, "neighbours": []string{"muong-te-01"},
		"latitude": 22.379, "longitude": 102.82,
	}
	w.ask("chi", "PUT", "/clusters/muong-te-02", place).ok(nil)
	w.ask("chi", "PUT", "/clusters/muong-te-02", place.with(object{"latitude": 48.1})).refused(422, "invalid")
	var one struct {
		Name                string
		Area                string
		Online              bool
		Latitude, Longitude float64
	}
	w.ask("lan", "GET", "/clusters/muong-te-02", nil).ok(&one)
	if one.Name != "Cụm bản hai" || one.Area != muongTe+".02" || one.Online || one.Latitude != 22.379 || one.Longitude != 102.82 {
		w.Errorf("cluster %+v", one)
	}
	for path, want := range map[string]int{
		"/clusters": 2, "/clusters?area=" + muongTe: 2, "/clusters?area=" + muongTe + ".01": 1, "/clusters?offline=true": 2, "/clusters?onAir=true": 0,
	} {
		var all []any
		w.ask("lan", "GET", path, nil).ok(&all)
		if len(all) != want {
			w.Errorf("%s: %d clusters, want %d", path, len(all), want)
		}
	}
}

// approve has a bulletin drafted and signed by one person.
func (w *world) approve(person, id string) order {
	w.Helper()
	var d draft
	var o order
	w.ask(person, "POST", "/bulletins/"+id+"/document", nil).ok(&d)
	w.sign(person, d).ok(&o)
	if o.State != "sealed" || o.Note != "" {
		w.Fatalf("%+v", o)
	}
	return o
}

type bulletin struct {
	ID, State, Order, Title string
	Revision                int64
}

func (w *world) contentIsApproved() {
	hash := w.sound()
	var a struct {
		Seconds float64
		Name    string
	}
	w.ask("nam", "GET", "/audio/"+hash, nil).ok(&a)
	if a.Seconds < 0.9 || a.Seconds > 1.1 || a.Name != "tone.wav" {
		w.Errorf("audio %+v", a)
	}
	file := w.ask("nam", "GET", "/audio/"+hash+"/file", nil).ok(nil)
	if !bytes.HasPrefix(file.body, []byte("OggS")) || file.header.Get("Content-Type") != "audio/ogg" {
		w.Errorf("file %q %.20q", file.header, file.body)
	}
	if part := w.ask("nam", "GET", "/audio/"+hash+"/file", nil, "Range", "bytes=0-3"); part.status != 206 || string(part.body) != "OggS" {
		w.Errorf("part: %d %q", part.status, part.body)
	}
	var files []any
	w.ask("lan", "GET", "/audio?limit=5", nil).ok(&files)
	if len(files) != 1 {
		w.Errorf("%d files", len(files))
	}

	made := w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe).with(object{"audio": object{"vi": hash}})).ok(nil)
	if etag := made.header.Get("ETag"); etag != `"1"` {
		w.Errorf("ETag %s", etag)
	}
	// What was read can be sent back, with what the server says in it.
	var read object
	got := w.ask("lan", "GET", "/bulletins/ban-tin", nil).ok(&read)
	read["title"] = "Bản tin <b>sáng</b>"
	changed := w.ask("lan", "PUT", "/bulletins/ban-tin", read, "If-Match", got.header.Get("ETag")).ok(nil)
	if changed.header.Get("ETag") != `"2"` || !bytes.Contains(changed.body, []byte("<b>")) {
		w.Errorf("%s: %s", changed.header.Get("ETag"), changed.body)
	}
	o := w.approve("lan", "ban-tin")
	var b bulletin
	w.ask("lan", "GET", "/bulletins/ban-tin", nil).ok(&b)
	if b.State != "approved" || b.Order != o.Hash || b.Revision != 2 {
		w.Errorf("bulletin %+v", b)
	}
	// Again is no error: whoever was cut off just repeats.
	var again struct{ Draft draft }
	w.ask("lan", "GET", "/orders/"+o.Hash, nil).ok(&again)
	w.sign("lan", again.Draft).ok(&o)

	// A bulletin without an id gets one; its document is handed in whole.
	var second bulletin
	w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe).with(object{"id": nil, "audio": object{"vi": hash}})).ok(&second)
	var d draft
	w.ask("lan", "POST", "/bulletins/"+second.ID+"/document", nil).ok(&d)
	d.Envelope.Sign(keyOf("lan"))
	w.ask("lan", "POST", "/orders", d.Envelope).ok(&o)
	if o.State != "sealed" {
		w.Errorf("%+v", o)
	}
	w.ask("lan", "POST", "/bulletins/"+second.ID+"/withdraw", nil).ok(&second)
	if second.State != "withdrawn" {
		w.Errorf("bulletin %+v", second)
	}
	var all []bulletin
	w.ask("lan", "GET", "/bulletins?state=approved", nil).ok(&all)
	if len(all) != 1 || all[0].ID != "ban-tin" {
		w.Errorf("approved: %+v", all)
	}
}

func (w *world) programmesArePlanned() {
	type overlap struct {
		First, Second, Outcome string
		Times                  int
	}
	var kept struct {
		Revision  int64
		By        string
		Conflicts []overlap
	}
	before := w.planned.Load()
	made := w.ask("lan", "POST", "/programmes", programmeOf(muongTe, "ban-tin")).ok(&kept)
	if kept.Revision != 1 || kept.By != "lan" || kept.Conflicts == nil || len(kept.Conflicts) != 0 || w.planned.Load() == before {
		w.Errorf("%+v", kept)
	}
	province := programmeOf(province, "ban-tin").with(object{"id": "tinh", "start": "2026-01-01T05:35:00", "late": 900})
	var found []overlap
	w.ask("phuc", "POST", "/programmes/conflicts", province).ok(&found)
	if len(found) != 1 || found[0].First != "sang" || found[0].Second != "tinh" || found[0].Times < 13 || found[0].Outcome == "" {
		w.Errorf("conflicts %+v", found)
	}
	// Elsewhere nobody hears both.
	w.ask("nam", "POST", "/programmes/conflicts", programmeOf(doanKet, "ban-tin").with(object{"id": "phuong"})).ok(&found)
	if len(found) != 0 {
		w.Errorf("conflicts %+v", found)
	}
	w.ask("phuc", "POST", "/programmes", province).ok(&kept)
	if len(kept.Conflicts) != 1 {
		w.Errorf("%+v", kept)
	}
	// What others have with each other is not this one's.
	w.ask("phuc", "POST", "/programmes/conflicts", province.with(object{"id": "trua", "start": "2026-01-01T11:30:00"})).ok(&found)
	if len(found) != 0 {
		w.Errorf("conflicts %+v", found)
	}
	var read object
	got := w.ask("lan", "GET", "/programmes/sang", nil).ok(&read)
	read["start"] = "2026-01-01T06:30:00"
	changed := w.ask("lan", "PUT", "/programmes/sang", read, "If-Match", got.header.Get("ETag")).ok(&kept)
	if changed.header.Get("ETag") != `"2"` || kept.Revision != 2 || len(kept.Conflicts) != 0 {
		w.Errorf("%s %+v", made.header.Get("ETag"), kept)
	}
	// Who changed it last is named.
	again, err := w.options.Planner.Programme(w.Context(), "tinh")
	w.must(err)
	_, err = w.options.Planner.Change(w.Context(), "mai", again)
	w.must(err)
	var by struct{ By, ByName string }
	w.ask("lan", "GET", "/programmes/tinh", nil).ok(&by)
	if by.By != "mai" || by.ByName != "Lò Thị Mai" {
		w.Errorf("%+v", by)
	}
	var all []struct{ ID, ByName string }
	w.ask("lan", "GET", "/programmes", nil).ok(&all)
	if len(all) != 2 || all[0].ByName != "lan" || all[1].ByName != "Lò Thị Mai" {
		w.Errorf("%+v", all)
	}
	w.ask("phuc", "DELETE", "/programmes/tinh", nil, "If-Match", `"2"`).ok(nil)

	now := time.Now().UTC().Truncate(time.Hour)
	_, err = w.orders.SendPlan(w.Context(), protocol.Plan{
		Cluster: "muong-te-01", From: now.AddDate(0, 0, -1), Until: now.AddDate(0, 0, 30), Zone: "Asia/Ho_Chi_Minh",
		Items: []protocol.Item{{
			ID: "sang", Class: "routine", Start: "2026-01-01T06:30:00", Rule: "FREQ=DAILY", Seconds: 600,
			Parts: []protocol.Part{{Sources: []protocol.Source{{BuiltIn: protocol.Chime}}}},
		}},
	})
	w.must(err)
	var plan protocol.Plan
	w.ask("lan", "GET", "/clusters/muong-te-01/plan", nil).ok(&plan)
	var day struct {
		Slots []struct {
			Item  string
			Title string
			From  time.Time
		}
		Skipped []any
	}
	date := now.AddDate(0, 0, 3).Format(time.DateOnly)
	w.ask("lan", "GET", "/clusters/muong-te-01/day?date="+date, nil).ok(&day)
	if plan.Revision != 1 || len(day.Slots) != 1 || day.Slots[0].From.UTC().Format(time.TimeOnly) != "23:30:00" ||
		day.Slots[0].Title != read["title"] {
		w.Errorf("%+v", day)
	}
}

func (w *world) alertsAreRaised() {
	hash := w.sound()
	alert := alertOf(muongTe).with(object{"messages": []object{{"language": "vi", "text": "Lũ đang lên.", "audio": hash}}})
	var d draft
	var o order
	w.ask("lan", "POST", "/alerts", alert).ok(&d)
	if d.Targets != 2 || d.Notes == nil {
		w.Errorf("%+v", d)
	}
	w.sign("lan", d).ok(&o)
	path := "/alerts/" + strings.TrimPrefix(o.Subject, "alert/")
	renewed := alert.with(object{"mode": nil, "audience": nil, "level": 4})
	w.ask("lan", "POST", path+"/update", renewed).ok(&d)
	w.sign("lan", d).ok(&o)
	if o.State != "sealed" {
		w.Errorf("%+v", o)
	}

	// What a board says is on air can be stopped.
	state, err := protocol.Encode(protocol.State{
		Version: protocol.Version, Cluster: "muong-te-01", Online: true, At: time.Now(), Boot: "b", Clock: protocol.ClockTrusted,
		OnAir: []protocol.OnAir{{Output: "main", Class: "emergency", Mode: protocol.Live, Subject: o.Subject, Order: o.Hash, Since: time.Now()}},
	})
	w.must(err)
	w.must(w.fleet.State(w.Context(), "muong-te-01", state))
	w.ask("lan", "POST", "/stops", object{"areas": []string{muongTe}}).ok(&d)
	w.sign("lan", d).ok(&o)
	if o.State != "sealed" || !bytes.Contains(d.Envelope.Payload, []byte(strings.TrimPrefix(path, "/alerts/live/"))) {
		w.Errorf("%+v: %s", o, d.Envelope.Payload)
	}
	w.ask("lan", "POST", path+"/cancel", nil).ok(&d)
	w.sign("lan", d).ok(&o)

	local := alert.with(object{"input": "red", "seconds": 60})
	w.ask("lan", "POST", "/locals", local).ok(&d)
	w.sign("lan", d).ok(&o)
	if o.State != "sealed" {
		w.Errorf("%+v", o)
	}

	// Beyond one commune two persons sign, each for herself.
	var able struct {
		draft
		Signers []struct{ ID, Name string }
	}
	w.ask("binh", "POST", "/alerts", alertOf(province)).ok(&able)
	d = able.draft
	if could := fmt.Sprint(able.Signers); !strings.Contains(could, "{binh ") || !strings.Contains(could, "{phuc ") || strings.Contains(could, "{lan ") {
		w.Errorf("whom to ask: %s", could)
	}
	w.sign("binh", d).ok(&o)
	if o.State != "gathering" || len(o.Persons) != 1 {
		w.Errorf("%+v", o)
	}
	// Whoever could be the second is named, and no officer of a commune.
	var shown struct {
		Signers, Names []struct{ ID, Name string }
	}
	wide := "/alerts/" + strings.TrimPrefix(o.Subject, "alert/")
	w.ask("phuc", "GET", wide, nil).ok(&shown)
	could := fmt.Sprint(shown.Signers)
	if !strings.Contains(could, "{phuc ") || strings.Contains(could, "{binh ") || strings.Contains(could, "{lan ") || len(shown.Names) != 1 {
		w.Errorf("%+v", shown)
	}
	w.sign("phuc", d).ok(&o)
	if o.State != "sealed" || len(o.Persons) != 2 {
		w.Errorf("%+v", o)
	}
	shown.Signers = nil
	w.ask("phuc", "GET", wide, nil).ok(&shown)
	if len(shown.Signers) != 0 || len(shown.Names) != 2 {
		w.Errorf("%+v", shown)
	}
}

func (w *world) picturesAreSeen() {
	var found []order
	w.ask("lan", "GET", "/orders?kind=alert&state=sealed&limit=10", nil).ok(&found)
	if len(found) != 3 {
		w.Fatalf("%d alerts", len(found))
	}
	hash := found[0].Hash
	key := keyOf("board one")
	receipt, err := protocol.SealReceipt(protocol.Receipt{
		Version: protocol.Version, Cluster: "muong-te-01", Epoch: "e", Sequence: 1, At: time.Now().UTC(), Clock: protocol.ClockTrusted,
		Order: hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: found[0].Subject, Occurrence: found[0].Subject + "#1", Fate: protocol.FateStarted,
	}, key)
	w.must(err)
	data, err := protocol.Encode(receipt)
	w.must(err)
	w.must(w.orders.Receipt(w.Context(), "muong-te-01", data))
	_ = w.orders.Receipt(w.Context(), "muong-te-01", []byte("nonsense"))

	var whole struct {
		State  string
		Draft  draft
		Counts struct{ Targets, Started int }
	}
	w.ask("lan", "GET", "/orders/"+hash, nil).ok(&whole)
	if whole.State != "sealed" || whole.Draft.Envelope.Hash() != hash || whole.Counts.Targets != 2 || whole.Counts.Started != 1 {
		w.Errorf("%+v", whole)
	}
	var fates []struct{ Cluster, Fate string }
	w.ask("lan", "GET", "/orders/"+hash+"/fates", nil).ok(&fates)
	if len(fates) != 2 || fates[0].Cluster != "muong-te-01" || fates[0].Fate != "started" {
		w.Errorf("%+v", fates)
	}
	for _, path := range []string{"/receipts?order=" + hash, "/clusters/muong-te-01/receipts"} {
		var rows []struct {
			ID       int64
			Envelope json.RawMessage
			Receipt  protocol.Receipt
		}
		w.ask("tho", "GET", path, nil).ok(&rows)
		if len(rows) != 1 || rows[0].Receipt.Order != hash {
			w.Fatalf("%s: %+v", path, rows)
		}
		if _, _, err := protocol.OpenReceipt(rows[0].Envelope, publicOf("board one")); err != nil {
			w.Errorf("%s: %v", path, err)
		}
	}
	for path, want := range map[string]int{"/clusters/muong-te-01/runs": 1, "/faults": 1, "/faults?cluster=doan-ket-01": 0} {
		var rows []any
		w.ask("tho", "GET", path, nil).ok(&rows)
		if len(rows) != want {
			w.Errorf("%s: %d, want %d", path, len(rows), want)
		}
	}
	if w.ask("lan", "GET", "/clusters", nil).header.Get("Cache-Control") != "no-store" {
		w.Error("answers may be kept")
	}
	if got := w.ask("lan", http.MethodHead, "/clusters", nil); got.status != 200 || len(got.body) > 0 {
		w.Errorf("HEAD: %d", got.status)
	}
}
