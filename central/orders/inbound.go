package orders

import (
	"context"
)

// Hello takes what a board said on a lane of its own and answers it: signed
// time, acknowledgement, and what it lacks, in the order in which it must be
// judged. An error is for the log: the hello was not believed, or the store
// failed, and the board will say hello again.
func (o *Orders) Hello(ctx context.Context, cluster string, payload []byte) error { return nil }

// Receipt takes one receipt. It is durable when Receipt returns nil, and is
// acknowledged soon after. What is not the board's own, or differs from what it
// said before under the same number, is recorded as a Fault and an error.
func (o *Orders) Receipt(ctx context.Context, cluster string, payload []byte) error { return nil }
