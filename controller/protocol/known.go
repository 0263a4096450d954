package protocol

import "time"

// Known is what a board has accepted so far: all that Open judges against.
// Open never changes it.
type Known struct {
	Root      *Root
	KeySet    *KeySet
	Placement *Placement

	BoardKey string // id of the board's own key; a placement must name it
	// Enrolling is set only while the answer to this board's own request is read
	// from a file: then, and never from the network, a first root is taken.
	Enrolling bool
	Epoch     string // the store's epoch; an acknowledgement must name it
	Boot      string // the nonce of this boot; a signed time must answer it

	// Held maps a subject to the newest revision accepted.
	Held map[string]Held
	// Alerts holds every alert id until its expiry and a day, cancels of
	// alerts never seen included. Keys are AlertSubject.
	Alerts map[string]KnownAlert
	// Stops holds the hashes of accepted stops.
	Stops map[string]bool
}

// KnownAlert is what a board remembers of one alert's id.
type KnownAlert struct {
	Sequence int    // 0: only a cancel was seen
	Hash     string // of that sequence
	Wide     bool   // its audience reached beyond one commune
	Village  bool   // its audience was one village
	// Cancelled says who could end it: a cancel by a person who is counted for
	// wide alerts ends any, another one ends an alert within a commune.
	Cancelled  bool
	CancelWide bool
	CancelHash string
	Keep       time.Time // until when this is kept
}

// Seen is k after an alert was accepted; hash is the order's.
func (k KnownAlert) Seen(a *Alert, hash string) KnownAlert {
	k.Sequence, k.Hash = a.Sequence, hash
	b := breadthOf(a.Audience...)
	k.Wide, k.Village = b == wide, b == oneVillage
	if keep := a.Expires.Add(KeepAlert); keep.After(k.Keep) {
		k.Keep = keep
	}
	return k
}

// Forgotten is k after its alert was found void: as if none had been seen, so
// that the same document may come signed by others. What ended it counts on.
func (k KnownAlert) Forgotten() KnownAlert {
	k.Sequence, k.Hash, k.Wide, k.Village = 0, "", false, false
	return k
}

// Ended reports whether the alert was ended by somebody who could end it.
func (k KnownAlert) Ended() bool { return k.ended(k.Wide) }

// ended reports whether a cancel that was seen ends an alert so wide.
func (k KnownAlert) ended(wide bool) bool { return k.Cancelled && (k.CancelWide || !wide) }

// breadth is how wide the accepted alert is, 0 when none was.
func (k KnownAlert) breadth() breadth {
	switch {
	case k.Sequence == 0:
		return 0
	case k.Wide:
		return wide
	case k.Village:
		return oneVillage
	}
	return oneCommune
}

// Clock is what a board knows of the time.
type Clock struct {
	Now     time.Time
	Trusted bool      // by an RTC, NTP, or central's signed time in this boot
	Floor   time.Time // it is certainly later than this
}

// newest is the revision that k has of the order's subject. Trust that is in
// force counts also where Held says nothing of it.
func (k *Known) newest(o *Order) (Held, bool) {
	was, ok := k.Held[o.Subject]
	switch {
	case o.Kind == KindKeySet && k.KeySet != nil && k.KeySet.Revision > was.Revision:
		return Held{Revision: k.KeySet.Revision}, true
	case o.Kind == KindPlacement && k.Placement != nil && k.Placement.Revision > was.Revision:
		return Held{Revision: k.Placement.Revision}, true
	}
	return was, ok
}
