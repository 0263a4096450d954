// Command loa-sim runs simulated clusters against a real central, all in one
// process: real agents with boards in memory, over real TLS. This folder holds
// what is done with them: the clusters of the demo are run, broken and looked
// at, and speeds are measured.
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

type commands struct {
	Run    runCommand    `cmd:"" help:"Run the clusters of a demo until told to end."`
	Fault  faultCommand  `cmd:"" help:"Break a part of a running cluster, or mend it."`
	Record recordCommand `cmd:"" help:"Print what was seen and heard of a running cluster in the last hour."`
	Bench  benchCommand  `cmd:"" help:"Measure, and print one JSON object a line."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c,
		kong.Name("loa-sim"),
		kong.Description("Simulated clusters in one process."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(slog.New(slog.NewTextHandler(os.Stderr, nil))),
	)
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "loa-sim:", err)
		os.Exit(1)
	}
}
