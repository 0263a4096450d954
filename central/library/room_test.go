package library_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"loa/central/library"
)

// untouched fails the test when it is read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the upload was read")
	return 0, io.EOF
}

// The disk that holds orders and receipts, too, is not filled to the brim.
func TestRoomIsLeftForOthers(t *testing.T) {
	o := library.ShelfOptions{Dir: t.TempDir(), Free: math.MaxInt64}
	_, err := shelf(t, o).Take(t.Context(), untouched{t}, "a.mp3", false)
	if !errors.Is(err, library.ErrDiskFull) {
		t.Errorf("got %v", err)
	}
	if left := kept(t, o.Dir); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestFewUploadsComeInAtOnce(t *testing.T) {
	s := shelf(t, library.ShelfOptions{Uploads: 2, Free: 1})
	type half struct {
		*io.PipeWriter
		ended chan error
	}
	var open []half
	for range 2 {
		r, w := io.Pipe()
		h := half{w, make(chan error, 1)}
		go func() {
			_, err := s.Take(t.Context(), r, "slow.mp3", false)
			h.ended <- err
		}()
		if _, err := w.Write([]byte("begins")); err != nil { // it is being read
			t.Fatal(err)
		}
		open = append(open, h)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Take(ctx, untouched{t}, "third.mp3", false); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	for _, h := range open {
		h.Close()
		<-h.ended
	}
	var refused *library.Refusal
	if _, err := s.Take(t.Context(), bytes.NewReader([]byte("no sound")), "third.mp3", false); !errors.As(err, &refused) {
		t.Errorf("once the others are through: %v", err)
	}
}
