package web_test

import (
	"testing"

	"loa/central/registry"
)

// TestWhoMayNotSignAnyMore: boards know a key set until the next one is signed;
// the server refuses at once a key that was ended, and a person who lost the
// right, for what is drafted now and for what was drafted before.
func TestWhoMayNotSignAnyMore(t *testing.T) {
	ends := func(how string) func(w *world, person string) {
		return func(w *world, person string) {
			w.ask("chi", "POST", "/persons/"+person+"/keys/"+publicOf(person).ID+"/"+how, nil).ok(nil)
		}
	}
	takes := func(w *world, person string) {
		role := people[person]
		w.ask("chi", "DELETE", "/persons/"+person+"/roles/"+string(role.Name)+"/"+role.Area, nil).ok(nil)
	}
	moves := func(w *world, person string) {
		w.must(w.registry.GrantRole(w.Context(), "test", registry.Role{Person: person, Name: registry.Officer, Area: doanKet}))
		takes(w, person)
	}
	for name, tt := range map[string]struct {
		lose   func(w *world, person string)
		code   string
		fields []string
	}{
		"key retired":    {ends("retire"), "revoked", []string{"keyid"}},
		"key revoked":    {ends("revoke"), "revoked", []string{"keyid"}},
		"role taken":     {takes, "not-authorised", nil},
		"role elsewhere": {moves, "not-authorised", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := staged(t)
			var alert, drill, document, button draft
			w.ask("lan", "POST", "/alerts", alertOf(muongTe)).ok(&alert)
			w.ask("lan", "POST", "/alerts", alertOf(muongTe).with(object{"mode": "drill"})).ok(&drill)
			w.ask("lan", "POST", "/bulletins/ban-tin/document", nil).ok(&document)
			w.ask("lan", "POST", "/locals", alertOf(muongTe).with(object{"input": "red", "seconds": 60})).ok(&button)
			o := w.raised()
			tt.lose(w, "lan")
			for what, d := range map[string]draft{"an alert": alert, "a drill": drill, "a bulletin": document, "a button": button} {
				w.sign("lan", d).refused(403, tt.code, tt.fields...)
				var stands order
				w.ask("binh", "GET", "/orders/"+d.Hash, nil).ok(&stands)
				if stands.State != "gathering" || len(stands.Persons) != 0 {
					t.Errorf("%s: %+v", what, stands)
				}
			}
			// Who still may, does; and what she signed while she could goes on.
			var done order
			w.ask("binh", "GET", "/orders/"+o.Hash, nil).ok(&done)
			if done.State != "sealed" {
				t.Errorf("%+v", done)
			}
			w.sign("binh", document).ok(&done)
			if done.State != "sealed" {
				t.Errorf("%+v", done)
			}
		})
	}
}

// TestEndingSoundAsksForASignatureOnly: the persons whom boards count may end an
// alert until boards are told otherwise, also who has lost the role since.
func TestEndingSoundAsksForASignatureOnly(t *testing.T) {
	w := newWorld(t).trusted()
	w.enrol("muong-te-01", "board one")
	o := w.raised()
	var cancel draft
	w.ask("lan", "POST", "/alerts/"+o.Subject[len("alert/"):]+"/cancel", nil).ok(&cancel)
	w.must(w.registry.TakeRole(w.Context(), "test", registry.Role{Person: "lan", Name: registry.Officer, Area: muongTe}))
	w.sign("lan", cancel).ok(&o)
	if o.State != "sealed" {
		t.Errorf("%+v", o)
	}
}

// TestAnAdministratorIsASecondPerson: a province's administrator raises nothing,
// and is counted where an alert beyond one commune takes a second person.
func TestAnAdministratorIsASecondPerson(t *testing.T) {
	w := newWorld(t).trusted()
	var d draft
	var o order
	w.ask("binh", "POST", "/alerts", alertOf(province)).ok(&d)
	w.sign("binh", d).ok(&o)
	if o.State != "gathering" {
		t.Fatalf("%+v", o)
	}
	w.sign("chi", d).ok(&o)
	if o.State != "sealed" || len(o.Persons) != 2 {
		t.Errorf("%+v", o)
	}
}
