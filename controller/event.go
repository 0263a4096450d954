package controller

import (
	"time"

	"loa/controller/playout"
	"loa/controller/protocol"
	"loa/controller/store"
	"loa/firmware"
)

// Event is something that happened to the board.
type Event interface{ event() }

type (
	// Tick asks for a new look at the state; nothing else happened.
	Tick struct{}

	// Enrolled carries the answer to this board's own request, read from a file.
	Enrolled struct{ Enrolment protocol.Enrolment }

	// Received is a message of the network.
	Received struct {
		Lane    protocol.Lane
		Payload []byte
	}

	// Up and Down tell of the session with the broker.
	Up   struct{}
	Down struct{}

	// Unheard names the areas whose alerts the broker keeps from this board.
	Unheard struct{ Areas []string }

	// Committed is the completion of a Commit. Receipts have their numbers.
	Committed struct {
		Serial   uint64
		Receipts []protocol.Receipt
		Err      error // nothing of the transaction was stored
	}

	// Fetched is the end of a download.
	Fetched struct {
		Audio protocol.Audio
		Err   error
	}

	// Played is what playout tells of an output.
	Played struct{ playout.Event }

	// Pressed is where the contact of an emergency button went. No other input
	// comes to Step.
	Pressed struct{ firmware.Press }

	// Supply tells whether the mains may power routine and priority: Unfit says why
	// not, and Fault what of that is wrong with the supply.
	Supply struct{ Unfit, Fault string }

	// Asked asks for an Answered: whoever feeds the watchdogs wants to know
	// whether events still come through.
	Asked struct{}

	// Fault tells what is wrong with a part of the board; an empty Detail is
	// all well.
	Fault struct{ Part, Detail string }
)

func (Tick) event()      {}
func (Enrolled) event()  {}
func (Received) event()  {}
func (Up) event()        {}
func (Down) event()      {}
func (Unheard) event()   {}
func (Committed) event() {}
func (Fetched) event()   {}
func (Played) event()    {}
func (Pressed) event()   {}
func (Supply) event()    {}
func (Asked) event()     {}
func (Fault) event()     {}

// Effect is something that the board is to do.
type Effect interface{ effect() }

type (
	// Commit stores Tx and numbers, signs and stores Receipts with it, in one
	// transaction. Committed answers, and only then comes the next Commit.
	Commit struct {
		Serial   uint64
		Tx       store.Tx
		Receipts []protocol.Receipt
	}

	// SendReceipts gives stored receipts to the broker, from one number through
	// another. Only an acknowledgement says that they arrived.
	SendReceipts struct{ From, Through int64 }

	// SendUnstored gives a receipt to the broker that the store could not take.
	// It has no number.
	SendUnstored struct{ Receipt protocol.Receipt }

	// SendHello, SendState and SendTelemetry publish.
	SendHello     struct{ Hello protocol.Hello }
	SendState     struct{ State protocol.State }
	SendTelemetry struct{ Telemetry protocol.Telemetry }

	// Reconnect ends a session in which central does not answer.
	Reconnect struct{}

	// Subscribe converges the areas whose alerts are heard.
	Subscribe struct{ Areas []string }

	// Fetch converges the audio that is wanted, in this order.
	Fetch struct{ Audio []protocol.Audio }

	// Drop deletes audio that no document names any more, whole or in part.
	Drop struct{ Hashes []string }

	// Prune forgets acknowledged receipts that were stored before a time.
	Prune struct{ Before time.Time }

	// Play sets what an output sounds; a nil cue is silence.
	Play struct {
		Output string
		Cue    *playout.Cue
	}

	// Wake asks for a Tick after a time. Every Step gives one, which replaces
	// the one before.
	Wake struct{ In time.Duration }

	// Answered answers an Asked.
	Answered struct{}

	// Note is for the log.
	Note struct {
		Text  string
		Attrs []any
	}
)

func (Commit) effect()        {}
func (SendReceipts) effect()  {}
func (SendUnstored) effect()  {}
func (SendHello) effect()     {}
func (SendState) effect()     {}
func (SendTelemetry) effect() {}
func (Reconnect) effect()     {}
func (Subscribe) effect()     {}
func (Fetch) effect()         {}
func (Drop) effect()          {}
func (Prune) effect()         {}
func (Play) effect()          {}
func (Wake) effect()          {}
func (Answered) effect()      {}
func (Note) effect()          {}
