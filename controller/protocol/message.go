package protocol

import "time"

// message is what travels, or is handed over, without a signature.
type message interface {
	Hello | Resync | State | Telemetry | Enrolment
	check() error
}

// DecodeMessage reads an unsigned message of the wire, or the file that answers
// an enrolment: at most MaxMessage bytes, of a known version, with all that its
// reader relies on. Whose word it is, only the connection or the file says. The
// error is a *Refusal.
func DecodeMessage[T message](data []byte) (T, error) {
	var none T
	if len(data) > MaxMessage {
		return none, refuse(ReasonTooLarge, "", "%d bytes, at most %d", len(data), MaxMessage)
	}
	m, err := decodeVersioned[T](data, "")
	if err != nil {
		return none, err
	}
	if err := m.check(); err != nil {
		return none, err
	}
	return m, nil
}

// Hello is a board's first word on every connection, and on a timer: what it
// holds. Central answers with a signed time, an acknowledgement, and a Resync.
type Hello struct {
	Version int    `json:"version"`
	Cluster string `json:"cluster"`
	Agent   string `json:"agent"` // the program's version
	Epoch   string `json:"epoch"` // the store's: a new one means that all was lost
	Boot    string `json:"boot"`  // a nonce of this boot, for signed time
	Clock   string `json:"clock"` // ClockTrusted or ClockUntrusted
	// Held maps a subject to the revision and hash that the board has.
	Held map[string]Held `json:"held"`
	// Cancelled lists the alerts that the board keeps as ended.
	Cancelled []string `json:"cancelled"`
	// Missing lists audio that is ordered and not here yet, by SHA-256.
	Missing []string `json:"missing"`
	// Next is the sequence of the next receipt.
	Next int64 `json:"next"`
}

// Held is the newest a board has of one subject.
type Held struct {
	Revision int64  `json:"revision"`
	Hash     string `json:"hash"`
}

// Clock trust, on the wire.
const (
	ClockTrusted   = "trusted"
	ClockUntrusted = "untrusted"
)

// Resync carries what a board lacks, in the order in which it must be judged:
// trust, cancels and stops, alerts, local orders, bulletins, the plan.
type Resync struct {
	Version int        `json:"version"`
	Boot    string     `json:"boot"` // of the hello that is answered
	Orders  []Envelope `json:"orders"`
}

// Fate is what became of an order.
type Fate string

const (
	FateAccepted   Fate = "accepted"    // verified, committed, will be carried out
	FateNotDurable Fate = "not-durable" // verified and carried out from memory: the store cannot write
	FateRefused    Fate = "refused"     // with a reason
	FateStarted    Fate = "started"     // committed before the relay closes
	FateCut        Fate = "cut"         // something higher took the output; may go on later
	FateFinished   Fate = "finished"    // sounded to its end, with evidence
	FateStopped    Fate = "stopped"     // by a stop or a cancel
	FateExpired    Fate = "expired"     // its validity ended first
	FateMissed     Fate = "missed"      // did not sound, with a reason
	FateFailed     Fate = "failed"      // the board could not sound it, with a reason
	FatePressed    Fate = "pressed"     // the button, with or without an order
)

// Receipt tells the fate of one order. The board numbers and signs it, keeps it
// 45 days, and sends it until central acknowledges. Only FateNotDurable may come
// without a number, as 0, from a store that cannot write: it is sent once.
type Receipt struct {
	Version    int       `json:"version"`
	Cluster    string    `json:"cluster"`
	Epoch      string    `json:"epoch"`
	Sequence   int64     `json:"sequence"`
	At         time.Time `json:"at"`
	Clock      string    `json:"clock"`
	Order      string    `json:"order"`                // hash of the order; of the bytes received when it could not be read
	Kind       Kind      `json:"kind,omitempty"`       // of the order, where it could be read
	Mode       Mode      `json:"mode,omitempty"`       //
	Subject    string    `json:"subject,omitempty"`    // as in plan, alert/live/7f3c
	Occurrence string    `json:"occurrence,omitempty"` // of an item, or an alert's repetition
	Fate       Fate      `json:"fate"`
	Reason     Reason    `json:"reason,omitempty"`
	Detail     string    `json:"detail,omitempty"`
	Evidence   *Evidence `json:"evidence,omitempty"`
}

// Verdict says what the board's own sensors make of a playback. Without a
// sensor it is unknown, never heard.
type Verdict string

const (
	VerdictHeard   Verdict = "heard"
	VerdictSilent  Verdict = "silent"
	VerdictUnknown Verdict = "unknown"
)

