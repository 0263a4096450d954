package pi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// The agent and its sound process talk in frames: a kind (1 byte), a number
// (4 bytes), the length of what follows (2 bytes), and so many bytes. All
// numbers are little-endian. Both ends are the same program, so there is one
// version of it, and whatever is not as written here ends the connection.
//
// To the process:
//
//	w  samples to play, signed 16-bit; the number is their generation
//	x  drop what is not yet in the device's buffer; the number is the new
//	   generation, which all later samples have
//	d  say when the last sample has left the device; the number comes back
//
// From it:
//
//	o  the device is open; nothing but e comes before
//	s  a status, in the generation of its number; at least every 100 ms, and at
//	   once in answer to x
//	d  the last sample has left the device; the number is that of the question
//	e  the device is lost, and why, in UTF-8; the process ends
//
// Who sends samples keeps within the room that the last status gave, so the
// process always takes what comes at once and an x is never behind samples that
// wait. The end of its input ends the process.
const (
	frameSamples = 'w'
	frameDiscard = 'x'
	frameDrain   = 'd'

	frameOpen    = 'o'
	frameStatus  = 's'
	frameDrained = 'd'
	frameError   = 'e'
)

const (
	headSize   = 7
	mostFrame  = 8192 // bytes after the head
	statusSize = 28
	// A status comes so often while nothing sounds, and while something does.
	idleStatus  = 100 * time.Millisecond
	soundStatus = 40 * time.Millisecond
)

// status is where the sound was at a moment, as the sound process knows it.
type status struct {
	at       time.Duration // by the system's monotonic clock
	received uint32        // samples that have come, of all generations; it overflows
	room     uint32        // samples that can be taken at once
	waiting  uint32        // samples that have not reached the device's buffer
	inside   uint32        // samples in the device's buffer
	lead     time.Duration // of silence before the first of these, to the microsecond
}

func (s status) append(to []byte) []byte {
	to = binary.LittleEndian.AppendUint64(to, uint64(s.at))
	for _, v := range []uint32{s.received, s.room, s.waiting, s.inside, uint32(s.lead.Microseconds())} {
		to = binary.LittleEndian.AppendUint32(to, v)
	}
	return to
}

func parseStatus(data []byte) (status, error) {
	if len(data) != statusSize {
		return status{}, fmt.Errorf("a status of %d bytes", len(data))
	}
	number := func(i int) uint32 { return binary.LittleEndian.Uint32(data[8+4*i:]) }
	return status{
		at:       time.Duration(binary.LittleEndian.Uint64(data)),
		received: number(0), room: number(1), waiting: number(2), inside: number(3),
		lead: time.Duration(number(4)) * time.Microsecond,
	}, nil
}

// appendHead begins a frame with so many bytes after the head.
func appendHead(to []byte, kind byte, number uint32, size int) []byte {
	to = append(to, kind)
	to = binary.LittleEndian.AppendUint32(to, number)
	return binary.LittleEndian.AppendUint16(to, uint16(size))
}

// frames reads them one after another.
type frames struct {
	from io.Reader
	buf  [headSize + mostFrame]byte
	had  int // bytes of buf that were read
	used int // bytes of buf that were handed out
}

// next returns the next frame. What it returns is good until the next call.
func (f *frames) next() (kind byte, number uint32, data []byte, err error) {
	f.had = copy(f.buf[:], f.buf[f.used:f.had])
	f.used = 0
	if err := f.fill(headSize); err != nil {
		return 0, 0, nil, err
	}
	size := int(binary.LittleEndian.Uint16(f.buf[5:]))
	if size > mostFrame {
		return 0, 0, nil, fmt.Errorf("a frame of %d bytes", size)
	}
	kind, number = f.buf[0], binary.LittleEndian.Uint32(f.buf[1:])
	if err := f.fill(headSize + size); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, 0, nil, err
	}
	f.used = headSize + size
	return kind, number, f.buf[headSize:f.used], nil
}

// fill reads until there are n bytes, and more if they are there.
func (f *frames) fill(n int) error {
	for f.had < n {
		k, err := f.from.Read(f.buf[f.had:])
		f.had += k
		if err != nil && f.had < n {
			if errors.Is(err, io.EOF) && f.had > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// monotonic is a clock that all processes share.
func monotonic() time.Duration {
	var t unix.Timespec
	// It cannot fail for a clock that every kernel has.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
