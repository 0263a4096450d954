package broker_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"loa/controller/protocol"
)

// BenchmarkFanOut is one alert of 2 KB to 100 boards over TLS, from ToArea to
// each board's handler: what of an alert's way is the broker's. Times are of
// single messages, every board of every alert counted.
func BenchmarkFanOut(b *testing.B) {
	const boards = 100
	c := start(b, nil)
	all := make([]*board, boards)
	for i := range all {
		name := fmt.Sprintf("cluster-%03d", i)
		c.place(name, "03388")
		all[i] = c.board(b, name)
		all[i].connect(b)
		all[i].subscribe(b, protocol.AreaTopic("03388"))
	}
	took := make(chan time.Duration, boards)
	for _, board := range all {
		go func() {
			for m := range board.got {
				payload := m[len(protocol.AreaTopic("03388"))+1:]
				sent := time.Duration(binary.BigEndian.Uint64([]byte(payload)))
				took <- time.Since(epoch) - sent
			}
		}()
	}
	var times []time.Duration
	for b.Loop() {
		payload := make([]byte, 2048)
		binary.BigEndian.PutUint64(payload, uint64(time.Since(epoch)))
		if err := c.ToArea("03388", payload); err != nil {
			b.Fatal(err)
		}
		for range boards {
			times = append(times, <-took)
		}
	}
	slices.Sort(times)
	at := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(0.50), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

// epoch is what the benchmark's monotonic times count from.
var epoch = time.Now()
