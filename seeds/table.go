package seeds

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"loa/central/library"
	"loa/central/registry"
)

// BadRow is one thing wrong with one row of a file.
type BadRow struct {
	File    string
	Line    int    // 0: the file as a whole
	Field   string // as in area or languages[1]; empty: the row as a whole
	Problem string
}

func (b BadRow) Error() string {
	where := b.File
	if b.Line > 0 {
		where += ":" + strconv.Itoa(b.Line)
	}
	if b.Field != "" {
		where += ": " + b.Field
	}
	return where + ": " + b.Problem
}

// BadRows is everything that is wrong in the files, by file and line.
type BadRows []BadRow

func (b BadRows) Error() string {
	lines := make([]string, len(b))
	for i, one := range b {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// reader reads tables and gathers what is wrong with their rows.
type reader struct {
	files fs.FS
	bad   BadRows
}

// err is everything that was wrong, or nil.
func (r *reader) err() error {
	if len(r.bad) == 0 {
		return nil
	}
	slices.SortStableFunc(r.bad, func(a, b BadRow) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return r.bad
}

func (r *reader) faultf(file, format string, args ...any) {
	r.bad = append(r.bad, BadRow{File: file, Problem: fmt.Sprintf(format, args...)})
}

// row is one row of a table, which gathers its own faults.
type row struct {
	to    *reader
	file  string
	line  int
	cells map[string]string // by column
}

func (w row) text(column string) string { return w.cells[column] }

func (w row) faultf(field, format string, args ...any) {
	w.to.bad = append(w.to.bad, BadRow{File: w.file, Line: w.line, Field: field, Problem: fmt.Sprintf(format, args...)})
}

// check takes the faults that a real type's validation found, as faults of the
// row; those of fields that a row does not have are left out.
func (w row) check(err error, except ...string) {
	var places registry.Faults
	var content library.Faults
	switch {
	case errors.As(err, &places):
		for _, f := range places {
			if !slices.Contains(except, f.Field) {
				w.faultf(f.Field, "%s", f.Problem)
			}
		}
	case errors.As(err, &content):
		for _, f := range content {
			if !slices.Contains(except, f.Field) {
				w.faultf(f.Field, "%s", f.Problem)
			}
		}
	case err != nil:
		w.faultf("", "%v", err)
	}
}

// words is a cell of words with spaces between; nil when it is empty.
func (w row) words(column string) []string {
	if w.cells[column] == "" {
		return nil
	}
	return strings.Fields(w.cells[column])
}

// whole is a cell that holds a whole number.
func (w row) whole(column string) int {
	n, err := strconv.Atoi(w.cells[column])
	if err != nil {
		w.faultf(column, "%q is not a whole number", w.cells[column])
	}
	return n
}

// degrees is a cell that holds decimal degrees, as in 22.3794.
func (w row) degrees(column string) float64 {
	v, err := strconv.ParseFloat(w.cells[column], 64)
	if err != nil {
		w.faultf(column, "%q is not a number of degrees like 22.3794", w.cells[column])
	}
	return v
}

// once reports whether a key is new, and names the row where it stood first
// otherwise.
func (w row) once(seen map[string]int, field, key string) bool {
	if first, again := seen[key]; again {
		w.faultf(field, "%q stands in line %d already", key, first)
		return false
	}
	seen[key] = w.line
	return true
}

// table reads a file of comma-separated values that begins with these columns.
// Rows that cannot be read at all are not among those returned.
func (r *reader) table(file string, columns ...string) []row {
	data, err := fs.ReadFile(r.files, file)
	if err != nil {
		r.faultf(file, "cannot be read: %v", err)
		return nil
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = len(columns)
	if names, _ := in.Read(); !slices.Equal(names, columns) { // what cannot be read is no header either
		r.bad = append(r.bad, BadRow{file, 1, "", "the columns must be " + strings.Join(columns, ",")})
		return nil
	}
	var rows []row
	for {
		cells, err := in.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return rows
		case errors.As(err, &bad):
			r.bad = append(r.bad, BadRow{file, bad.StartLine, "", bad.Err.Error()})
			continue
		case err != nil:
			r.faultf(file, "cannot be read: %v", err)
			return rows
		}
		line, _ := in.FieldPos(0)
		w := row{to: r, file: file, line: line, cells: make(map[string]string, len(columns))}
		for i, column := range columns {
			w.cells[column] = cells[i]
			if why := untidy(cells[i]); why != "" {
				w.faultf(column, "%s", why)
			}
		}
		rows = append(rows, w)
	}
}

// untidy says what is wrong with a text before anybody asks what it means.
// Vietnamese that came apart into letters and marks looks the same, is not
// equal, and is read out letter by letter.
func untidy(text string) string {
	switch {
	case !utf8.ValidString(text):
		return "is not UTF-8"
	case strings.TrimSpace(text) != text:
		return "has a space at an end"
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Mn, r) }):
		return "has a mark that stands apart from its letter: write it composed (NFC)"
	}
	return ""
}
