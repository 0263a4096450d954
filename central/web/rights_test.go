package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"loa/central/storage"
	"loa/controller/protocol"
)

// denials are the audit rows of what somebody was denied.
func (w *world) denials() (rows []storage.AuditRow) {
	w.Helper()
	all, err := w.db.Audit(w.Context(), 0, 10_000)
	w.must(err)
	for _, r := range all {
		if r.Action == "denied" {
			rows = append(rows, r)
		}
	}
	return rows
}

// TestRights: what is not a person's to do is denied, is not done, and stands in
// the audit chain.
func TestRights(t *testing.T) {
	w, hash := staged(t)
	o := w.raised()
	w.enrol("muong-te-01", "board one")
	alert := "/alerts/" + strings.TrimPrefix(o.Subject, "alert/")
	foreign := bulletinOf(doanKet).with(object{"id": "moi"})
	cluster := object{"id": "muong-te-01", "name": "x", "area": muongTe, "languages": []string{"vi"}}
	token := object{"label": "x", "days": 1}
	role := func(name, area string) object { return object{"name": name, "area": area} }
	request := w.request("board two")
	table := []struct {
		name         string
		person       string
		method, path string
		body         any
	}{
		// Somebody without a role may look at areas and status, and nothing else.
		{"stranger: persons", "khach", "GET", "/persons", nil},
		{"stranger: clusters", "khach", "GET", "/clusters", nil},
		{"stranger: cluster", "khach", "GET", "/clusters/muong-te-01", nil},
		{"stranger: bulletins", "khach", "GET", "/bulletins", nil},
		{"stranger: programmes", "khach", "GET", "/programmes", nil},
		{"stranger: audio", "khach", "GET", "/audio", nil},
		{"stranger: one audio", "khach", "GET", "/audio/" + hash, nil},
		{"stranger: the file", "khach", "GET", "/audio/" + hash + "/file", nil},
		{"stranger: orders", "khach", "GET", "/orders", nil},
		{"stranger: order", "khach", "GET", "/orders/" + o.Hash, nil},
		{"stranger: fates", "khach", "GET", "/orders/" + o.Hash + "/fates", nil},
		{"stranger: receipts", "khach", "GET", "/receipts?order=" + o.Hash, nil},
		{"stranger: faults", "khach", "GET", "/faults", nil},
		{"stranger: upload", "khach", "POST", "/audio?name=a.wav", "x"},
		{"stranger: areas", "khach", "PUT", "/areas", []object{{"code": "15", "kind": "province", "nameVi": "x"}}},

		// A technician keeps boards alive.
		{"technician: bulletins", "tho", "GET", "/bulletins", nil},
		{"technician: a bulletin", "tho", "POST", "/bulletins", bulletinOf(muongTe).with(object{"id": "moi"})},
		{"technician: an alert", "tho", "POST", "/alerts", alertOf(muongTe)},
		{"technician: a stop", "tho", "POST", "/stops", object{"areas": []string{muongTe}}},
		{"technician: a placement", "tho", "POST", "/clusters/muong-te-01/placement", nil},
		{"technician: a key set", "tho", "POST", "/keyset", nil},
		{"technician: a cluster", "tho", "PUT", "/clusters/muong-te-01", cluster},
		{"technician: a station", "tho", "PUT", "/stations", []object{{"area": muongTe, "name": "x"}}},

		// A broadcaster keeps no boards and no people.
		{"broadcaster: persons", "phuc", "GET", "/persons", nil},
		{"broadcaster: a cluster", "phuc", "POST", "/clusters", cluster.with(object{"id": "muong-te-09"})},
		{"broadcaster: enrolment", "phuc", "POST", "/enrolments", object{"cluster": "muong-te-01", "request": request}},

		// An administrator makes no content and sounds nothing.
		{"administrator: upload", "chi", "POST", "/audio?name=a.wav", "x"},
		{"administrator: a bulletin", "chi", "POST", "/bulletins", bulletinOf(muongTe).with(object{"id": "moi"})},
		{"administrator: a document", "chi", "POST", "/bulletins/ban-tin/document", nil},
		{"administrator: a programme", "chi", "POST", "/programmes", programmeOf(muongTe, "ban-tin").with(object{"id": "moi"})},
		{"administrator: an alert", "chi", "POST", "/alerts", alertOf(muongTe)},
		{"administrator: an answer", "chi", "POST", "/enrolments/muong-te-01/answer", object{"request": request}},
		{"administrator: a board", "chi", "POST", "/clusters/muong-te-01/boards/" + publicOf("board one").ID + "/revoke", nil},

		// An officer has one commune.
		{"officer: a bulletin elsewhere", "lan", "POST", "/bulletins", foreign},
		{"officer: a bulletin here and elsewhere", "lan", "POST", "/bulletins", foreign.with(object{"areas": []string{muongTe, doanKet}})},
		{"officer: a bulletin of the province", "lan", "POST", "/bulletins", bulletinOf(province).with(object{"id": "moi"})},
		{"officer: another's bulletin", "nam", "GET", "/bulletins/ban-tin", nil},
		{"officer: changing another's", "nam", "PUT", "/bulletins/ban-tin", bulletinOf(doanKet)},
		{"officer: taking a bulletin elsewhere", "lan", "PUT", "/bulletins/ban-tin", bulletinOf(doanKet)},
		{"officer: withdrawing another's", "nam", "POST", "/bulletins/ban-tin/withdraw", nil},
		{"officer: withdrawing the province's", "lan", "POST", "/bulletins/tinh/withdraw", nil},
		{"officer: approving another's", "nam", "POST", "/bulletins/ban-tin/document", nil},
		{"officer: a programme elsewhere", "lan", "POST", "/programmes", programmeOf(doanKet, "ban-tin").with(object{"id": "moi"})},
		{"officer: conflicts elsewhere", "lan", "POST", "/programmes/conflicts", programmeOf(doanKet, "ban-tin").with(object{"id": "moi"})},
		{"officer: another's programme", "nam", "GET", "/programmes/sang", nil},
		{"officer: changing another's programme", "nam", "PUT", "/programmes/sang", programmeOf(doanKet, "phuong")},
		{"officer: taking a programme elsewhere", "lan", "PUT", "/programmes/sang", programmeOf(doanKet, "ban-tin")},
		{"officer: removing another's programme", "nam", "DELETE", "/programmes/sang", nil},
		{"officer: removing the province's", "lan", "DELETE", "/programmes/tinh", nil},
		{"officer: an alert elsewhere", "lan", "POST", "/alerts", alertOf(doanKet)},
		{"officer: an alert of the province", "lan", "POST", "/alerts", alertOf(province)},
		{"officer: a drill elsewhere", "lan", "POST", "/alerts", alertOf(doanKet).with(object{"mode": "drill"})},
		{"officer: cancelling another's", "nam", "POST", alert + "/cancel", nil},
		{"officer: updating another's", "nam", "POST", alert + "/update", alertOf(muongTe).with(object{"mode": nil, "audience": nil})},
		{"officer: a stop elsewhere", "lan", "POST", "/stops", object{"areas": []string{doanKet}}},
		{"officer: a stop here and elsewhere", "lan", "POST", "/stops", object{"areas": []string{muongTe, doanKet}}},
		{"officer: a button elsewhere", "lan", "POST", "/locals", alertOf(doanKet).with(object{"input": "red", "seconds": 60})},
		{"officer: another's order", "nam", "GET", "/orders/" + o.Hash, nil},
		{"officer: fates of another's order", "nam", "GET", "/orders/" + o.Hash + "/fates", nil},
		{"officer: receipts of another's order", "nam", "GET", "/receipts?order=" + o.Hash, nil},
		{"officer: another's cluster", "nam", "GET", "/clusters/muong-te-01", nil},
		{"officer: clusters elsewhere", "nam", "GET", "/clusters?area=" + muongTe, nil},
		{"officer: receipts elsewhere", "nam", "GET", "/clusters/muong-te-01/receipts", nil},
		{"officer: runs elsewhere", "nam", "GET", "/clusters/muong-te-01/runs", nil},
		{"officer: a plan elsewhere", "nam", "GET", "/clusters/muong-te-01/plan", nil},
		{"officer: a day elsewhere", "nam", "GET", "/clusters/muong-te-01/day?date=2026-11-21", nil},
		{"officer: boards elsewhere", "nam", "GET", "/clusters/muong-te-01/boards", nil},
		{"officer: faults elsewhere", "nam", "GET", "/faults?cluster=muong-te-01", nil},
		{"officer: the commune's station", "lan", "PUT", "/stations", []object{{"area": muongTe, "name": "x"}}},
		{"officer: persons", "lan", "GET", "/persons", nil},
		{"officer: a person", "lan", "POST", "/persons", object{"id": "anh", "name": "x"}},
		{"officer: a role for herself", "lan", "PUT", "/persons/lan/roles", role("administrator", muongTe)},
		{"officer: a key for another", "lan", "POST", "/persons/nam/keys", publicOf("thief")},
		{"officer: a key for herself", "lan", "POST", "/persons/lan/keys", publicOf("thief")},
		{"officer: a token for another", "lan", "POST", "/persons/nam/tokens", token},
		{"officer: another's tokens", "lan", "GET", "/persons/nam/tokens", nil},
		{"officer: ending another's token", "lan", "DELETE", "/persons/nam/tokens/0123456789abcdef", nil},
		{"officer: the root", "lan", "PUT", "/root", w.root(province)},
		{"officer: a cluster", "lan", "POST", "/clusters", cluster.with(object{"id": "muong-te-09"})},
		{"officer: areas", "lan", "PUT", "/areas", []object{{"code": muongTe + ".09", "parent": muongTe, "kind": "village", "nameVi": "x"}}},

		// A commune's administrator does not become the province's.
		{"commune: a role of the province", "kim", "PUT", "/persons/kim/roles", role("administrator", province)},
		{"commune: a role elsewhere", "kim", "PUT", "/persons/kim/roles", role("officer", doanKet)},
		{"commune: taking a role of the province", "kim", "DELETE", "/persons/chi/roles/administrator/" + province, nil},
		{"commune: a token of the province's", "kim", "POST", "/persons/chi/tokens", token},
		{"commune: tokens of the province's", "kim", "GET", "/persons/chi/tokens", nil},
		{"commune: a key for the province's", "kim", "POST", "/persons/binh/keys", publicOf("thief")},
		{"commune: revoking a key elsewhere", "kim", "POST", "/persons/nam/keys/" + publicOf("nam").ID + "/revoke", nil},
		{"commune: retiring a key elsewhere", "kim", "POST", "/persons/nam/keys/" + publicOf("nam").ID + "/retire", nil},
		{"commune: a cluster elsewhere", "kim", "POST", "/clusters", cluster.with(object{"id": "doan-ket-09", "area": doanKet})},
		{"commune: taking a cluster from elsewhere", "kim", "PUT", "/clusters/doan-ket-01", cluster.with(object{"id": "doan-ket-01"})},
		{"commune: giving a cluster away", "kim", "PUT", "/clusters/muong-te-01", cluster.with(object{"area": doanKet})},
		{"commune: a placement elsewhere", "kim", "POST", "/clusters/doan-ket-01/placement", nil},
		{"commune: the province's name", "kim", "PUT", "/areas", []object{{"code": province, "kind": "province", "nameVi": "x"}}},
		{"commune: a neighbour's village", "kim", "PUT", "/areas", []object{{"code": doanKet + ".01", "parent": doanKet, "kind": "village", "nameVi": "x"}}},
		{"commune: leaving the province", "kim", "PUT", "/areas", []object{
			{"code": "15", "kind": "province", "nameVi": "x"}, {"code": muongTe, "parent": "15", "kind": "commune", "nameVi": "x"},
		}},
		{"commune: a commune in the province", "kim", "PUT", "/areas", []object{{"code": "03400", "parent": province, "kind": "commune", "nameVi": "x"}}},
	}
	for _, c := range table {
		t.Run(c.name, func(t *testing.T) {
			on := *w
			on.T = t
			before := len(on.denials())
			headers := []string{}
			if c.method == http.MethodPut || strings.HasPrefix(c.path, "/programmes/") {
				headers = []string{"If-Match", `"1"`}
			}
			if strings.HasPrefix(c.path, "/audio?") {
				headers = []string{"Content-Type", "audio/wav"}
			}
			on.ask(c.person, c.method, c.path, c.body, headers...).refused(403, "denied")
			rows := on.denials()
			path, _, _ := strings.Cut(c.path, "?")
			op := on.operation(c.method, "/api/v1"+path)
			if len(rows) != before+1 {
				// Beyond so many a minute there is only the log.
				if !strings.Contains(w.log.String(), "person="+c.person) || before < 30 {
					t.Fatalf("%d denials in the audit chain, there were %d", len(rows), before)
				}
				return
			}
			last := rows[len(rows)-1]
			if last.Person != c.person || !strings.HasPrefix(last.Subject, c.method+" /api/v1/") || !strings.Contains(last.Detail, "why") || op == nil {
				t.Errorf("%+v", last)
			}
		})
	}
	w.must(w.db.Check(t.Context()))
	// Nothing of it was done.
	var b bulletin
	w.ask("lan", "GET", "/bulletins/ban-tin", nil).ok(&b)
	if b.Revision != 1 || b.State != "draft" {
		t.Errorf("%+v", b)
	}
	var persons []struct {
		ID    string
		Roles []struct{ Name, Area string }
		Keys  []struct{ Retired, Revoked *string }
	}
	w.ask("chi", "GET", "/persons", nil).ok(&persons)
	for _, p := range persons {
		want := 1
		if p.ID == "khach" {
			want = 0
		}
		if len(p.Roles) != want || len(p.Keys) != 1 || p.Keys[0].Revoked != nil || p.Keys[0].Retired != nil {
			t.Errorf("%+v", p)
		}
	}
}

