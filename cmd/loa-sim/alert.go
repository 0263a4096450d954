package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"loa/controller/protocol"
)

// warmRounds are played and not counted: the first alerts open files, grow
// maps, and fill caches.
const warmRounds = 3

const (
	procsPerCore = 4
	heapGrowth   = 400 // percent
)

// memoryFolder is a file system in memory, where there is one.
const memoryFolder = "/dev/shm"

// alerts measures from the POST of the signature that seals an alert to the
// closing of every cluster's relay: once with the boards' stores on this
// machine's disk, which all of them share, and once with the stores in memory.
// On poles every store has a card of its own, so the truth lies between.
func (c *benchCommand) alerts(ctx context.Context, out *lines, log *slog.Logger) error {
	// A hundred boards in one process must not hold up each other, and central,
	// as a hundred processes do not. While a board waits for its disk, Go keeps
	// a processor for it until the runtime notices: there are some to spare. And
	// what all of them allocate for one alert would set off a collection in its
	// middle, which a board's own small heap does not do.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procsPerCore * runtime.NumCPU()))
	defer debug.SetGCPercent(debug.SetGCPercent(heapGrowth))
	for _, where := range []struct{ name, stores string }{{"alert", ""}, {"alert-stores-in-memory", memoryFolder}} {
		if !wantsAny(out, where.name) {
			continue
		}
		if _, err := os.Stat(where.stores); where.stores != "" && err != nil {
			log.Warn("left out", "name", where.name, "error", err)
			continue
		}
		results, err := c.measureAlerts(ctx, where.name, where.stores, log)
		if err != nil {
			return fmt.Errorf("%s: %w", where.name, err)
		}
		if err := results.print(out, where.name); err != nil {
			return err
		}
	}
	return nil
}

