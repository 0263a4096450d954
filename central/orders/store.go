package orders

import (
	"context"
	"time"

	"loa/controller/protocol"
)

// State is how far an order is.
type State string

const (
	Gathering State = "gathering" // too few persons have signed
	Sealed    State = "sealed"    // enough have; it is sent until a receipt
)

// Record is one order as it is kept. The payload's bytes are those that were
// shown, signed and sent.
type Record struct {
	Hash     string
	Kind     protocol.Kind
	Mode     protocol.Mode
	Subject  string   // as in keyset, bulletin/b1, alert/live/7f3c
	Revision int64    // or sequence; 0 where the kind has none
	Cluster  string   // of a plan or placement
	Areas    []string // audience; nil for what is for one cluster or for all
	Wide     bool     // reaches beyond one commune

	PayloadType string
	Payload     []byte
	Signatures  []Signed

	State     State
	By        string // who drafted it
	DraftedAt time.Time
	SealedAt  time.Time
	Until     time.Time // of no use to a board from then on; zero: never
	Persons   []string  // those counted, once sealed
	Envelope  []byte    // the bytes that are sent, once sealed
}

// Signed is one signature that verified.
type Signed struct {
	protocol.Signature
	Person string
	At     time.Time
}

// Query chooses orders; zero fields choose all. The last drafted come first.
type Query struct {
	Kinds   []protocol.Kind
	State   State
	Subject string
	Cluster string
	Areas   []string  // at least one of these in the audience, or what is for all
	ValidAt time.Time // Until is zero or later
	Newest  bool      // only the highest revision of each subject and cluster
	Hashes  []string  // only these
	Limit   int       // 0: all
}

// Delivery is an order for a cluster: a row of the outbox.
type Delivery struct {
	Cluster  string
	Order    string
	Kind     protocol.Kind // of the order; filled by Due and Waiting
	Attempts int
	SentAt   time.Time // zero: not yet
	NextAt   time.Time // when it is sent again
}

// Handling is where a delivery stands.
type Handling string

const (
	Waiting    Handling = "waiting"     // no receipt yet: it is sent again
	Held       Handling = "held"        // no receipt yet, but a hello says that the board has it
	Accepted   Handling = "accepted"    // the board's word, signed
	NotDurable Handling = "not-durable" // accepted, but its store cannot write
	Refused    Handling = "refused"     // with a reason
	Superseded Handling = "superseded"  // something newer on the subject took its place
	Lapsed     Handling = "lapsed"      // its validity ended before a receipt came
)

// ClusterFate is what became of an order on one cluster.
type ClusterFate struct {
	Cluster  string
	Handling Handling
	Attempts int
	SentAt   time.Time
	// Fate is the last that a receipt told of sounding: started, cut, finished,
	// stopped, expired, missed or failed; "" for none.
	Fate    protocol.Fate
	Verdict protocol.Verdict // of the last playback; "" for none
	Reason  protocol.Reason  // of the refusal, or of the fate
	Detail  string
	At      time.Time // of the last receipt, by the board's clock
}

// SealedQuery chooses orders of a cluster; zero fields choose all.
type SealedQuery struct {
	Cluster string
	Kinds   []protocol.Kind
	From    time.Time // SealedAt, inclusive
	Until   time.Time // SealedAt, exclusive
	Limit   int       // 0: 1000
}

// SealedFor is an order for a cluster with what became of it there.
type SealedFor struct {
	Record // without signatures
	ClusterFate
}

// Counts are how many clusters an order stands where with.
type Counts struct {
	Targets    int
	Sent       int // at least once
	Waiting    int
	Held       int
	Accepted   int // not-durable ones too
	NotDurable int
	Refused    int
	Superseded int
	Lapsed     int
	Started    int // sounding, as far as is known
	Finished   int // sounded to the end, or was stopped or cut
	Heard      int // by the board's own sensors
	Silent     int // sensors heard nothing
	Missed     int // missed, expired or failed
}

// ReceiptRow is one receipt as it came.
type ReceiptRow struct {
	ID         int64 // grows with every receipt that is stored
	Receipt    protocol.Receipt
	Hash       string // of the receipt's envelope
	Envelope   []byte // as received
	ReceivedAt time.Time
}

// Outcome is what storing a receipt found.
type Outcome int

const (
	Stored    Outcome = iota
	Duplicate         // the same receipt was there
	Differs           // another one was there with its number: recorded as a Fault
)

// ReceiptQuery chooses receipts, in the order in which they were stored; zero
// fields choose all.
type ReceiptQuery struct {
	Cluster string
	Order   string // hash
	After   int64  // only with a higher ID
	Limit   int    // 0: 1000
}

// Fault is something that a board sent which cannot be right, or that a person
// should look at.
type Fault struct {
	ID      int64
	Cluster string
	At      time.Time
	Lane    protocol.Lane
	Reason  protocol.Reason
	Detail  string
}

