package controller_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loa/controller"
	"loa/controller/link"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
	"loa/firmware/sim"
)

const (
	warmUp = 800 * time.Millisecond
	tail   = 500 * time.Millisecond
)

// cabinet is the whole agent, on a simulated board, with a real store and a
// link to a real broker, in a bubble with its own time.
type cabinet struct {
	t       *testing.T
	dir     string
	board   *sim.Board
	store   *store.Store
	central *central
	wiring  func(*sim.Options) // what else the board has
	end     func() error
}

// live runs a test with a cabinet that is enrolled and on line.
func live(t *testing.T, test func(c *cabinet)) { liveOn(t, func(*sim.Options) {}, test) }

// liveOn does so with a board that has more.
func liveOn(t *testing.T, wiring func(*sim.Options), test func(c *cabinet)) {
	synctest.Test(t, func(t *testing.T) {
		// Behind all other cleanups: what they ended takes some of the bubble's
		// time to go, and the bubble ends with the test.
		t.Cleanup(func() { time.Sleep(2 * time.Minute) })
		c := &cabinet{t: t, dir: t.TempDir(), central: newCentral(t), wiring: wiring}
		c.start()
		c.within(10*time.Second, "the first hello", func() bool { return c.central.hellos() > 0 })
		test(c)
		if c.end != nil {
			c.stop()
		}
	})
}

// start starts the agent; a second start finds the store of the first.
func (c *cabinet) start() {
	c.t.Helper()
	options := sim.Options{
		Outputs: []sim.Output{{
			Name: "horn", Relays: []string{"amp"}, WarmUp: warmUp, Tail: tail, LongestOn: time.Hour,
			Sensors: map[string]firmware.Quantity{"coil": firmware.Current, "ear": firmware.Sound},
		}},
		Inputs: map[string]firmware.Use{"button": firmware.EmergencyButton},
	}
	c.wiring(&options)
	var err error
	if c.board, err = sim.New(options); err != nil {
		c.t.Fatal(err)
	}
	if c.store, err = store.Open(c.dir); err != nil {
		c.t.Fatal(err)
	}
	enrolment := world{time.Now()}.enrolment()
	agent, err := controller.New(controller.Options{
		Agent: "test", Key: private("board"), Board: c.board.Board, Store: c.store, Enrolment: &enrolment, TrustClock: true,
		Link: &link.Options{
			Cluster: clusterID, Broker: brokerAddr, Audio: "https://" + audioAddr, TLS: c.central.authority.board(c.t),
			Agent: "test", Dial: c.central.dial,
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- agent.Run(ctx) }()
	c.end = func() error { cancel(); return <-done }
}

// stop ends the agent, as a service manager does.
func (c *cabinet) stop() {
	c.t.Helper()
	if err := c.end(); err != nil {
		c.t.Errorf("Run: %v", err)
	}
	c.end = nil
	if n := len(c.board.Recorder.Edges()); n > 0 && c.board.Recorder.Edges()[n-1].Closed {
		c.t.Errorf("the relay is closed behind Run")
	}
	if err := c.board.Close(); err != nil {
		c.t.Error(err)
	}
	if err := c.store.Close(); err != nil {
		c.t.Error(err)
	}
}

// within waits, in the bubble's time, until ok.
func (c *cabinet) within(limit time.Duration, what string, ok func() bool) {
	c.t.Helper()
	for began := time.Now(); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > limit {
			c.t.Fatalf("not within %v: %s; receipts: %q", limit, what, c.central.told())
		}
	}
}

func (c *cabinet) tells(limit time.Duration, fate string) {
	c.t.Helper()
	c.within(limit, fate, func() bool { return slices.Contains(c.central.told(), fate) })
}

// edges are the relay's movements, as times after a moment.
func (c *cabinet) edges(since time.Time) (found []time.Duration) {
	for _, e := range c.board.Recorder.Edges() {
		if at := e.At.Sub(since); at >= 0 {
			found = append(found, at)
		}
	}
	return found
}

// speech is a recording of the station format that is some ten seconds long.
func (c *cabinet) speech() protocol.Audio {
	c.t.Helper()
	data, err := os.ReadFile("playout/voices/phrase-flood.opus")
	if err != nil {
		c.t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	a := protocol.Audio{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data)), Samples: 48000}
	c.central.serve(a.SHA256, data)
	return a
}

