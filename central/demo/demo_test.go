package demo_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loa/central/demo"
	"loa/central/library"
	"loa/central/orders"
	"loa/central/planner"
	"loa/central/registry"
	"loa/controller/protocol"
)

func (w *world) read(file string) string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.folder(), file))
	must(w.t, err)
	return strings.TrimSpace(string(data))
}

// sealed lists the sealed orders of a kind, the first that was drafted first.
func (w *world) sealed(kind protocol.Kind) []orders.Status {
	w.t.Helper()
	all, err := w.orders.List(w.t.Context(), orders.Query{Kinds: []protocol.Kind{kind}, State: orders.Sealed})
	must(w.t, err)
	slices.Reverse(all)
	return all
}

func (w *world) newestKeySet() protocol.KeySet {
	w.t.Helper()
	all := w.sealed(protocol.KindKeySet)
	if len(all) == 0 {
		w.t.Fatal("no key set is sealed")
	}
	d, err := w.orders.Draft(w.t.Context(), all[len(all)-1].Hash)
	must(w.t, err)
	ks, err := protocol.Decode[protocol.KeySet](d.Envelope.Payload)
	must(w.t, err)
	return ks
}

// isPlaced judges what SetUp and Invite leave behind.
func (w *world) isPlaced() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	clusters, err := w.registry.Clusters(ctx)
	must(t, err)
	if len(clusters) != 3 {
		t.Errorf("%d clusters", len(clusters))
	}
	roles, err := w.registry.Roles(ctx, "")
	must(t, err)
	var all []string
	for _, r := range roles {
		all = append(all, r.Person+" "+string(r.Name)+" "+r.Area)
	}
	slices.Sort(all)
	if got, want := strings.Join(all, ", "), "demo administrator 12, demo technician 12, lan officer 03388, phat broadcaster 12, quan administrator 12, tho technician 12"; got != want {
		t.Errorf("roles: %s", got)
	}
	if p, err := w.registry.PersonByToken(ctx, w.read("administrator.token")); err != nil || p.ID != demo.Service {
		t.Errorf("the token is that of %q: %v", p.ID, err)
	}
	if got := w.read("board"); got != "bum-to-02" {
		t.Errorf("the real board is for %s", got)
	}
	root, err := w.orders.Root()
	must(t, err)
	if roots := w.sealed(protocol.KindRoot); len(roots) != 1 || !demo.Rooted(root) || root.Threshold != 2 || root.WideAlert != 2 {
		t.Errorf("%d roots, the one in force %+v", len(roots), root)
	}
	for _, st := range w.sealed(protocol.KindKeySet) {
		if !slices.Equal(st.Persons, []string{"demo-administrator-a", "demo-administrator-b"}) {
			t.Errorf("key set %d is signed by %q", st.Revision, st.Persons)
		}
	}
	ks := w.newestKeySet()
	if !slices.ContainsFunc(ks.Persons, func(p protocol.Person) bool { return p.ID == "phat" && len(p.Keys) == 1 }) {
		t.Errorf("the broadcaster's key is not in the key set: %+v", ks.Persons)
	}
	if due, err := w.orders.KeySetDue(ctx); err != nil || due {
		t.Errorf("the key set is due: %v, %v", due, err)
	}
	link := w.read("link")
	v, err := w.registry.Invitation(ctx, strings.TrimPrefix(link, linked("")))
	if err != nil || !slices.Equal(v.Persons, []string{"lan", "phat", "quan", "tho"}) {
		t.Errorf("%s invites %q: %v", link, v.Persons, err)
	}
}

