package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loa/central/registry"
	"loa/central/web"
)

// browser is a client that keeps cookies, as a page of the console has it.
type browser struct {
	w      *world
	server *httptest.Server
	client *http.Client
}

func (w *world) browser(at *httptest.Server) *browser {
	w.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{w, at, &http.Client{Transport: at.Client().Transport, Jar: jar}}
}

// ask sends a request of a page of this very server's.
func (b *browser) ask(method, path string, in any, headers ...string) *reply {
	b.w.Helper()
	return b.w.through(b.client, b.server.URL, method, path, in, append([]string{"Sec-Fetch-Site", "same-origin"}, headers...)...)
}

// holds are the cookies that the browser has for the server.
func (b *browser) holds() []*http.Cookie {
	b.w.Helper()
	at, err := url.Parse(b.server.URL)
	b.w.must(err)
	return b.client.Jar.Cookies(at)
}

const good = "trời xanh ngắt 12"

// settled gives a person a password.
func (w *world) settled(persons ...string) {
	w.Helper()
	text, _, err := w.registry.Invite(w.Context(), "test", persons, time.Hour)
	w.must(err)
	_, _, err = w.registry.Accept(w.Context(), text, good, nil)
	w.must(err)
}

// signed is a browser in which a person, who has a password, signed in.
func (w *world) signed(person string) *browser {
	w.Helper()
	b := w.browser(w.server)
	b.ask("POST", "/session", object{"person": person, "password": good}).ok(nil)
	return b
}

type mine struct {
	ID            string
	Name          string
	Actions       map[string][]string
	Roles         []struct{ Name, Area string }
	Keys          []keyView
	SignedInUntil *time.Time
	Demo          bool
}

type keyView struct {
	ID, State        string
	Confirmed        bool
	Retired, Revoked *time.Time
}

// audited are the rows of the audit chain about signing in, as action person subject.
func (w *world) audited() (rows []string) {
	w.Helper()
	all, err := w.db.Audit(w.Context(), 0, 10_000)
	w.must(err)
	for _, r := range all {
		kind, _, _ := strings.Cut(r.Action, ".")
		if slices.Contains([]string{"session", "invitation", "password"}, kind) || slices.Contains([]string{"key.propose", "key.confirm", "key.drop"}, r.Action) {
			rows = append(rows, r.Action+" "+r.Person+" "+r.Subject)
		}
	}
	return rows
}

