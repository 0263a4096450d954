package storage_test

import (
	"fmt"
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
func promoted(t *testing.T) (tokens, invitations []string, told []string) {
	t.Helper()
	ctx := t.Context()
	db := fresh(t)
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
	tokens, invitations, told := promoted(t)
	same(t, tokens, []string{"chi", "command-line", "lan"}, nil)
	same(t, invitations, []string{
		"invitation of lan", "second invitation of chi", "second invitation of command-line", "second invitation of lan",
	}, nil)
	want := slices.Concat([]string{"chi role.grant"}, slices.Repeat([]string{"chi token.revoke"}, 3), slices.Repeat([]string{"chi invitation.end"}, 3))
	same(t, told, want, nil)
}

// Who made what an older program kept is in the audit chain.
func TestAPromotionOfSomebodyFromAnOlderSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loa.db")
	older(t, path, 9)
	audited := func(seq int, by, action, subject string) string {
		return fmt.Sprintf(`INSERT INTO audit VALUES (%d, 0, '%s', '%s', '%s', '{}', x'', x'')`, seq, by, action, subject)
	}
	raw(t, path,
		`INSERT INTO areas VALUES ('12', NULL, 'province', 'x', '', '', ''), ('03433', '12', 'commune', 'x', '', '', '')`,
		`INSERT INTO persons VALUES ('lan', 'x'), ('kim', 'x')`,
		`INSERT INTO roles VALUES ('kim', 'administrator', '03433'), ('lan', 'officer', '03433')`,
		`INSERT INTO tokens SELECT value, 'lan', 'x', x'', 0, 9e15, NULL FROM json_each('["by-kim", "by-owner", "by-nobody-knows-whom"]')`,
		`INSERT INTO invitations SELECT value, x'', 0, 0, 9e15, NULL FROM json_each('["inv-by-kim", "inv-by-owner"]')`,
		`INSERT INTO invitation_persons SELECT id, 'lan' FROM invitations`,
		audited(1, "kim", "token.add", "by-kim"), audited(2, "command-line", "token.add", "by-owner"), audited(3, "kim", "token.revoke", "by-owner"),
		audited(4, "kim", "invitation.add", "inv-by-kim"), audited(5, "command-line", "invitation.add", "inv-by-owner"))
	reg := registry.New(open(t, path).Registry())
	must(t, reg.GrantRole(t.Context(), "chi", registry.Role{Person: "lan", Name: registry.Officer, Area: "12"}))
	for query, want := range map[string]int64{
		`SELECT count(*) FROM tokens WHERE id = 'by-owner' AND revoked_at IS NULL`:                              1,
		`SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL`:                                              2,
		`SELECT count(*) FROM invitations WHERE id = 'inv-by-owner' AND expires_at = 9e15`:                      1,
		`SELECT count(*) FROM invitations WHERE id = 'inv-by-kim' AND expires_at < 9e15`:                        1,
		`SELECT count(*) FROM audit WHERE action IN ('token.revoke', 'invitation.end') AND detail LIKE '%kim%'`: 2,
	} {
		if n := counted(t, path, query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
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
