package protocol_test

import (
	"slices"
	"testing"
	"time"

	"loa/controller/protocol"
)

// TestOpenHonest is the should of which TestOpenRefuses is the should-not.
func TestOpenHonest(t *testing.T) {
	const live, drill = protocol.Live, protocol.Drill
	nextRoot := aRoot()
	nextRoot.Revision, nextRoot.Owners = 2, persons("owner2", "owner3", "owner4")
	nextKeys := aKeySet()
	nextKeys.Revision = 8
	nextPlace := aPlacement()
	nextPlace.Revision, nextPlace.Areas = 2, []string{"12", "03388", "03388.02"}
	update := anAlert()
	update.Sequence = 7
	for _, c := range []struct {
		name    string
		order   []byte
		known   func(*world)
		subject string
		persons []string
		wide    bool // of a cancel or stop
	}{
		{name: "the next root, by its owners and the last one's",
			order: sealed(protocol.KindRoot, live, nextRoot, "owner1", "owner2", "owner3"), subject: "root", persons: []string{"owner1", "owner2", "owner3"}},
		{name: "a key set; none of the revisions between is needed",
			order: sealed(protocol.KindKeySet, live, nextKeys, "admin1", "admin3"), subject: "keyset", persons: []string{"admin1", "admin3"}},
		{name: "a placement that moves the board within its cluster",
			order: sealed(protocol.KindPlacement, live, nextPlace, "admin1", "admin2"), subject: "placement", persons: []string{"admin1", "admin2"}},
		{name: "a bulletin of the commune", order: sealed(protocol.KindBulletin, live, aBulletin(), "officer"), subject: "bulletin/b-2026-118", persons: []string{"officer"}},
		{name: "a bulletin of the province, by its broadcaster",
			order: sealed(protocol.KindBulletin, live, aBulletin(), "broadcaster"), subject: "bulletin/b-2026-118", persons: []string{"broadcaster"}},
		{name: "a plan by central", order: sealed(protocol.KindPlan, live, aPlan(), "central"), subject: "plan", persons: []string{"central"}},
		{name: "an alert of the commune, by one person", order: sealed(protocol.KindAlert, live, anAlert(), "officer"), subject: "alert/live/7f3c", persons: []string{"officer"}},
		{name: "an alert by the person's other key", order: sealed(protocol.KindAlert, live, anAlert(), "officer-b"), subject: "alert/live/7f3c", persons: []string{"officer"}},
		{name: "an alert of two villages of the commune",
			order: sealed(protocol.KindAlert, live, anAlert("03388.01", "03388.02"), "captain"), subject: "alert/live/7f3c", persons: []string{"captain"}},
		{name: "an alert of the village", order: sealed(protocol.KindAlert, live, anAlert("03388.01"), "village"), subject: "alert/live/7f3c", persons: []string{"village"}},
		{name: "a wide alert by two persons", order: sealed(protocol.KindAlert, live, anAlert("12"), "wide1", "wide3"), subject: "alert/live/7f3c", persons: []string{"wide1", "wide3"}},
		{name: "a wide alert that a third person signed too, who is not counted",
			order: sealed(protocol.KindAlert, live, anAlert("12"), "officer", "wide1", "wide2"), subject: "alert/live/7f3c", persons: []string{"wide1", "wide2"}},
		{name: "an alert that a stranger signed too", order: sealed(protocol.KindAlert, live, anAlert(), "stranger", "officer"), subject: "alert/live/7f3c", persons: []string{"officer"}},
		{name: "an alert that a revoked key signed too", order: sealed(protocol.KindAlert, live, anAlert(), "officer", "officer-revoked"), subject: "alert/live/7f3c", persons: []string{"officer"}},
		{name: "an update", order: sealed(protocol.KindAlert, live, update, "captain"), known: raised(anAlert(), "officer"), subject: "alert/live/7f3c", persons: []string{"captain"}},
		{name: "a drill", order: sealed(protocol.KindAlert, drill, anAlert(), "drillmaster"), subject: "alert/drill/7f3c", persons: []string{"drillmaster"}},
		{name: "a wide drill by one person", order: sealed(protocol.KindAlert, drill, anAlert("12"), "wide2"), subject: "alert/drill/7f3c", persons: []string{"wide2"}},
		{name: "an alert with the id of a drill", order: sealed(protocol.KindAlert, live, anAlert(), "officer"),
			known: func(w *world) { w.accept(mustOpen(w, sealed(protocol.KindAlert, drill, anAlert(), "officer"))) }, subject: "alert/live/7f3c", persons: []string{"officer"}},
		{name: "a cancel by somebody who could have raised it", order: sealed(protocol.KindCancel, live, aCancel(), "captain"),
			known: raised(anAlert(), "officer"), subject: "alert/live/7f3c", persons: []string{"captain"}},
		{name: "a cancel of a wide alert by one person", order: sealed(protocol.KindCancel, live, aCancel(), "wide3"),
			known: raised(anAlert("12"), "wide1", "wide2"), subject: "alert/live/7f3c", persons: []string{"wide3"}, wide: true},
		{name: "a cancel of a village's alert, by its person", order: sealed(protocol.KindCancel, live, aCancel(), "village"),
			known: raised(anAlert("03388.01"), "officer"), subject: "alert/live/7f3c", persons: []string{"village"}},
		{name: "a cancel ahead of its alert, for the commune", order: sealed(protocol.KindCancel, live, aCancel(), "officer"), subject: "alert/live/7f3c", persons: []string{"officer"}},
		{name: "a cancel ahead of its alert, for any", order: sealed(protocol.KindCancel, live, aCancel(), "wide1"), subject: "alert/live/7f3c", persons: []string{"wide1"}, wide: true},
		{name: "a cancel before the time is known", order: sealed(protocol.KindCancel, live, aCancel(), "officer"),
			known: func(w *world) { w.Trusted, w.Now = false, time.Unix(0, 0) }, subject: "alert/live/7f3c", persons: []string{"officer"}},
		{name: "a wide cancel behind a narrow one", order: sealed(protocol.KindCancel, live, aCancel(), "wide1"),
			known: func(w *world) {
				narrow := aCancel()
				narrow.Audience = []string{"03388"}
				w.accept(mustOpen(w, sealed(protocol.KindCancel, live, narrow, "officer")))
			}, subject: "alert/live/7f3c", persons: []string{"wide1"}, wide: true},
		{name: "the same cancel as before, by somebody who may end more", order: sealed(protocol.KindCancel, live, aCancel(), "wide1"),
			known: cancelled("officer"), subject: "alert/live/7f3c", persons: []string{"wide1"}, wide: true},
		{name: "the same stop as before, by somebody who may end more",
			order: sealed(protocol.KindStop, live, aStop(protocol.Target{Alert: "7f3c", Mode: live}), "wide1"),
			known: func(w *world) {
				w.accept(mustOpen(w, sealed(protocol.KindStop, live, aStop(protocol.Target{Alert: "7f3c", Mode: live}), "officer")))
			}, subject: "stop/s-1", persons: []string{"wide1"}, wide: true},
		{name: "a wide alert that a commune's officer cancelled ahead", order: sealed(protocol.KindAlert, live, anAlert("12"), "wide1", "wide2"),
			known: cancelled("officer"), subject: "alert/live/7f3c", persons: []string{"wide1", "wide2"}},
		{name: "a stop of an item", order: sealed(protocol.KindStop, live, aStop(), "officer"), subject: "stop/s-1", persons: []string{"officer"}},
		{name: "a stop of an alert and an item, by those who could start each",
			order:   sealed(protocol.KindStop, live, aStop(protocol.Target{Alert: "7f3c", Mode: live}, protocol.Target{Occurrence: "news@2026-11-21T17:00:00"}), "captain", "broadcaster"),
			subject: "stop/s-1", persons: []string{"broadcaster", "captain"}},
		{name: "a stop of a press in a drill, before the time is known",
			order:   sealed(protocol.KindStop, live, aStop(protocol.Target{Occurrence: "local/drill/button@2026-11-21T10:00:00"}), "officer"),
			known:   func(w *world) { w.Trusted = false },
			subject: "stop/s-1", persons: []string{"officer"}},
		{name: "a local order, by an authenticator as the rule demands", order: sealed(protocol.KindLocal, live, aLocal(), "passkey:keeper"), subject: "local/live/button", persons: []string{"keeper"}},
		{name: "a local drill", order: sealed(protocol.KindLocal, drill, aLocal(), "officer"), subject: "local/drill/button", persons: []string{"officer"}},
		{name: "central's time", order: sealed(protocol.KindTime, live, aTime(), "central"), known: func(w *world) { w.Trusted = false }, subject: "time", persons: []string{"central"}},
		{name: "an acknowledgement", order: sealed(protocol.KindAck, live, anAck(), "central"), subject: "ack", persons: []string{"central"}},
		{name: "an unknown name at every depth", subject: "alert/live/7f3c", persons: []string{"officer"},
			order: sealedRaw(protocol.PayloadType(protocol.KindAlert, live),
				withMember(withMember(encode(anAlert()), `"siren":{`, `"colour":{"Mode":[1,null]},`), `{`, `"new":"x",`), "officer")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.known != nil {
				c.known(w)
			}
			o, err := w.open(c.order)
			if err != nil {
				t.Fatal(err)
			}
			if o.Subject != c.subject || !slices.Equal(o.Persons, c.persons) || o.Wide != c.wide {
				t.Errorf("opened %s by %v, wide %v; want %s by %v, wide %v", o.Subject, o.Persons, o.Wide, c.subject, c.persons, c.wide)
			}
		})
	}
}

