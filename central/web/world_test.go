package web_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loa/central/fleet"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/central/storage"
	"loa/central/web"
	"loa/controller/protocol"
)

// world is a corner of Lai Châu behind a real server, on a real database.
type world struct {
	*testing.T
	dir      string
	db       *storage.DB
	registry *registry.Registry
	library  *library.Library
	orders   *orders.Orders
	fleet    *fleet.Fleet
	options  web.Options
	handler  http.Handler
	server   *httptest.Server
	log      *logged
	tokens   map[string]string
	planned  *atomic.Int32
	api      huma.API
	answered map[string]bool // operations that answered 2xx
	ending   chan struct{}   // of the server; nil but in a bubble
}

// quiet is the network of a province whose boards are all away.
type quiet struct{}

func (quiet) ToCluster(string, protocol.Lane, []byte) error { return nil }
func (quiet) ToArea(string, []byte) error                   { return nil }
func (quiet) Online(string) bool                            { return false }

// logged keeps what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const (
	province    = "12"
	muongTe     = "03433"
	doanKet     = "03388"
	uploadLimit = 4 << 20
)

// people are who works there. Of the root's administrators, admin-a and admin-b,
// nobody is in the registry.
var people = map[string]registry.Role{
	"lan":   {Name: registry.Officer, Area: muongTe},
	"nam":   {Name: registry.Officer, Area: doanKet},
	"binh":  {Name: registry.Officer, Area: province},
	"phuc":  {Name: registry.Broadcaster, Area: province},
	"chi":   {Name: registry.Administrator, Area: province},
	"kim":   {Name: registry.Administrator, Area: muongTe},
	"tho":   {Name: registry.Technician, Area: province},
	"khach": {}, // nothing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := newQuietWorld(t)
	w.server = httptest.NewServer(w.handler)
	t.Cleanup(w.server.Close)
	return w
}

// newQuietWorld has no server.
func newQuietWorld(t *testing.T) *world {
	t.Helper()
	w := newBareWorld(t)
	w.settle()
	return w
}

// newBareWorld has neither server nor areas nor people.
func newBareWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, log: &logged{}, tokens: map[string]string{}, answered: map[string]bool{}, planned: new(atomic.Int32)}
	w.dir = t.TempDir()
	var err error
	w.db, err = storage.Open(filepath.Join(w.dir, "central.db"))
	w.must(err)
	t.Cleanup(func() { w.must(w.db.Close()) })
	shelf, err := library.NewShelf(library.ShelfOptions{Dir: filepath.Join(w.dir, "library"), Bytes: uploadLimit, Longest: 20 * time.Second})
	w.must(err)
	t.Cleanup(func() { w.must(shelf.Close()) })
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.registry = registry.New(w.db.Registry())
	w.library = library.New(w.db.Library(), shelf, log)
	w.orders, err = orders.New(orders.Options{
		Store: w.db.Orders(), Registry: w.registry, Publisher: quiet{}, Key: keyOf("central"), Log: log,
	})
	w.must(err)
	w.fleet, err = fleet.New(fleet.Options{Store: w.db.Fleet(), Registry: w.registry, Log: log})
	w.must(err)
	w.options = web.Options{
		Registry: w.registry, Library: w.library, Planner: planner.New(w.db.Planner()), Orders: w.orders, Fleet: w.fleet, Files: shelf,
		Certify: func(cluster string, board ed25519.PublicKey) (string, string, error) {
			return "certificate of " + cluster, fmt.Sprintf("a%x", board[:8]), nil
		},
		Authority: "authority", Broker: "central:8883", Audio: "https://central:8444",
		Planned: func() { w.planned.Add(1) }, Version: "test", Log: log,
		Sessions: w.db.Sessions(web.SessionIdle),
	}
	w.handler, w.api = web.NewDescribed(w.options)
	return w
}