// profile writes what the processor did from now until stop, as one file of the
// folder asked for; go tool pprof takes many files together.
func (c *benchCommand) profile(name string, i int) (stop func() error, err error) {
	if c.Profile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(c.Profile, fmt.Sprintf("%s-%03d.pprof", name, i)))
	if err != nil {
		return nil, fmt.Errorf("make profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("start profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// round is one alert: milliseconds from the POST, one value a cluster. sent is
// the bare broker's, of the same bytes, a moment before.
type round struct {
	answered float64
	sent     []float64
	heard    []float64 // the message is at the board's socket
	closed   []float64 // the relay has closed
	board    []float64 // between these two
}

type rounds []round

func (c *benchCommand) measureAlerts(ctx context.Context, name, stores string, log *slog.Logger) (all rounds, err error) {
	begun := time.Now()
	dir, err := os.MkdirTemp(c.Disk, "alert-")
	if err != nil {
		return nil, fmt.Errorf("make temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if stores, err = os.MkdirTemp(cmp.Or(stores, dir), "loa-boards-"); err != nil {
		return nil, fmt.Errorf("make the boards' folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(stores)) }()

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// A hundred boards tell too much; what goes wrong is told.
	quiet := slog.New(atLeastWarn{log.Handler()})
	p, err := newProvince(ctx, filepath.Join(dir, "central"), quiet)
	if err != nil {
		return nil, err
	}
	defer func() {
		stop(nil)
		if end := <-p.done; end != nil {
			err = errors.Join(err, fmt.Errorf("central: %w", end))
		}
	}()
	f, err := newFleet(ctx, p, stores, c.Clusters, stop, quiet)
	defer func() {
		stop(nil)
		err = errors.Join(err, f.close())
	}()
	if err != nil {
		return nil, err
	}
	bare, err := newFanOut(ctx, filepath.Join(dir, "broker"), c.Clusters, stop, quiet)
	if bare != nil {
		defer func() {
			stop(nil)
			bare.running.Wait()
		}()
	}
	if err != nil {
		return nil, err
	}
	log.Info("ready", "name", name, "clusters", c.Clusters, "after", time.Since(begun).Round(time.Second))
	for i := range warmRounds + c.Rounds {
		r, err := f.alert(ctx, bare, func() (func() error, error) { return c.profile(name, i) })
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", i+1, err)
		}
		if i >= warmRounds {
			all = append(all, r)
		}
	}
	log.Info("measured", "name", name, "alerts", len(all), "after", time.Since(begun).Round(time.Second))
	return all, nil
}

// alert raises an alert, and ends it when all relays are closed. profile is
// started for the time in between.
func (f *fleet) alert(ctx context.Context, bare *fanOut, profile func() (stop func() error, err error)) (r round, err error) {
	var raised, ended draft
	if err := f.call(ctx, officer, "POST", "/alerts", wish(), &raised); err != nil {
		return r, err
	}
	signature := f.signature(raised, officer)
	sealed := raised.Envelope
	sealed.AddSignature(signature)
	payload, err := protocol.Encode(sealed)
	if err != nil {
		return r, err
	}
	took, err := bare.send(ctx, payload)
	if err != nil {
		return r, err
	}
	for _, d := range took {
		r.sent = append(r.sent, milliseconds(d))
	}
	for _, c := range f.clusters {
		c.board.Recorder.Clear()
		c.listen()
	}

	stop, err := profile()
	if err != nil {
		return r, err
	}
	var st status
	posted := time.Now()
	if err := f.call(ctx, officer, "POST", "/orders/"+raised.Envelope.Hash()+"/signatures", signature, &st); err != nil {
		return r, err
	}
	r.answered = milliseconds(time.Since(posted))
	if st.State != "sealed" || st.Counts.Targets != len(f.clusters) {
		return r, fmt.Errorf("the alert is %s for %d clusters, want sealed for %d", st.State, st.Counts.Targets, len(f.clusters))
	}
	if err := errors.Join(f.untilRelays(ctx, true), stop()); err != nil {
		return r, err
	}
	for _, c := range f.clusters {
		at, ok := c.closedAfter(posted)
		if !ok {
			return r, fmt.Errorf("the relay of %s is closed, and no edge of it was recorded", c.id)
		}
		closed, heard := milliseconds(at.Sub(posted)), milliseconds(c.heardAfter(posted))
		r.closed, r.heard, r.board = append(r.closed, closed), append(r.heard, heard), append(r.board, closed-heard)
	}

	_, id, _ := strings.Cut(strings.TrimPrefix(raised.Subject, "alert/"), "/")
	if err := f.call(ctx, officer, "POST", "/alerts/live/"+id+"/cancel", nil, &ended); err != nil {
		return r, err
	}
	if err := f.sign(ctx, officer, ended, officer); err != nil {
		return r, err
	}
	if err := f.untilRelays(ctx, false); err != nil {
		return r, err
	}
	return r, f.untilQuiet(ctx, raised, ended)
}

// wish is a commune's flood warning in two languages.
func wish() map[string]any {
	return map[string]any{
		"mode": protocol.Live, "audience": []string{communeCode}, "hazard": "flood", "level": 3,
		"siren": protocol.Siren{Blasts: 5, Seconds: 30, Gap: 5}, "phrase": "flood", "repetitions": 10, "pause": 20, "lifetimeSeconds": 7200,
		"messages": []map[string]string{
			{"language": "vi", "text": "Nước sông Đà lên nhanh.\nBà con lên chỗ cao ngay."},
			{"language": "hmn", "text": "Dej nce ceev heev."},
		},
	}
}

// alertLines are what one measurement prints, each below its name.
var alertLines = []struct {
	name     string
	q        float64
	value    func(round) []float64
	baseline func(round) []float64
}{
	{"post-to-relay-p50", 0.5, round.ofClosed, round.ofSent},
	{"post-to-relay-p99", 0.99, round.ofClosed, round.ofSent},
	{"post-to-relay-slowest", 0.5, slowest(round.ofClosed), slowest(round.ofSent)},
	{"post-to-first-board", 0.5, fastest(round.ofHeard), fastest(round.ofSent)},
	{"post-to-board-p50", 0.5, round.ofHeard, round.ofSent},
	{"post-to-board-p99", 0.99, round.ofHeard, round.ofSent},
	{"board-to-relay-p50", 0.5, round.ofBoard, nil},
	{"board-to-relay-p99", 0.99, round.ofBoard, nil},
	{"post-to-answer-p50", 0.5, round.ofAnswer, nil},
}

func (r round) ofClosed() []float64 { return r.closed }
func (r round) ofHeard() []float64  { return r.heard }
func (r round) ofBoard() []float64  { return r.board }
func (r round) ofSent() []float64   { return r.sent }
func (r round) ofAnswer() []float64 { return []float64{r.answered} }

// fastest is the fastest cluster of each round.
func fastest(of func(round) []float64) func(round) []float64 {
	return func(r round) []float64 { return []float64{quantile(of(r), 0)} }
}

// slowest is the slowest cluster of each round.
func slowest(of func(round) []float64) func(round) []float64 {
	return func(r round) []float64 { return []float64{quantile(of(r), 1)} }
}

func (all rounds) quantile(of func(round) []float64, q float64) float64 {
	var values []float64
	for _, r := range all {
		values = append(values, of(r)...)
	}
	return quantile(values, q)
}

func (all rounds) print(out *lines, name string) error {
	for _, l := range alertLines {
		baseline := 0.0
		if l.baseline != nil {
			baseline = all.quantile(l.baseline, l.q)
		}
		if err := out.print(name+"/"+l.name, "ms", all.quantile(l.value, l.q), baseline); err != nil {
			return err
		}
	}
	return nil
}

func wantsAny(out *lines, name string) bool {
	for _, l := range alertLines {
		if out.wants(name + "/" + l.name) {
			return true
		}
	}
	return false
}

// atLeastWarn passes over what is not wrong.
type atLeastWarn struct{ slog.Handler }

func (h atLeastWarn) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h atLeastWarn) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeastWarn{h.Handler.WithAttrs(attrs)}
}

func (h atLeastWarn) WithGroup(name string) slog.Handler {
	return atLeastWarn{h.Handler.WithGroup(name)}
}
