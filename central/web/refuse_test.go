package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
)

// staged is a world in which something of everything is there: two bulletins,
// two programmes, an alert that was sealed.
func staged(t *testing.T) (w *world, hash string) {
	t.Helper()
	w = newWorld(t).trusted()
	hash = w.sound()
	w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe).with(object{"audio": object{"vi": hash}})).ok(nil)
	w.ask("nam", "POST", "/bulletins", bulletinOf(doanKet).with(object{"id": "phuong", "text": object{"vi": "Chữ."}})).ok(nil)
	w.ask("phuc", "POST", "/bulletins", bulletinOf(province).with(object{"id": "tinh"})).ok(nil)
	w.ask("lan", "POST", "/programmes", programmeOf(muongTe, "ban-tin")).ok(nil)
	w.ask("phuc", "POST", "/programmes", programmeOf(province, "tinh").with(object{"id": "tinh"})).ok(nil)
	return w, hash
}

// raised is an alert of lan's, sealed.
func (w *world) raised() order {
	w.Helper()
	var d draft
	var o order
	w.ask("lan", "POST", "/alerts", alertOf(muongTe)).ok(&d)
	w.sign("lan", d).ok(&o)
	if o.State != "sealed" {
		w.Fatalf("%+v", o)
	}
	return o
}

// refusal is one request that must be refused.
type refusal struct {
	name         string
	person       string
	method, path string
	body         any
	status       int
	code         string
	fields       []string
}

func (w *world) refuses(t *testing.T, table []refusal) {
	for _, c := range table {
		t.Run(c.name, func(t *testing.T) {
			on := *w // fails here
			on.T = t
			on.ask(c.person, c.method, c.path, c.body).refused(c.status, c.code, c.fields...)
		})
	}
}