// TestDenialsAreBounded: a stolen token does not fill the audit chain, for which
// alerts would have to wait.
func TestDenialsAreBounded(t *testing.T) {
	w := newWorld(t)
	for range 60 {
		w.ask("khach", "GET", "/orders", nil).refused(403, "denied")
	}
	w.ask("tho", "GET", "/bulletins", nil).refused(403, "denied")
	rows := w.denials()
	if len(rows) != 31 || rows[30].Person != "tho" || rows[30].Subject != "GET /api/v1/bulletins" {
		t.Errorf("%d denials", len(rows))
	}
	if n := strings.Count(w.log.String(), "person=khach"); n != 60 {
		t.Errorf("%d in the log", n)
	}
}

// TestListsShowWhatConcerns: a commune sees its own and the province's.
func TestListsShowWhatConcerns(t *testing.T) {
	w, _ := staged(t)
	o := w.raised()
	for person, want := range map[string]struct{ bulletins, programmes, clusters, alerts int }{
		"lan": {2, 2, 1, 1}, "nam": {2, 1, 1, 0}, "phuc": {3, 2, 2, 1}, "binh": {3, 2, 2, 1}, "kim": {2, 2, 1, 1},
	} {
		for path, want := range map[string]int{
			"/bulletins": want.bulletins, "/programmes": want.programmes, "/clusters": want.clusters, "/orders?kind=alert": want.alerts,
		} {
			var all []any
			w.ask(person, "GET", path, nil).ok(&all)
			if len(all) != want {
				t.Errorf("%s: %s: %d, want %d", person, path, len(all), want)
			}
		}
		r := w.ask(person, "GET", "/orders/"+o.Hash, nil)
		if want.alerts == 1 != (r.status == 200) {
			t.Errorf("%s: order: %d", person, r.status)
		}
	}
	// What is for the province is for its communes; a key set is for all who read.
	w.ask("lan", "GET", "/bulletins/tinh", nil).ok(nil)
	var sets []order
	for _, person := range []string{"phuc", "kim", "lan", "nam"} {
		w.ask(person, "GET", "/orders?kind=keyset", nil).ok(&sets)
		if len(sets) != 1 {
			t.Fatalf("%s: %+v", person, sets)
		}
	}
	w.ask("lan", "GET", "/orders/"+sets[0].Hash, nil).ok(nil)
}

