package controller

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/controller/store"
)

// Identity is what never changes while the agent runs.
type Identity struct {
	Agent   string   // the program's version
	Key     string   // id of the board's own key
	Epoch   string   // of the store
	Boot    string   // a nonce of this boot
	Outputs []string // names, in the board's order
	// TrustClock believes the board's clock from the start: it has an RTC that
	// the technician set. It is still refused below the floor.
	TrustClock bool
}

// State is all that the agent knows. Step never changes a State that it was
// given.
type State struct {
	Identity
	clock clock
	known protocol.Known

	plan      *held[protocol.Plan]
	calendar  *schedule.Calendar
	bulletins map[string]held[protocol.Bulletin] // by order hash
	alerts    map[string]alert                   // by subject
	locals    map[string]held[protocol.Local]    // by subject
	stops     map[string]kept                    // by order hash
	presses   []press
	marks     map[string]schedule.Mark // by occurrence

	settled time.Time // all that was missed before has its mark

	playing  map[string]playing // by output: what it is to sound
	sounding map[cueKey]playing // what playout was given and has not ended
	waiting  [][]byte           // envelopes that wait for the time
	refused  []string           // hashes lately refused, so that a resend is not told again

	audio  map[string]bool // on the board, by SHA-256
	faults map[string]string

	up      bool
	serial  uint64             // of the last Commit
	pending map[uint64]pending // what waits for a Commit
	unsaved []protocol.Receipt // numbered by no store yet
	next    int64              // the next receipt's number
	acked   int64              // central has all through this one
	sent    int64              // given to the broker through this one
	retry   time.Time          // not before this is a failed commit tried again
	told    told               // what was last said, and when
	started time.Time          // the board's clock at start
}

// held is an accepted order with its document.
type held[T any] struct {
	order *protocol.Order
	doc   *T
}

// kept is a record that is only remembered.
type kept struct {
	key   string
	until time.Time
}

// alert is an accepted alert and how far it has come.
type alert struct {
	held[protocol.Alert]
	done    int       // repetitions that sounded to their end
	lastEnd time.Time // of the last of them
	expired bool      // and that was told
}

// press is a press of a button that has a local order.
type press struct {
	held[protocol.Local]
	subject string
	mode    protocol.Mode
	at      time.Time
	done    int
	lastEnd time.Time
}

// playing is what one output sounds, or is about to.
type playing struct {
	schedule.OnAir
	order     string // hash
	subject   string
	since     time.Time
	committed bool     // 'starting' is durable, playout has the cue
	sources   []string // what sounded so far
	skipped   []string // what could not
	failure   string   // of an emergency: the one that was told
}

// cueKey names a cue on an output. While one cue fades for the next, an output
// has two.
type cueKey struct{ output, id string }

// pending is what a Commit holds up: the outputs whose start it makes durable.
type pending struct{ starts []string }

// told is what was last published.
type told struct {
	state   protocol.State
	hello   time.Time
	helloed bool
	beat    time.Time
	resend  time.Time
	areas   []string
	fetch   []string
	wake    time.Time
}

// clone copies what Step may change. Documents and orders are never changed,
// so they are shared.
func (s State) clone() State {
	s.known.Held = maps.Clone(s.known.Held)
	s.known.Alerts = maps.Clone(s.known.Alerts)
	s.known.Stops = maps.Clone(s.known.Stops)
	s.bulletins = maps.Clone(s.bulletins)
	s.alerts = maps.Clone(s.alerts)
	s.locals = maps.Clone(s.locals)
	s.stops = maps.Clone(s.stops)
	s.presses = slices.Clone(s.presses)
	s.marks = maps.Clone(s.marks)
	s.playing = maps.Clone(s.playing)
	s.sounding = maps.Clone(s.sounding)
	s.waiting = slices.Clone(s.waiting)
	s.refused = slices.Clone(s.refused)
	s.audio = maps.Clone(s.audio)
	s.faults = maps.Clone(s.faults)
	s.pending = maps.Clone(s.pending)
	s.unsaved = slices.Clone(s.unsaved)
	return s
}

// Keys of records in the store. They sort so that trust is read first.
const (
	keyRoot      = "0/root"
	keyKeySet    = "1/keyset"
	keyPlacement = "2/placement"
	keyCancel    = "3/cancel/" // + narrow|wide + "/" + subject
	keyStop      = "4/stop/"   // + narrow|wide + "/" + hash
	keyAlert     = "5/"        // + subject
	keyLocal     = "6/"        // + subject
	keyBulletin  = "7/bulletin/"
	keyPlan      = "8/plan"
)

// reach says in a record's key whom a cancel or stop was counted for.
func reach(wide bool) string {
	if wide {
		return "wide/"
	}
	return "narrow/"
}

