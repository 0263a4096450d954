package web

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"loa/central/changes"
	"loa/central/fleet"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

// What changes reaches every stream that is open (see events.go) by way of one
// teller: it reads the rooms' logs of changes, works out once what is shown, and
// hands it to each stream, which picks what its person may see. It runs while
// somebody listens, and waits for nobody: a stream that is behind is ended, and
// its reader begins anew.

// Limits of the streams.
const (
	tellEvery  = 250 * time.Millisecond // what changes meanwhile is told once
	mostOwn    = 8                      // streams of one person; the oldest makes room
	mostAll    = 1000                   // streams in all
	mostBehind = 32                     // tellings that a stream has not written yet
	mostListed = 500                    // changes in one event
	mostNotes  = 1000                   // changes of content that are remembered
	mostLeft   = 100                    // areas that a change names which content has left
	tellWithin = 10 * time.Second       // for what is told to be worked out
)

// teller hands what changed to the streams.
type teller struct {
	mu      sync.Mutex
	streams []*stream     // the oldest first
	rest    chan struct{} // closed when nobody listens any more; nil while nobody tells
	content changes.Log[changed]
}

// stream is one reader.
type stream struct {
	person   string
	tellings chan *telling
	ended    chan struct{} // closed when it is to end
	why      string        // of the end
}

func (s *stream) end(why string) {
	select {
	case <-s.ended:
	default:
		s.why = why
		close(s.ended)
	}
}

// changed is what kind of content changed; id is empty where many did.
type changed struct {
	What string `json:"what"`
	ID   string `json:"id,omitempty"`
	left string // areas in which it is no more, with spaces between; "": where it is now
}

// telling is what changed since the one before. It does not change itself.
type telling struct {
	clusters []item // briefs
	orders   []item
	content  []item
}

// item is one thing that changed.
type item struct {
	areas []string // whom it concerns; nil: everybody who may look
	of    changed  // of content
	json  []byte
}

var errFull = errors.New("too many streams are open")

// listen adds a stream of a person; the teller's first word to it is of what
// changes from now on.
func (a *api) listen(person string) (*stream, error) {
	t := &a.teller
	t.mu.Lock()
	defer t.mu.Unlock()
	own := 0
	for _, s := range t.streams {
		if s.person == person {
			own++
		}
	}
	if own >= mostOwn {
		// A phone whose network dropped has left dead streams behind.
		i := slices.IndexFunc(t.streams, func(s *stream) bool { return s.person == person })
		t.streams[i].end("another took its place")
		t.streams = slices.Delete(t.streams, i, i+1) // not by drop: another comes
	}
	if len(t.streams) >= mostAll {
		return nil, errFull
	}
	s := &stream{person: person, tellings: make(chan *telling, mostBehind), ended: make(chan struct{})}
	t.streams = append(t.streams, s)
	if t.rest == nil {
		t.rest = make(chan struct{})
		go a.tell(t.rest, marks{a.Fleet.Changed().Now(), a.Fleet.Sounded().Now(), a.Orders.Changed().Now(), t.content.Now()})
	}
	return s, nil
}

// drop removes streams, and lets who tells rest when none is left. The caller
// holds mu.
func (t *teller) drop(which func(*stream) bool) {
	t.streams = slices.DeleteFunc(t.streams, which)
	if len(t.streams) == 0 && t.rest != nil {
		close(t.rest)
		t.rest = nil
	}
}

// leave removes a stream.
func (t *teller) leave(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(func(o *stream) bool { return o == s })
}

// hand gives a telling to every stream. One that is too far behind is ended: its
// reader begins anew and misses nothing. Whoever was to rest meanwhile has
// nothing to say to those who came since.
func (t *teller) hand(rest chan struct{}, what *telling) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rest != rest {
		return
	}
	t.drop(func(s *stream) bool {
		select {
		case s.tellings <- what:
			return false
		default:
			s.end("it was read too slowly")
			return true
		}
	})
}

// endAll ends every stream: something was missed.
func (t *teller) endAll(rest chan struct{}, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rest != rest {
		return
	}
	t.drop(func(s *stream) bool {
		s.end(why)
		return true
	})
}

// marks are how far the logs of changes were read.
type marks struct{ fleet, sounded, orders, content changes.Mark }

// since reads a log on from a mark, and moves it.
func since[K comparable](l *changes.Log[K], mark *changes.Mark) (changed []K, whole bool) {
	changed, *mark, whole = l.Since(*mark)
	return changed, whole
}

// tell goes on until it may rest.
func (a *api) tell(rest chan struct{}, read marks) {
	pace := time.NewTimer(0)
	defer pace.Stop()
	for {
		select {
		case <-a.Fleet.Changed().After(read.fleet):
		case <-a.Fleet.Sounded().After(read.sounded):
		case <-a.Orders.Changed().After(read.orders):
		case <-a.teller.content.After(read.content):
		case <-rest:
			return
		}
		select {
		case <-pace.C:
		case <-rest:
			return
		}
		pace.Reset(tellEvery)
		clusters, _ := since(a.Fleet.Changed(), &read.fleet)
		hashes, whole := since(a.Orders.Changed(), &read.orders)
		sounded, allSounded := since(a.Fleet.Sounded(), &read.sounded)
		content, all := since(&a.teller.content, &read.content)
		if !whole || !allSounded || !all {
			a.teller.endAll(rest, "it missed what changed")
			continue
		}
		hashes = append(hashes, sounded...)
		what, err := a.telling(clusters, hashes, content)
		if err != nil {
			// Whoever listens would believe that nothing changed.
			a.Log.Error("tell what changed", "error", err)
			a.teller.endAll(rest, "the server could not say what changed")
			continue
		}
		a.teller.hand(rest, what)
	}
}