// isSpoken judges what Run leaves behind.
func (w *world) isSpoken() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	for id, want := range map[string]library.State{"chao-mung": library.Approved, "tin-mot": library.Approved, "tin-hai": library.Draft} {
		b, err := w.library.Bulletin(ctx, id)
		must(t, err)
		if b.State != want || b.Audio["vi"] == "" || b.Revision != 1 {
			t.Errorf("bulletin %s: %+v", id, b)
			continue
		}
		if want != library.Approved {
			continue
		}
		st, err := w.orders.Status(ctx, b.OrderHash)
		if err != nil || st.State != orders.Sealed || !slices.Equal(st.Persons, []string{"phat"}) {
			t.Errorf("bulletin %s was approved by %+v: %v", id, st, err)
		}
		d, err := w.orders.Draft(ctx, b.OrderHash)
		must(t, err)
		document, err := protocol.Decode[protocol.Bulletin](d.Envelope.Payload)
		must(t, err)
		a, err := w.library.Audio(ctx, b.Audio["vi"])
		must(t, err)
		if document.Title != b.Title || len(document.Audio) != 1 || document.Audio[0].Audio != (protocol.Audio{SHA256: a.SHA256, Bytes: a.Size, Samples: a.Samples}) {
			t.Errorf("the document of %s is %+v", id, document)
		}
	}
	programmes, err := w.planner.Programmes(ctx)
	must(t, err)
	if len(programmes) != 2 || programmes[0].ID != "chao-mung" || programmes[0].Area != "03433" || programmes[1].ID != "sang" {
		t.Errorf("programmes %+v", programmes)
	}
	if _, err := os.Stat(filepath.Join(w.folder(), "complete")); err != nil {
		t.Error(err)
	}
}

func (w *world) isWhole() {
	w.t.Helper()
	w.isPlaced()
	w.isSpoken()
	must(w.t, w.db.Check(w.t.Context()))
	if _, err := w.db.VerifyAudit(w.t.Context()); err != nil {
		w.t.Error(err)
	}
}

func TestSetUp(t *testing.T) {
	w := start(t, t.TempDir(), nil)
	w.setUp()
	w.isWhole()
	if len(w.planned) == 0 {
		t.Error("nobody was told to make plans")
	}
	// The keys of everybody lie here.
	must(t, filepath.WalkDir(w.folder(), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}))
}

// What was cut off at any write goes on with the next start, and ends as if it
// had not been.
func TestSetUpGoesOnWhereItWasCut(t *testing.T) {
	for _, learnt := range []bool{true, false} {
		for writes := 0; ; writes++ {
			dir := t.TempDir()
			w := start(t, dir, &cut{left: writes, learnt: learnt})
			err := errors.Join(w.SetUp(t.Context()))
			if err == nil {
				err = w.Invite(t.Context(), linked)
			}
			w.close()
			if err == nil {
				if writes < 15 {
					t.Errorf("all is done after %d writes: not all of them are seen", writes)
				}
				break
			}
			if !errors.Is(err, errCut) {
				t.Fatalf("cut after %d writes: %v", writes, err)
			}
			w = start(t, dir, nil)
			must(t, w.SetUp(t.Context()))
			must(t, w.Invite(t.Context(), linked))
			w.isPlaced()
			w.close()
			if t.Failed() {
				t.Fatalf("cut after %d writes, the last of them learnt: %v", writes, learnt)
			}
		}
	}
}

// Speaking takes longer, so that it is cut again and again in one folder.
func TestSpeakingGoesOnWhereItWasCut(t *testing.T) {
	dir := t.TempDir()
	for try := 0; ; try++ {
		if try > 60 {
			t.Fatal("it does not get on")
		}
		w := start(t, dir, nil)
		must(t, w.SetUp(t.Context()))
		must(t, w.Invite(t.Context(), linked))
		w.close()
		// At least four at once: the welcome is moved to the present, drafted,
		// sealed and marked.
		w = start(t, dir, &cut{left: 2 + try%4, learnt: try%8 < 4})
		err := w.Speak(t.Context())
		w.close()
		if err == nil {
			break
		}
		if !errors.Is(err, errCut) {
			t.Fatalf("start %d: %v", try, err)
		}
	}
	start(t, dir, nil).isWhole()
}

