package storage_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loa/central/registry"
	"loa/central/storage"
)

func TestSignInStore(t *testing.T) {
	signInContract(t, func(t *testing.T) registry.Store { return fresh(t).Registry() })
}

func proposed(person string, seed uint64, after time.Duration) registry.Proposal {
	p := publicKey(seed)
	return registry.Proposal{ID: registry.KeyID(registry.Ed25519, p), Person: person, Scheme: registry.Ed25519, Public: p, At: at.Add(after)}
}

func invited(id string, persons ...string) registry.Invitation {
	return registry.Invitation{ID: id, Persons: persons, SHA256: [32]byte{1, 2, 31: 9}, CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
}

// signInContract is what every store of the registry does for who signs in.
func signInContract(t *testing.T, open func(t *testing.T) registry.Store) {
	an, binh := registry.Person{ID: "an", Name: "Lò Văn An"}, registry.Person{ID: "binh", Name: "Bình"}
	seeded := func(t *testing.T) registry.Store {
		s := open(t)
		must(t, s.PutAreas(t.Context(), "test", lai))
		must(t, s.AddPerson(t.Context(), "test", an))
		must(t, s.AddPerson(t.Context(), "test", binh))
		return s
	}
	t.Run("passwords", func(t *testing.T) {
		s, ctx := seeded(t), t.Context()
		_, err := s.Password(ctx, "an")
		is(t, err, registry.ErrNotFound)
		p := registry.Password{Person: "an", Hash: "$argon2id$one", SetAt: at}
		must(t, s.SetPassword(ctx, "test", p))
		p.Hash, p.SetAt = "$argon2id$two", at.Add(time.Minute)
		must(t, s.SetPassword(ctx, "test", p))
		got, err := s.Password(ctx, "an")
		same(t, got, p, err)
		all, err := s.WithPassword(ctx)
		same(t, all, []registry.Person{an}, err)
		is(t, s.SetPassword(ctx, "test", registry.Password{Person: "nobody", Hash: "x", SetAt: at}), registry.ErrNotFound)
	})
	t.Run("proposals are no keys until they are confirmed", func(t *testing.T) {
		s, ctx := seeded(t), t.Context()
		second, first := proposed("an", 1, time.Minute), proposed("an", 2, 0)
		must(t, s.ProposeKey(ctx, "an", second, 2))
		must(t, s.ProposeKey(ctx, "an", first, 2))
		must(t, s.ProposeKey(ctx, "an", second, 2)) // again
		is(t, s.ProposeKey(ctx, "an", proposed("an", 3, 0), 2), registry.ErrTooMany)
		is(t, s.ProposeKey(ctx, "test", proposed("nobody", 4, 0), 2), registry.ErrNotFound)
		must(t, s.ProposeKey(ctx, "binh", proposed("binh", 1, time.Hour), 2)) // claims the same
		got, err := s.Proposals(ctx, "an")
		same(t, got, []registry.Proposal{first, second}, err)
		got, err = s.Proposals(ctx, "")
		same(t, len(got), 3, err)
		keys, err := s.Keys(ctx, "")
		same(t, keys, []registry.Key{}, err)

		_, err = s.ConfirmKey(ctx, "test", "binh", first.ID, at)
		is(t, err, registry.ErrNotFound)
		k, err := s.ConfirmKey(ctx, "test", "an", second.ID, at.Add(time.Hour))
		want := registry.Key{ID: second.ID, Person: "an", Scheme: registry.Ed25519, Public: second.Public, AddedAt: at.Add(time.Hour)}
		same(t, k, want, err)
		keys, err = s.Keys(ctx, "an")
		same(t, keys, []registry.Key{want}, err)
		got, err = s.Proposals(ctx, "")
		same(t, got, []registry.Proposal{first}, err) // and the other's claim is gone
		_, err = s.ConfirmKey(ctx, "test", "an", second.ID, at)
		is(t, err, registry.ErrNotFound)
		is(t, s.ProposeKey(ctx, "binh", proposed("binh", 1, 0), 2), registry.ErrExists)
		is(t, s.ProposeKey(ctx, "an", second, 2), registry.ErrExists)

		is(t, s.DropKey(ctx, "test", "binh", first.ID), registry.ErrNotFound)
		must(t, s.DropKey(ctx, "test", "an", first.ID))
		is(t, s.DropKey(ctx, "test", "an", first.ID), registry.ErrNotFound)
		// An administrator who adds a key confirms what was proposed of it.
		must(t, s.ProposeKey(ctx, "an", first, 2))
		must(t, s.AddKey(ctx, "test", registry.Key{ID: first.ID, Person: "an", Scheme: first.Scheme, Public: first.Public, AddedAt: at}))
		got, err = s.Proposals(ctx, "")
		same(t, got, []registry.Proposal{}, err)
	})
	t.Run("an invitation is used once", func(t *testing.T) {
		s, ctx := seeded(t), t.Context()
		v := invited("0123456789abcdef", "an", "binh")
		must(t, s.AddInvitation(ctx, "test", v))
		got, err := s.Invitation(ctx, v.ID)
		same(t, got, v, err)
		_, err = s.Invitation(ctx, "none")
		is(t, err, registry.ErrNotFound)
		is(t, s.AddInvitation(ctx, "test", invited("f", "an", "nobody")), registry.ErrNotFound)
		_, err = s.Invitation(ctx, "f")
		is(t, err, registry.ErrNotFound) // nothing of it was kept

		passwords := []registry.Password{{Person: "an", Hash: "$1", SetAt: at}, {Person: "binh", Hash: "$2", SetAt: at}}
		is(t, s.UseInvitation(ctx, "none", at, passwords, nil), registry.ErrNotFound)
		is(t, s.UseInvitation(ctx, v.ID, at.Add(time.Hour), passwords, nil), registry.ErrExpired)
		if err := s.UseInvitation(ctx, v.ID, at, passwords, &registry.Newcomer{Person: registry.Person{ID: "x", Name: "x"}, Province: "12"}); err == nil {
			t.Error("a person was added by an invitation for others")
		}
		is(t, s.UseInvitation(ctx, v.ID, at, append(passwords, registry.Password{Person: "nobody", Hash: "$3", SetAt: at}), nil), registry.ErrNotFound)
		all, err := s.WithPassword(ctx)
		same(t, all, []registry.Person{}, err) // what was refused left nothing

		var got1 int
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				err := s.UseInvitation(context.WithoutCancel(ctx), v.ID, at.Add(time.Minute), passwords, nil)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got1++
				} else if !errors.Is(err, registry.ErrUsed) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got1 != 1 {
			t.Errorf("used %d times", got1)
		}
		v.UsedAt = at.Add(time.Minute)
		got, err = s.Invitation(ctx, v.ID)
		same(t, got, v, err)
		all, err = s.WithPassword(ctx)
		same(t, all, []registry.Person{an, binh}, err)
	})
	t.Run("a new invitation ends earlier ones for the same persons", func(t *testing.T) {
		s, ctx := seeded(t), t.Context()
		first := invited("05")
		first.Persons, first.First = []string{}, true
		for _, v := range []registry.Invitation{invited("02", "an", "binh"), invited("01", "an"), invited("03", "binh"), first} {
			must(t, s.AddInvitation(ctx, "test", v))
		}
		next := invited("04", "an")
		next.CreatedAt = at.Add(time.Minute)
		must(t, s.AddInvitation(ctx, "test", next))
		for id, ended := range map[string]bool{"01": true, "02": false, "03": false, "04": false, "05": false} {
			v, err := s.Invitation(ctx, id)
			must(t, err)
			if v.ExpiresAt.Equal(at.Add(time.Minute)) != ended {
				t.Errorf("%s until %v", id, v.ExpiresAt)
			}
		}
		first.ID, first.CreatedAt = "06", at.Add(2*time.Minute)
		must(t, s.AddInvitation(ctx, "test", first))
		if v, err := s.Invitation(ctx, "05"); err != nil || !v.ExpiresAt.Equal(at.Add(2*time.Minute)) {
			t.Errorf("%+v %v", v, err)
		}
		if v, err := s.Invitation(ctx, "04"); err != nil || !v.ExpiresAt.Equal(at.Add(time.Hour)) {
			t.Errorf("%+v %v", v, err)
		}
	})
	t.Run("the first administrator is added whole", func(t *testing.T) {
		s, ctx := open(t), t.Context()
		must(t, s.PutAreas(ctx, "test", lai))
		v := invited("01")
		v.Persons, v.First = []string{}, true
		must(t, s.AddInvitation(ctx, "test", v))
		set := []registry.Password{{Person: "an", Hash: "$1", SetAt: at}}
		if err := s.UseInvitation(ctx, v.ID, at, set, nil); err == nil {
			t.Error("used without a newcomer")
		}
		is(t, s.UseInvitation(ctx, v.ID, at, set, &registry.Newcomer{Person: an, Province: "99"}), registry.ErrNotFound)
		none, err := s.Persons(ctx)
		same(t, none, []registry.Person{}, err)
		must(t, s.UseInvitation(ctx, v.ID, at, set, &registry.Newcomer{Person: an, Province: "12"}))
		roles, err := s.Roles(ctx, "")
		same(t, roles, []registry.Role{{Person: "an", Name: registry.Administrator, Area: "12"}}, err)
		all, err := s.WithPassword(ctx)
		same(t, all, []registry.Person{an}, err)

		// Whoever came meanwhile was first.
		again := v
		again.ID, again.UsedAt = "02", time.Time{}
		must(t, s.AddInvitation(ctx, "test", again))
		is(t, s.UseInvitation(ctx, again.ID, at, []registry.Password{{Person: "binh", Hash: "$1", SetAt: at}}, &registry.Newcomer{Person: binh, Province: "12"}), registry.ErrUsed)
	})
}

