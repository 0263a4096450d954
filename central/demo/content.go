package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"loa/central/library"
	"loa/central/planner"
	"loa/controller/protocol"
	"loa/seeds"
)

// welcomeID names the bulletin and the programme that a newcomer hears first.
const welcomeID = "chao-mung"

const (
	welcomeTitle = "Lời chào của hệ thống truyền thanh"
	welcomeText  = "Xin chào! Đây là hệ thống truyền thanh cơ sở tỉnh Lai Châu, bản dùng thử. " +
		"Nếu bà con nghe được lời này, cụm loa đã nhận lệnh có chữ ký và đang phát đúng giờ."
	welcomeLate = 6 * time.Hour // a machine that is busy at its first start is still in time
)

// welcome lets the commune of the real board sound as soon as that board is
// there. What is approved already was welcomed by an earlier start.
func (d *Demo) welcome(ctx context.Context, p seeds.Province) error {
	code, err := codeOf(p)
	if err != nil {
		return err
	}
	author, err := d.broadcaster(ctx, code)
	if err != nil {
		return err
	}
	board, err := boardOf(p)
	if err != nil {
		return err
	}
	commune := communeOf(board.Area)
	if err := seeds.Sow(ctx, d.rooms(), seeds.Province{Bulletins: []seeds.Bulletin{{
		Bulletin: library.Bulletin{
			ID: welcomeID, Title: welcomeTitle, Text: map[string]string{"vi": welcomeText},
			Class: library.Routine, Areas: []string{commune}, Author: author,
		},
		Days: 366,
	}}}); err != nil {
		return err
	}
	spoken, err := d.spoken(ctx, welcomeID)
	if err != nil {
		return err
	}
	start, err := localNow()
	if err != nil {
		return err
	}
	_, err = d.Planner.Create(ctx, Service, planner.Programme{
		ID: welcomeID, Title: welcomeTitle, Area: commune, Class: string(library.Routine), Start: start,
		Seconds: int(spoken.Seconds()) + slack, Late: int(welcomeLate.Seconds()), Bulletins: []string{welcomeID},
	})
	switch {
	case errors.Is(err, planner.ErrExists):
		if err := d.greet(ctx); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if err := d.approve(ctx, welcomeID); err != nil {
		return err
	}
	d.Planned()
	d.Say("a word of welcome, on air in commune " + commune + " as soon as its boards are there")
	return nil
}

// slack is how many seconds a programme has beyond what is spoken: chime, and
// pauses between bulletins.
const slack = 10

// greet has the welcome sound once more, now: at every start, a newcomer hears
// that all of it works. A person who removed the programme, or made it something
// else, is left alone.
func (d *Demo) greet(ctx context.Context) error {
	was, err := d.Planner.Programme(ctx, welcomeID)
	if errors.Is(err, planner.ErrNotFound) || err == nil && was.By != Service {
		return nil
	}
	if err != nil {
		return err
	}
	if was.Start, err = localNow(); err != nil {
		return err
	}
	if _, err := d.Planner.Change(ctx, Service, was); err != nil {
		return err
	}
	d.Planned()
	return nil
}

// programmes has the seeds' bulletins spoken, and approves those that a
// programme names; the others wait for whoever tries the demo.
func (d *Demo) programmes(ctx context.Context, p seeds.Province) error {
	named := map[string]bool{}
	for _, programme := range p.Programmes {
		for _, id := range programme.Bulletins {
			named[id] = true
		}
	}
	for i, b := range p.Bulletins {
		if err := seeds.Sow(ctx, d.rooms(), seeds.Province{Bulletins: []seeds.Bulletin{b}}); err != nil {
			return err
		}
		if named[b.ID] {
			if err := d.approve(ctx, b.ID); err != nil {
				return fmt.Errorf("approve %s: %w", b.ID, err)
			}
		}
		d.Say(fmt.Sprintf("bulletin %d of %d: %s", i+1, len(p.Bulletins), b.Title))
	}
	if err := seeds.Sow(ctx, d.rooms(), seeds.Province{Programmes: p.Programmes}); err != nil {
		return err
	}
	d.Planned()
	return nil
}

// approve has a bulletin's document signed by the demo's broadcaster. One that a
// person has changed or approved since is left to people.
func (d *Demo) approve(ctx context.Context, id string) error {
	b, err := d.Library.Bulletin(ctx, id)
	if err != nil {
		return err
	}
	if b.State != library.Draft || b.Revision != 1 {
		return nil
	}
	document := protocol.Bulletin{
		ID: b.ID, Title: b.Title, Class: string(b.Class), Areas: b.Areas,
		NotBefore: b.ValidFrom.UTC(), NotAfter: b.ValidUntil.UTC(),
	}
	for _, language := range slices.Sorted(maps.Keys(b.Audio)) {
		a, err := d.Library.Audio(ctx, b.Audio[language])
		if err != nil {
			return err
		}
		document.Audio = append(document.Audio, protocol.SpokenVersion{
			Language: language, Audio: protocol.Audio{SHA256: a.SHA256, Bytes: a.Size, Samples: a.Samples},
		})
	}
	draft, err := d.Orders.Bulletin(ctx, Service, document)
	if err != nil {
		return err
	}
	if err := d.sign(ctx, draft, broadcasterKey); err != nil {
		return err
	}
	_, err = d.Library.Approve(ctx, Service, b.ID, b.Revision, draft.Hash)
	return err
}

// spoken is how long the longest language of a bulletin lasts.
func (d *Demo) spoken(ctx context.Context, id string) (time.Duration, error) {
	b, err := d.Library.Bulletin(ctx, id)
	if err != nil {
		return 0, err
	}
	var longest time.Duration
	for _, hash := range b.Audio {
		a, err := d.Library.Audio(ctx, hash)
		if err != nil {
			return 0, err
		}
		longest = max(longest, a.Duration)
	}
	return longest, nil
}

// communeOf is the commune of an area's code: the code itself, or that of the
// commune in which a village lies.
func communeOf(area string) string { return area[:min(len(area), communeDigits)] }

const communeDigits = 5

// localNow is the present as programmes write it.
func localNow() (string, error) {
	zone, err := time.LoadLocation(planner.Zone)
	if err != nil {
		return "", fmt.Errorf("read time zone: %w", err)
	}
	return time.Now().In(zone).Format(protocol.LocalTime), nil
}
