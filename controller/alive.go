package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Times of the watchdogs. One that waits less than both of these together bites
// an agent that is only slow.
const (
	feedEvery    = 2 * time.Second
	answerWithin = 8 * time.Second
)

// question is for the goroutine that writes to the store; closing it answers.
type question chan struct{}

func (question) effect() {}

// guard feeds the board's watchdogs, all of them together, while the agent can do
// what it is there for: take an event through Step, get an answer of the store,
// and move every output. Each is asked, none is believed. An error is an answer:
// a board whose card is read-only, or whose sound card is gone, still has
// something to do, and starting it anew would not mend it. What hangs is not
// alive, whatever the rest does.
func (c *Controller) guard(ctx context.Context) {
	if len(c.Board.Watchdogs) == 0 {
		return
	}
	broken := map[int]string{} // watchdogs that could not be fed, and why
	for c.answered(ctx) {
		for i, w := range c.Board.Watchdogs {
			why := ""
			if err := w.Feed(); err != nil {
				why = err.Error()
			}
			if why != broken[i] && why != "" {
				c.Log.Error("feed watchdog", "error", why)
			}
			broken[i] = why
		}
		select {
		case <-ctx.Done():
		case <-time.After(feedEvery):
		}
	}
}

// answered asks every part and waits until all have answered, however long that
// takes, or ctx ends. It tells which do not.
func (c *Controller) answered(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := []struct {
		name string
		ask  func(context.Context) error
	}{{"loop", c.askLoop}, {"store", c.askStore}, {"sound", c.player.Probe}}
	answers := make(chan string, len(parts))
	var silent []string
	for _, p := range parts {
		silent = append(silent, p.name)
		go func() {
			if p.ask(ctx) == nil {
				answers <- p.name
			}
		}()
	}
	late := time.NewTimer(answerWithin)
	defer late.Stop()
	told := false
	for len(silent) > 0 {
		select {
		case <-ctx.Done():
			return false
		case name := <-answers:
			silent = slices.DeleteFunc(silent, func(s string) bool { return s == name })
		case <-late.C:
			told = true
			c.aside("the watchdogs are not fed", "silent", strings.Join(silent, ", "), "after", answerWithin)
		}
	}
	if told {
		c.aside("the watchdogs are fed again")
	}
	return ctx.Err() == nil
}

// aside writes to the log, and does not wait for it: it may be what hangs.
func (c *Controller) aside(text string, attrs ...any) { go c.Log.Error(text, attrs...) }

// askLoop sends an event through Step, whose effect is the answer.
func (c *Controller) askLoop(ctx context.Context) error {
	c.events.put(Asked{})
	select {
	case <-c.answers:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("ask the loop: %w", ctx.Err())
	}
}

// askStore asks the goroutine that writes to the store.
func (c *Controller) askStore(ctx context.Context) error {
	answer := make(question)
	select {
	case c.writes <- answer:
	case <-ctx.Done():
		return fmt.Errorf("ask the store: %w", ctx.Err())
	}
	select {
	case <-answer:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("ask the store: %w", ctx.Err())
	}
}
