package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"loa/central/library"
	"loa/central/registry"
	"loa/controller/protocol"
)

type bulletin struct {
	ID         string            `json:"id,omitempty" maxLength:"64" doc:"Made by the server where there is none."`
	Revision   int64             `json:"revision" readOnly:"true"`
	Title      string            `json:"title"`
	Text       map[string]string `json:"text,omitempty" doc:"By language."`
	Class      library.Class     `json:"class" enum:"routine,priority"`
	Areas      []string          `json:"areas" maxItems:"5000" maxLength:"16" doc:"Codes."`
	Audio      map[string]string `json:"audio,omitempty" doc:"By language: the SHA-256 of station audio."`
	ValidFrom  time.Time         `json:"validFrom"`
	ValidUntil time.Time         `json:"validUntil"`
	Author     string            `json:"author" readOnly:"true"`
	State      library.State     `json:"state" readOnly:"true" enum:"draft,approved,withdrawn"`
	Order      string            `json:"order,omitempty" readOnly:"true" doc:"Hash of the document by which it may be broadcast."`
}

func viewBulletin(b library.Bulletin) bulletin {
	return bulletin{
		ID: b.ID, Revision: b.Revision, Title: b.Title, Text: b.Text, Class: b.Class, Areas: b.Areas, Audio: b.Audio,
		ValidFrom: b.ValidFrom.UTC(), ValidUntil: b.ValidUntil.UTC(), Author: b.Author, State: b.State, Order: b.OrderHash,
	}
}

func (b bulletin) content() library.Bulletin {
	return library.Bulletin{
		ID: b.ID, Title: b.Title, Text: b.Text, Class: b.Class, Areas: b.Areas, Audio: b.Audio,
		ValidFrom: b.ValidFrom, ValidUntil: b.ValidUntil,
	}
}

type bulletinAnswer struct {
	ETag string `header:"ETag"`
	Body bulletin
}

func tagged(b library.Bulletin) *bulletinAnswer {
	return &bulletinAnswer{etag(b.Revision), viewBulletin(b)}
}

func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// ifMatch reads the revision that an editor saw.
func ifMatch(header string) (int64, error) {
	if header == "" {
		return 0, newProblem(http.StatusPreconditionRequired, "If-Match must say which revision was read").at("If-Match", "is missing")
	}
	n, err := strconv.ParseInt(strings.Trim(header, `"`), 10, 64)
	if err != nil {
		return 0, newProblem(http.StatusUnprocessableEntity, "If-Match is not a revision").at("If-Match", "is not an ETag of this server")
	}
	return n, nil
}

type BulletinID struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) content() {
	a.group = "Bulletins"
	route(a, "addBulletin", "POST", "/bulletins", "Make a bulletin", a.addBulletin)
	route(a, "listBulletins", "GET", "/bulletins", "Bulletins that concern the person, the newest change first", a.bulletins)
	route(a, "getBulletin", "GET", "/bulletins/{id}", "One bulletin", a.bulletinByID)
	route(a, "changeBulletin", "PUT", "/bulletins/{id}", "Change a bulletin; it must be approved again", a.changeBulletin)
	route(a, "withdrawBulletin", "POST", "/bulletins/{id}/withdraw", "End a bulletin for ever", a.withdrawBulletin)
	route(a, "getDistribution", "GET", "/bulletins/{id}/distribution", "How far a bulletin's approval has come, on every cluster", a.distribution)
	route(a, "draftBulletin", "POST", "/bulletins/{id}/document", "Draft the document that approves a bulletin", a.draftBulletin)
}

func (a *api) addBulletin(ctx context.Context, in *body[bulletin]) (*bulletinAnswer, error) {
	b := in.Body.content()
	complete := b
	complete.ID = cmp.Or(b.ID, "made-by-the-library")
	if err := complete.Validate(); err != nil {
		return nil, err
	}
	if err := a.allow(ctx, registry.EditBulletins, "areas", b.Areas...); err != nil {
		return nil, err
	}
	made, err := a.Library.Create(ctx, asks(ctx), b)
	if err != nil {
		return nil, err
	}
	return tagged(made), nil
}