func TestSignaturesThatAreRefused(t *testing.T) {
	w, hash := staged(t)
	w.raised()
	var d, b draft
	w.ask("lan", "POST", "/alerts", alertOf(muongTe)).ok(&d)
	w.ask("lan", "POST", "/bulletins/ban-tin/document", nil).ok(&b)
	at := "/orders/" + d.Hash + "/signatures"
	broken := signature(d, "lan")
	broken.Sig = append([]byte{}, broken.Sig...)
	broken.Sig[0] ^= 1
	submitted := func(change func(*protocol.Envelope), keys ...string) protocol.Envelope {
		e := protocol.Envelope{PayloadType: d.Envelope.PayloadType, Payload: d.Envelope.Payload, Signatures: []protocol.Signature{}}
		if change != nil {
			change(&e)
		}
		for _, k := range keys {
			e.Sign(keyOf(k))
		}
		return e
	}
	var keys []string
	for range 100 {
		keys = append(keys, "lan")
	}
	hundred := submitted(nil)
	for range keys {
		hundred.Signatures = append(hundred.Signatures, signature(d, "lan"))
	}
	asLive := submitted(func(e *protocol.Envelope) { e.PayloadType = protocol.PayloadType(protocol.KindAlert, protocol.Drill) }, "lan")
	asLive.PayloadType = protocol.PayloadType(protocol.KindAlert, protocol.Live)
	w.refuses(t, []refusal{
		{"another's key", "lan", "POST", at, signature(d, "nam"), 403, "denied", []string{"keyid"}},
		{"nobody's key", "lan", "POST", at, signature(d, "thief"), 403, "denied", []string{"keyid"}},
		{"one's own key in another commune", "nam", "POST", at, signature(d, "nam"), 403, "not-authorised", nil},
		{"a changed byte", "lan", "POST", at, broken, 422, "bad-signature", nil},
		{"a signature of something else", "lan", "POST", at, signature(b, "lan"), 422, "bad-signature", nil},
		{"an unknown order", "lan", "POST", "/orders/" + strings.Repeat("0", 64) + "/signatures", signature(d, "lan"), 404, "not-found", nil},
		{"no signature", "lan", "POST", at, object{"keyid": publicOf("lan").ID}, 422, "invalid", []string{"sig"}},
		{"a commune's administrator carries the province's", "kim", "POST", at, signature(d, "binh"), 403, "denied", []string{"keyid"}},

		{"whole: unsigned", "lan", "POST", "/orders", submitted(nil), 422, "invalid", []string{"signatures"}},
		{"whole: another's signature", "lan", "POST", "/orders", submitted(nil, "nam"), 403, "denied", []string{"signatures[0].keyid"}},
		{"whole: not to be asked for", "nam", "POST", "/orders", submitted(nil, "nam"), 403, "denied", nil},
		{"whole: by a technician", "tho", "POST", "/orders", submitted(nil, "tho"), 403, "denied", nil},
		{"whole: 100 signatures", "lan", "POST", "/orders", hundred, 422, "too-many-signatures", nil},
		{"whole: a drill sent as live", "lan", "POST", "/orders", asLive, 422, "bad-signature", nil},
		{"whole: a plan", "chi", "POST", "/orders", submitted(func(e *protocol.Envelope) { e.PayloadType = protocol.PayloadType(protocol.KindPlan, protocol.Live) }, "chi"), 422, "unknown-type", []string{"payloadType"}},
		{"whole: of no type", "lan", "POST", "/orders", submitted(func(e *protocol.Envelope) { e.PayloadType = "text/plain" }, "lan"), 422, "unknown-type", []string{"payloadType"}},
		{"whole: of no payload", "lan", "POST", "/orders", submitted(func(e *protocol.Envelope) { e.Payload = []byte("{") }, "lan"), 422, "malformed", []string{"payload"}},
		{"whole: for nobody", "lan", "POST", "/orders", submitted(func(e *protocol.Envelope) { e.Payload = []byte("{}") }, "lan"), 422, "invalid", []string{"payload"}},
		{"whole: names in two cases", "lan", "POST", "/orders", submitted(func(e *protocol.Envelope) {
			e.Payload = []byte(strings.Replace(string(e.Payload), `{`, `{"Audience":["12"],`, 1))
		}, "lan"), 422, "malformed", []string{"payload"}},
		{"whole: a key set by one who manages none", "lan", "POST", "/orders", submitted(func(e *protocol.Envelope) { e.PayloadType = protocol.PayloadType(protocol.KindKeySet, protocol.Live) }, "lan"), 403, "denied", nil},
		{"whole: a bulletin that is not in the library", "lan", "POST", "/orders", w.stranger(hash), 404, "not-found", nil},
	})
	var o order
	w.sign("lan", d).ok(&o)
	if o.State != "sealed" || len(o.Persons) != 1 {
		t.Errorf("%+v", o)
	}
}