func (a *api) telling(clusters, hashes []string, content []changed) (*telling, error) {
	ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
	defer cancel()
	t := &telling{}
	standings, err := a.Fleet.Standings(ctx, fleet.Filter{IDs: append([]string{}, clusters...)})
	if err != nil {
		return nil, err
	}
	for _, s := range standings {
		t.clusters = append(t.clusters, item{areas: []string{s.Cluster.Area}, json: plain(viewBrief(s))})
	}
	if t.orders, err = a.orderItems(ctx, hashes); err != nil {
		return nil, err
	}
	for _, c := range content {
		areas, err := a.areasOf(ctx, c)
		if err != nil {
			return nil, err
		}
		t.content = append(t.content, item{areas, c, plain(c)})
	}
	return t, nil
}

// orderNow is how an order stands, as a stream tells it.
type orderNow struct {
	Hash    string        `json:"hash"`
	Kind    protocol.Kind `json:"kind"`
	Mode    protocol.Mode `json:"mode"`
	Subject string        `json:"subject"`
	State   string        `json:"state" enum:"gathering,sealed,active,cancelled,ended" doc:"Of an alert how far it has come; of others gathering or sealed."`
	Counts  tally         `json:"counts"`
}

// orderItems are the orders that are worth telling: plans are central's own, and
// one change of a programme makes thousands.
func (a *api) orderItems(ctx context.Context, hashes []string) ([]item, error) {
	if len(hashes) == 0 {
		return nil, nil
	}
	found, err := a.Orders.List(ctx, orders.Query{Hashes: hashes})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, s := range found {
		if s.Kind == protocol.KindPlan {
			continue
		}
		v := orderNow{Hash: s.Hash, Kind: s.Kind, Mode: s.Mode, Subject: s.Subject, State: string(s.State)}
		over := !s.Until.IsZero() && !s.Until.After(time.Now())
		if s.Kind == protocol.KindAlert {
			alerts, err := a.Orders.Alerts(ctx, orders.AlertQuery{Subject: s.Subject, Limit: 1})
			if err != nil {
				return nil, err
			}
			if len(alerts) > 0 {
				v.State, over = string(alerts[0].Course), over || alerts[0].Course == orders.Cancelled
			}
		}
		counts, err := a.Orders.Tally(ctx, s.Hash, over, a.Fleet.Sounding(s.Hash))
		if err != nil {
			return nil, err
		}
		if s.State != orders.Sealed {
			counts.Targets = a.meant(ctx, s.Hash)
		}
		v.Counts = tally(counts)
		areas := s.Areas
		if s.Cluster != "" {
			c, err := a.Registry.Cluster(ctx, s.Cluster)
			if err != nil && !errors.Is(err, registry.ErrNotFound) {
				return nil, err
			}
			areas = []string{c.Area}
		}
		items = append(items, item{areas: areas, json: plain(v)})
	}
	return items, nil
}

// meant is for how many boards an order is that is not sealed yet; 0 where that
// cannot be said.
func (a *api) meant(ctx context.Context, hash string) int {
	s, err := a.Orders.Status(ctx, hash)
	if err != nil {
		a.Log.Debug("count whom an order is for", "order", hash, "error", err)
	}
	return s.Counts.Targets
}

// areasOf are whom a change of content concerns; nil for everybody who may look.
func (a *api) areasOf(ctx context.Context, c changed) (areas []string, err error) {
	switch {
	case c.left != "":
		return strings.Fields(c.left), nil
	case c.ID == "":
		return nil, nil
	case c.What == "bulletins":
		var b library.Bulletin
		b, err = a.Library.Bulletin(ctx, c.ID)
		areas = b.Areas
	case c.What == "programmes":
		var p planner.Programme
		p, err = a.Planner.Programme(ctx, c.ID)
		areas = []string{p.Area}
	}
	if errors.Is(err, planner.ErrNotFound) || errors.Is(err, library.ErrNotFound) {
		return []string{}, nil // it is gone, and those whom that concerns are told
	}
	return areas, err
}

// left tells the areas in which content was and is no more.
func (a *api) left(what, id string, was, is []string) {
	gone := slices.DeleteFunc(slices.Clone(was), func(code string) bool { return slices.Contains(is, code) })
	switch {
	case len(gone) > mostLeft:
		a.teller.content.Add(changed{What: what})
	case len(gone) > 0:
		a.teller.content.Add(changed{what, id, strings.Join(gone, " ")})
	}
}

// plain is v as one line of JSON. What cannot be encoded, as a time that is far
// off, must not end the server.
func plain(v any) []byte {
	var b bytes.Buffer
	if err := writeJSON(&b, v); err != nil {
		return []byte("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
