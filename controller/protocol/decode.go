package protocol

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits of one document's shape, far above what any document needs: what is
// read may come from anybody, and memory is spent before a signature is judged.
const (
	maxDepth    = 32     // arrays and objects within each other
	maxElements = 20_000 // of one array or object
)

// Decode reads one JSON value into a T, strictly: no duplicate names, no name
// that differs from a known one only by case, no data behind the value, valid
// UTF-8, at most 32 levels deep. Other unknown names are ignored, so that a
// document may gain a field; null is the zero value. Errors name the place in
// the document.
//
// Base64 is taken with padding and without line breaks. Its last character may
// have bits that do not count, so two envelopes can differ in their text and
// hold the same payload; signatures and hashes are over the decoded bytes.
func Decode[T any](data []byte) (T, error) {
	var v, none T
	if err := checkNames(data, reflect.TypeFor[T]()); err != nil {
		return none, err
	}
	if err := json.Unmarshal(data, &v, json.RejectUnknownMembers(false)); err != nil {
		return none, fmt.Errorf("decode: %w", err)
	}
	return v, nil
}

// Encode writes v as JSON, the same bytes for the same value.
func Encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// checkNames walks the value beside the type that it will be read into. The
// JSON library matches names exactly, which would drop "Mode" silently as an
// unknown field; a document in which a person reads one thing and a board
// another must be refused.
func checkNames(data []byte, t reflect.Type) error {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	if err := walk(dec, t); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return fmt.Errorf("decode: data after the end of the document")
	}
	return nil
}

func walk(dec *jsontext.Decoder, t reflect.Type) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch dec.PeekKind() {
	case '{':
		return walkObject(dec, t)
	case '[':
		return walkArray(dec, t)
	}
	if err := dec.SkipValue(); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// enter reads the brace or bracket that begins a value.
func enter(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if dec.StackDepth() > maxDepth {
		return fmt.Errorf("decode %s: more than %d levels", dec.StackPointer(), maxDepth)
	}
	return nil
}

func walkObject(dec *jsontext.Decoder, t reflect.Type) error {
	if err := enter(dec); err != nil {
		return err
	}
	known := membersOf(t)
	for n := 0; dec.PeekKind() != '}'; n++ {
		if n == maxElements {
			return fmt.Errorf("decode %s: more than %d members", dec.StackPointer(), maxElements)
		}
		tok, err := dec.ReadToken()
		if err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		inner, err := known.of(tok.String())
		if err != nil {
			return fmt.Errorf("decode %s: %w", dec.StackPointer(), err)
		}
		if err := walk(dec, inner); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func walkArray(dec *jsontext.Decoder, t reflect.Type) error {
	if err := enter(dec); err != nil {
		return err
	}
	var inner reflect.Type
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		inner = t.Elem()
	}
	for n := 0; dec.PeekKind() != ']'; n++ {
		if n == maxElements {
			return fmt.Errorf("decode %s: more than %d elements", dec.StackPointer(), maxElements)
		}
		if err := walk(dec, inner); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// members are the names that an object's type knows. The zero value knows none.
type members struct {
	named map[string]reflect.Type
	any   reflect.Type // of every member, of a map
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	memberCache sync.Map // reflect.Type to members
)

func membersOf(t reflect.Type) members {
	switch {
	case t == nil || t == timeType:
		return members{}
	case t.Kind() == reflect.Map:
		return members{any: t.Elem()}
	case t.Kind() != reflect.Struct:
		return members{}
	}
	if m, ok := memberCache.Load(t); ok {
		return m.(members)
	}
	m := members{named: map[string]reflect.Type{}}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		// An embedded struct without a name lends its fields to the outer one.
		if !f.IsExported() || name == "-" || (f.Anonymous && name == "") {
			continue
		}
		if name == "" {
			name = f.Name
		}
		m.named[name] = f.Type
	}
	memberCache.Store(t, m)
	return m
}

// of is the type of the field that name is read into, or nil for an unknown
// name.
func (m members) of(name string) (reflect.Type, error) {
	if t, ok := m.named[name]; ok {
		return t, nil
	}
	for known := range m.named {
		if strings.EqualFold(known, name) {
			return nil, fmt.Errorf("name %q differs from %q only by case", name, known)
		}
	}
	return m.any, nil
}
