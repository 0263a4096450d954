package playout_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"loa/controller/playout"
	"loa/controller/schedule"
	"loa/firmware/sim"
)

// Players that decode together sound what each would alone: one that is in step,
// one some seconds behind, one far behind, and one that begins in the middle.
func TestDecodedTogether(t *testing.T) {
	lib := library{}
	spoken := lib.add(speech(t))
	c := *cue("a", schedule.Emergency, builtIn("chime"), siren(12*time.Second), audio(spoken), builtIn("phrase:flood"))
	alone := whole(t, lib, c)
	synctest.Test(t, func(t *testing.T) {
		shared := &playout.Decoded{}
		ctx, cancel := context.WithCancel(t.Context())
		var boards []*sim.Board
		var done []chan error
		begin := func(from time.Duration) {
			board, err := sim.New(sim.Options{Outputs: []sim.Output{{Name: horn, Relays: []string{"mains"}, WarmUp: warmUp, Tail: tail}}})
			if err != nil {
				t.Fatal(err)
			}
			p := playout.New(board.Outputs, lib, slog.New(slog.DiscardHandler), func(playout.Event) {})
			p.Share(shared)
			end := make(chan error, 1)
			go func() { end <- p.Run(ctx) }()
			mine := c
			mine.From = from
			if err := p.Set(horn, &mine); err != nil {
				t.Fatal(err)
			}
			boards, done = append(boards, board), append(done, end)
		}
		begin(0)
		begin(0)
		time.Sleep(3 * time.Second)
		begin(0)
		time.Sleep(10 * time.Second)
		begin(0)
		begin(17 * time.Second)
		time.Sleep(2 * time.Minute)
		for i, b := range boards {
			var heard []int16
			for _, block := range b.Recorder.PCM() {
				heard = append(heard, block.Samples...)
			}
			want := alone
			if i == 4 {
				want = alone[samples(17*time.Second)+960:]
				heard = heard[960:] // the fade
			}
			if !sameSound(heard, want) {
				t.Errorf("player %d: %d samples, not the %d that it sounds alone", i, len(heard), len(want))
			}
		}
		cancel()
		for _, end := range done {
			if err := <-end; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestDecodedOnce(t *testing.T) {
	const n = 60 * 48000
	computed, opened := 0, 0
	var d playout.Decoded
	open := func() func(int64, int) ([]int16, error) {
		t.Helper()
		read, err := playout.OpenCounted(&d, "a", n, &computed, &opened)
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	all := make([]func(int64, int) ([]int16, error), 50)
	for i := range all {
		all[i] = open()
	}
	for at := int64(0); at < n; at += 960 {
		for i, read := range all {
			pcm, err := read(at, 960)
			if err != nil || len(pcm) != 960 || pcm[0] != int16(at*7) || pcm[959] != int16((at+959)*7) {
				t.Fatalf("listener %d at %d: %d samples, %v", i, at, len(pcm), err)
			}
		}
	}
	for _, read := range all {
		if pcm, err := read(n, 960); len(pcm) > 0 || !errors.Is(err, io.EOF) {
			t.Fatalf("behind the end: %d samples, %v", len(pcm), err)
		}
	}
	if computed != n || opened != 1 {
		t.Errorf("%d of %d samples were computed, %d sounds opened; want each once", computed, n, opened)
	}

	// One that comes when the others are through goes alone, also across the end
	// of what is still kept.
	late := open()
	for _, at := range []int64{0, 30 * 48000, 55 * 48000, n - 100} {
		pcm, err := late(at, 960)
		if err != nil || len(pcm) == 0 || pcm[0] != int16(at*7) {
			t.Errorf("late at %d: %d samples, %v", at, len(pcm), err)
		}
	}
	if opened < 2 {
		t.Error("it did not go alone")
	}

	// When nobody plays it any more it is forgotten, and made anew.
	runtime.KeepAlive(all)
	all, late = nil, nil
	runtime.GC()
	before, at := opened, int64(58*48000) // which would still be kept
	if pcm, err := open()(at, 10); err != nil || pcm[0] != int16(at*7) {
		t.Errorf("again: %v, %v", pcm, err)
	}
	if opened != before+1 {
		t.Errorf("%d sounds were opened after the last was forgotten, want 1", opened-before)
	}
}