// near reports whether two times are as close as a board is exact.
func near(got, want time.Duration) bool { return (got - want).Abs() <= 100*time.Millisecond }

func TestRun(t *testing.T) {
	live(t, func(c *cabinet) {
		words := c.speech()
		now := world{time.Now()}
		bulletin := now.bulletin("news", func(b *protocol.Bulletin) { b.Audio[0].Audio = words })
		start := time.Now().Add(time.Minute).Truncate(time.Second)
		news := occurrence("news", start)
		c.central.order(bulletin, now.plan(1, item("news", start, bulletin)))
		c.tells(10*time.Second, "accepted plan")

		time.Sleep(time.Until(start) + 4*time.Second)
		if got := c.edges(start); len(got) != 1 || !near(got[0], 0) {
			t.Fatalf("relay edges %v after the start", got)
		}
		sounds := c.board.Recorder.PCM()
		if len(sounds) != 1 || !near(sounds[0].Start.Sub(start), warmUp) {
			t.Fatalf("sounds %v after the start", sounds[0].Start.Sub(start))
		}

		raised := time.Now()
		c.central.alert(world{raised}.alert("7f3c"))
		c.tells(time.Second, "started alert/live/7f3c/1#1")
		if at := time.Since(raised); at > time.Second {
			t.Errorf("started after %v", at)
		}
		time.Sleep(5 * time.Second)
		cancelled := time.Now()
		c.central.alert(world{cancelled}.cancel("7f3c"))
		c.tells(time.Minute, "finished "+news)
		time.Sleep(10 * time.Second)
		if got := c.edges(raised); len(got) != 1 {
			t.Errorf("relay edges %v after the alert, want one opening", got)
		}
		want := []string{"started " + news, "started alert/live/7f3c/1#1", "cut " + news, "stopped alert/live/7f3c/1#1", "started " + news, "finished " + news}
		for _, fate := range want {
			if !slices.Contains(c.central.told(), fate) {
				t.Errorf("not told: %s; told %q", fate, c.central.told())
			}
		}
		if c.central.lastSequence() != int64(len(c.central.told())) {
			t.Errorf("receipts are missing: %q", c.central.told())
		}
	})
}

// With central away for six hours the plan plays, and what became of it is told
// afterwards.
func TestCentralIsAway(t *testing.T) {
	live(t, func(c *cabinet) {
		words := c.speech()
		now := world{time.Now()}
		bulletin := now.bulletin("news", func(b *protocol.Bulletin) { b.Audio[0].Audio = words })
		start := time.Now().Add(time.Hour).Truncate(time.Second)
		c.central.order(bulletin, now.plan(1, item("news", start, bulletin, func(it *protocol.Item) { it.Rule = "FREQ=HOURLY" })))
		c.tells(10*time.Second, "accepted plan")
		time.Sleep(time.Minute)
		c.central.leave()
		told := len(c.central.told())
		time.Sleep(6*time.Hour + 10*time.Minute)
		if n := len(c.edges(start)); n != 12 {
			t.Errorf("%d relay edges in six hours, want 12", n)
		}
		if n := len(c.central.told()); n != told {
			t.Errorf("central was told %q while it was away", c.central.told()[told:])
		}
		c.central.comeBack()
		for i := range 6 {
			c.tells(3*time.Minute, "finished "+occurrence("news", start.Add(time.Duration(i)*time.Hour)))
		}
	})
}