func many(n int, s string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

func TestRequestsThatCannotBeRead(t *testing.T) {
	w, _ := staged(t)
	whole, err := json.Marshal(bulletinOf(muongTe))
	w.must(err)
	text := string(whole)
	w.refuses(t, []refusal{
		{"nothing there", "lan", "GET", "/nothing", nil, 404, "not-found", nil},
		{"wrong method", "lan", "PATCH", "/bulletins", "{}", 405, "method", nil},
		{"empty", "lan", "POST", "/bulletins", "", 400, "malformed", nil},
		{"no JSON", "lan", "POST", "/bulletins", "title=x", 400, "malformed", nil},
		{"cut", "lan", "POST", "/bulletins", text[:len(text)/2], 400, "malformed", nil},
		{"two values", "lan", "POST", "/bulletins", text + text, 400, "malformed", nil},
		{"a name that stands twice", "lan", "POST", "/bulletins", strings.Replace(text, `{`, `{"title":"a",`, 1), 400, "malformed", nil},
		{"deep", "lan", "POST", "/bulletins", strings.Repeat(`{"text":`, 5000) + "1" + strings.Repeat("}", 5000), 400, "malformed", nil},
		{"null", "lan", "POST", "/bulletins", "null", 422, "invalid", nil},
		{"a list", "lan", "POST", "/bulletins", "[]", 422, "invalid", nil},
		{"an unknown member", "lan", "POST", "/bulletins", bulletinOf(muongTe).with(object{"colour": "red"}), 422, "invalid", []string{"colour"}},
		{"another case", "lan", "POST", "/bulletins", bulletinOf(muongTe).with(object{"Class": "priority"}), 422, "invalid", []string{"Class"}},
		{"a live drill", "lan", "POST", "/alerts", alertOf(muongTe).with(object{"mode": "drill", "Mode": "live"}), 422, "invalid", []string{"Mode"}},
		{"an unknown member inside", "lan", "POST", "/alerts", alertOf(muongTe).with(object{"siren": object{"blasts": 1, "seconds": 1, "gap": 1, "loud": true}}), 422, "invalid", []string{"siren.loud"}},
		{"members missing", "lan", "POST", "/bulletins", object{}, 422, "invalid", []string{"title", "class", "areas", "validFrom", "validUntil"}},
		{"wrong types", "lan", "POST", "/bulletins", bulletinOf(muongTe).with(object{"title": 1, "areas": "12", "validFrom": "soon"}), 422, "invalid", []string{"title", "areas", "validFrom"}},
		{"a null list", "lan", "POST", "/bulletins", `{"title":"a","class":"routine","areas":null,"validFrom":"2026-01-01T00:00:00Z","validUntil":"2027-01-01T00:00:00Z"}`, 422, "invalid", []string{"areas"}},
		{"a null in a list", "lan", "POST", "/bulletins", bulletinOf(muongTe).with(object{"areas": []any{nil}}), 422, "invalid", []string{"areas[0]"}},
		{"a number too great", "lan", "POST", "/programmes", strings.Replace(`{"id":"a","title":"b","area":"03433","class":"routine","start":"x","bulletins":[],"seconds":N}`, "N", "1e400", 1), 400, "malformed", nil},
		{"no whole number", "lan", "POST", "/programmes", programmeOf(muongTe, "ban-tin").with(object{"seconds": 1.5}), 422, "invalid", []string{"seconds"}},
		{"an unknown query", "lan", "GET", "/bulletins?limt=3", nil, 422, "invalid", []string{"limt"}},
		{"a limit of nothing", "lan", "GET", "/bulletins?limit=0", nil, 422, "invalid", []string{"limit"}},
		{"a limit too high", "lan", "GET", "/orders?limit=1001", nil, 422, "invalid", []string{"limit"}},
		{"a limit that is no number", "lan", "GET", "/audio?limit=x", nil, 422, "invalid", []string{"limit"}},
		{"an unknown state", "lan", "GET", "/bulletins?state=lost", nil, 422, "invalid", []string{"state"}},
		{"a hash that is none", "lan", "GET", "/orders/xyz", nil, 422, "invalid", []string{"hash"}},
		{"a long id", "lan", "GET", "/bulletins/" + strings.Repeat("a", 4000), nil, 422, "invalid", []string{"id"}},
		{"a huge list", "lan", "POST", "/stops", object{"areas": many(100_000, "1")}, 400, "malformed", nil},
		{"a long list of wrong things", "lan", "POST", "/stops", `{"areas":[` + strings.Repeat("1,", 15_000) + `1]}`, 422, "invalid", []string{"areas"}},
		{"a list too long", "lan", "POST", "/stops", object{"areas": many(5001, muongTe)}, 422, "invalid", []string{"areas"}},
	})
	w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe), "Content-Type", "text/plain").refused(415, "media-type")
	w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe), "Content-Type", "application/cbor").refused(415, "media-type")
	if allow := w.ask("lan", "PATCH", "/bulletins", "{}").header.Get("Allow"); !strings.Contains(allow, "POST") {
		t.Errorf("Allow: %q", allow)
	}
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Errorf("a request's fault is taken for the server's:\n%s", w.log)
	}
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	for name, header := range map[string]string{
		"none": "", "no scheme": w.tokens["lan"], "another scheme": "Basic " + w.tokens["lan"], "nothing behind it": "Bearer ",
		"a changed byte": "Bearer " + w.tokens["lan"][:len(w.tokens["lan"])-1] + "g", "another's id": "Bearer " + w.tokens["nam"][:20] + w.tokens["lan"][20:],
		"100 KB": "Bearer " + strings.Repeat("a", 100<<10),
	} {
		t.Run(name, func(t *testing.T) {
			on := *w
			on.T = t
			for _, path := range []string{"/me", "/audio/" + strings.Repeat("0", 64) + "/file"} {
				r := on.ask("", "GET", path, nil, "Authorization", header)
				if name == "none" {
					r.refused(401, "signed-out")
				} else {
					r.refused(401, "token")
				}
				if r.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: no WWW-Authenticate", path)
				}
			}
		})
	}
	text, token, err := w.registry.NewToken(t.Context(), "test", "lan", "old", time.Second)
	w.must(err)
	w.ask("", "GET", "/me", nil, "Authorization", "Bearer "+text).ok(nil)
	w.must(w.registry.RevokeToken(t.Context(), "test", token.ID))
	w.ask("", "GET", "/me", nil, "Authorization", "Bearer "+text).refused(401, "token")
	w.ask("", "POST", "/audio?name=a.wav", "x").refused(401, "signed-out")
	for name, token := range w.tokens {
		if strings.Contains(w.log.String(), token) {
			t.Errorf("the token of %s is in the log", name)
		}
	}
}

