package orders_test

import (
	"fmt"
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
