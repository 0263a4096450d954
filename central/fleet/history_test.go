package fleet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loa/central/changes"
	"loa/central/fleet"
	"loa/controller/protocol"
)

// said is a state of muong-te-01 with faults of these parts.
func said(online bool, parts ...string) protocol.State {
	s := state("muong-te-01", online)
	for _, p := range parts {
		s.Faults = append(s.Faults, protocol.FaultNote{Part: p, Detail: p + " is broken"})
	}
	return s
}

func (w *world) say(t *testing.T, s protocol.State) {
	t.Helper()
	must(t, w.State(t.Context(), s.Cluster, encoded(t, s)))
}

// happened lists a history, the first first, as in "online, fault relay main".
func (w *world) happened(t *testing.T, cluster string) string {
	t.Helper()
	all, err := w.History(t.Context(), fleet.HistoryQuery{Cluster: cluster})
	must(t, err)
	var told []string
	for _, e := range slices.Backward(all) {
		told = append(told, strings.TrimSpace(string(e.Kind)+" "+e.Part))
	}
	return strings.Join(told, ", ")
}

func TestHistoryTellsWhatBeganAndEnded(t *testing.T) {
	w := newWorld(t)
	w.say(t, said(true))
	w.say(t, said(true))
	w.say(t, said(true, "sound main"))
	w.say(t, said(true, "relay main", "sound main"))
	changed := said(true, "relay main", "sound main")
	changed.Faults[0].Detail = "more is known of it"
	w.say(t, changed)
	w.say(t, said(true, "relay main"))
	w.say(t, said(false))
	w.say(t, said(true))
	w.Gone("muong-te-01")
	w.Gone("muong-te-01")
	w.Gone("nobody-01")
	const want = "online, fault sound main, fault relay main, recovered sound main, offline, online, recovered relay main, offline"
	if got := w.happened(t, "muong-te-01"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	all, err := w.History(t.Context(), fleet.HistoryQuery{Cluster: "muong-te-01"})
	must(t, err)
	if fault := all[len(all)-2]; fault.Detail != "sound main is broken" || time.Since(fault.At) > time.Minute {
		t.Errorf("%+v", fault)
	}
	if got := w.happened(t, "muong-te-02"); got != "" {
		t.Errorf("another cluster: %s", got)
	}
	// A stretch of it.
	mid := all[3]
	some, err := w.History(t.Context(), fleet.HistoryQuery{Cluster: "muong-te-01", Until: mid.At.Add(time.Millisecond), Limit: 2})
	must(t, err)
	if len(some) != 2 || some[0].At.After(mid.At) {
		t.Errorf("%+v", some)
	}
	if some, err = w.History(t.Context(), fleet.HistoryQuery{Cluster: "muong-te-01", From: time.Now().Add(time.Hour)}); err != nil || len(some) != 0 {
		t.Errorf("of the future: %+v, %v", some, err)
	}
}

// The times of faults, and what was told, outlive a restart. What was there when
// central ended and is back soon was never away.
func TestHistoryOutlivesARestart(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.say(t, said(true, "relay main"))
	w.say(t, state("muong-te-02", true))
	w.say(t, state("doan-ket-01", true))
	w.say(t, state("doan-ket-01", false))
	must(t, w.Save(ctx))
	before, err := w.Picture(ctx, "muong-te-01")
	must(t, err)
	w.start(t)
	if p, err := w.Picture(ctx, "muong-te-01"); err != nil || p.Online || !p.Since.Equal(before.Seen.Truncate(time.Millisecond)) {
		t.Errorf("%+v, %v", p, err)
	}
	w.say(t, said(true, "relay main"))
	after, err := w.Picture(ctx, "muong-te-01")
	must(t, err)
	if !after.Online || after.Since.UnixMilli() != before.Since.UnixMilli() || after.FaultSince["relay main"].UnixMilli() != before.FaultSince["relay main"].UnixMilli() {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	if got := w.happened(t, "muong-te-01"); got != "online, fault relay main" {
		t.Errorf("back soon: %s", got)
	}
	fleet.GiveUp(w.Fleet)
	if got := w.happened(t, "muong-te-02"); got != "online, offline" {
		t.Errorf("never back: %s", got)
	}
	if got := w.happened(t, "muong-te-01"); got != "online, fault relay main" {
		t.Errorf("there all the time: %s", got)
	}
	if got := w.happened(t, "doan-ket-01"); got != "online, offline" {
		t.Errorf("away before: %s", got)
	}
	w.say(t, state("muong-te-02", true))
	must(t, w.Save(ctx))
	w.start(t)
	fleet.GiveUp(w.Fleet)
	if got := w.happened(t, "muong-te-02"); got != "online, offline, online, offline" {
		t.Errorf("back late: %s", got)
	}
}

// Run gives up on who does not come back, and forgets what is old.
func TestRunKeepsHistoryInOrder(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		m := &memory{pictures: []fleet.Picture{{
			Cluster: "muong-te-02", Online: true, Since: time.Now().Add(-time.Hour), Seen: time.Now().Add(-time.Minute),
		}}}
		f, err := fleet.New(fleet.Options{Store: m, Registry: w.reg, Log: w.Log})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		time.Sleep(119 * time.Second)
		synctest.Wait()
		if events, _ := m.kept(); len(events) != 0 {
			t.Errorf("within two minutes: %+v", events)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		events, forgotten := m.kept()
		if len(events) != 1 || events[0].Kind != fleet.WentOffline || !events[0].At.Equal(m.pictures[0].Seen) {
			t.Errorf("after two minutes: %+v", events)
		}
		if !forgotten.IsZero() {
			t.Error("forgets at once")
		}
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		_, forgotten = m.kept()
		if age := time.Since(forgotten); age < fleet.KeepTime || age > fleet.KeepTime+6*time.Hour {
			t.Errorf("forgets what is older than %v", age)
		}
		cancel()
		must(t, <-ended)
	})
}

// memory is a store for a bubble of time.
type memory struct {
	fleet.Store
	pictures []fleet.Picture

	mu        sync.Mutex
	events    []fleet.Event
	forgotten time.Time
}

func (m *memory) Pictures(context.Context) ([]fleet.Picture, error) { return m.pictures, nil }
func (m *memory) Judged(context.Context) ([]fleet.Judged, error)    { return nil, nil }

func (m *memory) SavePictures(_ context.Context, _ []fleet.Picture, happened []fleet.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, happened...)
	return nil
}