func TestBulletinsAndProgrammesThatAreRefused(t *testing.T) {
	w, hash := staged(t)
	good := bulletinOf(muongTe).with(object{"id": "moi"})
	program := programmeOf(muongTe, "ban-tin").with(object{"id": "moi"})
	long := strings.Repeat("ă", 100_000)
	w.refuses(t, []refusal{
		{"no title", "lan", "POST", "/bulletins", good.with(object{"title": " "}), 422, "invalid", []string{"title"}},
		{"a long title", "lan", "POST", "/bulletins", good.with(object{"title": long}), 422, "invalid", []string{"title"}},
		{"a title that turns", "lan", "POST", "/bulletins", good.with(object{"title": "Bản tin \u202egnas"}), 422, "invalid", []string{"title"}},
		{"a title with a bell", "lan", "POST", "/bulletins", good.with(object{"title": "Bản tin \a"}), 422, "invalid", []string{"title"}},
		{"a long text", "lan", "POST", "/bulletins", good.with(object{"text": object{"vi": long}}), 422, "invalid", []string{"text[vi]"}},
		{"no text and no audio", "lan", "POST", "/bulletins", good.with(object{"text": nil}), 422, "invalid", []string{"text"}},
		{"all at once", "lan", "POST", "/bulletins", good.with(object{"title": "", "text": object{"x": "a"}, "id": "A B"}), 422, "invalid", []string{"title", "text[x]", "id"}},
		{"an id that is there", "lan", "POST", "/bulletins", good.with(object{"id": "ban-tin"}), 409, "exists", nil},
		{"a long id", "lan", "POST", "/bulletins", good.with(object{"id": long}), 422, "invalid", []string{"id"}},
		{"no area", "lan", "POST", "/bulletins", good.with(object{"areas": []string{}}), 422, "invalid", []string{"areas"}},
		{"an unknown area", "lan", "POST", "/bulletins", good.with(object{"areas": []string{"99999"}}), 422, "invalid", []string{"areas"}},
		{"an area that is none", "lan", "POST", "/bulletins", good.with(object{"areas": []string{"'; DROP TABLE"}}), 422, "invalid", []string{"areas[0]"}},
		{"an emergency", "lan", "POST", "/bulletins", good.with(object{"class": "emergency"}), 422, "invalid", []string{"class"}},
		{"unknown audio", "lan", "POST", "/bulletins", good.with(object{"audio": object{"vi": strings.Repeat("0", 64)}}), 422, "invalid", []string{"audio[vi]"}},
		{"a path for audio", "lan", "POST", "/bulletins", good.with(object{"audio": object{"vi": "../central.key"}}), 422, "invalid", []string{"audio[vi]"}},
		{"until before from", "lan", "POST", "/bulletins", good.with(object{"validUntil": "2020-01-01T00:00:00Z"}), 422, "invalid", []string{"validUntil"}},
		{"the year 9999", "lan", "POST", "/bulletins", good.with(object{"validUntil": "9999-01-01T00:00:00Z"}), 422, "invalid", []string{"validUntil"}},
		{"an unknown bulletin", "lan", "GET", "/bulletins/nie", nil, 404, "not-found", nil},
		{"a document without audio", "nam", "POST", "/bulletins/phuong/document", nil, 422, "invalid", []string{"audio"}},
		{"withdrawing an unknown one", "lan", "POST", "/bulletins/nie/withdraw", nil, 404, "not-found", nil},

		{"a programme of an unknown bulletin", "lan", "POST", "/programmes", program.with(object{"bulletins": []string{"nie"}}), 422, "invalid", []string{"bulletins"}},
		{"a programme of nothing", "lan", "POST", "/programmes", program.with(object{"bulletins": []string{}}), 422, "invalid", []string{"bulletins"}},
		{"a programme louder than it was made", "lan", "POST", "/programmes", program.with(object{"gain": 1}), 422, "invalid", []string{"gain"}},
		{"a programme so soft that nobody hears it", "lan", "POST", "/programmes", program.with(object{"gain": -40.5}), 422, "invalid", []string{"gain"}},
		{"a programme named as the self-test", "lan", "POST", "/programmes", program.with(object{"id": "self-test"}), 422, "invalid", []string{"id"}},
		{"a rule that is none", "lan", "POST", "/programmes", program.with(object{"rule": "EVERY DAY"}), 422, "invalid", []string{"rule"}},
		{"a rule that is endless work", "lan", "POST", "/programmes", program.with(object{"rule": "FREQ=SECONDLY"}), 422, "invalid", []string{"rule"}},
		{"a start that is none", "lan", "POST", "/programmes", program.with(object{"start": "tomorrow"}), 422, "invalid", []string{"start"}},
		{"all at once", "lan", "POST", "/programmes", program.with(object{"id": "", "title": "", "seconds": 0, "late": -1, "except": []string{"x"}}), 422, "invalid",
			[]string{"id", "title", "seconds", "late", "except[0]"}},
		{"a title that turns", "lan", "POST", "/programmes", program.with(object{"title": "a\u202eb"}), 422, "invalid", []string{"title"}},
		{"a long title", "lan", "POST", "/programmes", program.with(object{"title": long}), 422, "invalid", []string{"title"}},
		{"conflicts of a wrong one", "lan", "POST", "/programmes/conflicts", program.with(object{"rule": "x"}), 422, "invalid", []string{"rule"}},
		{"an id that is there", "lan", "POST", "/programmes", program.with(object{"id": "sang"}), 409, "exists", nil},
		{"an unknown area", "lan", "POST", "/programmes", program.with(object{"area": "99999"}), 422, "invalid", []string{"area"}},
		{"a plan that was never sent", "lan", "GET", "/clusters/muong-te-01/plan", nil, 404, "not-found", nil},
		{"a day without a date", "lan", "GET", "/clusters/muong-te-01/day", nil, 422, "invalid", []string{"date"}},
		{"a day that is none", "lan", "GET", "/clusters/muong-te-01/day?date=2026-02-31", nil, 422, "invalid", []string{"date"}},
		{"the plan of an unknown cluster", "lan", "GET", "/clusters/nie/plan", nil, 404, "not-found", nil},
	})
	// The library's faults are found by clients before they are kept.
	var all []bulletin
	w.ask("lan", "GET", "/bulletins", nil).ok(&all)
	if len(all) != 2 {
		t.Errorf("lan sees %+v", all)
	}
	_ = hash
}