// stranger is a bulletin that lan signed and the library has never seen.
func (w *world) stranger(hash string) protocol.Envelope {
	w.Helper()
	var d draft
	w.ask("lan", "POST", "/bulletins/ban-tin/document", nil).ok(&d)
	e := d.Envelope
	e.Payload = []byte(strings.Replace(string(e.Payload), `"id":"ban-tin"`, `"id":"la-mat"`, 1))
	e.Sign(keyOf("lan"))
	return e
}

// TestBulletinsThatMoveOn: what is signed is what is on the schedule, and a
// document of yesterday's text is not signed any more.
func TestBulletinsThatMoveOn(t *testing.T) {
	w, hash := staged(t)
	var old draft
	w.ask("lan", "POST", "/bulletins/ban-tin/document", nil).ok(&old)
	edited := bulletinOf(muongTe).with(object{"title": "Tin khác", "audio": object{"vi": hash}})
	w.ask("lan", "PUT", "/bulletins/ban-tin", edited, "If-Match", `"1"`).ok(nil)
	w.sign("lan", old).refused(409, "changed")
	var whole struct{ State string }
	w.ask("lan", "GET", "/orders/"+old.Hash, nil).ok(&whole)
	if whole.State != "gathering" {
		t.Errorf("the old document is %s", whole.State)
	}

	first := w.approve("lan", "ban-tin")
	w.ask("lan", "POST", "/bulletins/ban-tin/document", nil).refused(409, "state")
	var b bulletin
	w.ask("lan", "PUT", "/bulletins/ban-tin", edited.with(object{"title": "Tin mới"}), "If-Match", `"2"`).ok(&b)
	if b.State != "draft" || b.Order != first.Hash {
		t.Errorf("%+v", b)
	}
	// Two documents of one text: the second is not sealed behind the first.
	var second draft
	w.ask("lan", "POST", "/bulletins/ban-tin/document", nil).ok(&second)
	document, err := protocol.Decode[protocol.Bulletin](second.Envelope.Payload)
	w.must(err)
	document.Issued = document.Issued.Add(-time.Second)
	twin, err := protocol.Draft(protocol.KindBulletin, protocol.Live, document)
	w.must(err)
	twin.Sign(keyOf("binh"))
	w.sign("lan", second).ok(nil)
	w.ask("binh", "POST", "/orders", twin).refused(409, "state")
	w.ask("lan", "GET", "/bulletins/ban-tin", nil).ok(&b)
	if b.State != "approved" || b.Order != second.Hash {
		t.Errorf("%+v", b)
	}
	w.ask("lan", "PUT", "/bulletins/ban-tin", edited.with(object{"title": "Tin cuối"}), "If-Match", `"3"`).ok(nil)
	// Signing again what is sealed changes nothing, and says how it stands.
	var o order
	w.sign("lan", second).ok(&o)
	if o.State != "sealed" || !strings.Contains(o.Note, "draft it again") {
		t.Errorf("%+v", o)
	}
	w.ask("lan", "GET", "/bulletins/ban-tin", nil).ok(&b)
	if b.State != "draft" || b.Order != second.Hash {
		t.Errorf("what is on the schedule changed: %+v", b)
	}
	w.ask("lan", "POST", "/bulletins/ban-tin/withdraw", nil).ok(nil)
	w.sign("lan", second).ok(&o)
	if !strings.Contains(o.Note, "withdrawn") {
		t.Errorf("%+v", o)
	}
}
