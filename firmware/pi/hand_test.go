package pi_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"loa/firmware/pi"
)

var hand struct {
	chip, line, active string
	bare               bool
}

func init() {
	flag.StringVar(&hand.chip, "hand.chip", "", "label of a real GPIO chip: TestHand drives a relay there")
	flag.StringVar(&hand.line, "hand.line", "", "name or number of the relay's line")
	flag.StringVar(&hand.active, "hand.active", "high", "level that closes its contact: high or low")
	flag.BoolVar(&hand.bare, "hand.bare", false, "drive the line itself: high, low, read, rest, end")
}

// TestHand is a hand on one real relay, for whoever watches the line from
// outside. It does what it reads on standard input, a word a line (close, open,
// end, and for a crash that no deferred call survives, kill it), and answers
// each with a line. When the input ends it gives the relay back.
func TestHand(t *testing.T) {
	if hand.chip == "" {
		t.Skip("it drives a real line only where -hand.chip names one")
	}
	if hand.bare {
		bareHand(t)
		return
	}
	r, err := pi.OpenRelay(pi.RelayOptions{Name: "hand", Chip: hand.chip, Line: hand.line, ActiveLow: hand.active == "low"})
	if err != nil {
		fmt.Println("opened:", err)
		t.FailNow()
	}
	fmt.Println("opened: done")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		switch word := in.Text(); word {
		case "close", "open":
			answer(t, word, r.Set(word == "close"))
		case "end":
			answer(t, word, r.Close())
		default:
			t.Errorf("%.20q is none of close, open, end", word)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// bareHand is the hand on a line that rests on the level that opens a relay.
func bareHand(t *testing.T) {
	l, err := pi.RequestOut(hand.chip, hand.line, hand.active == "low")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fmt.Println("opened: done")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		switch word := in.Text(); word {
		case "high", "low":
			answer(t, word, l.Out(word == "high"))
		case "read":
			level, err := l.Level()
			if err == nil && level != l.Read() {
				err = errors.New("two reads differ")
			}
			fmt.Println("it is", level)
			answer(t, word, err)
		case "rest":
			answer(t, word, l.Halt())
		case "end":
			l.Close()
			answer(t, word, nil)
		default:
			t.Errorf("%.20q is none of high, low, read, rest, end", word)
		}
	}
}

func answer(t *testing.T, word string, err error) {
	if err != nil {
		t.Error(err)
		fmt.Printf("%s: %v\n", word, err)
		return
	}
	fmt.Printf("%s: done\n", word)
}
