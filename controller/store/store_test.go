package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loa/controller/protocol"
	"loa/controller/store"
)

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func commit(t *testing.T, s *store.Store, tx store.Tx) {
	t.Helper()
	if err := s.Commit(tx); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s *store.Store) store.Snapshot {
	t.Helper()
	snap, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func receipts(from, to int64) []store.SealedReceipt {
	var out []store.SealedReceipt
	for n := from; n <= to; n++ {
		out = append(out, store.SealedReceipt{Sequence: n, Envelope: fmt.Appendf(nil, "receipt %d", n)})
	}
	return out
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// full is a store with something in every place.
func full() store.Tx {
	acked := int64(2)
	return store.Tx{
		Orders: []store.Record{
			{Key: "5/alert/live/a", Hash: "aa", Envelope: bytes.Repeat([]byte("x"), 9000), Accepted: noon, Keep: noon.Add(time.Hour),
				Progress: store.Progress{Done: 2, LastEnd: noon.Add(time.Minute)}},
			{Key: "8/plan", Hash: "bb", Envelope: []byte(`{"payload":"..."}`), Accepted: noon},
		},
		Marks: map[string]store.Mark{
			"p1@1": {Fate: protocol.FateCut, Position: 1234567 * time.Microsecond, At: noon, Keep: noon.Add(24 * time.Hour)},
		},
		Receipts: receipts(1, 3),
		Acked:    &acked,
		Floor:    noon,
	}
}

func fullSnapshot() store.Snapshot {
	tx := full()
	return store.Snapshot{Orders: tx.Orders, Marks: tx.Marks, NextSequence: 4, Acked: 2, Floor: noon}
}

func TestWhatWasCommittedComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir)
	if got, want := load(t, s), (store.Snapshot{Marks: map[string]store.Mark{}, NextSequence: 1}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	commit(t, s, full())
	epoch := s.Epoch()
	if len(epoch) != 32 {
		t.Errorf("epoch %q", epoch)
	}
	s.Close()

	s = open(t, dir)
	if s.Epoch() != epoch || s.Damaged() != "" {
		t.Errorf("epoch %s, was %s; damaged %q", s.Epoch(), epoch, s.Damaged())
	}
	if diff := cmp.Diff(fullSnapshot(), load(t, s)); diff != "" {
		t.Error(diff)
	}
	got, err := s.Receipts(2, 10)
	if diff := cmp.Diff(receipts(2, 3), got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got, _ := s.Receipts(1, 2); len(got) != 2 {
		t.Errorf("%d receipts, asked for 2", len(got))
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestReplaceAndDrop(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, full())
	acked := int64(1)
	plan := store.Record{Key: "8/plan", Hash: "cc", Envelope: []byte("newer"), Accepted: noon.Add(time.Hour)}
	commit(t, s, store.Tx{
		DropOrders: []string{"5/alert/live/a", "never there"},
		Orders:     []store.Record{plan},
		DropMarks:  []string{"p1@1"},
		Marks:      map[string]store.Mark{"p1@2": {Fate: protocol.FateFinished}},
		Acked:      &acked,               // central was restored and asks again
		Floor:      noon.Add(-time.Hour), // and its clock is late
	})
	want := store.Snapshot{
		Orders: []store.Record{plan}, Marks: map[string]store.Mark{"p1@2": {Fate: protocol.FateFinished}},
		NextSequence: 4, Acked: 1, Floor: noon,
	}
	if diff := cmp.Diff(want, load(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestSequences(t *testing.T) {
	for _, c := range []struct {
		name     string
		receipts []store.SealedReceipt
		acked    int64
		ok       bool
	}{
		{"the next", receipts(4, 4), 0, true},
		{"the next three", receipts(4, 6), 0, true},
		{"acknowledged in the same transaction", receipts(4, 4), 4, true},
		{"nothing acknowledged any more", nil, 0, true},
		{"one left out", receipts(5, 5), 0, false},
		{"the last again", receipts(3, 3), 0, false},
		{"a gap inside", append(receipts(4, 4), receipts(6, 6)...), 0, false},
		{"twice the same", append(receipts(4, 4), receipts(4, 4)...), 0, false},
		{"from the start again", receipts(1, 1), 0, false},
		{"acknowledged before it was made", nil, 4, false},
		{"negative", nil, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			commit(t, s, full())
			err := s.Commit(store.Tx{Receipts: c.receipts, Acked: &c.acked, DropOrders: []string{"8/plan"}})
			if c.ok != (err == nil) || !c.ok && !errors.Is(err, store.ErrSequence) {
				t.Fatalf("error %v", err)
			}
			if n := len(load(t, s).Orders); !c.ok && n != 2 {
				t.Error("a part of a refused transaction was stored")
			}
		})
	}
}

func TestPruneKeepsWhatCentralHasNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		acked := int64(3)
		commit(t, s, store.Tx{Receipts: receipts(1, 4), Acked: &acked})
		time.Sleep(24 * time.Hour)
		acked = 5
		commit(t, s, store.Tx{Receipts: receipts(5, 6)})
		for _, c := range []struct {
			before time.Time
			acked  int64
			want   int64 // the first that stays
		}{
			{time.Now().Add(-25 * time.Hour), 3, 1},
			{time.Now().Add(-time.Hour), 3, 4},
			{time.Now().Add(time.Hour), 3, 4},
			{time.Now().Add(-time.Hour), 6, 5},
			{time.Now().Add(time.Hour), 6, 7},
		} {
			commit(t, s, store.Tx{Acked: &c.acked})
			if err := s.Prune(c.before); err != nil {
				t.Fatal(err)
			}
			got, err := s.Receipts(0, 100)
			if diff := cmp.Diff(receipts(c.want, 6), got); err != nil || diff != "" {
				t.Errorf("before %v, acked %d: %v %s", c.before, c.acked, err, diff)
			}
		}
		// An empty outbox still knows its number.
		if n := load(t, s).NextSequence; n != 7 {
			t.Errorf("next receipt %d", n)
		}
	})
}

func TestReceiptsMadeUnderAClockThatFellBackAreNotOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble's clock says 2000
		s := open(t, t.TempDir())
		acked := int64(1)
		commit(t, s, store.Tx{Receipts: receipts(1, 1), Acked: &acked, Floor: noon})
		if err := s.Prune(noon.Add(-45 * 24 * time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.Receipts(1, 1); len(got) != 1 {
			t.Error("the receipt is gone")
		}
	})
}

func TestOnlyOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it waits some seconds for the other to end
		dir := t.TempDir()
		open(t, dir)
		if _, err := store.Open(dir); !errors.Is(err, store.ErrInUse) {
			t.Errorf("error %v", err)
		}
	})
}