func (m *memory) ForgetHistory(_ context.Context, before time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgotten = before
	return nil
}

func (m *memory) kept() ([]fleet.Event, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events), m.forgotten
}

func TestHistoryIsBounded(t *testing.T) {
	w := newWorld(t)
	for i := range fleet.KeepEvents {
		w.say(t, said(true, fmt.Sprintf("input %d", i)))
		if i%20 == 0 {
			must(t, w.Save(t.Context()))
		}
	}
	w.say(t, state("muong-te-02", true))
	all, err := w.History(t.Context(), fleet.HistoryQuery{Cluster: "muong-te-01"})
	must(t, err)
	if len(all) != fleet.KeepEvents || all[0].Part != fmt.Sprintf("input %d", fleet.KeepEvents-2) && all[0].Part != fmt.Sprintf("input %d", fleet.KeepEvents-1) {
		t.Errorf("%d entries, the last %+v", len(all), all[0])
	}
	if got := w.happened(t, "muong-te-02"); got != "online" {
		t.Errorf("another's: %s", got)
	}
	must(t, w.db.Fleet().ForgetHistory(t.Context(), time.Now().Add(time.Hour)))
	if all, err = w.History(t.Context(), fleet.HistoryQuery{Cluster: "muong-te-01"}); err != nil || len(all) != 0 {
		t.Errorf("forgotten: %d, %v", len(all), err)
	}
}

