// Command loa-agent is the program of one board: it asks for enrolment, and then
// carries out signed orders. This folder holds flags, the config file, and the
// choice of relay, speaker and inputs; what the agent does is in controller.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build of a release.
var version = "dev"

type commands struct {
	Init       initCommand       `cmd:"" help:"Make this board's key, once, and write a request for enrolment."`
	Enrol      enrolCommand      `cmd:"" help:"Check central's answer to the request, and keep it."`
	Check      checkCommand      `cmd:"" help:"Check a config file and name all its faults."`
	Run        runCommand        `cmd:"" help:"Carry out signed orders until told to end."`
	OpenRelays openRelaysCommand `cmd:"" help:"Open every relay that a config names, and leave."`
	FirstBoot  firstBootCommand  `cmd:"" help:"Write the request to, and take config and answer from, a folder that a technician reaches."`
	Sound      soundCommand      `cmd:"" hidden:"" help:"Hold the sound device for an agent that runs."`
	Version    kong.VersionFlag  `help:"Print the version and end."`
}

const description = `The agent on a loudspeaker cluster's board.

A new board: init, have the request answered by 'loa-central enrol', enrol, run.
It exits with 0 when done, 1 on an error, 2 when it was called wrongly.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	parser := kong.Must(&commands{},
		kong.Name("loa-agent"),
		kong.Description(description),
		kong.Vars{"version": version},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(slog.New(slog.NewTextHandler(os.Stderr, nil))),
	)
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "loa-agent: %v; see loa-agent --help\n", err)
		os.Exit(2)
	}
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "loa-agent:", err)
		os.Exit(1)
	}
}