func TestTwoEditors(t *testing.T) {
	w, _ := staged(t)
	for path, body := range map[string]object{
		"/bulletins/ban-tin": bulletinOf(muongTe), "/programmes/sang": programmeOf(muongTe, "ban-tin"),
	} {
		w.ask("lan", "PUT", path, body).refused(428, "if-match", "If-Match")
		w.ask("lan", "PUT", path, body, "If-Match", "*").refused(422, "invalid", "If-Match")
		w.ask("lan", "PUT", path, body, "If-Match", `"7"`).refused(412, "changed")
		w.ask("lan", "PUT", path, body, "If-Match", `"-1"`).refused(412, "changed")
		w.ask("lan", "PUT", path+"x", body, "If-Match", `"1"`).refused(404, "not-found")
		w.ask("lan", "PUT", path, body.with(object{"id": "another"}), "If-Match", `"1"`).refused(422, "invalid", "id")
		w.ask("lan", "PUT", path, body.with(object{"title": "The first"}), "If-Match", `"1"`).ok(nil)
		w.ask("binh", "PUT", path, body.with(object{"title": "The second"}), "If-Match", `"1"`).refused(412, "changed")
		var kept struct {
			Title    string
			Revision int64
		}
		w.ask("lan", "GET", path, nil).ok(&kept)
		if kept.Title != "The first" || kept.Revision != 2 {
			t.Errorf("%s: %+v", path, kept)
		}
	}
	// Nobody removes what another has just changed.
	w.ask("lan", "DELETE", "/programmes/sang", nil).refused(428, "if-match", "If-Match")
	w.ask("lan", "DELETE", "/programmes/sang", nil, "If-Match", "*").refused(422, "invalid", "If-Match")
	w.ask("lan", "DELETE", "/programmes/nie", nil, "If-Match", `"1"`).refused(404, "not-found")
	w.ask("binh", "DELETE", "/programmes/sang", nil, "If-Match", `"1"`).refused(412, "changed")
	w.ask("lan", "GET", "/programmes/sang", nil).ok(nil)
	w.ask("lan", "DELETE", "/programmes/sang", nil, "If-Match", `"2"`).ok(nil)
	w.ask("lan", "DELETE", "/programmes/sang", nil, "If-Match", `"2"`).refused(404, "not-found")

	w.ask("lan", "POST", "/bulletins/ban-tin/withdraw", nil).ok(nil)
	w.ask("lan", "POST", "/bulletins/ban-tin/withdraw", nil).ok(nil)
	w.ask("lan", "PUT", "/bulletins/ban-tin", bulletinOf(muongTe), "If-Match", `"2"`).refused(409, "state")
	w.ask("lan", "POST", "/bulletins/ban-tin/document", nil).refused(409, "state")
}