// A local order sounds without a network, and an agent that is stopped leaves
// its relays open and starts nothing again.
func TestButtonAndStop(t *testing.T) {
	live(t, func(c *cabinet) {
		now := world{time.Now()}
		words := c.speech()
		bulletin := now.bulletin("news", func(b *protocol.Bulletin) { b.Audio[0].Audio = words })
		start := time.Now().Add(10 * time.Minute).Truncate(time.Second)
		news := occurrence("news", start)
		c.central.order(now.local(protocol.Live), bulletin, now.plan(1, item("news", start, bulletin)))
		c.tells(10*time.Second, "accepted plan")
		c.central.leave()
		time.Sleep(time.Minute)
		pressed := time.Now()
		c.board.Input("button").Press(true)
		time.Sleep(5 * time.Second)
		if got := c.edges(pressed); len(got) != 1 || !near(got[0], 0) {
			t.Errorf("relay edges %v after the press", got)
		}
		time.Sleep(time.Until(start) + 4*time.Second)
		if c.edges(start) == nil {
			t.Fatalf("the bulletin does not sound")
		}
		stopped := time.Now()
		c.stop()
		if got := c.edges(stopped); len(got) != 1 || !near(got[0], 0) {
			t.Errorf("relay edges %v after the stop", got)
		}
		c.central.comeBack()
		c.start()
		c.tells(2*time.Minute, "failed "+news)
		time.Sleep(time.Minute)
		if got := c.board.Recorder.Edges(); len(got) != 0 {
			t.Errorf("it sounds again: %v", got)
		}
	})
}

// central is as much of a server as a board needs: a broker, an audio server,
// and answers to hellos and receipts.
type central struct {
	*network
	authority *authority
	broker    *broker

	mu       sync.Mutex
	files    map[string][]byte
	helloed  int
	receipts map[int64]protocol.Receipt
	states   []protocol.State
}

// faults are what the board told last, by part.
func (c *central) faults() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]string{}
	if n := len(c.states); n > 0 {
		for _, f := range c.states[n-1].Faults {
			all[f.Part] = f.Detail
		}
	}
	return all
}

// reports is how often the board told its state.
func (c *central) reports() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.states)
}

// detail is what a receipt says of an occurrence with a fate.
func (c *central) detail(occurrence string, fate protocol.Fate) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.receipts {
		if r.Occurrence == occurrence && r.Fate == fate {
			return r.Detail
		}
	}
	return ""
}

func (c *central) hellos() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.helloed
}

// told are the fates that were told, by number.
func (c *central) told() (fates []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range int64(len(c.receipts)) {
		if r, ok := c.receipts[i+1]; ok {
			fates = append(fates, string(r.Fate)+" "+what(r))
		}
	}
	return fates
}

// evidence is what was told of an occurrence with a fate.
func (c *central) evidence(occurrence string, fate protocol.Fate) *protocol.Evidence {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.receipts {
		if r.Occurrence == occurrence && r.Fate == fate {
			return r.Evidence
		}
	}
	return nil
}

func (c *central) lastSequence() (last int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := range c.receipts {
		last = max(last, n)
	}
	return last
}

// heard takes what the board published.
func (c *central) heard(t *testing.T, lane protocol.Lane, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch lane {
	case protocol.LaneHello:
		h, err := protocol.DecodeMessage[protocol.Hello](payload)
		if err != nil {
			t.Errorf("hello: %v", err)
			return
		}
		c.helloed++
		go c.say(protocol.LaneTime, world{time.Now()}.time(h.Boot))
	case protocol.LaneState:
		s, err := protocol.DecodeMessage[protocol.State](payload)
		if err != nil {
			t.Errorf("state: %v", err)
			return
		}
		c.states = append(c.states, s)
	case protocol.LaneReceipt:
		key := protocol.NewKey(private("board").Public().(ed25519.PublicKey))
		r, _, err := protocol.OpenReceipt(payload, key)
		if err != nil {
			t.Errorf("receipt: %v", err)
			return
		}
		if before, ok := c.receipts[r.Sequence]; ok && before.Fate != r.Fate {
			t.Errorf("receipt %d was %s and is %s", r.Sequence, before.Fate, r.Fate)
		}
		c.receipts[r.Sequence] = r
		last := int64(0)
		for c.receipts[last+1].Sequence != 0 {
			last++
		}
		go c.say(protocol.LaneAck, ack(r.Epoch, last))
	}
}

func (c *central) order(orders ...protocol.Envelope) {
	for _, e := range orders {
		c.say(protocol.LaneOrder, e)
	}
}

func (c *central) say(lane protocol.Lane, e protocol.Envelope) {
	c.broker.send(protocol.ClusterTopic(clusterID, lane), bytesOf(e))
}

// alert goes to the commune's lane.
func (c *central) alert(e protocol.Envelope) {
	c.broker.send(protocol.AreaTopic(commune), bytesOf(e))
}

func (c *central) serve(hash string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files[hash] = data
}
