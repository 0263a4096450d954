package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"go.etcd.io/bbolt"

	"loa/controller/protocol"
)

// ErrSequence says that receipts do not follow the last one, or that central
// acknowledges a receipt that was never made. Nothing was stored.
var ErrSequence = errors.New("out of sequence")

// Record is one accepted order.
type Record struct {
	Key      string // the caller's; a record replaces the one with the same key
	Hash     string // of the order
	Envelope []byte // as signed and received
	Accepted time.Time
	Keep     time.Time // the caller drops it after this; zero is until replaced
	Progress Progress
}

// Progress is how far an alert or a press has come.
type Progress struct {
	Done    int       // repetitions that sounded to their end
	LastEnd time.Time // of the last of them
}

// Mark is what became of one occurrence.
type Mark struct {
	Fate     protocol.Fate
	Position time.Duration // in the item, to go on from
	At       time.Time
	Keep     time.Time // the caller drops it after this
}

// SealedReceipt is a receipt, numbered and signed.
type SealedReceipt struct {
	Sequence int64
	Envelope []byte
}

// Tx is what is stored together or not at all. Drops come before puts.
type Tx struct {
	DropOrders []string // keys
	Orders     []Record
	DropMarks  []string // occurrences
	Marks      map[string]Mark
	Receipts   []SealedReceipt // consecutive to the last one stored
	Acked      *int64          // central has all through this one; may be lower than before
	Floor      time.Time       // of trusted time; an earlier one than before, or zero, is ignored
}

// Snapshot is all that was stored, receipts and audio apart.
type Snapshot struct {
	Orders       []Record // by key
	Marks        map[string]Mark
	NextSequence int64 // of the next receipt, from 1
	Acked        int64 // 0 for none
	Floor        time.Time
}

var (
	bucketMeta      = []byte("meta")
	bucketOrders    = []byte("orders")    // key -> orderHead
	bucketEnvelopes = []byte("envelopes") // key -> the signed bytes, written once
	bucketMarks     = []byte("marks")     // occurrence -> Mark
	bucketReceipts  = []byte("receipts")  // sequence -> time stored, envelope

	buckets = [][]byte{bucketMeta, bucketOrders, bucketEnvelopes, bucketMarks, bucketReceipts}

	metaFormat = []byte("format")
	metaEpoch  = []byte("epoch")
	metaAcked  = []byte("acked")
	metaFloor  = []byte("floor")
)

// orderHead is what changes of a record while its signed bytes stay.
type orderHead struct {
	Hash     string
	Accepted time.Time
	Keep     time.Time
	Progress Progress
}

// Commit stores tx in one transaction and returns when it is on the disk. On an
// error nothing of it counts: a receipt's number may be used again. Errors are
// ErrSequence and ErrCannotWrite.
func (s *Store) Commit(tx Tx) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.last
	for _, r := range tx.Receipts {
		if r.Sequence != last+1 {
			return fmt.Errorf("commit receipt %d after %d: %w", r.Sequence, last, ErrSequence)
		}
		last++
	}
	if tx.Acked != nil && (*tx.Acked < 0 || *tx.Acked > last) {
		return fmt.Errorf("commit acknowledgement of %d, the last receipt is %d: %w", *tx.Acked, last, ErrSequence)
	}
	err := guard(func() error {
		return s.db.Update(func(b *bbolt.Tx) error { return s.put(b, tx, last) })
	})
	if err != nil {
		return fmt.Errorf("commit: %w: %w", ErrCannotWrite, err)
	}
	s.last = last
	return nil
}

func (s *Store) put(b *bbolt.Tx, tx Tx, last int64) error {
	orders, envelopes, marks := b.Bucket(bucketOrders), b.Bucket(bucketEnvelopes), b.Bucket(bucketMarks)
	for _, key := range tx.DropOrders {
		if err := errors.Join(orders.Delete([]byte(key)), envelopes.Delete([]byte(key))); err != nil {
			return err
		}
	}
	for _, r := range tx.Orders {
		head, err := json.Marshal(orderHead{r.Hash, r.Accepted, r.Keep, r.Progress})
		if err != nil {
			return err
		}
		if err := orders.Put([]byte(r.Key), seal(head)); err != nil {
			return err
		}
		envelope := seal(r.Envelope)
		if string(envelopes.Get([]byte(r.Key))) == string(envelope) {
			continue
		}
		if err := envelopes.Put([]byte(r.Key), envelope); err != nil {
			return err
		}
	}
	for _, key := range tx.DropMarks {
		if err := marks.Delete([]byte(key)); err != nil {
			return err
		}
	}
	for key, m := range tx.Marks {
		v, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if err := marks.Put([]byte(key), seal(v)); err != nil {
			return err
		}
	}
	meta := b.Bucket(bucketMeta)
	if tx.Acked != nil {
		if err := meta.Put(metaAcked, seal(sequenceKey(*tx.Acked))); err != nil {
			return err
		}
	}
	floor, err := floorOf(meta)
	if err != nil {
		return err
	}
	if tx.Floor.After(floor) {
		floor = tx.Floor
		if err := meta.Put(metaFloor, seal(timeValue(floor))); err != nil {
			return err
		}
	}
	return s.putReceipts(b.Bucket(bucketReceipts), tx.Receipts, last, floor)
}