func TestAlertsThatAreRefused(t *testing.T) {
	w, _ := staged(t)
	o := w.raised()
	path := "/alerts/" + strings.TrimPrefix(o.Subject, "alert/")
	good := alertOf(muongTe)
	renewed := good.with(object{"mode": nil, "audience": nil})
	message := func(m object) object { return good.with(object{"messages": []object{m}}) }
	w.refuses(t, []refusal{
		{"no audience", "lan", "POST", "/alerts", good.with(object{"audience": []string{}}), 422, "invalid", []string{"audience"}},
		{"an unknown area", "lan", "POST", "/alerts", good.with(object{"audience": []string{"99999"}}), 422, "invalid", []string{"audience"}},
		{"neither live nor drill", "lan", "POST", "/alerts", good.with(object{"mode": "test"}), 422, "invalid", []string{"mode"}},
		{"no mode", "lan", "POST", "/alerts", good.with(object{"mode": nil}), 422, "invalid", []string{"mode"}},
		{"25 hours", "lan", "POST", "/alerts", good.with(object{"lifetimeSeconds": 25 * 3600}), 422, "invalid", []string{"lifetimeSeconds"}},
		{"level 6", "lan", "POST", "/alerts", good.with(object{"level": 6}), 422, "invalid", []string{"level"}},
		{"nothing said", "lan", "POST", "/alerts", good.with(object{"messages": []object{}}), 422, "invalid", []string{"messages"}},
		{"no language", "lan", "POST", "/alerts", message(object{"language": "", "text": "x"}), 422, "invalid", []string{"messages[0].language"}},
		{"unknown audio", "lan", "POST", "/alerts", message(object{"language": "vi", "text": "x", "audio": strings.Repeat("a", 64)}), 422, "invalid", []string{"messages[0].audio"}},
		{"a long text", "lan", "POST", "/alerts", message(object{"language": "vi", "text": strings.Repeat("ă", 100_000)}), 422, "invalid", []string{"messages[0].text"}},
		{"a text that turns", "lan", "POST", "/alerts", message(object{"language": "vi", "text": "a\u202eb"}), 422, "invalid", []string{"messages[0].text"}},
		{"a siren of an hour", "lan", "POST", "/alerts", good.with(object{"siren": object{"blasts": 1, "seconds": 3600, "gap": 1}}), 422, "invalid", []string{"siren"}},
		{"no end", "lan", "POST", "/alerts", good.with(object{"repetitions": 1001}), 422, "invalid", []string{"repetitions"}},
		{"an update of nothing", "lan", "POST", "/alerts/live/nie/update", renewed, 404, "not-found", nil},
		{"an update of the drill of that id", "lan", "POST", strings.Replace(path, "live", "drill", 1) + "/update", renewed, 404, "not-found", nil},
		{"an update in no mode", "lan", "POST", strings.Replace(path, "live", "test", 1) + "/update", renewed, 422, "invalid", []string{"mode"}},
		{"an update for others", "lan", "POST", path + "/update", renewed.with(object{"audience": []string{province}}), 422, "invalid", []string{"audience"}},
		{"a cancel of nothing", "lan", "POST", "/alerts/live/nie/cancel", nil, 404, "not-found", nil},
		{"a stop of silence", "lan", "POST", "/stops", object{"areas": []string{muongTe}}, 409, "nothing-on-air", nil},
		{"a stop nowhere", "lan", "POST", "/stops", object{"areas": []string{}}, 422, "invalid", []string{"areas"}},
		{"a button of two years", "lan", "POST", "/locals", good.with(object{"input": "red", "seconds": 60, "lifetimeSeconds": 63072000}), 422, "invalid", []string{"lifetimeSeconds"}},
		{"a button without a name", "lan", "POST", "/locals", good.with(object{"input": "", "seconds": 60}), 422, "invalid", []string{"input"}},
	})
	// More sounds than one stop can name are told apart, not left sounding.
	for _, cluster := range []string{"muong-te-01", "doan-ket-01"} {
		state := protocol.State{Version: protocol.Version, Cluster: cluster, Online: true, At: time.Now(), Boot: "b", Clock: protocol.ClockTrusted}
		for i := range 51 {
			state.OnAir = append(state.OnAir, protocol.OnAir{
				Output: "main", Class: "routine", Mode: protocol.Live, Subject: fmt.Sprintf("%s-%d@2026-01-01T00:00:00", cluster, i), Since: time.Now(),
			})
		}
		data, err := protocol.Encode(state)
		w.must(err)
		w.must(w.fleet.State(t.Context(), cluster, data))
	}
	w.ask("binh", "POST", "/stops", object{"areas": []string{province}}).refused(422, "invalid", "areas")
	w.ask("binh", "POST", "/stops", object{"areas": []string{muongTe}}).ok(nil)

	// A cancelled alert cannot be updated, whoever signs.
	var d draft
	w.ask("lan", "POST", path+"/cancel", nil).ok(&d)
	w.sign("lan", d).ok(nil)
	w.ask("lan", "POST", path+"/update", renewed).ok(&d)
	w.sign("lan", d).refused(409, "cancelled")
}

func TestPeopleAndPlacesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	k := publicOf("somebody")
	w.refuses(t, []refusal{
		{"an id that is none", "chi", "POST", "/persons", object{"id": "Lò Văn Ân", "name": "x"}, 422, "invalid", []string{"id"}},
		{"no name", "chi", "POST", "/persons", object{"id": "an", "name": ""}, 422, "invalid", []string{"name"}},
		{"a name that turns", "chi", "POST", "/persons", object{"id": "lo-van-an", "name": "a\u202eb"}, 422, "invalid", []string{"name"}},
		{"a person who is there", "chi", "POST", "/persons", object{"id": "lan", "name": "Lan"}, 409, "exists", nil},
		{"a key of another id", "chi", "POST", "/persons/lan/keys", object{"id": strings.Repeat("0", 32), "scheme": "ed25519", "public": k.Public}, 422, "invalid", []string{"id"}},
		{"a key of another scheme", "chi", "POST", "/persons/lan/keys", object{"id": k.ID, "scheme": "rsa", "public": k.Public}, 422, "invalid", []string{"scheme"}},
		{"a key that is none", "chi", "POST", "/persons/lan/keys", object{"id": k.ID, "scheme": "ed25519", "public": "AAAA"}, 422, "invalid", []string{"public"}},
		{"a key that is not base64", "chi", "POST", "/persons/lan/keys", object{"id": k.ID, "scheme": "ed25519", "public": "!"}, 422, "invalid", []string{"public"}},
		{"another's key", "chi", "POST", "/persons/lan/keys", publicOf("nam"), 409, "exists", nil},
		{"a key for nobody", "chi", "POST", "/persons/nobody/keys", k, 404, "not-found", nil},
		{"retiring another's key", "chi", "POST", "/persons/lan/keys/" + publicOf("nam").ID + "/retire", nil, 404, "not-found", nil},
		{"revoking an unknown key", "chi", "POST", "/persons/lan/keys/x/revoke", nil, 404, "not-found", nil},
		{"an unknown role", "chi", "PUT", "/persons/lan/roles", object{"name": "king", "area": province}, 422, "invalid", []string{"name"}},
		{"a role nowhere", "chi", "PUT", "/persons/lan/roles", object{"name": "officer", "area": "99999"}, 422, "invalid", []string{"area"}},
		{"a role for nobody", "chi", "PUT", "/persons/nobody/roles", object{"name": "officer", "area": province}, 404, "not-found", nil},
		{"a role that is not there", "chi", "DELETE", "/persons/lan/roles/officer/" + doanKet, nil, 404, "not-found", nil},
		{"a token for ever", "chi", "POST", "/persons/lan/tokens", object{"label": "x", "days": 1000}, 422, "invalid", []string{"days"}},
		{"a token of no days", "chi", "POST", "/persons/lan/tokens", object{"label": "x", "days": 0}, 422, "invalid", []string{"days"}},
		{"a token for nothing", "chi", "POST", "/persons/lan/tokens", object{"label": "", "days": 1}, 422, "invalid", []string{"label"}},
		{"a token for nobody", "chi", "POST", "/persons/nobody/tokens", object{"label": "x", "days": 1}, 404, "not-found", nil},
		{"an unknown token", "lan", "DELETE", "/persons/lan/tokens/0123456789abcdef", nil, 404, "not-found", nil},
		{"another's token as one's own", "lan", "DELETE", "/persons/lan/tokens/" + w.tokens["nam"][4:20], nil, 404, "not-found", nil},
		{"tokens of nobody", "chi", "GET", "/persons/nobody/tokens", nil, 404, "not-found", nil},

		{"a code that is none", "chi", "PUT", "/areas", []object{{"code": "1", "kind": "province", "nameVi": "x"}}, 422, "invalid", []string{"areas[0].code"}},
		{"a village of another commune", "chi", "PUT", "/areas", []object{{"code": "03433.03", "parent": doanKet, "kind": "village", "nameVi": "x"}}, 422, "invalid", []string{"areas[0].parent"}},
		{"an unknown kind", "chi", "PUT", "/areas", []object{{"code": "12", "kind": "district", "nameVi": "x"}}, 422, "invalid", []string{"[0].kind"}},
		{"too many areas", "chi", "PUT", "/areas", manyAreas(5001), 422, "invalid", nil},
		{"a cluster without a language", "chi", "POST", "/clusters", object{"id": "a-01", "name": "x", "area": muongTe, "languages": []string{}}, 422, "invalid", []string{"languages"}},
		{"a cluster of a province", "chi", "POST", "/clusters", object{"id": "a-01", "name": "x", "area": province, "languages": []string{"vi"}}, 422, "invalid", []string{"area"}},
		{"a cluster nowhere", "chi", "POST", "/clusters", object{"id": "a-01", "name": "x", "area": "99999", "languages": []string{"vi"}}, 422, "invalid", []string{"area"}},
		{"a cluster that is there", "chi", "POST", "/clusters", object{"id": "muong-te-01", "name": "x", "area": muongTe, "languages": []string{"vi"}}, 409, "exists", nil},
		{"a cluster with another id", "chi", "PUT", "/clusters/muong-te-01", object{"id": "muong-te-09", "name": "x", "area": muongTe, "languages": []string{"vi"}}, 422, "invalid", []string{"id"}},
		{"an unknown neighbour", "chi", "PUT", "/clusters/muong-te-01", object{"id": "muong-te-01", "name": "x", "area": muongTe, "languages": []string{"vi"}, "neighbours": []string{"nie-01"}}, 422, "invalid", []string{"neighbours[0]"}},
		{"an unknown cluster", "chi", "GET", "/clusters/nie", nil, 404, "not-found", nil},
		{"changing an unknown cluster", "chi", "PUT", "/clusters/nie", object{"id": "nie", "name": "x", "area": muongTe, "languages": []string{"vi"}}, 404, "not-found", nil},
		{"an unknown board", "tho", "POST", "/clusters/muong-te-01/boards/x/revoke", nil, 404, "not-found", nil},
		{"the board of an unknown cluster", "tho", "POST", "/clusters/nie/boards/x/revoke", nil, 404, "not-found", nil},
	})
}

