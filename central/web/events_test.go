package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"loa/central/fleet"
	"loa/central/registry"
	"loa/controller/protocol"
)

// listener reads a stream of events.
type listener struct {
	*world
	cancel context.CancelFunc
	events chan event
	status int
	body   io.ReadCloser
}

type event struct {
	name, data string
	at         time.Time
}

// connect opens a stream as a person; nobody reads it yet.
func (w *world) connect(person string) *listener {
	w.Helper()
	return w.connectBy(w.server.Client(), "Authorization", "Bearer "+w.tokens[person])
}

func (w *world) connectBy(client *http.Client, header, value string) *listener {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", w.server.URL+"/api/v1/events", nil)
	w.must(err)
	req.Header.Set(header, value)
	resp, err := client.Do(req)
	w.must(err)
	l := &listener{w, cancel, make(chan event, 10_000), resp.StatusCode, resp.Body}
	w.Cleanup(func() { cancel(); resp.Body.Close() })
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode == 200 && kind != "text/event-stream" {
		w.Fatalf("a stream of %s", kind)
	}
	return l
}

// listen opens a stream as a person, and reads it.
func (w *world) listen(person string) *listener {
	w.Helper()
	l := w.connect(person)
	if l.status != 200 {
		w.Fatalf("%s may not listen: %d", person, l.status)
	}
	w.answered["events"] = true
	go l.read()
	l.next("hello", nil)
	return l
}

func (l *listener) read() {
	defer close(l.events)
	var e event
	lines := bufio.NewScanner(l.body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			e.at = time.Now()
			l.events <- e
			e = event{}
		}
	}
}

// next is the next event that is no beat; it must have this name.
func (l *listener) next(name string, into any) event {
	l.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case e, ok := <-l.events:
			switch {
			case !ok:
				l.Fatalf("the stream ended before %s", name)
			case e.name == "beat":
				continue
			case e.name != name:
				l.Fatalf("%s %s, want %s", e.name, e.data, name)
			}
			if into != nil {
				l.must(json.Unmarshal([]byte(e.data), into))
			}
			return e
		case <-limit:
			l.Fatalf("no %s came", name)
		}
	}
}

// came lists what has come by now but beats, as in "content bulletins"; and
// whether the stream goes on.
func (l *listener) came() (all []string, open bool) {
	for {
		select {
		case e, ok := <-l.events:
			if !ok {
				return all, false
			}
			var what struct{ What, ID, Subject, State string }
			_ = json.Unmarshal([]byte(e.data), &what)
			if e.name != "beat" {
				all = append(all, strings.Join(strings.Fields(strings.Join([]string{e.name, what.What, what.ID, what.State}, " ")), " "))
			}
		default:
			return all, true
		}
	}
}

func (w *world) tells(cluster string, onAir ...protocol.OnAir) {
	w.Helper()
	state, err := protocol.Encode(protocol.State{
		Version: protocol.Version, Cluster: cluster, Online: true, At: time.Now(), Boot: "b", Clock: protocol.ClockTrusted, OnAir: onAir,
	})
	w.must(err)
	w.must(w.fleet.State(w.Context(), cluster, state))
}

// bubble runs a test on a server whose time goes by at once.
func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC))) // bulletins are of this age
		test(t, newPipedWorld(t))
	})
}

// in lets time go by until everybody waits.
func in(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

type seenBrief struct {
	ID     string
	Online bool
	OnAir  []struct{ Subject string }
}

func TestAStreamTellsWhatChangesWithinASecond(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		l := w.listen("lan")
		in(time.Minute) // nothing happens
		if all, open := l.came(); len(all) != 0 || !open {
			t.Fatalf("%q, open %v", all, open)
		}
		for i := range 20 {
			told := time.Now()
			w.tells("muong-te-01", protocol.OnAir{Output: "main", Subject: fmt.Sprint(i)})
			var seen []seenBrief
			e := l.next("clusters", &seen)
			if len(seen) != 1 || seen[0].ID != "muong-te-01" || !seen[0].Online || seen[0].OnAir[0].Subject != fmt.Sprint(i) {
				t.Errorf("%+v", seen)
			}
			if late := e.at.Sub(told); late > time.Second {
				t.Errorf("after %v", late)
			}
		}
	})
}

