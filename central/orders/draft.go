package orders

import (
	"context"
	"time"

	"loa/controller/protocol"
)

// Draft is an order as it is shown to the person who signs.
type Draft struct {
	Hash     string
	Kind     protocol.Kind
	Mode     protocol.Mode
	Subject  string
	Revision int64
	// Envelope has the exact payload, with the signatures gathered so far. What
	// is signed is Envelope.PAE().
	Envelope protocol.Envelope
	// Targets is how many boards it is for, by their signed placements.
	Targets int
	// Notes are what a person should know before signing, as a role that could
	// not be made a rule.
	Notes []string
}

// AlertWish is an alert as a person asks for it.
type AlertWish struct {
	Mode     protocol.Mode
	Audience []string // area codes
	Lifetime time.Duration
	protocol.Announcement
}

// LocalWish is what a button is to play, as a person asks for it.
type LocalWish struct {
	Mode     protocol.Mode
	Input    string   // the button's name on the board
	Audience []string // area codes
	Lifetime time.Duration
	Seconds  int // the longest that one press sounds
	protocol.Announcement
}

// DraftDocument keeps a document as an order that gathers signatures; nothing
// is sent. Its form is judged as a board would: the error is a
// *protocol.Refusal that names the field. The document's version, revision and
// times stand as they are given; the methods below fill them in. Roots are
// signed offline: see SetRoot.
func (o *Orders) DraftDocument(ctx context.Context, by string, kind protocol.Kind, mode protocol.Mode, document any) (Draft, error) {
	return Draft{}, nil
}

// Bulletin drafts the approval of a bulletin; version, revision and issued are
// filled in.
func (o *Orders) Bulletin(ctx context.Context, by string, b protocol.Bulletin) (Draft, error) {
	return Draft{}, nil
}

// Alert drafts a new alert. Its id, in Subject, is made here.
func (o *Orders) Alert(ctx context.Context, by string, w AlertWish) (Draft, error) {
	return Draft{}, nil
}

// UpdateAlert drafts the next sequence of an alert that was sealed, with the
// audience it has; ErrNotFound.
func (o *Orders) UpdateAlert(ctx context.Context, by, id string, w AlertWish) (Draft, error) {
	return Draft{}, nil
}

// Cancel drafts the end of an alert for the audience it has; ErrNotFound for an
// alert that was never sealed.
func (o *Orders) Cancel(ctx context.Context, by string, mode protocol.Mode, alert string) (Draft, error) {
	return Draft{}, nil
}

// Stop drafts silence, now, for what is on air in areas: see fleet's OnAir.
func (o *Orders) Stop(ctx context.Context, by string, areas []string, targets []protocol.Target) (Draft, error) {
	return Draft{}, nil
}

// Local drafts what a button plays.
func (o *Orders) Local(ctx context.Context, by string, w LocalWish) (Draft, error) {
	return Draft{}, nil
}
