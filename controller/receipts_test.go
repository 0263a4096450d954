package controller_test

import (
	"slices"
	"testing"
	"time"

	"loa/controller"
	"loa/controller/protocol"
)

func TestReceipts(t *testing.T) {
	send := func(from, through int64) controller.SendReceipts {
		return controller.SendReceipts{From: from, Through: through}
	}
	for _, c := range []struct {
		name string
		do   func(b *board)
		want []controller.SendReceipts
	}{
		{"acknowledged, they rest", func(b *board) {
			b.receive(ack(epoch, 3))
			b.pass(10 * time.Minute)
		}, nil},
		{"not acknowledged, they are sent again after 30 s", func(b *board) {
			b.pass(65 * time.Second)
		}, []controller.SendReceipts{send(1, 3), send(1, 3)}},
		{"acknowledged in part, the rest is sent again", func(b *board) {
			b.receive(ack(epoch, 2))
			b.pass(35 * time.Second)
		}, []controller.SendReceipts{send(3, 3)}},
		{"a lower number asks for them again", func(b *board) {
			b.receive(ack(epoch, 3), ack(epoch, 1))
		}, []controller.SendReceipts{send(2, 3)}},
		{"a number that was never sent counts for nothing", func(b *board) {
			b.receive(ack(epoch, 4), ack(epoch, 1000))
			b.pass(35 * time.Second)
		}, []controller.SendReceipts{send(1, 3)}},
		{"another epoch's number counts for nothing", func(b *board) {
			b.receive(ack("epoch-0", 3))
			b.feed(controller.Down{})
			b.pass(time.Minute)
		}, []controller.SendReceipts{send(4, 4)}}, // that it was refused
		{"without a session they wait", func(b *board) {
			b.feed(controller.Down{})
			b.pass(time.Hour)
			b.feed(controller.Up{})
		}, []controller.SendReceipts{send(1, 3)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := enrolled(t)
			n := len(asks[controller.SendReceipts](b))
			c.do(b)
			if got := asks[controller.SendReceipts](b)[n:]; !slices.Equal(got, c.want) {
				t.Errorf("sent %v, want %v", got, c.want)
			}
		})
	}
}

func TestHello(t *testing.T) {
	b := enrolled(t)
	b.receive(b.world().alert("7f3c"), b.world().cancel("second"))
	times := func() []controller.SendHello { return asks[controller.SendHello](b) }
	n := len(times())
	b.pass(5 * time.Minute)
	if got := len(times()) - n; got < 5 || got > 9 {
		t.Errorf("%d hellos in five minutes without an answer", got)
	}
	b.receive(b.world().time(b.id.Boot))
	n = len(times())
	b.pass(time.Hour)
	if got := len(times()) - n; got != 6 {
		t.Errorf("%d hellos in an hour", got)
	}
	h := times()[len(times())-1].Hello
	if h.Held["alert/live/7f3c"].Revision != 1 || !slices.Contains(h.Cancelled, "alert/live/second") || h.Next != b.disk.NextSequence ||
		h.Epoch != epoch || h.Boot != b.id.Boot || h.Clock != protocol.ClockTrusted || h.Held["placement"].Hash == "" {
		t.Errorf("hello %+v", h)
	}
}

// A plan that names what the board never had is followed by a hello, which central
// answers with it; one that names only what it has is not.
func TestHelloAsksForABulletin(t *testing.T) {
	for held, want := range map[bool]int{false: 1, true: 0} {
		b := enrolled(t)
		b.receive(b.world().time(b.id.Boot))
		b.pass(time.Minute)
		news := b.world().bulletin("news")
		if held {
			b.receive(news)
		}
		n := len(asks[controller.SendHello](b))
		b.receive(b.world().plan(1, item("news", b.now.Add(time.Hour), news)))
		b.pass(time.Minute)
		if got := len(asks[controller.SendHello](b)) - n; got != want {
			t.Errorf("the bulletin is held: %t; %d hellos in the minute after the plan, want %d", held, got, want)
		}
	}
}

func TestStateIsToldWhenItChanges(t *testing.T) {
	b, news := withNews(t)
	states := func() []controller.SendState { return asks[controller.SendState](b) }
	n := len(states())
	b.pass(50 * time.Second)
	if len(states()) != n {
		t.Errorf("told without a change")
	}
	b.pass(10 * time.Second)
	s := states()[len(states())-1].State
	if len(states()) != n+1 || len(s.OnAir) != 1 || s.OnAir[0].Subject != news || s.OnAir[0].Output != "horn" || s.OnAir[0].Class != "routine" {
		t.Errorf("told %+v", s)
	}
	b.finish("horn")
	if s := states()[len(states())-1].State; len(s.OnAir) != 0 || !s.Online {
		t.Errorf("told %+v", s)
	}
}

// An idle board sleeps: every wake-up has a reason.
func TestIdleBoardSleeps(t *testing.T) {
	b, _ := withNews(t)
	b.receive(b.world().alert("7f3c", func(a *protocol.Alert) { a.Repetitions = 1 }), b.world().local(protocol.Live))
	b.finish("horn")
	b.pass(12 * time.Minute)
	b.receive(b.world().time(b.id.Boot), ack(epoch, b.disk.NextSequence-1))
	n := b.steps
	b.pass(6 * time.Hour)
	if got := b.steps - n; got > 6*60*2 {
		t.Errorf("%d steps in six hours", got)
	}
}

func TestPrune(t *testing.T) {
	b := enrolled(t)
	b.pass(3*24*time.Hour + time.Minute)
	got := asks[controller.Prune](b)
	if len(got) != 4 || !got[3].Before.Equal(noon.AddDate(0, 0, 3-45)) {
		t.Errorf("pruned %v", got)
	}
}

// A session in which central answers nothing is made anew.
func TestReconnect(t *testing.T) {
	b := enrolled(t)
	count := func() int { return len(asks[controller.Reconnect](b)) }
	b.pass(2 * time.Minute)
	if count() != 0 {
		t.Errorf("at once")
	}
	b.pass(3 * time.Minute)
	if count() != 1 {
		t.Errorf("%d times in five minutes", count())
	}
	b.feed(controller.Down{}, controller.Up{})
	b.receive(b.world().time(b.id.Boot))
	for range 12 {
		b.pass(10 * time.Minute)
		b.receive(b.world().time(b.id.Boot))
	}
	if count() != 1 {
		t.Errorf("%d times, and central answers", count())
	}
	b.pass(31 * time.Minute)
	if count() != 2 {
		t.Errorf("%d times, central answers no more", count())
	}
	b.feed(controller.Down{})
	b.pass(time.Hour)
	if count() != 2 {
		t.Errorf("%d times, there is no session", count())
	}
}
