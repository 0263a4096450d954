package pi_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"testing"

	"loa/firmware/pi"
)

var hand struct{ chip, line, active string }

func init() {
	flag.StringVar(&hand.chip, "hand.chip", "", "label of a real GPIO chip: TestHand drives a relay there")
	flag.StringVar(&hand.line, "hand.line", "", "name or number of the relay's line")
	flag.StringVar(&hand.active, "hand.active", "high", "level that closes its contact: high or low")
}

// TestHand is a hand on one real relay, for whoever watches the line from
// outside. It does what it reads on standard input, a word a line (close, open,
// end, and for a crash that no deferred call survives, kill it), and answers
// each with a line. When the input ends it gives the relay back.
func TestHand(t *testing.T) {
	if hand.chip == "" {
		t.Skip("it drives a real line only where -hand.chip names one")
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

func answer(t *testing.T, word string, err error) {
	if err != nil {
		t.Error(err)
		fmt.Printf("%s: %v\n", word, err)
		return
	}
	fmt.Printf("%s: done\n", word)
}
