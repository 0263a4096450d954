package pi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// Out is a line that is an output from the first instant: the kernel gets its
// direction and its level in one request. gpioioctl asks for the line first and
// makes it an output at low then, reads an output by making it an input, and
// leaves it as it is when it ends; a relay can have none of that.
//
// Levels are those of the wire, whatever they mean to who is connected there.
type Out struct {
	chip, label string // the device's path, and what the chip there has to be
	number      int
	user        string
	rest        gpio.Level

	mu sync.Mutex
	fd int // -1: not requested
}

var _ gpio.PinIO = (*Out)(nil)

var errOutput = errors.New("the line is an output, and stays one")

// requestOut takes a line of the chip at a device path, at its level of rest.
func requestOut(path, label string, number int, user string, rest gpio.Level) (*Out, error) {
	o := &Out{chip: path, label: label, number: number, user: user, rest: rest, fd: -1}
	if err := o.request(rest); err != nil {
		return nil, err
	}
	return o, nil
}

// Out drives the line. After Close it requests the line again, at this level.
func (o *Out) Out(level gpio.Level) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fd < 0 {
		return o.request(level)
	}
	v := lineValues{mask: 1}
	if level {
		v.bits = 1
	}
	if err := ioctl(o.fd, setValues, unsafe.Pointer(&v)); err != nil {
		return fmt.Errorf("set level of %s: %w", o, err)
	}
	return nil
}

// Level asks the kernel for the level, and moves nothing.
func (o *Out) Level() (gpio.Level, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fd < 0 {
		return gpio.Low, fmt.Errorf("read level of %s: %w", o, os.ErrClosed)
	}
	v := lineValues{mask: 1}
	if err := ioctl(o.fd, getValues, unsafe.Pointer(&v)); err != nil {
		return gpio.Low, fmt.Errorf("read level of %s: %w", o, err)
	}
	return gpio.Level(v.bits&1 == 1), nil
}

// Read is Level for who has no use for an error: low, then.
func (o *Out) Read() gpio.Level {
	level, err := o.Level()
	return level && err == nil
}

// Halt brings the line to rest.
func (o *Out) Halt() error { return o.Out(o.rest) }

// Close brings the line to rest and gives it back, which it does even when the
// line cannot be driven: then the wiring has to bring it to rest.
func (o *Out) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fd < 0 {
		return
	}
	v := lineValues{mask: 1}
	if o.rest {
		v.bits = 1
	}
	_ = ioctl(o.fd, setValues, unsafe.Pointer(&v))
	_ = unix.Close(o.fd)
	o.fd = -1
}

// request asks for the line with direction and level at once.
func (o *Out) request(level gpio.Level) error {
	chip, err := openChip(o.chip, o.label)
	if err != nil {
		return fmt.Errorf("request %s: %w", o, err)
	}
	defer unix.Close(chip)
	r := lineRequest{lines: 1}
	r.offsets[0] = uint32(o.number)
	copy(r.consumer[:len(r.consumer)-1], o.user)
	r.config.flags = flagOutput
	r.config.attributes = 1
	r.config.attribute[0] = lineAttribute{id: attributeValues, mask: 1}
	if level {
		r.config.attribute[0].value = 1
	}
	switch err := ioctl(chip, getLine, unsafe.Pointer(&r)); {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("request %s: it is used by %q: %w", o, consumerOf(chip, o.number), err)
	case err != nil:
		return fmt.Errorf("request %s: %w", o, err)
	}
	o.fd = int(r.fd)
	return nil
}

func (o *Out) String() string { return fmt.Sprintf("line %d of GPIO chip %s", o.number, o.label) }

// The rest of gpio.PinIO is what an output has little to say to.

func (o *Out) Name() string                          { return o.String() }
func (o *Out) Number() int                           { return o.number }
func (o *Out) Function() string                      { return string(gpio.OUT) }
func (o *Out) In(gpio.Pull, gpio.Edge) error         { return errOutput }
func (o *Out) WaitForEdge(time.Duration) bool        { return false }
func (o *Out) Pull() gpio.Pull                       { return gpio.PullNoChange }
func (o *Out) DefaultPull() gpio.Pull                { return gpio.PullNoChange }
func (o *Out) PWM(gpio.Duty, physic.Frequency) error { return errOutput }

// openChip opens a chip's device and sees that it still is that chip: after a
// driver was bound anew another one may have its number.
func openChip(path, label string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	var info chipInfo
	err = ioctl(fd, getChip, unsafe.Pointer(&info))
	found := unix.ByteSliceToString(info.label[:])
	if found == "" {
		found = unix.ByteSliceToString(info.name[:])
	}
	if err == nil && found != label {
		err = fmt.Errorf("it is chip %q now", found)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	return fd, nil
}

// consumerOf is who holds a line, as far as the kernel tells.
func consumerOf(chip, number int) string {
	info := lineInfo{offset: uint32(number)}
	if err := ioctl(chip, getInfo, unsafe.Pointer(&info)); err != nil {
		return "?"
	}
	return unix.ByteSliceToString(info.consumer[:])
}

// What follows is of linux/gpio.h, version 2 of the character device.

const (
	getChip   = 0x8044b401
	getInfo   = 0xc100b405
	getLine   = 0xc250b407
	getValues = 0xc010b40e
	setValues = 0xc010b40f

	flagOutput      = 1 << 3
	attributeValues = 2
)

type chipInfo struct {
	name, label [32]byte
	lines       uint32
}

type lineInfo struct {
	name, consumer     [32]byte
	offset, attributes uint32
	flags              uint64
	_                  [10]struct{ _, _ uint64 }
	_                  [4]uint32
}

type lineAttribute struct {
	id, _ uint32
	value uint64
	mask  uint64
}

type lineRequest struct {
	offsets  [64]uint32
	consumer [32]byte
	config   struct {
		flags      uint64
		attributes uint32
		_          [5]uint32
		attribute  [10]lineAttribute
	}
	lines, _ uint32
	_        [5]uint32
	fd       int32
}

type lineValues struct{ bits, mask uint64 }

// The size of what is handed over stands in each request's number.
var (
	_ [getChip >> 16 & 0x3fff]byte   = [unsafe.Sizeof(chipInfo{})]byte{}
	_ [getInfo >> 16 & 0x3fff]byte   = [unsafe.Sizeof(lineInfo{})]byte{}
	_ [getLine >> 16 & 0x3fff]byte   = [unsafe.Sizeof(lineRequest{})]byte{}
	_ [getValues >> 16 & 0x3fff]byte = [unsafe.Sizeof(lineValues{})]byte{}
)

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, err := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
		runtime.KeepAlive(argument)
		switch err {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return err
		}
	}
}
