package fleet

import (
	"strings"
	"time"

	"loa/controller/protocol"
)

// Code says in one word why a cluster is silent, or will be when it is asked to
// sound. It does not change; the words for people are the console's.
type Code string

const (
	NeverEnrolled  Code = "never-enrolled"  // it has no board in service
	NeverSeen      Code = "never-seen"      // its board was never heard
	Offline        Code = "offline"         // its board is not connected
	RelayFault     Code = "relay-fault"     // the amplifier's power cannot be switched
	SoundFault     Code = "sound-fault"     // the sound path is dead
	StoreFault     Code = "store-fault"     // the board cannot keep what it is sent
	ClockUntrusted Code = "clock-untrusted" // the board does not know the time, and holds routine back
	MainsUnfit     Code = "mains-unfit"     // its supply powers emergencies only
	NoPlan         Code = "no-plan"         // it has no plan that reaches ahead
	LastSilent     Code = "last-silent"     // its sensors heard nothing of the latest run
	TestSilent     Code = "test-silent"     // nor found life in its amplifier when it tested itself
	OtherFault     Code = "other-fault"     // something else is wrong with the board
)

// Silence is why a cluster is silent, or will be.
type Silence struct {
	Code   Code
	Since  time.Time         // zero: not known
	Params map[string]string // what the code's words need; nil for none
}

// Facts are all that Causes looks at.
type Facts struct {
	Enrolled bool // a board is in service
	Picture  Picture
	Judged   *Judged // the latest run that sensors judged; nil: none
}

// Causes lists everything because of which a cluster is silent or will be, the
// one that explains most first; nil where there is nothing. What hides the rest
// stands alone: of a board that is away nothing else is known.
func Causes(f Facts, now time.Time) []Silence {
	p := f.Picture
	switch {
	case !f.Enrolled:
		return []Silence{{Code: NeverEnrolled}}
	case p.Seen.IsZero():
		return []Silence{{Code: NeverSeen}}
	case !p.Online:
		return []Silence{{Code: Offline, Since: p.Since, Params: moments("seen", p.Seen)}}
	}
	var all, others []Silence
	if p.State != nil {
		byCode := map[Code][]Silence{}
		for _, note := range p.State.Faults {
			s := Silence{Code: codeOf(note.Part), Since: p.FaultSince[note.Part], Params: map[string]string{"part": note.Part, "detail": note.Detail}}
			byCode[s.Code] = append(byCode[s.Code], s)
		}
		for _, code := range []Code{RelayFault, SoundFault, StoreFault, MainsUnfit} {
			all = append(all, byCode[code]...)
		}
		others = byCode[OtherFault]
		if p.State.Clock != protocol.ClockTrusted {
			all = append(all, Silence{Code: ClockUntrusted, Since: p.UntrustedSince})
		}
		all = append(all, byCode[NoPlan]...)
	}
	if t := p.Telemetry; t != nil && !t.PlanUntil.After(now) && !p.Planned.After(p.Measured) && len(all) == 0 {
		s := Silence{Code: NoPlan}
		if !t.PlanUntil.IsZero() {
			s.Since, s.Params = t.PlanUntil, moments("until", t.PlanUntil)
		}
		all = append(all, s)
	}
	if j := f.Judged; j != nil && j.Verdict == protocol.VerdictSilent {
		params := map[string]string{"order": j.Order, "occurrence": j.Occurrence, "output": j.Output}
		if j.Detail != "" {
			params["detail"] = j.Detail
		}
		code := LastSilent
		if protocol.IsSelfTest(j.Occurrence) {
			code = TestSilent
		}
		all = append(all, Silence{Code: code, Since: j.At, Params: params})
	}
	return append(all, others...)
}

// codeOf sorts a board's faults by what they do to sound. Parts are named by
// the agent, as in "relay main".
func codeOf(part string) Code {
	kind, _, _ := strings.Cut(part, " ")
	switch kind {
	case "relay":
		return RelayFault
	case "sound", "speaker":
		return SoundFault
	case "store", "database":
		return StoreFault
	case "mains":
		return MainsUnfit
	case "plan":
		return NoPlan
	}
	return OtherFault
}

func moments(name string, t time.Time) map[string]string {
	if t.IsZero() {
		return nil
	}
	return map[string]string{name: t.UTC().Format(time.RFC3339)}
}