// A board gone wild between two savings fills neither memory nor store.
func TestABoardGoneWildIsBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 500 {
		w.say(t, said(i%2 == 0))
	}
	w.say(t, state("muong-te-02", true))
	all, err := w.History(t.Context(), fleet.HistoryQuery{Cluster: "muong-te-01"})
	must(t, err)
	if len(all) == 0 || len(all) > 64 {
		t.Errorf("%d entries of one second", len(all))
	}
	if got := w.happened(t, "muong-te-02"); got != "online" {
		t.Errorf("another's: %s", got)
	}
	// And goes on after it.
	w.say(t, said(false))
	w.say(t, said(true))
	if all, err = w.History(t.Context(), fleet.HistoryQuery{Cluster: "muong-te-01", Limit: 1}); err != nil || all[0].Kind != fleet.CameOnline {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAlarmsAreOnePerCause(t *testing.T) {
	w := newWorld(t)
	w.enrol(t, "muong-te-01", "muong-te-02")
	w.say(t, said(true, "input button", "relay main"))
	w.say(t, state("muong-te-02", true))
	w.say(t, state("muong-te-02", false))
	var got []string
	all, err := w.Alarms(t.Context(), fleet.Filter{})
	must(t, err)
	for _, a := range all {
		got = append(got, a.Cluster.ID+" "+string(a.Code))
	}
	want := []string{"muong-te-02 offline", "muong-te-01 relay-fault", "muong-te-01 other-fault", "doan-ket-01 never-enrolled"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	some, err := w.Alarms(t.Context(), fleet.Filter{Areas: []string{"03388"}})
	must(t, err)
	if len(some) != 1 || some[0].Cluster.ID != "doan-ket-01" {
		t.Errorf("%+v", some)
	}
}

// What sensors made of the latest run is known at once, survives a restart, and
// is not undone by a receipt that came late.
func TestTheLatestVerdict(t *testing.T) {
	w := newWorld(t)
	w.enrol(t, "muong-te-01")
	w.say(t, said(true))
	code := func() (all []fleet.Code) {
		t.Helper()
		s, err := w.Standing(t.Context(), "muong-te-01")
		must(t, err)
		for _, c := range s.Causes {
			all = append(all, c.Code)
		}
		return all
	}
	tell := func(epoch string, sequence int64, verdict protocol.Verdict) {
		t.Helper()
		r := protocol.Receipt{
			Version: protocol.Version, Cluster: "muong-te-01", Epoch: epoch, Sequence: sequence, At: time.Now(), Clock: protocol.ClockTrusted,
			Order: strings.Repeat("a", 64), Kind: protocol.KindPlan, Mode: protocol.Live, Subject: "plan", Occurrence: "sang@x", Fate: protocol.FateFinished,
			Evidence: &protocol.Evidence{Output: "main", Sources: []string{}, Verdict: verdict},
		}
		w.keep(t, r)
		w.Told(r)
	}
	mark := w.Changed().Now()
	tell("e", 5, protocol.VerdictSilent)
	if got := code(); !slices.Equal(got, []fleet.Code{fleet.LastSilent}) {
		t.Errorf("silent: %v", got)
	}
	if changed, _, _ := w.Changed().Since(mark); !slices.Equal(changed, []string{"muong-te-01"}) {
		t.Errorf("nobody is told: %v", changed)
	}
	tell("e", 4, protocol.VerdictHeard)
	tell("e", 6, protocol.VerdictUnknown)
	for _, when := range []string{"a late and an unknowing receipt", "a restart"} {
		if got := code(); !slices.Equal(got, []fleet.Code{fleet.LastSilent}) {
			t.Errorf("after %s: %v", when, got)
		}
		must(t, w.Save(t.Context()))
		w.start(t)
		w.say(t, said(true))
	}
	tell("new", 1, protocol.VerdictHeard) // a new store numbers from 1
	if got := code(); len(got) != 0 {
		t.Errorf("heard: %v", got)
	}
}

// One run on two outputs: the silent one stands for the cluster, in whichever
// order they tell, until the next run.
func TestASilentOutputStandsForItsCluster(t *testing.T) {
	const heard, silent = protocol.VerdictHeard, protocol.VerdictSilent
	type told struct {
		sequence   int64
		occurrence string
		output     string
		verdict    protocol.Verdict
	}
	for name, tt := range map[string]struct {
		told   []told
		silent bool
	}{
		"silent, then the other heard":  {[]told{{1, "a@x", "main", silent}, {2, "a@x", "valley", heard}}, true},
		"heard, then the other silent":  {[]told{{1, "a@x", "valley", heard}, {2, "a@x", "main", silent}}, true},
		"the later receipt comes first": {[]told{{2, "a@x", "valley", heard}, {1, "a@x", "main", silent}}, true},
		"the same output went on":       {[]told{{1, "a@x", "main", silent}, {2, "a@x", "main", heard}}, false},
		"the next run was heard":        {[]told{{1, "a@x", "main", silent}, {2, "a@x", "valley", heard}, {3, "b@x", "main", heard}, {4, "b@x", "valley", heard}}, false},
		"the next run was on the other": {[]told{{1, "a@x", "main", silent}, {2, "b@x", "valley", heard}}, true},
		"both silent, then one heard":   {[]told{{1, "a@x", "main", silent}, {2, "a@x", "valley", silent}, {3, "b@x", "valley", heard}, {4, "b@x", "main", silent}}, true},
		"a self-test found nothing":     {[]told{{1, "self-test@x", "main", silent}}, true},
		"then a self-test went well":    {[]told{{1, "self-test@x", "main", silent}, {2, "self-test@y", "main", heard}}, false},
		"then a programme was heard":    {[]told{{1, "self-test@x", "main", silent}, {2, "a@x", "main", heard}}, false},
		"then only the other was heard": {[]told{{1, "self-test@x", "main", silent}, {2, "a@x", "valley", heard}}, true},
		"a self-test hears no horn":     {[]told{{1, "a@x", "main", silent}, {2, "self-test@x", "main", heard}}, true},
		"and a programme is heard then": {[]told{{1, "a@x", "main", silent}, {2, "self-test@x", "main", heard}, {3, "b@x", "main", heard}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.enrol(t, "muong-te-01")
			w.say(t, said(true))
			for _, r := range tt.told {
				receipt := protocol.Receipt{
					Version: protocol.Version, Cluster: "muong-te-01", Epoch: "e", Sequence: r.sequence, At: time.Now(), Clock: protocol.ClockTrusted,
					Order: strings.Repeat("a", 64), Kind: protocol.KindPlan, Mode: protocol.Live, Subject: "plan", Occurrence: r.occurrence, Fate: protocol.FateFinished,
					Evidence: &protocol.Evidence{Output: r.output, Sources: []string{}, Verdict: r.verdict},
				}
				w.keep(t, receipt)
				w.Told(receipt)
			}
			for _, when := range []string{"at once", "after a restart"} {
				s, err := w.Standing(t.Context(), "muong-te-01")
				must(t, err)
				if (len(s.Causes) == 1 && (s.Causes[0].Code == fleet.LastSilent || s.Causes[0].Code == fleet.TestSilent)) != tt.silent {
					t.Errorf("%s: %+v", when, s.Causes)
				}
				must(t, w.Save(t.Context()))
				w.start(t)
				w.say(t, said(true))
			}
		})
	}
}

// An output that a board has no more is not silent for ever: the others are tested
// every day, and it tells nothing.
func TestAnOutputThatIsGone(t *testing.T) {
	silent := fleet.Judged{Epoch: "e", Sequence: 1, At: time.Now(), Occurrence: "a@x", Output: "old", Verdict: protocol.VerdictSilent}
	for days, gone := range map[int]bool{1: false, 6: false, 7: true, 30: true} {
		heard := fleet.Judged{Epoch: "e", Sequence: 2, At: silent.At.AddDate(0, 0, days), Occurrence: "b@x", Output: "main", Verdict: protocol.VerdictHeard}
		if heard.Follows(silent) != gone {
			t.Errorf("after %d days: %v", days, !gone)
		}
	}
}

func TestChangedNamesWhoChanged(t *testing.T) {
	w := newWorld(t)
	mark := w.Changed().Now()
	w.say(t, said(true))
	w.say(t, state("muong-te-02", true))
	w.say(t, said(false))
	changed, now, _ := w.Changed().Since(mark)
	if !slices.Equal(changed, []string{"muong-te-02", "muong-te-01"}) {
		t.Errorf("%v", changed)
	}
	// What was not believed changes nothing.
	if w.State(t.Context(), "muong-te-01", []byte("{}")) == nil {
		t.Error("believed")
	}
	if changed, _, _ = w.Changed().Since(now); len(changed) != 0 {
		t.Errorf("%v", changed)
	}
}

// An emergency that begins or ends to sound anywhere is named; routine is not.
func TestSoundedNamesEmergencies(t *testing.T) {
	w := newWorld(t)
	alert := protocol.OnAir{Output: "main", Class: "emergency", Mode: protocol.Live, Subject: "alert/live/1", Order: "aa"}
	routine := protocol.OnAir{Output: "main", Class: "routine", Mode: protocol.Live, Subject: "sang@x", Order: "bb"}
	mark := w.Sounded().Now()
	step := func(want ...string) {
		t.Helper()
		var changed []string
		var now changes.Mark
		changed, now, _ = w.Sounded().Since(mark)
		mark = now
		if !slices.Equal(changed, want) {
			t.Errorf("%v, want %v", changed, want)
		}
	}
	w.say(t, state("muong-te-01", true, routine))
	step()
	w.say(t, state("muong-te-01", true, alert))
	step("aa")
	if on := w.Sounding("aa"); !slices.Equal(on, []string{"muong-te-01"}) {
		t.Errorf("sounding on %v", on)
	}
	w.say(t, state("muong-te-01", true, alert))
	step()
	w.say(t, state("muong-te-01", false)) // its will: nothing more is known
	step()
	if on := w.Sounding("aa"); len(on) != 0 {
		t.Errorf("sounding on %v, which is away", on)
	}
	w.say(t, state("muong-te-01", true))
	step("aa")
}

// Times that no calendar has cannot be written as JSON afterwards.
func TestTimesThatAreTooFarOff(t *testing.T) {
	w := newWorld(t)
	far := time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("x", -14*3600))
	onAir := state("muong-te-01", true, protocol.OnAir{Output: "main", Since: far})
	at := state("muong-te-01", true)
	at.At = far
	for _, s := range []protocol.State{onAir, at} {
		if w.State(t.Context(), "muong-te-01", encoded(t, s)) == nil {
			t.Errorf("believed: %+v", s)
		}
	}
	if w.Telemetry(t.Context(), "muong-te-01", encoded(t, protocol.Telemetry{Version: protocol.Version, Cluster: "muong-te-01", PlanUntil: far})) == nil {
		t.Error("believed")
	}
	if j, ok := fleet.JudgedBy(protocol.Receipt{At: far, Evidence: &protocol.Evidence{Verdict: protocol.VerdictSilent}}); !ok || !j.At.IsZero() {
		t.Errorf("%+v", j)
	}
}