// However much changes, a stream is told four times a second, and the last word
// is how it is.
func TestChangesAreGathered(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		l := w.listen("tho")
		begun := time.Now()
		const most = 1000
		for i := range most {
			w.tells([]string{"muong-te-01", "doan-ket-01"}[i%2], protocol.OnAir{Output: "main", Subject: fmt.Sprint(i)})
			time.Sleep(2 * time.Millisecond)
		}
		took := time.Since(begun)
		in(time.Second)
		last, events := map[string]string{}, 0
		for len(l.events) > 0 {
			e := <-l.events
			if e.name != "clusters" {
				continue
			}
			events++
			var seen []seenBrief
			w.must(json.Unmarshal([]byte(e.data), &seen))
			for _, s := range seen {
				last[s.ID] = s.OnAir[0].Subject
			}
		}
		if most := int(took/(250*time.Millisecond)) + 2; events > most || events < most/2 {
			t.Errorf("%d events in %v", events, took)
		}
		if last["muong-te-01"] != fmt.Sprint(most-2) || last["doan-ket-01"] != fmt.Sprint(most-1) {
			t.Errorf("%v", last)
		}
	})
}

func TestAStreamBeats(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		l := w.listen("lan")
		in(35 * time.Second)
		beats := 0
		for len(l.events) > 0 {
			e := <-l.events
			var at struct{ At time.Time }
			w.must(json.Unmarshal([]byte(e.data), &at))
			if e.name != "beat" || !at.At.Equal(e.at) {
				t.Errorf("%+v", e)
			}
			beats++
		}
		if beats != 3 {
			t.Errorf("%d beats in 35 s", beats)
		}
	})
}

