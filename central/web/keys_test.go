package web_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"loa/central/orders"
	"loa/central/registry"
	"loa/central/web"
	"loa/controller/protocol"
)

// keyFor makes a person's nth key of a browser.
func keyFor(person string, n int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Appendf(nil, "browser key %d of %s", n, person))
	return ed25519.NewKeyFromSeed(seed[:])
}

func proposal(person string, n int) protocol.Key {
	return protocol.NewKey(keyFor(person, n).Public().(ed25519.PublicKey))
}

// keys are what a person sees of his or her own.
func (w *world) keys(person string) map[string]keyView {
	w.Helper()
	var me mine
	w.ask(person, "GET", "/me", nil).ok(&me)
	views := map[string]keyView{}
	for _, k := range me.Keys {
		views[k.ID] = k
	}
	return views
}

// inKeySet is whether the key set that would be drafted now lists a key.
func (w *world) inKeySet(id string) bool {
	w.Helper()
	var d draft
	w.ask("chi", "POST", "/keyset", nil).ok(&d)
	return strings.Contains(string(d.Envelope.Payload), id)
}

func TestOwnKeys(t *testing.T) {
	w := newWorld(t).trusted()
	if k := w.keys("lan")[publicOf("lan").ID]; k.State != "in-use" || !k.Confirmed {
		t.Errorf("the key that was there: %+v", k)
	}
	k := proposal("lan", 1)
	for range 2 { // again is the same
		var v keyView
		w.ask("lan", "POST", "/me/keys", k).ok(&v)
		if v.ID != k.ID || v.State != "proposed" || v.Confirmed {
			t.Errorf("%+v", v)
		}
	}
	// It is in nothing that counts.
	if all, err := w.registry.Keys(t.Context(), ""); err != nil || slices.ContainsFunc(all, func(r registry.Key) bool { return r.ID == k.ID }) {
		t.Errorf("among the keys: %v %v", all, err)
	}
	if w.inKeySet(k.ID) {
		t.Error("a proposed key is in a key set")
	}
	var d draft
	w.ask("lan", "POST", "/alerts", alertOf(muongTe)).ok(&d)
	e := protocol.Envelope{PayloadType: d.Envelope.PayloadType, Payload: d.Envelope.Payload}
	e.Sign(keyFor("lan", 1))
	at := "/orders/" + d.Hash + "/signatures"
	w.ask("lan", "POST", at, e.Signatures[0]).refused(403, "denied", "keyid")
	// The administrators see it.
	var all []struct {
		ID      string
		Keys    []keyView
		SignsIn bool
	}
	w.ask("chi", "GET", "/persons", nil).ok(&all)
	for _, p := range all {
		proposed := slices.ContainsFunc(p.Keys, func(v keyView) bool { return v.ID == k.ID && v.State == "proposed" })
		if proposed != (p.ID == "lan") || p.SignsIn {
			t.Errorf("%+v", p)
		}
	}

	confirm := "/persons/lan/keys/" + k.ID + "/confirm"
	for _, who := range []string{"lan", "nam", "tho", "phuc", "khach"} {
		w.ask(who, "POST", confirm, nil).refused(403, "denied")
	}
	w.ask("chi", "POST", "/persons/nam/keys/"+k.ID+"/confirm", nil).refused(404, "not-found")
	w.ask("chi", "POST", "/persons/lan/keys/"+strings.Repeat("0", 32)+"/confirm", nil).refused(404, "not-found")
	// Her commune's administrator may, as may the province's; both at once is fine.
	for _, who := range []string{"kim", "chi"} {
		var v keyView
		w.ask(who, "POST", confirm, nil).ok(&v)
		if v.State != "in-use" || v.Confirmed {
			t.Errorf("%+v", v)
		}
	}
	// Now it is on the way, and boards do not know it yet.
	if !w.inKeySet(k.ID) {
		t.Error("a confirmed key is in no key set")
	}
	w.ask("lan", "POST", at, e.Signatures[0]).refused(403, "unknown-key")
	w.ask("chi", "POST", "/keyset", nil).ok(&d)
	w.enact(d)
	if v := w.keys("lan")[k.ID]; v.State != "in-use" || !v.Confirmed {
		t.Errorf("%+v", v)
	}
	w.ask("lan", "POST", at, e.Signatures[0]).ok(nil)
	w.ask("lan", "POST", "/me/keys", k).ok(nil) // a page that does not know that it is done

	w.ask("chi", "POST", "/persons/lan/keys/"+k.ID+"/revoke", nil).ok(nil)
	if v := w.keys("lan")[k.ID]; v.State != "revoked" || v.Revoked == nil {
		t.Errorf("%+v", v)
	}
	w.ask("chi", "POST", confirm, nil).refused(404, "not-found") // revoked stays revoked

	want := []string{"key.propose lan " + k.ID, "key.confirm kim " + k.ID}
	if rows := w.audited(); !slices.Equal(rows, want) {
		t.Errorf("audit: %q", rows)
	}
}

