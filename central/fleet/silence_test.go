package fleet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loa/central/fleet"
	"loa/controller/protocol"
)

func TestCauses(t *testing.T) {
	now := time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	// well is a cluster with which nothing is wrong.
	well := func(change ...func(*fleet.Facts)) fleet.Facts {
		f := fleet.Facts{Enrolled: true, Picture: fleet.Picture{
			Cluster: "muong-te-01", Online: true, Since: ago(time.Hour), Seen: ago(time.Minute), Measured: ago(time.Minute),
			State:     &protocol.State{Online: true, Clock: protocol.ClockTrusted},
			Telemetry: &protocol.Telemetry{PlanUntil: now.AddDate(0, 0, 40)},
		}}
		for _, c := range change {
			c(&f)
		}
		return f
	}
	faulty := func(parts ...string) func(*fleet.Facts) {
		return func(f *fleet.Facts) {
			f.Picture.FaultSince = map[string]time.Time{}
			for _, p := range parts {
				f.Picture.State.Faults = append(f.Picture.State.Faults, protocol.FaultNote{Part: p, Detail: "why"})
				f.Picture.FaultSince[p] = ago(2 * time.Minute)
			}
		}
	}
	fault := func(code fleet.Code, part string) fleet.Silence {
		return fleet.Silence{Code: code, Since: ago(2 * time.Minute), Params: map[string]string{"part": part, "detail": "why"}}
	}
	untrusted := func(f *fleet.Facts) {
		f.Picture.State.Clock, f.Picture.UntrustedSince = protocol.ClockUntrusted, ago(3*time.Minute)
	}
	judged := func(v protocol.Verdict, detail string) func(*fleet.Facts) {
		return func(f *fleet.Facts) {
			f.Judged = &fleet.Judged{At: ago(4 * time.Minute), Order: "aa", Occurrence: "sang@x", Output: "main", Verdict: v, Detail: detail}
		}
	}
	silent := fleet.Silence{Code: fleet.LastSilent, Since: ago(4 * time.Minute), Params: map[string]string{"order": "aa", "occurrence": "sang@x", "output": "main"}}
	tested := silent
	tested.Code = fleet.TestSilent
	tested.Params = map[string]string{"order": "aa", "occurrence": "self-test@2026-11-21T02:40:00", "output": "main"}
	planned := func(until time.Time) func(*fleet.Facts) {
		return func(f *fleet.Facts) { f.Picture.Telemetry = &protocol.Telemetry{PlanUntil: until} }
	}
	away := func(f *fleet.Facts) { f.Picture.Online = false }
	for _, c := range []struct {
		name  string
		facts fleet.Facts
		want  []fleet.Silence
	}{
		{"well", well(), nil},
		{"heard", well(judged(protocol.VerdictHeard, "")), nil},
		{"no telemetry yet", well(func(f *fleet.Facts) { f.Picture.Telemetry = nil }), nil},
		{"nothing but a picture of long ago", well(func(f *fleet.Facts) { f.Picture.State = nil }), nil},

		{"no board", fleet.Facts{}, []fleet.Silence{{Code: fleet.NeverEnrolled}}},
		{"its board was revoked, whatever was told before", well(faulty("relay main"), func(f *fleet.Facts) { f.Enrolled = false }),
			[]fleet.Silence{{Code: fleet.NeverEnrolled}}},
		{"never heard", fleet.Facts{Enrolled: true}, []fleet.Silence{{Code: fleet.NeverSeen}}},
		{"away, whatever else was wrong", well(away, faulty("relay main"), untrusted, judged(protocol.VerdictSilent, "")),
			[]fleet.Silence{{Code: fleet.Offline, Since: ago(time.Hour), Params: map[string]string{"seen": "2026-11-21T21:59:00Z"}}}},

		{"relay", well(faulty("relay main")), []fleet.Silence{fault(fleet.RelayFault, "relay main")}},
		{"sound card", well(faulty("sound main")), []fleet.Silence{fault(fleet.SoundFault, "sound main")}},
		{"store", well(faulty("store")), []fleet.Silence{fault(fleet.StoreFault, "store")}},
		{"database", well(faulty("database")), []fleet.Silence{fault(fleet.StoreFault, "database")}},
		{"mains", well(faulty("mains")), []fleet.Silence{fault(fleet.MainsUnfit, "mains")}},
		{"its calendar", well(faulty("plan")), []fleet.Silence{fault(fleet.NoPlan, "plan")}},
		{"an expiring key set", well(faulty("keyset")), []fleet.Silence{fault(fleet.OtherFault, "keyset")}},
		{"an input whose name begins like a part", well(faulty("input relay")), []fleet.Silence{fault(fleet.OtherFault, "input relay")}},
		{"a part that nobody knows", well(faulty("relays")), []fleet.Silence{fault(fleet.OtherFault, "relays")}},
		{"both outputs", well(faulty("relay main", "relay second")), []fleet.Silence{fault(fleet.RelayFault, "relay main"), fault(fleet.RelayFault, "relay second")}},
		{"a fault of before the history", well(faulty("relay main"), func(f *fleet.Facts) { f.Picture.FaultSince = nil }),
			[]fleet.Silence{{Code: fleet.RelayFault, Params: map[string]string{"part": "relay main", "detail": "why"}}}},

		{"clock", well(untrusted), []fleet.Silence{{Code: fleet.ClockUntrusted, Since: ago(3 * time.Minute)}}},
		{"no plan", well(planned(time.Time{})), []fleet.Silence{{Code: fleet.NoPlan}}},
		{"a plan that is over", well(planned(ago(time.Hour))),
			[]fleet.Silence{{Code: fleet.NoPlan, Since: ago(time.Hour), Params: map[string]string{"until": "2026-11-21T21:00:00Z"}}}},
		{"a plan that is just over", well(planned(now)),
			[]fleet.Silence{{Code: fleet.NoPlan, Since: now, Params: map[string]string{"until": "2026-11-21T22:00:00Z"}}}},
		{"a plan that is nearly over", well(planned(now.Add(time.Second))), nil},
		{"a plan that was accepted since it said that it has none", well(planned(time.Time{}), func(f *fleet.Facts) { f.Picture.Planned = now }), nil},
		{"a plan that was accepted before", well(planned(time.Time{}), func(f *fleet.Facts) { f.Picture.Planned = ago(time.Hour) }), []fleet.Silence{{Code: fleet.NoPlan}}},
		{"no plan, for want of a clock", well(planned(time.Time{}), untrusted), []fleet.Silence{{Code: fleet.ClockUntrusted, Since: ago(3 * time.Minute)}}},

		{"its sensors heard nothing", well(judged(protocol.VerdictSilent, "")), []fleet.Silence{silent}},
		{"its self-test found nothing", well(judged(protocol.VerdictSilent, ""), func(f *fleet.Facts) { f.Judged.Occurrence = "self-test@2026-11-21T02:40:00" }), []fleet.Silence{tested}},
		{"and said why", well(judged(protocol.VerdictSilent, "no current")), []fleet.Silence{{Code: fleet.LastSilent, Since: silent.Since,
			Params: map[string]string{"order": "aa", "occurrence": "sang@x", "output": "main", "detail": "no current"}}}},

		{"everything, what explains most first", well(faulty("input button", "store", "sound main", "relay main"), untrusted, judged(protocol.VerdictSilent, "")),
			[]fleet.Silence{
				fault(fleet.RelayFault, "relay main"), fault(fleet.SoundFault, "sound main"), fault(fleet.StoreFault, "store"),
				{Code: fleet.ClockUntrusted, Since: ago(3 * time.Minute)}, silent, fault(fleet.OtherFault, "input button"),
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, fleet.Causes(c.facts, now)); d != "" {
				t.Error(d)
			}
		})
	}
}