// Evidence is what the board measured of one playback.
type Evidence struct {
	Output      string     `json:"output"`
	RelayClosed *time.Time `json:"relayClosed,omitempty"`
	FirstSample *time.Time `json:"firstSample,omitempty"`
	LastSample  *time.Time `json:"lastSample,omitempty"`
	RelayOpened *time.Time `json:"relayOpened,omitempty"`
	Samples     int64      `json:"samples"`  // at 48 kHz, given to the sound device and not discarded
	RMS         float64    `json:"rms"`      // dBFS
	Peak        float64    `json:"peak"`     // dBFS
	Position    float64    `json:"position"` // seconds of the item that were heard in all
	Sources     []string   `json:"sources"`  // what sounded: hashes and built-in names
	Skipped     []string   `json:"skipped,omitempty"`
	Verdict     Verdict    `json:"verdict"`
	Sensors     []Sensed   `json:"sensors,omitempty"` // what the verdict stands on
}

// Sensed is what one of the board's sensors tells of a playback. Its figures are
// 0 where it told nothing.
type Sensed struct {
	Name     string  `json:"name"`
	Quantity string  `json:"quantity"` // as in current (amperes) or sound (pascals)
	Verdict  Verdict `json:"verdict"`
	// Level is the mean while there was something to hear, Rest the mean while
	// the relays were closed and there was nothing.
	Level       float64 `json:"level"`
	Rest        float64 `json:"rest"`
	Correlation float64 `json:"correlation"` // of its loudness with what was sent, -1 to 1
	Detail      string  `json:"detail,omitempty"`
}

// Ack says that central has all receipts of an epoch through a sequence. A
// lower one than before asks for them again.
type Ack struct {
	Version  int    `json:"version"`
	Cluster  string `json:"cluster"`
	Epoch    string `json:"epoch"`
	Sequence int64  `json:"sequence"`
}

// State is retained: what a board does now. Its last will says Online false.
type State struct {
	Version int         `json:"version"`
	Cluster string      `json:"cluster"`
	Online  bool        `json:"online"`
	At      time.Time   `json:"at"`
	Boot    string      `json:"boot"`
	Clock   string      `json:"clock"`
	OnAir   []OnAir     `json:"onAir"`
	Faults  []FaultNote `json:"faults"`
}

// OnAir is what one output plays.
type OnAir struct {
	Output  string    `json:"output"`
	Class   string    `json:"class"`
	Mode    Mode      `json:"mode"`
	Subject string    `json:"subject"` // an alert's subject, or an occurrence
	Order   string    `json:"order"`
	Since   time.Time `json:"since"`
}

// FaultNote is one thing that is wrong on a board.
type FaultNote struct {
	Part   string `json:"part"`
	Detail string `json:"detail"`
}

// Telemetry is a board's figures, at a slow beat. It may be lost.
type Telemetry struct {
	Version   int       `json:"version"`
	Cluster   string    `json:"cluster"`
	At        time.Time `json:"at"`
	Uptime    int64     `json:"uptime"`    // seconds
	DiskFree  int64     `json:"diskFree"`  // bytes
	Receipts  int64     `json:"receipts"`  // not acknowledged yet
	PlanUntil time.Time `json:"planUntil"` // zero without a plan
}

// EnrolRequest is what `loa-agent init` writes: the board's public key, signed
// by it, so that the key is known to be the board's own.
type EnrolRequest struct {
	Version int       `json:"version"`
	Board   Key       `json:"board"`
	Host    string    `json:"host"` // for the technician, not judged
	Issued  time.Time `json:"issued"`
}

// Enrolment is the answer: all that a board needs to trust and to connect.
type Enrolment struct {
	Version     int      `json:"version"`
	Cluster     string   `json:"cluster"`
	Certificate string   `json:"certificate"` // PEM, of the board's key
	Authority   string   `json:"authority"`   // PEM, of central's certificates
	Broker      string   `json:"broker"`      // host:port, TLS
	Audio       string   `json:"audio"`       // https://host:port, for GET /audio/<sha256>
	Root        Envelope `json:"root"`
	KeySet      Envelope `json:"keySet"`
	Placement   Envelope `json:"placement"`
}

func (m Hello) check() error {
	var f Faults
	checkCluster(&f, m.Cluster)
	checkToken(&f, "epoch", m.Epoch)
	checkToken(&f, "boot", m.Boot)
	return f.refusal()
}

func (m Resync) check() error {
	var f Faults
	checkToken(&f, "boot", m.Boot)
	return f.refusal()
}

func (m State) check() error {
	var f Faults
	checkCluster(&f, m.Cluster)
	return f.refusal()
}

func (m Telemetry) check() error {
	var f Faults
	checkCluster(&f, m.Cluster)
	return f.refusal()
}

func (m Enrolment) check() error {
	var f Faults
	checkCluster(&f, m.Cluster)
	return f.refusal()
}