func TestProposalsThatGo(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.ask("khach", "POST", "/me/keys", proposal("khach", i)).ok(nil) // everybody's right
	}
	w.ask("khach", "POST", "/me/keys", proposal("khach", 5)).refused(409, "too-many")
	w.ask("khach", "POST", "/me/keys", proposal("khach", 0)).ok(nil)
	w.ask("khach", "DELETE", "/me/keys/"+proposal("khach", 0).ID, nil).ok(nil)
	w.ask("khach", "DELETE", "/me/keys/"+proposal("khach", 0).ID, nil).refused(404, "not-found")
	w.ask("khach", "DELETE", "/me/keys/"+publicOf("khach").ID, nil).refused(404, "not-found") // in use: administrators end it
	w.ask("khach", "POST", "/me/keys", proposal("khach", 5)).ok(nil)
	// Turned down, by either way of ending.
	w.ask("lan", "POST", "/persons/khach/keys/"+proposal("khach", 1).ID+"/revoke", nil).refused(403, "denied")
	w.ask("chi", "POST", "/persons/khach/keys/"+proposal("khach", 1).ID+"/revoke", nil).ok(nil)
	w.ask("chi", "POST", "/persons/khach/keys/"+proposal("khach", 2).ID+"/retire", nil).ok(nil)
	w.ask("chi", "POST", "/persons/khach/keys/"+proposal("khach", 1).ID+"/confirm", nil).refused(404, "not-found")
	if have := w.keys("khach"); len(have) != 1+3 {
		t.Errorf("%v", have)
	}

	k := proposal("khach", 9)
	for name, in := range map[string]any{
		"another's id": object{"id": publicOf("lan").ID, "scheme": "ed25519", "public": k.Public},
		"no key":       object{"id": k.ID, "scheme": "ed25519", "public": []byte("short")},
		"no scheme":    object{"id": k.ID, "scheme": "rsa", "public": k.Public},
		"for another":  object{"id": k.ID, "scheme": "ed25519", "public": k.Public, "person": "lan"},
	} {
		t.Run(name, func(t *testing.T) { w.ask("khach", "POST", "/me/keys", in).refused(422, "invalid") })
	}
	// A key of somebody else's is not one's own, and what two propose the first
	// who is confirmed has.
	w.ask("khach", "POST", "/me/keys", publicOf("lan")).refused(409, "exists")
	w.ask("khach", "DELETE", "/me/keys/"+proposal("khach", 3).ID, nil).ok(nil)
	w.ask("khach", "POST", "/me/keys", proposal("lan", 1)).ok(nil)
	w.ask("lan", "POST", "/me/keys", proposal("lan", 1)).ok(nil)
	w.ask("chi", "POST", "/persons/lan/keys/"+proposal("lan", 1).ID+"/confirm", nil).ok(nil)
	w.ask("chi", "POST", "/persons/khach/keys/"+proposal("lan", 1).ID+"/confirm", nil).refused(404, "not-found")
	// One that an administrator adds needs no confirming any more.
	w.ask("nam", "POST", "/me/keys", proposal("nam", 1)).ok(nil)
	w.ask("chi", "POST", "/persons/nam/keys", proposal("nam", 1)).ok(nil)
	if v := w.keys("nam")[proposal("nam", 1).ID]; v.State != "in-use" {
		t.Errorf("%+v", v)
	}
	w.ask("", "POST", "/me/keys", k).refused(401, "signed-out")
	w.must(w.db.Check(t.Context()))
}

