package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"loa/central"
	"loa/central/registry"
)

type serveCommand struct {
	Data   string   `required:"" type:"path" help:"Folder of everything that must not be lost; it is made."`
	API    string   `default:"127.0.0.1:8443" help:"host:port for people, HTTPS."`
	Broker string   `default:"127.0.0.1:8883" help:"host:port for boards, MQTT over TLS."`
	Audio  string   `default:"127.0.0.1:8444" help:"host:port for boards, HTTPS."`
	Host   []string `default:"127.0.0.1" help:"Name or address under which boards and people find this server; the first goes into enrolments."`
}

func (c *serveCommand) Run(ctx context.Context, log *slog.Logger) error {
	server, err := central.New(central.Options{
		Data: c.Data, API: c.API, Broker: c.Broker, Audio: c.Audio, Hosts: c.Host, Version: version, Log: log,
	})
	if err != nil {
		return err
	}
	at := server.Addresses()
	log.Info("ready", "api", at.API, "broker", at.Broker, "audio", at.Audio)
	return server.Run(ctx)
}

// tokenCommand works on the data folder itself: whoever can read it is the
// server's owner, and somebody must be the first.
type tokenCommand struct {
	Data          string `required:"" type:"existingdir" help:"The server's data folder."`
	Person        string `required:"" help:"The person's id; added when it is new."`
	Name          string `help:"The person's name; needed when the person is new."`
	Administrator string `placeholder:"AREA" help:"Make the person an administrator of this area."`
	Days          int    `default:"30" help:"How long the token lives."`
}

func (c *tokenCommand) Run(ctx context.Context) (err error) {
	people, done, err := central.OpenRegistry(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	const by = "command-line"
	if _, err := people.Person(ctx, c.Person); errors.Is(err, registry.ErrNotFound) {
		if err := people.AddPerson(ctx, by, registry.Person{ID: c.Person, Name: c.Name}); err != nil {
			return fmt.Errorf("add %s: %w", c.Person, err)
		}
	} else if err != nil {
		return err
	}
	if c.Administrator != "" {
		role := registry.Role{Person: c.Person, Name: registry.Administrator, Area: c.Administrator}
		if err := people.GrantRole(ctx, by, role); err != nil {
			return fmt.Errorf("make %s an administrator of %s: %w", c.Person, c.Administrator, err)
		}
	}
	text, _, err := people.NewToken(ctx, by, c.Person, "command line", time.Duration(c.Days)*24*time.Hour)
	if err != nil {
		return fmt.Errorf("make a token for %s: %w", c.Person, err)
	}
	fmt.Println(text)
	return nil
}

// areasCommand works on the data folder itself, like tokenCommand.
type areasCommand struct {
	Data string `required:"" type:"existingdir" help:"The server's data folder."`
	File string `arg:"" type:"existingfile" help:"CSV with the columns code, parent, kind, name_vi, name_en."`
}

func (c *areasCommand) Run(ctx context.Context) (err error) {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("read areas: %w", err)
	}
	defer f.Close()
	areas, err := readAreas(f, filepath.Base(c.File))
	if err != nil {
		return err
	}
	places, done, err := central.OpenRegistry(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := places.PutAreas(ctx, "command-line", areas...); err != nil {
		return fmt.Errorf("keep areas: %w", err)
	}
	fmt.Printf("%d areas\n", len(areas))
	return nil
}

// readAreas names the line of every row that is wrong.
func readAreas(r io.Reader, file string) ([]registry.Area, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 5
	if _, err := rows.Read(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var areas []registry.Area
	var errs []error
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		a := registry.Area{Code: row[0], Parent: row[1], Kind: registry.Kind(row[2]), NameVi: row[3], NameEn: row[4]}
		if err := a.Validate(); err != nil {
			line, _ := rows.FieldPos(0)
			errs = append(errs, fmt.Errorf("%s:%d: %w", file, line, err))
		}
		areas = append(areas, a)
	}
	return areas, errors.Join(errs...)
}
