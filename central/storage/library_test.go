package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"loa/central/library"
)

func TestLibraryStore(t *testing.T) {
	libraryContract(t, func(t *testing.T) library.Store { return fresh(t).Library() })
}

func hash(n int) string { return fmt.Sprintf("%064x", n) }

func audio(n int) library.Audio {
	return library.Audio{
		SHA256: hash(n), Size: 18000, Samples: 96000, Duration: 2 * time.Second, Bitrate: 24000, Music: n%2 == 0,
		OriginalSHA256: hash(n + 100), OriginalSize: 47000, OriginalName: "bản tin.mp3",
		LoudnessIn: -18.9, PeakIn: -0.4, Gain: -2.2, LoudnessOut: -21.3, PeakOut: -1.7, Added: at.Add(time.Duration(n) * time.Minute),
	}
}

func bulletin(id string, areas ...string) library.Bulletin {
	return library.Bulletin{
		ID: id, Revision: 1, Title: "Lũ quét", Text: map[string]string{"vi": "Mưa to", "hmn": "Nag"}, Class: library.Priority,
		Areas: areas, Audio: map[string]string{"vi": hash(1), "hmn": hash(2)},
		ValidFrom: at, ValidUntil: at.AddDate(0, 1, 0), Author: "lo-van-an", State: library.Draft, Created: at, Changed: at,
	}
}

