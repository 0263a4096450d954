package controller

import (
	"context"
	"sync"

	"loa/controller/protocol"
)

// queue holds events until the loop takes them. Whoever puts never waits, so
// that neither the network nor playout is held up by a slow store. What the
// network says passes nothing, except for alerts: a flood of other messages
// delays no alert, no press of the button, and no end of a commit.
type queue struct {
	mu      sync.Mutex
	urgent  []Event
	network []Event
	bytes   int // of messages in both
	filled  chan struct{}
}

func newQueue() *queue { return &queue{filled: make(chan struct{}, 1)} }

// Messages of the network that wait; more are dropped, and central sends again
// what the next hello does not name.
const (
	mostMessages = 10_000
	mostBytes    = 32 << 20
)

func (q *queue) put(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r, network := e.(Received)
	alert := network && r.Lane == protocol.LaneAlert
	switch most := mostBytes; {
	case !network:
		q.urgent = append(q.urgent, e)
	case alert && len(q.urgent) < mostMessages && q.bytes+len(r.Payload) <= most:
		q.urgent = append(q.urgent, e)
	case alert, len(q.network) >= mostMessages, q.bytes+len(r.Payload) > most/2: // the rest is for alerts
		return
	default:
		q.network = append(q.network, e)
	}
	q.bytes += len(r.Payload)
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// take waits for the next event; its error is that of ctx, which counts first.
func (q *queue) take(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e, ok := q.pop(); ok {
			return e, nil
		}
		select {
		case <-ctx.Done():
		case <-q.filled:
		}
	}
}

func (q *queue) pop() (Event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	from := &q.urgent
	if len(*from) == 0 {
		from = &q.network
	}
	if len(*from) == 0 {
		return nil, false
	}
	e := (*from)[0]
	(*from)[0] = nil
	*from = (*from)[1:]
	if r, ok := e.(Received); ok {
		q.bytes -= len(r.Payload)
	}
	return e, true
}
