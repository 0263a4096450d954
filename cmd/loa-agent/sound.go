package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"loa/firmware/pi"
)

// soundCommand is the process that holds the sound device; run starts it.
type soundCommand struct {
	Card   string        `help:"ALSA's id of the card, or its number; none is what the ALSA configuration names."`
	Buffer time.Duration `help:"What the device holds; 0 is the least that is good."`
}

// Run lives as long as its input: a signal that is meant for the agent does not
// end the sound before the agent has.
func (c *soundCommand) Run() error {
	// It waits in libasound most of the time. With a second processor the runtime
	// looks a hundred times for each wait whether the first is needed elsewhere;
	// and little is alive here, of which a quarter is enough garbage.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(25)
	return pi.ServeSound(context.Background(), pi.SpeakerOptions{Card: c.Card, Buffer: c.Buffer}, os.Stdin, os.Stdout)
}

// startSound starts that process for an output.
func startSound(output string, s speaker) *pi.SoundProcess {
	// The file of this very program, also when another one has its name by now.
	command := []string{"/proc/self/exe", "sound"}
	if s.Card != "" {
		command = append(command, "--card="+s.Card)
	}
	if s.Buffer != 0 {
		command = append(command, "--buffer="+time.Duration(s.Buffer).String())
	}
	return pi.StartSound(pi.SoundOptions{Output: output, Command: command})
}