func TestSignInLeavesNoSecretInTheAuditChain(t *testing.T) {
	db := fresh(t)
	reg, ctx := registry.New(db.Registry()), t.Context()
	must(t, reg.AddPerson(ctx, "test", registry.Person{ID: "lo-van-an", Name: "An"}))
	text, v, err := reg.Invite(ctx, "test", []string{"lo-van-an"}, time.Hour)
	must(t, err)
	_, _, err = reg.Accept(ctx, text, "trời xanh ngắt 12", nil)
	must(t, err)
	kept, err := db.Registry().Password(ctx, "lo-van-an")
	must(t, err)
	if !strings.HasPrefix(kept.Hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", kept.Hash)
	}
	rows, err := db.Audit(ctx, 0, 100)
	same(t, len(rows), 4, err)
	for _, r := range rows {
		all := fmt.Sprintf("%v", r)
		for _, secret := range []string{text[len(text)-64:], fmt.Sprintf("%x", v.SHA256), fmt.Sprint(v.SHA256), kept.Hash[len(kept.Hash)-20:], "xanh"} {
			if strings.Contains(all, secret) {
				t.Errorf("row %d holds %q", r.Seq, secret)
			}
		}
	}
}

func TestPasswordPolicy(t *testing.T) {
	reg, ctx := registry.New(fresh(t).Registry()), t.Context()
	must(t, reg.AddPerson(ctx, "test", registry.Person{ID: "lo-van-an", Name: "Lò Văn An"}))
	text, _, err := reg.Invite(ctx, "test", []string{"lo-van-an"}, time.Hour)
	must(t, err)
	for name, bad := range map[string]string{
		"empty": "", "9 characters": "ắằẳẵặấầẩẫ", "one character": strings.Repeat("a", 40), "four characters": strings.Repeat("abcd", 5),
		"the id": "lo-van-an 2026 x", "the id, in capitals": "toi la LO-VAN-AN!", "common": "1234567890", "common, longer": "matkhau1234",
		"common, twice": "passwordpassword", "with a line": "trời xanh\nngắt", "with a bell": "trời xanh\angắt", "not UTF-8": "trời xanh \xff\xfe ngắt",
		"513 bytes": "abcdefg" + strings.Repeat("h", 506), "only spaces": strings.Repeat(" ", 20),
	} {
		_, _, err := reg.Accept(ctx, text, bad, nil)
		if got := fields(t, err); got != "password" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err = reg.Accept(ctx, text, "ắằẳẵặấầẩẫệ", nil) // ten letters, whatever they take in bytes
	must(t, err)
}

// TestHashingIsBounded: a flood waits in a line that has an end.
func TestHashingIsBounded(t *testing.T) {
	reg := registry.New(fresh(t).Registry())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	const flood = 200
	ended := make(chan error, flood)
	for range flood {
		go func() {
			_, _, err := reg.SignIn(ctx, "nobody", "trời xanh ngắt 12")
			ended <- err
		}()
	}
	busy, done := 0, 0
	for range flood {
		switch err := <-ended; {
		case errors.Is(err, registry.ErrBusy):
			if busy++; busy == 100 {
				stop() // those in the line leave it
			}
		case errors.Is(err, registry.ErrPassword):
			done++
		case !errors.Is(err, context.Canceled):
			t.Fatal(err)
		}
	}
	if busy < 100 {
		t.Errorf("%d were turned away, %d were worked on", busy, done)
	}
	// And it goes on.
	if _, _, err := reg.SignIn(t.Context(), "nobody", "x"); !errors.Is(err, registry.ErrPassword) {
		t.Error(err)
	}
}

// TestHashesAreReadWithCare: what stands in the database takes no memory without
// end, and lets nobody in.
func TestHashesAreReadWithCare(t *testing.T) {
	store := fresh(t).Registry()
	reg, ctx := registry.New(store), t.Context()
	must(t, reg.AddPerson(ctx, "test", registry.Person{ID: "lo-van-an", Name: "An"}))
	const salt, sum = "c2FsdHNhbHRzYWx0", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, hash := range map[string]string{
		"plain": "secret", "another kind": "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + sum, "another version": "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + sum,
		"4 GB": "$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + sum, "no memory": "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + sum,
		"no threads": "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + sum, "many passes": "$argon2id$v=19$m=64,t=100000,p=1$" + salt + "$" + sum,
		"no salt": "$argon2id$v=19$m=64,t=1,p=1$$" + sum, "no sum": "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
	} {
		must(t, store.SetPassword(ctx, "test", registry.Password{Person: "lo-van-an", Hash: hash, SetAt: at}))
		_, _, err := reg.SignIn(ctx, "lo-van-an", "secret")
		if err == nil || errors.Is(err, registry.ErrPassword) || strings.Contains(err.Error(), sum) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Of another cost, as an older program wrote it, it is read.
	must(t, store.SetPassword(ctx, "test", registry.Password{Person: "lo-van-an", Hash: "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum, SetAt: at}))
	_, _, err := reg.SignIn(ctx, "lo-van-an", "secret")
	is(t, err, registry.ErrPassword)
}

func TestSessions(t *testing.T) {
	const idle = 7 * 24 * time.Hour
	const day = 24 * time.Hour
	there := func(t *testing.T, s storage.SessionStore, token, want string) {
		t.Helper()
		data, found, err := s.FindCtx(t.Context(), token)
		if err != nil || found != (want != "") || string(data) != want {
			t.Errorf("%s is %q, %v, %v, want %q", token, data, found, err, want)
		}
	}
	inBubble := func(name string, test func(t *testing.T, s storage.SessionStore, path string)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "loa.db")
				db := open(t, path)
				defer db.Close() // its goroutines end with the bubble
				test(t, db.Sessions(idle), path)
			})
		})
	}
	inBubble("are kept, replaced and ended", func(t *testing.T, s storage.SessionStore, _ string) {
		there(t, s, "a", "")
		must(t, s.Commit("a", []byte("one"), time.Now().Add(day)))
		must(t, s.CommitCtx(t.Context(), "a", []byte("two"), time.Now().Add(2*day)))
		must(t, s.CommitCtx(t.Context(), "b", []byte("other"), time.Now().Add(day)))
		there(t, s, "a", "two")
		if data, found, err := s.Find("b"); err != nil || !found || string(data) != "other" {
			t.Errorf("%q %v %v", data, found, err)
		}
		must(t, s.DeleteCtx(t.Context(), "a"))
		must(t, s.Delete("a")) // again
		there(t, s, "a", "")
		there(t, s, "b", "other")
		there(t, s, "", "")
		there(t, s, "B", "")
	})
	inBubble("end on time, used or not", func(t *testing.T, s storage.SessionStore, _ string) {
		must(t, s.Commit("a", []byte("x"), time.Now().Add(30*day)))
		for range 30*24/12 - 1 {
			time.Sleep(12 * time.Hour)
			there(t, s, "a", "x")
		}
		time.Sleep(12*time.Hour - time.Millisecond)
		there(t, s, "a", "x")
		time.Sleep(time.Millisecond)
		there(t, s, "a", "")
	})
	inBubble("end when nobody uses them", func(t *testing.T, s storage.SessionStore, _ string) {
		must(t, s.Commit("a", []byte("x"), time.Now().Add(30*day)))
		time.Sleep(6 * day)
		there(t, s, "a", "x")
		time.Sleep(idle - time.Millisecond)
		there(t, s, "a", "x")
		time.Sleep(idle)
		there(t, s, "a", "")
	})
	inBubble("do not come back because they are used", func(t *testing.T, s storage.SessionStore, _ string) {
		must(t, s.Commit("a", []byte("x"), time.Now().Add(30*day)))
		time.Sleep(day)
		must(t, s.Delete("a"))
		there(t, s, "a", "")
		there(t, s, "a", "")
	})
	inBubble("leave nothing behind", func(t *testing.T, s storage.SessionStore, path string) {
		for i := range 5 {
			must(t, s.Commit(fmt.Sprint(i), []byte("x"), time.Now().Add(day)))
		}
		must(t, s.Commit("long", []byte("x"), time.Now().Add(30*day)))
		time.Sleep(2 * day)
		must(t, s.Commit("new", []byte("x"), time.Now().Add(day)))
		if n := counted(t, path, `SELECT count(*) FROM sessions`); n != 2 {
			t.Errorf("%d sessions", n)
		}
		time.Sleep(idle)
		must(t, s.Commit("newer", []byte("x"), time.Now().Add(day)))
		if n := counted(t, path, `SELECT count(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
	inBubble("are noted as used once an hour, not with every request", func(t *testing.T, s storage.SessionStore, path string) {
		must(t, s.Commit("a", []byte("x"), time.Now().Add(30*day)))
		began := time.Now()
		time.Sleep(50 * time.Minute)
		there(t, s, "a", "x")
		if n := counted(t, path, `SELECT seen_at FROM sessions`); n != began.UnixMilli() {
			t.Errorf("noted after 50 minutes: %d", n)
		}
		time.Sleep(20 * time.Minute)
		there(t, s, "a", "x")
		if n := counted(t, path, `SELECT seen_at FROM sessions`); n != time.Now().UnixMilli() {
			t.Errorf("not noted after 70 minutes: %d", n)
		}
	})
}
