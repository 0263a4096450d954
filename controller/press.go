package controller

import (
	"fmt"
	"slices"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
	"loa/firmware"
)

// pressPrefix begins the subjects of presses, and of local orders.
const pressPrefix = "local/"

// pressed plays the local order of a button. Live comes before drill. A line that
// was lost and came back tells again that the button is down: that is no press.
func (t *step) pressed(e firmware.Press) {
	s := t.s
	t.fault(inputPart(e.Input), "")
	was := s.down[e.Input]
	s.down[e.Input] = e.Active
	if !e.Active || was {
		return
	}
	r := s.receipt(protocol.FatePressed, t.now)
	r.Kind, r.Mode, r.Occurrence = protocol.KindLocal, protocol.Live, e.Input
	l, detail := t.localFor(e.Input)
	r.Detail = detail
	if l.order == nil {
		t.tell(r)
		return
	}
	r.Order, r.Subject, r.Mode = l.order.Hash, l.order.Subject, l.order.Mode
	t.tell(r)
	for _, p := range s.presses {
		if p.order.Hash == l.order.Hash && !t.pressOver(p) {
			return // it sounds already
		}
	}
	s.presses = append(s.presses, press{
		held: l, at: t.board,
		subject: fmt.Sprintf("%s@%s", l.order.Subject, t.now.UTC().Format(protocol.LocalTime)),
	})
}

// localFor finds the order of a button, judged again. Its expiry counts only
// with a time that is known, or where it is certainly past.
func (t *step) localFor(input string) (held[protocol.Local], string) {
	for _, mode := range []protocol.Mode{protocol.Live, protocol.Drill} {
		l, ok := t.s.locals[pressPrefix+string(mode)+"/"+input]
		if !ok {
			continue
		}
		if err := l.order.Stands(t.s.known, t.clock()); err != nil {
			return held[protocol.Local]{}, "its order is void: " + err.Error()
		}
		return l, ""
	}
	return held[protocol.Local]{}, "no order for this button"
}

// viewPress is a press as schedule sees it.
func (t *step) viewPress(p press) schedule.Alert {
	at, longest := t.known(p.at), p.longest()
	return schedule.Alert{
		Subject: p.subject, Order: p.order.Hash, Sequence: 1, Mode: p.order.Mode, Level: p.doc.Level,
		Issued: at, Expires: at.Add(longest), Repetitions: p.doc.Repetitions, Pause: seconds(p.doc.Pause),
		Done: p.done, LastEnd: t.known(p.lastEnd), Longest: longest,
	}
}

func (p press) longest() time.Duration { return time.Duration(p.doc.Seconds) * time.Second }

func (t *step) pressOver(p press) bool {
	return p.done >= p.doc.Repetitions || !t.board.Before(p.at.Add(p.longest()))
}

// expirePresses forgets presses that are over and that no output sounds.
func (t *step) expirePresses() {
	s := t.s
	if len(s.presses) == 0 {
		return
	}
	sounding := map[string]bool{}
	for _, c := range s.cues {
		sounding[c.subject] = true
	}
	s.presses = slices.DeleteFunc(s.presses, func(p press) bool { return t.pressOver(p) && !sounding[p.subject] })
}
