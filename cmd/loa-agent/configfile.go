package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// Limits of a config file, far above what a board needs. The parser takes
// memory by the square of the tokens.
const (
	mostConfig = 256 << 10 // bytes
	mostTokens = 4000
)

// readConfig reads a file and names all its faults at once.
func readConfig(path string) (config, error) {
	data, err := readFile(path, mostConfig)
	if err != nil {
		return config{}, fmt.Errorf("read config: %w", err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return config{}, fmt.Errorf("config %s: %w", path, err)
	}
	return c, nil
}

func parseConfig(data []byte) (config, error) {
	var c config
	tokens := lexer.Tokenize(string(data))
	if len(tokens) > mostTokens {
		return c, fmt.Errorf("more than %d words and signs, more than any board needs", mostTokens)
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		// Only its first line: the rest repeats the file.
		why, _, _ := strings.Cut(err.Error(), "\n")
		return c, fmt.Errorf("it is not YAML: %.200s", why)
	}
	if len(file.Docs) > 1 {
		return c, fmt.Errorf("it holds %d documents, a board has one", len(file.Docs))
	}
	var found faults
	if len(file.Docs) == 1 && file.Docs[0].Body != nil {
		decode(&found, file.Docs[0].Body, reflect.ValueOf(&c).Elem(), "")
	}
	if found.has("board") {
		c.Board = "?" // not none, which is generic: its lines would be blamed
	}
	for _, f := range c.judge() {
		// A value that could not be read is not missing too.
		if !found.has(f.at) {
			found.add(f.at, "%s", f.what)
		}
	}
	if len(found) == 0 {
		return c, nil
	}
	text := fmt.Sprintf("%d faults", len(found))
	for _, f := range found {
		text += "\n  " + strings.TrimPrefix(f.at+": ", ": ") + f.what
	}
	return config{}, errors.New(text)
}

// readFile reads a file of at most so many bytes.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return data, err
}

// decode reads a node into a struct, slice, string, bool, number or duration. The YAML library
// stops at the first thing that it cannot read, and a technician wants to know
// all of them.
func decode(f *faults, n ast.Node, into reflect.Value, at string) {
	switch n := n.(type) {
	case *ast.NullNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		f.add(at, "anchors, aliases and tags (& * !) are not taken")
		return
	case *ast.MappingNode:
		decodeGroup(f, n.Values, into, at)
		return
	case *ast.MappingValueNode:
		decodeGroup(f, []*ast.MappingValueNode{n}, into, at)
		return
	case *ast.SequenceNode:
		decodeList(f, n.Values, into, at)
		return
	}
	text, ok := textOf(n)
	switch {
	case !ok:
		f.add(at, "cannot be read")
	case into.Kind() == reflect.Struct:
		f.add(at, "%.40q is not a group of keys", text)
	case into.Kind() == reflect.Pointer:
		f.add(at, "%.40q is not a group of keys", text)
	case into.Kind() == reflect.Slice:
		f.add(at, "%.40q is not a list", text)
	case into.Type() == reflect.TypeFor[address]():
		if !hexText.MatchString(text) {
			f.add(at, "%.40q is not an address: write it as in 0x40", text)
			return
		}
		n, _ := strconv.ParseUint(text[2:], 16, 16)
		into.SetUint(n)
	case into.Kind() == reflect.Int || into.Kind() == reflect.Float64:
		decodeNumber(f, text, into, at)
	case into.Type() == reflect.TypeFor[duration]():
		d, err := time.ParseDuration(text)
		if err != nil {
			f.add(at, "%.40q is not a time like 800ms or 2h", text)
			return
		}
		into.SetInt(int64(d))
	case into.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			f.add(at, "%.40q is neither true nor false", text)
			return
		}
		into.SetBool(text == "true")
	default:
		into.SetString(text)
	}
}

// A number is written in decimal digits: 017 is octal to some readers and 17 to
// others, and 1_000 or 0x10 is no figure that a person reads off a shunt.
var (
	numberText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[-+]?[0-9]+)?$`)
	wholeText  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	hexText    = regexp.MustCompile(`^0x[0-9a-f]{1,4}$`)
)

func decodeNumber(f *faults, text string, into reflect.Value, at string) {
	if into.Kind() == reflect.Int {
		n, err := strconv.Atoi(text)
		if err != nil || !wholeText.MatchString(text) {
			f.add(at, "%.40q is not a whole number like 2", text)
			return
		}
		into.SetInt(int64(n))
		return
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !numberText.MatchString(text) {
		f.add(at, "%.40q is not a number like 0.01", text)
		return
	}
	into.SetFloat(v)
}

func decodeGroup(f *faults, values []*ast.MappingValueNode, into reflect.Value, at string) {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	if into.Kind() != reflect.Struct {
		f.add(at, "is a group of keys, should be %s", wanted(into))
		return
	}
	for _, v := range values {
		key, ok := textOf(v.Key)
		if !ok || v.Key.IsMergeKey() {
			f.add(at, "has a key that is not a plain word")
			continue
		}
		path := strings.TrimPrefix(fmt.Sprintf("%s.%.40s", at, key), ".")
		field, ok := fieldOf(into, key)
		if !ok {
			f.add(path, "is not a known key")
			continue
		}
		decode(f, v.Value, field, path)
	}
}

func decodeList(f *faults, values []ast.Node, into reflect.Value, at string) {
	if into.Kind() != reflect.Slice {
		f.add(at, "is a list, should be %s", wanted(into))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(values), len(values)))
	for i, v := range values {
		decode(f, v, into.Index(i), fmt.Sprintf("%s[%d]", at, i))
	}
}

func wanted(into reflect.Value) string {
	switch into.Kind() {
	case reflect.Struct, reflect.Pointer:
		return "a group of keys"
	case reflect.Slice:
		return "a list"
	case reflect.Float64, reflect.Int:
		return "a number"
	case reflect.Uint16:
		return "an address like 0x40"
	case reflect.Int64:
		return "a time like 800ms or 2h"
	}
	return "a word"
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// textOf is a scalar as it is written: line 007 keeps its zeros.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}
