package store_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loa/controller/store"
)

const childDir = "LOA_STORE_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		commitForEver(dir)
	}
	os.Exit(m.Run())
}

// commitForEver is the child: it says the number of every receipt after Commit
// has acknowledged it.
func commitForEver(dir string) {
	s, err := store.Open(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	snap, err := s.Load()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for n := snap.NextSequence; ; n++ {
		tx := store.Tx{
			Receipts: receipts(n, n),
			Orders:   []store.Record{{Key: "8/plan", Hash: fmt.Sprint(n), Envelope: make([]byte, n%7*3000)}},
		}
		if err := s.Commit(tx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

// A killed process shows that a commit is whole or absent. That it survives the
// loss of power rests on bbolt's fdatasync, which no kill can show.
func TestKilledInMidCommit(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(3, 4))
	var said int64
	for range 8 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 5 + r.IntN(40) {
			if !lines.Scan() {
				t.Fatal("the child ended by itself")
			}
		}
		time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, func() { child.Process.Kill() })
		for last := lines.Text(); ; last = lines.Text() {
			if _, err := fmt.Sscan(last, &said); err != nil {
				t.Fatal(err)
			}
			if !lines.Scan() {
				break
			}
		}
		child.Wait()

		s, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		next := load(t, s).NextSequence
		if s.Damaged() != "" || next <= said || next > said+2 {
			t.Fatalf("acknowledged through %d, the next is %d, damaged %q", said, next, s.Damaged())
		}
		got, err := s.Receipts(1, int(next))
		if diff := cmp.Diff(receipts(1, next-1), got); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		if plan := load(t, s).Orders[0]; plan.Hash != fmt.Sprint(next-1) {
			t.Fatalf("the plan of commit %s with the receipt of %d", plan.Hash, next-1)
		}
		s.Close()
	}
}