// Restore makes the state of a board that starts, from what its store holds.
// The returned receipts tell what a power cut interrupted; the first Step
// commits them.
func Restore(id Identity, snap store.Snapshot, audio []string, now time.Time) (State, error) {
	s := State{
		Identity:  id,
		known:     protocol.Known{BoardKey: id.Key, Epoch: id.Epoch, Boot: id.Boot, Held: map[string]protocol.Held{}, Alerts: map[string]protocol.KnownAlert{}, Stops: map[string]bool{}},
		bulletins: map[string]held[protocol.Bulletin]{},
		alerts:    map[string]alert{},
		locals:    map[string]held[protocol.Local]{},
		stops:     map[string]kept{},
		marks:     map[string]schedule.Mark{},
		playing:   map[string]playing{},
		sounding:  map[cueKey]playing{},
		audio:     map[string]bool{},
		faults:    map[string]string{},
		pending:   map[uint64]pending{},
		next:      snap.NextSequence,
		acked:     snap.Acked,
		sent:      snap.Acked,
		started:   now,
	}
	s.clock.Floor = snap.Floor
	s.clock.Trusted = id.TrustClock && now.After(snap.Floor)
	for _, hash := range audio {
		s.audio[hash] = true
	}
	records := slices.Clone(snap.Orders)
	slices.SortFunc(records, func(a, b store.Record) int { return strings.Compare(a.Key, b.Key) })
	for _, r := range records {
		o, err := protocol.Recall(r.Envelope, r.Hash)
		if err != nil {
			return State{}, fmt.Errorf("read %s back from the store: %w", r.Key, err)
		}
		s.remember(o, r)
	}
	for id, m := range snap.Marks {
		s.marks[id] = schedule.Mark(m)
	}
	s.interrupted(now)
	return s, nil
}

// interrupted closes what was on air when the power went. A routine item never
// starts twice, so it is told as failed; an alert's repetition has no mark and
// starts again whole.
func (s *State) interrupted(now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(s.marks)) {
		if m := s.marks[id]; m.Fate == protocol.FateStarted {
			m.Fate, m.At = protocol.FateFailed, now
			s.marks[id] = m
			r := s.receipt(protocol.FateFailed, now)
			r.Kind, r.Mode, r.Subject, r.Occurrence = protocol.KindPlan, protocol.Live, "plan", id
			if s.plan != nil {
				r.Order = s.plan.order.Hash
			}
			r.Detail = "the board lost power, or its program ended, while it sounded"
			s.unsaved = append(s.unsaved, r)
		}
	}
}

// remember takes an accepted order into the state, at receipt and at restart.
func (s *State) remember(o *protocol.Order, r store.Record) {
	newest := protocol.Held{Revision: o.Revision, Hash: o.Hash}
	switch d := o.Document.(type) {
	case *protocol.Root:
		s.known.Root, s.known.Held[o.Subject] = d, newest
	case *protocol.KeySet:
		s.known.KeySet, s.known.Held[o.Subject] = d, newest
	case *protocol.Placement:
		s.known.Placement, s.known.Held[o.Subject] = d, newest
	case *protocol.Bulletin:
		s.bulletins[o.Hash] = held[protocol.Bulletin]{o, d}
		if newest.Revision > s.known.Held[o.Subject].Revision {
			s.known.Held[o.Subject] = newest
		}
	case *protocol.Plan:
		s.plan, s.calendar, s.known.Held[o.Subject] = &held[protocol.Plan]{o, d}, nil, newest
	case *protocol.Local:
		s.locals[o.Subject], s.known.Held[o.Subject] = held[protocol.Local]{o, d}, newest
	case *protocol.Alert:
		s.known.Alerts[o.Subject] = s.known.Alerts[o.Subject].Seen(d, o.Hash)
		s.alerts[o.Subject] = alert{held: held[protocol.Alert]{o, d}, done: r.Progress.Done, lastEnd: r.Progress.LastEnd}
	case *protocol.Cancel:
		s.end(o.Subject, o.Hash, o.Wide || strings.HasPrefix(r.Key, keyCancel+reach(true)), r.Keep)
	case *protocol.Stop:
		wide := o.Wide || strings.HasPrefix(r.Key, keyStop+reach(true))
		s.known.Stops[o.Hash] = true
		s.stops[o.Hash] = kept{r.Key, r.Keep}
		for _, t := range d.Targets {
			if t.Alert != "" {
				s.end(protocol.AlertSubject(t.Mode, t.Alert), "", wide, r.Keep)
			} else {
				s.marks[t.Occurrence] = schedule.Mark{Fate: protocol.FateStopped, At: r.Accepted, Keep: r.Keep}
			}
		}
	}
}

// end notes that an alert was cancelled or stopped, seen or not.
func (s *State) end(subject, hash string, wide bool, keep time.Time) {
	k := s.known.Alerts[subject]
	k.Cancelled, k.CancelWide = true, k.CancelWide || wide
	if hash != "" {
		k.CancelHash = hash
	}
	k.Keep = later(k.Keep, keep)
	s.known.Alerts[subject] = k
}

// ended reports whether an alert was cancelled by somebody who could.
func (s *State) ended(subject string) bool {
	return s.known.Alerts[subject].Ended()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
