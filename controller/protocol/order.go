package protocol

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Plan is what one cluster plays and when, until the next plan. Central signs
// it, so it may name audio only through bulletins that persons signed, and it
// is never an emergency.
type Plan struct {
	Version  int       `json:"version"`
	Cluster  string    `json:"cluster"`
	Revision int64     `json:"revision"`
	Issued   time.Time `json:"issued"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Zone     string    `json:"zone"` // IANA name; starts and rules are in it
	Items    []Item    `json:"items"`
	// SelfTest is when the board tries its outputs by itself, every day and
	// unheard; nil is never.
	SelfTest *SelfTest `json:"selfTest,omitempty"`
}

// SelfTest is a time of the day. Every programme and every alert comes before
// it.
type SelfTest struct {
	Start string `json:"start"` // local time, 15:04:05
	Late  int    `json:"late"`  // seconds after it at which the test may still begin
}

// SelfTestID is the item of which a self-test is an occurrence, as in
// self-test@2026-11-21T02:40:00. No item of a plan may have it.
const SelfTestID = "self-test"

// IsSelfTest reports whether an occurrence of a plan is the self-test's.
func IsSelfTest(occurrence string) bool { return strings.HasPrefix(occurrence, SelfTestID+"@") }

// TimeOfDay is the layout of SelfTest.Start.
const TimeOfDay = "15:04:05"

// Item is one programme of a plan.
type Item struct {
	ID    string `json:"id"`
	Class string `json:"class"` // routine or priority
	// Order breaks ties of one class: the lower plays first. Where a commune
	// user decided an order (TT 39), it is this.
	Order   int      `json:"order"`
	Output  string   `json:"output,omitempty"` // "" is every output
	Start   string   `json:"start"`            // local time, 2006-01-02T15:04:05
	Rule    string   `json:"rule,omitempty"`   // RFC 5545 recurrence; "" is once
	Except  []string `json:"except,omitempty"` // starts that are left out, local time
	Seconds int      `json:"seconds"`          // the slot: the longest it may sound
	Late    int      `json:"late"`             // seconds after its time at which it may still begin or, when cut, go on
	Gain    float64  `json:"gain,omitzero"`    // dB, from LeastGain to 0: how much softer than it was made it sounds
	Parts   []Part   `json:"parts"`
}

// LeastGain is the softest that a programme can be made, in dB.
const LeastGain = -40

// Part is one piece of an item: the board plays the first source that is whole.
type Part struct {
	Sources []Source `json:"sources"`
}

// Chime is the one built-in sound that a plan may name: sirens and phrases are
// for alerts, which central cannot sign.
const Chime = "chime"

// Source is an approved bulletin in a language, or the chime.
type Source struct {
	Bulletin string `json:"bulletin,omitempty"` // hash of the bulletin document
	Language string `json:"language,omitempty"`
	BuiltIn  string `json:"builtIn,omitempty"` // Chime
}

// LocalTime is the layout of Item.Start and Item.Except.
const LocalTime = "2006-01-02T15:04:05"

// Limits of a plan.
const (
	MaxItems = 2000
	maxRule  = 500
)

func (p *Plan) check() error {
	var f Faults
	checkCluster(&f, p.Cluster)
	checkRevision(&f, p.Revision)
	checkTime(&f, "issued", p.Issued)
	checkTime(&f, "from", p.From)
	checkTime(&f, "until", p.Until)
	if !p.From.Before(p.Until) || p.Until.Sub(p.From) > planLife {
		f.addf("until", "must be after from, by at most 400 days")
	}
	if p.Zone == "" || p.Zone == "Local" {
		f.addf("zone", "%q is not the name of a zone", p.Zone)
	} else if _, err := time.LoadLocation(p.Zone); err != nil {
		f.addf("zone", "%v", err)
	}
	if len(p.Items) > MaxItems {
		f.addf("items", "%d, at most %d", len(p.Items), MaxItems)
		return f.refusal()
	}
	if p.SelfTest != nil {
		p.SelfTest.check(&f)
	}
	ids := map[string]bool{}
	for i, it := range p.Items {
		at := fmt.Sprintf("items[%d]", i)
		if it.ID == SelfTestID {
			f.addf(at+".id", "%q is kept for the self-test", it.ID)
		}
		if ids[it.ID] {
			f.addf(at+".id", "%q stands twice", it.ID)
		}
		ids[it.ID] = true
		it.check(&f, at)
	}
	return f.refusal()
}

func (st *SelfTest) check(f *Faults) {
	if _, err := time.Parse(TimeOfDay, st.Start); err != nil || len(st.Start) != len(TimeOfDay) {
		f.addf("selfTest.start", "%q is not a time of day", st.Start)
	}
	if st.Late < 0 || st.Late > 6*3600 {
		f.addf("selfTest.late", "%d, from 0 to 6 hours", st.Late)
	}
}

func (it *Item) check(f *Faults, at string) {
	checkID(f, at+".id", it.ID)
	if it.Class != "routine" && it.Class != "priority" {
		f.addf(at+".class", "%q is neither routine nor priority", it.Class)
	}
	if it.Output != "" {
		checkID(f, at+".output", it.Output)
	}
	if _, err := time.Parse(LocalTime, it.Start); err != nil {
		f.addf(at+".start", "%q is not a local time", it.Start)
	}
	for _, e := range it.Except {
		if _, err := time.Parse(LocalTime, e); err != nil {
			f.addf(at+".except", "%q is not a local time", e)
		}
	}
	if len(it.Rule) > maxRule {
		f.addf(at+".rule", "%d bytes, at most %d", len(it.Rule), maxRule)
	}
	if it.Seconds < 1 || it.Seconds > 24*3600 {
		f.addf(at+".seconds", "%d, from 1 to a day", it.Seconds)
	}
	if it.Late < 0 || it.Late > 6*3600 {
		f.addf(at+".late", "%d, from 0 to 6 hours", it.Late)
	}
	if !(it.Gain >= LeastGain && it.Gain <= 0) {
		f.addf(at+".gain", "%v dB, from %d to 0", it.Gain, LeastGain)
	}
	if len(it.Parts) == 0 || len(it.Parts) > 100 {
		f.addf(at+".parts", "%d, from 1 to 100", len(it.Parts))
	}
	for j, part := range it.Parts {
		at := fmt.Sprintf("%s.parts[%d]", at, j)
		if len(part.Sources) == 0 || len(part.Sources) > 16 {
			f.addf(at+".sources", "%d, from 1 to 16", len(part.Sources))
		}
		for k, s := range part.Sources {
			at := fmt.Sprintf("%s.sources[%d]", at, k)
			switch {
			case s.BuiltIn != "" && s.Bulletin == "" && s.Language == "":
				if s.BuiltIn != Chime {
					f.addf(at+".builtIn", "%q, a plan has only the %s", s.BuiltIn, Chime)
				}
			case s.BuiltIn == "" && hexHash.MatchString(s.Bulletin):
				checkLanguage(f, at+".language", s.Language)
			default:
				f.addf(at, "names neither one bulletin's hash nor one built-in sound")
			}
		}
	}
}

// Alert is an emergency. It lives at most 24 hours.
type Alert struct {
	Version  int       `json:"version"`
	ID       string    `json:"id"`
	Sequence int       `json:"sequence"` // 1 raises, a higher one updates
	Audience []string  `json:"audience"` // area codes
	Issued   time.Time `json:"issued"`
	Expires  time.Time `json:"expires"`
	Announcement
}

func (a *Alert) check() error {
	var f Faults
	checkID(&f, "id", a.ID)
	if a.Sequence < 1 || a.Sequence > 1_000_000 {
		f.addf("sequence", "%d, from 1 to a million", a.Sequence)
	}
	checkAreas(&f, "audience", a.Audience)
	checkTime(&f, "issued", a.Issued)
	checkTime(&f, "expires", a.Expires)
	if !a.Issued.Before(a.Expires) || a.Expires.Sub(a.Issued) > alertLife {
		f.addf("expires", "must be after issued, by at most 24 hours")
	}
	a.Announcement.check(&f)
	return f.refusal()
}

// Cancel ends an alert for good, at any sequence, also before the alert has
// arrived. It needs no clock.
type Cancel struct {
	Version  int       `json:"version"`
	Alert    string    `json:"alert"`
	Audience []string  `json:"audience"`
	Issued   time.Time `json:"issued"`
}

func (c *Cancel) check() error {
	var f Faults
	checkID(&f, "alert", c.Alert)
	checkAreas(&f, "audience", c.Audience)
	checkTime(&f, "issued", c.Issued)
	return f.refusal()
}

// Stop silences what is on air now, of any class, and what it names does not
// start again. It needs no clock.
type Stop struct {
	Version  int       `json:"version"`
	ID       string    `json:"id"`
	Audience []string  `json:"audience"`
	Issued   time.Time `json:"issued"`
	Targets  []Target  `json:"targets"`
}

// Target names one occurrence of a plan's item, one press of a button, or one
// alert.
type Target struct {
	// Occurrence is <item>@<start> of a plan's item, as in
	// news-am@2026-11-21T05:30:00, or local/<mode>/<input>@<start> of a press.
	Occurrence string `json:"occurrence,omitempty"`
	Alert      string `json:"alert,omitempty"`
	Mode       Mode   `json:"mode,omitempty"` // of the alert
}

// occurrence keeps an alert's subject out: who may end an occurrence is asked of
// other rules than who may end an alert.
var occurrence = regexp.MustCompile(`^(local/(live|drill)/)?[A-Za-z0-9][A-Za-z0-9._:-]{0,63}@[0-9TZ:.-]{1,40}$`)

func (s *Stop) check() error {
	var f Faults
	checkID(&f, "id", s.ID)
	checkAreas(&f, "audience", s.Audience)
	checkTime(&f, "issued", s.Issued)
	if len(s.Targets) == 0 || len(s.Targets) > 100 {
		f.addf("targets", "%d, from 1 to 100", len(s.Targets))
	}
	for i, t := range s.Targets {
		at := fmt.Sprintf("targets[%d]", i)
		switch {
		case t.Occurrence != "" && t.Alert == "" && t.Mode == "":
			if !occurrence.MatchString(t.Occurrence) {
				f.addf(at+".occurrence", "%q is not an occurrence", t.Occurrence)
			}
		case t.Alert != "" && t.Occurrence == "" && (t.Mode == Live || t.Mode == Drill):
			checkID(&f, at+".alert", t.Alert)
		default:
			f.addf(at, "names neither one occurrence nor one alert with its mode")
		}
	}
	return f.refusal()
}

// Local is what a press of an input plays: signed ahead, so that a commune that
// is cut off can still warn.
type Local struct {
	Version  int       `json:"version"`
	Input    string    `json:"input"` // the button's name on the board
	Audience []string  `json:"audience"`
	Revision int64     `json:"revision"`
	Issued   time.Time `json:"issued"`
	Expires  time.Time `json:"expires"` // at most 12 months after issued
	Seconds  int       `json:"seconds"` // the longest that one press sounds
	Announcement
}

func (l *Local) check() error {
	var f Faults
	checkID(&f, "input", l.Input)
	checkAreas(&f, "audience", l.Audience)
	checkRevision(&f, l.Revision)
	checkTime(&f, "issued", l.Issued)
	checkTime(&f, "expires", l.Expires)
	if !l.Issued.Before(l.Expires) || l.Expires.Sub(l.Issued) > localLife {
		f.addf("expires", "must be after issued, by at most 12 months")
	}
	if l.Seconds < 1 || l.Seconds > 3600 {
		f.addf("seconds", "%d, from 1 to 3600", l.Seconds)
	}
	l.Announcement.check(&f)
	return f.refusal()
}

// SignedTime is central's clock, for the boot that asked.
type SignedTime struct {
	Version int       `json:"version"`
	Cluster string    `json:"cluster"`
	Boot    string    `json:"boot"` // the nonce of the board's hello
	Time    time.Time `json:"time"`
}

func (s *SignedTime) check() error {
	var f Faults
	checkCluster(&f, s.Cluster)
	checkTime(&f, "time", s.Time)
	checkToken(&f, "boot", s.Boot)
	return f.refusal()
}

// checkToken refuses an empty nonce, which a board that has none would match.
func checkToken(f *Faults, field, token string) {
	if token == "" || len(token) > 100 {
		f.addf(field, "%d bytes, from 1 to 100", len(token))
	}
}

func (a *Ack) check() error {
	var f Faults
	checkCluster(&f, a.Cluster)
	checkToken(&f, "epoch", a.Epoch)
	if a.Sequence < 0 {
		f.addf("sequence", "%d, at least 0", a.Sequence)
	}
	return f.refusal()
}

// KeepAlert is how long a board remembers an alert's id behind its expiry.
const KeepAlert = 24 * time.Hour
