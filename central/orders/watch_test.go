package orders_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loa/central/changes"
	"loa/central/orders"
	"loa/controller/protocol"
)

func TestStandingOf(t *testing.T) {
	const (
		started  = protocol.FateStarted
		finished = protocol.FateFinished
		heard    = protocol.VerdictHeard
		silent   = protocol.VerdictSilent
		unknown  = protocol.VerdictUnknown
	)
	d := func(h orders.Handling, sent bool, f protocol.Fate, v protocol.Verdict) orders.Delivered {
		return orders.Delivered{Handling: h, Sent: sent, Fate: f, Verdict: v}
	}
	for _, c := range []struct {
		name        string
		d           orders.Delivered
		over, onAir bool
		want        orders.Standing
	}{
		{"its board is away", d(orders.Waiting, false, "", ""), false, false, orders.ToSend},
		{"sent", d(orders.Waiting, true, "", ""), false, false, orders.SentTo},
		{"taken", d(orders.Accepted, true, "", ""), false, false, orders.Takes},
		{"taken, from memory", d(orders.NotDurable, true, "", ""), false, false, orders.Takes},
		{"a hello names it", d(orders.Held, true, "", ""), false, false, orders.Takes},
		{"refused", d(orders.Refused, true, "", ""), false, false, orders.Refuses},
		{"refused, and over", d(orders.Refused, true, "", ""), true, false, orders.Refuses},

		{"sounding, by its receipt", d(orders.Accepted, true, started, ""), false, false, orders.Sounding},
		{"sounding, by its picture", d(orders.Accepted, true, "", ""), false, true, orders.Sounding},
		{"sounding before any receipt came", d(orders.Waiting, true, "", ""), false, true, orders.Sounding},
		{"sounding once more, with no sensor", d(orders.Accepted, true, started, unknown), false, false, orders.Sounding},
		{"a pause, with no sensor", d(orders.Accepted, true, finished, unknown), false, false, orders.Unknown},
		{"a pause that its picture does not know of", d(orders.Accepted, true, finished, unknown), false, true, orders.Sounding},

		{"heard", d(orders.Accepted, true, finished, heard), false, false, orders.Heard},
		{"heard, and sounding once more", d(orders.Accepted, true, started, heard), false, true, orders.Heard},
		{"heard, and over", d(orders.Accepted, true, protocol.FateStopped, heard), true, false, orders.Heard},
		{"nothing was heard", d(orders.Accepted, true, finished, silent), false, false, orders.Silent},
		{"nothing was heard, and it goes on", d(orders.Accepted, true, started, silent), false, true, orders.Silent},
		{"it could not sound", d(orders.Accepted, true, protocol.FateFailed, ""), false, false, orders.Silent},
		{"it did not sound", d(orders.Accepted, true, protocol.FateMissed, ""), false, false, orders.Silent},

		{"over while it sounded", d(orders.Accepted, true, started, ""), true, true, orders.Unknown},
		{"over, with no sensor", d(orders.Accepted, true, finished, unknown), true, false, orders.Unknown},
		{"cancelled before it began", d(orders.Accepted, true, protocol.FateStopped, ""), true, false, orders.Unknown},
		{"it expired there", d(orders.Accepted, true, protocol.FateExpired, ""), false, false, orders.Unknown},
		{"over, and nothing was told of it", d(orders.Accepted, true, "", ""), true, false, orders.Unknown},
		{"over, and it never came there", d(orders.Waiting, false, "", ""), true, false, orders.Unknown},
		{"lapsed", d(orders.Lapsed, true, "", ""), false, false, orders.Unknown},
		{"an update took its place", d(orders.Superseded, false, "", ""), false, false, orders.Unknown},
		{"lapsed, but it was heard", d(orders.Lapsed, true, finished, heard), true, false, orders.Heard},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := orders.StandingOf(c.d, c.over, c.onAir); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// sounded has a board tell what became of an alert.
func (b *board) sounded(hash, subject string, fate protocol.Fate, verdict protocol.Verdict) {
	b.soundedOn("main", hash, subject, fate, verdict)
}

func (b *board) soundedOn(output, hash, subject string, fate protocol.Fate, verdict protocol.Verdict) {
	r := protocol.Receipt{Order: hash, Kind: protocol.KindAlert, Mode: protocol.Live, Subject: subject, Occurrence: subject + "#1", Fate: fate}
	if verdict != "" {
		r.Evidence = &protocol.Evidence{Output: output, Sources: []string{}, Verdict: verdict}
	}
	b.tell(r)
}

// An alert's clusters stand in exactly one place each, by the database as by
// every fate looked at by itself.
func TestTallyCountsEveryTargetOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.net.boards["muong-te-02"].online = false
	w.net.boards["doan-ket-01"].online = false
	d := w.draft(w.Alert(ctx, "binh", alertFor(protocol.Live, "12")))
	w.sign(d, "binh", "chi's phone", "phuc", "hai", "lan")
	if s := w.status(d.Hash); s.State != orders.Sealed {
		w.sign(d, "phuc")
	}
	one := w.net.boards["muong-te-01"]
	check := func(when string, over bool, onAir []string, want orders.Tally) {
		t.Helper()
		w.answer()
		got, err := w.Tally(ctx, d.Hash, over, onAir)
		must(t, err)
		if got != want {
			t.Errorf("%s: %+v, want %+v", when, got, want)
		}
		fates, err := w.Fates(ctx, d.Hash)
		must(t, err)
		var each orders.Tally
		for _, f := range fates {
			each.Add(orders.StandingOf(f.Delivered(), over, slices.Contains(onAir, f.Cluster)), 1)
		}
		if each != got {
			t.Errorf("%s: each by itself %+v, counted %+v", when, each, got)
		}
		if sum := got.Waiting + got.Sent + got.Accepted + got.Sounding + got.Heard + got.Silent + got.Unknown + got.Refused; sum != got.Targets || sum != 3 {
			t.Errorf("%s: %+v adds up to %d", when, got, sum)
		}
	}
	check("accepted", false, nil, orders.Tally{Targets: 3, Waiting: 2, Accepted: 1})
	check("its picture says that it sounds", false, []string{"muong-te-01", "elsewhere-01"}, orders.Tally{Targets: 3, Waiting: 2, Sounding: 1})
	one.sounded(d.Hash, d.Subject, protocol.FateStarted, "")
	check("begun", false, nil, orders.Tally{Targets: 3, Waiting: 2, Sounding: 1})
	check("begun, and its picture says so", false, []string{"muong-te-01"}, orders.Tally{Targets: 3, Waiting: 2, Sounding: 1})
	one.sounded(d.Hash, d.Subject, protocol.FateFinished, protocol.VerdictHeard)
	check("heard", false, []string{"muong-te-01"}, orders.Tally{Targets: 3, Waiting: 2, Heard: 1})
	// What was heard once was heard.
	one.sounded(d.Hash, d.Subject, protocol.FateStopped, protocol.VerdictUnknown)
	check("a later repetition was cut", false, nil, orders.Tally{Targets: 3, Waiting: 2, Heard: 1})
	one.sounded(d.Hash, d.Subject, protocol.FateFinished, protocol.VerdictSilent)
	check("a later repetition was silent", false, nil, orders.Tally{Targets: 3, Waiting: 2, Heard: 1})

	two := w.net.boards["muong-te-02"]
	two.online = true
	w.hello(two)
	two.sounded(d.Hash, d.Subject, protocol.FateFinished, protocol.VerdictSilent)
	check("a second is silent", false, nil, orders.Tally{Targets: 3, Waiting: 1, Heard: 1, Silent: 1})
	two.sounded(d.Hash, d.Subject, protocol.FateFinished, protocol.VerdictHeard)
	check("and then heard", false, nil, orders.Tally{Targets: 3, Waiting: 1, Heard: 2})
	check("over", true, []string{"doan-ket-01"}, orders.Tally{Targets: 3, Heard: 2, Unknown: 1})
}

// A cluster is as its worst output: horns that sound do not answer for others that
// are dead. On one output a later repetition takes away nothing that was heard.
func TestOneOutputDoesNotAnswerForAnother(t *testing.T) {
	type told struct {
		output  string
		verdict protocol.Verdict
	}
	const heard, silent, unknown = protocol.VerdictHeard, protocol.VerdictSilent, protocol.VerdictUnknown
	for _, c := range []struct {
		name string
		told []told
		want protocol.Verdict
	}{
		{"heard, then the other is silent", []told{{"main", heard}, {"valley", silent}}, silent},
		{"silent, then the other is heard", []told{{"valley", silent}, {"main", heard}}, silent},
		{"both heard", []told{{"main", heard}, {"valley", heard}}, heard},
		{"the other is heard later on", []told{{"main", heard}, {"valley", silent}, {"main", heard}, {"valley", heard}}, heard},
		{"and then not any more", []told{{"main", heard}, {"valley", heard}, {"main", silent}, {"valley", unknown}}, heard},
		{"silent stays while only the first repeats", []told{{"valley", silent}, {"main", heard}, {"main", heard}, {"valley", unknown}}, silent},
		{"nobody listens to the other", []told{{"main", heard}, {"valley", unknown}}, heard},
		{"nobody listens", []told{{"main", unknown}, {"valley", unknown}}, unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03388")))
			w.sign(d, "binh", "phuc")
			one := w.net.boards["doan-ket-01"]
			w.answer()
			for _, s := range c.told {
				one.soundedOn(s.output, d.Hash, d.Subject, protocol.FateFinished, s.verdict)
			}
			w.answer()
			fates, err := w.Fates(t.Context(), d.Hash)
			must(t, err)
			if len(fates) != 1 || fates[0].Verdict != c.want {
				t.Errorf("%+v, want %s", fates, c.want)
			}
		})
	}
}