func (a *api) bulletins(ctx context.Context, in *struct {
	State string `query:"state" enum:"draft,approved,withdrawn"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}) (*body[[]bulletin], error) {
	codes, err := a.scope(ctx, registry.ReadContent)
	if err != nil {
		return nil, err
	}
	found, err := a.Library.Bulletins(ctx, library.Filter{State: library.State(in.State), Areas: codes, Limit: in.Limit})
	return answer(list(found, viewBulletin)), err
}

// mayBulletin is a bulletin with which the person may do an action.
func (a *api) mayBulletin(ctx context.Context, id string, action registry.Action) (library.Bulletin, error) {
	b, err := a.Library.Bulletin(ctx, id)
	if err != nil {
		return b, err
	}
	return b, a.Registry.Allow(ctx, asks(ctx), action, b.Areas...)
}

func (a *api) bulletinByID(ctx context.Context, in *BulletinID) (*bulletinAnswer, error) {
	b, err := a.Library.Bulletin(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return tagged(b), a.reads(ctx, registry.ReadContent, b.Areas...)
}

func (a *api) changeBulletin(ctx context.Context, in *struct {
	BulletinID
	IfMatch string `header:"If-Match"`
	Body    bulletin
}) (*bulletinAnswer, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	was, err := a.mayBulletin(ctx, in.ID, registry.EditBulletins)
	if err != nil {
		return nil, err
	}
	b := in.Body.content()
	if err := sameID(&b.ID, in.ID); err != nil {
		return nil, err
	}
	b.Revision = revision
	if err := b.Validate(); err != nil {
		return nil, err
	}
	if err := a.allow(ctx, registry.EditBulletins, "areas", b.Areas...); err != nil {
		return nil, err
	}
	edited, err := a.Library.Edit(ctx, asks(ctx), b)
	if err == nil {
		a.left("bulletins", in.ID, was.Areas, edited.Areas)
	}
	return tagged(edited), err
}

func (a *api) withdrawBulletin(ctx context.Context, in *BulletinID) (*bulletinAnswer, error) {
	if _, err := a.mayBulletin(ctx, in.ID, registry.ApproveBulletins); err != nil {
		return nil, err
	}
	b, err := a.Library.Withdraw(ctx, asks(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	a.Planned()
	return tagged(b), nil
}

func (a *api) draftBulletin(ctx context.Context, in *BulletinID) (*body[draft], error) {
	b, err := a.mayBulletin(ctx, in.ID, registry.ApproveBulletins)
	if err != nil {
		return nil, err
	}
	switch {
	case b.State == library.Withdrawn:
		return nil, newProblem(http.StatusConflict, "bulletin %s is withdrawn", b.ID)
	case b.State == library.Approved:
		return nil, newProblem(http.StatusConflict, "bulletin %s is approved as it stands, by order %s", b.ID, b.OrderHash)
	case len(b.Audio) == 0:
		return nil, newProblem(http.StatusUnprocessableEntity, "the bulletin has no audio").at("audio", "is required for approval")
	}
	document, err := a.document(ctx, b)
	if err != nil {
		return nil, err
	}
	d, err := a.Orders.Bulletin(ctx, asks(ctx), document)
	return answer(viewDraft(d)), err
}

// document is what a bulletin's approvers sign.
func (a *api) document(ctx context.Context, b library.Bulletin) (protocol.Bulletin, error) {
	document := protocol.Bulletin{
		ID: b.ID, Revision: b.Revision, Title: b.Title, Class: string(b.Class), Areas: b.Areas,
		NotBefore: b.ValidFrom.UTC(), NotAfter: b.ValidUntil.UTC(),
	}
	for _, lang := range sortedKeys(b.Audio) {
		audio, err := a.audio(ctx, "audio["+lang+"]", b.Audio[lang])
		if err != nil {
			return document, err
		}
		document.Audio = append(document.Audio, protocol.SpokenVersion{Language: lang, Audio: audio})
	}
	return document, nil
}

// audio is how an order names a station file that a field names by its hash.
func (a *api) audio(ctx context.Context, field, hash string) (protocol.Audio, error) {
	row, err := a.Library.Audio(ctx, hash)
	if errors.Is(err, library.ErrNotFound) {
		return protocol.Audio{}, newProblem(http.StatusUnprocessableEntity, "audio %s was never uploaded", hash).at(field, "is not known")
	}
	return protocol.Audio{SHA256: row.SHA256, Bytes: row.Size, Samples: row.Samples}, err
}

// approvable is the bulletin that a document approves, if the two still say the
// same: it may have been changed since the document was drafted. It is asked
// before anything is signed, and again before the bulletin is marked.
func (a *api) approvable(ctx context.Context, e protocol.Envelope) (library.Bulletin, error) {
	document, err := protocol.Decode[protocol.Bulletin](e.Payload)
	if err != nil {
		return library.Bulletin{}, newProblem(http.StatusUnprocessableEntity, "the payload is not a bulletin").at("payload", err.Error())
	}
	b, err := a.Library.Bulletin(ctx, document.ID)
	if err != nil {
		return b, err
	}
	now, err := a.document(ctx, b)
	if err != nil {
		return b, err
	}
	// What orders fills in is its own.
	now.Version, now.Revision, now.Issued = document.Version, document.Revision, document.Issued
	switch {
	case b.State == library.Withdrawn:
		return b, newProblem(http.StatusConflict, "bulletin %s is withdrawn", b.ID)
	case b.State == library.Approved && b.OrderHash != e.Hash():
		return b, newProblem(http.StatusConflict, "bulletin %s is approved as it stands, by order %s", b.ID, b.OrderHash)
	case !sameJSON(now, document):
		return b, newProblem(http.StatusConflict, "bulletin %s was changed since this document was drafted: draft it again", b.ID).as("changed")
	}
	return b, nil
}

// sameJSON compares two documents as they would be signed.
func sameJSON(a, b any) bool {
	x, errX := protocol.Encode(a)
	y, errY := protocol.Encode(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// approved marks the bulletin whose document was just sealed. The document
// stands, whatever comes of the mark: boards have it already. Where the
// bulletin was changed in the very moment, the note says so; what is on the
// schedule is what was marked before.
func (a *api) approved(ctx context.Context, hash string) (note string, err error) {
	d, err := a.Orders.Draft(ctx, hash)
	if err != nil {
		return "", err
	}
	b, err := a.approvable(ctx, d.Envelope)
	if err == nil {
		_, err = a.Library.Approve(ctx, asks(ctx), b.ID, b.Revision, hash)
	}
	if p := (*problem)(nil); err != nil {
		if p = mapped(err); p == nil {
			return "", err
		}
		return "the document is sealed, but is not put on the schedule: " + p.Detail, nil
	}
	a.teller.content.Add(changed{What: "bulletins", ID: b.ID})
	a.Planned()
	return "", nil
}
