package orders_test

import (
	"fmt"
	"sync"
	"testing"

	"loa/central/registry"
	"loa/controller/protocol"
)

// From a person's signature to the message on its way, with the commit between:
// a commune's alert on 100 boards.
func BenchmarkAlert(b *testing.B) {
	w := newWorld(b)
	for i := range 98 {
		id := fmt.Sprintf("bench-%03d", i)
		must(b, w.reg.AddClusters(b.Context(), "test", registry.Cluster{ID: id, Name: id, Area: "03433", Languages: []string{"vi"}}))
		w.enrol(id).online = false
	}
	w.net.boards["muong-te-01"].online, w.net.boards["muong-te-02"].online = false, false
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		d := w.draft(w.Alert(b.Context(), "lan", alertFor(protocol.Live, "03433")))
		s := signature(d, "lan")
		b.StartTimer()
		if _, err := w.AddSignature(b.Context(), d.Hash, s); err != nil {
			b.Fatal(err)
		}
	}
}

// Receipts that come together share a transaction: so many deliverers hand
// them in as the broker has.
func BenchmarkReceipts(b *testing.B) {
	for _, deliverers := range []int{4, 64} {
		b.Run(fmt.Sprint(deliverers), func(b *testing.B) {
			w := newWorld(b)
			board := w.net.boards["muong-te-01"]
			for range b.N {
				board.tell(protocol.Receipt{Fate: protocol.FatePressed, Occurrence: "button1"})
			}
			told := make(chan []byte, b.N)
			for _, r := range board.drain() {
				told <- r
			}
			close(told)
			b.ResetTimer()
			var all sync.WaitGroup
			for range deliverers {
				all.Go(func() {
					for r := range told {
						if err := w.Receipt(b.Context(), board.cluster, r); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
		})
	}
}
