package controller

import (
	"maps"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// Identity is what never changes while the agent runs.
type Identity struct {
	Agent   string   // the program's version
	Cluster string   // that the enrolment names
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
	clock     clock
	known     protocol.Known
	keySet    *protocol.Order // of known
	placement *protocol.Order // of known

	plan      *held[protocol.Plan]
	calendar  *schedule.Calendar                 // of the plan, around calendarAt
	bulletins map[string]held[protocol.Bulletin] // by order hash
	alerts    map[string]alert                   // by subject
	locals    map[string]held[protocol.Local]    // by subject
	stops     map[string]kept                    // by order hash
	presses   []press
	down      map[string]bool          // buttons that are pressed, by input
	marks     map[string]schedule.Mark // by occurrence

	calendarAt time.Time // when the calendar was worked out; the time as known
	settled    time.Time // all that was missed before has its mark

	cues    map[string]cue    // by token: what is to start, and what playout was given and has not ended
	playing map[string]string // by output: the token of what it is to sound
	made    uint64            // cues so far

	waiting  []waiting // orders that wait for the time
	refused  []string  // what was lately refused and why, so that a resend is not told again
	refusals int       // in the minute from refusing on
	refusing time.Time // board's clock

	audio   map[string]bool // by SHA-256: true is on the board, false is perhaps a part of it
	changed bool            // documents or audio, since what is wanted was worked out
	faults  map[string]string
	unfit   string // why the mains may not power routine and priority; "" is that they may

	up       bool
	serial   uint64       // of the last Commit
	storing  *transaction // what that Commit holds, until it is answered
	gathered transaction  // what the next one will hold
	retry    time.Time    // board's clock: not before this is a failed commit tried again
	next     int64        // the next receipt's number
	acked    int64        // central has all through this one
	sent     int64        // given to the broker through this one
	told     told         // what was last said, and when
	started  time.Time    // the board's clock at start
}

// held is an accepted order with its document.
type held[T any] struct {
	order *protocol.Order
	doc   *T
}

// kept is a stop that is only remembered.
type kept struct {
	key    string
	until  time.Time
	alerts []string // that it names
}

// alert is an accepted alert and how far it has come.
type alert struct {
	held[protocol.Alert]
	done    int       // repetitions that sounded to their end; all of them once it has expired
	lastEnd time.Time // of the last of them
}

// press is a press of a button that has a local order. Its times are of the
// board's own clock: it needs no right one, and learning the time does not
// cut it.
type press struct {
	held[protocol.Local]
	subject string
	at      time.Time
	done    int
	lastEnd time.Time
}

// waiting is an envelope that is to be judged again when the time is known.
type waiting struct {
	data []byte
	kind protocol.Kind
}

// cue is one start of something on one output: from the decision over the
// commit to what playout tells of its end.
type cue struct {
	schedule.OnAir
	token   string // names it to playout; every start has its own
	output  string
	order   string // hash
	subject string
	since   time.Time // as known
	asked   time.Time // the same on the board's clock
	ends    time.Time // silent at the latest, on the board's clock; zero is no end

	given     bool          // its start is durable, or the store is broken; playout has it
	told      bool          // playout has told of it, so it will tell of its end
	failing   string        // why playout is trying an emergency again
	ended     protocol.Fate // set while other outputs still sound the same
	position  time.Duration // with ended
	sources   []string      // what sounded so far
	skipped   []string      // what could not
	bulletins []string      // documents that it stands on
}

// told is what was last published, and when by the board's clock.
type told struct {
	state    protocol.State
	hello    time.Time
	hellos   int  // since the session began
	answered bool // by a signed time
	// unanswered counts the hellos since the last answer, and asked is when the
	// first of them was sent.
	unanswered int
	asked      time.Time
	beat       time.Time
	resend     time.Time
	areas      []string
	fetch      []string
	drop       time.Time // when audio that nothing names is dropped; zero without any
	prune      time.Time // when old receipts are pruned next
}

// clone copies what Step may change. Documents, orders and transactions are
// never changed, so they are shared.
func (s State) clone() State {
	s.known.Held = maps.Clone(s.known.Held)
	s.known.Alerts = maps.Clone(s.known.Alerts)
	s.known.Stops = maps.Clone(s.known.Stops)
	s.bulletins = maps.Clone(s.bulletins)
	s.alerts = maps.Clone(s.alerts)
	s.locals = maps.Clone(s.locals)
	s.stops = maps.Clone(s.stops)
	s.presses = slices.Clone(s.presses)
	s.down = maps.Clone(s.down)
	s.marks = maps.Clone(s.marks)
	s.cues = maps.Clone(s.cues)
	s.playing = maps.Clone(s.playing)
	s.waiting = slices.Clone(s.waiting)
	s.refused = slices.Clone(s.refused)
	s.audio = maps.Clone(s.audio)
	s.faults = maps.Clone(s.faults)
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
