package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loa/central"
	"loa/central/registry"
)

// areaColumns are what the file begins with.
var areaColumns = []string{"code", "parent", "kind", "name_vi", "name_en"}

const mostAreas = 32 << 20 // bytes of a file

type areasCommand struct {
	Data string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The server's data folder; the server may be running."`
	File string `arg:"" type:"existingfile" help:"CSV with the columns code, parent, kind, name_vi, name_en."`
}

// Run keeps all areas of the file or none.
func (c *areasCommand) Run(ctx context.Context) (err error) {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("read areas: %w", err)
	}
	defer f.Close()
	areas, lines, err := readAreas(io.LimitReader(f, mostAreas), filepath.Base(c.File))
	if err != nil {
		return err
	}
	places, done, err := central.OpenRegistry(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := places.PutAreas(ctx, commandLine, areas...); err != nil {
		return atLines(err, filepath.Base(c.File), lines)
	}
	fmt.Printf("%d areas\n", len(areas))
	return nil
}

// readAreas gives the areas of a file and the line of each, or an error that
// names every bad row as file:line.
func readAreas(r io.Reader, file string) (areas []registry.Area, lines []int, err error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", file, err)
	}
	// Spreadsheets write a byte order mark.
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	rows.FieldsPerRecord = len(areaColumns)
	columns, _ := rows.Read() // what cannot be read are not the columns either
	if !slices.Equal(columns, areaColumns) {
		return nil, nil, fmt.Errorf("%s:1: the columns must be %s", file, strings.Join(areaColumns, ","))
	}
	var errs []error
	for {
		row, err := rows.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return areas, lines, errors.Join(errs...)
		case errors.As(err, &bad):
			errs = append(errs, fmt.Errorf("%s:%d: %w", file, bad.StartLine, bad.Err))
			continue
		case err != nil:
			return nil, nil, fmt.Errorf("read %s: %w", file, err)
		}
		line, _ := rows.FieldPos(0)
		a := registry.Area{Code: row[0], Parent: row[1], Kind: registry.Kind(row[2]), NameVi: row[3], NameEn: row[4]}
		if err := a.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", file, line, err))
		}
		areas, lines = append(areas, a), append(lines, line)
	}
}

// atLines turns the registry's places, areas[7].parent, into file:line.
func atLines(err error, file string, lines []int) error {
	var found registry.Faults
	if !errors.As(err, &found) {
		return err
	}
	var errs []error
	for _, f := range found {
		var row int
		var field string
		if n, _ := fmt.Sscanf(f.Field, "areas[%d].%s", &row, &field); n != 2 || row >= len(lines) {
			errs = append(errs, fmt.Errorf("%s: %s: %s", file, f.Field, f.Problem))
			continue
		}
		errs = append(errs, fmt.Errorf("%s:%d: %s: %s", file, lines[row], field, f.Problem))
	}
	return errors.Join(errs...)
}