// What a board that went wrong makes up is bounded, and hides nothing.
func TestOutputsBeyondCountingCountAsOne(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03388")))
	w.sign(d, "binh", "phuc")
	one := w.net.boards["doan-ket-01"]
	w.answer()
	for i := range 100 {
		one.soundedOn(fmt.Sprint("made-up-", i), d.Hash, d.Subject, protocol.FateFinished, protocol.VerdictUnknown)
	}
	one.soundedOn("main", d.Hash, d.Subject, protocol.FateFinished, protocol.VerdictSilent)
	w.answer()
	fates, err := w.Fates(t.Context(), d.Hash)
	must(t, err)
	if len(fates) != 1 || fates[0].Verdict != protocol.VerdictSilent {
		t.Errorf("%+v", fates)
	}
}

// changed are the kinds and states of orders that changed since a mark.
func (w *world) changed(mark *changes.Mark) (subjects []string) {
	w.t.Helper()
	hashes, now, whole := w.Changed().Since(*mark)
	*mark = now
	if !whole {
		w.t.Fatal("something was forgotten")
	}
	all, err := w.List(w.t.Context(), orders.Query{Hashes: append([]string{}, hashes...)})
	must(w.t, err)
	for _, s := range all {
		subjects = append(subjects, string(s.Kind)+" "+string(s.State))
	}
	slices.Sort(subjects)
	return subjects
}

