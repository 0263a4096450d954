package protocol

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Decode reads one JSON value into a T, strictly: no duplicate names, no name
// that differs from a known one only by case, no data behind the value, valid
// UTF-8. Other unknown names are ignored, so that a document may gain a field.
// Errors name the place in the document.
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

func walkObject(dec *jsontext.Decoder, t reflect.Type) error {
	if _, err := dec.ReadToken(); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	for dec.PeekKind() != '}' {
		tok, err := dec.ReadToken()
		if err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		name := tok.String()
		inner, err := memberType(t, name)
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
	if _, err := dec.ReadToken(); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	var inner reflect.Type
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		inner = t.Elem()
	}
	for dec.PeekKind() != ']' {
		if err := walk(dec, inner); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

var timeType = reflect.TypeFor[time.Time]()

// memberType is the type of the field that name is read into, or nil for an
// unknown name.
func memberType(t reflect.Type, name string) (reflect.Type, error) {
	if t == nil || t == timeType {
		return nil, nil
	}
	if t.Kind() == reflect.Map {
		return t.Elem(), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, nil
	}
	var variant string
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		known, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if known == name {
			return f.Type, nil
		}
		if strings.EqualFold(known, name) {
			variant = known
		}
	}
	if variant != "" {
		return nil, fmt.Errorf("name %q differs from %q only by case", name, variant)
	}
	return nil, nil
}
