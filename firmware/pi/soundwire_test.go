package pi_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"loa/firmware/pi"
)

// Whatever comes, frames are read as they were written or refused, however the
// bytes are cut.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("s\x01\x00\x00\x00\x02\x00hi"), uint8(1))
	f.Add([]byte("w\xff\xff\xff\xff\xff\xff"), uint8(3))
	f.Add([]byte("o\x00\x00\x00\x00\x00\x00d\x07\x00\x00\x00\x00"), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		whole := readFrames(bytes.NewReader(data))
		if got := readFrames(&pieces{data, int(cut)%9 + 1}); got.String() != whole.String() {
			t.Errorf("cut into pieces it reads %q, whole %q", got, whole)
		}
		if !bytes.HasPrefix(data, whole.Bytes()) {
			t.Errorf("%q was read as %q", data, whole)
		}
	})
}

// readFrames writes down what it has read, as it should have been.
func readFrames(from io.Reader) *bytes.Buffer {
	var all bytes.Buffer
	next := pi.ReadFrames(from)
	for {
		kind, number, data, err := next()
		if err != nil {
			return &all
		}
		all.WriteByte(kind)
		all.Write(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint32(nil, number), uint16(len(data))))
		all.Write(data)
	}
}

type pieces struct {
	data []byte
	size int
}

func (p *pieces) Read(buf []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(buf[:min(len(buf), p.size)], p.data)
	p.data = p.data[n:]
	return n, nil
}

func TestFramesThatEndTooSoon(t *testing.T) {
	for text, want := range map[string]error{
		"":                                 io.EOF,
		"s\x01\x00":                        io.ErrUnexpectedEOF,
		"s\x01\x00\x00\x00\x02\x00h":       io.ErrUnexpectedEOF,
		"s\x01\x00\x00\x00\x02\x00":        io.ErrUnexpectedEOF,
		"s\x01\x00\x00\x00\x00\x00":        nil,
		"s\x01\x00\x00\x00\x02\x00hi more": nil,
	} {
		if _, _, _, err := pi.ReadFrames(iotest.OneByteReader(bytes.NewReader([]byte(text))))(); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
	if _, _, _, err := pi.ReadFrames(bytes.NewReader([]byte("s\x01\x00\x00\x00\x01\x20")))(); err == nil {
		t.Error("a frame of 8193 bytes was not refused")
	}
}

// What is no sound process, or one that speaks nonsense, is a lost device and
// nothing worse.
func TestSoundProcessThatIsNone(t *testing.T) {
	for name, command := range map[string][]string{
		"there is no such program": {"/no/such/program"},
		"it ends":                  {"true"},
		"it says nothing":          {"cat"},
		"it says nonsense":         {"yes"},
		"its status is short":      {"printf", `o\0\0\0\0\0\0s\0\0\0\0\1\0x`},
		"it opens and ends":        {"printf", `o\0\0\0\0\0\0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pi.StartSound(pi.SoundOptions{Output: "main", Command: command})
			faults := monitored(t, s)
			begin := time.Now()
			for what, call := range map[string]func() error{
				"Write": func() error { return s.Write(t.Context(), signal(31, time.Second)) },
				"Drain": func() error { return s.Drain(t.Context()) },
			} {
				if err := call(); !errors.Is(err, pi.ErrDeviceLost) {
					t.Errorf("%s = %v, want ErrDeviceLost", what, err)
				}
			}
			s.Discard()
			if took := time.Since(begin); took > 2*time.Second+slack {
				t.Errorf("the calls took %v", took)
			}
			if fault := tells(t, faults); fault.what == "" || fault.at.Sub(begin) > time.Second+slack {
				t.Errorf("told %q after %v", fault.what, fault.at.Sub(begin))
			} else {
				t.Log(fault.what)
			}
			must(t, s.Close())
			must(t, s.Close())
		})
	}
}