// Floor is what a board knows of a subject and central does not: a revision
// that central must jump past, or that an alert was cancelled.
type Floor struct {
	Subject   string
	Cluster   string // for what is numbered per cluster; "" otherwise
	Revision  int64
	Cancelled bool
}

// Greeting is the last hello of a cluster.
type Greeting struct {
	Hello protocol.Hello
	At    time.Time
}

// Store keeps orders. Every method that writes is one transaction; those that
// a person causes write their audit row in it. Lists are empty, not nil.
type Store interface {
	// AddDraft keeps an order that gathers signatures; to have it already is no
	// error and changes nothing.
	AddDraft(ctx context.Context, r Record) error
	// AddSignature adds to an order that gathers, in place of one by the same
	// key; ErrNotFound when there is none such.
	AddSignature(ctx context.Context, hash string, s Signed) error
	// Seal keeps a sealed order, whether or not it was drafted before, with its
	// audit row, a waiting delivery for each cluster, and what it supersedes
	// there: older revisions of its subject, but of a root none, and what a
	// cancel ends. ErrConflict when the subject has its revision with another
	// hash.
	Seal(ctx context.Context, by string, r Record, d []Delivery) error
	Order(ctx context.Context, hash string) (Record, error) // ErrNotFound
	Orders(ctx context.Context, q Query) ([]Record, error)
	// Alerts lists of every alert the newest sealed sequence or, where none is
	// sealed, the newest draft; and which of their subjects a sealed cancel ends.
	Alerts(ctx context.Context, q AlertQuery) (all []Record, cancelled map[string]bool, err error)
	// Sealed lists what was sealed for a cluster, the last first, and what became
	// of it there.
	Sealed(ctx context.Context, q SealedQuery) ([]SealedFor, error)
	// HaveSealed lists which of the hashes are sealed orders.
	HaveSealed(ctx context.Context, hashes []string) ([]string, error)
	// HighestRevision of a subject that is sealed or that a board has; 0 for none.
	HighestRevision(ctx context.Context, subject, cluster string) (int64, error)

	// Due lists waiting deliveries whose NextAt has come and whose order is
	// still of use, emergencies first; those of no use it marks as lapsed.
	Due(ctx context.Context, now time.Time, limit int) ([]Delivery, error)
	// Waiting lists the waiting deliveries of a cluster.
	Waiting(ctx context.Context, cluster string) ([]Delivery, error)
	// Sent keeps Attempts, SentAt and NextAt of deliveries that still wait.
	Sent(ctx context.Context, d []Delivery) error
	// Reopen is Sent for what a board of an epoch says it lacks: a delivery that
	// there is none of is added, one that was closed in another epoch waits again.
	// A zero SentAt leaves the one that is there.
	Reopen(ctx context.Context, epoch string, d []Delivery) error
	// Hold marks waiting deliveries of a cluster as held.
	Hold(ctx context.Context, cluster string, hashes []string) error
	Fates(ctx context.Context, order string) ([]ClusterFate, error) // by cluster
	Counts(ctx context.Context, order string) (Counts, error)
	// Delivered counts an order's deliveries that are alike, to these clusters; to
	// all for nil. A fate that StandingOf does not tell from finished is given as
	// finished, a verdict that is none of protocol's as unknown.
	Delivered(ctx context.Context, order string, clusters []string) (map[Delivered]int, error)
	// Over lists the alerts whose Until is after one time and not after another.
	Over(ctx context.Context, after, until time.Time) ([]string, error)

	// AddReceipts stores receipts and what follows from them: the delivery they
	// close, the cluster's fate, what was run. A plan that a cluster accepted
	// removes that cluster's older ones. One outcome for each.
	AddReceipts(ctx context.Context, rows []ReceiptRow) ([]Outcome, error)
	// A receipt without a number (not-durable) closes its delivery the same way.
	Receipts(ctx context.Context, q ReceiptQuery) ([]ReceiptRow, error)
	// Through is the sequence up to which all receipts of an epoch are here.
	Through(ctx context.Context, cluster, epoch string) (int64, error)
	// SkipGap moves Through to the receipts that are here behind a gap that is
	// older than before, and returns what was skipped; 0, 0 for nothing.
	SkipGap(ctx context.Context, cluster, epoch string, before time.Time) (from, to int64, err error)

	// KeepGreeting keeps the last hello and the floors it teaches. It returns the
	// one before (zero for none) and the floors that are new.
	KeepGreeting(ctx context.Context, g Greeting, floors []Floor) (before Greeting, raised []Floor, err error)
	// SaidCancelled lists the subjects of floors that are Cancelled.
	SaidCancelled(ctx context.Context) ([]string, error)
	Greeting(ctx context.Context, cluster string) (Greeting, error) // ErrNotFound
	// AddFault keeps the newest 100 of a cluster.
	AddFault(ctx context.Context, f Fault) error
	// Faults lists the last limit of a cluster, or of all for "", newest first.
	Faults(ctx context.Context, cluster string, limit int) ([]Fault, error)
}