// mustOpen is for what a world is to know beforehand.
func mustOpen(w *world, data []byte) *protocol.Order {
	o, err := w.open(data)
	if err != nil {
		panic(err)
	}
	return o
}

// raised has the board know an alert.
func raised(a protocol.Alert, names ...string) func(*world) {
	return func(w *world) { w.accept(mustOpen(w, sealed(protocol.KindAlert, protocol.Live, a, names...))) }
}

// cancelled has the board know a cancel of alert 7f3c.
func cancelled(name string) func(*world) {
	return func(w *world) {
		w.accept(mustOpen(w, sealed(protocol.KindCancel, protocol.Live, aCancel(), name)))
	}
}

func TestEndedAlerts(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []func(*world)
		ended bool
	}{
		{"raised", []func(*world){raised(anAlert(), "officer")}, false},
		{"raised and cancelled", []func(*world){raised(anAlert(), "officer"), cancelled("captain")}, true},
		{"a wide one, cancelled ahead by an officer", []func(*world){cancelled("officer"), raised(anAlert("12"), "wide1", "wide2")}, false},
		{"a wide one, cancelled ahead by an officer, then by one of its own", []func(*world){
			cancelled("officer"), raised(anAlert("12"), "wide1", "wide2"), cancelled("wide2")}, true},
		{"a cancel for any, then one of an officer", []func(*world){cancelled("wide1"), func(w *world) {
			narrow := aCancel()
			narrow.Audience = []string{"03388"}
			w.accept(mustOpen(w, sealed(protocol.KindCancel, protocol.Live, narrow, "officer")))
		}}, true},
		{"a drill, while the live one is cancelled", []func(*world){
			func(w *world) {
				w.accept(mustOpen(w, sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer")))
				w.accept(mustOpen(w, sealed(protocol.KindCancel, protocol.Drill, aCancel(), "drillmaster")))
			}}, false},
		{"stopped", []func(*world){raised(anAlert(), "officer"), func(w *world) {
			w.accept(mustOpen(w, sealed(protocol.KindStop, protocol.Live, aStop(protocol.Target{Alert: "7f3c", Mode: protocol.Live}), "officer")))
		}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for _, step := range c.steps {
				step(w)
			}
			if got := w.Alerts["alert/live/7f3c"].Ended(); got != c.ended {
				t.Errorf("ended is %v, want %v", got, c.ended)
			}
		})
	}
}

func TestRecall(t *testing.T) {
	w := newWorld(t)
	data := sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer")
	o := w.must(t, data)
	back, err := protocol.Recall(data, o.Hash)
	if err != nil {
		t.Fatal(err)
	}
	if back.Subject != o.Subject || back.Revision != 1 || back.Document.(*protocol.Alert).ID != "7f3c" {
		t.Errorf("recalled %+v", back)
	}
	other := anAlert()
	other.Repetitions++
	for name, bad := range map[string][]byte{
		"another order": sealed(protocol.KindAlert, protocol.Live, other, "officer"),
		"half of it":    data[:len(data)/2],
		"nothing":       nil,
	} {
		if _, err := protocol.Recall(bad, o.Hash); protocol.ReasonOf(err) == "" {
			t.Errorf("%s: recalled, error %v", name, err)
		}
	}
}

func TestVoid(t *testing.T) {
	bulletin := sealed(protocol.KindBulletin, protocol.Live, aBulletin(), "officer")
	wide := sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2", "wide3")
	two := sealed(protocol.KindAlert, protocol.Live, anAlert("12"), "wide1", "wide2")
	both := sealed(protocol.KindBulletin, protocol.Live, aBulletin(), "officer", "broadcaster")
	cancel := sealed(protocol.KindCancel, protocol.Live, aCancel(), "officer")
	keys := sealed(protocol.KindKeySet, protocol.Live, aKeySet(), "admin1", "admin2")
	three := sealed(protocol.KindKeySet, protocol.Live, aKeySet(), "admin1", "admin2", "admin3")
	place := sealed(protocol.KindPlacement, protocol.Live, aPlacement(), "admin1", "admin2")
	revoke := func(ids ...string) func(w *world) {
		return func(w *world) {
			ks := aKeySet()
			for i := range ks.Persons {
				for j := range ks.Persons[i].Keys {
					ks.Persons[i].Keys[j].Revoked = ks.Persons[i].Keys[j].Revoked || slices.Contains(ids, ks.Persons[i].ID)
				}
			}
			w.KeySet = &ks
		}
	}
	change := func(edit func(*protocol.KeySet)) func(w *world) {
		return func(w *world) {
			ks := aKeySet()
			edit(&ks)
			w.KeySet = &ks
		}
	}
	for _, c := range []struct {
		name  string
		order []byte
		then  func(w *world)
		void  bool
	}{
		{"nothing happened", bulletin, func(*world) {}, false},
		{"its key was revoked", bulletin, revoke("officer"), true},
		{"another's key was revoked", bulletin, revoke("officer2"), false},
		{"its key was retired", bulletin, change(func(ks *protocol.KeySet) {
			for i := range ks.Persons {
				for j := range ks.Persons[i].Keys {
					ks.Persons[i].Keys[j].Retired = true
				}
			}
		}), false},
		{"its person left the rule", bulletin, change(func(ks *protocol.KeySet) { ks.Rules = nil }), false},
		{"one of two approvers' keys was revoked", both, revoke("officer"), false},
		{"one of three was revoked, two suffice", wide, revoke("wide3"), false},
		{"one of two was revoked, two are needed", two, revoke("wide2"), true},
		{"a thief's signature was added, then revoked", both, revoke("broadcaster"), false},
		{"one of two approvers' keys was revoked, the other's retired", both, change(func(ks *protocol.KeySet) {
			for i := range ks.Persons {
				for j := range ks.Persons[i].Keys {
					ks.Persons[i].Keys[j].Revoked = ks.Persons[i].ID == "broadcaster"
					ks.Persons[i].Keys[j].Retired = ks.Persons[i].ID == "officer"
				}
			}
		}), false},
		{"what was cancelled stays cancelled", cancel, revoke("officer"), false},
		{"an administrator's key was revoked by the root", keys, func(w *world) {
			r := aRoot()
			r.Administrators[0].Keys[0].Revoked = true
			w.Root = &r
		}, true},
		{"an administrator left the root", keys, func(w *world) {
			r := aRoot()
			r.Administrators = persons("admin1", "admin3", "admin4")
			w.Root = &r
		}, true},
		{"an administrator who was not needed left the root", three, func(w *world) {
			r := aRoot()
			r.Administrators = persons("admin1", "admin3", "admin4")
			w.Root = &r
		}, false},
		{"a placement's administrators left the root", place, func(w *world) {
			r := aRoot()
			r.Administrators = persons("admin4", "admin5")
			w.Root, w.KeySet, w.Placement = &r, nil, nil
		}, true},
		{"an administrator's key was retired by the root", keys, func(w *world) {
			r := aRoot()
			r.Administrators[0].Keys[0].Retired = true
			w.Root = &r
		}, false},
		{"the root fixes a higher threshold for wide alerts", three, func(w *world) {
			r := aRoot()
			r.Administrators, r.WideAlert = persons("admin1", "admin3"), 3
			w.Root = &r
		}, false},
		{"a key set cannot revoke an administrator", keys, change(func(ks *protocol.KeySet) {
			k := public("admin1")
			k.Revoked = true
			ks.Persons = append(ks.Persons, person("admin1", k))
		}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := protocol.Recall(c.order, hashOf(c.order))
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t)
			c.then(w)
			if got := o.Void(w.Known); got != c.void {
				t.Errorf("void is %v, want %v", got, c.void)
			}
		})
	}
}