// Everybody is told what concerns him or her, and nothing else.
func TestStreamsTellWhatConcernsThePerson(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.trusted()
		w.enrol("muong-te-01", "board one")
		in(time.Second)
		all := map[string]*listener{}
		for _, person := range []string{"lan", "nam", "phuc", "tho", "chi", "kim"} {
			all[person] = w.listen(person)
		}
		step := func(name string, do func(), want map[string][]string) {
			t.Helper()
			do()
			in(time.Second)
			for person, l := range all {
				got, open := l.came()
				slices.Sort(got)
				if !open || !slices.Equal(got, want[person]) {
					t.Errorf("%s: %s is told %q, want %q; open %v", name, person, got, want[person], open)
				}
			}
		}
		one := []string{"clusters"}
		step("a cluster", func() { w.tells("muong-te-01") }, map[string][]string{"lan": one, "phuc": one, "tho": one, "chi": one, "kim": one})
		step("another", func() { w.tells("doan-ket-01") }, map[string][]string{"nam": one, "phuc": one, "tho": one, "chi": one})
		step("nothing: it was refused", func() { w.ask("lan", "POST", "/bulletins", bulletinOf(doanKet)).refused(403, "denied") }, nil)
		step("nothing: it was read", func() { w.ask("lan", "GET", "/bulletins", nil).ok(nil) }, nil)
		made := []string{"content bulletins"}
		step("a bulletin is made", func() { w.ask("lan", "POST", "/bulletins", bulletinOf(muongTe)).ok(nil) },
			map[string][]string{"lan": made, "nam": made, "phuc": made, "chi": made, "kim": made}) // it has no id yet: that it is somewhere
		changed := []string{"content bulletins ban-tin"}
		step("a bulletin is changed", func() {
			w.ask("lan", "PUT", "/bulletins/ban-tin", bulletinOf(muongTe), "If-Match", `"1"`).ok(nil)
		}, map[string][]string{"lan": changed, "phuc": changed, "chi": changed, "kim": changed})
		step("nothing is kept", func() {
			w.ask("nam", "POST", "/programmes/conflicts", programmeOf(doanKet, "ban-tin")).ok(nil)
		}, nil)
		step("a programme is made", func() { w.ask("phuc", "POST", "/programmes", programmeOf(muongTe, "ban-tin")).ok(nil) },
			map[string][]string{"lan": {"content programmes"}, "nam": {"content programmes"}, "phuc": {"content programmes"}, "chi": {"content programmes"}, "kim": {"content programmes"}})
		moved := []string{"content programmes sang"}
		step("a programme goes elsewhere", func() {
			w.ask("phuc", "PUT", "/programmes/sang", programmeOf(doanKet, "ban-tin"), "If-Match", `"1"`).ok(nil)
		}, map[string][]string{"lan": moved, "nam": moved, "phuc": slices.Repeat(moved, 2), "chi": slices.Repeat(moved, 2), "kim": moved})
		step("a programme is removed", func() { w.ask("nam", "DELETE", "/programmes/sang", nil, "If-Match", `"2"`).ok(nil) },
			map[string][]string{"nam": moved, "phuc": moved, "chi": moved})
		step("a bulletin goes elsewhere", func() {
			w.ask("phuc", "PUT", "/bulletins/ban-tin", bulletinOf(doanKet), "If-Match", `"2"`).ok(nil)
		}, map[string][]string{"lan": changed, "nam": changed, "phuc": slices.Repeat(changed, 2), "chi": slices.Repeat(changed, 2), "kim": changed})
		step("made and removed at once", func() {
			w.ask("lan", "POST", "/programmes", programmeOf(muongTe, "ban-tin")).ok(nil)
			w.ask("lan", "PUT", "/programmes/sang", programmeOf(muongTe, "ban-tin"), "If-Match", `"1"`).ok(nil)
			w.ask("lan", "DELETE", "/programmes/sang", nil, "If-Match", `"2"`).ok(nil)
		}, map[string][]string{"lan": {"content programmes", moved[0]}, "nam": {"content programmes"}, "phuc": {"content programmes", moved[0]},
			"chi": {"content programmes", moved[0]}, "kim": {"content programmes", moved[0]}})
		var d draft
		drafted := []string{"order gathering"}
		step("an alert is drafted", func() { w.ask("lan", "POST", "/alerts", alertOf(muongTe)).ok(&d) },
			map[string][]string{"lan": drafted, "phuc": drafted, "chi": drafted, "kim": drafted})
		active := []string{"order active"}
		step("it is signed", func() { w.sign("lan", d).ok(nil) },
			map[string][]string{"lan": active, "phuc": active, "chi": active, "kim": active})
		step("it sounds", func() {
			w.tells("muong-te-01", protocol.OnAir{Output: "main", Class: "emergency", Mode: protocol.Live, Subject: d.Subject, Order: d.Hash})
		}, map[string][]string{"lan": {"clusters", "order active"}, "phuc": {"clusters", "order active"}, "tho": one,
			"chi": {"clusters", "order active"}, "kim": {"clusters", "order active"}})
		over := []string{"order cancelled", "order gathering", "order sealed"}
		step("it is cancelled", func() {
			var cancel draft
			w.ask("lan", "POST", "/alerts/live/"+strings.TrimPrefix(d.Subject, "alert/live/")+"/cancel", nil).ok(&cancel)
			in(time.Second)
			w.sign("lan", cancel).ok(nil)
		}, map[string][]string{"lan": over, "phuc": over, "chi": over, "kim": over})
		people := []string{"content people nam"}
		step("somebody's key", func() { w.ask("chi", "POST", "/persons/nam/keys", publicOf("nam's phone")).ok(nil) },
			map[string][]string{"chi": people, "kim": people, "nam": people})
		areas := []string{"content areas"}
		step("an area", func() {
			w.ask("chi", "PUT", "/areas", []object{{"code": muongTe + ".07", "parent": muongTe, "kind": "village", "nameVi": "Bản bảy"}}).ok(nil)
		}, map[string][]string{"lan": areas, "nam": areas, "phuc": areas, "tho": areas, "chi": areas, "kim": areas})
	})
}