// putReceipts stamps receipts with the time they are stored, for Prune. A clock
// that fell back to 1970 must not make them look old, hence the floor. A commit
// that failed in its very last step can have left receipts behind, whose
// numbers are used again here.
func (s *Store) putReceipts(b *bbolt.Bucket, receipts []SealedReceipt, last int64, floor time.Time) error {
	at := time.Now()
	if floor.After(at) {
		at = floor
	}
	for _, r := range receipts {
		if err := b.Put(sequenceKey(r.Sequence), seal(append(timeValue(at), r.Envelope...))); err != nil {
			return err
		}
	}
	c := b.Cursor()
	for k, _ := c.Seek(sequenceKey(last + 1)); k != nil; k, _ = c.Next() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return b.SetSequence(uint64(last))
}

// Load reads everything but receipts and audio.
func (s *Store) Load() (Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var snap Snapshot
	err := guard(func() (err error) {
		snap, err = s.load()
		return err
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("load: %w", err)
	}
	snap.NextSequence = s.last + 1
	return snap, nil
}

func (s *Store) load() (Snapshot, error) {
	snap := Snapshot{Marks: map[string]Mark{}}
	err := s.db.View(func(b *bbolt.Tx) error {
		for _, name := range buckets {
			if b.Bucket(name) == nil {
				return fmt.Errorf("bucket %s is missing", name)
			}
		}
		envelopes := b.Bucket(bucketEnvelopes)
		err := b.Bucket(bucketOrders).ForEach(func(k, v []byte) error {
			head, err := decode[orderHead](v)
			if err != nil {
				return fmt.Errorf("order %s: %w", k, err)
			}
			envelope, err := unseal(envelopes.Get(k))
			if err != nil {
				return fmt.Errorf("envelope of %s: %w", k, err)
			}
			snap.Orders = append(snap.Orders, Record{
				Key: string(k), Hash: head.Hash, Envelope: append([]byte(nil), envelope...),
				Accepted: head.Accepted, Keep: head.Keep, Progress: head.Progress,
			})
			return nil
		})
		if err != nil {
			return err
		}
		err = b.Bucket(bucketMarks).ForEach(func(k, v []byte) error {
			m, err := decode[Mark](v)
			if err != nil {
				return fmt.Errorf("mark %s: %w", k, err)
			}
			snap.Marks[string(k)] = m
			return nil
		})
		if err != nil {
			return err
		}
		snap.Acked, err = ackedOf(b.Bucket(bucketMeta))
		if err != nil {
			return err
		}
		snap.Floor, err = floorOf(b.Bucket(bucketMeta))
		return err
	})
	return snap, err
}

// Receipts reads stored receipts in order, from a sequence on, at most so many.
// Those pruned are left out.
func (s *Store) Receipts(from int64, most int) ([]SealedReceipt, error) {
	var out []SealedReceipt
	err := guard(func() error {
		return s.db.View(func(b *bbolt.Tx) error {
			c := b.Bucket(bucketReceipts).Cursor()
			for k, v := c.Seek(sequenceKey(max(from, 0))); k != nil && len(out) < most; k, v = c.Next() {
				r, _, err := openReceipt(k, v)
				if err != nil {
					return err
				}
				out = append(out, r)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read receipts: %w", err)
	}
	return out, nil
}

// Prune forgets receipts that were stored before a time and that central has
// acknowledged. What it has not seen is kept however old it is.
func (s *Store) Prune(before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := guard(func() error {
		return s.db.Update(func(b *bbolt.Tx) error {
			acked, err := ackedOf(b.Bucket(bucketMeta))
			if err != nil {
				return err
			}
			receipts := b.Bucket(bucketReceipts)
			var old [][]byte
			c := receipts.Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				r, at, err := openReceipt(k, v)
				if err != nil {
					return err
				}
				if r.Sequence > acked || !at.Before(before) {
					break
				}
				old = append(old, append([]byte(nil), k...))
			}
			for _, k := range old {
				if err := receipts.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("prune receipts: %w: %w", ErrCannotWrite, err)
	}
	return nil
}

func ackedOf(meta *bbolt.Bucket) (int64, error) {
	v := meta.Get(metaAcked)
	if v == nil {
		return 0, nil
	}
	b, err := unseal(v)
	if err != nil || len(b) != 8 {
		return 0, errors.New("the acknowledged sequence is damaged")
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

func floorOf(meta *bbolt.Bucket) (time.Time, error) {
	v := meta.Get(metaFloor)
	if v == nil {
		return time.Time{}, nil
	}
	b, err := unseal(v)
	if err != nil || len(b) != 8 {
		return time.Time{}, errors.New("the floor of time is damaged")
	}
	return timeOf(b), nil
}

func openReceipt(k, v []byte) (SealedReceipt, time.Time, error) {
	b, err := unseal(v)
	if err != nil || len(k) != 8 || len(b) < 8 {
		return SealedReceipt{}, time.Time{}, fmt.Errorf("receipt %x is damaged", k)
	}
	return SealedReceipt{
		Sequence: int64(binary.BigEndian.Uint64(k)),
		Envelope: append([]byte(nil), b[8:]...),
	}, timeOf(b), nil
}

func sequenceKey(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func timeValue(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli()))
}

func timeOf(b []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC()
}

func decode[T any](v []byte) (T, error) {
	var t T
	b, err := unseal(v)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return t, fmt.Errorf("decode: %w", err)
	}
	return t, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts a checksum before a value: bbolt has none for its pages, and cards
// wear out one bit at a time.
func seal(v []byte) []byte {
	b := make([]byte, 4, 4+len(v))
	binary.BigEndian.PutUint32(b, crc32.Checksum(v, castagnoli))
	return append(b, v...)
}

// unseal is the inverse of seal. The result is part of the mapped file.
func unseal(b []byte) ([]byte, error) {
	if len(b) < 4 || crc32.Checksum(b[4:], castagnoli) != binary.BigEndian.Uint32(b) {
		return nil, errors.New("its checksum is wrong")
	}
	return b[4:], nil
}
