package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"

	"loa/central"
	"loa/seeds"
)

type serveCommand struct {
	Data        string   `required:"" type:"path" placeholder:"FOLDER" help:"Folder of everything that must not be lost; it is made."`
	API         string   `default:"127.0.0.1:8443" help:"host:port for people, HTTPS."`
	Broker      string   `default:"127.0.0.1:8883" help:"host:port for boards, MQTT over TLS."`
	Plain       string   `placeholder:"HOST:PORT" help:"host:port for browsers on this machine, HTTP; loopback only."`
	Audio       string   `default:"127.0.0.1:8444" help:"host:port for boards, HTTPS."`
	Host        []string `default:"127.0.0.1" help:"Name or address under which boards and people find this server; the first goes into enrolments."`
	NoSelfTests bool     `help:"Leave the nightly self-tests of the boards out of their plans: no relay moves but for what sounds."`
	Demo        bool     `help:"Set the folder up with a province of people who do not exist, whose keys lie in it; it serves as nothing else afterwards."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, log *slog.Logger) error {
	areas, err := seeds.Areas()
	if err != nil {
		return err
	}
	server, err := central.New(central.Options{
		Data: c.Data, API: c.API, Broker: c.Broker, Audio: c.Audio, Hosts: c.Host, Version: version, Log: log,
		Demo: c.Demo, Say: say, Plain: c.Plain, Areas: areas, NoSelfTests: c.NoSelfTests,
	})
	if err != nil {
		return err
	}
	at := server.Addresses()
	if err := inviteFirst(ctx, c.Data, at, log); err != nil {
		return errors.Join(err, server.Close())
	}
	log.Info("ready", "api", at.API, "broker", at.Broker, "audio", at.Audio, "plain", at.Plain)
	return server.Run(ctx)
}

// inviteFirst makes a one-time link where nobody is there yet: there is no
// default password. It goes to whoever starts the server at a terminal, and
// otherwise into a file: what a service prints goes into a journal, which more
// people read, and for longer. The next start makes another, and ends this one.
func inviteFirst(ctx context.Context, data string, at central.Addresses, log *slog.Logger) (err error) {
	people, done, err := central.OpenRegistry(data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if there, err := people.Persons(ctx); err != nil {
		return err
	} else if len(there) > 0 {
		return errors.Join(central.DropLink(data), tellOfDemo(data, log))
	}
	text, v, err := people.InviteFirst(ctx, commandLine, invitationLife)
	if err != nil {
		return err
	}
	until := v.ExpiresAt.Local().Format("2006-01-02 15:04")
	if terminal(os.Stdout) {
		fmt.Printf("Nobody is there yet. Whoever follows this link first becomes the administrator; it works once, until %s:\n%s\n",
			until, at.Link(text))
		return central.DropLink(data)
	}
	file, err := central.KeepLink(data, at.Link(text))
	if err != nil {
		return err
	}
	log.Info("nobody is there yet: whoever follows the link in a file first becomes the administrator; it works once", "file", file, "until", until)
	return nil
}

// tellOfDemo says where a demo keeps its link while nobody followed it.
func tellOfDemo(data string, log *slog.Logger) error {
	file, err := central.DemoLink(data)
	if file != "" {
		log.Info("whoever follows the link in a file first chooses the demo's password; it works once", "file", file)
	}
	return err
}

// terminal tells whether a person reads what is written to a file. A device is
// not enough: the null device is one.
func terminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