func TestDamageIsSetAside(t *testing.T) {
	for name, mangle := range map[string]func([]byte) []byte{
		"text":             func([]byte) []byte { return []byte("this is no database\n") },
		"zeros":            func(b []byte) []byte { return make([]byte, len(b)) },
		"random":           func(b []byte) []byte { fill(b); return b },
		"half":             func(b []byte) []byte { return b[:len(b)/2] },
		"two pages":        func(b []byte) []byte { return b[:8192] },
		"one byte":         func(b []byte) []byte { return b[:1] },
		"all but the head": func(b []byte) []byte { fill(b[8192:]); return b },
		"one bit of an envelope": func(b []byte) []byte {
			b[bytes.Index(b, bytes.Repeat([]byte("x"), 9000))+4500] ^= 1
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			commit(t, s, full())
			epoch := s.Epoch()
			s.Close()
			path := filepath.Join(dir, "board.db")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b = mangle(b)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}

			s = open(t, dir)
			if s.Damaged() == "" || s.Epoch() == epoch {
				t.Errorf("damaged %q, epoch %s, was %s", s.Damaged(), s.Epoch(), epoch)
			}
			if snap := load(t, s); len(snap.Orders) != 0 || snap.NextSequence != 1 {
				t.Errorf("the new database holds %+v", snap)
			}
			commit(t, s, full())
			aside, _ := filepath.Glob(path + ".damaged-*")
			if len(aside) != 1 {
				t.Fatalf("set aside: %v", aside)
			}
			if kept, _ := os.ReadFile(aside[0]); !bytes.Equal(kept, b) {
				t.Error("what was set aside is not what was there")
			}
		})
	}
}

