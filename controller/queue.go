package controller

import (
	"context"
	"sync"

	"loa/controller/protocol"
)

// queue holds events until the loop takes them. Whoever puts never waits, so
// that neither the network nor playout is held up by a slow store; an alert or
// a press of the button passes everything that waits.
type queue struct {
	mu     sync.Mutex
	urgent []Event
	normal []Event
	filled chan struct{}
}

func newQueue() *queue { return &queue{filled: make(chan struct{}, 1)} }

// most is how many messages of the network wait; more are dropped, and asked
// for again by the next hello.
const most = 10_000

func (q *queue) put(e Event) {
	q.mu.Lock()
	r, network := e.(Received)
	_, press := e.(Pressed)
	switch {
	case press || network && r.Lane == protocol.LaneAlert && len(q.urgent) < most:
		q.urgent = append(q.urgent, e)
	case !network || len(q.normal) < most:
		q.normal = append(q.normal, e)
	}
	q.mu.Unlock()
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// take waits for the next event.
func (q *queue) take(ctx context.Context) (Event, error) {
	for {
		if e, ok := q.pop(); ok {
			return e, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.filled:
		}
	}
}

func (q *queue) pop() (Event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	from := &q.urgent
	if len(*from) == 0 {
		from = &q.normal
	}
	if len(*from) == 0 {
		return nil, false
	}
	e := (*from)[0]
	(*from)[0] = nil
	*from = (*from)[1:]
	return e, true
}