func TestWhoMayNotListen(t *testing.T) {
	w := newWorld(t)
	w.ask("khach", "GET", "/events", nil).refused(403, "denied")
	if rows := w.denials(); len(rows) != 1 || rows[0].Person != "khach" || rows[0].Subject != "GET /api/v1/events" {
		t.Errorf("%+v", rows)
	}
	w.ask("", "GET", "/events", nil).refused(401, "signed-out")
	w.tokens["thief"] = "loa_0000000000000000_0000000000000000000000000000000000000000000"
	w.ask("thief", "GET", "/events", nil).refused(401, "token")
}

// A stream ends within seconds when its person may not listen any more, and sees
// less within seconds when its rights are less.
func TestAStreamThatMayNotGoOn(t *testing.T) {
	const seconds = 5 * time.Second
	t.Run("its token was ended", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			l := w.listen("lan")
			all, err := w.registry.Tokens(t.Context(), "lan")
			w.must(err)
			w.must(w.registry.RevokeToken(t.Context(), "test", all[0].ID))
			in(seconds)
			if _, open := l.came(); open {
				t.Error("it goes on")
			}
		})
	})
	t.Run("its token expired", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			var err error
			w.tokens["lan"], _, err = w.registry.NewToken(t.Context(), "test", "lan", "test", time.Minute)
			w.must(err)
			l := w.listen("lan")
			in(50 * time.Second)
			if _, open := l.came(); !open {
				t.Fatal("it ended early")
			}
			in(10*time.Second + seconds)
			if _, open := l.came(); open {
				t.Error("it goes on")
			}
		})
	})
	// A page's stream goes by its session.
	for name, end := range map[string]func(w *world, page, other *browser){
		"its session was ended": func(_ *world, page, _ *browser) { page.ask("DELETE", "/session", nil).ok(nil) },
		"its password was changed": func(_ *world, _, other *browser) {
			other.ask("PUT", "/me/password", object{"old": good, "new": good + "3"}).ok(nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.settled("lan")
				page, other := w.signed("lan"), w.signed("lan")
				l := w.connectBy(page.client, "Sec-Fetch-Site", "same-origin")
				go l.read()
				l.next("hello", nil)
				in(time.Minute)
				if _, open := l.came(); !open {
					t.Fatal("it ended early")
				}
				end(w, page, other)
				in(seconds)
				if _, open := l.came(); open {
					t.Error("it goes on")
				}
			})
		})
	}
	t.Run("its role was taken", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			l := w.listen("lan")
			w.must(w.registry.TakeRole(t.Context(), "test", registry.Role{Person: "lan", Name: registry.Officer, Area: muongTe}))
			in(seconds)
			if _, open := l.came(); open {
				t.Error("it goes on")
			}
		})
	})
	t.Run("its role is for another commune", func(t *testing.T) {
		bubble(t, func(t *testing.T, w *world) {
			l := w.listen("lan")
			w.must(w.registry.GrantRole(t.Context(), "test", registry.Role{Person: "lan", Name: registry.Officer, Area: doanKet}))
			w.must(w.registry.TakeRole(t.Context(), "test", registry.Role{Person: "lan", Name: registry.Officer, Area: muongTe}))
			in(seconds)
			w.tells("muong-te-01")
			w.tells("doan-ket-01")
			var seen []seenBrief
			l.next("clusters", &seen)
			if len(seen) != 1 || seen[0].ID != "doan-ket-01" {
				t.Errorf("%+v", seen)
			}
		})
	})
}

// stuck answers nothing while it is held, as a disk that is busy with a backup.
type stuck struct {
	*registry.Registry
	held atomic.Bool
}

func (s *stuck) Cluster(ctx context.Context, id string) (registry.Cluster, error) {
	if s.held.Load() {
		<-ctx.Done()
		return registry.Cluster{}, ctx.Err()
	}
	return s.Registry.Cluster(ctx, id)
}