// A second start gives nothing back that people took away, and takes nothing
// that they added; the welcome sounds again.
func TestASecondStartLeavesPeoplesWork(t *testing.T) {
	ctx := t.Context()
	w := whole(t)
	must(t, w.registry.TakeRole(ctx, "quan", registry.Role{Person: "tho", Name: registry.Technician, Area: "12"}))
	must(t, w.planner.Remove(ctx, "phat", "sang", 1))
	_, err := w.library.Withdraw(ctx, "phat", "tin-mot")
	must(t, err)
	greeted, err := w.planner.Programme(ctx, "chao-mung")
	must(t, err)
	link := w.read("link")
	w.close()

	w = start(t, w.dir, nil)
	w.setUp()
	if roles, err := w.registry.Roles(ctx, "tho"); err != nil || len(roles) > 0 {
		t.Errorf("tho is %+v again: %v", roles, err)
	}
	if _, err := w.planner.Programme(ctx, "sang"); !errors.Is(err, planner.ErrNotFound) {
		t.Errorf("the programme is back: %v", err)
	}
	if b, err := w.library.Bulletin(ctx, "tin-mot"); err != nil || b.State != library.Withdrawn {
		t.Errorf("the bulletin is %s: %v", b.State, err)
	}
	if again, err := w.planner.Programme(ctx, "chao-mung"); err != nil || again.Revision != greeted.Revision+1 || again.Start < greeted.Start {
		t.Errorf("the welcome was %+v, and is %+v: %v", greeted, again, err)
	}
	if got := w.read("link"); got != link {
		t.Errorf("the link was %s, and is %s", link, got)
	}
	if roots, sets := w.sealed(protocol.KindRoot), w.sealed(protocol.KindKeySet); len(roots) != 1 || len(sets) > 2 {
		t.Errorf("%d roots, %d key sets", len(roots), len(sets))
	}
}

// The welcome is the demo's until a person makes it something else.
func TestTheWelcomeIsPeoplesToChange(t *testing.T) {
	ctx := t.Context()
	w := whole(t)
	p, err := w.planner.Programme(ctx, "chao-mung")
	must(t, err)
	p.Start = "2030-01-01T05:30:00"
	p, err = w.planner.Change(ctx, "phat", p)
	must(t, err)
	w.setUp()
	if again, err := w.planner.Programme(ctx, "chao-mung"); err != nil || again.Revision != p.Revision || again.Start != p.Start {
		t.Errorf("it is %+v: %v", again, err)
	}
	must(t, w.planner.Remove(ctx, "phat", "chao-mung", p.Revision))
	w.setUp()
	if _, err := w.planner.Programme(ctx, "chao-mung"); !errors.Is(err, planner.ErrNotFound) {
		t.Errorf("it is back: %v", err)
	}
}

// A key that a person proposed is in force once it is confirmed, and what an
// administrator changes is signed without anybody asking.
func TestKeySetsFollowTheRegistry(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	w := whole(t)
	listed := func(person string, key protocol.Key) bool {
		return slices.ContainsFunc(w.newestKeySet().Persons, func(p protocol.Person) bool {
			return p.ID == person && slices.ContainsFunc(p.Keys, func(k protocol.Key) bool { return k.ID == key.ID })
		})
	}
	key := publicKey("lan's browser")
	_, err := w.registry.ProposeKey(ctx, "lan", key.ID, registry.Ed25519, key.Public)
	must(t, err)
	must(t, w.Confirm(ctx, "lan"))
	if listed("lan", key) {
		t.Error("a key is in force that nobody confirmed")
	}
	_, err = w.registry.ConfirmKey(ctx, demo.Service, "lan", key.ID)
	must(t, err)
	must(t, w.Confirm(ctx, "lan"))
	if !listed("lan", key) {
		t.Error("the confirmed key is not in force")
	}
	before := len(w.sealed(protocol.KindKeySet))
	must(t, w.Confirm(ctx, "lan"))
	if after := len(w.sealed(protocol.KindKeySet)); after != before {
		t.Errorf("%d key sets for nothing", after-before)
	}

	ended := make(chan error, 1)
	for len(w.said) > 0 {
		<-w.said
	}
	must(t, w.registry.GrantRole(ctx, "quan", registry.Role{Person: "lan", Name: registry.Officer, Area: "03433"}))
	go func() { ended <- w.Run(ctx) }()
	if step := <-w.said; step != "a key set, signed by two administrators" {
		t.Errorf("it says %q", step)
	}
	if due, err := w.orders.KeySetDue(ctx); err != nil || due {
		t.Errorf("the key set is due: %v, %v", due, err)
	}
	stop()
	must(t, <-ended)
}

