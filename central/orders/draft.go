package orders

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
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

// drafted kinds are those that gather signatures here.
var drafted = []protocol.Kind{
	protocol.KindKeySet, protocol.KindPlacement, protocol.KindBulletin,
	protocol.KindAlert, protocol.KindCancel, protocol.KindStop, protocol.KindLocal,
}

// DraftDocument keeps a document as an order that gathers signatures; nothing
// is sent. Its form is judged as a board would: the error is a
// *protocol.Refusal that names the field. The document's version, revision and
// times stand as they are given; the methods below fill them in. Roots are
// signed offline: see SetRoot.
func (o *Orders) DraftDocument(ctx context.Context, by string, kind protocol.Kind, mode protocol.Mode, document any) (Draft, error) {
	if !slices.Contains(drafted, kind) {
		return Draft{}, &protocol.Refusal{Reason: protocol.ReasonUnknownType, Field: "kind", Detail: fmt.Sprintf("a %s is not drafted here", kind)}
	}
	e, err := protocol.Draft(kind, mode, document)
	if err != nil {
		return Draft{}, err
	}
	v, err := o.judge(ctx, e, time.Now())
	if err != nil {
		return Draft{}, err
	}
	if v.lacks != nil && v.lacks.Reason != protocol.ReasonThreshold {
		return Draft{}, v.lacks
	}
	r, _, err := describe(e)
	if err != nil {
		return Draft{}, err
	}
	r.By, r.DraftedAt = by, time.Now()
	if err := o.Store.AddDraft(ctx, r); err != nil {
		return Draft{}, fmt.Errorf("keep draft: %w", err)
	}
	o.note(r.Kind, r.Hash)
	return r.draft(len(v.clusters)), nil
}

func (r Record) draft(targets int) Draft {
	return Draft{
		Hash: r.Hash, Kind: r.Kind, Mode: r.Mode, Subject: r.Subject, Revision: r.Revision,
		Envelope: r.envelope(), Targets: targets,
	}
}

// next is the revision that follows all that are sealed, and all that boards
// say they have.
func (o *Orders) next(ctx context.Context, subject, cluster string) (int64, error) {
	highest, err := o.Store.HighestRevision(ctx, subject, cluster)
	if err != nil {
		return 0, fmt.Errorf("read highest revision of %s: %w", subject, err)
	}
	return highest + 1, nil
}

// present is now as documents write it: whole seconds are enough for a reader.
func present() time.Time { return time.Now().UTC().Truncate(time.Second) }

// newID is an id that nobody else makes.
func newID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Bulletin drafts the approval of a bulletin; version, revision and issued are
// filled in.
func (o *Orders) Bulletin(ctx context.Context, by string, b protocol.Bulletin) (Draft, error) {
	revision, err := o.next(ctx, "bulletin/"+b.ID, "")
	if err != nil {
		return Draft{}, err
	}
	b.Version, b.Revision, b.Issued = protocol.Version, revision, present()
	return o.DraftDocument(ctx, by, protocol.KindBulletin, protocol.Live, b)
}

// Alert drafts a new alert. Its id, in Subject, is made here.
func (o *Orders) Alert(ctx context.Context, by string, w AlertWish) (Draft, error) {
	return o.alert(ctx, by, newID(), 1, w)
}

// UpdateAlert drafts the next sequence of an alert that was sealed, with the
// audience it has; ErrNotFound.
func (o *Orders) UpdateAlert(ctx context.Context, by, id string, w AlertWish) (Draft, error) {
	subject := protocol.AlertSubject(w.Mode, id)
	var err error
	if w.Audience, err = o.audienceOf(ctx, subject); err != nil {
		return Draft{}, err
	}
	sequence, err := o.next(ctx, subject, "")
	if err != nil {
		return Draft{}, err
	}
	return o.alert(ctx, by, id, int(sequence), w)
}

func (o *Orders) alert(ctx context.Context, by, id string, sequence int, w AlertWish) (Draft, error) {
	now := present()
	return o.DraftDocument(ctx, by, protocol.KindAlert, w.Mode, protocol.Alert{
		Version: protocol.Version, ID: id, Sequence: sequence, Audience: w.Audience,
		Issued: now, Expires: now.Add(w.Lifetime), Announcement: w.Announcement,
	})
}

// audienceOf is the audience of an alert, of all its sequences together.
func (o *Orders) audienceOf(ctx context.Context, subject string) ([]string, error) {
	sealed, err := o.Store.Orders(ctx, Query{State: Sealed, Subject: subject, Kinds: []protocol.Kind{protocol.KindAlert}})
	if err != nil {
		return nil, fmt.Errorf("read orders on %s: %w", subject, err)
	}
	var audience []string
	for _, r := range sealed {
		audience = append(audience, r.Areas...)
	}
	if len(audience) == 0 {
		return nil, fmt.Errorf("%s: %w", subject, ErrNotFound)
	}
	slices.Sort(audience)
	return slices.Compact(audience), nil
}

// Cancel drafts the end of an alert for the audience it has; ErrNotFound for an
// alert that was never sealed.
func (o *Orders) Cancel(ctx context.Context, by string, mode protocol.Mode, alert string) (Draft, error) {
	audience, err := o.audienceOf(ctx, protocol.AlertSubject(mode, alert))
	if err != nil {
		return Draft{}, err
	}
	return o.DraftDocument(ctx, by, protocol.KindCancel, mode, protocol.Cancel{
		Version: protocol.Version, Alert: alert, Audience: audience, Issued: present(),
	})
}

// Stop drafts silence, now, for what is on air in areas: see fleet's OnAir.
func (o *Orders) Stop(ctx context.Context, by string, areas []string, targets []protocol.Target) (Draft, error) {
	return o.DraftDocument(ctx, by, protocol.KindStop, protocol.Live, protocol.Stop{
		Version: protocol.Version, ID: newID(), Audience: areas, Issued: present(), Targets: targets,
	})
}

// Local drafts what a button plays.
func (o *Orders) Local(ctx context.Context, by string, w LocalWish) (Draft, error) {
	revision, err := o.next(ctx, localSubject(w.Mode, w.Input), "")
	if err != nil {
		return Draft{}, err
	}
	now := present()
	return o.DraftDocument(ctx, by, protocol.KindLocal, w.Mode, protocol.Local{
		Version: protocol.Version, Input: w.Input, Audience: w.Audience, Revision: revision,
		Issued: now, Expires: now.Add(w.Lifetime), Seconds: w.Seconds, Announcement: w.Announcement,
	})
}

// Draft gives back the bytes of an order, also when it is sealed; ErrNotFound.
func (o *Orders) Draft(ctx context.Context, hash string) (Draft, error) {
	r, err := o.order(ctx, hash)
	if err != nil {
		return Draft{}, err
	}
	clusters, err := o.targets(ctx, r)
	return r.draft(len(clusters)), err
}

func (o *Orders) order(ctx context.Context, hash string) (Record, error) {
	r, err := o.Store.Order(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return r, fmt.Errorf("order %q: %w", hash, ErrNotFound)
	}
	if err != nil {
		return r, fmt.Errorf("read order: %w", err)
	}
	return r, nil
}

func (o *Orders) targets(ctx context.Context, r Record) ([]string, error) {
	_, document, err := describe(r.envelope())
	if err != nil {
		return nil, err
	}
	clusters, _, err := o.boards(ctx, r, document, o.trust.known())
	return clusters, err
}
