// Command loa-agent is the program of one board: it asks for enrolment, and then
// carries out signed orders. This folder holds flags, the config file, and the
// choice of relay, speaker and inputs; what the agent does is in controller.
package main

import (
	"context"
	"errors"
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
	Init  initCommand  `cmd:"" help:"Make this board's key and write a request for enrolment."`
	Enrol enrolCommand `cmd:"" help:"Take central's answer to the request."`
	Check checkCommand `cmd:"" help:"Check a config file and name all its faults."`
	Run   runCommand   `cmd:"" help:"Carry out orders until told to end."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c,
		kong.Name("loa-agent"),
		kong.Description("The agent on a loudspeaker cluster's board."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(slog.New(slog.NewTextHandler(os.Stderr, nil))),
	)
	if err := k.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "loa-agent:", err)
		os.Exit(1)
	}
}
