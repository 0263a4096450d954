package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write openapi.yaml anew")

func TestDescriptionIsCurrent(t *testing.T) {
	w := newWorld(t)
	got := w.ask("", "GET", "/openapi.yaml", nil)
	if got.status != 200 || got.header.Get("Content-Type") != "application/openapi+yaml" {
		t.Fatalf("%d %s", got.status, got.header)
	}
	if *update {
		w.must(os.WriteFile("openapi.yaml", got.body, 0o644))
	}
	want, err := os.ReadFile("openapi.yaml")
	w.must(err)
	if !bytes.Equal(got.body, want) {
		t.Error("openapi.yaml is not what the server says: go test ./central/web -run Description -update")
	}
}

// What a client's author trips over.
func TestDescriptionIsComplete(t *testing.T) {
	w := newWorld(t)
	var doc struct {
		OpenAPI    string                                `json:"openapi"`
		Security   []map[string][]string                 `json:"security"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage `json:"properties"`
				Required   []string                   `json:"required"`
			} `json:"schemas"`
			SecuritySchemes map[string]json.RawMessage `json:"securitySchemes"`
		} `json:"components"`
	}
	w.ask("", "GET", "/openapi.json", nil).ok(&doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Security) != 2 || doc.Components.SecuritySchemes["token"] == nil || doc.Components.SecuritySchemes["session"] == nil {
		t.Errorf("version %q, security %v", doc.OpenAPI, doc.Security)
	}
	ids := map[string]string{}
	for path, item := range doc.Paths {
		for method, raw := range item {
			var op struct {
				ID         string   `json:"operationId"`
				Summary    string   `json:"summary"`
				Tags       []string `json:"tags"`
				Parameters []struct {
					Name, In string
				} `json:"parameters"`
				Responses map[string]json.RawMessage `json:"responses"`
			}
			w.must(json.Unmarshal(raw, &op))
			at := method + " " + path
			if !regexp.MustCompile(`^[a-z]+([A-Z][a-z]+)*$`).MatchString(op.ID) || ids[op.ID] != "" {
				t.Errorf("%s: operation id %q, also of %q", at, op.ID, ids[op.ID])
			}
			ids[op.ID] = at
			if op.Summary == "" || strings.HasSuffix(op.Summary, ".") || len(op.Tags) != 1 {
				t.Errorf("%s: summary %q, tags %v", at, op.Summary, op.Tags)
			}
			for _, p := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(path, -1) {
				if !bytes.Contains(raw, []byte(`"name":"`+p[1]+`"`)) {
					t.Errorf("%s: parameter %s is lost", at, p[1])
				}
			}
			if !bytes.Contains(op.Responses["default"], []byte("application/problem+json")) {
				t.Errorf("%s: no problem is described", at)
			}
			if (method == "put" || method == "delete") && (strings.HasPrefix(path, "/api/v1/bulletins") || strings.HasPrefix(path, "/api/v1/programmes")) && !bytes.Contains(raw, []byte("If-Match")) {
				t.Errorf("%s: If-Match is not described", at)
			}
		}
	}
	for schema, members := range map[string][]string{
		"AlertWish": {"mode", "audience", "lifetimeSeconds", "hazard", "level", "siren", "phrase", "messages", "repetitions", "pause"},
		"LocalWish": {"mode", "input", "audience", "lifetimeSeconds", "seconds", "hazard", "messages"},
		"Renewal":   {"lifetimeSeconds", "hazard", "messages"},
		"Scheduled": {"id", "start", "bulletins", "conflicts"},
		"ClusterNow": {
			"id", "languages", "online", "since", "state",
		},
		"OrderAnswer": {"hash", "state", "draft", "counts"},
		"Problem":     {"type", "title", "status", "code", "detail", "errors"},
	} {
		for _, m := range members {
			if doc.Components.Schemas[schema].Properties[m] == nil {
				t.Errorf("%s has no %s", schema, m)
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		if !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(name) {
			t.Errorf("a schema is called %q", name)
		}
		for member, raw := range s.Properties {
			if bytes.Contains(raw, []byte(`"array","null"`)) || bytes.Contains(raw, []byte(`["array", "null"]`)) {
				t.Errorf("%s.%s may be null", name, member)
			}
			if string(raw) == "{}" {
				t.Errorf("%s.%s may be anything", name, member)
			}
		}
	}
}
