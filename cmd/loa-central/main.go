// Command loa-central is the province's server, and the command line of the
// people who work with it: serve runs the server; the other commands speak to a
// server's API with a person's token, and sign with a person's key file, which
// never leaves the machine that they run on.
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
	Serve  serveCommand  `cmd:"" group:"On the server's machine" help:"Run the server."`
	Areas  areasCommand  `cmd:"" group:"On the server's machine" help:"Add or replace areas from a file."`
	Seed   seedCommand   `cmd:"" group:"On the server's machine" help:"Add the areas of a province that comes with the program."`
	Token  tokenCommand  `cmd:"" group:"On the server's machine" help:"Make a person's API token; also of the first administrator."`
	Invite inviteCommand `cmd:"" group:"On the server's machine" help:"Make a one-time link with which a person chooses a password."`
	Verify verifyCommand `cmd:"" group:"On the server's machine" help:"Check that a data folder is whole."`

	Key    keyCommand    `cmd:"" group:"Keys and trust" help:"Make keys, and the root that says who administers."`
	Sign   signCommand   `cmd:"" group:"Keys and trust" help:"Sign an envelope file, or an order that waits at the server."`
	Root   rootCommand   `cmd:"" group:"Keys and trust" help:"Hand the signed root to the server."`
	KeySet keySetCommand `cmd:"" group:"Keys and trust" name:"keyset" help:"Sign the next key set, made from the registry."`
	Enrol  enrolCommand  `cmd:"" group:"Keys and trust" help:"Answer a board's request: sign its placement, fetch its certificate."`

	Approve approveCommand `cmd:"" group:"Orders" help:"Approve a bulletin: sign its document."`
	Alert   alertCommand   `cmd:"" group:"Orders" help:"Raise an alert, or a drill."`
	Cancel  cancelCommand  `cmd:"" group:"Orders" help:"End an alert, or a drill."`
	Stop    stopCommand    `cmd:"" group:"Orders" help:"Silence what is on air in an area."`

	Version kong.VersionFlag `help:"Print the version and end."`
}

const description = `The provincial source-information server, and its command line.

Commands that speak to a server read its address from LOA_SERVER, its authority from LOA_CA, and the person's token from LOA_TOKEN.
Commands that sign show the exact bytes first and ask, unless --yes is given.
The program exits with 0 when done, 1 on an error, 2 when it was called wrongly.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	parser := kong.Must(&commands{},
		kong.Name("loa-central"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": version},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(slog.New(slog.NewTextHandler(os.Stderr, nil))),
	)
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "loa-central: %v; see loa-central --help\n", err)
		os.Exit(2)
	}
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "loa-central:", err)
		os.Exit(1)
	}
}