// Everything that changes how an order stands is told.
func TestChangedOrders(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	mark := w.Changed().Now()
	step := func(what string, want ...string) {
		t.Helper()
		if got := w.changed(&mark); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	w.net.boards["doan-ket-01"].online = false
	d := w.draft(w.Alert(ctx, "binh", alertFor(protocol.Live, "12")))
	step("drafted", "alert gathering")
	w.sign(d, "binh")
	step("signed", "alert gathering")
	w.sign(d, "phuc")
	step("sealed", "alert sealed")
	w.answer()
	step("accepted", "alert sealed")
	w.net.boards["muong-te-01"].sounded(d.Hash, d.Subject, protocol.FateStarted, "")
	r := w.net.boards["muong-te-01"].drain()
	must(t, w.Receipt(ctx, "muong-te-01", r[0]))
	step("begun", "alert sealed")
	must(t, w.Receipt(ctx, "muong-te-01", r[0]))
	step("told twice")
	if w.Receipt(ctx, "muong-te-02", r[0]) == nil {
		t.Error("believed")
	}
	step("told by another")
	w.net.boards["doan-ket-01"].online = true
	w.hello(w.net.boards["doan-ket-01"])
	step("sent on a hello", "alert sealed")
	cancel := w.draft(w.Cancel(ctx, "phuc", protocol.Live, alertID(d)))
	step("a cancel drafted", "cancel gathering")
	w.sign(cancel, "phuc")
	step("cancelled", "alert sealed", "cancel sealed")
	_, err := w.SendPlan(ctx, planFor("muong-te-01"))
	must(t, err)
	w.answer()
	if got := w.changed(&mark); slices.Contains(got, "plan sealed") {
		t.Errorf("a plan is told: %q", got)
	}
}

// Boards' receipts are handed on once, when they are kept.
func TestToldOnce(t *testing.T) {
	w := newWorld(t)
	var told []protocol.Fate
	w.Told = func(r protocol.Receipt) { told = append(told, r.Fate) }
	b := w.net.boards["muong-te-01"]
	b.tell(protocol.Receipt{Fate: protocol.FatePressed, Occurrence: "button1"})
	r := b.drain()[0]
	for range 3 {
		must(t, w.Receipt(t.Context(), "muong-te-01", r))
	}
	_ = w.Receipt(t.Context(), "muong-te-01", []byte("nonsense"))
	if !slices.Equal(told, []protocol.Fate{protocol.FatePressed}) {
		t.Errorf("%v", told)
	}
}

// listed are the alerts that q chooses, as id:sequence course.
func (w *world) listed(q orders.AlertQuery, names map[string]string) string {
	w.t.Helper()
	all, err := w.Alerts(w.t.Context(), q)
	must(w.t, err)
	var text []string
	for _, a := range all {
		text = append(text, fmt.Sprintf("%s:%d %s", names[a.ID], a.Sequence, a.Course))
	}
	slices.Sort(text)
	return strings.Join(text, ", ")
}

func TestAlertsAsTheyStand(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	names := map[string]string{}
	raise := func(name string, lifetime time.Duration, mode protocol.Mode, signers []string, areas ...string) orders.Draft {
		t.Helper()
		wish := alertFor(mode, areas...)
		wish.Lifetime = lifetime
		d := w.draft(w.Alert(ctx, signers[0], wish))
		names[alertID(d)] = name
		w.sign(d, signers...)
		return d
	}
	active := raise("active", 2*time.Hour, protocol.Live, []string{"lan"}, "03433")
	raise("short", time.Hour, protocol.Drill, []string{"nam"}, "03388")
	ended := raise("cancelled", 2*time.Hour, protocol.Live, []string{"nam"}, "03388")
	wide := raise("wide", 2*time.Hour, protocol.Live, []string{"binh"}, "12")
	update := alertFor(protocol.Live)
	update.Lifetime = 2 * time.Hour
	w.sign(w.draft(w.UpdateAlert(ctx, "lan", alertID(active), update)), "lan")
	w.draft(w.UpdateAlert(ctx, "lan", alertID(active), update)) // drafted only
	w.sign(w.draft(w.Cancel(ctx, "nam", protocol.Live, alertID(ended))), "nam")
	w.draft(w.Cancel(ctx, "lan", protocol.Live, alertID(active))) // drafted only

	later := time.Now().Add(90 * time.Minute)
	for _, c := range []struct {
		name string
		q    orders.AlertQuery
		want string
	}{
		{"all", orders.AlertQuery{}, "active:2 active, cancelled:1 cancelled, short:1 active, wide:1 gathering"},
		{"active", orders.AlertQuery{Active: true}, "active:2 active, short:1 active, wide:1 gathering"},
		{"ended", orders.AlertQuery{Ended: true}, "cancelled:1 cancelled"},
		{"active later", orders.AlertQuery{Active: true, At: later}, "active:2 active, wide:1 gathering"},
		{"ended later", orders.AlertQuery{Ended: true, At: later}, "cancelled:1 cancelled, short:1 ended"},
		{"of a commune", orders.AlertQuery{Areas: []string{"03433"}}, "active:2 active"},
		{"of two", orders.AlertQuery{Areas: []string{"03433", "12"}}, "active:2 active, wide:1 gathering"},
		{"of nowhere", orders.AlertQuery{Areas: []string{"03390"}}, ""},
		{"one", orders.AlertQuery{Subject: wide.Subject}, "wide:1 gathering"},
		{"none", orders.AlertQuery{Subject: "alert/live/nothing"}, ""},
		{"the last drafted", orders.AlertQuery{Limit: 1}, "active:2 active"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.listed(c.q, names)
			if c.q.Limit > 0 {
				if strings.Contains(got, ",") || got == "" {
					t.Errorf("%s", got)
				}
				return
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	all, err := w.Alerts(ctx, orders.AlertQuery{Subject: wide.Subject})
	must(t, err)
	if a := all[0]; a.Lacks == nil || a.Lacks.Reason != protocol.ReasonThreshold || a.Counts.Targets != 3 || a.Hazard != "flood" {
		t.Errorf("%+v", a)
	}
}

// A cancel that only boards know of ends an alert for people, too.
func TestAnAlertThatBoardsSayIsCancelled(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	b := w.net.boards["muong-te-01"]
	a := b.known.Alerts[d.Subject]
	a.Cancelled = true
	b.known.Alerts[d.Subject] = a
	w.open() // the alert is from before the start
	w.hello(b)
	for _, q := range []orders.AlertQuery{{}, {Ended: true}} {
		if all, err := w.Alerts(t.Context(), q); err != nil || len(all) != 1 || all[0].Course != orders.Cancelled {
			t.Errorf("%+v: %+v, %v", q, all, err)
		}
	}
	if all, err := w.Alerts(t.Context(), orders.AlertQuery{Active: true}); err != nil || len(all) != 0 {
		t.Errorf("active: %+v, %v", all, err)
	}
}

func TestSealedForACluster(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	d := w.draft(w.Alert(ctx, "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	elsewhere := w.draft(w.Alert(ctx, "nam", alertFor(protocol.Live, "03388")))
	w.sign(elsewhere, "nam")
	plan, err := w.SendPlan(ctx, planFor("muong-te-01"))
	must(t, err)
	w.answer()
	hashes := func(q orders.SealedQuery) (all []string) {
		t.Helper()
		q.Cluster = "muong-te-01"
		found, err := w.Sealed(ctx, q)
		must(t, err)
		for _, f := range found {
			if f.Record.Kind != protocol.KindAlert && f.Record.Kind != protocol.KindPlan {
				continue // what it was enrolled with
			}
			all = append(all, f.Hash)
			if f.Handling != orders.Accepted || len(f.Payload) == 0 || f.SealedAt.IsZero() {
				t.Errorf("%+v", f)
			}
		}
		return all
	}
	if got := hashes(orders.SealedQuery{}); !slices.Equal(got, []string{plan.Hash, d.Hash}) {
		t.Errorf("%v", got)
	}
	if got := hashes(orders.SealedQuery{Kinds: []protocol.Kind{protocol.KindPlan}}); !slices.Equal(got, []string{plan.Hash}) {
		t.Errorf("plans: %v", got)
	}
	if got := hashes(orders.SealedQuery{Limit: 1}); len(got) != 1 {
		t.Errorf("one: %v", got)
	}
	if got := hashes(orders.SealedQuery{From: time.Now().Add(time.Hour)}); len(got) != 0 {
		t.Errorf("of the future: %v", got)
	}
	if got := hashes(orders.SealedQuery{Until: time.Now().Add(-time.Hour)}); len(got) != 0 {
		t.Errorf("of the past: %v", got)
	}
}

// An alert whose time ends is told then, by Run, exactly once.
func TestOver(t *testing.T) {
	w := newWorld(t)
	d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
	w.sign(d, "lan")
	until := w.status(d.Hash).Until
	store := w.db.Orders()
	for _, c := range []struct {
		from, to time.Duration
		want     int
	}{{-time.Second, 0, 1}, {0, time.Second, 0}, {-2 * time.Second, -time.Second, 0}, {-time.Hour, time.Hour, 1}} {
		got, err := store.Over(t.Context(), until.Add(c.from), until.Add(c.to))
		must(t, err)
		if len(got) != c.want {
			t.Errorf("from %v to %v: %v", c.from, c.to, got)
		}
	}
}

// The counts of an alert on 10,000 clusters, of which 1,000 sound. The baseline
// reads what became of it on each.
func BenchmarkTally(b *testing.B) {
	w := newWorld(b)
	d := w.draft(w.Alert(b.Context(), "lan", alertFor(protocol.Live, "03433")))
	r := orders.Record{
		Hash: d.Hash, Kind: d.Kind, Mode: d.Mode, Subject: d.Subject, Revision: 1, Areas: []string{"03433"},
		PayloadType: d.Envelope.PayloadType, Payload: d.Envelope.Payload, State: orders.Sealed, By: "lan", DraftedAt: time.Now(),
		SealedAt: time.Now(), Until: time.Now().Add(time.Hour), Persons: []string{"lan"}, Envelope: []byte("{}"),
	}
	out := make([]orders.Delivery, 10_000)
	var onAir []string
	for i := range out {
		out[i] = orders.Delivery{Cluster: fmt.Sprintf("cum-%05d", i), Order: d.Hash, Kind: d.Kind, Attempts: i % 2, NextAt: time.Now()}
		if i%10 == 0 {
			onAir = append(onAir, out[i].Cluster)
		}
	}
	must(b, w.db.Orders().Seal(b.Context(), "lan", r, out))
	b.Run("counted", func(b *testing.B) {
		for b.Loop() {
			t, err := w.Tally(context.Background(), d.Hash, false, onAir)
			must(b, err)
			if t.Targets != 10_000 || t.Sounding != 1000 {
				b.Fatalf("%+v", t)
			}
		}
	})
	b.Run("each", func(b *testing.B) {
		for b.Loop() {
			all, err := w.Fates(context.Background(), d.Hash)
			must(b, err)
			if len(all) != 10_000 {
				b.Fatal(len(all))
			}
		}
	})
}

// Run tells of an alert whose time ends, once.
func TestRunTellsWhatIsOver(t *testing.T) {
	newWorld(t) // what worlds are copied from is of real time
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)))
		w := newWorld(t)
		d := w.draft(w.Alert(t.Context(), "lan", alertFor(protocol.Live, "03433")))
		w.sign(d, "lan")
		w.answer()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		time.Sleep(time.Hour - 10*time.Second)
		synctest.Wait()
		mark := w.Changed().Now()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := w.changed(&mark); len(got) != 0 {
			t.Errorf("before its time: %q", got)
		}
		time.Sleep(7 * time.Second)
		synctest.Wait()
		if got := w.changed(&mark); !slices.Equal(got, []string{"alert sealed"}) {
			t.Errorf("at its time: %q", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := w.changed(&mark); len(got) != 0 {
			t.Errorf("once more: %q", got)
		}
		cancel()
		must(t, <-ended)
	})
}