func TestTheLinkWorksOnce(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	w := start(t, dir, nil)
	must(t, w.SetUp(ctx))
	must(t, w.Invite(ctx, linked))
	text := strings.TrimPrefix(w.read("link"), linked(""))
	// The server moved: the same invitation by another address.
	must(t, w.Invite(ctx, func(invitation string) string { return "http://127.0.0.1:2/welcome#" + invitation }))
	if got := w.read("link"); got != "http://127.0.0.1:2/welcome#"+text {
		t.Errorf("the link is %s", got)
	}
	// One that was written by half, or is nobody's, is made anew; so is one that
	// was lost.
	for _, kept := range []string{"", "http://127.0.0.1:1/welcome#inv_", "x"} {
		must(t, os.WriteFile(filepath.Join(w.folder(), "link"), []byte(kept), 0o600))
		must(t, w.Invite(ctx, linked))
		again := strings.TrimPrefix(w.read("link"), linked(""))
		if _, err := w.registry.Invitation(ctx, again); err != nil || again == text {
			t.Errorf("after %q: %v", kept, err)
		}
		text = again
	}
	persons, _, err := w.registry.Accept(ctx, text, "mật khẩu của bản dùng thử", nil)
	if err != nil || len(persons) != 4 {
		t.Fatalf("let %q in: %v", persons, err)
	}
	must(t, w.Invite(ctx, linked))
	for range 2 {
		if _, err := os.Stat(filepath.Join(w.folder(), "link")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the link is there still, or again: %v", err)
		}
		w.close()
		w = start(t, dir, nil)
		must(t, w.SetUp(ctx))
		must(t, w.Invite(ctx, linked))
	}
}

// What a person could have broken is named, or mended.
func TestADamagedFolder(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	w := start(t, dir, nil)
	must(t, w.SetUp(ctx))

	tokens, err := w.registry.Tokens(ctx, demo.Service)
	must(t, err)
	must(t, w.registry.RevokeToken(ctx, "quan", tokens[0].ID))
	must(t, w.SetUp(ctx))
	if p, err := w.registry.PersonByToken(ctx, w.read("administrator.token")); err != nil || p.ID != demo.Service {
		t.Errorf("the token is that of %q: %v", p.ID, err)
	}

	must(t, os.WriteFile(filepath.Join(w.folder(), "administrator-b.key"), []byte("hello"), 0o600))
	must(t, w.registry.GrantRole(ctx, "quan", registry.Role{Person: "phat", Name: registry.Officer, Area: "03388"}))
	if err := w.SetUp(ctx); err == nil || !strings.Contains(err.Error(), "administrator-b.key: it holds no private key in PEM") {
		t.Errorf("a damaged key: %v", err)
	}
	// Another key than the root's signs nothing.
	must(t, os.Remove(filepath.Join(w.folder(), "administrator-b.key")))
	if err := w.SetUp(ctx); protocol.ReasonOf(err) != protocol.ReasonUnknownKey {
		t.Errorf("a lost key: %v", err)
	}
}

// The seeds as they are shown are set up without a fault.
func TestTheSeedsAreSetUp(t *testing.T) {
	w := start(t, t.TempDir(), nil)
	w.Province = nil
	must(t, w.SetUp(t.Context()))
	must(t, w.Invite(t.Context(), linked))
	clusters, err := w.registry.Clusters(t.Context())
	must(t, err)
	board := w.read("board")
	if len(clusters) < 190 || !slices.ContainsFunc(clusters, func(c registry.Cluster) bool { return c.ID == board }) {
		t.Errorf("%d clusters, the real board for %q", len(clusters), board)
	}
	d, err := w.orders.KeySet(t.Context(), "test")
	must(t, err)
	for _, n := range d.Notes {
		if !strings.Contains(n, "has no key in use") && !strings.Contains(n, "nobody can raise a live alert") {
			t.Errorf("note: %s", n)
		}
	}
}