type invitation struct {
	Persons   []struct{ ID, Name string }
	First     bool
	Provinces []struct{ Code, NameVi, NameEn string }
	Until     time.Time
}

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	var made struct {
		Token string
		Until time.Time
	}
	w.ask("chi", "POST", "/persons/lan/invitations", nil).ok(&made)
	if d := time.Until(made.Until); d < 6*24*time.Hour || d > 7*24*time.Hour {
		t.Errorf("until %v", made.Until)
	}
	b := w.browser(w.server)
	for range 3 { // looking uses nothing up
		var seen invitation
		b.ask("POST", "/invitations/look", object{"token": made.Token}).ok(&seen)
		if len(seen.Persons) != 1 || seen.Persons[0].ID != "lan" || seen.First || len(seen.Provinces) != 0 || !seen.Until.Equal(made.Until) {
			t.Fatalf("%+v", seen)
		}
	}
	// What was entered wrongly does not either.
	for _, bad := range []string{"", "ngắn", "1234567890", "aaaaaaaaaaaaaaa", "lan lan lan xy", strings.Repeat("ă", 400)} {
		b.ask("POST", "/invitations/accept", object{"token": made.Token, "password": bad}).refused(422, "invalid", "password")
	}
	b.ask("POST", "/invitations/accept", object{"token": made.Token, "password": good, "person": object{"id": "moi", "name": "Mới"}, "province": "12"}).
		refused(422, "invalid", "person")
	b.ask("GET", "/me", nil).refused(401, "signed-out")

	var came struct{ Persons []string }
	r := b.ask("POST", "/invitations/accept", object{"token": made.Token, "password": good}).ok(&came)
	if !slices.Equal(came.Persons, []string{"lan"}) {
		t.Errorf("%+v", came)
	}
	w.cookieOf(r, false)
	var me mine
	b.ask("GET", "/me", nil).ok(&me)
	if me.ID != "lan" || me.Demo || me.SignedInUntil == nil || time.Until(*me.SignedInUntil) > web.SessionIdle ||
		!slices.Equal(me.Actions["raise-alerts"], []string{muongTe}) || me.Actions["manage-people"] != nil {
		t.Errorf("%+v", me)
	}
	b.ask("GET", "/audio", nil).ok(nil)

	b.ask("POST", "/invitations/look", object{"token": made.Token}).refused(410, "used")
	b.ask("POST", "/invitations/accept", object{"token": made.Token, "password": good}).refused(410, "used")
	b.ask("DELETE", "/session", nil).ok(nil)
	if left := b.holds(); len(left) != 0 {
		t.Errorf("the browser still has %v", left)
	}
	b.ask("GET", "/me", nil).refused(401, "signed-out")
	b.ask("DELETE", "/session", nil).ok(nil) // again
	b.ask("POST", "/session", object{"person": "lan", "password": "trời xanh ngắt 13"}).refused(401, "wrong-password")
	b.ask("GET", "/me", nil).refused(401, "signed-out")
	w.cookieOf(b.ask("POST", "/session", object{"person": "lan", "password": good}).ok(&me), false)
	if me.ID != "lan" || me.SignedInUntil == nil {
		t.Errorf("%+v", me)
	}
	var by mine // a token's request has no session, whatever the browser has
	b.ask("GET", "/me", nil, "Authorization", "Bearer "+w.tokens["nam"]).ok(&by)
	if by.ID != "nam" || by.SignedInUntil != nil {
		t.Errorf("%+v", by)
	}
	b.ask("GET", "/me", nil, "Authorization", "Bearer x").refused(401, "token")

	rows := w.audited()
	want := []string{
		"invitation.add chi ", "invitation.use lan ", "password.set lan lan", "session.begin lan lan", "session.end lan lan",
		"session.refused nobody lan", "session.begin lan lan",
	}
	for i, row := range rows {
		if i >= len(want) || !strings.HasPrefix(row, want[i]) {
			t.Fatalf("audit: %q", rows)
		}
	}
	if len(rows) != len(want) {
		t.Errorf("audit: %q", rows)
	}
	w.keptSecret(made.Token, good, b.holds()[0].Value)
	w.must(w.db.Check(t.Context()))
}

// cookieOf fails unless an answer sets the one cookie as it must be.
func (w *world) cookieOf(r *reply, tls bool) {
	w.Helper()
	set := (&http.Response{Header: r.header}).Cookies()
	if len(set) != 1 {
		w.Fatalf("%s: cookies %v", r.what, set)
	}
	c := set[0]
	want := "loa-" + w.server.URL[strings.LastIndex(w.server.URL, ":")+1:]
	if tls {
		want = "__Host-loa-"
	}
	if !strings.HasPrefix(c.Name, want) || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure != tls {
		w.Errorf("%s: cookie %+v", r.what, c)
	}
	// A desk's clock may be wrong by a day: how long is told, not until when.
	if d := time.Duration(c.MaxAge) * time.Second; d < web.SessionLife-time.Minute || d > web.SessionLife+time.Minute {
		w.Errorf("%s: cookie for %v", r.what, d)
	}
	if len(c.Value) < 40 || r.header.Get("Cache-Control") == "" {
		w.Errorf("%s: cookie %+v", r.what, c)
	}
}

// keptSecret fails when a text stands in the log, the audit chain or the database.
func (w *world) keptSecret(secrets ...string) {
	w.Helper()
	rows, err := w.db.Audit(w.Context(), 0, 10_000)
	w.must(err)
	chain, err := json.Marshal(rows)
	w.must(err)
	var found []byte
	for _, name := range []string{"central.db", "central.db-wal"} {
		data, err := os.ReadFile(filepath.Join(w.dir, name))
		w.must(err)
		found = append(found, data...)
	}
	for _, s := range secrets {
		if _, secret, ok := strings.Cut(s, "_"); ok {
			s = secret[strings.Index(secret, "_")+1:]
		}
		if strings.Contains(w.log.String(), s) || bytes.Contains(chain, []byte(s)) || bytes.Contains(found, []byte(s)) {
			w.Errorf("%q was kept", s)
		}
	}
}

