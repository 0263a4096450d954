package broker

import (
	"errors"
	"sync"

	"loa/controller/protocol"
)

// Limits of what waits for Deliver from one cluster, of receipts: none of them
// may be lost.
const (
	maxInbox      = 32
	maxInboxBytes = protocol.MaxMessage
)

var errEnded = errors.New("connection ended")

// inbox stands between the connections and Deliver. Each cluster has its own
// small one, and those that hold something take turns, one message of each lane
// a turn, so that a busy board delays nobody but itself.
type inbox struct {
	deliver func(cluster string, lane protocol.Lane, payload []byte)

	mu     sync.Mutex
	wake   sync.Cond
	closed bool
	boxes  map[string]*box // with something in it, or somebody waiting for room
	turns  []*box          // each at most once
}

type box struct {
	cluster string
	lanes   map[protocol.Lane]*waiting
	queued  bool          // stands in turns, or a turn is under way
	room    chan struct{} // closed and made anew when something was taken out
}

type waiting struct {
	payloads [][]byte
	bytes    int
}

func newInbox(deliver func(string, protocol.Lane, []byte)) *inbox {
	i := &inbox{deliver: deliver, boxes: map[string]*box{}}
	i.wake.L = &i.mu
	return i
}

// put takes a message. A receipt waits for room until gone is closed; on other
// lanes, where the latest says all, a message takes the place of one that was
// not delivered yet.
func (i *inbox) put(cluster string, lane protocol.Lane, payload []byte, gone <-chan struct{}) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for {
		b := i.boxes[cluster]
		if b == nil {
			b = &box{cluster: cluster, lanes: map[protocol.Lane]*waiting{}, room: make(chan struct{})}
			i.boxes[cluster] = b
		}
		w := b.lanes[lane]
		if w == nil {
			w = &waiting{}
			b.lanes[lane] = w
		}
		if lane != protocol.LaneReceipt {
			w.payloads, w.bytes = nil, 0
		}
		n := len(w.payloads)
		if n == 0 || n < maxInbox && w.bytes+len(payload) <= maxInboxBytes {
			w.payloads = append(w.payloads, payload)
			w.bytes += len(payload)
			if !b.queued {
				b.queued = true
				i.turns = append(i.turns, b)
				i.wake.Signal()
			}
			return nil
		}
		room := b.room
		i.mu.Unlock()
		select {
		case <-room:
		case <-gone:
		}
		i.mu.Lock()
		select {
		case <-gone:
			return errEnded
		default:
		}
	}
}

// run delivers until close.
func (i *inbox) run() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for {
		for len(i.turns) == 0 && !i.closed {
			i.wake.Wait()
		}
		if i.closed {
			return
		}
		b := i.turns[0]
		i.turns[0] = nil
		i.turns = i.turns[1:]
		for _, lane := range protocol.Upward {
			payload, ok := b.take(lane)
			if !ok || i.closed {
				continue
			}
			i.mu.Unlock()
			i.deliver(b.cluster, lane, payload)
			i.mu.Lock()
		}
		if b.empty() {
			b.queued = false
			delete(i.boxes, b.cluster)
		} else {
			i.turns = append(i.turns, b)
		}
	}
}

// close ends run after the call of Deliver that is under way.
func (i *inbox) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.wake.Broadcast()
}

func (b *box) take(lane protocol.Lane) (payload []byte, ok bool) {
	w := b.lanes[lane]
	if w == nil || len(w.payloads) == 0 {
		return nil, false
	}
	payload = w.payloads[0]
	w.payloads[0] = nil
	w.payloads = w.payloads[1:]
	w.bytes -= len(payload)
	close(b.room)
	b.room = make(chan struct{})
	return payload, true
}

func (b *box) empty() bool {
	for _, w := range b.lanes {
		if len(w.payloads) > 0 {
			return false
		}
	}
	return true
}