// settle adds areas, clusters and people.
func (w *world) settle() {
	w.Helper()
	ctx := w.Context()
	w.must(w.registry.PutAreas(ctx, "test",
		registry.Area{Code: province, Kind: registry.Province, NameVi: "Lai Châu"},
		registry.Area{Code: muongTe, Parent: province, Kind: registry.Commune, NameVi: "Mường Tè"},
		registry.Area{Code: muongTe + ".01", Parent: muongTe, Kind: registry.Village, NameVi: "Bản một"},
		registry.Area{Code: doanKet, Parent: province, Kind: registry.Ward, NameVi: "Đoàn Kết"},
	))
	w.must(w.registry.AddClusters(ctx, "test",
		registry.Cluster{ID: "muong-te-01", Name: "Cụm bản một", Area: muongTe + ".01", Languages: []string{"vi"}},
		registry.Cluster{ID: "doan-ket-01", Name: "Cụm phường", Area: doanKet, Languages: []string{"vi"}},
	))
	for name, role := range people {
		w.must(w.registry.AddPerson(ctx, "test", registry.Person{ID: name, Name: name}))
		k := publicOf(name)
		_, err := w.registry.AddKey(ctx, "test", name, k.ID, registry.Scheme(k.Scheme), k.Public)
		w.must(err)
		if role.Name != "" {
			role.Person = name
			w.must(w.registry.GrantRole(ctx, "test", role))
		}
		w.tokens[name], _, err = w.registry.NewToken(ctx, "test", name, "test", time.Hour)
		w.must(err)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// keyOf is a private key that the same name always has.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicOf(name string) protocol.Key {
	return protocol.NewKey(keyOf(name).Public().(ed25519.PublicKey))
}

// reply is an answer of the API.
type reply struct {
	w      *world
	what   string
	status int
	header http.Header
	body   []byte
}

// ask sends a request as a person, "" for nobody. in is JSON, or a string or
// bytes that are sent as they are, or a reader.
func (w *world) ask(person, method, path string, in any, headers ...string) *reply {
	w.Helper()
	if person != "" {
		headers = append([]string{"Authorization", "Bearer " + w.tokens[person]}, headers...)
	}
	return w.through(w.server.Client(), w.server.URL, method, path, in, headers...)
}

// through is ask for a client of one's own, at any server of this world.
func (w *world) through(client *http.Client, base, method, path string, in any, headers ...string) *reply {
	w.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	case []byte:
		body = bytes.NewReader(in)
	case io.Reader:
		body = in
	default:
		data, err := json.Marshal(in)
		w.must(err)
		body = bytes.NewReader(data)
	}
	if !strings.HasPrefix(path, "/healthz") && !strings.HasPrefix(path, "/openapi") {
		path = "/api/v1" + path
	}
	req, err := http.NewRequestWithContext(w.Context(), method, base+path, body)
	w.must(err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	w.must(err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	w.must(err)
	r := &reply{w, method + " " + path, resp.StatusCode, resp.Header, data}
	r.asDescribed(method, req.URL.Path)
	return r
}

// asDescribed fails when an answer is not what the OpenAPI document says.
func (r *reply) asDescribed(method, path string) {
	r.w.Helper()
	op := r.w.operation(method, path)
	if op == nil {
		return
	}
	described := op.Responses[fmt.Sprint(r.status)]
	if described == nil {
		described = op.Responses["default"]
	}
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	media := described.Content[kind]
	if media == nil {
		r.w.Fatalf("%s: %d %s is not described: %s", r.what, r.status, kind, r.body)
	}
	if r.status < 300 {
		r.w.answered[op.OperationID] = true
	}
	if media.Schema.Format == "binary" {
		return
	}
	var v any
	r.w.must(json.Unmarshal(r.body, &v))
	res := &huma.ValidateResult{}
	huma.Validate(r.w.api.OpenAPI().Components.Schemas, media.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, res)
	if len(res.Errors) > 0 {
		r.w.Fatalf("%s: the answer is not as described: %v: %s", r.what, res.Errors, r.body)
	}
}

// operation is the one that takes a request; nil for none.
func (w *world) operation(method, path string) *huma.Operation {
	var best *huma.Operation
	for template, item := range w.api.OpenAPI().Paths {
		if !fits(template, path) || best != nil && strings.Contains(template, "{") {
			continue
		}
		if op := methods(item)[method]; op != nil {
			best = op
		}
	}
	return best
}

func methods(item *huma.PathItem) map[string]*huma.Operation {
	return map[string]*huma.Operation{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "DELETE": item.Delete}
}

func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return len(want) == len(got) && !slices.ContainsFunc(want, func(part string) bool {
		i := slices.Index(want, part)
		return !strings.HasPrefix(part, "{") && part != got[i]
	})
}

// ok fails unless the answer is 200, and reads it.
func (r *reply) ok(into any) *reply {
	r.w.Helper()
	if r.status != http.StatusOK {
		r.w.Fatalf("%s: %d %s", r.what, r.status, r.body)
	}
	if into != nil {
		r.w.must(json.Unmarshal(r.body, into))
	}
	return r
}

type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

// refused fails unless the answer is a whole problem of this code that names
// these fields, among others.
func (r *reply) refused(status int, code string, fields ...string) problem {
	r.w.Helper()
	var p problem
	if r.status != status {
		r.w.Fatalf("%s: %d, want %d: %s", r.what, r.status, status, r.body)
	}
	if kind := r.header.Get("Content-Type"); kind != "application/problem+json" {
		r.w.Fatalf("%s: %s: %s", r.what, kind, r.body)
	}
	r.w.must(json.Unmarshal(r.body, &p))
	if p.Code != code || p.Status != status || p.Title == "" || p.Detail == "" || p.Type != "urn:loa:problem:"+code {
		r.w.Errorf("%s: %s, want code %q", r.what, r.body, code)
	}
	for _, field := range fields {
		if !slices.ContainsFunc(p.Errors, func(e struct {
			Location string `json:"location"`
			Message  string `json:"message"`
		}) bool {
			return e.Location == field && e.Message != ""
		}) {
			r.w.Errorf("%s: %s is not named: %s", r.what, field, r.body)
		}
	}
	if len(r.body) > 64<<10 {
		r.w.Errorf("%s: a problem of %d bytes", r.what, len(r.body))
	}
	return p
}

// draft and order are what the tests read of answers.
type draft struct {
	Hash     string            `json:"hash"`
	Subject  string            `json:"subject"`
	Envelope protocol.Envelope `json:"envelope"`
	Notes    []string          `json:"notes"`
	Targets  int               `json:"targets"`
}

type order struct {
	Hash    string   `json:"hash"`
	State   string   `json:"state"`
	Subject string   `json:"subject"`
	Persons []string `json:"persons"`
	Note    string   `json:"note"`
}

func signature(d draft, key string) protocol.Signature {
	e := protocol.Envelope{PayloadType: d.Envelope.PayloadType, Payload: d.Envelope.Payload}
	e.Sign(keyOf(key))
	return e.Signatures[0]
}

// sign hands in a person's own signature.
func (w *world) sign(person string, d draft) *reply {
	w.Helper()
	return w.ask(person, "POST", "/orders/"+d.Hash+"/signatures", signature(d, person))
}

// enact has the root's administrators sign at chi's desk.
func (w *world) enact(d draft) (o order) {
	w.Helper()
	for _, admin := range []string{"admin-a", "admin-b"} {
		w.ask("chi", "POST", "/orders/"+d.Hash+"/signatures", signature(d, admin)).ok(&o)
	}
	if o.State != "sealed" {
		w.Fatalf("%s is %s", d.Subject, o.State)
	}
	return o
}

func personOf(name string) protocol.Person {
	return protocol.Person{ID: name, Name: name, Keys: []protocol.Key{publicOf(name)}}
}

// root is revision 1, signed by its owners.
func (w *world) root(scopes ...string) protocol.Envelope {
	w.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	e, err := protocol.Draft(protocol.KindRoot, protocol.Live, protocol.Root{
		Version: protocol.Version, Revision: 1, Issued: now, Expires: now.AddDate(5, 0, 0), Scopes: scopes,
		Owners: []protocol.Person{personOf("owner-a"), personOf("owner-b")}, Threshold: 2,
		Administrators: []protocol.Person{personOf("admin-a"), personOf("admin-b")}, AdminThreshold: 2, WideAlert: 2,
	})
	w.must(err)
	e.Sign(keyOf("owner-a"))
	e.Sign(keyOf("owner-b"))
	return e
}

// trusted brings root and key set in force.
func (w *world) trusted() *world {
	w.Helper()
	w.ask("chi", "PUT", "/root", w.root(province)).ok(nil)
	var d draft
	w.ask("chi", "POST", "/keyset", nil).ok(&d)
	w.enact(d)
	return w
}

// request is what a board's init writes.
func (w *world) request(board string) protocol.Envelope {
	w.Helper()
	e, err := protocol.SealEnrolRequest(protocol.EnrolRequest{
		Version: protocol.Version, Board: publicOf(board), Host: board, Issued: time.Now().UTC(),
	}, keyOf(board))
	w.must(err)
	return e
}

// enrol hangs a board up.
func (w *world) enrol(cluster, board string) {
	w.Helper()
	request := w.request(board)
	var d draft
	w.ask("tho", "POST", "/enrolments", map[string]any{"cluster": cluster, "request": request}).ok(&d)
	w.enact(d)
	w.ask("tho", "POST", "/enrolments/"+cluster+"/answer", map[string]any{"request": request}).ok(nil)
}

// tone is a second of sound, made once.
var tone = sync.OnceValues(func() ([]byte, error) { return made("wav", "-f", "lavfi", "-i", "sine=frequency=440:duration=1") })

func made(ext string, args ...string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "loa-web-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "made."+ext)
	out, err := exec.Command("ffmpeg", append(append([]string{"-nostdin", "-v", "error"}, args...), path)...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ffmpeg: %w: %s", err, out)
	}
	return os.ReadFile(path)
}

// sound uploads the tone and gives its hash.
func (w *world) sound() string {
	w.Helper()
	file, err := tone()
	w.must(err)
	var a struct {
		SHA256 string `json:"sha256"`
	}
	w.ask("lan", "POST", "/audio?name=tone.wav", file, "Content-Type", "audio/wav").ok(&a)
	return a.SHA256
}