func fill(b []byte) {
	rand.NewChaCha8([32]byte{1}).Read(b)
}

// Whatever a worn card does to the file, the board starts: with all it had, or
// with nothing and saying so.
func TestNoDamageStopsTheBoard(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for n := int64(1); n < 60; n++ {
		tx := store.Tx{Receipts: receipts(n, n), Orders: []store.Record{{Key: fmt.Sprint("7/bulletin/", n), Envelope: make([]byte, 50*n)}}}
		if n%5 == 0 {
			tx.DropOrders = []string{fmt.Sprint("7/bulletin/", n-3)}
		}
		commit(t, s, tx)
	}
	want := load(t, s)
	s.Close()
	path := filepath.Join(dir, "board.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	damaged := 0
	for range 200 {
		b := bytes.Clone(whole)
		switch r.IntN(3) {
		case 0: // bits
			for range 1 + r.IntN(20) {
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			}
		case 1: // a block that was never written
			at := r.IntN(len(b)/512) * 512
			clear(b[at:min(len(b), at+512*(1+r.IntN(16)))])
		case 2: // a block of another place
			from, to := r.IntN(len(b)/4096)*4096, r.IntN(len(b)/4096)*4096
			copy(b[to:to+4096], b[from:from+4096])
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if s.Damaged() != "" {
			damaged++
		} else if got := load(t, s); !reflect.DeepEqual(want, got) && got.NextSequence != want.NextSequence-1 {
			// Where only the head of the newest commit is lost, the one before
			// it counts.
			t.Fatalf("neither damaged nor whole: %s", cmp.Diff(want, got))
		}
		s.Close()
	}
	if damaged < 20 || damaged == 200 {
		t.Errorf("%d of 200 were found damaged: this test tests nothing", damaged)
	}
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) > 3 {
		t.Errorf("%d databases set aside fill the disk", len(aside))
	}
}

// tmpfs is a small disk of its own.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("a small disk needs the right to mount (root, or unshare -rm): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	dir := tmpfs(t, "1m")
	s := open(t, filepath.Join(dir, "state"))
	commit(t, s, full())
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	err := s.Commit(store.Tx{Receipts: receipts(4, 4), Orders: []store.Record{{Key: "7/b", Envelope: make([]byte, 300<<10)}}})
	if !errors.Is(err, store.ErrCannotWrite) {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(fullSnapshot(), load(t, s)); diff != "" {
		t.Error(diff)
	}
	// The number is free again once there is room, for another receipt.
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	other := []store.SealedReceipt{{Sequence: 4, Envelope: []byte("another")}}
	commit(t, s, store.Tx{Receipts: other})
	s.Close()
	s = open(t, filepath.Join(dir, "state"))
	if got, _ := s.Receipts(4, 10); !cmp.Equal(got, other) {
		t.Errorf("receipts %+v", got)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	dir := tmpfs(t, "1m")
	s := open(t, dir)
	commit(t, s, full())
	epoch := s.Epoch()
	s.Close()
	remount := func(flags uintptr) {
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	s = open(t, dir)
	if diff := cmp.Diff(fullSnapshot(), load(t, s)); diff != "" || s.Epoch() != epoch || s.Damaged() != "" {
		t.Errorf("epoch %s, damaged %q, %s", s.Epoch(), s.Damaged(), diff)
	}
	if err := s.Commit(store.Tx{Receipts: receipts(4, 4)}); !errors.Is(err, store.ErrCannotWrite) {
		t.Errorf("error %v", err)
	}
	s.Close()
	remount(0)
	os.Remove(filepath.Join(dir, "board.db"))
	remount(syscall.MS_RDONLY)
	if _, err := store.Open(dir); !errors.Is(err, store.ErrCannotWrite) {
		t.Errorf("nothing to read and nowhere to write: %v", err)
	}
}
