package main

import (
	"context"
	"log/slog"

	"loa/central"
)

type serveCommand struct {
	Data   string   `required:"" type:"path" placeholder:"FOLDER" help:"Folder of everything that must not be lost; it is made."`
	API    string   `default:"127.0.0.1:8443" help:"host:port for people, HTTPS."`
	Broker string   `default:"127.0.0.1:8883" help:"host:port for boards, MQTT over TLS."`
	Audio  string   `default:"127.0.0.1:8444" help:"host:port for boards, HTTPS."`
	Host   []string `default:"127.0.0.1" help:"Name or address under which boards and people find this server; the first goes into enrolments."`
	Demo   bool     `help:"Set the folder up with a province of people who do not exist, whose keys lie in it; it serves as nothing else afterwards."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, log *slog.Logger) error {
	server, err := central.New(central.Options{
		Data: c.Data, API: c.API, Broker: c.Broker, Audio: c.Audio, Hosts: c.Host, Version: version, Log: log,
		Demo: c.Demo, Say: say,
	})
	if err != nil {
		return err
	}
	at := server.Addresses()
	log.Info("ready", "api", at.API, "broker", at.Broker, "audio", at.Audio)
	return server.Run(ctx)
}
