// Command loa-central is the province's server, and the command line of the
// people who work with it: serve runs the server; the other commands speak to a
// server's API with a person's token, and sign with a person's key file, which
// never leaves the machine that they run on.
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
	Serve serveCommand `cmd:"" help:"Run the server."`
	Token tokenCommand `cmd:"" help:"On the server's machine: make a person's API token, and the first administrator."`
	Areas areasCommand `cmd:"" help:"On the server's machine: add or replace areas from a file."`

	Key  keyCommand  `cmd:"" help:"Make keys, and the root that says who administers."`
	Sign signCommand `cmd:"" help:"Sign: an envelope file, or an order that waits at the server."`

	Root   rootCommand   `cmd:"" help:"Hand the root to the server."`
	KeySet keySetCommand `cmd:"" name:"keyset" help:"Sign the next key set, made from the registry."`
	Enrol  enrolCommand  `cmd:"" help:"Answer a board's request: sign its placement, issue its certificate."`

	Approve approveCommand `cmd:"" help:"Approve a bulletin: sign its document."`
	Alert   alertCommand   `cmd:"" help:"Raise an alert, or a drill."`
	Cancel  cancelCommand  `cmd:"" help:"End an alert, or a drill."`
	Stop    stopCommand    `cmd:"" help:"Silence what is on air in an area."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c,
		kong.Name("loa-central"),
		kong.Description("The provincial source-information server, and its command line."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(slog.New(slog.NewTextHandler(os.Stderr, nil))),
	)
	if err := k.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "loa-central:", err)
		os.Exit(1)
	}
}