func TestSignInOverTLS(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	tls := httptest.NewTLSServer(w.handler)
	defer tls.Close()
	b := w.browser(tls)
	w.cookieOf(b.ask("POST", "/session", object{"person": "lan", "password": good}).ok(nil), true)
	b.ask("GET", "/me", nil).ok(nil)
	// What was given over TLS is not taken without it, under either name.
	held := b.holds()[0]
	plain := w.browser(w.server)
	for _, name := range []string{held.Name, "loa", "__Host-loa"} {
		plain.ask("GET", "/me", nil, "Cookie", name+"="+held.Value).refused(401, "signed-out")
	}
}

// TestTwoServersOnOneMachine: cookies know no ports.
func TestTwoServersOnOneMachine(t *testing.T) {
	one, two := newWorld(t), newWorld(t)
	one.settled("lan")
	two.settled("nam")
	b := one.browser(one.server)
	b.ask("POST", "/session", object{"person": "lan", "password": good}).ok(nil)
	other := &browser{two, two.server, b.client}
	other.ask("GET", "/me", nil).refused(401, "signed-out")
	other.ask("POST", "/session", object{"person": "nam", "password": good}).ok(nil)
	var me mine
	b.ask("GET", "/me", nil).ok(&me)
	if me.ID != "lan" {
		t.Errorf("%+v", me)
	}
}

// TestSessionsOutliveTheServer: a new start signs nobody out.
func TestSessionsOutliveTheServer(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	b := w.signed("lan")
	was := w.server.Config.Handler
	again, _ := web.NewDescribed(w.options)
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { again.ServeHTTP(rw, r) })
	defer func() { w.server.Config.Handler = was }()
	b.ask("GET", "/me", nil).ok(nil)
}

