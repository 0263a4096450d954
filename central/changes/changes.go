// Package changes lets any number of readers learn what changed since they last
// looked. It hides how nobody who makes a change ever waits for a reader: a
// reader is only a mark, and what changed many times since then stands there
// once.
package changes

import (
	"container/list"
	"slices"
	"sync"
)

// Log is what changed, by the time of the last change. The zero Log has no
// limit. It can be used from many goroutines.
type Log[K comparable] struct {
	// Most is how many different things it remembers; 0 for all, where they
	// cannot be too many.
	Most int

	mu     sync.Mutex
	mark   Mark
	lost   Mark      // the last that was forgotten
	recent list.List // of entry[K], the latest at the front
	at     map[K]*list.Element
	more   chan struct{} // closed by the next change; nil while nobody waits
}

// Mark is how far a reader has read.
type Mark int64

type entry[K comparable] struct {
	of   K
	mark Mark
}

// Add notes that something changed.
func (l *Log[K]) Add(of K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark++
	if l.at == nil {
		l.at = map[K]*list.Element{}
	}
	if e, ok := l.at[of]; ok {
		e.Value = entry[K]{of, l.mark}
		l.recent.MoveToFront(e)
	} else {
		l.at[of] = l.recent.PushFront(entry[K]{of, l.mark})
	}
	if l.Most > 0 && len(l.at) > l.Most {
		oldest := l.recent.Remove(l.recent.Back()).(entry[K])
		l.lost = oldest.mark
		delete(l.at, oldest.of)
	}
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
}

// Now is the mark of a reader that begins.
func (l *Log[K]) Now() Mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mark
}

// Since lists what changed after a mark, the longest unchanged first, and the
// mark to go on from. whole is false when the log remembers less than that: the
// reader must look at everything anew.
func (l *Log[K]) Since(mark Mark) (changed []K, now Mark, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.recent.Front(); e != nil; e = e.Next() {
		one := e.Value.(entry[K])
		if one.mark <= mark {
			break
		}
		changed = append(changed, one.of)
	}
	slices.Reverse(changed)
	return changed, l.mark, mark >= l.lost
}

// After is closed as soon as something changed after a mark.
func (l *Log[K]) After(mark Mark) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mark > mark {
		return always
	}
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.more
}

var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