// What cannot be worked out in time ends the streams, whose readers would believe
// that nothing changed; whoever comes then is told again.
func TestTellingsThatTakeTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newQuietWorld(t)
		places := &stuck{Registry: w.registry}
		var err error
		w.fleet, err = fleet.New(fleet.Options{Store: w.db.Fleet(), Registry: places, Log: slog.New(slog.DiscardHandler)})
		w.must(err)
		w.options.Fleet = w.fleet
		w.pipe()
		l := w.listen("tho")
		places.held.Store(true)
		w.tells("muong-te-01")
		in(9 * time.Second)
		if all, open := l.came(); len(all) != 0 || !open {
			t.Errorf("%q, open %v", all, open)
		}
		in(2 * time.Second)
		if _, open := l.came(); open {
			t.Error("it goes on, and knows nothing")
		}
		places.held.Store(false)
		l = w.listen("tho")
		w.tells("muong-te-01")
		l.next("clusters", nil)
	})
}

// A reader that reads nothing is dropped; nobody waits for it.
func TestAReaderThatReadsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		stuck := w.connect("tho") // its pipe holds nothing
		l := w.listen("lan")
		for i := range 200 {
			told := time.Now()
			w.tells("muong-te-01", protocol.OnAir{Output: "main", Subject: fmt.Sprint(i)})
			if time.Since(told) > 0 {
				t.Fatalf("a board's message waited %v", time.Since(told))
			}
			var seen []seenBrief
			e := l.next("clusters", &seen)
			if late := e.at.Sub(told); late > time.Second || seen[0].OnAir[0].Subject != fmt.Sprint(i) {
				t.Fatalf("after %v: %+v", late, seen)
			}
		}
		in(time.Minute)
		go stuck.read()
		synctest.Wait()
		if _, open := stuck.came(); open {
			t.Error("it was not dropped")
		}
	})
}

// One that reads nothing of the little there is, is dropped as well.
func TestAReaderThatStopsReading(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		stuck := w.connect("tho")
		w.fills(5)
		in(time.Minute)
		go stuck.read()
		synctest.Wait()
		if _, open := stuck.came(); open {
			t.Error("it was not dropped")
		}
	})
}

// fills has so much change that a reader that does not read is stuck.
func (w *world) fills(changes int) {
	w.Helper()
	for range changes {
		w.tells("muong-te-01", slices.Repeat([]protocol.OnAir{{Output: "main", Subject: strings.Repeat("x", 300)}}, 30)...)
		in(time.Second)
	}
}

// One person has so many streams; the oldest makes room, so that a phone whose
// network dropped finds a place.
func TestStreamsOfOnePersonAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		other := w.listen("nam")
		var all []*listener
		for range 100 {
			all = append(all, w.listen("lan"))
		}
		in(time.Second)
		for i, l := range all {
			if _, open := l.came(); open != (i >= 92) {
				t.Errorf("stream %d: open %v", i, open)
			}
		}
		if _, open := other.came(); !open {
			t.Error("another person's stream ended")
		}
		all[99].cancel()
		in(time.Second)
		w.listen("lan")
		in(time.Second)
		if _, open := all[92].came(); !open {
			t.Error("there was room")
		}
	})
}

// Streams do not keep a server from ending.
func TestStreamsEndWithTheServer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		l := w.listen("lan")
		w.connect("tho") // reads nothing
		w.fills(5)
		close(w.ending)
		synctest.Wait()
		if _, open := l.came(); open {
			t.Error("a stream goes on")
		}
		begun := time.Now()
		w.server.Close() // waits for requests
		if took := time.Since(begun); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// Whoever connects again is told what changes from then on, and a name of the
// server's run.
func TestConnectingAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		first := w.listen("lan")
		first.cancel()
		in(5 * time.Second) // nobody listens: the teller rests
		w.tells("muong-te-01", protocol.OnAir{Output: "main", Subject: "missed"})
		again := w.connect("lan")
		go again.read()
		var hello struct {
			At   time.Time
			Boot string
		}
		again.next("hello", &hello)
		if hello.Boot == "" || !hello.At.Equal(time.Now()) {
			t.Errorf("%+v", hello)
		}
		w.tells("muong-te-01", protocol.OnAir{Output: "main", Subject: "new"})
		var seen []seenBrief
		again.next("clusters", &seen)
		if len(seen) != 1 || seen[0].OnAir[0].Subject != "new" {
			t.Errorf("%+v", seen)
		}
	})
}
