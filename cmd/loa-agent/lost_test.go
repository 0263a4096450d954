package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"loa/central/broker"
	"loa/controller"
	"loa/controller/link"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
	"loa/firmware/pi"
	"loa/firmware/sim"
)

// once is a simulated speaker that is lost as a real sound device is: for good.
type once struct{ *sim.Speaker }

func (s once) Write(ctx context.Context, pcm []int16) error {
	return forGood(s.Speaker.Write(ctx, pcm))
}
func (s once) Drain(ctx context.Context) error { return forGood(s.Speaker.Drain(ctx)) }

func forGood(err error) error {
	if errors.Is(err, sim.ErrSpeakerLost) {
		return fmt.Errorf("%w: %w", pi.ErrDeviceLost, err)
	}
	return err
}

func TestALostDeviceIsNoticed(t *testing.T) {
	pcm := make([]int16, 100)
	for name, tt := range map[string]struct {
		do   func(ctx context.Context, s firmware.Speaker, device *sim.Speaker)
		lost bool
		in   time.Duration
	}{
		"by a write": {func(ctx context.Context, s firmware.Speaker, device *sim.Speaker) {
			device.Lose()
			if err := s.Write(ctx, pcm); !errors.Is(err, pi.ErrDeviceLost) {
				t.Errorf("Write returned %v", err)
			}
		}, true, lastWord},
		"by a drain": {func(ctx context.Context, s firmware.Speaker, device *sim.Speaker) {
			must(t, s.Write(ctx, pcm))
			device.Lose()
			if err := s.Drain(ctx); !errors.Is(err, pi.ErrDeviceLost) {
				t.Errorf("Drain returned %v", err)
			}
		}, true, lastWord},
		"with nothing on air": {func(_ context.Context, _ firmware.Speaker, device *sim.Speaker) {
			device.Lose()
		}, true, lookEvery + lastWord},
		"not lost": {func(ctx context.Context, s firmware.Speaker, _ *sim.Speaker) {
			must(t, s.Write(ctx, pcm))
			must(t, s.Drain(ctx))
		}, false, time.Hour},
		"a writer that gave up": {func(ctx context.Context, s firmware.Speaker, _ *sim.Speaker) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			if err := s.Write(ctx, pcm); !errors.Is(err, context.Canceled) {
				t.Errorf("Write returned %v", err)
			}
		}, false, time.Hour},
		"closed": {func(_ context.Context, s firmware.Speaker, _ *sim.Speaker) { must(t, s.Close()) }, false, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				device, err := sim.NewSpeaker("main", sim.SpeakerOptions{})
				must(t, err)
				ctx, end := context.WithCancelCause(t.Context())
				defer end(nil)
				begun := time.Now()
				tt.do(ctx, newMortal(ctx, once{device}, end), device)
				select {
				case <-ctx.Done():
				case <-time.After(tt.in):
				}
				synctest.Wait()
				cause := context.Cause(ctx)
				if tt.lost != errors.Is(cause, pi.ErrDeviceLost) || !tt.lost && cause != nil {
					t.Errorf("ended by %v", cause)
				}
				if took := time.Since(begun); tt.lost && took < lastWord {
					t.Errorf("ended after %v", took)
				}
			})
		})
	}
}

// alerted is a central that raises one alert as soon as the board is there.
func alerted(t *testing.T) (*broker.Broker, *broker.Authority) {
	t.Helper()
	raised := time.Now().UTC()
	alert, err := protocol.Encode(sealed(t, protocol.KindAlert, protocol.Alert{
		Version: protocol.Version, ID: "a-1", Sequence: 1, Audience: []string{"03388"}, Issued: raised, Expires: raised.Add(time.Hour),
		Announcement: protocol.Announcement{
			Hazard: "flood", Siren: protocol.Siren{Blasts: 1, Seconds: 20}, Phrase: "flood",
			Messages: []protocol.Message{{Language: "vi", Text: "Lũ"}}, Repetitions: 3,
		},
	}, "captain"))
	must(t, err)
	authority := anAuthority(t)
	config, err := authority.ServerTLS([]string{"127.0.0.1"}, func(string, *x509.Certificate) error { return nil })
	must(t, err)
	var b *broker.Broker
	b, err = broker.New(broker.Options{
		Addr: "127.0.0.1:0", TLS: config, AreasOf: func(string) []string { return []string{"03388"} },
		Deliver: func(cluster string, lane protocol.Lane, _ []byte) {
			if lane != protocol.LaneHello {
				return
			}
			if err := b.ToCluster(cluster, protocol.LaneAlert, alert); err != nil {
				t.Errorf("send the alert: %v", err)
			}
		},
		Log: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("broker: %v", err)
		}
	})
	return b, authority
}

// An alert is on air when the device goes: the agent says 'failed', opens the
// relay, and ends with the cause.
func TestTheAgentEndsWithItsSoundDevice(t *testing.T) {
	b, authority := alerted(t)
	key := private("board")
	e := answerOf(t, authority, publicOf(key))
	e.Broker = b.Addr().String()
	config, err := clientTLS(e, key)
	must(t, err)
	kept, err := store.Open(filepath.Join(t.TempDir(), storeFolder))
	must(t, err)
	defer kept.Close()
	board, err := sim.New(sim.Options{Outputs: []sim.Output{{Name: "main", Relays: []string{"amplifier"}, LongestOn: time.Hour}}})
	must(t, err)
	device := board.Speaker("main")
	ctx, end := context.WithCancelCause(t.Context())
	defer end(nil)
	board.Outputs[0].Speaker = newMortal(ctx, once{device}, end)
	agent, err := controller.New(controller.Options{
		Agent: "test", Key: key, Board: board.Board, Store: kept, Enrolment: &e, TrustClock: true, Log: slog.New(slog.DiscardHandler),
		Link: &link.Options{Cluster: e.Cluster, Broker: e.Broker, Audio: e.Audio, TLS: config, Log: slog.New(slog.DiscardHandler)},
	})
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx) }()

	limit := time.After(time.Minute)
	for look := time.NewTicker(10 * time.Millisecond); len(board.Recorder.PCM()) == 0; {
		select {
		case <-look.C:
		case err := <-ended:
			t.Fatalf("the agent ended with %v", err)
		case <-limit:
			t.Fatal("the alert did not sound")
		}
	}
	device.Lose()
	lost := time.Now()
	select {
	case err = <-ended:
	case <-limit:
		t.Fatal("the agent did not end")
	}
	if !errors.Is(err, pi.ErrDeviceLost) {
		t.Errorf("ended with %v", err)
	}
	if took := time.Since(lost); took < lastWord {
		t.Errorf("ended after %v, no time for a last word", took)
	}
	edges := board.Recorder.Edges()
	if len(edges) < 2 || edges[len(edges)-1].Closed {
		t.Errorf("relay: %v", edges)
	}
	fates := map[protocol.Fate]int{}
	receipts, err := kept.Receipts(1, 100)
	must(t, err)
	for _, r := range receipts {
		opened, _, err := protocol.OpenReceipt(r.Envelope, publicOf(key))
		must(t, err)
		if opened.Subject == "alert/live/a-1" {
			fates[opened.Fate]++
		}
	}
	if fates[protocol.FateFailed] == 0 {
		t.Errorf("receipts of the alert: %v", fates)
	}
	must(t, board.Close())
}
