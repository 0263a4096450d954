package changes_test

import (
	"slices"
	"sync"
	"testing"

	"loa/central/changes"
)

func since(t *testing.T, l *changes.Log[string], mark *changes.Mark) []string {
	t.Helper()
	changed, now, whole := l.Since(*mark)
	if !whole {
		t.Fatal("something was forgotten")
	}
	*mark = now
	return changed
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestReadersSeeWhatChangedSinceTheyLooked(t *testing.T) {
	var l changes.Log[string]
	l.Add("before")
	first, second := l.Now(), l.Now()
	if got := since(t, &l, &first); len(got) != 0 {
		t.Errorf("nothing changed: %v", got)
	}
	wait := l.After(first)
	if closed(wait) {
		t.Error("nothing changed, and somebody is woken")
	}
	l.Add("a")
	l.Add("b")
	l.Add("a")
	if !closed(wait) {
		t.Error("nobody is woken")
	}
	if got := since(t, &l, &first); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("the first reads %v", got)
	}
	if got := since(t, &l, &first); len(got) != 0 {
		t.Errorf("the first reads %v again", got)
	}
	l.Add("c")
	if !closed(l.After(first)) || closed(l.After(l.Now())) {
		t.Error("who has read all waits, who has not does not")
	}
	if got := since(t, &l, &second); !slices.Equal(got, []string{"b", "a", "c"}) {
		t.Errorf("the second reads %v", got)
	}
}

func TestAReaderLearnsThatItMissedSomething(t *testing.T) {
	l := changes.Log[int]{Most: 3}
	behind := l.Now()
	for i := range 3 {
		l.Add(i)
	}
	if got, _, whole := l.Since(behind); !whole || len(got) != 3 {
		t.Errorf("three of three: %v, %v", got, whole)
	}
	l.Add(1) // known: nothing is forgotten
	if got, _, whole := l.Since(behind); !whole || !slices.Equal(got, []int{0, 2, 1}) {
		t.Errorf("the same again: %v, %v", got, whole)
	}
	near := l.Now()
	l.Add(3)
	if _, _, whole := l.Since(behind); whole {
		t.Error("it does not learn that 0 was forgotten")
	}
	if got, _, whole := l.Since(near); !whole || !slices.Equal(got, []int{3}) {
		t.Errorf("one that is near: %v, %v", got, whole)
	}
}

// Readers come to the last change however they are scheduled, and nobody waits
// for them.
func TestNobodyIsLeftBehind(t *testing.T) {
	const most = 20_000
	var l changes.Log[int]
	var all sync.WaitGroup
	for range 8 {
		mark := l.Now()
		all.Go(func() {
			seen := map[int]bool{}
			for !seen[most-1] {
				<-l.After(mark)
				changed, now, whole := l.Since(mark)
				if !whole || now <= mark || len(changed) == 0 {
					t.Errorf("woken for %v, from %d to %d, whole %v", changed, mark, now, whole)
					return
				}
				for _, c := range changed {
					seen[c] = true
				}
				mark = now
			}
			if len(seen) != most {
				t.Errorf("saw %d of %d", len(seen), most)
			}
		})
	}
	for i := range most {
		l.Add(i)
	}
	all.Wait()
}

func BenchmarkAdd(b *testing.B) {
	var l changes.Log[int]
	i := 0
	for b.Loop() {
		l.Add(i % 10_000)
		i++
	}
}