func TestPasswordsThatAreWrong(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	w.settled("chi")
	b := w.browser(w.server)
	var first []byte
	for name, in := range map[string]object{
		"wrong":                 {"person": "lan", "password": good + "x"},
		"unknown person":        {"person": "khong-ai", "password": good},
		"no password yet":       {"person": "nam", "password": good},
		"empty":                 {"person": "lan", "password": ""},
		"empty, for no one yet": {"person": "nam", "password": ""},
		"another case":          {"person": "lan", "password": strings.ToUpper(good)},
		"no person":             {"person": "", "password": good},
		"a name":                {"person": "Lò Văn An", "password": good},
		"longest":               {"person": "lan", "password": strings.Repeat("x", 512)},
		"longest, in bytes":     {"person": "lan", "password": strings.Repeat("ă", 512)},
		"a token":               {"person": "lan", "password": w.tokens["lan"]},
	} {
		r := b.ask("POST", "/session", in)
		r.refused(401, "wrong-password")
		if first == nil {
			first = r.body
		}
		if !bytes.Equal(r.body, first) || len(r.header.Values("Set-Cookie")) != 0 {
			t.Errorf("%s: another answer: %s %v", name, r.body, r.header)
		}
	}
	for name, in := range map[string]any{
		"no object": "[]", "nothing": object{}, "a number": object{"person": "lan", "password": 1},
		"more":        object{"person": "lan", "password": good, "role": "administrator"},
		"two persons": `{"person":"nam","Person":"lan","password":"` + good + `"}`,
		"too long":    object{"person": "lan", "password": strings.Repeat("x", 513)},
	} {
		if r := b.ask("POST", "/session", in); r.status != 400 && r.status != 422 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	b.ask("POST", "/session", object{"person": "Lan ", "password": good}).ok(nil) // as a phone writes it
	// One keyboard writes ờ as one character, another as three.
	b.ask("POST", "/session", object{"person": "lan", "password": "tro\u031b\u0300i xanh nga\u0306\u0301t 12"}).ok(nil)
	for _, row := range w.audited() {
		if strings.HasPrefix(row, "session.refused") && row != "session.refused nobody lan" && row != "session.refused nobody nam" && row != "session.refused nobody unknown" {
			t.Errorf("%s", row)
		}
	}
	w.keptSecret(good)
}

// TestNobodyLearnsWhoIsThere: an unknown person costs as much time.
func TestNobodyLearnsWhoIsThere(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	took := func(person string) time.Duration {
		best := time.Hour
		for range 5 {
			began := time.Now()
			_, _, err := w.registry.SignIn(t.Context(), person, "sai rồi, sai rồi")
			if err == nil {
				t.Fatal("signed in")
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	known := took("lan")
	for _, person := range []string{"khong-ai", "nam", ""} {
		if d := took(person); d < known/20 { // a look-up alone is a hundredth
			t.Errorf("%q takes %v, somebody with a password %v", person, d, known)
		}
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	w.settled("nam")
	in := w.signed("lan")
	// Many at once are no way around.
	statuses := make(chan *reply, 30)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() {
			statuses <- w.browser(w.server).ask("POST", "/session", object{"person": "lan", "password": "sai sai sai sai"})
		})
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for r := range statuses {
		count[r.status]++
		if r.status == 429 {
			r.refused(429, "too-many")
			if s, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || s < 1 || s > 60 {
				t.Fatalf("Retry-After: %q", r.header.Get("Retry-After"))
			}
		}
	}
	// While it lasts, more is borne: one a minute.
	if count[401] < 10 || count[401] > 12 || count[401]+count[429] != 30 {
		t.Fatalf("%v", count)
	}
	// Not the right one either, nor by changing it.
	w.browser(w.server).ask("POST", "/session", object{"person": "lan", "password": good}).refused(429, "too-many")
	in.ask("PUT", "/me/password", object{"old": good, "new": "một câu khác hẳn"}).refused(429, "too-many")
	// Who is in stays in, and who is somebody else gets in.
	in.ask("GET", "/me", nil).ok(nil)
	w.signed("nam")
	// An unknown person is counted like any.
	for range 10 {
		w.browser(w.server).ask("POST", "/session", object{"person": "khong-ai", "password": good}).refused(401, "wrong-password")
	}
	w.browser(w.server).ask("POST", "/session", object{"person": "khong-ai", "password": good}).refused(429, "too-many")
	n := 0
	for _, row := range w.audited() {
		if strings.HasPrefix(row, "session.refused") {
			n++
		}
	}
	if n < 20 || n > 24 {
		t.Errorf("%d refusals in the audit chain", n)
	}
}

// TestSuccessIsNoFailure: signing in often is borne, without end it is not.
func TestSuccessIsNoFailure(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	b := w.browser(w.server)
	in := 0
	// While it lasts, more is borne: one every 10 s.
	for ; in < 200; in++ {
		r := b.ask("POST", "/session", object{"person": "lan", "password": good})
		if r.status != 200 {
			r.refused(429, "too-many")
			break
		}
	}
	if in < 60 || in == 200 {
		t.Errorf("signed in %d times", in)
	}
	b.ask("GET", "/me", nil).ok(nil)
}

func TestPasswordChange(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	w.settled("nam")
	one, two, nam := w.signed("lan"), w.signed("lan"), w.signed("nam")
	const next = "một câu khác hẳn"
	for name, c := range map[string]struct {
		in    object
		code  string
		field string
	}{
		"old is wrong":  {object{"old": next, "new": next}, "wrong-password", "old"},
		"new is short":  {object{"old": good, "new": "ngắn"}, "invalid", "new"},
		"new is common": {object{"old": good, "new": "matkhau123"}, "invalid", "new"},
		"new has a tab": {object{"old": good, "new": "một câu\tkhác hẳn"}, "invalid", "new"},
		"new is the id": {object{"old": good, "new": "Lan 2026 lai châu"}, "invalid", "new"},
	} {
		t.Run(name, func(t *testing.T) { one.ask("PUT", "/me/password", c.in).refused(422, c.code, c.field) })
	}
	one.ask("GET", "/me", nil).ok(nil)
	before := one.holds()[0].Value
	w.cookieOf(one.ask("PUT", "/me/password", object{"old": good, "new": next}).ok(nil), false)
	one.ask("GET", "/me", nil).ok(nil)
	two.ask("GET", "/me", nil).refused(401, "signed-out")
	two.ask("PUT", "/me/password", object{"old": next, "new": good}).refused(401, "signed-out")
	nam.ask("GET", "/me", nil).ok(nil)
	old := w.browser(w.server)
	old.ask("GET", "/me", nil, "Cookie", one.holds()[0].Name+"="+before).refused(401, "signed-out")
	old.ask("POST", "/session", object{"person": "lan", "password": good}).refused(401, "wrong-password")
	old.ask("POST", "/session", object{"person": "lan", "password": next}).ok(nil)

	// By a token: no session begins, and those that are there end.
	r := w.ask("lan", "PUT", "/me/password", object{"old": next, "new": good}).ok(nil)
	if r.header.Get("Set-Cookie") != "" {
		t.Errorf("cookie %q", r.header.Get("Set-Cookie"))
	}
	one.ask("GET", "/me", nil).refused(401, "signed-out")
	// Whoever has none asks for an invitation.
	w.ask("binh", "PUT", "/me/password", object{"old": "", "new": next}).refused(422, "wrong-password", "old")

	// An invitation is also for who forgot: it ends what others have open.
	two.ask("POST", "/session", object{"person": "lan", "password": good}).ok(nil)
	w.settled("lan")
	two.ask("GET", "/me", nil).refused(401, "signed-out")
}

// TestSessionsThatEnd answers what no session belongs to.
func TestSessionsThatEnd(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	b := w.signed("lan")
	held := b.holds()[0]
	out := w.browser(w.server)
	for name, value := range map[string]string{
		"empty": "", "nonsense": "abc", "quoted": `"` + held.Value + `"x`, "a changed byte": held.Value[:len(held.Value)-1] + "-",
		"long": strings.Repeat("a", 16<<10), "its hash": fmt.Sprintf("%x", held.Value), "SQL": "' OR 1=1 --",
	} {
		for _, path := range []string{"/me", "/audio/" + strings.Repeat("0", 64) + "/file"} {
			r := out.ask("GET", path, nil, "Cookie", held.Name+"="+value)
			if r.status != 401 {
				t.Errorf("%s: %s: %d %s", name, path, r.status, r.body)
			}
			r.refused(401, "signed-out")
		}
	}
	out.ask("GET", "/me", nil, "Cookie", held.Name+"="+held.Value).ok(nil) // so the others were tried rightly
	// Signing out ends it at the server, not only in the browser.
	b.ask("DELETE", "/session", nil).ok(nil)
	out.ask("GET", "/me", nil, "Cookie", held.Name+"="+held.Value).refused(401, "signed-out")
	out.ask("POST", "/audio?name=a.wav", "x", "Cookie", held.Name+"="+held.Value).refused(401, "signed-out")

	// Nobody can have a session prepared for somebody else.
	b.ask("POST", "/session", object{"person": "lan", "password": good}, "Cookie", held.Name+"="+held.Value).ok(nil)
	if got := b.holds()[0].Value; got == held.Value {
		t.Error("the session is the one that was brought along")
	}
}

// TestRolesGoWithoutSession: who lost all roles is still somebody, who may
// nothing.
func TestRolesGoWithoutSession(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	b := w.signed("lan")
	b.ask("GET", "/orders", nil).ok(nil)
	w.must(w.registry.TakeRole(t.Context(), "chi", registry.Role{Person: "lan", Name: registry.Officer, Area: muongTe}))
	var me mine
	b.ask("GET", "/me", nil).ok(&me)
	if me.ID != "lan" || len(me.Roles) != 0 || len(me.Actions) != 0 {
		t.Errorf("%+v", me)
	}
	before := len(w.denials())
	for _, path := range []string{"/orders", "/clusters", "/persons", "/audio"} {
		b.ask("GET", path, nil).refused(403, "denied")
	}
	b.ask("POST", "/alerts", alertOf(muongTe)).refused(403, "denied")
	rows := w.denials()
	if len(rows) != before+5 || rows[len(rows)-1].Person != "lan" || rows[len(rows)-1].Subject != "POST /api/v1/alerts" {
		t.Errorf("%+v", rows)
	}
}

func TestOtherSitesPages(t *testing.T) {
	w := newWorld(t)
	w.settled("lan")
	b := w.signed("lan")
	change := object{"old": good, "new": "một câu khác hẳn"}
	host := strings.TrimPrefix(w.server.URL, "http://")
	for name, c := range map[string]struct {
		headers []string
		refused bool
	}{
		"another site":                 {[]string{"Sec-Fetch-Site", "cross-site"}, true},
		"another port of this machine": {[]string{"Sec-Fetch-Site", "same-site"}, true},
		"another site, old browser":    {[]string{"Sec-Fetch-Site", "", "Origin", "https://elsewhere.example"}, true},
		"another port, old browser":    {[]string{"Sec-Fetch-Site", "", "Origin", "http://127.0.0.1:1"}, true},
		"a sandbox, old browser":       {[]string{"Sec-Fetch-Site", "", "Origin", "null"}, true},
		"this one, old browser":        {[]string{"Sec-Fetch-Site", "", "Origin", "http://" + host}, false},
		"this one":                     {[]string{"Sec-Fetch-Site", "same-origin"}, false},
		"typed by hand":                {[]string{"Sec-Fetch-Site", "none"}, false},
		"no browser":                   {[]string{"Sec-Fetch-Site", ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, what := range []struct {
				method, path string
				in           any
			}{
				{"POST", "/bulletins", bulletinOf(muongTe).with(object{"id": nil})},
				{"POST", "/session", object{"person": "lan", "password": good}},
				{"POST", "/invitations/look", object{"token": "x"}},
				{"PUT", "/me/password", change.with(object{"new": "x"})},
			} {
				r := b.ask(what.method, what.path, what.in, c.headers...)
				if c.refused {
					r.refused(403, "cross-origin")
					continue
				}
				if r.status == 403 || r.status == 401 {
					t.Errorf("%s: %d %s", what.path, r.status, r.body)
				}
			}
		})
	}
	b.ask("DELETE", "/session", nil, "Sec-Fetch-Site", "cross-site").refused(403, "cross-origin")
	b.ask("GET", "/me", nil).ok(nil)
	// A browser adds no token by itself.
	w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe), "Sec-Fetch-Site", "cross-site").ok(nil)
	// Nor does its cookie count beside a token that is none.
	b.ask("POST", "/bulletins", bulletinOf(muongTe), "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer").refused(401, "token")
}

func TestInvitationsThatLetNobodyIn(t *testing.T) {
	w := newWorld(t)
	invited := func(by, person string) string {
		var made struct{ Token string }
		w.ask(by, "POST", "/persons/"+person+"/invitations", nil).ok(&made)
		return made.Token
	}
	old, other := invited("chi", "lan"), invited("chi", "nam")
	text := invited("kim", "lan") // a commune's administrator invites its officer
	gone, short, err := w.registry.Invite(t.Context(), "test", []string{"binh"}, time.Millisecond)
	w.must(err)
	<-time.After(time.Until(short.ExpiresAt) + time.Millisecond)
	b := w.browser(w.server)
	for name, c := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"an earlier one for the person": {old, 410, "expired"},
		"one that has expired":          {gone, 410, "expired"},
		"nothing":                       {"", 404, "not-found"},
		"nonsense":                      {"inv_x", 404, "not-found"},
		"an API token":                  {w.tokens["lan"], 404, "not-found"},
		"a changed byte":                {text[:len(text)-1] + "g", 404, "not-found"},
		"another's secret":              {text[:21] + other[21:], 404, "not-found"},
		"an unknown one":                {"inv_0123456789abcdef_" + strings.Repeat("0", 64), 404, "not-found"},
	} {
		t.Run(name, func(t *testing.T) {
			b.ask("POST", "/invitations/look", object{"token": c.token}).refused(c.status, c.code)
			b.ask("POST", "/invitations/accept", object{"token": c.token, "password": good}).refused(c.status, c.code)
		})
	}
	// GET never uses one up: there is no such thing.
	b.ask("GET", "/invitations/accept", nil).refused(405, "method")

	// Of many at once one gets in.
	answers := make(chan *reply, 8)
	var all sync.WaitGroup
	for i := range cap(answers) {
		all.Go(func() {
			answers <- w.browser(w.server).ask("POST", "/invitations/accept", object{"token": text, "password": good + fmt.Sprint(i)})
		})
	}
	all.Wait()
	close(answers)
	in := 0
	for r := range answers {
		if r.status == 200 {
			in++
		} else {
			r.refused(410, "used")
		}
	}
	if in != 1 {
		t.Errorf("%d came in", in)
	}
	for who, over := range map[string]string{"kim": "chi", "lan": "nam", "tho": "lan", "khach": "khach"} {
		w.ask(who, "POST", "/persons/"+over+"/invitations", nil).refused(403, "denied")
	}
	w.ask("chi", "POST", "/persons/khong-ai/invitations", nil).refused(404, "not-found")
}

// TestSeveralAtOnce: a demo's people get one password, chosen by who comes.
func TestSeveralAtOnce(t *testing.T) {
	w := newWorld(t)
	text, _, err := w.registry.Invite(t.Context(), "test", []string{"nam", "lan", "lan"}, time.Hour)
	w.must(err)
	b := w.browser(w.server)
	var seen invitation
	b.ask("POST", "/invitations/look", object{"token": text}).ok(&seen)
	if len(seen.Persons) != 2 || seen.Persons[0].ID != "lan" || seen.Persons[1].ID != "nam" {
		t.Errorf("%+v", seen)
	}
	var came struct{ Persons []string }
	r := b.ask("POST", "/invitations/accept", object{"token": text, "password": good}).ok(&came)
	if !slices.Equal(came.Persons, []string{"lan", "nam"}) || r.header.Get("Set-Cookie") != "" {
		t.Errorf("%+v %v", came, r.header)
	}
	b.ask("GET", "/me", nil).refused(401, "signed-out")
	for _, p := range came.Persons {
		w.signed(p)
	}
	b.ask("POST", "/session", object{"person": "chi", "password": good}).refused(401, "wrong-password")
}

func TestTheFirstAdministrator(t *testing.T) {
	w := newBareWorld(t)
	w.options.Areas = []registry.Area{ // what comes with the program
		{Code: "12", Kind: registry.Province, NameVi: "Lai Châu khác"},
		{Code: "03388", Parent: "12", Kind: registry.Ward, NameVi: "Đoàn Kết"},
		{Code: "20", Kind: registry.Province, NameVi: "Lạng Sơn", NameEn: "Lang Son"},
		{Code: "05977", Parent: "20", Kind: registry.Ward, NameVi: "Đông Kinh"},
	}
	w.handler, w.api = web.NewDescribed(w.options)
	w.server = httptest.NewServer(w.handler)
	defer w.server.Close()
	ctx := t.Context()
	w.must(w.registry.PutAreas(ctx, "test",
		registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu", NameEn: "Lai Chau"},
		registry.Area{Code: "15", Kind: registry.Province, NameVi: "Lào Cai"},
		registry.Area{Code: muongTe, Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"}))
	b := w.browser(w.server)
	var hello struct {
		Demo, First bool
		Version     string
		People      []any
	}
	b.ask("GET", "/welcome", nil).ok(&hello)
	if hello.Demo || !hello.First || hello.Version != "test" || len(hello.People) != 0 {
		t.Errorf("%+v", hello)
	}
	late, _, err := w.registry.InviteFirst(ctx, "test", time.Hour)
	w.must(err)
	text, _, err := w.registry.InviteFirst(ctx, "test", time.Hour)
	w.must(err)
	b.ask("POST", "/invitations/look", object{"token": late}).refused(410, "expired")
	var seen invitation
	b.ask("POST", "/invitations/look", object{"token": text}).ok(&seen)
	if !seen.First || len(seen.Persons) != 0 || len(seen.Provinces) != 3 || seen.Provinces[0].NameVi != "Lai Châu" || seen.Provinces[1].NameEn != "" || seen.Provinces[2].Code != "20" {
		t.Errorf("%+v", seen)
	}
	me := object{"id": "pham-thu-ha", "name": "Phạm Thu Hà"}
	for name, c := range map[string]struct {
		in     object
		fields []string
	}{
		"nobody":            {object{"token": text, "password": good}, []string{"person"}},
		"no province":       {object{"token": text, "password": good, "person": me}, []string{"province"}},
		"a commune":         {object{"token": text, "password": good, "person": me, "province": muongTe}, []string{"province"}},
		"unknown province":  {object{"token": text, "password": good, "person": me, "province": "99"}, []string{"province"}},
		"no name":           {object{"token": text, "password": good, "person": object{"id": "ha", "name": " "}, "province": "12"}, []string{"person.name"}},
		"a name that turns": {object{"token": text, "password": good, "person": object{"id": "ha", "name": "Hà\u202e"}, "province": "12"}, []string{"person.name"}},
		"all wrong":         {object{"token": text, "password": "x", "person": object{"id": "Hà", "name": ""}, "province": ""}, []string{"person.id", "person.name", "province", "password"}},
	} {
		t.Run(name, func(t *testing.T) {
			b.ask("POST", "/invitations/accept", c.in).refused(422, "invalid", c.fields...)
		})
	}
	var came struct{ Persons []string }
	b.ask("POST", "/invitations/accept", object{"token": text, "password": good, "person": me, "province": "12"}).ok(&came)
	var in mine
	b.ask("GET", "/me", nil).ok(&in)
	if in.ID != "pham-thu-ha" || in.Name != "Phạm Thu Hà" || !slices.Equal(in.Actions["manage-people"], []string{"12"}) {
		t.Errorf("%+v", in)
	}
	b.ask("GET", "/persons", nil).ok(nil)
	b.ask("GET", "/welcome", nil).ok(&hello)
	if hello.First || len(hello.People) != 0 {
		t.Errorf("%+v", hello)
	}
	if areas, err := w.registry.Areas(ctx); err != nil || len(areas) != 3 {
		t.Errorf("areas that nobody asked for: %+v %v", areas, err)
	}
	if _, _, err := w.registry.InviteFirst(ctx, "test", time.Hour); err == nil {
		t.Error("a second first administrator was invited")
	}
}

// TestAProvinceThatComesAlong: who chooses one that is not there yet brings it,
// and no other.
func TestAProvinceThatComesAlong(t *testing.T) {
	w := newBareWorld(t)
	w.options.Areas = []registry.Area{
		{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
		{Code: muongTe, Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"},
		{Code: "20", Kind: registry.Province, NameVi: "Lạng Sơn"},
	}
	w.handler, w.api = web.NewDescribed(w.options)
	w.server = httptest.NewServer(w.handler)
	defer w.server.Close()
	text, _, err := w.registry.InviteFirst(t.Context(), "test", time.Hour)
	w.must(err)
	b := w.browser(w.server)
	wish := object{"token": text, "password": good, "person": object{"id": "pham-thu-ha", "name": "Phạm Thu Hà"}, "province": "12"}
	for _, wrong := range []object{{"province": "15"}, {"province": ""}, {"province": muongTe}, {"password": "ngắn"}} {
		b.ask("POST", "/invitations/accept", wish.with(wrong)).refused(422, "invalid")
	}
	if areas, err := w.registry.Areas(t.Context()); err != nil || len(areas) != 0 {
		t.Errorf("before anybody came: %+v %v", areas, err)
	}
	b.ask("POST", "/invitations/accept", wish).ok(nil)
	var me mine
	b.ask("GET", "/me", nil).ok(&me)
	if !slices.Equal(me.Actions["manage-keys"], []string{"12"}) {
		t.Errorf("%+v", me)
	}
	if areas, err := w.registry.Areas(t.Context()); err != nil || len(areas) != 2 {
		t.Errorf("%+v %v", areas, err)
	}
}

// TestNoSecondFirst: who was added meanwhile was first.
func TestNoSecondFirst(t *testing.T) {
	w := newBareWorld(t)
	w.server = httptest.NewServer(w.handler)
	defer w.server.Close()
	w.must(w.registry.PutAreas(t.Context(), "test", registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"}))
	text, _, err := w.registry.InviteFirst(t.Context(), "test", time.Hour)
	w.must(err)
	w.must(w.registry.AddPerson(t.Context(), "test", registry.Person{ID: "lan", Name: "Lan"}))
	w.browser(w.server).ask("POST", "/invitations/accept", object{
		"token": text, "password": good, "person": object{"id": "ke-gian", "name": "Kẻ gian"}, "province": "12",
	}).refused(410, "used")
	if all, err := w.registry.Persons(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%v %v", all, err)
	}
}
