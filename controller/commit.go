package controller

import (
	"maps"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/controller/store"
)

// transaction is what is made durable together. One is stored at a time; what
// comes meanwhile is gathered into the next one, so that commits never overtake
// each other and one that failed is made up for by the next.
type transaction struct {
	orders   map[string]*store.Record // by key; nil is to be dropped
	marks    map[string]*store.Mark   // by occurrence; nil is to be dropped
	receipts []protocol.Receipt
	unstored int // of receipts, from the first on: told without a number
	acked    *int64
	floor    time.Time

	starts []string // tokens of the cues that begin when it is stored
}

func (x *transaction) keep(r store.Record) {
	if x.orders == nil {
		x.orders = map[string]*store.Record{}
	}
	x.orders[r.Key] = &r
}

func (x *transaction) drop(keys ...string) {
	if x.orders == nil {
		x.orders = map[string]*store.Record{}
	}
	for _, key := range keys {
		x.orders[key] = nil
	}
}

func (x *transaction) mark(occurrence string, m schedule.Mark) {
	if x.marks == nil {
		x.marks = map[string]*store.Mark{}
	}
	kept := store.Mark(m)
	x.marks[occurrence] = &kept
}

func (x *transaction) dropMark(occurrence string) {
	if x.marks == nil {
		x.marks = map[string]*store.Mark{}
	}
	x.marks[occurrence] = nil
}

func (x *transaction) empty() bool {
	return len(x.orders) == 0 && len(x.marks) == 0 && len(x.receipts) == 0 && len(x.starts) == 0 &&
		x.acked == nil && x.floor.IsZero()
}

// then is x and y in one: where both speak of the same, y counts.
func (x transaction) then(y transaction) transaction {
	x.orders, x.marks = overlay(x.orders, y.orders), overlay(x.marks, y.marks)
	if x.unstored == len(x.receipts) {
		x.unstored += y.unstored
	}
	x.receipts = slices.Concat(x.receipts, y.receipts)
	x.starts = slices.Concat(x.starts, y.starts)
	if y.acked != nil {
		x.acked = y.acked
	}
	x.floor = later(x.floor, y.floor)
	return x
}

func overlay[V any](x, y map[string]V) map[string]V {
	if len(x) == 0 {
		return y
	}
	x = maps.Clone(x)
	maps.Copy(x, y)
	return x
}

// tx is how the store takes it.
func (x *transaction) tx() store.Tx {
	tx := store.Tx{Acked: x.acked, Floor: x.floor}
	for _, key := range sorted(x.orders) {
		if r := x.orders[key]; r != nil {
			tx.Orders = append(tx.Orders, *r)
		} else {
			tx.DropOrders = append(tx.DropOrders, key)
		}
	}
	for _, id := range sorted(x.marks) {
		m := x.marks[id]
		if m == nil {
			tx.DropMarks = append(tx.DropMarks, id)
			continue
		}
		if tx.Marks == nil {
			tx.Marks = map[string]store.Mark{}
		}
		tx.Marks[id] = *m
	}
	return tx
}

// tell adds a receipt to the transaction.
func (t *step) tell(r protocol.Receipt) { t.tx.receipts = append(t.tx.receipts, r) }

// flush gathers what this Step has to make durable, and asks for the next
// commit when none is under way. After a failure the same is tried again after
// a while, or with the next news.
func (t *step) flush() {
	s := t.s
	news := !t.tx.empty()
	if news {
		s.gathered = s.gathered.then(t.tx)
	}
	if s.storing != nil || s.gathered.empty() {
		return
	}
	if !t.due(s.retry) && !news && len(s.gathered.starts) == 0 {
		return
	}
	if s.clock.Trusted {
		s.clock = s.clock.raise(t.now)
		s.gathered.floor = s.clock.Floor
	}
	stored := s.gathered
	s.serial++
	s.storing, s.gathered = &stored, transaction{}
	t.do(Commit{Serial: s.serial, Tx: stored.tx(), Receipts: stored.receipts})
}

// committed goes on with what waited for a commit.
func (t *step) committed(e Committed) {
	s := t.s
	if s.storing == nil || e.Serial != s.serial {
		return
	}
	stored := *s.storing
	s.storing = nil
	if e.Err != nil {
		t.notStored(stored, e.Err)
		return
	}
	t.fault("store", "")
	s.retry = time.Time{}
	if n := len(e.Receipts); n > 0 {
		s.next = e.Receipts[n-1].Sequence + 1
	}
	for _, token := range stored.starts {
		t.begin(token)
	}
}

// notStored carries an emergency out from memory; anything else stays off.
// What could not be stored goes before what has been gathered since.
func (t *step) notStored(lost transaction, err error) {
	s := t.s
	t.fault("store", err.Error())
	s.retry = t.board.Add(retryAfter)
	starts := lost.starts
	lost.starts = nil
	s.gathered = lost.then(s.gathered)
	if n := len(s.gathered.receipts) - maxUnsaved; n > 0 {
		s.gathered.receipts = s.gathered.receipts[n:]
		s.gathered.unstored = max(0, s.gathered.unstored-n)
	}
	for _, token := range starts {
		c, ok := s.cues[token]
		switch {
		case !ok || c.given || s.playing[c.output] != token:
		case c.Class == schedule.Emergency:
			t.begin(token)
		default:
			t.over(c, protocol.FateFailed, "its start could not be stored", c.From, nil)
		}
	}
}

// sendUnstored tells of orders that were accepted and cannot be stored: once,
// and without a number.
func (t *step) sendUnstored() {
	s := t.s
	if s.faults["store"] == "" {
		return
	}
	for ; s.gathered.unstored < len(s.gathered.receipts); s.gathered.unstored++ {
		if r := s.gathered.receipts[s.gathered.unstored]; r.Fate == protocol.FateAccepted {
			r.Fate, r.Detail = protocol.FateNotDurable, s.faults["store"]
			t.do(SendUnstored{r})
		}
	}
}
