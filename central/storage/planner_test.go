package storage_test

import (
	"errors"
	"sync"
	"testing"

	"loa/central/planner"
)

func TestPlannerStore(t *testing.T) {
	plannerContract(t, func(t *testing.T) planner.Store { return fresh(t).Planner() })
}

func programme(id string) planner.Programme {
	return planner.Programme{
		ID: id, Revision: 1, Title: "Bản tin sáng", Area: "03388", Class: "priority", Order: -2, Start: "2026-11-21T05:30:00",
		Rule: "FREQ=DAILY", Except: []string{"2026-12-24T05:30:00"}, Seconds: 600, Late: 300, Bulletins: []string{"lu-quet", "y-te"},
		NoChime: true, Gain: -12.5, By: "lo-van-an",
	}
}

// plannerContract is what every store of programmes does.
func plannerContract(t *testing.T, open func(t *testing.T) planner.Store) {
	t.Run("programmes come back as they went in, by id", func(t *testing.T) {
		s := open(t)
		none, err := s.Programmes(t.Context())
		same(t, none, []planner.Programme{}, err)
		must(t, s.AddProgramme(t.Context(), "an", programme("toi")))
		must(t, s.AddProgramme(t.Context(), "an", programme("sang")))
		got, err := s.Programme(t.Context(), "sang")
		same(t, got, programme("sang"), err)
		all, err := s.Programmes(t.Context())
		same(t, all, []planner.Programme{programme("sang"), programme("toi")}, err)
		_, err = s.Programme(t.Context(), "trua")
		is(t, err, planner.ErrNotFound)
	})
	t.Run("an id is given once", func(t *testing.T) {
		s := open(t)
		must(t, s.AddProgramme(t.Context(), "an", programme("sang")))
		other := programme("sang")
		other.Title = "Khác"
		is(t, s.AddProgramme(t.Context(), "an", other), planner.ErrExists)
		got, err := s.Programme(t.Context(), "sang")
		same(t, got, programme("sang"), err)
	})
	t.Run("only who saw the present one changes it", func(t *testing.T) {
		s := open(t)
		must(t, s.AddProgramme(t.Context(), "an", programme("sang")))
		second := programme("sang")
		second.Revision, second.Title, second.Except = 2, "Sửa", nil
		must(t, s.PutProgramme(t.Context(), "an", second))
		got, err := s.Programme(t.Context(), "sang")
		same(t, got, second, err)

		stale := programme("sang")
		stale.Revision = 2
		var conflict *planner.Conflict
		if err := s.PutProgramme(t.Context(), "an", stale); !errors.As(err, &conflict) || *conflict != (planner.Conflict{ID: "sang", Have: 2, Want: 1}) {
			t.Errorf("got %v, want the conflict of 2 with 1", err)
		}
		got, err = s.Programme(t.Context(), "sang")
		same(t, got, second, err)
		is(t, s.PutProgramme(t.Context(), "an", programme("trua")), planner.ErrNotFound)
	})
	t.Run("of many who change at once, one does", func(t *testing.T) {
		s := open(t)
		must(t, s.AddProgramme(t.Context(), "an", programme("sang")))
		var all sync.WaitGroup
		results := make([]error, 8)
		for i := range results {
			all.Go(func() {
				p := programme("sang")
				p.Revision, p.Order = 2, i
				results[i] = s.PutProgramme(t.Context(), "an", p)
			})
		}
		all.Wait()
		done := 0
		for _, err := range results {
			var conflict *planner.Conflict
			if err == nil {
				done++
			} else if !errors.As(err, &conflict) {
				t.Errorf("got %v, want a conflict", err)
			}
		}
		if done != 1 {
			t.Errorf("%d changes of one revision were kept", done)
		}
	})
	t.Run("what is removed is gone", func(t *testing.T) {
		s := open(t)
		must(t, s.AddProgramme(t.Context(), "an", programme("sang")))
		for _, revision := range []int64{0, 2, -1} {
			var conflict *planner.Conflict
			if err := s.RemoveProgramme(t.Context(), "an", "sang", revision); !errors.As(err, &conflict) || conflict.Have != 1 || conflict.Want != revision {
				t.Errorf("revision %d: %v", revision, err)
			}
		}
		must(t, s.RemoveProgramme(t.Context(), "an", "sang", 1))
		_, err := s.Programme(t.Context(), "sang")
		is(t, err, planner.ErrNotFound)
		is(t, s.RemoveProgramme(t.Context(), "an", "sang", 1), planner.ErrNotFound)
	})
}

// Every change of a programme leaves its row in the audit chain, a refused one
// none.
func TestPlannerAudit(t *testing.T) {
	db := fresh(t)
	s := db.Planner()
	must(t, s.AddProgramme(t.Context(), "an", programme("sang")))
	is(t, s.AddProgramme(t.Context(), "an", programme("sang")), planner.ErrExists)
	second := programme("sang")
	second.Revision = 2
	must(t, s.PutProgramme(t.Context(), "binh", second))
	if err := s.PutProgramme(t.Context(), "binh", second); err == nil {
		t.Error("the same revision twice was kept")
	}
	if err := s.RemoveProgramme(t.Context(), "binh", "sang", 1); err == nil {
		t.Error("an old revision was removed")
	}
	must(t, s.RemoveProgramme(t.Context(), "an", "sang", 2))
	rows, err := db.Audit(t.Context(), 0, 100)
	must(t, err)
	var got []string
	for _, r := range rows {
		got = append(got, r.Person+" "+r.Action+" "+r.Subject)
	}
	same(t, got, []string{"an programme.create sang", "binh programme.change sang", "an programme.remove sang"}, nil)
	_, err = db.VerifyAudit(t.Context())
	must(t, err)
}
