package pi

import (
	"os"
	"syscall"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
)

// RequestOut takes a real line as an output, without a relay on it.
func RequestOut(chip, line string, rest gpio.Level) (*Out, error) {
	if _, err := driverreg.Init(); err != nil {
		return nil, err
	}
	c, l, err := findLine(chip, line)
	if err != nil {
		return nil, err
	}
	return requestOut(c.Path(), chip, l.Number(), "loa hand", rest)
}

// KillRecorder and StopRecorder do to a microphone's arecord what a machine can.
func KillRecorder(m *Microphone) error { return m.recorder().Kill() }

// StopRecorder makes it hang.
func StopRecorder(m *Microphone) error { return m.recorder().Signal(syscall.SIGSTOP) }

func (m *Microphone) recorder() *os.Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process
}
