package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"loa/central/registry"
	"loa/controller/protocol"
	"loa/controller/schedule"
)

// Zone is the province's: starts and rules are local time in it.
const Zone = "Asia/Ho_Chi_Minh"

// Errors that callers look at. A store returns them too.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
)

// Conflict says that a programme was changed by somebody else since it was
// read.
type Conflict struct {
	ID         string
	Have, Want int64 // revisions: the planner's, the caller's
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("programme %s is at revision %d, not %d: somebody changed it meanwhile", c.ID, c.Have, c.Want)
}

// Programme is bulletins at a time, once or again and again, for an area and
// all that lies in it.
type Programme struct {
	ID       string `json:"id"`
	Revision int64  `json:"revision" required:"false" readOnly:"true"`
	Title    string `json:"title"`
	Area     string `json:"area"`  // code
	Class    string `json:"class"` // routine or priority
	// Order decides between programmes of one class at one time: the lower
	// plays first (TT 39: for priority bulletins the commune user decides it).
	Order     int      `json:"order"`
	Start     string   `json:"start"`          // local time, 2006-01-02T15:04:05
	Rule      string   `json:"rule,omitempty"` // RFC 5545 recurrence; "" is once
	Except    []string `json:"except,omitempty"`
	Seconds   int      `json:"seconds"` // the slot
	Late      int      `json:"late"`    // seconds after its time at which it may still begin or go on
	Bulletins []string `json:"bulletins"`
	NoChime   bool     `json:"noChime,omitempty"`
	Gain      float64  `json:"gain,omitempty"` // dB, from -40 to 0: how much softer it sounds than it was made, chime included
	By        string   `json:"by,omitempty"`   // who changed it last
}

var programmeID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$`)

// Limits of a programme.
const (
	mostBulletins = 50
	mostExcept    = 400
)

// Validate returns all faults of what a person writes, as registry.Faults, or
// nil.
func (p Programme) Validate() error {
	var f registry.Faults
	bad := func(field, format string, args ...any) {
		f = append(f, registry.Fault{Field: field, Problem: fmt.Sprintf(format, args...)})
	}
	if !programmeID.MatchString(p.ID) {
		bad("id", "%q is not an id: letters, digits, and . _ -, at most 48", p.ID)
	}
	if p.ID == protocol.SelfTestID {
		bad("id", "%q is kept for the boards' self-test", p.ID)
	}
	if n := len([]rune(p.Title)); strings.TrimSpace(p.Title) == "" || n > 200 {
		bad("title", "%d characters, from 1 to 200", n)
	}
	if strings.ContainsFunc(p.Title, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
		bad("title", "has a control character")
	}
	if !protocol.ValidArea(p.Area) {
		bad("area", "%q is not an area's code", p.Area)
	}
	if p.Class != "routine" && p.Class != "priority" {
		bad("class", "%q is neither routine nor priority", p.Class)
	}
	if err := schedule.CheckRule(p.Start, p.Rule, Zone); err != nil {
		field, problem, _ := strings.Cut(err.Error(), ": ")
		bad(field, "%s", problem)
	}
	if len(p.Except) > mostExcept {
		bad("except", "%d, at most %d", len(p.Except), mostExcept)
	}
	for i, e := range p.Except {
		if _, err := time.Parse(protocol.LocalTime, e); err != nil {
			bad(fmt.Sprintf("except[%d]", i), "%q is not a local time", e)
		}
	}
	if p.Seconds < 1 || p.Seconds > 24*3600 {
		bad("seconds", "%d, from 1 to a day", p.Seconds)
	}
	if p.Late < 0 || p.Late > 6*3600 {
		bad("late", "%d, from 0 to 6 hours", p.Late)
	}
	if !(p.Gain >= protocol.LeastGain && p.Gain <= 0) {
		bad("gain", "%v dB, from %d to 0", p.Gain, protocol.LeastGain)
	}
	if len(p.Bulletins) == 0 || len(p.Bulletins) > mostBulletins {
		bad("bulletins", "%d, from 1 to %d", len(p.Bulletins), mostBulletins)
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// Store keeps programmes. Methods that take by are one transaction with their
// audit row.
type Store interface {
	AddProgramme(ctx context.Context, by string, p Programme) error // ErrExists
	// PutProgramme replaces revision p.Revision-1: *Conflict when that is not
	// the present one, ErrNotFound.
	PutProgramme(ctx context.Context, by string, p Programme) error
	// RemoveProgramme is *Conflict when revision is not the present one,
	// ErrNotFound.
	RemoveProgramme(ctx context.Context, by, id string, revision int64) error
	Programme(ctx context.Context, id string) (Programme, error)
	Programmes(ctx context.Context) ([]Programme, error) // by id
}

// Planner is the room's face. It checks what it is given but not who asks: that
// is the registry's.
type Planner struct{ store Store }

// New returns the planner over a store.
func New(store Store) *Planner { return &Planner{store} }

// Create keeps a new programme at revision 1.
func (pl *Planner) Create(ctx context.Context, by string, p Programme) (Programme, error) {
	p.Revision, p.By = 1, by
	if err := p.Validate(); err != nil {
		return p, err
	}
	return p, pl.store.AddProgramme(ctx, by, p)
}

// Change replaces a programme. p.Revision is the one that the editor saw.
func (pl *Planner) Change(ctx context.Context, by string, p Programme) (Programme, error) {
	p.Revision, p.By = p.Revision+1, by
	if err := p.Validate(); err != nil {
		return p, err
	}
	return p, pl.store.PutProgramme(ctx, by, p)
}

// Remove takes a programme out of every plan. revision is the one that was read:
// nobody removes what another has just changed.
func (pl *Planner) Remove(ctx context.Context, by, id string, revision int64) error {
	return pl.store.RemoveProgramme(ctx, by, id, revision)
}

// Programme is ErrNotFound for an unknown id.
func (pl *Planner) Programme(ctx context.Context, id string) (Programme, error) {
	return pl.store.Programme(ctx, id)
}

// Programmes lists all by id.
func (pl *Planner) Programmes(ctx context.Context) ([]Programme, error) {
	return pl.store.Programmes(ctx)
}