func hashOf(data []byte) string {
	e, _, _, err := protocol.DecodeEnvelope(data)
	if err != nil {
		panic(err)
	}
	return e.Hash()
}

func TestStands(t *testing.T) {
	alert := sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer")
	local := sealed(protocol.KindLocal, protocol.Drill, aLocal(), "officer")
	for _, c := range []struct {
		name   string
		order  []byte
		then   func(w *world)
		reason protocol.Reason
	}{
		{"nothing happened", alert, func(*world) {}, ""},
		{"the board was moved away", alert, func(w *world) {
			p := aPlacement()
			p.Areas = []string{"12", "03390"}
			w.Placement = &p
		}, protocol.ReasonWrongAudience},
		{"a button's order, on a board that was moved away", local, func(w *world) {
			p := aPlacement()
			p.Areas = []string{"12", "03390"}
			w.Placement = &p
		}, protocol.ReasonWrongAudience},
		{"its key was revoked", local, func(w *world) {
			ks := aKeySet()
			for i := range ks.Persons {
				for j := range ks.Persons[i].Keys {
					ks.Persons[i].Keys[j].Revoked = true
				}
			}
			w.KeySet = &ks
		}, protocol.ReasonRevoked},
		{"the key set is gone", alert, func(w *world) { w.KeySet = nil }, protocol.ReasonNotEnrolled},
		{"it has expired", alert, func(w *world) { w.Now = now.Add(2 * time.Hour) }, protocol.ReasonExpired},
		{"it would have expired by a clock that is not trusted", alert, func(w *world) { w.Now, w.Trusted = now.AddDate(40, 0, 0), false }, ""},
		{"the time is not known", local, func(w *world) { w.Now, w.Trusted = time.Unix(0, 0), false }, ""},
		{"it certainly has expired", local, func(w *world) { w.Now, w.Trusted, w.Floor = time.Unix(0, 0), false, now.AddDate(1, 0, 0) }, protocol.ReasonExpired},
		{"the clock was set back since", alert, func(w *world) { w.Now = now.AddDate(0, 0, -1) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			o, err := w.open(c.order)
			if err != nil {
				t.Fatal(err)
			}
			w.accept(o)
			c.then(w)
			if err := o.Stands(w.Known, w.Clock); protocol.ReasonOf(err) != c.reason {
				t.Errorf("got %v, want %q", err, c.reason)
			}
		})
	}
}

// What was forgotten because its key was revoked may come again from somebody
// else, at any sequence; a cancel that was seen still ends it.
func TestForgotten(t *testing.T) {
	w := newWorld(t)
	o := w.must(t, sealed(protocol.KindAlert, protocol.Live, anAlert(), "officer"))
	again := sealed(protocol.KindAlert, protocol.Live, anAlert(), "captain")
	if _, err := w.open(again); protocol.ReasonOf(err) != protocol.ReasonDuplicate {
		t.Errorf("got %v before", err)
	}
	w.Alerts[o.Subject] = w.Alerts[o.Subject].Forgotten()
	if _, err := w.open(again); err != nil {
		t.Errorf("got %v, forgotten", err)
	}
	w.must(t, sealed(protocol.KindCancel, protocol.Live, aCancel(), "captain"))
	w.Alerts[o.Subject] = w.Alerts[o.Subject].Forgotten()
	if _, err := w.open(again); protocol.ReasonOf(err) != protocol.ReasonCancelled {
		t.Errorf("got %v, cancelled", err)
	}
}