func manyAreas(n int) []object {
	all := make([]object, n)
	for i := range all {
		all[i] = object{"code": "12", "kind": "city", "nameVi": "x"}
	}
	return all
}

func TestTrustThatIsRefused(t *testing.T) {
	w := newWorld(t)
	request := w.request("board one")
	w.ask("chi", "POST", "/keyset", nil).refused(409, "not-ready")
	w.ask("lan", "POST", "/alerts", alertOf(muongTe)).refused(409, "not-ready")
	w.ask("tho", "POST", "/enrolments/muong-te-01/answer", object{"request": request}).refused(409, "not-ready")
	w.ask("chi", "POST", "/clusters/muong-te-01/placement", nil).refused(409, "not-ready")
	lone := w.root(province)
	lone.Signatures = lone.Signatures[:1]
	w.ask("chi", "PUT", "/root", lone).refused(422, "threshold")
	changed := w.root(province)
	changed.Payload = []byte(strings.Replace(string(changed.Payload), `"wideAlert":2`, `"wideAlert":3`, 1))
	w.ask("chi", "PUT", "/root", changed).refused(422, "bad-signature")
	w.trusted()

	forged := request
	forged.Payload = []byte(strings.Replace(string(request.Payload), `"host":"board one"`, `"host":"board two"`, 1))
	w.refuses(t, []refusal{
		{"another first root", "chi", "PUT", "/root", w.root("15"), 409, "conflict", nil},
		{"a key set as a root", "chi", "PUT", "/root", request, 422, "unknown-type", []string{"payloadType"}},
		{"a request that was changed", "tho", "POST", "/enrolments", object{"cluster": "muong-te-01", "request": forged}, 422, "bad-signature", nil},
		{"a request for nowhere", "tho", "POST", "/enrolments", object{"cluster": "nie", "request": request}, 404, "not-found", nil},
		{"an answer before the placement is signed", "tho", "POST", "/enrolments/muong-te-01/answer", object{"request": request}, 409, "not-ready", nil},
		{"an answer for nowhere", "tho", "POST", "/enrolments/nie/answer", object{"request": request}, 404, "not-found", nil},
	})
	// The placement that is signed is for one board and no other: neither
	// certificate nor registry knows the second.
	w.enrol("muong-te-01", "board one")
	w.ask("tho", "POST", "/enrolments/muong-te-01/answer", object{"request": w.request("board two")}).refused(409, "not-ready", "request")
	w.ask("tho", "POST", "/enrolments/doan-ket-01/answer", object{"request": request}).refused(409, "not-ready")
	devices, err := w.registry.Devices(t.Context(), "")
	w.must(err)
	if len(devices) != 1 || devices[0].ID != publicOf("board one").ID {
		t.Errorf("boards: %+v", devices)
	}
}

func TestBrokenDatabase(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	b := w.signed("lan")
	w.must(w.db.Close())
	b.ask("GET", "/me", nil).refused(500, "internal") // and not 'signed out'
	r := b.ask("POST", "/session", object{"person": "lan", "password": good})
	r.refused(500, "internal")
	if r.header.Get("Set-Cookie") != "" {
		t.Errorf("a cookie for no session: %v", r.header)
	}
	w.ask("", "GET", "/healthz", nil).refused(http.StatusServiceUnavailable, "unavailable")
	p := w.ask("lan", "GET", "/me", nil).refused(500, "internal")
	if strings.Contains(p.Detail, "database") || !strings.Contains(w.log.String(), "database is closed") {
		t.Errorf("told %q, logged %s", p.Detail, w.log)
	}
}
