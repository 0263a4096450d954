package storage_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loa/central/registry"
)

// anybody may give a role.
func anybody([]registry.Role) bool { return true }

// promoted is a commune's officer whom others have let in before she is given a
// role in the province; it tells which of their tokens and invitations open then.
func promoted(t *testing.T, path string, between func()) (tokens, invitations []string, told []string) {
	t.Helper()
	ctx := t.Context()
	db := open(t, path)
	reg := registry.New(db.Registry())
	must(t, reg.PutAreas(ctx, "test",
		registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
		registry.Area{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"},
		registry.Area{Code: "15", Kind: registry.Province, NameVi: "Lào Cai"}))
	people := map[string]registry.Role{
		"lan": {Name: registry.Officer, Area: "03433"}, "hai": {Name: registry.Officer, Area: "03433"},
		"kim": {Name: registry.Administrator, Area: "03433"},
		"chi": {Name: registry.Administrator, Area: "12"}, "dao": {Name: registry.Administrator, Area: "15"},
		"binh": {Name: registry.Officer, Area: "12"},
	}
	for id, role := range people {
		must(t, reg.AddPerson(ctx, "test", registry.Person{ID: id, Name: id}))
		role.Person = id
		must(t, reg.GrantRole(ctx, "test", role))
	}
	texts := map[string]string{}
	for _, by := range []string{"kim", "chi", "dao", "binh", "command-line", "lan"} {
		text, _, err := reg.NewToken(ctx, by, "lan", "of "+by, time.Hour)
		must(t, err)
		texts["token of "+by] = text
		// An invitation for her alone ends the one before: these are for two.
		if text, _, err = reg.Invite(ctx, by, []string{"lan", "hai"}, time.Hour); err != nil {
			t.Fatal(err)
		}
		texts["invitation of "+by] = text
		must(t, reg.AddPerson(ctx, "test", registry.Person{ID: "with-" + by, Name: by}))
		if text, _, err = reg.Invite(ctx, by, []string{"lan", "with-" + by}, time.Hour); err != nil {
			t.Fatal(err)
		}
		texts["second invitation of "+by] = text
	}
	others, _, err := reg.NewToken(ctx, "kim", "hai", "of kim", time.Hour)
	must(t, err)
	if between != nil {
		must(t, db.Close())
		between()
		db = open(t, path)
		reg = registry.New(db.Registry())
	}

	before, err := db.Audit(ctx, 0, 1000)
	must(t, err)
	must(t, reg.GrantRole(ctx, "chi", registry.Role{Person: "lan", Name: registry.Broadcaster, Area: "12"}))
	rows, err := db.Audit(ctx, int64(len(before)), 1000)
	must(t, err)
	for _, r := range rows {
		told = append(told, r.Person+" "+r.Action)
		if r.Action != "role.grant" && (!strings.Contains(r.Detail, `"madeBy":`) || !strings.Contains(r.Detail, `"broadcaster"`)) {
			t.Errorf("audit row %+v", r)
		}
	}
	for what, text := range texts {
		if strings.HasPrefix(what, "token of ") {
			if _, err := reg.PersonByToken(ctx, text); err == nil {
				tokens = append(tokens, strings.TrimPrefix(what, "token of "))
			}
		} else if _, err := reg.Invitation(ctx, text); err == nil {
			invitations = append(invitations, what)
		}
	}
	slices.Sort(tokens)
	slices.Sort(invitations)
	if _, err := reg.PersonByToken(ctx, others); err != nil {
		t.Errorf("somebody else's token: %v", err)
	}
	// The same again ends nothing more.
	_, _, err = reg.NewToken(ctx, "kim", "lan", "again", time.Hour)
	must(t, err)
	before, err = db.Audit(ctx, 0, 1000)
	must(t, err)
	must(t, reg.GrantRole(ctx, "chi", registry.Role{Person: "lan", Name: registry.Broadcaster, Area: "12"}))
	if rows, err = db.Audit(ctx, int64(len(before)), 1000); err != nil || len(rows) != 0 {
		t.Errorf("again: %v, %v", rows, err)
	}
	must(t, db.Check(ctx))
	return tokens, invitations, told
}

// What somebody made who may not give the new role does not open it; what her own
// hand, the server's owner or the province's administrator made goes on.
func TestAPromotionEndsOthersWaysIn(t *testing.T) {
	older := func(path string) func() {
		return func() { // as the schema before it was kept who made them
			raw(t, path, `ALTER TABLE tokens DROP COLUMN made_by`, `ALTER TABLE invitations DROP COLUMN made_by`,
				`DELETE FROM goose_db_version WHERE version_id >= 10`)
		}
	}
	for name, between := range map[string]func(path string) func(){"at once": nil, "made under an older schema": older} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "loa.db")
			var f func()
			if between != nil {
				f = between(path)
			}
			tokens, invitations, told := promoted(t, path, f)
			same(t, tokens, []string{"chi", "command-line", "lan"}, nil)
			same(t, invitations, []string{
				"invitation of lan", "second invitation of chi", "second invitation of command-line", "second invitation of lan",
			}, nil)
			want := []string{"chi role.grant"}
			for range 3 {
				want = append(want, "chi token.revoke")
			}
			for range 3 {
				want = append(want, "chi invitation.end")
			}
			same(t, told, want, nil)
		})
	}
}

func TestARoleThatTheMakerMayGiveEndsNothing(t *testing.T) {
	ctx := t.Context()
	reg := registry.New(fresh(t).Registry())
	must(t, reg.PutAreas(ctx, "test", registry.Area{Code: "12", Kind: registry.Province, NameVi: "Lai Châu"},
		registry.Area{Code: "03433", Parent: "12", Kind: registry.Commune, NameVi: "Mường Tè"}))
	for _, id := range []string{"kim", "lan"} {
		must(t, reg.AddPerson(ctx, "test", registry.Person{ID: id, Name: id}))
	}
	must(t, reg.GrantRole(ctx, "test", registry.Role{Person: "kim", Name: registry.Administrator, Area: "03433"}))
	token, _, err := reg.NewToken(ctx, "kim", "lan", "phone", time.Hour)
	must(t, err)
	invitation, _, err := reg.Invite(ctx, "kim", []string{"lan"}, time.Hour)
	must(t, err)
	for _, role := range []registry.RoleName{registry.Officer, registry.Administrator} {
		must(t, reg.GrantRole(ctx, "kim", registry.Role{Person: "lan", Name: role, Area: "03433"}))
	}
	_, err = reg.PersonByToken(ctx, token)
	must(t, err)
	_, err = reg.Invitation(ctx, invitation)
	must(t, err)
	is(t, reg.GrantRole(ctx, "kim", registry.Role{Person: "lan", Name: registry.Officer, Area: "99"}), registry.ErrNotFound)
	is(t, reg.GrantRole(ctx, "kim", registry.Role{Person: "nobody", Name: registry.Officer, Area: "03433"}), registry.ErrNotFound)
}
