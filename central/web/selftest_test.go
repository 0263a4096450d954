package web_test

import (
	"slices"
	"testing"
	"time"

	"loa/controller/protocol"
)

// A self-test is seen by whoever looks after clusters, and is never a programme
// that people heard.
func TestSelfTestIsShown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.trusted()
		w.enrol("muong-te-01", "board one")
		w.tells("muong-te-01")
		var err error
		w.tokens["lan"], _, err = w.registry.NewToken(t.Context(), "test", "lan", "test", 72*time.Hour)
		w.must(err)
		now := time.Now().UTC()
		sent, err := w.orders.SendPlan(t.Context(), protocol.Plan{
			Cluster: "muong-te-01", From: now.Add(-24 * time.Hour), Until: now.AddDate(0, 0, 30), Zone: "Asia/Ho_Chi_Minh",
			Items: []protocol.Item{}, SelfTest: &protocol.SelfTest{Start: "02:40:00", Late: 3600},
		})
		w.must(err)
		sequence := int64(0)
		tells := func(occurrence string, verdict protocol.Verdict) {
			sequence++
			w.receives("board one", protocol.Receipt{
				Cluster: "muong-te-01", Sequence: sequence, Order: sent.Hash, Kind: protocol.KindPlan, Mode: protocol.Live, Subject: occurrence,
				Occurrence: occurrence, Fate: protocol.FateFinished,
				Evidence: &protocol.Evidence{Output: "main", Samples: 192000, Sources: []string{}, Verdict: verdict},
			})
			in(time.Minute)
		}
		alarms := func() (codes []string) {
			var all []struct{ Code string }
			w.ask("lan", "GET", "/alarms", nil).ok(&all)
			for _, a := range all {
				codes = append(codes, a.Code)
			}
			return codes
		}
		runs := func() (occurrences []string) {
			var all []struct{ Occurrence string }
			w.ask("lan", "GET", "/clusters/muong-te-01/runs", nil).ok(&all)
			for _, r := range all {
				occurrences = append(occurrences, r.Occurrence)
			}
			return occurrences
		}
		const first, second, news = "self-test@2026-11-21T02:40:00", "self-test@2026-11-22T02:40:00", "sang@2026-11-22T05:30:00"
		tells(first, protocol.VerdictSilent)
		if got := alarms(); !slices.Contains(got, "test-silent") {
			t.Errorf("nobody is told of a silent self-test: %q", got)
		}
		tells(second, protocol.VerdictHeard)
		if got := alarms(); slices.Contains(got, "test-silent") {
			t.Errorf("it stays: %q", got)
		}
		tells(news, protocol.VerdictHeard)
		all := w.line("lan", "")
		if got, want := kinds(all, "self-test"), []string{first + " finished silent", second + " finished heard"}; !slices.Equal(got, want) {
			t.Errorf("self-tests %q, want %q", got, want)
		}
		if got := kinds(all, "run"); !slices.Equal(got, []string{news + " finished heard"}) {
			t.Errorf("runs %q", got)
		}
		if got := runs(); !slices.Equal(got, []string{news}) {
			t.Errorf("what people heard: %q", got)
		}
		in(48 * time.Hour)
		if got := kinds(w.line("lan", ""), "due"); len(got) != 0 {
			t.Errorf("due: %q", got)
		}
	})
}