// libraryContract is what every store of the library does.
func libraryContract(t *testing.T, open func(t *testing.T) library.Store) {
	seeded := func(t *testing.T) library.Store {
		s := open(t)
		for n := 1; n <= 3; n++ {
			must(t, s.AddAudio(t.Context(), "an", audio(n)))
		}
		return s
	}
	t.Run("audio comes back as it went in, the first row stands", func(t *testing.T) {
		s := seeded(t)
		again := audio(1)
		again.OriginalName = "other"
		must(t, s.AddAudio(t.Context(), "an", again))
		got, err := s.Audio(t.Context(), hash(1))
		same(t, got, audio(1), err)
		all, err := s.Audios(t.Context(), 2)
		same(t, all, []library.Audio{audio(3), audio(2)}, err)
		_, err = s.Audio(t.Context(), hash(9))
		is(t, err, library.ErrNotFound)
	})
	t.Run("bulletins come back as they went in", func(t *testing.T) {
		s := seeded(t)
		must(t, s.AddBulletin(t.Context(), "an", bulletin("lu-quet", "03388.01", "12", "03388")))
		got, err := s.Bulletin(t.Context(), "lu-quet")
		same(t, got, bulletin("lu-quet", "03388.01", "12", "03388"), err)
		bare := bulletin("bare", "12")
		bare.Text, bare.Audio = map[string]string{}, map[string]string{}
		must(t, s.AddBulletin(t.Context(), "an", bare))
		got, err = s.Bulletin(t.Context(), "bare")
		same(t, got, bare, err)
		is(t, s.AddBulletin(t.Context(), "an", bulletin("lu-quet", "12")), library.ErrExists)
		_, err = s.Bulletin(t.Context(), "none")
		is(t, err, library.ErrNotFound)
	})
	t.Run("a bulletin without its audio is refused whole", func(t *testing.T) {
		s := seeded(t)
		b := bulletin("lu-quet", "12")
		b.Audio["tai"] = hash(9)
		is(t, s.AddBulletin(t.Context(), "an", b), library.ErrNotFound)
		_, err := s.Bulletin(t.Context(), "lu-quet")
		is(t, err, library.ErrNotFound)
	})
	t.Run("a change is kept whole or not at all", func(t *testing.T) {
		s := seeded(t)
		was := bulletin("lu-quet", "12")
		must(t, s.AddBulletin(t.Context(), "an", was))
		stop := errors.New("stop")
		_, err := s.ChangeBulletin(t.Context(), "an", "bulletin.edit", "lu-quet", func(b *library.Bulletin) error {
			b.Title = "half"
			return stop
		})
		is(t, err, stop)
		_, err = s.ChangeBulletin(t.Context(), "an", "bulletin.edit", "lu-quet", func(b *library.Bulletin) error {
			b.Title, b.Audio = "half", map[string]string{"vi": hash(9)}
			return nil
		})
		is(t, err, library.ErrNotFound)
		_, err = s.ChangeBulletin(t.Context(), "an", "bulletin.edit", "none", func(b *library.Bulletin) error { return nil })
		is(t, err, library.ErrNotFound)
		got, err := s.Bulletin(t.Context(), "lu-quet")
		same(t, got, was, err)

		want := was
		want.Revision, want.Title, want.Text, want.Class = 7, "Khác", map[string]string{"vi": "x"}, library.Routine
		want.Areas, want.Audio = []string{"03433", "02647"}, map[string]string{"tai": hash(3)}
		want.ValidFrom, want.ValidUntil, want.Changed = at.Add(time.Hour), at.Add(2*time.Hour), at.Add(3*time.Hour)
		want.State, want.OrderHash, want.ApprovedRevision = library.Approved, hash(5), 7
		changed, err := s.ChangeBulletin(t.Context(), "an", "bulletin.edit", "lu-quet", func(b *library.Bulletin) error {
			*b = want
			return nil
		})
		same(t, changed, want, err)
		got, err = s.Bulletin(t.Context(), "lu-quet")
		same(t, got, want, err)
	})
	t.Run("nobody writes in between", func(t *testing.T) {
		s := seeded(t)
		must(t, s.AddBulletin(t.Context(), "an", bulletin("lu-quet", "12")))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := s.ChangeBulletin(t.Context(), "an", "bulletin.edit", "lu-quet", func(b *library.Bulletin) error {
					b.Revision++
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got, err := s.Bulletin(t.Context(), "lu-quet")
		same(t, got.Revision, 21, err)
	})
	t.Run("bulletins are found by state and area, the newest change first", func(t *testing.T) {
		s := seeded(t)
		for i, b := range []library.Bulletin{bulletin("one", "12"), bulletin("two", "03388", "03433"), bulletin("three", "03388")} {
			b.Changed = at.Add(time.Duration(i) * time.Minute)
			if b.ID == "three" {
				b.State = library.Withdrawn
			}
			must(t, s.AddBulletin(t.Context(), "an", b))
		}
		for _, tt := range []struct {
			filter library.Filter
			want   string
		}{
			{library.Filter{Limit: 10}, "three two one"},
			{library.Filter{Limit: 2}, "three two"},
			{library.Filter{Limit: 10, State: library.Draft}, "two one"},
			{library.Filter{Limit: 10, State: library.Approved}, ""},
			{library.Filter{Limit: 10, Areas: []string{"03388"}}, "three two"},
			{library.Filter{Limit: 10, Areas: []string{"12", "03433"}}, "two one"},
			{library.Filter{Limit: 10, Areas: []string{"03388"}, State: library.Withdrawn}, "three"},
			{library.Filter{Limit: 10, Areas: []string{"99"}}, ""},
		} {
			all, err := s.Bulletins(t.Context(), tt.filter)
			var ids []string
			for _, b := range all {
				ids = append(ids, b.ID)
			}
			same(t, strings.Join(ids, " "), tt.want, err)
		}
	})
}

// The room over the real store and a real folder.
func newLibrary(t *testing.T) *library.Library {
	t.Helper()
	shelf, err := library.NewShelf(library.ShelfOptions{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { shelf.Close() })
	return library.New(fresh(t).Library(), shelf, slog.New(slog.DiscardHandler))
}

func tone(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tone.wav")
	must(t, exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", path).Run())
	wav, err := os.ReadFile(path)
	must(t, err)
	return wav
}

func TestLibraryTakesIn(t *testing.T) {
	lib := newLibrary(t)
	wav := tone(t)
	first, err := lib.Intake(t.Context(), "lo-van-an", bytes.NewReader(wav), "first.wav", false)
	must(t, err)
	again, err := lib.Intake(t.Context(), "lo-van-an", bytes.NewReader(wav), "second.wav", false)
	same(t, again, first, err)
	got, err := lib.Audio(t.Context(), first.SHA256)
	same(t, got, first, err)

	var refused *library.Refusal
	if _, err := lib.Intake(t.Context(), "lo-van-an", strings.NewReader("text"), "text.mp3", false); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	all, err := lib.Audios(t.Context(), 10)
	same(t, len(all), 1, err)
}

func TestLibraryLifeOfABulletin(t *testing.T) {
	lib := newLibrary(t)
	ctx := t.Context()
	a, err := lib.Intake(ctx, "lo-van-an", bytes.NewReader(tone(t)), "a.wav", false)
	must(t, err)

	draft := library.Bulletin{
		Title: "Lũ quét", Text: map[string]string{"vi": "Mưa to\r\nchú ý"}, Class: library.Routine, Areas: []string{"03388"},
		ValidFrom: at.Add(time.Millisecond), ValidUntil: at.In(time.FixedZone("+07", 7*3600)).AddDate(0, 1, 0),
		// What a caller cannot set:
		Author: "somebody-else", Revision: 9, State: library.Approved, OrderHash: hash(1), ApprovedRevision: 9,
	}
	b, err := lib.Create(ctx, "lo-van-an", draft)
	must(t, err)
	if b.ID == "" || b.Revision != 1 || b.State != library.Draft || b.OrderHash != "" || b.ApprovedRevision != 0 || b.Author != "lo-van-an" {
		t.Errorf("created %+v", b)
	}
	got, err := lib.Bulletin(ctx, b.ID)
	same(t, got, b, err)
	if got.Text["vi"] != "Mưa to\nchú ý" || !got.ValidFrom.Equal(at) {
		t.Errorf("kept %+v", got)
	}

	_, err = lib.Approve(ctx, "an", b.ID, 1, hash(1))
	is(t, err, library.ErrState) // there is nothing to hear yet

	edit := b
	edit.Audio = map[string]string{"vi": a.SHA256}
	edited, err := lib.Edit(ctx, "an", edit)
	must(t, err)
	if edited.Revision != 2 || edited.Author != "lo-van-an" || !edited.Created.Equal(b.Created) {
		t.Errorf("edited %+v", edited)
	}
	conflict := func(err error, have, want int64) {
		t.Helper()
		var c *library.Conflict
		if !errors.As(err, &c) || c.Have != have || c.Want != want || c.ID != b.ID {
			t.Errorf("got %v, want a conflict of %d and %d", err, have, want)
		}
	}
	edit.Title = "from a stale page"
	_, err = lib.Edit(ctx, "an", edit)
	conflict(err, 2, 1)
	_, err = lib.Approve(ctx, "an", b.ID, 1, hash(1))
	conflict(err, 2, 1)
	_, err = lib.Approve(ctx, "an", b.ID, 2, "hash")
	var f library.Faults
	if !errors.As(err, &f) || f[0].Field != "orderHash" {
		t.Errorf("got %v", err)
	}

	approved, err := lib.Approve(ctx, "an", b.ID, 2, hash(1))
	must(t, err)
	if order, ok := approved.OnSchedule(); !ok || order != hash(1) || approved.State != library.Approved || approved.ApprovedRevision != 2 {
		t.Errorf("approved %+v", approved)
	}
	again, err := lib.Approve(ctx, "an", b.ID, 2, hash(1))
	same(t, again, approved, err)
	_, err = lib.Approve(ctx, "an", b.ID, 2, hash(2))
	is(t, err, library.ErrState)

	// An edit is a draft; what was approved stays on the schedule meanwhile.
	next := approved
	next.Title = "Lũ quét, lần hai"
	drafted, err := lib.Edit(ctx, "an", next)
	must(t, err)
	if order, ok := drafted.OnSchedule(); !ok || order != hash(1) || drafted.State != library.Draft || drafted.Revision != 3 || drafted.ApprovedRevision != 2 {
		t.Errorf("edited after approval: %+v", drafted)
	}
	if _, err := lib.Approve(ctx, "an", b.ID, 3, hash(3)); err != nil {
		t.Error(err)
	}

	gone, err := lib.Withdraw(ctx, "an", b.ID)
	must(t, err)
	if _, ok := gone.OnSchedule(); ok || gone.State != library.Withdrawn {
		t.Errorf("withdrawn %+v", gone)
	}
	_, err = lib.Withdraw(ctx, "an", b.ID)
	must(t, err)
	next.Revision = 3
	_, err = lib.Edit(ctx, "an", next)
	is(t, err, library.ErrState)
	_, err = lib.Approve(ctx, "an", b.ID, 3, hash(3))
	is(t, err, library.ErrState)
	_, err = lib.Withdraw(ctx, "an", "none")
	is(t, err, library.ErrNotFound)
}

func TestLibraryNamesAllFaults(t *testing.T) {
	lib := newLibrary(t)
	_, err := lib.Create(t.Context(), "an", library.Bulletin{ID: "X", Audio: map[string]string{"vi": hash(7), "hmn": "no"}})
	var f library.Faults
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	var all []string
	for _, one := range f {
		all = append(all, one.Field)
	}
	same(t, strings.Join(all, " "), "id title audio[hmn] class areas validFrom validUntil audio[vi]", nil)
	list, err := lib.Bulletins(t.Context(), library.Filter{})
	same(t, len(list), 0, err)
}

func TestReopenKeepsTheLibrary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loa.db")
	db := open(t, path)
	must(t, db.Library().AddAudio(t.Context(), "an", audio(1)))
	must(t, db.Library().AddAudio(t.Context(), "an", audio(2)))
	must(t, db.Library().AddBulletin(t.Context(), "an", bulletin("lu-quet", "12")))
	head, err := db.VerifyAudit(t.Context())
	must(t, err)
	must(t, db.Close())
	db = open(t, path)
	got, err := db.Library().Bulletin(t.Context(), "lu-quet")
	same(t, got, bulletin("lu-quet", "12"), err)
	now, err := db.VerifyAudit(t.Context())
	same(t, now, head, err)
}