// TestKeysInTheDemo: nobody is there to confirm them.
func TestKeysInTheDemo(t *testing.T) {
	w := newBareWorld(t)
	w.settle()
	asked := []string{}
	var fails error
	w.options.Demo = true
	w.options.Confirm = func(ctx context.Context, person string) error {
		keys, err := w.registry.Keys(ctx, person)
		w.must(err)
		asked = append(asked, fmt.Sprint(person, len(keys)))
		return fails
	}
	w.handler, w.api = web.NewDescribed(w.options)
	w.server = httptest.NewServer(w.handler)
	defer w.server.Close()

	fails = fmt.Errorf("key set: %w", orders.ErrConflict)
	w.ask("lan", "POST", "/me/keys", proposal("lan", 1)).refused(409, "conflict")
	fails = errors.New("the demo's keys are gone")
	w.ask("lan", "POST", "/me/keys", proposal("lan", 1)).refused(500, "internal")
	fails = nil
	var v keyView
	w.ask("lan", "POST", "/me/keys", proposal("lan", 1)).ok(&v)
	if v.State != "in-use" {
		t.Errorf("%+v", v)
	}
	if !slices.Equal(asked, []string{"lan2", "lan2", "lan2"}) {
		t.Errorf("asked %q", asked)
	}
	if rows := w.audited(); !slices.Equal(rows, []string{"key.propose lan " + v.ID, "key.confirm demo " + v.ID}) {
		t.Errorf("audit: %q", rows)
	}
	// What was ended is not brought back, nor is another's key taken.
	w.ask("chi", "POST", "/persons/lan/keys/"+v.ID+"/revoke", nil).ok(nil)
	w.ask("lan", "POST", "/me/keys", proposal("lan", 1)).ok(&v)
	w.ask("nam", "POST", "/me/keys", proposal("lan", 1)).refused(409, "exists")
	if v.State != "revoked" || len(asked) != 3 {
		t.Errorf("%+v, asked %q", v, asked)
	}

	// Its people are greeted by name once they can come in.
	var hello struct {
		Demo, First bool
		People      []struct {
			ID, Name string
			Roles    []struct{ Name, Area string }
		}
		Areas []struct{ Code, NameVi string }
	}
	w.ask("", "GET", "/welcome", nil).ok(&hello)
	if !hello.Demo || !hello.First || len(hello.People) != 0 || hello.Areas == nil || len(hello.Areas) != 0 {
		t.Errorf("%+v", hello)
	}
	w.settled("lan", "khach")
	w.ask("", "GET", "/welcome", nil).ok(&hello)
	if hello.First || len(hello.People) != 2 || hello.People[0].ID != "khach" || len(hello.People[0].Roles) != 0 || hello.People[1].Roles[0].Area != muongTe {
		t.Errorf("%+v", hello)
	}
	if len(hello.Areas) != 1 || hello.Areas[0].Code != muongTe || hello.Areas[0].NameVi != "Mường Tè" {
		t.Errorf("areas %+v", hello.Areas)
	}
	var me mine
	w.ask("lan", "GET", "/me", nil).ok(&me)
	if !me.Demo {
		t.Errorf("%+v", me)
	}
}
